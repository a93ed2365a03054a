"""Getting modules and workers ready before anybody asks for them."""

import threading
from importlib import import_module

import streamlit as st

_DELAY_SECONDS = 1.5
"""After a page was sent, so that the browser has drawn it before the worker's process takes a core for itself."""
_begun = threading.Event()


def import_soon(*modules: str) -> None:
    """Import modules in the background."""
    threading.Thread(target=lambda: [import_module(name) for name in modules], daemon=True).start()


def start_jobs_soon() -> None:
    """Once in the life of the app, when its first page has been sent to a browser, start the workers in the background.

    Importing them here would take half a second from the first page; they are imported in the thread.
    """
    if "Host" in st.context.headers and not _begun.is_set():
        _begun.set()
        timer = threading.Timer(_DELAY_SECONDS, _start_jobs)
        timer.daemon = True
        timer.start()


def _start_jobs() -> None:
    from gdviz.ui.training import shared_jobs

    try:
        shared_jobs()
    except RuntimeError:
        return  # the Live training page tries again, and says why it fails
