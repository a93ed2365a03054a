"""The parts of the Reference page: cards with small figures that move, and one entry in full with a figure to touch."""

from functools import lru_cache

import numpy as np
import streamlit as st

from gdviz.catalogue import Entry
from gdviz.charts.background import thumbnail
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME, Theme
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
from gdviz.ui.moving import CARD, HEIGHT, STYLE, WIDTH, moving
from gdviz.ui.navigation import link_to

GROUND = "himmelblau"
"""The landscape on which rules and schedules are shown."""
_STEPS = 120
_RUNNER = "momentum"
"""The rule that runs on the landscapes' cards."""
_RATES = 10.0 ** np.arange(-6, 1.01, 0.5)


def show_cards(entries: list[type[Entry]], columns: int) -> None:
    """A card for each entry: a small figure that moves, its name, which leads to it, and what it is in a sentence."""
    st.html(STYLE)
    for begin in range(0, len(entries), columns):
        for box, entry in zip(st.columns(columns), entries[begin : begin + columns], strict=False):
            with box.container(border=True, height="stretch", key=f"{CARD}{entry.name}"):
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
            f"Places, shares and decades are from formulas of two variables, not from training networks: "
            f"{len(known.optimizers)} rules on {len(known.landscapes)} landscapes with a known minimum, each from 256 "
            "random starts, at the best of 24 learning rates, in at most 300 steps. The study, and how to put your own "
            "model to the test, stand on Choose."
        )
    elif OPTIMIZERS[rule].ascends:
        st.caption("The study on landscapes of the Choose page does not have this rule: it looks for maxima.")
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
    """A small figure of an entry as HTML; empty where there is none."""
    theme = DARK_THEME if dark else LIGHT_THEME
    if name in LANDSCAPES:
        return _on_landscape(LANDSCAPES.make(name), theme)
    if name in OPTIMIZERS:
        rule = suited(name)
        run = descend(GROUND, rule, steps=_STEPS)
        words = f"{rule.label} on Himmelblau's function, {_STEPS} steps"
        return moving(_filling(run.theta * [1, -1]), theme.runs[0], words)
    if name in SCHEDULES:
        rates = np.asarray(SCHEDULES.make(name)(np.arange(300)), float)
        shares = np.column_stack([np.linspace(0, 1, 100), 1 - rates[::3] / max(rates.max(), 1e-12)])
        words = f"{SCHEDULES[name].label}: the learning rate over 300 steps"
        return moving(_placed(shares), theme.runs[1], words)
    return ""


def _on_landscape(landscape: Landscape, theme: Theme) -> str:
    """A landscape from above, and a run on it."""
    low, high = np.array(landscape.domain).T
    places = (_run_on(landscape.name).theta - low) / (high - low)
    places = np.clip(places[np.isfinite(places).all(axis=1)], -9, 9)
    points = np.column_stack([WIDTH * places[:, 0], WIDTH * (1 - places[:, 1]) - (WIDTH - HEIGHT) / 2])
    words = f"{landscape.label} seen from above, and a run of {OPTIMIZERS[_RUNNER].label.lower()}"
    return moving(points, theme.runs[0], words, thumbnail(landscape, theme))


@lru_cache(maxsize=64)
def _run_on(landscape: str) -> Trajectory:
    """A run of momentum from where the landscape's runs start: of two rates a decade, the one that stays in the picture
    and leads to the lowest loss.
    """
    low, high = np.array(LANDSCAPES.make(landscape).domain).T

    def rank(run: Trajectory) -> tuple[bool, float]:
        outside = not ((run.theta >= low) & (run.theta <= high)).all()
        return outside, float(np.nan_to_num(run.loss[-1], nan=np.inf))

    return min((descend(landscape, _RUNNER, float(rate), steps=_STEPS) for rate in _RATES), key=rank)


def _filling(points: np.ndarray) -> np.ndarray:
    """Points, so that they fill a figure."""
    low, high = points.min(axis=0), points.max(axis=0)
    return _placed((points - low) / np.maximum(high - low, 1e-9))


def _placed(shares: np.ndarray) -> np.ndarray:
    """Points of a unit square in a figure, inside a margin."""
    placed: np.ndarray = 8 + np.array([WIDTH - 16, HEIGHT - 16]) * shares
    return placed
