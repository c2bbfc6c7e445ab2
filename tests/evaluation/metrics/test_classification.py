"""Confusion matrix and what is read from it, by hand and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.errors import UserError
from zerodojo.evaluation.metrics.classification import confusion_matrix, f1, precision, recall
from zerodojo.evaluation.metrics.segmentation import iou, mean_iou

TRUTH = [0, 0, 0, 1, 1, 2]
TOLD = [0, 0, 1, 1, 0, 1]  # class 2 is never told, class 3 neither is nor is told


def test_by_hand():
    confusion = confusion_matrix(TRUTH, TOLD, num_classes=4)
    assert confusion.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(precision(confusion), [2 / 3, 1 / 3, 0, 0])
    np.testing.assert_allclose(recall(confusion), [2 / 3, 1 / 2, 0, 0])
    np.testing.assert_allclose(f1(confusion), [2 / 3, 2 / 5, 0, 0])
    np.testing.assert_allclose(iou(confusion), [2 / 4, 1 / 4, 0, np.nan])
    assert mean_iou(confusion) == pytest.approx(1 / 4)


def test_maps_with_points_that_do_not_count():
    truth = np.array([[[0, 1], [255, 1]], [[0, 0], [1, 255]]], np.uint8)
    told = np.array([[[0, 1], [0, 0]], [[0, 1], [1, 1]]])
    confusion = confusion_matrix(truth, told, num_classes=2, ignore=255)
    assert confusion.tolist() == [[2, 1], [1, 2]]
    assert mean_iou(confusion) == pytest.approx(0.5)


def test_many_classes_of_few_bits():
    """200 x 200 does not fit into the bytes that the classes come in."""
    truth = np.arange(200, dtype=np.uint8)
    assert (confusion_matrix(truth, truth, num_classes=200) == np.eye(200)).all()


def test_nothing_at_all():
    empty = confusion_matrix([], [], num_classes=2)
    assert empty.tolist() == [[0, 0], [0, 0]]
    assert np.isnan(mean_iou(empty))


@pytest.mark.parametrize(
    ("truth", "told", "message"),
    [
        ([0, 1], [0], r"must have one shape, and have \[2\] and \[1\]"),
        ([0, 3], [0, 1], "classes are 0 to 2, and here came 0 to 3"),
        ([0, 1], [-1, 1], "classes are 0 to 2, and here came -1 to 1"),
    ],
)
def test_classes_that_there_are_not(truth, told, message):
    with pytest.raises(UserError, match=message):
        confusion_matrix(truth, told, num_classes=3)


def test_it_is_scikit_learns():
    theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle (extra `test`)")
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 5, 300)
    told = np.where(generator.random(300) < 0.6, truth, generator.integers(0, 4, 300))
    confusion = confusion_matrix(truth, told, num_classes=7)
    labels = list(range(7))
    assert (confusion == theirs.confusion_matrix(truth, told, labels=labels)).all()
    expected = theirs.precision_recall_fscore_support(truth, told, labels=labels, zero_division=0)
    for ours, score in zip((precision(confusion), recall(confusion), f1(confusion)), expected, strict=False):
        np.testing.assert_allclose(ours, score, atol=1e-15)
    jaccard = theirs.jaccard_score(truth, told, labels=labels, average=None, zero_division=0)
    np.testing.assert_allclose(np.nan_to_num(iou(confusion)), jaccard, atol=1e-15)
    assert mean_iou(confusion) == pytest.approx(jaccard[:5].mean(), abs=1e-15)
