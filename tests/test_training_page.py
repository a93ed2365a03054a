"""The Live training page: its controls at their extremes, its curves, and what it says of a run that diverged."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import vl_convert
from scipy.interpolate import RegularGridInterpolator
from streamlit.testing.v1 import AppTest

from gdviz.budget import size_of
from gdviz.charts.predictions import boundary
from gdviz.charts.training import by_layer, curves
from gdviz.runs import Runs
from gdviz.runs.memory import plan_of
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, PRESETS, Dataset, EarlyStopping, TrainingSetup, Watch
from gdviz.training.channel import Command, Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import Snapshot, Start, of_kind
from gdviz.training.keras.loop import train
from gdviz.training.live import Live
from gdviz.ui import training as ui
from gdviz.ui import training_cards
from gdviz.ui.training_cards import Look, questions
from gdviz.ui.training_preview import is_quick, model_table, planned_steps
from tests.events import batches

SCRIPT = """
import streamlit as st
from gdviz.ui import training as ui
from gdviz.ui import training_controls

setup = training_controls.setup_controls(st.sidebar)
ui.keep(setup)
training_controls.preset_controls(st.sidebar)
st.session_state["made"] = setup
"""


def opened() -> AppTest:
    return run(AppTest.from_string(SCRIPT, default_timeout=60))


def run(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def made(page: AppTest) -> TrainingSetup:
    setup: TrainingSetup = page.session_state["made"]
    return setup


def keyed(elements, key: str):
    return next(element for element in elements if element.key.endswith(f".{key}"))


def test_untouched_controls_describe_the_default() -> None:
    assert made(opened()) == TrainingSetup()


def preset_box(page: AppTest):
    return next(box for box in page.selectbox if box.label == "Preset")


def test_a_preset_is_taken_over_whole_when_it_is_chosen() -> None:
    page = opened()
    assert preset_box(page).value == "Digits, 64 relu, Adam"
    for name in reversed(PRESETS):
        preset_box(page).set_value(name)
        assert made(run(page)) == PRESETS[name]
        assert preset_box(page).value == name
    keyed(page.number_input, "epochs").set_value(77)
    assert preset_box(run(page)).value is None


def test_every_data_set() -> None:
    page = opened()
    for name in DATASETS:
        keyed(page.selectbox, "data").set_value(name)
        assert made(run(page)).data.name == name


def test_every_optimizer() -> None:
    page = opened()
    for name in KERAS_OPTIMIZERS:
        keyed(page.selectbox, "optimizer").set_value(name)
        assert made(run(page)).optimizer.name == name


@pytest.mark.parametrize("depth", [0, 10])
def test_the_extremes_of_the_model_and_the_batch(depth: int) -> None:
    page = opened()
    keyed(page.number_input, "depth").set_value(depth)
    keyed(page.number_input, "epochs").set_value(10_000)
    keyed(page.checkbox, "full").check()
    page = run(page)
    assert len(made(page).layers) == depth
    assert (made(page).epochs, made(page).batch_size) == (10_000, None)


def test_curves_leave_out_what_cannot_be_drawn_and_end_where_they_end() -> None:
    series = {"loss": ([1, 2, 3, 4], [1.0, None, -1.0, 0.5]), "val_loss": ([], [])}
    figure = curves(series, "step", "loss", scale="log")
    assert figure.tables["curves"]["at"].tolist() == [1, 4]
    assert figure.description == "loss: 0.5 at step 4."
    vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict(), allow_nan=False)))
    long = curves({"loss": (range(1, 10_001), np.ones(10_000))}, "step", "loss")
    assert len(long.tables["curves"]["at"]) == 250
    assert (long.tables["curves"]["at"][0], long.tables["curves"]["at"][-1]) == (1, 10_000)


def test_ten_layers_run_through_a_ramp_of_colours_and_are_numbered() -> None:
    series = by_layer(([1, 2], [[10.0**-i for i in range(10)]] * 2))
    for dark in (False, True):
        figure = curves(series, "step", "norm", scale="log", ordered=True, dark=dark)
        colours = figure.spec["layer"][0]["encoding"]["color"]["scale"]["range"]
        assert len(set(colours)) == 10
        # Lighter from layer to layer, so that the order is seen without colours.
        light = [sum(int(c[i : i + 2], 16) * w for i, w in ((1, 0.21), (3, 0.72), (5, 0.07))) for c in colours]
        assert light == sorted(light)
        assert figure.tables["ends"]["number"] == [str(i) for i in range(1, 11)]
        vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict(), allow_nan=False)))


def test_a_measurement_by_layer_is_one_series_a_layer() -> None:
    series = by_layer(([1, 2], [[0.1, 0.2], [0.3, 0.4]]))
    assert {name: values.tolist() for name, (_, values) in series.items()} == {
        "layer 1": [0.1, 0.3],
        "layer 2": [0.2, 0.4],
    }
    assert list(by_layer(([1], [[0.1, 0.2]]), ["dense_1", "output"])) == ["dense_1", "output"]
    assert by_layer(([], [])) == {}


PAGE = str(Path(__file__).parents[1] / "pages" / "training.py")
WATCHED = {
    "digits": {"charts": 13, "says": "rows of the validation part are right"},
    "moons": {"charts": 14, "says": "The plane holds"},
    "curve": {"charts": 9, "says": "root mean square"},
    "diabetes": {"charts": 8, "says": "root mean square"},
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runs, dict[str, str]]:
    """A store with one ended run of each kind of data, as a worker writes it."""
    runs, ids = Runs(folder=tmp_path_factory.mktemp("store")), {}
    for name in WATCHED:
        watch = Watch(plane=True, sharpness_epochs=1) if name == "moons" else Watch()
        setup = TrainingSetup(data=DATASETS.make(name), epochs=2, watch=watch)
        recorder = Recorder()
        train(setup, prepare(setup), recorder)
        ids[name] = run_id = runs.create(setup)
        assert runs.claim(run_id, "worker")
        assert runs.record(run_id, "worker", recorder.events, status="finished", reason="Done.", epochs=2, seconds=1.0)
    return runs, ids


def opened_page(runs: Runs, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """The page with a store, without workers: those are tested in the browser."""
    monkeypatch.setattr(
        ui, "shared_jobs", lambda: SimpleNamespace(runs=runs, trouble=lambda: None, resume=runs.requeue)
    )
    page = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    return run(page)


@pytest.mark.parametrize("name", list(WATCHED))
def test_what_was_measured_is_shown(
    name: str, stored: tuple[Runs, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, ids = stored
    page = opened_page(runs, monkeypatch, run=ids[name])
    asked = questions(runs.get(ids[name]).setup)
    charts, captions = 2, []
    for question in asked:
        page.session_state[f"training.look.{'.'.join(asked)}"] = question
        page = run(page)
        charts += len(page.get("vega_lite_chart")) - 2
        captions += [text.value for text in page.caption]
    assert charts == WATCHED[name]["charts"]
    assert any(WATCHED[name]["says"] in text for text in captions)
    assert any("| validation |" in text.value and "| test |" in text.value for text in page.markdown)
    assert len(page.get("download_button")) == 3
    assert '"title": "step"' in page.get("vega_lite_chart")[0].proto.spec
    next(radio for radio in page.radio if radio.key == "training.by").set_value("epoch")
    next(radio for radio in page.radio if radio.key == "training.scale").set_value("linear")
    page = run(page)
    spec = page.get("vega_lite_chart")[0].proto.spec
    assert '"title": "epoch"' in spec
    assert '"type": "linear"' in spec


def test_a_table_of_ones_own_is_counted_in_the_preview(
    stored: tuple[Runs, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ("size,colour,kind\n" + "".join(f"{i % 7},{'rgb'[i % 3]},{'abc'[i % 3]}\n" for i in range(60))).encode()
    monkeypatch.setattr(ui, "table_of", lambda run: table)
    page = opened_page(stored[0], monkeypatch, data="own_table,learn=classes,target=kind", run=stored[1]["moons"])
    assert any("60 rows, 3 columns" in text.value for text in page.text)
    setup = page.session_state["training"]
    size = size_of(setup, plan_of(setup, table))
    assert (size.inputs, size.outputs) == (4, 3)
    lines = model_table(setup, size).splitlines()
    assert lines[-2].endswith("| Dense, softmax | 3 | 195 |")
    assert planned_steps(setup, size) == 20  # 36 rows in batches of 32, ten times
    assert planned_steps(setup, replace(size, rows=1)) is None


@pytest.mark.parametrize("name", list(WATCHED))
@pytest.mark.parametrize("width", [300, 600])
def test_every_chart_is_valid_vega_lite(name: str, width: int, stored: tuple[Runs, dict[str, str]]) -> None:
    runs, ids = stored
    live = Live()
    live.add(event.recorded for event in runs.events(ids[name]))
    look = Look("batch", "log", width, width == 300)
    cards = [*training_cards.headline(live, look)]
    for question in training_cards.QUESTIONS:
        cards += training_cards.answers(question, live, look._replace(by="epoch", scale="linear"))
    for card in cards:
        svg = vl_convert.vegalite_to_svg(json.loads(json.dumps(card.figure.to_dict(), allow_nan=False)))
        drawn = float(svg.split('width="', 1)[1].split('"', 1)[0])
        assert drawn <= width, card.title
        assert card.figure.description


def test_the_boundary_is_where_two_classes_are_equally_likely(stored: tuple[Runs, dict[str, str]]) -> None:
    runs, ids = stored
    events = [event.recorded for event in runs.events(ids["moons"])]
    begun, grid = of_kind(events, Start)[0], of_kind(events, Snapshot)[-1].boundary
    lines = boundary(grid, begun.points, begun.inputs, begun.classes, 2).tables["boundaries"]
    between = RegularGridInterpolator((grid["y"], grid["x"]), np.array(grid["values"][0]))
    assert len(lines["x"]) > 10
    np.testing.assert_allclose(between(np.stack([lines["y"], lines["x"]], axis=1)), 0.5, atol=0.01)


def test_a_broken_link_is_noted_and_reset_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened_page(Runs(folder=tmp_path), monkeypatch, data="moons", epochs="17", loss="huber", seed="x")
    assert len(page.warning) == 2
    assert (page.query_params["epochs"], page.query_params["loss"]) == ("17", "binary_crossentropy")
    next(button for button in page.button if button.label == "Reset").click()
    page = run(page)
    assert not page.warning
    assert TrainingSetup.from_link({name: [page.query_params[name]] for name in page.query_params}) == (
        TrainingSetup(),
        [],
    )


def test_a_split_that_leaves_a_part_empty_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened_page(Runs(folder=tmp_path), monkeypatch, data="iris", split="validation=0.003")
    assert "validation must give at least 1 row" in page.error[0].value
    assert next(button for button in page.button if button.label == "Start").disabled


@pytest.mark.parametrize(
    ("data", "quick"),
    [
        (DATASETS.make("digits"), True),
        (DATASETS.make("random_vectors"), True),
        (DATASETS.make("random_vectors", samples=100_000, inputs=100), False),
        (DATASETS.make("mnist"), False),
        (DATASETS.make("own_table"), False),
    ],
)
def test_only_few_data_are_loaded_before_a_start(data: Dataset, quick: bool) -> None:
    assert is_quick(TrainingSetup(data=data)) == quick


def test_a_run_is_given_the_rate_that_was_typed_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button's argument was the rate before it was typed."""
    runs = Runs(folder=tmp_path)
    run_id = runs.create(TrainingSetup())
    assert runs.claim(run_id, "worker")
    assert runs.record(run_id, "worker", [batches([1.0])], status="paused")
    page = opened_page(runs, monkeypatch, run=run_id)
    next(field for field in page.number_input if field.label == "Learning rate from now on").set_value(0.25)
    next(button for button in page.button if button.label == "Change the learning rate").click()
    run(page)
    assert [command.value for _, command in runs.commands(run_id, 0)] == [0.25]


def speed_shown(page: AppTest) -> float | None:
    speed: float | None = next(slider for slider in page.select_slider if slider.label == "Speed").value
    return speed


def test_the_speed_of_a_run_is_shown_when_the_page_is_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(folder=tmp_path)
    run_id = runs.create(TrainingSetup())
    assert runs.claim(run_id, "worker")
    assert runs.record(run_id, "worker", [batches([1.0])], status="paused")
    runs.send(run_id, Command("set_speed", 3.0))
    assert speed_shown(opened_page(runs, monkeypatch, run=run_id)) == 3.0
    runs.send(run_id, Command("set_speed", None))
    assert speed_shown(opened_page(runs, monkeypatch, run=run_id)) is None


def test_a_run_that_goes_on_is_told_the_speed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(folder=tmp_path)
    run_id = runs.create(TrainingSetup())
    runs.send(run_id, Command("set_speed", 10.0))
    runs.end(run_id, "failed", "Its worker process was killed.")
    page = opened_page(runs, monkeypatch, run=run_id)
    page.session_state[ui.SPEED] = 3.0
    monkeypatch.setattr(ui, "_PATIENCE_SECONDS", 0.1)
    next(button for button in page.button if button.label == "Begin again").click()
    page = run(page)
    assert [command.value for _, command in runs.commands(run_id, 0)] == [3.0]
    assert speed_shown(page) == 3.0


def test_the_page_remembers_what_it_watches_and_says_how_it_differs(
    stored: tuple[Runs, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, ids = stored
    page = opened_page(runs, monkeypatch, run=ids["moons"])
    said = page.info[0].value.replace("\\", "")
    assert "data moons (controls: digits); epochs 2 (controls: 10); loss" in said
    next(button for button in page.button if button.label == "Use its configuration").click()
    assert not run(page).info
    page.query_params.clear()  # what a visit to another page leaves
    page = run(page)
    assert page.query_params["run"] == ids["moons"]
    assert any("finished" in text.value for text in page.markdown)


def test_a_failed_run_without_a_checkpoint_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(folder=tmp_path)
    run_id = runs.create(TrainingSetup())
    runs.end(run_id, "failed", "No file was given.")
    page = opened_page(runs, monkeypatch, run=run_id)
    runs.requeue(run_id)  # somebody else was faster
    monkeypatch.setattr(ui, "_PATIENCE_SECONDS", 0.1)
    next(button for button in page.button if button.label == "Begin again").click()
    assert "only a run that is" in run(page).error[0].value


def test_a_run_at_chance_level_has_a_verdict_and_cures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(folder=tmp_path)
    setup = PRESETS["Spirals, 10 sigmoid layers: vanishing gradients"].changed(epochs=6)
    recorder = Recorder()
    train(setup, prepare(setup), recorder)
    run_id = runs.create(setup)
    assert runs.claim(run_id, "worker")
    assert runs.record(run_id, "worker", recorder.events, status="finished", reason="Done.")
    page = opened_page(runs, monkeypatch, run=run_id)
    assert any("The gradient vanishes on its way back" in text.value for text in page.markdown)
    assert "Try batch normalisation" in {button.label for button in page.button}


def test_unrelated_widgets_leave_values_alone() -> None:
    page = opened()
    keyed(page.number_input, "epochs").set_value(77)
    keyed(page.multiselect, "metrics.classes").set_value(["top_k_categorical_accuracy"])
    keyed(page.checkbox, "early_stopping").check()
    page = run(page)
    keyed(page.slider, "early_stopping.patience").set_value(9)
    run(page).toggle[0].set_value(True)
    keyed(run(page).selectbox, "optimizer").set_value("sgd")
    keyed(run(page).number_input, "depth").set_value(3)
    run(page).toggle[0].set_value(False)
    page = run(page)
    setup = made(page)
    assert (setup.epochs, setup.metrics) == (77, ("top_k_categorical_accuracy",))
    assert setup.early_stopping == EarlyStopping(patience=9)
    assert (len(setup.layers), setup.optimizer.name) == (3, "sgd")


def test_what_does_not_go_together_is_said_and_a_run_is_still_shown(
    stored: tuple[Runs, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, ids = stored
    page = opened_page(runs, monkeypatch, run=ids["curve"])
    keyed(page.slider, "split.validation").set_value(0.9)
    page = run(page)
    assert "validation + test must be at most 0.95" in page.error[0].value
    assert next(button for button in page.button if button.label == "Start").disabled
    assert len(page.get("vega_lite_chart")) == 4  # its loss and its metric, its curve and its residuals


def test_a_run_that_is_not_stored_is_said_not_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(folder=tmp_path)
    page = opened_page(runs, monkeypatch, run="lost")
    assert "run must be the id of a stored run; got 'lost'" in page.warning[0].value
    monkeypatch.setattr(ui, "_PATIENCE_SECONDS", 0.1)
    page.query_params["run"] = runs.create(TrainingSetup(epochs=7))
    page = run(page)
    assert any(
        text.value.startswith("**queued**, place 1 in the queue: Digits, Adam 0.001, 64 relu.")
        for text in page.markdown
    )
    assert {button.label for button in page.button} >= {"Start", "Pause", "Stop", "Change the learning rate"}
