"""The cost of the computations of the Gradient flow page."""

import numpy as np

from gdviz.budget.cost import NUMBER, Cost, this_machine
from gdviz.gradflow import Network, Recurrent, Training
from gdviz.gradflow.cliff import CliffRuns
from gdviz.gradflow.network import count


def propagation(network: Network) -> Cost:
    """A batch through one freshly drawn network and back, with all that is measured of it."""
    machine, width, batch = this_machine(), network.width, network.batch_size
    numbers, weights = batch * width, width**2
    products = 3 * numbers * width
    drawn = 2.5 * width**3 if network.initializer.name == "orthogonal" else 0
    layer = (
        machine.multiplication * (1.3 * products + drawn)
        + machine.element * (17 * numbers + 10 * weights)
        + machine.call * 85
    )
    kept = 2.7 if network.normalization.name == "none" else 4.2
    held = network.depth * (kept * numbers + weights + 260) + 4 * numbers + 4 * weights
    return Cost(network.depth * layer, NUMBER * held)


def training(setup: Training) -> Cost:
    """A training of a network, with all that is recorded of every step."""
    machine, network = this_machine(), setup.network
    parameters = count(network.shapes())
    batch = min(network.batch_size, setup.samples)
    numbers = network.depth * batch * network.width
    states = len(setup.optimizer.initial_state(np.zeros(2)))
    step = (
        machine.multiplication * 3 * numbers * network.width
        + machine.element * (8 * numbers + (5.5 + 3 * states) * parameters)
        + machine.call * (42 * network.depth + 60)
    )
    kept = 3.5 if network.normalization.name == "none" else 5.0
    held = kept * numbers + (5 + 1.5 * states) * parameters + 2 * setup.samples * network.inputs.size
    recorded = 8 * setup.steps * (network.depth + 4)
    return Cost(setup.steps * step + propagation(network).seconds, NUMBER * (held + recorded))


def through_time(setup: Recurrent) -> Cost:
    """Sequences through one recurrent network and back through time."""
    machine, gates, units = this_machine(), setup.cell.gates, setup.units
    numbers, weights = setup.batch_size * units * gates, units**2 * gates
    step = machine.multiplication * 3 * numbers * units + machine.element * 14 * numbers + machine.call * 35
    eigenvalues = 65 * gates * units**3 * machine.multiplication
    held = setup.steps * (3.2 * numbers + weights + 200) + 4 * weights
    return Cost(setup.steps * step + eigenvalues, NUMBER * held)


def cliff(setup: CliffRuns) -> Cost:
    """Two runs down the cliff, whose formula is recorded first."""
    calls = setup.sequence * (105 + 0.24 * setup.steps) + 5_000
    return Cost(calls * this_machine().call, NUMBER * (2 * setup.steps * 40 + 2000 * setup.sequence))
