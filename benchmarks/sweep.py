"""Sweeps beside Optax (vmap + scan + jit, compiled before), and how their time grows.

Run with ``python -m benchmarks.sweep``; Optax and JAX come with requirements-dev.txt.

Optax computes the last positions only. gdviz also evaluates the loss at every step, tells diverged, stalled and
converged runs apart, and counts the steps to converge.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gdviz
from benchmarks.timing import alternating, table

jax.config.update("jax_enable_x64", True)

STEPS = 300


def losses() -> dict[str, Callable[[Any], Any]]:
    """The landscapes, in JAX."""

    def ackley(p: Any) -> Any:
        funnel = -20 * jnp.exp(-0.2 * jnp.sqrt((p[0] ** 2 + p[1] ** 2) / 2))
        return funnel - jnp.exp((jnp.cos(2 * jnp.pi * p[0]) + jnp.cos(2 * jnp.pi * p[1])) / 2) + jnp.e + 20

    def rastrigin(p: Any) -> Any:
        return 20 + p[0] ** 2 + p[1] ** 2 - 10 * (jnp.cos(2 * jnp.pi * p[0]) + jnp.cos(2 * jnp.pi * p[1]))

    def griewank(p: Any) -> Any:
        return (p[0] ** 2 + p[1] ** 2) / 4000 - jnp.cos(p[0]) * jnp.cos(p[1] / jnp.sqrt(2.0)) + 1

    return {
        "rosenbrock": lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2,
        "himmelblau": lambda p: (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2,
        "griewank": griewank,
        "rastrigin": rastrigin,
        "ackley": ackley,
    }


def starts(landscape: str, side: int) -> np.ndarray:
    """A grid over the landscape's domain, which misses the points where JAX's gradient is not a number."""
    (xmin, xmax), (ymin, ymax) = gdviz.LANDSCAPES[landscape].domain
    x, y = np.meshgrid(np.linspace(xmin, xmax, side), np.linspace(ymin, ymax, side))
    return np.stack([x.ravel(), y.ravel()])


def with_optax(landscape: str, optimizer: Any, points: np.ndarray) -> Callable[[], object]:
    """Every start through all steps, compiled before."""
    loss = losses()[landscape]

    def one(start: Any) -> Any:
        def step(carry: Any, _: None) -> Any:
            theta, state = carry
            updates, state = optimizer.update(jax.grad(loss)(theta), state, theta)
            return (optax.apply_updates(theta, updates), state), None

        return jax.lax.scan(step, (start, optimizer.init(start)), None, length=STEPS)[0][0]

    compiled, given = jax.jit(jax.vmap(one)), jnp.asarray(points.T)
    return lambda: np.asarray(compiled(given))


def beside_optax(side: int = 512, rounds: int = 3) -> None:
    cases = [("adam", 0.01, optax.adam(0.01, eps_root=0.0)), ("momentum", 1e-4, optax.sgd(1e-4, momentum=0.9))]
    for name, rate, optimizer in cases:
        for landscape in losses():
            points = starts(landscape, side)

            def ours(engine: str, name: str = name, rate: float = rate, landscape: str = landscape) -> object:
                return gdviz.sweep(landscape, name, starts(landscape, side), rate, STEPS, engine=engine)

            candidates: dict[str, Callable[[], object]] = {
                "optax": with_optax(landscape, optimizer, points),
                "gdviz, compiled": lambda ours=ours: ours("compiled"),
                "gdviz, numpy": lambda ours=ours: ours("numpy"),
            }
            print(f"{name} on {landscape}, {side} x {side} starts x {STEPS} steps, float64", flush=True)
            print(table(alternating(candidates, rounds), "optax"), flush=True)


def growth() -> None:
    """Points, steps and threads; memory beside what the process had before."""
    print("adam on rosenbrock, compiled: growth")
    for side, steps in [(32, 300), (100, 300), (316, 300), (1000, 300), (2000, 300), (512, 30), (512, 3000)]:
        points = starts("rosenbrock", side)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        begun = time.perf_counter()
        gdviz.sweep("rosenbrock", "adam", points, 0.01, steps, engine="compiled")
        taken = time.perf_counter() - begun
        each = taken / side**2 / steps * 1e9
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        print(
            f"{side**2:>8} points x {steps:>4} steps {taken * 1e3:9.1f} ms {each:6.2f} ns a step  peak +{more:.0f} MB"
        )
    if hasattr(os, "sched_setaffinity"):
        allowed, points = os.sched_getaffinity(0), starts("rosenbrock", 512)
        for count in range(1, len(allowed) + 1):
            os.sched_setaffinity(0, sorted(allowed)[:count])
            begun = time.perf_counter()
            gdviz.sweep("rosenbrock", "adam", points, 0.01, STEPS, engine="compiled")
            print(f"{count} processors: {(time.perf_counter() - begun) * 1e3:.0f} ms for 512 x 512 x {STEPS}")
        os.sched_setaffinity(0, allowed)


COLD = """
import numpy as np, gdviz, time
from gdviz.sweeps.run import make_cases, sweep_progressively
x, y = np.meshgrid(np.linspace(-5, 5, 96), np.linspace(-5, 5, 96))
begun = time.perf_counter()
cases = make_cases({landscape!r}, "adam", np.array([x.ravel(), y.ravel()]), 0.05, 300)
parts = sweep_progressively(cases, (96, 96))
next(parts)
first = time.perf_counter() - begun
for part in parts:
    pass
whole = time.perf_counter() - begun
print(f"{{first * 1e3:.0f}} ms to the first part, {{whole * 1e3:.0f}} ms to the whole", end="")
"""


def cold() -> None:
    """A pair that is new to a process in which nothing was compiled before."""
    for landscape in losses():
        told = subprocess.run([sys.executable, "-c", COLD.format(landscape=landscape)], capture_output=True, text=True)
        print(f"adam on {landscape}, 96 x 96 x 300, new process: {told.stdout or told.stderr[-300:]}")


def main() -> None:
    cold()
    gdviz.sweep("rosenbrock", "adam", steps=1)
    growth()  # first: the peak of memory is the process's, and JAX has one of its own
    beside_optax()


if __name__ == "__main__":
    main()
