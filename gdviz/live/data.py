"""The data of a live figure: records, still pictures and numbers, plain for JSON."""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviz.catalogue import Knob
from gdviz.charts.background import background
from gdviz.charts.figure import records
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, SHAPES, Theme
from gdviz.charts.trails import LossScale, ScaleKind
from gdviz.clipping import Clipper
from gdviz.descent import Averaging, Descent, Trajectory
from gdviz.descent.experiment import Experiment
from gdviz.landscapes import Landscape
from gdviz.landscapes.data import DataLandscape
from gdviz.live.parts import landscape_record
from gdviz.live.rules import rule_formula
from gdviz.live.still import StepAxis, heatmap, landscape_plot, step_plot
from gdviz.live.words import WORDS
from gdviz.optimizers import Optimizer
from gdviz.schedules import Constant, ReduceOnPlateau, Schedule
from gdviz.tracing import record_run, why_not

Chosen = Mapping[str, Any]
"""The reader's part: a ``version``, the ``start``, and the ``values`` of each run's sliders."""


def figure_data(
    runs: Sequence[Trajectory],
    *,
    loss_scale: LossScale = "log",
    dark: bool = False,
    chosen: Chosen | None = None,
) -> dict[str, Any]:
    """The data of a figure, for ``mount`` in ``core.js``.

    As long as only the start and the values of sliders differ, which the browser has anyway, the data are the same to
    the last letter, so that nothing is sent again.

    Args:
        runs: Runs under the same conditions, as :meth:`gdviz.Experiment.run` makes them.
        loss_scale: ``"log"`` draws the loss above the landscape's lowest one.
        dark: Colours for a dark ground.
        chosen: What the reader has chosen last; None: what the runs were given.
    """
    setups, theme = [run.setup for run in runs], DARK_THEME if dark else LIGHT_THEME
    data = _common(setups, chosen, theme)
    for run, one in zip(runs, data["runs"], strict=True):
        one["served"] = _served(run) if one["why"] else None
    label = setups[0].landscape.label
    return {
        **data,
        "title": f"Paths of optimizers on the {label} landscape, and their losses against the step",
        "loss_scale": loss_scale,
        "still": _still(runs, loss_scale, theme),
    }


def basins_data(setups: Sequence[Descent], *, dark: bool = False, chosen: Chosen | None = None) -> dict[str, Any]:
    """The data of basins side by side, for ``mount`` in ``core.js``; see :func:`figure_data`."""
    theme, landscape = DARK_THEME if dark else LIGHT_THEME, setups[0].landscape
    return {
        **_common(setups, chosen, theme),
        "kind": "basins",
        "title": f"Basins of attraction on the {landscape.label} landscape",
        "still": {"landscape": _ground(landscape, theme)},
    }


def _common(setups: Sequence[Descent], chosen: Chosen | None, theme: Theme) -> dict[str, Any]:
    """The browser's data to run them."""
    shared = setups[0]
    return {
        "landscape": landscape_data(shared.landscape),
        "runs": [_run(setup, name) for setup, name in zip(setups, _names(setups), strict=True)],
        "chosen": chosen or chosen_of(setups),
        "steps": shared.steps,
        "maximize": shared.maximize,
        "stop": shared.stop.values(),
        "noise": _noise(shared),
        "theme": theme_data(theme),
        "words": WORDS,
    }


def theme_data(theme: Theme) -> dict[str, Any]:
    """The looks of runs, and the colours of what they stand on."""
    colours = {name: getattr(theme, name) for name in ("ink", "halo", "line", "valley", "hill")}
    return {"runs": theme.runs, "dashes": DASHES, "shapes": SHAPES, **colours}


def chosen_of(setups: Sequence[Descent], version: int = 0) -> dict[str, Any]:
    """The values that the reader can choose in the browser, as they are in these runs."""
    return {
        "version": version,
        "start": list(map(float, setups[0].start)),
        "values": [
            {knob.name: setup.optimizer.values()[knob.name] for knob in sliders(setup.optimizer)} for setup in setups
        ],
    }


def taken_over(experiment: Experiment, chosen: Chosen) -> Experiment:
    """The experiment with what the reader has chosen in the browser. A learning rate of one run alone ends one for all.

    Raises:
        ValueError: It is not of these runs, or a value is not allowed.
    """
    values = chosen["values"]
    if len(values) != len(experiment.optimizers):
        raise ValueError(f"values must be those of {len(experiment.optimizers)} runs; got {len(values)}")
    for rule, one in zip(experiment.optimizers, values, strict=True):
        if not set(one) <= set(rule.values()):
            raise ValueError(f"values must be those of {rule.label}; got {', '.join(one)}")
    rules = tuple(replace(rule, **one) for rule, one in zip(experiment.optimizers, values, strict=True))
    alike = {rule.learning_rate for rule in rules} == {experiment.shared_learning_rate}
    shared = experiment.shared_learning_rate if alike else None
    x, y = chosen["start"]
    return replace(experiment, start=(float(x), float(y)), optimizers=rules, shared_learning_rate=shared)


def sliders(optimizer: Optimizer) -> list[Knob]:
    """The hyperparameters that can be slid: the real numbers; the learning rate first."""
    return [knob for knob in optimizer.knobs() if knob.type is float and knob.default is not None]


def slider_ends(knob: Knob) -> tuple[float, float]:
    """The ends of a hyperparameter's slider: its usual ones, else its bounds, where it has any."""
    if knob.usual:
        return knob.usual
    low = knob.low if knob.above is None else knob.above + 1e-3
    high = knob.high if knob.below is None else knob.below - 1e-3
    return (low if np.isfinite(low) else -10.0, high if np.isfinite(high) else 10.0)


def packed(values: ArrayLike) -> str:
    """Numbers as 64-bit floats in base64: shorter than digits, and the same to the last bit."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode()


# Landscape ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def landscape_data(landscape: Landscape, whole: bool = False) -> dict[str, Any]:
    """A landscape and its record: the loss and second derivatives, or, as a whole, the gradient too."""
    outputs = ("loss", "xx", "xy", "yy")
    recorded = landscape_record(landscape)
    examples = {"input": landscape.inputs, "target": landscape.targets} if isinstance(landscape, DataLandscape) else {}
    return {
        "label": landscape.label,
        "formula": landscape.formula,
        "domain": landscape.domain,
        "minima": landscape.minima,
        "lowest": landscape.lowest,
        "record": (recorded if whole else recorded.only(outputs)).to_dict(),
        "examples": {name: packed(values) for name, values in examples.items()},
    }


# Runs -----------------------------------------------------------------------------------------------------------------


def why_served(setup: Descent) -> str:
    """Why the server computes a run; empty where the browser does."""
    if setup.batch_size is not None:
        return "The server draws the mini-batches."
    return why_not(setup.landscape, setup.optimizer) or ""


def _run(setup: Descent, name: str) -> dict[str, Any]:
    why = why_served(setup)
    recorded = None if why else _recorded(setup)
    # Values of sliders are not in here: the browser has its own, and the data are to stay the same.
    free = {f"optimizer.{knob.name}" for knob in sliders(setup.optimizer)} | {"schedule.initial_learning_rate"}
    knobs = {} if recorded is None else recorded["knobs"]
    return {
        "name": name,
        "rule": setup.optimizer.name,
        "formula": rule_formula(setup.optimizer, None if recorded is None else recorded["state"]),
        "record": None if recorded is None else {part: recorded[part] for part in ("initial", "step", "state")},
        "knobs": {knob: value for knob, value in knobs.items() if knob not in free},
        "why": why,
        "sliders": [slider(knob) for knob in sliders(setup.optimizer)],
        "schedule": None if why else _schedule(setup.schedule, setup.steps),
        "served": None,
    }


def _recorded(setup: Descent) -> Mapping[str, Any]:
    plateau = setup.schedule if isinstance(setup.schedule, ReduceOnPlateau) else None
    noise, decay = bool(setup.noise), setup.weight_decay
    return _record(setup.landscape, setup.optimizer, setup.clip, noise, decay, setup.averaging, setup.maximize, plateau)


@lru_cache(maxsize=256)
def _record(
    landscape: Landscape,
    optimizer: Optimizer,
    clip: Clipper | None,
    noise: bool,
    weight_decay: float,
    averaging: Averaging | None,
    maximize: bool,
    plateau: ReduceOnPlateau | None,
) -> Mapping[str, Any]:
    """A run recorded. The same one is asked for again at every change of what is no part of it."""
    return record_run(
        landscape,
        optimizer,
        clip=clip,
        noise=noise,
        weight_decay=weight_decay,
        averaging=averaging,
        maximize=maximize,
        plateau=plateau,
    ).to_dict()


def slider(knob: Knob) -> dict[str, Any]:
    """A hyperparameter that can be slid."""
    low, high = slider_ends(knob)
    return {"name": knob.name, "help": knob.help, "low": low, "high": high, "log": knob.log and low > 0}


def _schedule(schedule: Schedule, steps: int) -> dict[str, str] | None:
    """The learning rates of the steps as offset + slope times the first one, which is how all schedules depend on it.

    None where all are that one.
    """
    if schedule == Constant(schedule.initial_learning_rate):
        return None
    at = np.arange(steps)
    offset = np.asarray(schedule.starting_at(0.0)(at), dtype=np.float64)
    return {"offset": packed(offset), "slope": packed(np.asarray(schedule.starting_at(1.0)(at)) - offset)}


def _served(run: Trajectory) -> dict[str, Any]:
    own = chosen_of([run.setup])
    return {
        "start": own["start"],
        "values": own["values"][0],
        "theta": packed(run.theta),
        "loss": packed(run.loss),
        "gradient": packed(run.gradient),
        "rates": packed(run.learning_rate),
        "status": run.status,
    }


def _names(setups: Sequence[Descent]) -> list[str]:
    """The names of the runs. Where several share a name, with a number: learning rates change in the browser."""
    labels = [setup.optimizer.label for setup in setups]
    count = Counter(labels)
    seen: Counter[str] = Counter()
    names = []
    for label in labels:
        seen[label] += 1
        names.append(f"{label} ({seen[label]})" if count[label] > 1 else label)
    return names


def _noise(setup: Descent) -> str | None:
    """The noise that the seed adds to the gradients, as :mod:`gdviz.descent` draws it; None for none."""
    if not setup.noise:
        return None
    return packed(np.random.default_rng(setup.seed).normal(0.0, setup.noise, (setup.steps, 2)))


# What stands still ----------------------------------------------------------------------------------------------------


def _still(runs: Sequence[Trajectory], loss_scale: LossScale, theme: Theme) -> dict[str, Any]:
    landscape = runs[0].setup.landscape
    scheduled = any(not isinstance(run.setup.schedule, Constant) for run in runs)
    loss = _loss_axis(landscape, loss_scale)
    plots: dict[str, Any] = {
        "landscape": _ground(landscape, theme),
        "loss": {"spec": step_plot(loss, "" if scheduled else "step", theme), "kind": loss.kind},
    }
    if scheduled:
        rate = _rate_axis([run.learning_rate for run in runs])
        plots["rate"] = {"spec": step_plot(rate, "step", theme), "kind": rate.kind}
    return plots


@lru_cache(maxsize=32)
def _ground(landscape: Landscape, theme: Theme) -> dict[str, Any]:
    drawn = background(landscape, theme)
    minima = [{"x": x, "y": y} for x, y in landscape.minima]
    picture = heatmap(drawn.image["url"][0], landscape.domain)
    datasets = {"heatmap": picture, "contours": records(drawn.contours), "minima": minima}
    return {**landscape_plot(landscape.domain, theme), "datasets": datasets}


def _loss_axis(landscape: Landscape, scale: LossScale) -> StepAxis:
    if scale == "linear":
        return StepAxis("loss", "linear")
    if landscape.lowest is None:
        return StepAxis("loss (symmetric log)", "symlog")
    return StepAxis("loss above the lowest (log)", "log")


def _rate_axis(rates: Sequence[NDArray[np.float64]]) -> StepAxis:
    """Logarithmic where the runs' largest learning rates differ by a factor above 10."""
    largest = [float(rate.max(initial=0.0)) for rate in rates]
    kind: ScaleKind = "log" if 0 < min(largest) < max(largest) / 10 else "linear"
    return StepAxis("learning rate (log)" if kind == "log" else "learning rate", kind)
