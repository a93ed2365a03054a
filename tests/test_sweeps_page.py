"""The Sweeps page: every picture, its links and its code."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PAGE = str(Path(__file__).parents[1] / "pages" / "sweeps.py")
LINK = {"landscape": "quadratic", "run": ["momentum,learning_rate=0.05", "adam,learning_rate=0.1"], "steps": "40"}


def page(**fields: str | list[str]) -> AppTest:
    at = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in {**LINK, **fields}.items():
        at.query_params[name] = value
    return at.run()


@pytest.mark.parametrize(
    ("mode", "finding"),
    [
        ("basins", "reaches the minimum from"),
        ("window", "Learning rates at which half of the runs converge"),
        ("map", "Momentum converges at"),
        ("sensitivity", "As the start goes from"),
    ],
)
def test_every_picture_has_a_finding_code_that_runs_and_a_link(mode: str, finding: str, capsys: object) -> None:
    at = page(mode=mode, side="32")
    assert not at.exception
    assert not at.warning
    assert finding in at.info[0].value
    assert at.query_params["mode"] == mode
    assert at.query_params["steps"] == "40"
    exec(at.code[0].value, {})
    assert finding in capsys.readouterr().out  # type: ignore[attr-defined]


def test_a_broken_field_is_noted_and_the_others_are_read() -> None:
    at = page(mode="volcano", side="32")
    assert not at.exception
    assert "mode must be one of basins, window, map, sensitivity; got 'volcano'" in at.warning[0].value
    assert at.query_params["side"] == "32"


def test_live_basins_stand_above_the_exact_ones_where_the_browser_can_run_the_rule() -> None:
    at = page(mode="basins", side="32", steps="10")
    (live,) = at.get("bidi_component")
    data = json.loads(json.loads(live.proto.json)["figure"])
    assert data["kind"] == "basins"
    assert [run["why"] for run in data["runs"]] == ["", ""]
    at = page(mode="basins", side="32", run="lbfgs,learning_rate=1.0", steps="4")
    assert not at.get("bidi_component")
    assert any(caption.value.startswith("On the server: ") for caption in at.caption)
    assert "reaches the minimum from" in at.info[0].value


def test_the_map_and_its_words_call_hyperparameters_as_people_do() -> None:
    at = page(mode="map", steps="20")
    assert at.selectbox(key="0.sweep.columns.learning_rate,momentum").options == ["Learning rate (η)", "Momentum (μ)"]
    assert "learning_rate" not in at.info[0].value
    assert any(text.value.startswith("| Learning rate (η) | Momentum (μ) | ") for text in at.markdown)
    axes = json.loads(at.get("vega_lite_chart")[0].proto.spec)["layer"][1]["encoding"]
    assert axes["x"]["title"] == "learning rate"


def test_the_steps_are_those_of_the_experiment() -> None:
    at = page(mode="window")
    at.select_slider(key="0.sweep.steps").set_value(100).run()
    assert not at.exception
    assert at.session_state["experiment"].steps == 100


def test_a_click_before_the_figure_knew_of_a_new_run_opens_the_runs_from_there_and_changes_nothing_else() -> None:
    def script() -> None:
        import streamlit as st

        from gdviz.ui.controls import EXPERIMENT
        from gdviz.ui.sweeps import _take_over

        before = EXPERIMENT.setup
        _take_over({"start": before.descents()[0].start, "values": []})
        assert EXPERIMENT.setup == before
        _take_over({"start": [1.0, 2.0], "values": []})
        assert EXPERIMENT.setup.optimizers == before.optimizers
        assert EXPERIMENT.setup.start == (1.0, 2.0)
        st.write("done" if st.session_state["open_descent"] else "")

    at = AppTest.from_function(script, default_timeout=60).run()
    assert not at.exception
    assert at.markdown[0].value == "done"
