"""A network in the fields of a link, and back."""

from dataclasses import replace
from typing import Any

from gdviz.gradflow.network import Network
from gdviz.links import Fields, entry_text, read_entry, read_values

DEFAULT = Network()


def to_link(network: Network) -> dict[str, list[str]]:
    """The fields of a link that reproduces a network exactly.

    >>> to_link(Network(depth=3))["depth"], to_link(Network())["initializer"]
    (['3'], ['glorot,distribution=uniform'])
    """
    numbers = {name: [repr(value)] for name, value in network.values().items()}
    return {**numbers, **{name: [entry_text(getattr(network, name))] for name in network.parts()}}


def from_link(fields: Fields, default: Network = DEFAULT) -> tuple[Network, list[str]]:
    """The network that a link describes, and a note on every field that could not be read and took its default."""
    notes: list[str] = []
    settings = [f"{knob.name}={fields[knob.name][0]}" for knob in Network.knobs() if fields.get(knob.name)]
    changes: dict[str, Any] = read_values(Network, settings, notes)
    for name, catalogue in Network.parts().items():
        if fields.get(name):
            try:
                changes[name] = read_entry(catalogue, fields[name][0], notes)
            except ValueError as error:
                notes.append(f"{name}: {error}. The default is used.")
    return replace(default, **changes), notes
