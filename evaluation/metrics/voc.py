"""Average precision as PASCAL VOC counts it (Everingham et al. 2010): one overlap, and 11 points (to 2009) or the area (from 2010).

Differs from its code: boxes are not one point wider than their corners say.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from .detection import Floats, Found, Truth, labels_of, of_label, overlap

Method = Literal["11 points", "area"]
POINTS = np.arange(11) / 10


def voc_mean_average_precision(
    truths: list[Truth], found: list[Found], *, threshold: float = 0.5, method: Method = "area"
) -> float:
    """mAP over the labels that the images show; not a number where they show none. One entry an image in either list."""
    labels = labels_of(truths, found)
    scores = [voc_average_precision(truths, found, label, threshold=threshold, method=method) for label in labels]
    return float(np.nanmean(scores)) if not np.isnan(scores).all() else float("nan")


def voc_average_precision(
    truths: list[Truth], found: list[Found], label: int, *, threshold: float = 0.5, method: Method = "area"
) -> float:
    """AP of one label from 0 to 1; not a number where no object of it is demanded.

    An object counts once, for the surest box whose largest overlap is with it and reaches `threshold`.
    """
    scores, hits, demanded = [np.zeros(0)], [np.zeros(0, np.bool_)], 0
    for truth, answer in zip(truths, found, strict=True):
        boxes, ignored, told, sure = of_label(truth, answer, label)
        demanded += int((~ignored).sum())
        hit, counts = np.zeros(len(told), np.bool_), np.ones(len(told), np.bool_)
        taken = np.zeros(len(boxes), np.bool_)
        overlaps = overlap(told, boxes)
        for k in range(len(told) if len(boxes) else 0):
            best = int(overlaps[k].argmax())
            if overlaps[k, best] < threshold:
                continue
            counts[k] = not ignored[best]
            hit[k] = not ignored[best] and not taken[best]
            taken[best] = True
        scores.append(sure[counts])
        hits.append(hit[counts])
    if not demanded:
        return float("nan")
    order = np.argsort(-np.concatenate(scores), kind="stable")
    right = np.cumsum(np.concatenate(hits)[order])
    return interpolated(right / demanded, right / np.arange(1, len(right) + 1), method)


def interpolated(recall: Floats, precision: Floats, method: Method) -> float:
    """The mean of the best precision at each recall or beyond, at 11 recalls or under the curve; [K] and [K], recall rising."""
    best = np.maximum.accumulate(np.append(precision, 0)[::-1])[::-1]  # and 0 where no recall reaches
    if method == "11 points":
        return float(best[np.searchsorted(recall, POINTS)].mean())
    return float((np.diff(recall, prepend=0) * best[:-1]).sum())
