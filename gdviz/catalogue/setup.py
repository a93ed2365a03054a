"""Setups: configurations whose fields are declared once, and everything that is derived from the declarations.

    @dataclass(frozen=True)
    class Race(Setup):
        landscape: Landscape = one_of(LANDSCAPES, "himmelblau")
        optimizers: tuple[Optimizer, ...] = several(OPTIMIZERS, most=8, default=("adam",))
        clip: Clipper | None = optional(CLIPPERS)
        stop: Stop = part(Stop)
        steps: int = knob(300, 1, 5000, help="number of steps")

A setup is checked when it is made. It can be written as plain data (for files), as the fields of a link, and as Python
code; two can be compared; and a copy with one change is made by a path such as ``optimizers.2.learning_rate``. A form
draws what :meth:`Setup.declared` lists. A further hyperparameter is one more line.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, replace
from typing import Any, ClassVar, Self

from gdviz.catalogue.entries import Catalogue, Entry
from gdviz.catalogue.fields import Declared, Fields, Knob, Value, declared


@dataclass(frozen=True, kw_only=True)
class Part(Declared):
    """A field that holds an entry or a setup, or several, as declared by the functions below."""

    source: Catalogue[Any] | type[Entry]
    """The catalogue that the entry is from, or the class that it is of."""
    optional: bool = False
    filled: bool = False
    """True where the setup replaces a None, which stands for a value that follows from its other fields."""
    derived: tuple[str, ...] = ()
    """Knobs of the entry that follow from other fields: a form does not draw them."""
    most: int | None = None
    """For several: at most this many, and ``least`` at least."""
    least: int = 0
    prefix: str = ""
    """For a setup: what stands before the names of its own parts in a link."""
    spread: bool = False
    """For a setup: each of its knobs has a field of the link to itself, instead of all sharing one."""

    def check(self, value: Any, owner: str = "") -> Any:
        if value is None and (self.optional or self.filled):
            return None
        if self.most is None:
            return self._checked(value)
        if not isinstance(value, list | tuple):
            raise ValueError(f"{self.name} must be a list of {self._kind}s; got {value!r}")
        if not self.least <= len(value) <= self.most:
            allowed = f"{self.least} to {self.most}" if self.least else f"at most {self.most}"
            raise ValueError(f"{self.name} must be {allowed}; got {len(value)}")
        return tuple(map(self._checked, value))

    def _checked(self, value: Any) -> Any:
        if isinstance(self.source, Catalogue):
            return self.source.make(value)
        if not isinstance(value, self.source):
            raise ValueError(f"{self.name} must be a {self._kind}; got {value!r}")
        return value

    @property
    def _kind(self) -> str:
        return self.source.kind if isinstance(self.source, Catalogue) else self.source.label.lower()

    def to_plain(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return list(map(self.to_plain, value))
        if value is None:
            return None
        return value.to_dict() if isinstance(self.source, Catalogue) or isinstance(value, Setup) else value.values()

    def from_plain(self, data: Any) -> Any:
        if data is None and (self.optional or self.filled):
            return None
        if self.most is not None:
            if not isinstance(data, list | tuple):
                raise ValueError(f"{self.name} must be a list of {self._kind}s; got {data!r}")
            return tuple(map(self._from_plain, data))
        return self._from_plain(data)

    def _from_plain(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValueError(f"{self.name} must be an object with named fields; got {data!r}")
        if isinstance(self.source, Catalogue) or issubclass(self.source, Setup):
            return self.source.from_dict(data)
        return self.source.from_values(data)

    def to_link(self, value: Any, prefix: str = "") -> dict[str, list[str]]:
        key = self.key(prefix)
        if self.most is not None:
            texts = [text for one in value for text in self._to_link(one, key, prefix)[key]]
            return {key: texts or ["none"]}
        return {} if value is None else self._to_link(value, key, prefix)

    def _to_link(self, value: Any, key: str, prefix: str) -> dict[str, list[str]]:
        if isinstance(value, Setup):
            return value.write_link(prefix + self.prefix, None if self.spread else key)
        if isinstance(self.source, Catalogue):
            return dict(value.link_fields(key))
        settings = value.settings()
        return {key: [settings]} if settings or self.optional else {}

    def from_link(self, fields: Fields, notes: list[str], prefix: str = "") -> Any:
        key = self.key(prefix)
        if isinstance(self.source, type) and issubclass(self.source, Setup):
            return self.source.read_link(fields, notes, prefix + self.prefix, None if self.spread else key)
        texts = list(fields.get(key) or ())
        if not texts:
            return MISSING
        if self.most is not None:
            return self._read_several(texts, fields, notes)
        if isinstance(self.source, Catalogue):
            return self.source.from_text(texts[0], fields, notes)
        return self.source(**self.source.read_settings(texts, notes))

    def _read_several(self, texts: list[str], fields: Fields, notes: list[str]) -> Any:
        if texts == ["none"] and not self.least:
            return ()
        assert self.most is not None
        if len(texts) > self.most:
            notes.append(f"{self.key()}: at most {self.most} can be shown; the others are left out.")
        read = []
        for text in texts[: self.most]:
            try:
                read.append(
                    self.source.from_text(text, fields, notes)
                    if isinstance(self.source, Catalogue)
                    else self.source(**self.source.read_settings([text], notes))
                )
            except ValueError as error:
                notes.append(f"{self.key()}: {error}. This one is left out.")
        return tuple(read) if len(read) >= max(self.least, 1) else MISSING

    def code(self, value: Any) -> str:
        if isinstance(value, tuple):
            return f"({''.join(f'{self.code(one)}, ' for one in value).rstrip(' ')})"
        if value is None:
            return "None"
        catalogue = self.source.code if isinstance(self.source, Catalogue) else ""
        return str(value.code(f'{catalogue}["{value.name}"]' if catalogue else ""))

    def single_changes(self, value: Any) -> dict[str, Knob]:
        if isinstance(value, tuple):
            ones = enumerate(value, start=1)
            return {f"{number}.{path}": knob for number, one in ones for path, knob in self.single_changes(one).items()}
        choice: dict[str, Knob] = {}
        if isinstance(self.source, Catalogue):
            choices = tuple(self.source)
            first = value.name if value is not None and value.name in choices else choices[0]
            choice["name"] = Knob(name="name", default=first, choices=choices, help=self.source.kind)
        if value is None:
            return choice
        if isinstance(value, Setup):
            return value.single_changes()
        free = [knob for knob in value.knobs() if knob.name not in self.derived]
        return choice | {knob.name: knob.single_changes(getattr(value, knob.name))[""] for knob in free}

    def with_change(self, value: Any, path: str, new: Value) -> Any:
        name, _, rest = path.partition(".")
        if isinstance(value, tuple):
            place = int(name) - 1
            return (*value[:place], self.with_change(value[place], rest, new), *value[place + 1 :])
        if isinstance(value, Setup):
            return value.with_change(path, new)
        if name != "name" or not isinstance(self.source, Catalogue):
            changed: dict[str, Any] = {name: new}
            return replace(value, **changed)
        kept = {} if value is None else value.values()
        shared = {knob.name for knob in self.source[str(new)].knobs()} & kept.keys()
        return self.source.make(str(new), **{name: kept[name] for name in shared})


def one_of(
    catalogue: Catalogue[Any],
    default: str | Entry | None,
    *,
    derived: tuple[str, ...] = (),
    help: str = "",
    label: str = "",
    link: str = "",
) -> Any:
    """Declare an entry of a catalogue. The constructor accepts its name too.

    Args:
        catalogue: The catalogue.
        default: The default; None where the setup replaces it by one that follows from its other fields.
        derived: Knobs of the entry that follow from other fields of the setup: they are no choice of their own.
        help: One line that explains it.
        label: The text beside its widget.
        link: Its name in a link; empty: its name.
    """
    made = Part(source=catalogue, filled=default is None, derived=derived, help=help, label=label, link=link)
    return declared(made, default=default)


def several(
    source: Catalogue[Any] | type[Entry],
    *,
    most: int,
    least: int = 0,
    default: tuple[str | Entry, ...] = (),
    help: str = "",
    label: str = "",
    link: str = "",
) -> Any:
    """Declare a tuple of ``least`` to ``most`` entries of a catalogue, or of a class."""
    return declared(Part(source=source, most=most, least=least, help=help, label=label, link=link), default=default)


def optional(source: Catalogue[Any] | type[Entry], *, help: str = "", label: str = "", link: str = "") -> Any:
    """Declare an entry of a catalogue, or of a class, that may be left out. The default is None, in every version."""
    return declared(Part(source=source, optional=True, help=help, label=label, link=link), default=None)


def part(source: type[Entry], *, prefix: str = "", spread: bool = False, help: str = "", label: str = "") -> Any:
    """Declare a part of a class: an entry with knobs only, or a setup of its own. The default is one without arguments.

    Args:
        source: Its class.
        prefix: For a setup: what stands before the names of its own parts in a link.
        spread: For a setup: each of its knobs has a field of the link to itself, instead of all sharing one.
        help: One line that explains it.
        label: The text beside its widgets.
    """
    made = Part(source=source, prefix=prefix, spread=spread, help=help, label=label)
    return dataclasses.field(default_factory=source, metadata={"declared": made})


@dataclass(frozen=True)
class Setup(Entry):
    """A configuration; see the module. Whatever its fields do not allow is a ValueError that names the field.

    A subclass that restricts how its fields go together checks that in ``__post_init__``, after ``super()``'s.
    """

    label = ""
    noun: ClassVar[str] = "a setup"
    """Its kind, in messages."""

    @classmethod
    def parts(cls) -> dict[str, Catalogue[Any]]:
        """The fields that hold an entry of a catalogue, each with its catalogue."""
        return {
            field.name: field.source
            for field in cls.declared()
            if isinstance(field, Part) and isinstance(field.source, Catalogue)
        }

    def changed(self, **values: Any) -> Self:
        """A copy with other values for some fields."""
        return replace(self, **values)

    # Plain data

    def to_dict(self) -> dict[str, Any]:
        """The setup as plain data, for :meth:`from_dict`."""
        return {field.name: field.to_plain(getattr(self, field.name)) for field in self.declared()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The setup that :meth:`to_dict` wrote. Fields that are missing take their defaults.

        Raises:
            ValueError: A field is unknown or not allowed.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"{cls.noun} must be an object with named fields; got {data!r}")
        known = {field.name: field for field in cls.declared()}
        for name in data:
            if name not in known:
                raise ValueError(f"no field {name!r} in {cls.noun}; it has {', '.join(known)}")
        return cls(**{name: known[name].from_plain(value) for name, value in data.items()})

    def to_json(self) -> str:
        """The setup as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The setup that :meth:`to_json` wrote."""
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{cls.noun} must be JSON: {error}") from None
        return cls.from_dict(data)

    # Links

    def to_link(self) -> dict[str, list[str]]:
        """The fields of a link that reproduces the setup exactly.

        Every value is written, defaults too, so that a link keeps its meaning when a default changes. Only a None whose
        default is None is left out: such a default never changes.
        """
        return self.write_link("", None)

    @classmethod
    def from_link(cls, fields: Fields) -> tuple[Self, list[str]]:
        """The setup that a link describes, and a note on every field that could not be read and took its default."""
        notes: list[str] = []
        return cls.read_link(fields, notes, "", None), notes

    def write_link(self, prefix: str, together: str | None) -> dict[str, list[str]]:
        """The fields of a link.

        Args:
            prefix: What stands before the names of the fields.
            together: The field that holds all knobs in one text; None where each has a field to itself.
        """
        written: dict[str, list[str]] = {}
        for field in self.declared():
            if not (together and isinstance(field, Knob)):
                written |= field.to_link(getattr(self, field.name), prefix)
        return written | ({together: [self.settings()]} if together else {})

    @classmethod
    def read_link(cls, fields: Fields, notes: list[str], prefix: str, together: str | None) -> Self:
        """The setup that :meth:`write_link` wrote."""
        values: dict[str, Any] = {}
        if together and fields.get(together):
            values |= cls.read_settings(fields[together], notes)
        keys = dict.fromkeys(values, together)
        for field in cls.declared():
            if together and isinstance(field, Knob):
                continue
            keys[field.name] = field.key(prefix)
            try:
                value = field.from_link(fields, notes, prefix)
            except ValueError as error:
                notes.append(f"{field.key(prefix)}: {error}. The default is used.")
                continue
            if value is not MISSING:
                values[field.name] = value
        return cls._with_what_goes_together(values, keys, notes)

    @classmethod
    def _with_what_goes_together(cls, values: dict[str, Any], keys: Mapping[str, str | None], notes: list[str]) -> Self:
        """The setup with these values. Where they contradict one another, each that contradicts those before it is
        left out, and noted.
        """
        try:
            return cls(**values)
        except ValueError:
            taken: dict[str, Any] = {}
            for name, value in values.items():
                try:
                    cls(**taken, **{name: value})
                except ValueError as error:
                    notes.append(f"{keys[name]}: {error}. The default is used.")
                else:
                    taken[name] = value
            return cls(**taken)

    # Differences and changes

    def flat(self) -> dict[str, Any]:
        """All values by path, lists counted from 1: ``{"layers.1.units": 64}``."""
        return _flat(self.to_dict())

    def differences(self, other: "Setup") -> dict[str, tuple[Any, Any]]:
        """The values that differ between two setups, by path: ``{"optimizer.learning_rate": (0.1, 0.01)}``."""
        mine, theirs = self.flat(), other.flat()
        paths = [*mine, *(path for path in theirs if path not in mine)]
        return {path: (mine.get(path), theirs.get(path)) for path in paths if mine.get(path) != theirs.get(path)}

    def single_changes(self) -> dict[str, Knob]:
        """The knobs that can be changed alone, by path, each with its present value as default."""
        return {
            ".".join(filter(None, [field.name, path])): knob
            for field in self.declared()
            for path, knob in field.single_changes(getattr(self, field.name)).items()
        }

    def with_change(self, path: str, value: Value) -> Self:
        """A copy with another value in one field. Another entry of a catalogue keeps the values of the knobs that
        both have.

        Args:
            path: The field, one of :meth:`single_changes`: ``layers.2.units``.
            value: Its value.

        Raises:
            ValueError: There is no such field, or the value is not allowed there.
        """
        if path not in self.single_changes():
            raise ValueError(f"field must be one that can be changed alone; got {path!r}")
        name, _, rest = path.partition(".")
        (field,) = [field for field in self.declared() if field.name == name]
        return self.changed(**{name: field.with_change(getattr(self, name), rest, value)})

    # Code

    def arguments(self, leave_out: Sequence[str] = ()) -> dict[str, str]:
        """The Python expressions of all values that differ from their defaults, by name."""
        default = type(self)()
        return {
            field.name: field.code(getattr(self, field.name))
            for field in self.declared()
            if field.name not in leave_out and getattr(self, field.name) != getattr(default, field.name)
        }

    def code(self, maker: str = "") -> str:
        """The Python expression that makes the setup."""
        arguments = ", ".join(f"{name}={text}" for name, text in self.arguments().items())
        return f"{maker or self.maker or type(self).__name__}({arguments})"


def _flat(values: Any, path: str = "") -> dict[str, Any]:
    if isinstance(values, list):
        values = {str(number): value for number, value in enumerate(values, start=1)}
    if not isinstance(values, dict):
        return {path: values}
    return {
        inner: leaf
        for key, value in values.items()
        for inner, leaf in _flat(value, f"{path}.{key}" if path else key).items()
    }
