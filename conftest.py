"""Settings that all tests and doctests share, and the tiers that they stand in.

``make quick`` runs what stands in no tier. A file's tiers are read from its text before it is imported, so that what is
left out costs nothing: one that drives Chromium is of the tier ``browser``, one that runs a page is ``page``, and one
that needs TensorFlow is ``tensorflow``. ``pytest -m tensorflow`` runs one tier alone.
"""

import gc
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Threads of a busy machine spend their time waiting for one another; numbers do not depend on it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

TIERS = {
    "browser": re.compile(r"\bplaywright\b|\bopen_page\b"),
    "page": re.compile(r"\bAppTest\b|^\s*(?:import|from) (?:streamlit|gdviz\.ui)\b", re.MULTILINE),
    "tensorflow": re.compile(r"\b(?:import|from) (?:keras|tensorflow)\b|\bgdviz\.training\.keras\b|\bJobs\b"),
}
"""What a file of each tier contains."""


@cache
def tiers_of(path: Path) -> frozenset[str]:
    text = path.read_text(encoding="utf-8")
    return frozenset(tier for tier, sign in TIERS.items() if sign.search(text))


def pytest_configure(config: pytest.Config) -> None:
    for tier in TIERS:
        config.addinivalue_line("markers", f"{tier}: tests in files that need it")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files whose tiers the expression of ``-m`` excludes, before they are imported."""
    if collection_path.suffix != ".py" or not set(re.findall(r"\w+", config.option.markexpr)) & TIERS.keys():
        return None

    def is_mine(name: str, /, **_: str | int | bool | None) -> bool:
        return name in tiers_of(collection_path)

    return None if Expression.compile(config.option.markexpr).evaluate(is_mine) else True


def pytest_itemcollected(item: pytest.Item) -> None:
    for tier in tiers_of(item.path):
        item.add_marker(tier)


def pytest_collection_finish() -> None:
    """Keep out of the garbage collector what collecting the tests has made, half a million objects.

    After every run of a page Streamlit calls ``keras.backend.clear_session()`` where Keras is loaded, as it is in a
    process that runs all tests. That collects garbage, which took three quarters of the time of the pages' tests.
    """
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What was left out must not have been needed: otherwise a file is in the wrong tier."""
    if "not tensorflow" in session.config.option.markexpr and "tensorflow" in sys.modules:
        raise pytest.UsageError("TensorFlow was imported by a file that is not of the tier tensorflow")


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """AppTest leaves its script behind as ``__main__``; a process that a later test spawns would run that script."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
