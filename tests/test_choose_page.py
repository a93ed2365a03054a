"""The Choose page: its controls, its refusals, a comparison from Compare to what is taken home."""

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import vl_convert
from streamlit.testing.v1 import AppTest

from gdviz.charts import comparing as charts
from gdviz.clipping import CLIPPERS
from gdviz.comparing.comparison import Budget, Comparison, Entrant, entrants_of
from gdviz.comparing.estimate import estimated_seconds
from gdviz.comparing.plan import portions
from gdviz.comparing.presets import PRESETS
from gdviz.comparing.record import Record
from gdviz.comparing.run import run
from gdviz.export.comparison import comparison_html, entrant_table
from gdviz.runs import Runs, StoreError
from gdviz.runs.comparisons import Comparisons
from gdviz.schedules import SCHEDULES
from gdviz.training import DATASETS, KERAS_OPTIMIZERS, DenseLayer, TrainingSetup
from gdviz.training.keras.together import Trainer
from gdviz.ui import choose as ui
from gdviz.ui import visitors

PAGE = str(Path(__file__).parents[1] / "pages" / "choose.py")
SMALL = Comparison(
    TrainingSetup(data=DATASETS.make("iris"), layers=(DenseLayer(4),), epochs=2),
    entrants_of(["sgd", "adam"]),
    Budget(trials=4, repeats=2),
)


class JobsHere:
    """Stands in for the workers: what is submitted is done at once, in this process."""

    closing = False

    def __init__(self, runs: Runs) -> None:
        self.runs, self.faults, self.looks = runs, dict[str, str](), list[Any]()

    def submit(self, function: Any, *arguments: Any, done: Any) -> None:
        function(*arguments)
        future: Future[None] = Future()
        future.status = "finished"  # type: ignore[attr-defined]
        done(future)

    def trouble(self) -> None:
        return None

    def prepare(self) -> None:
        return None


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory: pytest.TempPathFactory) -> Comparisons:
    return Comparisons(JobsHere(Runs(folder=tmp_path_factory.mktemp("store"))))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(comparisons: Comparisons) -> str:
    return comparisons.start(SMALL)


@pytest.fixture(scope="module")
def record() -> Record:
    return run(SMALL)


def opened(comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch, **query: str | list[str]) -> AppTest:
    monkeypatch.setattr(ui, "shared_comparisons", lambda: comparisons)
    page = AppTest.from_file(PAGE, default_timeout=120)
    for name, value in query.items():
        page.query_params[name] = value
    return checked(page)


def checked(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def labelled(elements: Any, label: str) -> Any:
    return next(element for element in elements if element.label == label)


def compare_button(page: AppTest) -> Any:
    return labelled(page.button, "Compare")


def test_untouched_controls_describe_the_default(comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(comparisons, monkeypatch)
    assert page.session_state["choose"] == Comparison()
    assert not compare_button(page).disabled
    assert any("168 trainings" in caption.value for caption in page.caption)
    assert not page.error


@pytest.mark.parametrize("title", list(PRESETS))
def test_a_preset_chosen_is_a_preset_applied(
    title: str, comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(comparisons, monkeypatch)
    labelled(page.selectbox, "Start from").set_value(title)
    page = checked(page)
    assert page.session_state["choose"] == PRESETS[title]
    assert labelled(page.selectbox, "Start from").value == title
    assert compare_button(page).disabled == (title == "Your own CSV")


@pytest.mark.parametrize("title", list(PRESETS))
def test_a_link_reproduces_a_comparison(title: str) -> None:
    assert Comparison.from_link(PRESETS[title].to_link()) == (PRESETS[title], [])


def test_a_link_holds_every_entrant_with_all_that_is_its_own(
    comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Comparison(
        SMALL.problem,
        (
            Entrant(KERAS_OPTIMIZERS.make("sgd", momentum=0.9), SCHEDULES.make("piecewise_constant")),
            Entrant(KERAS_OPTIMIZERS.make("sgd"), clip=CLIPPERS.make("clipnorm"), tuned=("momentum",)),
        ),
        Budget(trials=7, search="tpe", low=1e-4),
        "loss",
        0.25,
    )
    assert Comparison.from_link(made.to_link()) == (made, [])
    page = opened(comparisons, monkeypatch, **made.to_link())
    assert page.session_state["choose"] == made
    tuned = next(box for box in page.multiselect if box.label == "Tuned")
    assert (tuned.options, tuned.value) == (["momentum", "weight decay"], [])  # the learning rate cannot be left out


@pytest.mark.parametrize(
    "fields",
    [
        {"entrant": ["nobody", "adam;colour:red"]},
        {"entrant": ["adam;tuned:momentum"]},
        {"budget": ["trials=0,low=5,high=1"]},
        {"decides": ["beauty"], "target": ["much"]},
        {"data": ["iris"], "decides": ["mean_absolute_error"]},
        {"split": ["validation=0.0"]},
    ],
)
def test_what_a_link_has_wrong_is_noted_and_the_rest_kept(
    fields: dict[str, list[str]], comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, notes = Comparison.from_link(fields)
    assert notes
    assert isinstance(found, Comparison)
    page = opened(comparisons, monkeypatch, **fields)
    assert any("could not be read in full" in warning.value for warning in page.warning)


def test_no_optimizer_is_refused_where_it_is_chosen(comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(comparisons, monkeypatch)
    labelled(page.multiselect, "Optimizers").set_value([])
    page = checked(page)
    assert any("at least one" in error.value for error in page.error)
    assert compare_button(page).disabled


def test_a_range_turned_over_is_refused(comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(comparisons, monkeypatch)
    labelled(page.number_input, "Smallest learning rate").set_value(20.0)
    page = checked(page)
    assert any("low must be below high" in error.value.replace("\\", "") for error in page.error)
    assert compare_button(page).disabled


def test_the_same_optimizer_can_be_added_once_more_and_removed(
    comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(comparisons, monkeypatch, **SMALL.to_link())
    labelled(page.button, "Add it once more").click()
    page = checked(page)
    assert [e.optimizer.name for e in page.session_state["choose"].entrants] == ["sgd", "sgd", "adam"]
    labelled(page.button, "Remove it").click()
    page = checked(page)
    assert page.session_state["choose"].entrants == SMALL.entrants


def test_compare_trains_and_the_answer_is_shown(
    comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    page = opened(comparisons, monkeypatch, **SMALL.to_link())
    compare_button(page).click()
    page = checked(page)
    said = [info.value.replace("\\", "") for info in page.info]
    assert record.sentence in said
    assert page.query_params["comparison"]
    assert len(page.get("vega_lite_chart")) == 1
    assert {button.label for button in page.get("download_button")} >= {"Report (HTML)", "All trials (CSV)"}
    labelled(page.button, "Try more: 8 trials each").click()
    page = checked(page)
    assert "20 of 20 trainings" in str([bar.proto for bar in page.get("progress")])


@pytest.mark.parametrize("view", ["Learning rates", "Repeats", "Learning curves", "All numbers"])
def test_every_view_is_shown(
    view: str, comparisons: Comparisons, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(comparisons, monkeypatch, **SMALL.to_link(), comparison=finished)
    group = next(group for group in page.button_group if group.key == "choose.view")
    group.set_value([view] if isinstance(group.value, list) else view)
    page = checked(page)
    assert len(page.get("vega_lite_chart")) == (view != "All numbers")
    if view == "All numbers":
        assert any("Usable decades" in text.value for text in page.markdown)


def test_optimizers_in_tables_lead_to_the_reference(record: Record) -> None:
    table = ui.markdown_table(*entrant_table(record), ui.in_reference(record))
    assert "| [SGD](reference?entry=gradient_descent)" in table
    assert "| [Adam](reference?entry=adam)" in table


def test_landscapes_are_asked_about_by_a_link(comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(comparisons, monkeypatch, on="landscapes")
    assert compare_button(page).key == "choose.study"
    assert page.query_params["on"] in ("landscapes", ["landscapes"])
    # A link to a comparison leads to it, whatever was looked at before; the navigation, to that.
    for query in ({"seed": "3"}, {}):
        again = AppTest.from_file(PAGE, default_timeout=120)
        again.session_state["choose_on"] = "Landscapes"
        for name, value in query.items():
            again.query_params[name] = value
        assert (compare_button(checked(again)).key == "choose.study") is not bool(query)


def test_the_table_of_a_comparison_is_there_again_after_a_reload(
    comparisons: Comparisons, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ("size,kind\n" + "".join(f"{i % 7},{'ab'[i % 2]}\n" for i in range(60))).encode()
    monkeypatch.setattr(comparisons.trials, "content", lambda id: table if id == finished else None)
    fields = {"data": "own_table,learn=binary,target=kind", "comparison": finished}
    page = opened(comparisons, monkeypatch, **fields)
    assert any("60 rows, 2 columns" in text.value for text in page.text)
    assert not compare_button(page).disabled

    def busy(id: str) -> bytes:
        raise StoreError("the database is locked")

    monkeypatch.setattr(comparisons.trials, "content", busy)
    assert compare_button(opened(comparisons, monkeypatch, **fields)).disabled


def test_a_comparison_that_is_not_stored_is_said_not_to_be(
    comparisons: Comparisons, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(comparisons, monkeypatch, comparison="[lost](http://x)")
    assert any("must be the id of a stored comparison" in warning.value for warning in page.warning)
    assert not any("[lost](" in warning.value for warning in page.warning)


def test_a_store_that_cannot_be_read_is_said_in_place_of_the_answer(
    comparisons: Comparisons, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StoreError("The store's database was deleted or moved while it was in use")

    monkeypatch.setattr(Comparisons, "get", gone)
    page = opened(comparisons, monkeypatch, comparison=finished)
    assert any("was deleted or moved" in error.value for error in page.error)
    assert not compare_button(page).disabled


@pytest.mark.parametrize("shared", ["1", "0"])
def test_a_comparison_is_its_visitors_where_runs_are_not_shared(
    shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDVIZ_SHARED", shared)
    waiting = Comparisons(JobsHere(Runs(folder=tmp_path)))  # type: ignore[arg-type]
    waiting.jobs.closing = True  # type: ignore[misc]  # nothing begins
    id = waiting.start(SMALL, visitor="me", content=b"x" * 2**20)
    waiting.trials.add(id, "mine", portions(SMALL, [])[0], visitor=waiting.get(id).visitor)
    runs = waiting.trials.runs
    assert {run.visitor for run in runs.search(group=id)} == {"me"}
    assert runs.usage("me").bytes >= 2**20 > runs.usage("other").bytes
    for name, allowed in (("me", True), ("other", shared == "1")):
        monkeypatch.setattr(visitors, "visitor", lambda name=name: name)
        page = opened(waiting, monkeypatch, comparison=id)
        assert any(button.label == "Stop" for button in page.button) == allowed
        if not allowed:
            with pytest.raises(ValueError, match="another visitor's: it can be looked at, not changed"):
                visitors.check_comparison(waiting.get(id))
    monkeypatch.setenv("GDVIZ_MOST_QUEUED_EACH", "1")
    monkeypatch.setattr(visitors, "visitor", lambda: "me")
    page = opened(waiting, monkeypatch)
    compare_button(page).click()
    page = checked(page)
    assert any("You have 1 trainings in the queue" in error.value for error in page.error)


def test_no_more_are_trained_at_once_than_fit_into_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    trained: list[int] = []

    def counted(self: Trainer, setups: Any, *rest: Any, **told: Any) -> Any:
        trained.append(len(setups))
        return train(self, setups, *rest, **told)

    train = Trainer.train
    monkeypatch.setattr(Trainer, "train", counted)
    monkeypatch.setattr("gdviz.runs.memory.keras_training", lambda setup, size, n=1: n * 1500 * 2.0**20)
    comparisons = Comparisons(JobsHere(Runs(folder=tmp_path)))  # type: ignore[arg-type]
    id = comparisons.start(SMALL)
    assert trained == [2] * 6
    assert comparisons.record(id).sentence == record.sentence


@pytest.mark.parametrize("width", [300, 900])
@pytest.mark.parametrize("dark", [False, True])
def test_every_chart_is_valid_and_told_in_words(width: int, dark: bool, record: Record) -> None:
    figures = [
        draw(record, width=width, dark=dark) for draw in (charts.expected_best, charts.sensitivity, charts.repeats)
    ]
    figures.append(charts.curves(record, "adam", width=width, dark=dark))
    for figure in figures:
        assert vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict())))
        assert "Adam" in figure.description


def test_the_report_holds_everything_and_asks_nobody(record: Record) -> None:
    report = comparison_html(record)
    assert record.sentence.replace("“", "") in report
    assert report.count("<svg") == 3
    assert "keras.optimizers." in report
    assert "<script" not in report
    assert 'src="http' not in report
    for name in ("keras", "optuna", "gdviz"):
        assert f"<td>{name}</td>" in report


def test_more_work_is_estimated_to_take_longer() -> None:
    seconds = estimated_seconds(Comparison())
    assert 5 < seconds < 60
    assert estimated_seconds(Comparison().changed(trials=64)) > seconds
    assert estimated_seconds(Comparison(), workers=2) == pytest.approx(seconds / 2)
