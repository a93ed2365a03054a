"""Sharpness, principal plane and snapshots, each against an independent computation."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import confusion_matrix

from gdviz.training import DATASETS, KERAS_OPTIMIZERS, DenseLayer, TrainingSetup, Watch
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import End, Plane, Sharpness
from gdviz.training.keras.loop import train
from gdviz.training.keras.models import Engine
from gdviz.training.keras.plane import principal_directions
from gdviz.training.keras.sharpness import sharpness
from gdviz.training.keras.snapshots import snapshot


def full_hessian(engine: Engine) -> np.ndarray:
    """The Hessian of the training loss, column by column, of the loss that Keras computes itself."""
    weights = [v.value for v in engine.model.trainable_variables]
    x, y = engine.data.x["train"], engine.data.y["train"]
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            loss = keras.losses.get(engine.setup.loss)(y, engine.model(x, training=False))
            total = tf.reduce_mean(loss) + sum(engine.model.losses)
        flat = tf.concat([tf.reshape(g, [-1]) for g in inner.gradient(total, weights)], axis=0)
    blocks = [outer.jacobian(flat, w, experimental_use_pfor=False) for w in weights]
    return np.hstack([np.asarray(b).reshape(len(flat), -1) for b in blocks]).astype(np.float64)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_sharpness_is_the_largest_eigenvalue_of_the_full_hessian(seed: int, activation: str) -> None:
    setup = TrainingSetup(
        data=DATASETS.make("moons", samples=60), layers=(DenseLayer(5, activation, l2=0.01),), seed=seed
    )
    engine = Engine(setup, prepare(setup))
    hessian = full_hessian(engine)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-5)
    found = sharpness(engine, 100)
    assert found.converged
    assert found.value == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-3)


def test_sharpness_of_a_linear_model_is_that_of_its_covariance() -> None:
    setup = TrainingSetup(data=DATASETS.make("diabetes"), layers=())
    data = prepare(setup)
    inputs = np.hstack([data.x["train"], np.ones((len(data.x["train"]), 1))]).astype(float)
    expected = np.linalg.eigvalsh(2 * inputs.T @ inputs / len(inputs))[-1]
    found = sharpness(Engine(setup, data), 10_000)
    assert found.value == pytest.approx(expected, rel=1e-3)


def test_sharpness_is_reported_beside_its_limit() -> None:
    setup = TrainingSetup(
        data=DATASETS.make("moons", samples=60),
        optimizer=KERAS_OPTIMIZERS.make("sgd", learning_rate=0.1),
        epochs=4,
        watch=Watch(sharpness_epochs=2),
    )
    recorder = Recorder()
    train(setup, prepare(setup), recorder)
    measured = recorder.of(Sharpness)
    assert [event.epoch for event in measured] == [0, 2, 4]
    assert all(event.limit == pytest.approx(20.0) for event in measured)


def test_principal_directions_are_those_of_the_singular_value_decomposition() -> None:
    points = np.random.default_rng(3).normal(size=(7, 50)) * np.linspace(1, 9, 50)
    directions, shares = principal_directions(points)
    _, values, rows = np.linalg.svd(points - points.mean(axis=0))
    np.testing.assert_allclose(np.abs(np.sum(directions * rows[:2], axis=1)), 1.0, rtol=1e-9)
    np.testing.assert_allclose(shares, (values**2 / np.sum(values**2))[:2], rtol=1e-9)
    still, none = principal_directions(np.ones((4, 3)))
    assert not np.any(still)
    assert not np.any(none)


def test_the_plane_holds_the_path_over_the_true_loss() -> None:
    setup = TrainingSetup(
        data=DATASETS.make("moons", samples=100),
        layers=(DenseLayer(4, "tanh", normalization="batch"),),
        epochs=8,
        watch=Watch(plane=True, snapshot_epochs=0),
    )
    recorder = Recorder()
    result = train(setup, prepare(setup), recorder)
    (plane,) = recorder.of(Plane)
    assert plane.steps[0] == 0
    assert plane.steps[-1] == recorder.of(End)[0].step
    assert 0.5 < sum(plane.explained) <= 1.0 + 1e-9
    assert (plane.x[-1], plane.y[-1]) == (0.0, 0.0)
    assert plane.path_loss[-1] == pytest.approx(result.scores["train"]["loss"], rel=1e-5)
    assert plane.plane_loss[-1] == pytest.approx(plane.path_loss[-1], rel=1e-5)
    grid = np.array(plane.grid_loss)
    assert grid.shape == (25, 25)
    # The grid brackets the path: where the path is in the plane, its loss is near that of the nearest grid point.
    i = np.argmin(np.abs(plane.grid_y))
    j = np.argmin(np.abs(plane.grid_x))
    near = grid[max(0, i - 1) : i + 2, max(0, j - 1) : j + 2]
    assert near.min() - 0.05 < plane.path_loss[-1] < near.max() + 0.05


def test_a_snapshot_of_a_classification() -> None:
    setup = TrainingSetup(data=DATASETS.make("digits"), layers=(DenseLayer(7),))
    engine = Engine(setup, data := prepare(setup))
    taken = snapshot(engine, 0, 0)
    predicted = engine.model.predict(data.x["validation"], verbose=0)
    expected = confusion_matrix(data.y["validation"].argmax(axis=1), predicted.argmax(axis=1), labels=range(10))
    np.testing.assert_array_equal(taken.confusion, expected)
    sure = [mistake["probability"] for mistake in taken.mistakes]
    assert sure == sorted(sure, reverse=True)
    worst = taken.mistakes[0]
    wrong = predicted.argmax(axis=1) != data.y["validation"].argmax(axis=1)
    assert worst["probability"] == pytest.approx(predicted[wrong].max(), abs=1e-4)
    assert data.y["validation"][worst["row"]].argmax() == worst["true"] != worst["predicted"]
    kernel = engine.model.get_weights()[0]
    np.testing.assert_allclose(taken.filters[3], kernel[:, 3].reshape(8, 8), atol=1e-4)


def test_a_boundary_is_in_the_units_of_the_data() -> None:
    setup = TrainingSetup(data=DATASETS.make("blobs"), layers=())
    engine = Engine(setup, data := prepare(setup))
    boundary = snapshot(engine, 0, 0).boundary
    point = np.array([boundary["x"][7], boundary["y"][40]])
    scaled = ((point - data.x_mean) / data.x_scale).astype(np.float32)[None]
    expected = engine.model.predict(scaled, verbose=0)[0]
    np.testing.assert_allclose(np.array(boundary["values"])[:, 40, 7], expected, atol=1e-3)


def test_a_curve_and_residuals_are_in_the_units_of_the_data() -> None:
    setup = TrainingSetup(data=DATASETS.make("curve"), layers=(DenseLayer(5),))
    engine = Engine(setup, data := prepare(setup))
    taken = snapshot(engine, 0, 0)
    x = ((taken.curve["x"][50] - data.x_mean) / data.x_scale).astype(np.float32)[None]
    y = engine.model.predict(x, verbose=0)[0] * data.y_scale + data.y_mean
    assert taken.curve["y"][50] == pytest.approx(y[0], abs=1e-3)
    true = data.y["validation"][:, 0] * data.y_scale + data.y_mean
    np.testing.assert_allclose(taken.residuals["true"], true, atol=1e-3)
