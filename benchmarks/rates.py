"""Learning rates that fit each landscape, found by search: ``python -m benchmarks.rates`` writes them to RATES_FILE.

For every landscape and every optimizer that does not search its own step, with its other hyperparameters at their
defaults, each rate that the sliders have from 1e-5 to 10 (ten a decade) runs from the landscape's own start, for as
many steps as the app opens with. What holds for one rate only may be luck: a rate counts by what it and its two
neighbours have in common. Rates whose first step crosses half of the drawn domain are left out: no path is seen of
them. Taken is

1. of the rates that reach a lowest minimum, the smallest that needs at most twice the steps of the fastest one: well
   within what is stable, and its path can be seen;
2. where there are none, the same of those that converge at any minimum and take off nine tenths of what the best of
   them takes off the loss;
3. where there is no minimum to converge at, the smallest that leaves the drawn domain: it escapes from the saddle;
4. else the smallest that takes off nine tenths of what the best one does, and ends at most twice as far above the
   lowest loss.

Rules with a constant learning rate that divide by the gradient's size never come to rest, and are found by the last.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import gdviz
from gdviz.descent.ending import reaches
from gdviz.descent.experiment import DEFAULT

RATES_FILE = Path(gdviz.__file__).parent / "landscapes" / "rates.json"
MANTISSAS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
RATES = np.array([float(f"{mantissa}e{decade}") for decade in range(-5, 1) for mantissa in MANTISSAS])


def fitting_rate(landscape: gdviz.landscapes.Landscape, optimizer: str) -> float:
    """The rate taken, by the four rules above."""
    # Compiling takes longer than these few runs.
    ends = gdviz.sweep(landscape, optimizer, learning_rate=RATES, steps=DEFAULT.steps, engine="numpy")
    width = max(high - low for low, high in landscape.domain)
    once = gdviz.sweep(landscape, optimizer, learning_rate=RATES, steps=1, engine="numpy")
    leaps = np.linalg.norm(once.theta - np.array(landscape.start)[:, None], axis=0) > width / 2
    lowest, first = landscape.lowest, float(landscape.value(landscape.start))
    loss = np.max(_neighbours(np.where((ends.status == "diverged") | leaps, np.inf, ends.loss), -np.inf), axis=0)
    converged = (ends.status == "converged") & ~leaps
    arrived = _common(converged)
    arrived &= first - loss >= 0.9 * (first - np.min(loss[arrived], initial=first))
    if lowest is not None:
        best = _common(converged & reaches(ends.loss, lowest))
        arrived = best if best.any() else arrived
    if arrived.any():
        steps = np.where(arrived, ends.steps_to_converge, np.inf)
        return float(RATES[np.argmax(steps <= 2 * np.min(steps))])
    if lowest is None:
        low, high = np.array(landscape.domain).T[:, :, None]
        escaped = _common(~np.all((ends.theta > low) & (ends.theta < high), axis=0))
        return float(RATES[np.argmax(escaped)] if escaped.any() else RATES[-1])
    near = (loss - lowest <= 2 * (np.min(loss) - lowest)) & (first - loss >= 0.9 * (first - np.min(loss)))
    return float(RATES[np.argmax(near)])


def _common(holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where something holds for a rate and both its neighbours."""
    return np.asarray(np.all(_neighbours(holds, True), axis=0))


def _neighbours(values: NDArray[np.generic], outside: object) -> NDArray[np.generic]:
    padded = np.pad(values, 1, constant_values=outside)  # type: ignore[call-overload]
    return np.stack([padded[:-2], values, padded[2:]])


def main() -> None:
    found = {}
    for name, landscape in gdviz.LANDSCAPES.items():
        with np.errstate(all="ignore"):
            rules = [optimizer for optimizer, rule in gdviz.OPTIMIZERS.items() if not rule.asks]
            found[name] = {optimizer: fitting_rate(landscape(), optimizer) for optimizer in rules}
        print(name, {optimizer: found[name][optimizer] for optimizer in [run.name for run in DEFAULT.optimizers]})
    lines = [f"  {json.dumps(name)}: {json.dumps(rates)}" for name, rates in found.items()]
    RATES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
