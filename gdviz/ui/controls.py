"""The controls of an experiment, and how it is kept: in the session from page to page, and in the address bar."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Value
from gdviz.charts.trails import LossScale
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.descent import MOST_SEED, Averaging, Stop
from gdviz.descent.experiment import DEFAULT, MOST_RUNS, MOST_STEPS, Experiment
from gdviz.descent.fitting import on_landscape, rate_in_place_of
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.landscapes.data import DataLandscape
from gdviz.landscapes.own import EXAMPLES, MOST_CHARACTERS, OwnFunction, own_function
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES, Schedule
from gdviz.ui import widgets

_SCALES: dict[LossScale, str] = {"log": "Logarithmic", "linear": "Linear"}


# What is kept -------------------------------------------------------------------------------------------------------


def kept_experiment() -> Experiment:
    """The session's experiment; at first, the one that the address bar describes."""
    if "experiment" not in st.session_state:
        fields = {name: st.query_params.get_all(name) for name in st.query_params}
        st.session_state["experiment"], st.session_state["link_notes"] = Experiment.from_link(fields)
    experiment: Experiment = st.session_state["experiment"]
    return experiment


def link_notes() -> list[str]:
    """What could not be read of the link that the session began with."""
    notes: list[str] = st.session_state.get("link_notes", [])
    return notes


def keep(experiment: Experiment, loss_scale: LossScale) -> None:
    """Remember the experiment, and write it and the loss axis into the address bar."""
    st.session_state["experiment"] = experiment
    link: dict[str, str | list[str]] = {**experiment.to_link(), "loss_scale": [loss_scale]}
    if {name: st.query_params.get_all(name) for name in st.query_params} != link:
        st.query_params.from_dict(link)


def reset() -> None:
    """Go back to the experiment that the app opens with."""
    _show_again(DEFAULT)


def set_start(point: Point) -> None:
    """Start from ``point``."""
    st.session_state["experiment"] = replace(kept_experiment(), start=point)
    st.session_state["start_version"] = st.session_state.get("start_version", 0) + 1


def _show_again(experiment: Experiment) -> None:
    """Make all widgets anew, showing ``experiment``: widgets with other keys are other widgets."""
    st.session_state["experiment"] = experiment
    st.session_state["generation"] = st.session_state.get("generation", 0) + 1
    st.session_state["link_notes"] = []
    st.session_state.pop("slots", None)


def _key(name: str) -> str:
    return f"{st.session_state.get('generation', 0)}.{name}"


# Controls -----------------------------------------------------------------------------------------------------------


def experiment_controls(box: DeltaGenerator) -> Experiment:
    """All the controls; the experiment that they describe. Before they are touched, that is the one kept."""
    current = kept_experiment()
    exact = box.toggle("Exact numbers", key="exact", help="Number fields in place of sliders.")
    landscape = _landscape_controls(box, current.landscape, exact)
    start = _start_controls(box, landscape, current)
    maximize = _direction_control(box, current.maximize)
    shared = _shared_rate_controls(box, current.shared_learning_rate, exact)
    optimizers = _optimizer_controls(box, current.optimizers, landscape, exact, shared is not None)
    schedule = _schedule_controls(box, current.schedule, exact)
    steps, noise, seed = _run_controls(box, current)
    batch_size = _batch_controls(box, landscape, current.batch_size)
    more = box.expander("Clipping, weight decay, averaging, stop conditions")
    clip = clip_controls(more, _key("clip"), current.clip, exact)
    decay = _weight_decay_control(more, current.weight_decay)
    averaging = _averaging_controls(more, current.averaging, exact)
    stop = _stop_controls(more, current.stop)
    return Experiment(
        landscape=landscape,
        optimizers=optimizers,
        schedule=schedule,
        shared_learning_rate=shared,
        start=start,
        steps=steps,
        clip=clip,
        noise=noise,
        seed=seed,
        stop=stop,
        weight_decay=decay,
        averaging=averaging,
        batch_size=batch_size,
        maximize=maximize,
    )


def loss_scale_control(box: DeltaGenerator) -> LossScale:
    """Which scale the loss is drawn on; at first, the one in the address bar."""
    asked = st.query_params.get("loss_scale")
    first = widgets.first_value("loss_scale", asked if asked in _SCALES else "log")
    names = list(_SCALES)
    scale: LossScale = box.radio(
        "Loss axis", names, names.index(first), format_func=_SCALES.__getitem__, key="loss_scale", horizontal=True
    )
    return scale


def _landscape_controls(box: DeltaGenerator, current: Landscape, exact: bool) -> Landscape:
    """A landscape of the catalogue with its parameters, or one from a formula."""
    key = _key("landscape")
    labels = {OwnFunction.name: OwnFunction.label}
    labels |= {name: f"{entry.kind()}: {entry.label}" for name, entry in LANDSCAPES.items()}
    first = widgets.first_value(key, current.name)
    name = box.selectbox(
        "Landscape",
        list(labels),
        list(labels).index(first),
        format_func=labels.__getitem__,
        key=key,
        on_change=_go_to_landscape,
        args=(key,),
    )
    if name == OwnFunction.name:
        return _own_function_controls(box, current)
    return widgets.entry(box, LANDSCAPES, name, key, current.values() if name == current.name else {}, exact)


def _go_to_landscape(key: str) -> None:
    """Another landscape brings its own start, and learning rates that fit it in place of those that nobody chose."""
    name = st.session_state[key]
    if name in LANDSCAPES:
        _show_again(on_landscape(kept_experiment(), LANDSCAPES.make(name)))


def _own_function_controls(box: DeltaGenerator, current: Landscape) -> Landscape:
    """A text box for a formula, which says how it was understood, and one for its domain. What cannot be read is said
    there, and the last one that could stays.
    """
    known = current if isinstance(current, OwnFunction) else own_function(EXAMPLES[0], "-5,5,-5,5")
    ends = ",".join(f"{end:g}" for axis in known.domain for end in axis)
    keys = _key("own.text"), _key("own.domain")
    first = widgets.first_value(keys[0], known.text)
    help = "As you would write it: 2x, x² or x^2, sin(x)cos(y), |x|, √x, e^x, ln(x), max(x, y), π; or f(u, v) = uv."
    text = box.text_input("f(x, y)", first, max_chars=MOST_CHARACTERS, key=keys[0], help=help)
    understood = box.empty()
    examples = _key("own.example")
    box.pills("Examples", EXAMPLES, key=examples, on_change=_take_example, args=(examples,))
    first = widgets.first_value(keys[1], ends)
    domain = box.text_input("Domain: xmin,xmax,ymin,ymax", first, max_chars=100, key=keys[1])
    try:
        made = own_function(text or "", domain or "")
        understood.caption(f"Read as ${made.formula}$")
        return made
    except ValueError as error:
        box.error(f"{error}. Still shown: {known.text}")
        return known


def _take_example(key: str) -> None:
    _show_again(on_landscape(kept_experiment(), own_function(st.session_state[key], "-5,5,-5,5")))


def _batch_controls(box: DeltaGenerator, landscape: Landscape, current: int | None) -> int | None:
    """Where the landscape is a model's loss on data: how many examples give the gradient of a step."""
    if not isinstance(landscape, DataLandscape):
        return None
    key = _key(f"batch.{landscape.name}")
    first = widgets.first_value(key, landscape.examples if current is None else min(current, landscape.examples))
    size = box.slider("Batch size", 1, landscape.examples, first, key=key, help="All examples: the exact gradient.")
    return None if size == landscape.examples else int(size)


def _weight_decay_control(box: DeltaGenerator, current: float) -> float:
    key = _key("weight_decay")
    first = widgets.first_value(key, float(current))
    help = "Each step first takes off this share of θ, times the learning rate."
    return float(box.number_input("Weight decay", 0.0, value=first, key=key, format="%.6g", step=0.001, help=help))


def _averaging_controls(box: DeltaGenerator, current: Averaging | None, exact: bool) -> Averaging | None:
    key = _key("averaging")
    if not box.checkbox("Moving average of the positions", widgets.first_value(key, current is not None), key=key):
        return None
    first = (current or Averaging()).values()
    values = {
        knob.name: widgets.number(box, knob, f"{key}.{knob.name}", first[knob.name], exact)
        for knob in Averaging.knobs()
    }
    return Averaging(**values)


def _start_controls(box: DeltaGenerator, landscape: Landscape, current: Experiment) -> Point:
    """Two number fields. Another landscape brings its own start."""
    same = landscape == current.landscape or landscape.name == current.landscape.name != OwnFunction.name
    point = current.start if same and current.start is not None else landscape.start
    version = st.session_state.get("start_version", 0)
    place = landscape.domain if isinstance(landscape, OwnFunction) else landscape.name
    made = []
    for box_, axis, value in zip(box.columns(2), "xy", point, strict=True):
        key = _key(f"start.{place}.{version}.{axis}")
        first = widgets.first_value(key, float(value))
        label, help = f"Start {axis}", "Or click on the landscape."
        made.append(box_.number_input(label, value=first, key=key, format="%.6g", step=0.1, help=help))
    return made[0], made[1]


def _direction_control(box: DeltaGenerator, current: bool) -> bool:
    key = _key("direction")
    names = ["Descent", "Ascent"]
    first = widgets.first_value(key, "Ascent" if current else "Descent")
    help = "Ascent gives every optimizer the loss times -1, so that it climbs."
    return bool(box.radio("Direction", names, names.index(first), key=key, horizontal=True, help=help) == "Ascent")


def _shared_rate_controls(box: DeltaGenerator, current: float | None, exact: bool) -> float | None:
    key = _key("shared")
    if not box.checkbox("One learning rate for all", widgets.first_value(key, current is not None), key=key):
        return None
    knob = SCHEDULES["constant"].knobs()[0]
    label = "`learning_rate` size of a step (η)"
    return float(widgets.number(box, knob, f"{key}.rate", 0.01 if current is None else current, exact, label))


def _optimizer_controls(
    box: DeltaGenerator, current: tuple[Optimizer, ...], landscape: Landscape, exact: bool, shared: bool
) -> tuple[Optimizer, ...]:
    """One expander a run. The same optimizer can stand in several, at different settings."""
    slots: list[int] = st.session_state.setdefault("slots", list(range(len(current))))
    shown = dict(zip(slots, current, strict=False))
    made = []
    for number, slot in enumerate(slots, start=1):
        rate = rate_in_place_of(None, "adam", landscape)
        before = shown.get(slot, OPTIMIZERS.make("adam", learning_rate=rate))
        key = _key(f"run{slot}")
        name = st.session_state.get(key, before.name)
        rate = before.learning_rate if name == before.name else rate_in_place_of(before, name, landscape)
        told = "" if shared else f", η {st.session_state.get(f'{key}.{name}.learning_rate', rate):.4g}"
        panel = box.expander(f"{number} · {OPTIMIZERS[name].label}{told}", key=f"{key}.panel")
        name = widgets.select(panel, "Optimizer", OPTIMIZERS, key, before.name)
        values: Mapping[str, Value] = before.values() if name == before.name else {"learning_rate": rate}
        made.append(widgets.entry(panel, OPTIMIZERS, name, key, values, exact, ("learning_rate",) if shared else ()))
        panel.button("Remove", key=f"{key}.remove", on_click=_remove, args=(slot,), disabled=len(slots) == 1)
    full = len(slots) == MOST_RUNS
    box.button("Add an optimizer", key="add", on_click=_add, disabled=full, width="stretch")
    return tuple(made)


def _add() -> None:
    st.session_state["slots"].append(max(st.session_state["slots"]) + 1)


def _remove(slot: int) -> None:
    """Remove a run, from the experiment kept too, so that the others keep their settings."""
    slots: list[int] = st.session_state["slots"]
    experiment = kept_experiment()
    left = tuple(rule for rule, at in zip(experiment.optimizers, slots, strict=True) if at != slot)
    st.session_state["experiment"] = replace(experiment, optimizers=left)
    slots.remove(slot)


def _schedule_controls(box: DeltaGenerator, current: Schedule, exact: bool) -> Schedule:
    key = _key("schedule")
    name = widgets.select(box, "Learning-rate schedule", SCHEDULES, key, current.name)
    values = current.values() if name == current.name else {}
    return widgets.entry(box, SCHEDULES, name, key, values, exact, without=("initial_learning_rate",))


def _run_controls(box: DeltaGenerator, current: Experiment) -> tuple[int, float, int]:
    keys = {name: _key(name) for name in ("steps", "noise", "seed")}
    first = widgets.first_value(keys["steps"], current.steps)
    steps = box.number_input("Steps", 1, MOST_STEPS, first, step=50, key=keys["steps"])
    left, right = box.columns(2)
    first_noise = widgets.first_value(keys["noise"], float(current.noise))
    noise = left.number_input(
        "Gradient noise",
        0.0,
        value=first_noise,
        key=keys["noise"],
        format="%.6g",
        step=0.1,
        help="Standard deviation of the normal noise that is added to each coordinate of the gradient.",
    )
    first = widgets.first_value(keys["seed"], current.seed)
    seed = right.number_input("Seed", 0, MOST_SEED, first, key=keys["seed"], help="Determines the noise.")
    return int(steps), float(noise), int(seed)


def clip_controls(box: DeltaGenerator, key: str, current: Clipper | None, exact: bool) -> Clipper | None:
    """A select box of the clipping rules, or none, and widgets for the one that is chosen."""
    labels = {"none": "None", **{name: entry.label for name, entry in CLIPPERS.items()}}
    first = widgets.first_value(key, current.name if current else "none")
    name = box.selectbox(
        "Gradient clipping", list(labels), list(labels).index(first), format_func=labels.__getitem__, key=key
    )
    if name == "none":
        return None
    values = current.values() if current and current.name == name else {}
    return widgets.entry(box, CLIPPERS, name, key, values, exact)


def _stop_controls(box: DeltaGenerator, current: Stop) -> Stop:
    labels = {"loss": "Stop at loss", "loss_change": "Stop at loss change", "gradient_norm": "Stop at gradient norm"}
    values = {
        knob.name: widgets.number(
            box, knob, _key(f"stop.{knob.name}"), current.values()[knob.name], exact=True, label=labels[knob.name]
        )
        for knob in Stop.knobs()
    }
    return Stop(**values)
