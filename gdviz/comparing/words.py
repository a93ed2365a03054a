"""The finding of a comparison in plain words, with its numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gdviz.training.setup import ACCURACIES

if TYPE_CHECKING:
    from gdviz.comparing.record import Record

_EASY_TO_SPOIL = 0.2
"""From this share of diverged trials on, it is worth a word."""


def sentence(record: "Record") -> str:
    """Who is best, who cannot be distinguished from it, who is beaten by how much, and who is easy to spoil."""
    if not record.best:
        return _not_yet(record)
    labels, best = record.comparison.labels, record.best
    parts = [_first(record, [labels[name] for name in best]), *_beaten(record)]
    if out := [labels[name] for name in record.names if record.of(name) and record.chosen(name) is None]:
        parts.append(f"{_list(out)} diverged in every trial")
    spoilt = max(record.names, key=record.diverged)
    share = record.diverged(spoilt)
    if _EASY_TO_SPOIL <= share < 1:
        parts.append(f"{labels[spoilt]} is the easiest to spoil: {_share(share)} of its trials diverged")
    missing = [name for name in record.names if name not in record.judged and record.chosen(name) is not None]
    if missing:
        parts.append("so far without " + _list([labels[name] for name in missing]))
    return "; ".join(parts) + "."


def _first(record: "Record", best: Sequence[str]) -> str:
    summary = record.summary(record.best[0])
    assert summary is not None
    seeds = f"{summary.n} seeds"
    reached = f"{spread(record, summary.mean, summary.deviation)}, {seeds}"
    if len(best) == 1:
        return f"{best[0]} is the best ({reached})"
    if len(best) == len(record.judged):
        return f"No difference could be shown between {_list(best)} ({reached} for {best[0]})"
    return f"{_list(best)} cannot be told apart ({reached} for {best[0]})"


def _beaten(record: "Record") -> list[str]:
    """By how much the first lies above those that it beats: from the least to the most."""
    labels, first = record.comparison.labels, record.best[0]
    beaten = [name for name in record.ranking if name not in record.best]
    gaps = [pair.mean for name in beaten if (pair := record.difference(first, name))]
    if not gaps:
        return []
    verb = "it beats" if len(record.best) == 1 else f"{labels[first]} beats"
    low, high = difference(record, min(gaps)), difference(record, max(gaps))
    by = low if len(gaps) == 1 or low == high else f"{low.split(' ')[0]} to {high}"
    return [f"{verb} {_list([labels[name] for name in beaten])} by {by}"]


def _not_yet(record: "Record") -> str:
    labels = record.comparison.labels
    best = [(trial.score, name) for name in record.names if (trial := record.chosen(name))]
    if not best:
        ended = sum(len(record.of(name)) for name in record.names)
        return (
            "Every trial diverged: no optimizer can be named."
            if ended and record.done >= 1
            else "Nothing has ended yet."
        )
    score, name = max(best, key=lambda pair: pair[0])
    return f"So far {labels[name]} leads with {value(record, score)} on the validation part; its repeats decide."


def value(record: "Record", score: float) -> str:
    """A score as its metric: an accuracy in percent, anything else as a number."""
    shown = record.shown(score)
    return f"{100 * shown:.1f} %" if record.comparison.metric in ACCURACIES else f"{shown:.4g}"


def spread(record: "Record", mean: float, deviation: float) -> str:
    """A mean and its standard deviation."""
    if record.comparison.metric in ACCURACIES:
        return f"{100 * record.shown(mean):.1f} ± {100 * deviation:.1f} %"
    return f"{record.shown(mean):.4g} ± {deviation:.2g}"


def difference(record: "Record", gap: float) -> str:
    """How far two scores lie apart."""
    if record.comparison.metric in ACCURACIES:
        return f"{100 * abs(gap):.1f} points"
    return f"{abs(gap):.2g} in {str(record.comparison.metric).replace('_', ' ')}"


def _share(share: float) -> str:
    for name, at in (("a quarter", 1 / 4), ("a third", 1 / 3), ("half", 1 / 2), ("three quarters", 3 / 4)):
        if abs(share - at) < 0.02:
            return name
    return f"{100 * share:.0f} %"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
