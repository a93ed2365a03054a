"""A CSV file's cells, column by column."""

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

MOST_BYTES = 20_000_000
MOST_ROWS = 200_000
MOST_COLUMNS = 1000


@dataclass(frozen=True, eq=False)
class Table:
    """A file as it was read: each column as its different texts, and for each row which of them it has."""

    names: tuple[str, ...]
    texts: tuple[Any, ...]
    """The different texts of each column: Arrow arrays of shape (values,)."""
    codes: tuple[Any, ...]
    """For each column, the place of each row's text among them, shape (rows,)."""
    delimiter: str

    @property
    def rows(self) -> int:
        """How many there are below the header."""
        return len(self.codes[0])


def read(content: bytes) -> Table:
    """A CSV file with comma, semicolon, tab or | between the cells.

    Raises:
        ValueError: The file is too large, not text, without header or rows, or a row has another length; says which.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"CSV: a file may have at most {MOST_BYTES:,} bytes; got {len(content):,}")
    text = _decoded(content).lstrip("\r\n")
    named = re.match(r"sep=(.)\r?\n", text)  # how Excel says what stands between the cells
    text = text[named.end() :] if named else text
    first = text.split("\n", 1)[0]
    delimiter = named[1] if named else max(",;\t|", key=first.count)
    try:
        header = [cell.strip() for cell in next(csv.reader(io.StringIO(text), delimiter=delimiter), [])]
    except (csv.Error, TypeError) as error:
        raise ValueError(f"CSV: the file cannot be read: {error}") from None
    if len(header) > MOST_COLUMNS:
        raise ValueError(f"CSV: at most {MOST_COLUMNS} columns are allowed; got {len(header)}")
    columns = _below_the_header(text.encode(), delimiter, len(header))
    rows = len(columns[0]) if columns else 0
    if not rows:
        raise ValueError(f"CSV: a header and at least one row are needed; got {int(bool(header))} lines")
    if len(header) < 2:
        raise ValueError("CSV: at least two columns are needed, an input and the target; got one")
    header = [name or f"column {i}" for i, name in enumerate(header, start=1)]
    if len(set(header)) < len(header):
        raise ValueError(f"CSV: every column needs a name of its own; got {', '.join(header)}")
    if rows > MOST_ROWS:
        raise ValueError(f"CSV: at most {MOST_ROWS:,} rows are allowed; got {rows:,}")
    encoded = [pc.dictionary_encode(pc.utf8_trim_whitespace(column)) for column in columns]
    texts, codes = zip(*((c.dictionary, c.indices.to_numpy()) for c in encoded), strict=True)
    return Table(tuple(header), texts, codes, delimiter)


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in content:
            raise ValueError(f"CSV: the file must be text in UTF-8; byte {error.start + 1} is not") from None
        text = content.decode("cp1252", errors="replace")  # as Excel writes it
    if "\0" in text:
        raise ValueError("CSV: the file must be text; it holds binary data")
    return text.replace("\r\n", "\n").replace("\r", "\n")  # alone, as the first Macs ended lines


def _below_the_header(content: bytes, delimiter: str, count: int) -> list[Any]:
    """The cells, an Arrow array of texts for each column."""
    wrong: list[Any] = []

    def note(row: Any) -> str:
        wrong.append(row)
        return "skip"

    texts = {f"f{i}": pa.string() for i in range(count)}
    try:
        found = arrow_csv.read_csv(
            pa.BufferReader(content),
            arrow_csv.ReadOptions(use_threads=False, block_size=len(content) + 1, autogenerate_column_names=True),
            arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note),
            arrow_csv.ConvertOptions(column_types=texts, strings_can_be_null=False),
        )
    except (pa.ArrowException, ValueError) as error:
        if "Empty CSV" in str(error):
            return []
        raise ValueError(f"CSV: the file cannot be read: {error}") from None
    if wrong:
        row = wrong[0]
        raise ValueError(
            f"CSV: line {row.number} has {row.actual_columns} cells, the header has {row.expected_columns}"
        )
    if found.num_columns != count:
        raise ValueError(f"CSV: the file cannot be read: its header has {count} cells or {found.num_columns}")
    return [column.combine_chunks() for column in found.slice(1).columns]
