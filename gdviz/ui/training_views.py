"""The page's view of a run: its progress, its controls, and its dashboard."""

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import streamlit as st

from gdviz.charts.training import Scale
from gdviz.runs import Run
from gdviz.training.live import By, Live, Pace
from gdviz.ui import widgets
from gdviz.ui.charts import is_dark, show
from gdviz.ui.folding import unfolded
from gdviz.ui.glossary import explained
from gdviz.ui.text import plain
from gdviz.ui.training import SPEED, UNDER_WAY, send, speed_told
from gdviz.ui.training_cards import QUESTIONS, Card, Look, answers, headline, metric_title, questions

_BUTTONS = {"pause": "Pause", "resume": "Resume", "stop": "Stop", "step_batch": "One batch", "step_epoch": "One epoch"}
_SPEEDS: tuple[float | None, ...] = (1.0, 3.0, 10.0, 30.0, 100.0, None)
"""Batches a second; None for as many as there can be."""
_TWO_COLUMNS, _THREE_COLUMNS = 720, 900
"""The page's width from which on its cards stand in so many columns."""
_GAP = 16


class _Drawn(NamedTuple):
    """Cards, when they were made, and what for."""

    at: float
    asked: tuple[Any, ...]
    cards: list[Card]


def speed_control(run: str | None) -> None:
    """How many batches a second there may be: of the run, or of the one that will be started.

    It is no part of a setup, because it changes nothing that is computed.

    Args:
        run: The run that is under way, if one is that the visitor may steer.

    Raises:
        StoreError: The store cannot be read at the moment.
    """
    key = f"speed.{run or ''}"
    kept = st.session_state.get(SPEED) if run is None else speed_told(run)
    st.select_slider(
        "Speed",
        _SPEEDS,
        widgets.first_value(key, kept if kept in _SPEEDS else None),
        format_func=lambda speed: f"{speed:g} batch{'' if speed == 1 else 'es'}/s" if speed else "full",
        key=key,
        on_change=_set_speed,
        args=(run, key),
        width=300,
        help="Slow, one sees what a batch does. The results are the same at every speed.",
    )


def _set_speed(run: str | None, key: str) -> None:
    st.session_state[SPEED] = speed = st.session_state[key]
    if run is not None:
        send(run, "set_speed", speed)


def steering(run: Run) -> None:
    """Buttons for a run that is under way, and a field for its learning rate."""
    waits = run.status == "queued"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name in ("resume" if run.status == "paused" else "pause", "stop", "step_batch", "step_epoch"):
            disabled = waits and name != "stop"
            st.button(_BUTTONS[name], on_click=send, args=(run.id, name), key=f"send.{name}", disabled=disabled)
        key = f"rate.{run.id}"
        first = widgets.first_value(key, run.setup.optimizer.learning_rate)
        st.number_input(
            "Learning rate from now on", 0.0, value=first, format="%.6g", key=key, width=180, step=first / 10 or None
        )
        st.button("Change the learning rate", on_click=_send_rate, args=(run.id, key), disabled=waits)


def _send_rate(run: str, key: str) -> None:
    # Looked up when the button is clicked: an argument would be the rate before it was typed.
    send(run, "set_learning_rate", st.session_state[key])


def progress(run: Run, live: Live, pace: Pace) -> None:
    """A bar, and beside it how fast it goes and how long it still takes."""
    words = [f"epoch {run.epochs} of {run.setup.epochs}"]
    if live.start:
        steps, rows = live.start.steps, live.start.rows["train"]
        words.append(f"batch {live.step:,} of {steps:,}")
        size = rows / live.start.batches
        if run.status == "running":
            rate = pace.batches_per_second(time.monotonic(), live.step)
            if rate:
                words += [
                    f"{rate:,.0f} batches/s",
                    f"{rate * size:,.0f} samples/s",
                    f"{_span((steps - live.step) / rate)} left",
                ]
        elif run.seconds:
            words.append(f"{run.epochs * rows / run.seconds:,.0f} samples/s while training")
            words.append(f"{_span(run.seconds)} of training")
    st.progress(live.share, " · ".join(words))


def _span(seconds: float) -> str:
    """A duration in words.

    >>> _span(0.4), _span(75), _span(7300)
    ('0.4 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def choice_controls() -> None:
    """By batch or by epoch, and the axis of the losses."""
    st.radio("Curves", ("batch", "epoch"), format_func="By {}".format, key="training.by", horizontal=True)
    st.radio("Loss axis", ("log", "linear"), format_func=str.capitalize, key="training.scale", horizontal=True)


def chosen() -> tuple[By, Scale]:
    """The choices in :func:`choice_controls`."""
    by: By = st.session_state.get("training.by", "batch")
    scale: Scale = st.session_state.get("training.scale", "log")
    return by, scale


def charts(live: Live, by: By, scale: Scale, width: int) -> None:
    """The loss and the main metric, large: what is drawn most often."""
    look = Look(by, scale, _card_width(width, 1 if width < _TWO_COLUMNS else 2), is_dark())
    _show(_recent("charts", 0.7, live, look, lambda: headline(live, look)), 1 if width < _TWO_COLUMNS else 2)


def question_control(run: Run) -> str:
    """The question to the run."""
    asked = questions(run.setup)
    key = f"training.look.{'.'.join(asked)}"
    chosen = st.segmented_control(
        "Look closer", asked, default=widgets.first_value(key, asked[0]), format_func=QUESTIONS.__getitem__, key=key
    )
    return str(chosen or asked[0])


def details(live: Live, question: str, by: By, scale: Scale, width: int) -> None:
    """The charts that answer a question, in an even grid."""
    columns = 1 if width < _TWO_COLUMNS else 2 if width < _THREE_COLUMNS else 3
    look = Look(by, scale, _card_width(width, columns), is_dark())
    cards = _recent(f"details.{question}.{columns}", 1.4, live, look, lambda: answers(question, live, look))
    if columns == 3 and len(cards) in (2, 4):  # two in a row leave no gap
        columns, wide = 2, look._replace(width=_card_width(width, 2))
        cards = _recent(f"details.{question}.2", 1.4, live, wide, lambda: answers(question, live, wide))
    if cards:
        _show(cards, columns)
    else:
        st.caption("The first answer comes at the end of an epoch.")
    above: _Drawn | None = st.session_state.get("cards.charts")
    if (opened := unfolded("The charts in words", "training.words")) is not None:
        every = [*(above.cards if above else ()), *cards]
        opened.markdown("\n".join(f"- **{card.title}**: {plain(card.figure.description, 4000)}" for card in every))


def _recent(name: str, seconds: float, live: Live, look: Look, make: Callable[[], Iterable[Card]]) -> list[Card]:
    """Cards made less than so many seconds ago are shown again: where nothing has changed, the browser draws nothing,
    and answers the control that the user has just moved.
    """
    now, asked = time.monotonic(), (id(live), bool(live.end), bool(live.plane), look)
    drawn: _Drawn | None = st.session_state.get(f"cards.{name}")
    if drawn is None or drawn.asked != asked or now - drawn.at >= seconds:
        drawn = st.session_state[f"cards.{name}"] = _Drawn(now, asked, list(make()))
    return drawn.cards


def _card_width(width: int, columns: int) -> int:
    return (width - _GAP * (columns - 1)) // columns


def _show(cards: list[Card], columns: int) -> None:
    """Cards row after row."""
    for begin in range(0, len(cards), columns):
        row = cards[begin : begin + columns]
        for place, card in zip(st.columns(columns), row, strict=False):
            with place.container(key=f"card.{card.title}"):
                _show_card(card)


def _show_card(card: Card) -> None:
    if card.numbers:
        with st.container(horizontal=True):
            for label, value in card.numbers:
                st.metric(label, value, width="content")
    else:
        st.markdown(f"**{card.title}**")
    show(card.figure, f"training.{card.title}")
    if card.caption:
        st.caption(explained(card.caption), unsafe_allow_html=True)


def scores(live: Live) -> str:
    """Loss and metrics at the end on each part, as a Markdown table; empty where there are none."""
    found = live.end.scores if live.end else {}
    if not found:
        return ""
    names = list(next(iter(found.values())))
    lines = [
        "| Part | " + " | ".join(metric_title(name) for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
        *(
            f"| {part} | " + " | ".join(f"{values[name]:.4g}" for name in names) + " |"
            for part, values in found.items()
        ),
    ]
    return "\n".join(lines)


def is_under_way(run: Run) -> bool:
    """True where a run has not ended."""
    return run.status in UNDER_WAY
