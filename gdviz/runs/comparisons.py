"""Comparisons that workers carry out: what is trained next follows from what the store holds, now and after a break."""

import logging
import math
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress

from distributed import Future, KilledWorker

from gdviz.comparing.comparison import Comparison
from gdviz.comparing.plan import AT_ONCE, Known, portions
from gdviz.comparing.record import Record, Status, Trial, constant_scores, trial_of
from gdviz.comparing.run import record_of
from gdviz.runs.errors import StoreError
from gdviz.runs.jobs import Jobs
from gdviz.runs.memory import plan_of, refusal_of_comparison
from gdviz.runs.portion import train_trials
from gdviz.runs.trials import Stored, StoredTrial, Trials
from gdviz.training.events import End, Start, TrainingEvent, of_kind

_MOST_BEGINNINGS = 3
"""A trial that its worker did not survive so often is not begun again."""
_AGAIN = ("stopped", "interrupted")


class Comparisons:
    """The comparisons of a store, and the workers that carry them out.

    Nothing is remembered that the store does not hold: whatever dies, worker, scheduler or app, the next
    ``Comparisons`` on the same store goes on where it was.

    Args:
        jobs: The workers.
    """

    def __init__(self, jobs: Jobs) -> None:
        self.jobs, self.trials = jobs, Trials(jobs.runs)
        self._lock = threading.RLock()
        self._submitted: set[str] = set()
        for stored in self.trials.search("running"):
            self.advance(stored.id)
        jobs.looks.append(self.look)

    def start(
        self, comparison: Comparison, name: str = "", content: bytes | None = None, *, visitor: str | None = None
    ) -> str:
        """Store a comparison and begin it; returns its id.

        Args:
            comparison: Who takes part, and with which budget.
            name: Its name for people.
            content: The bytes of the user's CSV file, for a comparison on one.
            visitor: Who starts it; its runs are theirs, too.

        Raises:
            QuotaError: A quota is reached, of the visitor or of all.
            ValueError: Its trainings would take more memory than a worker may.
        """
        if reason := refusal_of_comparison(comparison, plan_of(comparison.problem, content)):
            raise ValueError(reason)
        self.jobs.runs.admit(visitor)
        problem = comparison.problem
        title = name or f"{problem.data.label}: {len(comparison.entrants)} optimizers, {comparison.trials} trials each"
        with self._lock:
            id = self.trials.create(comparison, title, content, visitor=visitor)
            self.advance(id)
        return id

    def stop(self, id: str) -> None:
        """Stop a comparison: what runs ends with its epoch, what waits does not begin."""
        if self.trials.status(id) != "running":
            return
        self.trials.change(id, status="stopped", reason="Stopped.", ended=time.time())
        waiting = [trial.run for trial in self.trials.trials(id) if trial.status == "queued"]
        self.trials.interrupt(waiting, "Stopped before it began.")

    def go_on(self, id: str) -> None:
        """Let a comparison that was stopped or failed go on where it was."""
        if self.trials.status(id) not in ("stopped", "failed"):
            return
        with self._lock:
            self.trials.change(id, status="running", reason="", ended=None)
            again = [trial.run for trial in self.trials.trials(id) if trial.status in ("failed", *_AGAIN)]
            self.trials.wait_again(again, afresh=True)
            self.advance(id)

    def more_trials(self, id: str, trials: int) -> None:
        """Let a comparison that has ended try more learning rates: those that it tried stay, and are continued.

        Raises:
            ValueError: There would not be more of them.
        """
        stored = self.trials.get(id)
        before = stored.comparison.budget.trials
        if trials <= before:
            raise ValueError(f"trials must be more than the {before} there are; got {trials}")
        if stored.comparison.budget.halving:
            raise ValueError("more trials cannot be added to successive halving: its rungs would have been others")
        more = stored.comparison.changed(trials=trials)
        self.trials.change(id, setup=more.to_json(), status="running", reason="", ended=None)
        self.advance(id)

    def get(self, id: str) -> Stored:
        """A comparison as it stands."""
        return self.trials.get(id)

    def record(self, id: str, ended: dict[str, Trial] | None = None) -> Record:
        """The findings so far.

        Args:
            id: The comparison.
            ended: Trials that had ended when last asked, by run: these are not read again, and new ones are added.
        """
        return read_record(self.trials, id, ended)

    def advance(self, id: str) -> None:
        """Submit what can be begun: called at the start, and whenever a portion has ended.

        A comparison that cannot be carried on for a reason that nobody foresaw ends as failed, with that reason.
        """
        if self.jobs.closing:
            return
        with self._lock:
            try:
                self._advance(id)
            except StoreError as error:
                self.jobs.faults[id] = str(error)
            except Exception as error:
                logging.exception("The comparison %s cannot be carried on", id)
                self._fail(id, f"{type(error).__name__}: {error}")

    def _fail(self, id: str, reason: str) -> None:
        try:
            self.trials.change(id, status="failed", reason=reason, ended=time.time())
        except StoreError as error:
            self.jobs.faults[id] = f"{reason} {error}"

    def look(self) -> None:
        """Let comparisons go on at which nobody is at work: their worker has been silent for a while, the scheduler was
        away, or the app that they were begun in is no more."""
        with suppress(StoreError):
            for stored in self.trials.search("running"):
                if self._neglected(self.trials.trials(stored.id)):
                    self.advance(stored.id)

    def _neglected(self, there: Sequence[StoredTrial]) -> bool:
        left = [trial for trial in there if trial.status in ("queued", *_AGAIN) and trial.run not in self._submitted]
        return bool(left) or not any(trial.status in ("queued", "running") for trial in there)

    def _advance(self, id: str) -> None:
        stored = self.trials.get(id)
        if stored.status != "running":
            return
        there = self.trials.trials(id)
        again = [trial for trial in there if trial.status in _AGAIN and trial.begun < _MOST_BEGINNINGS]
        if again:
            self.trials.wait_again([trial.run for trial in again])
            there = self.trials.trials(id)
        lost = next((trial for trial in there if _is_lost(trial)), None)
        if lost:
            self.trials.change(id, status="failed", reason=lost.reason, ended=time.time())
            return
        if any(trial.status in _AGAIN for trial in there):  # since the look before: with the next look, it begins again
            return
        record = self.record(id)
        for portion in portions(stored.comparison, _known(stored.comparison, there, record)):
            self.trials.add(id, stored.name, portion, visitor=stored.visitor)
        there = self.trials.trials(id)
        for group in _together(there):
            self._submit(id, group)
        if all(trial.status not in ("queued", "running") for trial in there):
            self.trials.change(id, status="finished", reason="", ended=time.time())

    def _submit(self, id: str, runs: Sequence[str]) -> None:
        waiting = [run for run in runs if run not in self._submitted]
        if waiting:
            self._submitted |= set(waiting)
            store, owner = self.trials.runs, uuid.uuid4().hex
            try:
                self.jobs.submit(
                    train_trials,
                    id,
                    waiting,
                    store.url,
                    str(store.folder),
                    owner,
                    done=lambda future: self._done(id, waiting, owner, future),
                )
            except BaseException:
                self._submitted -= set(waiting)
                raise

    def _done(self, id: str, runs: Sequence[str], owner: str, future: "Future[None] | None") -> None:
        """Called in a thread of Dask when a portion's worker is done with it, or is no more.

        Where the scheduler was lost, its workers may still be at work: what they write counts, and what nobody is heard
        of any more begins again.
        """
        with self._lock:
            self._submitted -= set(runs)
        if self.jobs.closing:
            return
        if future is None:  # there is no scheduler; once it is there again, they are looked after
            return
        try:
            if future.status == "error":
                error = future.exception()  # type: ignore[no-untyped-call]
                killed = isinstance(error, KilledWorker)
                reason = "Its worker process was killed." if killed else f"{error}"
                if not self.trials.interrupt(runs, reason, owner):  # it never began: at once, it would fail again
                    logging.warning("A portion of the comparison %s was not begun: %s", id, reason)
                    self.jobs.faults[id] = reason
                    return
        except StoreError as fault:
            self.jobs.faults[id] = str(fault)
        self.advance(id)


def _is_lost(trial: StoredTrial) -> bool:
    return trial.status == "failed" or (trial.status in _AGAIN and trial.begun >= _MOST_BEGINNINGS)


def _together(trials: Sequence[StoredTrial]) -> list[list[str]]:
    """The runs that wait, in portions: trials of one entrant, or its repeats, in the order of the plan."""
    groups: dict[tuple[int, bool, int], list[str]] = {}
    for trial in trials:
        entrant, number, repeat = trial.key
        if trial.status == "queued":
            groups.setdefault((entrant, repeat is not None, number // AT_ONCE), []).append(trial.run)
    return [groups[key] for key in sorted(groups, key=lambda key: (key[1], key[2], key[0]))]


def _known(comparison: Comparison, there: Sequence[StoredTrial], record: Record) -> list[Known]:
    scores = {trial.run: trial.score for trial in (*record.trials, *record.tests)}
    found = []
    for trial in there:
        score = scores.get(trial.run, math.nan)
        optimizer = trial.setup.optimizer
        values = {name: float(getattr(optimizer, name)) for name in comparison.entrants[trial.key[0]].tuned}
        found.append(Known(*trial.key, values, None if math.isnan(score) else score))
    return found


def read_record(trials: Trials, id: str, ended: dict[str, Trial] | None = None) -> Record:
    """The findings of a stored comparison so far; see :meth:`Comparisons.record`."""
    ended = {} if ended is None else ended
    comparison, there = trials.get(id).comparison, trials.trials(id)
    wanted = [trial for trial in there if trial.run not in ended]
    events = trials.events([trial.run for trial in wanted])
    found: list[Trial] = []
    for trial in there:
        made = ended.get(trial.run)
        if made is None:
            made = trial_of(
                comparison, trial.key, trial.setup, _status(trial, events[trial.run]), events[trial.run], trial.run
            )
            if made.ended:
                ended[trial.run] = made
        found.append(made)
    return record_of(comparison, found, _constant(trials, comparison, there))


def _constant(trials: Trials, comparison: Comparison, there: Sequence[StoredTrial]) -> dict[str, float]:
    begun = next((trial.run for trial in there if trial.status not in ("queued", "failed")), None)
    if begun is None:
        return {}
    start = next(iter(of_kind(trials.events([begun])[begun], Start)), None)
    return constant_scores(comparison, start) if start else {}


def _status(trial: StoredTrial, events: Sequence[TrainingEvent]) -> Status:
    """The status of a trial: one that ended because the search gave it up is "finished" in the store."""
    stopped = any(end.status == "stopped" for end in of_kind(events, End))
    given_up = trial.status == "finished" and stopped
    return "given up" if given_up else "stopped" if trial.status in _AGAIN else trial.status  # type: ignore[return-value]
