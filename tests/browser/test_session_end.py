"""What runs for a session ends with it: a page that computes for half a minute, and a visitor who leaves."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

QUERIES = {
    "gradient_flow": "view=training&depth=50&width=128&batch_size=256&training=steps%3D600%2Csamples%3D512",
    "sweeps": "mode=basins&side=512&steps=5000",
}


def server_of(address: str) -> psutil.Process:
    port = int(address.rpartition(":")[2])
    return next(
        psutil.Process(c.pid)
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port and c.pid
    )


def busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def look_and_leave(address: str, page: str, process: psutil.Process) -> tuple[float, float]:
    """Processor seconds of the server in two seconds while it computes, and in two seconds after the visitor left."""
    width = ""
    async with connect(address.replace("http", "ws") + "/_stcore/stream", max_size=None) as socket:
        for _ in range(2):  # the first run only measures the page's width
            asked = BackMsg()
            asked.rerun_script.query_string, asked.rerun_script.page_name = QUERIES[page], page
            if width:
                asked.rerun_script.widget_states.widgets.add(id=width, json_value=json.dumps({"width": 1000}))
            await socket.send(asked.SerializeToString())
            async with asyncio.timeout(60):
                while True:
                    message = ForwardMsg.FromString(await socket.recv(decode=False))
                    element = message.delta.new_element
                    if element.WhichOneof("type") == "bidi_component" and "page_width" in element.bidi_component.id:
                        width = element.bidi_component.id
                    if message.WhichOneof("type") == "script_finished" and message.script_finished != 2:
                        break
                    if element.WhichOneof("type") == "progress":
                        before = busy(process)
                        await asyncio.sleep(2)
                        during = busy(process) - before
                        break
        assert element.WhichOneof("type") == "progress", "it did not compute long enough to be left"
    await asyncio.sleep(1)
    before = busy(process)
    await asyncio.sleep(2)
    return during, busy(process) - before


@pytest.mark.parametrize("page", QUERIES)
def test_a_computation_ends_within_a_second_of_its_session(page: str, app: str) -> None:
    with ThreadPoolExecutor(1) as other:  # this thread has Playwright's event loop
        during, after = other.submit(asyncio.run, look_and_leave(app, page, server_of(app))).result()
    assert after < 0.25 * during, f"{after:.2f} s of computing after the end, {during:.2f} s before"
