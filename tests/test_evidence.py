"""The kept result of the study on landscapes: it is what the study gives today, and what is said follows from it."""

import numpy as np
import pytest

from gdviz.comparing.evidence import KINDS, evidence, summary
from gdviz.comparing.landscapes import solvable, study, sweeping
from gdviz.export import advice
from gdviz.landscapes.base import TAGS
from gdviz.optimizers import OPTIMIZERS


def test_a_part_of_the_study_made_anew_gives_what_is_kept() -> None:
    kept = evidence()
    assert (kept.optimizers, kept.landscapes) == (sweeping(), solvable())
    rules = ("gradient_descent", "adam")
    *_, found = study(rules, solvable()[:2])  # the starts follow one another: those of the first landscapes
    again = summary(found)
    rows = [kept.optimizers.index(rule) for rule in rules]
    for name in ("rate", "solved", "cost", "decades"):
        new = np.array(again[name], dtype=float)
        old = getattr(kept, name)[rows, :2]
        np.testing.assert_allclose(new, np.where(np.isfinite(old), old, np.nan), rtol=0.02, err_msg=name)


def test_places_are_those_of_all_rules_and_better_rules_stand_before() -> None:
    kept = evidence()
    for tag in KINDS:
        places = [kept.place(rule, tag) for rule in kept.optimizers]
        assert min(places) == 1
        assert max(places) <= len(places)
    convex = ["convex" in tags for tags in _tags(kept.landscapes)]
    best = min(kept.optimizers, key=lambda rule: kept.place(rule, "convex"))
    worst = max(kept.optimizers, key=lambda rule: kept.place(rule, "convex"))
    shares = {rule: kept.solved[kept.optimizers.index(rule), convex].mean() for rule in (best, worst)}
    assert shares[best] > shares[worst]


def _tags(landscapes: tuple[str, ...]) -> list[tuple[str, ...]]:
    from gdviz.landscapes import LANDSCAPES

    return [tuple(LANDSCAPES[name].tags) for name in landscapes]


def test_every_kind_of_ground_is_judged() -> None:
    assert set(KINDS) == set(TAGS)


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_what_is_said_of_a_rule_does_not_contradict_itself(rule: str) -> None:
    use, avoid = advice.use_when(rule), advice.not_when(rule)
    assert not {line.split(":")[0] for line in use} & {line.split(":")[0] for line in avoid}
    assert not any("nan" in line or "inf " in line for line in (*use, *avoid))
    assert ("Keras" in " ".join(avoid)) == (OPTIMIZERS[rule].keras_class is None)


def test_a_rule_that_the_study_does_not_have_is_described_by_what_it_needs() -> None:
    asking = [name for name, entry in OPTIMIZERS.items() if entry.asks and name not in evidence().optimizers]
    assert asking
    assert any("a step may cost one gradient only" in line for line in advice.not_when(asking[0]))
