"""A record as a Python function: the fastest way to one run, for which no machine code has to be made.

Python's floats compute what NumPy's do, to the last bit, and faster. But they refuse what for NumPy is infinity or no
number: a division by 0, a power out of range. Where a run meets that, it goes on with NumPy's floats, in the same
function.
"""

import math
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.tracing.record import LEAVES, OPERATIONS, Record

_INFIX = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "remainder": "%", "equal": "==", "not_equal": "!=",
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "logical_and": "&", "logical_or": "|",
}  # fmt: skip


def _minimum(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def _maximum(a: float, b: float) -> float:
    return a if a >= b or a != a else b


def _sign(a: float) -> float:
    return 1.0 if a > 0 else -1.0 if a < 0 else a if a != a else 0.0


_SAME_BITS = {"sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "power": math.pow, "radians": math.radians}
"""Functions of Python's that give NumPy's last digit; of the others NumPy's own are used."""
_EACH = {f"each_{name}": function for name, function in OPERATIONS.items()}
"""For arrays of examples."""
_FLOATS = {
    **OPERATIONS, **_EACH, **_SAME_BITS, "minimum": _minimum, "maximum": _maximum, "sign": _sign, "absolute": abs,
    "float64": float,
}  # fmt: skip
_NUMBERS = {**OPERATIONS, **_EACH, "float64": np.float64}
_ROUNDED = ("exp", "log", "tan", "sinh", "cosh", "tanh", "arctan", "logaddexp", "mean")
"""Functions of NumPy's whose result becomes Python's float again."""

_LOOP = """\
def run(steps, state, knobs):
    {knobs}
    rows = []
    {state} = state
    try:
        for {each_step} in steps:
            {body}
            rows += {rows}
            if ({x} - {x}) + ({y} - {y}) != 0:
                break
            {state} = {after}
    except (ZeroDivisionError, OverflowError, ValueError):
        del rows[(int(step) - 1) * {width} :]
        return rows, ({state})
    return rows, None
"""


class PythonRun:
    """The steps of a run as a Python function.

    Args:
        step: The record of a step; it has the points ``x`` and ``y``.
        state: The names of the state, x and y among them: leaves and outputs of the record.
        outputs: The outputs to be kept at each step, before it.
        each_step: The names of the leaves that change from step to step; ``step``, counting from 1, is the first.
    """

    def __init__(self, step: Record, state: Sequence[str], outputs: Sequence[str], each_step: Sequence[str]) -> None:
        self.step, self.state, self.outputs, self.each_step = step, tuple(state), tuple(outputs), tuple(each_step)
        self.source = _source(step, self.state, self.outputs, self.each_step)
        self._code = compile(self.source, "<record>", "exec")
        self._on_floats = self._made(_FLOATS)

    def _made(self, functions: Mapping[str, Any]) -> Callable[..., Any]:
        names = dict(functions)
        exec(self._code, names)
        return names["run"]  # type: ignore[no-any-return]

    def __call__(
        self, start: Mapping[str, float], knobs: Mapping[str, float], steps: Sequence[Sequence[float]]
    ) -> NDArray[np.float64]:
        """The state and the outputs at each step, shape (rows, len(state) + len(outputs)).

        Args:
            start: The state before the first step.
            knobs: The values of the knobs.
            steps: For each step, the values of ``each_step``. The run ends with them, or at the first point that is
                not finite, whose row is the last.
        """
        state = tuple(float(start[name]) for name in self.state)
        rows, rest = self._on_floats(steps, state, knobs)
        width = len(self.state) + len(self.outputs)
        if rest is not None:
            done = len(rows) // width
            numbers = {name: np.float64(value) for name, value in knobs.items()}
            with np.errstate(all="ignore"):
                more, _ = self._made(_NUMBERS)(
                    [tuple(map(np.float64, values)) for values in steps[done:]], tuple(map(np.float64, rest)), numbers
                )
            rows += more
        return np.frombuffer(struct.pack(f"{len(rows)}d", *rows)).reshape(-1, width)


def _source(step: Record, state: Sequence[str], outputs: Sequence[str], each_step: Sequence[str]) -> str:
    """The function's text: of numbers, places in the record, and names that the record's leaves have."""
    levels, after = step.levels(), [step.outputs[name] for name in state]
    uses = Counter(place for name, *operands in step.operations if name not in LEAVES for place in operands)
    uses.update([*after, *(step.outputs[name] for name in outputs)])
    before_loop, body, text = ["inf, nan = float('inf'), float('nan')"], list[str](), list[str]()
    for place, (name, *operands) in enumerate(step.operations):
        if name == "constant":
            text.append(repr(operands[0]))
        elif name in LEAVES and operands[0] in (*state, *each_step):
            text.append(operands[0])
        else:
            expression = (
                f"knobs[{operands[0]!r}]"
                if name in LEAVES
                else _expression(name, [text[k] for k in operands], levels[place])
            )
            hoisted = levels[place] == 0 or name in LEAVES
            inline = not hoisted and uses[place] == 1 and len(expression) < 200
            if not inline:
                (before_loop if hoisted else body).append(f"_{place} = {expression}")
            text.append(expression if inline else f"_{place}")
    kept = [*state, *(text[step.outputs[name]] for name in outputs)]
    return _LOOP.format(
        knobs="\n    ".join(before_loop),
        state=", ".join(state),
        each_step=", ".join(each_step) + ",",
        body="\n            ".join(body or ["pass"]),
        rows=", ".join(kept) + ",",
        width=len(kept),
        x=state[0],
        y=state[1],
        after=", ".join(text[place] for place in after),
    )


def _expression(name: str, operands: list[str], level: int) -> str:
    if name in _INFIX:
        return f"({operands[0]} {_INFIX[name]} {operands[1]})"
    if name == "negative":
        return f"(-{operands[0]})"
    if level == 3:
        return f"each_{name}({', '.join(operands)})"
    if name == "where":
        return f"({operands[1]} if {operands[0]} else {operands[2]})"
    call = f"{name}({', '.join(operands)})"
    return f"float64({call})" if name in _ROUNDED else call
