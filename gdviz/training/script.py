"""A training as a plain Keras script: no gdviz needed, the same data, the same order of batches, the same losses."""

import inspect
import re
from dataclasses import fields

from gdviz.schedules import Constant
from gdviz.training import samples, scores
from gdviz.training.architecture import blocks
from gdviz.training.calls import Call
from gdviz.training.datasets import UsersTable
from gdviz.training.setup import TrainingSetup


class Code(str):
    """Code that stands for a value: written out as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


_BATCHES = '''
def batches(x, y, size):
    """Batch after batch, epoch after epoch, in an order that the seed and the number of the epoch determine."""
    epoch = 0
    while True:
        order = np.random.default_rng([SEED, epoch]).permutation(len(x))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            yield x[rows], y[rows]
        epoch += 1
'''

_WARM_UP = '''
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of which the first steps take a growing share."""

    def __init__(self, schedule, steps):
        self.schedule, self.steps = schedule, steps

    def __call__(self, step):
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        return rate * keras.ops.minimum(1.0, (keras.ops.cast(step, "float32") + 1) / self.steps)
'''


def keras_script(setup: TrainingSetup, file: str = "data.csv") -> str:
    """A Python script that trains the same model on the same batches and ends at the same loss.

    What a user changed while a run was in progress (its learning rate, an early stop) is not part of the setup, and so
    not of the script.

    Args:
        setup: The training.
        file: The name of the user's CSV file, for a training on one.
    """
    layers = f"{len(setup.layers)} hidden layer{'' if len(setup.layers) == 1 else 's'}"
    parts = [
        f'"""{setup.data.label}: {layers}, {setup.optimizer.label}. Exported from gdviz."""',
        "from __future__ import annotations\n\nfrom typing import Any\n\nimport keras\nimport numpy as np\n\n"
        + f"SEED = {setup.seed}",
        *_data(setup, file),
        _BATCHES,
        *([_WARM_UP] if setup.warmup_steps else []),
        *(map(inspect.getsource, (scores.f1, scores.auc, scores.of_classes)) if _classifies(setup) else []),
        "\n".join(_model(setup)),
        "\n".join(_fit(setup)),
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def _data(setup: TrainingSetup, file: str) -> list[str]:
    """The functions that make the data, and the lines that call them."""
    data, split = setup.data, setup.split
    if isinstance(data, UsersTable):
        from gdviz.training.table import columns, plan, reading, values

        sources = [_standing_alone(inspect.getsource(module)) for module in (reading, values, columns, plan)]
        chosen = ", ".join(f"{name}={value!r}" for name, value in data.values().items())
        load = f"x, y, _, _ = encode(understand(read(open({file!r}, 'rb').read()), {chosen}))"
    else:
        made = type(data).make
        sources = [inspect.getsource(made)]
        load = f"x, y = {made.__name__}({', '.join(f'{k}={v!r}' for k, v in data.values().items())})"
    sources += [inspect.getsource(samples.split_rows), inspect.getsource(samples.mean_and_scale)]
    lines = [
        load,
        "train, validation, test = split_rows("
        f"len(x), validation={split.validation}, test={split.test}, own_test={data.own_test}, seed={split.seed})",
    ]
    if split.validate_on_test:
        lines.append("validation = test")
    if split.standardise:
        lines += ["mean, scale = mean_and_scale(x[train])", "x = (x - mean) / scale"]
    lines.append("y = np.eye(int(y.max()) + 1)[y]" if data.task == "classes" else "y = y[:, None].astype(float)")
    if data.task == "regression" and split.standardise_target:
        lines += ["mean, scale = mean_and_scale(y[train])", "y = (y - mean) / scale"]
    lines.append('x, y = x.astype("float32"), y.astype("float32")')
    if setup.convolution:
        lines.append(f"x = x.reshape(-1, {', '.join(map(str, data.image or ()))})")
    return [*sources, "\n".join(lines)]


def _classifies(setup: TrainingSetup) -> bool:
    return setup.data.task != "regression"


def _standing_alone(source: str) -> str:
    """A module's source without what it imports from the others, which stand above it."""
    return re.sub(r"^from gdviz\.[\w.]+ import (?:\([^)]*\)|.*)\n", "", source, flags=re.MULTILINE)


def _model(setup: TrainingSetup) -> list[str]:
    lines = ["inputs = keras.Input(x.shape[1:])", "h = inputs"]
    for block in blocks(setup, Code("y.shape[1]")):  # type: ignore[arg-type]
        lines += ["skip = h"] if block.residual else []
        lines += [f"h = {call.code()}(h)" for call in block.calls]
        lines += ["h = keras.layers.Add()([h, skip])"] if block.residual else []
    rate: Code | None = None
    if not isinstance(setup.schedule, Constant) or setup.schedule.warmup_steps:
        rate = Code(setup.schedule.keras_code())
    if setup.warmup_steps:
        rate = Code(f"WarmUp({rate or setup.optimizer.learning_rate!r}, {setup.warmup_steps})")
    optimizer = setup.optimizer.call(rate, setup.clip)
    return [
        *lines,
        "model = keras.Model(inputs, h)",
        f"model.compile({optimizer.code()}, loss={setup.loss!r}, metrics={list(setup.metrics or ())!r})",
    ]


def _fit(setup: TrainingSetup) -> list[str]:
    callbacks = []
    for part, name in ((setup.reduce_on_plateau, "ReduceLROnPlateau"), (setup.early_stopping, "EarlyStopping")):
        if part is not None:
            callbacks.append(Call(f"callbacks.{name}", {f.name: getattr(part, f.name) for f in fields(part)}).code())
    size = "len(train)" if setup.batch_size is None else str(setup.batch_size)
    validated = setup.split.validation > 0 or setup.split.validate_on_test
    return [
        f"size = {size}",
        "history = model.fit(",
        "    batches(x[train], y[train], size),",
        "    steps_per_epoch=-(-len(train) // size),",
        f"    epochs={setup.epochs},",
        *(["    validation_data=(x[validation], y[validation]),"] if validated else []),
        *([f"    callbacks=[{', '.join(callbacks)}],"] if callbacks else []),
        "    verbose=2,",
        ")",
        "for name, rows in {'train': train, 'validation': validation, 'test': test}.items():",
        "    if len(rows):",
        "        scores = model.evaluate(x[rows], y[rows], batch_size=len(rows), verbose=0, return_dict=True)",
        *(["        scores |= of_classes(y[rows], model.predict(x[rows], verbose=0))"] if _classifies(setup) else []),
        "        print(name, scores)",
    ]
