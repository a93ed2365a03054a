"""Where trainings run: worker processes of Dask, an embedded local cluster by default, or the one that
``GDVIZ_SCHEDULER=tcp://...`` names. The same code serves both.

The app's process never loads TensorFlow. The workers of a remote cluster must reach the store's database and folder
under the same names, and should have one thread each: a worker trains one run at a time.
"""

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, NamedTuple

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, fire_and_forget

from gdviz.runs import Runs, StoreError
from gdviz.runs.memory import plan_of, refusal
from gdviz.runs.worker import WarmUp, want_soon, work, worker_memory
from gdviz.training import TrainingSetup

_CONNECT_SECONDS = 5
_PREPARE_SECONDS = 5.0
_TEND_SECONDS = 2.0
"""How often an app says that it lives, and looks for what waits and nobody has."""


class JobsError(RuntimeError):
    """Nothing can be trained; the message says why."""


class Jobs:
    """The trainings of a store: at most ``trainings`` at once, the others wait in the order in which they came.

    Args:
        runs: The store.
        scheduler: The address of a Dask scheduler. None stands for ``GDVIZ_SCHEDULER``, or an embedded cluster.
        trainings: Worker processes of the embedded cluster. None stands for ``GDVIZ_TRAININGS``, or 1.

    Raises:
        JobsError: The scheduler does not answer.
        ValueError: ``trainings`` is not a whole number above 0.
    """

    def __init__(self, runs: Runs, scheduler: str | None = None, trainings: int | None = None) -> None:
        count = _count(trainings)
        self.runs = runs
        self.id = uuid.uuid4().hex
        self.scheduler = scheduler or os.environ.get("GDVIZ_SCHEDULER")
        self.faults: dict[str, str] = {}
        """Reasons of ended runs, by id, that could not be stored yet."""
        self._untold: dict[str, _Ending] = {}
        self._store_trouble: str | None = None
        self._fault: str | None = None
        self._futures: dict[str, Future[None]] = {}
        self._others: set[Future[None]] = set()
        self._prepared: set[str] = set()
        self._prepared_at = -_PREPARE_SECONDS
        self._submitting = threading.Lock()
        self._closing = threading.Event()
        self.looks: list[Callable[[], object]] = []
        """Called every few seconds, by whoever has to look after what workers do."""
        self._cluster = None if self.scheduler else _embedded(count)
        try:
            self._client = self._connected()
        except (OSError, ValueError) as error:
            raise JobsError(f"The scheduler at {self.scheduler} does not answer: {error}") from error
        self._tend(nobodys=True)
        self._tender = threading.Thread(target=self._keep_tending, daemon=True)
        self._tender.start()

    def _connected(self) -> Client:
        client = Client(  # type: ignore[no-untyped-call]
            self.scheduler or self._cluster, timeout=_CONNECT_SECONDS, set_as_default=False
        )
        client.register_plugin(WarmUp())
        return client

    def start(
        self,
        setup: TrainingSetup,
        name: str = "",
        content: bytes | None = None,
        *,
        group: str | None = None,
        visitor: str | None = None,
    ) -> str:
        """Store a run and let it wait for a worker.

        Args:
            setup: The training.
            name: Its name for people.
            content: The bytes of the user's CSV file, for a training on one.
            group: The comparison that it is a part of.
            visitor: Who starts it.

        Returns:
            The run's id.

        Raises:
            QuotaError: A quota is reached, of the visitor or of all.
            ValueError: It would take more memory than a worker may.
        """
        if reason := refusal(setup, plan_of(setup, content)):
            raise ValueError(reason)
        self.runs.admit(visitor)
        run = self.runs.create(setup, name, content, group=group, visitor=visitor, app=self.id)
        self._submit(run)
        return run

    def resume(self, run: str) -> None:
        """Let a run that was stopped, failed or was interrupted go on from its checkpoint."""
        self.runs.requeue(run, self.id)
        self.faults.pop(run, None)
        self._submit(run)

    def prepare(self) -> None:
        """Let the workers load TensorFlow now: somebody is about to train."""
        if time.monotonic() - self._prepared_at < _PREPARE_SECONDS:
            return
        self._prepared_at = time.monotonic()
        try:
            new = set(self._client.scheduler_info(n_workers=-1)["workers"]) - self._prepared
            if new:
                self._client.run(want_soon, workers=list(new), on_error="ignore")
                self._prepared |= new
        except (OSError, RuntimeError, ValueError):
            return  # a worker or the scheduler has just gone; see trouble()

    def submit(self, function: Any, *arguments: Any, done: Any) -> None:
        """Let a worker call a function, and ``done`` be called with the future when it has, or is no more; with None
        where there is no scheduler."""
        if self._client.status != "running":
            done(None)
            return
        try:
            future = self._client.submit(function, *arguments, pure=False)
        except Exception:
            if self._client.status == "running":
                raise
            done(None)  # the scheduler was lost just now
            return
        self._others.add(future)
        fire_and_forget(future)  # type: ignore[no-untyped-call]

        def ended(future: Future[None]) -> None:
            self._others.discard(future)
            done(future)

        future.add_done_callback(ended)  # type: ignore[no-untyped-call]

    @property
    def closing(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closing.is_set()

    def trouble(self) -> str | None:
        """Why nothing can be trained at the moment; None where it can."""
        if self._client.status != "running":
            return f"The scheduler{f' at {self.scheduler}' if self.scheduler else ''} does not answer."
        if self._store_trouble:
            return self._store_trouble
        if self._fault:
            return self._fault
        if not self._client.scheduler_info(n_workers=-1)["workers"]:
            return "There is no worker process; one may be starting."
        return None

    def close(self) -> None:
        """End the embedded cluster, and with it what it trains; a remote one goes on. What waits is left to others."""
        self._closing.set()
        self._tender.join()
        self._client.close()  # type: ignore[no-untyped-call]
        if self._cluster is not None:
            self._cluster.close()
        with suppress(StoreError):
            self.runs.leave(self.id)

    def __enter__(self) -> "Jobs":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep_tending(self) -> None:
        while not self._closing.wait(_TEND_SECONDS):
            faults = [_fault_of(self._connect_again), _fault_of(self._tend)]
            if self._client.status == "running":
                faults += [_fault_of(look) for look in self.looks]
            self._fault = next(filter(None, faults), None)

    def _connect_again(self) -> None:
        if self._client.status == "closed":  # Dask gives up a scheduler that stays away for seconds
            with suppress(OSError, ValueError):
                self._client, self._prepared = self._connected(), set()

    def _tend(self, nobodys: bool = False) -> None:
        """Say that this app lives, store the reasons that wait for it, and submit the runs that nobody has."""
        try:
            self.runs.beat(self.id)
            for run, ending in list(self._untold.items()):
                self.runs.end(run, ending.status, ending.reason, ending.owner)
                self._untold.pop(run)
                self.faults.pop(run, None)
            self.runs.adopt(self.id, nobodys=nobodys)
            for run in self.runs.waiting(self.id):
                if self._client.status == "running":
                    self._submit(run)
        except StoreError as error:
            self._store_trouble = str(error)
        else:
            self._store_trouble = None

    def _submit(self, run: str) -> None:
        if self._client.status != "running":
            self._ended(run, _Ending("failed", self.trouble() or "The scheduler does not answer."))
            return
        with self._submitting:
            if run in self._futures:
                return
            owner = uuid.uuid4().hex
            future = self._client.submit(work, run, self.runs.url, str(self.runs.folder), owner, pure=False)
            self._futures[run] = future
        fire_and_forget(future)  # type: ignore[no-untyped-call]  # so that a remote cluster goes on when this app is closed
        future.add_done_callback(lambda done: self._done(run, owner, done))  # type: ignore[no-untyped-call]

    def _done(self, run: str, owner: str, future: Future[None]) -> None:
        """Called in a thread of Dask when a run's worker is done with it, or is no more.

        A run that no worker had begun is still waiting, and is submitted again.
        """
        self._futures.pop(run, None)
        if future.status == "error":
            error = future.exception()  # type: ignore[no-untyped-call]
            if isinstance(error, KilledWorker):
                self._ended(run, _Ending("interrupted", "Its worker process was killed.", owner))
            else:
                self._ended(run, _Ending("failed", f"{type(error).__name__}: {error}", owner))
        elif future.status in ("cancelled", "lost"):
            if not self._closing.is_set():
                self._ended(run, _Ending("interrupted", "The scheduler was lost."))
            elif not self.scheduler:
                self._ended(run, _Ending("interrupted", "The app was closed.", owner))

    def _ended(self, run: str, ending: "_Ending") -> None:
        try:
            self.runs.end(run, ending.status, ending.reason, ending.owner)
        except StoreError as error:
            self._untold[run] = ending
            self.faults[run] = f"{ending.reason} {error}"


class _Ending(NamedTuple):
    """How a run ended whose worker could not say it."""

    status: Literal["failed", "interrupted"]
    reason: str
    owner: str | None = None
    """Whose run it has to be; None for anybody's."""


def _fault_of(step: Callable[[], object]) -> str | None:
    """Take a step, and say what went wrong in it: whoever says that this app lives must outlive that."""
    try:
        step()
    except Exception as error:
        logging.exception("Looking after the trainings failed")
        return f"Looking after the trainings failed: {type(error).__name__}: {error}"
    return None


def _count(trainings: int | None) -> int:
    given: Any = trainings if trainings is not None else os.environ.get("GDVIZ_TRAININGS", "1")
    try:
        count = int(given)
    except ValueError:
        count = 0
    if count < 1:
        raise ValueError(f"trainings must be a whole number with 1 ≤ trainings; got {given!r}")
    return count


def _embedded(trainings: int) -> LocalCluster:
    # A training whose worker died must not begin again by itself on another one.
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    # A worker ends a training that takes too much memory, and says so; where it does not come to that, it is killed.
    dask.config.set({f"distributed.worker.memory.{action}": False for action in ("target", "spill", "pause")})
    return LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=trainings,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        memory_limit=worker_memory() * 5 // 4,
    )
