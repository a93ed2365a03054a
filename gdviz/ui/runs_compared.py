"""Chosen runs beside one another on the Runs page: their curves, and the fields in which they differ."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from gdviz.charts.palette import MOST_RUNS
from gdviz.runs import Run, Runs
from gdviz.training.events import Epoch
from gdviz.training.history import History
from gdviz.training.titles import layers_in_words
from gdviz.ui import widgets
from gdviz.ui.runs import labels, version
from gdviz.ui.runs_list import best_scores
from gdviz.ui.text import plain

Across = Literal["epoch", "step", "seconds"]
_PLACES: dict[Across, Callable[[Epoch], float]] = {
    "epoch": lambda epoch: epoch.epoch,
    "step": lambda epoch: epoch.step,
    "seconds": lambda epoch: epoch.seconds,
}


def history(runs: Runs, run: Run) -> History:
    """The history of a run by epoch; one that has ended is read once."""
    kept: dict[Any, History] = st.session_state.setdefault("runs_histories", {})
    key = run.id, run.epochs, run.status
    if key not in kept:
        if len(kept) >= 4 * MOST_RUNS:
            kept.clear()
        kept[key] = runs.history(run.id, batches=False)
    return kept[key]


def quantities(histories: Sequence[History]) -> list[str]:
    """The measurements by epoch of any of the runs: losses first."""
    names = {name for h in histories for epoch in h.epochs.values() for name in epoch.measured}
    return sorted(names, key=lambda name: ("loss" not in name, name.removeprefix("val_"), name))


def series(
    histories: Mapping[str, History], name: str, across: Across = "epoch"
) -> dict[str, tuple[list[float], list[Any]]]:
    """Places and values of a measurement of each run that has it."""
    place = _PLACES[across]
    rows = {
        label: [(place(epoch), epoch.measured[name]) for _, epoch in sorted(h.epochs.items()) if name in epoch.measured]
        for label, h in histories.items()
    }
    return {label: ([at for at, _ in pairs], [value for _, value in pairs]) for label, pairs in rows.items()}


def curve_controls() -> tuple[Across, float]:
    """The unit that the curves are drawn across, and their smoothing; at first, as the address bar says."""
    names: dict[Across, str] = {"epoch": "Epoch", "step": "Step", "seconds": "Time"}
    keys = {name: f"runs_{name}.{version()}" for name in ("across", "smoothing")}
    asked = st.query_params.get("across")
    first = widgets.first_value(keys["across"], asked if asked in names else "epoch")
    amount = re.fullmatch(r"0(\.[0-9]{1,4})?", st.query_params.get("smoothing", ""))
    smooth = widgets.first_value(keys["smoothing"], min(0.99, round(float(amount[0]), 2)) if amount else 0.0)
    with st.container(horizontal=True):
        across: Across = st.radio(
            "Across",
            list(names),
            list(names).index(first),
            format_func=names.__getitem__,
            horizontal=True,
            key=keys["across"],
        )
        smoothing = st.slider("Smoothing", 0.0, 0.99, smooth, 0.01, key=keys["smoothing"], width=240)
    for name, shown in (("across", str(across)), ("smoothing", f"{smoothing:g}")):
        if st.query_params.get(name) != shown:
            st.query_params[name] = shown
    return across, smoothing


def difference_table(runs: Runs, found: Sequence[Run]) -> str:
    """The fields in which configurations differ, and below them what came of it, as a Markdown table.

    Layers are one field, in which equal neighbours are counted; empty where there are no differences.

    Raises:
        ValueError: A configuration cannot be read.
    """
    differing = _folded(runs.differences([run.id for run in found]), found)
    if not differing:
        return ""
    scores = best_scores(runs, found)
    results: dict[str, list[Any]] = {
        "best validation score": [
            f"{score.value:.4g} ({score.name}, epoch {score.epoch})" if (score := scores[run.id]) else None
            for run in found
        ],
        "training loss": [run.losses.get("train") for run in found],
        "validation loss": [run.losses.get("validation") for run in found],
        "test loss": [run.losses.get("test") for run in found],
        "status": [f"{run.status}, {run.epochs} epochs" for run in found],
    }
    head = ["field", *(plain(label) for label in labels(found))]
    causes = [[plain(name), *(_value(value) for value in values)] for name, values in differing.items()]
    effects = [
        [f"**{name}**", *(_value(value) for value in values)]
        for name, values in results.items()
        if any(value is not None for value in values)
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *causes, *effects))


def _folded(differing: dict[str, list[Any]], found: Sequence[Run]) -> dict[str, list[Any]]:
    """Differences, with those that say the same only once: all layers in one, and of another entry its name."""
    if "optimizer.learning_rate" in differing:
        differing.pop("schedule.initial_learning_rate", None)  # the same number
    others = {field.removesuffix(".name") for field in differing if field.endswith(".name")}
    kept: dict[str, list[Any]] = {}
    for field, values in differing.items():
        if field.startswith("layers."):
            kept["layers"] = [layers_in_words(run.setup.layers) for run in found]
        elif field.rpartition(".")[0] not in others or field.endswith((".name", ".learning_rate")):
            kept[field] = values
    return kept


def _value(value: Any) -> str:
    return "–" if value is None else plain(f"{value:.6g}" if isinstance(value, float) else value, 80)
