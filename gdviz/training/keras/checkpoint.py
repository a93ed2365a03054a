"""Where a training is, and the file that it can go on from: a Keras model and a little more, replaced in one stroke."""

import io
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_REST = "gdviz.npz"
"""The member of the archive that holds what Keras does not save."""


@dataclass
class Patience:
    """How long a loss has not improved."""

    best: float = float("inf")
    best_epoch: int = 0
    waited: int = 0
    cooldown: int = 0


@dataclass
class Progress:
    """Where a training is. With the variables, all that it needs to go on as if it had never stopped."""

    step: int = 0
    """Batches done."""
    epoch: int = 0
    """Epochs done."""
    batch: int = 0
    """Batches done of the epoch in hand."""
    rate_factor: float = 1.0
    """The factor of the learning rate, after commands and reductions on a plateau."""
    rows: int = 0
    """Rows seen in the epoch in hand."""
    sums: dict[str, float] = field(default_factory=dict)
    """Loss and metrics of the epoch in hand, summed over its rows."""
    seconds: float = 0.0
    """Time spent training."""
    plateau: Patience = field(default_factory=Patience)
    stopping: Patience = field(default_factory=Patience)


def save(path: Path, progress: Progress, model: Any, seeds: list[Any], best: list[Any] | None) -> None:
    """Write a checkpoint, and keep the one before; a fault while writing leaves both as they are.

    It is the model as Keras saves it, optimizer's state included, so that ``keras.models.load_model`` reads it; what
    Keras does not save stands in one more member of that archive.

    Args:
        path: The .keras file.
        progress: Where the training is.
        model: The compiled Keras model.
        seeds: The states of its random numbers, which Keras leaves out.
        best: The weights of the best epoch, where early stopping keeps them.

    Raises:
        OSError: The file cannot be written.
    """
    arrays = {f"s{i}": seed.numpy() for i, seed in enumerate(seeds)}
    arrays |= {f"b{i}": weight for i, weight in enumerate(best or ())}
    rest = io.BytesIO()
    np.savez(rest, progress=np.array(json.dumps(asdict(progress))), shapes=np.array(_shapes(model)), **arrays)
    with _replacing(path) as partial:
        model.save(partial)
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(_REST, rest.getvalue())
        _keep_before(path)


class DamagedCheckpointError(ValueError):
    """A checkpoint cannot be read."""


def before(path: Path) -> Path:
    """Where the checkpoint before the last one is kept."""
    return path.with_name(f"before.{path.name}")


def load_last(path: Path, model: Any, seeds: list[Any]) -> tuple[Progress, list[Any] | None, str]:
    """Load the last checkpoint; where that is damaged, the one before.

    Returns:
        Where the training was, the best weights, and a sentence about damage: "" for none.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It belongs to another model or optimizer, or both are damaged.
    """
    damaged = []
    for file in (path, before(path)):
        try:
            found = load(file, model, seeds)
        except FileNotFoundError:
            continue
        except DamagedCheckpointError as error:
            damaged.append(str(error))
        else:
            if not damaged:
                return *found, ""
            path.replace(path.with_name(f"damaged.{path.name}"))  # or it would be kept in place of the sound one
            return *found, f"{damaged[0]}. The one before it, of step {found[0].step}, is used."
    if damaged:
        raise DamagedCheckpointError("; ".join(damaged))
    raise FileNotFoundError(path)


def load(path: Path, model: Any, seeds: list[Any]) -> tuple[Progress, list[Any] | None]:
    """Give the model, its optimizer and its random numbers their state of the checkpoint.

    Returns:
        Where the training was, and the best weights.

    Raises:
        FileNotFoundError: There is no such file.
        DamagedCheckpointError: It is damaged; what the model was given so far is of no use.
        ValueError: It belongs to another model or optimizer.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if broken := archive.testzip():
                raise zipfile.BadZipFile(f"{broken} is not what was written")
            arrays = dict(np.load(io.BytesIO(archive.read(_REST)), allow_pickle=False))
        shapes, values = str(arrays["shapes"]), json.loads(str(arrays["progress"]))
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, ValueError, NotImplementedError) as error:
        raise DamagedCheckpointError(f"checkpoint {path.name} is damaged: {error}") from None
    if shapes != _shapes(model):
        raise ValueError(f"checkpoint {path.name} belongs to another model or optimizer")
    try:
        model.load_weights(path)
    except (OSError, KeyError, ValueError) as error:
        raise DamagedCheckpointError(f"checkpoint {path.name} is damaged: {error}") from None
    for i, seed in enumerate(seeds):
        seed.assign(arrays[f"s{i}"])
    best = [arrays[f"b{i}"] for i in range(sum(name.startswith("b") for name in arrays))]
    values["plateau"], values["stopping"] = Patience(**values["plateau"]), Patience(**values["stopping"])
    return Progress(**values), best or None


def save_model(path: Path, model: Any) -> None:
    """Write a model as Keras saves it; a fault while writing leaves no half of a file.

    Raises:
        OSError: The file cannot be written.
    """
    with _replacing(path) as partial:
        model.save(partial)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file to write beside ``path``, which it replaces in one stroke once it is on the disk."""
    partial = path.with_name(f"partial.{path.name}")
    yield partial
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def _keep_before(path: Path) -> None:
    """Give the file ``path`` a second name, under which it stays when ``path`` is replaced."""
    if not path.exists():
        return
    kept = before(path)
    kept.unlink(missing_ok=True)
    try:
        os.link(path, kept)
    except OSError:  # a file system without links
        shutil.copyfile(path, kept)


def _shapes(model: Any) -> str:
    """The identity of a model with its optimizer: the optimizer's class, and the shapes of all stored arrays."""
    shapes = [tuple(variable.shape) for variable in (*model.weights, *model.optimizer.variables)]
    return f"{type(model.optimizer).__name__} {shapes}"
