"""Data landscapes are those of the models they name, and their mini-batches are drawn as Keras draws them."""

import keras
import numpy as np
import pytest

import gdviz

NAMES = ["linear_regression", "logistic_regression", "tanh_network"]


def model_loss(name: str, x: float, y: float) -> float:
    """The loss of the same model, computed by Keras's own loss functions."""
    landscape = gdviz.LANDSCAPES[name]()
    a, t = landscape.inputs, landscape.targets
    if name == "logistic_regression":
        return float(keras.losses.BinaryCrossentropy(from_logits=True)((t + 1) / 2, x * a + y))
    return float(keras.losses.MeanSquaredError()(t, y * np.tanh(x * a) if name == "tanh_network" else x * a + y))


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_that_of_the_model_in_keras(name: str) -> None:
    for x, y in np.random.default_rng(4).uniform(-2, 2, (10, 2)):
        assert float(gdviz.LANDSCAPES[name]().value((x, y))) == pytest.approx(model_loss(name, x, y), rel=1e-5)


def test_the_minimum_of_linear_regression_is_that_of_least_squares() -> None:
    landscape = gdviz.LANDSCAPES["linear_regression"]()
    np.testing.assert_allclose(landscape.minima[0], np.polyfit(landscape.inputs, landscape.targets, 1), rtol=1e-10)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 7, 50])
def test_the_batches_of_an_epoch_hold_every_example_once(name: str, size: int) -> None:
    landscape = gdviz.LANDSCAPES[name]()
    count = -(-landscape.examples // size)
    run = gdviz.descend(landscape, "gradient_descent", 0.0, batch_size=size, steps=2 * count)  # stays at the start
    sizes = np.full(count, size)
    sizes[-1] = landscape.examples - size * (count - 1)
    for epoch in (run.used_gradient[:count], run.used_gradient[count:]):
        np.testing.assert_allclose(sizes @ epoch / landscape.examples, run.gradient[0], rtol=1e-10, atol=1e-14)
    assert not np.allclose(run.used_gradient[:count], run.used_gradient[count:], rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_all_examples_is_the_full_gradient(name: str) -> None:
    landscape = gdviz.LANDSCAPES[name]()
    full = gdviz.descend(landscape, "adam", 0.05)
    np.testing.assert_allclose(
        gdviz.descend(landscape, "adam", 0.05, batch_size=landscape.examples).theta, full.theta, rtol=1e-9
    )


def test_batches_come_from_the_seed() -> None:
    def path(seed: int) -> np.ndarray:
        return gdviz.descend("tanh_network", "adam", 0.05, batch_size=4, seed=seed).theta

    np.testing.assert_array_equal(path(3), path(3))
    assert not np.array_equal(path(3), path(4))


def test_a_rule_that_asks_is_answered_from_the_same_batch() -> None:
    sam = gdviz.OPTIMIZERS["sam"](0.05, rho=0.0)
    run = gdviz.descend("linear_regression", sam, batch_size=3, steps=50)
    plain = gdviz.descend("linear_regression", "gradient_descent", 0.05, batch_size=3, steps=50)
    np.testing.assert_allclose(run.theta, plain.theta, rtol=1e-12)


@pytest.mark.parametrize("size", [0, 151, 2.5, True, "all"])
def test_a_batch_size_that_is_not_possible_is_refused(size: object) -> None:
    with pytest.raises(ValueError, match="batch_size must be a whole number with 1 ≤ batch_size"):
        gdviz.descend("linear_regression", "adam", batch_size=size)


def test_a_landscape_without_data_has_no_batches() -> None:
    with pytest.raises(ValueError, match="batch_size must be None: Rosenbrock has no data; got 5"):
        gdviz.descend("rosenbrock", "adam", batch_size=5)
