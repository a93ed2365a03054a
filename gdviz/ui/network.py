"""The controls of a deep network, and how it is kept: in the session, and in the address bar."""

from functools import lru_cache
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz import gradflow
from gdviz.gradflow import GradientFlow, Network
from gdviz.gradflow.links import DEFAULT, from_link, to_link
from gdviz.ui import widgets

_LABELS = {
    "activation": "Activation",
    "initializer": "Initialiser",
    "normalization": "Normalisation",
    "residual": "Residual connections",
    "inputs": "Input",
    "loss": "Loss",
}


@lru_cache(maxsize=32)
def measured(network: Network) -> GradientFlow:
    """The measurement of a network, kept for when it is asked for again."""
    return gradflow.measure(network)


def kept_network() -> Network:
    """The session's network; at first, the one that the address bar describes."""
    if "network" not in st.session_state:
        fields = {name: st.query_params.get_all(name) for name in st.query_params}
        st.session_state["network"], st.session_state["network_notes"] = from_link(fields)
    network: Network = st.session_state["network"]
    return network


def notes() -> list[str]:
    """What could not be read of the link that the session began with."""
    found: list[str] = st.session_state.get("network_notes", [])
    return found


def keep(network: Network) -> None:
    """Remember the network, and write it into the address bar."""
    st.session_state["network"] = network
    link: dict[str, str | list[str]] = dict(to_link(network))
    if {name: st.query_params.get_all(name) for name in st.query_params} != link:
        st.query_params.from_dict(link)


def show_again(network: Network = DEFAULT) -> None:
    """Make all widgets anew, showing ``network``: widgets with other keys are other widgets."""
    st.session_state["network"] = network
    st.session_state["network_generation"] = st.session_state.get("network_generation", 0) + 1
    st.session_state["network_notes"] = []


def preset_controls(box: DeltaGenerator) -> None:
    """A select box of named networks, and a button that takes the chosen one over."""
    names = list(gradflow.PRESETS)
    chosen = box.selectbox("Preset", names, format_func=lambda name: gradflow.PRESETS[name].label, key="network.preset")
    box.caption(gradflow.PRESETS[chosen].lesson)
    box.button("Use this preset", on_click=show_again, args=(gradflow.PRESETS[chosen].network,), key="network.use")


def network_controls(box: DeltaGenerator) -> Network:
    """All controls; the network that they describe. Before they are touched, that is the one kept."""
    current = kept_network()
    exact = box.toggle("Exact numbers", key="network.exact", help="Number fields in place of sliders.")
    prefix = f"network.{st.session_state.get('network_generation', 0)}"
    values: dict[str, Any] = {}
    for name, catalogue in Network.parts().items():
        entry = getattr(current, name)
        key = f"{prefix}.{name}"
        chosen = widgets.select(box, _LABELS[name], catalogue, key, entry.name)
        before = entry.values() if chosen == entry.name else {}
        values[name] = widgets.entry(box, catalogue, chosen, key, before, exact)
    for knob in Network.knobs():
        before = current.values()[knob.name]
        values[knob.name] = widgets.number(box, knob, f"{prefix}.{knob.name}", before, exact)
    return Network(**values)
