"""Studies of sweeps, their sentences and their pictures."""

import json
from dataclasses import replace

import numpy as np
import pytest
import vl_convert

import gdviz
from gdviz import export
from gdviz.charts import sweeps as charts
from gdviz.charts.figure import Figure
from gdviz.descent import Descent
from gdviz.descent.experiment import DEFAULT
from gdviz.sweeps import studies
from gdviz.sweeps.ends import CONVERGED


def descent(landscape: str, optimizer: str, rate: float, **settings: object) -> Descent:
    return gdviz.descend(landscape, optimizer, rate, **settings).setup


def compiles(figure: Figure) -> str:
    return vl_convert.vegalite_to_svg(json.loads(json.dumps(figure.to_dict(), allow_nan=False)))


def test_basins_are_where_descend_ends() -> None:
    setup = descent("himmelblau", "gradient_descent", 0.01, steps=300)
    *_, found = studies.basins(setup, 24)
    assert found.done == 1
    assert set(found.minima) == set(setup.landscape.minima)
    for row, column in ((0, 0), (5, 20), (23, 1), (12, 12)):
        end = gdviz.descent.run(replace(setup, start=(float(found.x[column]), float(found.y[row]))))
        assert found.loss[row, column] == pytest.approx(end.loss[-1], rel=1e-9)
        if end.status == "converged":
            nearest = np.argmin(np.linalg.norm(np.array(found.minima) - end.theta[-1], axis=1))
            assert found.place[row, column] == nearest
        else:
            assert found.place[row, column] < 0
    assert found.success == np.mean(found.place >= 0)
    assert f"from {100 * found.success:.0f} % of 576 starts within 300 steps" in studies.basins_finding([found])


def test_local_minima_are_found_and_are_no_success() -> None:
    *_, found = studies.basins(descent("styblinski_tang", "gradient_descent", 0.01, steps=300), 24)
    assert len(found.minima) == 4  # one of them known
    assert np.all(found.place >= 0)
    assert found.success == np.mean(found.place == 0)


def test_diverged_and_unfinished_are_told_apart() -> None:
    *_, found = studies.basins(descent("rosenbrock", "gradient_descent", 0.003, steps=50), 16)
    assert {studies.LEFT, studies.UNFINISHED} <= set(np.unique(found.place))


def test_the_window_of_gradient_descent_ends_at_2_over_the_curvature() -> None:
    setup = descent("quadratic", "gradient_descent", 0.1, steps=2000)
    found = studies.window(setup, np.geomspace(0.01, 1, 101))
    assert found.limit == pytest.approx(0.2)
    assert found.usable is not None
    assert found.usable[1] == pytest.approx(0.2, rel=0.05)
    assert found.decades == pytest.approx(np.log10(found.usable[1] / found.usable[0]))
    assert f"{found.decades:.1f} decades" in studies.window_finding([found])


def test_a_window_that_ends_where_the_sweep_does_says_so() -> None:
    setup = descent("quadratic", "gradient_descent", 0.1, steps=400)
    whole = studies.window(setup, np.geomspace(1e-4, 1, 49))
    assert whole.cut == (False, False)
    assert "or more" not in studies.window_finding([whole])
    part = studies.window(setup, np.geomspace(1e-2, 0.15, 25))
    assert part.cut == (False, True)
    assert "at least" in studies.window_finding([part])
    assert "to 0.15 or more" in studies.window_finding([part])
    assert "edge of what was swept" in studies.window_finding([part])


def test_losses_out_of_all_proportion_leave_the_picture_and_that_is_said() -> None:
    setup = descent("quadratic", "gradient_descent", 0.1, steps=200)
    found = [studies.window(setup, np.geomspace(1e-3, 1, 19))]
    figure = charts.windows(found)
    low, high = figure.to_dict()["hconcat"][0]["layer"][1]["encoding"]["y"]["scale"]["domain"]
    drawn = np.asarray(figure.tables["values"]["median"])
    largest = drawn[np.isfinite(drawn)].max()
    assert 1e3 < high < 1e6 < largest  # the numbers stay as they are, in the table and the download
    assert low <= drawn[np.isfinite(drawn)].min()
    assert f"up to {np.nanmax(figure.tables['values']['high']):.0e}" in charts.beyond_words(found, figure)
    small = [studies.window(setup, np.geomspace(1e-3, 0.1, 9))]
    assert charts.beyond_words(small, charts.windows(small)) == ""
    nowhere = [studies.window(descent("himmelblau", "gradient_ascent", 0.1, steps=200), np.geomspace(1e-3, 1, 9))]
    assert charts.beyond_words(nowhere, charts.windows(nowhere)) == ""


def test_a_best_setting_at_the_edge_of_the_map_says_so() -> None:
    setup = descent("quadratic", "momentum", 0.1, steps=2000)
    inside = {"learning_rate": np.geomspace(1e-3, 10, 25), "momentum": np.linspace(0, 0.95, 10)}
    assert "beyond" not in studies.map_finding(studies.hyperparameter_map(setup, inside))
    low = {"learning_rate": np.geomspace(1e-4, 1e-3, 4), "momentum": np.linspace(0, 0.95, 10)}
    assert "edge of the learning rate" in studies.map_finding(studies.hyperparameter_map(setup, low))


def test_what_varies_is_said_with_its_unit() -> None:
    setup = descent("quadratic", "gradient_descent", 0.01, start=(0.5, -0.25), steps=50)
    start = studies.sensitivity(setup, "start", np.array([0.0, 6.0]), 2)
    assert "As the start goes from 0 to 6 away from (0.5, -0.25), in all directions" in studies.sensitivity_finding(
        [start]
    )
    assert charts.sensitivities([start]).title.endswith("distance of the start from (0.5, -0.25)")
    seeds = studies.sensitivity(setup, "seed", np.arange(4.0))
    assert "the share of runs that converge is: Gradient descent 0 %" in studies.sensitivity_finding([seeds])


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_the_map_agrees_with_the_exact_rate(name: str) -> None:
    setup = descent("quadratic", name, 0.1, steps=2000)
    found = studies.hyperparameter_map(
        setup, {"learning_rate": np.geomspace(0.01, 1, 21), "momentum": np.linspace(0, 0.9, 10)}
    )
    assert found.theory is not None
    converged = (found.ends.codes == CONVERGED).reshape(found.shape)
    np.testing.assert_array_equal(
        converged[np.abs(found.theory - 1) > 0.02], (found.theory < 1)[np.abs(found.theory - 1) > 0.02]
    )
    best = found.best()
    assert best is not None
    assert found.ends.steps_to_converge[best] == np.nanmin(found.ends.steps_to_converge)


def test_theory_is_silent_where_it_does_not_apply() -> None:
    values = {"learning_rate": np.geomspace(0.01, 1, 3), "momentum": np.linspace(0, 0.9, 3)}
    for setup in (descent("rosenbrock", "momentum", 0.1), descent("quadratic", "momentum", 0.1, noise=0.1)):
        found = studies.hyperparameter_map(setup, values)
        assert found.theory is None
        with pytest.raises(ValueError, match="theory: it speaks of linear rules"):
            charts.heatmap(found, "theory")


@pytest.mark.parametrize(
    ("landscape", "what", "values"),
    [
        ("quadratic", "start", [0.0, 1.0]),
        ("quadratic", "noise", [0.0, 10.0]),
        ("quadratic", "condition number", [1.0, 100.0]),
        ("quadratic", "seed", [1, 2]),
        ("linear_regression", "batch size", [1, 150]),
    ],
)
def test_sensitivities(landscape: str, what: str, values: list[float]) -> None:
    found = studies.sensitivity(descent(landscape, "gradient_descent", 0.01, steps=50), what, np.array(values), 2)
    assert found.success.shape == (2,)
    assert f"As the {what} goes from" in studies.sensitivity_finding([found])
    assert "<svg" in compiles(charts.sensitivities([found]))


def test_what_a_run_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="condition number: only the quadratic bowl has one; got Rosenbrock"):
        studies.sensitivity(descent("rosenbrock", "adam", 0.1), "condition number", np.array([1.0]))


@pytest.mark.parametrize("dark", [False, True])
def test_pictures_compile(dark: bool) -> None:
    runs = [replace(run, steps=40) for run in DEFAULT.descents()]
    for width in (320, 960):
        assert "<svg" in compiles(charts.basins(list(studies.basins(runs[3], 8))[-1], width=width, dark=dark))
        found = [studies.window(run, np.geomspace(1e-3, 10, 7), 4) for run in runs]
        assert "<svg" in compiles(charts.windows(found, width=width, dark=dark))
    values = {"learning_rate": np.geomspace(0.01, 1, 5), "momentum": np.linspace(0, 0.9, 5)}
    found_map = studies.hyperparameter_map(descent("quadratic", "momentum", 0.1), values)
    for quantity in ("steps", "loss", "theory"):
        figure = charts.heatmap(found_map, quantity)
        assert "<svg" in compiles(figure)
    assert export.to_png(figure).startswith(b"\x89PNG")
    assert export.to_svg(figure).startswith("<svg")


def test_csv_has_all_digits() -> None:
    assert export.table_csv({"a": np.array([0.1, 1 / 3]), "b": ["x", "y"]}) == ("a,b\n0.1,x\n0.3333333333333333,y\n")
