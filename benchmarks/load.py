"""Visitors who change a control every few seconds, over Streamlit's own WebSocket protocol: how long a change takes.

    python -m benchmarks.load                       # 1, 10, 30, 60 and 100 visitors on Descent
    python -m benchmarks.load --page gradient_flow
    python -m benchmarks.load 100 --address http://localhost:8501   # a server that is there, for example `make serve`
    python -m benchmarks.load --memory 2000         # one visitor, 2,000 changes without a pause: does memory grow?

A visitor sends what the browser sends, and claims the cached messages that a browser would have kept. A change is
timed from the moment at which it was due, not at which it could be sent: a server that falls behind is charged with
the queue. It ends with the last message of the page's run; drawing is not part of it. The visitors' own work, about
a millisecond a change, runs on the same machine.
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.page import SIX, serve

PAGES = {"descent": (f"{SIX}&steps=300", "steps"), "gradient_flow": ("", "depth")}
"""For each page, the query it is opened with, and a word in the label of the slider that a visitor moves."""
PERIOD = 5.0
WIDTH = 1000


@dataclass
class Visitor:
    """One browser tab, without the drawing."""

    socket: ClientConnection
    page: str
    query: str = ""
    slider: Slider | None = None
    position: float = 0.0
    width_id: str = ""
    cached: set[str] = field(default_factory=set)
    page_hash: str = ""

    async def open(self) -> None:
        """Load the page, tell how wide it is as the browser does, and find the slider."""
        self.query, label = PAGES[self.page]
        await self.run(label)
        await self.run(label)
        if self.slider is None:
            raise ValueError(f"the page {self.page!r} shows no slider whose label contains {label!r}")
        self.position = self.slider.default[0]

    async def change(self) -> None:
        """Move the slider by one position, back and forth around where it was."""
        assert self.slider is not None
        home = self.slider.default[0]
        self.position = (
            home if self.position != home else home + (-1 if home > self.slider.min else 1) * self.slider.step
        )
        await self.run()

    async def run(self, label: str = "") -> None:
        """Ask for a run of the page, and read until its last message."""
        back = BackMsg()
        asked = back.rerun_script
        asked.query_string = self.query
        asked.page_name = "" if self.page_hash else self.page
        asked.page_script_hash = self.page_hash
        asked.cached_message_hashes.extend(self.cached)
        if self.width_id:
            asked.widget_states.widgets.add(id=self.width_id, json_value=json.dumps({"width": WIDTH}))
        if self.slider is not None:
            state = asked.widget_states.widgets.add(id=self.slider.id)
            if self.slider.options:
                state.string_array_value.data.append(self.slider.options[int(self.position)])
            else:
                state.double_array_value.data.append(self.position)
        await self.socket.send(back.SerializeToString())
        message = ForwardMsg()
        goes_on = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
        while message.WhichOneof("type") != "script_finished" or message.script_finished == goes_on:
            message.ParseFromString(await self.socket.recv(decode=False))
            self.note(message, label)

    def note(self, message: ForwardMsg, label: str) -> None:
        if message.metadata.cacheable:
            self.cached.add(message.hash)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.page_hash = message.new_session.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta":
            element = message.delta.new_element
            assert element.WhichOneof("type") != "exception", element.exception
            if element.WhichOneof("type") == "bidi_component" and "page_width" in element.bidi_component.id:
                self.width_id = element.bidi_component.id
            if label and self.slider is None and element.WhichOneof("type") == "slider":
                shown: Slider = element.slider
                self.slider = Slider.FromString(shown.SerializeToString()) if label in shown.label.lower() else None


async def visitors(stack: AsyncExitStack, address: str, page: str, count: int) -> list[Visitor]:
    stream = address.replace("http", "ws", 1) + "/_stcore/stream"
    come = []
    for _ in range(count):
        socket = await stack.enter_async_context(connect(stream, subprotocols=["streamlit"], max_size=None))  # type: ignore[list-item]
        come.append(Visitor(socket, page))
        await come[-1].open()
    return come


async def stay(visitor: Visitor, seconds: float) -> list[float]:
    """Change the control every PERIOD seconds, from a moment of one's own; seconds from due to done."""
    begun = time.perf_counter() + random.uniform(0, PERIOD)
    taken = []
    for due in np.arange(begun, begun + seconds, PERIOD):
        await asyncio.sleep(due - time.perf_counter())
        await visitor.change()
        taken.append(time.perf_counter() - due)
    return taken


async def load(address: str, page: str, count: int, seconds: float) -> list[float]:
    async with AsyncExitStack() as stack:
        come = await visitors(stack, address, page, count)
        return [t for taken in await asyncio.gather(*(stay(one, seconds) for one in come)) for t in taken]


async def many_changes(address: str, page: str, changes: int, process: psutil.Process) -> None:
    async with AsyncExitStack() as stack:
        (visitor,) = await visitors(stack, address, page, 1)
        for part in range(10):
            begun, busy = time.perf_counter(), process.cpu_times().user
            for _ in range(changes // 10):
                await visitor.change()
            each = 1000 * (time.perf_counter() - begun) / (changes // 10)
            cpu = 1000 * (process.cpu_times().user - busy) / (changes // 10)
            memory = process.memory_info().rss / 2**20
            done = (part + 1) * (changes // 10)
            print(f"after {done:5} changes {memory:6.0f} MB, {each:5.0f} ms a change, {cpu:5.0f} of CPU", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="*", default=[1, 10, 30, 60, 100])
    parser.add_argument("--page", choices=PAGES, default="descent")
    parser.add_argument("--address")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--memory", type=int, metavar="CHANGES")
    chosen = parser.parse_args()
    server, address = None, chosen.address
    if not address:
        server, address, _ = serve()
    try:
        asyncio.run(load(address, chosen.page, 2, 2 * PERIOD))  # what is imported and compiled on first use
        if chosen.memory:
            assert server, "memory is measured of a server that this program starts"
            asyncio.run(many_changes(address, chosen.page, chosen.memory, psutil.Process(server.pid)))
            return
        print("visitors  changes     p50      p95    worst")
        for count in chosen.counts:
            taken = asyncio.run(load(address, chosen.page, count, chosen.seconds))
            p95 = float(np.quantile(taken, 0.95))
            print(
                f"{count:8} {len(taken):8} {statistics.median(taken):6.2f} s {p95:6.2f} s {max(taken):6.2f} s",
                flush=True,
            )
    finally:
        if server:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
