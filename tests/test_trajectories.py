"""Runs are those of version 0.1.0, which took every step with NumPy, to the last bit.

tests/data/trajectories.json holds digests of what it computed. Powers and exponentials have the last digits of the
library and the processor that they were computed with; on another, only the sentences and the ends are compared.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gdviz

STORED = json.loads((Path(__file__).parent / "data" / "trajectories.json").read_text(encoding="utf-8"))
NEARLY = {"newton"}
"""Solves its equations in closed form now, and so differs in the last digits."""
STATE_NEARLY = {"newton", "sophia", "prodigy"}
"""Sophia's Hessian is that of a record; Prodigy's zeros may have another sign."""


def digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def of_array(values: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, dtype=np.float64).tobytes()).hexdigest()[:16]


def same_last_digits() -> bool:
    """Whether functions have the last digits here that they had where the digests were made."""
    x = np.linspace(0.1, 3.0, 50)
    probe = [[float(f(v)).hex() for v in x] for f in (np.exp, np.sin, np.cos, np.tanh, np.log)]
    probe += [[float(v**p).hex() for v in x] for p in (0.1, -0.9, 3, 20)] + [[float(v).hex() for v in np.exp(x)]]
    return digest(json.dumps(probe), 16) == STORED["probe"]


SAME_DIGITS = same_last_digits()


@pytest.mark.parametrize("case", STORED["cases"], ids=lambda case: "-".join(map(str, case["given"].values())))
def test_a_run_is_what_it_was(case: dict[str, Any]) -> None:
    given = dict(case["given"])
    if "averaging" in given:
        given["averaging"] = gdviz.Averaging(*given["averaging"])
    if "stop" in given:
        given["stop"] = gdviz.Stop(**given["stop"])
    run, rule = gdviz.descend(**given), given["optimizer"]
    found = [len(run.theta), run.status, run.stopped_at, run.reason, run.steps_to_converge, int(run.clipped.sum())]
    assert found == [case[name] for name in ("rows", "status", "stopped_at", "reason", "converged_after", "clipped")]
    assert [run.gradient_evaluations, run.loss_evaluations, run.hessian_evaluations] == case["evaluations"]
    if np.all(np.isfinite(case["last"])):
        np.testing.assert_allclose(run.theta[-1], case["last"], rtol=1e-9)
    if SAME_DIGITS and rule not in NEARLY:
        arrays = (run.theta, run.loss, run.gradient, run.used_gradient, run.learning_rate)
        assert digest("".join(map(of_array, arrays)), 12) == case["arrays"]
    if SAME_DIGITS and rule not in STATE_NEARLY:
        state = {name: of_array(values) for name, values in run.state.items()}
        assert digest(json.dumps(state, sort_keys=True), 12) == case["state"]
