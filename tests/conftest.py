"""Settings that all tests share."""

import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Threads of a busy machine spend their time waiting for one another; numbers do not depend on it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """AppTest leaves its script behind as ``__main__``; a process that a later test spawns would run that script."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
