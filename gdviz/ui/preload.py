"""Getting modules and workers ready before anybody asks for them."""

import gc
import sys
import threading
from importlib import import_module
from pathlib import Path

import streamlit as st

_DELAY_SECONDS = 1.5
"""After a page was sent, so that the browser has drawn it before the worker's process takes a core for itself."""
STATIC = Path(__file__).parents[2] / "static"
"""The folder that Streamlit serves as ``app/static``."""
_MANY_MODULES = 50
_begun = threading.Event()
_frozen = {"modules": 0}


def import_soon(*modules: str) -> None:
    """Import modules in the background."""
    threading.Thread(target=lambda: [import_module(name) for name in modules], daemon=True).start()


def live_files() -> list[str]:
    """The names of the live figure's files under ``app/static``, as far as they are there.

    The newest, whatever they hold: to know what belongs there, all that makes a figure would have to be imported.
    """
    found = (list(STATIC.glob(f"{name}-*.js")) for name in ("gdviz", "vega"))
    return [max(files, key=lambda file: file.stat().st_mtime).name for files in found if files]


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
    from gdviz.ui.training import starting_jobs

    starting_jobs()


def freeze_imports() -> None:
    """Take what modules left behind out of garbage collection, when a run of a page has imported many.

    Functions, classes and tables stay as long as the process does: a collection that passes over them, ten thousands
    of objects for each library, finds nothing and holds up every visitor. The objects of the visitors who are there at
    that moment are taken out too; nearly all go when their last reference goes, and it happens a few times in all.
    """
    if "Host" in st.context.headers and len(sys.modules) >= _frozen["modules"] + _MANY_MODULES:
        gc.collect()
        gc.freeze()
        _frozen["modules"] = len(sys.modules)
