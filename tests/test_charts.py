"""Figures: valid Vega-Lite, playing signals, and true pictures of what happened."""

import json
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa
import pytest
import vl_convert

import gdviz
from gdviz.charts.background import background
from gdviz.charts.figure import Figure
from gdviz.charts.palette import DARK, DARK_THEME, LIGHT, LIGHT_THEME, SHAPES
from gdviz.charts.trails import drawn_steps
from gdviz.charts.trajectories import layout
from gdviz.descent.experiment import DEFAULT
from gdviz.descent.trajectory import labels, left_plot
from gdviz.ui.charts import arrow


def figure(**options: Any) -> Figure:
    return gdviz.charts.descent(DEFAULT.run(), **options)


def signals(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {signal["name"]: signal for signal in vl_convert.vegalite_to_vega(spec)["signals"]}


@pytest.mark.parametrize("clickable", [True, False])
@pytest.mark.parametrize("loss_scale", ["log", "linear"])
@pytest.mark.parametrize("width", [340, 1200])
def test_the_animated_specification_compiles_with_its_timeline(clickable: bool, loss_scale: str, width: int) -> None:
    compiled = signals(figure(clickable=clickable, loss_scale=loss_scale, width=width).to_dict())
    for name in ("step", "playing", "move"):
        assert compiled[name]["bind"]
        assert compiled[name]["on"]
    assert compiled["speed"]["bind"]["input"] == "select"
    assert compiled["step"]["bind"]["max"] == 300
    assert ("pick" in compiled) == clickable


def test_without_the_timeline_the_specification_is_valid_altair() -> None:
    spec = figure(clickable=True).to_dict()
    ours = ("playing", "move", "speed", "progress", "step", "ticked", "loss_low", "loss_high")
    spec["params"] = [param for param in spec["params"] if param["name"] not in ours]
    # An expression may name a parameter that is no longer there: validation does not look into expressions.
    alt.Chart.from_dict(spec)


def test_new_data_leaves_the_specification_as_it_is() -> None:
    """A new specification would start the animation again at every touch of a slider."""
    rates = (0.05, 0.06, 0.1, 0.2)
    specs = [gdviz.charts.descent(gdviz.descend("rosenbrock", "adam", rate), clickable=True).spec for rate in rates]
    assert all(spec is specs[0] for spec in specs)


@pytest.mark.parametrize("name", list(gdviz.LANDSCAPES))
@pytest.mark.parametrize("loss_scale", ["log", "linear"])
def test_every_landscape_draws_with_finite_numbers_even_where_runs_diverge(name: str, loss_scale: str) -> None:
    runs = [gdviz.descend(name, "momentum", rate, steps=400) for rate in (0.0, 1e-3, 10.0)]
    drawn = gdviz.charts.descent(runs, loss_scale=loss_scale)
    text = json.dumps(drawn.to_dict(), allow_nan=False)
    assert "null" not in json.dumps(drawn.to_dict()["datasets"])
    vl_convert.vegalite_to_svg(json.loads(text))
    (xmin, xmax), _ = runs[0].setup.landscape.domain
    assert np.all(np.abs(drawn.tables["trails"]["x"] - (xmin + xmax) / 2) <= 3.0 * (xmax - xmin) * 1.001)
    assert drawn.tables["ends"]["loss_low"][0] < drawn.tables["ends"]["loss_high"][0]


def test_a_trail_that_leaves_does_so_in_its_true_direction() -> None:
    run = gdviz.descend("quadratic", "gradient_descent", learning_rate=1.0, start=(1.0, 0.5), steps=5)
    trails = gdviz.charts.descent(run).tables["trails"]
    drawn = np.stack([trails["x"], trails["y"]], axis=1)
    left = left_plot(run)
    assert left is not None
    assert np.abs(run.theta[:left]).max() <= 4 < np.abs(run.theta[left]).max()
    for i in range(1, len(drawn)):
        if not np.allclose(drawn[i], run.theta[i]):
            true, shown = run.theta[i] - drawn[i - 1], drawn[i] - drawn[i - 1]
            area = true[0] * shown[1] - true[1] * shown[0]
            assert area == pytest.approx(0, abs=1e-9 * float(np.linalg.norm(true)))
            assert true @ shown > 0
            break
    else:
        pytest.fail("no point was far away")


def test_points_within_the_plot_are_drawn_where_they_are() -> None:
    run = gdviz.descend("himmelblau", "adam", 0.1, steps=100)
    trails = gdviz.charts.descent(run).tables["trails"]
    np.testing.assert_array_equal(np.stack([trails["x"], trails["y"]], axis=1), run.theta)
    np.testing.assert_array_equal(trails["step"], np.arange(101))


def test_long_runs_are_thinned_but_begin_and_end_where_they_do() -> None:
    steps = drawn_steps(5000)
    assert len(steps) <= 400
    assert steps[0] == 0
    assert steps[-1] == 5000
    assert np.all(np.diff(steps) > 0)
    np.testing.assert_array_equal(drawn_steps(300), np.arange(301))


def test_runs_are_told_apart() -> None:
    runs = [gdviz.descend("beale", "adam", rate, steps=5) for rate in (0.1, 0.2, 0.2)]
    assert labels(runs) == ["Adam, η 0.1", "Adam, η 0.2 #1", "Adam, η 0.2 #2"]
    assert len(set(LIGHT)) == len(set(DARK)) == len(set(SHAPES)) == 8


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", [LIGHT_THEME, DARK_THEME])
def test_trails_stand_out_from_their_halo(theme: Any) -> None:
    ground = luminance(theme.halo)
    for colour in theme.runs:
        bright, dark = sorted((luminance(colour), ground), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) > 2.2, colour


@pytest.mark.parametrize("name", list(gdviz.LANDSCAPES))
def test_the_background_shows_structure(name: str) -> None:
    drawn = background(gdviz.LANDSCAPES[name](), LIGHT_THEME)
    assert drawn.scale in ("linear", "logarithmic")
    assert len(drawn.contours["x"]) > 100
    assert len(set(drawn.contours["line"])) >= 5
    assert len(drawn.image["url"][0]) < 60_000


@pytest.mark.parametrize("width", range(300, 2600, 100))
def test_the_layout_fits(width: int) -> None:
    for landscape in gdviz.LANDSCAPES.values():
        sizes = layout(width, landscape.domain)
        if sizes.side_by_side:
            assert sizes.landscape[0] + sizes.loss[0] + 130 <= width
        else:
            assert sizes.landscape[0] + 60 <= width
        assert min(*sizes.landscape, *sizes.loss) >= 120


def test_a_figure_draws_itself_in_a_notebook() -> None:
    bundle = figure()._repr_mimebundle_()
    assert any("vega" in kind or "html" in kind for kind in (bundle[0] if isinstance(bundle, tuple) else bundle))


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 8 runs; got 0"):
        gdviz.charts.descent([])
    runs = [gdviz.descend(name, "adam", steps=2) for name in ("beale", "saddle")]
    with pytest.raises(ValueError, match="same landscape"):
        gdviz.charts.descent(runs)


@pytest.mark.parametrize("values", [[1.0, -2.5, 0.0], [1e-60, 1.0], [1e60, 1.0]])
def test_numbers_arrive_in_the_browser_as_they_are(values: list[float]) -> None:
    """A vanished gradient of 1e-60 is not 0: on a logarithmic axis that is the whole point."""
    table = pa.ipc.open_stream(arrow({"value": np.array(values), "name": ["a"] * len(values)})).read_all()
    assert table["value"].to_pylist() == pytest.approx(values, rel=1e-6)
    assert table["name"].to_pylist() == ["a"] * len(values)


def test_clipped_steps_are_the_broad_parts_of_a_trail() -> None:
    run = gdviz.descend("rosenbrock", "adam", 0.1, clip=gdviz.CLIPPERS["clipnorm"](5.0), steps=100)
    table = gdviz.charts.descent(run).tables["clipped"]
    reached = {step for step, first in zip(table["step"], _first_of_part(table["part"]), strict=True) if not first}
    assert reached == set((np.flatnonzero(run.clipped) + 1).tolist())
    assert "clipped" not in gdviz.charts.descent(gdviz.descend("rosenbrock", "adam")).tables


def _first_of_part(parts: list[int]) -> list[bool]:
    return [i == 0 or parts[i - 1] != part for i, part in enumerate(parts)]


def test_a_schedule_is_drawn_below_the_loss_and_a_constant_is_not() -> None:
    schedule = gdviz.SCHEDULES["cosine_decay"](0.1, 80)
    runs = [gdviz.descend("rosenbrock", "adam", schedule, steps=100)]
    figure = gdviz.charts.descent(runs)
    np.testing.assert_allclose(figure.tables["trails"]["rate"][:80], schedule(np.arange(80)))
    assert "learning rate" in vl_convert.vegalite_to_svg(figure.to_dict())
    assert "rate" not in gdviz.charts.descent(gdviz.descend("rosenbrock", "adam")).tables["trails"]


def test_paths_lie_on_the_surface_in_the_colours_of_the_flat_chart() -> None:
    runs = [gdviz.descend("himmelblau", name, 0.01, steps=60) for name in ("adam", "momentum")]
    ground, *paths, minima = gdviz.charts.surface(runs).data
    flat = vl_convert.vegalite_to_svg(gdviz.charts.descent(runs).to_dict())
    for run, path in zip(runs, paths, strict=True):
        assert path.line.color in flat
        x, y = run.theta[-1]
        nearest = np.argmin(np.abs(ground.y - y)), np.argmin(np.abs(ground.x - x))
        assert abs(path.z[-1] - ground.z[nearest]) < 0.1 * np.ptp(ground.z)
        np.testing.assert_allclose(path.customdata, run.loss)
    assert len(minima.x) == 4
    assert max(minima.z) <= ground.z.min()
    with pytest.raises(ValueError, match="all be on the same landscape"):
        gdviz.charts.surface([runs[0], gdviz.descend("beale", "adam")])


def test_a_path_on_the_surface_breaks_where_it_leaves_the_plot() -> None:
    run = gdviz.descend("rosenbrock", "gradient_descent", 0.01, steps=60)
    path = gdviz.charts.surface(run).data[1]
    outside = np.any(np.abs(run.theta - [0.0, 1.0]) > 2.0, axis=1)
    assert outside.any()
    np.testing.assert_array_equal(np.isnan(path.x), outside[: len(path.x)])
