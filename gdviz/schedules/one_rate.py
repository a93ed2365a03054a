"""One learning rate: an optimizer and its schedule have the same, or they are not accepted together."""

from dataclasses import dataclass, replace
from typing import Any, Self

from gdviz.catalogue import Setup
from gdviz.schedules.decays import Constant


@dataclass(frozen=True)
class OneRate(Setup):
    """A setup with an ``optimizer`` and a ``schedule``, whose learning rates are one number.

    As in Keras, a schedule takes the place of the optimizer's learning rate. An optimizer with the default learning
    rate of its kind is one for which none was chosen: it takes the schedule's ``initial_learning_rate``. A schedule of
    None is a constant one, at the optimizer's learning rate.

    Raises:
        ValueError: The optimizer has a learning rate of its own, and the schedule begins at another.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        this: Any = self
        optimizer, schedule = this.optimizer, this.schedule
        rate: float = optimizer.learning_rate
        if schedule is None:
            object.__setattr__(self, "schedule", Constant(rate))
        elif schedule.initial_learning_rate != rate:
            if rate != _default_rate(optimizer):
                raise ValueError(
                    f"learning_rate must be one number: {optimizer.label} has {rate!r}, "
                    f"its schedule ({schedule.label}) begins at {schedule.initial_learning_rate!r}"
                )
            taken = replace(optimizer, learning_rate=schedule.initial_learning_rate)
            object.__setattr__(self, "optimizer", taken)

    def changed(self, **values: Any) -> Self:
        """A copy with other values for some fields; the learning rate of another optimizer reaches the schedule."""
        if "optimizer" in values and "schedule" not in values:
            this: Any = self
            values["schedule"] = this.schedule.starting_at(values["optimizer"].learning_rate)
        return super().changed(**values)

    def with_learning_rate(self, learning_rate: float) -> Self:
        """A copy with another learning rate."""
        this: Any = self
        return self.changed(optimizer=replace(this.optimizer, learning_rate=learning_rate))


def _default_rate(optimizer: Any) -> Any:
    (rate,) = [knob.default for knob in optimizer.knobs() if knob.name == "learning_rate"]
    return rate
