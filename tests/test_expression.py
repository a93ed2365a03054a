"""A user's own function: exact derivatives, found minima, and nothing but formulas accepted."""

import json
import pickle
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdviz
from gdviz.landscapes.own import OwnFunction

FORMULAS = [
    "(x-1)**2 + sin(3*y)",
    "abs(x*y - 1) + x**2",
    "exp(-x**2)*cos(pi*y) + log(x**2 + 1)",
    "sqrt(x**2 + y**2 + 1)/(2 + tanh(x))",
    "x**-2 + atan(y)*sinh(x/3) - cosh(y)**0.5",
    "tan(x/9)**3 - -y*2**0.5 + e*x",
]
ATTACKS = [
    "__import__('os').system('ls')", "x.__class__", "().__class__.__bases__[0]", "lambda: x", "[x for x in y]", "x[0]",
    "9**9**9", "9**9**9**9", "10**20**10", "x**x", "2**x", "x**1000000", "1e400", "1e13*x", "(" * 60 + "x" + ")" * 60,
    "-" * 150 + "x", "x+" * 300 + "x", "tanh(" * 18 + "x" + ")" * 18, "exp(exp(exp(9)))", "exp(999)", "(9**20)**20",
    "x\u200b+y", "\u0445+1", "x\x00", "x;y", "x=1", "(x:=1)", "f'{x}'", "'x'", "True", "None", "1j",
    "x if y else x", "x < y", "not x", "x @ y", "x // 2", "x % 2", "sin", "sin()", "sin(x, y)", "sin(*x)", "sin(x=x)",
    "eval(x)", "gamma(x)", "z", "", "   ", "(", "x+", "sqrt(-1)", "1/0", "0.0**-1", "log(0)", "#",
    "x\n+y", "cos(x)/(y-y)**4", "sin(1/(tan(y)*(x-x)))", "x**2**9",
    "0x10**x", "*x", "((x+y)*" * 18 + "x" + ")" * 18 + "**20**20",
]  # fmt: skip


TEXTS = json.loads((Path(__file__).parent / "data" / "formulas.json").read_text(encoding="utf-8"))
"""What people type, with values and gradients by JAX, and what is refused. All parsers of formulas are held to it."""


@pytest.fixture(scope="module", autouse=True)
def _sympy_is_loaded() -> None:
    gdviz.compile_landscape("x*x + y*y")


@pytest.mark.parametrize("text", FORMULAS)
def test_value_and_derivatives_are_those_of_autodiff(text: str) -> None:
    landscape = gdviz.compile_landscape(text)
    names = {name: getattr(jnp, name) for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "sinh", "cosh", "tanh")}
    names |= {"abs": jnp.abs, "atan": jnp.arctan, "pi": jnp.pi, "e": jnp.e}
    loss = lambda p: eval(text, names, {"x": p[0], "y": p[1]})  # noqa: E731 - the test's own text
    theta = np.random.default_rng(3).uniform(0.3, 3.0, (2, 30))
    with jax.enable_x64(True):
        np.testing.assert_allclose(landscape.value(theta), jax.vmap(loss)(theta.T), rtol=1e-12)
        gradients = np.array(jax.vmap(jax.grad(loss))(theta.T)).T
        hessians = np.moveaxis(np.array(jax.vmap(jax.hessian(loss))(theta.T)), 0, -1)
    np.testing.assert_allclose(landscape.gradient(theta), gradients, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(landscape.hessian(theta), hessians, rtol=1e-8, atol=1e-10)


def test_what_people_type_is_understood() -> None:
    theta = np.array(TEXTS["points"]).T
    for case in TEXTS["understood"]:
        landscape = OwnFunction(text=case["text"], domain=((-5.0, 5.0), (-5.0, 5.0)), start=(0.0, 0.0), formula="")
        with np.errstate(all="ignore"):
            values, gradients = landscape.value(theta), landscape.gradient(theta).T
        expected = np.array(case["values"], dtype=np.float64), np.array(case["gradients"], dtype=np.float64)
        np.testing.assert_allclose(values, expected[0], rtol=1e-12, err_msg=case["text"])
        np.testing.assert_allclose(gradients, expected[1], rtol=1e-9, atol=1e-12, err_msg=case["text"])


def test_a_text_is_shown_as_the_formula_it_was_understood_as() -> None:
    assert gdviz.compile_landscape("1/2x + 2^-1(|Ｙ| - √π)²").formula == (
        r"f(x, y) = \frac{1}{2} x + 2^{-1} \left(\left|y\right| - \sqrt{\pi}\right)^{2}"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("(1 - x)**2 + 100*(y - x**2)**2", "rosenbrock"),
        ("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", "himmelblau"),
        ("(x**4 - 16*x**2 + 5*x + y**4 - 16*y**2 + 5*y)/2", "styblinski_tang"),
        ("(x + 2*y - 7)**2 + (2*x + y - 5)**2", "booth"),
        ("(x**2 - 1)**2 + y**2", "double_well"),
    ],
)
def test_minima_are_found(text: str, name: str) -> None:
    own = gdviz.compile_landscape(text, domain=gdviz.LANDSCAPES[name]().domain)
    found, known = sorted(own.minima), sorted(gdviz.LANDSCAPES[name]().minima)
    np.testing.assert_allclose(found, known, atol=1e-6)


@pytest.mark.parametrize("text", ["x", "3", "x*y", "tan(x)", "1/x", "x**2", "abs(x*y)"])
def test_no_minimum_is_claimed_where_there_is_none_or_a_line_of_them(text: str) -> None:
    assert gdviz.compile_landscape(text).minima == ()


def test_it_runs_like_any_landscape() -> None:
    own = gdviz.compile_landscape("(1 - x)**2 + 100*(y - x**2)**2")
    run = gdviz.descend(own, "adam", 0.05, start=(-1.5, 2.0))
    theirs = gdviz.descend("rosenbrock", "adam", 0.05, start=(-1.5, 2.0))
    np.testing.assert_allclose(run.theta, theirs.theta, rtol=1e-9)
    assert pickle.loads(pickle.dumps(own)) == own


@pytest.mark.parametrize("text", [*ATTACKS, *TEXTS["refused"]])
def test_what_is_not_a_formula_is_refused_quickly_and_with_a_reason(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ValueError, match="function"):
        gdviz.compile_landscape(text)
    assert time.perf_counter() - began < 0.1


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("xy+-*/()., 19e_[]{}'\"@:=sincogpatmf!\\\n\u0445|^√²⁻π₁θ｜ｘ·"), max_size=30))
def test_any_text_gives_a_landscape_or_a_value_error(text: str) -> None:
    try:
        own = gdviz.compile_landscape(text)
    except ValueError:
        return
    with np.errstate(all="ignore"):
        assert np.shape(own.gradient((0.5, 0.5))) == (2,)


def formulas(depth: int, calls: int = 0) -> st.SearchStrategy[str]:
    """Any formula that is well formed, of functions within functions, powers and quotients."""
    leaves = st.sampled_from(["x", "y", "2.5", "3.0"])
    if depth == 0:
        return leaves
    inner = formulas(depth - 1, calls)
    kinds = [
        leaves,
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(inner, st.integers(-3, 20)).map(lambda t: f"({t[0]})**{t[1]}"),
        st.tuples(inner, st.sampled_from(["0.5", "1.5"])).map(lambda t: f"({t[0]})**{t[1]}"),
    ]
    names = ("sin", "cos", "tan", "exp", "log", "sqrt", "abs", "sinh", "cosh", "tanh", "atan")
    deeper = formulas(depth - 1, calls + 1)
    kinds += [st.tuples(st.sampled_from(names), deeper).map(lambda t: f"{t[0]}({t[1]})")] if calls < 4 else []
    return st.one_of(kinds)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(formulas(5))
def test_any_formula_has_the_derivatives_of_autodiff_or_a_reason(text: str) -> None:
    try:
        own = gdviz.compile_landscape(text)
    except ValueError:
        return
    names = {name: getattr(jnp, name) for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "sinh", "cosh", "tanh")}
    names |= {"abs": jnp.abs, "atan": jnp.arctan}
    loss = lambda x, y: eval(text, names, {"x": x, "y": y}) + 0.0 * x  # noqa: E731 - the test's own text
    theta = (0.83, 1.37)
    with jax.enable_x64(True), np.errstate(all="ignore"):
        value, slopes = jax.value_and_grad(loss, argnums=(0, 1))(*map(jnp.float64, theta))
        if np.isfinite([value, *slopes]).all() and np.abs([value, *slopes]).max() < 1e12:
            np.testing.assert_allclose(own.value(theta), value, rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(own.gradient(theta), slopes, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("domain", [((1.0, 0.0), (0.0, 1.0)), ((0.0, np.inf), (0.0, 1.0)), "wide", ((0, 1),), None])
def test_a_domain_must_be_two_intervals(domain: object) -> None:
    with pytest.raises(ValueError, match="domain must be"):
        gdviz.compile_landscape("x*x", domain=domain)
