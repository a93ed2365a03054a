"""The controls of the Gradient flow page."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz import gradflow
from gdviz.catalogue import Part
from gdviz.gradflow import CliffRuns, Network, Recurrent, Training
from gdviz.gradflow.study import Study
from gdviz.optimizers import OPTIMIZERS
from gdviz.ui import widgets
from gdviz.ui.form import Form, Group, draw_entry, preset_control
from gdviz.ui.kept import Kept

STUDY = Kept(
    "study",
    Study,
    view=("view", "layer", "quantity", "cures", "training_cures", "recurrent_cures"),
    prefix="network.",
)
"""The study of the session."""

VIEWS = {
    "layers": "Layers",
    "cures": "Cures",
    "chaos": "Order and chaos",
    "inside": "Inside a layer",
    "training": "Training",
    "recurrent": "Recurrent",
    "cliff": "The cliff",
}


def show_network(network: Network) -> None:
    """Make all widgets anew, showing another network."""
    study = STUDY.setup
    STUDY.show_again(replace(study, training=replace(study.training, network=network)))


def reset() -> None:
    """Go back to what the page opens with, in the same view."""
    for name in STUDY.view:
        if name != "view":
            STUDY.look_at(name)
    STUDY.reset()


def view_control() -> str:
    """The part of the page that is shown, and alone computed."""
    asked = (STUDY.looked_at("view") or [""])[0]
    key = STUDY.key("view")
    first = widgets.first_value(key, asked if asked in VIEWS else "layers")
    chosen = st.segmented_control(
        "Show", list(VIEWS), default=first, format_func=VIEWS.__getitem__, key=key, required=True
    )
    view = str(chosen or first)
    STUDY.look_at("view", view)
    return view


def study_controls(box: DeltaGenerator, row: DeltaGenerator, view: str) -> Study:
    """The controls that the view depends on; the study that they, and those not shown, describe.

    Args:
        box: Where they stand, in groups.
        row: Where those stand that matter most.
        view: What the page shows.
    """
    study = STUDY.setup
    presets = box.container()
    box.button("Reset", on_click=reset, key="network.reset", help="Back to what the page opens with.")
    exact = box.toggle("Exact numbers", key="network.exact", help="Number fields in place of sliders.")
    if view == "recurrent":
        box.markdown("**Network**")
        form = Form(study.recurrent, STUDY.key, exact, _beside(box, "cell"), knobs="recurrent.")
        changed = replace(study, recurrent=_drawn(form, box, row, ("cell", "units", "steps"), _RECURRENT))
        _recurrent_preset_control(presets, changed)
    elif view == "cliff":
        form = Form(study.cliff, STUDY.key, exact, knobs="cliff.", parts="cliff_")
        form.draw(row, [("", ("optimizer", "clip"))], without=[knob.name for knob in CliffRuns.knobs()])
        form.draw_headed(box, _CLIFF)
        changed = replace(study, cliff=replace(study.cliff, **form.draw(box, [("", ())])))
    else:
        training = _training_controls(box, study.training, exact) if view == "training" else study.training
        box.markdown("**Network**")
        form = Form(study.network, STUDY.key, exact, _beside(box, "activation", "initializer"), knobs="network.")
        network = _drawn(form, box, row, ("depth", "width", "activation", "initializer"), _NETWORK)
        changed = replace(study, training=replace(training, network=network))
        _network_preset_control(presets, network)
    return changed


_NETWORK: tuple[Group, ...] = (
    ("", ("normalization", "residual", "weight_scale", "bias_scale")),
    ("Data", ("inputs", "loss", "batch_size")),
    ("Repetition", ("seeds", "seed")),
)
_RECURRENT: tuple[Group, ...] = (
    ("", ("spectral_radius", "recurrent_initializer")),
    ("Data", ("features", "input_scale", "batch_size")),
    ("Repetition", ("seeds", "seed")),
)
_CLIFF: tuple[Group, ...] = (("Where it starts", ("start_w", "start_b")), ("How long", ("sequence", "steps")))
_TRAINING: tuple[Group, ...] = (
    ("Training", ("optimizer", "schedule", "steps", "samples")),
    ("Limits", ("clip", "weight_clip")),
)


def _drawn(form: Form, box: DeltaGenerator, row: DeltaGenerator, first: Sequence[str], groups: Sequence[Group]) -> Any:
    """The setup of a form: the fields that matter most in a row, the others in groups."""
    form.draw(row, [("", first)], without=list(form.fields))
    form.draw(box, groups[:1], without=list(form.fields))
    form.draw_headed(box, groups[1:])
    return replace(form.setup, **form.draw(box, [("", ())]))


def _beside(box: DeltaGenerator, *names: str) -> dict[str, Any]:
    """How fields are drawn whose entries have their hyperparameters elsewhere than their select boxes."""

    def draw(name: str, form: Form, place: DeltaGenerator) -> Any:
        field = form.fields[name]
        assert isinstance(field, Part)
        return draw_entry(place, field, form.key_of(name), getattr(form.setup, name), form.exact, panel=box)

    return {name: partial(draw, name) for name in names}


def _training_controls(box: DeltaGenerator, current: Training, exact: bool) -> Training:
    form = Form(current, STUDY.key, exact, {"optimizer": _optimizer_control}, knobs="training.")
    form.draw_headed(box, _TRAINING)
    values = form.draw(box, [("", ())], without=["network"])
    schedule = values["schedule"].starting_at(values["optimizer"].learning_rate)
    return replace(current, **{**values, "schedule": schedule})


def _optimizer_control(form: Form, box: DeltaGenerator) -> Any:
    """Only the rules that take one gradient a step can train a network here."""
    field = form.fields["optimizer"]
    assert isinstance(field, Part)
    rules = {name: rule for name, rule in OPTIMIZERS.items() if not rule.asks}
    return draw_entry(box, field, form.key_of("optimizer"), form.setup.optimizer, form.exact, among=rules)


def _network_preset_control(box: DeltaGenerator, network: Network) -> None:
    presets = {name: preset.network for name, preset in gradflow.PRESETS.items()}
    labels = {name: preset.label for name, preset in gradflow.PRESETS.items()}
    chosen = preset_control(box, STUDY, "preset", presets, labels, network, show_network)
    if chosen:
        box.caption(gradflow.PRESETS[chosen].lesson)


def _recurrent_preset_control(box: DeltaGenerator, study: Study) -> None:
    presets = gradflow.RECURRENT_PRESETS
    labels = {name: gradflow.recurrent_label(setup) for name, setup in presets.items()}

    def show(recurrent: Recurrent) -> None:
        STUDY.show_again(replace(study, recurrent=recurrent))

    preset_control(box, STUDY, "preset", presets, labels, study.recurrent, show)
