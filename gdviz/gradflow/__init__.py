"""Gradient flow: the signal and the gradient on their way through a deep network.

>>> from gdviz import gradflow
>>> flow = gradflow.propagate(depth=20, width=64, activation="sigmoid", initializer="glorot")
>>> flow.weight_gradient.shape
(1, 20)
>>> gradflow.verdict(flow)[:65]
'The gradient at layer 1 is 8e-13 of that at layer 20: vanishing, '
"""

from gdviz.gradflow import theory
from gdviz.gradflow.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Activation,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    SiLU,
    Softsign,
    Tanh,
)
from gdviz.gradflow.cliff import Cliff, CliffRuns, descend_cliff
from gdviz.gradflow.code import (
    cliff_python_code,
    keras_code,
    python_code,
    recurrent_code,
    recurrent_python_code,
    training_keras_code,
    training_python_code,
)
from gdviz.gradflow.dynamics import Breakdown, Training, TrainingRun, batches, train
from gdviz.gradflow.flow import GradientFlow, Histograms, measure, measure_seed, propagate, stream
from gdviz.gradflow.initializers import (
    INITIALIZERS,
    Constant,
    Glorot,
    He,
    Initializer,
    LeCun,
    Normal,
    Orthogonal,
    Uniform,
    Zeros,
)
from gdviz.gradflow.inputs import INPUTS, Digits, Gaussian, Inputs
from gdviz.gradflow.losses import LOSSES, CrossEntropy, Loss, MeanSquaredError
from gdviz.gradflow.network import Network
from gdviz.gradflow.normalizations import (
    NORMALIZATIONS,
    BatchNormalization,
    LayerNormalization,
    NoNormalization,
    Normalization,
    RMSNormalization,
    WeightNormalization,
)
from gdviz.gradflow.presets import PRESETS, RECURRENT_PRESETS, Preset
from gdviz.gradflow.recurrent import CELLS, GRU, LSTM, Cell, Recurrent, RecurrentFlow, Vanilla, through_time
from gdviz.gradflow.remedies import Cure, TrainingCure, cures, recurrent_cures, recurrent_label, training_cures
from gdviz.gradflow.residuals import RESIDUALS, NoResidual, Plain, Residual, Scaled
from gdviz.gradflow.study import Study
from gdviz.gradflow.verdicts import recurrent_verdict, training_verdict, verdict

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "ELU",
    "GELU",
    "GRU",
    "INITIALIZERS",
    "INPUTS",
    "LOSSES",
    "LSTM",
    "NORMALIZATIONS",
    "PRESETS",
    "RECURRENT_PRESETS",
    "RESIDUALS",
    "SELU",
    "Activation",
    "BatchNormalization",
    "Breakdown",
    "Cell",
    "Cliff",
    "CliffRuns",
    "Constant",
    "CrossEntropy",
    "Cure",
    "Digits",
    "Gaussian",
    "Glorot",
    "GradientFlow",
    "He",
    "Histograms",
    "Initializer",
    "Inputs",
    "LayerNormalization",
    "LeCun",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MeanSquaredError",
    "Network",
    "NoNormalization",
    "NoResidual",
    "Normal",
    "Normalization",
    "Orthogonal",
    "Plain",
    "Preset",
    "RMSNormalization",
    "ReLU",
    "Recurrent",
    "RecurrentFlow",
    "Residual",
    "Scaled",
    "SiLU",
    "Sigmoid",
    "Softsign",
    "Study",
    "Tanh",
    "Training",
    "TrainingCure",
    "TrainingRun",
    "Uniform",
    "Vanilla",
    "WeightNormalization",
    "Zeros",
    "batches",
    "cliff_python_code",
    "cures",
    "descend_cliff",
    "keras_code",
    "measure",
    "measure_seed",
    "propagate",
    "python_code",
    "recurrent_code",
    "recurrent_cures",
    "recurrent_label",
    "recurrent_python_code",
    "recurrent_verdict",
    "stream",
    "theory",
    "through_time",
    "train",
    "training_cures",
    "training_keras_code",
    "training_python_code",
    "training_verdict",
    "verdict",
]
