"""Stories of the Gradient flow page."""

from dataclasses import replace

import numpy as np

from gdviz import gradflow
from gdviz.gradflow import LSTM, PRESETS, RECURRENT_PRESETS, GradientFlow, Network, Training
from gdviz.gradflow.study import Study
from gdviz.stories.story import Shelf

SHELF = Shelf("gradient_flow")


def _of(preset: str) -> Study:
    """A study of one of the named networks."""
    return Study(Training(PRESETS[preset].network))


def _ratio(flow: GradientFlow) -> float:
    """The gradient at the first layer over that at the last, median over the seeds."""
    gradient = np.median(flow.activation_gradient, axis=0)
    return float(gradient[0] / gradient[-1])


def _cured(network: Network, changed: str, name: str) -> float:
    """The same ratio after one change to a network."""
    cure = next(cure for cure in gradflow.cures(network) if (cure.changes, cure.label) == (changed, name))
    return _ratio(gradflow.measure(cure.network))


@SHELF.story("The sigmoid forgets", _of("sigmoid_glorot"), view="layers")
def sigmoid_forgets(study: Study) -> str:
    flow = gradflow.measure(study.network)
    ratio, depth = _ratio(flow), study.network.depth
    return (
        f"Backwards through {depth} layers the gradient shrinks to {ratio:.0e} of itself, a factor of "
        f"{ratio ** (1 / (depth - 1)):.2f} a layer: the sigmoid's slope is at most 1/4. The first layers, which see "
        "the data, hardly learn at all."
    )


_CURES = ("activation", "tanh"), ("normalization", "Batch"), ("residual", "Plain")


@SHELF.story(
    "...and three cures that cure",
    _of("sigmoid_glorot"),
    view="cures",
    cures=tuple(f"{changed}: {name}" for changed, name in _CURES),
)
def three_cures(study: Study) -> str:
    kept = [_cured(study.network, changed, name) for changed, name in _CURES]
    return (
        f"Each curve is the same network with one change. The gradient at the first layer is {kept[0]:.2g} times that "
        f"at the last with tanh, {kept[1]:.2g} with batch normalisation and {kept[2]:.2g} with residual connections, "
        f"where the plain network has {_ratio(gradflow.measure(study.network)):.0e}."
    )


@SHELF.story("Exploding", _of("relu_large"), view="layers")
def exploding(study: Study) -> str:
    flow = gradflow.measure(study.network)
    growth = float(np.median(flow.std[:, 1:] / flow.std[:, :-1]))
    return (
        f"With weights from N(0, 1) every layer multiplies the signal by about {growth:.2g}, and nothing in ReLU "
        f"bounds it: after {study.network.depth} layers its standard deviation is {np.median(flow.std[:, -1]):.0e}. "
        "He's initialiser chooses the variance so that this factor is 1."
    )


@SHELF.story("All zeros", _of("all_zero"), view="layers")
def all_zeros(study: Study) -> str:
    flow = gradflow.measure(study.network)
    return (
        f"{gradflow.verdict(flow).split('. ')[0].rstrip('.')}. A network that starts at zero does not start: with "
        "random weights, however small, its units differ and can learn different things."
    )


@SHELF.story("The edge of chaos", _of("tanh_orthogonal"), view="chaos")
def edge_of_chaos(study: Study) -> str:
    ratio = _ratio(gradflow.measure(study.network))
    small = _ratio(gradflow.measure(PRESETS["tanh_small"].network))
    large = _ratio(gradflow.measure(PRESETS["tanh_large"].network))
    return (
        f"Small weights lead to order, where the gradient vanishes (by {small:.0e} in 20 layers), large ones to "
        f"chaos, where it explodes (by {large:.0e}). This network stands on the line between the two: through "
        f"{study.network.depth} layers the gradient changes by a factor of {ratio:.2g} only."
    )


@SHELF.story("A hundred layers, as today's networks do it", _of("relu_modern"), view="layers")
def hundred_layers(study: Study) -> str:
    ratio = _ratio(gradflow.measure(study.network))
    bare = _ratio(gradflow.measure(PRESETS["relu_glorot"].network))
    return (
        f"Normalise every branch and lead the gradient around it: after {study.network.depth} layers the first still "
        f"gets {ratio:.2g} times what the last gets. The plain network of 30 layers with Glorot's initialiser is down "
        f"to {bare:.0e}."
    )


_OPEN = LSTM(forget_bias=3.0)


@SHELF.story(
    "Forgetting through time",
    replace(Study(), recurrent=RECURRENT_PRESETS["vanilla_vanishing"]),
    view="recurrent",
    recurrent_cures=(
        gradflow.recurrent_label(
            replace(RECURRENT_PRESETS["vanilla_vanishing"], cell=_OPEN), RECURRENT_PRESETS["vanilla_vanishing"]
        ),
    ),
)
def forgetting_through_time(study: Study) -> str:
    flow = gradflow.through_time(study.recurrent)
    gates = gradflow.through_time(replace(study.recurrent, cell=_OPEN))
    return (
        "A recurrent network is as deep as its sequence is long. "
        f"{gradflow.recurrent_verdict(flow).split('. ')[0].rstrip('.')}. With an LSTM whose forget gates are open: "
        f"{_lower(gradflow.recurrent_verdict(gates).split('. ')[0].rstrip('.'))}."
    )


@SHELF.story("Over the cliff, and clipped", Study(), view="cliff")
def over_the_cliff(study: Study) -> str:
    plain, clipped = study.cliff.run().values()
    worst = [float(run.loss.max()) for run in (plain, clipped)]
    jumps = [float(np.linalg.norm(np.diff(run.theta, axis=0), axis=1).max()) for run in (plain, clipped)]
    return (
        f"Where the loss of a recurrent network has a wall, one step without clipping throws the run {jumps[0]:.2g} "
        f"away, to a loss of {worst[0]:.0f}, where it began at {plain.loss[0]:.2g}. Clipped, no step is longer than "
        f"{jumps[1]:.1g}: the run zigzags along the wall, and its loss never rises above {worst[1]:.2g}."
    )


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


STORIES = tuple(SHELF.stories)
