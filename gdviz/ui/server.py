"""The app's server beside its pages: it sees to the queue, and restricts what browsers may load."""

import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from gdviz.ui import visitors

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

POLICY = "; ".join(
    (
        "default-src 'self'",
        # Vega compiles its expressions, and Streamlit's components bring their scripts along in the page.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
"""The Content-Security-Policy: nothing is fetched from, or sent to, any other host, whatever a page's text contains."""
_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]


_AFTER_SECONDS = 3.0
"""Whoever started the server wants to see its first page first."""
_YEAR = 365 * 24 * 3600


class Guard:
    """Adds these headers to every answer, and to a page, for a browser that has none yet, the visitor's name."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                headers = [*message.get("headers", ()), *(h for h in _HEADERS if h[0] not in given)]
                if dict(headers).get(b"content-type", b"").startswith(b"text/html") and not _is_known(scope):
                    headers.append((b"set-cookie", _introduction(scope).encode()))
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)


def _is_known(scope: Message) -> bool:
    """Whether a request comes with a visitor's name that this app signed."""
    given = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
    cookies = (part.strip().partition("=") for part in given.split(";"))
    return any(name == visitors.COOKIE and visitors.read(value) for name, _, value in cookies)


def _introduction(scope: Message) -> str:
    """A cookie with a new visitor's name, out of reach for scripts."""
    value = visitors.sign(secrets.token_hex(16))
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{visitors.COOKIE}={value}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax{secure}"


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Let what waited in the queue start again with the server, without anybody opening a page."""
    later = threading.Timer(_AFTER_SECONDS, _start_jobs_if_some_wait)
    later.daemon = True
    later.start()
    yield
    later.cancel()


def _start_jobs_if_some_wait() -> None:
    from gdviz.runs import Runs
    from gdviz.runs.trials import Trials
    from gdviz.ui.training import starting_jobs

    try:
        runs = Runs()
        if runs.anything_waits():
            starting_jobs()
        if Trials(runs).search("running"):
            from gdviz.ui.choose import shared_comparisons

            shared_comparisons()
    except RuntimeError:
        return  # the pages that need the store or the workers say so
