"""The optimizers of the installed Keras, each with every hyperparameter, read from Keras's own source.

Reading the source instead of importing it keeps TensorFlow (seconds, hundreds of megabytes) out of the process that
only builds configurations; names and defaults are those of the version that will run them.
"""

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from gdviz.catalogue import Catalogue, Entry, knob
from gdviz.clipping import Clipper
from gdviz.training.calls import Call

_DECAY = {"low": 0.0, "below": 1.0}
_STRENGTH = {"low": 0.0, "usual": (1e-6, 1.0), "log": True}
KNOWN: dict[str, dict[str, Any]] = {
    "learning_rate": {"low": 0.0, "usual": (1e-5, 10.0), "log": True, "help": "size of a step (η)"},
    "momentum": {"low": 0.0, "high": 1.0, "help": "share of the velocity that is kept (μ)"},
    "nesterov": {"help": "evaluate the gradient where the velocity leads"},
    "beta_1": {**_DECAY, "help": "memory of the gradient (β₁)"},
    "beta_2": {**_DECAY, "help": "memory of the squared gradient (β₂)"},
    "rho": {**_DECAY, "help": "memory of the squared gradient (ρ)"},
    "centered": {"help": "divide by the gradient's variance instead of its mean square"},
    "amsgrad": {"help": "divide by the largest mean square so far"},
    "epsilon": {"low": 0.0, "usual": (1e-10, 1.0), "log": True, "help": "keeps the division finite (ε)"},
    "initial_accumulator_value": {"low": 0.0, "usual": (0.0, 10.0), "help": "the sum of squares before the first step"},
    "weight_decay": {**_STRENGTH, "help": "share of every weight that a step of size 1 takes away"},
    "beta_2_decay": {"high": 0.0, "usual": (-1.0, 0.0), "help": "exponent of the step in the memory of the square"},
    "epsilon_1": {"low": 0.0, "log": True, "help": "keeps the squared gradient above 0 (ε₁)"},
    "epsilon_2": {"low": 0.0, "log": True, "help": "smallest scale of a weight tensor (ε₂)"},
    "clip_threshold": {"above": 0.0, "usual": (0.1, 10.0), "help": "largest root mean square of an update"},
    "relative_step": {"help": "let the step shrink with the root of the number of steps"},
    "learning_rate_power": {"high": 0.0, "usual": (-1.0, 0.0), "help": "exponent of the step size's decay"},
    "l1_regularization_strength": {**_STRENGTH, "help": "penalty on the weights' absolute values"},
    "l2_regularization_strength": {**_STRENGTH, "help": "penalty on the weights' squares"},
    "l2_shrinkage_regularization_strength": {**_STRENGTH, "help": "penalty on the squares, outside the accumulator"},
    "beta": {"low": 0.0, "usual": (0.0, 10.0), "help": "added to the root of the accumulator (β)"},
    "warmup_steps": {"low": 0, "usual": (0, 1000), "help": "steps over which the learning rate rises from 0"},
    "adam_beta_1": {**_DECAY, "help": "β₁ of AdamW, which updates biases and other vectors"},
    "adam_beta_2": {**_DECAY, "help": "β₂ of AdamW, which updates biases and other vectors"},
    "adam_weight_decay": {**_STRENGTH, "help": "weight decay of AdamW, which updates biases and other vectors"},
    "adam_lr_ratio": {"low": 0, "usual": (0, 10), "help": "learning rate of AdamW as a multiple of Muon's"},
    "muon_a": {"help": "first coefficient of the Newton-Schulz polynomial"},
    "muon_b": {"help": "second coefficient of the Newton-Schulz polynomial"},
    "muon_c": {"help": "third coefficient of the Newton-Schulz polynomial"},
    "ns_steps": {"low": 1, "usual": (1, 10), "help": "Newton-Schulz iterations"},
    "rms_rate": {"above": 0.0, "usual": (0.01, 1.0), "help": "root mean square that an update is scaled to"},
    "exclude_embeddings": {"help": "leave embeddings to AdamW"},
    "use_ema": {"help": "keep a moving average of the weights, and end with it"},
    "ema_momentum": {"low": 0.0, "high": 1.0, "help": "memory of the moving average of the weights"},
    "ema_overwrite_frequency": {"low": 1, "help": "steps between overwriting the weights by their average"},
    "loss_scale_factor": {"above": 0.0, "log": True, "help": "the loss is multiplied, the gradient divided by this"},
    "gradient_accumulation_steps": {"low": 2, "help": "batches whose gradients are averaged to one step"},
}
"""Bounds and help of the hyperparameters that Keras's optimizers have, by name."""


@dataclass(frozen=True)
class SearchRange:
    """Where a search looks for a hyperparameter. Its logarithm spreads evenly, or that of what is missing to 1."""

    low: float
    high: float
    to_one: bool = False
    """True where 1 - value spreads over decades: 0.9, 0.99, 0.999 then lie equally far apart."""

    def value(self, share: float) -> float:
        """The value at a share of the range, from 0 for its low end to 1 for its high end.

        >>> round(SearchRange(0.9, 0.999, to_one=True).value(0.5), 12)
        0.99
        """
        ends = [1 - self.low, 1 - self.high] if self.to_one else [self.low, self.high]
        found = math.exp((1 - share) * math.log(ends[0]) + share * math.log(ends[1]))
        return 1 - found if self.to_one else found

    def share(self, value: float) -> float:
        """The share of the range at which a value lies: the inverse of :meth:`value`."""
        low, high, at = (1 - x if self.to_one else x for x in (self.low, self.high, value))
        return math.log(at / low) / math.log(high / low)


SEARCHED = {
    "learning_rate": SearchRange(1e-5, 10.0),
    "momentum": SearchRange(0.5, 0.999, to_one=True),
    "beta_1": SearchRange(0.5, 0.999, to_one=True),
    "beta_2": SearchRange(0.9, 0.9999, to_one=True),
    "rho": SearchRange(0.9, 0.9999, to_one=True),
    "epsilon": SearchRange(1e-10, 1.0),
    "weight_decay": SearchRange(1e-6, 0.1),
}
"""The hyperparameters that a comparison can tune, by name. That rates, ε and decay spread over decades, and memories by
what they lack to 1, follows Choi et al. (2019), "On empirical comparisons of optimizers for deep learning",
https://arxiv.org/abs/1910.05446, as does giving ε a range at all; how far the ranges reach is ours."""

NOT_HYPERPARAMETERS = {"name", "kwargs", "exclude_layers", "clipnorm", "clipvalue", "global_clipnorm"}
"""Arguments left out: names, and clipping, which is chosen from ``gdviz.CLIPPERS`` for all optimizers alike."""
NOT_RULES = {"Optimizer", "MultiOptimizer", "OptimizerMap", "LossScaleOptimizer"}
"""Classes left out: bases and wrappers of other optimizers."""
_WHOLE = {"ema_overwrite_frequency", "gradient_accumulation_steps"}


@dataclass(frozen=True)
class KerasOptimizer(Entry):
    """An optimizer of ``keras.optimizers``. Its knobs are the arguments of the class."""

    keras_class: ClassVar[str]
    """The class of ``keras.optimizers``."""

    learning_rate: float

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _WHOLE:
            value = getattr(self, name)
            if value is not None:
                if value != int(value):
                    raise ValueError(f"{self.label}: {name} must be a whole number or None; got {value!r}")
                object.__setattr__(self, name, int(value))

    @property
    def batches_per_step(self) -> int:
        """How many batches make one step of the rule."""
        return getattr(self, "gradient_accumulation_steps", None) or 1

    def call(self, learning_rate: object = None, clip: Clipper | None = None) -> Call:
        """The call that makes the optimizer.

        Args:
            learning_rate: Stands for the entry's own learning rate where given.
            clip: How gradients are clipped.
        """
        rate = self.learning_rate if learning_rate is None else learning_rate
        clipping = clip.values() if clip else {}
        return Call(f"optimizers.{self.keras_class}", {**self.values(), "learning_rate": rate, **clipping})


KERAS_OPTIMIZERS: Catalogue[KerasOptimizer] = Catalogue("optimizer", "gdviz.training.KERAS_OPTIMIZERS")


def _signatures() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, first line of the docstring, and arguments with defaults of each optimizer that Keras exports."""
    keras = find_spec("keras")
    if keras is None or keras.origin is None:
        raise ModuleNotFoundError("keras is not installed: pip install keras tensorflow")
    for file in sorted(Path(keras.origin).parent.glob("src/optimizers/*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ClassDef) or node.name in NOT_RULES:
                continue
            exported = any(f"'keras.optimizers.{node.name}'" in ast.unparse(call) for call in node.decorator_list)
            start = next((f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"), None)
            if exported and start is not None:
                arguments = [a.arg for a in start.args.args][-len(start.args.defaults) :]
                defaults = map(ast.literal_eval, start.args.defaults)
                yield node.name, ast.get_docstring(node) or "", dict(zip(arguments, defaults, strict=True))


def _register(keras_class: str, doc: str, arguments: dict[str, Any]) -> None:
    knobs = []
    for name, default in arguments.items():
        if name not in NOT_HYPERPARAMETERS:
            spec = KNOWN.get(name, {"help": f"{name} of keras.optimizers.{keras_class}"})
            knobs.append((name, type(default), knob(default, **spec)))
    link = re.search(r"https?://[^\s)\]]+", doc)
    entry: type[KerasOptimizer] = make_dataclass(
        keras_class,
        knobs,
        bases=(KerasOptimizer,),
        frozen=True,
        namespace={
            "__doc__": doc.split("\n\n")[0].replace("\n", " "),
            "keras_class": keras_class,
            "label": keras_class,
            "formula": "",
            "source": link.group() if link else f"https://keras.io/api/optimizers/{keras_class.lower()}/",
            "__module__": __name__,
        },
    )
    KERAS_OPTIMIZERS.register(keras_class.lower())(entry)


for _signature in _signatures():
    _register(*_signature)
