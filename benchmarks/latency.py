"""How fast a training answers in the whole chain, app to worker to store, and whether its memory grows from run to run.

python -m benchmarks.latency [runs]
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import psutil

from gdviz.runs import Runs
from gdviz.runs.jobs import Jobs
from gdviz.training import TrainingSetup
from gdviz.training.channel import Command


def seconds_until(condition: Callable[[], object]) -> float:
    began = time.perf_counter()
    while not condition():
        time.sleep(0.005)
    return time.perf_counter() - began


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Jobs(runs := Runs(folder=folder)) as jobs:
        warm = jobs.start(TrainingSetup(epochs=1))
        print(f"a cold start takes {seconds_until(lambda: runs.get(warm).status == 'finished'):.1f} s")
        (pid,) = jobs._client.run(os.getpid).values()
        first, stopped, memory = [], [], []
        for _ in range(count):
            run = jobs.start(TrainingSetup(epochs=10_000))
            first.append(seconds_until(lambda run=run: any(e.kind == "batches" for e in runs.events(run, limit=2))))
            time.sleep(0.5)
            runs.send(run, Command("stop"))
            # The step at which it stops is decided when the command is read; what follows is the last evaluation.
            stopped.append(
                seconds_until(
                    lambda run=run: (
                        any(e.kind == "command" for e in runs.events(run)) or runs.get(run).status == "stopped"
                    )
                )
            )
            seconds_until(lambda run=run: runs.get(run).status == "stopped")
            memory.append(psutil.Process(pid).memory_info().rss / 2**20)
        for name, values in (("first measurement", first), ("stopped", stopped)):
            print(f"{name} after {statistics.median(values):.2f} s (median), {max(values):.2f} s (worst of {count})")
        print("memory of the worker after each run, MB:", *(f"{mb:.0f}" for mb in memory))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
