"""Residual connections, and the catalogue ``RESIDUALS``."""

from dataclasses import dataclass
from typing import ClassVar

from gdviz.catalogue import Catalogue, Entry, knob


@dataclass(frozen=True)
class Residual(Entry):
    """The way in which a layer's activations a join its input h: h ← carry · h + scale · a.

    The first layer, whose input may have another width, has no residual connection.
    """

    carry: ClassVar[float] = 1.0
    """The share of a layer's input that is passed on beside it: 0 or 1."""

    @property
    def branch(self) -> float:
        """The factor of the layer's activations."""
        return 1.0

    def keras_code(self) -> tuple[str, ...]:
        """Lines that make ``h`` from ``h`` and ``a``."""
        return ("h = keras.layers.Add()([h, a])",)


RESIDUALS: Catalogue[Residual] = Catalogue("residual", "gdviz.gradflow.RESIDUALS")


@RESIDUALS.register("none")
@dataclass(frozen=True)
class NoResidual(Residual):
    r"""Every layer replaces the signal.

    >>> NoResidual().carry, NoResidual().branch
    (0.0, 1.0)
    """

    label = "None"
    formula = r"h_l = a_l"
    source = "https://keras.io/api/layers/core_layers/dense/"
    carry = 0.0

    def keras_code(self) -> tuple[str, ...]:
        return ("h = a",)


@RESIDUALS.register("plain")
@dataclass(frozen=True)
class Plain(Residual):
    r"""Residual learning (He et al., 2016): a layer adds to the signal, so the gradient has a way around it.

    >>> Plain().carry, Plain().branch
    (1.0, 1.0)
    """

    label = "Plain"
    formula = r"h_l = h_{l-1} + a_l"
    source = "https://arxiv.org/abs/1512.03385"


@RESIDUALS.register("scaled")
@dataclass(frozen=True)
class Scaled(Residual):
    r"""A residual connection whose branch is made small, so that the signal does not grow with depth.

    Szegedy et al. (2017) scale by 0.1 to 0.3; with 1/√depth the signal's variance grows by a bounded factor in all.

    >>> Scaled(0.25).carry, Scaled(0.25).branch
    (1.0, 0.25)
    """

    label = "Scaled"
    formula = r"h_l = h_{l-1} + \alpha \, a_l"
    source = "https://arxiv.org/abs/1602.07261"

    scale: float = knob(0.1, 0.0, usual=(0.01, 1.0), log=True, help="factor of the branch", symbol="α")

    @property
    def branch(self) -> float:
        return self.scale

    def keras_code(self) -> tuple[str, ...]:
        return (f"a = keras.layers.Rescaling({self.scale!r})(a)", *super().keras_code())
