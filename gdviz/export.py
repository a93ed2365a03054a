"""Results to take home: CSV, JSON that gdviz reads back, a page that plays offline, and code that reproduces them."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gdviz.catalogue import Entry
from gdviz.charts import Figure, labels
from gdviz.charts.figure import Table
from gdviz.clipping import CLIPPERS
from gdviz.descent import Averaging, Descent, Stop, Trajectory
from gdviz.experiment import Experiment
from gdviz.expression import OwnFunction, compile_landscape
from gdviz.landscapes import LANDSCAPES, Landscape
from gdviz.optimizers import OPTIMIZERS
from gdviz.schedules import SCHEDULES, Constant

if TYPE_CHECKING:
    from gdviz.gradflow import GradientFlow, RecurrentFlow, TrainingRun

FORMAT = "gdviz trajectories"
VERSION = 1
MOST_BYTES = 64 * 2**20
"""Larger files are not read."""


def to_csv(trajectories: Sequence[Trajectory], names: Sequence[str] | None = None) -> str:
    """One row for each run and step: position, loss, gradient, learning rate (of the step that follows)."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["run", "step", "x", "y", "loss", "gradient_x", "gradient_y", "learning_rate"])
    for name, run in zip(names or labels(trajectories), trajectories, strict=True):
        rates = [*run.learning_rate.tolist(), ""]
        rows = zip(run.theta.tolist(), run.loss.tolist(), run.gradient.tolist(), rates, strict=True)
        for step, (point, loss, gradient, rate) in enumerate(rows):
            writer.writerow([name, step, *point, loss, *gradient, rate])
    return table.getvalue()


def to_json(trajectories: Sequence[Trajectory]) -> str:
    """The trajectories with their configuration, every number to the last bit, for :func:`from_json`."""
    runs = [
        {
            "setup": _setup_data(run.setup),
            "status": run.status,
            "stopped_at": run.stopped_at,
            "reason": run.reason,
            "theta": _list(run.theta),
            "loss": _list(run.loss),
            "gradient": _list(run.gradient),
            "used_gradient": _list(run.used_gradient),
            "clipped": run.clipped.tolist(),
            "learning_rate": _list(run.learning_rate),
            "state": {name: _list(values) for name, values in run.state.items()},
            "evaluations": {what: counts.tolist() for what, counts in run.evaluations.items()},
        }
        for run in trajectories
    ]
    return json.dumps({"format": FORMAT, "version": VERSION, "runs": runs}, allow_nan=False)


def from_json(text: str | bytes) -> tuple[Trajectory, ...]:
    """The trajectories that :func:`to_json` wrote.

    Raises:
        ValueError: It is too large, or not such a file, or a value in it is not allowed.
    """
    if len(text) > MOST_BYTES:
        raise ValueError(f"the file has {len(text)} bytes; at most {MOST_BYTES} are read")
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a JSON file: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f"not a file of {FORMAT}")
    if data.get("version") != VERSION:
        raise ValueError(f"version must be {VERSION}; got {data.get('version')!r}")
    try:
        return tuple(_trajectory(run) for run in data["runs"])
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"the file is damaged: {error!r}") from None


def to_html(figure: Figure, title: str) -> str:
    """A page that shows the figure and plays it, with everything inside: it needs no network."""
    import vl_convert  # a browser engine of 100 MB, which only this needs

    page = vl_convert.vegalite_to_html(figure.to_dict(), bundle=True)
    return page.replace("<head>", f"<head><meta charset='utf-8'><title>{title}</title>", 1)


def to_svg(figure: Figure) -> str:
    """The figure as a vector graphic; one that plays, at its last step."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_still(figure)))


def to_png(figure: Figure) -> bytes:
    """The figure as a picture, at twice the size it has on the page; one that plays, at its last step."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_still(figure), scale=2))


def _still(figure: Figure) -> dict[str, Any]:
    """The complete specification, paused at the last step."""
    spec = figure.to_dict()
    last = {p["name"]: p["bind"]["max"] for p in spec.get("params", []) if p.get("name") == "step"}
    stopped = {**last, "playing": False}
    params = [{**p, "value": stopped[p["name"]]} if p.get("name") in stopped else p for p in spec.get("params", [])]
    return {**spec, "params": params, "background": "white"}


def table_csv(table: Table) -> str:
    """A figure's table, a row a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*(np.asarray(values).tolist() for values in table.values()), strict=True))
    return text.getvalue()


def training_csv(run: "TrainingRun") -> str:
    """One row for each step and layer; the last layer is the readout, of which activations are not measured."""
    names = ("gradient", "used_gradient", "weight_norm", "update_ratio", "activation_std", "dead")
    layers = run.gradient.shape[1]
    columns: dict[str, Any] = {
        "step": np.repeat(np.arange(1, run.steps + 1), layers),
        "layer": np.tile(np.arange(1, layers + 1), run.steps),
        **{name: np.repeat(getattr(run, name), layers) for name in ("loss", "accuracy", "learning_rate")},
    }
    for name in names:
        values = getattr(run, name)
        missing = np.full((run.steps, layers - values.shape[1]), np.nan)
        columns[name] = np.concatenate([values, missing], axis=1).ravel()
    return table_csv(columns)


def recurrent_csv(flow: "RecurrentFlow") -> str:
    """One row for each seed and step of a measured recurrent network."""
    seeds, steps = flow.mean.shape
    return table_csv(
        {
            "seed": np.repeat(flow.setup.seed + np.arange(seeds), steps),
            "step": np.tile(np.arange(1, steps + 1), seeds),
            "distance": np.tile(flow.distance, seeds),
            "mean": flow.mean.ravel(),
            "std": flow.std.ravel(),
            **{f"gradient_{name}": values.ravel() for name, values in flow.gradient.items()},
            "input_gradient": flow.input_gradient.ravel(),
            "recurrent_gradient": flow.recurrent_gradient.ravel(),
        }
    )


def flow_csv(flow: "GradientFlow") -> str:
    """One row for each seed and layer of a measured network."""
    names = (
        "mean", "std", "pre_activation", "saturated", "dead", "activation_gradient", "weight_gradient", "weight_norm"
    )  # fmt: skip
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["seed", "layer", *names])
    for row in range(len(flow.mean)):
        for column, layer in enumerate(flow.layers):
            measured = [getattr(flow, name)[row, column] for name in names]
            writer.writerow([flow.setup.seed + row, int(layer), *measured])
    return table.getvalue()


def python_code(experiment: Experiment) -> str:
    """The lines of Python that reproduce the picture with the package."""
    same = {
        "start": None if experiment.start is None else repr(experiment.start),
        "steps": repr(experiment.steps),
        "clip": None if experiment.clip is None else _constructor("CLIPPERS", experiment.clip),
        "noise": repr(experiment.noise) if experiment.noise else None,
        "seed": repr(experiment.seed) if experiment.seed else None,
        "stop": f"gdviz.{experiment.stop!r}" if experiment.stop.changes() else None,
        "weight_decay": repr(experiment.weight_decay) if experiment.weight_decay else None,
        "averaging": f"gdviz.{experiment.averaging!r}" if experiment.averaging else None,
        "batch_size": None if experiment.batch_size is None else repr(experiment.batch_size),
        "maximize": "True" if experiment.maximize else None,
    }
    shared = "".join(f", {name}={value}" for name, value in same.items() if value is not None)
    lines = ["import gdviz", "", f"landscape = {_landscape_code(experiment.landscape)}", "runs = ["]
    for descent in experiment.descents():
        rate = ""
        if not isinstance(descent.schedule, Constant):
            rate = f", {_constructor('SCHEDULES', descent.schedule)}"
        lines.append(f"    gdviz.descend(landscape, {_constructor('OPTIMIZERS', descent.optimizer)}{rate}{shared}),")
    return "\n".join([*lines, "]", "gdviz.charts.descent(runs)"])


def keras_code(experiment: Experiment) -> str:
    """For each optimizer, the line that makes the same one in Keras, or a comment where Keras has none."""
    lines = ["import keras", ""]
    if experiment.maximize:
        lines += ["# Keras minimises: give it the loss times -1.", ""]
    for descent in experiment.descents():
        line = descent.optimizer.keras_code(descent.schedule.keras_code())
        if line is None:
            lines.append(f"# {descent.optimizer.label}: Keras has no such optimizer")
            continue
        decay = descent.weight_decay and "weight_decay" not in descent.optimizer.values()
        more = [
            descent.clip.keras_code() if descent.clip else "",
            f"weight_decay={descent.weight_decay!r}" if decay else "",
            descent.averaging.keras_code() if descent.averaging else "",
        ]
        lines.append(f"{', '.join([line[:-1], *filter(None, more)])})")
    return "\n".join(lines)


def _landscape_code(landscape: Landscape) -> str:
    if isinstance(landscape, OwnFunction):
        return f"gdviz.compile_landscape({landscape.text!r}, {landscape.domain!r})"
    return _constructor("LANDSCAPES", landscape)


def _constructor(catalogue: str, entry: Entry) -> str:
    settings = ", ".join(f"{name}={value!r}" for name, value in entry.changes().items())
    return f'gdviz.{catalogue}["{entry.name}"]({settings})'


def _setup_data(setup: Descent) -> dict[str, Any]:
    return {
        "landscape": _landscape_data(setup.landscape),
        "optimizer": setup.optimizer.to_dict(),
        "schedule": setup.schedule.to_dict(),
        "start": list(setup.start),
        "steps": setup.steps,
        "clip": None if setup.clip is None else setup.clip.to_dict(),
        "noise": setup.noise,
        "seed": setup.seed,
        "stop": setup.stop.values(),
        "weight_decay": setup.weight_decay,
        "averaging": None if setup.averaging is None else setup.averaging.values(),
        "batch_size": setup.batch_size,
        "maximize": setup.maximize,
    }


def _landscape_data(landscape: Landscape) -> dict[str, Any]:
    if isinstance(landscape, OwnFunction):
        return {"name": OwnFunction.name, "text": landscape.text, "domain": landscape.domain}
    return dict(landscape.to_dict())


def _landscape(data: Mapping[str, Any]) -> Landscape:
    if data["name"] == OwnFunction.name:
        return compile_landscape(data["text"], data["domain"])
    return LANDSCAPES.from_dict(data)


def _trajectory(data: Mapping[str, Any]) -> Trajectory:
    setup = data["setup"]
    clip = setup["clip"]
    x, y = setup["start"]
    arrays = {name: _array(data[name]) for name in ("theta", "loss", "gradient", "used_gradient", "learning_rate")}
    rows = {name: len(values) for name, values in {**arrays, "clipped": data["clipped"]}.items()}
    steps = rows["theta"] - 1
    if any(count != steps + (name in ("theta", "loss", "gradient")) for name, count in rows.items()):
        raise ValueError(f"the file is damaged: its arrays have {rows} rows")
    if data["status"] not in ("converged", "running", "stalled", "diverged"):
        raise ValueError(f"the file is damaged: no status is called {data['status']!r}")
    return Trajectory(
        setup=Descent(
            landscape=_landscape(setup["landscape"]),
            optimizer=OPTIMIZERS.from_dict(setup["optimizer"]),
            schedule=SCHEDULES.from_dict(setup["schedule"]),
            start=(x, y),
            steps=setup["steps"],
            clip=None if clip is None else CLIPPERS.from_dict(clip),
            noise=setup["noise"],
            seed=setup["seed"],
            stop=Stop(**setup["stop"]),
            weight_decay=setup["weight_decay"],
            averaging=None if setup["averaging"] is None else Averaging(**setup["averaging"]),
            batch_size=setup["batch_size"],
            maximize=setup["maximize"] is True,
        ),
        clipped=np.array(data["clipped"], dtype=bool),
        state={name: _array(values) for name, values in data["state"].items()},
        evaluations={what: np.array(counts, dtype=np.int64) for what, counts in data["evaluations"].items()},
        status=data["status"],
        stopped_at=data["stopped_at"],
        reason=str(data["reason"]),
        **arrays,
    )


def _list(values: Any) -> Any:
    """Nested lists; JSON has no infinities and no NaN, so these become strings."""
    if isinstance(values, np.ndarray):
        return _list(values.tolist())
    if isinstance(values, list):
        return [_list(value) for value in values]
    return values if math.isfinite(values) else repr(values)


def _array(values: Any) -> Any:
    return np.array(values, dtype=np.float64)
