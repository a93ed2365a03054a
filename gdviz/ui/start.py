"""The parts of the start page."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.stories import Story, of_page
from gdviz.ui.live import show_live
from gdviz.ui.navigation import file_of, link_to
from gdviz.ui.stories import TITLES


@dataclass(frozen=True)
class Door:
    """A way on from the start page."""

    title: str
    promise: str
    pages: Mapping[str, str]
    """The question that each page answers, by its title."""
    stories: tuple[Story, ...] = ()


DOORS = (
    Door(
        "Understand",
        "One click sets everything up and says what to watch, and why.",
        {},
        of_page("descent")[:6],
    ),
    Door(
        "Explore",
        "Move anything, and the picture follows.",
        {
            "Descent": "Which way do optimizers take, and how fast?",
            "Sweeps": "Where does a learning rate work, and where does it break?",
            "Gradient flow": "Does the gradient reach the first layer?",
        },
    ),
    Door(
        "Decide",
        "Measure on real Keras models, your own table included.",
        {
            "Choose": "Which optimizer for my problem? An answer with evidence.",
            "Live training": "Watch a model learn, and steer it.",
            "Runs": "What made the difference?",
        },
    ),
)


def forward_old_links() -> None:
    """Links of version 0.1 have the Descent page's experiment at the root: they lead to that page."""
    fields = {name: st.query_params.get_all(name) for name in st.query_params}
    if fields:
        st.switch_page(file_of("Descent"), query_params=fields)


def figure() -> None:
    """The experiment that the Descent page opens with, to be touched."""
    experiment: Experiment = st.session_state.setdefault("start.experiment", DEFAULT)
    show_live(experiment.run(), "start.figure")


def show_door(door: Door) -> None:
    """A card with links: to pages, and to stories."""
    st.subheader(door.title)
    st.markdown(door.promise)
    for title, answer in door.pages.items():
        link_to(title, f"**{title}**")
        st.caption(answer)
    for story in door.stories:
        link_to(TITLES[story.page], story.title, story.link)
