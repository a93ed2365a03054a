"""A user's own CSV on the Live training page: shown as understood, set right, and started only where it works."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from gdviz.runs import Runs
from gdviz.runs.jobs import Jobs
from gdviz.training import DATASETS, TrainingSetup
from gdviz.training.datasets import OwnTable, prepare
from gdviz.ui import training as ui

PAGE = str(Path(__file__).parents[1] / "pages" / "training.py")
FILE = "\n".join(
    ["customer;city;since;sales;zip;grade"]
    + [
        f"C{i * 7};{['Bonn', 'Köln', '[x](http://e.org)'][i % 3]};{i % 28 + 1}.2.2023;1.2{i:02d},5;{5311 + i % 4};"
        f"{'<1' if i == 3 else i % 5}"
        for i in range(60)
    ]
).encode()


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with that file, without workers."""
    runs = Runs(folder=tmp_path)
    monkeypatch.setattr(ui, "shared_jobs", lambda: SimpleNamespace(runs=runs, trouble=lambda: None))
    page = AppTest.from_file(PAGE, default_timeout=60)
    for name, texts in TrainingSetup(data=DATASETS.make("own_table")).to_link().items():
        page.query_params[name] = texts
    page.session_state["training_file"] = FILE
    return page


def again(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def labelled(elements, label: str):
    return next(element for element in elements if element.label == label)


def setup_of(page: AppTest) -> TrainingSetup:
    setup: TrainingSetup = page.session_state["training"]
    return setup


def startable(page: AppTest) -> bool:
    return not labelled(page.button, "Start").disabled


def test_what_was_understood_and_what_is_left_out_is_listed_before_the_start(page: AppTest) -> None:
    again(page)
    labelled(page.selectbox, "Column to predict").set_value("sales")
    again(page)
    assert startable(page)
    assert setup_of(page).data == OwnTable(learn="regression", target="sales")
    shown = page.dataframe[0].value
    assert dict(zip(shown["column"], shown["kind"], strict=True)) == {
        "customer": "identifier",
        "city": "category",
        "since": "date",
        "sales": "number",
        "zip": "number",
        "grade": "mixed",
    }
    assert shown["use"].tolist() == ["left out", "input", "input", "to predict", "input", "left out"]
    said = " ".join(element.value for element in page.text)
    assert "5 inputs predict sales, a number. Rows by part: 36 train, 12 validation, 12 test." in said
    assert "customer (identifier: has 60 different texts" in said
    assert any("Say that it is a number" in warning.value for warning in page.warning)


def test_columns_are_set_right(page: AppTest) -> None:
    again(page)
    labelled(page.selectbox, "Column to predict").set_value("city")
    again(page)
    labelled(page.multiselect, "Leave out").set_value(["since"])
    labelled(page.multiselect, "Take though left out").set_value(["grade"])
    again(page)
    labelled(page.multiselect, "Numbers that are names").set_value(["zip"])
    again(page)
    data = setup_of(page).data
    assert data == OwnTable(learn="classes", target="city", columns="since=left out,grade=number,zip=category")
    assert prepare(setup_of(page), FILE).inputs == (
        "sales",
        "zip = 5311",
        "zip = 5312",
        "zip = 5313",
        "zip = 5314",
        "grade",
    )
    assert startable(page)
    assert "[x](http" not in " ".join(element.value for element in page.markdown)


def test_start_waits_until_it_can_work(page: AppTest) -> None:
    again(page)
    assert "the target grade must have 2 to 100" not in "".join(error.value for error in page.error)
    labelled(page.selectbox, "Column to predict").set_value("customer")
    again(page)
    labelled(page.radio, "What it is").set_value("regression")
    again(page)
    assert "must be a number in every row for a regression" in page.error[0].value
    assert len(page.dataframe[0].value) == 6
    assert not startable(page)
    for content, message in ((b"a,b\n1,2\n1\n", "line 3 has 1 cells"), (b"\x00", "binary data")):
        page.session_state["training_file"] = content
        assert message in again(page).error[0].value
        assert not startable(page)
    page.session_state["training_file"] = None
    assert "Choose a CSV file" in again(page).info[0].value
    assert not startable(page)


def test_what_a_column_mostly_is_when_it_is_predicted_is_proposed(page: AppTest) -> None:
    rows = "\n".join(f"{i * 0.3:.1f},{i % 2},{'abc'[i % 3]},{i * i % 50}" for i in range(40))
    page.session_state["training_file"] = f"x,two,three,many\n{rows}".encode()
    again(page)
    for target, task in (("two", "binary"), ("three", "classes"), ("many", "regression"), ("x", "regression")):
        labelled(page.selectbox, "Column to predict").set_value(target)
        again(page)
        assert (setup_of(page).data.task, startable(page)) == (task, True), target


def test_a_setup_of_version_0_1_keeps_its_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: AppTest
) -> None:
    page.query_params["data"] = "own_table,learn=classes,target=2,missing=drop"
    again(page)
    assert setup_of(page).data.to_dict() == {"name": "own_table", "learn": "classes", "target": 2, "missing": "drop"}
    assert startable(page)
    labelled(page.checkbox, "Read as version 0.1.0 did").uncheck()
    assert isinstance(setup_of(again(page)).data, OwnTable)


def test_a_file_over_the_budget_is_refused_where_it_is_given(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDVIZ_PAGE_SECONDS", "0.000001")
    again(page)
    assert any("CSV: This would take about" in error.value for error in page.error)
    assert not startable(page)


@pytest.mark.parametrize("watch", ["plane=True", "sharpness_epochs=1"])
def test_a_training_that_no_worker_can_hold_is_refused_before_it_starts(
    watch: str, page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.query_params["layer"] = ["units=8192", "units=8192"]
    page.query_params["watch"] = watch
    page.query_params["data"] = "digits"
    again(page)
    assert any("GB of memory, and a worker may take 3.9 GB" in error.value for error in page.error)
    assert not startable(page)
    with pytest.raises(ValueError, match=r"GB of memory, and a worker may take 3\.9 GB: choose a smaller model"):
        Jobs.start(SimpleNamespace(), setup_of(page))  # type: ignore[arg-type]  # whatever page asks for it
