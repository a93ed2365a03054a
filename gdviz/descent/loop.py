"""The loop of a run: from a :class:`gdviz.Descent` to the raw record of its steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.clipping import Clipper
from gdviz.descent.setup import Descent
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import Optimizer, Oracle, State
from gdviz.schedules import ReduceOnPlateau

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Walk:
    """What T steps left behind; the names are those of :class:`gdviz.Trajectory`."""

    theta: Array
    gradient: Array
    used_gradient: Array
    clipped: NDArray[np.bool_]
    learning_rate: Array
    state: dict[str, Array]
    evaluations: dict[str, NDArray[np.int64]]


def walk(setup: Descent) -> Walk:
    """Take the steps, up to the last or to the first position that is not finite.

    An elementwise rule runs coordinate by coordinate, on numbers: NumPy is twice as fast on those as on arrays of two.
    """
    rule, landscape = setup.optimizer, setup.landscape
    noise = np.random.default_rng(setup.seed).normal(0.0, setup.noise, (setup.steps, 2)) if setup.noise else None
    parts: Sequence[Any] = list(np.array(setup.start)) if rule.elementwise else [np.array(setup.start)]
    states: Sequence[State] = [rule.initial_state(part) for part in parts]
    averages: Sequence[Any] = parts
    batches = _batches(setup)
    points, exact, used, cut, rates, asked = [], [], [], [], [], []
    history, means = [states], [averages]

    uphill = -1.0 if setup.maximize else 1.0
    plateau = setup.schedule if isinstance(setup.schedule, ReduceOnPlateau) else None
    watched = plateau.before() if plateau else None

    for step, rate in enumerate(setup.schedule(np.arange(setup.steps)), start=1):
        point = parts if rule.elementwise else parts[0]
        if not all(map(math.isfinite, point)):
            break
        if plateau and watched and step > 1:
            watched = plateau.after(uphill * float(landscape.f(*point)), watched)
            rate = min(rate, watched[0])
        gradient: Sequence[Any] | Array = landscape.df(*point)
        points.append(point)
        exact.append(gradient)
        rows = batches[step - 1] if batches else None
        if rows is not None and isinstance(landscape, DataLandscape):
            gradient = landscape.df_of(rows, *point)
        if setup.maximize:
            gradient = [-slope for slope in gradient]
        if noise is not None or setup.clip is not None:
            full = _disturbed(gradient, None if noise is None else noise[step - 1], None)
            gradient = full if setup.clip is None else setup.clip(full)
            cut.append(bool(np.any(gradient != full)))
        used.append(gradient)
        rates.append(rate)
        if setup.weight_decay:
            parts = [part - part * setup.weight_decay * rate for part in parts]
        if rule.asks:
            oracle = _oracle(setup, None if noise is None else noise[step - 1], rows)
            part, state = rule.search(parts[0], np.array(gradient), states[0], rate, step, oracle)
            parts, states = [part], [state]
            asked.append(oracle.asked)
        else:
            slopes = gradient if rule.elementwise else [np.array(gradient)]
            parts, states = zip(*map(rule.update, parts, slopes, states, repeat(rate), repeat(step)), strict=True)
        history.append(states)
        if setup.averaging is not None:
            memory = setup.averaging.ema_momentum if step > 1 else 0.0
            averages = [memory * a + (1 - memory) * part for a, part in zip(averages, parts, strict=True)]
            means.append(averages)
            every = setup.averaging.ema_overwrite_frequency
            parts = averages if every and step % every == 0 else parts
    point = parts if rule.elementwise else parts[0]
    points.append(point)
    exact.append(landscape.df(*point))
    named = _named(rule, history)
    if setup.averaging is not None:
        named["average"] = np.array([mean if rule.elementwise else mean[0] for mean in means])
    taken = len(rates)
    return Walk(
        theta=np.array(points),
        gradient=np.array(exact),
        used_gradient=np.array(used),
        clipped=np.array(cut or [False] * taken),
        learning_rate=np.array(rates),
        state=named,
        evaluations=_counted(asked, taken),
    )


def _disturbed(gradient: Sequence[float] | Array, noise: Array | None, clip: Clipper | None) -> Array:
    """The gradient that the optimizer is given: noise comes with the data, so clipping sees it too."""
    given = np.array(gradient)
    if noise is not None:
        given = given + noise
    return given if clip is None else clip(given)


def _oracle(setup: Descent, noise: Array | None, rows: NDArray[np.int64] | None) -> Oracle:
    """What a rule that asks may know at one step."""
    landscape = setup.landscape
    value, slope = landscape.f, landscape.df
    if rows is not None and isinstance(landscape, DataLandscape):
        value, slope = partial(landscape.f_of, rows), partial(landscape.df_of, rows)
    sign = -1.0 if setup.maximize else 1.0
    return Oracle(
        loss=lambda theta: sign * float(value(*theta)),
        gradient=lambda theta: _disturbed(sign * np.array(slope(*theta)), noise, setup.clip),
        hessian=lambda theta: sign * landscape.hessian(theta),
    )


def _batches(setup: Descent) -> list[NDArray[np.int64]]:
    """The examples of each step: all of them once an epoch, in a new order each time, as Keras does; empty for all."""
    if setup.batch_size is None or not isinstance(setup.landscape, DataLandscape):
        return []
    rng, size = np.random.default_rng([setup.seed, 1]), setup.batch_size
    batches: list[NDArray[np.int64]] = []
    while len(batches) < setup.steps:
        order = rng.permutation(setup.landscape.examples)
        batches += [order[first : first + size] for first in range(0, len(order), size)]
    return batches


def _counted(asked: list[list[int]], steps: int) -> dict[str, NDArray[np.int64]]:
    """Evaluations per step by kind; every step has the one gradient that it starts from."""
    losses, gradients, hessians = np.array(asked or np.zeros((steps, 3)), dtype=np.int64).reshape(steps, 3).T
    return {"gradient": gradients + 1, "loss": losses, "hessian": hessians}


def _named(rule: Optimizer, history: list[Sequence[State]]) -> dict[str, Array]:
    """The states of all steps by name, each of shape (T+1, ...)."""
    return {
        name: np.array([[part[i] for part in states] if rule.elementwise else states[0][i] for states in history])
        for i, name in enumerate(rule.state_names)
    }
