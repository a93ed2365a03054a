"""The controls of the Sweeps page, and its studies, of which the last ones are remembered."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz import export
from gdviz.budget import Forecast, setting
from gdviz.catalogue import Knob
from gdviz.charts import Figure
from gdviz.descent import Descent
from gdviz.descent.experiment import MOST_STEPS, Experiment
from gdviz.landscapes import Point
from gdviz.landscapes.data import DataLandscape
from gdviz.live import why_served
from gdviz.sweeps import studies
from gdviz.sweeps.studies import Basins, Map, Sensitivity, Window
from gdviz.ui import widgets
from gdviz.ui.controls import EXPERIMENT, chosen_experiment, set_start
from gdviz.ui.live import show_live_basins

MODES = {
    "basins": "Basins of attraction",
    "window": "Learning-rate window",
    "map": "Hyperparameter map",
    "sensitivity": "Sensitivity",
}
SIDES = (32, 64, 96, 128, 192, 256, 512)
MAP_SIDE = 41
MOST_KEPT = 48
"""Studies that a session remembers."""
MOST_BYTES = 64 * 2**20
"""Memory that these may take."""
_PAUSE = 0.25
"""Seconds from one picture of something unfinished to the next."""

T = TypeVar("T")


def choice(
    box: DeltaGenerator,
    label: str,
    field: str,
    options: Mapping[str, str],
    default: str,
    width: int | Literal["stretch"] = "stretch",
) -> str:
    """A select box whose first value is the address bar's; what that does not know falls back, with a note."""
    asked = st.query_params.get(field, default)
    if asked not in options:
        st.session_state.setdefault("sweep_notes", {})[field] = (
            f"{field} must be one of {', '.join(options)}; got {asked[:40]!r}. The default is used."
        )
        asked = default
    names = list(options)
    key = EXPERIMENT.key(f"sweep.{field}.{','.join(names)}")
    first = widgets.first_value(key, asked)
    shown = options.__getitem__
    return str(box.selectbox(label, names, names.index(first), format_func=shown, key=key, width=width))


def with_steps(box: DeltaGenerator, experiment: Experiment) -> Experiment:
    """The experiment with as many steps as a slider says; it is kept for the other pages too."""
    key = EXPERIMENT.key("sweep.steps")
    first = widgets.first_value(key, experiment.steps)
    positions = widgets.whole_positions(10, MOST_STEPS, first)
    steps = int(box.select_slider("Steps", positions, first, key=key))
    if steps != experiment.steps:
        experiment = replace(experiment, steps=steps)
        EXPERIMENT.set(experiment)
    return experiment


def notes() -> list[str]:
    """Notes on the fields that could not be read of the link that the session began with."""
    found: dict[str, str] = st.session_state.get("sweep_notes", {})
    return list(found.values())


def keep(experiment: Experiment, fields: Mapping[str, str]) -> None:
    """Write the experiment and what is asked about it into the address bar."""
    EXPERIMENT.write(experiment, {name: [value] for name, value in fields.items()})


def number_knobs(descent: Descent) -> dict[str, str]:
    """The hyperparameters that a map can have on its axes."""
    return {knob.name: widgets.title(knob) for knob in descent.optimizer.knobs() if knob.type in (int, float)}


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
    """The quantities that this run can be sensitive to."""
    known = {"start": "Start", "noise": "Gradient noise"}
    if descent.landscape.name == "quadratic":
        known["condition number"] = "Condition number"
    if isinstance(descent.landscape, DataLandscape):
        known["batch size"] = "Batch size"
    if descent.noise or descent.batch_size is not None:
        known["seed"] = "Seed"
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


def live_basins(runs: Sequence[Descent]) -> bool:
    """A first answer from the visitor's browser, which follows the sliders; where there can be none, False, and why."""
    reasons = [why_served(run) for run in runs]
    if all(reasons):
        st.caption(" ".join(dict.fromkeys(f"On the server: {why}" for why in reasons)))
        return False
    show_live_basins(runs, "sweep.basins", _take_over)
    return True


def _take_over(chosen: dict[str, Any]) -> None:
    """Take over the values of the sliders; a click on a point opens the run from there on the Descent page."""
    before, after = EXPERIMENT.setup, chosen_experiment(chosen)
    if after.start == before.descents()[0].start:
        after = replace(after, start=before.start)  # None stands for the landscape's own
    else:
        st.session_state["open_descent"] = True
    if after != before:
        EXPERIMENT.show_again(after)


def open_from(start: Point) -> None:
    """Have the page open the runs from a start on the Descent page."""
    set_start(start)
    st.session_state["open_descent"] = True


def basins(descent: Descent, side: int) -> Iterator[Basins]:
    """The basins, coarse to fine; at once where they have been computed."""
    kept = _kept()
    if (descent, side) in kept:
        yield kept[descent, side]
        return
    forecast = Forecast()
    for found in studies.basins(descent, side):
        yield found
        _afford(forecast, found.done, "fewer starts or steps")
    _keep((descent, side), found)


def window(descent: Descent, low: int, high: int) -> Window:
    """The window between two powers of ten, at twelve learning rates a decade."""
    rates = np.geomspace(10.0**low, 10.0**high, 12 * (high - low) + 1)
    return _computed((descent, low, high), lambda progress: studies.window(descent, rates, progress=progress))


def hyperparameter_map(descent: Descent, column: str, row: str) -> Map:
    """The map over two hyperparameters."""
    knobs = {knob.name: knob for knob in descent.optimizer.knobs()}
    values = {column: axis(knobs[column]), row: axis(knobs[row])}
    return _computed(
        (descent, column, row), lambda progress: studies.hyperparameter_map(descent, values, progress=progress)
    )


def sensitivity(descent: Descent, what: str) -> Sensitivity:
    """The sensitivity to one thing."""
    runs = 8 if what == "batch size" else 32
    return _computed(
        (descent, what),
        lambda progress: studies.sensitivity(descent, what, tried(descent, what), runs, progress=progress),
    )


def stop_here_if_asked() -> None:
    """After a click on Stop: say so, and compute nothing until the next click or change."""
    if st.session_state.pop("sweep_stopped", False):
        st.info("Stopped. Nothing is lost of what was done before; change a control, or go on.")
        st.button("Go on")
        st.stop()


def stop_button(box: DeltaGenerator, key: str) -> None:
    """A button that ends what is being computed: Streamlit ends the script on any click."""
    box.button("Stop", key=f"stop.{key}", on_click=lambda: st.session_state.update(sweep_stopped=True))


def _kept() -> dict[Any, Any]:
    kept: dict[Any, Any] = st.session_state.setdefault("studies", {})
    return kept


def _keep(key: Any, found: Any) -> None:
    kept = _kept()
    kept[key] = found
    while len(kept) > 1 and (len(kept) > MOST_KEPT or sum(map(_bytes, kept.values())) > MOST_BYTES):
        kept.pop(next(iter(kept)))


def _bytes(found: Any) -> int:
    """The memory that the arrays of a study take."""
    return sum(value.nbytes for value in vars(found).values() if isinstance(value, np.ndarray))


def _afford(forecast: Forecast, done: float, smaller: str) -> None:
    """See that what goes on will end in time; otherwise say so, keep what is drawn, and end the page here."""
    expected, most = forecast.seconds(done), setting("GDVIZ_SWEEP_SECONDS", 300)
    if expected is not None and done < 1 and expected > most:
        st.error(
            f"All of it would take about {expected:,.3g} s, and a page may take {most:,g}: choose {smaller}. "
            f"{done:.0%} of it is done."
        )
        st.stop()


def _computed(key: Any, compute: Callable[[studies.Progress], T]) -> T:
    """The study if it is known; else it is computed now, with a bar and a Stop button where it takes long."""
    kept = _kept()
    if key not in kept:
        bar, stop = st.empty(), st.empty()
        shown, stoppable, forecast = time.monotonic(), False, Forecast()

        def progress(share: float) -> None:
            nonlocal shown, stoppable
            if time.monotonic() - shown > _PAUSE:
                shown = time.monotonic()
                _afford(forecast, share, "fewer steps")
                bar.progress(min(share, 1.0), f"{key[0].optimizer.label}: {share:.0%} of the runs")
                if not stoppable:
                    stoppable = True
                    stop_button(stop, f"study.{hash(key)}")

        found = compute(progress)
        bar.empty()
        stop.empty()
        _keep(key, found)
    made: T = kept[key]
    return made


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
    return "\n".join([*head, "", "from gdviz.sweeps import studies", "", lines])


def decades(box: DeltaGenerator) -> tuple[int, int]:
    """Between which powers of ten learning rates are tried; at first, as the address bar says."""
    ends = [int(end) for end in re.findall(r"-?[0-9]", st.query_params.get("decades", "-5,1"))]
    asked = (ends[0], ends[-1]) if ends and -7 <= ends[0] < ends[-1] <= 3 else (-5, 1)
    key = EXPERIMENT.key("sweep.decades")
    first = widgets.first_value(key, asked)
    low, high = box.slider("Range of learning rates", -7, 3, first, key=key, format="1e%d")
    return (low, high) if low < high else (high - 1, high) if high > -7 else (-7, -6)


# Tables -------------------------------------------------------------------------------------------------------------


def basins_table(names: Sequence[str], found: Sequence[Basins]) -> str:
    """Where the starts end, a row an optimizer."""
    minima = [f"({x:.3g}, {y:.3g})" for x, y in found[0].descent.landscape.minima][: studies.MOST_MINIMA]
    rows = []
    for name, one in zip(names, found, strict=True):
        total = max(1, int((one.place != studies.PENDING).sum()))
        shares = [np.sum(one.place == k) / total for k in range(len(minima))]
        others = np.sum(one.place >= len(minima)) / total
        ends = [np.sum(one.place == code) / total for code in (studies.UNFINISHED, studies.LEFT)]
        steps = np.nanmedian(one.steps) if np.any(np.isfinite(one.steps)) else np.nan
        rows.append([name, *map(_share, (*shares, others, *ends)), _number(steps)])
    places = [f"At {place}" for place in minima]
    head = ["Optimizer", *places, "Other minima", "Unfinished or stalled", "Diverged", "Steps to converge, median"]
    return _table(head, rows)


def map_table(found: Map) -> str:
    """The five settings that converge in the fewest steps."""
    steps = found.ends.steps_to_converge
    best = [int(cell) for cell in np.argsort(steps, kind="stable")[:5] if np.isfinite(steps[cell])]
    rows = []
    for cell in best:
        row, column = divmod(cell, len(found.x))
        own = [_number(found.x[column]), _number(found.y[row]), _number(steps[cell]), _number(found.ends.loss[cell])]
        rows.append([*own, *([] if found.theory is None else [f"{found.theory[row, column]:.4f}"])])
    theory = [] if found.theory is None else ["Convergence rate, exact"]
    titles = number_knobs(found.descent)
    return _table([*map(titles.__getitem__, found.names), "Steps to converge", "Final loss", *theory], rows)


def sensitivity_table(found: Sequence[Sensitivity]) -> str:
    """The share that converges and the median of the final losses, a row a value."""
    names = [one.descent.optimizer.label for one in found]
    rows = [
        [
            _number(value),
            *(
                f"{one.success[i]:.0%}, {_number(float(np.quantile(one.loss[i], 0.5, method='nearest')))}"
                for one in found
            ),
        ]
        for i, value in enumerate(found[0].values)
    ]
    return _table([found[0].measure, *(f"{name}: converge, loss" for name in names)], rows)


def window_table(found: Sequence[Window]) -> str:
    """The learning rates at which half of the runs converge, a row an optimizer."""
    rows = []
    for one in found:
        limit = "–" if one.limit is None else f"{one.limit:.3g}"
        row = [widgets.linked(one.descent.optimizer), "–", "–", "0", limit]
        if one.usable is not None:
            (low, high), (from_first, to_last) = one.usable, one.cut
            row[1] = f"{'≤ ' if from_first else ''}{low:.3g}"
            row[2] = f"{'≥ ' if to_last else ''}{high:.3g}"
            row[3] = f"{'≥ ' if any(one.cut) else ''}{one.decades:.2f}"
        rows.append(row)
    return _table(["Optimizer", "From", "To", "Decades", "Limit of stability, in theory"], rows)


def _share(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%" if share else "0"


def _number(value: float) -> str:
    return "–" if np.isnan(value) else "diverged" if np.isinf(value) else f"{value:.4g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
