"""Setups: what one declared line gives in links, files, differences, single changes and code."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

import gdviz
from gdviz import gradflow
from gdviz.catalogue import Catalogue, Entry, Setup, knob, names, numbers, one_of, optional, part, several
from gdviz.comparing.presets import PRESETS as COMPARISONS
from gdviz.descent.experiment import Experiment
from gdviz.training import KERAS_OPTIMIZERS, PRESETS, TrainingSetup

ANIMALS: Catalogue[Entry] = Catalogue("animal", "ANIMALS")


@ANIMALS.register("cat")
@dataclass(frozen=True)
class Cat(Entry):
    """A cat."""

    label = "Cat"

    legs: int = knob(4, 0, 8, help="number of legs")
    speed: float = knob(1.0, 0.0, help="metres a second")


@ANIMALS.register("dog")
@dataclass(frozen=True)
class Dog(Entry):
    """A dog."""

    label = "Dog"

    speed: float = knob(2.0, 0.0, help="metres a second")
    colour: str = knob("brown", choices=("brown", "black"), help="colour of its coat")


@dataclass(frozen=True)
class Cage(Entry):
    """A cage."""

    label = "Cage"

    width: float = knob(1.0, above=0.0, help="metres")
    height: float | None = knob(None, 0.0, help="metres; None: open at the top")


@dataclass(frozen=True)
class Keeper(Setup):
    """A setup within another."""

    wage: float = knob(10.0, 0.0, help="an hour")
    pet: Entry = one_of(ANIMALS, "dog")


@dataclass(frozen=True)
class Zoo(Setup):
    """Every kind of field."""

    noun = "a zoo"

    star: Entry = one_of(ANIMALS, "cat")
    animals: tuple[Entry, ...] = several(ANIMALS, least=1, most=3, default=("dog",), link="animal")
    cages: tuple[Cage, ...] = several(Cage, most=2, link="cage")
    guest: Entry | None = optional(ANIMALS)
    spare: Cage | None = optional(Cage)
    keeper: Keeper = part(Keeper, prefix="keeper_")
    visitors: int | None = knob(30, 1, 100, none="any", help="at most")
    open: bool = knob(True, words=("shut", "open"), help="whether it is open")
    place: tuple[float, float] | None = numbers(("x", "y"), help="where it stands")
    days: tuple[str, ...] | None = names(("monday", "tuesday"), help="days on which it is open")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.spare and not self.cages:
            raise ValueError("spare must be None where there are no cages")


FLOATS = st.floats(0, 1e300)
ENTRIES = st.builds(Cat, st.integers(0, 8), FLOATS) | st.builds(Dog, FLOATS, st.sampled_from(["brown", "black"]))
CAGES = st.builds(Cage, FLOATS.filter(bool), st.none() | FLOATS)
ZOOS = st.builds(
    Zoo,
    star=ENTRIES,
    animals=st.lists(ENTRIES, min_size=1, max_size=3).map(tuple),
    cages=st.lists(CAGES, min_size=1, max_size=2).map(tuple),
    guest=st.none() | ENTRIES,
    spare=st.none() | CAGES,
    keeper=st.builds(Keeper, FLOATS, ENTRIES),
    visitors=st.none() | st.integers(1, 100),
    open=st.booleans(),
    place=st.none() | st.tuples(FLOATS, FLOATS),
    days=st.none() | st.lists(st.sampled_from(["monday", "tuesday"]), unique=True).map(tuple),
)


@settings(deadline=None)
@given(zoo=ZOOS)
def test_links_files_and_code_reproduce_every_setup(zoo: Zoo) -> None:
    assert Zoo.from_link(zoo.to_link()) == (zoo, [])
    assert Zoo.from_json(zoo.to_json()) == zoo
    classes = {"Zoo": Zoo, "Keeper": Keeper, "Cage": Cage, "ANIMALS": ANIMALS}
    assert eval(zoo.code(), classes) == zoo  # the project's own text: running it is the test


@settings(deadline=None)
@given(zoo=ZOOS, other=ZOOS)
def test_differences_are_the_paths_whose_values_differ(zoo: Zoo, other: Zoo) -> None:
    differences = zoo.differences(other)
    assert (differences == {}) == (zoo == other)
    assert all(zoo.flat().get(path) == pair[0] != pair[1] for path, pair in differences.items())


@settings(deadline=None)
@given(zoo=ZOOS)
def test_every_single_change_changes_its_path(zoo: Zoo) -> None:
    for path, found in zoo.single_changes().items():
        new = {int: 3, float: 7.5, str: found.choices[-1] if found.choices else "", bool: True}[found.type]
        changed = zoo.with_change(path, new)
        assert changed.flat()[path] == new
        assert {p.rpartition(".")[0] for p in zoo.differences(changed)} <= {path.rpartition(".")[0]}


@settings(max_examples=200, deadline=None)
@given(
    fields=st.dictionaries(
        st.sampled_from([*Zoo().to_link(), "cage", "guest", "spare", "place", "days"]),
        st.lists(st.text(max_size=20) | st.sampled_from(["cat,legs=9", "dog,speed=3", "width=0", "none"]), max_size=4),
    )
)
def test_any_link_gives_a_setup(fields: dict[str, list[str]]) -> None:
    assert isinstance(Zoo.from_link(fields)[0], Zoo)


def test_what_contradicts_the_rest_is_left_out_alone_and_noted() -> None:
    zoo, notes = Zoo.from_link({"spare": ["width=2.0"], "visitors": ["any"], "open": ["shut"]})
    assert zoo == Zoo(visitors=None, open=False)
    assert notes == ["spare: spare must be None where there are no cages. The default is used."]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"star": {"name": "cow"}}, "animal must be one of cat, dog; got 'cow'"),
        ({"star": {"name": "cat", "legs": 9}}, "Cat: legs must be a whole number with 0 ≤ legs ≤ 8; got 9"),
        ({"star": {"name": "cat", "wings": 2}}, "Cat: no hyperparameter 'wings'; it has legs, speed"),
        ({"animals": []}, "animals must be 1 to 3; got 0"),
        ({"cages": [{}] * 3}, "cages must be at most 2; got 3"),
        ({"cages": [{"depth": 1}]}, "Cage: no field 'depth'; it has width, height"),
        ({"cages": 3}, "cages must be a list of cages; got 3"),
        ({"keeper": {"wages": 1}}, "no field 'wages' in a setup; it has wage, pet"),
        ({"visitors": 0}, "visitors must be a whole number with 1 ≤ visitors ≤ 100, or None; got 0"),
        ({"place": [1, float("nan")]}, "place must be two finite numbers, x and y; got"),
        ({"days": ["sunday"]}, "days must be of monday, tuesday; got 'sunday'"),
        ({"snakes": 1}, "no field 'snakes' in a zoo; it has star, animals"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Zoo.from_dict(values)


def test_a_change_of_entry_keeps_what_both_have() -> None:
    assert Zoo(star=Cat(3, 9.0)).with_change("star.name", "dog").star == Dog(9.0)
    assert Zoo().with_change("guest.name", "dog").guest == Dog()
    with pytest.raises(ValueError, match=r"field must be one that can be changed alone; got 'keeper\.name'"):
        Zoo().with_change("keeper.name", "dog")


@dataclass(frozen=True)
class WithPatience(Experiment):
    """The experiment with one more hyperparameter: one line."""

    patience: int = knob(7, 1, 50, help="steps to wait")


def test_one_line_adds_a_hyperparameter_to_link_file_difference_change_and_code() -> None:
    changed = WithPatience(patience=9)
    assert changed.to_link()["patience"] == ["9"]
    assert WithPatience.from_link({"patience": ["9"]}) == (changed, [])
    assert WithPatience.from_json(changed.to_json()) == changed
    assert changed.to_dict()["patience"] == 9
    assert WithPatience().differences(changed) == {"patience": (7, 9)}
    assert WithPatience().with_change("patience", 9) == changed
    assert "patience=9" in changed.code()
    assert "patience=9" in gdviz.export.python_code(changed)


def test_a_learning_rate_cannot_be_two_numbers() -> None:
    adam, constant = gdviz.OPTIMIZERS["adam"], gdviz.SCHEDULES["constant"]
    with pytest.raises(ValueError, match=r"learning_rate must be one number: Adam has 0\.1"):
        gdviz.Descent("quadratic", adam(learning_rate=0.1), constant(0.5))
    assert gdviz.Descent("quadratic", adam(), constant(0.5)).optimizer.learning_rate == 0.5
    assert gdviz.Descent("quadratic", adam(0.2)).schedule == constant(0.2)
    experiment = Experiment(optimizers=(adam(0.1), adam(0.2)), shared_learning_rate=0.5)
    assert {rule.learning_rate for rule in experiment.optimizers} == {0.5}
    run = gdviz.descend("quadratic", adam(0.1), learning_rate=constant(0.5), steps=3)
    assert run.setup.optimizer.learning_rate == run.learning_rate[0] == 0.5
    assert replace(run.setup, steps=4).schedule == constant(0.5)


def test_a_form_draws_what_is_declared_also_what_no_group_names() -> None:
    def page() -> None:
        import streamlit as st

        from gdviz.ui.form import Form
        from tests.test_setup import WithPatience

        form = Form(WithPatience(), str, exact=False)
        st.session_state["made"] = WithPatience(
            **form.draw(
                st.container(), [("", ("steps", ("noise", "seed"))), ("More", ("clip",))], without=["optimizers"]
            )
        )

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert app.session_state["made"] == WithPatience()
    next(slider for slider in app.slider if slider.label.startswith("Patience")).set_value(30)
    next(box for box in app.selectbox if box.label == "Gradient clipping").set_value("clipnorm")
    next(radio for radio in app.radio if radio.label == "Direction").set_value("Ascent")
    app = app.run()
    made = app.session_state["made"]
    assert made.differences(WithPatience()).keys() >= {"patience", "clip.name", "maximize"}
    assert (made.patience, made.maximize) == (30, True)


def test_a_form_has_widgets_for_every_kind_of_field() -> None:
    def page() -> None:
        import streamlit as st

        from gdviz.ui.form import Form
        from tests.test_setup import ANIMALS, Cage, Zoo

        shown = Zoo(
            animals=(ANIMALS.make("cat", legs=3), ANIMALS.make("dog", speed=7.0)),
            cages=(Cage(2.0), Cage(3.0, 4.0)),
            guest=ANIMALS.make("dog", colour="black"),
            spare=Cage(5.0),
            visitors=12,
            open=False,
            place=(1.0, 2.0),
            days=("tuesday",),
        )
        st.session_state["shown"] = shown
        st.session_state["made"] = Zoo(**Form(shown, str, exact=True).draw(st.container(), [("", ())]))

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert app.session_state["made"] == app.session_state["shown"]
    next(box for box in app.number_input if box.key == "keeper.wage").set_value(11.0)
    next(box for box in app.selectbox if box.key == "animals0").set_value("dog")
    app = app.run()
    assert app.session_state["made"].differences(app.session_state["shown"]).keys() >= {"keeper.wage", "animals.1.name"}


EVERY_SETUP = [
    Experiment(clip="clipnorm", averaging=gdviz.Averaging(), stop=gdviz.Stop(loss=1e-3), start=(1.0, 2.0)),
    gdviz.Descent(gdviz.compile_landscape("x**2 + y**4"), "momentum", "cosine_decay"),
    *(
        gradflow.Study(gradflow.Training(preset.network, "adam", clip="clipvalue"))
        for preset in gradflow.PRESETS.values()
    ),
    *PRESETS.values(),
    *COMPARISONS.values(),
]


@pytest.mark.parametrize("setup", EVERY_SETUP, ids=lambda setup: type(setup).__name__)
def test_the_code_of_every_configuration_makes_it(setup: Setup) -> None:
    assert eval(setup.code(), {"gdviz": gdviz}) == setup  # the project's own text: running it is the test
    assert type(setup).from_json(setup.to_json()) == setup


def test_networks_and_trainings_have_one_learning_rate_too() -> None:
    adam = gdviz.OPTIMIZERS["adam"](learning_rate=0.1)
    keras_adam = KERAS_OPTIMIZERS.make("adam", learning_rate=0.1)
    for kind, optimizer in ((gradflow.Training, adam), (TrainingSetup, keras_adam)):
        with pytest.raises(ValueError, match="learning_rate must be one number: Adam has 0"):
            kind(optimizer=optimizer, schedule=gdviz.SCHEDULES["constant"](0.5))
        setup = kind(optimizer=optimizer, schedule=gdviz.SCHEDULES["cosine_decay"](0.1, alpha=0.5))
        slower = setup.with_learning_rate(0.01)
        assert slower.optimizer.learning_rate == slower.schedule.initial_learning_rate == 0.01
        assert slower.schedule.alpha == 0.5
        by_path = setup.with_change("optimizer.learning_rate", 0.01)
        assert by_path == slower
