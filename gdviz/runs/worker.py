"""The worker process: it trains a run of the store, and writes the events into the store as they happen.

The worker writes by itself, so that nothing recorded is lost when the app is closed or killed.
"""

import gc
import os
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import psutil
from distributed import Worker, WorkerPlugin

from gdviz.budget import size
from gdviz.runs import Runs, StoreError
from gdviz.runs.errors import with_place
from gdviz.runs.quotas import whole
from gdviz.training import DATASETS, TrainingSetup
from gdviz.training.channel import Command, Recorder
from gdviz.training.datasets import DataUnavailableError, prepare
from gdviz.training.events import CommandDone, Epoch, Fault, TrainingEvent

_FLUSH_SECONDS = 0.1
_BEAT_SECONDS = 2.0
_RETRY_SECONDS = 0.2
_PATIENCE_SECONDS = 3600.0
"""How long a training waits for a store that cannot be written, before it gives up. Nothing is lost while it waits."""
_STATUS_AFTER = {"pause": "paused", "resume": "running", "step_batch": "running", "step_epoch": "running"}
"""The status of a run after a command; others, as one that changes the learning rate, leave it as it is."""

T = TypeVar("T")
ONE_AT_A_TIME = threading.Lock()
_WANTED = threading.Event()
_IDLE_SECONDS, _IDLE_PERCENT, _LOOK_SECONDS = 20.0, 25.0, 2.0
"""A machine whose processors were busy for less than that share of the time, for so long, is idle."""


def memory() -> int:
    """Bytes of memory that this process takes."""
    return int(psutil.Process().memory_info().rss)


def worker_memory() -> int:
    """Bytes of memory that a worker may take."""
    return whole("GDVIZ_WORKER_MEMORY", 4000) * 2**20


def patiently(action: Callable[[], T], lock: threading.Lock) -> T:
    """Do something with the store; where that fails, again, until patience ends.

    Args:
        action: What is done.
        lock: Held meanwhile, and free between two attempts.

    Raises:
        StoreError: Patience ended.
    """
    began = time.monotonic()
    while True:
        try:
            with lock:
                return action()
        except StoreError:
            if time.monotonic() - began > _PATIENCE_SECONDS:
                raise
            time.sleep(_RETRY_SECONDS)


class RunTakenError(RuntimeError):
    """The run was given to another worker, or was ended: this one must not write to it any more."""


class StoreChannel:
    """A training's channel into the store. Events are written in batches, at most ten a second.

    Args:
        runs: The store.
        run: The run's id.
        owner: Whom the run belongs to.
    """

    def __init__(self, runs: Runs, run: str, owner: str) -> None:
        self.runs, self.run, self.owner = runs, run, owner
        self._cursor = 0
        self._waiting: list[TrainingEvent] = []
        self._columns: dict[str, Any] = {}
        self._flushed = 0.0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._recorded = 0
        self._full = False
        for loop in (self._beat, self._say_alive):
            threading.Thread(target=loop, daemon=True).start()

    def emit(self, event: TrainingEvent) -> None:
        self._waiting.append(event)
        match event:
            case Epoch():
                self._columns |= {"epochs": event.epoch, "seconds": event.seconds}
            case CommandDone(command=command) if command in _STATUS_AFTER:
                self._columns["status"] = _STATUS_AFTER[command]
        if time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def commands(self) -> list[Command]:
        """The commands that came; a run that has taken all that it may is stopped, or fails for want of memory.

        Raises:
            ValueError: The process takes more memory than a worker may.
        """
        if (taken := memory()) > (most := worker_memory()):
            raise ValueError(
                f"The training takes {size(taken)} of memory, and a worker may take {size(most)}: choose a smaller "
                "model, batch or data set."
            )
        if not self._full and self._recorded > (most := whole("GDVIZ_MOST_MEGABYTES_RUN", 1000) * 2**20):
            self._full = True
            said = f"The run has recorded {size(self._recorded)}, and one run may record {size(most)}: it is stopped."
            self.emit(Fault(0, said))
            return [Command("stop")]
        if self._waiting and time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()
        found = self.patiently(lambda: self.runs.commands(self.run, self._cursor))
        self._cursor = found[-1][0] if found else self._cursor
        return [command for _, command in found]

    def flush(self, **columns: Any) -> None:
        """Write all that waits, and columns of the run.

        Raises:
            StoreError: The store could not be written for long.
            RunTakenError: The run is no longer this worker's.
        """
        values = {**self._columns, **columns}
        if not self.patiently(lambda: self.runs.record(self.run, self.owner, self._waiting, **values)):
            raise RunTakenError(f"run {self.run} was given to another worker")
        self._waiting, self._columns, self._flushed = [], {}, time.monotonic()

    def close(self) -> None:
        """End the heartbeat."""
        self._closed.set()

    def patiently(self, action: Callable[[], T]) -> T:
        """Do something with the store, as :func:`patiently` does, while the heartbeat does not."""
        return patiently(action, self._lock)

    def _beat(self) -> None:
        """Say that the worker lives, also where a batch or a measurement takes long."""
        while not self._closed.wait(_BEAT_SECONDS):
            try:
                with self._lock:
                    self.runs.record(self.run, self.owner, [])
                    self._recorded = self.runs.recorded(self.run)
            except StoreError:
                continue  # the training meets the same fault when it writes, and handles it

    def _say_alive(self) -> None:
        """The same without the database, which may be locked or gone."""
        while not self._closed.wait(_BEAT_SECONDS):
            self.runs.say_alive(self.run)


def work(run: str, url: str, folder: str, owner: str | None = None) -> None:
    """Train a waiting run of a store, from its checkpoint where it has one; return at once where it waits no more.

    Args:
        run: The run's id.
        url: The store's database.
        folder: The store's folder.
        owner: Whom the run belongs to while it is trained; None for somebody new.
    """
    runs, owner = Runs(url, folder, create=False), owner or uuid.uuid4().hex
    with ONE_AT_A_TIME:
        if not runs.claim(run, owner):
            return
        channel = StoreChannel(runs, run, owner)
        try:
            _train(runs, run, channel)
        except (ValueError, DataUnavailableError) as error:
            channel.flush(status="failed", reason=str(error), ended=time.time())
        except (StoreError, RunTakenError):
            raise  # nothing can be written: whoever waits for this worker says so
        except Exception as error:
            channel.flush(status="failed", reason=with_place(error), ended=time.time())
            raise
        finally:
            channel.close()
            runs.engine.dispose()
            _forget()


def _train(runs: Runs, run: str, channel: StoreChannel) -> None:
    from gdviz.training.keras.checkpoint import save_model
    from gdviz.training.keras.loop import train

    stored, content = channel.patiently(lambda: (runs.get(run), runs.content(run)))
    setup = stored.setup
    data = prepare(setup, content)
    checkpoint = runs.checkpoint_file(run)
    try:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        channel.emit(Fault(0, f"There is no place for checkpoints: {error}"))
    result = train(setup, data, channel, checkpoint, resume=True)
    if result.status != "diverged":
        try:
            save_model(runs.model_file(run), result.engine.compiled_model())
        except OSError as error:
            channel.emit(Fault(0, f"The model could not be written: {error}"))
    losses = {f"{part}_loss": scores["loss"] for part, scores in result.scores.items()}
    channel.flush(status=result.status, reason=result.reason, ended=time.time(), **losses)


def _forget() -> None:
    """Let go of models and compiled functions, so that memory does not grow from run to run."""
    import keras

    keras.backend.clear_session()
    gc.collect()


def warm_up() -> None:
    """Load TensorFlow and train something tiny, so that the first training starts at once."""
    with ONE_AT_A_TIME:
        import tensorflow as tf

        from gdviz.training.keras.loop import train

        tf.get_logger().setLevel("ERROR")  # it counts functions that are compiled for each model as an accident
        setup = TrainingSetup(data=DATASETS.make("moons", samples=64), epochs=1)
        train(setup, prepare(setup), Recorder())


class WarmUp(WorkerPlugin):
    """Warms every worker up in the background, also one that replaces a dead one: when a page asks for it, or when
    the machine has had nothing else to do for a while. Loading TensorFlow takes a core for seconds.
    """

    name = "gdviz-warm-up"

    def setup(self, worker: Worker) -> None:
        # The app's pages come first: they are to answer at once while a worker loads TensorFlow or trains.
        if hasattr(os, "nice"):
            os.nice(10)
        threading.Thread(target=_warm_up_in_time, daemon=True).start()


def want_soon() -> None:
    """Tell this worker that somebody is about to train."""
    _WANTED.set()


def _warm_up_in_time() -> None:
    idle = 0.0
    psutil.cpu_percent()  # of the time since the call before
    while idle < _IDLE_SECONDS and not _WANTED.wait(_LOOK_SECONDS):
        idle = idle + _LOOK_SECONDS if psutil.cpu_percent() < _IDLE_PERCENT else 0.0
    warm_up()
