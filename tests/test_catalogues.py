"""Contracts that every catalogue entry keeps. A new entry is tested here without a line being added."""

import doctest
import inspect
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

import gdviz
from gdviz.catalogue import Catalogue, Entry

CATALOGUES = (gdviz.OPTIMIZERS, gdviz.SCHEDULES, gdviz.LANDSCAPES, gdviz.CLIPPERS)
ENTRIES = [pytest.param(entry, id=name) for catalogue in CATALOGUES for name, entry in catalogue.items()]
LANDSCAPES = [pytest.param(entry(), id=name) for name, entry in gdviz.LANDSCAPES.items()]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_can_be_made_without_arguments_and_is_frozen(entry: type[Entry]) -> None:
    made = entry()
    assert made == entry(**made.values())
    assert hash(made) == hash(entry())
    with pytest.raises(FrozenInstanceError):
        made.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_explains_itself(entry: type[Entry]) -> None:
    assert entry.label
    assert entry.formula
    assert entry.source.startswith("https://") or entry.name == "constant"
    assert len(entry.summary()) > 20
    assert all(knob.help for knob in entry.knobs())
    assert len(entry.knobs()) == len(fields(entry))


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_has_a_doctest_with_a_number(entry: type[Entry]) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(entry) or "")
    assert any(any(character.isdigit() for character in example.want) for example in examples)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_hyperparameter_refuses_what_is_not_allowed_and_says_so(entry: type[Entry]) -> None:
    for knob in entry.knobs():
        wrong: list[object] = [float("nan"), float("inf"), "text", None, [1]]
        if knob.low > -np.inf:
            wrong.append(knob.low - 1)
        wrong += [bound for bound in (knob.above, knob.below) if bound is not None]
        for value in wrong:
            with pytest.raises(ValueError, match=knob.name) as error:
                entry(**{knob.name: value})
            assert repr(value) in str(error.value)
            assert knob.allowed in str(error.value)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_usual_range_of_a_hyperparameter_is_allowed(entry: type[Entry]) -> None:
    for knob in entry.knobs():
        for value in knob.usual or ():
            entry(**{knob.name: knob.type(value)})


def test_unknown_names_are_refused_with_what_exists() -> None:
    with pytest.raises(ValueError, match=r"optimizer must be one of gradient_descent, .*; got 'adm'"):
        gdviz.OPTIMIZERS.make("adm")
    with pytest.raises(ValueError, match="Adam: no hyperparameter 'beta'; it has learning_rate, beta_1"):
        gdviz.OPTIMIZERS.make("adam", beta=0.9)


def test_a_name_is_registered_once() -> None:
    class Thing(Entry):
        """Registering writes a name into the class: not into the one that all entries share."""

    catalogue: Catalogue[Entry] = Catalogue("thing")
    catalogue.register("one")(Thing)
    with pytest.raises(ValueError, match="'one' is registered twice"):
        catalogue.register("one")


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_gradient_agrees_with_differences_of_the_value(landscape: gdviz.landscapes.Landscape) -> None:
    rng = np.random.default_rng(7)  # seeded, so that a failure can be repeated
    (xmin, xmax), (ymin, ymax) = landscape.domain
    theta = np.array([rng.uniform(xmin, xmax, 200), rng.uniform(ymin, ymax, 200)])
    h = 1e-6 * (xmax - xmin)  # in the landscape's own unit: rounding grows as 1/h
    for axis, step in enumerate(np.eye(2)[:, :, None] * h):
        central = (
            8 * (landscape.value(theta + step) - landscape.value(theta - step))
            - (landscape.value(theta + 2 * step) - landscape.value(theta - 2 * step))
        ) / (12 * h)
        scale = np.abs(landscape.value(theta)) + 1
        close = np.isclose(landscape.gradient(theta)[axis] / scale, central / scale, rtol=1e-7, atol=1e-8)
        # A difference across a kink is no derivative; few of the points are that near to one.
        assert close.mean() >= 0.97


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_landscape_runs_one_point_or_many(landscape: gdviz.landscapes.Landscape) -> None:
    rng = np.random.default_rng(7)  # seeded, so that a failure can be repeated
    theta = rng.uniform(-1, 1, (2, 3, 4))
    assert landscape.value(theta).shape == (3, 4)
    assert landscape.gradient(theta).shape == (2, 3, 4)
    assert landscape.hessian(theta).shape == (2, 2, 3, 4)
    assert float(landscape.value(theta[:, 1, 2])) == pytest.approx(float(landscape.value(theta)[1, 2]), rel=1e-14)


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_minima_are_minima(landscape: gdviz.landscapes.Landscape) -> None:
    rng = np.random.default_rng(7)  # seeded, so that a failure can be repeated
    assert landscape.minima or landscape.name in ("saddle", "monkey_saddle")
    (xmin, xmax), (ymin, ymax) = landscape.domain
    everywhere = np.array([rng.uniform(xmin, xmax, 5000), rng.uniform(ymin, ymax, 5000)])
    for minimum in landscape.minima:
        assert xmin <= minimum[0] <= xmax
        assert ymin <= minimum[1] <= ymax
        assert landscape.value(minimum) == pytest.approx(landscape.lowest, abs=1e-12)
        assert np.all(landscape.value(everywhere) >= landscape.lowest)
        inside = [low < at < high for at, (low, high) in zip(minimum, landscape.domain, strict=True)]
        scale = max(1.0, float(np.abs(landscape.gradient(everywhere)).max()))
        np.testing.assert_allclose(landscape.gradient(minimum)[inside], 0.0, atol=1e-12 * scale)


RULES = [name for name, entry in gdviz.OPTIMIZERS.items() if not entry.asks]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_one_point_and_many_the_same_steps(name: str) -> None:
    rng = np.random.default_rng(7)  # seeded, so that a failure can be repeated
    rule = gdviz.OPTIMIZERS[name]()
    theta, gradients = rng.normal(size=(2, 5)), rng.normal(size=(10, 2, 5))
    here = (1, 3) if rule.elementwise else (slice(None), 3)  # one coordinate, or one vector, of the many
    many, state = theta, rule.initial_state(theta)
    one, one_state = theta[here], rule.initial_state(theta[here])
    for step, gradient in enumerate(gradients, start=1):
        many, state = rule.update(many, gradient, state, 0.1, step)
        one, one_state = rule.update(one, gradient[here], one_state, 0.1, step)
    np.testing.assert_array_equal(one, many[here])
    assert len(state) == len(rule.state_names)


@pytest.mark.parametrize("name", list(gdviz.SCHEDULES))
def test_schedule_is_vectorised_and_starts_at_its_initial_learning_rate(name: str) -> None:
    schedule = gdviz.SCHEDULES[name]().starting_at(0.25)
    steps = np.arange(50)
    np.testing.assert_allclose(schedule(steps), [schedule(step) for step in steps], rtol=1e-14)
    assert schedule(0) == 0.25
