"""The sentences on the end of a run, from its findings: the one place where they are worded."""

from collections.abc import Sequence

from gdviz.descent.ending import Finding

LEFT = "At step {step} the {what} left the finite numbers: "
CURE = "A smaller learning rate usually helps, or clipping the gradient by its norm."
SENTENCES = {
    "stopped_by_loss": "Stopped after step {step}: the loss is at most {limit}.",
    "stopped_by_loss_climbing": "Stopped after step {step}: the loss is at least {limit}.",
    "stopped_by_loss_change": "Stopped after step {step}: the loss changed by at most {limit}.",
    "stopped_by_gradient_norm": "Stopped after step {step}: the gradient's norm is at most {limit}.",
    "bad_start": "At the start the {what} is not a finite number: choose another start.",
    "no_maximum": LEFT + "the loss rises without bound, there is no maximum.",
    "no_minimum": LEFT + "the loss falls without bound, there is no minimum.",
    "step_too_long": LEFT + "one step was too long. " + CURE,
    "gradient_grew": LEFT + "each of the last steps multiplied the gradient by about {growth:.3g}. " + CURE,
    "at_minimum": (
        "At a minimum, ({x:.4g}, {y:.4g}): the loss is within {tolerance:g} of its lowest value, {lowest:.4g}."
    ),
    "local_minimum": "At a local minimum, ({x:.4g}, {y:.4g}): the gradient vanishes and the curvature is positive.",
    "local_maximum": "At a local maximum, ({x:.4g}, {y:.4g}): the gradient vanishes and the curvature is negative.",
    "near_maximum": "Near a maximum, ({x:.4g}, {y:.4g}): the gradient vanishes, but every direction leads down.",
    "near_minimum": "Near a minimum, ({x:.4g}, {y:.4g}): the gradient vanishes, but every direction leads up.",
    "saddle": "Near a saddle point, ({x:.4g}, {y:.4g}): the gradient vanishes, but one direction leads further down.",
    "saddle_climbing": (
        "Near a saddle point, ({x:.4g}, {y:.4g}): the gradient vanishes, but one direction leads further up."
    ),
    "at_rest": (
        "At ({x:.4g}, {y:.4g}) the gradient is {gradient:.2g} long and the last steps moved by {moved:.2g} in all."
    ),
    "moving": "Still moving after {steps} steps; the loss is {last:.4g}.",
    "rising": "Still moving, and the loss has grown from {first:.4g} to {last:.4g}: the steps are too long.",
    "falling": "Still moving, and the loss has fallen from {first:.4g} to {last:.4g}: the steps are too long.",
    "slowed_down": "The schedule has lowered the learning rate to {learning_rate:.2g}.",
    "as_told": "{text}",
}
"""The sentence of each code; ``as_told`` is a sentence of a file that has no findings."""


def reason(findings: Sequence[Finding]) -> str:
    """The findings in a sentence or two.

    >>> reason([Finding("moving", {"steps": 20, "first": 3.0, "last": 2.5})])
    'Still moving after 20 steps; the loss is 2.5.'
    """
    return " ".join(SENTENCES[finding.code].format(**finding.values) for finding in findings)
