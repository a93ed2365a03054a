"""The code that reproduces an experiment, with gdviz and with Keras."""

from gdviz.catalogue import Entry
from gdviz.descent.experiment import Experiment
from gdviz.landscapes import Landscape
from gdviz.landscapes.own import OwnFunction
from gdviz.schedules import Constant


def python_code(experiment: Experiment) -> str:
    """The lines of Python that reproduce the picture with the package."""
    same = {
        "start": None if experiment.start is None else repr(experiment.start),
        "steps": repr(experiment.steps),
        "clip": None if experiment.clip is None else _constructor("CLIPPERS", experiment.clip),
        "noise": repr(experiment.noise) if experiment.noise else None,
        "seed": repr(experiment.seed) if experiment.seed else None,
        "stop": f"gdviz.{experiment.stop!r}" if experiment.stop.changes() else None,
        "weight_decay": repr(experiment.weight_decay) if experiment.weight_decay else None,
        "averaging": f"gdviz.{experiment.averaging!r}" if experiment.averaging else None,
        "batch_size": None if experiment.batch_size is None else repr(experiment.batch_size),
        "maximize": "True" if experiment.maximize else None,
    }
    shared = "".join(f", {name}={value}" for name, value in same.items() if value is not None)
    lines = ["import gdviz", "", f"landscape = {_landscape_code(experiment.landscape)}", "runs = ["]
    for descent in experiment.descents():
        rate = ""
        if not isinstance(descent.schedule, Constant):
            rate = f", {_constructor('SCHEDULES', descent.schedule)}"
        lines.append(f"    gdviz.descend(landscape, {_constructor('OPTIMIZERS', descent.optimizer)}{rate}{shared}),")
    return "\n".join([*lines, "]", "gdviz.charts.descent(runs)"])


def keras_code(experiment: Experiment) -> str:
    """For each optimizer, the line that makes the same one in Keras, or a comment where Keras has none."""
    lines = ["import keras", ""]
    if experiment.maximize:
        lines += ["# Keras minimises: give it the loss times -1.", ""]
    for descent in experiment.descents():
        line = descent.optimizer.keras_code(descent.schedule.keras_code())
        if line is None:
            lines.append(f"# {descent.optimizer.label}: Keras has no such optimizer")
            continue
        decay = descent.weight_decay and "weight_decay" not in descent.optimizer.values()
        more = [
            descent.clip.keras_code() if descent.clip else "",
            f"weight_decay={descent.weight_decay!r}" if decay else "",
            descent.averaging.keras_code() if descent.averaging else "",
        ]
        lines.append(f"{', '.join([line[:-1], *filter(None, more)])})")
    return "\n".join(lines)


def _landscape_code(landscape: Landscape) -> str:
    if isinstance(landscape, OwnFunction):
        return f"gdviz.compile_landscape({landscape.text!r}, {landscape.domain!r})"
    return _constructor("LANDSCAPES", landscape)


def _constructor(catalogue: str, entry: Entry) -> str:
    settings = ", ".join(f"{name}={value!r}" for name, value in entry.changes().items())
    return f'gdviz.{catalogue}["{entry.name}"]({settings})'
