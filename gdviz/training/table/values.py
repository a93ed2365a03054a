"""Texts read as numbers, dates and times, whole columns at once."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EMPTY = {
    *(
        "",
        "na",
        "n/a",
        "#n/a",
        "#na",
        "n.a.",
        "<na>",
        "nan",
        "null",
        "#null!",
        "(null)",
        "none",
        "nil",
        "\\n",
        "missing",
    ),
    *("?", "-", "--", "---", "–", "—", ".", "..", "...", "…", "#value!", "#div/0!", "#ref!", "#num!", "#name?"),
}
"""Cells that say nothing, in small letters."""

_CURRENCIES = (
    r"(?:US\$|[$€£¥₹₩₽₺฿₴₦₪₫]|kr\.?|zł|Fr\.|USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|KRW|BRL|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF"
    r"|TRY|ZAR|MXN)"
)
_POINT = r"^[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:[,' ]\d{2,3})*[,' ]\d{3})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$"
_COMMA = r"^[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:[.' ]\d{3})+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?$"
"""Numbers, with or without thousands marks, with a decimal point or with a decimal comma."""

_WRITTEN = {"%Y": r"\d{4}", "%y": r"\d{2}", "%m": r"\d{1,2}", "%b": r"[A-Za-z]{3}", "%B": r"[A-Za-z]{3,}"}
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?"
_MOMENT = rf"^(?P<date>.*?\d)(?:[T ]+{_TIME} ?(?:Z|[+-]\d{{2}}:?\d{{2}})?)?$"


def gaps(texts: Any) -> Any:
    """Which texts say nothing."""
    return pc.is_in(pc.utf8_lower(texts), pa.array(sorted(EMPTY))).to_numpy(zero_copy_only=False)


def numbers(texts: Any, comma: bool) -> Any:
    """Texts as float64, NaN where they are none: thousands marks, percent signs (divided by 100), currency signs (left
    off) and brackets around what is negative are understood.

    Args:
        texts: An Arrow array.
        comma: Whether decimals stand behind a comma, or behind a point.

    >>> numbers(pa.array(["1.234,5 €", "(12)", "5 %", "-3e2", "x"]), comma=True).tolist()
    [1234.5, -12.0, 0.05, -300.0, nan]
    """
    found = texts
    plain = not pc.any(pc.match_substring_regex(texts, "[^0-9.,eE+-]")).as_py()
    for pattern, instead in (
        ()
        if plain
        else (  # whose making takes longer than reading a thousand cells
            ("[\u00a0\u2009\u202f]", " "),
            ("−", "-"),
            ("’", "'"),
            (r"^\((.*)\)$", r"-\1"),
            (rf"^([+-]?)\s*{_CURRENCIES}\s*", r"\1"),
            (rf"\s*{_CURRENCIES}$", ""),
        )
    ):
        found = pc.replace_substring_regex(found, pattern, instead)
    percent = pc.ends_with(found, "%").to_numpy(zero_copy_only=False)
    found = pc.replace_substring_regex(found, r"\s*%$", "")
    fits = pc.match_substring_regex(found, _COMMA if comma else _POINT)
    found = pc.replace_substring_regex(found, r"^\+|[.' ]" if comma else r"^\+|[,' ]", "")
    found = pc.replace_substring(found, ",", ".")
    values = pc.if_else(fits, found, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(values), np.where(percent, values / 100, values), np.nan)


def days(texts: Any, form: str) -> Any:
    """Texts as days since 1970, a time as the fraction; NaN where they are no date of this form or of the calendar.

    Args:
        texts: An Arrow array.
        form: The form of the date, as strptime takes it.

    >>> days(pa.array(["1.2.1970", "1.2.1970 12:00", "30.2.1970"]), "%d.%m.%Y").tolist()
    [31.0, 31.5, nan]
    """
    moments = pc.extract_regex(texts, _MOMENT)
    piece = {**_WRITTEN, "%d": r"(?P<day>\d{1,2})"}
    pattern = re.sub("%[A-Za-z]", lambda found: piece[found[0]], form.replace(".", r"\."))
    parts = pc.extract_regex(pc.struct_field(moments, "date"), f"^(?P<all>{pattern})$")
    parsed = pc.strptime(pc.struct_field(parts, "all"), format=form, unit="s", error_is_null=True)
    found = parsed.cast(pa.int64()).to_numpy(zero_copy_only=False) / 86_400
    if "%d" in form:  # strptime takes 30 February for 2 March: the day that was written has to come back
        same = pc.equal(pc.struct_field(parts, "day").cast(pa.int64()), pc.day(parsed))
        found = np.where(same.fill_null(False).to_numpy(zero_copy_only=False), found, np.nan)
    return found + np.nan_to_num(_hours(moments)) / 24


def hours(texts: Any) -> Any:
    """Texts as the hours of a time of day; NaN where they are none.

    >>> hours(pa.array(["6:30", "18:00:36", "noon", "24:10"])).tolist()
    [6.5, 18.01, nan, nan]
    """
    found = _hours(pc.extract_regex(texts, f"^{_TIME}$"))
    return np.where(found < 24, found, np.nan)


def _hours(moments: Any) -> Any:
    parts = []
    for name in ("hour", "minute", "second"):
        text = pc.replace_substring(pc.struct_field(moments, name), ",", ".")
        text = pc.if_else(pc.equal(text, ""), "nan" if name == "hour" else "0", text)
        parts.append(text.cast(pa.float64()).to_numpy(zero_copy_only=False))
    return parts[0] + parts[1] / 60 + parts[2] / 3600
