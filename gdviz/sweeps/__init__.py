"""Sweeps: very many runs of one optimizer on one landscape, of which only the ends are kept.

A sweep takes the steps that :func:`gdviz.descend` takes: the same record of a step (:mod:`gdviz.tracing`), run for many
points one of three ways, named by its ``engine``:

- ``compiled``: as machine code, where llvmlite is installed;
- ``numpy``: by NumPy's functions, on blocks of points;
- ``descend``: one run at a time, for what cannot be run together; :func:`gdviz.sweeps.program.why_one_by_one` says why.
"""

from gdviz.sweeps.cases import Cases
from gdviz.sweeps.run import Part, Sweep, sweep, sweep_progressively

__all__ = ["Cases", "Part", "Sweep", "sweep", "sweep_progressively"]
