"""Trajectories as JSON that gdviz reads back to the last bit."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gdviz.descent import Descent, Trajectory
from gdviz.descent.ending import Finding
from gdviz.descent.words import reason

FORMAT = "gdviz trajectories"
VERSION = 1
MOST_BYTES = 64 * 2**20
"""Larger files are not read."""


def to_json(trajectories: Sequence[Trajectory]) -> str:
    """The trajectories with their configuration, every number to the last bit, for :func:`from_json`."""
    runs = [
        {
            "setup": run.setup.to_dict(),
            "status": run.status,
            "stopped_at": run.stopped_at,
            "reason": run.reason,
            "findings": [{"code": found.code, "values": _finite(found.values)} for found in run.findings],
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


def _trajectory(data: Mapping[str, Any]) -> Trajectory:
    arrays = {name: _array(data[name]) for name in ("theta", "loss", "gradient", "used_gradient", "learning_rate")}
    rows = {name: len(values) for name, values in {**arrays, "clipped": data["clipped"]}.items()}
    steps = rows["theta"] - 1
    if any(count != steps + (name in ("theta", "loss", "gradient")) for name, count in rows.items()):
        raise ValueError(f"the file is damaged: its arrays have {rows} rows")
    if data["status"] not in ("converged", "running", "stalled", "diverged"):
        raise ValueError(f"the file is damaged: no status is called {data['status']!r}")
    return Trajectory(
        setup=Descent.from_dict(data["setup"]),
        clipped=np.array(data["clipped"], dtype=bool),
        state={name: _array(values) for name, values in data["state"].items()},
        evaluations={what: np.array(counts, dtype=np.int64) for what, counts in data["evaluations"].items()},
        status=data["status"],
        stopped_at=data["stopped_at"],
        findings=_findings(data),
        **arrays,
    )


def _findings(data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings at the end; of a file of version 0.1, which has none, the sentence."""
    infinities = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
    found = [
        Finding(str(one["code"]), {name: infinities.get(value, value) for name, value in one["values"].items()})
        for one in data.get("findings", ())
    ]
    try:
        reason(found)
    except (KeyError, ValueError, IndexError) as error:
        raise ValueError(f"the file is damaged: {error!r} in its findings") from None
    return tuple(found) or (Finding("as_told", {"text": str(data["reason"])}),)


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _list(value) if isinstance(value, float) else value for name, value in values.items()}


def _list(values: Any) -> Any:
    """Nested lists; JSON has no infinities and no NaN, so these become strings."""
    if isinstance(values, np.ndarray):
        return _list(values.tolist())
    if isinstance(values, list):
        return [_list(value) for value in values]
    return values if math.isfinite(values) else repr(values)


def _array(values: Any) -> Any:
    return np.array(values, dtype=np.float64)
