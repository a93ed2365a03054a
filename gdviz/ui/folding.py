"""Expanders whose contents are made when somebody opens them: closed, they cost a change of the page nearly nothing."""

from typing import Any

import streamlit as st


def unfolded(label: str, key: str, at: Any = st, detail: str = "") -> Any:
    """An expander, closed at first.

    Args:
        label: What it says. If it changes, the expander is another one, and what is in it is built anew.
        key: Its name on this page.
        at: Where it stands.
        detail: What it says besides while it is closed. This may change.

    Returns:
        Where its contents go; None while it is closed. Where no browser is, as in AppTest, nobody could open it: there
        the contents are always made.
    """
    if "Host" not in st.context.headers:
        return at.expander(f"{label}{detail}", key=f"unfolded.{key}")
    name = f"unfolded.{key}"
    opened = bool(st.session_state.get(name, False))
    panel = at.expander(label if opened else f"{label}{detail}", expanded=opened, key=name, on_change="rerun")
    return panel if panel.open else None
