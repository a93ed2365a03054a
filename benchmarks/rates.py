"""Learning rates that fit each landscape: ``python -m benchmarks.rates`` searches them as :mod:`gdviz.sweeps.rates`
says, and writes them to RATES_FILE.
"""

import json
from pathlib import Path

import numpy as np

import gdviz
from gdviz.descent.experiment import DEFAULT
from gdviz.sweeps.rates import searched_rate

RATES_FILE = Path(gdviz.__file__).parent / "landscapes" / "rates.json"


def main() -> None:
    found = {}
    for name, landscape in gdviz.LANDSCAPES.items():
        with np.errstate(all="ignore"):
            rules = [optimizer for optimizer, rule in gdviz.OPTIMIZERS.items() if not rule.asks]
            found[name] = {optimizer: searched_rate(landscape(), optimizer) for optimizer in rules}
        print(name, {optimizer: found[name][optimizer] for optimizer in [run.name for run in DEFAULT.optimizers]})
    lines = [f"  {json.dumps(name)}: {json.dumps(rates)}" for name, rates in found.items()]
    RATES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
