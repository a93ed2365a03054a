"""A comparison in the fields of a link, and back."""

from typing import Any

from gdviz.catalogue import Fields, number
from gdviz.clipping import CLIPPERS
from gdviz.comparing.comparison import MOST_ENTRANTS, Budget, Comparison, Entrant
from gdviz.schedules import SCHEDULES
from gdviz.training import KERAS_OPTIMIZERS, TrainingSetup

_NOT_THE_PROBLEM = (
    "optimizer",
    "schedule",
    "clip",
    "warmup_steps",
    "seed",
    "watch",
    "reduce_on_plateau",
    "early_stopping",
)


def to_link(comparison: Comparison) -> dict[str, list[str]]:
    """The fields of a link that reproduces a comparison exactly; a user's own file is not part of it."""
    problem = comparison.problem.to_link()
    return {
        **{name: texts for name, texts in problem.items() if name not in _NOT_THE_PROBLEM},
        "entrant": [_entrant_text(entrant) for entrant in comparison.entrants],
        "budget": [comparison.budget.settings()],
        "decides": [str(comparison.metric)],
        **({} if comparison.target is None else {"target": [repr(comparison.target)]}),
    }


def from_link(fields: Fields) -> tuple[Comparison, list[str]]:
    """The comparison that a link describes, and a note on every field that could not be read and took its default."""
    given = {name: texts for name, texts in fields.items() if name not in _NOT_THE_PROBLEM}
    problem, notes = TrainingSetup.from_link(given)
    values: dict[str, Any] = {"problem": problem}
    entrants = []
    for text in list(fields.get("entrant") or ())[:MOST_ENTRANTS]:
        try:
            entrants.append(_read_entrant(text, notes))
        except ValueError as error:
            notes.append(f"entrant: {error}. This one is left out.")
    if entrants:
        values["entrants"] = tuple(entrants)
    if fields.get("budget"):
        try:
            values["budget"] = Budget(**Budget.read_settings(list(fields["budget"]), notes))
        except ValueError as error:
            notes.append(f"budget: {error}. The default is used.")
    if fields.get("decides"):
        values["metric"] = fields["decides"][0]
    if fields.get("target"):
        try:
            values["target"] = number(fields["target"][0])
        except ValueError as error:
            notes.append(f"target: {error}. There is none.")
    return _with_what_goes_together(values, notes), notes


def _with_what_goes_together(values: dict[str, Any], notes: list[str]) -> Comparison:
    """The comparison with these values, without those that contradict the ones before."""
    taken: dict[str, Any] = {}
    for name, value in values.items():
        try:
            Comparison(**taken, **{name: value})
        except ValueError as error:
            notes.append(f"{name}: {error}. The default is used.")
        else:
            taken[name] = value
    return Comparison(**taken)


def _entrant_text(entrant: Entrant) -> str:
    parts = [entrant.optimizer.link_text()]
    if entrant.schedule is not None:
        parts.append(f"schedule:{entrant.schedule.link_text()}")
    if entrant.clip is not None:
        parts.append(f"clip:{entrant.clip.link_text()}")
    return ";".join([*parts, f"tuned:{','.join(entrant.tuned)}"])


def _read_entrant(text: str, notes: list[str]) -> Entrant:
    optimizer, *parts = text.split(";")
    values: dict[str, Any] = {"optimizer": KERAS_OPTIMIZERS.from_text(optimizer, {}, notes)}
    for part in parts:
        kind, _, content = part.partition(":")
        if kind == "schedule":
            values["schedule"] = SCHEDULES.from_text(content, {}, notes)
        elif kind == "clip":
            values["clip"] = CLIPPERS.from_text(content, {}, notes)
        elif kind == "tuned":
            values["tuned"] = tuple(content.split(","))
        else:
            raise ValueError(f"no part {kind[:40]!r} in an entrant; it has schedule, clip and tuned")
    return Entrant(**values)
