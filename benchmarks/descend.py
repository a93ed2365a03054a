"""descend() for 6 optimizers x 500 steps, beside Keras, PyTorch and Optax where these are installed; and its growth.

Run with ``python -m benchmarks.descend``.
"""

import importlib.util
import os
from collections.abc import Callable

import numpy as np

import gdviz
from benchmarks.timing import alternating, table
from gdviz.descent import loop

STEPS = 500
RATES = {"gradient_descent": 1e-3, "momentum": 1e-3, "nesterov": 1e-3, "adagrad": 0.1, "rmsprop": 0.01, "adam": 0.05}
LANDSCAPE = gdviz.LANDSCAPES["rosenbrock"]()


def with_gdviz(landscape: str = "rosenbrock", steps: int = STEPS) -> None:
    ground = gdviz.LANDSCAPES[landscape]()
    for name, rate in RATES.items():
        gdviz.descend(ground, name, rate, steps=steps)


def from_nothing(landscape: str) -> None:
    """Recorded and written anew, as in a new process."""
    loop._program.cache_clear()
    with_gdviz(landscape)


def with_keras() -> Callable[[], None]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    keras.config.set_floatx("float64")

    def run() -> None:
        for name, rate in RATES.items():
            optimizer = eval(gdviz.OPTIMIZERS[name](learning_rate=rate).keras_code(), {"keras": keras})
            theta = keras.Variable(LANDSCAPE.start, dtype="float64")
            path = [theta.numpy()]
            for _ in range(STEPS):
                optimizer.apply([keras.ops.convert_to_tensor(LANDSCAPE.gradient(path[-1]))], [theta])
                path.append(theta.numpy())

    return run


def with_torch() -> Callable[[], None]:
    import torch

    makers = {
        "gradient_descent": lambda p, rate: torch.optim.SGD(p, rate),
        "momentum": lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9),
        "nesterov": lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9, nesterov=True),
        "adagrad": lambda p, rate: torch.optim.Adagrad(p, rate),
        "rmsprop": lambda p, rate: torch.optim.RMSprop(p, rate, alpha=0.9),
        "adam": lambda p, rate: torch.optim.Adam(p, rate),
    }

    def run() -> None:
        for name, rate in RATES.items():
            theta = torch.tensor(LANDSCAPE.start, dtype=torch.float64, requires_grad=True)
            optimizer = makers[name]([theta], rate)
            path = [theta.detach().numpy().copy()]
            for _ in range(STEPS):
                theta.grad = torch.from_numpy(LANDSCAPE.gradient(path[-1]))
                optimizer.step()
                path.append(theta.detach().numpy().copy())

    return run


def with_optax() -> Callable[[], None]:
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    makers = {
        "gradient_descent": optax.sgd,
        "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
        "nesterov": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
        "adagrad": optax.adagrad,
        "rmsprop": optax.rmsprop,
        "adam": optax.adam,
    }
    compiled = []
    for name, rate in RATES.items():
        optimizer = makers[name](rate)

        def path(start, optimizer=optimizer):
            def step(carry, _):
                theta, state = carry
                gradient = jax.grad(lambda p: LANDSCAPE.f(p[0], p[1]))(theta)
                updates, state = optimizer.update(gradient, state, theta)
                return (optax.apply_updates(theta, updates), state), theta

            return jax.lax.scan(step, (start, optimizer.init(start)), None, length=STEPS)[1]

        compiled.append(jax.jit(path))
    start = jax.numpy.array(LANDSCAPE.start)

    def run() -> None:
        for path in compiled:
            np.asarray(path(start))

    return run


def growth() -> None:
    """The time of a step, by the number of steps and by landscape."""
    for landscape in ("rosenbrock", "ackley"):
        for steps in (50, 500, 5000):
            medians = alternating({"": lambda g=landscape, s=steps: with_gdviz(g, s)}, rounds=5)
            each = medians[""] / steps / len(RATES) * 1e6
            print(f"{landscape:<11} {steps:>5} steps  {medians[''] * 1e3:8.2f} ms  {each:6.2f} us a step")


def main() -> None:
    candidates: dict[str, Callable[[], object]] = {
        "gdviz.descend": with_gdviz,
        "gdviz.descend, from nothing": lambda: from_nothing("rosenbrock"),
        "gdviz.descend, on Ackley": lambda: with_gdviz("ackley"),
        "gdviz.descend, on Ackley, from nothing": lambda: from_nothing("ackley"),
    }
    for package, make in {"torch": with_torch, "optax": with_optax, "keras": with_keras}.items():
        if importlib.util.find_spec(package):
            candidates[package + (" (jitted scan, compiled before)" if package == "optax" else "")] = make()
        else:
            print(f"{package} is not installed and left out")
    print(f"6 optimizers x {STEPS} steps on Rosenbrock, every step recorded")
    print(table(alternating(candidates, rounds=7), "gdviz.descend"))
    growth()


if __name__ == "__main__":
    main()
