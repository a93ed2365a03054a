"""The sweep itself: its engine, its portions and their order, and its record."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.descent import Descent
from gdviz.descent import run as run_one
from gdviz.descent.running import at_one_rate
from gdviz.landscapes import LANDSCAPES, Landscape
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import Optimizer
from gdviz.schedules import SCHEDULES, Schedule
from gdviz.sweeps import arrays, compiled
from gdviz.sweeps.cases import Array, Cases
from gdviz.sweeps.ends import STATUSES, Ends, judged
from gdviz.sweeps.program import why_one_by_one

ENGINES = ("compiled", "linked", "numpy", "descend")
PORTION = 0.1
"""Seconds that a portion of a sweep is to take: between portions, progress is reported and a sweep can be cancelled."""
MOST = 2**18
"""Cases of a portion, at most."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The ends of N runs of T steps."""

    cases: Cases
    """The cases that were run."""
    theta: Array
    """Last positions, shape (2, N). Of a diverged run, the first that is not all finite or has no finite loss."""
    loss: Array
    """Losses there, shape (N,)."""
    codes: NDArray[np.int8]
    """Statuses as places in ``STATUSES``, shape (N,)."""
    steps_to_converge: Array
    """As ``Trajectory.steps_to_converge``, shape (N,); NaN where a run has not converged."""
    engine: str
    """The engine that ran it; see :mod:`gdviz.sweeps`."""

    @property
    def status(self) -> NDArray[np.str_]:
        """converged, running, stalled or diverged, as ``Trajectory.status``, shape (N,)."""
        return np.array(STATUSES)[self.codes]

    def share(self, status: str) -> float:
        """The share of the runs that ended so."""
        return float(np.mean(self.codes == STATUSES.index(status)))

    def __len__(self) -> int:
        return len(self.loss)


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the cases of :func:`sweep_progressively`, with their ends."""

    indices: NDArray[np.int64]
    """Which cases these are, of all N."""
    sweep: Sweep
    """Their ends."""
    done: float
    """The share of all cases that is done by now."""


def sweep(
    landscape: str | Landscape,
    optimizer: str | Optimizer,
    starts: ArrayLike | None = None,
    learning_rate: float | ArrayLike | str | Schedule | None = None,
    steps: int = 200,
    *,
    knobs: Mapping[str, ArrayLike] | None = None,
    schedule: str | Schedule | None = None,
    noise: float | ArrayLike = 0.0,
    seed: int | ArrayLike = 0,
    engine: str | None = None,
    progress: Callable[[float], object] | None = None,
    **conditions: Any,
) -> Sweep:
    """Run an optimizer on a landscape very many times, and keep the ends.

    Every case gives the numbers of :func:`gdviz.descend` for the same arguments: to the last bit where nothing but the
    four operations and roots is computed; else within the last digits, in which sums in another order, powers and
    transcendental functions differ from one library to the next (see :mod:`gdviz.tracing.llvm.code`). Where a run is
    chaotic, such differences grow with the steps, and may decide whether it comes to rest.

    Args:
        landscape, optimizer, steps: As for :func:`gdviz.descend`.
        starts: Where to start, shape (2, N), or (2,) for one start in all cases. None: the landscape's own.
        learning_rate: As for :func:`gdviz.descend`; or a learning rate for each case, shape (N,).
        knobs: Hyperparameters of the optimizer for each case: from a name to an array of shape (N,).
        schedule: A schedule, or its name, for the learning rates that ``learning_rate`` gives. None: constant.
        noise, seed: As for :func:`gdviz.descend`, or one for each case, shape (N,). Cases with the same seed see the
            same noise.
        engine: ``compiled``, ``linked``, ``numpy`` or ``descend``, see :mod:`gdviz.sweeps`; None for the fastest of
            them that can run very many of these cases.
        progress: Called with the share that is done, from 0 to 1, every tenth of a second or so. An exception that
            it raises ends the sweep.
        conditions: Further conditions, the same for all cases, as for :func:`gdviz.descend`: ``clip``, ``batch_size``,
            ``stop``, ``weight_decay``, ``averaging``, ``maximize``.

    Raises:
        ValueError: An argument is not allowed; the message names it, its value, and what is allowed.

    >>> ends = sweep("quadratic", "gradient_descent", learning_rate=[0.1, 0.19, 0.3], steps=2000)
    >>> ends.status.tolist()
    ['converged', 'converged', 'diverged']
    """
    cases = make_cases(
        landscape, optimizer, starts, learning_rate, steps, knobs=knobs, schedule=schedule, noise=noise, seed=seed,
        **conditions,
    )  # fmt: skip
    return run_cases(cases, engine, progress)


def run_cases(
    cases: Cases,
    engine: str | None = None,
    progress: Callable[[float], object] | None = None,
    threads: int | None = None,
) -> Sweep:
    """Run cases in so many threads, or as many as there are processors; see :func:`sweep`."""
    engine = _engine(cases, engine)
    with ThreadPoolExecutor(threads or _threads()) as pool:
        if progress is None and len(cases) <= MOST:
            return _run(cases, engine, pool)
        theta, loss = np.empty((2, len(cases))), np.empty(len(cases))
        codes, settled = np.empty(len(cases), dtype=np.int8), np.empty(len(cases))
        for where, part in _portions(cases, np.arange(len(cases)), engine, pool, hurried=progress is None):
            theta[:, where], loss[where], codes[where] = part.theta, part.loss, part.codes
            settled[where] = part.steps_to_converge
            if progress is not None:
                progress((where[-1] + 1) / len(cases))
    return Sweep(cases, theta, loss, codes, settled, engine)


def loss_curves(cases: Cases) -> Array:
    """The losses of cases at every step, shape (steps + 1, N), for cases that are few; those after a run's end mean
    nothing.

    Raises:
        ValueError: The cases cannot be run together.
    """
    if reason := why_one_by_one(cases):
        raise ValueError(f"cases must be such that they can be run together; {reason}")
    linked = "linked" in _able(cases)
    ends = compiled.run(cases, map, 1, linked=True, keep=True) if linked else arrays.run(cases)
    assert ends.losses is not None
    return -ends.losses if cases.shared.maximize else ends.losses


def sweep_progressively(cases: Cases, shape: tuple[int, int] | None = None) -> Iterator[Part]:
    """The same, coarse to fine: parts as they are done, the first within a fifth of a second or so.

    The first parts are spread over all cases. They are run without compiling anything; so is the rest where nothing
    can be compiled. Whoever stops asking for parts has cancelled the sweep.

    Args:
        cases: The cases, made by :func:`make_cases`.
        shape: (rows, columns) where the cases are the points of a grid, row by row; None for a list of cases.
    """
    fastest = _engine(cases, None)
    first = "numpy" if fastest == "compiled" else fastest
    done = 0
    with ThreadPoolExecutor(_threads()) as pool:
        for level, order in enumerate(_levels(len(cases), shape)):
            for indices, part in _portions(cases, order, fastest if level else first, pool):
                done += len(indices)
                yield Part(indices, part, done / len(cases))


def make_cases(
    landscape: str | Landscape,
    optimizer: str | Optimizer,
    starts: ArrayLike | None = None,
    learning_rate: float | ArrayLike | str | Schedule | None = None,
    steps: int = 200,
    *,
    knobs: Mapping[str, ArrayLike] | None = None,
    schedule: str | Schedule | None = None,
    noise: float | ArrayLike = 0.0,
    seed: int | ArrayLike = 0,
    **conditions: Any,
) -> Cases:
    """The cases of a sweep, from the arguments of :func:`sweep`."""
    ground = LANDSCAPES.make(landscape)
    each: dict[str, NDArray[Any]] = {name: np.asarray(values) for name, values in (knobs or {}).items()}
    for name, given in (("noise", noise), ("seed", seed), ("learning_rate", learning_rate)):
        if given is not None and not isinstance(given, str | Schedule) and np.ndim(given) > 0:
            each[name] = np.asarray(given)
    points = np.asarray(ground.start if starts is None else starts, dtype=np.float64)
    if points.ndim == 1:
        points = np.repeat(points[:, None], max([1, *map(np.size, each.values())]), axis=1)
    rate = None if "learning_rate" in each else learning_rate
    rule, planned = at_one_rate(optimizer, rate)  # type: ignore[arg-type]
    if schedule is not None and not isinstance(learning_rate, str | Schedule):
        keeps_its_own = learning_rate is None and isinstance(schedule, Schedule)
        shape = schedule if keeps_its_own else SCHEDULES.make(schedule).starting_at(rule.learning_rate)
        rule, planned = at_one_rate(rule, shape)
    shared = Descent(
        landscape=ground,
        optimizer=rule,
        schedule=planned,
        start=ground.start,
        steps=steps,
        noise=0.0 if "noise" in each else noise,  # type: ignore[arg-type]
        seed=0 if "seed" in each else seed,  # type: ignore[arg-type]
        **{name: value for name, value in conditions.items() if value is not None},
    )
    return Cases(shared, points, each)


def _engine(cases: Cases, wanted: str | None) -> str:
    """The fastest engine that can run these cases, or the one that is wanted."""
    able = _able(cases)
    if wanted is not None and wanted not in able:
        raise ValueError(f"engine must be one of {', '.join(able)} for these cases; got {wanted!r}")
    return wanted or able[0]


def _able(cases: Cases) -> list[str]:
    """The engines that can run these cases, the fastest for very many of them first."""
    if why_one_by_one(cases):
        return ["descend"]
    if not compiled.available():
        return ["numpy", "descend"]
    return [name for name in ENGINES if name != "linked" or not isinstance(cases.shared.landscape, DataLandscape)]


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _portions(
    cases: Cases, order: NDArray[np.int64], engine: str, pool: ThreadPoolExecutor, hurried: bool = False
) -> Iterator[tuple[NDArray[np.int64], Sweep]]:
    """Some cases in their order, in portions that take about ``PORTION`` seconds each, going by the one before; or,
    where nobody waits for a portion, in the largest.
    """
    size, begin = MOST if hurried else 8 if engine == "descend" else 1024, 0
    least = 1 if engine == "descend" else 256
    while begin < len(order):
        indices = order[begin : begin + size]
        begun = time.perf_counter()
        part = _run(cases[indices], engine, pool)
        taken = time.perf_counter() - begun  # not what whoever gets the part does with it
        begin += size
        if not hurried:
            size = max(least, min(8 * size, int(size * PORTION / max(taken, 1e-6)), MOST))
        yield indices, part


def _run(cases: Cases, engine: str, pool: ThreadPoolExecutor) -> Sweep:
    """Run one portion, on all processors."""
    if engine == "descend":
        return _one_by_one(cases)
    groups = cases.alike()
    if len(groups) > 1:
        order = np.argsort(np.concatenate([where for where, _ in groups]))
        return _joined(cases, [_run(group, engine, pool) for _, group in groups], engine, order)
    ((_, alike),) = groups
    if engine in ("compiled", "linked"):
        return _judged(alike, compiled.run(alike, pool.map, _threads(), engine == "linked"), engine)
    # NumPy's operations on a block are so short that two threads spend more on handing over the interpreter's lock.
    size = arrays.block(alike)
    blocks = (alike[slice(begin, begin + size)] for begin in range(0, len(cases), size))
    return _joined(cases, [_judged(block, arrays.run(block), engine) for block in blocks], engine)


def _judged(cases: Cases, ends: Ends, engine: str) -> Sweep:
    with np.errstate(all="ignore"):
        codes, settled = judged(cases.shared, ends)
    return Sweep(cases, ends.theta, -ends.loss if cases.shared.maximize else ends.loss, codes, settled, engine)


def _joined(cases: Cases, parts: Sequence[Sweep], engine: str, order: slice | NDArray[np.int64] = slice(None)) -> Sweep:
    return Sweep(
        cases,
        np.concatenate([part.theta for part in parts], axis=1)[:, order],
        np.concatenate([part.loss for part in parts])[order],
        np.concatenate([part.codes for part in parts])[order],
        np.concatenate([part.steps_to_converge for part in parts])[order],
        engine,
    )


def _one_by_one(cases: Cases) -> Sweep:
    runs = [run_one(cases.descent(index)) for index in range(len(cases))]
    settled = [math.nan if run.steps_to_converge is None else float(run.steps_to_converge) for run in runs]
    return Sweep(
        cases,
        np.array([run.theta[-1] for run in runs]).T,
        np.array([run.loss[-1] for run in runs]),
        np.array([STATUSES.index(run.status) for run in runs], dtype=np.int8),
        np.array(settled),
        "descend",
    )


def _levels(count: int, shape: tuple[int, int] | None) -> Iterator[NDArray[np.int64]]:
    """All of 0...count, coarse to fine: some 400 spread over all first, then four times as many each time."""
    rows, columns = np.divmod(np.arange(count), shape[1]) if shape else (np.zeros(count, int), np.arange(count))
    stride = 1
    while count / stride ** (2 if shape else 1) > 400:
        stride *= 2
    seen = np.zeros(count, dtype=bool)
    while stride:
        chosen = (rows % stride == 0) & (columns % stride == 0) & ~seen
        seen |= chosen
        if chosen.any():
            yield np.flatnonzero(chosen)
        stride //= 2 if shape else 4 if stride > 2 else 2
