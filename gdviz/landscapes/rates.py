"""Learning rates that fit a landscape, so that something can be seen on it: found by search, and kept as data.

``gdviz.sweeps.rates`` says how they are found, ``benchmarks/rates.py`` finds them again.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from gdviz.landscapes.base import Landscape


def fitting_rates(landscape: Landscape) -> Mapping[str, float]:
    """Learning rates by the names of optimizers; those that search their own step have none. Nor has a user's function:
    its rates are searched when it is given.

    >>> from gdviz.landscapes import LANDSCAPES
    >>> fitting_rates(LANDSCAPES.make("styblinski_tang"))["adam"]
    0.04
    """
    return _found().get(landscape.name, {})


@lru_cache(maxsize=1)
def _found() -> Mapping[str, Mapping[str, float]]:
    found: dict[str, dict[str, float]] = json.loads((Path(__file__).parent / "rates.json").read_text(encoding="utf-8"))
    return found
