"""The pages as the tests open them: any fields in the address, an empty store, no workers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gdviz.runs import Runs
from gdviz.ui import runs as runs_page
from gdviz.ui import training

MORE_FIELDS = {
    "descent": "learning_rate start clip stop averaging batch_size direction function domain story",
    "sweeps": "mode side decades optimizer columns rows what story",
    "gradient_flow": "view layer quantity cures training_cures recurrent_cures clip cliff_clip preset story",
    "training": "run story",
    "runs": "run sort scale search columns across smoothing",
    "reference": "catalogue search entry",
    "choose": "comparison story on",
}
"""The pages that read links, and fields that their own address need not have."""


class Idle:
    """Workers that have nothing to do."""

    resume = None

    def __init__(self, runs: Runs) -> None:
        self.runs, self.looks = runs, list[object]()

    def trouble(self) -> str:
        return ""

    def prepare(self) -> None:
        """There is nothing to load."""


def use_store(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages see this store."""
    monkeypatch.setattr(runs_page, "shared_runs", lambda: runs)
    monkeypatch.setattr(training, "shared_jobs", lambda: Idle(runs))


def opened(name: str, fields: Mapping[str, str | Sequence[str]]) -> AppTest:
    """A page, opened by a link."""
    page = AppTest.from_file(str(Path(__file__).parents[1] / "pages" / f"{name}.py"), default_timeout=60)
    for field, values in fields.items():
        page.query_params[field] = values if isinstance(values, str) else list(values)
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def address(page: AppTest) -> dict[str, list[str]]:
    """The fields of a page's address."""
    values = {name: page.query_params[name] for name in page.query_params}
    return {name: [value] if isinstance(value, str) else list(value) for name, value in values.items()}
