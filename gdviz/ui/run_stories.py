"""Stories on the Runs page: their trainings are looked for in the store, and trained where they are not there."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from gdviz.runs import Run, Runs
from gdviz.stories import Story, all_stories
from gdviz.stories.keeping import Together
from gdviz.training import TrainingSetup
from gdviz.ui import runs as ui
from gdviz.ui import training, visitors
from gdviz.ui.stories import story_row

_LOOKED_AT = 200


def stories(runs: Runs) -> None:
    """The row of stories; for one that was asked for, its runs are chosen, or a button trains them."""
    asked = all_stories().get(st.query_params.get("story", "")) or st.session_state.get("runs_story")
    story: Story | None = asked if asked is not None and asked.page == "runs" else None
    found, _ = ui.those_there(runs, ui.chosen())
    if story is not None and _setups(found) != story.setup.setups:
        there = _in_store(runs, story.setup)
        if there is None:
            st.session_state["runs_story"] = story
        else:
            ui.choose(there)
            found, _ = ui.those_there(runs, there)
            story = None
    if story is None or _setups(found) == story.setup.setups:
        st.session_state.pop("runs_story", None)
        story_row("runs", Together(tuple(filter(None, _setups(found)))))
        return
    story_row("runs", story.setup)
    st.button(
        f"Train these {len(story.setup.setups)}",
        type="primary",
        on_click=ui.attempt,
        args=(_train, story),
        key="runs.train",
    )


def _setups(found: Sequence[Run]) -> tuple[TrainingSetup | None, ...]:
    return tuple(map(_setup, found))


def _setup(run: Run) -> TrainingSetup | None:
    """The setup of a run; None where that was stored by a version whose configurations this one cannot read."""
    with suppress(ValueError):
        return run.setup
    return None


def _in_store(runs: Runs, together: Together) -> list[str] | None:
    """The newest runs of these trainings, in their order; None where one is missing."""
    newest: dict[TrainingSetup | None, str] = {}
    for run in runs.search("", visitor=visitors.listed())[:_LOOKED_AT]:
        newest.setdefault(_setup(run), run.id)
    ids = [newest.get(setup) for setup in together.setups]
    return [id for id in ids if id] if all(ids) else None


def _train(story: Story) -> None:
    """Let the trainings of a story wait for a worker, and choose them; where one is refused, those before it."""
    jobs, started = training.shared_jobs(), list[str]()
    try:
        for setup in story.setup.setups:
            started.append(jobs.start(setup, content=None, **visitors.named()))
    finally:
        if started:
            ui.choose(started)
