"""Where long computations can be ended from outside."""

from collections.abc import Callable
from contextvars import ContextVar

between_steps: ContextVar[Callable[[], object]] = ContextVar("between_steps", default=lambda: None)
"""Called between two steps of what may take long: what it raises ends the computation."""
