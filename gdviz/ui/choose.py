"""The parts of the Choose page: its configuration, and the comparison that it watches."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Part
from gdviz.comparing.comparison import (
    MOST_ENTRANTS,
    NOT_THE_PROBLEM,
    Budget,
    Comparison,
    Entrant,
    deciding,
)
from gdviz.comparing.estimate import estimated_seconds, in_words
from gdviz.comparing.presets import PRESETS
from gdviz.comparing.record import Record, Trial
from gdviz.export import reference
from gdviz.runs.comparisons import Comparisons
from gdviz.runs.trials import Stored
from gdviz.schedules import Schedule
from gdviz.training import KERAS_OPTIMIZERS, KerasOptimizer, Split, TrainingSetup
from gdviz.training.optimizers import SEARCHED
from gdviz.ui import training, visitors, widgets
from gdviz.ui.form import Form, Group, draw, draw_entry
from gdviz.ui.kept import Kept
from gdviz.ui.text import plain
from gdviz.ui.training_controls import BY_STEP, SPECIAL


@st.cache_resource(show_spinner=False)
def shared_comparisons() -> Comparisons:
    """The comparisons, one set for the whole app; those that a stopped app left behind go on."""
    return Comparisons(training.shared_jobs())


# The configuration --------------------------------------------------------------------------------------------------


CHOOSE = Kept("choose", Comparison, beside=("comparison", "on"), prefix="choose.")
"""The comparison of the session; the one that is watched stands beside it in the address bar."""


def keep(comparison: Comparison) -> None:
    """Remember the comparison, and write it into the address bar, beside the one that is watched."""
    CHOOSE.set(comparison)
    CHOOSE.write(comparison, {"comparison": [watched_id()] if watched_id() else []})


def watched_id() -> str:
    """The id of the comparison that is watched; empty for none."""
    if "comparison" in st.query_params:
        st.session_state["choose_watched"] = st.query_params["comparison"]
    watched: str = st.session_state.get("choose_watched", "")
    return watched


def question_control(questions: Sequence[str]) -> str:
    """On what the question is. The address bar has it, unless it is the first; who comes without an address, through
    the navigation, finds the one before.
    """
    linked = {question.lower(): question for question in questions[1:]}
    unsaid = questions[0] if st.query_params else st.session_state.get("choose_on", questions[0])
    first = widgets.first_value("choose.on", linked.get(st.query_params.get("on", ""), unsaid))
    asked: str = st.segmented_control("On", questions, default=first, required=True, key="choose.on")
    st.session_state["choose_on"] = asked
    if asked == questions[0]:
        st.query_params.pop("on", None)
    elif st.query_params.get("on") != asked.lower():
        st.query_params["on"] = asked.lower()
    return asked


def use_preset() -> None:
    """Take over the preset that has just been chosen."""
    title = st.session_state["choose.preset"]
    if title in PRESETS:
        CHOOSE.show_again(PRESETS[title])


def take_over_training() -> None:
    """Take the data and the model of the Live training page."""
    setup = training.TRAINING.elsewhere
    split = setup.split if _validates(setup.split) else Split()
    try:
        CHOOSE.show_again(CHOOSE.setup.changed(problem=replace(setup, split=split)))
    except ValueError as error:
        st.session_state["choose_error"] = str(error)


def _validates(split: Split) -> bool:
    return bool(split.validation and split.test and not split.validate_on_test)


_DATA: tuple[Group, ...] = (("", ("data",)), ("Split and scaling", ("split",)))
_MODEL: tuple[Group, ...] = (
    ("", ("convolution", "layers")),
    ("Output, loss and metrics", ("loss", "metrics", "output")),
    ("", (("epochs", "batch_size"),)),
)
_BUDGET: tuple[Group, ...] = (
    ("", (("trials", "repeats"),)),
    ("Search, successive halving, range, seed", ("search", "halving", ("low", "high"), "seed")),
)


def problem_controls(box: DeltaGenerator) -> TrainingSetup:
    """Data, model, batch size and epochs: those of the Live training page, without what each entrant brings.

    Raises:
        ValueError: They do not go together.
    """
    current = CHOOSE.setup.problem
    form, (left, right) = Form(current, CHOOSE.key, True, SPECIAL), box.columns(2)
    form.draw(left, _DATA, without=tuple(form.fields))
    return replace(current, **form.draw(right, _MODEL, without=("data", "split", *NOT_THE_PROBLEM)))


def entrant_controls(box: DeltaGenerator, problem: TrainingSetup) -> tuple[Entrant, ...]:
    """Who takes part; each can be given a schedule, clipping and other hyperparameters, and taken twice."""
    entrants = list(CHOOSE.setup.entrants)
    names = list(dict.fromkeys(entrant.optimizer.name for entrant in entrants))
    chosen = box.multiselect(
        "Optimizers",
        list(KERAS_OPTIMIZERS),
        _first("entrants", names),
        format_func=lambda name: KERAS_OPTIMIZERS[name].label,
        max_selections=MOST_ENTRANTS,
        key=CHOOSE.key("entrants"),
    )
    entrants = [entrant for entrant in entrants if entrant.optimizer.name in chosen]
    there = {entrant.optimizer.name for entrant in entrants}
    entrants += [Entrant(KERAS_OPTIMIZERS.make(name)) for name in chosen if name not in there]
    if not entrants:
        raise ValueError("optimizers must be at least one; choose some")
    with box.expander("Settings of each: schedule, clipping, what is tuned", key=CHOOSE.key("each")):
        labels = list(Comparison(problem, tuple(entrants)).labels.values())
        places = range(len(entrants))
        place = st.selectbox(
            "Optimizer", places, format_func=labels.__getitem__, key=CHOOSE.key(f"which.{len(entrants)}")
        )
        entrants[place] = _one_entrant(st.container(), entrants[place], f"{place}.{entrants[place].optimizer.name}")
        with st.container(horizontal=True):
            both = tuple(entrants)
            st.button(
                "Add it once more",
                on_click=_add,
                args=(both, place),
                disabled=len(entrants) >= MOST_ENTRANTS,
                key=CHOOSE.key("add"),
            )
            st.button(
                "Remove it", on_click=_remove, args=(both, place), disabled=len(entrants) < 2, key=CHOOSE.key("remove")
            )
    return tuple(entrants)


def _one_entrant(box: DeltaGenerator, current: Entrant, name: str) -> Entrant:
    special = {"schedule": _schedule_control, "tuned": _tuned_control, "optimizer": _fixed_controls}
    form = Form(current, lambda field: CHOOSE.key(f"{name}.{field}"), True, special)
    return Entrant(**form.draw(box, (("", ("schedule", "clip", "tuned", "optimizer")),)))


def _schedule_control(form: Form, box: DeltaGenerator) -> Schedule | None:
    field = form.fields["schedule"]
    assert isinstance(field, Part)
    tuned = replace(field, derived=("initial_learning_rate",))
    made: Schedule | None = draw_entry(box, tuned, form.key("schedule"), form.setup.schedule, True, among=BY_STEP)
    return made


def _tuned_control(form: Form, box: DeltaGenerator) -> tuple[str, ...]:
    """The learning rate, which always is, and what else the optimizer has that can be searched."""
    searched = [knob.name for knob in form.setup.optimizer.knobs() if knob.name in SEARCHED]
    able = [name for name in searched if name != "learning_rate"]
    key = form.key("tuned")
    ranges = (f"{name} from {SEARCHED[name].low:g} to {SEARCHED[name].high:g}" for name in able)
    told = " ".join(["The learning rate always is.", *([f"{'; '.join(ranges)}."] if able else [])])
    first = widgets.first_value(key, [name for name in form.setup.tuned if name in able])
    others = box.multiselect(
        "Tuned",
        able,
        first,
        format_func=widgets.spaced,
        key=key,
        help=told,
        placeholder="Only the learning rate",
    )
    return ("learning_rate", *others)


def _fixed_controls(form: Form, box: DeltaGenerator) -> KerasOptimizer:
    """The hyperparameters that are not tuned."""
    optimizer = form.setup.optimizer
    fixed = [knob for knob in optimizer.knobs() if knob.name not in {"learning_rate", *form.values["tuned"]}]
    values = {knob.name: draw(box, knob, form.key(knob.name), getattr(optimizer, knob.name), True) for knob in fixed}
    made: KerasOptimizer = replace(optimizer, **values)
    return made


def _add(entrants: tuple[Entrant, ...], place: int) -> None:
    CHOOSE.show_again(CHOOSE.setup.changed(entrants=(*entrants[: place + 1], entrants[place], *entrants[place + 1 :])))


def _remove(entrants: tuple[Entrant, ...], place: int) -> None:
    CHOOSE.show_again(CHOOSE.setup.changed(entrants=(*entrants[:place], *entrants[place + 1 :])))


def budget_controls(box: DeltaGenerator, problem: TrainingSetup) -> tuple[Budget, str, float | None]:
    """Controls for the budget of each, the deciding metric, and the target."""
    current, task = CHOOSE.setup, problem.data.task
    left, right = box.columns(2)
    allowed = deciding(problem)
    usual = str(current.metric if current.metric in allowed else Comparison(problem).metric)
    labels = {name: widgets.spaced(name) for name in allowed}
    metric = widgets.select(left, "What decides", labels, CHOOSE.key(f"metric.{task}"), usual)
    target = right.number_input(
        f"Target: a value of {widgets.spaced(metric)}; empty for none",
        value=_first(f"target.{metric}", current.target if metric == current.metric else None),
        key=CHOOSE.key(f"target.{metric}"),
        format="%g",
    )
    budget = Form(current.budget, CHOOSE.key, True, knobs="budget.").draw(box, _BUDGET)
    return Budget(**budget), metric, target


def _first(name: str, current: Any) -> Any:
    return widgets.first_value(CHOOSE.key(name), current)


def estimate(comparison: Comparison) -> str:
    """The number of trainings to come, and their time."""
    count = (comparison.trials + comparison.budget.repeats) * len(comparison.entrants)
    seconds = in_words(estimated_seconds(comparison))
    alone = {entrant.title: why for entrant in comparison.entrants if (why := comparison.why_alone(entrant))}
    slow = f" {', '.join(alone)} train one by one: {'; '.join(dict.fromkeys(alone.values()))}." if alone else ""
    return f"{count} trainings, about {seconds} on two idle cores.{slow}"


# The comparison that is watched -------------------------------------------------------------------------------------


def start(comparison: Comparison, content: bytes | None) -> None:
    """Begin a comparison, and watch it."""
    try:
        shared, who = shared_comparisons(), visitors.named()
        # The page runs again down to its button until the second click is heard.
        begun = training.once(
            (comparison, content), lambda: shared.start(comparison, content=content, **who), seconds=5
        )
        st.session_state["choose_watched"] = begun
        st.query_params["comparison"] = begun
    except (RuntimeError, ValueError) as error:
        st.session_state["choose_error"] = str(error)


def attempt(action: str, id: str, *arguments: int) -> None:
    """Stop, go on, or try more; what goes wrong is shown on the page's next run."""
    try:
        visitors.check_comparison(shared_comparisons().get(id))
        getattr(shared_comparisons(), action)(id, *arguments)
    except (RuntimeError, ValueError) as error:
        st.session_state["choose_error"] = str(error)


def table_of(id: str) -> bytes | None:
    """The user's own table that a comparison trains on, kept with it; None where it has none, is not there, or the
    store cannot be read just now.
    """
    try:
        return shared_comparisons().trials.content(id)
    except (RuntimeError, ValueError):
        return None


def record(id: str) -> Record:
    """The findings so far; trials that have ended are read once."""
    seen: tuple[str, dict[str, Trial]] = st.session_state.get("choose_seen", ("", {}))
    if seen[0] != id:
        seen = st.session_state["choose_seen"] = (id, {})
    return shared_comparisons().record(id, seen[1])


def progress(stored: Stored, found: Record) -> None:
    """How far it is, and the time left; the latter from how fast it went while this page watched."""
    ended, total = found.counts
    words = f"{ended} of {total} trainings"
    if stored.status == "running":
        since = st.session_state.setdefault(f"choose_since.{stored.id}", (time.time(), found.done))
        gone, share = time.time() - since[0], found.done - since[1]
        if share > 0 and found.done < 1:
            words += f", about {in_words((1 - found.done) / share * gone)} left"
        elif ended == 0:
            words += ": the workers prepare the data and compile the model"
    else:
        st.session_state.pop(f"choose_since.{stored.id}", None)
    st.progress(found.done, words)


def in_reference(found: Record) -> dict[str, str]:
    """The labels of the entrants as links to what the Reference says of them."""
    labels = found.comparison.labels.values()  # one for each entrant, in their order
    rules = [reference.of_keras(entrant.optimizer.keras_class) for entrant in found.comparison.entrants]
    pairs = zip(labels, rules, strict=True)
    return {label: reference.link(rule, plain(label)) for label, rule in pairs if rule}


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], links: Mapping[str, str]) -> str:
    """A table as Markdown, its texts as they are, but for those that are links."""

    def cell(text: str) -> str:
        label, bracket, rest = text.partition(" (best)")
        return f"{links.get(label, plain(label))}{bracket}{plain(rest)}"

    lines = ["| " + " | ".join(map(cell, row)) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + " --- |" * len(head), *lines[1:]])
