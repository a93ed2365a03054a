"""All that the page about gradient flow shows, and its way into the fields of a link and back."""

from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from gdviz.catalogue import Entry, knob
from gdviz.clipping import ClipNorm
from gdviz.descent import Trajectory
from gdviz.gradflow.cliff import Cliff, descend_cliff
from gdviz.gradflow.dynamics import Training
from gdviz.gradflow.network import Network
from gdviz.gradflow.presets import PRESETS
from gdviz.gradflow.recurrent import Recurrent
from gdviz.links import Fields, entry_text, read_entry, read_values, value_text

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class CliffRun(Entry):
    """Gradient descent at the cliff of a recurrent network's loss, to be run without and with clipping by norm."""

    label = "Cliff"

    length: int = knob(50, 1, 200, help="length of the sequence (T)")
    learning_rate: float = knob(0.01, 0.0, usual=(1e-4, 1.0), log=True, help="size of a step (η)")
    clipnorm: float = knob(1.0, above=0.0, usual=(1e-3, 1e3), log=True, help="largest norm of a gradient (c)")
    steps: int = knob(200, 1, 5000, log=True, help="number of steps")

    def run(self) -> tuple[Trajectory, Trajectory]:
        """The run without clipping, and the run with it."""
        free, clipped = (
            descend_cliff(Cliff(self.length), learning_rate=self.learning_rate, clip=clip, steps=self.steps)
            for clip in (None, ClipNorm(self.clipnorm))
        )
        return free, clipped


@dataclass(frozen=True)
class View(Entry):
    """What is looked at."""

    label = "View"

    view: str = knob("layers", choices=("layers", "cures", "chaos", "training", "recurrent"), help="what is shown")
    layer: int = knob(1, 1, 200, help="layer whose histograms are shown")
    quantity: str = knob(
        "gradient",
        choices=("gradient", "used_gradient", "update_ratio", "weight_norm", "activation_std", "dead"),
        help="what the heatmap shows",
    )


@dataclass(frozen=True)
class Study:
    """The network, how it is trained, a recurrent network, its cliff, and what of all that is looked at."""

    network: Network = PRESETS["sigmoid_glorot"].network
    training: Training = field(default_factory=Training)
    recurrent: Recurrent = field(default_factory=Recurrent)
    cliff: CliffRun = CliffRun()
    view: View = View()

    def __post_init__(self) -> None:
        object.__setattr__(self, "training", replace(self.training, network=self.network))


DEFAULT = Study()
"""What the page opens with."""

PREFIXES = {"network": "", "training": "training.", "recurrent": "recurrent.", "cliff": "cliff.", "view": ""}
"""What the names of a link's fields begin with, for each field of a Study."""


def to_link(study: Study) -> dict[str, list[str]]:
    """The fields of a link that reproduces a study exactly.

    Every value is written, defaults too, so that a link keeps its meaning when a default changes.

    >>> link = to_link(DEFAULT)
    >>> link["depth"], link["activation"], link["training.steps"]
    (['20'], ['sigmoid'], ['100'])
    """
    link: dict[str, list[str]] = {}
    for name, prefix in PREFIXES.items():
        entry = getattr(study, name)
        values = {key: value_text(value) for key, value in entry.values().items() if value is not None}
        parts = {key: getattr(entry, key) for key in entry.parts()}
        values |= {key: entry_text(part) for key, part in parts.items() if part is not None}
        link |= {prefix + key: [text] for key, text in values.items()}
    return link


def from_link(fields: Fields, default: Study = DEFAULT) -> tuple[Study, list[str]]:
    """The study that a link describes, and a note on every field that could not be read and took its default."""
    notes: list[str] = []
    read = {name: _read(fields, prefix, getattr(default, name), notes) for name, prefix in PREFIXES.items()}
    return Study(**read), notes


def _read(fields: Fields, prefix: str, default: E, notes: list[str]) -> E:
    """An entry whose values and parts stand in fields of their own."""
    given = {name.removeprefix(prefix): texts[0] for name, texts in fields.items() if name.startswith(prefix) and texts}
    settings = [f"{knob.name}={given[knob.name]}" for knob in default.knobs() if knob.name in given]
    changes: dict[str, Any] = read_values(type(default), settings, notes)
    if "optimizer" in given and "schedule" not in given:
        changes["schedule"] = None  # a constant one, at the optimizer's learning rate
    for name, catalogue in default.parts().items():
        if name in given:
            try:
                part = read_entry(catalogue, given[name], notes)
                replace(default, **{name: part})
                changes[name] = part
            except ValueError as error:
                notes.append(f"{prefix}{name}: {error}. The default is used.")
    return replace(default, **changes)
