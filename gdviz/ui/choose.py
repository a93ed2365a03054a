"""The parts of the Choose page: its configuration, and the comparison that it watches."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.clipping import CLIPPERS
from gdviz.comparing.comparison import MOST_ENTRANTS, Budget, Comparison, Entrant
from gdviz.comparing.estimate import estimated_seconds, in_words
from gdviz.comparing.presets import PRESETS
from gdviz.comparing.record import Record, Trial
from gdviz.runs.comparisons import Comparisons
from gdviz.runs.trials import Stored
from gdviz.schedules import SCHEDULES
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, LOSSES, METRICS, DenseLayer, Split, TrainingSetup
from gdviz.training.optimizers import SEARCHED
from gdviz.training.parts import ACTIVATIONS
from gdviz.training.setup import MOST_BATCH, MOST_EPOCHS, MOST_LAYERS
from gdviz.ui import own_table, training, widgets
from gdviz.ui.kept import Kept
from gdviz.ui.text import plain

_NONE = "none"
_BY_STEP = {name: entry for name, entry in SCHEDULES.items() if not entry.follows_loss}


@st.cache_resource(show_spinner=False)
def shared_comparisons() -> Comparisons:
    """The comparisons, one set for the whole app; those that a stopped app left behind go on."""
    return Comparisons(training.shared_jobs())


# The configuration --------------------------------------------------------------------------------------------------


CHOOSE = Kept("choose", Comparison, beside=("comparison",), prefix="choose.")
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


def problem_controls(box: DeltaGenerator) -> TrainingSetup:
    """Data, model, batch size and epochs.

    Raises:
        ValueError: They do not go together.
    """
    current = CHOOSE.setup.problem
    left, right = box.columns(2)
    name = widgets.select(left, "Data", widgets.labels(DATASETS), CHOOSE.key("data"), current.data.name)
    if name == training.OWN_TABLE:
        data = own_table.controls(left, CHOOSE.key("own"), current.data)
    else:
        more = left.expander("Its settings", key=CHOOSE.key("data.more")) if DATASETS[name].knobs() else left
        before = current.data.values() if name == current.data.name else {}
        data = widgets.entry(more, DATASETS, name, CHOOSE.key("data"), before, True)
    layers = _layers(right, current)
    epochs, size = right.columns(2)
    length = epochs.number_input(
        "Epochs of each training", 1, MOST_EPOCHS, _first("epochs", current.epochs), key=CHOOSE.key("epochs")
    )
    full = _first("full", current.batch_size is None)
    batch = size.number_input(
        "Batch size",
        1,
        MOST_BATCH,
        _first("batch", current.batch_size or 32),
        key=CHOOSE.key("batch"),
        disabled=st.session_state.get(CHOOSE.key("full"), full),
    )
    full = size.checkbox("All rows in one batch", full, key=CHOOSE.key("full"))
    task, same = data.task, data.task == current.data.task
    losses = LOSSES[task]
    usual = str(current.loss) if same and current.loss in losses else losses[0]
    loss = left.selectbox(
        "Loss", losses, losses.index(_first(f"loss.{task}", usual)), format_func=_spaced, key=CHOOSE.key(f"loss.{task}")
    )
    return replace(
        current,
        data=data,
        convolution=current.convolution if data.image else None,
        layers=layers,
        epochs=int(length),
        batch_size=None if full else int(batch),
        loss=loss,
        metrics=current.metrics if same else METRICS[task][:1],
    )


def _layers(box: DeltaGenerator, current: TrainingSetup) -> tuple[DenseLayer, ...]:
    """Dense layers of one width and activation; those that the setup has keep whatever else they are."""
    first = current.layers[0] if current.layers else DenseLayer()
    count, units, activation = box.columns(3)
    depth = int(
        count.number_input(
            "Hidden layers", 0, MOST_LAYERS, _first("depth", len(current.layers)), key=CHOOSE.key("depth")
        )
    )
    width = int(
        units.number_input("Units", 1, 8192, _first("units", first.units), key=CHOOSE.key("units"), disabled=not depth)
    )
    chosen = activation.selectbox(
        "Activation",
        ACTIVATIONS,
        ACTIVATIONS.index(_first("activation", first.activation)),
        key=CHOOSE.key("activation"),
        disabled=not depth,
    )
    if (depth, width, chosen) == (len(current.layers), first.units, first.activation):
        return current.layers
    return (replace(first, units=width, activation=chosen),) * depth


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
    optimizer = current.optimizer
    first = current.schedule.name if current.schedule else "constant"
    schedule_name = widgets.select(
        box, "Learning-rate schedule", widgets.labels(_BY_STEP), CHOOSE.key(f"{name}.schedule"), first
    )
    before = current.schedule.values() if current.schedule and current.schedule.name == schedule_name else {}
    schedule = None
    if schedule_name != "constant":
        schedule = widgets.entry(
            box, SCHEDULES, schedule_name, CHOOSE.key(f"{name}.schedule"), before, True, ("initial_learning_rate",)
        )
    clips = [_NONE, *CLIPPERS]
    clip_name = box.selectbox(
        "Gradient clipping",
        clips,
        clips.index(_first(f"{name}.clip", current.clip.name if current.clip else _NONE)),
        format_func=lambda c: "None" if c == _NONE else CLIPPERS[c].label,
        key=CHOOSE.key(f"{name}.clip"),
    )
    clip = None
    if clip_name != _NONE:
        values = current.clip.values() if current.clip and current.clip.name == clip_name else {}
        clip = widgets.entry(box, CLIPPERS, clip_name, CHOOSE.key(f"{name}.clip"), values, True)
    tunable = [knob.name for knob in optimizer.knobs() if knob.name in SEARCHED]
    tuned = box.multiselect(
        "Tuned",
        tunable,
        _first(f"{name}.tuned", list(current.tuned)),
        key=CHOOSE.key(f"{name}.tuned"),
        help=_ranges(tunable),
    )
    fixed: dict[str, Any] = {}
    for knob in optimizer.knobs():
        if knob.name not in {*tuned, "learning_rate"}:
            fixed[knob.name] = widgets.number(
                box, knob, CHOOSE.key(f"{name}.{knob.name}"), getattr(optimizer, knob.name), True
            )
    return Entrant(replace(optimizer, **fixed), schedule, clip, ("learning_rate", *tuned))


def _ranges(names: Sequence[str]) -> str:
    ranges = (
        f"{name} from {SEARCHED[name].low:g} to {SEARCHED[name].high:g}" for name in names if name != "learning_rate"
    )
    return "The learning rate always is. " + "; ".join(ranges) + "."


def _add(entrants: tuple[Entrant, ...], place: int) -> None:
    CHOOSE.show_again(CHOOSE.setup.changed(entrants=(*entrants[: place + 1], entrants[place], *entrants[place + 1 :])))


def _remove(entrants: tuple[Entrant, ...], place: int) -> None:
    CHOOSE.show_again(CHOOSE.setup.changed(entrants=(*entrants[:place], *entrants[place + 1 :])))


def budget_controls(box: DeltaGenerator, problem: TrainingSetup) -> tuple[Budget, str, float | None]:
    """What each may spend, what decides, and the target."""
    current = CHOOSE.setup
    knobs = {knob.name: knob for knob in Budget.knobs()}
    values = current.budget.values()
    left, middle, right = box.columns(3)
    found = {
        "trials": widgets.number(
            left,
            knobs["trials"],
            CHOOSE.key("trials"),
            values["trials"],
            False,
            "Trials: learning rates that each may try",
        ),
        "repeats": widgets.number(
            middle,
            knobs["repeats"],
            CHOOSE.key("repeats"),
            values["repeats"],
            False,
            "Repeats of each one's best, with fresh seeds",
        ),
    }
    allowed = [*(problem.metrics or ()), "loss"]
    task = problem.data.task
    usual = str(current.metric) if current.metric in allowed else allowed[0]
    metric = right.selectbox(
        "What decides",
        allowed,
        allowed.index(_first(f"metric.{task}", usual)),
        format_func=_spaced,
        key=CHOOSE.key(f"metric.{task}"),
    )
    more = box.expander("More: search, successive halving, range, target, seed", key=CHOOSE.key("more"))
    labels = {
        "search": "Search: evenly spread and the same for all (sobol), or near what did well (tpe)",
        "halving": "Successive halving: give up hopeless trials early, begin more for the same epochs",
        "low": "Smallest learning rate",
        "high": "Largest learning rate",
        "seed": "Seed",
    }
    found |= {
        name: widgets.number(more, knobs[name], CHOOSE.key(name), values[name], True, label)
        for name, label in labels.items()
    }
    target = more.number_input(
        f"Target: a value of {_spaced(metric)}; empty for none",
        value=_first(f"target.{metric}", current.target if metric == current.metric else None),
        key=CHOOSE.key(f"target.{metric}"),
        format="%g",
    )
    return Budget(**found), metric, target


def _first(name: str, current: Any) -> Any:
    return widgets.first_value(CHOOSE.key(name), current)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def estimate(comparison: Comparison) -> str:
    """What will be trained, and how long that takes."""
    count = (comparison.trials + comparison.budget.repeats) * len(comparison.entrants)
    seconds = in_words(estimated_seconds(comparison))
    alone = [e.title for e in comparison.entrants if comparison.why_alone(e)]
    slow = (
        f" {', '.join(alone)} train one by one: {comparison.why_alone(comparison.entrants[0]) or ''}." if alone else ""
    )
    return f"{count} trainings, about {seconds} on two idle cores.{slow}"


# The comparison that is watched -------------------------------------------------------------------------------------


def start(comparison: Comparison, content: bytes | None) -> None:
    """Begin a comparison, and watch it."""
    try:
        st.session_state["choose_watched"] = shared_comparisons().start(comparison, content=content)
        st.query_params["comparison"] = st.session_state["choose_watched"]
    except RuntimeError as error:
        st.session_state["choose_error"] = str(error)


def attempt(action: str, id: str, *arguments: int) -> None:
    """Stop, go on, or try more; what goes wrong is shown on the page's next run."""
    try:
        getattr(shared_comparisons(), action)(id, *arguments)
    except (RuntimeError, ValueError) as error:
        st.session_state["choose_error"] = str(error)


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


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown, its texts as they are."""
    lines = ["| " + " | ".join(map(plain, row)) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + " --- |" * len(head), *lines[1:]])
