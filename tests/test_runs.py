"""The store of runs, on SQLite and, where it is installed, on PostgreSQL."""

import csv
import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from gdviz.comparing.comparison import Comparison
from gdviz.comparing.plan import portions
from gdviz.runs import Runs, StoreError, records, schema
from gdviz.runs.trials import Trials
from gdviz.training import DATASETS, TrainingSetup
from gdviz.training.channel import Command
from gdviz.training.events import Fault
from tests.events import batches, epoch, start

POSTGRES = shutil.which("pg_ctl")


def as_postgres(*command: str) -> None:
    """Run a command of PostgreSQL, which refuses to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, *command], check=True, capture_output=True, cwd="/")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    shutil.chown(folder, "postgres") if os.geteuid() == 0 else None
    as_postgres("initdb", "-D", str(folder), "-A", "trust", "-U", "gdviz", "--no-sync")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    as_postgres(
        "pg_ctl", "-D", str(folder), "-w", "-l", str(folder / "log"), "start",
        "-o", f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off",
    )  # fmt: skip
    yield f"postgresql+psycopg://gdviz@127.0.0.1:{port}/postgres"
    as_postgres("pg_ctl", "-D", str(folder), "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.skipif(not POSTGRES, reason="PostgreSQL is not installed")),
    ]
)
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Runs:
    if request.param == "sqlite":
        return Runs(folder=tmp_path)
    url = request.getfixturevalue("postgres")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return Runs(url, tmp_path)


SETUP = TrainingSetup(epochs=2)


def ended(runs: Runs, setup: TrainingSetup = SETUP, name: str = "", loss: float = 0.5) -> str:
    run = runs.create(setup, name)
    assert runs.claim(run, "me")
    begun = start(layers=["dense_1", "output"], probes=[{"layer": "dense_1", "kind": "dead"}])
    two = batches([0.9, loss], gradient_norm=[[1.0, 2.0], [3.0, 4.0]], inactive=[[0.25], [0.5]])
    assert runs.record(run, "me", [begun, two, epoch(1, step=2, loss=loss, val_loss=loss + 0.1)], epochs=1)
    assert runs.record(run, "me", [], status="finished", ended=time.time(), train_loss=loss)
    return run


def test_a_run_comes_back_as_it_was_stored(runs: Runs) -> None:
    setup = SETUP.changed(data=DATASETS.make("own_table"))
    run = runs.create(setup, "  Mine ", b"a,b\n\xff\x00")
    stored = runs.get(run)
    assert (stored.setup, stored.name, stored.status, stored.losses) == (setup, "Mine", "queued", {})
    assert runs.content(run) == b"a,b\n\xff\x00"
    assert runs.get(runs.create(SETUP)).name == "Digits, Adam 0.001, 64 relu"
    with pytest.raises(ValueError, match="run must be the id of a stored run; got 'x'"):
        runs.get("x")


def test_runs_are_searched_and_sorted(runs: Runs) -> None:
    moons = SETUP.changed(data=DATASETS.make("moons"))
    a, b, c = (ended(runs, s, n, loss) for s, n, loss in ((SETUP, "b%", 0.3), (moons, "A", 0.1), (SETUP, "c", 0.2)))
    waiting = runs.create(SETUP, "d")
    assert [run.id for run in runs.search()] == [waiting, c, b, a]
    assert [run.id for run in runs.search(sort="train_loss", ascending=True)] == [b, c, a, waiting]
    assert [run.id for run in runs.search("MOONS")] == [b]
    assert [run.id for run in runs.search("%")] == [a]
    runs.annotate(c, "a remark")
    assert [run.id for run in runs.search("remark")] == [c]
    with pytest.raises(ValueError, match=r"sort must be one of created, name, .*; got 'colour'"):
        runs.search(sort="colour")


def test_a_deleted_run_comes_back_until_it_is_purged(runs: Runs) -> None:
    run = ended(runs)
    runs.model_file(run).parent.mkdir()
    runs.delete(run)
    assert runs.search() == []
    assert [other.id for other in runs.search(deleted=True)] == [run]
    assert runs.purge() == 0
    runs.restore(run)
    assert [other.id for other in runs.search()] == [run]
    runs.delete(run)
    assert runs.purge(older_than=0.0) == 1
    assert not runs.events(run)
    assert not runs.model_file(run).parent.exists()
    with pytest.raises(ValueError, match="must have ended before it is deleted"):
        runs.delete(runs.create(SETUP))


def test_a_comparison_goes_for_good_with_the_last_of_its_runs(runs: Runs) -> None:
    trials, comparison = Trials(runs), Comparison()
    ids = [trials.create(comparison, name, b"a file") for name in ("deleted", "kept")]
    for id in ids:
        (run,) = trials.add(id, "run", portions(comparison, [])[0][:1])
        trials.interrupt([run], "The end.")
        trials.change(id, status="stopped", ended=1.0)
    runs.delete(trials.trials(ids[0])[0].run)
    assert runs.purge(older_than=0.0) == 1
    assert [stored.id for stored in trials.search()] == ids[1:]


def test_names_and_notes_are_checked(runs: Runs) -> None:
    run = ended(runs)
    runs.rename(run, "other")
    assert runs.get(run).name == "other"
    for wrong in ("", "  ", "x" * 201):
        with pytest.raises(ValueError, match="name must"):
            runs.rename(run, wrong)
    with pytest.raises(ValueError, match="note must be a text of at most 10000 characters"):
        runs.annotate(run, "x" * 10_001)


def test_events_are_read_by_cursor_and_put_together(runs: Runs) -> None:
    run = ended(runs)
    first = runs.events(run, limit=1)
    assert [event.kind for event in first] == ["start"]
    assert [event.kind for event in runs.events(run, after=first[-1].cursor)] == ["batches", "epoch"]
    history = runs.history(run)
    assert history.series("loss") == ([1, 2], [0.9, 0.5])
    assert history.series("val_loss") == ([1], [0.6])
    by_batch = list(csv.DictReader(io.StringIO(runs.history_csv(run, "batch"))))
    assert by_batch[1]["gradient_norm output"] == "4.0"
    assert by_batch[1]["inactive dense_1"] == "0.5"
    assert next(csv.DictReader(io.StringIO(runs.history_csv(run))))["val_loss"] == "0.6"


def test_configurations_are_compared(runs: Runs) -> None:
    a, b, c = ended(runs), ended(runs, replace(SETUP, seed=3)), ended(runs, replace(SETUP, batch_size=8))
    assert runs.differences([a, b, c]) == {"seed": [0, 3, 0], "batch_size": [32, 32, 8]}


def test_a_run_belongs_to_one_worker(runs: Runs) -> None:
    run = runs.create(SETUP)
    assert runs.claim(run, "one")
    assert not runs.claim(run, "two")
    assert not runs.record(run, "two", [Fault(0, "")])
    assert runs.events(run) == []


def test_places_in_the_queue(runs: Runs) -> None:
    one, two = runs.create(SETUP), runs.create(SETUP)
    assert [runs.place(run) for run in (one, two)] == [1, 2]
    runs.send(one, Command("stop"))
    assert (runs.get(one).status, runs.place(one), runs.place(two)) == ("stopped", None, 1)
    with pytest.raises(ValueError, match="needs a run that has not ended"):
        runs.send(one, Command("pause"))


def test_a_command_sent_while_a_run_waits_reaches_its_worker_and_no_later_one(runs: Runs) -> None:
    run = runs.create(SETUP)
    runs.send(run, Command("pause"))
    assert runs.claim(run, "me")
    assert [command for _, command in runs.commands(run, 0)] == [Command("pause")]
    runs.end(run, "interrupted", "")
    runs.requeue(run)
    assert runs.commands(run, 0) == []


def test_a_run_without_a_living_worker_was_interrupted_and_can_go_on(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(SETUP)
    runs.claim(run, "dead")
    assert runs.get(run).status == "running"
    with pytest.raises(ValueError, match="only a run that is stopped, failed, interrupted can go on"):
        runs.requeue(run)
    monkeypatch.setattr(records, "STALE_SECONDS", 0.0)
    assert runs.get(run).status == "interrupted"
    runs.requeue(run)
    assert runs.get(run).status == "queued"
    assert not runs.record(run, "dead", [Fault(0, "")])


def test_of_two_who_let_a_run_go_on_one_is_told_that_it_does(runs: Runs) -> None:
    run = runs.create(SETUP)
    runs.claim(run, "me")
    runs.end(run, "interrupted", "")
    seen = runs.get(run)
    runs.requeue(run)
    with pytest.raises(ValueError, match="only a run that is stopped, failed, interrupted can go on"):
        runs.requeue(run)
    with pytest.MonkeyPatch.context() as at_the_same_time:
        at_the_same_time.setattr(runs, "get", lambda _: seen)
        runs.claim(run, "worker")
        with pytest.raises(ValueError, match="has not been told to go on yet"):
            runs.requeue(run)
    assert runs.get(run).status == "running"


def test_a_clock_set_back_leaves_no_dead_run_running_and_no_queue_behind(runs: Runs) -> None:
    dead, waiting, mine = runs.create(SETUP), runs.create(SETUP, app="dead"), runs.create(SETUP, app="mine")
    with pytest.MonkeyPatch.context() as tomorrow:
        tomorrow.setattr(time, "time", lambda now=time.time: now() + 86_400)
        runs.claim(dead, "worker")
        runs.say_alive(dead)
        runs.beat("dead")
        assert runs.get(dead).status == "running"
    assert runs.get(dead).status == "interrupted"
    runs.beat("mine")
    runs.adopt("other")
    assert (runs.waiting("other"), runs.waiting("mine")) == ([waiting], [mine])
    runs.requeue(dead)
    assert runs.get(dead).status == "queued"


def test_only_its_owner_ends_a_run(runs: Runs) -> None:
    run = runs.create(SETUP)
    runs.claim(run, "me")
    assert not runs.end(run, "interrupted", "not mine", "another")
    assert runs.get(run).status == "running"
    assert runs.end(run, "interrupted", "mine", "me")
    assert runs.get(run).reason == "mine"


def columns(engine: sa.Engine) -> dict[str, list[tuple[str, str, bool]]]:
    """Every table with its columns' names, types and whether they may be empty, and its indexes."""
    inspector = sa.inspect(engine)
    return {
        table: [
            *((c["name"], str(c["type"]), bool(c["nullable"])) for c in inspector.get_columns(table)),
            *sorted((str(i["name"]), str(i["column_names"]), False) for i in inspector.get_indexes(table)),
        ]
        for table in inspector.get_table_names()
        if table not in ("alembic_version", "schema_version")
    }


def test_migrations_lead_to_the_tables_that_this_version_reads(runs: Runs, tmp_path: Path) -> None:
    if runs.engine.dialect.name != "sqlite":
        return
    direct = sa.create_engine(f"sqlite:///{tmp_path / 'direct.sqlite'}")
    schema.SCHEMA.create_all(direct)
    assert columns(runs.engine) == columns(direct)


def test_a_column_added_to_the_tables_alone_does_not_reach_a_database(tmp_path: Path) -> None:
    """Revisions are frozen: what they make does not follow the tables that the code reads."""
    table, column = schema.RUNS, sa.Column("colour", sa.Text)
    table.append_column(column)
    try:
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'frozen.sqlite'}")
        schema.migrate(engine)
        assert "colour" not in {name for name, *_ in columns(engine)["runs"]}
    finally:
        table._columns.remove(column)


@pytest.mark.parametrize("fresh", [True, False], ids=["a fresh database", "one that 0.1.0 made"])
def test_a_further_revision_is_applied_once_and_keeps_what_is_stored(
    fresh: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    if not fresh:
        shutil.copytree(Path(__file__).parent / "data" / "version_0_1" / "store", folder)
    before = {run.id: run for run in Runs(folder=folder).search()}
    assert len(before) == (0 if fresh else 3)
    later = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, later)
    (later / "versions" / "v9999.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = '9999', '{schema.HEAD}'\n"
        "def upgrade():\n    op.add_column('runs', sa.Column('colour', sa.Text))\n"
    )
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", later)
        newer.setattr(schema, "HEAD", "9999")
        for _ in range(2):
            runs = Runs(folder=folder)
            assert {run.id: run for run in runs.search()} == before
            assert "colour" in {name for name, *_ in columns(runs.engine)["runs"]}
    with pytest.raises(StoreError, match="newer version of gdviz"):
        Runs(folder=folder)


def test_a_database_of_a_newer_version_that_counted_is_refused(tmp_path: Path) -> None:
    with Runs(folder=tmp_path).engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
        connection.exec_driver_sql("UPDATE schema_version SET version = 7")
    with pytest.raises(StoreError, match="newer version of gdviz"):
        Runs(folder=tmp_path)


def test_two_processes_make_one_fresh_database(runs: Runs) -> None:
    with runs.engine.begin() as connection:
        for table in (*reversed(schema.SCHEMA.sorted_tables), "alembic_version", "schema_version"):
            connection.exec_driver_sql(
                f"DROP TABLE {table}" + (" CASCADE" if connection.dialect.name[0] == "p" else "")
            )
    code = "import sys; from gdviz.runs import Runs; Runs(*sys.argv[1:]).search()"
    command = [sys.executable, "-c", code, runs.url, str(runs.folder)]
    for process in [subprocess.Popen(command) for _ in range(2)]:
        assert process.wait(60) == 0


def test_groups_and_visitors(runs: Runs) -> None:
    a, b = runs.create(SETUP, group="one", visitor="x"), runs.create(SETUP, group="one", visitor="y")
    c = runs.create(SETUP)
    assert {run.id for run in runs.search(group="one")} == {a, b}
    assert [run.id for run in runs.search(group="one", visitor="y")] == [b]
    assert {run.id for run in runs.search()} == {a, b, c}
    assert (runs.get(a).group, runs.get(a).visitor, runs.get(c).group) == ("one", "x", None)


def test_sqlite_is_in_wal_mode_and_read_while_it_is_locked_for_writing(tmp_path: Path) -> None:
    runs = Runs(folder=tmp_path)
    run = ended(runs)
    with Runs(folder=tmp_path).engine.connect() as other:
        assert other.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        assert len(runs.events(run)) == 3
        with pytest.raises(StoreError, match="database is locked"):
            runs.rename(run, "other")


def test_a_read_only_store_is_still_read(tmp_path: Path) -> None:
    run = ended(Runs(folder=tmp_path))
    runs = Runs(f"sqlite:///file:{tmp_path / 'runs.sqlite'}?mode=ro&uri=true", tmp_path)
    assert len(runs.events(run)) == 3
    with pytest.raises(StoreError, match="readonly database"):
        runs.rename(run, "other")


def test_a_store_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite").write_text("this is not a database, and longer than its header would be" * 10)
    with pytest.raises(StoreError, match="cannot be opened: file is not a database"):
        Runs(folder=tmp_path)
    with pytest.raises(StoreError, match="cannot be opened"):
        Runs(folder=tmp_path / "runs.sqlite" / "below")
