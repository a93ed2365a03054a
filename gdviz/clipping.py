"""Gradient clipping, as Keras does it: nothing is clipped unless one of these is chosen."""

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy import maximum, minimum, sqrt

from gdviz.catalogue import Catalogue, Entry, knob


@dataclass(frozen=True)
class Clipper(Entry):
    """A rule that bounds a gradient. Its one knob has the name of the argument of ``keras.optimizers``."""

    together: ClassVar[bool] = False
    """True where the gradients of all weight tensors are bounded as one vector, False where each is by itself."""

    def __call__(self, gradient: Any) -> Any:
        """The clipped gradient.

        Args:
            gradient: Shape (d, ...), coordinates first. Norms are taken over the coordinates.
        """
        raise NotImplementedError

    def keras_code(self) -> str:
        """The argument of a Keras optimizer that does the same."""
        return ", ".join(f"{name}={value!r}" for name, value in self.values().items())


CLIPPERS: Catalogue[Clipper] = Catalogue("clipping", "gdviz.CLIPPERS")


@CLIPPERS.register("clipvalue")
@dataclass(frozen=True)
class ClipValue(Clipper):
    r"""Every coordinate is cut to [-c, c]. This changes the gradient's direction.

    >>> import numpy as np
    >>> ClipValue(1.0)(np.array([3.0, -0.5])).tolist()
    [1.0, -0.5]
    """

    label = "By value"
    formula = r"g_i \leftarrow \min(\max(g_i, -c), c)"
    source = "https://keras.io/api/optimizers/"

    clipvalue: float = knob(
        1.0, above=0.0, usual=(1e-3, 1e3), log=True, help="largest size of a coordinate", symbol="c"
    )

    def __call__(self, gradient: Any) -> Any:
        return minimum(maximum(gradient, -self.clipvalue), self.clipvalue)


def _scaled_to_norm(gradient: Any, norm: float) -> Any:
    length = sqrt((gradient * gradient).sum(axis=0))
    return gradient * (norm / maximum(length, norm))


@CLIPPERS.register("clipnorm")
@dataclass(frozen=True)
class ClipNorm(Clipper):
    r"""A gradient longer than c is scaled to length c; its direction stays (Pascanu et al., 2013).

    Keras clips every weight tensor by itself. A landscape has one, the vector of its coordinates.

    >>> import numpy as np
    >>> ClipNorm(1.0)(np.array([3.0, -4.0])).round(12).tolist()
    [0.6, -0.8]
    """

    label = "By norm"
    formula = r"g \leftarrow g \, \min\!\left(1, \frac{c}{\lVert g \rVert}\right)"
    source = "https://arxiv.org/abs/1211.5063"

    clipnorm: float = knob(1.0, above=0.0, usual=(1e-3, 1e3), log=True, help="largest norm of a gradient", symbol="c")

    def __call__(self, gradient: Any) -> Any:
        return _scaled_to_norm(gradient, self.clipnorm)


@CLIPPERS.register("global_clipnorm")
@dataclass(frozen=True)
class GlobalClipNorm(Clipper):
    r"""The gradients of all weight tensors together are scaled to length c. With one tensor, the same as by norm.

    >>> import numpy as np
    >>> GlobalClipNorm(2.0)(np.array([3.0, -4.0])).round(12).tolist()
    [1.2, -1.6]
    """

    label = "By global norm"
    formula = r"g \leftarrow g \, \min\!\left(1, \frac{c}{\lVert (g_1, g_2, \dots) \rVert}\right)"
    source = "https://arxiv.org/abs/1211.5063"
    together = True

    global_clipnorm: float = knob(
        1.0, above=0.0, usual=(1e-3, 1e3), log=True, help="largest norm of all gradients", symbol="c"
    )

    def __call__(self, gradient: Any) -> Any:
        return _scaled_to_norm(gradient, self.global_clipnorm)
