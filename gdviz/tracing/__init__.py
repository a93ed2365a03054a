"""Rules and landscapes recorded once, as a list of operations, and run anywhere.

Rules and landscapes are plain arithmetic. Called with recording values (:class:`Traced`) instead of numbers, they
leave behind a :class:`Record`: one list of operations, each a name with the places of its operands in that list.

    >>> made = record(lambda x, y: {"loss": (1 - x) ** 2 + x * y}, x="point", y="point")
    >>> for place, operation in enumerate(made.operations):
    ...     print(place, *operation)
    0 point x
    1 point y
    2 constant 1.0
    3 subtract 2 0
    4 constant 2.0
    5 power 3 4
    6 multiply 0 1
    7 add 5 6
    >>> made.outputs, float(made.run(x=3.0, y=2.0)["loss"])
    ({'loss': 7}, 10.0)

**Leaves** bring numbers in. ``["constant", 2.0]`` is a number (``"Infinity"``, ``"-Infinity"`` and ``"NaN"`` are
strings in JSON, which has no such numbers). The others are named: ``["knob", "optimizer.beta_1"]`` is the same
throughout a run, ``["step", "learning_rate"]`` the same for all points at one step, ``["point", "x"]`` different from
point to point, ``["example", "input"]`` different from example to example of a landscape of data.

**Operations** bear the names of NumPy's functions and mean what these do; :data:`OPERATIONS` lists them all:

    add subtract multiply divide remainder power negative absolute sign sqrt exp log sin cos tan sinh cosh tanh arctan
    radians logaddexp minimum maximum equal not_equal less less_equal greater greater_equal logical_and logical_or where

Comparisons give a truth value, which counts as 0 or 1 in arithmetic; ``["where", condition, a, b]`` chooses, both a and
b having been computed. ``minimum`` and ``maximum`` are NaN where an operand is, ``sign`` of 0 is 0, and ``remainder``
has the sign of the divisor. ``["mean", a]`` is the mean over the examples.

Equal operations of equal operands are recorded once. :meth:`Record.levels` tells what each depends on: 0 on constants
and knobs alone, 1 on the step too, 2 on the point, 3 on the example; whoever compiles a record computes each no more
often than that.

:func:`record_run` records a whole step of a run, with all its stages. The interpreter, :meth:`Record.run`, is what all
other ways to run a record are tested against.
"""

from gdviz.tracing.apart import AnyLandscape, record_landscape
from gdviz.tracing.record import LEAVES, OPERATIONS, NotRecordableError, Record, Traced, Vector, record
from gdviz.tracing.stages import RunRecord, Stages, record_run, record_stages, why_not

__all__ = [
    "LEAVES",
    "OPERATIONS",
    "AnyLandscape",
    "NotRecordableError",
    "Record",
    "RunRecord",
    "Stages",
    "Traced",
    "Vector",
    "record",
    "record_landscape",
    "record_run",
    "record_stages",
    "why_not",
]
