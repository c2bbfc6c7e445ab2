"""Classes told against classes that were: the confusion matrix, and what is read from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import UserError

Counts = NDArray[np.int64]
Scores = NDArray[np.float64]


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, *, num_classes: int, ignore: int | None = None) -> Counts:
    """How often class i was taken for class j, from two arrays of classes of one shape -> [num_classes, num_classes].

    Where the truth is `ignore`, nothing is counted. Raises UserError: shapes that differ, or a class that there is not.
    """
    true, told = np.asarray(truth), np.asarray(predicted)
    if true.shape != told.shape:
        raise UserError(f"truth and prediction must have one shape, and have {list(true.shape)} and {list(told.shape)}")
    if ignore is not None:
        true, told = true[true != ignore], told[true != ignore]
    for classes in (true, told):
        if classes.size and not (classes.min() >= 0 and classes.max() < num_classes):
            raise UserError(f"classes are 0 to {num_classes - 1}, and here came {classes.min()} to {classes.max()}")
    pairs = true.astype(np.int64).ravel() * num_classes + told.astype(np.int64).ravel()
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def precision(confusion: Counts) -> Scores:
    """Of what was told to be a class, the share that was, [C, C] -> [C]; 0 for a class that was never told."""
    return _share(np.diag(confusion), confusion.sum(axis=0))


def recall(confusion: Counts) -> Scores:
    """Of what was of a class, the share that was told to be, [C, C] -> [C]; 0 for a class that never was."""
    return _share(np.diag(confusion), confusion.sum(axis=1))


def f1(confusion: Counts) -> Scores:
    """The harmonic mean of precision and recall, [C, C] -> [C]; 0 for a class that neither was nor was told."""
    return _share(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def _share(part: Counts, whole: Counts) -> Scores:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
