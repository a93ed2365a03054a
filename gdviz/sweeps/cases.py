"""The cases of a sweep: one configuration, some of whose numbers differ from case to case."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gdviz.descent import MOST_SEED, Descent

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cases:
    """N cases: a :class:`gdviz.Descent` that they share, and the numbers that each has for itself."""

    shared: Descent
    """The configuration of all; where a number is in ``starts`` or ``each``, its value here plays no part."""
    starts: Array
    """Where each case starts, shape (2, N)."""
    each: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Numbers that differ from case to case, each of shape (N,): ``noise``, ``seed``, or hyperparameters by name."""

    def __post_init__(self) -> None:
        if self.starts.ndim != 2 or len(self.starts) != 2 or not self.starts.size:
            raise ValueError(f"starts must have the shape (2, N) with N ≥ 1; got the shape {self.starts.shape}")
        if not np.all(np.isfinite(self.starts)):
            raise ValueError("starts must be finite numbers; some are not")
        knobs = {knob.name: knob for knob in self.shared.optimizer.knobs()}
        for name, values in self.each.items():
            if values.shape != (len(self),):
                raise ValueError(f"{name} must have the shape ({len(self)},), as the starts; got {values.shape}")
            if name in knobs:
                if knobs[name].type not in (int, float):
                    raise ValueError(f"{name} must be the same in all cases: it is no number")
                for value in (values.min(), values.max()):  # what is allowed is an interval
                    knobs[name].check(value.item(), self.shared.optimizer.label)
            elif name == "noise":
                if not (np.all(np.isfinite(values)) and np.all(values >= 0)):
                    raise ValueError(f"noise must be numbers with 0 ≤ noise; got {values.min()} to {values.max()}")
            elif name == "seed":
                if values.dtype.kind not in "iu" or values.min() < 0 or values.max() > MOST_SEED:
                    raise ValueError(f"seed must be whole numbers with 0 ≤ seed ≤ {MOST_SEED}; got {values}")
            else:
                raise ValueError(
                    f"{self.shared.optimizer.label}: no hyperparameter {name!r}; it has {', '.join(knobs)}"
                )

    def __len__(self) -> int:
        return int(self.starts.shape[1])

    def __getitem__(self, which: slice | NDArray[np.int64]) -> Self:
        """Some of the cases."""
        each = {name: values[which] for name, values in self.each.items()}
        return replace(self, starts=np.ascontiguousarray(self.starts[:, which]), each=each)

    def descent(self, index: int) -> Descent:
        """One case, as :func:`gdviz.descend` runs it."""
        own = {name: values[index].item() for name, values in self.each.items()}
        apart = {name: own.pop(name) for name in ("noise", "seed") if name in own}
        rule = replace(self.shared.optimizer, **own)
        return replace(
            self.shared,
            optimizer=rule,
            schedule=self.shared.schedule.starting_at(rule.learning_rate),
            start=(float(self.starts[0, index]), float(self.starts[1, index])),
            **apart,
        )

    def alike(self) -> list[tuple[NDArray[np.int64], Self]]:
        """The cases in groups that differ in real numbers only, each with which they are.

        A hyperparameter that counts or chooses makes another list of operations of the rule.
        """
        knobs = {knob.name: knob.type for knob in self.shared.optimizer.knobs()}
        counting = [name for name in self.each if knobs.get(name) is int]
        if not counting:
            return [(np.arange(len(self)), self)]
        kinds = np.stack([self.each[name] for name in counting])
        groups = []
        for kind in np.unique(kinds, axis=1).T:
            where = np.flatnonzero((kinds == kind[:, None]).all(axis=0))
            rule = replace(self.shared.optimizer, **dict(zip(counting, map(int, kind), strict=True)))
            part = self[where]
            each = {name: values for name, values in part.each.items() if name not in counting}
            groups.append((where, replace(part, shared=replace(self.shared, optimizer=rule), each=each)))
        return groups

    @property
    def varied(self) -> dict[str, NDArray[Any]]:
        """The hyperparameters that differ from case to case; the learning rate is one."""
        return {name: values for name, values in self.each.items() if name not in ("noise", "seed")}

    def rates(self) -> Array:
        """Learning rates, of shape (1 or steps, 1 or N): as few as say them all."""
        steps = np.arange(self.shared.steps)[:, None]
        schedule = self.shared.schedule
        if "learning_rate" in self.each:
            schedule = schedule.having(initial_learning_rate=self.each["learning_rate"][None, :])
        constant = schedule.name == "constant" and not schedule.values()["warmup_steps"]
        rates = np.asarray(schedule(steps[:1] if constant else steps), dtype=np.float64)
        return np.ascontiguousarray(rates)

    def noise(self) -> Array | None:
        """The noise that is added to the gradients, shape (steps, 2, 1 or N); None for none."""
        size, seeds = self.each.get("noise", self.shared.noise), self.each.get("seed")
        if not np.any(size):
            return None
        shape = (self.shared.steps, 2)
        if seeds is None:
            drawn = np.random.default_rng(self.shared.seed).standard_normal(shape)[:, :, None]
        else:
            drawn = np.stack([np.random.default_rng(int(seed)).standard_normal(shape) for seed in seeds], axis=-1)
        return np.ascontiguousarray(drawn * size)

    def points_at_once(self, most: int, values: int = 1) -> int:
        """How many cases, ``most`` at most, fit into 16 MB with ``values`` floats a step, and rates and noise."""
        values += 2 * ("seed" in self.each or "noise" in self.each)
        values += "learning_rate" in self.each and self.shared.schedule.name != "constant"
        return max(16, min(most, 2_000_000 // (max(values, 1) * (self.shared.steps + 1)))) if values else most
