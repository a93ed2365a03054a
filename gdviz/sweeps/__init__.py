"""Sweeps: very many runs of one optimizer on one landscape, of which only the ends are kept.

A sweep takes the steps that :func:`gdviz.descend` takes: the same record of a step (:mod:`gdviz.tracing`), run for many
points one of four ways, named by its ``engine``:

- ``compiled``: as machine code, where llvmlite is installed; each rule on each landscape is compiled by itself;
- ``linked``: the same, rules and landscapes compiled apart: a step takes longer, but a rule is ready for every
  landscape, which is what counts for few points on many pairs; not for landscapes of data;
- ``numpy``: by NumPy's functions, on blocks of points;
- ``descend``: one run at a time, for what cannot be run together; :func:`gdviz.sweeps.program.why_one_by_one` says why.
"""

from gdviz.sweeps.cases import Cases
from gdviz.sweeps.run import Part, Sweep, sweep, sweep_progressively

__all__ = ["Cases", "Part", "Sweep", "sweep", "sweep_progressively"]
