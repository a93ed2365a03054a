"""A training with what a run on a landscape shares with it."""

import math
from dataclasses import replace

from gdviz.descent import Descent
from gdviz.schedules import Constant
from gdviz.training.optimizers import KERAS_OPTIMIZERS
from gdviz.training.parts import ReduceOnPlateau
from gdviz.training.setup import MOST_SEED, TrainingSetup


def from_descent(descent: Descent, setup: TrainingSetup | None = None) -> TrainingSetup:
    """A training with all that a run on a landscape shares with it: optimizer, learning rate or schedule, clipping,
    weight decay, moving average, batch size and seed. Reduction on a plateau goes by epochs here, by steps there.

    Args:
        descent: The run.
        setup: The training whose other fields are kept.

    Raises:
        ValueError: Keras has no such optimizer, or cannot do something else that the run does.
    """
    rule, schedule, setup = descent.optimizer, descent.schedule, setup or TrainingSetup()
    if rule.keras_class is None:
        raise ValueError(f"optimizer must be one that Keras has; {rule.label} exists in gdviz only")
    if descent.noise:
        raise ValueError(f"noise must be 0: Keras adds none to a gradient; got {descent.noise!r}")
    if not math.isfinite(schedule.initial_learning_rate):
        raise ValueError(f"learning_rate must be finite; got {schedule.initial_learning_rate!r}")
    entry = KERAS_OPTIMIZERS[rule.keras_class.lower()]
    known = {k.name for k in entry.knobs()}
    values = {name: value for name, value in {**rule.values(), **rule.keras_fixed}.items() if name in known}
    if descent.weight_decay and "weight_decay" not in rule.values():
        values["weight_decay"] = descent.weight_decay
    if descent.averaging:
        average = descent.averaging.values()
        overwrite = average["ema_overwrite_frequency"] or None
        values |= {**average, "use_ema": True, "ema_overwrite_frequency": overwrite}
    plateau = None
    if schedule.follows_loss:
        shared = {k.name for k in ReduceOnPlateau.knobs()} & schedule.values().keys()
        plateau = ReduceOnPlateau(monitor="loss", **{name: schedule.values()[name] for name in shared})  # type: ignore[arg-type]
        schedule = Constant(schedule.initial_learning_rate, schedule.values()["warmup_steps"])  # type: ignore[arg-type]
    return replace(
        setup,
        optimizer=KERAS_OPTIMIZERS.make(entry.name, **values),
        schedule=schedule,
        warmup_steps=0,
        reduce_on_plateau=plateau,
        clip=descent.clip,
        batch_size=descent.batch_size or setup.batch_size,
        seed=descent.seed % (MOST_SEED + 1),
    )
