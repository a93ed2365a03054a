"""Records: what is recorded gives the numbers of the calculation, and travels as JSON."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import gdviz
from gdviz.landscapes.data import DataLandscape
from gdviz.tracing import NotRecordableError, Record, record, record_run
from gdviz.tracing.derivatives import jacobian

RECORDED = list(gdviz.LANDSCAPES)


def test_equal_operations_are_recorded_once_and_levels_tell_what_they_depend_on() -> None:
    made = record(
        lambda x, t, beta: {"a": x * beta**t, "b": x * beta**t + 1, "c": 1 - beta}, x="point", t="step", beta="knob"
    )
    names = [name for name, *_ in made.operations]
    assert names.count("power") == names.count("multiply") == 1
    levels = dict(zip(names, made.levels(), strict=True))
    assert (levels["subtract"], levels["power"], levels["multiply"]) == (0, 1, 2)
    assert made.levels(varied=["beta"])[names.index("power")] == 2


@pytest.mark.parametrize("landscape", RECORDED)
def test_a_recorded_step_gives_the_numbers_of_descend(landscape: str) -> None:
    run = gdviz.descend(landscape, "adam", 0.05, steps=4, clip="clipnorm", weight_decay=0.1, noise=0.3)
    setup = run.setup
    made = record_run(setup.landscape, setup.optimizer, clip=setup.clip, weight_decay=0.1, noise=True)
    noise = np.random.default_rng(0).normal(0.0, 0.3, (4, 2))
    for t, (before, after) in enumerate(pairwise(run.theta)):
        state = {f"{name}_{end}": run.state[name][t][i] for name in ("m", "v") for i, end in enumerate("xy")}
        given = {"x": before[0], "y": before[1], "step": t + 1, "learning_rate": 0.05, **made.knobs, **state}
        if isinstance(setup.landscape, DataLandscape):
            given |= {"input": setup.landscape.inputs, "target": setup.landscape.targets}
        found = made.step.run(**given, noise_x=noise[t][0], noise_y=noise[t][1])
        assert [found["x"], found["y"]] == after.tolist()
        assert [found["gradient_x"], found["gradient_y"]] == run.gradient[t].tolist()
        assert bool(found["clipped"]) == run.clipped[t]
        np.testing.assert_allclose(found["loss"], run.loss[t], rtol=1e-14)


@pytest.mark.parametrize("landscape", RECORDED)
def test_the_recorded_hessian_is_that_of_complex_steps(landscape: str) -> None:
    ground = gdviz.LANDSCAPES[landscape]()
    x, y = ground.start

    def hessian(x: Any, y: Any, a: Any, t: Any) -> dict[str, Any]:
        (xx, xy), (yx, yy) = jacobian((ground.over(a, t) if isinstance(ground, DataLandscape) else ground).df, x, y)
        return {"xx": xx, "xy": xy, "yx": yx, "yy": yy}

    examples = {"a": getattr(ground, "inputs", 0.0), "t": getattr(ground, "targets", 0.0)}
    found = record(hessian, x="point", y="point", a="example", t="example").run(x=x, y=y, **examples)
    np.testing.assert_allclose([*found.values()], ground.hessian((x, y)).ravel(), rtol=1e-9, atol=1e-9)


def test_a_record_travels_as_json() -> None:
    made = record(lambda x: {"y": np.where(x > 0, x, np.inf), "z": -0.0 * x}, x="point")
    sent = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    again = Record.from_dict(sent)
    assert again == made
    assert again.run(x=-1.0)["y"] == np.inf
    assert np.signbit(again.run(x=1.0)["z"])


def test_what_is_no_list_of_operations_is_refused() -> None:
    for wrong in (lambda x: {"y": x if x > 0 else -x}, lambda x: {"y": min(x, 1)}, lambda x: {"y": np.cbrt(x)}):
        with pytest.raises(NotRecordableError):
            record(wrong, x="point")
