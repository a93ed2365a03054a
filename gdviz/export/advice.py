"""When to use an optimizer and when not: from the study on landscapes, and from what the optimizer needs."""

from gdviz.comparing.evidence import evidence
from gdviz.optimizers import OPTIMIZERS

_MUCH = 2
"""Numbers that a rule may keep for each weight before that is called much: Adam keeps so many."""


def use_when(rule: str) -> list[str]:
    """When to use an optimizer, in words that follow "when"."""
    found, entry = list(evidence().use_when(rule)), OPTIMIZERS[rule]
    if entry.ascends:
        return ["something is to become as large as possible, such as a likelihood or a reward"]
    if not OPTIMIZERS.make(rule).state_names and not entry.asks:
        found.append("memory is short: it remembers nothing but the weights")
    return found


def not_when(rule: str) -> list[str]:
    """When not to use an optimizer, in words that follow "when"."""
    found, entry = list(evidence().not_when(rule)), OPTIMIZERS[rule]
    if entry.ascends:
        return [
            "a loss is to fall: every step raises it, and where nothing stops it, it goes to infinity",
            "the model is trained by Keras, which only minimises: minimise the negative of what is to become large",
        ]
    if entry.asks:
        found.append("a step may cost one gradient only: it asks for losses, gradients or curvature of its own choice")
    if len(kept := OPTIMIZERS.make(rule).state_names) > _MUCH:
        found.append(f"memory is short: it keeps {len(kept)} more numbers for each weight ({', '.join(kept)})")
    if entry.keras_class is None:
        found.append("the model has to be trained with an optimizer of Keras: there is none of this kind")
    return found
