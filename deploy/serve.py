"""Several processes of the app behind one address: nginx in front, and one queue of trainings for all of them.

    python deploy/serve.py --processes 2 --port 8501

One process of the app uses one core, because Python runs one thread at a time. Needs nginx on PATH (Debian and Ubuntu:
apt-get install nginx-light). Everything ends together: with Ctrl-C, with SIGTERM, and when one part ends by itself, so
that what started this, for example systemd, can start it again.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
NO_NGINX = "needs nginx on PATH; Debian and Ubuntu: apt-get install nginx-light"
_SECONDS_TO_START, _SECONDS_TO_END = 60, 20


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def nginx() -> str | None:
    """The path of nginx; Debian keeps it where only root looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def nginx_configuration(folder: Path, port: int, apps: list[int]) -> str:
    """The contents of nginx.conf for an address at ``port`` and processes of the app at ``apps``."""
    text = (Path(__file__).parent / "nginx.conf").read_text(encoding="utf-8")
    servers = "\n".join(f"        server 127.0.0.1:{app};" for app in apps)
    _, _, text = text.partition("address bar still holds the whole experiment.\n")
    return text.replace("{folder}", str(folder)).replace("{port}", str(port)).replace("{servers}", servers)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def wait_for(apps: list[int]) -> None:
    """Until every process of the app answers.

    Raises:
        RuntimeError: One did not within a minute.
    """
    deadline = time.monotonic() + _SECONDS_TO_START
    while not all(map(answers, apps)):
        if time.monotonic() > deadline:
            raise RuntimeError("a process of the app did not start")
        time.sleep(0.1)


def trainers(address: str, trainings: int) -> list[list[str]]:
    """The commands that start the one queue of trainings: Dask's scheduler and its workers."""
    dask, port = [sys.executable, "-m", "dask"], address.rpartition(":")[2]
    worker = ["worker", address, f"--nworkers={trainings}", "--nthreads=1", "--memory-limit=0", "--no-dashboard"]
    return [[*dask, "scheduler", "--host=127.0.0.1", f"--port={port}", "--no-dashboard"], [*dask, *worker]]


def app(port: int) -> list[str]:
    """The command that starts a process of the app."""
    streamlit = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.fileWatcherType=none"]
    return [*streamlit, "--server.address=127.0.0.1", f"--server.port={port}"]


def serve(processes: int, port: int) -> int:
    """Run until told to end, or until a part ends by itself; 1 in that case, otherwise 0."""
    proxy = nginx()
    if proxy is None:
        print(NO_NGINX, file=sys.stderr)
        return 1
    apps = [free_port() for _ in range(processes)]
    commands, environment = [app(port) for port in apps], dict(os.environ)
    if "GDVIZ_SCHEDULER" not in environment:
        environment["GDVIZ_SCHEDULER"] = f"tcp://127.0.0.1:{free_port()}"
        # A training whose worker died must not begin again by itself on another one.
        environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"
        commands = trainers(environment["GDVIZ_SCHEDULER"], int(environment.get("GDVIZ_TRAININGS", "1"))) + commands
    children: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            children.extend(subprocess.Popen(command, cwd=ROOT, env=environment) for command in commands)
            wait_for(apps)
            configuration = Path(folder) / "nginx.conf"
            configuration.write_text(nginx_configuration(Path(folder), port, apps), encoding="utf-8")
            children.append(subprocess.Popen([proxy, "-p", folder, "-c", str(configuration), "-e", "stderr"]))
            print(f"{processes} processes of gdviz on http://localhost:{port}", flush=True)
            while all(child.poll() is None for child in children):
                time.sleep(0.5)
            return 1
        except KeyboardInterrupt:
            return 0
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C must not leave parts behind
                signal.signal(number, signal.SIG_IGN)
            for child in reversed(children):
                child.terminate()
            for child in children:
                try:
                    child.wait(_SECONDS_TO_END)
                except subprocess.TimeoutExpired:
                    child.kill()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--port", type=int, default=8501)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(serve(chosen.processes, chosen.port))
