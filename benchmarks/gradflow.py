"""Time gradient flow beside TensorFlow (compiled graph) and PyTorch (eager); run by hand.

    python -m benchmarks.gradflow        # needs PyTorch besides the requirements: pip install torch==2.13.0
    python -m benchmarks.gradflow page   # the page in a browser: from a change to the new picture

Every candidate does a forward and a backward pass of the same network with the same weights, in float64, to the
gradients by all weights and all activations. Candidates take turns within one run, so that whatever else the machine
does hits all of them; the median over the turns is reported. ``propagate`` is timed too: it draws the weights and
measures every layer besides, which the others do not. NumPy hands out the gradients layer by layer, as ``propagate``
uses them. NumPy is timed with its matrix products in one thread, as on the page, and in as many as it takes by itself.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf
import torch
from playwright.sync_api import sync_playwright
from threadpoolctl import ThreadpoolController

from benchmarks.page import REPAINT, serve
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
    """Whether the three passes compute the same gradient of the first layer's kernel."""
    mine = candidates["numpy"]().parameters["kernel"]  # type: ignore[attr-defined]
    theirs = [candidates["tensorflow"]()[1][0].numpy()]  # type: ignore[index]
    theirs.append(candidates["torch"]()[len(candidates["tensorflow"]()[0])].numpy())  # type: ignore[index]
    # TensorFlow's GELU has a √½ that was rounded to float32.
    return all(np.linalg.norm(mine - other) <= 1e-6 * np.linalg.norm(mine) for other in theirs)


def main() -> None:
    print(
        f"NumPy {np.__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}, PyTorch {torch.__version__}"
    )
    print(f"medians of {TURNS} alternating turns, milliseconds, float64\n")
    print("activation  depth width batch | NumPy, 1 thread  NumPy TensorFlow PyTorch | propagate | same gradients")
    for name, initializer in (("tanh", "glorot"), ("relu", "he"), ("gelu", "he")):
        for depth, width, batch in SIZES:
            network = gradflow.Network(
                depth=depth, width=width, batch_size=batch, activation=name, initializer=initializer
            )
            candidates = {
                "one": in_one_thread(numpy_pass(network)),
                "numpy": numpy_pass(network),
                "tensorflow": tensorflow_pass(network),
                "torch": torch_pass(network),
                "propagate": in_one_thread(partial(gradflow.measure, network)),
            }
            ms = medians(candidates)
            print(
                f"{name:10} {depth:6} {width:5} {batch:5} | {ms['one']:15.2f} {ms['numpy']:6.2f} "
                f"{ms['tensorflow']:10.2f} {ms['torch']:7.2f} | {ms['propagate']:9.2f} | {agree(candidates)}"
            )

    print("\ngrowth of propagate (tanh, depth 50, width 128, batch 128, one seed, but for what is named), milliseconds")
    for what, values in {"depth": (25, 50, 100, 200), "width": (64, 128, 256, 512), "seeds": (1, 2, 4, 8)}.items():
        base = {"depth": 50, "width": 128, "batch_size": 128}
        networks = {str(value): gradflow.Network(**{**base, what: value}) for value in values}
        runs = {value: in_one_thread(partial(gradflow.measure, network)) for value, network in networks.items()}
        print(f"{what:6}", "  ".join(f"{value}: {ms:.1f}" for value, ms in medians(runs, 7).items()))


def change_to_repaint(times: int = 20) -> None:
    """Depth 50, width 128, batch 128, one seed: from the key that moves a slider to the new picture of all layers.

    Every change is to a network that was not measured before.
    """
    server, address, _ = serve()
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            path = shutil.which("chromium") or shutil.which("google-chrome")
            page = playwright.chromium.launch(executable_path=path, args=flags).new_page()
            page.set_viewport_size({"width": 1440, "height": 1000})
            page.goto(f"{address}/gradient_flow?depth=50&width=128&batch_size=128&weight_scale=0.5")
            page.wait_for_selector("canvas.marks")
            page.wait_for_timeout(3000)
            page.get_by_role("slider", name="bias_scale").focus()
            taken = []
            for _ in range(times):
                page.evaluate(REPAINT)
                page.keyboard.press("ArrowRight")
                taken.append(float(page.evaluate("window.repainted")))
                page.wait_for_timeout(500)
            print(f"change to repaint: median {statistics.median(taken):.0f} ms, all {sorted(map(round, taken))}")
    finally:
        server.terminate()


if __name__ == "__main__":
    change_to_repaint() if sys.argv[1:] == ["page"] else main()
