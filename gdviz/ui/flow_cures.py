"""The choice among cures on the Gradient flow page."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from gdviz.gradflow import Cure, Network, TrainingCure
from gdviz.ui import widgets
from gdviz.ui.flow_runs import Tried
from gdviz.ui.network import STUDY

MOST_CURES = 7
AS_IT_IS = "as it is"
"""What the network is called that others are compared with."""
UNTRIED = "None of these was tried: for a network of this size, that takes too long."


def called(cure: Cure | TrainingCure) -> str:
    """What a change is called: the control's label, and what is chosen there."""
    fields = {field.name: field.label for field in Network.declared()}
    return f"{fields[cure.changes]}: {cure.label}" if cure.changes in fields else cure.label


def why_none(tried: Tried | None) -> str:
    """Why no cure is chosen by itself."""
    if tried is None:
        return UNTRIED
    return "No change alone cures this." if tried.needed else "There is nothing to cure: choose a change to see it."


def choose(
    name: str,
    options: list[str],
    first: list[str],
    said: str,
    why: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[str]:
    """A choice among cures, the most effective one first; at first those of the link, or ``first``.

    Args:
        name: The choice's name among what is looked at.
        options: The names of the cures.
        first: Those that are chosen at first.
        said: What is said where that is none.
        why: A sentence on each.
        labels: What each is called, where that is not its name.
    """
    shown: Mapping[str, str] = labels or {option: option for option in options}
    asked = [option for option in STUDY.looked_at(name) if option in options] or first
    # The options follow from other controls: when they change, it is another widget.
    box_key = STUDY.key(f"{name}.{'|'.join(options)}")
    chosen = st.multiselect(
        "Compare with one change each",
        options,
        default=widgets.first_value(box_key, asked),
        format_func=shown.__getitem__,
        max_selections=MOST_CURES,
        key=box_key,
        placeholder="Choose changes",
    )
    STUDY.look_at(name, *chosen)
    if not first:
        st.caption(said)
    if why and chosen:
        st.caption("  \n".join(f"**{shown[option]}**: {why[option]}" for option in chosen))
    return list(chosen)


def use_buttons(chosen: Sequence[str], use: Callable[[str], None], labels: Mapping[str, str] | None = None) -> None:
    """A button for each cure that is chosen, which takes it over."""
    with st.container(horizontal=True):
        for name in chosen:
            st.button(f"Use {labels[name] if labels else name}", on_click=use, args=(name,))
