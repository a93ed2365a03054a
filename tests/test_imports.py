"""The directions in which modules import one another, and what the package needs to be imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "gdviz").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"])

LAYERS = (
    ("catalogue",),
    ("tracing", "landscapes", "optimizers", "schedules", "clipping"),
    ("descent", "sweeps", "theory", "gradflow"),
    ("budget", "training"),
    ("comparing", "charts", "export", "live", "runs", "stories"),
    ("ui", "site"),
)
"""From the bottom up: a module imports from its own layer and from those below."""

ALLOWED = {
    "streamlit": {"ui", "pages", "app"},
    "tensorflow": {"training", "runs"},
    "keras": {"training", "runs"},
    "llvmlite": {"tracing"},
    "sympy": {"landscapes"},
}
"""Who may import these; runs.worker is what runs in Dask's processes."""
NUMPY_ONLY = {name for layer in LAYERS[:3] for name in layer}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "gdviz" else parts[0]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def level(module: str) -> int:
    return next((i for i, layer in enumerate(LAYERS) if module in layer), len(LAYERS))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    module = module_of(path)
    for imported in imports(path):
        top, _, rest = imported.partition(".")
        assert module in ALLOWED.get(top, {module}), f"{module} must not import {top}"
        if module in NUMPY_ONLY:
            assert top in {"gdviz", "numpy", *sys.stdlib_module_names, *ALLOWED}, f"{module} must not need {top}"
        below = rest.partition(".")[0]
        if top == "gdviz" and level(below) < len(LAYERS):
            assert level(below) <= level(module), f"{module} must not import gdviz.{below}"


def test_every_module_has_its_place() -> None:
    placed = {name for layer in LAYERS for name in layer} | {"__init__", "pages", "app"}
    assert {module_of(path) for path in SOURCES} <= placed


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ImportError(f"{{name}} is missing")

sys.meta_path.insert(0, Missing())
import gdviz
runs = [gdviz.descend("beale", "adam", steps=3)]
"""
"""Python in which some packages are not installed."""


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        # What draws nothing needs nothing that draws.
        (
            {"altair", "streamlit", "vl_convert"},
            """
from gdviz import export
from gdviz.descent.experiment import Experiment
print(export.to_csv(runs), export.to_json(runs), export.keras_code(Experiment()))""",
        ),
        # Charts need no app.
        ({"streamlit"}, "import gdviz.charts; print(len(gdviz.charts.descent(runs).to_dict()))"),
    ],
    ids=["exports", "charts"],
)
def test_nothing_is_needed_that_is_not_used(missing: set[str], code: str) -> None:
    script = WITHOUT.format(missing=missing) + code
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(run.stdout.split())


def test_the_package_needs_only_numpy() -> None:
    loaded = loaded_after("import gdviz; gdviz.descend('beale', 'adam')")
    assert not loaded & {"streamlit", "altair", "pandas", "tensorflow", "keras", "dask", "sympy", "vl_convert"}


def test_the_app_does_not_import_keras() -> None:
    code = "from streamlit.testing.v1 import AppTest; AppTest.from_file('app.py', default_timeout=60).run()"
    loaded = loaded_after(code)
    assert "streamlit" in loaded
    assert not loaded & {"tensorflow", "keras", "vl_convert"}
