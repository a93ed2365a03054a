"""Catalogues of entries. An entry is a frozen dataclass whose fields are its hyperparameters.

Everything else is derived from an entry: widgets from its fields, formulas and help from its class, tests, code
export and share links from the catalogue that lists it. Adding an entry is writing one class.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, ClassVar, Self, TypeVar

from gdviz.catalogue.fields import Declared, Fields, Knob, Value


@dataclass(frozen=True)
class Entry:
    """The base of catalogue entries: a name, a label, a formula, a source, and checked hyperparameters."""

    name: ClassVar[str] = ""
    """Its name in its catalogue, in snake_case; set by :meth:`Catalogue.register`. Empty for what no catalogue has."""
    label: ClassVar[str] = ""
    """The name that people read."""
    formula: ClassVar[str] = ""
    """The defining formula, in LaTeX."""
    source: ClassVar[str] = ""
    """A link to the paper or page that defines it."""
    checked_against: ClassVar[str] = ""
    """The independent source that the tests compare it with."""
    maker: ClassVar[str] = ""
    """The Python expression of its class; empty: its name in the package that it is from."""

    def __post_init__(self) -> None:
        for field in self.declared():
            object.__setattr__(self, field.name, field.check(getattr(self, field.name), self.label))

    @classmethod
    def declared(cls) -> tuple[Declared, ...]:
        """The declared fields, in the order of the constructor's arguments."""
        this: Any = cls  # mypy looks for __hash__ among the entry's methods
        return _declared(this)

    @classmethod
    def knobs(cls) -> tuple[Knob, ...]:
        """The hyperparameters, in the order of the constructor's arguments."""
        this: Any = cls
        return _knobs(this)

    @classmethod
    def kind(cls) -> str:
        """The kind of the entry: the title of the file that it stands in."""
        return cls.__module__.rsplit(".", 1)[-1].replace("_", " ").capitalize()

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
        """The entry as plain data, for :meth:`Catalogue.from_dict`, or :meth:`from_dict` where no catalogue has it."""
        return {**({"name": self.name} if self.name else {}), **self.values()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The entry that :meth:`to_dict` described, of a class that no catalogue has."""
        return cls.from_values(data)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The entry with ``values`` for its hyperparameters.

        Raises:
            ValueError: It has no such hyperparameter, or a value is not allowed.
        """
        for name in values:
            _check_known(cls, name)
        return cls(**values)

    def code(self, maker: str = "") -> str:
        """The Python expression that makes the entry by calling ``maker``, or else its class."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.changes().items())
        return f"{maker or self.maker or public_name(type(self))}({arguments})"

    def settings(self) -> str:
        """The hyperparameters as the text of a link, ``beta_1=0.9,beta_2=0.999``; one that is None may be left out."""
        written = [f"{knob.name}={text}" for knob in self.knobs() for text in knob.texts(getattr(self, knob.name))]
        return ",".join(written)

    @classmethod
    def read_settings(cls, texts: Sequence[str], notes: list[str]) -> dict[str, Any]:
        """The hyperparameters in ``texts`` that :meth:`settings` wrote; a note on each that cannot be read."""
        knobs = {knob.name: knob for knob in cls.knobs()}
        values: dict[str, Any] = {}
        for setting in ",".join(texts).split(","):
            name, _, text = setting.partition("=")
            try:
                if setting:
                    _check_known(cls, name)
                    values[name] = knobs[name].parse(text, cls.label)
            except ValueError as error:
                notes.append(f"{error}. The default is used.")
        return values

    def link_text(self) -> str:
        """The entry as the text of a link: ``adam,learning_rate=0.1,beta_1=0.9``."""
        return ",".join(filter(None, [self.name, self.settings()]))

    def link_fields(self, key: str) -> dict[str, list[str]]:
        """The fields of a link that hold the entry: for most, the field ``key`` with its text."""
        return {key: [self.link_text()]}

    def part_fields(self, key: str, prefix: str, spread: bool) -> dict[str, list[str]]:
        """The fields of a link that hold the entry as a part of a setup; see :func:`gdviz.catalogue.part`."""
        return {key: [self.settings()]}

    @classmethod
    def from_part_fields(cls, fields: Fields, notes: list[str], key: str, prefix: str, spread: bool) -> Self | None:
        """The part that :meth:`part_fields` wrote; None where the link does not have it."""
        texts = fields.get(key)
        return cls(**cls.read_settings(texts, notes)) if texts else None

    def single_changes(self) -> dict[str, Knob]:
        """The knobs that can be changed alone, by path, each with its present value as default."""
        return {knob.name: knob.holding(getattr(self, knob.name)) for knob in self.knobs()}

    def with_change(self, path: str, value: Value) -> Self:
        """A copy with another value for one hyperparameter."""
        changed: dict[str, Any] = {path: value}
        return replace(self, **changed)

    @classmethod
    def from_text(cls, text: str, fields: Fields, notes: list[str]) -> Self:
        """The entry that :meth:`link_fields` wrote.

        Args:
            text: The text behind its name.
            fields: The whole link, for an entry that needs several fields of it.
            notes: Receives a note on each hyperparameter that cannot be read.
        """
        return cls(**cls.read_settings([text], notes))


@cache
def _declared(entry: Any) -> tuple[Declared, ...]:
    in_order = sorted(fields(entry), key=lambda f: bool(f.kw_only))
    return tuple(replace(f.metadata["declared"], name=f.name) for f in in_order if "declared" in f.metadata)


@cache
def _knobs(entry: Any) -> tuple[Knob, ...]:
    return tuple(field for field in _declared(entry) if isinstance(field, Knob))


def public_name(entry: type[Entry]) -> str:
    """The Python expression of a class that its package offers."""
    top, *rest = entry.__module__.split(".")
    return ".".join([top, *rest[:1], entry.__name__]) if top == "gdviz" else entry.__name__


def _check_known(entry: type[Entry], name: str) -> None:
    known = [knob.name for knob in entry.knobs()]
    if name not in known:
        kind = "hyperparameter" if entry.name else "field"
        raise ValueError(f"{entry.label}: no {kind} {name[:40]!r}; it has {', '.join(known) or 'none'}")


E = TypeVar("E", bound=Entry)
C = TypeVar("C", bound=type[Entry])


class Catalogue(Mapping[str, type[E]]):
    """A mapping from names to entry classes, in the order of registration."""

    def __init__(self, kind: str, code: str = "") -> None:
        """Make an empty catalogue.

        Args:
            kind: The kind of its entries, for messages: "optimizer".
            code: The Python expression that stands for it: "gdviz.OPTIMIZERS".
        """
        self.kind, self.code = kind, code
        self._entries: dict[str, type[E]] = {}
        self._unlisted: dict[str, type[E]] = {}

    def accept(self, entry: C) -> C:
        """Class decorator for entries with constructors of their own: accepted, but not listed."""
        self._unlisted[entry.name] = entry  # type: ignore[assignment]
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
            if type(entry) not in (*self._entries.values(), *self._unlisted.values()):
                raise ValueError(f"{self.kind} must be a name or an entry of the catalogue; got {entry!r}")
            return entry
        if entry not in self._entries:
            raise ValueError(f"{self.kind} must be one of {', '.join(self)}; got {entry!r}")
        return self._entries[entry].from_values(values)

    def from_dict(self, data: Mapping[str, object]) -> E:
        """The entry that :meth:`Entry.to_dict` described.

        Raises:
            ValueError: As :meth:`make`; or there is no name.
        """
        name = data.get("name")
        if not isinstance(name, str):
            raise ValueError(f"{self.kind} must have a name; got {dict(data)!r}")
        values = {key: value for key, value in data.items() if key != "name"}
        if name in self._unlisted and name not in self._entries:
            return self._unlisted[name].from_values(values)
        return self.make(name, **values)

    def from_text(self, text: str, fields: Fields, notes: list[str]) -> E:
        """The entry that :meth:`Entry.link_fields` wrote, whose text begins with its name.

        Raises:
            ValueError: The catalogue has no entry of that name. A hyperparameter that cannot be read becomes a note.
        """
        name, _, settings = text.partition(",")
        entry = self._entries.get(name) or self._unlisted.get(name)
        if entry is None:
            raise ValueError(f"no {self.kind} is called {name[:40]!r}")
        return entry.from_text(settings, fields, notes)

    def __getitem__(self, name: str) -> type[E]:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
