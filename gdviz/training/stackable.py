"""Whether trainings can be stacked, decided without loading Keras."""

from gdviz.training.setup import TrainingSetup


def why_alone(setup: TrainingSetup) -> str | None:
    """Why trainings like this one cannot be stacked; None where they can.

    >>> from gdviz.training import EarlyStopping
    >>> why_alone(TrainingSetup()), why_alone(TrainingSetup(early_stopping=EarlyStopping()))
    (None, 'its learning rate or its end depends on the loss')
    """
    if setup.convolution is not None:
        return "convolutions of many models at once are no faster than one after the other"
    if any(layer.dropout for layer in setup.layers):
        return "dropout draws random numbers from a state of its own"
    if setup.reduce_on_plateau or setup.early_stopping:
        return "its learning rate or its end depends on the loss"
    values = setup.optimizer.values()
    if values.get("gradient_accumulation_steps") or values.get("use_ema"):
        return "not every batch does the same"
    if setup.optimizer.name == "schedulefreeadamw":
        return "Keras reads its momentum after the assignment, which a function without state cannot"
    if setup.watch.sharpness_epochs or setup.watch.plane:
        return "sharpness and the plane of the path are measured on one model"
    return None
