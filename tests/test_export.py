"""What is taken home: read back to the last bit, refused when damaged, and code that runs."""

import contextlib
import csv
import html
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz import export
from gdviz.clipping import ClipNorm
from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.schedules.decays import ExponentialDecay

VARIED = Experiment(
    landscape=gdviz.LANDSCAPES["himmelblau"](),
    optimizers=tuple(entry(learning_rate=0.02) for entry in list(gdviz.OPTIMIZERS.values())[:8]),
    schedule=ExponentialDecay(decay_steps=30),
    start=(0.1, -0.2),
    steps=40,
    clip=ClipNorm(5.0),
    noise=0.1,
    seed=3,
    stop=gdviz.Stop(loss=1e-3),
)


def same(one: gdviz.Trajectory, other: gdviz.Trajectory) -> bool:
    arrays = ("theta", "loss", "gradient", "used_gradient", "learning_rate")
    return (
        one.setup == other.setup
        and (one.status, one.stopped_at, one.reason) == (other.status, other.stopped_at, other.reason)
        and all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in arrays)
        and all(np.array_equal(values, other.state[name], equal_nan=True) for name, values in one.state.items())
    )


@pytest.mark.parametrize("experiment", [DEFAULT, VARIED])
def test_json_is_read_back_to_the_last_bit(experiment: Experiment) -> None:
    runs = experiment.run()
    text = export.to_json(runs)
    assert all(same(*pair) for pair in zip(runs, export.from_json(text), strict=True))
    assert all(same(*pair) for pair in zip(runs, export.from_json(text.encode()), strict=True))


def test_json_holds_a_diverged_run_and_is_strict_json() -> None:
    runs = [gdviz.descend("quadratic", "momentum", learning_rate=5.0, steps=3000)]
    text = export.to_json(runs)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert same(runs[0], export.from_json(text)[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("[]", "not a file of gdviz trajectories"),
        ('{"format": "gdviz trajectories", "version": 2}', "version must be 1; got 2"),
        ('{"format": "gdviz trajectories", "version": 1}', "the file is damaged"),
        ('{"format": "gdviz trajectories", "version": 1, "runs": [3]}', "the file is damaged"),
        ("[" * 100_000, "not a JSON file"),
        (b"\xff\xfe", "not a JSON file"),
    ],
)
def test_other_files_are_refused_with_a_reason(text: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        export.from_json(text)


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(ValueError, match="at most"):
        export.from_json(b" " * (export.files.MOST_BYTES + 1))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_a_value_error_and_nothing_else(data: st.DataObject) -> None:
    """One value somewhere in the file is replaced by another kind of value."""
    root = json.loads(export.to_json([gdviz.descend("beale", "adam", steps=2)]))
    node = root["runs"][0]
    while True:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], (dict, list)) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(st.sampled_from([None, "x", -1, 1e400, [], {}, [[1, 2, 3]], True]))
    with contextlib.suppress(ValueError):
        export.from_json(json.dumps(root))


def test_csv_has_a_row_for_every_run_and_step() -> None:
    runs = DEFAULT.run()
    rows = list(csv.DictReader(io.StringIO(export.to_csv(runs))))
    assert len(rows) == sum(run.steps + 1 for run in runs)
    last = rows[-1]
    assert last["run"] == "Adam"
    assert float(last["x"]) == runs[-1].theta[-1, 0]
    assert float(last["loss"]) == runs[-1].loss[-1]
    assert last["learning_rate"] == ""


@pytest.mark.parametrize("experiment", [DEFAULT, VARIED])
def test_the_python_code_reproduces_the_runs(experiment: Experiment) -> None:
    namespace: dict[str, object] = {}
    exec(export.python_code(experiment), namespace)  # the project's own text: running it is the test
    runs = namespace["runs"]
    assert isinstance(runs, list)
    assert all(same(*pair) for pair in zip(runs, experiment.run(), strict=True))


@pytest.mark.parametrize("experiment", [DEFAULT, VARIED])
def test_the_keras_code_makes_the_optimizers(experiment: Experiment) -> None:
    lines = export.keras_code(experiment).split("\n")[2:]
    assert len(lines) == len(experiment.optimizers)
    namespace: dict[str, object] = {}
    exec("import keras", namespace)
    for line, descent in zip(lines, experiment.descents(), strict=True):
        if line.startswith("#"):
            continue
        made = eval(line, namespace)  # the project's own text
        assert type(made).__name__ == descent.optimizer.keras_class
        config = made.get_config()
        for name, value in descent.optimizer.values().items():
            if name != "learning_rate":
                assert config[name] == value
        if descent.clip:
            assert config["clipnorm"] == 5.0
        if isinstance(descent.schedule, ExponentialDecay):
            assert config["learning_rate"]["config"]["decay_steps"] == 30


def test_html_of_runs_is_a_live_figure_that_needs_no_network() -> None:
    runs = [gdviz.descend("beale", name, steps=5) for name in ("adam", "momentum")]
    for what in (runs, runs[0], gdviz.charts.descent(runs)):
        page = export.to_html(what, "a <title>", caption="a & b", link="https://example.org/?a=1&b=2")
        assert "<title>a &lt;title&gt;</title>" in page
        assert "a &amp; b" in page
        assert 'href="https://example.org/?a=1&amp;b=2"' in page
        assert "src=" not in page
        assert "/*" not in page.split("<style>")[0]
        assert len(page) <= 600_000
    assert '"optimizer"' in html.unescape(page)


def test_html_of_another_figure_plays_offline() -> None:
    page = export.to_html(gdviz.charts.quantity([gdviz.descend("beale", "adam", steps=5)], "m"), "a title")
    assert "<title>a title</title>" in page
    assert 'src="http' not in page
