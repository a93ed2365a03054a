"""Setups: configurations whose fields are declared once, and everything that is derived from the declarations.

    @dataclass(frozen=True)
    class Race(Setup):
        landscape: Landscape = one_of(LANDSCAPES, "himmelblau")
        optimizers: tuple[Optimizer, ...] = several(OPTIMIZERS, most=8, default=("adam",))
        clip: Clipper | None = optional(CLIPPERS)
        stop: Stop = part(Stop)
        steps: int = knob(300, 1, 5000, help="number of steps")

Constructing a setup checks it. It can be written as plain data (for files), as the fields of a link, and as Python
code; two can be compared; and a path names one change, such as ``optimizers.2.learning_rate``. A form
draws what :meth:`Setup.declared` lists. A further hyperparameter is one more line.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, replace
from typing import Any, ClassVar, Self

from gdviz.catalogue.entries import Catalogue, Entry, public_name
from gdviz.catalogue.fields import Fields, Knob, Value
from gdviz.catalogue.parts import Part


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
            prefix: The prefix of the fields' names.
            together: The field that holds all knobs in one text; None where each has a field to itself.
        """
        written: dict[str, list[str]] = {}
        for field in self.declared():
            if not (together and isinstance(field, Knob)):
                written |= field.to_link(getattr(self, field.name), prefix)
        return written | ({together: [self.settings()]} if together else {})

    def part_fields(self, key: str, prefix: str, spread: bool) -> dict[str, list[str]]:
        return self.write_link(prefix, None if spread else key)

    @classmethod
    def from_part_fields(cls, fields: Fields, notes: list[str], key: str, prefix: str, spread: bool) -> Self:
        return cls.read_link(fields, notes, prefix, None if spread else key)

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
        return f"{maker or self.maker or public_name(type(self))}({arguments})"


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
