"""Fair timing: candidates take turns in one process, and the median counts."""

import statistics
import time
from collections.abc import Callable, Mapping


def alternating(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each candidate. Each runs once before, so that what is built on first use is built."""
    for candidate in candidates.values():
        candidate()
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, candidate in candidates.items():
            begun = time.perf_counter()
            candidate()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(times) for name, times in taken.items()}


def table(medians: Mapping[str, float], reference: str) -> str:
    """The medians in milliseconds, and as ratios to the reference."""
    width = max(map(len, medians))
    return "\n".join(
        f"{name:<{width}}  {seconds * 1e3:10.2f} ms  {seconds / medians[reference]:8.2f} x"
        for name, seconds in medians.items()
    )
