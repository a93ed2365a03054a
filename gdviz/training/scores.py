"""Scores of a classification that a mean over rows cannot give: F1 and the area under the ROC curve."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

OF_CLASSES = ("f1", "auc")
"""Their names, as :func:`of_classes` gives them."""


def f1(true: NDArray[Any], predicted: NDArray[Any]) -> float:
    r"""The mean over classes of F1 = 2 TP / (2 TP + FP + FN), 0 for a class that is never right.

    Every class counts the same, however rare: that distinguishes it from the accuracy. Classes that neither occur
    nor are predicted do not count, as in scikit-learn's ``f1_score(average="macro")``.

    Args:
        true: The numbers of the classes, shape (n,).
        predicted: Those that the model says, shape (n,).

    >>> round(f1(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])), 4)
    0.4286
    """
    classes = int(max(true.max(), predicted.max())) + 1
    right = np.bincount(true[true == predicted], minlength=classes)
    both = np.bincount(true, minlength=classes) + np.bincount(predicted, minlength=classes)
    return float(np.mean(2 * right[both > 0] / both[both > 0]))


def auc(true: NDArray[Any], scores: NDArray[Any]) -> float | None:
    """The probability that a row of a class has a higher score for it than a row of another: the mean over classes.

    This is the area under the ROC curve, of each class against all others, by ranks (Mann & Whitney, 1947,
    https://doi.org/10.1214/aoms/1177730491); ties count half. Keras's metric of that name comes near it, with 200
    thresholds. None where all rows are of one class, or a score is not a number.

    Args:
        true: The numbers of the classes, shape (n,).
        scores: The model's scores of each class, shape (n, classes).

    >>> auc(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [0.2, 0.8]]))
    0.75
    """
    if not np.all(np.isfinite(scores)):
        return None
    areas = []
    for number, column in enumerate(scores.T):
        positive = true == number
        count = int(positive.sum())
        if not 0 < count < len(true):
            continue
        _, place, repeats = np.unique(column, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(repeats) - (repeats - 1) / 2)[place]
        areas.append((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(true) - count)))
    return float(np.mean(areas)) if areas else None


def of_classes(y: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """F1 and AUC; the latter is left out where all rows are of one class, and nan where an output is not finite.

    Args:
        y: Targets, one-hot of shape (n, classes), or 0 and 1 of shape (n, 1).
        predicted: Probabilities of the same shape.
    """
    scores = predicted if y.shape[1] > 1 else np.hstack([1 - predicted, predicted])
    true = y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0].astype(int)
    area = auc(true, scores)
    if area is None and np.any(true != true[0]):
        area = np.nan
    return {"f1": f1(true, scores.argmax(axis=1)), **({} if area is None else {"auc": area})}
