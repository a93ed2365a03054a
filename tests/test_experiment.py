"""Links: every experiment survives the way through the address bar; broken ones fall back field by field."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.catalogue import Catalogue, Entry
from gdviz.descent import Stop
from gdviz.descent.experiment import DEFAULT, MOST_RUNS, MOST_STEPS, Experiment

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def entries(draw: st.DrawFn, catalogue: Catalogue[Entry]) -> Entry:
    entry = catalogue[draw(st.sampled_from(list(catalogue)))]
    values: dict[str, object] = {}
    for knob in entry.knobs():
        if knob.choices:
            values[knob.name] = draw(st.sampled_from(knob.choices))
        elif knob.type is bool:
            values[knob.name] = draw(st.booleans())
        elif knob.type is int:
            values[knob.name] = draw(st.integers(int(knob.low), int(min(knob.high, 10**6))))
        else:
            low = knob.low if knob.above is None else max(knob.low, knob.above)
            high = knob.high if knob.below is None else min(knob.high, knob.below)
            values[knob.name] = draw(
                st.floats(
                    None if low == -float("inf") else low,
                    None if high == float("inf") else high,
                    exclude_min=knob.above is not None,
                    exclude_max=knob.below is not None,
                    allow_nan=False,
                    allow_infinity=False,
                )
            )
    return entry(**values)


EXPERIMENTS = st.builds(
    Experiment,
    landscape=entries(gdviz.LANDSCAPES),
    optimizers=st.lists(entries(gdviz.OPTIMIZERS), min_size=1, max_size=MOST_RUNS).map(tuple),
    schedule=entries(gdviz.SCHEDULES),
    shared_learning_rate=st.none() | st.floats(0, 1e6),
    start=st.none() | st.tuples(NUMBERS, NUMBERS),
    steps=st.integers(1, MOST_STEPS),
    clip=st.none() | entries(gdviz.CLIPPERS),
    noise=st.floats(0, 1e6),
    seed=st.integers(0, 2**32 - 1),
    stop=st.builds(Stop, loss=st.none() | NUMBERS, gradient_norm=st.none() | st.floats(0, 1e6)),
)


@settings(max_examples=100, deadline=None)
@given(experiment=EXPERIMENTS)
def test_a_link_reproduces_every_experiment_exactly(experiment: Experiment) -> None:
    assert Experiment.from_link(experiment.to_link()) == (experiment, [])


@settings(max_examples=200, deadline=None)
@given(
    fields=st.dictionaries(
        st.sampled_from([*DEFAULT.to_link(), "learning_rate", "start", "clip", "stop", "other"]),
        st.lists(st.text(max_size=60), max_size=12),
    )
)
def test_any_link_gives_an_experiment(fields: dict[str, list[str]]) -> None:
    experiment, _ = Experiment.from_link(fields)
    assert experiment.descents()


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"landscape": ["nowhere"]}, "no landscape is called 'nowhere'"),
        ({"landscape": ["rosenbrock,b=-1"]}, "b must be a number with 0 < b; got -1.0"),
        ({"landscape": ["rosenbrock,c=1"]}, "no hyperparameter 'c'; it has a, b"),
        ({"run": ["adam,beta_1=1"]}, "beta_1 must be a number with 0 ≤ beta_1 < 1; got 1.0"),
        ({"run": ["rmsprop,centered=yes"]}, "'yes' is neither True nor False"),
        ({"run": ["adam"] * 9}, "at most 8 can be shown"),
        ({"steps": ["5001"]}, "steps must be a whole number with 1 ≤ steps ≤ 5000; got 5001"),
        ({"steps": ["-1"]}, "'-1' is not a whole number"),
        ({"steps": ["²"]}, "'²' is not a whole number"),
        ({"start": ["1"]}, "'1' is not two numbers, x and y"),
        ({"start": ["nan,1"]}, "start must be two finite numbers"),
        ({"noise": ["much"]}, "'much' is not a number"),
        ({"seed": ["99999999999"]}, "seed must be a whole number"),
        ({"learning_rate": ["-1"]}, "learning_rate must be a number with 0 ≤ learning_rate; got -1.0"),
    ],
)
def test_a_field_that_cannot_be_read_takes_its_default_and_is_noted(fields: dict[str, list[str]], note: str) -> None:
    whole = {**DEFAULT.to_link(), "seed": ["5"], **fields}
    experiment, notes = Experiment.from_link(whole)
    assert len(notes) == 1
    assert note in notes[0]
    if "seed" not in fields:
        assert experiment.seed == 5, "the other fields are still read"


def test_one_bad_hyperparameter_leaves_the_others_of_its_entry() -> None:
    experiment, notes = Experiment.from_link({"run": ["adam,learning_rate=0.3,beta_1=7"]})
    assert experiment.optimizers == (gdviz.OPTIMIZERS["adam"](learning_rate=0.3),)
    assert len(notes) == 1


def test_a_shared_learning_rate_replaces_each_optimizers_own() -> None:
    experiment = Experiment(DEFAULT.landscape, DEFAULT.optimizers, shared_learning_rate=0.25)
    assert {descent.schedule.initial_learning_rate for descent in experiment.descents()} == {0.25}
    assert {descent.optimizer.learning_rate for descent in experiment.descents()} == {0.25}
