"""The live figure's JavaScript, run in node, against Python: paths to the last bit, statuses, basins."""

import base64
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gdviz import CLIPPERS, LANDSCAPES, OPTIMIZERS, SCHEDULES, Trajectory, descend, sweep
from gdviz.descent import Averaging, Stop
from gdviz.descent import run as run_setup
from gdviz.descent.experiment import DEFAULT
from gdviz.live import chosen_of, figure_data, scripts, taken_over
from gdviz.live.data import slider_ends, sliders, why_served
from gdviz.live.parts import landscape_record, rule_record
from gdviz.theory import largest_stable_rate
from tests.node import node, tool

SIX = ("rosenbrock", "himmelblau", "beale", "ackley", "rastrigin", "three_hump_camel")
EXACT = {
    *("constant", "knob", "step", "point", "example", "add", "subtract", "multiply", "divide", "negative", "absolute"),
    *("sign", "sqrt", "minimum", "maximum", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "where"),
}
"""Operations of which JavaScript promises the last bit."""


def unpacked(text: str) -> Any:
    return np.frombuffer(base64.b64decode(text), dtype="<f8")


def in_node(runs: list[Trajectory]) -> list[dict[str, Any]]:
    """What the browser computes of runs."""
    return [answer for (answer,) in node("run.mjs", [figure_data([run]) for run in runs])]


def is_exact(data: dict[str, Any]) -> bool:
    operations = data["runs"][0]["record"]["step"]["operations"]
    squares = {i for i, o in enumerate(operations) if o == ["constant", 2.0]}
    return all(o[0] in EXACT or (o[0] == "power" and o[2] in squares) for o in operations)


def assert_same(run: Trajectory, answer: dict[str, Any], exact: bool) -> None:
    """Equal to the last bit; else within 1e-12, and where a start moved by 1e-13 changes more than that, within such
    changes: there the path is chaotic.
    """
    theta = unpacked(answer["theta"]).reshape(-1, 2)
    if exact:
        np.testing.assert_array_equal(theta, run.theta)
        assert answer["status"] == run.status
        assert answer["settled"] == run.steps_to_converge
        return
    start = np.array(run.setup.start)
    setup = run.setup
    moved = [
        run_setup(replace(setup, start=tuple(start + shift))) for shift in (1e-13, -1e-13, np.array([1e-13, -1e-13]))
    ]
    rows = min(len(theta), len(run.theta), *(len(one.theta) for one in moved))
    apart = np.max([np.abs(one.theta[:rows] - run.theta[:rows]).max(axis=1) for one in moved], axis=0)
    chaos = np.maximum.accumulate(np.nan_to_num(apart, nan=np.inf, posinf=np.inf))
    size = np.maximum(1.0, np.abs(run.theta[:rows]).max(axis=1))
    far = np.abs(theta[:rows] - run.theta[:rows]).max(axis=1)
    assert np.all((far <= 1e-12 * size + 20 * chaos) | (chaos > 1e-9 * size) | ~np.isfinite(far)), (
        run.label, run.setup.landscape.label, np.nanmax(far)
    )  # fmt: skip
    if chaos[-1] < 1e-9:
        assert len(theta) == len(run.theta)
        assert answer["status"] == run.status


def test_every_recorded_rule_on_six_landscapes() -> None:
    runs = [descend(ground, name, learning_rate=0.01, steps=200) for name in OPTIMIZERS for ground in SIX]
    runs = [run for run in runs if not why_served(run.setup)]
    assert len({run.setup.optimizer.name for run in runs}) >= len(OPTIMIZERS) - 1
    exact = 0
    for run, answer in zip(runs, in_node(runs), strict=True):
        bit_for_bit = is_exact(figure_data([run]))
        exact += bit_for_bit
        assert_same(run, answer, bit_for_bit)
    assert exact >= 20


def test_every_landscape() -> None:
    runs = [descend(name, "momentum", learning_rate=0.001, steps=100) for name in LANDSCAPES]
    for run, answer in zip(runs, in_node(runs), strict=True):
        assert_same(run, answer, is_exact(figure_data([run])))


CONFIGURATIONS = st.fixed_dictionaries(
    {
        "landscape": st.sampled_from(SIX),
        "optimizer": st.sampled_from(
            ("momentum", "nesterov", "rmsprop", "adam", "nadam", "adamw", "lion", "adagrad", "ftrl")
        ),
        "shares": st.lists(st.none() | st.floats(0, 1), min_size=12, max_size=12),
        "exponent": st.floats(-4, 0),
        "schedule": st.sampled_from(list(SCHEDULES)),
        "steps": st.integers(1, 80),
        "clip": st.none() | st.sampled_from(list(CLIPPERS)),
        "noise": st.sampled_from((0.0, 0.3)),
        "seed": st.integers(0, 9),
        "weight_decay": st.sampled_from((0.0, 0.01)),
        "averaging": st.none() | st.builds(Averaging, st.floats(0, 1), st.integers(0, 5)),
        "maximize": st.booleans(),
        "stop": st.sampled_from((Stop(), Stop(loss=1.0), Stop(loss_change=1e-3), Stop(gradient_norm=0.1))),
    }
)


@given(st.lists(CONFIGURATIONS, min_size=10, max_size=10))
@settings(max_examples=4, deadline=None, phases=[Phase.generate])
def test_random_configurations(drawn: list[dict[str, Any]]) -> None:
    """Hyperparameters, clipping, schedule, noise, weight decay, averaging, direction and stop conditions."""
    runs = [configured(**one) for one in drawn]
    runs = [run for run in runs if not why_served(run.setup)]
    for run, answer in zip(runs, in_node(runs), strict=True):
        assert_same(run, answer, exact=False)


def configured(
    landscape: str, optimizer: str, shares: list[float | None], exponent: float, schedule: str, **others: Any
) -> Trajectory:
    """A run whose hyperparameters are shares of the ranges of their sliders; None: their defaults."""
    values = {}
    for knob, share in zip(sliders(OPTIMIZERS.make(optimizer)), shares, strict=False):
        low, high = slider_ends(knob)
        if share is not None:
            values[knob.name] = low + share * (high - low)
    rule = OPTIMIZERS.make(optimizer, **{**values, "learning_rate": 10**exponent})
    return descend(landscape, rule, learning_rate=schedule, **others)


@pytest.mark.parametrize(("ground", "rule", "rate"), [
    ("himmelblau", "momentum", 0.01), ("himmelblau", "adam", 0.1), ("rosenbrock", "momentum", 0.002),
    ("three_hump_camel", "nesterov", 0.05), ("ackley", "adam", 0.1),
])  # fmt: skip
def test_basins_have_the_statuses_and_steps_of_sweeps(ground: str, rule: str, rate: float) -> None:
    side = 96
    run = descend(ground, rule, learning_rate=rate, steps=300)
    (answer,) = node("basins.mjs", [{"data": figure_data([run]), "side": side}])
    middles = [low + (high - low) * (np.arange(side) + 0.5) / side for low, high in run.setup.landscape.domain]
    starts = np.stack([axis.ravel() for axis in np.meshgrid(*middles)])
    ends = sweep(ground, rule, starts, learning_rate=rate, steps=300)
    assert answer["status"] == ends.status.tolist()
    steps = np.array([np.nan if value is None else value for value in answer["steps"]])
    np.testing.assert_array_equal(steps, ends.steps_to_converge)
    assert max(answer["place"]) < 8


@pytest.mark.parametrize("rule", ["gradient_descent", "momentum", "nesterov"])
def test_the_stable_zone_is_that_of_theory(rule: str) -> None:
    run = descend("himmelblau", rule, learning_rate=0.003, steps=300)
    (answer,) = in_node([run])
    assert run.status == "converged"
    sharpness = float(np.linalg.eigvalsh(run.setup.landscape.hessian(run.theta[-1]))[-1])
    assert answer["stable"] == pytest.approx(largest_stable_rate(run.setup.optimizer, sharpness), rel=1e-12)


def test_diverging_runs_end_at_the_same_row() -> None:
    runs = [descend(ground, "momentum", learning_rate=1.0, steps=200) for ground in SIX]
    answers = in_node(runs)
    assert [answer["status"] for answer in answers] == [run.status for run in runs]
    assert "diverged" in {run.status for run in runs}
    for run, answer in zip(runs, answers, strict=True):
        if run.status == "diverged":
            assert len(unpacked(answer["loss"])) == len(run.loss)
            assert answer["left"] is not None


def test_clipped_steps_are_marked() -> None:
    run = descend(
        "rosenbrock", "momentum", learning_rate=0.001, clip=CLIPPERS.make("clipnorm", clipnorm=20.0), steps=60
    )
    (answer,) = in_node([run])
    assert answer["clipped"] == run.clipped.astype(int).tolist()
    assert 0 < sum(answer["clipped"]) < 60


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_lines_in_their_learning_rate(name: str) -> None:
    """As ``_schedule`` has it."""
    schedule, steps = SCHEDULES.make(name), np.arange(300)
    zero, one, other = (np.asarray(schedule.starting_at(rate)(steps)) for rate in (0.0, 1.0, 0.037))
    np.testing.assert_allclose(zero + 0.037 * (one - zero), other, rtol=1e-14, atol=1e-15)


def test_data_stay_the_same_while_only_sliders_move() -> None:
    """So that nothing is sent again."""
    chosen = {"version": 1, "start": [0.0, 0.0], "values": []}
    given = [descend("himmelblau", "adam", rate, start=start) for rate, start in ((0.1, (0, 0)), (0.2, (1, 1)))]
    assert figure_data(given[:1], chosen=chosen) == figure_data(given[1:], chosen=chosen)


def test_the_files_join_into_one_module(tmp_path: Path) -> None:
    joined = tmp_path / "core.mjs"
    joined.write_text(scripts.core(), encoding="utf-8")
    check = subprocess.run([tool("node", "nodejs"), "--check", str(joined)], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr
    assert "import " not in "".join(line for line in scripts.core().splitlines(True) if line.startswith("import"))


def test_the_types_in_the_files_hold() -> None:
    """JSDoc's types, checked by the TypeScript compiler."""
    options = "--noEmit --allowJs --checkJs --strict --target es2022 --module es2022 --moduleResolution node"
    files = sorted(map(str, (scripts.FOLDER / "js").glob("*.js")))
    check = subprocess.run([tool("tsc", "node-typescript"), *options.split(), *files], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


def test_the_ground_is_recorded_with_its_curvature() -> None:
    ground = LANDSCAPES.make("beale")
    made = landscape_record(ground)
    values = made.run(x=0.5, y=-1.5)
    hessian = ground.hessian((0.5, -1.5))
    assert [values["xx"], values["xy"], values["yy"]] == pytest.approx([hessian[0, 0], hessian[0, 1], hessian[1, 1]])


def test_a_rule_put_on_a_landscape_is_the_rule_recorded_on_it() -> None:
    """Any rule, also those that ask for losses, gradients and second derivatives elsewhere."""
    grounds = ("himmelblau", "ackley")
    runs = [descend(ground, name, learning_rate=0.01, steps=100) for name in OPTIMIZERS for ground in grounds]
    runs = [run for run in runs if not why_served(run.setup)]
    parts = [
        {
            "data": figure_data([run]),
            "rule": rule_record(run.setup.optimizer).to_dict(),
            "ground": landscape_record(run.setup.landscape).to_dict(),
        }
        for run in runs
    ]
    for run, answer in zip(runs, node("composed.mjs", parts), strict=True):
        assert_same(run, answer, exact=False)


def test_the_places_of_a_formula_have_the_numbers_of_a_step() -> None:
    """Position, gradient, state and hyperparameters, for every recorded rule."""
    runs = [descend("himmelblau", name, learning_rate=0.01, steps=8, weight_decay=0.01) for name in OPTIMIZERS]
    runs = [run for run in runs if not why_served(run.setup)]
    figures = [figure_data([run]) for run in runs]
    for run, data, numbers in zip(runs, figures, node("rules.mjs", {"figures": figures, "step": 5}), strict=True):
        before = run.theta[4] * (1 - 0.01 * run.learning_rate[4])
        known = {"step": 5, "learning_rate": run.learning_rate[4], "used": run.used_gradient[4]}
        known |= {"before theta": before, "after theta": run.theta[5]}
        for name, values in run.state.items():
            known |= {f"before {name}": values[4], f"after {name}": values[5]}
        known |= {f"knob {name}": value for name, value in run.setup.optimizer.values().items()}
        for place, number in zip(data["runs"][0]["formula"]["places"], numbers, strict=True):
            assert number == pytest.approx(np.ravel(known[place]), rel=1e-9, abs=1e-300), (run.label, place)


def test_what_the_reader_chose_is_taken_over() -> None:
    chosen = chosen_of(DEFAULT.descents())
    assert taken_over(DEFAULT, chosen).descents() == DEFAULT.descents()
    chosen["start"], chosen["values"][1]["momentum"] = [1, 2.5], 0.5
    moved = taken_over(DEFAULT, chosen)
    assert moved.start == (1.0, 2.5)
    assert chosen_of(moved.descents()) == chosen
    chosen["values"][1]["momentum"] = 7.0
    with pytest.raises(ValueError, match="momentum"):
        taken_over(DEFAULT, chosen)
    with pytest.raises(ValueError, match="4 runs"):
        taken_over(DEFAULT, {**chosen, "values": []})


def test_one_learning_rate_for_all_stays_until_one_run_has_its_own() -> None:
    shared = replace(DEFAULT, shared_learning_rate=0.01)
    chosen = chosen_of(shared.descents())
    assert taken_over(shared, chosen).shared_learning_rate == 0.01
    chosen["values"][0]["learning_rate"] = 0.02
    own = taken_over(shared, chosen)
    assert own.shared_learning_rate is None
    assert [rule.learning_rate for rule in own.optimizers] == [0.02, 0.01, 0.01, 0.01]
