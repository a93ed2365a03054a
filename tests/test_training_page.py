"""The Live training page: its controls at their extremes, its curves, and what it says of a run that diverged."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import vl_convert
from streamlit.testing.v1 import AppTest

from gdviz.charts.training import by_layer, curves
from gdviz.runs import Runs
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, PRESETS, TrainingSetup
from gdviz.ui import training as ui

SCRIPT = """
import streamlit as st
from gdviz.ui import training as ui
from gdviz.ui import training_controls

training_controls.preset_controls(st.sidebar)
setup = training_controls.setup_controls(st.sidebar)
ui.keep(setup)
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


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_taken_over_whole(name: str) -> None:
    page = opened()
    next(box for box in page.selectbox if box.key == "training.preset").set_value(name)
    page = run(page)
    next(button for button in page.button if button.key == "training.use").click()
    assert made(run(page)) == PRESETS[name]


@pytest.mark.parametrize("name", list(DATASETS))
def test_every_data_set(name: str) -> None:
    page = opened()
    keyed(page.selectbox, "data").set_value(name)
    assert made(run(page)).data.name == name


@pytest.mark.parametrize("name", list(KERAS_OPTIMIZERS))
def test_every_optimizer(name: str) -> None:
    page = opened()
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
    assert len(long.tables["curves"]["at"]) == 400
    assert (long.tables["curves"]["at"][0], long.tables["curves"]["at"][-1]) == (1, 10_000)


def test_a_measurement_by_layer_is_one_series_a_layer() -> None:
    series = by_layer(([1, 2], [[0.1, 0.2], [0.3, 0.4]]))
    assert {name: values.tolist() for name, (_, values) in series.items()} == {
        "layer 1": [0.1, 0.3],
        "layer 2": [0.2, 0.4],
    }
    assert list(by_layer(([1], [[0.1, 0.2]]), ["dense_1", "output"])) == ["dense_1", "output"]
    assert by_layer(([], [])) == {}


def test_the_page_opens_and_a_run_that_is_not_stored_is_said_not_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a store, without workers: those are started by what the app's own process is, and tested in the browser."""
    jobs = SimpleNamespace(runs=Runs(folder=tmp_path), trouble=lambda: None)
    monkeypatch.setattr(ui, "shared_jobs", lambda: jobs)
    page = AppTest.from_file(str(Path(__file__).parents[1] / "pages" / "training.py"), default_timeout=60)
    page.query_params["run"] = "lost"
    page = run(page)
    assert "run must be the id of a stored run; got 'lost'" in page.warning[0].value

    page.query_params["run"] = jobs.runs.create(TrainingSetup(epochs=7))
    page = run(page)
    assert any(text.value.startswith("**queued**, place 1 in the queue: Digits, Adam.") for text in page.markdown)
    assert {button.label for button in page.button} >= {"Start", "Pause", "Stop", "Change the learning rate"}
