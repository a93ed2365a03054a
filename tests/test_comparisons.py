"""Comparisons in worker processes: the same findings as in this process, whatever stops or dies on the way."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import gdviz
from gdviz.comparing.comparison import Budget, Comparison, entrants_of
from gdviz.comparing.plan import portions
from gdviz.comparing.run import run
from gdviz.runs import Runs, StoreError
from gdviz.runs.comparisons import Comparisons
from gdviz.runs.jobs import Jobs, JobsError
from gdviz.runs.portion import train_trials
from gdviz.runs.trials import Trials
from gdviz.training import DATASETS, DenseLayer, TrainingSetup
from gdviz.training.events import End
from tests.events import epoch

IRIS = TrainingSetup(data=DATASETS.make("iris"), layers=(DenseLayer(8),), epochs=3)
SHORT = Comparison(IRIS, entrants_of(["sgd", "adam"]), Budget(trials=4, repeats=2))
MIDDLE = Comparison(replace(IRIS, epochs=300), entrants_of(["sgd"]), Budget(trials=4, repeats=2))
LONG = Comparison(replace(IRIS, epochs=3000), entrants_of(["sgd", "adam"]), Budget(trials=4, repeats=2))


def wait_for(condition: Callable[[], object], seconds: float = 240.0) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.05)


class Cluster:
    """``dask scheduler`` and two ``dask worker``, as they are started by hand on machines of one's own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.folder = folder
        self.scheduler, self.workers = self.start_scheduler(), self.start_workers(2)

    def _started(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *command, "--no-dashboard"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        return self._started("scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2])

    def start_workers(self, count: int) -> subprocess.Popen[bytes]:
        return self._started("worker", self.address, "--nworkers", str(count), "--nthreads", "1")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.kill(started.workers)
    started.kill(started.scheduler)


@pytest.fixture(scope="module")
def jobs(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    runs, made = Runs(folder=tmp_path_factory.mktemp("runs")), list[Jobs]()

    def connected() -> bool:
        with suppress(JobsError):
            made.append(Jobs(runs, cluster.address))
        return bool(made)

    wait_for(connected)
    with made[0] as started:
        wait_for(lambda: len(started._client.scheduler_info(n_workers=-1)["workers"]) == 2)
        yield started


@pytest.fixture(scope="module")
def comparisons(jobs: Jobs) -> Comparisons:
    return Comparisons(jobs)


def status(comparisons: Comparisons, id: str) -> str:
    return comparisons.get(id).status


def running(comparisons: Comparisons, id: str) -> bool:
    return any(trial.status == "running" for trial in comparisons.trials.trials(id))


def busy(jobs: Jobs) -> list[str]:
    """The workers that are at work."""
    return [worker for worker, tasks in jobs._client.processing().items() if tasks]


def assert_complete(comparisons: Comparisons, id: str, comparison: Comparison) -> None:
    """Every trial once, none lost, each with the curve of its own length and the repeats of the best."""
    stored = comparisons.trials.trials(id)
    counts = Counter(trial.key for trial in stored)
    wanted = {(k, n, None) for k in range(len(comparison.entrants)) for n in range(comparison.trials)}
    assert wanted <= set(counts)
    assert set(counts.values()) == {1}
    record = comparisons.record(id)
    assert record.done == 1.0
    for trial in (*record.trials, *record.tests):
        assert trial.ended
        if trial.status == "finished":
            assert len(trial.curve) == comparison.problem.epochs


def test_the_findings_are_those_of_this_process(comparisons: Comparisons) -> None:
    id = comparisons.start(SHORT, "Iris")
    wait_for(lambda: status(comparisons, id) == "finished")
    assert_complete(comparisons, id, SHORT)
    there, here = comparisons.record(id), run(SHORT)
    assert [t.score for t in there.trials] == pytest.approx([t.score for t in here.trials])
    for name in here.names:
        assert there.repeats[name] == pytest.approx(here.repeats[name])
    assert there.sentence == here.sentence
    assert there.constant == here.constant
    seen: dict[str, gdviz.comparing.record.Trial] = {}
    assert comparisons.record(id, seen).sentence == comparisons.record(id, seen).sentence == here.sentence


def test_every_trial_is_a_run_with_its_curve(comparisons: Comparisons) -> None:
    stored = comparisons.trials.search()[0]
    runs = comparisons.trials.runs
    grouped = runs.search(group=stored.id)
    assert len(grouped) == 2 * (4 + 2)
    assert {r.status for r in grouped} == {"finished"}
    history = runs.history(grouped[0].id)
    assert len(history.epochs) == 3
    assert len(history.batches) == 3 * 3
    assert "val_loss" in history.epochs[1].measured
    judged = ["test" in r.losses for r in sorted(grouped, key=lambda r: "repeat" in r.name)]
    assert judged == [False] * 8 + [True] * 4  # the test part is looked at for the repeats only


def test_more_trials_keep_those_there_are(comparisons: Comparisons) -> None:
    id = comparisons.trials.search()[0].id
    before = {t.run: t.score for t in comparisons.record(id).trials}
    with pytest.raises(ValueError, match="more than the 4"):
        comparisons.more_trials(id, 4)
    comparisons.more_trials(id, 6)
    wait_for(lambda: status(comparisons, id) == "finished")
    assert_complete(comparisons, id, SHORT.changed(trials=6))
    after = {t.run: t.score for t in comparisons.record(id).trials}
    assert len(after) == 12
    assert before.items() <= after.items()


def test_stopped_and_continued(comparisons: Comparisons) -> None:
    id = comparisons.start(LONG)
    wait_for(lambda: running(comparisons, id))
    comparisons.stop(id)
    wait_for(lambda: all(t.status not in ("running", "queued") for t in comparisons.trials.trials(id)), 30)
    assert status(comparisons, id) == "stopped"
    comparisons.trials.change(id, setup=LONG.changed(problem=IRIS).to_json())
    assert not any(t.ended for t in comparisons.record(id).tests)
    comparisons.go_on(id)
    assert status(comparisons, id) == "running"
    comparisons.stop(id)


def test_a_killed_worker_costs_nothing_but_time(jobs: Jobs, comparisons: Comparisons) -> None:
    wait_for(lambda: not busy(jobs))
    id = comparisons.start(MIDDLE)
    wait_for(lambda: running(comparisons, id))
    (at_work,) = busy(jobs)
    os.kill(jobs._client.run(os.getpid, workers=[at_work])[at_work], signal.SIGKILL)
    wait_for(lambda: status(comparisons, id) == "finished")
    assert_complete(comparisons, id, MIDDLE)
    assert max(t.begun for t in comparisons.trials.trials(id)) > 1


def test_no_trial_is_stored_twice(tmp_path: Path) -> None:
    trials = Trials(Runs(folder=tmp_path))
    id = trials.create(SHORT, "twice", None)
    portion = portions(SHORT, [])[0]
    trials.add(id, "twice", portion)
    with pytest.raises(StoreError):
        trials.add(id, "twice", portion)


def stored_portion(folder: Path) -> tuple[Trials, str, list[str]]:
    """A comparison whose first portion waits."""
    trials = Trials(Runs(folder=folder))
    id = trials.create(MIDDLE, "it", None)
    return trials, id, trials.add(id, "it", portions(MIDDLE, [])[0])


def statuses(trials: Trials, id: str) -> set[str]:
    return {trial.status for trial in trials.trials(id)}


def test_a_portion_goes_to_one_of_two_workers_as_a_whole(tmp_path: Path) -> None:
    trials, id, ids = stored_portion(tmp_path)
    for _ in range(5):
        both = [Trials(Runs(folder=tmp_path)) for _ in range(2)]
        with ThreadPoolExecutor(2) as workers:
            claimed = list(workers.map(lambda other: other.claim(ids, uuid.uuid4().hex), both))
        assert sorted(map(len, claimed)) == [0, len(ids)]
        trials.interrupt(ids, "again")
        trials.wait_again(ids)
    assert {trial.begun for trial in trials.trials(id)} == {5}


def test_what_a_worker_has_in_hand_is_begun_again_by_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of two apps both see that a worker died, and the one is faster."""
    trials, id, ids = stored_portion(tmp_path)
    trials.claim(ids, "worker")
    trials.runs.record(ids[0], "worker", [epoch(1)])
    trials.wait_again(ids)
    assert statuses(trials, id) == {"running"}
    assert len(trials.events(ids)[ids[0]]) == 1
    monkeypatch.setattr("gdviz.runs.records.STALE_SECONDS", -1.0)
    trials.wait_again(ids)
    assert statuses(trials, id) == {"queued"}
    assert not trials.events(ids)[ids[0]]


@pytest.mark.parametrize("future", ["error", "lost", "cancelled"])
def test_what_befalls_a_task_of_one_app_leaves_the_worker_of_another_alone(future: str, tmp_path: Path) -> None:
    ended: list[Any] = []
    workers: Any = SimpleNamespace(
        runs=Runs(folder=tmp_path), looks=[], closing=False, faults={}, submit=lambda *_, done: ended.append(done)
    )
    comparisons = Comparisons(workers)
    id = comparisons.start(SHORT.changed(trials=2))
    ids = [trial.run for trial in comparisons.trials.trials(id) if trial.key[0] == 0]
    comparisons.trials.claim(ids, "the worker of another app")
    ended[0](SimpleNamespace(status=future, exception=lambda: StoreError("database is locked")))
    assert {t.status for t in comparisons.trials.trials(id) if t.run in ids} == {"running"}
    assert comparisons.trials.runs.record(ids[0], "the worker of another app", [epoch(1)])


class Emitting:
    """A trainer that emits epochs until it is told to stop, and does something at the tenth."""

    def __init__(self, at_tenth: Callable[[], object]) -> None:
        self.data, self.at_tenth, self.epochs = None, at_tenth, 0

    def train(self, setups: Any, channels: Any, *, going_on: Callable[[], bool], **_: Any) -> list[End]:
        while going_on() and self.epochs < 50:
            self.epochs += 1
            for channel in channels:
                channel.emit(epoch(self.epochs))
            if self.epochs == 10:
                self.at_tenth()
        return [End("finished", "", {"train": {"loss": 1.0}}) for _ in setups]


def trained(trials: Trials, id: str, ids: list[str], patch: pytest.MonkeyPatch, at_tenth: Callable[[], object]) -> int:
    """How many epochs a worker trains a portion for."""
    trainer = Emitting(at_tenth)
    patch.setattr("gdviz.runs.portion._trainer", lambda *_: trainer)
    patch.setattr("gdviz.runs.portion.most_together", lambda _setup, _data, most: most)
    patch.setattr("gdviz.runs.portion._ASK_SECONDS", 0.0)
    train_trials(id, ids, trials.runs.url, str(trials.runs.folder))
    return trainer.epochs


def test_a_worker_whose_portion_was_given_to_another_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trials, id, ids = stored_portion(tmp_path)

    def take() -> None:
        trials.interrupt(ids, "Nothing was heard of its worker.")
        trials.wait_again(ids)
        trials.claim(ids, "another")

    assert trained(trials, id, ids, monkeypatch, take) == 10
    assert statuses(trials, id) == {"running"}
    assert not any(trials.events(ids).values())


def test_a_portion_waits_for_a_store_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trials, id, ids = stored_portion(tmp_path)
    write, refused = Runs.record_all, list[str]()

    def locked_twice(runs: Runs, *given: Any) -> bool:
        if len(refused) < 2:
            refused.append("")
            raise StoreError("database is locked")
        return write(runs, *given)

    def lock() -> None:
        monkeypatch.setattr(Runs, "record_all", locked_twice)

    assert trained(trials, id, ids, monkeypatch, lock) == 50
    assert statuses(trials, id) == {"finished"}
    assert {len(events) for events in trials.events(ids).values()} == {50}


def test_runs_that_end_together_end_in_one_transaction(tmp_path: Path) -> None:
    trials, id, ids = stored_portion(tmp_path)
    trials.claim(ids, "worker")
    trials.runs.end(ids[-1], "interrupted", "taken")
    ended: dict[str, Any] = {run: ([epoch(1)], {"status": "finished"}) for run in ids}
    assert not trials.runs.record_all(ended, "worker")
    assert statuses(trials, id) == {"running", "interrupted"}
    assert not any(trials.events(ids).values())


def test_what_nobody_foresaw_ends_a_comparison_with_its_reason(tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("gone")

    workers: Any = SimpleNamespace(runs=Runs(folder=tmp_path), looks=[], closing=False, faults={}, submit=refuse)
    comparisons, submitted = Comparisons(workers), []
    id = comparisons.start(SHORT)
    assert (comparisons.get(id).status, comparisons.get(id).reason) == ("failed", "RuntimeError: gone")
    workers.submit = lambda *given, **_: submitted.append(given)
    comparisons.go_on(id)
    assert (status(comparisons, id), len(submitted)) == ("running", 2)


def test_what_fails_says_why(comparisons: Comparisons) -> None:
    own = Comparison(IRIS.changed(data=DATASETS.make("own_table")), SHORT.entrants, SHORT.budget)
    id = comparisons.start(own, content=b"a,b\n1,2\n")
    wait_for(lambda: status(comparisons, id) == "failed")
    assert comparisons.get(id).reason


_APP = """
import sys, time
from gdviz.runs import Runs
from gdviz.runs.comparisons import Comparisons
from gdviz.runs.jobs import Jobs
from gdviz.comparing.comparison import Comparison
if __name__ == "__main__":
    comparisons = Comparisons(Jobs(Runs(folder=sys.argv[1])))
    print(comparisons.start(Comparison.from_json(sys.argv[2])), flush=True)
    time.sleep(600)
"""


def test_a_killed_app_is_taken_over_by_the_next(jobs: Jobs, tmp_path: Path) -> None:
    runs = Runs(folder=tmp_path)
    app = subprocess.Popen(
        [sys.executable, "-c", _APP, str(tmp_path), MIDDLE.to_json()], stdout=subprocess.PIPE, start_new_session=True
    )
    assert app.stdout is not None
    id = app.stdout.readline().decode().strip()
    wait_for(lambda: any(t.status == "running" for t in Trials(runs).trials(id)))
    os.killpg(app.pid, signal.SIGKILL)  # the app, its scheduler and its workers
    app.wait()
    with Jobs(runs, jobs.scheduler) as again:
        comparisons = Comparisons(again)
        wait_for(lambda: status(comparisons, id) == "finished")
        assert_complete(comparisons, id, MIDDLE)


def test_a_killed_scheduler_is_waited_for(cluster: Cluster, jobs: Jobs, comparisons: Comparisons) -> None:
    """Begun again at the same address, with workers, it goes on by itself; meanwhile the app says what is amiss."""
    id = comparisons.start(MIDDLE)
    wait_for(lambda: running(comparisons, id))
    cluster.kill(cluster.scheduler)
    wait_for(lambda: "does not answer" in (jobs.trouble() or ""))
    assert status(comparisons, id) == "running"
    waiting = comparisons.start(SHORT)
    cluster.scheduler = cluster.start_scheduler()
    cluster.kill(cluster.workers)
    cluster.workers = cluster.start_workers(1)
    for one, comparison in ((id, MIDDLE), (waiting, SHORT)):
        wait_for(lambda one=one: status(comparisons, one) == "finished")
        assert_complete(comparisons, one, comparison)
    assert jobs.trouble() is None
