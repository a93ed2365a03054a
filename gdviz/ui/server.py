"""What the app's server does beside its pages: it sees to the queue, and says what browsers may load."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

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


class Guard:
    """Adds these headers to every answer."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(h for h in _HEADERS if h[0] not in given)]
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Let what waited in the queue start again with the server, without anybody opening a page."""
    threading.Thread(target=_start_jobs_if_some_wait, daemon=True).start()
    yield


def _start_jobs_if_some_wait() -> None:
    from gdviz.runs import Runs, StoreError
    from gdviz.ui.training import starting_jobs

    try:
        if Runs().anything_waits():
            starting_jobs()
    except StoreError:
        return  # the pages that need the store say so
