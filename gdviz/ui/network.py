"""The controls of the Gradient flow page."""

from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz import gradflow
from gdviz.catalogue import Part
from gdviz.gradflow import Network, Recurrent, Training
from gdviz.gradflow.study import Study
from gdviz.optimizers import OPTIMIZERS
from gdviz.ui import widgets
from gdviz.ui.form import Form, draw_entry, preset_control
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


def study_controls(box: DeltaGenerator, view: str) -> Study:
    """The controls that the view depends on; the study that they, and those not shown, describe."""
    study = STUDY.setup
    presets = box.container()
    box.button("Reset", on_click=reset, key="network.reset", help="Back to what the page opens with.")
    exact = box.toggle("Exact numbers", key="network.exact", help="Number fields in place of sliders.")
    if view == "recurrent":
        changed = replace(study, recurrent=_drawn(box, study.recurrent, exact, "recurrent."))
        _recurrent_preset_control(presets, changed)
    elif view == "cliff":
        changed = replace(study, cliff=_drawn(box, study.cliff, exact, "cliff.", "cliff_"))
    else:
        training = _training_controls(box, study.training, exact) if view == "training" else study.training
        network = _drawn(box, study.network, exact, "network.")
        changed = replace(study, training=replace(training, network=network))
        _network_preset_control(presets, network)
    return changed


def _drawn(box: DeltaGenerator, current: Any, exact: bool, knobs: str, parts: str = "") -> Any:
    """The parts of a setup, and below them its own hyperparameters."""
    form = Form(current, STUDY.key, exact, knobs=knobs, parts=parts)
    return replace(current, **form.draw(box, [("", tuple(current.parts()))]))


def _training_controls(box: DeltaGenerator, current: Training, exact: bool) -> Training:
    form = Form(current, STUDY.key, exact, {"optimizer": _optimizer_control}, knobs="training.")
    values = form.draw(box, [("", tuple(current.parts()))], without=["network"])
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
