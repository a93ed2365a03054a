"""The study on landscapes as evidence on each rule, kept as data: when to use it, and when not.

``python -m gdviz.comparing.evidence`` makes the study, which takes minutes, and writes EVIDENCE_FILE; a test makes a
part of it anew and compares.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.comparing.landscapes import Study, evaluations_a_step, study
from gdviz.landscapes import LANDSCAPES

EVIDENCE_FILE = Path(__file__).with_name("evidence.json")
KINDS = {
    "convex": "the ground is convex",
    "ill-conditioned": "it is far steeper across than along",
    "many minima": "there are many minima",
    "plateau": "there are plateaus",
    "kinks": "there are kinks",
    "saddles": "there are saddles",
}
"""The kinds of ground that rules are judged on, by the landscapes' tags, in words that follow "when"."""
_FRONT, _BACK = 0.25, 0.75
"""Used where it stands in the first quarter of the rules; not where it stands in the last."""
_EASY, _HARD = 1.0, 0.3
"""Decades of usable learning rates from which on a rule is easy to tune, and below which it is hard."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The study's result for O rules on L landscapes."""

    optimizers: tuple[str, ...]
    landscapes: tuple[str, ...]
    rate: NDArray[np.float64]
    """The chosen learning rates, shape (O, L); nan where none solves."""
    solved: NDArray[np.float64]
    """The share of the runs that solve at that rate, shape (O, L)."""
    cost: NDArray[np.float64]
    """Expected evaluations of the gradient to solve, shape (O, L); inf where none does."""
    decades: NDArray[np.float64]
    """The width of the window of usable rates, shape (O, L); nan where none solves."""

    def use_when(self, optimizer: str) -> list[str]:
        """Where a rule is among the best, in words that follow "when"; empty where it is nowhere."""
        if optimizer not in self.optimizers:
            return []
        found = [
            f"{KINDS[tag]}: number {place} of {len(self.optimizers)} rules there, {self._solves(optimizer, tag)}"
            for tag in KINDS
            if (place := self.place(optimizer, tag)) <= _FRONT * len(self.optimizers)
        ]
        width = self.width(optimizer)
        if width >= _EASY:
            found.append(f"there is no time for tuning: rates over {width:.1f} decades do about as well as the best")
        return found

    def not_when(self, optimizer: str) -> list[str]:
        """Where a rule is among the last, in words that follow "when"; empty where it is nowhere."""
        if optimizer not in self.optimizers:
            return []
        found = [
            f"{KINDS[tag]}: number {place} of {len(self.optimizers)} rules there, {self._solves(optimizer, tag)}"
            for tag in KINDS
            if (place := self.place(optimizer, tag)) > _BACK * len(self.optimizers)
        ]
        width = self.width(optimizer)
        if width < _HARD:
            found.append(
                f"the learning rate cannot be tuned: only {width:.1f} decades of it do about as well as the best"
            )
        if (asked := evaluations_a_step(optimizer)) > 1.5:
            found.append(f"a gradient is expensive: it takes {asked:.1f} of them a step")
        return found

    def place(self, optimizer: str, tag: str) -> int:
        """The place of a rule on landscapes of a kind, counting from 1: by how often it is the cheapest within a factor
        of two, then by how many runs it solves."""
        kind = self._of_kind(tag)
        cost, solved = self.cost[:, kind], self.solved[:, kind].mean(axis=1)
        near = (cost <= 2 * cost.min(axis=0)) & np.isfinite(cost)
        merit = near.mean(axis=1) + solved
        return 1 + int((merit > merit[self.optimizers.index(optimizer)]).sum())

    def width(self, optimizer: str) -> float:
        """The median width of the window of usable rates, in decades, where a rule solves at all."""
        widths = self.decades[self.optimizers.index(optimizer)]
        known = widths[np.isfinite(widths)]
        return float(np.median(known)) if len(known) else 0.0

    def suited(self, optimizer: str, landscape: str) -> float | None:
        """The learning rate that was chosen for a rule on a landscape; None where that is not known."""
        if optimizer not in self.optimizers or landscape not in self.landscapes:
            return None
        rate = float(self.rate[self.optimizers.index(optimizer), self.landscapes.index(landscape)])
        return rate if np.isfinite(rate) else None

    def _solves(self, optimizer: str, tag: str) -> str:
        share = float(self.solved[self.optimizers.index(optimizer), self._of_kind(tag)].mean())
        return f"solving {100 * share:.0f} % of the runs"

    def _of_kind(self, tag: str) -> NDArray[np.bool_]:
        return np.array([tag in LANDSCAPES[name].tags for name in self.landscapes])


def summary(found: Study) -> dict[str, Any]:
    """A study as it is kept, in four digits, as JSON has it: None where nothing solves."""

    def table(values: NDArray[np.float64]) -> list[list[float | None]]:
        return [[float(f"{v:.4g}") if np.isfinite(v) else None for v in row] for row in values]

    return {
        "optimizers": list(found.optimizers),
        "landscapes": list(found.landscapes),
        "rate": table(found.chosen()),
        "solved": table(found.solved()),
        "cost": table(found.judged()),
        "decades": table(found.decades()),
    }


@cache
def evidence() -> Evidence:
    """The kept result."""
    kept = json.loads(EVIDENCE_FILE.read_text(encoding="utf-8"))

    def table(name: str, missing: float) -> NDArray[np.float64]:
        return np.array([[missing if v is None else v for v in row] for row in kept[name]], dtype=np.float64)

    names = tuple(kept["optimizers"]), tuple(kept["landscapes"])
    return Evidence(
        *names, table("rate", np.nan), table("solved", 0.0), table("cost", np.inf), table("decades", np.nan)
    )


def main() -> None:
    """Make the study and keep its result."""
    *_, found = study()
    tables = summary(found)
    lines = [
        f'  "{name}": {json.dumps(value)}' if name in ("optimizers", "landscapes")
        else f'  "{name}": [\n    ' + ",\n    ".join(map(json.dumps, value)) + "\n  ]"
        for name, value in tables.items()
    ]  # fmt: skip
    EVIDENCE_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
