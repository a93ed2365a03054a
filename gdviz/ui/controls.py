"""The controls of an experiment, and how it is kept: in the session from page to page, and in the address bar."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Value
from gdviz.charts.descent import LossScale
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.descent import MOST_SEED, Stop
from gdviz.experiment import DEFAULT, MOST_RUNS, MOST_STEPS, Experiment, from_link, to_link
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES, Schedule
from gdviz.ui import widgets

_KEPT = "experiment"
_SLOTS = "slots"
_SCALES: dict[LossScale, str] = {"log": "Logarithmic", "linear": "Linear"}
_PREFIX = "set."
"""All widgets of an experiment have keys that begin so."""


def kept_experiment() -> tuple[Experiment, list[str]]:
    """The session's experiment; at first, the one that the address bar describes. With notes on what was unreadable."""
    if _KEPT in st.session_state:
        return st.session_state[_KEPT], []
    fields = {name: st.query_params.get_all(name) for name in st.query_params}
    return from_link(fields)


def keep(experiment: Experiment, loss_scale: LossScale) -> None:
    """Remember the experiment, and write it and the loss axis into the address bar."""
    st.session_state[_KEPT] = experiment
    link: dict[str, str | list[str]] = {**to_link(experiment), "loss_scale": [loss_scale]}
    if {name: st.query_params.get_all(name) for name in st.query_params} != link:
        st.query_params.from_dict(link)


def reset() -> None:
    """Forget the experiment and all widgets."""
    for key in [key for key in st.session_state if str(key).startswith(_PREFIX)]:
        del st.session_state[key]
    st.session_state.pop(_SLOTS, None)
    st.session_state[_KEPT] = DEFAULT


def set_start(point: Point) -> None:
    """Start from ``point``."""
    st.session_state[f"{_PREFIX}start.x"], st.session_state[f"{_PREFIX}start.y"] = point


def experiment_controls(box: DeltaGenerator, current: Experiment) -> Experiment:
    """All the controls; the experiment that they describe. Before they are touched, that is ``current``."""
    exact = box.toggle("Exact numbers", key=f"{_PREFIX}exact", help="Number fields in place of sliders.")
    landscape = _landscape_controls(box, current.landscape, exact)
    start = _start_controls(box, landscape, current)
    shared = _shared_rate_controls(box, current.shared_learning_rate, exact)
    optimizers = _optimizer_controls(box, current.optimizers, exact, shared is not None)
    schedule = _schedule_controls(box, current.schedule, exact)
    steps, noise, seed = _run_controls(box, current)
    more = box.expander("Clipping and stop conditions")
    clip = _clip_controls(more, current.clip, exact)
    stop = _stop_controls(more, current.stop)
    return Experiment(landscape, optimizers, schedule, shared, start, steps, clip, noise, seed, stop)


def loss_scale_control(box: DeltaGenerator) -> LossScale:
    """Which scale the loss is drawn on; at first, the one in the address bar."""
    key = f"{_PREFIX}loss_scale"
    if key not in st.session_state:
        asked = st.query_params.get("loss_scale")
        st.session_state[key] = asked if asked in _SCALES else "log"
    scale: LossScale = box.radio("Loss axis", list(_SCALES), format_func=_SCALES.__getitem__, key=key, horizontal=True)
    return scale


def _landscape_controls(box: DeltaGenerator, current: Landscape, exact: bool) -> Landscape:
    return widgets.choose(box, "Landscape", LANDSCAPES, f"{_PREFIX}landscape", current, exact)


def _start_controls(box: DeltaGenerator, landscape: Landscape, current: Experiment) -> Point:
    """Two number fields. Another landscape brings its own start."""
    keys = f"{_PREFIX}start.x", f"{_PREFIX}start.y"
    of_landscape = f"{_PREFIX}start.of"
    if st.session_state.setdefault(of_landscape, current.landscape.name) != landscape.name:
        st.session_state[of_landscape] = landscape.name
        set_start(landscape.start)
    for key, value in zip(keys, current.start or current.landscape.start, strict=True):
        st.session_state.setdefault(key, float(value))
    left, right = box.columns(2)
    x = left.number_input("Start x", key=keys[0], format="%.6g", step=0.1, help="Or click on the landscape.")
    y = right.number_input("Start y", key=keys[1], format="%.6g", step=0.1, help="Or click on the landscape.")
    return float(x), float(y)


def _shared_rate_controls(box: DeltaGenerator, current: float | None, exact: bool) -> float | None:
    key = f"{_PREFIX}shared"
    st.session_state.setdefault(key, current is not None)
    if not box.checkbox("One learning rate for all", key=key):
        return None
    knob = SCHEDULES["constant"].knobs()[0]
    return float(widgets.number(box, knob, f"{key}.rate", current or 0.01, exact, label="learning_rate"))


def _optimizer_controls(
    box: DeltaGenerator, current: tuple[Optimizer, ...], exact: bool, shared: bool
) -> tuple[Optimizer, ...]:
    """One expander a run. The same optimizer can stand in several, at different settings."""
    slots: list[int] = st.session_state.setdefault(_SLOTS, list(range(len(current))))
    shown = dict(zip(slots, current, strict=False))
    made = []
    for number, slot in enumerate(slots, start=1):
        before = shown.get(slot, OPTIMIZERS.make("adam", learning_rate=0.01))
        key = f"{_PREFIX}run{slot}"
        name = st.session_state.get(key, before.name)
        panel = box.expander(f"{number} · {OPTIMIZERS[name].label}", key=f"{_PREFIX}panel{slot}")
        name = widgets.select(panel, "Optimizer", OPTIMIZERS, key, before.name)
        values: Mapping[str, Value] = before.values()
        if name != before.name:  # another rule, at the learning rate of the one before
            values = {"learning_rate": before.learning_rate}
        without = ("learning_rate",) if shared else ()
        made.append(widgets.entry(panel, OPTIMIZERS, name, key, values, exact, without))
        panel.button("Remove", key=f"{key}.remove", on_click=_remove, args=(slot,), disabled=len(slots) == 1)
    box.button(
        "Add an optimizer", key=f"{_PREFIX}add", on_click=_add, disabled=len(slots) == MOST_RUNS, width="stretch"
    )
    return tuple(made)


def _add() -> None:
    st.session_state[_SLOTS].append(max(st.session_state[_SLOTS]) + 1)


def _remove(slot: int) -> None:
    """Remove a run; the experiment kept must lose it too, so that the others keep theirs."""
    slots: list[int] = st.session_state[_SLOTS]
    kept: Experiment = st.session_state[_KEPT]
    optimizers = tuple(rule for rule, at in zip(kept.optimizers, slots, strict=True) if at != slot)
    st.session_state[_KEPT] = replace(kept, optimizers=optimizers)
    slots.remove(slot)


def _schedule_controls(box: DeltaGenerator, current: Schedule, exact: bool) -> Schedule:
    key = f"{_PREFIX}schedule"
    name = widgets.select(box, "Learning-rate schedule", SCHEDULES, key, current.name)
    values = current.values() if name == current.name else {}
    return widgets.entry(box, SCHEDULES, name, key, values, exact, without=("initial_learning_rate",))


def _run_controls(box: DeltaGenerator, current: Experiment) -> tuple[int, float, int]:
    st.session_state.setdefault(f"{_PREFIX}steps", current.steps)
    st.session_state.setdefault(f"{_PREFIX}noise", float(current.noise))
    st.session_state.setdefault(f"{_PREFIX}seed", current.seed)
    steps = box.number_input("Steps", 1, MOST_STEPS, key=f"{_PREFIX}steps", step=50)
    left, right = box.columns(2)
    noise = left.number_input(
        "Gradient noise",
        0.0,
        key=f"{_PREFIX}noise",
        format="%.6g",
        step=0.1,
        help="Standard deviation of the normal noise that is added to each coordinate of the gradient.",
    )
    seed = right.number_input("Seed", 0, MOST_SEED, key=f"{_PREFIX}seed", help="Determines the noise.")
    return int(steps), float(noise), int(seed)


def _clip_controls(box: DeltaGenerator, current: Clipper | None, exact: bool) -> Clipper | None:
    key = f"{_PREFIX}clip"
    names = ["none", *CLIPPERS]
    st.session_state.setdefault(key, current.name if current else "none")
    name = box.selectbox(
        "Gradient clipping", names, format_func=lambda name: CLIPPERS[name].label if name != "none" else "None", key=key
    )
    if name == "none":
        return None
    values = current.values() if current and current.name == name else {}
    return widgets.entry(box, CLIPPERS, name, key, values, exact)


def _stop_controls(box: DeltaGenerator, current: Stop) -> Stop:
    labels = {"loss": "Stop at loss", "loss_change": "Stop at loss change", "gradient_norm": "Stop at gradient norm"}
    values = {
        knob.name: widgets.number(
            box, knob, f"{_PREFIX}stop.{knob.name}", current.values()[knob.name], exact=True, label=labels[knob.name]
        )
        for knob in Stop.knobs()
    }
    return Stop(**values)
