"""The training of a session, the run that it watches, and the store and the workers that all sessions share."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import streamlit as st

from gdviz.runs import ACTIVE, Run, Runs, StoreError
from gdviz.runs.jobs import Jobs, JobsError
from gdviz.runs.starting import StartingJobs
from gdviz.training import TrainingSetup, from_descent
from gdviz.training.channel import Command
from gdviz.training.live import Live, Pace
from gdviz.ui import visitors
from gdviz.ui.controls import EXPERIMENT
from gdviz.ui.kept import Kept
from gdviz.ui.text import plain

OWN_TABLE = "own_table"
FILE = "training_file"
"""Where the session keeps the user's own table."""
SPEED = "training_speed"
"""Where the session keeps the speed of its trainings: batches a second, None for all that there can be."""
UNDER_WAY = ("queued", *ACTIVE)
_AT_ONCE = 1000
_PATIENCE_SECONDS = 3.0
_ONE_CLICK_SECONDS = 2.0
_LOOK_SECONDS = 0.02


@st.cache_resource(show_spinner=False)
def starting_jobs() -> StartingJobs:
    """The workers, which start with the first look at this."""
    return StartingJobs(lambda: Jobs(Runs()))


def shared_jobs() -> Jobs:
    """The workers, one set for the whole app; their process loads TensorFlow, the app's never does.

    Whoever asks is about to train, or to watch a training: the workers load it now.

    Raises:
        JobsError: They cannot be started, or not yet.
    """
    jobs = starting_jobs().get()
    jobs.prepare()
    return jobs


def attempt(action: Callable[..., Any], *values: Any) -> None:
    """Do something with a run; what goes wrong is shown on the page's next run."""
    try:
        action(*values)
    except (RuntimeError, ValueError, OSError) as error:
        st.session_state["training_error"] = str(error)


@dataclass
class _Started:
    """What a session started last."""

    what: object = None
    id: str = ""
    at: float = -math.inf


def once(what: object, begin: Callable[[], str], seconds: float = _ONE_CLICK_SECONDS) -> str:
    """Start something, unless the session started the very same a moment ago: two clicks on a button are one.

    The second ends the script of the first at its next look into the session, so what came of the first is kept in an
    object that is looked up before.

    Args:
        what: What is started.
        begin: Starts it, without a look into the session.
        seconds: How long a moment is.

    Returns:
        Its id.
    """
    last: _Started = st.session_state.setdefault("started", _Started())
    if last.what != what or time.monotonic() - last.at > seconds:
        last.id = begin()
        last.what, last.at = what, time.monotonic()
    return last.id


def say_what_failed() -> None:
    """Why the last thing that was to be done failed."""
    if error := st.session_state.pop("training_error", None):
        st.error(plain(error))


def showing_faults(draw: Callable[..., None]) -> Callable[..., None]:
    """The same part of a page, with a sentence in its place where the store cannot be used at the moment."""

    @wraps(draw)
    def shown(*values: Any) -> None:
        try:
            draw(*values)
        except (StoreError, JobsError) as error:
            st.error(plain(error))

    return shown


# The configuration --------------------------------------------------------------------------------------------------


TRAINING = Kept("training", TrainingSetup, beside=("run",), prefix="training.")
"""The training of the session; the run that is watched stands beside it in the address bar."""


def keep(setup: TrainingSetup) -> None:
    """Remember the training, and write it into the address bar, beside the run that is watched."""
    TRAINING.set(setup)
    run = watched_id()
    TRAINING.write(setup, {"run": [run] if run else []})


def table_of(run: str) -> bytes | None:
    """The user's own table that a run is trained on; None where it has none, or the store cannot be read just now."""
    try:
        return shared_jobs().runs.content(run)
    except (RuntimeError, ValueError):
        return None


def take_over_from_descent() -> None:
    """The first optimizer of the Descent page, with all that Keras has of the settings there."""
    try:
        TRAINING.show_again(from_descent(EXPERIMENT.elsewhere.descents()[0], TRAINING.setup))
    except ValueError as error:
        st.session_state["training_error"] = str(error)


def shown_otherwise(run: Run) -> list[str]:
    """Where a run's configuration is not what the controls say, in words."""

    def short(value: object) -> str:
        return "none" if value is None or value == "" else f"{value:.6g}" if isinstance(value, float) else str(value)

    differing = run.setup.differences(TRAINING.setup)
    others = {field.removesuffix(".name") for field in differing if field.endswith(".name")}
    return [
        f"{field.removesuffix('.name')} {short(was)} (controls: {short(says)})"
        for field, (was, says) in differing.items()
        # Another entry has other fields, which would say nothing more.
        if field.endswith(".name") or field.rpartition(".")[0] not in others
    ]


# The run ------------------------------------------------------------------------------------------------------------


def watched_id() -> str | None:
    """The run that the session watches: that of the address bar, or the one before another page was visited."""
    if "run" in st.query_params:
        st.session_state["training_run"] = st.query_params["run"]
    run: str | None = st.session_state.get("training_run")
    return run


def watch(run: str | None) -> None:
    """Watch a run from now on, or none."""
    st.session_state["training_run"] = run
    if run is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run


def start(setup: TrainingSetup, content: bytes | None) -> None:
    """Let a training wait for a worker, and watch it; what goes wrong is shown on the page's next run."""

    def begin() -> None:
        jobs = shared_jobs()
        who = visitors.named()
        run = once((setup, content), lambda: jobs.start(setup, content=content, **who))
        watch(run)
        if speed := st.session_state.get(SPEED):
            jobs.runs.send(run, Command("set_speed", speed))

    attempt(begin)


def speed_told(run: str) -> float | None:
    """The batches a second that a run was told last to keep to, whether it obeys already or is about to.

    Raises:
        StoreError: The store cannot be read at the moment.
    """
    speeds = [command.value for _, command in shared_jobs().runs.commands(run, 0) if command.name == "set_speed"]
    return speeds[-1] if speeds else None


def show_configuration(run: Run) -> None:
    """Show a run's configuration in the controls, with the file that it was trained on."""
    if content := shared_jobs().runs.content(run.id):
        st.session_state[FILE] = content
    TRAINING.show_again(run.setup)


def send(run: str, name: str, value: float | None = None) -> None:
    """Tell a run something; what goes wrong is shown on the page's next run."""

    def tell() -> None:
        runs = shared_jobs().runs
        visitors.check(runs, run)
        runs.send(run, Command(name, value))
        if name == "stop":  # whoever starts the same after that wants it again
            st.session_state.pop("started", None)

    attempt(tell)


def go_on(run: str) -> None:
    """Let a run go on from its checkpoint; what goes wrong is shown on the page's next run."""

    def resume() -> None:
        jobs = shared_jobs()
        visitors.check(jobs.runs, run)
        jobs.resume(run)
        if speed := st.session_state.get(SPEED):  # it has forgotten what it was told before
            jobs.runs.send(run, Command("set_speed", speed))

    attempt(resume)


@dataclass
class Watched:
    """The run that a session watches, as far as it has been read."""

    run: str
    live: Live = field(default_factory=Live)
    pace: Pace = field(default_factory=Pace)
    cursor: int = 0

    def look(self, runs: Runs) -> None:
        """Read what was recorded since the last look."""
        while events := runs.events(self.run, self.cursor, _AT_ONCE):
            self.live.add(event.recorded for event in events)
            self.cursor = events[-1].cursor
            if len(events) < _AT_ONCE:
                return
            let_others_in()

    def await_first(self, runs: Runs) -> None:
        """Read; for a run that was started just now, until its first measurement is there."""
        self.look(runs)
        while not self.live.step and _is_new(runs.get(self.run)):
            time.sleep(_LOOK_SECONDS)
            let_others_in()
            self.look(runs)


def _is_new(run: Run) -> bool:
    return run.status in UNDER_WAY and time.time() - run.created < _PATIENCE_SECONDS


def watched(run: str) -> Watched:
    """The session's view of a run; another run's takes its place."""
    view: Watched | None = st.session_state.get("watched")
    if view is None or view.run != run:
        view = st.session_state["watched"] = Watched(run)
    return view


def let_others_in() -> None:
    """In a long loop: where the user has changed something meanwhile, Streamlit ends this run of the page here."""
    st.session_state.get("watched")
