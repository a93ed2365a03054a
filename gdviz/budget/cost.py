"""Costs, the budget that they are held against, and the speed of this machine."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

NUMBER = 8
"""Bytes of a float64."""


@dataclass(frozen=True)
class Cost:
    """A computation's time and memory."""

    seconds: float
    """Time of one processor."""
    bytes: float
    """Memory at its highest."""

    def times(self, count: int) -> "Cost":
        """The same thing so many times, one after the other.

        >>> Cost(2.0, 100.0).times(3)
        Cost(seconds=6.0, bytes=100.0)
        """
        return Cost(count * self.seconds, self.bytes)

    def then(self, other: "Cost") -> "Cost":
        """This, and after it something else.

        >>> Cost(2.0, 100.0).then(Cost(1.0, 300.0))
        Cost(seconds=3.0, bytes=300.0)
        """
        return Cost(self.seconds + other.seconds, max(self.bytes, other.bytes))


@dataclass(frozen=True)
class Budget:
    """How much a page may spend on what it shows."""

    seconds: float = 60.0
    bytes: float = 512 * 2.0**20

    @classmethod
    def from_environment(cls) -> "Budget":
        """The budget that ``GDVIZ_PAGE_SECONDS`` and ``GDVIZ_PAGE_MEMORY``, in MB, name.

        Raises:
            ValueError: They are no numbers above 0.
        """
        return cls(setting("GDVIZ_PAGE_SECONDS", cls.seconds), setting("GDVIZ_PAGE_MEMORY", 512) * 2.0**20)

    def refusal(self, cost: Cost, smaller: str) -> str | None:
        """Why something is not computed; None where it may be.

        >>> Budget(60, 2**29).refusal(Cost(1.0, 3 * 2**30), "depth or width")
        'This would take about 3.0 GB of memory, and a page may take 512 MB: choose a smaller depth or width.'
        >>> Budget(60, 2**29).refusal(Cost(200.0, 2**20), "steps")
        'This would take about 200 s of computing, and a page may take 60 s: choose a smaller steps.'
        >>> Budget().refusal(Cost(1.0, 1.0), "steps")
        """
        if cost.bytes > self.bytes:
            taken, allowed, what = size(cost.bytes), size(self.bytes), "memory"
        elif cost.seconds > self.seconds:
            taken, allowed, what = f"{cost.seconds:,.0f} s", f"{self.seconds:,.0f} s", "computing"
        else:
            return None
        return f"This would take about {taken} of {what}, and a page may take {allowed}: choose a smaller {smaller}."


class Purse:
    """The memory that all pages of this process may take together.

    Args:
        bytes: So much.
    """

    def __init__(self, bytes: float) -> None:
        self.bytes, self.taken = bytes, 0.0
        self._lock = threading.Lock()

    @contextmanager
    def spending(self, bytes: float) -> Iterator[None]:
        """Take memory for as long as this lasts.

        Raises:
            BusyError: Others have taken so much that this would be too much.
        """
        with self._lock:
            if self.taken and self.taken + bytes > self.bytes:
                raise BusyError(
                    f"Other visitors' computations take {size(self.taken)} of the {size(self.bytes)} that all pages "
                    f"share, and this one needs about {size(bytes)}. Try again in a moment."
                )
            self.taken += bytes
        try:
            yield
        finally:
            with self._lock:
                self.taken -= bytes


class BusyError(RuntimeError):
    """Something cannot be computed at the moment, because of what others compute."""


class Forecast:
    """How long something will take in all, going by how fast its share that is done grows.

    >>> forecast = Forecast(clock=iter([10.0, 12.0]).__next__)
    >>> forecast.seconds(0.1), forecast.seconds(0.2)
    (None, 20.0)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None

    def seconds(self, done: float) -> float | None:
        """Seconds in all; None at the first look, which may have waited for a compiler."""
        now = self._clock()
        if self._first is None:
            self._first = now, done
            return None
        began, share = self._first
        return round((now - began) / (done - share), 6) if done > share else None


def size(bytes: float) -> str:
    """A number of bytes in words.

    >>> size(2**20), size(1.5 * 2**30)
    ('1 MB', '1.5 GB')
    """
    return f"{bytes / 2**20:,.0f} MB" if bytes < 2**30 else f"{bytes / 2**30:,.1f} GB"


def setting(name: str, default: float) -> float:
    """A number above 0 from the environment.

    Raises:
        ValueError: It is none.

    >>> setting("NO_SUCH_SETTING", 3)
    3.0
    """
    given = os.environ.get(name, str(default))
    try:
        number = float(given)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ValueError(f"{name} must be a number above 0; got {given!r}")
    return number


class Machine(NamedTuple):
    """How fast this machine is, in seconds of one processor."""

    multiplication: float
    """A multiplication and an addition within a product of matrices."""
    element: float
    """tanh of a number within an array: the measure of everything that passes over arrays."""

    @property
    def call(self) -> float:
        """A short function of Python with its calls of NumPy, which speeds up with the rest."""
        return 1000 * self.element


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """Measured in some 10 ms: the fastest of a few tries each."""
    matrix, numbers = np.random.default_rng(0).standard_normal((256, 256)), np.linspace(-3, 3, 100_000)

    def fastest(action: Callable[[], object]) -> float:
        times = []
        for _ in range(6):
            began = time.thread_time()
            action()
            times.append(time.thread_time() - began)
        return max(min(times), 1e-9)

    return Machine(fastest(lambda: matrix @ matrix) / 256**3, fastest(lambda: np.tanh(numbers)) / len(numbers))
