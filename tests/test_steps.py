"""Inside a run: quantities against the step, one step in arrows, and the reference of all entries."""

import json

import numpy as np
import pytest
import vl_convert

import gdviz
from gdviz.charts import quantities, quantity, step_figure
from gdviz.descent.experiment import DEFAULT
from gdviz.export import reference
from gdviz.theory import explain
from gdviz.ui.inspector import curvature_words, step_table

RUNS = DEFAULT.run()


@pytest.mark.parametrize("name", quantities(RUNS))
@pytest.mark.parametrize("width", [340, 1000])
def test_every_quantity_draws(name: str, width: int) -> None:
    figure = quantity(RUNS, name, width=width)
    spec = json.loads(json.dumps(figure.to_dict(), allow_nan=False))
    assert "<path" in vl_convert.vegalite_to_svg(spec)
    assert len(figure.tables["quantity"]["value"]) > 100


def test_a_quantity_is_what_the_run_recorded() -> None:
    adam = RUNS[-1]
    table = quantity([adam], "m").tables["quantity"]
    np.testing.assert_array_equal(table["value"][table["axis"] == ", y"], adam.state["m"][:, 1])
    rate = quantity([gdviz.descend("beale", "gradient_descent", 0.01)], "effective learning rate, x").tables["quantity"]
    np.testing.assert_allclose(rate["value"], 0.01, rtol=1e-6)


def test_an_unknown_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match=r"quantity must be one of gradient norm, .*; got 'speed'"):
        quantity(RUNS, "speed")


@pytest.mark.parametrize("name", list(gdviz.OPTIMIZERS))
def test_a_step_of_every_optimizer_is_explained(name: str) -> None:
    run = gdviz.descend("himmelblau", name, 0.01, steps=5)
    explained = explain(run, 3)
    figure = step_figure(run, explained)
    assert "<path" in vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict(), allow_nan=False)))
    assert "| position θ |" in step_table(explained)
    assert all(f"| {quantity} |" in step_table(explained) for quantity in run.state)
    assert "2/λ_max" in curvature_words(explained) or "No direction" in curvature_words(explained)


def test_the_update_arrow_has_its_true_length() -> None:
    run = gdviz.descend("himmelblau", "momentum", 0.01, steps=5)
    arrows = step_figure(run, explain(run, 2)).tables["arrows"]
    assert (arrows["x"][0], arrows["y"][0]) == tuple(run.theta[1])
    assert (arrows["x2"][0], arrows["y2"][0]) == pytest.approx(tuple(run.theta[2]), rel=1e-12)


def test_the_reference_says_of_every_entry_what_it_is_and_what_it_was_checked_against() -> None:
    for catalogue in reference.CATALOGUES.values():
        for entry in catalogue.values():
            assert ">>>" not in reference.explanation(entry)
            assert reference.explanation(entry).startswith(entry.summary())
            assert len(reference.provenance(entry)) > 10
            assert all(f"`{knob.name}`" in reference.hyperparameters(entry) for knob in entry.knobs())
            assert reference.matches(entry, entry.label.upper())
            assert not reference.matches(entry, "no such words")
