"""The arrays that the steps of a run leave behind."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Steps:
    """T steps of a run. Row t of an array with T+1 rows belongs to the point after t steps."""

    theta: Array
    """Positions, shape (T+1, d). Of a diverged run, the last row is the first that is not all finite."""
    gradient: Array
    """Exact gradients, shape (T+1, d)."""
    used_gradient: Array
    """The gradient that the optimizer was given at each step, after noise and clipping, shape (T, d)."""
    clipped: NDArray[np.bool_]
    """Whether each step had its gradient clipped, shape (T,)."""
    learning_rate: Array
    """Learning rate of each step, shape (T,)."""
    state: dict[str, Array]
    """The optimizer's named quantities, each of shape (T+1, ...)."""
    evaluations: dict[str, NDArray[np.int64]]
    """How often each step evaluated a "gradient", a "loss" and a "hessian" for the optimizer, each of shape (T,)."""

    def up_to(self, last: int) -> dict[str, Any]:
        """The arrays of the first ``last`` steps, by field."""
        return {
            "theta": self.theta[: last + 1],
            "gradient": self.gradient[: last + 1],
            "used_gradient": self.used_gradient[:last],
            "clipped": self.clipped[:last],
            "learning_rate": self.learning_rate[:last],
            "state": {name: values[: last + 1] for name, values in self.state.items()},
            "evaluations": {name: counts[:last] for name, counts in self.evaluations.items()},
        }
