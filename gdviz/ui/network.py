"""The controls of the Gradient flow page, and how they are kept: in the session, and in the address bar."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz import gradflow
from gdviz.catalogue import Catalogue, Entry
from gdviz.clipping import CLIPPERS
from gdviz.gradflow import CELLS, Network, Recurrent, Training
from gdviz.gradflow.cliff import CliffRuns
from gdviz.gradflow.links import Study, study_from_link, study_to_link
from gdviz.optimizers import OPTIMIZERS
from gdviz.schedules import SCHEDULES
from gdviz.ui import widgets
from gdviz.ui.controls import clip_controls

VIEWS = {
    "layers": "Layers",
    "cures": "Cures",
    "chaos": "Order and chaos",
    "inside": "Inside a layer",
    "training": "Training",
    "recurrent": "Recurrent",
    "cliff": "The cliff",
}
_LABELS = {
    "activation": "Activation",
    "initializer": "Initialiser",
    "normalization": "Normalisation",
    "residual": "Residual connections",
    "inputs": "Input",
    "loss": "Loss",
}
_SHOWN = ("view", "layer", "quantity", "cures", "training_cures", "recurrent_cures")
"""Fields of a link that say what is looked at, not what is computed."""


# What is kept -------------------------------------------------------------------------------------------------------


def kept_study() -> Study:
    """The session's study; at first, the one that the address bar describes."""
    if "study" not in st.session_state:
        fields = {name: st.query_params.get_all(name) for name in st.query_params}
        st.session_state["study"], st.session_state["study_notes"] = study_from_link(fields)
        st.session_state["shown"] = {name: fields[name] for name in _SHOWN if name in fields}
    study: Study = st.session_state["study"]
    return study


def notes() -> list[str]:
    """What could not be read of the link that the session began with."""
    found: list[str] = st.session_state.get("study_notes", [])
    return found


def shown(name: str) -> list[str]:
    """What the session last said about one of the fields that say what is looked at."""
    kept_study()
    values: list[str] = st.session_state["shown"].get(name, [])
    return values


def look_at(name: str, *values: object) -> None:
    """Remember what is looked at."""
    st.session_state["shown"][name] = [str(value) for value in values]


def keep(study: Study) -> None:
    """Remember the study, and write it and what is looked at into the address bar."""
    st.session_state["study"] = study
    looked_at = {name: values for name, values in st.session_state["shown"].items() if values}
    link: dict[str, str | list[str]] = {**study_to_link(study), **looked_at}
    if {name: st.query_params.get_all(name) for name in st.query_params} != link:
        st.query_params.from_dict(link)


def show_again(study: Study) -> None:
    """Make all widgets anew, showing ``study``: widgets with other keys are other widgets."""
    st.session_state["study"] = study
    st.session_state["study_generation"] = _generation() + 1
    st.session_state["study_notes"] = []


def show_network(network: Network) -> None:
    """Make all widgets anew, showing another network."""
    study = kept_study()
    show_again(replace(study, training=replace(study.training, network=network)))


def reset() -> None:
    """Go back to what the page opens with, in the same view."""
    st.session_state["shown"] = {"view": shown("view")}
    show_again(Study())


def key(name: str) -> str:
    """A widget's key: another one when all widgets are made anew."""
    return f"network.{_generation()}.{name}"


def _generation() -> int:
    number: int = st.session_state.get("study_generation", 0)
    return number


# Controls -----------------------------------------------------------------------------------------------------------


def view_control() -> str:
    """Which part of the page is shown, and alone computed."""
    asked = (shown("view") or [""])[0]
    first = widgets.first_value("network.view", asked if asked in VIEWS else "layers")
    chosen = st.segmented_control(
        "Show", list(VIEWS), default=first, format_func=VIEWS.__getitem__, key="network.view", required=True
    )
    view = str(chosen or first)
    look_at("view", view)
    return view


def study_controls(box: DeltaGenerator, view: str) -> Study:
    """The controls that the view depends on; the study that they, and those not shown, describe."""
    study = kept_study()
    presets = box.container()
    box.button("Reset", on_click=reset, key="network.reset", help="Back to what the page opens with.")
    exact = box.toggle("Exact numbers", key="network.exact", help="Number fields in place of sliders.")
    if view == "recurrent":
        changed = replace(study, recurrent=_recurrent_controls(box, study.recurrent, exact))
        _recurrent_preset_control(presets, changed)
    elif view == "cliff":
        changed = replace(study, cliff=_cliff_controls(box, study.cliff, exact))
    else:
        training = _training_controls(box, study.training, exact) if view == "training" else study.training
        network = _network_controls(box, study.network, exact)
        changed = replace(study, training=replace(training, network=network))
        _network_preset_control(presets, network)
    return changed


def _network_preset_control(box: DeltaGenerator, network: Network) -> None:
    presets = {name: preset.network for name, preset in gradflow.PRESETS.items()}
    labels = {name: preset.label for name, preset in gradflow.PRESETS.items()}
    chosen = _preset_control(box, presets, labels, network, show_network)
    if chosen:
        box.caption(gradflow.PRESETS[chosen].lesson)


def _recurrent_preset_control(box: DeltaGenerator, study: Study) -> None:
    presets = gradflow.RECURRENT_PRESETS
    labels = {name: gradflow.recurrent_label(setup) for name, setup in presets.items()}
    _preset_control(box, presets, labels, study.recurrent, lambda setup: show_again(replace(study, recurrent=setup)))


def _preset_control(
    box: DeltaGenerator,
    presets: Mapping[str, Any],
    labels: Mapping[str, str],
    current: object,
    use: Callable[[Any], None],
) -> str | None:
    """A select box that shows the preset that the controls describe, if any, and takes over the one that is chosen."""
    match = next((name for name, preset in presets.items() if preset == current), None)
    # What it shows follows from the other controls: when that changes, it is another widget.
    box_key = key(f"preset.{match}")
    names = list(presets)

    def take_over() -> None:
        if chosen := st.session_state[box_key]:
            use(presets[chosen])

    box.selectbox(
        "Preset",
        names,
        names.index(match) if match else None,
        format_func=labels.__getitem__,
        key=box_key,
        placeholder="None of these",
        on_change=take_over,
    )
    return match


def _network_controls(box: DeltaGenerator, current: Network, exact: bool) -> Network:
    values: dict[str, Any] = {
        name: _entry_controls(box, _LABELS[name], catalogue, name, getattr(current, name), exact)
        for name, catalogue in Network.parts().items()
    }
    return Network(**values, **_numbers(box, "network", current, exact))


def _training_controls(box: DeltaGenerator, current: Training, exact: bool) -> Training:
    rules = {name: rule for name, rule in OPTIMIZERS.items() if not rule.asks}
    optimizer = _entry_controls(box, "Optimizer", OPTIMIZERS, "optimizer", current.optimizer, exact, among=rules)
    assert current.schedule is not None  # a Training has made one
    label = "Learning-rate schedule"
    schedule = _entry_controls(
        box, label, SCHEDULES, "schedule", current.schedule, exact, without=("initial_learning_rate",)
    )
    return replace(
        current,
        optimizer=optimizer,
        schedule=schedule.starting_at(optimizer.learning_rate),
        clip=clip_controls(box, key("clip"), current.clip, exact),
        **_numbers(box, "training", current, exact),
    )


def _recurrent_controls(box: DeltaGenerator, current: Recurrent, exact: bool) -> Recurrent:
    cell = _entry_controls(box, "Cell", CELLS, "cell", current.cell, exact)
    return Recurrent(cell=cell, **_numbers(box, "recurrent", current, exact))


def _cliff_controls(box: DeltaGenerator, current: CliffRuns, exact: bool) -> CliffRuns:
    optimizer = _entry_controls(box, "Optimizer", OPTIMIZERS, "cliff_optimizer", current.optimizer, exact)
    clip = _entry_controls(box, "Gradient clipping", CLIPPERS, "cliff_clip", current.clip, exact)
    return CliffRuns(optimizer=optimizer, clip=clip, **_numbers(box, "cliff", current, exact))


def _entry_controls(
    box: DeltaGenerator,
    label: str,
    catalogue: Catalogue[Any],
    name: str,
    current: Entry,
    exact: bool,
    without: tuple[str, ...] = (),
    among: Mapping[str, type[Entry]] | None = None,
) -> Any:
    """A select box over a catalogue, or those of its entries that are ``among`` some, and widgets for the chosen one's
    hyperparameters.
    """
    chosen = widgets.select(box, label, widgets.labels(among or catalogue), key(name), current.name)
    before = current.values() if chosen == current.name else {}
    return widgets.entry(box, catalogue, chosen, key(name), before, exact, without)


def _numbers(box: DeltaGenerator, name: str, current: Entry, exact: bool) -> dict[str, Any]:
    """Widgets for an entry's own hyperparameters. A seed has no order that a slider could show."""
    values = current.values()
    return {
        knob.name: widgets.number(
            box, knob, key(f"{name}.{knob.name}"), values[knob.name], exact or knob.name == "seed"
        )
        for knob in current.knobs()
    }
