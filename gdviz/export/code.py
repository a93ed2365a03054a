"""The code that reproduces an experiment, with gdviz and with Keras."""

from gdviz.descent import Descent
from gdviz.descent.experiment import Experiment
from gdviz.schedules import Constant


def python_code(experiment: Experiment) -> str:
    """The lines of Python that reproduce the picture with the package."""
    fields = {field.name: field for field in experiment.declared()}
    landscape = fields["landscape"].code(experiment.landscape)
    lines = ["import gdviz", "", f"landscape = {landscape}", "runs = ["]
    lines += [f"    gdviz.descend(landscape, {_arguments(experiment, run)})," for run in experiment.descents()]
    return "\n".join([*lines, "]", "gdviz.charts.descent(runs)"])


def _arguments(experiment: Experiment, descent: Descent) -> str:
    """The arguments of ``gdviz.descend`` for one of the experiment's runs, the landscape apart."""
    codes = {field.name: field.code(getattr(descent, field.name)) for field in descent.declared()}
    schedule = [] if isinstance(descent.schedule, Constant) else [codes["schedule"]]
    apart = {"landscape", "optimizer", "optimizers", "schedule", "shared_learning_rate", "steps"}
    others = experiment.arguments(leave_out=tuple(apart))
    more = {"steps": repr(experiment.steps), **others}
    return ", ".join([codes["optimizer"], *schedule, *(f"{name}={code}" for name, code in more.items())])


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
