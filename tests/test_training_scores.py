"""F1 and AUC against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from gdviz.training import scores


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.integers(12, 80), st.integers(0, 10**6), st.booleans())
def test_f1_and_auc_are_those_of_scikit_learn(classes: int, rows: int, seed: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    true = np.concatenate([np.arange(classes), rng.integers(0, classes, rows)])
    said = rng.dirichlet(np.ones(classes), len(true))
    said = np.round(said, 1) / np.round(said, 1).sum(axis=1, keepdims=True) if tied else said
    expected_f1 = f1_score(true, said.argmax(axis=1), average="macro")
    assert scores.f1(true, said.argmax(axis=1)) == pytest.approx(expected_f1)
    expected = [roc_auc_score(true == number, said[:, number]) for number in range(classes)]
    assert scores.auc(true, said) == pytest.approx(np.mean(expected))


def test_two_classes_have_one_output() -> None:
    y, said = np.array([[0.0], [1.0], [1.0]]), np.array([[0.2], [0.4], [0.9]])
    assert scores.of_classes(y, said) == {
        "f1": pytest.approx(f1_score([0, 1, 1], [0, 0, 1], average="macro")),
        "auc": 1.0,
    }
    assert scores.auc(np.zeros(3, dtype=int), np.hstack([1 - said, said])) is None
    assert scores.auc(np.array([0, 1, 1]), np.full((3, 2), np.nan)) is None


def test_outputs_that_are_not_finite_have_an_area_that_is_not_a_number() -> None:
    assert np.isnan(scores.of_classes(np.eye(2), np.full((2, 2), np.nan))["auc"])
    assert "auc" not in scores.of_classes(np.ones((2, 1)), np.array([[0.2], [0.7]]))
