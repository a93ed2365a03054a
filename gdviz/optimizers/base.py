"""What every optimizer shares, and the catalogue that lists them."""

from dataclasses import dataclass
from typing import Any, ClassVar

from gdviz.catalogue import Catalogue, Entry, Value, knob

State = tuple[Any, ...]
"""The values of an optimizer's named quantities, in the order of ``Optimizer.state_names``."""


def learning_rate(default: float) -> Any:
    """The knob that all optimizers have."""
    return knob(default, low=0.0, usual=(1e-5, 10.0), log=True, help="size of a step (η)")


@dataclass(frozen=True)
class Optimizer(Entry):
    """A rule that turns a gradient into a step.

    The rule, :meth:`update`, is a pure function of plain arithmetic. It runs unchanged on numbers (one coordinate of
    one point) and on arrays (many points), and refers only to its arguments, so that it can be compiled.
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    """Names of the quantities that the rule remembers from step to step."""
    elementwise: ClassVar[bool] = True
    """True where every coordinate is updated by itself; False where ``update`` needs the whole vector."""
    keras_class: ClassVar[str | None] = None
    """The class of ``keras.optimizers`` that computes the same steps."""
    keras_fixed: ClassVar[dict[str, Value]] = {}
    """Arguments of that class which make it this rule."""

    learning_rate: float

    def initial_state(self, theta: Any) -> State:
        """The state before the first step: zeros, unless the rule says otherwise."""
        return tuple(theta * 0.0 for _ in self.state_names)

    def update(self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any) -> tuple[Any, State]:
        """Take one step.

        Args:
            theta: The position, a number or an array.
            gradient: The gradient there, of the same shape.
            state: The state after the step before.
            learning_rate: The learning rate at this step.
            step: The number of this step, counting from 1.

        Returns:
            The new position and the new state.
        """
        raise NotImplementedError

    def keras_code(self, learning_rate: str | None = None) -> str | None:
        """The line of Keras that makes this optimizer, or None where Keras has none.

        Args:
            learning_rate: Code to stand for the learning rate, where it is not the entry's own.
        """
        if self.keras_class is None:
            return None
        arguments: dict[str, object] = {**self.values(), **self.keras_fixed}
        listed = [f"{name}={value!r}" for name, value in arguments.items() if name != "learning_rate"]
        rate = repr(self.learning_rate) if learning_rate is None else learning_rate
        return f"keras.optimizers.{self.keras_class}({', '.join([f'learning_rate={rate}', *listed])})"


OPTIMIZERS: Catalogue[Optimizer] = Catalogue("optimizer")
