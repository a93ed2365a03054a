"""The engine ``compiled``: a rule and a landscape, compiled together by Numba from the source that descend() runs.

For each pair a small module is written, which hands the pair's own functions, ``update``, ``f`` and ``df``, to Numba
and loops over steps and points. It lies in the user's cache directory, so that Numba can keep what it compiled beside
it; its name has a digest of all sources in it, and so a change of a rule makes a new one.

Points run in tiles: within a tile, steps are the outer loop and points the inner one, which then becomes vector
instructions. The hyperparameters stand in a namedtuple where the rule has ``self``.
"""

import hashlib
import importlib.util
import inspect
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np

from gdviz import outcome
from gdviz.landscapes import LANDSCAPES, Landscape
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import OPTIMIZERS, Optimizer
from gdviz.sweeping.cases import Array, Cases, with_values
from gdviz.sweeping.ends import TILE, Ends

_MODULE = '''"""Written by gdviz.sweeping.compiled, from {Rule} and {Land}. It can be deleted: it is written again."""

from collections import namedtuple

import numpy as np
from numba import njit

from {rule_module} import {Rule}
from {land_module} import {Land}
from gdviz.sweeping.tiles import add_moves, load, unload

Rule = namedtuple("Rule", {rule_names})
Land = namedtuple("Land", {land_names})
fast = {{"nogil": True, "error_model": "numpy"}}  # division by 0 gives inf, as in NumPy, and no branch
update, f, df = njit(**fast)({Rule}.update), njit(**fast)({Land}.f), njit(**fast)({Land}.df)


@njit(**fast)
def look(w, losses, land, count):
    """Loss and gradient of every point of a tile; one more finite position where all of it is finite."""
    for i in range({tile}):
        x, y = w[i], w[{tile} + i]
        loss = f(land, x, y)
        dx, dy = df(land, x, y)
        fine = (abs(x) < np.inf) & (abs(y) < np.inf) & (abs(loss) < np.inf) & (abs(dx) < np.inf) & (abs(dy) < np.inf)
        losses[i], w[{dx} + i], w[{dy} + i] = loss, dx, dy
        w[{finite} + i] += 1.0 if fine & (w[{finite} + i] == count) else 0.0


@njit(**fast)
def move(w, step, first, rates, noise, decay, knobs, varied):
    """One step of every point of a tile that has been finite so far."""
    for i in range({tile}):
        rule = Rule({rule_values})
        x, y, rate = w[i], w[{tile} + i], rates[{rate}]
        dx, dy = w[{dx} + i], w[{dy} + i]
{disturb}        new_x, ({new_x}) = update(rule, {here_x}, dx, ({old_x}), rate, step)
        new_y, ({new_y}) = update(rule, {here_y}, dy, ({old_y}), rate, step)
        going = w[{finite} + i] == step
        w[i], w[{tile} + i] = new_x if going else x, new_y if going else y
{keep}

@njit(cache=True, **fast)
def run(values, rates, noise, decay, knobs, varied, shape, lowest, steps, ends):
    """All tiles of some points, one after the other."""
    land = Land({land_values})
    w, losses, before = np.empty({rows} * {tile}), np.empty((steps + 1, {tile})), np.empty(2 * {tile})
    for first in range(0, values.shape[1], {tile}):
        load(w, values, first)
        look(w, losses[0], land, 0.0)
        for t in range(steps):
            if t >= steps - {late}:
                for i in range(2 * {tile}):
                    before[i] = w[i]
            rate_row, noise_row = rates[min(t, len(rates) - 1)], noise[min(t, len(noise) - 1)]
            move(w, t + 1.0, first, rate_row, noise_row, decay, knobs, varied)
            look(w, losses[t + 1], land, t + 1.0)
            if t >= steps - {late}:
                add_moves(w, before, ends[6], first)
        unload(w, losses, lowest, ends, first)
'''


def available(cases: Cases) -> bool:
    """Whether Numba is there, and can compile these: an elementwise rule, a landscape's formula, no clipping."""
    rule, landscape = cases.shared.optimizer, cases.shared.landscape
    return (
        importlib.util.find_spec("numba") is not None
        and rule.elementwise
        and not rule.asks
        and type(landscape) in LANDSCAPES.values()
        and not isinstance(landscape, DataLandscape)
        and cases.shared.clip is None
    )


def run(cases: Cases) -> Ends:
    """Run all cases, tile after tile, in this thread. Other threads may run meanwhile."""
    setup = cases.shared
    noise, varied = cases.noise(), cases.varied
    kernel = compiled(
        setup.optimizer.name,
        setup.landscape.name,
        tuple(varied),
        noise is not None,
        noise is not None and noise.shape[2] > 1,
        setup.weight_decay > 0,
    )
    rule = with_values(setup.optimizer, **{"learning_rate": setup.schedule.initial_learning_rate, **varied})
    states = [np.broadcast_to(state, cases.starts.shape) for state in rule.initial_state(cases.starts)]
    count = len(cases)
    ends = np.zeros((8, count + -count % TILE))
    kernel(
        _padded(np.concatenate([cases.starts, *states])),
        _padded(cases.rates()) if "learning_rate" in varied else cases.rates(),
        np.zeros((1, 2, 1)) if noise is None else noise if noise.shape[2] == 1 else _padded(noise),
        float(setup.weight_decay),
        tuple(setup.optimizer.values().values()),
        _padded(np.array([values.astype(np.float64) for values in varied.values()]).reshape(-1, count)),
        tuple(setup.landscape.values().values()),
        np.nan if setup.landscape.lowest is None else setup.landscape.lowest,
        setup.steps,
        ends,
    )
    ends = ends[:, :count]
    return Ends(ends[:2], ends[2], ends[3:5], ends[5], ends[6], ends[7])


def _padded(values: Array) -> Array:
    """Whole tiles of points: the last point is repeated."""
    extra = -values.shape[-1] % TILE
    return np.ascontiguousarray(np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, extra)], mode="edge"))


@cache
def compiled(
    rule_name: str,
    landscape_name: str,
    varied: tuple[str, ...] = (),
    noisy: bool = False,
    noise_of_its_own: bool = False,
    decays: bool = False,
) -> Callable[..., None]:
    """The function ``run`` of the module for a rule, a landscape and what varies from point to point."""
    rule, landscape = OPTIMIZERS[rule_name], LANDSCAPES[landscape_name]
    text = _source(rule, landscape, varied, noisy, noise_of_its_own, decays)
    sources = [text, *(inspect.getsource(part) for part in (rule.update, landscape.f, landscape.df))]
    digest = hashlib.sha256("".join(sources).encode()).hexdigest()[:16]
    name = f"gdviz_sweep_{rule_name}_{landscape_name}_{digest}"
    path = _written(name, text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kernel: Callable[..., None] = module.run
    return kernel


def _source(
    rule: type[Optimizer],
    landscape: type[Landscape],
    varied: tuple[str, ...],
    noisy: bool,
    noise_of_its_own: bool,
    decays: bool,
) -> str:
    names = [knob.name for knob in rule.knobs()]
    states = len(OPTIMIZERS.make(rule.name).state_names)
    rows = {axis: [(2 + 2 * k + axis) * TILE for k in range(states)] for axis in (0, 1)}
    finite = (2 + 2 * states) * TILE
    whole = {knob.name for knob in rule.knobs() if knob.type is int}
    point = "first + i" if noise_of_its_own else "0"

    def own(name: str) -> str:
        value = f"varied[{varied.index(name)}, first + i]"
        return f"int({value})" if name in whole else value

    def shrunk(x: str) -> str:
        return f"{x} - {x} * decay * rate" if decays else x

    return _MODULE.format(
        Rule=rule.__name__,
        Land=landscape.__name__,
        rule_module=rule.__module__,
        land_module=landscape.__module__,
        rule_names=names,
        land_names=[knob.name for knob in landscape.knobs()],
        rule_values=_listed(own(name) if name in varied else f"knobs[{k}]" for k, name in enumerate(names)),
        land_values=_listed(f"shape[{k}]" for k, _ in enumerate(landscape.knobs())),
        rate="first + i" if "learning_rate" in varied else "0",
        disturb=f"        dx, dy = dx + noise[0, {point}], dy + noise[1, {point}]\n" if noisy else "",
        here_x=shrunk("x"),
        here_y=shrunk("y"),
        old_x=_listed(f"w[{row} + i]" for row in rows[0]),
        old_y=_listed(f"w[{row} + i]" for row in rows[1]),
        new_x=_listed(f"x{k}" for k in range(states)),
        new_y=_listed(f"y{k}" for k in range(states)),
        keep="".join(f"        w[{rows[0][k]} + i], w[{rows[1][k]} + i] = x{k}, y{k}\n" for k in range(states)),
        dx=finite + TILE,
        dy=finite + 2 * TILE,
        finite=finite,
        rows=2 * states + 5,
        tile=TILE,
        late=outcome.LAST,
        tolerance=outcome.TOLERANCE,
    )


def _listed(parts: Iterable[str]) -> str:
    return "".join(f"{part}, " for part in parts).strip()


def _written(name: str, text: str) -> Path:
    """The file of a module: made once, whole or not at all."""
    path = _directory() / f"{name}.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            file.write(text)
        os.replace(file.name, path)
    return path


@cache
def _directory() -> Path:
    """Where the modules lie: a directory of the user's own, or a temporary one where there can be none."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        (base / "gdviz").mkdir(mode=0o700, parents=True, exist_ok=True)
        return base / "gdviz"
    except OSError:
        return Path(tempfile.mkdtemp(prefix="gdviz-"))
