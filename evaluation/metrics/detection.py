"""Objects in images as the metrics of detection (`voc`, `coco`) take them. Boxes are corners (left, top, right, bottom)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError

Floats = NDArray[np.float64]


class Truth(NamedTuple):
    """The objects that one image shows."""

    boxes: Floats  # [G, 4]
    labels: NDArray[np.int64]  # [G]
    ignored: NDArray[np.bool_] | None = None  # [G]: neither demanded nor held against who finds it (VOC: difficult; COCO: a crowd)


class Found(NamedTuple):
    """The objects that were found in it."""

    boxes: Floats  # [K, 4]
    labels: NDArray[np.int64]  # [K]
    scores: Floats  # [K]


def area(boxes: Floats) -> Floats:
    """[..., 4] -> [...]."""
    size: Floats = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return size[..., 0] * size[..., 1]


def overlap(found: Floats, truth: Floats, crowd: NDArray[np.bool_] | None = None) -> Floats:
    """Intersection over union, [K, 4] and [G, 4] -> [K, G]; over the found box alone where the truth is a crowd [G]."""
    low = np.maximum(found[:, None, :2], truth[None, :, :2])
    high = np.minimum(found[:, None, 2:], truth[None, :, 2:])
    both = area(np.concatenate([low, high], axis=-1))
    union = area(found)[:, None] + area(truth)[None] - both
    if crowd is not None:
        union = np.where(crowd[None], area(found)[:, None], union)
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)


def of_label(truth: Truth, found: Found, label: int) -> tuple[Floats, NDArray[np.bool_], Floats, Floats]:
    """Boxes of one label: those there are [G, 4], which of them are ignored [G], those found [K, 4], scores [K], falling."""
    true = np.asarray(truth.labels) == label
    told = np.asarray(found.labels) == label
    ignored = np.zeros(len(true), np.bool_) if truth.ignored is None else np.asarray(truth.ignored, np.bool_)
    boxes, scores = _boxes(found.boxes)[told], np.asarray(found.scores, np.float64)[told]
    order = np.argsort(-scores, kind="stable")
    return _boxes(truth.boxes)[true], ignored[true], boxes[order], scores[order]


def labels_of(truths: list[Truth], found: list[Found]) -> list[int]:
    """The labels that some image shows, rising. Raises UserError for answers to another number of images."""
    if len(truths) != len(found):
        raise UserError(f"there are {len(truths)} images, and objects were found in {len(found)}")
    return sorted({int(label) for truth in truths for label in truth.labels})


def _boxes(boxes: Floats) -> Floats:
    return np.asarray(boxes, np.float64).reshape(-1, 4)
