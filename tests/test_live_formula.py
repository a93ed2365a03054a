"""Formulas read and differentiated in JavaScript, held to the texts that Python's parser is held to."""

import json
from pathlib import Path

import numpy as np
import pytest

import gdviz
from tests.node import node
from tests.test_expression import ATTACKS, FORMULAS

TEXTS = json.loads((Path(__file__).parent / "data" / "formulas.json").read_text(encoding="utf-8"))


def test_what_people_type_is_understood() -> None:
    cases = TEXTS["understood"]
    assert len(cases) >= 180
    answers = node("formulas.mjs", {"texts": [case["text"] for case in cases], "points": TEXTS["points"]})
    for case, answer in zip(cases, answers, strict=True):
        assert "values" in answer, (case["text"], answer)
        found = np.array(answer["values"], dtype=np.float64)
        values, gradients = (np.array(case[name], dtype=np.float64) for name in ("values", "gradients"))
        np.testing.assert_allclose(found[:, 0], values, rtol=1e-12, err_msg=case["text"])
        np.testing.assert_allclose(found[:, 1:3], gradients, rtol=1e-9, atol=1e-12, err_msg=case["text"])


def test_second_derivatives_are_pythons() -> None:
    points = np.random.default_rng(3).uniform(0.3, 3.0, (20, 2))
    answers = node("formulas.mjs", {"texts": FORMULAS, "points": points.tolist()})
    for text, answer in zip(FORMULAS, answers, strict=True):
        hessian = gdviz.compile_landscape(text).hessian(points.T)
        expected = np.stack([hessian[0, 0], hessian[0, 1], hessian[1, 1]], axis=1)
        found = np.array(answer["values"], dtype=np.float64)[:, 3:]
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10, err_msg=text)


def test_what_is_no_formula_is_refused_with_a_reason() -> None:
    texts = [*ATTACKS, *TEXTS["refused"]]
    for text, answer in zip(texts, node("formulas.mjs", {"texts": texts, "points": []}), strict=True):
        assert answer.get("refused", "").startswith("function: "), (text, answer)
        with pytest.raises(ValueError, match="function"):
            gdviz.compile_landscape(text)
