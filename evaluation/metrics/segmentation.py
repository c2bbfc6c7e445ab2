"""Maps of classes: every point is one prediction, counted by `classification.confusion_matrix`."""

from __future__ import annotations

import numpy as np

from .classification import Counts, Scores


def iou(confusion: Counts) -> Scores:
    """Intersection over union (Jaccard 1901) of each class, [C, C] -> [C]; not a number for one that neither was nor was told."""
    both = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    return np.divide(both, union, out=np.full(len(both), np.nan), where=union > 0)


def mean_iou(confusion: Counts) -> float:
    """The mean over the classes that were or were told (Everingham et al. 2015, PASCAL VOC); not a number where there is none."""
    scores = iou(confusion)
    scores = scores[~np.isnan(scores)]
    return float(scores.mean()) if len(scores) else float("nan")
