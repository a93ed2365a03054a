"""What the Live training page says where nothing can be trained, or the store cannot be used: at once, in words."""

import asyncio
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import RerunData, RerunException
from streamlit.testing.v1 import AppTest

from gdviz.runs import QuotaError, Runs, StoreError
from gdviz.runs.jobs import JobsError
from gdviz.runs.starting import StartingJobs
from gdviz.training import TrainingSetup
from gdviz.ui import runs as ui_runs
from gdviz.ui import server, training, visitors
from tests.events import batches

PAGE = str(Path(__file__).parents[1] / "pages" / "training.py")


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_settings_and_schedulers_are_faulted_at_once(
    silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDVIZ_FOLDER", str(tmp_path))
    faults = {("GDVIZ_TRAININGS", "two"): "got 'two'", ("GDVIZ_SCHEDULER", silent): f"{silent} has not answered yet"}
    for (name, value), message in faults.items():
        with monkeypatch.context() as setting:
            setting.setenv(name, value)
            training.starting_jobs.clear()
            began = time.monotonic()
            with pytest.raises(JobsError, match=message):
                training.shared_jobs()
            assert time.monotonic() - began < 2.0
            training.starting_jobs().give_up()
    training.starting_jobs.clear()


def test_what_comes_later_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gdviz.runs.starting._AGAIN_SECONDS", 0.01)
    there, jobs = threading.Event(), SimpleNamespace()

    def make() -> SimpleNamespace:
        if not there.is_set():
            raise JobsError("The scheduler at x does not answer")
        return jobs

    starting = StartingJobs(make, patience=5.0)  # type: ignore[arg-type]
    with pytest.raises(JobsError, match=r"No training can be started\. The scheduler at x does not answer"):
        starting.get()
    there.set()
    starting._known.clear()
    assert starting.get() is jobs


def test_the_page_says_what_is_wrong_with_the_store_and_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(folder=tmp_path)
    run = runs.create(TrainingSetup(epochs=1))
    runs.claim(run, "me")
    runs.end(run, "interrupted", "Its worker process was killed.")
    jobs = SimpleNamespace(runs=runs, trouble=lambda: None, resume=runs.requeue)
    monkeypatch.setattr(training, "shared_jobs", lambda: jobs)
    pages = [AppTest.from_file(PAGE, default_timeout=60) for _ in range(2)]
    for page in pages:
        page.query_params["run"] = run
        page.run()
    for page in pages:  # two visitors
        next(button for button in page.button if button.label == "Begin again").click()
        page.run()
        assert not page.exception
    assert not pages[0].error
    assert ["only a run that is stopped, failed, interrupted can go on" in e.value for e in pages[1].error] == [True]
    (tmp_path / "runs.sqlite").rename(tmp_path / "elsewhere")
    pages[0].run()
    assert not pages[0].exception
    assert any("deleted or moved" in said.value for said in (*pages[0].warning, *pages[0].error))


def test_a_server_starts_what_waits_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDVIZ_FOLDER", str(tmp_path))
    started: list[bool] = []
    monkeypatch.setattr(training, "starting_jobs", lambda: started.append(True))
    server._start_jobs_if_some_wait()
    assert not started
    Runs(folder=tmp_path).create(TrainingSetup())
    server._start_jobs_if_some_wait()
    assert started
    for file in tmp_path.glob("runs.sqlite*"):
        file.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError):
        Runs(folder=tmp_path)
    server._start_jobs_if_some_wait()


# Quotas and visitors -----------------------------------------------------------------------------------------------


def page_of(visitor: str, name: str, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """A page as a visitor sees it."""
    monkeypatch.setattr(visitors, "visitor", lambda: visitor)
    page = AppTest.from_file(str(Path(PAGE).with_name(name)), default_timeout=60)
    for field, value in query.items():
        page.query_params[field] = value
    page.run()
    assert not page.exception
    return page


def test_a_quota_that_is_reached_is_said_and_nothing_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, setup = Runs(folder=tmp_path), TrainingSetup()
    runs.admit("me")
    for name in ("me", "me", "other"):
        runs.create(setup, visitor=name)
    for variable, value, message in (
        ("GDVIZ_MOST_RUNS_EACH", "2", "You have 2 runs stored, and one visitor may have 2"),
        ("GDVIZ_MOST_RUNS", "3", "There are 3 runs stored, and all visitors together may have 3"),
        ("GDVIZ_MOST_QUEUED_EACH", "2", "You have 2 trainings in the queue"),
        ("GDVIZ_MOST_QUEUED", "3", "There are 3 trainings in the queue"),
        ("GDVIZ_MOST_RUNS", "many", "GDVIZ_MOST_RUNS must be a whole number above 0; got 'many'"),
    ):
        with monkeypatch.context() as setting:
            setting.setenv(variable, value)
            with pytest.raises(QuotaError, match=message):
                runs.admit("me")
            if variable.endswith("EACH"):
                runs.admit("other")
    run = runs.search(visitor="me")[0].id
    runs.claim(run, "owner")
    runs.record(run, "owner", [batches([0.125] * 100_000)])
    runs.model_file(run).parent.mkdir(exist_ok=True)
    runs.model_file(run).write_bytes(b"x" * 2**20)
    assert 2 * 2**20 < runs.usage("me").bytes < 4 * 2**20 < runs.usage().bytes + 2 * 2**20
    monkeypatch.setenv("GDVIZ_MOST_MEGABYTES_EACH", "2")
    with pytest.raises(QuotaError, match="You have 2 MB stored, and one visitor may have 2 MB"):
        runs.admit("me")
    assert len(runs.search()) == 3
    grouped = [runs.create(setup, group="comparison", visitor="third") for _ in range(5)]
    assert (len(grouped), runs.usage("third").queued) == (5, 1)


def test_a_refused_start_is_shown_beside_the_button(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(folder=tmp_path)
    jobs = SimpleNamespace(runs=runs, trouble=lambda: None, start=lambda setup, content, visitor: runs.admit(visitor))
    monkeypatch.setattr(training, "shared_jobs", lambda: jobs)
    monkeypatch.setenv("GDVIZ_MOST_QUEUED_EACH", "1")
    runs.create(TrainingSetup(), visitor="me")
    page = page_of("me", "training.py", monkeypatch)
    next(button for button in page.button if button.label == "Start").click()
    page.run()
    assert "You have 1 trainings in the queue, and one visitor may have 1" in page.error[0].value


def test_two_clicks_on_start_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second ends the script of the first, here at the moment at which its run is there."""
    runs, clicks = Runs(folder=tmp_path), list[str]()

    def start(setup: TrainingSetup, **_: object) -> str:
        clicks.append(runs.create(setup))
        return clicks[-1]

    def interrupted(run: str) -> None:
        raise RerunException(RerunData())

    monkeypatch.setattr(training, "shared_jobs", lambda: SimpleNamespace(runs=runs, start=start))
    monkeypatch.setattr(training.st, "session_state", {})
    once = training.once
    monkeypatch.setattr(training, "once", lambda what, begin: once(what, begin, seconds))
    seconds, watched = math.inf, list[str]()
    for watch in (interrupted, watched.append):
        monkeypatch.setattr(training, "watch", watch)
        with suppress(RerunException):
            training.start(TrainingSetup(), None)
    assert watched == clicks == [run.id for run in runs.search()]
    training.start(TrainingSetup(epochs=3), None)
    seconds = -1.0
    training.start(TrainingSetup(epochs=3), None)
    assert len(watched) == len(runs.search()) == 3


@pytest.mark.parametrize("shared", ["1", "0"])
def test_each_browser_has_its_own_runs_where_they_are_not_shared(
    shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDVIZ_SHARED", shared)
    runs = Runs(folder=tmp_path)
    run = runs.create(TrainingSetup(), "Mine", visitor="me")
    runs.claim(run, "worker")
    jobs = SimpleNamespace(runs=runs, trouble=lambda: None, resume=runs.requeue)
    monkeypatch.setattr(training, "shared_jobs", lambda: jobs)
    monkeypatch.setattr(ui_runs, "shared_runs", lambda: runs)
    for name, allowed in (("me", True), ("other", shared == "1")):
        page = page_of(name, "runs.py", monkeypatch)
        assert any("1 runs. Choose rows" in caption.value for caption in page.caption) == allowed
        page = page_of(name, "training.py", monkeypatch, run=run)  # by its address
        assert any("Mine" in element.value for element in page.markdown)
        assert any(button.label == "Pause" for button in page.button) == allowed
        for action in (ui_runs.delete, ui_runs.restore):
            if not allowed:
                with pytest.raises(ValueError, match="another visitor's: it can be looked at, not changed"):
                    action(runs, [run])


def test_a_browser_is_given_a_name_that_it_cannot_make_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDVIZ_FOLDER", str(tmp_path))
    visitors._secret.cache_clear()

    async def page(scope: server.Message, receive: server.Receive, send: server.Send) -> None:
        await send({"type": "http.response.start", "headers": [(b"content-type", b"text/html; charset=utf-8")]})

    def answer(cookie: str = "") -> dict[bytes, bytes]:
        sent: list[server.Message] = []

        async def send(message: server.Message) -> None:
            sent.append(message)

        async def receive() -> server.Message:
            return {}

        scope = {"type": "http", "scheme": "http", "headers": [(b"cookie", cookie.encode())]}
        asyncio.run(server.Guard(page)(scope, receive, send))
        return dict(sent[0]["headers"])

    given = answer()
    assert b"default-src 'self'" in given[b"content-security-policy"]
    name, _, rest = given[b"set-cookie"].decode().partition("=")
    value, _, flags = rest.partition("; ")
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags
    assert visitors.read(value)
    assert b"set-cookie" not in answer(f"a=b; {name}={value}")
    assert b"set-cookie" in answer(f"{name}={value[:-1]}x")
    assert visitors.read("somebody." + value.partition(".")[2]) is None
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    visitors._secret.cache_clear()
