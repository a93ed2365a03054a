"""The engine ``compiled``: rules and landscapes, compiled by Numba from the source that descend() runs.

For each rule and each landscape a small module is written, which hands the entry's own functions, ``update``, or ``f``
and ``df``, to Numba and loops over the points of a tile: with 20 rules and 30 landscapes that is 50 functions to
compile, not 600. The modules lie in the user's cache directory, so that Numba can keep what it compiled beside them;
their names have a digest of all sources in them, and so a change of a rule makes a new one. The hyperparameters stand
in a namedtuple where the functions have ``self``.
"""

import hashlib
import importlib.util
import inspect
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from gdviz.catalogue import Knob
from gdviz.descent import ending
from gdviz.landscapes import LANDSCAPES
from gdviz.landscapes.data import DataLandscape
from gdviz.optimizers import OPTIMIZERS
from gdviz.sweeps.cases import Cases, with_values
from gdviz.sweeps.ends import TILE, Ends

_HEAD = '''"""Written by gdviz.sweeps.compiled, from {entry}. It can be deleted: it is written again."""

from collections import namedtuple

import numpy as np
from numba import njit

from {module} import {entry}
from gdviz.sweeps.tiles import {signature}, options

Knobs = namedtuple("Knobs", {names})
inline = {{"nogil": True, "error_model": "numpy"}}
'''

_LOOK = '''f, df = njit(**inline)({entry}.f), njit(**inline)({entry}.df)


@njit({signature}, **options)
def look(w, losses, count, knobs):
    """Loss and gradient of every point of a tile; one more finite position where all of it is finite."""
    entry = Knobs({values})
    for i in range(len(losses)):
        x, y = w[i], w[{tile} + i]
        loss = f(entry, x, y)
        dx, dy = df(entry, x, y)
        fine = (abs(x) < np.inf) & (abs(y) < np.inf) & (abs(loss) < np.inf) & (abs(dx) < np.inf) & (abs(dy) < np.inf)
        losses[i], w[2 * {tile} + i], w[3 * {tile} + i] = loss, dx, dy
        w[4 * {tile} + i] += 1.0 if fine & (w[4 * {tile} + i] == count) else 0.0
'''

_MOVE = '''update = njit(**inline)({entry}.update)


@njit({signature}, **options)
def move(w, points, step, first, rates, noise, decay, knobs, varied):
    """One step of every point of a tile that has been finite so far."""
{before}    for i in range(points):
{within}        x, y = w[i], w[{tile} + i]
        dx, dy = w[2 * {tile} + i], w[3 * {tile} + i]
{disturb}        new_x, ({new_x}) = update(entry, {here_x}, dx, ({old_x}), rate, step)
        new_y, ({new_y}) = update(entry, {here_y}, dy, ({old_y}), rate, step)
        going = w[4 * {tile} + i] == step
        w[i], w[{tile} + i] = new_x if going else x, new_y if going else y
{keep}'''


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
    setup, count = cases.shared, len(cases)
    noise, varied, rates = cases.noise(), cases.varied, cases.rates()
    own_noise = noise is not None and noise.shape[2] > 1
    move = compiled_rule(setup.optimizer.name, tuple(varied), noise is not None, own_noise, setup.weight_decay > 0)
    look = compiled_landscape(setup.landscape.name)
    rule = with_values(setup.optimizer, **{"learning_rate": setup.schedule.initial_learning_rate, **varied})
    states = [np.broadcast_to(state, cases.starts.shape) for state in rule.initial_state(cases.starts)]
    ends = np.zeros((8, count))
    import_module("gdviz.sweeps.tiles").run(
        look,
        move,
        np.concatenate([cases.starts, np.zeros((3, count)), *states]),
        rates,
        np.zeros((1, 2, 1)) if noise is None else noise,
        float(setup.weight_decay),
        np.array([*setup.optimizer.values().values()], dtype=np.float64),
        np.array([*varied.values()], dtype=np.float64).reshape(-1, count),
        np.array([*setup.landscape.values().values()], dtype=np.float64),
        np.nan if setup.landscape.lowest is None else setup.landscape.lowest,
        setup.steps,
        cases.points_at_once(TILE),
        ends,
        TILE,
        ending.LAST,
        ending.TOLERANCE,
    )
    return Ends(ends[:2], ends[2], ends[3:5], ends[5], ends[6], ends[7])


@cache
def compiled_landscape(name: str) -> Callable[..., None]:
    """The function ``look`` of a landscape."""
    entry = LANDSCAPES[name]
    values = _listed(_typed(knob, f"knobs[{k}]") for k, knob in enumerate(entry.knobs()))
    text = _head(entry, "LOOK") + _LOOK.format(entry=entry.__name__, signature="LOOK", values=values, tile=TILE)
    made: Callable[..., None] = _module(name, text, entry.f, entry.df).look
    return made


@cache
def compiled_rule(
    name: str, varied: tuple[str, ...] = (), noisy: bool = False, own_noise: bool = False, decays: bool = False
) -> Callable[..., None]:
    """The function ``move`` of a rule.

    Args:
        name: The rule.
        varied: The hyperparameters that vary from point to point.
        noisy: Whether noise is added to the gradients.
        own_noise: Whether it differs from point to point.
        decays: Whether there is weight decay.
    """
    entry = OPTIMIZERS[name]
    states = range(len(OPTIMIZERS.make(name).state_names))
    row = {axis: [(5 + 2 * k + axis) * TILE for k in states] for axis in (0, 1)}
    point = "first + i" if own_noise else "0"
    numbers = [f"varied[{varied.index(k.name)}, first + i]" if k.name in varied else "" for k in entry.knobs()]
    shared = {f"k{k}": _typed(knob, f"knobs[{k}]") for k, knob in enumerate(entry.knobs()) if not numbers[k]}
    within = {f"k{k}": _typed(knob, numbers[k]) for k, knob in enumerate(entry.knobs()) if numbers[k]}
    (within if "learning_rate" in varied else shared)["rate"] = (
        f"rates[{'first + i' if 'learning_rate' in varied else 0}]"
    )
    if noisy:
        (within if own_noise else shared).update(noise_x=f"noise[0, {point}]", noise_y=f"noise[1, {point}]")
    within["entry"] = f"Knobs({_listed(f'k{k}' for k in range(len(numbers)))})"
    text = _head(entry, "MOVE") + _MOVE.format(
        entry=entry.__name__,
        signature="MOVE",
        tile=TILE,
        before="".join(f"    {left} = {right}\n" for left, right in shared.items()),
        within="".join(f"        {left} = {right}\n" for left, right in within.items()),
        disturb="        dx, dy = dx + noise_x, dy + noise_y\n" if noisy else "",
        here_x="x - x * decay * rate" if decays else "x",
        here_y="y - y * decay * rate" if decays else "y",
        old_x=_listed(f"w[{at} + i]" for at in row[0]),
        old_y=_listed(f"w[{at} + i]" for at in row[1]),
        new_x=_listed(f"x{k}" for k in states),
        new_y=_listed(f"y{k}" for k in states),
        keep="".join(f"        w[{row[0][k]} + i], w[{row[1][k]} + i] = x{k}, y{k}\n" for k in states),
    )
    made: Callable[..., None] = _module(name, text, entry.update).move
    return made


def _head(entry: type[Any], signature: str) -> str:
    names = [knob.name for knob in entry.knobs()]
    return _HEAD.format(entry=entry.__name__, module=entry.__module__, names=names, signature=signature)


def _typed(knob: Knob, number: str) -> str:
    """Code for a hyperparameter of its own type, from a float."""
    return {bool: f"{number} != 0.0", int: f"int({number})", str: "0"}.get(knob.type, number)


def _listed(parts: Iterable[str]) -> str:
    return "".join(f"{part}, " for part in parts).strip()


def _module(name: str, text: str, *functions: Any) -> Any:
    """The module of this text, which compiles these functions; its file is made once, whole or not at all."""
    sources = [text, *map(inspect.getsource, functions)]
    digest = hashlib.sha256("".join(sources).encode()).hexdigest()[:16]
    name = f"gdviz_sweep_{name}_{digest}"
    path = _directory() / f"{name}.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            file.write(text)
        os.replace(file.name, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _directory() -> Path:
    """Where the modules lie: a directory of the user's own, or a temporary one where there can be none."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        (base / "gdviz").mkdir(mode=0o700, parents=True, exist_ok=True)
        return base / "gdviz"
    except OSError:
        return Path(tempfile.mkdtemp(prefix="gdviz-"))
