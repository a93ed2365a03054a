"""What the Gradient flow page is set to, in the fields of a link, and back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from gdviz.catalogue import Catalogue, Entry
from gdviz.catalogue.links import Fields, entry_text, read_entry, read_values
from gdviz.clipping import CLIPPERS
from gdviz.gradflow.cliff import CliffRuns
from gdviz.gradflow.dynamics import Training
from gdviz.gradflow.network import Network
from gdviz.gradflow.recurrent import CELLS, Recurrent
from gdviz.optimizers import OPTIMIZERS
from gdviz.schedules import SCHEDULES

T = TypeVar("T")

DEFAULT = Network()


@dataclass(frozen=True)
class Study:
    """A deep network and its training, a recurrent network, and runs down the cliff."""

    training: Training = field(default_factory=Training)
    recurrent: Recurrent = field(default_factory=Recurrent)
    cliff: CliffRuns = field(default_factory=CliffRuns)

    @property
    def network(self) -> Network:
        """The deep network, which is that of the training."""
        return self.training.network


def to_link(network: Network) -> dict[str, list[str]]:
    """The fields of a link that reproduces a network exactly.

    >>> to_link(Network(depth=3))["depth"], to_link(Network())["initializer"]
    (['3'], ['glorot,distribution=uniform'])
    """
    numbers = {name: [repr(value)] for name, value in network.values().items()}
    return {**numbers, **{name: [entry_text(getattr(network, name))] for name in network.parts()}}


def study_to_link(study: Study) -> dict[str, list[str]]:
    """The fields of a link that reproduces a study exactly.

    >>> study_to_link(Study())["training"], "clip" in study_to_link(Study())
    (['steps=100,samples=512'], False)
    """
    training, recurrent, cliff = study.training, study.recurrent, study.cliff
    entries = {
        "optimizer": training.optimizer,
        "schedule": training.schedule,
        "clip": training.clip,
        "cell": recurrent.cell,
        "cliff_optimizer": cliff.optimizer,
        "cliff_clip": cliff.clip,
    }
    return {
        **to_link(study.network),
        **{name: [entry_text(entry)] for name, entry in entries.items() if entry is not None},
        **{name: [_settings(part)] for name, part in (("training", training), ("recurrent", recurrent))},
        "cliff": [_settings(cliff)],
    }


def from_link(fields: Fields, default: Network = DEFAULT) -> tuple[Network, list[str]]:
    """The network that a link describes, and a note on every field that could not be read and took its default."""
    notes: list[str] = []
    settings = [f"{knob.name}={fields[knob.name][0]}" for knob in Network.knobs() if fields.get(knob.name)]
    changes: dict[str, Any] = read_values(Network, settings, notes)
    for name, catalogue in Network.parts().items():
        changes[name] = _entry(catalogue, fields, name, getattr(default, name), notes)
    return replace(default, **changes), notes


def study_from_link(fields: Fields) -> tuple[Study, list[str]]:
    """The study that a link describes, and a note on every field that could not be read and took its default."""
    network, notes = from_link(fields)
    training = Training(network, **_values(Training, fields, "training", notes))
    training = replace(training, clip=_entry(CLIPPERS, fields, "clip", None, notes))
    training = _with_optimizer(training, fields, notes)
    schedule = _entry(SCHEDULES, fields, "schedule", None, notes)
    if schedule is not None:
        # A link may name another learning rate in each; the optimizer's is what the page has a control for.
        training = replace(training, schedule=schedule.starting_at(training.optimizer.learning_rate))
    recurrent = Recurrent(
        _entry(CELLS, fields, "cell", Recurrent().cell, notes), **_values(Recurrent, fields, "recurrent", notes)
    )
    cliff = CliffRuns(**_values(CliffRuns, fields, "cliff", notes))
    cliff = replace(cliff, clip=_entry(CLIPPERS, fields, "cliff_clip", cliff.clip, notes))
    cliff = replace(cliff, optimizer=_entry(OPTIMIZERS, fields, "cliff_optimizer", cliff.optimizer, notes))
    return Study(training, recurrent, cliff), notes


def _with_optimizer(training: Training, fields: Fields, notes: list[str]) -> Training:
    def changed() -> Training:
        return replace(training, optimizer=read_entry(OPTIMIZERS, fields["optimizer"][0], notes), schedule=None)

    return _read(changed, training, "optimizer", fields, notes)


def _settings(entry: Entry) -> str:
    """The hyperparameters of an entry in one text. One that is left out stands for None."""
    given = {name: value for name, value in entry.values().items() if value is not None}
    return ",".join(f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in given.items())


def _values(entry: type[Entry], fields: Fields, name: str, notes: list[str]) -> dict[str, Any]:
    """The hyperparameters that :func:`_settings` wrote."""
    text = (fields.get(name) or [""])[0]
    return read_values(entry, text.split(",") if text else [], notes)


def _entry(catalogue: Catalogue[Any], fields: Fields, name: str, default: Any, notes: list[str]) -> Any:
    """The entry in a field; the default where there is no such field or it cannot be read, which is noted."""
    return _read(lambda: read_entry(catalogue, fields[name][0], notes), default, name, fields, notes)


def _read(make: Callable[[], T], default: T, name: str, fields: Fields, notes: list[str]) -> T:
    if not fields.get(name):
        return default
    try:
        return make()
    except ValueError as error:
        notes.append(f"{name}: {error}. The default is used.")
        return default
