"""Symbols and words that the pages use, each in a sentence: what stands in help texts and on the Reference page."""

GLOSSARY = {
    "η": "The learning rate: how long a step is for a gradient of length 1.",
    "θ": "The parameters that are optimised; on a landscape, the point (x, y).",
    "λ_max": "The largest eigenvalue of the Hessian: the curvature in the steepest direction. Also called sharpness.",
    "2/λ_max": "The largest learning rate at which gradient descent does not diverge in a bowl with that curvature.",
    "κ": "The condition number λ_max/λ_min: how much narrower a valley is than it is long.",
    "β₁, β₂": "Memories of Adam's two averages: the shares of the old average that are kept at each step.",
    "ε": "A small number that keeps a division finite.",
    "χ₁": "Mean-field theory's factor by which the squared gradient changes at each layer; 1 is the edge of chaos.",
    "saturation": "Where an activation's slope is below 1 % of its steepest: hardly any gradient gets through.",
    "dead unit": "A unit that is saturated for every sample of the batch: it gets no gradient, and cannot learn.",
    "converged": "At a minimum: the loss is that of a known one, or the gradient vanishes and all directions curve up.",
    "not there yet": "Still moving when its steps were used up.",
    "stalled": "At rest where no minimum is: on a saddle, on a plateau, or because its steps became too small.",
    "diverged": "Has left the finite numbers; the record says at which step.",
    "basin": "The starts from which a run ends in the same minimum.",
    "window": "The learning rates at which a run arrives within its steps.",
    "epoch": "One pass over all training rows, batch by batch.",
    "validation": "Rows that are not trained on: they choose between settings, and tell memory from learning.",
}
"""Terms with their meaning."""


def matching(text: str) -> dict[str, str]:
    """The terms whose name or meaning contains a text, whatever its case.

    >>> list(matching("hessian"))
    ['λ_max']
    """
    sought = text.casefold()
    return {term: meaning for term, meaning in GLOSSARY.items() if sought in f"{term} {meaning}".casefold()}
