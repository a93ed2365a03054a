"""Who is looking at the app: a login where Streamlit has one, or a signed cookie, or the session.

By default everyone sees and steers all runs. With ``GDVIZ_SHARED=0`` everyone has their own; those of others are read
by whoever has their address.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import streamlit as st

from gdviz.runs import Run, Runs
from gdviz.runs.trials import Stored

COOKIE = "gdviz_visitor"


def shared() -> bool:
    """Whether everyone sees and steers all runs."""
    return os.environ.get("GDVIZ_SHARED", "1") != "0"


def visitor() -> str | None:
    """Who is looking; None outside a browser."""
    if getattr(st.user, "is_logged_in", False):
        name = str(st.user.get("sub") or st.user.get("email"))
        return hashlib.sha256(name.encode()).hexdigest()[:32]
    if "Host" not in st.context.headers:
        return None
    if known := read(st.context.cookies.get(COOKIE, "")):
        return known
    # A browser that keeps no cookies is somebody else in each session.
    return str(st.session_state.setdefault("visitor", secrets.token_hex(16)))


def listed() -> str | None:
    """Whose runs are listed; None for everyone's."""
    return None if shared() else visitor() or "nobody"


def mine(run: Run | Stored) -> bool:
    """Whether the visitor may change a run or a comparison."""
    return shared() or run.visitor == listed()


def check(runs: Runs, *ids: str) -> None:
    """See that the visitor may change these runs.

    Raises:
        ValueError: One is another visitor's.
    """
    for run in () if shared() else ids:
        if not mine(runs.get(run)):
            raise ValueError(f"run {run!r} is another visitor's: it can be looked at, not changed")


def check_comparison(stored: Stored) -> None:
    """See that the visitor may change a comparison.

    Raises:
        ValueError: It is another visitor's.
    """
    if not mine(stored):
        raise ValueError(f"comparison {stored.id!r} is another visitor's: it can be looked at, not changed")


def named() -> dict[str, str]:
    """The visitor, as an argument for what starts a run; none where there is no browser."""
    name = visitor()
    return {"visitor": name} if name else {}


def sign(name: str) -> str:
    """A visitor's name as it stands in the cookie.

    >>> read(sign("somebody")), read("somebody.0123"), read("")
    ('somebody', None, None)
    """
    return f"{name}.{hmac.new(_secret(), name.encode(), hashlib.sha256).hexdigest()}"


def read(cookie: str) -> str | None:
    """The visitor's name in a cookie; None where it is not signed by this app."""
    name, _, signature = cookie.rpartition(".")
    return name if name and hmac.compare_digest(sign(name).encode(), cookie.encode()) and signature else None


@lru_cache(maxsize=1)
def _secret() -> bytes:
    """The key that signs cookies: ``GDVIZ_SECRET``, or a random one that is kept beside the runs."""
    if given := os.environ.get("GDVIZ_SECRET"):
        return given.encode()
    file = Path(os.environ.get("GDVIZ_FOLDER") or Path.home() / ".gdviz") / "secret"
    mine = file.with_name(f"secret.{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT, 0o600), "w") as made:
            made.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(mine, file)  # whole at once, and only the first one
        mine.unlink(missing_ok=True)
        return file.read_bytes()
    except OSError:
        return secrets.token_bytes(32)  # nothing can be kept: names last as long as this process
