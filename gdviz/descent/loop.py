"""The loop of a run: from a :class:`gdviz.Descent` to the raw record of its steps.

A step is defined in :mod:`gdviz.tracing.stages`. It is recorded once and run as one Python function; only a rule that
cannot be recorded is run stage by stage.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.catalogue.pauses import between_steps
from gdviz.descent.setup import Descent
from gdviz.descent.steps import Array, Steps
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import Oracle
from gdviz.schedules import ReduceOnPlateau
from gdviz.tracing import RunRecord, Stages, record_stages, why_not
from gdviz.tracing.python import PythonRun

EVALUATIONS = ("gradient", "loss", "hessian")


@dataclass(frozen=True, eq=False, kw_only=True)
class Walk(Steps):
    """The steps of a run before anything is said about its end."""


def stages(setup: Descent) -> Stages:
    """The stages of a run's steps."""
    plateau = setup.schedule if isinstance(setup.schedule, ReduceOnPlateau) else None
    return Stages(
        setup.landscape, setup.optimizer, setup.clip, setup.weight_decay, setup.averaging, setup.maximize, plateau,
        noise=setup.noise > 0, batches=setup.batch_size is not None,
    )  # fmt: skip


def walk(setup: Descent) -> Walk:
    """Take the steps, up to the last or to the first position that is not finite."""
    return _recorded(setup) if why_not(setup.landscape, setup.optimizer) is None else _stage_by_stage(setup)


def _recorded(setup: Descent) -> Walk:
    run = stages(setup)
    program = _program(run.structure())
    knobs: dict[str, Any] = run.knobs()
    if isinstance(setup.landscape, DataLandscape):
        knobs |= {"input": setup.landscape.inputs, "target": setup.landscape.targets}
    x, y = setup.start
    start = {"x": x, "y": y, **program.record.initial.run(x=np.float64(x), y=np.float64(y), **knobs)}

    rates = np.asarray(setup.schedule(np.arange(setup.steps)), dtype=np.float64)
    each_step: list[Any] = [count(1.0), [*rates.tolist(), 0.0]]  # of the step after the last, only the gradient counts
    noise = drawn_noise(setup)
    if noise is not None:
        each_step += [[*part, 0.0] for part in noise.T.tolist()]
    if setup.batch_size is not None:
        batches = drawn_batches(setup)
        each_step += [[values[rows] for rows in [*batches, batches[0]]] for values in (knobs["input"], knobs["target"])]
    rows = program.run(start, knobs, [*zip(*each_step, strict=False)])

    taken = len(rows) - 1
    kept = {name: rows[:, column] for name, column in program.columns.items()}
    kept |= {name: np.full(len(rows), value) for name, value in program.constants.items()}

    def pairs(name: str) -> Array:
        first = program.columns.get(f"{name}_x")
        if first is not None and program.columns.get(f"{name}_y") == first + 1:
            return rows[:, first : first + 2].copy()
        return np.stack([kept[f"{name}_x"], kept[f"{name}_y"]], axis=1)

    names = dict.fromkeys(name.removesuffix("_x").removesuffix("_y") for name in program.record.state)
    state = {name: pairs(name) if f"{name}_x" in kept else kept[name] for name in names if "plateau_" not in name}
    return Walk(
        theta=rows[:, :2].copy(),
        gradient=pairs("gradient"),
        used_gradient=pairs("used")[:taken],
        clipped=kept["clipped"][:taken].astype(bool),
        learning_rate=kept["learning_rate"][:taken] if "learning_rate" in kept else rates[:taken],
        state=state,
        evaluations={
            what: kept[f"{what}_evaluations"][:taken].astype(np.int64) + (what == "gradient") for what in EVALUATIONS
        },
    )


@dataclass(frozen=True, eq=False)
class _Program:
    """A recorded run as a Python function, for all values of its knobs."""

    record: RunRecord
    run: PythonRun
    columns: dict[str, int]
    """Where in a row of the run the values of a name are."""
    constants: dict[str, float]
    """Outputs that are the same at every step."""


@lru_cache(maxsize=256)
def _program(structure: Stages) -> _Program:
    made = record_stages(structure)
    outputs, operations = made.step.outputs, made.step.operations
    wanted = [
        "gradient_x",
        "gradient_y",
        "used_x",
        "used_y",
        "clipped",
        *(f"{what}_evaluations" for what in EVALUATIONS),
    ]
    wanted += ["learning_rate"] if structure.plateau else []
    constants = {name: operations[outputs[name]][1] for name in wanted if operations[outputs[name]][0] == "constant"}
    state = ["x", "y", *made.state]
    columns = dict(zip(state, count(), strict=False))
    places: dict[int, int] = {}
    for name in wanted:
        if name not in constants:
            columns[name] = places.setdefault(outputs[name], len(state) + len(places))
    kept = [next(name for name in wanted if outputs[name] == place) for place in places]
    each_step = (
        ["step", "learning_rate"]
        + ["noise_x", "noise_y"] * structure.noise
        + ["batch_input", "batch_target"] * structure.batches
    )
    return _Program(made, PythonRun(made.step.only([*state, *kept]), state, kept, each_step), columns, constants)


def drawn_noise(setup: Descent) -> Array | None:
    """The noise that is added to the gradients, shape (steps, 2); None for none."""
    if not setup.noise:
        return None
    return np.random.default_rng(setup.seed).normal(0.0, setup.noise, (setup.steps, 2))


def drawn_batches(setup: Descent) -> list[NDArray[np.int64]]:
    """The examples of each step: all of them once an epoch, in a new order each time, as Keras does; empty for all."""
    if setup.batch_size is None or not isinstance(setup.landscape, DataLandscape):
        return []
    rng, size = np.random.default_rng([setup.seed, 1]), setup.batch_size
    batches: list[NDArray[np.int64]] = []
    while len(batches) < setup.steps:
        order = rng.permutation(setup.landscape.examples)
        batches += [order[first : first + size] for first in range(0, len(order), size)]
    return batches


def _stage_by_stage(setup: Descent) -> Walk:
    """The same for a rule that is not recorded, on vectors of numbers."""
    noise, batches = drawn_noise(setup), drawn_batches(setup)
    ground, theta = setup.landscape, np.array(setup.start)
    run = replace(stages(setup), vector=lambda *parts: np.array(parts))
    state = run.initial_state(theta)
    points, exact, states, told = [theta], [run.vector(*ground.df(*theta))], [state], []
    for t, rate in enumerate(setup.schedule(np.arange(setup.steps))):
        between_steps.get()()
        if not np.all(np.isfinite(theta)):
            break
        if batches and isinstance(ground, DataLandscape):
            run = replace(run, seen=ground.over(ground.inputs[batches[t]], ground.targets[batches[t]]))
        oracle = _oracle(run, None if noise is None else noise[t])
        theta, state, known = run.step(theta, state, rate, t + 1, None if noise is None else noise[t], oracle)
        points.append(theta)
        exact.append(run.vector(*ground.df(*theta)))
        states.append(state)
        told.append({**known, **dict(zip(("loss", "gradient", "hessian"), oracle.asked, strict=True))})
    return Walk(
        theta=np.array(points),
        gradient=np.array(exact),
        used_gradient=np.array([one["used"] for one in told]),
        clipped=np.array([one["clipped"] for one in told], dtype=bool),
        learning_rate=np.array([one["learning_rate"] for one in told], dtype=np.float64),
        state={name: np.array([one[name] for one in states]) for name in state if "plateau_" not in name},
        evaluations={
            what: np.array([one[what] for one in told], dtype=np.int64) + (what == "gradient") for what in EVALUATIONS
        },
    )


def _oracle(run: Stages, noise: Array | None) -> Oracle:
    """The answers that a rule which asks may have at one step."""
    sign = -1.0 if run.maximize else 1.0
    return Oracle(
        loss=lambda theta: sign * float(run.ground.f(*theta)),
        gradient=lambda theta: run.disturbed(run.gradient(theta), noise)[1],
        hessian=lambda theta: sign * run.ground.hessian(theta),
    )
