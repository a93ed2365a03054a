"""The part of the Choose page that puts the question to landscapes."""

import streamlit as st

from gdviz.charts import comparing_landscapes as charts
from gdviz.charts.palette import MOST_RUNS
from gdviz.comparing.landscapes import TARGETS, Study, study, sweeping
from gdviz.landscapes.base import TAGS
from gdviz.optimizers import OPTIMIZERS
from gdviz.ui.charts import is_dark, show
from gdviz.ui.text import plain

_ALL = "all landscapes"
_KINDS = {_ALL: None, **{tag: tag for tag in TAGS}, "not convex": "not convex"}
_FIRST = ("gradient_descent", "momentum", "nesterov", "rmsprop", "adam")
VIEWS = ("Map", "Runtime distributions", "Performance profiles")


@st.cache_resource(show_spinner=False, max_entries=1)
def _studied() -> dict[str, Study]:
    """The study, once it is complete: it has no settings, so that one serves everybody."""
    return {}


def landscapes(width: int) -> None:
    """The study: a button that begins it, its pictures while it grows, the advice put to the test."""
    st.markdown(
        f"{len(sweeping())} rules on every formula with a known minimum, from 256 random starts. Each chooses among 24 "
        "learning rates on one half of the starts and is judged on the other."
    )
    known = _studied()
    if "study" not in known:
        if not st.button("Compare", type="primary", key="choose.study"):
            st.caption("Half a minute or less on two idle cores; the picture grows meanwhile.")
            return
        bar, place = st.empty(), st.empty()
        for found in study():
            bar.progress(found.done, f"{found.done:.0%} of the pairs")
            show(charts.cost_map(found, width=width, dark=is_dark()), "choose.study.growing", at=place)
        known["study"] = found
        st.rerun()
    pictures(known["study"], width)


def pictures(found: Study, width: int) -> None:
    """The findings of the study."""
    st.info(plain(found.advice, 1500))
    left, right = st.columns(2)
    kind = left.selectbox(
        "Landscapes", list(_KINDS), key="choose.kind", help="; ".join(f"{k}: {v}" for k, v in TAGS.items())
    )
    view = right.segmented_control("Show", VIEWS, default=VIEWS[0], key="choose.study.view") or VIEWS[0]
    tag = _KINDS[kind]
    if view == "Map":
        figure = charts.cost_map(found, tag=tag, width=width, dark=is_dark())
    else:
        rules = st.multiselect(
            "Rules",
            found.optimizers,
            [name for name in _FIRST if name in found.optimizers],
            format_func=lambda name: OPTIMIZERS[name].label,
            max_selections=MOST_RUNS,
            key="choose.rules",
        )
        draw = charts.distributions if view == VIEWS[1] else charts.profiles
        figure = draw(found, rules, tag=tag, width=width, dark=is_dark())
    show(figure, f"choose.study.{view}")
    st.caption(_CAPTIONS[view])
    with st.expander("The chart in words"):
        st.markdown(plain(figure.description, 4000))


_CAPTIONS = {
    "Map": "Median evaluations of the gradient until a run stays at the global minimum, at the rule's own best "
    "learning rate. Grey: fewer than half of the runs get there within 300 steps. The rule that solves most is on top.",
    "Runtime distributions": "The share of all runs and targets that are reached within so many evaluations, as COCO "
    f"draws it: {len(TARGETS)} targets for each landscape, from the median height of the starts above the minimum down "
    "to a millionth of it.",
    "Performance profiles": "How often a rule's expected cost is within so many times that of the best of all "
    "rules there (Dolan and Moré).",
}
