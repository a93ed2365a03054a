"""The parts of the Reference page: cards with small pictures, and one entry in full with a figure to touch."""

import base64
from functools import lru_cache

import numpy as np
import streamlit as st

from gdviz.catalogue import Entry
from gdviz.charts.background import thumbnail
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.comparing.evidence import evidence
from gdviz.descent import Trajectory, descend
from gdviz.descent.experiment import Experiment
from gdviz.export import advice, reference
from gdviz.landscapes import LANDSCAPES, Landscape
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES, Schedule
from gdviz.ui.charts import is_dark
from gdviz.ui.inspector import one_below_another
from gdviz.ui.live import show_live
from gdviz.ui.navigation import link_to

GROUND = "himmelblau"
"""The landscape on which rules and schedules are shown."""
_STEPS = 120
_WIDTH, _HEIGHT = 160, 96


def show_cards(entries: list[type[Entry]], columns: int) -> None:
    """A card for each entry: a small picture, its name, which leads to it, and what it is in a sentence."""
    for begin in range(0, len(entries), columns):
        for box, entry in zip(st.columns(columns), entries[begin : begin + columns], strict=False):
            with box.container(border=True, height="stretch"):
                if drawn := picture(entry.name, is_dark()):
                    st.html(drawn)
                link_to("Reference", f"**{entry.label}**", {"entry": entry.name})
                st.caption(entry.summary())


def show_entry(entry: type[Entry]) -> None:
    """An entry in full."""
    st.subheader(entry.label)
    example = example_of(entry)
    if example is not None:
        show_live(example.run(), f"reference.{entry.name}", lambda chosen: None)
    st.latex(one_below_another(entry.formula))
    st.text(reference.explanation(entry))
    if entry.name in OPTIMIZERS:
        show_advice(entry.name)
    st.markdown(reference.hyperparameters(entry))
    st.markdown(f"**Name in links and code** `{entry.name}`")
    st.markdown(f"**Checked against** {reference.provenance(entry)}.")
    if entry.source:
        st.markdown(f"**Source** <{entry.source}>")
    if example is not None:
        link_to("Descent", "Open on Descent", example.to_link())


def show_advice(rule: str) -> None:
    """When to use a rule, and when not: what the study on landscapes found, and what the rule needs."""
    known = evidence()
    left, right = st.columns(2)
    for box, title, found in (
        (left, "Use it when", advice.use_when(rule)),
        (right, "Not when", advice.not_when(rule)),
    ):
        with box.container(border=True, height="stretch"):
            st.markdown("\n".join([f"**{title}**", "", *(f"- {line}" for line in found or ["nothing stands out"])]))
    if rule in known.optimizers:
        st.caption(
            f"Of {len(known.optimizers)} rules on {len(known.landscapes)} landscapes with a known minimum, each from "
            "256 random starts, at the best of 24 learning rates, in at most 300 steps. The study stands on Choose."
        )
    else:
        st.caption(
            "The study on landscapes of the Choose page does not have this rule: it asks for more than gradients."
        )


def example_of(entry: type[Entry]) -> Experiment | None:
    """An experiment that shows an entry at work; None for an entry that no run shows.

    >>> example_of(OPTIMIZERS["adam"]).optimizers[0].name
    'adam'
    """
    if issubclass(entry, Landscape):
        return Experiment(landscape=entry())
    if issubclass(entry, Optimizer):
        return Experiment(landscape=LANDSCAPES.make(GROUND), optimizers=(suited(entry.name),), steps=_STEPS)
    plain = (OPTIMIZERS.make("gradient_descent", learning_rate=0.01),)
    if issubclass(entry, Schedule):
        return Experiment(optimizers=plain, schedule=SCHEDULES.make(entry.name))
    if issubclass(entry, Clipper):
        return Experiment(optimizers=plain, clip=CLIPPERS.make(entry.name))
    return None


@lru_cache(maxsize=128)
def suited(rule: str) -> Optimizer:
    """An optimizer at the learning rate that the study on landscapes chose on ``GROUND``; where it did not study it, of
    four a decade, the one that leads to the lowest loss.
    """
    if (known := evidence().suited(rule, GROUND)) is not None:
        return OPTIMIZERS.make(rule, learning_rate=float(f"{known:.2g}"))
    rates = 10.0 ** np.arange(-4, 1.01, 0.25)
    ends = [float(descend(GROUND, rule, float(rate), steps=_STEPS).loss[-1]) for rate in rates]
    return OPTIMIZERS.make(rule, learning_rate=float(f"{rates[int(np.nanargmin(ends))]:.2g}"))


@lru_cache(maxsize=256)
def picture(name: str, dark: bool) -> str:
    """A small picture of an entry as HTML; empty where there is none."""
    theme = DARK_THEME if dark else LIGHT_THEME
    if name in LANDSCAPES:
        return _image(thumbnail(LANDSCAPES.make(name), theme), f"{LANDSCAPES[name].label} seen from above")
    if name in OPTIMIZERS:
        rule = suited(name)
        run = descend(GROUND, rule, steps=_STEPS)
        return _svg(_path(run), theme.runs[0], f"{rule.label} on Himmelblau's function, {_STEPS} steps")
    if name in SCHEDULES:
        rates = np.asarray(SCHEDULES.make(name)(np.arange(300)), float)
        points = np.column_stack([np.linspace(0, 1, 300), 1 - rates / max(rates.max(), 1e-12)])
        return _svg(points, theme.runs[1], f"{SCHEDULES[name].label}: the learning rate over 300 steps")
    return ""


def _path(run: Trajectory) -> np.ndarray:
    """The positions of a run in a unit square that they fill."""
    low, high = run.theta.min(axis=0), run.theta.max(axis=0)
    points = (run.theta - low) / np.maximum(high - low, 1e-9)
    return np.column_stack([points[:, 0], 1 - points[:, 1]])


def _svg(points: np.ndarray, colour: str, words: str) -> str:
    drawn = " ".join(f"{8 + (_WIDTH - 16) * x:.1f},{8 + (_HEIGHT - 16) * y:.1f}" for x, y in points)
    x, y = drawn.rsplit(" ", 1)[-1].split(",")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>'
        f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/></svg>'
    )
    return _image("data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode(), words)


def _image(url: str, words: str) -> str:
    style = f"width:100%;aspect-ratio:{_WIDTH}/{_HEIGHT};object-fit:cover"
    return f'<img src="{url}" alt="{words}" style="{style}"/>'
