"""The Runs page: what it lists, compares and does, and what it says when the store is damaged."""

import json
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sqlalchemy as sa
import vl_convert
from streamlit.testing.v1 import AppTest

from gdviz.charts.runs import overlay
from gdviz.runs import Runs
from gdviz.stories import of_page
from gdviz.training import DATASETS, PRESETS, TrainingSetup
from gdviz.ui import runs as ui
from gdviz.ui import training
from gdviz.ui.runs_compared import difference_table
from gdviz.ui.runs_list import folded
from tests.events import epoch

PAGE = str(Path(__file__).parents[1] / "pages" / "runs.py")
SETUP = TrainingSetup(data=DATASETS.make("moons"), epochs=2)


def stored(runs: Runs, setup: TrainingSetup = SETUP, name: str = "", losses: tuple[float | None, ...] = (0.5,)) -> str:
    run = runs.create(setup, name)
    assert runs.claim(run, "me")
    epochs = [epoch(e, loss=loss) for e, loss in enumerate(losses, start=1)]
    assert runs.record(run, "me", epochs, epochs=len(losses))
    assert runs.record(run, "me", [], status="finished", ended=time.time(), train_loss=losses[-1])
    return run


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs(folder=tmp_path)
    monkeypatch.setattr(ui, "shared_runs", lambda: made)
    return made


def opened(*ids: str, **fields: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params["run"] = list(ids)
    for name, value in fields.items():
        page.query_params[name] = value
    return again(page)


def again(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def button(page: AppTest, label: str):
    return next(element for element in page.button if label in element.label)


def text(page: AppTest) -> str:
    return "\n".join(element.value for kind in (page.markdown, page.warning, page.error, page.info) for element in kind)


def test_an_empty_store_and_a_link_to_a_run_that_is_gone(runs: Runs) -> None:
    page = opened()
    assert "No runs yet" in text(page)
    assert {"Start a training", "Let optimizers compete"} <= {element.label for element in page.button}
    assert "There is no run lost any more" in text(opened("lost", sort="colour", scale="cubic"))


def test_chosen_runs_are_compared(runs: Runs) -> None:
    a, b = stored(runs), stored(runs, SETUP.with_change("optimizer.learning_rate", 0.5), losses=(0.9, 0.4))
    page = opened(a, b)
    table = next(element.value for element in page.markdown if element.value.startswith("| field"))
    assert "| optimizer.learning_rate | 0.001 | 0.5 |" in table
    assert [line.split("|")[1].strip() for line in table.splitlines()[3:]] == ["**training loss**", "**status**"]
    assert "| **training loss** | 0.5 | 0.4 |" in table.replace("\\", "")
    assert any("2 · Moons, Adam 0.5, 64 relu: 0.4 at epoch 2" in e.value.replace("\\", "") for e in page.markdown)
    assert "the configurations are the same" in text(opened(a, stored(runs)))


def test_the_table_has_the_columns_that_are_chosen(runs: Runs) -> None:
    run = stored(runs, PRESETS["Spirals, 10 sigmoid layers: vanishing gradients"])
    scored = runs.create(SETUP)
    assert runs.claim(scored, "me")
    epochs = [epoch(e, val_loss=1.0 / e, val_binary_accuracy=a) for e, a in ((1, 0.5), (2, 0.75), (3, 0.7))]
    assert runs.record(scored, "me", epochs, epochs=3, status="finished")
    page = opened()
    listed = page.dataframe[0].value.set_index("name")
    best = listed.loc["Moons, Adam 0.001, 64 relu"]
    assert (best["optimizer"], best["learning rate"]) == ("Adam", pytest.approx(0.001))
    assert (best["best validation score"], best["score of"], best["best epoch"]) == (0.75, "accuracy", 2)
    assert "layers" not in listed
    assert listed.loc[runs.get(run).name, "score of"] == "–"
    next(box for box in page.multiselect if box.label == "Columns of the table").set_value(["layers", "loss"])
    listed = again(page).dataframe[0].value
    assert listed.columns.tolist() == ["name", "status", "layers", "loss"]
    assert "10 × 16 sigmoid" in listed["layers"].tolist()


def test_the_link_has_the_columns_and_how_curves_are_drawn(runs: Runs) -> None:
    a = stored(runs, losses=(0.9, 0.5, 0.4))
    page = opened(a)
    next(box for box in page.multiselect if box.label == "Columns of the table").set_value(["layers", "loss"])
    next(box for box in page.radio if box.label == "Across").set_value("seconds")
    next(box for box in page.slider if box.label == "Smoothing").set_value(0.6)
    page = again(page)
    again_page = opened(a, **{name: page.query_params[name] for name in ("columns", "across", "smoothing")})
    assert again_page.dataframe[0].value.columns.tolist() == ["name", "status", "layers", "loss"]
    assert next(box for box in again_page.radio if box.label == "Across").value == "seconds"
    assert next(box for box in again_page.slider if box.label == "Smoothing").value == 0.6
    strange = opened(a, columns="colour", across="mood", smoothing="1e9")
    assert len(strange.dataframe[0].value.columns) > 4
    assert strange.query_params["smoothing"] in ("0", ["0"])


def test_the_trainings_of_a_comparison_are_one_line_until_it_is_opened(runs: Runs) -> None:
    alone = stored(runs, name="Alone")
    ids = [runs.create(SETUP, f"Moons: 2 optimizers: Adam, trial {n}", group="abc") for n in (1, 2, 3)]
    runs.claim(ids[0], "me")
    names = opened().dataframe[0].value["name"].tolist()
    assert names == ["3 trainings · Moons: 2 optimizers", "Alone"]
    assert opened().dataframe[0].value["status"][0] == "2 queued, 1 running"
    assert folded([runs.get(id) for id in (alone, *ids)], {"abc"}) == [runs.get(id) for id in (alone, *ids)]
    among = folded([runs.get(id) for id in (ids[0], alone, ids[1])], set())  # it stands where its first one does
    assert [line.name for line in among] == ["2 trainings · Moons: 2 optimizers", "Alone"]
    page = opened(ids[1])  # a link to one of them opens it
    assert sorted(page.dataframe[0].value["name"]) == ["Alone", *(f"· Adam, trial {n}" for n in (1, 2, 3))]
    button(page, "Fold the comparisons").click()
    assert len(again(page).dataframe[0].value) == 2
    page.session_state["runs_opened"] = {"abc"}
    assert len(again(page).dataframe[0].value) == 4


def test_a_story_that_waits_for_its_runs_is_over_when_others_are_chosen(runs: Runs) -> None:
    story = next(iter(of_page("runs"))).name
    page = opened(story=story)
    assert any(found.label.startswith("Train these") for found in page.button)
    button(page, "Reset").click()
    assert not any(found.label.startswith("Train these") for found in again(page).button)


def test_layers_that_are_alike_are_one_line_of_what_differs(runs: Runs) -> None:
    deep = PRESETS["Spirals, 10 sigmoid layers: vanishing gradients"]
    cured = deep.changed(layers=tuple(replace(layer, normalization="batch") for layer in deep.layers))
    table = difference_table(runs, [runs.get(stored(runs, deep)), runs.get(stored(runs, cured))]).replace("\\", "")
    assert "| layers | 10 × 16 sigmoid | 10 × 16 sigmoid (normalization batch) |" in table
    assert "layers.1" not in table
    other = difference_table(
        runs, [runs.get(stored(runs)), runs.get(stored(runs, SETUP.with_change("optimizer.name", "sgd")))]
    )
    fields = [line.split("|")[1].strip() for line in other.replace("\\", "").splitlines()]
    assert fields[2] == "optimizer.name"
    assert not any(field.startswith("optimizer.beta") for field in fields)


def test_curves_are_smoothed_and_drawn_across_epoch_step_or_time(runs: Runs) -> None:
    run = runs.create(SETUP)
    assert runs.claim(run, "me")
    epochs = [epoch(e, step=10 * e, seconds=0.5 * e, loss=1.0 / e) for e in range(1, 9)]
    assert runs.record(run, "me", epochs, epochs=8, status="finished")
    page = opened(run)
    for across, title in (("step", "step"), ("seconds", "time of training, in seconds")):
        next(radio for radio in page.radio if radio.label == "Across").set_value(across)
        assert f'"title": "{title}"' in again(page).get("vega_lite_chart")[0].proto.spec
    next(slider for slider in page.slider if slider.label == "Smoothing").set_value(0.9)
    again(page)
    assert any("Smoothed with 0.9" in element.value for element in page.markdown)


def test_a_run_is_repeated_with_one_change_beside_the_first(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = SimpleNamespace(start=lambda setup, name, content, **more: runs.create(setup, name, content, **more))
    monkeypatch.setattr(training, "shared_jobs", lambda: jobs)
    run = stored(runs, name="first")
    page = opened(run)
    next(box for box in page.selectbox if box.label == "What to change").set_value("layers.1.units")
    page = again(page)
    assert button(page, "Start beside it").disabled
    next(field for field in page.number_input if field.key.endswith("layers.1.units")).set_value(8)
    page = again(page)
    button(page, "Start beside it").click()
    page = again(page)
    assert not page.error, page.error[0].value
    (new,) = [other for other in runs.search() if other.id != run]
    assert (new.name, runs.differences([run, new.id])) == ("first, layers.1.units = 8", {"layers.1.units": [64, 8]})
    assert page.query_params["run"] == [run, new.id]


def test_a_run_is_renamed_deleted_and_brought_back(runs: Runs) -> None:
    run = stored(runs)
    page = opened(run)
    next(field for field in page.text_input if field.label == "Name").set_value("other")
    next(field for field in page.text_area if field.label == "Note").set_value("remark")
    button(page, "Save name and note").click()
    page = again(page)
    assert (runs.get(run).name, runs.get(run).note) == ("other", "remark")
    button(page, "Delete 1 chosen run").click()
    page = again(page)
    assert runs.search() == []
    button(page, "Undo").click()
    page = again(page)
    assert [other.id for other in runs.search()] == [run]
    waiting = runs.create(SETUP)
    page = opened(waiting)
    button(page, "Delete").click()
    assert "must have ended before it is deleted" in text(again(page)).replace("\\", "")


def test_any_name_and_note_and_a_lost_folder_are_shown_as_they_are(runs: Runs) -> None:
    name = "<script>alert(1)</script> | *a* $x$ \"q\" 'r' :red[b] `c`\n# d"
    run = stored(runs, name=name, losses=(None, 0.1))
    runs.annotate(run, "<b>" + "long " * 1999)
    page = opened(run, stored(runs, SETUP.with_change("seed", 3)))
    assert r"\<script>alert(1)\</script> \| \*a\*" in text(page)
    assert "<b>" not in text(page).replace("\\<b", "")
    assert any("model's file is missing" in element.value for element in page.caption)


def test_a_configuration_that_cannot_be_read_does_not_hide_the_others(runs: Runs) -> None:
    good, bad = stored(runs), stored(runs)
    with sqlite3.connect(runs.folder / "runs.sqlite") as base:
        base.execute("UPDATE runs SET setup = '{\"colour\": 1}' WHERE id = ?", (bad,))
    page = opened(bad, good)
    assert "cannot read the run's configuration" in text(page)
    assert page.dataframe[0].value.shape[0] == 2


@pytest.mark.parametrize("fault", ["truncated", "newer", "no table"])
def test_a_damaged_store_is_explained(fault: str, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(40):
        stored(runs, name=f"{i}")
    file = runs.folder / "runs.sqlite"
    runs.engine.dispose()
    with sqlite3.connect(file) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if fault == "newer":
            base.execute("UPDATE alembic_version SET version_num = '9999'")
        if fault == "no table":
            base.execute("DROP TABLE runs")
    if fault == "truncated":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    if fault == "newer":  # which an app notices when it opens the store
        monkeypatch.setattr(ui, "shared_runs", lambda: Runs(folder=runs.folder))
    said = text(opened()).replace("\\", "")
    expected = {"truncated": "malformed", "newer": "made by a newer version", "no table": "no such table"}
    assert f"The store of runs {'was' if fault == 'newer' else 'cannot be used'}" in said
    assert expected[fault] in said


def test_a_thousand_runs_are_asked_for_together(runs: Runs) -> None:
    first = stored(runs)
    with sqlite3.connect(runs.folder / "runs.sqlite") as base:
        columns = [row[1] for row in base.execute("PRAGMA table_info(runs)") if row[1] != "id"]
        names = ", ".join(f'"{name}"' for name in columns)
        copy = f"INSERT INTO runs (id, {names}) SELECT ?, {names} FROM runs WHERE id = ?"
        base.executemany(copy, [(str(i), first) for i in range(999)])
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    assert len(runs.search("moons", "train_loss")) == 1000
    assert len(asked) == 1
    page = opened(first)
    asked.clear()
    again(page)
    sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert 0 < len(asked) < 40  # it does not ask for each run


def test_every_field_of_every_preset_is_changed_alone() -> None:
    for setup in PRESETS.values():
        for name, knob in setup.single_changes().items():
            value = setup.flat().get(name)
            if value is None or (knob.choices and name.endswith(".name")):
                continue
            assert setup.with_change(name, value) == setup
    moons = TrainingSetup().with_change("data.name", "moons")
    assert (moons.data.name, moons.loss) == ("moons", "binary_crossentropy")
    assert TrainingSetup().with_change("optimizer.name", "sgd").optimizer.learning_rate == 0.001
    for name, value, message in (
        ("colour", 1, "field must be one"),
        ("epochs", 0, "epochs must be a whole number"),
        ("layers.1.units", -1, "units must be"),
    ):
        with pytest.raises(ValueError, match=message):
            TrainingSetup().with_change(name, value)


def test_smoothing_is_the_corrected_exponential_average_and_keeps_the_values() -> None:
    values = np.random.default_rng(0).normal(size=40)
    weights = 0.8 ** np.arange(40)
    expected = [np.average(values[: i + 1][::-1], weights=weights[: i + 1]) for i in range(40)]
    figure = overlay({"a": (range(40), values)}, "loss", smoothing=0.8)
    np.testing.assert_allclose(figure.tables["runs"]["smooth"], expected)
    np.testing.assert_allclose(figure.tables["runs"]["value"], values)
    x = figure.spec["layer"][0]["encoding"]["x"]["scale"]
    assert (x["zero"], x["nice"]) == (False, False)
    vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict(), allow_nan=False)))


def test_the_overlay_draws_what_can_be_drawn_and_says_the_rest() -> None:
    series = {"1 · a": ([1, 2, 3], [1.0, None, 0.5]), "2 · b": ([1], [0.2]), "3 · c": ([], []), "4 · d": ([1], [None])}
    figure = overlay(series, "loss", scale="log")
    assert figure.tables["runs"]["alone"] == [0, 0, 1]
    assert figure.tables["pointer"] == {
        "at": [1, 3],
        "run0": ["1", "0.5"],
        "run1": ["0.2", "–"],
        "run2": ["–", "–"],
        "run3": ["–", "–"],
    }
    assert figure.description == (
        "1 · a: 0.5 at epoch 3, lowest 0.5 at epoch 3; 1 values cannot be drawn. 2 · b: 0.2 at epoch 1, lowest 0.2 at "
        "epoch 1. 3 · c: nothing recorded. 4 · d: never finite."
    )
    vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict(), allow_nan=False)))
    long = overlay({"x": (range(1, 10_001), np.ones(10_000))}, "loss", dark=True)
    assert len(long.tables["runs"]["at"]) == 500


def test_going_back_to_other_runs_shows_them(runs: Runs) -> None:
    a, b = stored(runs), stored(runs, name="another")
    page = opened(a)
    page.session_state["arrived"] = True
    page.query_params["run"], page.query_params["search"] = [b], "Moons"
    again(page)
    assert page.session_state["runs_chosen"] == [b]
    assert next(box for box in page.text_input if box.label == "Search").value == "Moons"
    page.session_state["arrived"] = True
    page.query_params.clear()
    again(page)
    assert page.session_state["runs_chosen"] == [b]  # by the navigation: what was there stays
