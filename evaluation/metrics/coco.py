"""Average precision and recall as COCO counts them (Lin et al. 2014): ten overlaps, 101 recalls, three sizes of objects.

The sizes of objects are the areas of their boxes, for want of outlines.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .detection import Floats, Found, Truth, area, labels_of, of_label, overlap

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of overlap
RECALLS = np.linspace(0, 1, 101)
LIMITS = (1, 10, 100)  # boxes of a label in an image
AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}

Truths = NDArray[np.bool_]


class CocoScores(NamedTuple):
    """The twelve numbers of COCO's table, in its order; -1 where nothing was to be found."""

    ap: float  # the mean over all overlaps
    ap_50: float
    ap_75: float
    ap_small: float
    ap_medium: float
    ap_large: float
    ar_1: float  # average recall, with so many boxes a label and image
    ar_10: float
    ar_100: float
    ar_small: float
    ar_medium: float
    ar_large: float


def coco_scores(truths: list[Truth], found: list[Found]) -> CocoScores:
    """All of them over the labels that the images show; one entry an image in either list. Ignored objects are COCO's crowds."""
    labels = labels_of(truths, found)
    precision, recall = {}, {}
    for size, limits in AREAS.items():
        for limit in LIMITS if size == "all" else LIMITS[-1:]:
            curves = [_curve(truths, found, label, limits, limit) for label in labels]
            demanded = [curve for curve in curves if curve is not None]
            precision[size, limit] = np.array([curve[0] for curve in demanded]).reshape(-1, len(THRESHOLDS), len(RECALLS))
            recall[size, limit] = np.array([curve[1] for curve in demanded])
    most = LIMITS[-1]
    everything = precision["all", most]
    sizes = ("small", "medium", "large")
    return CocoScores(
        *(_mean(part) for part in (everything, everything[:, 0], everything[:, 5])),
        *(_mean(precision[size, most]) for size in sizes),
        *(_mean(recall["all", limit]) for limit in LIMITS),
        *(_mean(recall[size, most]) for size in sizes),
    )


def _mean(scores: Floats) -> float:
    return float(scores.mean()) if scores.size else -1.0


def _curve(
    truths: list[Truth], found: list[Found], label: int, limits: tuple[float, float], limit: int
) -> tuple[Floats, Floats] | None:
    """Precision at each overlap and recall [10, 101], and the recall reached at each overlap [10]; None if nothing is demanded."""
    scores, hits, ignored, demanded = [], [], [], 0
    for truth, answer in zip(truths, found, strict=True):
        boxes, crowd, told, sure = of_label(truth, answer, label)
        told, sure = told[:limit], sure[:limit]
        left_out = crowd | (area(boxes) < limits[0]) | (area(boxes) > limits[1])
        hit, passed_over = _assign(overlap(told, boxes, crowd), left_out, crowd)
        outside = (area(told) < limits[0]) | (area(told) > limits[1])
        scores.append(sure)
        hits.append(hit)
        ignored.append(passed_over | (~hit & outside))
        demanded += int((~left_out).sum())
    if not demanded:
        return None
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hit, passed_over = np.concatenate(hits, axis=1)[:, order], np.concatenate(ignored, axis=1)[:, order]
    right, wrong = np.cumsum(hit & ~passed_over, axis=1), np.cumsum(~hit & ~passed_over, axis=1)
    recall = right / demanded
    precision = right / np.maximum(right + wrong, 1)
    best = np.maximum.accumulate(np.pad(precision, ((0, 0), (0, 1)))[:, ::-1], axis=1)[:, ::-1]  # and 0 where no recall reaches
    at_recalls = np.array([row[np.searchsorted(reached, RECALLS)] for row, reached in zip(best, recall, strict=True)])
    return at_recalls, recall[:, -1] if recall.shape[1] else np.zeros(len(THRESHOLDS))


def _assign(overlaps: Floats, left_out: Truths, crowd: Truths) -> tuple[Truths, Truths]:
    """Overlaps [K, G] of boxes, the surest first, with objects -> which found one and which one left out, each [10, K].

    A box takes the object it overlaps most of those that are free, one that counts before one that is left out; crowds stay free.
    """
    hit = np.zeros((len(THRESHOLDS), len(overlaps)), np.bool_)
    passed_over = np.zeros_like(hit)
    for t, threshold in enumerate(THRESHOLDS):
        taken = np.zeros_like(crowd)
        for k, row in enumerate(overlaps):
            fitting = (row >= threshold) & (~taken | crowd)
            if (fitting & ~left_out).any():
                fitting &= ~left_out
            if not fitting.any():
                continue
            best = len(row) - 1 - int(np.where(fitting, row, -1)[::-1].argmax())  # of equals the last, as COCO's code has it
            hit[t, k], passed_over[t, k], taken[best] = True, left_out[best], True
    return hit, passed_over
