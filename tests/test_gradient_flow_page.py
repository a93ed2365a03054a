"""The Gradient flow page with its widgets at their extremes, its charts, and its links."""

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
from streamlit.testing.v1 import AppTest

from gdviz import export, gradflow
from gdviz.charts import gradflow as charts
from gdviz.charts.figure import Figure
from gdviz.gradflow import Network, theory
from gdviz.gradflow.links import from_link, to_link

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
    assert from_link(to_link(network)) == (network, [])


@settings(max_examples=100, deadline=None)
@given(
    fields=st.dictionaries(st.sampled_from([*to_link(SMALL), "other"]), st.lists(st.text(max_size=40), max_size=3)),
)
def test_any_link_gives_a_network(fields: dict[str, list[str]]) -> None:
    assert isinstance(from_link(fields)[0], Network)


def test_a_broken_field_is_noted_and_the_others_are_read() -> None:
    network, notes = from_link({"depth": ["999"], "width": ["12"], "activation": ["sigmund"]})
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


def test_csv_has_a_row_for_every_seed_and_layer() -> None:
    flow = gradflow.measure(replace(SMALL, seeds=2, seed=5))
    rows = list(csv.DictReader(io.StringIO(export.flow_csv(flow))))
    assert [(row["seed"], row["layer"]) for row in rows[3:5]] == [("5", "4"), ("6", "1")]
    assert float(rows[3]["activation_gradient"]) == flow.activation_gradient[0, 3]


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in {"width": "8", "batch_size": "8", "depth": "4", **query}.items():
        page.query_params[name] = value
    return run(page)


def run(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def described(page: AppTest) -> Network:
    values: dict[str, Any] = {name: page.query_params[name] for name in page.query_params}
    network, notes = from_link({name: [value] if isinstance(value, str) else value for name, value in values.items()})
    assert notes == []
    return network


def test_it_opens_and_says_what_it_found() -> None:
    page = opened()
    assert described(page) == SMALL
    assert "The gradient at layer 1 is" in page.info[0].value
    assert len(page.get("vega_lite_chart")) == 6


@pytest.mark.parametrize("part", list(Network.parts()))
def test_every_entry_of_every_part(part: str) -> None:
    page = opened()
    box = next(box for box in page.selectbox if box.key == f"network.0.{part}")
    for name in Network.parts()[part]:
        box.set_value(name)
        page = run(page)
        assert getattr(described(page), part).name == name
        box = next(box for box in page.selectbox if box.key == f"network.0.{part}")


@pytest.mark.parametrize(("depth", "width"), [("1", "2"), ("200", "2"), ("2", "1024")])
def test_the_extremes_of_size(depth: str, width: str) -> None:
    page = opened(depth=depth, width=width, batch_size="2", weight_scale="10.0")
    assert page.info[0].value


def test_a_preset_and_a_cure_are_taken_over_and_reset_goes_back() -> None:
    page = opened()
    next(box for box in page.selectbox if box.key == "network.preset").set_value("sigmoid_glorot")
    page = run(page)
    next(button for button in page.button if button.key == "network.use").click()
    page = run(page)
    assert described(page) == gradflow.PRESETS["sigmoid_glorot"].network
    next(button for button in page.button if button.label.startswith("Use initializer")).click()
    page = run(page)
    assert described(page) != gradflow.PRESETS["sigmoid_glorot"].network
    next(button for button in page.button if button.key == "network.reset").click()
    page = run(page)
    assert described(page) == Network()


def test_a_broken_link_is_noted() -> None:
    page = opened(activation="sigmund")
    assert "no activation is called 'sigmund'" in page.warning[0].value
