"""The runs of a comparison in the store, and what a worker does with a portion of them."""

import json
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gdviz.comparing.comparison import Comparison
from gdviz.comparing.plan import Task
from gdviz.comparing.run import how
from gdviz.runs.errors import StoreError, store_errors, with_place
from gdviz.runs.memory import most_together
from gdviz.runs.schema import COMMANDS, COMPARISONS, EVENTS, RUNS, TRIALS
from gdviz.runs.store import Runs
from gdviz.runs.worker import ONE_AT_A_TIME
from gdviz.training import TrainingSetup
from gdviz.training.channel import Command
from gdviz.training.datasets import DataUnavailableError
from gdviz.training.events import End, Epoch, Start, TrainingEvent, read

_BEAT_SECONDS = 2.0
_ASK_SECONDS = 0.25
_KEPT = (Start.kind, Epoch.kind, End.kind)


@dataclass(frozen=True)
class Stored:
    """A comparison as the store has it."""

    id: str
    name: str
    comparison: Comparison
    status: str
    """ "running", "stopped", "finished" or "failed"."""
    reason: str
    created: float
    ended: float | None
    visitor: str | None = None
    """Who started it."""


@dataclass(frozen=True)
class StoredTrial:
    """The place of a run in its comparison, and how it stands."""

    run: str
    key: tuple[int, int, int | None]
    status: str
    reason: str
    begun: int
    """How often a worker has begun it."""
    configuration: str

    @property
    def setup(self) -> TrainingSetup:
        """The training."""
        return TrainingSetup.from_json(self.configuration)


class Trials:
    """The comparisons of a store."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    def create(
        self,
        comparison: Comparison,
        name: str,
        content: bytes | None,
        app: str | None = None,
        visitor: str | None = None,
    ) -> str:
        """Store a comparison that begins; returns its id."""
        id, now = uuid.uuid4().hex, time.time()
        values = {"id": id, "name": name, "setup": comparison.to_json(), "status": "running", "reason": ""}
        self._write(sa.insert(COMPARISONS).values(**values, created=now, content=content, app=app, visitor=visitor))
        return id

    def get(self, comparison: str) -> Stored:
        """A comparison.

        Raises:
            ValueError: There is none with that id.
        """
        found = self._search(COMPARISONS.c.id == comparison)
        if not found:
            raise ValueError(f"comparison must be the id of a stored comparison; got {comparison!r}")
        return found[0]

    def search(self, status: str | None = None) -> list[Stored]:
        """All comparisons, newest first; those that this version cannot read are left out."""
        return self._search(sa.true() if status is None else COMPARISONS.c.status == status)

    def _search(self, where: Any) -> list[Stored]:
        names = ("id", "name", "setup", "status", "reason", "created", "ended", "visitor")
        query = sa.select(*(COMPARISONS.c[name] for name in names)).where(where)
        found = []
        with store_errors(), self.runs.engine.connect() as connection:
            for row in connection.execute(query.order_by(COMPARISONS.c.created.desc())):
                try:
                    comparison = Comparison.from_json(row.setup)
                except (ValueError, KeyError, TypeError):
                    continue
                told = row.status, row.reason, row.created, row.ended, row.visitor
                found.append(Stored(row.id, row.name, comparison, *told))
        return found

    def status(self, comparison: str) -> str | None:
        """Its status alone."""
        with store_errors(), self.runs.engine.connect() as connection:
            return connection.scalar(sa.select(COMPARISONS.c.status).where(COMPARISONS.c.id == comparison))

    def change(self, comparison: str, **values: Any) -> None:
        """Give a comparison other columns."""
        self._write(sa.update(COMPARISONS).where(COMPARISONS.c.id == comparison).values(**values))

    def content(self, comparison: str) -> bytes | None:
        """The user's file that it is about."""
        with store_errors(), self.runs.engine.connect() as connection:
            found = connection.scalar(sa.select(COMPARISONS.c.content).where(COMPARISONS.c.id == comparison))
        return found if found is None else bytes(found)

    def trials(self, comparison: str) -> list[StoredTrial]:
        """Its runs; one that runs but is not heard of is "interrupted"."""
        query = (
            sa.select(*(c for c in RUNS.c if c.name != "content"), TRIALS.c.entrant, TRIALS.c.number, TRIALS.c.repeat)
            .add_columns(TRIALS.c.begun)
            .join(TRIALS, TRIALS.c.run == RUNS.c.id)
            .where(TRIALS.c.comparison == comparison)
            .order_by(TRIALS.c.entrant, TRIALS.c.number, TRIALS.c.repeat)
        )
        with store_errors(), self.runs.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        found = []
        for row in rows:
            run, repeat = self.runs._run(row), None if row["repeat"] < 0 else row["repeat"]
            key = row["entrant"], row["number"], repeat
            found.append(StoredTrial(run.id, key, run.status, run.reason, row["begun"], run.configuration))
        return found

    def add(
        self,
        comparison: str,
        name: str,
        tasks: Iterable[Task],
        app: str | None = None,
        visitor: str | None = None,
    ) -> list[str]:
        """Store the runs of tasks, waiting; returns the ids. None is stored twice, whoever else tries at the same time.

        Args:
            comparison: The comparison's id.
            name: What the runs' names begin with.
            tasks: What is to be trained.
            app: In whose queue they wait.
            visitor: Whose runs they are: whoever started the comparison.

        Raises:
            StoreError: One of them is there already, or the store cannot be written.
        """
        now, ids, runs, places = time.time(), [], [], []
        for task in tasks:
            ids.append(uuid.uuid4().hex)
            repeat = -1 if task.repeat is None else task.repeat
            what = f"trial {task.number + 1}" if task.repeat is None else f"repeat {task.repeat + 1}"
            runs.append(
                {
                    "id": ids[-1],
                    "name": f"{name}: {task.setup.optimizer.label}, {what}"[:200],
                    "note": "",
                    "reason": "",
                    "setup": task.setup.to_json(),
                    "status": "queued",
                    "created": now,
                    "queued": now,
                    "epochs": 0,
                    "seconds": 0.0,
                    "group": comparison,
                    "app": app,
                    "visitor": visitor,
                }
            )
            place = {"run": ids[-1], "comparison": comparison, "entrant": task.entrant, "number": task.number}
            places.append({**place, "repeat": repeat, "begun": 0})
        with store_errors(), self.runs.engine.begin() as connection:
            connection.execute(sa.insert(RUNS), runs)
            connection.execute(sa.insert(TRIALS), places)
        return ids

    def wait_again(self, runs: Sequence[str], *, afresh: bool = False) -> None:
        """Let runs that were stopped or interrupted begin again, from the beginning: a trial takes a second.

        Args:
            runs: Their ids.
            afresh: Forget how often they were begun.
        """
        again = {"status": "queued", "reason": "", "queued": time.time(), "ended": None, "owner": None, "heard": None}
        with store_errors(), self.runs.engine.begin() as connection:
            for table in (EVENTS, COMMANDS):
                connection.execute(sa.delete(table).where(table.c.run.in_(runs)))
            connection.execute(sa.update(RUNS).where(RUNS.c.id.in_(runs)).values(**again, epochs=0, seconds=0.0))
            if afresh:
                connection.execute(sa.update(TRIALS).where(TRIALS.c.run.in_(runs)).values(begun=0))

    def claim(self, runs: Sequence[str], owner: str) -> list[str]:
        """Take those of the runs that wait; only their owner may write to them from then on."""
        claimed = [run for run in runs if self.runs.claim(run, owner)]
        self._write(sa.update(TRIALS).where(TRIALS.c.run.in_(claimed)).values(begun=TRIALS.c.begun + 1))
        return claimed

    def interrupt(self, runs: Sequence[str], reason: str) -> None:
        """Say that the worker of runs is no more; those that have ended keep what they say."""
        for run in runs:
            self.runs.end(run, "interrupted", reason)

    def events(self, runs: Sequence[str]) -> dict[str, list[TrainingEvent]]:
        """The beginning, the epochs and the end of runs."""
        events: dict[str, list[TrainingEvent]] = {run: [] for run in runs}
        query = sa.select(EVENTS).where(EVENTS.c.run.in_(runs), EVENTS.c.kind.in_(_KEPT)).order_by(EVENTS.c.id)
        with store_errors(), self.runs.engine.connect() as connection:
            for row in connection.execute(query):
                events[row.run].append(read(row.kind, json.loads(row.payload)))
        return events

    def _write(self, statement: Any) -> None:
        with store_errors(), self.runs.engine.begin() as connection:
            connection.execute(statement)


class _Channel:
    """Keeps the events of one run until the portion writes them."""

    def __init__(self) -> None:
        self.waiting: list[TrainingEvent] = []
        self.columns: dict[str, Any] = {}

    def emit(self, event: TrainingEvent) -> None:
        self.waiting.append(event)
        if isinstance(event, Epoch):
            self.columns |= {"epochs": event.epoch, "seconds": event.seconds}

    def flush(self) -> None:
        """The portion writes all its runs together."""

    def commands(self) -> list[Command]:
        return []


_TRAINERS: dict[str, Any] = {}
"""The trainer of the comparison in hand: its graphs serve trials and repeats."""


def train_trials(comparison: str, runs: Sequence[str], url: str, folder: str) -> None:
    """Train those of a comparison's runs that wait, together; they belong to one entrant.

    Args:
        comparison: The comparison's id.
        runs: The runs' ids.
        url: The store's database.
        folder: The store's folder.
    """
    trials, owner = Trials(Runs(url, folder, create=False)), uuid.uuid4().hex
    with ONE_AT_A_TIME:
        claimed = set(trials.claim(runs, owner)) if trials.status(comparison) == "running" else set()
        portion = [trial for trial in trials.trials(comparison) if trial.run in claimed]
        if portion:
            _Portion(trials, trials.get(comparison), portion, owner).train()
    trials.runs.engine.dispose()


class _Portion:
    def __init__(self, trials: Trials, stored: Stored, portion: Sequence[StoredTrial], owner: str) -> None:
        self.trials, self.stored, self.portion, self.owner = trials, stored, portion, owner
        self.channels = [_Channel() for _ in portion]
        self.asked = 0.0
        self.going = True
        self._closed = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._beat, daemon=True).start()

    def train(self) -> None:
        setups = [trial.setup for trial in self.portion]
        entrant, _, repeat = self.portion[0].key
        try:
            trainer = _trainer(self.trials, self.stored)
            told = how(self.stored.comparison, entrant, repeat)
            # Who is given up in successive halving depends on all others.
            at_once = len(setups) if told["rungs"] else most_together(setups[0], trainer.data, len(setups))
            for begin in range(0, len(setups), at_once):
                places = range(begin, min(begin + at_once, len(setups)))
                if begin and not self._going_on():
                    for place in range(begin, len(setups)):
                        self._flush(place, status="stopped", reason="Stopped before it began.", ended=time.time())
                    return
                these = [setups[place] for place in places], [self.channels[place] for place in places]
                for place, end in zip(places, trainer.train(*these, **told, going_on=self._going_on), strict=True):
                    losses = {f"{part}_loss": scores["loss"] for part, scores in end.scores.items()}
                    # Given up by the search is an end; stopped by the user is not.
                    status = "finished" if end.status == "stopped" and self.going else end.status
                    self._flush(place, status=status, reason=end.reason, ended=time.time(), **losses)
        except (ValueError, DataUnavailableError) as error:
            self._fail(str(error))
        except StoreError:
            raise  # nothing can be written: whoever waits for this worker says so
        except Exception as error:
            self._fail(with_place(error))
            raise
        finally:
            self._closed.set()

    def _going_on(self) -> bool:
        """Whether the comparison is still to go on; meanwhile, what was measured so far is written."""
        if time.monotonic() - self.asked < _ASK_SECONDS:
            return self.going
        for place in range(len(self.portion)):
            if self.channels[place].waiting:
                self._flush(place)
        self.going, self.asked = self.trials.status(self.stored.id) == "running", time.monotonic()
        return self.going

    def _flush(self, place: int, **columns: Any) -> None:
        channel = self.channels[place]
        with self._lock:
            run, waiting = self.portion[place].run, channel.waiting
            self.trials.runs.record(run, self.owner, waiting, **{**channel.columns, **columns})
        channel.waiting, channel.columns = [], {}

    def _fail(self, reason: str) -> None:
        for place in range(len(self.portion)):
            self._flush(place, status="failed", reason=reason, ended=time.time())

    def _beat(self) -> None:
        """Say that the worker lives, also while it compiles."""
        while not self._closed.wait(_BEAT_SECONDS):
            for trial in self.portion:
                try:
                    with self._lock:
                        self.trials.runs.record(trial.run, self.owner, [])
                except StoreError:
                    break  # the portion meets the same fault when it writes


def _trainer(trials: Trials, stored: Stored) -> Any:
    from gdviz.training.keras.together import Trainer

    if stored.id not in _TRAINERS:
        _TRAINERS.clear()
        _TRAINERS[stored.id] = Trainer(stored.comparison.problem, trials.content(stored.id))
    return _TRAINERS[stored.id]
