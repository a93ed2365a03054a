"""The pages of the app."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage


def navigate() -> StreamlitPage:
    """Set the app up, and return the page that was asked for."""
    # No icons: a page's icon is its browser tab's too, and for that Streamlit asks a server on the internet.
    st.set_page_config(page_title="gdviz", layout="wide")
    st.session_state["navigated"] = True
    return st.navigation(
        [
            st.Page("pages/descent.py", title="Descent", default=True),
            st.Page("pages/sweeps.py", title="Sweeps"),
            st.Page("pages/gradient_flow.py", title="Gradient flow"),
            st.Page("pages/training.py", title="Live training"),
            st.Page("pages/runs.py", title="Runs"),
            st.Page("pages/reference.py", title="Reference"),
        ]
    )


def begin_page() -> None:
    """Begin a page. Opened by its own address on a server that has not run app.py yet, Streamlit runs the page's file
    by itself, without the app around it: then this sets the app up, and the page begins again.
    """
    if not st.session_state.get("navigated") and "Host" in st.context.headers:
        navigate()
        st.rerun()
