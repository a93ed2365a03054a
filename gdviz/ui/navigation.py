"""The pages of the app."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

ASSETS = Path(__file__).parent / "assets"


START = "Start"
PAGES = (START, "Descent", "Sweeps", "Gradient flow", "Choose", "Live training", "Runs", "Reference")
"""The titles of the pages, in the order of the navigation."""
LIVE = (START, "Descent")
"""The titles of those whose first picture is a live figure."""
_FILES = {"Live training": "training"}


def navigate() -> StreamlitPage:
    """Set the app up, and return the page that was asked for."""
    # Served by the app itself. An emoji or a named icon would be fetched from a server on the internet.
    st.set_page_config(page_title="gdviz", page_icon=str(ASSETS / "favicon.png"), layout="wide")
    st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "mark.svg"), size="large")
    st.session_state["navigated"] = True
    page = st.navigation([st.Page(file_of(title), title=title, default=title == START) for title in PAGES])
    if st.session_state.get("page") != page.url_path:
        st.session_state["page"], st.session_state["arrived"] = page.url_path, True
    return page


def go(title: str, fields: Mapping[str, str | list[str]]) -> NoReturn:
    """Go to what the fields of a page's address describe, also where that is the page at hand."""
    st.session_state["arrived"] = True
    st.switch_page(file_of(title), query_params=dict(fields))


def file_of(title: str) -> str:
    """The file of a page.

    >>> file_of("Gradient flow")
    'pages/gradient_flow.py'
    """
    return f"pages/{_FILES.get(title, title.lower().replace(' ', '_'))}.py"


def link_to(title: str, label: str, fields: Mapping[str, str | list[str]] | None = None) -> None:
    """A link to a page, or to what the fields of its address describe. A page that runs by itself has none."""
    if st.session_state.get("navigated"):
        st.page_link(file_of(title), label=label, query_params=dict(fields or {}))
    else:
        st.markdown(label)


def begin_page() -> None:
    """Begin a page. Opened by its own address on a server that has not run app.py yet, Streamlit runs the page's file
    by itself, without the app around it: then this sets the app up, and the page begins again.
    """
    if not st.session_state.get("navigated") and "Host" in st.context.headers:
        navigate()
        st.rerun()
