"""Questions to sweeps: from which starts, at which learning rates and hyperparameters does an optimizer work?

Each study takes a run as it stands, a :class:`gdviz.Descent`, varies a number or two of it, and says in one sentence,
computed from the results, what was found.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.descent import Descent, run
from gdviz.descent.ending import reaches
from gdviz.landscapes import Landscape, Point
from gdviz.sweeps import Cases, Sweep, sweep_progressively
from gdviz.sweeps.ends import CONVERGED, DIVERGED
from gdviz.sweeps.run import run_cases
from gdviz.theory import LINEAR_RULES, convergence_rate, curvature, largest_stable_rate, preconditioned_limit

Array = NDArray[np.float64]
Progress = Callable[[float], object]
"""Called with the share that is done, again and again; an exception that it raises ends the study."""

_PAUSE = 0.3
"""Seconds from one look at something unfinished to the next."""
MOST_MINIMA = 7
"""Minima with a colour of their own; runs that end in others are in one more group."""
QUADRATICS = ("quadratic", "sphere", "booth", "matyas", "ravine", "linear_regression")
"""Landscapes whose Hessian is the same everywhere."""
UNFINISHED, LEFT, PENDING = -1, -2, -3
"""Codes of cells of a basin that belong to no minimum: unfinished or stalled, diverged, not computed yet."""


@dataclass(frozen=True, eq=False)
class Basins:
    """Where runs from the points of a grid end."""

    descent: Descent
    x: Array
    """The grid's columns, shape (side,)."""
    y: Array
    """The grid's rows, shape (side,)."""
    minima: tuple[Point, ...]
    """The minima that are distinguished, those of the landscape first."""
    place: NDArray[np.int64]
    """The place in ``minima``, or one more for another minimum, or UNFINISHED, LEFT, PENDING; shape (side, side)."""
    steps: Array
    """Steps to converge, NaN where it has not; shape (side, side), rows first."""
    loss: Array
    """Final losses, shape (side, side)."""
    done: float
    """The share that is computed."""

    @property
    def success(self) -> float:
        """The share of starts, of those computed, from which a lowest minimum is reached; any where none is known."""
        lowest = self.descent.landscape.lowest
        known = self.place != PENDING
        there = self.place >= 0
        if lowest is not None:
            there = there & reaches(self.loss, lowest)
        return float(there[known].mean()) if known.any() else 0.0


def grid(landscape: Landscape, side: int) -> tuple[Array, Array]:
    """The middles of side x side cells of a landscape's domain: columns and rows."""
    ends = landscape.domain
    x, y = (low + (high - low) * (np.arange(side) + 0.5) / side for low, high in ends)
    return x, y


def basins(descent: Descent, side: int = 96) -> Iterator[Basins]:
    """The basins of attraction of one optimizer, coarse to fine, a few a second; the last is complete."""
    x, y = grid(descent.landscape, side)
    cases = Cases(descent, np.stack([axis.ravel() for axis in np.meshgrid(x, y)]))
    theta, loss, steps = np.full((2, side**2), np.nan), np.full(side**2, np.nan), np.full(side**2, np.nan)
    codes = np.full(side**2, PENDING, dtype=np.int64)
    handed_out = -np.inf
    for part in sweep_progressively(cases, (side, side)):
        theta[:, part.indices], loss[part.indices] = part.sweep.theta, part.sweep.loss
        steps[part.indices], codes[part.indices] = part.sweep.steps_to_converge, part.sweep.codes
        if part.done < 1 and time.monotonic() - handed_out < _PAUSE:
            continue
        minima, nearest = _minima(descent.landscape, theta, codes == CONVERGED)
        place = np.where(codes == DIVERGED, LEFT, np.where(codes == PENDING, PENDING, UNFINISHED))
        place = np.where(codes == CONVERGED, nearest, place)
        square = (side, side)
        yield Basins(
            descent, x, y, minima, place.reshape(square), steps.reshape(square), loss.reshape(square), part.done
        )
        handed_out = time.monotonic()


def _minima(landscape: Landscape, theta: Array, converged: NDArray[np.bool_]) -> tuple[tuple[Point, ...], Any]:
    """The minima where runs ended, the known ones first, then by how many ended there; and which each run is at."""
    near = 0.02 * max(high - low for low, high in landscape.domain)
    minima = list(landscape.minima)[:MOST_MINIMA]
    left = converged & (_distance(theta, minima) > near).all(axis=0)
    while left.any() and len(minima) < MOST_MINIMA:
        cells, counts = np.unique(np.round(theta[:, left] / near), axis=1, return_counts=True)
        about = cells[:, [np.argmax(counts)]] * near
        close = left & (np.abs(theta - about).max(axis=0) <= near)
        x, y = np.median(theta[:, close], axis=1)
        minima.append((float(x), float(y)))
        left &= ~((_distance(theta, minima[-1:]) <= near)[0] | close)
    distance = _distance(theta, minima)
    nearest = np.argmin(np.where(np.isfinite(distance), distance, np.inf), axis=0) if minima else np.zeros(len(left))
    return tuple(minima), np.where(left, len(minima), nearest).astype(np.int64)


def _distance(theta: Array, points: Sequence[Point]) -> Array:
    """From each of N positions to each point, shape (points, N)."""
    apart = theta[None] - np.array(points).reshape(-1, 2, 1)
    return np.asarray(np.hypot(apart[:, 0], apart[:, 1]))


def basins_finding(found: Sequence[Basins]) -> str:
    """Who reaches the minimum from how many starts, in a sentence; the best first.

    >>> import gdviz
    >>> *_, found = basins(gdviz.descend("quadratic", "gradient_descent", 0.1, steps=300).setup, 8)
    >>> basins_finding([found])
    'Gradient descent reaches the minimum from 100 % of 64 starts within 300 steps.'
    """
    best = sorted(found, key=lambda one: -one.success)
    landscape, steps = best[0].descent.landscape, best[0].descent.steps
    count = int(np.sum(best[0].place != PENDING))
    what = "a minimum" if len(landscape.minima) != 1 else "the minimum"
    first = f"{best[0].descent.optimizer.label} reaches {what} from {_percent(best[0].success)} of {count} starts"
    others = [f"{one.descent.optimizer.label} from {_percent(one.success)}" for one in best[1:]]
    return "; ".join([f"{first} within {steps} steps", *others]) + "."


@dataclass(frozen=True, eq=False)
class Window:
    """How an optimizer does at many learning rates, over many starts and seeds."""

    descent: Descent
    rates: Array
    """Learning rates, shape (R,), ascending."""
    loss: Array
    """Final losses, shape (R, M), one column for each start; infinite where a run diverged."""
    success: Array
    """The share of runs that converged, shape (R,)."""
    limit: float | None
    """The learning rate up to which theory says it is stable near the minimum; None where theory does not say."""

    @property
    def usable(self) -> tuple[float, float] | None:
        """The ends of the widest range of learning rates at which half of the runs or more converge."""
        good = np.flatnonzero(np.diff(np.concatenate([[0], self.success >= 0.5, [0]])))
        if not len(good):
            return None
        begins, ends = good[::2], good[1::2] - 1
        widest = int(np.argmax(ends - begins))
        return float(self.rates[begins[widest]]), float(self.rates[ends[widest]])

    @property
    def cut(self) -> tuple[bool, bool]:
        """Whether that range begins and ends where the sweep does: it may go on beyond."""
        low, high = self.usable or (np.nan, np.nan)
        return bool(low == self.rates[0]), bool(high == self.rates[-1])

    @property
    def decades(self) -> float:
        """The width of that range in decades; at least, where it is cut."""
        return 0.0 if self.usable is None else float(np.log10(self.usable[1] / self.usable[0]))


def window(descent: Descent, rates: Array, starts: int = 16, progress: Progress | None = None) -> Window:
    """Final loss and success against the learning rate, over starts spread over the domain, each with its own seed.

    Args:
        descent: The run; its start and its learning rate play no part.
        rates: Learning rates, shape (R,), ascending.
        starts: The number of starts, drawn evenly from the domain by the run's seed.
        progress: Called with the share that is done, from 0 to 1.
    """
    rng = np.random.default_rng(descent.seed)
    points = np.stack([rng.uniform(low, high, starts) for low, high in descent.landscape.domain])
    each = {"learning_rate": np.repeat(rates, starts), "seed": np.tile(descent.seed + np.arange(starts), len(rates))}
    if not descent.noise and descent.batch_size is None:
        del each["seed"]
    ends = run_cases(Cases(descent, np.tile(points, len(rates)), each), progress=progress)
    loss = np.where(ends.codes == DIVERGED, np.inf, ends.loss).reshape(len(rates), starts)
    return Window(descent, rates, loss, (ends.codes == CONVERGED).reshape(loss.shape).mean(axis=1), _limit(descent))


def _limit(descent: Descent) -> float | None:
    """The limit in theory: 2/λ_max or its like for linear rules, the preconditioned one for those that divide by √v."""
    if not descent.landscape.minima or descent.clip is not None:
        return None
    minimum, rule = descent.landscape.minima[0], descent.optimizer
    sharpness = float(curvature(descent.landscape, minimum)[0][-1])
    if not sharpness > 0:
        return None
    if rule.name in LINEAR_RULES:
        return largest_stable_rate(rule, sharpness)
    if rule.name not in ("adam", "adamw", "rmsprop"):
        return None
    end = run(descent)
    if end.status != "converged":
        return None
    if rule.name == "rmsprop":
        return preconditioned_limit(descent.landscape, minimum, np.sqrt(end.state["mean_square"][-1] + rule.epsilon))  # type: ignore[attr-defined]
    corrected = end.state["v"][-1] / (1 - rule.beta_2**descent.steps)  # type: ignore[attr-defined]
    return preconditioned_limit(descent.landscape, minimum, np.sqrt(corrected) + rule.epsilon, rule.beta_1)  # type: ignore[attr-defined]


def window_finding(found: Sequence[Window]) -> str:
    """Whose window is the widest, in a sentence."""
    best = sorted(found, key=lambda one: -one.decades)
    told = []
    for one in best:
        if one.usable is None:
            told.append(f"{one.descent.optimizer.label}: at no learning rate do half of the runs converge")
        else:
            (low, high), (from_first, to_last) = one.usable, one.cut
            ends = f"{low:.2g}{' or less' if from_first else ''} to {high:.2g}{' or more' if to_last else ''}"
            least = "at least " if from_first or to_last else ""
            told.append(f"{one.descent.optimizer.label}: {least}{one.decades:.1f} decades ({ends})")
    edge = " “At least”: up to the edge of what was swept." if any(any(one.cut) for one in found) else ""
    return "Learning rates at which half of the runs converge: " + "; ".join(told) + "." + edge


@dataclass(frozen=True, eq=False)
class Map:
    """How an optimizer does at the values of two hyperparameters."""

    descent: Descent
    names: tuple[str, str]
    """The hyperparameters of the columns and of the rows."""
    x: Array
    y: Array
    ends: Sweep
    """One run a cell, row by row."""
    theory: Array | None
    """On a quadratic, for a linear rule: the exact convergence rate, shape (len(y), len(x))."""

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.y), len(self.x)

    def best(self) -> int | None:
        """The cell that converges in the fewest steps."""
        steps = self.ends.steps_to_converge
        return None if np.all(np.isnan(steps)) else int(np.nanargmin(steps))


def hyperparameter_map(descent: Descent, values: Mapping[str, Array], progress: Progress | None = None) -> Map:
    """Runs at all pairs of values of two hyperparameters, columns first."""
    (column, x), (row, y) = values.items()
    across, down = (axis.ravel() for axis in np.meshgrid(x, y))
    starts = np.repeat(np.array(descent.start)[:, None], across.size, axis=1)
    ends = run_cases(Cases(descent, starts, {column: across, row: down}), progress=progress)
    theory = None
    if _theory_applies(descent) and {column, row} <= {"learning_rate", "momentum"}:
        own = {
            "learning_rate": descent.optimizer.learning_rate,
            "momentum": getattr(descent.optimizer, "momentum", 0.0),
        }
        settings = {name: np.full(across.shape, value) for name, value in own.items()} | {column: across, row: down}
        eigenvalues = curvature(descent.landscape, descent.start)[0]
        rate = convergence_rate(descent.optimizer, eigenvalues, settings["learning_rate"], settings["momentum"])
        theory = rate.reshape(len(y), len(x))
    return Map(descent, (column, row), x, y, ends, theory)


def _theory_applies(descent: Descent) -> bool:
    """Whether steps are a linear function of the position: a linear rule by itself on a quadratic."""
    alone = descent.schedule.name == "constant" and not descent.noise and not descent.weight_decay
    alone = alone and descent.clip is None and descent.averaging is None and descent.batch_size is None
    return alone and descent.optimizer.name in LINEAR_RULES and descent.landscape.name in QUADRATICS


def map_finding(found: Map) -> str:
    """Where the fewest steps are needed, in a sentence."""
    label, best = found.descent.optimizer.label, found.best()
    share = _percent(found.ends.share("converged"))
    if best is None:
        return f"{label} converges at none of these {len(found.ends)} settings within {found.descent.steps} steps."
    row, column = np.divmod(best, len(found.x))
    steps = int(found.ends.steps_to_converge[best])
    return (
        f"{label} converges at {share} of {len(found.ends)} settings, fastest with {_spaced(found.names[0])} = "
        f"{found.x[column]:.3g} and {_spaced(found.names[1])} = {found.y[row]:.3g}: in {steps} steps."
    ) + _beyond(found, row, column)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _beyond(found: Map, row: int, column: int) -> str:
    """A sentence where the best setting stands at the edge of those tried."""
    places = zip(found.names, (column, row), (found.x, found.y), strict=True)
    edges = [_spaced(name) for name, place, values in places if len(values) > 1 and place in (0, len(values) - 1)]
    return f" That is the edge of the {' and the '.join(edges)} tried: it may be faster beyond." if edges else ""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How outcomes spread when one thing changes."""

    descent: Descent
    what: str
    values: Array
    """The values that were tried, shape (V,)."""
    loss: Array
    """Final losses, shape (V, M); infinite where a run diverged."""
    success: Array
    """The share of runs that converged, shape (V,)."""

    @property
    def measure(self) -> str:
        """The quantity of the values."""
        x, y = self.descent.start
        return SENSITIVE[self.what].format(x=x, y=y)


SENSITIVE = {
    "start": "distance of the start from ({x:.3g}, {y:.3g})",
    "noise": "standard deviation of the gradient noise",
    "condition number": "condition number",
    "batch size": "batch size",
    "seed": "seed",
}
"""Quantities that outcomes can be sensitive to, and the meaning of their values."""


def sensitivity(
    descent: Descent, what: str, values: Array, runs: int = 32, progress: Progress | None = None
) -> Sensitivity:
    """Outcomes against one quantity of a run; each value has runs with seeds, or directions, of their own.

    Args:
        descent: The run.
        what: The quantity, one of ``SENSITIVE``: the distance of the start from the run's own, the noise, the condition
            number of a quadratic bowl, the batch size on data, or the seed.
        values: Its values, shape (V,).
        runs: The number of runs at each value.
        progress: Called with the share that is done, from 0 to 1.

    Raises:
        ValueError: The run does not have that quantity.
    """
    loss: list[Array] = []
    success: list[float] = []
    for value in values:
        here, start = descent, np.repeat(np.array(descent.start)[:, None], runs, axis=1)
        each: dict[str, Any] = {"seed": descent.seed + np.arange(runs)}
        if what == "start":
            angles = 2 * np.pi * np.arange(runs) / runs
            start = start + value * np.stack([np.cos(angles), np.sin(angles)])
            each = {}
        elif what == "noise":
            here = replace(descent, noise=float(value))
        elif what == "condition number":
            if descent.landscape.name != "quadratic":
                raise ValueError(f"condition number: only the quadratic bowl has one; got {descent.landscape.label}")
            here = replace(descent, landscape=replace(descent.landscape, condition_number=float(value)))  # type: ignore[call-arg]
        elif what == "batch size":
            here = replace(descent, batch_size=int(value))
        elif what == "seed":
            start, each = start[:, :1], {"seed": np.array([int(value)])}
        else:
            raise ValueError(f"what must be one of {', '.join(SENSITIVE)}; got {what!r}")
        ends = run_cases(Cases(here, start, each))
        if progress is not None:
            progress((len(loss) + 1) / len(values))
        loss.append(np.where(ends.codes == DIVERGED, np.inf, ends.loss))
        success.append(ends.share("converged"))
    return Sensitivity(descent, what, np.asarray(values), np.array(loss), np.array(success))


def sensitivity_finding(found: Sequence[Sensitivity]) -> str:
    """The effect of the change on each optimizer's success, in a sentence."""
    first = found[0]
    ends = f"{first.values[0]:.4g} to {first.values[-1]:.4g}"
    if first.what == "seed":  # one is not more than another
        told = [f"{one.descent.optimizer.label} {_percent(float(np.mean(one.success)))}" for one in found]
        return f"As the seed goes from {ends}, the share of runs that converge is: {'; '.join(told)}."
    told = [
        f"{one.descent.optimizer.label} from {_percent(one.success[0])} to {_percent(one.success[-1])}{_fall(one)}"
        for one in found
    ]
    how = {
        "start": f" away from ({first.descent.start[0]:.3g}, {first.descent.start[1]:.3g}), in all directions",
        "noise": " (its standard deviation in each coordinate of the gradient)",
    }.get(first.what, "")
    return f"As the {first.what} goes from {ends}{how}, the share of runs that converge goes: {'; '.join(told)}."


def _fall(found: Sensitivity) -> str:
    """From where on less than half of the runs converge, where it is a place between the ends."""
    few = found.success < 0.5
    place = int(np.argmax(few))
    return f" (below 50 % from {found.values[place]:.3g} on)" if place and few[place:].all() else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
