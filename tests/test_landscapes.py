"""Landscapes have the values, minima and derivatives that others compute: two packages, papers, and autodiff."""

import jax
import jax.numpy as jnp
import landscapes.single_objective as first
import numpy as np
import optimization_benchmarks as second
import pytest

import gdviz
from gdviz.landscapes import Landscape

RNG = np.random.default_rng(5)  # seeded, so that a failure can be repeated
ENTRIES = [pytest.param(entry(), id=name) for name, entry in gdviz.LANDSCAPES.items()]

# The names of the same functions in the package "landscapes". Its Zakharov weighs the coordinates from 0, not from 1.
FIRST = {
    "sphere": "sphere", "rosenbrock": "rosenbrock", "beale": "beale", "booth": "booth",
    "matyas": "matyas", "three_hump_camel": "camel_hump_3", "six_hump_camel": "camel_hump_6", "mccormick": "mccormick",
    "goldstein_price": "goldstein_price", "branin": "branin", "himmelblau": "himmelblau", "rastrigin": "rastrigin",
    "ackley": "ackley", "griewank": "griewank", "levy_13": "levi_n13", "schaffer_2": "schaffer_n2",
    "eggholder": "eggholder", "michalewicz": "michalewicz", "styblinski_tang": "styblinski_tang",
    "drop_wave": "drop_wave", "cross_in_tray": "cross_in_tray", "easom": "easom", "schwefel": "schwefel",
    "bukin_6": "bukin_n6",
}  # fmt: skip
# And in "optimization-benchmarks", whose camel3 and schaffer2 are other functions with the same minimum.
SECOND = {
    "sphere": "sphere", "rosenbrock": "rosenbrock", "beale": "beale", "booth": "booth", "matyas": "matyas",
    "six_hump_camel": "camel6", "mccormick": "mccormick",
    "goldstein_price": "goldstein_price", "branin": "branin", "himmelblau": "himmelblau", "rastrigin": "rastrigin",
    "ackley": "ackley", "griewank": "griewank", "eggholder": "eggholder",
    "michalewicz": "michalewicz", "easom": "easom",
}  # fmt: skip
# The lowest values that the literature gives (Surjanovic & Bingham, sfu.ca/~ssurjano; Jamil & Yang, arXiv:1308.4008).
PUBLISHED = {
    "booth": 0.0, "matyas": 0.0, "three_hump_camel": 0.0, "six_hump_camel": -1.0316, "mccormick": -1.91322,
    "goldstein_price": 3.0, "branin": 0.397887, "ackley": 0.0, "griewank": 0.0, "levy_13": 0.0, "schaffer_2": 0.0,
    "eggholder": -959.6407, "michalewicz": -1.8013, "styblinski_tang": -78.33233, "drop_wave": -1.0,
    "cross_in_tray": -2.06261, "easom": -1.0, "bukin_6": 0.0, "beale": 0.0, "rosenbrock": 0.0, "himmelblau": 0.0,
}  # fmt: skip


def points(landscape: Landscape, count: int) -> np.ndarray:
    """Points of the domain, of its edge, and some as far again outside it: shape (2, count)."""
    low, high = np.array(landscape.domain).T
    inside = RNG.uniform(low[:, None], high[:, None], (2, count - 4))
    corners = np.array([[low[0], high[0], low[0], high[0]], [low[1], low[1], high[1], high[1]]])
    return np.concatenate([inside, corners], axis=1)


@pytest.mark.parametrize("name", list(FIRST))
def test_values_are_those_of_one_package(name: str) -> None:
    landscape = gdviz.LANDSCAPES[name]()
    theta = points(landscape, 60)
    theirs = [float(getattr(first, FIRST[name])(point)) for point in theta.T]
    np.testing.assert_allclose(landscape.value(theta), theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", list(SECOND))
def test_values_are_those_of_another_package(name: str) -> None:
    landscape = gdviz.LANDSCAPES[name]()
    theta = points(landscape, 60)
    theirs = [float(getattr(second, SECOND[name])(point)) for point in theta.T]
    np.testing.assert_allclose(landscape.value(theta), theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_the_lowest_value_is_the_published_one(name: str) -> None:
    published = PUBLISHED[name]
    assert gdviz.LANDSCAPES[name]().lowest == pytest.approx(published, rel=3e-5, abs=1e-9)


@pytest.mark.parametrize("landscape", ENTRIES)
def test_derivatives_are_those_of_autodiff(landscape: Landscape, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAX differentiates the value; where f has kinks, nearby on either side but not on them."""
    with jax.enable_x64(True):
        module = __import__(type(landscape).__module__, fromlist=["f"])
        for name in ("cos", "exp", "sin", "sqrt", "sign", "tanh", "logaddexp"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, getattr(jnp, name))
        loss = lambda theta: landscape.f(theta[0], theta[1])  # noqa: E731
        theta = points(landscape, 40)
        far = np.concatenate([theta, 1.5 * theta, np.array(landscape.start)[:, None]], axis=1) + 1e-3
        gradients = np.array(jax.vmap(jax.grad(loss))(far.T)).T
        hessians = np.moveaxis(np.array(jax.vmap(jax.hessian(loss))(far.T)), 0, -1)
        monkeypatch.undo()
    assert np.all(np.isfinite(gradients))
    np.testing.assert_allclose(landscape.gradient(far), gradients, rtol=1e-8, atol=1e-10 * np.abs(gradients).max())
    np.testing.assert_allclose(landscape.hessian(far), hessians, rtol=1e-8, atol=1e-9 * np.abs(hessians).max())


@pytest.mark.parametrize("landscape", ENTRIES)
def test_the_gradient_is_finite_wherever_the_value_is(landscape: Landscape) -> None:
    """On kinks, and where a formula divides by a distance that is 0."""
    (xmin, xmax), (ymin, ymax) = landscape.domain
    kinks = [(0.0, 0.0), (0.0, 1.0), (np.pi, 1.0), (-10.0, 1.0), (-10.0, 0.5), (0.0, -47.0), (47.0, 0.0), (xmin, ymax)]
    theta = np.array([*kinks, *landscape.minima, landscape.start, (xmax, ymin)]).T
    assert np.all(np.isfinite(landscape.value(theta)))
    assert np.all(np.isfinite(landscape.gradient(theta)))


@pytest.mark.parametrize("landscape", ENTRIES)
def test_the_start_is_within_the_domain_and_not_at_rest(landscape: Landscape) -> None:
    for at, (low, high) in zip(landscape.start, landscape.domain, strict=True):
        assert low < at < high
    assert np.linalg.norm(landscape.gradient(landscape.start)) > 0
