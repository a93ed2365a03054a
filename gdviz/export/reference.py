"""The catalogues as text, generated from their entries, so that nothing can drift from them."""

from gdviz.catalogue import Catalogue, Entry, Knob
from gdviz.clipping import CLIPPERS
from gdviz.landscapes import LANDSCAPES
from gdviz.optimizers import OPTIMIZERS
from gdviz.schedules import SCHEDULES

CATALOGUES: dict[str, Catalogue[Entry]] = {
    "Optimizers": OPTIMIZERS,  # type: ignore[dict-item]
    "Schedules": SCHEDULES,  # type: ignore[dict-item]
    "Clipping": CLIPPERS,  # type: ignore[dict-item]
    "Landscapes": LANDSCAPES,  # type: ignore[dict-item]
}


def find(name: str) -> type[Entry] | None:
    """The entry of that name; None where no catalogue lists one.

    >>> find("nothing") is None
    True
    """
    return next((catalogue[name] for catalogue in CATALOGUES.values() if name in catalogue), None)


def catalogue_of(name: str) -> str:
    """The title of the catalogue that lists an entry.

    >>> catalogue_of("cosine_decay")
    'Schedules'
    """
    return next(title for title, catalogue in CATALOGUES.items() if name in catalogue)


def link(name: str, words: str) -> str:
    """Words that lead, in Markdown, to what the Reference says of an entry.

    >>> link("adam", "Adam")
    '[Adam](reference?entry=adam)'
    """
    return f"[{words}](reference?entry={name})"


def of_keras(keras_class: str) -> str | None:
    """The name of the optimizer that a class of ``keras.optimizers`` is; the first, where several are one class.

    >>> of_keras("Adam"), of_keras("SGD"), of_keras("Layer")
    ('adam', 'gradient_descent', None)
    """
    return next((name for name, entry in OPTIMIZERS.items() if entry.keras_class == keras_class), None)


def kinds(catalogue: Catalogue[Entry]) -> list[str]:
    """The kinds of a catalogue's entries, in their order.

    >>> kinds(SCHEDULES)  # type: ignore[arg-type]
    ['Decays', 'Cycles', 'Plateau']
    """
    return list(dict.fromkeys(entry.kind() for entry in catalogue.values()))


def provenance(entry: type[Entry]) -> str:
    """The independent source that the tests compare an entry with."""
    keras_class = getattr(entry, "keras_class", None)
    if entry.checked_against:
        return entry.checked_against
    if entry.name in OPTIMIZERS and keras_class:
        return f"Keras, keras.optimizers.{keras_class}: 200 steps, relative difference at most 1e-10 (Nadam: 1e-8)"
    if entry.name in SCHEDULES:
        peer = f"keras.optimizers.schedules.{keras_class}" if keras_class else "its formula and, where it has it, Optax"
        return f"every step: {peer}"
    if entry.name in LANDSCAPES:
        return "gradient and Hessian: automatic differentiation; minima: published values"
    return "Keras, the argument of the same name of keras.optimizers"


def hyperparameters(entry: type[Entry]) -> str:
    """A Markdown table of an entry's hyperparameters; empty where it has none."""
    rows = [f"| `{knob.name}` | {_default(knob)} | {knob.allowed} | {knob.help} |" for knob in entry.knobs()]
    return "\n".join(["| Name | Default | Allowed | Meaning |", "|---|---|---|---|", *rows]) if rows else ""


def matches(entry: type[Entry], text: str) -> bool:
    """True where an entry's name, label or description contains ``text``, whatever its case."""
    return text.casefold() in f"{entry.name} {entry.label} {entry.__doc__}".casefold()


def explanation(entry: type[Entry]) -> str:
    """An entry's docstring up to its examples."""
    lines = (entry.__doc__ or "").split("\n")
    kept = [line.strip() for line in lines[: next((i for i, line in enumerate(lines) if ">>>" in line), len(lines))]]
    return "\n".join(kept).strip()


def _default(knob: Knob) -> str:
    return f"{knob.default:g}" if isinstance(knob.default, float) else str(knob.default)


def about(version: str) -> str:
    """gdviz and the sources that it is checked against, in Markdown; the counts are the catalogues'."""
    as_keras = sum(getattr(entry, "keras_class", None) is not None for entry in OPTIMIZERS.values())
    schedules = sum(getattr(entry, "keras_class", None) is not None for entry in SCHEDULES.values())
    return (
        f"Version {version}, MIT licence. {len(OPTIMIZERS)} optimizers, {len(SCHEDULES)} schedules, {len(CLIPPERS)} "
        f"ways of clipping and {len(LANDSCAPES)} landscapes, each written once, in readable NumPy. {as_keras} "
        f"optimizers and {schedules} schedules exist in Keras and are compared with it step by step; the others with "
        "PyTorch's or Optax's definitions, closed forms or invariants; every landscape's gradient and Hessian with "
        "automatic differentiation. What each entry was compared with is on the Reference page. Nothing is clamped, "
        "rescaled or clipped unless you choose it. Your data stay on the machine that runs gdviz."
    )
