"""Recurrent networks: the gradient of a loss at the last step, on its way back through time.

    h_t = cell(x_t, h_{t-1}),   t = 1 … steps,   L = mean (h_steps - y)²

The same weights act at every step, so that the gradient is multiplied by much the same matrix again and again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gdviz.catalogue import Catalogue, Entry, Setup, knob, one_of
from gdviz.catalogue.pauses import between_steps
from gdviz.gradflow.activations import ACTIVATIONS, sigmoid
from gdviz.gradflow.flow import norm
from gdviz.gradflow.initializers import Glorot, Orthogonal
from gdviz.gradflow.network import MOST_SEED
from gdviz.gradflow.normalizations import Parameters

Array = NDArray[np.float64]
State = tuple[Array, ...]
"""The arrays, each (batch, units), that a cell hands to the next step; the first is its output h."""
Pull = Callable[[State], tuple[Array, Array, State]]
"""From ∂L/∂(new state) to ∂L/∂(x W + b), ∂L/∂(h U), both (batch, gates · units), and ∂L/∂(old state)."""


@dataclass(frozen=True)
class Cell(Entry):
    """One step of a recurrent network, with Keras's weights: kernel W, recurrent_kernel U and bias b."""

    gates: ClassVar[int] = 1
    """Blocks, each of shape (units, units), that stand side by side in U."""
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    """The names of the arrays that a cell hands to the next step."""
    keras_class: ClassVar[str]
    """The layer of ``keras.layers``."""

    def bias(self, units: int) -> Array:
        """The bias at the start."""
        return np.zeros(self.gates * units)

    def step(self, x: Array, state: State, parameters: Parameters) -> tuple[State, Pull]:
        """The new state, and the pullback.

        Args:
            x: Input at this step, shape (batch, features).
        """
        raise NotImplementedError

    def keras_arguments(self) -> str:
        """Arguments of the Keras layer besides the number of units."""
        return ""


CELLS: Catalogue[Cell] = Catalogue("cell", "gdviz.gradflow.CELLS")

_PARAMETERS = {"kernel": np.array([[0.5] * 4]), "recurrent_kernel": np.array([[0.25] * 4]), "bias": np.zeros(4)}


def _one_step(cell: Cell) -> float:
    """For the doctests: the output of one unit after one step, for an input of 1 and a state of 2."""
    gates = cell.gates
    parameters = {name: array[..., :gates] for name, array in _PARAMETERS.items()}
    if cell.bias(1).ndim == 2:
        parameters["bias"] = np.zeros((2, gates))
    state = tuple(np.array([[2.0]]) for _ in cell.state_names)
    return round(float(cell.step(np.array([[1.0]]), state, parameters)[0][0].item()), 12)


@CELLS.register("vanilla")
@dataclass(frozen=True)
class Vanilla(Cell):
    r"""The simple recurrent network (Elman, 1990): the whole state is replaced at every step.

    >>> _one_step(Vanilla())
    0.761594155956
    """

    label = "Vanilla"
    formula = r"h_t = \varphi(x_t W + h_{t-1} U + b)"
    source = "https://doi.org/10.1207/s15516709cog1402_1"
    keras_class = "SimpleRNN"

    activation: str = knob(
        "tanh", choices=("tanh", "relu", "linear", "sigmoid"), help="activation function", symbol="φ"
    )

    def step(self, x: Array, state: State, parameters: Parameters) -> tuple[State, Pull]:
        (h,) = state
        rule = ACTIVATIONS[self.activation]()
        z = x @ parameters["kernel"] + h @ parameters["recurrent_kernel"] + parameters["bias"]
        new = rule.f(z)
        slope = rule.df(z, new)

        def pull(gradient: State) -> tuple[Array, Array, State]:
            g = gradient[0] * slope
            return g, g, (g @ parameters["recurrent_kernel"].T,)

        return (new,), pull

    def keras_arguments(self) -> str:
        return f', activation="{self.activation}"'


@CELLS.register("lstm")
@dataclass(frozen=True)
class LSTM(Cell):
    r"""Long short-term memory (Hochreiter & Schmidhuber, 1997): a memory c that is added to, and kept while f is 1.

    A forget bias of 1 (Gers et al., 2000; Jozefowicz et al., 2015) keeps the memory open at the start.

    >>> _one_step(LSTM())
    0.705718592889
    """

    label = "LSTM"
    formula = (
        r"c_t = f_t \odot c_{t-1} + i_t \odot \tanh(\cdot), \quad h_t = o_t \odot \tanh(c_t), "
        r"\quad i, f, o = \operatorname{sigmoid}(x_t W + h_{t-1} U + b)"
    )
    source = "https://doi.org/10.1162/neco.1997.9.8.1735"
    gates = 4
    state_names = ("h", "c")
    keras_class = "LSTM"

    forget_bias: float = knob(1.0, usual=(-2.0, 5.0), help="bias of the forget gate at the start")

    def bias(self, units: int) -> Array:
        return np.repeat([0.0, self.forget_bias, 0.0, 0.0], units)

    def step(self, x: Array, state: State, parameters: Parameters) -> tuple[State, Pull]:
        h, c = state
        z = x @ parameters["kernel"] + h @ parameters["recurrent_kernel"] + parameters["bias"]
        z_i, z_f, z_g, z_o = np.split(z, 4, axis=1)
        i, f, o, g = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o), np.tanh(z_g)
        memory = f * c + i * g
        shown = np.tanh(memory)

        def pull(gradient: State) -> tuple[Array, Array, State]:
            g_h, g_memory = gradient
            g_memory = g_memory + g_h * o * (1 - shown * shown)
            by_z = np.concatenate(
                [
                    g_memory * g * i * (1 - i),
                    g_memory * c * f * (1 - f),
                    g_memory * i * (1 - g * g),
                    g_h * shown * o * (1 - o),
                ],
                axis=1,
            )
            return by_z, by_z, (by_z @ parameters["recurrent_kernel"].T, g_memory * f)

        return (o * shown, memory), pull

    def keras_arguments(self) -> str:
        return ", unit_forget_bias=False"


@CELLS.register("gru")
@dataclass(frozen=True)
class GRU(Cell):
    r"""Gated recurrent unit (Cho et al., 2014): a gate z decides how much of the state is kept.

    As in Keras by default, the reset gate acts after the recurrent product.

    >>> _one_step(GRU())
    1.650132907605
    """

    label = "GRU"
    formula = (
        r"h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tanh(x_t W + r_t \odot (h_{t-1} U) + b), "
        r"\quad z, r = \operatorname{sigmoid}(x_t W + h_{t-1} U + b)"
    )
    source = "https://arxiv.org/abs/1406.1078"
    gates = 3
    keras_class = "GRU"

    update_bias: float = knob(0.0, usual=(-2.0, 5.0), help="bias of the gate z at the start: what keeps the state")

    def bias(self, units: int) -> Array:
        return np.stack([np.repeat([self.update_bias, 0.0, 0.0], units), np.zeros(3 * units)])

    def step(self, x: Array, state: State, parameters: Parameters) -> tuple[State, Pull]:
        (h,) = state
        x_z, x_r, x_n = np.split(x @ parameters["kernel"] + parameters["bias"][0], 3, axis=1)
        h_z, h_r, h_n = np.split(h @ parameters["recurrent_kernel"] + parameters["bias"][1], 3, axis=1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        n = np.tanh(x_n + r * h_n)

        def pull(gradient: State) -> tuple[Array, Array, State]:
            (g,) = gradient
            by_z = g * (h - n) * z * (1 - z)
            by_n = g * (1 - z) * (1 - n * n)
            by_r = by_n * h_n * r * (1 - r)
            by_inputs = np.concatenate([by_z, by_r, by_n], axis=1)
            by_recurrent = np.concatenate([by_z, by_r, by_n * r], axis=1)
            return by_inputs, by_recurrent, (g * z + by_recurrent @ parameters["recurrent_kernel"].T,)

        return (z * h + (1 - z) * n,), pull


@dataclass(frozen=True)
class Recurrent(Setup):
    """Everything that determines a recurrent network and its data.

    Raises:
        ValueError: A value is not allowed; names the field, the value and what is allowed.
    """

    label = "Recurrent network"
    noun = "a recurrent network"

    cell: Cell = one_of(CELLS, "vanilla", label="Cell")
    units: int = knob(64, 1, 512, log=True, help="size of the state")
    steps: int = knob(50, 1, 1000, log=True, help="length of the sequence")
    spectral_radius: float | None = knob(
        None,
        0.0,
        usual=(0.1, 3.0),
        help="each block of U is scaled to this spectral radius; empty: left as drawn",
        symbol="ρ",
    )
    recurrent_initializer: str = knob(
        "orthogonal", choices=("orthogonal", "normal"), help="how U is drawn", label="Recurrent initialiser"
    )
    features: int = knob(8, 1, 256, help="numbers in one input")
    input_scale: float = knob(1.0, 0.0, usual=(0.0, 3.0), help="standard deviation of the inputs")
    batch_size: int = knob(32, 1, 1024, log=True, help="sequences in the batch")
    seeds: int = knob(1, 1, 100, help="number of networks that are drawn, with seeds seed, seed + 1, ...")
    seed: int = knob(0, 0, MOST_SEED - 100, step=1, help="determines the data and the weights")

    def sample(self, seed: int | None = None) -> tuple[Array, Array, Parameters]:
        """Inputs (batch, steps, features), the target of the last output (batch, units), and initial parameters."""
        rng = np.random.default_rng(self.seed if seed is None else seed)
        x = self.input_scale * rng.standard_normal((self.batch_size, self.steps, self.features))
        y = rng.uniform(-1.0, 1.0, (self.batch_size, self.units))
        parameters = {
            "kernel": Glorot().draw(rng, self.features, self.cell.gates * self.units),
            "recurrent_kernel": np.concatenate([self._block(rng) for _ in range(self.cell.gates)], axis=1),
            "bias": self.cell.bias(self.units),
        }
        return x, y, parameters

    def _block(self, rng: Generator) -> Array:
        if self.recurrent_initializer == "orthogonal":
            block = Orthogonal().draw(rng, self.units, self.units)
        else:
            block = rng.standard_normal((self.units, self.units)) / np.sqrt(self.units)
        if self.spectral_radius is not None:
            block = block * (self.spectral_radius / spectral_radius(block))
        return block


@dataclass(frozen=True, eq=False)
class RecurrentFlow:
    """Measurements of S networks (axis 0: seeds) at T steps (axis 1: steps 1 to T). Norms are over the batch."""

    setup: Recurrent
    """The network and its data."""
    mean: Array
    """Mean of the output h_t, shape (S, T)."""
    std: Array
    """Standard deviation of the output h_t, shape (S, T)."""
    gradient: dict[str, Array] = field(repr=False)
    """Norm of ∂L/∂ the states that a step hands on, by name: h, and of an LSTM c, each of shape (S, T)."""
    input_gradient: Array
    """Norm of ∂L/∂x_t, shape (S, T)."""
    recurrent_gradient: Array
    """Norm of step t's share in ∂L/∂U, shape (S, T): how much the loss can teach about that step."""
    spectral_radius: Array
    """Largest size of an eigenvalue of each block of U, shape (S, gates)."""
    loss: Array
    """Shape (S,)."""

    @property
    def distance(self) -> NDArray[np.int64]:
        """Steps from each step to the loss, T-1 … 0, shape (T,)."""
        return np.arange(self.mean.shape[1])[::-1]

    @property
    def factor(self) -> Array:
        """The factor of the gradient at each step back in time, its geometric mean, shape (S,).

        Of an LSTM, the gradient is that by its memory c and its output h together.
        """
        with np.errstate(all="ignore"):
            size = np.sqrt(sum(norms**2 for norms in self.gradient.values()))
            return np.asarray((size[:, 0] / size[:, -1]) ** (1 / max(1, size.shape[1] - 1)))


def through_time(setup: Recurrent) -> RecurrentFlow:
    """Send a batch of sequences forward and the gradient of the last output's loss backward through time.

    >>> flow = through_time(Recurrent(cell="vanilla", spectral_radius=0.5, steps=30))
    >>> bool(flow.gradient["h"][0, 0] < 1e-8 * flow.gradient["h"][0, -1])
    True
    """
    with np.errstate(all="ignore"):  # overflow is a result here, not an accident
        rows = [_through_time_once(setup, setup.seed + k) for k in range(setup.seeds)]
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    gradient = {name: columns.pop(f"gradient_{name}") for name in setup.cell.state_names}
    return RecurrentFlow(setup=setup, gradient=gradient, **columns)


def _through_time_once(setup: Recurrent, seed: int) -> dict[str, Any]:
    """Fields of a RecurrentFlow by name, without the axis of seeds."""
    x, y, parameters = setup.sample(seed)
    states, backs = forward_through_time(setup.cell, x, parameters)
    g = 2 * (states[-1][0] - y) / y.size
    gradients = backward_through_time(x, parameters, states, backs, g)
    names = setup.cell.state_names
    return {
        "mean": [state[0].mean() for state in states[1:]],
        "std": [state[0].std() for state in states[1:]],
        **{f"gradient_{name}": [norm(step[0][i]) for step in gradients] for i, name in enumerate(names)},
        "input_gradient": [norm(step[1]) for step in gradients],
        "recurrent_gradient": [norm(step[2]["recurrent_kernel"]) for step in gradients],
        "spectral_radius": [
            spectral_radius(block) for block in np.split(parameters["recurrent_kernel"], setup.cell.gates, axis=1)
        ],
        "loss": ((states[-1][0] - y) ** 2).mean(),
    }


def forward_through_time(cell: Cell, x: Array, parameters: Parameters) -> tuple[list[State], list[Pull]]:
    """The states 0 to T, the first being zeros, and the pullbacks of steps 1 to T."""
    units = len(parameters["recurrent_kernel"])
    states: list[State] = [tuple(np.zeros((len(x), units)) for _ in cell.state_names)]
    backs = []
    for t in range(x.shape[1]):
        between_steps.get()()
        state, pull = cell.step(x[:, t], states[-1], parameters)
        states.append(state)
        backs.append(pull)
    return states, backs


def backward_through_time(
    x: Array, parameters: Parameters, states: list[State], backs: list[Pull], output_gradient: Array
) -> list[tuple[State, Array, Parameters]]:
    """For steps 1 to T: ∂L/∂ the states that the step hands on, ∂L/∂x_t, and the step's share in ∂L/∂ the parameters.

    Args:
        output_gradient: ∂L/∂h_T, shape (batch, units).
    """
    gradient: State = (output_gradient, *(np.zeros_like(output_gradient) for _ in states[0][1:]))
    found = []
    for t in range(len(backs) - 1, -1, -1):
        between_steps.get()()
        by_inputs, by_recurrent, earlier = backs[t](gradient)
        bias = by_inputs.sum(axis=0)
        if parameters["bias"].ndim == 2:
            bias = np.stack([bias, by_recurrent.sum(axis=0)])
        share = {
            "kernel": x[:, t].T @ by_inputs,
            "recurrent_kernel": states[t][0].T @ by_recurrent,
            "bias": bias,
        }
        found.append((gradient, by_inputs @ parameters["kernel"].T, share))
        gradient = earlier
    return found[::-1]


def spectral_radius(matrix: Array) -> float:
    """The largest size of an eigenvalue.

    >>> round(spectral_radius(np.array([[0.0, 2.0], [-2.0, 0.0]])), 12)
    2.0
    """
    between_steps.get()()
    return float(np.abs(np.linalg.eigvals(matrix)).max())
