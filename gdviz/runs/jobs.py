"""Where trainings run: worker processes of Dask, an embedded local cluster by default, or the one that
``GDVIZ_SCHEDULER=tcp://...`` names. The same code serves both.

The app's process never loads TensorFlow. The workers of a remote cluster must reach the store's database and folder
under the same names, and should have one thread each: a worker trains one run at a time.
"""

import os
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, fire_and_forget

from gdviz.runs import Runs, StoreError
from gdviz.runs.worker import WarmUp, work
from gdviz.training import TrainingSetup

_CONNECT_SECONDS = 5


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
        self.runs = runs
        self.scheduler = scheduler or os.environ.get("GDVIZ_SCHEDULER")
        self.faults: dict[str, str] = {}
        """Why runs ended, by id, where the store could not be told."""
        self._futures: dict[str, Future[None]] = {}
        self._closing = False
        self._cluster = None if self.scheduler else _embedded(_count(trainings))
        try:
            self._client = Client(  # type: ignore[no-untyped-call]
                self.scheduler or self._cluster, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise JobsError(f"The scheduler at {self.scheduler} does not answer: {error}") from error
        self._client.register_plugin(WarmUp())
        for run in runs.search(sort="created", ascending=True):
            if run.status == "queued":
                self._submit(run.id)

    def start(self, setup: TrainingSetup, name: str = "", content: bytes | None = None) -> str:
        """Store a run and let it wait for a worker.

        Args:
            setup: What to train.
            name: What people call it.
            content: The bytes of the user's CSV file, for a training on one.

        Returns:
            The run's id.
        """
        run = self.runs.create(setup, name, content)
        self._submit(run)
        return run

    def resume(self, run: str) -> None:
        """Let a run that was stopped, failed or was interrupted go on from its checkpoint."""
        self.runs.requeue(run)
        self.faults.pop(run, None)
        self._submit(run)

    def trouble(self) -> str | None:
        """Why nothing can be trained at the moment; None where it can."""
        if self._client.status != "running":
            return f"The scheduler{f' at {self.scheduler}' if self.scheduler else ''} does not answer."
        if not self._client.scheduler_info(n_workers=-1)["workers"]:
            return "There is no worker process; one may be starting."
        return None

    def close(self) -> None:
        """End the embedded cluster, and with it what it trains; a remote one goes on."""
        self._closing = True
        self._client.close()  # type: ignore[no-untyped-call]
        if self._cluster is not None:
            self._cluster.close()

    def __enter__(self) -> "Jobs":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _submit(self, run: str) -> None:
        if self._client.status != "running":
            self._ended(run, "failed", self.trouble() or "The scheduler does not answer.")
            return
        future = self._client.submit(work, run, self.runs.url, str(self.runs.folder), pure=False)
        self._futures[run] = future
        fire_and_forget(future)  # type: ignore[no-untyped-call]  # so that a remote cluster goes on when this app is closed
        future.add_done_callback(lambda done: self._done(run, done))  # type: ignore[no-untyped-call]

    def _done(self, run: str, future: Future[None]) -> None:
        """Called in a thread of Dask when a run's worker is done with it, or is no more."""
        if future.status == "error":
            error = future.exception()  # type: ignore[no-untyped-call]
            if isinstance(error, KilledWorker):
                self._ended(run, "interrupted", "Its worker process was killed.")
            else:
                self._ended(run, "failed", f"{type(error).__name__}: {error}")
        elif future.status in ("cancelled", "lost") and not (self._closing and self.scheduler):
            self._ended(run, "interrupted", "The scheduler was lost.")
        self._futures.pop(run, None)

    def _ended(self, run: str, status: Any, reason: str) -> None:
        try:
            self.runs.end(run, status, reason)
        except StoreError as error:
            self.faults[run] = f"{reason} {error}"


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
    return LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=trainings, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", memory_limit=0
    )
