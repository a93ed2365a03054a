"""The theory of a point, a step and a rule, and remedies after a divergence."""

from gdviz.theory.curvature import curvature, stability_limit
from gdviz.theory.stability import (
    LINEAR_RULES,
    Optimum,
    convergence_rate,
    iteration_matrix,
    largest_stable_rate,
    optimal_parameters,
    preconditioned_limit,
)
from gdviz.theory.steps import Step, explain

__all__ = [
    "LINEAR_RULES",
    "Optimum",
    "Step",
    "convergence_rate",
    "curvature",
    "explain",
    "iteration_matrix",
    "largest_stable_rate",
    "optimal_parameters",
    "preconditioned_limit",
    "stability_limit",
]
