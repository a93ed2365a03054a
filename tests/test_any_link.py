"""Any link opens its page: what cannot be read of it is said, and nothing else happens.

The links are those that the pages write, with anything in place of a number or a whole value. In CI the search starts
somewhere else each day; what it has found is kept in FOUND.
"""

import os
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from gdviz.catalogue import Knob
from gdviz.descent.experiment import DEFAULT, Experiment
from gdviz.gradflow import INITIALIZERS
from gdviz.runs import Runs
from tests.pages import MORE_FIELDS, address, opened, use_store

TODAY = date.today().toordinal() if "CI" in os.environ else 0
WEIRD = st.floats().map(repr) | st.sampled_from(
    [
        *[
            "9007199254740993",
            "18446744073709551616",
            "4294967296",
            "1e308",
            "-1e308",
            "1e400",
            "1e-320",
            "nan",
            "inf",
            "-inf",
            "-0",
            "0",
            "-1",
        ],
        *["0x10", "１２", "1_000", "²", "None", "True", ",", "=", ";", "☃"],
        *("", "\x00", "9" * 5000, "a" * 5000),
    ]
)
SEARCH = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
NUMBER = re.compile(r"(?<![a-z_])-?\d+(?:\.\d+)?(?:e-?\d+)?")
SEEDS: dict[str, dict[str, list[str]]] = {
    "descent": {
        "landscape": ["own_function", "quadratic,condition_number=10.0,rotation=30.0", "rosenbrock,a=1.0,b=100.0"],
        "function": ["x^2 + y^2", "x", "e^x", "1e12x^20"],
        "domain": ["-1,1,-1,1"],
        "start": ["1.0,2.0"],
        "learning_rate": ["0.1"],
        "clip": ["clipnorm,clipnorm=1.0"],
        "stop": ["loss=0.5"],
        "averaging": ["ema_momentum=0.9"],
        "batch_size": ["4"],
        "steps": ["20"],
    },
    "sweeps": {
        "mode": ["basins", "window", "map", "sensitivity"],
        "landscape": ["own_function"],
        "function": ["x^2", "y"],
        "domain": ["-1,1,-1,1"],
        "side": ["32"],
        "decades": ["-4,1"],
        "what": ["start", "noise"],
        "steps": ["10"],
        "run": ["adam,learning_rate=0.1"],
    },
    "gradient_flow": {
        "view": ["layers", "cures", "chaos", "inside", "training", "recurrent", "cliff"],
        "initializer": ["normal,sigma=0.05", "uniform,limit=0.05"],
        "layer": ["3"],
        "depth": ["5"],
        "width": ["16"],
        "seeds": ["1"],
        "training": ["steps=5,samples=64"],
    },
    "training": {},
    "runs": {},
    "choose": {},
    "reference": {"entry": ["adam"], "search": ["x"]},
}
"""Values that a page's own address does not have, one of which takes the place of its own."""
FOUND = [
    ("descent", {"landscape": "own_function", "function": "x**2+y**2", "domain": "-1e308,1e308,-1e308,1e308"}),
    ("descent", {"landscape": "rosenbrock,a=1e200,b=1.0"}),
    ("descent", {"seed": "9007199254740993", "steps": "9" * 5000, "start": "1e308,-1e308", "noise": "1e308"}),
    (
        "sweeps",
        {"landscape": "own_function", "function": "x*x", "steps": "10", "run": "adam,learning_rate=1e308"},
    ),
    ("gradient_flow", {"initializer": "normal,sigma=1e+300", "view": "chaos", "depth": "3", "width": "8"}),
    ("gradient_flow", {"initializer": "uniform,limit=1e+308", "depth": "3", "width": "8"}),
    ("gradient_flow", {"initializer": "uniform,limit=1e+300", "depth": "3", "width": "8", "view": "training"}),
    ("gradient_flow", {"initializer": "uniform,limit=-0", "depth": "3", "width": "8"}),
    ("training", {"early_stopping": "patience=123456789012345678,min_delta=0.0"}),
    ("training", {"data": "moons,rows=9007199254740993", "seed": "9" * 5000, "epochs": "1e308"}),
]


@pytest.mark.parametrize(("name", "fields"), FOUND)
def test_what_was_found(name: str, fields: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_store(Runs(folder=tmp_path), monkeypatch)
    opened(name, fields)


@st.composite
def links(draw: st.DrawFn, usual: dict[str, list[str]], seeds: dict[str, list[str]]) -> dict[str, list[str]]:
    """The fields of a page's address, or seeds in their place, with one to three numbers or values that are weird."""
    fields = {**usual, **{name: [draw(st.sampled_from(values))] for name, values in seeds.items()}}
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(fields)))
        text = fields[name][0] if fields[name] else ""
        numbers = list(NUMBER.finditer(text))
        place = draw(st.sampled_from([*numbers, None]))
        weird = draw(WEIRD)
        fields[name] = [weird if place is None else text[: place.start()] + weird + text[place.end() :]]
    return fields


@pytest.mark.parametrize("name", list(MORE_FIELDS))
def test_any_link_opens_its_page(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_store(Runs(folder=tmp_path), monkeypatch)
    usual = address(opened(name, SEEDS[name]))

    @seed(TODAY)
    @settings(SEARCH, max_examples=4)
    @given(links(usual, SEEDS[name]))
    def fuzz(fields: dict[str, list[str]]) -> None:
        opened(name, fields)

    fuzz()


@seed(TODAY)
@settings(SEARCH, max_examples=100)
@given(st.data())
def test_any_link_of_an_experiment_is_read_and_written_again(data: st.DataObject) -> None:
    usual = DEFAULT.to_link()
    experiment, _ = Experiment.from_link(data.draw(links(usual, SEEDS["descent"])))
    again, notes = Experiment.from_link(experiment.to_link())
    assert notes == []
    assert again == experiment


def test_whole_numbers_are_such_as_browsers_have() -> None:
    count = Knob(name="count", default=1, low=0)
    assert count.check(2**53 - 1) == 2**53 - 1
    with pytest.raises(ValueError, match=f"count must be a whole number .*, of size {2**53 - 1} at most; got {2**53}"):
        count.check(2**53)
    with pytest.raises(ValueError, match="got a number of 33220 bits"):
        count.check(10**10_000)
    with pytest.raises(ValueError, match=f"is larger than {2**53 - 1}"):
        count.parse("9" * 30)


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_a_variance_too_large_to_be_a_number_is_infinite(name: str) -> None:
    for knob in INITIALIZERS[name].knobs():
        if knob.type is float:
            assert INITIALIZERS[name](**{knob.name: min(knob.high, 1e300)}).variance(3, 4) >= 0
