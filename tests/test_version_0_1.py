"""Links and stored runs that version 0.1.0 wrote, read by this version: what people shared and kept stays theirs."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from gdviz.descent.experiment import Experiment
from gdviz.gradflow.study import Study
from gdviz.runs import Runs
from gdviz.training import TrainingSetup

DATA = Path(__file__).parent / "data" / "version_0_1"
LINKS: list[dict[str, Any]] = json.loads((DATA / "links.json").read_text())
STORED: list[dict[str, Any]] = json.loads((DATA / "runs.json").read_text())


def links_of(*pages: str) -> Any:
    chosen = [link for link in LINKS if link["page"] in pages]
    return pytest.mark.parametrize("link", chosen, ids=[f"{link['page']}, {link['name']}" for link in chosen])


def fields(link: dict[str, Any]) -> dict[str, list[str]]:
    return parse_qs(link["query"])


@links_of("descent", "sweeps")
def test_a_link_gives_the_same_runs(link: dict[str, Any]) -> None:
    read, notes = Experiment.from_link(fields(link))
    assert notes == []
    for run, expected in zip(read.run(), link["expected"], strict=True):
        assert run.setup.optimizer.to_dict() == expected["optimizer"]
        assert run.setup.schedule.to_dict() == expected["schedule"]
        assert run.setup.landscape.name == expected["landscape"]
        assert (run.status, run.steps) == (expected["status"], expected["steps"])
        assert [repr(float(x)) for x in run.theta[-1]] == expected["last"]
        assert repr(float(run.loss[-1])) == expected["loss"]
        assert [repr(float(run.learning_rate[i])) for i in (0, -1)] == expected["rates"]


@links_of("gradient_flow")
def test_a_link_gives_the_same_study(link: dict[str, Any]) -> None:
    study, notes = Study.from_link(fields(link))
    assert notes == []
    assert study.to_link() == link["expected"]


@links_of("training")
def test_a_link_gives_the_same_training(link: dict[str, Any]) -> None:
    setup, notes = TrainingSetup.from_link(fields(link))
    assert notes == []
    assert json.loads(setup.to_json()) == link["expected"]


def test_there_are_twenty_links() -> None:
    assert len(LINKS) == 20


def test_stored_runs_are_all_there(tmp_path: Path) -> None:
    shutil.copytree(DATA / "store", tmp_path / "store")
    runs = Runs(folder=tmp_path / "store")
    assert {run.id for run in runs.search()} == {expected["id"] for expected in STORED}
    for expected in STORED:
        run = runs.get(expected["id"])
        assert {name: getattr(run, name) for name in ("name", "note", "status", "reason", "epochs")} == {
            name: expected[name] for name in ("name", "note", "status", "reason", "epochs")
        }
        assert json.loads(run.setup.to_json()) == expected["setup"]
        assert (runs.content(run.id) or b"").decode() == expected["content"]
        assert runs.history_csv(run.id) == expected["history_csv"]
        assert len(runs.events(run.id)) == expected["events"]
        assert runs.model_file(run.id).exists() == (run.status == "finished")


def test_events_are_written_as_that_version_wrote_them(tmp_path: Path) -> None:
    shutil.copytree(DATA / "store", tmp_path / "store")
    runs = Runs(folder=tmp_path / "store")
    with closing(sqlite3.connect(tmp_path / "store" / "runs.sqlite")) as database:
        for expected in STORED:
            rows = database.execute("SELECT payload FROM events WHERE run = ? ORDER BY id", (expected["id"],))
            assert [event.payload for event in runs.events(expected["id"])] == [json.loads(text) for (text,) in rows]
