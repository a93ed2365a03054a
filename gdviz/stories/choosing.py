"""Stories of the Choose page. Who wins is for the comparison to find; told is what it does, and what to watch."""

from gdviz.comparing.comparison import Comparison
from gdviz.comparing.presets import PRESETS
from gdviz.stories.story import Shelf

SHELF = Shelf("choose")


def _effort(comparison: Comparison) -> str:
    """How many trainings a comparison takes, and what for."""
    count, budget = len(comparison.entrants), comparison.budget
    return (
        f"{count} optimizers try {budget.trials} learning rates each, and the best of each is trained {budget.repeats} "
        f"times more with fresh seeds: {count * (budget.trials + budget.repeats)} trainings"
    )


@SHELF.story("Which optimizer for my table?", PRESETS["Your own CSV"])
def which_for_my_table(comparison: Comparison) -> str:
    return (
        f"Give it your CSV file and press Compare. {_effort(comparison)}, judged on rows that neither trained nor "
        "chose. Watch whether the intervals of the best overlap: where they do, your table cannot tell them apart, and "
        "the one with the widest plateau of learning rates is the easier choice."
    )


@SHELF.story("Momentum or Adam?", PRESETS["100 inputs: 64 relu, 10 softmax, SGD with momentum and Adam"])
def momentum_or_adam(comparison: Comparison) -> str:
    return (
        f"Articles answer this with one run of each, at rates of their choice. Here {_effort(comparison)}. "
        "Watch “Learning rates” first: each has its own best rate, and at the other's rate it looks worse than it is."
    )


@SHELF.story("Does a decaying rate help?", PRESETS["Breast cancer: 10 relu, 1 sigmoid, decay or none"])
def does_decay_help(comparison: Comparison) -> str:
    return (
        "Two of the entrants are SGD, one of them with a learning rate that decays exponentially, and both tune the "
        f"rate that they begin with. {_effort(comparison)}. Watch “Repeats”: a difference within the spread of the "
        "seeds is none."
    )


STORIES = tuple(SHELF.stories)
