"""The interface of optimizers, and the catalogue that lists them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from gdviz.catalogue import Catalogue, Entry, Value, knob

State = tuple[Any, ...]
"""The values of an optimizer's named quantities, in the order of ``Optimizer.state_names``."""


def learning_rate(default: float) -> Any:
    """The knob that all optimizers have."""
    return knob(default, low=0.0, usual=(1e-5, 10.0), log=True, help="size of a step", symbol="η")


def beta_1(default: float = 0.9) -> Any:
    """The knob of rules that average the gradient."""
    return knob(default, 0.0, below=1.0, help="memory of the gradient", symbol="β₁")


def beta_2(default: float = 0.999) -> Any:
    """The knob of rules that average the squared gradient."""
    return knob(default, 0.0, below=1.0, help="memory of the squared gradient", symbol="β₂")


def epsilon(default: float = 1e-7) -> Any:
    """The knob of rules that divide."""
    return knob(default, 0.0, usual=(1e-10, 1.0), log=True, help="keeps the division finite", symbol="ε")


def weight_decay(default: float) -> Any:
    """The knob of rules that shrink the weights by themselves."""
    return knob(
        default, 0.0, usual=(0.0, 1.0), help="share of θ that is taken off, times the learning rate", symbol="λ"
    )


def decayed(theta: Any, weight_decay: Any, learning_rate: Any) -> Any:
    """The weights after weight decay, which is apart from the gradient, as in Keras: θ - λη θ."""
    return theta - theta * weight_decay * learning_rate


class Oracle:
    """Answers a rule's questions about the loss at points of its own choice, and counts them.

    Answers come from the same mini-batch, with the same noise and clipping, as the gradient of the step at hand.
    """

    def __init__(
        self, loss: Callable[[Any], float], gradient: Callable[[Any], Any], hessian: Callable[[Any], Any]
    ) -> None:
        self._loss, self._gradient, self._hessian = loss, gradient, hessian
        self.asked = [0, 0, 0]
        """How often a loss, a gradient and a Hessian were asked for."""

    def loss(self, theta: Any, when: Any = True) -> Any:
        """The loss at ``theta``, of shape (d,). The answer counts, and is of use, only ``when`` it is needed."""
        self.asked[0] += bool(when)
        return self._loss(theta)

    def gradient(self, theta: Any, when: Any = True) -> Any:
        """The gradient at ``theta``, of shape (d,)."""
        self.asked[1] += bool(when)
        return self._gradient(theta)

    def hessian(self, theta: Any, when: Any = True) -> Any:
        """The matrix of second derivatives at ``theta``, of shape (d, d)."""
        self.asked[2] += bool(when)
        return self._hessian(theta)


@dataclass(frozen=True)
class Optimizer(Entry):
    """A rule that turns a gradient into a step.

    The rule, :meth:`update`, is a pure function of plain arithmetic. It runs unchanged on numbers (one coordinate of
    one point) and on arrays (many points), and is recorded as a list of operations, which other machines run: where()
    stands for if, minimum() for min. A rule that needs more than one gradient a step says so with ``asks`` and writes
    :meth:`search` instead.
    """

    elementwise: ClassVar[bool] = True
    """True where every coordinate is updated by itself; False where the rule needs the whole vector."""
    asks: ClassVar[bool] = False
    """True where the rule asks for losses, gradients or Hessians of its own, in :meth:`search`."""
    ascends: ClassVar[bool] = False
    """True where the rule looks for a maximum."""
    not_recorded: ClassVar[str] = ""
    """Why the rule cannot be recorded as a fixed list of operations; empty where it can (see :mod:`gdviz.tracing`)."""
    symbols: ClassVar[Mapping[str, str]] = {}
    """LaTeX symbols of the formula for quantities in the state; one that is named by a letter has that letter."""
    keras_class: ClassVar[str | None] = None
    """The class of ``keras.optimizers`` that computes the same steps."""
    keras_fixed: ClassVar[dict[str, Value]] = {}
    """Arguments of that class which make it this rule."""

    learning_rate: float

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the quantities that the rule remembers from step to step."""
        return ()

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

    def search(
        self, theta: Any, gradient: Any, state: State, learning_rate: Any, step: Any, oracle: Oracle
    ) -> tuple[Any, State]:
        """Take one step, as :meth:`update` does, of one point of shape (d,), with the answers of ``oracle``."""
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


OPTIMIZERS: Catalogue[Optimizer] = Catalogue("optimizer", "gdviz.OPTIMIZERS")
