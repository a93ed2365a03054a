"""Trainings in worker processes, and what happens when something dies under them. Every fault is made, not imitated."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from distributed import LocalCluster

import gdviz.runs.worker
from gdviz.runs import Runs, StoreError
from gdviz.runs.jobs import Jobs, JobsError
from gdviz.runs.worker import work
from gdviz.training import DATASETS, DenseLayer, TrainingSetup, Watch
from gdviz.training.channel import Command, Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import Epoch, TrainingEvent
from gdviz.training.history import History
from gdviz.training.keras.loop import train

SHORT = TrainingSetup(
    data=DATASETS.make("moons", samples=100),
    layers=(DenseLayer(8, dropout=0.2),),
    epochs=3,
    watch=Watch(snapshot_epochs=0, checkpoint_seconds=0.0),
)
LONG = replace(SHORT, data=DATASETS.make("moons", samples=20_000), epochs=100_000)


def wait_for(condition: Callable[[], object], seconds: float = 150.0) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    with Jobs(Runs(folder=tmp_path_factory.mktemp("runs"))) as started:
        yield started


def trains(jobs: Jobs, run: str) -> bool:
    return jobs.runs.get(run).epochs > 0


def same_as_uninterrupted(runs: Runs, run: str) -> bool:
    """Whether what a run recorded is what a training without interruption records, over the epochs that it did."""
    history = runs.history(run)
    setup = replace(runs.get(run).setup, epochs=max(history.epochs))
    recorder = Recorder()
    train(setup, prepare(setup), recorder)
    whole = History().add(recorder.events)
    return all(history.batches[step] == row for step, row in whole.batches.items())


def test_a_run_is_trained_and_its_model_kept(jobs: Jobs) -> None:
    run = jobs.start(SHORT)
    wait_for(lambda: jobs.runs.get(run).status == "finished")
    stored = jobs.runs.get(run)
    assert stored.epochs == 3
    assert set(stored.losses) == {"train", "validation", "test"}
    assert jobs.runs.model_file(run).exists()
    assert [event.kind for event in jobs.runs.events(run)][-1] == "end"
    assert same_as_uninterrupted(jobs.runs, run)
    assert jobs.trouble() is None


def test_a_look_that_fails_is_said_and_ends_nothing(jobs: Jobs) -> None:
    def look() -> None:
        raise KeyError("gone")

    jobs.looks.append(look)
    wait_for(lambda: "KeyError: 'gone'" in (jobs.trouble() or ""))
    jobs.looks.remove(look)
    wait_for(lambda: jobs.trouble() is None)


def test_one_trains_and_others_wait_in_their_order(jobs: Jobs) -> None:
    first, second, third = (jobs.start(LONG) for _ in range(3))
    wait_for(lambda: trains(jobs, first))
    assert [jobs.runs.place(run) for run in (first, second, third)] == [None, 1, 2]
    jobs.runs.send(third, Command("stop"))
    jobs.runs.send(first, Command("stop"))
    wait_for(lambda: trains(jobs, second))
    jobs.runs.send(second, Command("stop"))
    wait_for(lambda: jobs.runs.get(second).status == "stopped")
    assert not jobs.runs.events(third)


def test_commands_are_answered_at_the_batch_in_hand(jobs: Jobs) -> None:
    run = jobs.start(LONG)
    wait_for(lambda: trains(jobs, run))
    jobs.runs.send(run, Command("pause"))
    wait_for(lambda: jobs.runs.get(run).status == "paused")
    jobs.runs.send(run, Command("resume"))
    wait_for(lambda: jobs.runs.get(run).status == "running")
    jobs.runs.send(run, Command("stop"))
    # 300 ms on a free machine; tests share theirs.
    assert wait_for(lambda: jobs.runs.get(run).status == "stopped") < 2.0


def test_a_bad_table_fails_with_its_reason(jobs: Jobs) -> None:
    run = jobs.start(SHORT.changed(data=DATASETS.make("own_table")), content=b"a\n1\n")
    wait_for(lambda: jobs.runs.get(run).status == "failed")
    assert jobs.runs.get(run).reason.startswith("CSV: at least two columns")


def test_an_unexpected_error_fails_the_run_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def divide(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(gdviz.runs.worker, "_train", divide)
    runs = Runs(folder=tmp_path)
    run = runs.create(SHORT)
    with pytest.raises(ZeroDivisionError):
        work(run, runs.url, str(runs.folder))
    assert runs.get(run).status == "failed"
    assert re.fullmatch(r"ZeroDivisionError in test_jobs\.py, line \d+: by nothing", runs.get(run).reason)


def test_a_run_whose_worker_is_killed_is_marked_readable_and_goes_on(jobs: Jobs) -> None:
    run, waits = jobs.start(LONG), jobs.start(SHORT)
    wait_for(jobs.runs.checkpoint_file(run).exists)
    (pid,) = jobs._client.run(os.getpid).values()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: jobs.runs.get(run).status == "interrupted")
    assert jobs.runs.get(run).reason == "Its worker process was killed."
    before = jobs.runs.history(run)
    assert before.epochs
    wait_for(lambda: jobs.runs.get(waits).status == "finished")  # Dask gives up with the worker what waits for it
    jobs.resume(run)
    wait_for(lambda: jobs.runs.get(run).epochs > len(before.epochs) + 2)
    jobs.runs.send(run, Command("stop"))
    wait_for(lambda: jobs.runs.get(run).status == "stopped")
    assert any(event.kind == "resumed" for event in jobs.runs.events(run))
    assert same_as_uninterrupted(jobs.runs, run)


APP = """
import sys, time
from gdviz.runs.jobs import Jobs
from gdviz.runs import Runs
from gdviz.training import TrainingSetup
if __name__ == "__main__":
    jobs = Jobs(Runs(folder=sys.argv[1]))
    print(*(jobs.start(TrainingSetup.from_json(setup)) for setup in sys.argv[2:]), flush=True)
    time.sleep(100)
"""


def test_a_run_whose_app_is_killed_is_interrupted_and_goes_on(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text(APP)
    command = [sys.executable, str(tmp_path / "app.py"), str(jobs.runs.folder), LONG.to_json(), SHORT.to_json()]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as app:
        assert app.stdout is not None
        run, waits = app.stdout.readline().split()
        wait_for(lambda: trains(jobs, run))
        assert jobs.runs.get(waits).status == "queued"  # not taken from an app that lives
        app.kill()
    monkeypatch.setattr("gdviz.runs.records.STALE_SECONDS", 5.0)
    wait_for(lambda: jobs.runs.get(run).status == "interrupted")
    assert "has not been heard of" in jobs.runs.get(run).reason
    wait_for(lambda: jobs.runs.get(waits).status == "finished")
    epochs = jobs.runs.get(run).epochs
    time.sleep(0.5)
    assert jobs.runs.get(run).epochs == epochs  # its worker died with it
    jobs.resume(run)
    wait_for(lambda: jobs.runs.get(run).epochs > epochs + 2)
    jobs.runs.send(run, Command("stop"))
    wait_for(lambda: jobs.runs.get(run).status == "stopped")
    assert same_as_uninterrupted(jobs.runs, run)


def test_a_second_app_on_the_same_folder_leaves_the_runs_of_the_first_alone(jobs: Jobs) -> None:
    run, waits = jobs.start(LONG), jobs.start(SHORT)
    wait_for(lambda: trains(jobs, run))
    with Jobs(Runs(folder=jobs.runs.folder)) as second:
        time.sleep(0.5)
        assert [jobs.runs.get(one).status for one in (run, waits)] == ["running", "queued"]
        theirs, later = second.start(LONG), second.start(SHORT)
        wait_for(lambda: trains(second, theirs))
    assert (jobs.runs.get(theirs).status, jobs.runs.get(theirs).reason) == ("interrupted", "The app was closed.")
    assert [jobs.runs.get(one).status for one in (run, waits, later)] == ["running", "queued", "queued"]
    jobs.runs.send(run, Command("stop"))
    for one in (waits, later):  # what waited in the second app's queue is taken over
        wait_for(lambda one=one: jobs.runs.get(one).status == "finished")
    assert jobs.runs.get(run).status == "stopped"


def test_a_learning_rate_changed_in_a_pause_leaves_the_run_paused(jobs: Jobs) -> None:
    run = jobs.start(LONG)
    wait_for(lambda: trains(jobs, run))
    jobs.runs.send(run, Command("pause"))
    wait_for(lambda: jobs.runs.get(run).status == "paused")
    jobs.runs.send(run, Command("set_learning_rate", 0.5))
    changed = lambda: [e for e in jobs.runs.events(run, kinds=("command",)) if e.recorded.learning_rate is not None]  # noqa: E731
    wait_for(changed)
    assert jobs.runs.get(run).status == "paused"
    jobs.runs.send(run, Command("resume"))
    wait_for(lambda: jobs.runs.get(run).status == "running")
    jobs.runs.send(run, Command("stop"))
    wait_for(lambda: jobs.runs.get(run).status == "stopped")
    rates = [row["learning_rate"] for row in jobs.runs.history(run).batches.values()]
    assert rates[-1] == pytest.approx(0.5)


def test_a_scheduler_that_goes_away_is_noticed(tmp_path: Path) -> None:
    runs = Runs(folder=tmp_path)
    with LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        remote = Jobs(runs, cluster.scheduler_address)
        waiting = remote.start(SHORT)
        assert remote.trouble() == "There is no worker process; one may be starting."
    wait_for(lambda: "does not answer" in (remote.trouble() or ""))
    late = remote.start(SHORT)
    assert (runs.get(late).status, "does not answer" in runs.get(late).reason) == ("failed", True)
    wait_for(lambda: runs.get(waiting).status == "interrupted")
    remote.close()


def test_a_scheduler_that_does_not_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdviz.runs.jobs._CONNECT_SECONDS", 1)
    with pytest.raises(JobsError, match=r"The scheduler at tcp://127\.0\.0\.1:9 does not answer"):
        Jobs(Runs(folder=tmp_path), "tcp://127.0.0.1:9")
    with pytest.raises(ValueError, match="trainings must be a whole number with 1 ≤ trainings; got 'two'"):
        Jobs(Runs(folder=tmp_path), "tcp://127.0.0.1:9", trainings="two")  # type: ignore[arg-type]


def test_a_locked_store_is_waited_for_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(folder=tmp_path)
    run = runs.create(SHORT)
    monkeypatch.setattr(gdviz.runs.worker, "_BEAT_SECONDS", 0.1)
    monkeypatch.setattr("gdviz.runs.records.STALE_SECONDS", 1.5)  # in place of 10 s, and so of a longer lock
    said = []

    def look() -> None:
        stored = runs.get(run)
        said.append((stored.status, stored.reason))
        blocker.rollback()

    blocker = Runs(folder=tmp_path).engine.connect()
    seen = []
    emit = gdviz.runs.worker.StoreChannel.emit

    def lock_at_first_epoch(channel: gdviz.runs.worker.StoreChannel, event: TrainingEvent) -> None:
        if isinstance(event, Epoch) and not seen:
            seen.append(time.monotonic())
            blocker.exec_driver_sql("BEGIN EXCLUSIVE")
            threading.Timer(3.0, look).start()
        emit(channel, event)

    monkeypatch.setattr(gdviz.runs.worker.StoreChannel, "emit", lock_at_first_epoch)
    work(run, runs.url, str(runs.folder))
    assert time.monotonic() - seen[0] > 2.5
    assert said == [("running", "The store cannot be written: the training waits until it can, and nothing is lost.")]
    assert runs.get(run).status == "finished"
    assert same_as_uninterrupted(runs, run)


@pytest.mark.parametrize("what", ["put back", "replaced by an empty one"])
def test_a_database_that_is_deleted_under_a_run_is_noticed_and_the_run_is_kept_whole(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(folder=tmp_path)
    run, other = runs.create(SHORT, "mine"), runs.create(SHORT)
    database, aside = tmp_path / "runs.sqlite", tmp_path / "aside.sqlite"
    monkeypatch.setattr(gdviz.runs.worker, "_PATIENCE_SECONDS", 30.0)
    said = []
    emit = gdviz.runs.worker.StoreChannel.emit

    def bring_back() -> None:
        with pytest.raises(StoreError, match="was deleted or moved while it was in use") as error:
            runs.get(run)
        said.append(str(error.value))
        if what == "put back":
            aside.rename(database)
        else:
            Runs(folder=tmp_path)

    def move_at_first_epoch(channel: gdviz.runs.worker.StoreChannel, event: TrainingEvent) -> None:
        if isinstance(event, Epoch) and event.epoch == 1:
            channel.flush()
            database.rename(aside)
            threading.Timer(1.0, bring_back).start()
        emit(channel, event)

    monkeypatch.setattr(gdviz.runs.worker.StoreChannel, "emit", move_at_first_epoch)
    work(run, runs.url, str(runs.folder))
    assert "A run in progress waits" in said[0]
    if what != "put back":
        with pytest.raises(StoreError, match="was replaced by another one"):
            runs.get(run)
        assert "replaced" in runs.notice
        with pytest.raises(ValueError, match="must be the id of a stored run"):
            runs.get(other)
    assert (runs.get(run).status, runs.get(run).name) == ("finished", "mine")
    assert runs.events(run)[0].kind == "start"
    assert same_as_uninterrupted(runs, run)


@pytest.mark.parametrize(
    ("pragma", "message"),
    [("query_only = ON", "readonly database"), ("max_page_count = 1", "database or disk is full")],
)
def test_a_store_that_stays_unwritable_ends_the_run_and_keeps_what_it_has(
    pragma: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(folder=tmp_path)
    run = runs.create(LONG)
    monkeypatch.setattr(gdviz.runs.worker, "_PATIENCE_SECONDS", 0.5)
    emit = gdviz.runs.worker.StoreChannel.emit

    def break_at_third_epoch(channel: gdviz.runs.worker.StoreChannel, event: TrainingEvent) -> None:
        emit(channel, event)
        if isinstance(event, Epoch) and event.epoch == 3:
            channel.flush()
            sa.event.listen(
                channel.runs.engine, "checkout", lambda c, *_: c.cursor().execute(f"PRAGMA {pragma}").close()
            )

    monkeypatch.setattr(gdviz.runs.worker.StoreChannel, "emit", break_at_third_epoch)
    with pytest.raises(StoreError, match=message):
        work(run, runs.url, str(runs.folder))
    assert len(runs.history(run).epochs) >= 3
    monkeypatch.setattr("gdviz.runs.records.STALE_SECONDS", 0.0)
    assert runs.get(run).status == "interrupted"
    monkeypatch.undo()
    runs.end(run, "interrupted", "as the app says when its worker raises")
    runs.requeue(run)
    monkeypatch.setattr(gdviz.runs.worker.StoreChannel, "commands", lambda self: [Command("stop")])
    work(run, runs.url, str(runs.folder))
    assert runs.get(run).status == "stopped"
    assert any(event.kind == "resumed" for event in runs.events(run))


def test_a_training_that_takes_or_records_too_much_ends_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(folder=tmp_path)
    greedy, talkative = runs.create(SHORT), runs.create(LONG)
    with monkeypatch.context() as little:
        little.setenv("GDVIZ_WORKER_MEMORY", "100")
        work(greedy, runs.url, str(runs.folder))
    assert runs.get(greedy).status == "failed"
    assert "of memory, and a worker may take 100 MB" in runs.get(greedy).reason
    monkeypatch.setenv("GDVIZ_MOST_MEGABYTES_RUN", "1")
    monkeypatch.setattr(gdviz.runs.worker, "_BEAT_SECONDS", 0.1)
    work(talkative, runs.url, str(runs.folder))
    assert runs.get(talkative).status == "stopped"
    (fault,) = runs.events(talkative, kinds=("fault",))
    assert "and one run may record 1 MB: it is stopped" in fault.recorded.what
    assert runs.checkpoint_file(talkative).exists()


def test_two_train_at_the_same_time_and_a_third_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDVIZ_TRAININGS", "2")
    with Jobs(Runs(folder=tmp_path)) as two:
        ids = [two.start(LONG) for _ in range(3)]
        wait_for(lambda: sum(trains(two, run) for run in ids) == 2)
        assert sorted(two.runs.place(run) or 0 for run in ids) == [0, 0, 1]
        epochs = [two.runs.get(run).epochs for run in ids]
        wait_for(lambda: sum(two.runs.get(run).epochs > e for run, e in zip(ids, epochs, strict=True)) == 2)
        for run in ids:
            two.runs.send(run, Command("stop"))
        wait_for(lambda: all(two.runs.get(run).status == "stopped" for run in ids))
        for run in ids:
            steps = list(two.runs.history(run).batches)
            assert steps == list(range(1, len(steps) + 1))


def test_a_cluster_of_processes_of_its_own_trains_and_goes_on_without_the_app(tmp_path: Path) -> None:
    """``dask scheduler`` and ``dask worker`` as they are started by hand, and an app that comes and goes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "env": {**os.environ, "PYTHONPATH": os.getcwd()},
    }
    dask = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"], **quiet
    )
    worker = subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-dashboard"], cwd=tmp_path, **quiet)
    runs = Runs(folder=tmp_path)
    try:
        with Jobs(runs, address) as app:
            run = app.start(LONG)
            wait_for(lambda: trains(app, run))
        epochs = runs.get(run).epochs
        wait_for(lambda: runs.get(run).epochs > epochs + 2)
        with Jobs(runs, address) as app:
            runs.send(run, Command("stop"))
            wait_for(lambda: runs.get(run).status == "stopped")
            assert app.trouble() is None
        steps = list(runs.history(run).batches)
        assert steps == list(range(1, len(steps) + 1))
    finally:
        worker.terminate()
        worker.wait(20)
        scheduler.terminate()
        scheduler.wait(20)
