"""Comparisons: this process against Optuna with ``model.fit`` in two processes, the same trials; growth; landscapes.

    python -m benchmarks.choose             the default comparison, beside a part of the same trials with model.fit
    python -m benchmarks.choose growth      trials, width, rows
    python -m benchmarks.choose workers     the default comparison in one worker process, and in two
    python -m benchmarks.choose landscapes  every rule that sweeps on every formula

Times of a busy machine say little: compare within one run, and see the load printed with them.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from gdviz.comparing.comparison import Comparison, entrants_of
from gdviz.comparing.record import Record
from gdviz.comparing.run import run
from gdviz.training import DATASETS, DenseLayer, TrainingSetup

_FIT = """
import os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, optuna
from gdviz.comparing.comparison import Comparison
from gdviz.comparing.plan import portions
from gdviz.training.datasets import prepare
from gdviz.training.keras.models import Engine
optuna.logging.set_verbosity(optuna.logging.WARNING)
comparison = Comparison.from_json(sys.argv[1])
tasks = [task for portion in portions(comparison, []) for task in portion]
data = prepare(comparison.problem)
keras.utils.set_random_seed(0)
print("ready", flush=True)
sys.stdin.readline()
spent = time.process_time()
part = tasks[int(sys.argv[2]) :: int(sys.argv[3])]
study = optuna.create_study(direction="maximize")
for task in part:
    trial = study.ask()
    model = Engine(task.setup, data).compiled_model()
    fitted = model.fit(data.x["train"], data.y["train"], batch_size=task.setup.batch_size, epochs=task.setup.epochs,
                       validation_data=(data.x["validation"], data.y["validation"]), verbose=0)
    study.tell(trial, fitted.history["val_" + comparison.metric][-1])
print(len(part), time.process_time() - spent, flush=True)
"""


def timed(comparison: Comparison) -> tuple[float, float, float, Record]:
    """Seconds in all, to the first results, and of processor time."""
    first: list[float] = []
    began, spent = time.perf_counter(), time.process_time()
    found = run(comparison, progress=lambda _: first.append(time.perf_counter() - began))
    return time.perf_counter() - began, first[0], time.process_time() - spent, found


def with_fit(comparison: Comparison, every: int) -> tuple[float, float, int]:
    """Two processes, every ``every``-th trial with Optuna and model.fit: seconds, seconds of processor, trials."""
    command = [sys.executable, "-c", _FIT, comparison.to_json()]
    workers = [
        subprocess.Popen(
            [*command, str(k * every), str(2 * every)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for k in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    ends = [worker.communicate()[0].split() for worker in workers]
    seconds = time.perf_counter() - began
    return seconds, sum(float(spent) for _, spent in ends), sum(int(done) for done, _ in ends)


def default() -> None:
    """The default comparison, and its trials with model.fit."""
    warm_up()
    comparison = Comparison()
    seconds, first, spent, found = timed(comparison)
    trainings = len(found.trials) + len(found.tests)
    print(f"gdviz: {trainings} trainings {seconds:.1f} s ({spent:.1f} s of processor), first results {first:.2f} s")
    print(found.sentence)
    every = 8
    fitted, theirs, done = with_fit(comparison, every)
    each, ours = fitted / done, seconds / trainings
    print(f"Optuna with model.fit, two processes: {done} trials {fitted:.1f} s, {1000 * each:.0f} ms each")
    print(f"gdviz, one process: {1000 * ours:.0f} ms each, repeats and all said: {each / ours:.1f} times faster")
    print(f"in processor time: {1000 * theirs / done:.0f} and {1000 * spent / trainings:.0f} ms each")


def growth() -> None:
    """How the time grows."""
    warm_up()
    base = Comparison(TrainingSetup(), entrants_of(["adam", "sgd"]))
    cases: dict[str, Callable[[], Comparison]] = {
        "16 trials, 64 units, 1797 rows": lambda: base,
        "64 trials": lambda: base.changed(trials=64),
        "256 units": lambda: base.changed(problem=TrainingSetup(layers=(DenseLayer(256),))),
        "1024 units": lambda: base.changed(problem=TrainingSetup(layers=(DenseLayer(1024),))),
        "1000 rows of 100 inputs": lambda: base.changed(problem=_rows(1000)),
        "10,000 rows of 100 inputs": lambda: base.changed(problem=_rows(10_000)),
    }
    for name, make in cases.items():
        seconds, first, spent, _ = timed(make())
        print(f"{name}: {seconds:.1f} s ({spent:.1f} s of processor), first results {first:.2f} s", flush=True)


def _rows(rows: int) -> TrainingSetup:
    return replace(TrainingSetup(), data=DATASETS.make("random_vectors", samples=rows))


def workers() -> None:
    """The default comparison as the app has it done, by workers that have TensorFlow loaded."""
    from gdviz.runs import Runs
    from gdviz.runs.comparisons import Comparisons
    from gdviz.runs.jobs import Jobs

    def waited(comparisons: Comparisons, comparison: Comparison) -> tuple[float, float]:
        """Seconds in all, and to the first results."""
        began, first = time.perf_counter(), 0.0
        id = comparisons.start(comparison)
        while comparisons.get(id).status == "running":
            first = first or any(t.status == "finished" for t in comparisons.trials.trials(id)) * time.perf_counter()
            time.sleep(0.05)
        return time.perf_counter() - began, first - began

    for count in (1, 2):
        with tempfile.TemporaryDirectory() as folder, Jobs(Runs(folder=folder), trainings=count) as jobs:
            comparisons = Comparisons(jobs)
            small = Comparison(replace(TrainingSetup(), epochs=1), entrants_of(["sgd", "adam"]))
            waited(comparisons, small.changed(trials=1, repeats=2))
            seconds, first = waited(comparisons, Comparison())
            print(f"{count} workers: {seconds:.1f} s, first results {first:.2f} s", flush=True)


def landscapes() -> None:
    """The study of all landscapes."""
    from gdviz.comparing.landscapes import study

    began, spent, first = time.perf_counter(), time.process_time(), None
    for part in study():
        found, first = part, first or time.perf_counter() - began
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    pairs = found.known.size
    print(
        f"{pairs} pairs, 256 starts, 24 rates: {seconds:.1f} s ({spent:.1f} s of processor), first after {first:.2f} s"
    )
    print(found.advice)


def warm_up() -> None:
    """Load TensorFlow; an app's workers have it loaded."""
    run(Comparison(replace(TrainingSetup(), epochs=1), entrants_of(["sgd"])).changed(trials=1, repeats=2))


def main(*names: str) -> None:
    """Run the named benchmarks, or the default one."""
    known: dict[str, Any] = {"default": default, "growth": growth, "workers": workers, "landscapes": landscapes}
    for name in names or ("default",):
        print(f"{name}; load {os.getloadavg()[0]:.1f}")
        known[name]()


if __name__ == "__main__":
    main(*sys.argv[1:])
