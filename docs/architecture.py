"""The package's modules and who imports whom: draws the picture in CONTRIBUTING.md and finds circles.

Run with ``python docs/architecture.py`` after a change of the imports; a test compares the picture with the code.

Imports are read from the source, without running it. Three kinds are told apart:

- at import: run when the module is imported. These order the modules; in the picture they are the arrows.
- in a function: run later, for what is slow to import and not always needed. A circle through one of these works, and
  is a circle all the same: neither module can be understood without the other. They count.
- for types only, under ``if TYPE_CHECKING``: never run, and a name in an annotation needs no order. They do not count.
"""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- drawn by docs/architecture.py -->", "<!-- end of the drawing -->"

Graph = Mapping[str, set[str]]
"""For each module, the modules it imports."""


def modules(root: Path = ROOT) -> dict[str, Path]:
    """The modules of the app, by dotted name."""
    paths = [root / "app.py", *(root / "pages").glob("*.py"), *(root / "gdviz").rglob("*.py")]
    named = {".".join(path.relative_to(root).with_suffix("").parts): path for path in sorted(paths)}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def imports(root: Path = ROOT) -> Graph:
    """Which modules of the app each of them imports, at import or in a function."""
    known = modules(root)
    return {
        name: set(_imported(name, ast.parse(path.read_text(encoding="utf-8")), known)) for name, path in known.items()
    }


def _imported(importer: str, tree: ast.Module, known: Mapping[str, Path]) -> Iterator[str]:
    for node in _run(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in names]
        else:
            continue
        for name in names:
            # Importing a module imports the packages around it; those around the importer are there already.
            around = [".".join(name.split(".")[:i]) for i in range(1, name.count(".") + 1)]
            yield from {name, *(each for each in around if not f"{importer}.".startswith(f"{each}."))} & known.keys()


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that can run: all but those under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _run(child)


def circle(graph: Graph) -> list[str]:
    """The modules of one circle, each imported by the next; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def rooms(graph: Graph) -> Graph:
    """The graph of the package's rooms, gdviz/descent and so on, and of pages; not app.py and gdviz/__init__.py."""
    found: dict[str, set[str]] = {}
    for module, imported in graph.items():
        if (here := _room(module)) is not None:
            found.setdefault(here, set()).update(
                there for name in imported if (there := _room(name)) not in {None, here}
            )
    return found


def _room(module: str) -> str | None:
    top, _, rest = module.partition(".")
    if top == "gdviz":
        return rest.partition(".")[0] or None
    return "pages" if top == "pages" else None


def without_detours(graph: Graph) -> Graph:
    """The graph without the arrows that other arrows imply. Rooms may build on one another where modules do not."""
    below = {name: _reached(graph, name) for name in graph}

    def implied(name: str, other: str) -> bool:
        between = (c for c in graph[name] - {other} if name not in below[c] and c not in below[other])
        return any(other in below[c] for c in between)

    return {name: {other for other in graph[name] if not implied(name, other)} for name in graph}


def _reached(graph: Graph, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def mermaid(graph: Graph) -> str:
    """The picture as Mermaid draws it on GitHub: an arrow from a room to each that it builds on."""
    arrows = [f"    {name} --> {other}" for name in sorted(graph) for other in sorted(graph[name])]
    return "\n".join(["```mermaid", "flowchart TD", *arrows, "```"])


def with_picture(text: str, picture: str) -> str:
    """The text with the picture between the two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{picture}\n{END}{after}"


if __name__ == "__main__":
    document = ROOT / "CONTRIBUTING.md"
    picture = mermaid(without_detours(rooms(imports())))
    document.write_text(with_picture(document.read_text(encoding="utf-8"), picture), encoding="utf-8")
