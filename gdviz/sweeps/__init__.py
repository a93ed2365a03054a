"""Sweeps: very many runs of one optimizer on one landscape, of which only the ends are kept.

A sweep takes the steps that :func:`gdviz.descend` takes, by the same source: the rule's ``update``, the landscape's
``f`` and ``df``. It runs them one of three ways, named by its ``engine``:

- ``compiled``: by Numba, where it is installed, for every elementwise rule on every landscape with a formula;
- ``numpy``: on arrays of many points, for the rules of the whole vector, landscapes of data or a user's own, clipping;
- ``descend``: one run at a time, for what cannot be batched: rules that ask for more than a gradient, mini-batches,
  averages, early stops and schedules that follow the loss.
"""

from gdviz.sweeps.cases import Cases
from gdviz.sweeps.run import Part, Sweep, sweep, sweep_progressively

__all__ = ["Cases", "Part", "Sweep", "sweep", "sweep_progressively"]
