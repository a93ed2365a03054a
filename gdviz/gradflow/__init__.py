"""Gradient flow: what happens to the signal and to the gradient on their way through a deep network.

>>> from gdviz import gradflow
>>> flow = gradflow.propagate(depth=20, width=64, activation="sigmoid", initializer=gradflow.Normal(1.0))
>>> flow.weight_gradient.shape
(1, 20)
"""

from gdviz.gradflow.activations import ACTIVATIONS, ELU, GELU, SELU, Activation, LeakyReLU, Linear, ReLU, Sigmoid, SiLU
from gdviz.gradflow.activations import Softsign, Tanh
from gdviz.gradflow.code import keras_code, python_code
from gdviz.gradflow.flow import GradientFlow, Histograms, measure, propagate, stream
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
from gdviz.gradflow.residuals import RESIDUALS, NoResidual, Plain, Residual, Scaled
