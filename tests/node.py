"""Running JavaScript in node, where there is one."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

JAVASCRIPT = Path(__file__).parent / "javascript"


def tool(name: str, package: str) -> str:
    """The path of a development tool. Without it a test is skipped; under continuous integration it fails."""
    path = shutil.which(name)
    if path is None:
        reason = f"needs {name} on PATH; Debian and Ubuntu: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def node(script: str, given: Any) -> Any:
    """What a script under ``tests/javascript`` answers to ``given``."""
    command = [tool("node", "nodejs"), str(JAVASCRIPT / script)]
    run = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
