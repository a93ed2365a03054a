"""The controls of an experiment."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Value
from gdviz.charts.trails import LossScale
from gdviz.descent.experiment import MOST_RUNS, Experiment
from gdviz.descent.fitting import on_landscape, rate_in_place_of
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.landscapes.data import DataLandscape
from gdviz.landscapes.own import EXAMPLES, MOST_CHARACTERS, OwnFunction, own_function
from gdviz.live import taken_over
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.ui import widgets
from gdviz.ui.folding import unfolded
from gdviz.ui.form import Form, Group
from gdviz.ui.kept import Kept
from gdviz.ui.rates import fitting_rate
from gdviz.ui.rates import words as rates_in_words
from gdviz.ui.text import code, plain

EXPERIMENT = Kept("experiment", Experiment, view=("loss_scale",))
"""The experiment of the session."""

GROUPS: tuple[Group, ...] = (
    ("Landscape and start", ("landscape", "start", "maximize")),
    ("Optimizers", ("shared_learning_rate", "optimizers", "schedule")),
    ("Run", ("steps", ("noise", "seed"), "batch_size")),
)
"""Fields under headings."""
FOLDED: tuple[Group, ...] = (
    ("", ()),
    ("Clipping, weight decay, averaging, stop conditions", ("clip", "weight_decay", "averaging", "stop")),
)
"""Fields in an expander; in the open above it those that no group names."""
_SCALES: dict[LossScale, str] = {"log": "Logarithmic", "linear": "Linear"}


def experiment_controls(box: DeltaGenerator) -> Experiment:
    """All the controls; the experiment that they describe. Before they are touched, that is the one kept."""
    exact = box.toggle("Exact numbers", key="exact", help="Number fields in place of sliders.")
    form = Form(EXPERIMENT.setup, EXPERIMENT.key, exact, _SPECIAL)
    form.draw_headed(box, GROUPS)
    return Experiment(**form.draw(box, FOLDED))


def set_start(point: Point) -> None:
    """Start from ``point``."""
    EXPERIMENT.set(replace(EXPERIMENT.setup, start=point))
    st.session_state["start_version"] = st.session_state.get("start_version", 0) + 1


def chosen_experiment(chosen: Mapping[str, Any]) -> Experiment:
    """The experiment that the live figure's choice describes; of runs that are gone, which the browser may still draw,
    only the start counts: all runs have it in common.
    """
    try:
        return taken_over(EXPERIMENT.setup, chosen)
    except ValueError:
        x, y = chosen["start"]
        return replace(EXPERIMENT.setup, start=(float(x), float(y)))


def take_over(chosen: Mapping[str, Any]) -> None:
    """Take over what was chosen in the live figure: only the fields that changed get new widgets."""
    before, after = EXPERIMENT.setup, chosen_experiment(chosen)
    if after.shared_learning_rate != before.shared_learning_rate:
        EXPERIMENT.show_again(after)
        return
    _set_runs(after)
    if after.start != before.start and after.start is not None:
        set_start(after.start)


def _set_runs(after: Experiment) -> None:
    """Take over an experiment of as many runs; those that changed get new widgets."""
    slots = _slots()
    for at, (old, new) in enumerate(zip(EXPERIMENT.setup.optimizers, after.optimizers, strict=True)):
        if old != new:
            slots[at] = max(slots) + 1
    EXPERIMENT.set(after)


def loss_scale_control(box: DeltaGenerator) -> LossScale:
    """The scale that the loss is drawn on; at first, the one in the address bar."""
    asked = (EXPERIMENT.looked_at("loss_scale") or ["log"])[0]
    first = widgets.first_value("loss_scale", asked if asked in _SCALES else "log")
    names = list(_SCALES)
    scale: LossScale = box.radio(
        "Loss axis", names, names.index(first), format_func=_SCALES.__getitem__, key="loss_scale", horizontal=True
    )
    EXPERIMENT.look_at("loss_scale", scale)
    return scale


def _landscape_controls(form: Form, box: DeltaGenerator) -> Landscape:
    """A landscape of the catalogue with its parameters, or one from a formula."""
    key, current = form.key_of("landscape"), form.setup.landscape
    labels = {OwnFunction.name: OwnFunction.label}
    labels |= {name: f"{entry.kind()}: {entry.label}" for name, entry in LANDSCAPES.items()}
    name = widgets.select(box, "Landscape", labels, key, current.name, _go_to_landscape, widgets.in_reference)
    if name == OwnFunction.name:
        return _own_function_controls(form, box, current)
    return widgets.entry(box, LANDSCAPES, name, key, current.values() if name == current.name else {}, form.exact)


def _go_to_landscape(name: str) -> None:
    """Another landscape brings its own start, and learning rates that fit it in place of those that nobody chose."""
    landscape = LANDSCAPES.make(name) if name in LANDSCAPES else own_function(EXAMPLES[0], _DOMAIN)
    EXPERIMENT.show_again(on_landscape(EXPERIMENT.setup, landscape, fitting_rate))


def _own_function_controls(form: Form, box: DeltaGenerator, current: Landscape) -> Landscape:
    """A text box for a formula, which says how it was understood, and one for its domain. An error in it is
    shown there, and the last formula that could be read stays.
    """
    known = current if isinstance(current, OwnFunction) else own_function(EXAMPLES[0], _DOMAIN)
    ends = ",".join(f"{end:g}" for axis in known.domain for end in axis)
    keys = form.key("own.text"), form.key("own.domain")
    first = widgets.first_value(keys[0], known.text)
    help = "As you would write it: 2x, x² or x^2, sin(x)cos(y), |x|, √x, e^x, ln(x), max(x, y), π; or f(u, v) = uv."
    given: Any = {"on_change": _take_formula, "args": keys}
    text = box.text_input("f(x, y)", first, max_chars=MOST_CHARACTERS, key=keys[0], help=help, **given)
    understood = box.empty()
    examples = form.key("own.example")
    box.pills("Examples", EXAMPLES, key=examples, on_change=_take_example, args=(examples,))
    first = widgets.first_value(keys[1], ends)
    domain = box.text_input("Domain: xmin,xmax,ymin,ymax", first, max_chars=100, key=keys[1], **given)
    try:
        made = own_function(text or "", domain or "")
        rates = rates_in_words(made, [rule.name for rule in form.setup.optimizers])
        understood.caption(f"Read as ${made.formula}$  \n{rates}")
        return made
    except ValueError as error:
        box.error(f"{plain(error)}. Still shown: {code(known.text)}")
        return known


def _take_example(key: str) -> None:
    if text := st.session_state[key]:
        EXPERIMENT.show_again(on_landscape(EXPERIMENT.setup, own_function(text, _DOMAIN), fitting_rate))


def _take_formula(text: str, domain: str) -> None:
    """Another formula brings its own start, and learning rates that fit it: only the runs whose rate changes get new
    widgets. An error in it is shown beside the text box.
    """
    try:
        landscape = own_function(st.session_state[text] or "", st.session_state[domain] or "")
    except ValueError:
        return
    _set_runs(on_landscape(EXPERIMENT.setup, landscape, fitting_rate))


_DOMAIN = "-5,5,-5,5"


def _start_controls(form: Form, box: DeltaGenerator) -> Point:
    """Two number fields. Another landscape brings its own start."""
    landscape, current = form.values["landscape"], form.setup
    same = landscape == current.landscape or landscape.name == current.landscape.name != OwnFunction.name
    point = current.start if same and current.start is not None else landscape.start
    version = st.session_state.get("start_version", 0)
    place = landscape.domain if isinstance(landscape, OwnFunction) else landscape.name
    made = []
    for box_, axis, value in zip(box.columns(2), "xy", point, strict=True):
        key = form.key(f"start.{place}.{version}.{axis}")
        first = widgets.first_value(key, float(value))
        label, help = f"Start {axis}", "Or click on the landscape."
        made.append(box_.number_input(label, value=first, key=key, format="%.6g", step=0.1, help=help))
    return made[0], made[1]


def _batch_controls(form: Form, box: DeltaGenerator) -> int | None:
    """Where the landscape is a model's loss on data: how many examples give the gradient of a step."""
    landscape, current = form.values["landscape"], form.setup.batch_size
    if not isinstance(landscape, DataLandscape):
        return None
    key = form.key(f"batch.{landscape.name}")
    first = widgets.first_value(key, landscape.examples if current is None else min(current, landscape.examples))
    size = box.slider("Batch size", 1, landscape.examples, first, key=key, help="All examples: the exact gradient.")
    return None if size == landscape.examples else int(size)


def _shared_rate_controls(form: Form, box: DeltaGenerator) -> float | None:
    key, current, knob = form.key_of("shared_learning_rate"), form.setup.shared_learning_rate, _RATE
    if not box.checkbox(
        form.fields["shared_learning_rate"].label, widgets.first_value(key, current is not None), key=key
    ):
        return None
    return float(widgets.number(box, knob, f"{key}.rate", 0.01 if current is None else current, form.exact))


_RATE = next(knob for knob in OPTIMIZERS["gradient_descent"].knobs() if knob.name == "learning_rate")


def _optimizer_controls(form: Form, box: DeltaGenerator) -> tuple[Optimizer, ...]:
    """One expander a run. The same optimizer can stand in several, at different settings."""
    current, landscape = form.setup.optimizers, form.values["landscape"]
    shared, was_shared = form.values["shared_learning_rate"] is not None, form.setup.shared_learning_rate is not None
    slots = _slots()
    shown = dict(zip(slots, current, strict=False))
    new = OPTIMIZERS.make("adam", learning_rate=rate_in_place_of(None, "adam", landscape, fitting_rate))
    made = []
    for number, slot in enumerate(slots, start=1):
        before, key = shown.get(slot, new), form.key(f"run{slot}")
        if was_shared and (own := st.session_state.get(f"{key}.own_rate")) is not None:
            before = replace(before, learning_rate=own)
        name = st.session_state.get(key, before.name)
        rate = before.learning_rate if name == before.name else rate_in_place_of(before, name, landscape, fitting_rate)
        told = "" if shared else f", η {st.session_state.get(f'{key}.{name}.learning_rate', rate):.4g}"
        # By its number: what is dragged in the figure takes a new slot, and leaves open what is open.
        panel = unfolded(f"{number} · {OPTIMIZERS[name].label}", f"run.{number}", box, told)
        without = ("learning_rate",) if shared else ()
        if panel is None:
            kept = {knob: value for knob, value in before.values().items() if knob not in without}
            rule = OPTIMIZERS.make(before.name, **kept)
        else:
            name = widgets.select(
                panel, "Optimizer", widgets.labels(OPTIMIZERS), key, before.name, about=widgets.in_reference
            )
            values: Mapping[str, Value] = before.values() if name == before.name else {"learning_rate": rate}
            rule = widgets.entry(panel, OPTIMIZERS, name, key, values, form.exact, without)
            panel.button(
                "Remove", key=f"{key}.remove", on_click=_remove, args=(key, number - 1), disabled=len(slots) == 1
            )
        if not shared:  # kept for the time after all have shared one
            st.session_state[f"{key}.own_rate"] = rule.learning_rate
        made.append(rule)
    full = len(slots) == MOST_RUNS
    box.button("Add an optimizer", key="add", on_click=_add, args=(new,), disabled=full, width="stretch")
    return tuple(made)


def _slots() -> list[int]:
    """The numbers of the runs' widgets; in new widgets they begin at 0."""
    first = list(range(len(EXPERIMENT.setup.optimizers)))
    slots: list[int] = st.session_state.setdefault(EXPERIMENT.key("slots"), first)
    return slots


def _add(rule: Optimizer) -> None:
    """Add a run, to the experiment kept too: a change that comes before the page has run again begins with it."""
    slots, experiment = _slots(), EXPERIMENT.setup
    if len(slots) < MOST_RUNS:  # two quick clicks are two
        EXPERIMENT.set(replace(experiment, optimizers=(*experiment.optimizers, rule)))
        slots.append(max(slots) + 1)


def _remove(key: str, place: int) -> None:
    """Remove a run, from the experiment kept too, so that the others keep their settings.

    Args:
        key: The key of its widgets.
        place: Its place among the runs, where all widgets have been built anew meanwhile.
    """
    slots, experiment = _slots(), EXPERIMENT.setup
    keys = [EXPERIMENT.key(f"run{slot}") for slot in slots]
    if key in keys:
        place = keys.index(key)
    elif key.startswith(EXPERIMENT.key("run")):  # a second click came before the page had run again
        return
    if len(slots) > 1 and place < len(slots):
        rules = experiment.optimizers
        EXPERIMENT.set(replace(experiment, optimizers=(*rules[:place], *rules[place + 1 :])))
        slots.pop(place)


_SPECIAL: dict[str, Any] = {
    "landscape": _landscape_controls,
    "start": _start_controls,
    "shared_learning_rate": _shared_rate_controls,
    "optimizers": _optimizer_controls,
    "batch_size": _batch_controls,
}
