"""Trajectories as JSON that gdviz reads back to the last bit."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gdviz.clipping import CLIPPERS
from gdviz.descent import Averaging, Descent, Stop, Trajectory
from gdviz.landscapes import LANDSCAPES, Landscape
from gdviz.landscapes.own import OwnFunction, compile_landscape
from gdviz.optimizers import OPTIMIZERS
from gdviz.schedules import SCHEDULES

FORMAT = "gdviz trajectories"
VERSION = 1
MOST_BYTES = 64 * 2**20
"""Larger files are not read."""


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
