"""Stories: their texts are what their runs show, and what is told of a training holds when it is trained."""

import math
import re
from typing import Any

import numpy as np
import pytest

from gdviz.comparing.comparison import Comparison
from gdviz.descent.experiment import Experiment
from gdviz.gradflow.study import Study
from gdviz.stories import PAGES, Story, all_stories, next_story, of_page
from gdviz.stories.keeping import Together
from gdviz.sweeps import studies
from gdviz.training import TrainingSetup
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.events import Epoch

STORIES = all_stories()
KINDS = {
    "descent": Experiment,
    "sweeps": Experiment,
    "gradient_flow": Study,
    "choose": Comparison,
    "training": TrainingSetup,
    "runs": Together,
}
ALL = pytest.mark.parametrize("story", STORIES.values(), ids=lambda story: story.name)


def test_there_are_enough_of_them_and_every_name_is_its_own() -> None:
    assert len(STORIES) >= 24
    assert len(STORIES) == sum(len(of_page(page)) for page in PAGES)
    assert all(story.page == page for page in PAGES for story in of_page(page))


@ALL
def test_the_text_is_what_the_run_shows_today(story: Story) -> None:
    """Numbers may differ in their last digit from machine to machine."""
    told = story.tell(story.setup)
    number = r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
    assert re.sub(number, "#", story.text) == re.sub(number, "#", told)
    for kept, new in zip(re.findall(number, story.text), re.findall(number, told), strict=True):
        assert math.isclose(float(kept), float(new), rel_tol=0.12), story.name


@ALL
def test_a_story_is_short_plain_and_of_its_pages_kind(story: Story) -> None:
    assert isinstance(story.setup, KINDS[story.page])
    assert 40 < len(story.text) < 420
    assert not re.search(r"nan|inf\\b|None|_", story.text.replace("λ_max", ""))


def test_the_limit_falls_where_theory_says_in_the_picture_too() -> None:
    (descent,) = STORIES["limit_falls"].setup.descents()
    found = studies.sensitivity(descent, "condition number", np.array([1.0, 100.0, 110.0, 1000.0]), 2)
    assert list(found.success) == [1.0, 1.0, 0.0, 0.0]  # 2/0.019 = 105.3
    assert "from 100 % to 0 % (below 50 % from 110 on)" in studies.sensitivity_finding([found])


def test_stories_lead_on_to_one_another() -> None:
    names, story = [], next(iter(STORIES.values()))
    while story is not None:
        names.append(story.name)
        story = next_story(story)  # type: ignore[assignment]
    assert names == list(STORIES)


# Trainings ----------------------------------------------------------------------------------------------------------


def trained(name: str, **changes: Any) -> tuple[Any, list[dict[str, float]]]:
    """A story's training: its result, and what it measured by epoch."""
    return of_setup(STORIES[name].setup.changed(**changes))


def of_setup(setup: TrainingSetup) -> tuple[Any, list[dict[str, Any]]]:
    from gdviz.training.keras.loop import train

    recorder = Recorder()
    result = train(setup, prepare(setup), recorder)
    return result, [epoch.measured for epoch in recorder.of(Epoch)]


def test_spirals_are_learnt_and_ten_sigmoids_are_not() -> None:
    _, spirals = trained("spirals")
    assert spirals[12]["loss"] > 0.4
    assert spirals[-1]["loss"] < 0.1
    _, sigmoids = trained("ten_sigmoid_layers", epochs=5)
    assert abs(sigmoids[-1]["binary_accuracy"] - 0.5) < 0.05


def test_zeros_stay_copies_of_one_another() -> None:
    result, _ = trained("zeros", epochs=5)
    kernel = np.asarray(result.engine.model.trainable_variables[0])
    np.testing.assert_array_equal(kernel, np.repeat(kernel[:, :1], kernel.shape[1], axis=1))


def test_nan_and_its_cure() -> None:
    broken, _ = trained("loss_becomes_nan")
    assert broken.status == "diverged"
    cured, epochs = trained("loss_is_cured", epochs=3)
    assert cured.status == "finished"
    assert epochs[-1]["loss"] < epochs[0]["loss"]


def test_memory_is_not_learning() -> None:
    result, epochs = trained("only_memory")
    assert epochs[-1]["categorical_accuracy"] > 0.99
    assert result.scores["validation"]["loss"] > 2 * math.log(10)
    _, stopped = trained("early_stopping")
    assert len(stopped) < len(epochs) / 2


def test_the_learning_rate_decides_most() -> None:
    slow, good, fast = (of_setup(setup)[1] for setup in STORIES["three_learning_rates"].setup.setups)
    assert slow[-1]["loss"] > 0.6 * slow[0]["loss"]
    assert good[-1]["loss"] < 0.15
    assert fast[-1]["loss"] > 1e3 * fast[0]["loss"]


def test_dropout_costs_training_loss_and_buys_validation_loss() -> None:
    full, dropped = (of_setup(setup)[1] for setup in STORIES["what_dropout_buys"].setup.setups)
    assert dropped[-1]["loss"] > full[-1]["loss"]
    assert dropped[-1]["val_loss"] < 0.8 * full[-1]["val_loss"]
