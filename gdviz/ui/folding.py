"""Expanders whose contents are made when somebody opens them: closed, they cost a change of the page nearly nothing."""

from typing import Any

import streamlit as st


def unfolded(label: str, key: str, at: Any = st) -> Any:
    """An expander, closed at first.

    Args:
        label: What it says. It may change while it is closed; what is in it would be built anew, and lose the focus.
        key: Its name on this page.
        at: Where it stands.

    Returns:
        Where its contents go; None while it is closed. Where no browser is, as in AppTest, nobody could open it: there
        the contents are always made.
    """
    if "Host" not in st.context.headers:
        return at.expander(label, key=f"unfolded.{key}")
    name = f"unfolded.{key}"
    panel = at.expander(label, expanded=bool(st.session_state.get(name, False)), key=name, on_change="rerun")
    return panel if panel.open else None
