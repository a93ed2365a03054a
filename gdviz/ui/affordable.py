"""The budget of a page: a computation is refused over it, and ends when its visitor has left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from gdviz.budget import Budget, BusyError, Cost, Purse, setting
from gdviz.catalogue.pauses import between_steps

_LOOK_SECONDS = 0.1


@contextmanager
def affordable(cost: Cost, smaller: str) -> Iterator[None]:
    """Compute something that the page may spend on; otherwise say why not, and end the page here.

    Meanwhile it ends between two steps (layers, columns, steps of time), when the user changes a control or leaves.

    Args:
        cost: What it will take.
        smaller: What is to be made smaller, where that is too much.
    """
    if reason := Budget.from_environment().refusal(cost, smaller):
        st.error(reason)
        st.stop()
    before = between_steps.get()
    between_steps.set(_Others())
    try:
        with _purse().spending(cost.bytes):
            yield
    except BusyError as error:
        st.error(f"{error}")
        st.stop()
    finally:
        between_steps.set(before)


@st.cache_resource(show_spinner=False)
def _purse() -> Purse:
    return Purse(setting("GDVIZ_PAGES_MEMORY", 1024) * 2.0**20)


class _Others:
    """Looks now and then whether the script is to end: Streamlit ends it at a look into the session."""

    def __init__(self) -> None:
        self._looked = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            st.session_state.get("trained")
