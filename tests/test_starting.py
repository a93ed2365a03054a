"""What the Live training page says where nothing can be trained, or the store cannot be used: at once, in words."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from gdviz.runs import Runs, StoreError
from gdviz.runs.jobs import JobsError
from gdviz.runs.starting import StartingJobs
from gdviz.training import TrainingSetup
from gdviz.ui import server, training

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
        next(button for button in page.button if button.label.startswith("Go on")).click()
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
