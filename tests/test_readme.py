"""README.md and CONTRIBUTING.md against the code: every number, page, name and example they give."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import gdviz
from gdviz.landscapes.data import DataLandscape
from gdviz.ui.navigation import PAGES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WORDS = {word: i for i, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], 1)}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CODE = {path: path.read_text(encoding="utf-8") for part in ("gdviz", "deploy") for path in (ROOT / part).rglob("*.py")}
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def numbers(pattern: str) -> list[int]:
    """The numbers that README gives where the pattern says N, in digits or in words."""
    words = "|".join(WORDS)
    text = re.sub(r"!\[.*?\]", "", README)  # what a picture shows is not a claim
    found = re.findall(pattern.replace("N", rf"(\d+|{words})").replace(" ", r"\s+"), text, re.IGNORECASE)
    return [WORDS[text.lower()] if text.lower() in WORDS else int(text) for text in found]


@pytest.mark.parametrize(
    ("pattern", "counted"),
    [
        ("N landscapes", lambda: len(gdviz.LANDSCAPES)),
        ("N of them losses on real data", lambda: sum(issubclass(c, DataLandscape) for c in gdviz.LANDSCAPES.values())),
        ("N optimizers", lambda: len(gdviz.OPTIMIZERS)),
        ("N schedules", lambda: len(gdviz.SCHEDULES)),
        ("N clipping rules", lambda: len(gdviz.CLIPPERS)),
        ("N pages", lambda: len(pages())),
    ],
)
def test_every_count_is_right(pattern: str, counted: object) -> None:
    assert callable(counted)
    assert set(numbers(rf"\bN (?:\w+ )?{pattern.removeprefix('N ')}")) <= {counted()}


def test_the_most_optimizers_of_an_experiment() -> None:
    (most,) = numbers("one to N of")
    from gdviz.descent.experiment import Experiment

    optimizer = gdviz.OPTIMIZERS["adam"]()
    Experiment(optimizers=(optimizer,) * most)
    with pytest.raises(ValueError, match="optimizers"):
        Experiment(optimizers=(optimizer,) * (most + 1))


def pages() -> list[str]:
    """The titles of the app's pages, in their order."""
    return list(PAGES)


def test_all_pages_are_described_in_the_order_of_the_navigation() -> None:
    _, _, after = README.partition("## What each page answers")
    assert re.findall(r"^- \*\*(.+?)\*\*", after.partition("\n## ")[0], re.MULTILINE) == pages()


def test_environment_variables_are_those_that_the_code_reads() -> None:
    read = {name for text in CODE.values() for name in re.findall(r"[\"'](GDVIZ_[A-Z_]+)[\"']", text)}
    assert set(re.findall(r"^\| `(GDVIZ_[A-Z_]+)`", README, re.MULTILINE)) == read


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake (?!=)([a-z]+)\b", re.sub(r"make PYTHON=\S+ ", "make ", code_in(README)))) <= targets


def code_in(text: str) -> str:
    """What is set as code, in lines that are indented and between backticks."""
    return "\n".join([*re.findall(r"^    (.+)$", text, re.MULTILINE), *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_files_that_are_named_exist(text: str) -> None:
    named = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    named += re.findall(r"\b(?:gdviz|pages|tests|docs|deploy|benchmarks)/[\w/]+\.\w+", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_benchmarks_that_are_named_exist() -> None:
    named = re.findall(r"benchmarks\.(\w+)", README + CONTRIBUTING)
    assert [name for name in named if not (ROOT / "benchmarks" / f"{name}.py").exists()] == []


def test_python_is_as_old_as_said() -> None:
    assert set(re.findall(r"Python (\d\.\d+) or newer", README)) == {PROJECT["project"]["requires-python"].lstrip(">=")}


def test_examples_run_and_give_what_their_comments_say() -> None:
    names: dict[str, object] = {}
    checked = 0
    for block in (block.replace("250_000", "2_500") for block in BLOCKS[:-1]):
        for line in ast.parse(block).body:
            exec(compile(ast.Module([line], []), "README.md", "exec"), names)
            comment = block.splitlines()[line.end_lineno - 1].partition("  # ")[2] if line.end_lineno else ""
            if isinstance(line, ast.Expr) and comment:
                checked += holds(ast.unparse(line.value), comment, names)
    assert checked >= 5


def holds(code: str, comment: str, names: dict[str, object]) -> int:
    """Compare what a comment says with what its line gives: texts (... stands for anything) and shapes. How many."""
    value = eval(code, names)
    values = value if isinstance(value, tuple) else (value,)
    texts = re.findall(r'"([^"]*)"', comment)
    for text, given in zip(texts, [one for one in values if isinstance(one, str)], strict=bool(texts)):
        assert fnmatch(given, text.replace("[", "[[]").replace("...", "*")), f"{code}: {given}"
    shapes = [ast.literal_eval(shape) for shape in re.findall(r"\([\d, ]+\)", comment)]
    if shapes:
        assert [one.shape for one in values if hasattr(one, "shape")][: len(shapes)] == shapes, code
    return len(texts) + len(shapes)


def test_the_entry_that_is_shown_is_the_one_in_the_package() -> None:
    path = re.findall(r"in `(gdviz/landscapes/\w+\.py)`", README)[0]
    assert BLOCKS[-1] in (ROOT / path).read_text(encoding="utf-8")


def test_the_version_is_written_once() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "gdviz.__version__"
    elsewhere = [path for path, text in CODE.items() if f'"{gdviz.__version__}"' in text]
    assert elsewhere == [ROOT / "gdviz" / "__init__.py"]


def test_data_files_of_the_package_are_in_its_wheel() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    files = [path for path in (ROOT / "gdviz").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    declared = {path for package, some in patterns.items() for one in some for path in folder(package).glob(one)}
    assert [path for path in files if path.suffix != ".py" and path not in declared] == []


def folder(package: str) -> Path:
    return ROOT.joinpath(*package.split("."))
