"""The file of an SQLite database, and whether it is still the one that was opened.

SQLite goes on reading a file that was deleted under it, and refuses to write it with the words "readonly database".
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

Identity = tuple[int, int]


@dataclass
class Place:
    """Where a database was when it was opened. A database that is no file stays where it is."""

    path: Path | None
    identity: Identity | None = None

    def __post_init__(self) -> None:
        self.look_again()

    def look_again(self) -> None:
        """Take what is there now for the database."""
        self.identity = self._now()

    @property
    def state(self) -> Literal["there", "gone", "replaced"]:
        """Whether it is still there; a look at the folder, without reading the file."""
        now = self._now()
        if now == self.identity:
            return "there"
        return "replaced" if now else "gone"

    def _now(self) -> Identity | None:
        try:
            found = self.path.stat() if self.path else None
        except OSError:
            return None
        # A file without a byte is one that is being written; it is no database yet.
        return (found.st_dev, found.st_ino) if found and found.st_size else None


def file_of(url: str) -> Path | None:
    """The file of an SQLite database; None for any other.

    >>> file_of("sqlite:////tmp/runs.sqlite"), file_of("sqlite:///file:/tmp/a.sqlite?mode=ro&uri=true")
    (PosixPath('/tmp/runs.sqlite'), PosixPath('/tmp/a.sqlite'))
    >>> file_of("postgresql+psycopg://gdviz@localhost/gdviz"), file_of("sqlite://")
    (None, None)
    """
    parsed = sa.make_url(url)
    name = (parsed.database or "").removeprefix("file:")
    return Path(name) if parsed.get_backend_name() == "sqlite" and name not in ("", ":memory:") else None
