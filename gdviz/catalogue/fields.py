"""The declared fields of entries and setups: the values each may hold, and how it stands in links, files and code."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, replace
from numbers import Integral, Real
from typing import Any
from urllib.parse import unquote

Value = bool | int | float | str | None
Fields = Mapping[str, Sequence[str]]
"""The fields of a link: each name with all its values."""

LONGEST_TEXT = 20_000
_LONGEST_QUOTED = 40
"""Characters of a link's text that an error repeats."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A field of an entry or a setup. Kinds differ in the values they allow, and in how these are written."""

    name: str = ""
    help: str = ""
    label: str = ""
    """The text beside its widget; empty: the name and the help."""
    link: str = ""
    """Its name in a link; empty: the name."""

    def check(self, value: object, owner: str = "") -> Any:
        """Return ``value`` as the field's own type.

        Raises:
            ValueError: It is not allowed; names the owner, the field, the value and what is allowed.
        """
        raise NotImplementedError

    def to_plain(self, value: Any) -> Any:
        """The value as JSON has it."""
        return list(value) if isinstance(value, tuple) else value

    def from_plain(self, data: Any) -> Any:
        """The value that :meth:`to_plain` wrote, for :meth:`check` to check."""
        return tuple(data) if isinstance(data, list) else data

    def texts(self, value: Any) -> list[str]:
        """The value as texts for a link; none where its absence says the same."""
        raise NotImplementedError

    def read(self, texts: Sequence[str], notes: list[str]) -> Any:
        """The value that :meth:`texts` wrote. A part that cannot be read is left out, with a note.

        Raises:
            ValueError: The texts cannot be read.
        """
        raise NotImplementedError

    def to_link(self, value: Any, prefix: str = "") -> dict[str, list[str]]:
        """The fields of a link that hold the value."""
        texts = self.texts(value)
        return {self.key(prefix): texts} if texts else {}

    def from_link(self, fields: Fields, notes: list[str], prefix: str = "") -> Any:
        """The value that :meth:`to_link` wrote; MISSING where the link does not have it.

        Raises:
            ValueError: The field of the link cannot be read.
        """
        texts = fields.get(self.key(prefix))
        return self.read(list(texts), notes) if texts else MISSING

    def key(self, prefix: str = "") -> str:
        """Its name in a link."""
        return prefix + (self.link or self.name)

    def code(self, value: Any) -> str:
        """The Python expression that makes the value."""
        return repr(value)

    def single_changes(self, value: Any) -> "dict[str, Knob]":
        """The knobs within the field that can be changed alone, by path, with their present values as defaults."""
        return {}

    def with_change(self, value: Any, path: str, new: Value) -> Any:
        """The value with ``new`` at a path of :meth:`single_changes`."""
        return new


@dataclass(frozen=True, kw_only=True)
class Knob(Declared):
    """One hyperparameter, as declared by :func:`knob`."""

    default: Value
    low: float = -math.inf
    high: float = math.inf
    above: float | None = None
    below: float | None = None
    usual: tuple[float, float] | None = None
    log: bool = False
    choices: tuple[str, ...] = ()
    symbol: str = ""
    """The symbol that stands for it in formulas; the help ends with it."""
    whole: bool = False
    none: str = ""
    words: tuple[str, str] | None = None
    step: float | None = None

    @property
    def type(self) -> type:
        """bool, int, float or str."""
        if self.choices:
            return str
        if self.default is None:
            return int if self.whole else float
        return type(self.default)

    @property
    def allowed(self) -> str:
        """The values allowed, in words: ``a number with 0 ≤ beta_1 < 1``."""
        return self._kind + (", or None" if self.none else "")

    @property
    def _kind(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.type is bool:
            return "True or False"
        if self.type is str:
            return f"a text of at most {LONGEST_TEXT:,} characters"
        kind = "a whole number" if self.type is int else "a number"
        left = (
            f"{self.above:g} < " if self.above is not None else f"{_short(self.low)} ≤ " if self.low > -math.inf else ""
        )
        right = (
            f" < {self.below:g}"
            if self.below is not None
            else f" ≤ {_short(self.high)}"
            if self.high < math.inf
            else ""
        )
        return f"{kind} with {left}{self.name}{right}" if left or right else kind

    def check(self, value: object, owner: str = "") -> Value:
        if value is None and (self.default is None or self.none):
            return None
        if self.choices:
            valid = isinstance(value, str) and value in self.choices
        elif self.type is bool:
            valid = isinstance(value, bool)
        elif self.type is str:
            valid = isinstance(value, str) and len(value) <= LONGEST_TEXT
        else:
            number = Integral if self.type is int else Real
            valid = isinstance(value, number) and not isinstance(value, bool) and self._within(value)
        if not valid:
            allowed = self.allowed
            if self.type is int and isinstance(value, Integral) and abs(int(value)) > _LARGEST_WHOLE < self.high:
                allowed = f"{self._kind}, of size {_LARGEST_WHOLE} at most{', or None' if self.none else ''}"
            raise ValueError(f"{owner}{': ' if owner else ''}{self.name} must be {allowed}; got {_quoted(value)}")
        # -0.0 passes every comparison, and turns intervals such as [-0.0, 0.0] around.
        return float(value) + 0.0 if self.type is float else self.type(value)  # type: ignore[arg-type]

    def _within(self, number: Any) -> bool:
        """NaN fails every comparison, and so is never within."""
        return (
            self.low <= number <= self.high
            and abs(number) <= (_LARGEST_WHOLE if self.type is int else _LARGEST)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )

    def text(self, value: Value) -> str:
        """The value as the text of a link."""
        if value is None and self.none:
            return self.none
        if self.words and isinstance(value, bool):
            return self.words[value]
        # A text stands without quotes, and without the comma that ends a setting.
        return value.replace("%", "%25").replace(",", "%2C") if isinstance(value, str) else repr(value)

    def parse(self, text: str, owner: str = "") -> Value:
        """The value that :meth:`text` wrote.

        Raises:
            ValueError: The text cannot be read, or the value is not allowed.
        """
        if text == (self.none or "None") and (self.none or self.default is None):
            return None
        if self.words:
            if text not in self.words:
                raise ValueError(f"{text[:_LONGEST_QUOTED]!r} is neither {' nor '.join(self.words)}")
            return self.words.index(text) == 1
        return self.check(_PARSERS[self.type](text), owner)

    def texts(self, value: Value) -> list[str]:
        # A default of None stays None in every version to come: it need not be written.
        return [] if value is None and self.default is None else [self.text(value)]

    def read(self, texts: Sequence[str], notes: list[str]) -> Value:
        return self.parse(texts[0])

    def single_changes(self, value: Any) -> "dict[str, Knob]":
        return {"": self.holding(value)}

    def holding(self, value: Value) -> "Knob":
        """The knob with a value as its default; None leaves it as it is."""
        return self if value is None else replace(self, default=value)


@dataclass(frozen=True, kw_only=True)
class Numbers(Declared):
    """A fixed number of finite numbers, or None; as declared by :func:`numbers`."""

    axes: tuple[str, ...]

    def check(self, value: Any, owner: str = "") -> tuple[float, ...] | None:
        if value is None:
            return None
        try:
            given = tuple(value)
        except TypeError:
            given = ()
        finite = all(isinstance(v, Real) and not isinstance(v, bool) and math.isfinite(v) for v in given)
        if len(given) != len(self.axes) or not finite:
            raise ValueError(f"{self.name} must be {self._allowed}; got {value!r}")
        return tuple(map(float, given))

    @property
    def _allowed(self) -> str:
        return f"{_COUNTS[len(self.axes)]} finite numbers, {' and '.join(self.axes)}"

    def texts(self, value: tuple[float, ...] | None) -> list[str]:
        return [] if value is None else [",".join(map(repr, value))]

    def read(self, texts: Sequence[str], notes: list[str]) -> tuple[float, ...] | None:
        parts = texts[0].split(",")
        if len(parts) != len(self.axes):
            count = f"{_COUNTS[len(self.axes)]} numbers, {' and '.join(self.axes)}"
            raise ValueError(f"{texts[0][:_LONGEST_QUOTED]!r} is not {count}")
        return self.check([number(part) for part in parts])


@dataclass(frozen=True, kw_only=True)
class Names(Declared):
    """Some names out of several, or None; as declared by :func:`names`."""

    choices: tuple[str, ...]

    def check(self, value: Any, owner: str = "") -> tuple[str, ...] | None:
        if value is None:
            return None
        if not isinstance(value, list | tuple):
            raise ValueError(f"{self.name} must be a list of names; got {value!r}")
        for name in value:
            if name not in self.choices:
                raise ValueError(f"{self.name} must be of {', '.join(self.choices)}; got {name!r}")
        return tuple(value)

    def texts(self, value: tuple[str, ...] | None) -> list[str]:
        return [] if value is None else list(value) or ["none"]

    def read(self, texts: Sequence[str], notes: list[str]) -> tuple[str, ...] | None:
        return self.check([] if list(texts) == ["none"] else list(texts))


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
    symbol: str = "",
    whole: bool = False,
    none: str = "",
    words: tuple[str, str] | None = None,
    step: float | None = None,
    label: str = "",
    link: str = "",
) -> Any:
    """Declare a hyperparameter as a dataclass field: its default, the values allowed, and one line of help.

    Args:
        default: The default; its type (bool, int, float or str) is the hyperparameter's type. None stands for a number
            that may be left out, or for one of the ``choices``.
        low, high: The smallest and the largest value allowed.
        help: One line that explains it.
        above, below: Bounds that are themselves not allowed, where an interval is open.
        usual: The range that a slider covers; values outside it, but within the bounds, can still be given.
        log: True where values spread over decades.
        choices: The values allowed, for a str; without them, any text is.
        symbol: The symbol that stands for it in formulas.
        whole: True where a number whose default is None is a whole one.
        none: The word for None in a link, where None is allowed beside a default that is a number.
        words: The words for False and True in a link and in a form.
        step: The step of the number field that then takes the place of a slider.
        label: The text beside its widget; empty: the name and the help.
        link: Its name in a link; empty: its name.
    """
    help = f"{help} ({symbol})" if symbol else help
    declaration = Knob(
        default=default, low=low, high=high, help=help, above=above, below=below, usual=usual, log=log, choices=choices,
        symbol=symbol, whole=whole, none=none, words=words, step=step, label=label, link=link,
    )  # fmt: skip
    return declared(declaration, default=default)


def numbers(axes: tuple[str, ...], *, help: str, label: str = "") -> Any:
    """Declare a tuple of finite numbers, one for each axis; the default is None."""
    return declared(Numbers(axes=axes, help=help, label=label), default=None)


def names(
    choices: tuple[str, ...], default: tuple[str, ...] | None = None, *, help: str, label: str = "", link: str = ""
) -> Any:
    """Declare a tuple of names out of ``choices``."""
    return declared(Names(choices=choices, help=help, label=label, link=link), default=default)


def declared(declaration: Declared, **default: Any) -> Any:
    """The dataclass field that carries a declaration."""
    return field(**default, metadata={"declared": declaration})


def number(text: str) -> float:
    """A number from text, or a ValueError that repeats the text."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text[:_LONGEST_QUOTED]!r} is not a number") from None


def whole_number(text: str) -> int:
    """A whole number, not negative, from text, or a ValueError that repeats the text."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text[:_LONGEST_QUOTED]!r} is not a whole number")
    if len(text) > 18:
        raise ValueError(f"{text[:_LONGEST_QUOTED]!r} is larger than {_LARGEST_WHOLE}")
    return int(text)


def _quoted(value: object) -> str:
    """A value as an error repeats it; Python refuses to write whole numbers of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"a number of {value.bit_length()} bits"
    return repr(value)


def _boolean(text: str) -> bool:
    if text not in ("True", "False"):
        raise ValueError(f"{text[:_LONGEST_QUOTED]!r} is neither True nor False")
    return text == "True"


def _short(bound: float) -> str:
    """A bound in full where it is a whole number: 1000000, not 1e+06."""
    return str(int(bound)) if float(bound).is_integer() and abs(bound) < 1e15 else f"{bound:g}"


_PARSERS: Mapping[type, Any] = {bool: _boolean, int: whole_number, float: number, str: unquote}
_COUNTS = {2: "two", 4: "four"}
_LARGEST = 1.7976931348623157e308
_LARGEST_WHOLE = 2**53 - 1  # what browsers, whose numbers are floats, can show and give back
