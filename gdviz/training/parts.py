"""The parts of a training's configuration: layers, split, stopping, what to watch. Each is an entry with knobs."""

from dataclasses import dataclass
from typing import Any

from gdviz.catalogue import Entry, knob
from gdviz.training.calls import Call

ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "tanh", "sigmoid")
INITIALIZERS = {
    "glorot_uniform": "GlorotUniform",
    "glorot_normal": "GlorotNormal",
    "he_uniform": "HeUniform",
    "he_normal": "HeNormal",
    "lecun_uniform": "LecunUniform",
    "lecun_normal": "LecunNormal",
    "orthogonal": "Orthogonal",
    "random_normal": "RandomNormal",
    "zeros": "Zeros",
}
"""Initialisers by name, and their classes in ``keras.initializers``."""


def _initializer() -> Any:
    return knob("glorot_uniform", choices=tuple(INITIALIZERS), help="distribution of the initial weights")


def _stddev() -> Any:
    return knob(0.05, 0.0, usual=(1e-3, 10.0), log=True, help="standard deviation of random_normal")


def initializer(name: str, stddev: float, seed: int) -> Call:
    """The call that makes an initialiser with a seed of its own."""
    arguments: dict[str, Any] = {} if name == "zeros" else {"seed": seed}
    if name == "random_normal":
        arguments["stddev"] = stddev
    return Call(f"initializers.{INITIALIZERS[name]}", arguments)


@dataclass(frozen=True)
class DenseLayer(Entry):
    """A dense hidden layer: weights, then normalisation, then the activation, then dropout.

    >>> DenseLayer(units=10, activation="tanh").changes()
    {'units': 10, 'activation': 'tanh'}
    """

    label = "Dense layer"

    units: int = knob(64, 1, 8192, usual=(1, 512), log=True, help="width of the layer")
    activation: str = knob("relu", choices=ACTIVATIONS, help="nonlinearity")
    kernel_initializer: str = _initializer()
    stddev: float = _stddev()
    use_bias: bool = knob(True, help="add a bias to each unit")
    l1: float = knob(0.0, 0.0, usual=(1e-6, 1.0), log=True, help="penalty on the weights' absolute values")
    l2: float = knob(0.0, 0.0, usual=(1e-6, 1.0), log=True, help="penalty on the weights' squares")
    max_norm: float | None = knob(None, above=0.0, help="largest norm of a unit's incoming weights; None: any")
    normalization: str = knob("none", choices=("none", "batch", "layer"), help="normalise before the activation")
    dropout: float = knob(0.0, 0.0, below=1.0, help="share of activations set to 0 while training")
    residual: bool = knob(False, help="add the layer's input to its output; needs equal widths")


@dataclass(frozen=True)
class OutputLayer(Entry):
    """The last layer; its width and its activation follow from the task."""

    label = "Output layer"

    kernel_initializer: str = _initializer()
    stddev: float = _stddev()
    l1: float = knob(0.0, 0.0, usual=(1e-6, 1.0), log=True, help="penalty on the weights' absolute values")
    l2: float = knob(0.0, 0.0, usual=(1e-6, 1.0), log=True, help="penalty on the weights' squares")


@dataclass(frozen=True)
class ConvNet(Entry):
    """Convolutions in front of the dense layers: each block halves the image and doubles the number of filters."""

    label = "Convolutions"

    blocks: int = knob(2, 1, 3, help="convolution and pooling, this many times")
    filters: int = knob(16, 1, 128, help="filters of the first block")
    kernel_size: int = knob(3, 1, 7, help="width and height of a filter")
    pooling: str = knob("max", choices=("max", "average"), help="how an image is halved")
    activation: str = knob("relu", choices=ACTIVATIONS, help="nonlinearity")
    kernel_initializer: str = _initializer()
    stddev: float = _stddev()


@dataclass(frozen=True)
class Split(Entry):
    """Which part of the data trains, which validates, which tests. Standardisation is fitted on the training part."""

    label = "Split"

    validation: float = knob(0.2, 0.0, 0.9, help="share that validates")
    test: float = knob(0.2, 0.0, 0.9, help="share that tests; data with a test part of their own keep that")
    validate_on_test: bool = knob(False, help="validate on the test part, as many articles do")
    standardise: bool = knob(True, help="give every input mean 0 and standard deviation 1 on the training part")
    standardise_target: bool = knob(True, help="the same for the target of a regression")
    seed: int = knob(0, 0, 2**32 - 1, help="determines which row goes where")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation + self.test > 0.95:
            raise ValueError(
                f"Split: validation + test must be at most 0.95, the rest trains; got {self.validation} + {self.test}"
            )


@dataclass(frozen=True)
class ReduceOnPlateau(Entry):
    """Multiply the learning rate by a factor when a loss has stopped falling, as keras.callbacks.ReduceLROnPlateau."""

    label = "Reduce on plateau"

    monitor: str = knob("val_loss", choices=("val_loss", "loss"), help="the loss that is watched")
    factor: float = knob(0.1, above=0.0, below=1.0, help="factor of the learning rate")
    patience: int = knob(10, 1, usual=(1, 50), help="epochs without improvement before it")
    min_delta: float = knob(1e-4, 0.0, log=True, help="least fall that counts as improvement")
    cooldown: int = knob(0, 0, usual=(0, 50), help="epochs to wait after a reduction")
    min_lr: float = knob(0.0, 0.0, log=True, help="smallest learning rate")


@dataclass(frozen=True)
class EarlyStopping(Entry):
    """End the training when a loss has stopped falling, as keras.callbacks.EarlyStopping."""

    label = "Early stopping"

    monitor: str = knob("val_loss", choices=("val_loss", "loss"), help="the loss that is watched")
    patience: int = knob(5, 1, usual=(1, 100), help="epochs without improvement before the end")
    min_delta: float = knob(0.0, 0.0, log=True, help="least fall that counts as improvement")
    restore_best_weights: bool = knob(False, help="end with the weights of the best epoch")


@dataclass(frozen=True)
class Watch(Entry):
    """Further measurements, beside those of every batch and every epoch."""

    label = "Watch"

    snapshot_epochs: int = knob(1, 0, help="epochs between snapshots of what the model predicts; 0: none")
    sharpness_epochs: int = knob(0, 0, help="epochs between measurements of the sharpness; 0: none")
    sharpness_samples: int = knob(1000, 1, 100_000, help="training samples that sharpness and plane are measured on")
    plane: bool = knob(False, help="keep the training path, and draw it in the plane of its principal directions")
    checkpoint_seconds: float = knob(5.0, 0.0, help="least seconds between checkpoints; 0: every epoch")
