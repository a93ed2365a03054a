"""The results of runs, as text for a page."""

from collections.abc import Sequence

import numpy as np

from gdviz.charts import colour_scale
from gdviz.charts.trails import LOWEST_LOG, drawn_steps
from gdviz.descent import Trajectory
from gdviz.descent.ending import STATUS_WORDS
from gdviz.descent.trajectory import labels, left_plot
from gdviz.export.reference import link
from gdviz.theory.advice import finite_learning_rate

_SIGNS = {"converged": "✓", "running": "…", "stalled": "‖", "diverged": "✕"}


def outcome_table(runs: Sequence[Trajectory]) -> str:
    """A Markdown table with one row for each run."""
    head = ["Run", "Learning rate", "Status", "Final loss", "Distance to minimum", "Steps to converge", "Evaluations"]
    rows = [
        [
            name,
            _digits(run.setup.optimizer.learning_rate),
            f"{_SIGNS[run.status]} {STATUS_WORDS[run.status]}",
            _digits(run.loss[-1]),
            _digits(run.distance[-1]) if run.setup.landscape.minima else "no minimum",
            "–" if run.steps_to_converge is None else str(run.steps_to_converge),
            _cost(run),
        ]
        for name, run in zip(labels(runs), runs, strict=True)
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def reasons(runs: Sequence[Trajectory]) -> str:
    """Why each run ended as it did and, where it diverged, a learning rate at which it does not: a Markdown list, whose
    names lead to the optimizers' pages in the Reference.
    """
    named = zip(labels(runs), runs, strict=True)
    return "\n".join(f"- {link(run.setup.optimizer.name, name)}: {_reason(run)}" for name, run in named)


def _cost(run: Trajectory) -> str:
    """The evaluations that the optimizer needed: gradients, and losses and Hessians where it asks for them."""
    totals = {what: int(counts.sum()) for what, counts in run.evaluations.items()}
    many = {"gradient": "gradients", "loss": "losses", "hessian": "Hessians"}
    return ", ".join(f"{total} {many[what]}" for what, total in totals.items() if total) or "none"


def _reason(run: Trajectory) -> str:
    sentences = [run.reason]
    if run.status == "diverged" and run.stopped_at:
        rate = finite_learning_rate(run.setup)
        if rate is not None:
            sentences.append(f"Tried: with learning rate {_digits(rate)} the same run stays finite.")
    if run.setup.clip is not None:
        sentences.append(f"{int(run.clipped.sum())} of {run.steps} steps had their gradient clipped.")
    left = left_plot(run)
    if left is not None:
        sentences.append(f"It leaves the plot at step {left}; its trail is cut at the edge.")
    return " ".join(sentences)


def drawing_notes(runs: Sequence[Trajectory], dark: bool) -> str:
    """How the chart was drawn, where the eye could be misled."""
    scale = colour_scale(runs[0])
    landscape = runs[0].setup.landscape
    sentences = [
        "○ start, ★ known minimum." if landscape.minima else "○ start.",
        f"{'Lighter' if dark else 'Darker'} is higher; colours and contours are on a {scale} scale of the loss.",
        *(["All climb: every optimizer is given the loss times -1."] if runs[0].setup.maximize else []),
    ]
    lowest = landscape.lowest
    if lowest is not None and any(np.min(run.loss - lowest) < LOWEST_LOG for run in runs):
        sentences.append(f"On a logarithmic axis, losses less than {LOWEST_LOG:g} above the lowest stand at its foot.")
    if any(run.clipped.any() for run in runs):
        sentences.append("A trail is broad where the gradient was clipped.")
    steps = max(run.steps for run in runs)
    drawn = len(drawn_steps(steps))
    if drawn < steps + 1:
        sentences.append(f"Of {steps} steps, {drawn} points a run are drawn; the downloads have all.")
    return " ".join(sentences)


def _digits(number: float) -> str:
    return f"{number:.4g}"
