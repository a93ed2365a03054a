"""Time gradient flow beside TensorFlow (compiled graph) and PyTorch (eager); run by hand.

    python -m benchmarks.gradflow        # with PyTorch where it is installed: pip install torch==2.13.0

Every candidate does a forward and a backward pass of the same network with the same weights, in float64, to the
gradients by all weights and all activations. Candidates take turns within one run, so that whatever else the machine
does hits all of them; the median over the turns is reported. ``propagate`` is timed too: it draws the weights and
measures every layer besides, which the others do not. NumPy hands out the gradients layer by layer, as ``propagate``
uses them. NumPy is timed with its matrix products in one thread, as on the page, and in as many as it takes by itself.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import importlib.util
import statistics
import time
from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from threadpoolctl import ThreadpoolController

from gdviz import gradflow
from gdviz.gradflow.network import Network, backward, forward

SIZES = ((10, 64, 64), (50, 128, 128), (100, 256, 128))
"""Depth, width, batch."""
TURNS = 15


def numpy_pass(network: Network) -> Callable[[], object]:
    x, y, layers = network.sample()

    def run() -> object:
        activities, outputs = forward(network, layers, x)
        last = None
        for found in backward(network, layers, activities, network.loss.gradient(outputs, y)):
            last = found
        return last

    return run


def tensorflow_pass(network: Network) -> Callable[[], object]:
    x, y, layers = network.sample()
    x, y = tf.constant(x), tf.constant(y)
    kernels = [tf.Variable(layer["kernel"]) for layer in layers]
    biases = [tf.Variable(layer["bias"]) for layer in layers]
    activation = getattr(tf, network.activation.name, None) or getattr(tf.nn, network.activation.name)

    @tf.function
    def run() -> object:
        with tf.GradientTape() as tape:
            hidden = []
            h = x
            for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
                h = activation(tf.matmul(h, kernel) + bias)
                hidden.append(h)
            outputs = tf.matmul(h, kernels[-1]) + biases[-1]
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, outputs))
        return tape.gradient(loss, [hidden, kernels, biases])

    return run


def torch_pass(network: Network) -> Callable[[], object]:
    import torch

    x, y, layers = network.sample()
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    kernels = [torch.from_numpy(layer["kernel"].copy()).requires_grad_() for layer in layers]
    biases = [torch.from_numpy(layer["bias"].copy()).requires_grad_() for layer in layers]
    activation = getattr(torch, network.activation.name, None) or getattr(torch.nn.functional, network.activation.name)

    def run() -> object:
        hidden = []
        h = x
        for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
            h = activation(torch.addmm(bias, h, kernel))
            hidden.append(h)
        outputs = torch.addmm(biases[-1], h, kernels[-1])
        loss = torch.nn.functional.cross_entropy(outputs, y)
        return torch.autograd.grad(loss, [*hidden, *kernels, *biases])

    return run


def in_one_thread(run: Callable[[], object]) -> Callable[[], object]:
    controller = ThreadpoolController()

    def limited() -> object:
        with controller.limit(limits=1, user_api="blas"):
            return run()

    return limited


def medians(candidates: dict[str, Callable[[], object]], turns: int = TURNS) -> dict[str, float]:
    """Milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for run in candidates.values():  # compile, allocate
        run()
        run()
    for _ in range(turns):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def agree(candidates: dict[str, Callable[[], object]]) -> bool:
    """Whether the passes compute the same gradient of the first layer's kernel."""
    mine = candidates["NumPy"]().parameters["kernel"]  # type: ignore[attr-defined]
    theirs = [candidates["TensorFlow"]()[1][0].numpy()]  # type: ignore[index]
    if "PyTorch" in candidates:
        theirs.append(candidates["PyTorch"]()[len(candidates["TensorFlow"]()[0])].numpy())  # type: ignore[index]
    # TensorFlow's GELU has a √½ that was rounded to float32.
    return all(np.linalg.norm(mine - other) <= 1e-6 * np.linalg.norm(mine) for other in theirs)


def main() -> None:
    print(f"NumPy {np.__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    has_torch = importlib.util.find_spec("torch") is not None
    if not has_torch:
        print("PyTorch is not installed: left out")
    print(f"medians of {TURNS} alternating turns, milliseconds, float64\n")
    for name, initializer in (("tanh", "glorot"), ("relu", "he"), ("gelu", "he")):
        for depth, width, batch in SIZES:
            network = gradflow.Network(
                depth=depth, width=width, batch_size=batch, activation=name, initializer=initializer
            )
            candidates = {
                "NumPy, 1 thread": in_one_thread(numpy_pass(network)),
                "NumPy": numpy_pass(network),
                "TensorFlow": tensorflow_pass(network),
                **({"PyTorch": torch_pass(network)} if has_torch else {}),
                "propagate": in_one_thread(partial(gradflow.measure, network)),
            }
            times = "  ".join(f"{candidate} {ms:.2f}" for candidate, ms in medians(candidates).items())
            same = "the same gradients" if agree(candidates) else "DIFFERENT gradients"
            print(f"{name:5} depth {depth:3} width {width:3} batch {batch:3}: {times}; {same}")

    print("\ngrowth of propagate (tanh, depth 50, width 128, batch 128, one seed, but for what is named), milliseconds")
    for what, values in {"depth": (25, 50, 100, 200), "width": (64, 128, 256, 512), "seeds": (1, 2, 4, 8)}.items():
        base = {"depth": 50, "width": 128, "batch_size": 128}
        networks = {str(value): gradflow.Network(**{**base, what: value}) for value in values}
        runs = {value: in_one_thread(partial(gradflow.measure, network)) for value, network in networks.items()}
        print(f"{what:6}", "  ".join(f"{value}: {ms:.1f}" for value, ms in medians(runs, 7).items()))


if __name__ == "__main__":
    main()
