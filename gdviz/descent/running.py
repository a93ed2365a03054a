"""Runs: :func:`run` takes the steps of a :class:`Descent`, :func:`descend` makes one from its arguments and runs it.

Nothing is clamped, rescaled or clipped unless the caller asked for it. A run that leaves the finite numbers has
diverged: it stops there, keeps its record, and says at which step.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gdviz.clipping import CLIPPERS, Clipper
from gdviz.descent import ending
from gdviz.descent.ending import Finding, Status
from gdviz.descent.loop import walk
from gdviz.descent.setup import Averaging, Descent, Stop
from gdviz.descent.trajectory import Trajectory
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.schedules import SCHEDULES, Constant, Schedule


def descend(
    landscape: str | Landscape,
    optimizer: str | Optimizer,
    learning_rate: float | str | Schedule | None = None,
    start: Sequence[float] | None = None,
    steps: int = 200,
    clip: str | Clipper | None = None,
    noise: float = 0.0,
    batch_size: int | None = None,
    seed: int = 0,
    stop: Stop | None = None,
    weight_decay: float = 0.0,
    averaging: Averaging | None = None,
    maximize: bool = False,
) -> Trajectory:
    """Run an optimizer on a landscape and record every step.

    Args:
        landscape: An entry of ``gdviz.LANDSCAPES``, or its name.
        optimizer: An entry of ``gdviz.OPTIMIZERS``, or its name.
        learning_rate: A number; or a schedule; or the name of a schedule, which then starts at the optimizer's own
            learning rate. None stands for the optimizer's own learning rate, constant.
        start: Where to start, (x, y). None stands for the landscape's own start.
        steps: The number of steps, from 1 to 100,000.
        clip: An entry of ``gdviz.CLIPPERS``, or its name. None: nothing is clipped.
        noise: Standard deviation of the normal noise that is added to each coordinate of the gradient.
        batch_size: On a landscape of data, how many examples each gradient is taken over: stochastic gradients, in a
            new order every epoch. None: all.
        seed: Determines the noise and the order of the examples.
        stop: Conditions that end the run early. Divergence always does.
        weight_decay: Share of the position that is taken off before each step, times the learning rate. As in Keras,
            that is apart from the gradient, whatever the optimizer.
        averaging: Average the positions, as Keras does with ``use_ema``. None: no average.
        maximize: Climb instead: the optimizer is given -L in place of the loss L, as PyTorch does with ``maximize``.

    Raises:
        ValueError: An argument is not allowed; the message names it, its value, and what is allowed.

    >>> run = descend("rosenbrock", "adam", learning_rate=0.05, steps=300)
    >>> run.theta.shape, run.status
    ((301, 2), 'running')
    """
    ground = LANDSCAPES.make(landscape)
    rule, schedule = at_one_rate(optimizer, learning_rate)
    setup = Descent(
        landscape=ground,
        optimizer=rule,
        schedule=schedule,
        start=_point(ground.start if start is None else start),
        steps=steps,
        clip=None if clip is None else CLIPPERS.make(clip),
        noise=noise,
        seed=seed,
        stop=Stop() if stop is None else stop,
        weight_decay=weight_decay,
        averaging=averaging,
        batch_size=batch_size,
        maximize=maximize,
    )
    return run(setup)


def at_one_rate(optimizer: str | Optimizer, learning_rate: float | str | Schedule | None) -> tuple[Optimizer, Schedule]:
    """An optimizer and a schedule that begin at the same learning rate; the arguments are those of :func:`descend`."""
    rule = OPTIMIZERS.make(optimizer)
    schedule: Schedule
    if isinstance(learning_rate, Schedule):
        schedule = SCHEDULES.make(learning_rate)
    elif isinstance(learning_rate, str):
        schedule = SCHEDULES.make(learning_rate, initial_learning_rate=rule.learning_rate)
    else:
        rule = rule if learning_rate is None else replace(rule, learning_rate=learning_rate)
        schedule = Constant(rule.learning_rate)
    return replace(rule, learning_rate=schedule.initial_learning_rate), schedule


def run(setup: Descent) -> Trajectory:
    """Take the steps and record them."""
    with np.errstate(all="ignore"):  # overflow is a result here, not an accident
        walked = walk(setup)
        theta, exact = walked.theta, walked.gradient
        loss = np.asarray(setup.landscape.value(theta.T))
        bad = ending.first_non_finite(theta, loss, exact)
        met = setup.stop.first(loss, exact, setup.maximize)
        last = min((end[0] for end in (bad, met) if end), default=setup.steps)
        theta, loss, exact = theta[: last + 1], loss[: last + 1], exact[: last + 1]
        status: Status
        if bad and bad[0] == last:
            status, findings = "diverged", [ending.divergence(*bad, loss, exact, setup.maximize)]
        else:
            status, why = ending.judge(setup.landscape, theta, loss, exact, setup.maximize)
            findings = [why, *(ending.slowed_down(walked.learning_rate[:last]) if status == "stalled" else [])]
            if met:
                status = "converged" if met[1] == "loss" else status
                code = f"stopped_by_{met[1]}" + "_climbing" * (met[1] == "loss" and setup.maximize)
                findings.insert(0, Finding(code, {"step": last, "limit": getattr(setup.stop, met[1])}))
    return Trajectory(
        setup=setup,
        loss=loss,
        status=status,
        stopped_at=last if bad or met else None,
        findings=tuple(findings),
        **walked.up_to(last),
    )


def _point(start: Sequence[float]) -> Point:
    try:
        x, y = start
        return float(x), float(y)
    except (TypeError, ValueError):
        raise ValueError(f"start must be two finite numbers, x and y; got {start!r}") from None
