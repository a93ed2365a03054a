"""Comparisons in worker processes: the same findings as in this process, whatever stops or dies on the way."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import LocalCluster

import gdviz
from gdviz.comparing.comparison import Budget, Comparison, entrants_of
from gdviz.comparing.run import run
from gdviz.runs import Runs, StoreError
from gdviz.runs.comparisons import Comparisons
from gdviz.runs.jobs import Jobs
from gdviz.training import DATASETS, DenseLayer, TrainingSetup

IRIS = TrainingSetup(data=DATASETS.make("iris"), layers=(DenseLayer(8),), epochs=3)
SHORT = Comparison(IRIS, entrants_of(["sgd", "adam"]), Budget(trials=4, repeats=2))
LONG = Comparison(replace(IRIS, epochs=3000), entrants_of(["sgd", "adam"]), Budget(trials=4, repeats=2))


def wait_for(condition: Callable[[], object], seconds: float = 240.0) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    with Jobs(Runs(folder=tmp_path_factory.mktemp("runs"))) as started:
        yield started


@pytest.fixture
def comparisons(jobs: Jobs) -> Comparisons:
    return Comparisons(jobs)


def status(comparisons: Comparisons, id: str) -> str:
    return comparisons.get(id).status


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
    wait_for(lambda: any(t.status == "running" for t in comparisons.trials.trials(id)))
    comparisons.stop(id)
    wait_for(lambda: all(t.status not in ("running", "queued") for t in comparisons.trials.trials(id)), 30)
    assert status(comparisons, id) == "stopped"
    comparisons.trials.change(id, setup=LONG.changed(problem=IRIS).to_json())
    assert not any(t.ended for t in comparisons.record(id).tests)
    comparisons.go_on(id)
    assert status(comparisons, id) == "running"
    comparisons.stop(id)


def test_a_killed_worker_costs_nothing_but_time(jobs: Jobs, comparisons: Comparisons) -> None:
    middle = Comparison(replace(IRIS, epochs=300), SHORT.entrants, Budget(trials=4, repeats=2))
    id = comparisons.start(middle)
    wait_for(lambda: any(t.status == "running" for t in comparisons.trials.trials(id)))
    for pid in jobs._client.run(os.getpid).values():
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: status(comparisons, id) == "finished")
    assert_complete(comparisons, id, middle)
    assert max(t.begun for t in comparisons.trials.trials(id)) > 1


def test_no_trial_is_stored_twice(comparisons: Comparisons) -> None:
    from gdviz.comparing.plan import portions

    trials = comparisons.trials
    id = trials.create(SHORT, "twice", None)
    portion = portions(SHORT, [])[0]
    trials.add(id, "twice", portion)
    with pytest.raises(StoreError):
        trials.add(id, "twice", portion)
    trials.change(id, status="stopped")


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
    middle = Comparison(replace(IRIS, epochs=500), SHORT.entrants, Budget(trials=4, repeats=2))
    app = subprocess.Popen(
        [sys.executable, "-c", _APP, str(tmp_path), middle.to_json()], stdout=subprocess.PIPE, start_new_session=True
    )
    assert app.stdout is not None
    id = app.stdout.readline().decode().strip()
    trials = Comparisons(jobs).trials.__class__(Runs(folder=tmp_path))
    wait_for(lambda: any(t.status == "running" for t in trials.trials(id)))
    os.killpg(app.pid, signal.SIGKILL)  # the app, its scheduler and its workers
    app.wait()
    with Jobs(Runs(folder=tmp_path)) as again:
        comparisons = Comparisons(again)
        wait_for(lambda: status(comparisons, id) == "finished")
        assert_complete(comparisons, id, middle)


def test_two_workers_on_loopback_share_the_trials(tmp_path: Path) -> None:
    runs = Runs(folder=tmp_path)
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**workers) as cluster, Jobs(runs, scheduler=cluster.scheduler_address) as jobs:
        comparisons = Comparisons(jobs)
        id = comparisons.start(SHORT)
        wait_for(lambda: status(comparisons, id) == "finished")
        assert_complete(comparisons, id, SHORT)
