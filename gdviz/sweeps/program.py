"""Cases as the engines take them: a recorded step, and the numbers for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.descent.loop import drawn_batches, stages
from gdviz.landscapes.data import DataLandscape
from gdviz.sweeps.cases import Cases
from gdviz.tracing import AnyLandscape, Record, RunRecord, Stages, record_stages, why_not

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Program:
    """N cases of a recorded run."""

    record: RunRecord
    step: Record
    """The step, with the outputs that a sweep needs; when climbing, its loss is that which falls."""
    state: tuple[str, ...]
    """The names of x, y and the state."""
    varied: tuple[str, ...]
    """The names of other leaves whose values differ from case to case."""
    knobs: Mapping[str, Any]
    """The values of the knobs that are the same for all."""
    each_step: Mapping[str, Array]
    """The values of the leaves that depend on the step alone, one more than there are steps."""
    rows: Sequence[Array]
    """The values of the varied leaves, each of shape (N,) or (steps + 1, N)."""
    states: Array
    """The states before the first step, a row for each name."""
    examples: Mapping[str, Array]
    """The columns of a landscape of data."""
    batches: Sequence[NDArray[np.int64]]
    """The examples of each step, where it does not see all of them."""


def why_one_by_one(cases: Cases) -> str | None:
    """The reason why cases cannot be run together; None where they can."""
    if cases.shared.batch_size is not None and "seed" in cases.each:
        return "the mini-batches differ from case to case"
    return why_not(cases.shared.landscape, cases.shared.optimizer)


def program(cases: Cases, apart: bool = False) -> Program:
    """The program of cases that differ in numbers only; see :meth:`gdviz.sweeps.cases.Cases.alike`.

    Args:
        cases: The cases to run.
        apart: Record the rule apart from the landscape.
    """
    setup, landscape = cases.shared, cases.shared.landscape
    noise, rates = cases.noise(), cases.rates()
    run = replace(stages(setup), noise=noise is not None, stop=setup.stop if setup.stop.changes() else None)
    if apart:
        run = replace(run, landscape=AnyLandscape())
    own = {f"optimizer.{name}": values for name, values in cases.varied.items()}
    if "optimizer.learning_rate" in own and run.plateau is not None:
        own["schedule.initial_learning_rate"] = own["optimizer.learning_rate"]
    each_step = {"step": np.arange(1.0, setup.steps + 2)}
    rows: dict[str, Array] = dict(own)
    given = {"learning_rate": rates}
    if noise is not None:
        given |= {"noise_x": noise[:, 0], "noise_y": noise[:, 1]}
    for name, values in given.items():
        if values.shape[1] == 1:
            each_step[name] = _one_more(
                np.broadcast_to(values[:, 0], (setup.steps,)) if len(values) == 1 else values[:, 0]
            )
        else:
            rows[name] = values[0] if len(values) == 1 else _one_more(values)
    record, step = _recorded(run.structure())
    varied = tuple(name for name in rows if any(operation[1] == name for operation in step.operations))
    knobs = {**run.knobs(), **own}
    x, y = cases.starts
    with np.errstate(all="ignore"):
        first = record.initial.run(x=x, y=y, **knobs)
    return Program(
        record=record,
        step=step,
        state=("x", "y", *record.state),
        varied=varied,
        knobs=knobs,
        each_step=each_step,
        rows=[np.asarray(rows[name], dtype=np.float64) for name in varied],
        states=np.stack([x, y, *(np.broadcast_to(first[name], x.shape) for name in record.state)]),
        examples={"input": landscape.inputs, "target": landscape.targets}
        if isinstance(landscape, DataLandscape)
        else {},
        batches=_one_more_batch(drawn_batches(setup)[: setup.steps]),
    )


@lru_cache(maxsize=256)
def _recorded(structure: Stages) -> tuple[RunRecord, Record]:
    record = record_stages(structure)
    step = record.step
    if structure.maximize:
        falling = (*step.operations, ("negative", step.outputs["loss"]))
        step = Record(falling, {**step.outputs, "loss": len(step.operations)})
    wanted = ["x", "y", *record.state, "loss", "gradient_x", "gradient_y"]
    return record, step.only([*wanted, *(["stopped"] if structure.stop is not None else [])])


def _one_more(values: Array) -> Array:
    """Values of one more step, which is begun but does not count: at the last point only the loss does."""
    return np.concatenate([values, values[-1:]])


def _one_more_batch(batches: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    return [*batches, *batches[-1:]]
