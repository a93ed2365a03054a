"""What a worker does with a portion of a comparison: trials of one entrant, trained and written together."""

import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from gdviz.comparing.run import how
from gdviz.runs.errors import StoreError, with_place
from gdviz.runs.memory import most_together
from gdviz.runs.store import Runs
from gdviz.runs.trials import Stored, StoredTrial, Trials
from gdviz.runs.worker import ONE_AT_A_TIME, patiently
from gdviz.training.channel import Command
from gdviz.training.datasets import DataUnavailableError
from gdviz.training.events import Epoch, TrainingEvent

_BEAT_SECONDS = 2.0
_ASK_SECONDS = 0.25


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


def train_trials(comparison: str, runs: Sequence[str], url: str, folder: str, owner: str | None = None) -> None:
    """Train those of a comparison's runs that wait, together; they belong to one entrant.

    Args:
        comparison: The comparison's id.
        runs: The runs' ids.
        url: The store's database.
        folder: The store's folder.
        owner: Whom they belong to while they are trained; None for somebody new.
    """
    trials, owner = Trials(Runs(url, folder, create=False)), owner or uuid.uuid4().hex
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
        self.left = range(len(portion))
        """The places of those that have not ended."""
        self.asked = 0.0
        self.going = True
        self.taken = False
        """Whether the runs were given to another worker meanwhile, so that nothing is written any more."""
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
                    self._end(self.left, "stopped", "Stopped before it began.")
                    self._flush(self.left)
                    return
                these = [setups[place] for place in places], [self.channels[place] for place in places]
                for place, end in zip(places, trainer.train(*these, **told, going_on=self._going_on), strict=True):
                    losses = {f"{part}_loss": scores["loss"] for part, scores in end.scores.items()}
                    # Given up by the search is an end; stopped by the user is not.
                    status = "finished" if end.status == "stopped" and self.going else end.status
                    self._end([place], status, end.reason, **losses)
                self._flush(places)
                self.left = range(places.stop, len(setups))
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
        self._flush([place for place, channel in enumerate(self.channels) if channel.waiting])
        status = patiently(lambda: self.trials.status(self.stored.id), self._lock)
        self.going, self.asked = status == "running" and not self.taken, time.monotonic()
        return self.going

    def _end(self, places: Sequence[int], status: str, reason: str, **losses: float) -> None:
        """Keep how runs ended, until they are written."""
        for place in places:
            self.channels[place].columns |= {"status": status, "reason": reason, "ended": time.time(), **losses}

    def _flush(self, places: Sequence[int]) -> None:
        """Write what waits of some runs. Those that end together do so in one transaction: of a rung that is broken
        off, either all decisions stand or none does.
        """
        channels = [self.channels[place] for place in places]
        written = {self.portion[p].run: (self.channels[p].waiting, self.channels[p].columns) for p in places}
        if written and not self.taken:
            self.taken = not patiently(lambda: self.trials.runs.record_all(written, self.owner), self._lock)
        for channel in channels:
            channel.waiting, channel.columns = [], {}

    def _fail(self, reason: str) -> None:
        self._end(self.left, "failed", reason)
        self._flush(self.left)

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
