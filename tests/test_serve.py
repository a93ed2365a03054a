"""Several processes behind one address: a visitor stays with one of them."""

import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy import serve


class Told(BaseHTTPRequestHandler):
    """Answers with its port, and with what nginx passed on."""

    def do_GET(self) -> None:
        found = {"port": self.server.server_address[1], **{name.lower(): value for name, value in self.headers.items()}}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of nginx, in front of two servers."""
    nginx = serve.nginx()
    if nginx is None:
        if os.environ.get("CI") == "true":
            pytest.fail(serve.NO_NGINX)
        pytest.skip(serve.NO_NGINX)
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Told) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    folder, port = tmp_path_factory.mktemp("nginx"), serve.free_port()
    path = Path(folder) / "nginx.conf"
    path.write_text(serve.nginx_configuration(folder, port, [server.server_address[1] for server in servers]))
    proxy = subprocess.Popen([nginx, "-p", str(folder), "-c", str(path), "-e", "stderr"])
    deadline = time.monotonic() + 10
    while not serve.answers(port):
        assert time.monotonic() < deadline, "nginx did not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    proxy.terminate()
    proxy.wait(10)
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(address: str, **headers: str) -> tuple[dict[str, str], str]:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
        return json.load(answer), answer.headers["Set-Cookie"].partition(";")[0]


def test_a_visitor_stays_with_one_process_and_visitors_are_spread(address: str) -> None:
    came_to = []
    for _ in range(20):
        first, cookie = ask(address)
        came_to.append(first["port"])
        assert {ask(address, Cookie=cookie)[0]["port"] for _ in range(4)} == {first["port"]}
    assert len(set(came_to)) == 2


def test_a_socket_is_passed_on_with_the_name_that_the_browser_asked_for(address: str) -> None:
    told, _ = ask(address, Upgrade="websocket", Connection="Upgrade", Host="gdviz.example:8501")
    assert (told["upgrade"], told["connection"], told["host"]) == ("websocket", "upgrade", "gdviz.example:8501")


def test_without_nginx_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "nginx", lambda: None)
    assert serve.serve(2, 8501) == 1
    assert "apt-get install nginx" in capsys.readouterr().err
