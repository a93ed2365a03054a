"""The Gradient flow page with its widgets at their extremes, its charts, and its links."""

import base64
import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from gdviz import export, gradflow
from gdviz.charts import dynamics, recurrent
from gdviz.charts import gradflow as charts
from gdviz.charts.figure import Figure
from gdviz.clipping import CLIPPERS
from gdviz.export import pictures
from gdviz.gradflow import CliffRuns, Network, Recurrent, Training, theory
from gdviz.gradflow.study import Study
from gdviz.optimizers import OPTIMIZERS
from gdviz.schedules import SCHEDULES
from gdviz.stories import of_page
from gdviz.ui import flow_runs
from gdviz.ui.flow_runs import streamed

PAGE = str(Path(__file__).parents[1] / "pages" / "gradient_flow.py")
SMALL = Network(depth=4, width=8, batch_size=8)


def compiles(figure: Figure) -> str:
    return vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict(), allow_nan=False)))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_link_reproduces_every_network(data: st.DataObject) -> None:
    parts = {name: data.draw(st.sampled_from(list(catalogue))) for name, catalogue in Network.parts().items()}
    network = Network(
        depth=data.draw(st.integers(1, 200)),
        weight_scale=data.draw(st.floats(0, 1e3)),
        seed=data.draw(st.integers(0, 10**6)),
        **parts,
    )
    assert Network.from_link(network.to_link()) == (network, [])


@settings(max_examples=100, deadline=None)
@given(
    fields=st.dictionaries(st.sampled_from([*SMALL.to_link(), "other"]), st.lists(st.text(max_size=40), max_size=3)),
)
def test_any_link_gives_a_network(fields: dict[str, list[str]]) -> None:
    assert isinstance(Network.from_link(fields)[0], Network)


def test_a_broken_field_is_noted_and_the_others_are_read() -> None:
    network, notes = Network.from_link({"depth": ["999"], "width": ["12"], "activation": ["sigmund"]})
    assert network == Network(width=12)
    assert len(notes) == 2
    assert "depth must be a whole number with 1 ≤ depth ≤ 200; got 999" in notes[0]


@pytest.mark.parametrize("name", list(gradflow.PRESETS))
def test_every_preset_draws(name: str) -> None:
    network = replace(gradflow.PRESETS[name].network, width=16, batch_size=16, seeds=2)
    flow = gradflow.measure(network)
    compiles(charts.layers(flow, width=1200))
    compiles(charts.before_and_after({"before": flow, "after": flow}))
    compiles(charts.histogram(flow, "activations", 1))
    assert charts.layers(flow).description == gradflow.verdict(flow)


def test_the_drawn_numbers_are_the_measured_ones() -> None:
    flow = gradflow.measure(replace(SMALL, seeds=3))
    table = charts.measured_table(flow)
    gradient = table["quantity"] == "gradient"
    np.testing.assert_allclose(table["median"][gradient], np.median(flow.activation_gradient, axis=0))
    np.testing.assert_allclose(table["low"][gradient], flow.activation_gradient.min(axis=0))
    np.testing.assert_allclose(table["high"][gradient], flow.activation_gradient.max(axis=0))


def test_theory_is_drawn_where_it_applies_and_nowhere_else() -> None:
    assert charts.predicted_table(gradflow.measure(SMALL))["layer"].size
    normalised = gradflow.measure(replace(SMALL, normalization="batch"))
    assert not charts.predicted_table(normalised)["layer"].size
    with pytest.raises(ValueError, match="normali"):
        charts.order_and_chaos(normalised)


def test_the_diagram_puts_the_network_where_it_stands() -> None:
    flow = gradflow.measure(replace(SMALL, initializer="normal", bias_scale=0.3))
    figure = charts.order_and_chaos(flow)
    field = theory.of_network(flow.setup)
    assert figure.tables["point"]["weight"] == [field.weight_variance]
    assert figure.tables["point"]["bias"] == [field.bias_variance] == [pytest.approx(0.09)]
    compiles(figure)


@pytest.mark.parametrize("name", list(gradflow.ACTIVATIONS))
@pytest.mark.parametrize("weight_scale", [1.0, 3.0])
def test_the_line_between_order_and_chaos_is_in_the_picture(name: str, weight_scale: float) -> None:
    network = gradflow.Network(
        depth=3, width=32, batch_size=32, activation=name, initializer="lecun", weight_scale=weight_scale
    )
    figure = charts.order_and_chaos(gradflow.measure(network))
    spec = figure.to_dict()["layer"][0]["encoding"]
    right, top = (spec[axis]["scale"]["domain"][1] for axis in "xy")
    line, point = figure.tables["line"], figure.tables["point"]
    seen = (np.asarray(line["weight"]) <= right) & (np.asarray(line["bias"]) <= top)
    assert seen.sum() >= 2
    assert point["weight"][0] <= right
    phase = theory.of_network(network).phase
    if phase != "critical" and len(line["bias"]) > 2 and np.all(np.diff(line["bias"]) > 0):
        left = point["weight"][0] < np.interp(point["bias"][0], line["bias"], line["weight"])
        assert (phase == "ordered") == left


def test_csv_has_a_row_for_every_seed_and_layer() -> None:
    flow = gradflow.measure(replace(SMALL, seeds=2, seed=5))
    rows = list(csv.DictReader(io.StringIO(export.flow_csv(flow))))
    assert [(row["seed"], row["layer"]) for row in rows[3:5]] == [("5", "4"), ("6", "1")]
    assert float(rows[3]["activation_gradient"]) == flow.activation_gradient[0, 3]


# Links, files and what is drawn of training and recurrent networks ---------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_link_reproduces_every_study(data: st.DataObject) -> None:
    def chosen(catalogue: Any) -> Any:
        return catalogue.make(data.draw(st.sampled_from(list(catalogue))))

    rules = [name for name, rule in OPTIMIZERS.items() if not rule.asks]
    optimizer = OPTIMIZERS.make(data.draw(st.sampled_from(rules)))
    rate = data.draw(st.floats(1e-6, 10))
    training = Training(
        SMALL,
        replace(optimizer, learning_rate=rate),
        schedule=chosen(SCHEDULES).starting_at(rate),
        clip=data.draw(st.sampled_from([None, *(clip() for clip in CLIPPERS.values())])),
        weight_clip=data.draw(st.sampled_from([None, 0.5])),
        steps=data.draw(st.integers(1, 2000)),
    )
    recurrent = Recurrent(
        chosen(gradflow.CELLS),
        spectral_radius=data.draw(st.none() | st.floats(0, 10)),
        recurrent_initializer=data.draw(st.sampled_from(["orthogonal", "normal"])),
    )
    cliff = CliffRuns(start_w=data.draw(st.floats(-10, 10)), optimizer=chosen(OPTIMIZERS), clip=chosen(CLIPPERS))
    study = Study(training, recurrent, cliff)
    assert Study.from_link(study.to_link()) == (study, [])


@settings(max_examples=60, deadline=None)
@given(
    fields=st.dictionaries(
        st.sampled_from([*Study().to_link(), "clip"]),
        st.lists(st.text(max_size=40) | st.sampled_from(["adam", "lbfgs", "steps=-1", "units=x,steps=3"]), max_size=2),
    )
)
def test_any_link_gives_a_study(fields: dict[str, list[str]]) -> None:
    assert isinstance(Study.from_link(fields)[0], Study)


def test_an_optimizer_that_asks_for_more_than_a_gradient_is_noted() -> None:
    study, notes = Study.from_link({"optimizer": ["lbfgs"], "training": ["steps=7"]})
    assert study.training == Training(steps=7)
    assert "optimizer" in notes[0]


def test_seeds_that_stream_in_end_where_all_at_once_do() -> None:
    networks = [replace(SMALL, seeds=3, seed=2), replace(SMALL, seeds=3, seed=2, activation="relu")]
    last = list(streamed(networks))[-1]
    for flow, network in zip(last, networks, strict=True):
        whole = gradflow.measure(network)
        assert flow.setup == network
        for name in ("mean", "std", "saturated", "activation_gradient", "weight_gradient", "loss"):
            np.testing.assert_array_equal(getattr(flow, name), getattr(whole, name))
        np.testing.assert_array_equal(flow.weight_gradient_histogram.counts, whole.weight_gradient_histogram.counts)


@pytest.fixture(scope="module")
def training_run() -> gradflow.TrainingRun:
    return gradflow.train(Training(SMALL, "adam", steps=12, clip="clipnorm"))


@pytest.mark.parametrize("loss", [[1.0, 0.5], [0.999, 0.9], [1e308, 9e307], [5e-324, 5e-324], [0.0, 0.0], [np.nan]])
def test_the_axis_of_a_loss_holds_it_and_ends_at_a_round_number(loss: list[float]) -> None:
    log, (low, high) = dynamics._loss_domain(np.array(loss))
    assert not log
    assert low == 0
    assert np.nanmax([*loss, 0.0]) < high or high > 1e307
    assert float(f"{high:.1e}") == pytest.approx(high)


@pytest.mark.parametrize("quantity", list(dynamics.QUANTITIES))
@pytest.mark.parametrize("width", [340, 1000])
def test_a_training_is_drawn(training_run: gradflow.TrainingRun, quantity: str, width: int) -> None:
    figure = dynamics.training(training_run, quantity, width=width)
    table = figure.tables["layers"]
    values = getattr(training_run, quantity)
    drawn = table["value"][(table["step"] == 3) & (table["layer"] == 2)]
    if quantity != "dead" or values[2, 1]:
        assert drawn.tolist() == [values[2, 1]]
    compiled = vl_convert.vegalite_to_vega(figure.to_dict())
    step = next(signal for signal in compiled["signals"] if signal["name"] == "step")
    assert step["bind"]["max"] == 12
    assert step["on"]
    assert "<svg" in export.to_svg(figure)


def test_the_heatmap_colours_each_layer_and_step_by_its_number() -> None:
    values = np.array([[1.0, 100.0], [0.0, np.nan]])  # two steps of two layers
    url = dynamics._picture(values, True, (1.0, 100.0), (20, 20))
    image = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")
    corners = {(step, layer): image.getpixel((5 + 10 * step, 15 - 10 * layer)) for step in (0, 1) for layer in (0, 1)}
    wanted = {(0, 0): dynamics.VIRIDIS[0], (0, 1): dynamics.VIRIDIS[-1], (1, 0): dynamics.ZERO, (1, 1): dynamics.BROKEN}
    for place, colour in wanted.items():
        assert np.abs(np.subtract(corners[place], dynamics._rgb(colour))).max() <= 2


def test_a_run_that_breaks_down_is_marked_where_it_did() -> None:
    network = replace(SMALL, activation="linear", loss="mean_squared_error", weight_scale=50.0)
    run = gradflow.train(Training(network, "gradient_descent", steps=50))
    assert run.breakdown
    figure = dynamics.training(run)
    assert list(figure.tables["breakdown"]["step"]) == [run.breakdown.step]
    assert f"At step {run.breakdown.step} the first number that is not finite" in figure.description
    compiles(figure)


@pytest.mark.parametrize("name", list(gradflow.RECURRENT_PRESETS))
def test_every_recurrent_preset_draws(name: str) -> None:
    flow = gradflow.through_time(replace(gradflow.RECURRENT_PRESETS[name], units=6, steps=8, seeds=2))
    figure = recurrent.through_time(flow)
    table = figure.tables["measured"]
    at = (table["series"] == "by the state h") & (table["distance"] == 7)
    assert table["median"][at] == pytest.approx(np.median(flow.gradient["h"][:, 0]))
    compiles(figure)
    compiles(recurrent.before_and_after({"a": flow, "b": flow}))


def test_the_radius_line_is_what_a_linear_orthogonal_network_does() -> None:
    flow = gradflow.through_time(Recurrent(gradflow.Vanilla("linear"), spectral_radius=0.8, steps=9, units=5))
    np.testing.assert_allclose(recurrent.radius_table(flow)["median"], flow.gradient["h"][0])


def test_csv_of_training_and_recurrent_network(training_run: gradflow.TrainingRun) -> None:
    rows = list(csv.DictReader(io.StringIO(export.training_csv(training_run))))
    assert len(rows) == 12 * 5
    assert float(rows[5 + 2]["gradient"]) == training_run.gradient[1, 2]
    assert rows[4]["dead"] == "nan"
    flow = gradflow.through_time(Recurrent("lstm", units=4, steps=3, seeds=2, seed=5))
    rows = list(csv.DictReader(io.StringIO(export.recurrent_csv(flow))))
    assert [(row["seed"], row["step"], row["distance"]) for row in rows[2:4]] == [("5", "3", "0"), ("6", "1", "2")]
    assert float(rows[3]["gradient_c"]) == flow.gradient["c"][1, 0]


def test_pictures_stand_at_the_last_step(training_run: gradflow.TrainingRun) -> None:
    figure = dynamics.training(training_run, width=500)
    params = {param["name"]: param.get("value") for param in pictures._still(figure)["params"]}
    assert params["step"] == 12
    assert params["playing"] is False
    assert export.to_png(figure).startswith(b"\x89PNG")


# The page -----------------------------------------------------------------------------------------------------------


TINY = {
    "width": "8", "batch_size": "8", "depth": "4", "training": "steps=3,samples=16",
    "recurrent": "units=4,steps=5,batch_size=2", "cliff": "steps=5,sequence=5",
}  # fmt: skip


def opened(**query: str | list[str]) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in {**TINY, **query}.items():
        page.query_params[name] = value
    return run(page)


def run(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def query(page: AppTest) -> dict[str, list[str]]:
    values: dict[str, Any] = {name: page.query_params[name] for name in page.query_params}
    return {name: [value] if isinstance(value, str) else value for name, value in values.items()}


def described(page: AppTest) -> Study:
    study, notes = Study.from_link(query(page))
    assert notes == []
    return study


def element(elements: Any, key: str) -> Any:
    return next(each for each in elements if each.key and key in each.key)


@pytest.mark.parametrize(
    ("view", "charts"),
    {"layers": 1, "cures": 1, "chaos": 1, "inside": 3, "training": 1, "recurrent": 2, "cliff": 1}.items(),
)
def test_every_view_opens_by_its_link_with_words_code_and_downloads(view: str, charts: int) -> None:
    page = opened(view=view)
    assert query(page)["view"] == [view]
    assert described(page) == Study.from_link({name: [value] for name, value in TINY.items()})[0]
    assert len(page.get("vega_lite_chart")) == charts
    assert [expander.label for expander in page.expander][-3:] == ["The chart in words", "Show the code", "Download"]
    labels = [button.proto.label for button in page.get("download_button")]
    assert {label.rsplit(".")[-1] for label in labels} == {"csv", "png", "svg"}
    assert any("gradflow." in code.value for code in page.code)


@pytest.mark.parametrize("part", list(Network.parts()))
def test_every_entry_of_every_part(part: str) -> None:
    page = opened()
    for name in Network.parts()[part]:
        element(page.selectbox, f"network.0.{part}").set_value(name)
        page = run(page)
        assert getattr(described(page).network, part).name == name


@pytest.mark.parametrize("view", ["layers", "training", "recurrent", "cliff"])
def test_every_number_at_its_extremes(view: str) -> None:
    """All at their lowest together; then each at its highest, beside the others at their lowest."""
    page = opened(view=view)
    of_view = {"layers": "network", "training": "training", "recurrent": "recurrent", "cliff": "cliff"}[view]
    keys = [each.key for each in numbers(page) if each.key.startswith(f"network.0.{of_view}.")]
    assert len(keys) >= 3
    for key in keys:
        set_to_end(element(numbers(page), key), 0)
    page = run(page)
    assert described(page) == page.session_state["study"]
    for key in keys:
        set_to_end(element(numbers(page), key), -1)
        page = run(page)
        assert described(page) == page.session_state["study"]
        set_to_end(element(numbers(page), key), 0)


def numbers(page: AppTest) -> list[Any]:
    return numbers_of(page)


def numbers_of(part: Any) -> list[Any]:
    return [*part.slider, *part.select_slider, *part.number_input]


def set_to_end(control: Any, end: int) -> None:
    if getattr(control, "options", None):
        control.set_value(type(control.value)(float(control.options[end])))
    else:
        extreme = control.min if end == 0 else control.max
        control.set_value(1e6 if extreme is None else extreme)


@pytest.mark.parametrize(
    ("view", "first"),
    [
        ("layers", ["Depth", "Width", "Activation", "Initialiser"]),
        ("recurrent", ["Cell", "Units", "Steps"]),
        ("cliff", ["Optimizer", "Learning rate (η)", "Gradient clipping", "Clipnorm (c)"]),
    ],
)
def test_what_matters_most_stands_above_the_figure_and_all_else_in_named_groups(view: str, first: list[str]) -> None:
    page = opened(view=view)
    beside = {each.label for each in [*page.sidebar.selectbox, *numbers_of(page.sidebar)]}
    above = {each.label for each in [*page.main.selectbox, *numbers_of(page.main)]}
    assert above == set(first)
    assert beside.isdisjoint({"Depth", "Width", "Cell", "Units"})
    headings = [text.value for text in page.sidebar.markdown]
    assert headings == (
        ["**Where it starts**", "**How long**"] if view == "cliff" else ["**Network**", "**Data**", "**Repetition**"]
    )


def test_every_optimizer_trains() -> None:
    page = opened(view="training")
    for name in [name for name, rule in OPTIMIZERS.items() if not rule.asks]:
        element(page.selectbox, "network.0.optimizer").set_value(name)
        page = run(page)
        assert described(page).training.optimizer.name == name
        assert "In 3 steps the loss went from" in page.info[0].value


def test_clipping_schedule_and_quantity_of_a_training() -> None:
    page = opened(view="training")
    element(page.selectbox, "network.0.clip").set_value("global_clipnorm")
    element(page.selectbox, "network.0.schedule").set_value("exponential_decay")
    element(page.selectbox, "flow.quantity").set_value("update_ratio")
    page = run(page)
    assert described(page).training.clip == CLIPPERS["global_clipnorm"]()
    assert described(page).training.schedule.name == "exponential_decay"
    assert query(page)["quantity"] == ["update_ratio"]


@pytest.mark.parametrize("view", ["cures", "training", "recurrent"])
def test_a_cure_of_the_link_stands_beside_and_is_taken_over(view: str) -> None:
    field, cure, called = {
        "cures": ("cures", "residual: Plain", "Residual connections: Plain"),
        "training": ("training_cures", "clip: Clip by norm", "Clip by norm"),
        "recurrent": ("recurrent_cures", "LSTM, forget bias 3", "LSTM, forget bias 3"),
    }[view]
    page = opened(view=view, **{field: [cure]})
    before = described(page)
    assert query(page)[field] == [cure]
    assert any(f"- **{called}**:" in text.value for text in page.markdown)
    next(button for button in page.button if button.label == f"Use {called}").click()
    page = run(page)
    assert described(page) != before


def test_cures_that_a_story_tells_of_stand_in_its_picture() -> None:
    (story,) = (story for story in of_page("gradient_flow") if "cures" in story.view)
    page = run(opened(**story.link))
    (box,) = page.multiselect
    assert query(page)["cures"] == box.value == ["activation: tanh", "normalization: Batch", "residual: Plain"]
    (line,) = (text.value for text in page.markdown if text.value.startswith("- **as it is**"))
    assert line.count("\n") == 3
    (story,) = (story for story in of_page("gradient_flow") if "recurrent_cures" in story.view)
    assert run(opened(**story.link)).multiselect[0].value == ["LSTM, forget bias 3"]


def test_names_of_compared_networks_stand_where_their_curves_end() -> None:
    flow = gradflow.through_time(Recurrent(units=6, steps=8, seeds=1))
    ends = recurrent.before_and_after({"a": flow, "b": flow}).tables["ends"]
    assert list(ends["at"]) == [7, 7]


def test_where_all_is_zero_there_are_no_empty_frames() -> None:
    page = opened(initializer="zeros")
    assert not page.get("vega_lite_chart")
    assert any("Nothing is drawn" in caption.value for caption in page.caption)


def test_a_preset_is_shown_where_a_link_describes_it_and_reset_goes_back() -> None:
    page = opened()
    assert element(page.selectbox, "preset").value is None
    element(page.selectbox, "preset").set_value("sigmoid_glorot")
    page = run(page)
    assert described(page).network == gradflow.PRESETS["sigmoid_glorot"].network
    again = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in query(page).items():
        again.query_params[name] = value
    again = run(again)
    assert element(again.selectbox, "preset").value == "sigmoid_glorot"
    element(again.selectbox, "activation").set_value("tanh")
    again = run(again)
    assert element(again.selectbox, "preset").value is None
    element(again.button, "network.reset").click()
    again = run(again)
    assert described(again) == Study()


def test_a_recurrent_preset_is_taken_over() -> None:
    page = opened(view="recurrent")
    element(page.selectbox, "preset").set_value("lstm_open")
    page = run(page)
    assert described(page).recurrent == gradflow.RECURRENT_PRESETS["lstm_open"]
    assert element(page.selectbox, "preset").value == "lstm_open"


def test_where_theory_does_not_apply_the_measured_value_is_said() -> None:
    page = opened(view="chaos", normalization="layer")
    assert not page.get("vega_lite_chart")
    assert any("Measured: a layer multiplies the signal by" in info.value for info in page.info)


def test_a_network_that_does_not_fit_is_not_computed() -> None:
    page = opened(depth="200", width="1024", batch_size="1024")
    assert "GB of memory" in page.error[0].value
    assert not page.get("vega_lite_chart")


def test_a_broken_link_is_noted() -> None:
    page = opened(activation="sigmund", optimizer="lbfgs", view="nowhere")
    assert "no activation is called 'sigmund'" in page.warning[0].value
    assert "optimizer" in page.warning[1].value
    assert query(page)["view"] == ["layers"]


def test_cures_that_would_take_too_long_to_try_are_offered_untried_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flow_runs, "_TRIED_SECONDS", 0.0)
    for view in ("cures", "training", "recurrent"):
        page = opened(view=view, depth="5", width="16")
        assert any("None of these was tried" in caption.value for caption in page.caption)
        assert not any("nothing to cure" in caption.value for caption in page.caption)
