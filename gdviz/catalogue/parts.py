"""Fields of a setup that hold entries of catalogues, other parts, or several of them."""

import dataclasses
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import Any

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
    """For a setup: the prefix of its own parts in a link."""
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
        return None if value is None else value.to_dict()

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
        return self.source.from_dict(data)

    def to_link(self, value: Any, prefix: str = "") -> dict[str, list[str]]:
        key = self.key(prefix)
        if self.most is not None:
            return {key: [text for one in value for text in self._to_link(one, key, prefix)[key]] or ["none"]}
        return {} if value is None else self._to_link(value, key, prefix)

    def _to_link(self, value: Any, key: str, prefix: str) -> dict[str, list[str]]:
        fields: dict[str, list[str]]
        if isinstance(self.source, Catalogue):
            fields = value.link_fields(key)
        else:
            fields = value.part_fields(key, prefix + self.prefix, self.spread)
        # An optional part without settings is there all the same; of any other, nothing need be said.
        return fields if self.optional or self.most or fields != {key: [""]} else {}

    def from_link(self, fields: Fields, notes: list[str], prefix: str = "") -> Any:
        key = self.key(prefix)
        texts = list(fields.get(key) or ())
        if self.most is not None:
            return self._read_several(texts, fields, notes) if texts else MISSING
        if not isinstance(self.source, Catalogue):
            value = self.source.from_part_fields(fields, notes, key, prefix + self.prefix, self.spread)
            return MISSING if value is None else value
        return self.source.from_text(texts[0], fields, notes) if texts else MISSING

    def _read_several(self, texts: list[str], fields: Fields, notes: list[str]) -> Any:
        if texts == ["none"] and not self.least:
            return ()
        assert self.most is not None
        if len(texts) > self.most:
            notes.append(f"{self.key()}: at most {self.most} can be shown; the others are left out.")
        read = []
        for text in texts[: self.most]:
            try:
                read.append(self._read_one(text, fields, notes))
            except ValueError as error:
                notes.append(f"{self.key()}: {error}. This one is left out.")
        return tuple(read) if len(read) >= max(self.least, 1) else MISSING

    def _read_one(self, text: str, fields: Fields, notes: list[str]) -> Any:
        if isinstance(self.source, Catalogue):
            return self.source.from_text(text, fields, notes)
        return self.source.from_part_fields({"": [text]}, notes, "", "", False)

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
        return choice | {path: knob for path, knob in value.single_changes().items() if path not in self.derived}

    def with_change(self, value: Any, path: str, new: Value) -> Any:
        name, _, rest = path.partition(".")
        if isinstance(value, tuple):
            place = int(name) - 1
            return (*value[:place], self.with_change(value[place], rest, new), *value[place + 1 :])
        if name != "name" or not isinstance(self.source, Catalogue):
            return value.with_change(path, new)
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
    declaration = Part(source=catalogue, filled=default is None, derived=derived, help=help, label=label, link=link)
    return declared(declaration, default=default)


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
    """Declare a tuple of entries.

    Args:
        source: The catalogue of the entries, or their class.
        most, least: The largest and the smallest number of entries.
        default: The entries, or their names, where nothing is given.
        help: One line that explains it.
        label: The text beside its widgets.
        link: The name of its field in a link; empty for the attribute's own.
    """
    return declared(Part(source=source, most=most, least=least, help=help, label=label, link=link), default=default)


def optional(source: Catalogue[Any] | type[Entry], *, help: str = "", label: str = "", link: str = "") -> Any:
    """Declare an entry of a catalogue, or of a class, that may be left out. The default is None, in every version."""
    return declared(Part(source=source, optional=True, help=help, label=label, link=link), default=None)


def part(source: type[Entry], *, prefix: str = "", spread: bool = False, help: str = "", label: str = "") -> Any:
    """Declare a part of a class: an entry with knobs only, or a setup of its own. The default is one without arguments.

    Args:
        source: Its class.
        prefix: For a setup: the prefix of its own parts in a link.
        spread: For a setup: each of its knobs has a field of the link to itself, instead of all sharing one.
        help: One line that explains it.
        label: The text beside its widgets.
    """
    declaration = Part(source=source, prefix=prefix, spread=spread, help=help, label=label)
    return dataclasses.field(default_factory=source, metadata={"declared": declaration})
