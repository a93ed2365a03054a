"""The controls of the Sweeps page, and its studies, of which the last ones are remembered."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz import export, studies
from gdviz.catalogue import Knob
from gdviz.charts import Figure
from gdviz.descent import Descent
from gdviz.experiment import MOST_STEPS, Experiment, to_link
from gdviz.landscapes.data import DataLandscape
from gdviz.studies import Basins, Map, Sensitivity, Window
from gdviz.ui import widgets

MODES = {
    "basins": "Basins of attraction",
    "window": "Learning-rate window",
    "map": "Hyperparameter map",
    "sensitivity": "Sensitivity",
}
SIDES = (32, 64, 96, 128, 192, 256, 512)
MAP_SIDE = 41


def choice(box: DeltaGenerator, label: str, field: str, options: Mapping[str, str], default: str) -> str:
    """A select box whose first value is the address bar's; what that does not know falls back, with a note."""
    asked = st.query_params.get(field, default)
    if asked not in options:
        st.session_state.setdefault("sweep_notes", {})[field] = (
            f"{field} must be one of {', '.join(options)}; got {asked[:40]!r}. The default is used."
        )
        asked = default
    names = list(options)
    key = f"sweep.{field}.{','.join(names)}"
    first = widgets.first_value(key, asked)
    return str(box.selectbox(label, names, names.index(first), format_func=lambda name: options[name], key=key))


def with_steps(box: DeltaGenerator, experiment: Experiment) -> Experiment:
    """The experiment with as many steps as a slider says; it is kept for the other pages too."""
    first = widgets.first_value("sweep.steps", experiment.steps)
    positions = widgets.whole_positions(10, MOST_STEPS, first)
    steps = int(box.select_slider("Steps", positions, first, key="sweep.steps"))
    if steps != experiment.steps:
        experiment = replace(experiment, steps=steps)
        st.session_state["experiment"] = experiment
    return experiment


def notes() -> list[str]:
    """What could not be read of the link that the session began with."""
    found: dict[str, str] = st.session_state.get("sweep_notes", {})
    return list(found.values())


def keep(experiment: Experiment, fields: Mapping[str, str]) -> None:
    """Write the experiment and what is asked about it into the address bar."""
    link: dict[str, str | list[str]] = {**to_link(experiment), **{name: [value] for name, value in fields.items()}}
    if {name: st.query_params.get_all(name) for name in st.query_params} != link:
        st.query_params.from_dict(link)


def number_knobs(descent: Descent) -> dict[str, str]:
    """The hyperparameters that a map can have on its axes."""
    return {knob.name: f"{knob.name}: {knob.help}" for knob in descent.optimizer.knobs() if knob.type in (int, float)}


def axis(knob: Knob) -> Any:
    """Values of a hyperparameter over its slider's range: equal factors apart where it spreads over decades.

    For memories that approach 1, what is left to 1 is what spreads.
    """
    low, high = widgets.slider_ends(knob) or (0.0, 1.0)
    if knob.name == "learning_rate":
        low, high = 1e-4, 10.0
    if knob.type is int:
        return np.unique(np.round(np.linspace(low, min(high, low + MAP_SIDE - 1), MAP_SIDE)).astype(np.int64))
    return np.geomspace(low, high, MAP_SIDE) if knob.log and low > 0 else np.linspace(low, high, MAP_SIDE)


def sensitive(descent: Descent) -> dict[str, str]:
    """What this run can be sensitive to."""
    known = {"start": "start", "noise": "gradient noise"}
    if descent.landscape.name == "quadratic":
        known["condition number"] = "condition number"
    if isinstance(descent.landscape, DataLandscape):
        known["batch size"] = "batch size"
    if descent.noise or descent.batch_size is not None:
        known["seed"] = "seed"
    return known


def tried(descent: Descent, what: str) -> Any:
    """The values that are tried of what a run can be sensitive to."""
    width = max(high - low for low, high in descent.landscape.domain)
    if what == "batch size" and isinstance(descent.landscape, DataLandscape):
        return np.unique(np.geomspace(1, descent.landscape.examples, 8).astype(np.int64))
    values = {
        "start": np.linspace(0, width / 2, 21),
        "noise": np.concatenate([[0.0], np.geomspace(0.01, 100, 20)]),
        "condition number": np.geomspace(1, 1000, 25),
        "seed": descent.seed + np.arange(32),
    }
    return values[what]


def basins(descent: Descent, side: int) -> Iterator[Basins]:
    """The basins, coarse to fine; at once where they have been computed."""
    kept: dict[tuple[Descent, int], Basins] = st.session_state.setdefault("basins", {})
    if (descent, side) in kept:
        yield kept[descent, side]
        return
    for found in studies.basins(descent, side):
        yield found
    kept[descent, side] = found
    while len(kept) > 16:
        kept.pop(next(iter(kept)))


@lru_cache(maxsize=64)
def window(descent: Descent, low: int, high: int) -> Window:
    """The window between two powers of ten, at twelve learning rates a decade."""
    return studies.window(descent, np.geomspace(10.0**low, 10.0**high, 12 * (high - low) + 1))


@lru_cache(maxsize=32)
def hyperparameter_map(descent: Descent, column: str, row: str) -> Map:
    """The map over two hyperparameters."""
    knobs = {knob.name: knob for knob in descent.optimizer.knobs()}
    return studies.hyperparameter_map(descent, {column: axis(knobs[column]), row: axis(knobs[row])})


@lru_cache(maxsize=64)
def sensitivity(descent: Descent, what: str) -> Sensitivity:
    """The sensitivity to one thing."""
    return studies.sensitivity(descent, what, tried(descent, what), 8 if what == "batch size" else 32)


def downloads(name: str, columns: Mapping[str, Any], figures: Mapping[str, Figure]) -> None:
    """Buttons for the numbers as CSV and the pictures as PNG and SVG."""
    st.download_button(
        "Download CSV", lambda: export.table_csv(columns), f"gdviz-{name}.csv", "text/csv", on_click="ignore"
    )
    for label, figure in figures.items():
        for kind, mime, make in (("PNG", "image/png", export.to_png), ("SVG", "image/svg+xml", export.to_svg)):
            st.download_button(
                f"Download {kind}, {label}",
                lambda make=make, figure=figure: make(figure),  # type: ignore[misc]
                f"gdviz-{name}-{label}.{kind.lower()}".replace(" ", "-").lower(),
                mime,
                key=f"download.{name}.{label}.{kind}",
                on_click="ignore",
            )


def code(experiment: Experiment, lines: str) -> str:
    """Python that repeats a study of the experiment's runs."""
    made = export.python_code(experiment).split("\n")
    head = [line for line in made if not line.startswith("gdviz.charts")]
    return "\n".join([*head, "", "from gdviz import studies", "", lines])
