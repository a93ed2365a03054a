"""Catalogues of entries. An entry is a frozen dataclass whose fields are its hyperparameters.

Everything else is derived from an entry: widgets from its fields, formulas and help from its class, tests, code
export and share links from the catalogue that lists it. Adding an entry is writing one class.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, ClassVar, Self, TypeVar

Value = bool | int | float | str | None


def knob(
    default: Value,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    help: str,
    above: float | None = None,
    below: float | None = None,
    usual: tuple[float, float] | None = None,
    log: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a hyperparameter as a dataclass field: its default, what is allowed, and one line of help.

    Args:
        default: The default; its type (bool, int, float or str) is the hyperparameter's type. None stands for a number
            that may be left out.
        low, high: The smallest and the largest value allowed.
        above, below: Bounds that are themselves not allowed, where an interval is open.
        usual: The range that a slider covers; values outside it, but within the bounds, can still be given.
        log: True where values spread over decades.
        choices: The values allowed, for a str.
    """
    spec = {"low": low, "high": high, "above": above, "below": below}
    return field(default=default, metadata={"help": help, "usual": usual, "log": log, "choices": choices, **spec})


@dataclass(frozen=True)
class Knob:
    """One hyperparameter of an entry, as declared by :func:`knob`."""

    name: str
    default: Value
    help: str
    low: float
    high: float
    above: float | None
    below: float | None
    usual: tuple[float, float] | None
    log: bool
    choices: tuple[str, ...]

    @property
    def type(self) -> type:
        """bool, int, float or str."""
        return float if self.default is None else type(self.default)

    @property
    def allowed(self) -> str:
        """What is allowed, in words: ``a number with 0 ≤ beta_1 < 1``."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.type is bool:
            return "True or False"
        kind = "a whole number" if self.type is int else "a number"
        left = f"{self.above:g} < " if self.above is not None else f"{self.low:g} ≤ " if self.low > -math.inf else ""
        right = f" < {self.below:g}" if self.below is not None else f" ≤ {self.high:g}" if self.high < math.inf else ""
        return f"{kind} with {left}{self.name}{right}" if left or right else kind

    def check(self, value: object, owner: str) -> Value:
        """Return ``value`` as the hyperparameter's own type.

        Raises:
            ValueError: It is of another kind or out of bounds; names the field, the value and what is allowed.
        """
        if value is None and self.default is None:
            return None
        if self.choices:
            valid = isinstance(value, str) and value in self.choices
        elif self.type is bool:
            valid = isinstance(value, bool)
        else:
            number = Integral if self.type is int else Real
            valid = isinstance(value, number) and not isinstance(value, bool) and self._within(float(value))
        if not valid:
            raise ValueError(f"{owner}: {self.name} must be {self.allowed}; got {value!r}")
        return self.type(value)  # type: ignore[no-any-return]

    def _within(self, number: float) -> bool:
        """NaN fails every comparison, and so is never within."""
        return (
            self.low <= number <= self.high
            and math.isfinite(number)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )


@dataclass(frozen=True)
class Entry:
    """What all catalogue entries share: a name, a label, a formula, a source, and checked hyperparameters."""

    name: ClassVar[str]
    """The catalogue's name, in snake_case; set by :meth:`Catalogue.register`."""
    label: ClassVar[str]
    """What people read."""
    formula: ClassVar[str]
    """The defining formula, in LaTeX."""
    source: ClassVar[str] = ""
    """A link to the paper or page that defines it."""
    checked_against: ClassVar[str] = ""
    """The independent source that the tests compare it with."""

    def __post_init__(self) -> None:
        for knob in self.knobs():
            object.__setattr__(self, knob.name, knob.check(getattr(self, knob.name), self.label))

    @classmethod
    def knobs(cls) -> tuple[Knob, ...]:
        """The hyperparameters, in the order of declaration."""
        return tuple(
            Knob(name=f.name, default=f.default, **f.metadata)
            for f in fields(cls)
            if f.default is not MISSING and f.metadata
        )

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0]

    def values(self) -> dict[str, Value]:
        """Hyperparameters by name."""
        return {knob.name: getattr(self, knob.name) for knob in self.knobs()}

    def changes(self) -> dict[str, Value]:
        """The hyperparameters that differ from their defaults."""
        return {
            knob.name: self.values()[knob.name] for knob in self.knobs() if self.values()[knob.name] != knob.default
        }

    def having(self, **values: Any) -> Self:
        """The entry with arrays or recorded values for some hyperparameters, for calculations: nothing is checked."""
        made = object.__new__(type(self))
        for name, value in {**vars(self), **values}.items():
            object.__setattr__(made, name, value)
        return made

    def to_dict(self) -> dict[str, Value]:
        """The entry as plain data, for :meth:`Catalogue.from_dict`."""
        return {"name": self.name, **self.values()}


E = TypeVar("E", bound=Entry)
C = TypeVar("C", bound=type[Entry])


class Catalogue(Mapping[str, type[E]]):
    """A mapping from names to entry classes, in the order of registration."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, type[E]] = {}
        self._unlisted: list[type[E]] = []

    def accept(self, entry: C) -> C:
        """Class decorator for entries that are made by other means than their name: accepted, but not listed."""
        self._unlisted.append(entry)  # type: ignore[arg-type]
        return entry

    def register(self, name: str) -> Callable[[C], C]:
        """Class decorator that lists an entry under ``name``."""
        if name in self._entries:
            raise ValueError(f"{self.kind} {name!r} is registered twice")

        def list_under_name(entry: C) -> C:
            entry.name = name
            self._entries[name] = entry  # type: ignore[assignment]
            return entry

        return list_under_name

    def make(self, entry: "str | E", **values: object) -> E:
        """Return ``entry`` itself, or make the entry of that name with ``values`` for its hyperparameters.

        Raises:
            ValueError: No entry has that name, it has no such hyperparameter, or a value is not allowed.
        """
        if not isinstance(entry, str):
            if type(entry) not in (*self._entries.values(), *self._unlisted):
                raise ValueError(f"{self.kind} must be a name or an entry of the catalogue; got {entry!r}")
            return entry
        if entry not in self._entries:
            raise ValueError(f"{self.kind} must be one of {', '.join(self)}; got {entry!r}")
        known = [knob.name for knob in self[entry].knobs()]
        for name in values:
            if name not in known:
                raise ValueError(
                    f"{self[entry].label}: no hyperparameter {name!r}; it has {', '.join(known) or 'none'}"
                )
        return self._entries[entry](**values)

    def from_dict(self, data: Mapping[str, object]) -> E:
        """The entry that :meth:`Entry.to_dict` described.

        Raises:
            ValueError: As :meth:`make`; or there is no name.
        """
        name = data.get("name")
        if not isinstance(name, str):
            raise ValueError(f"{self.kind} must have a name; got {dict(data)!r}")
        return self.make(name, **{key: value for key, value in data.items() if key != "name"})

    def __getitem__(self, name: str) -> type[E]:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
