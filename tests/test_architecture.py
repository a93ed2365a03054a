"""No module imports another that imports it, and CONTRIBUTING.md draws the rooms as they are."""

from pathlib import Path

from docs import architecture


def write(root: Path, **files: str) -> Path:
    (root / "gdviz").mkdir()
    (root / "pages").mkdir()
    (root / "app.py").touch()
    for name, text in files.items():
        (root / "gdviz" / f"{name}.py").write_text(text)
    return root


def test_no_module_imports_itself_through_others() -> None:
    assert architecture.circle(architecture.imports()) == []


def test_a_circle_is_found_also_where_an_import_waits_in_a_function(tmp_path: Path) -> None:
    root = write(tmp_path, a="import gdviz.b", b="from gdviz import c", c="def late():\n    from gdviz.a import x")
    assert set(architecture.circle(architecture.imports(root))) == {"gdviz.a", "gdviz.b", "gdviz.c"}


def test_imports_for_types_only_make_no_circle(tmp_path: Path) -> None:
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gdviz import a"
    root = write(tmp_path, a="from gdviz.b import x", b=types)
    assert architecture.circle(architecture.imports(root)) == []


def test_a_package_that_is_asked_for_by_one_of_its_modules_is_a_circle(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "gdviz" / "room").mkdir()
    (root / "gdviz" / "room" / "__init__.py").write_text("from gdviz.room.part import x")
    (root / "gdviz" / "room" / "part.py").write_text("from gdviz.room import y")
    assert set(architecture.circle(architecture.imports(root))) == {"gdviz.room", "gdviz.room.part"}


def test_only_arrows_that_others_do_not_imply_are_drawn() -> None:
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}
    assert architecture.without_detours(graph) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_the_picture_in_contributing_is_drawn_from_the_imports() -> None:
    text = (architecture.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = architecture.mermaid(architecture.without_detours(architecture.rooms(architecture.imports())))
    assert architecture.with_picture(text, picture) == text, "run: python docs/architecture.py"
