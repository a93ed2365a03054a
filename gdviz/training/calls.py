"""A call of Keras as a value: made into the object where Keras is loaded, written out as code where it is not."""

from dataclasses import dataclass
from operator import attrgetter
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Call:
    """``keras.<path>(**arguments)``. Arguments are plain values or calls.

    >>> Call("layers.Dense", {"units": 3, "kernel_initializer": Call("initializers.Zeros", {})}).code()
    'keras.layers.Dense(units=3, kernel_initializer=keras.initializers.Zeros())'
    """

    path: str
    arguments: dict[str, Any]

    def code(self) -> str:
        """The line of Python that makes the object."""
        listed = (
            f"{name}={value.code() if isinstance(value, Call) else repr(value)}"
            for name, value in self.arguments.items()
        )
        return f"keras.{self.path}({', '.join(listed)})"

    def make(self, keras: ModuleType) -> Any:
        """The object."""
        made = {name: v.make(keras) if isinstance(v, Call) else v for name, v in self.arguments.items()}
        return attrgetter(self.path)(keras)(**made)
