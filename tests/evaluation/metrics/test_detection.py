"""Average precision: VOC's and COCO's, by hand, and COCO's beside its own code."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from zerodojo.errors import UserError
from zerodojo.evaluation.metrics.coco import coco_scores
from zerodojo.evaluation.metrics.detection import Found, Truth, overlap
from zerodojo.evaluation.metrics.voc import interpolated, voc_average_precision, voc_mean_average_precision


def box(left, top, side=10.0):
    return [left, top, left + side, top + side]


def truth(boxes, labels, ignored=None):
    return Truth(np.array(boxes, float).reshape(-1, 4), np.array(labels, int), None if ignored is None else np.array(ignored))


def found(boxes, labels, scores):
    return Found(np.array(boxes, float).reshape(-1, 4), np.array(labels, int), np.array(scores, float))


def test_overlap_by_hand():
    a, b = np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 1, 3, 3], [0, 0, 2, 1], [0, 0, 9, 9]])
    np.testing.assert_allclose(overlap(a, b), [[1 / 7, 1 / 2, 4 / 81]])
    np.testing.assert_allclose(overlap(a, b, np.array([False, False, True])), [[1 / 7, 1 / 2, 1]])


def two_images():
    """Three objects; by falling score: right, wrong, right, the same once more. So precisions 1, 1/2, 2/3, 1/2."""
    truths = [truth([box(0, 0), box(50, 50)], [1, 1]), truth([box(0, 0)], [1])]
    answers = [
        found([box(0, 0), box(1, 0), box(50, 90)], [1, 1, 1], [0.9, 0.6, 0.8]),
        found([box(1, 1)], [1], [0.7]),
    ]
    return truths, answers


def test_voc_by_hand():
    truths, answers = two_images()
    assert voc_average_precision(truths, answers, 1) == pytest.approx((1 + 2 / 3) / 3)
    # recalls 0, .1, .2, .3 have 1, and .4, .5, .6 have 2/3
    assert voc_average_precision(truths, answers, 1, method="11 points") == pytest.approx((4 * 1 + 3 * 2 / 3) / 11)
    # at an overlap of .7 the box moved by (1, 1), 81/119, is wrong
    assert voc_average_precision(truths, answers, 1, threshold=0.7) == pytest.approx(1 / 3)
    assert np.isnan(voc_average_precision(truths, answers, 2))


def test_a_recall_of_three_tenths_reaches_three_tenths():
    recall, precision = np.arange(1, 4) / 10, np.ones(3)
    assert interpolated(recall, precision, "11 points") == pytest.approx(4 / 11)
    assert interpolated(recall, precision, "area") == pytest.approx(0.3)


def test_voc_passes_over_the_difficult():
    truths = [truth([box(0, 0), box(30, 0)], [1, 1], [False, True])]
    answers = [found([box(30, 0), box(30, 1), box(0, 0)], [1, 1, 1], [0.9, 0.8, 0.7])]
    assert voc_average_precision(truths, answers, 1) == 1


def test_voc_mean_is_over_labels_that_are_shown():
    truths = [truth([box(0, 0), box(30, 0)], [1, 4])]
    answers = [found([box(0, 0), box(60, 0)], [1, 9], [0.9, 0.8])]
    assert voc_mean_average_precision(truths, answers) == pytest.approx(0.5)
    assert np.isnan(voc_mean_average_precision([truth([], [])], [found([], [], [])]))
    with pytest.raises(UserError, match="there are 1 images, and objects were found in 0"):
        voc_mean_average_precision(truths, [])


def test_coco_by_hand():
    truths, answers = two_images()
    scores = coco_scores(truths, answers)
    # up to .65 as VOC's, with 34 recalls to 1/3 and 33 to 2/3; above it only the first box is right
    good = (34 * 1 + 33 * 2 / 3) / 101
    assert scores.ap_50 == pytest.approx(good)
    assert scores.ap_75 == pytest.approx(34 / 101)
    assert scores.ap == pytest.approx((4 * good + 6 * 34 / 101) / 10)
    assert scores.ap_small == pytest.approx(scores.ap) and scores.ap_medium == scores.ap_large == -1
    assert scores.ar_100 == scores.ar_1 == pytest.approx((4 * 2 / 3 + 6 * 1 / 3) / 10)
    assert set(coco_scores([truth([], [])], [found([], [], [])])) == {-1}


def test_coco_of_what_is_right_is_1():
    truths = [truth([box(0, 0, 20), box(0, 0, 50), box(0, 0, 100)], [1, 2, 2]), truth([], [])]
    answers = [Found(truths[0].boxes, truths[0].labels, np.ones(3)), found([], [], [])]
    scores = coco_scores(truths, answers)
    assert scores._replace(ar_1=1.0) == pytest.approx([1] * 12)
    assert scores.ar_1 == pytest.approx(3 / 4)  # one of the two objects of label 2


def random_images(seed, *, crowds, equal=False):
    """Ten images of objects of all sizes; found are most of them, moved a little, with doubles, strangers and equal scores."""
    generator = np.random.default_rng(seed)
    truths, answers = [], []
    for image in range(10):
        n = int(generator.integers(0, 15)) if image else 130  # more than the 100 that count
        low = generator.integers(0, 300, (n, 2))
        boxes = np.concatenate([low, low + generator.integers(5, 160, (n, 2))], axis=1).astype(float)
        labels = generator.integers(1, 4, n) if image else np.ones(n, int)
        truths.append(Truth(boxes, labels, generator.random(n) < 0.3 if crowds else None))
        again = np.concatenate([np.flatnonzero(generator.random(n) < 0.8), np.flatnonzero(generator.random(n) < 0.3)])
        moved = boxes[again] + generator.integers(-6, 7, (len(again), 4)) * (not equal)
        strangers = boxes[: n // 4] + 40
        named = np.where(generator.random(len(again)) < 0.9, labels[again], 2)
        told = np.concatenate([moved, strangers])
        told[:, 2:] = np.maximum(told[:, 2:], told[:, :2] + 1)
        scores = generator.integers(1, 40, len(told)) / 40
        answers.append(Found(told, np.concatenate([named, labels[: n // 4]]), scores))
    return truths, answers


def widths(boxes):
    return [[left, top, right - left, bottom - top] for left, top, right, bottom in np.asarray(boxes).tolist()]


def their_evaluation(truths, answers):
    """pycocotools' of labels 1 to 3, before anything is evaluated."""
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is the oracle (extra `test`)")
    evaluation = pytest.importorskip("pycocotools.cocoeval", reason="pycocotools is the oracle (extra `test`)")
    annotations, results = [], []
    for image, (true, told) in enumerate(zip(truths, answers, strict=True)):
        crowd = np.zeros(len(true.boxes), bool) if true.ignored is None else true.ignored
        for (x, y, w, h), label, many in zip(widths(true.boxes), true.labels, crowd, strict=True):
            row = {"image_id": image, "category_id": int(label), "bbox": [x, y, w, h], "area": w * h, "iscrowd": int(many)}
            annotations.append(row | {"id": len(annotations) + 1})
        for bbox, label, score in zip(widths(told.boxes), told.labels, told.scores, strict=True):
            results.append({"image_id": image, "category_id": int(label), "bbox": bbox, "score": float(score)})
    dataset = coco.COCO()
    images, categories = [{"id": image} for image in range(len(truths))], [{"id": label} for label in range(1, 4)]
    dataset.dataset = {"images": images, "annotations": annotations, "categories": categories}
    dataset.createIndex()
    return evaluation.COCOeval(dataset, dataset.loadRes(results), "bbox")


@pytest.mark.parametrize(("seed", "crowds", "equal"), [(0, False, False), (1, False, False), (2, True, False), (3, True, True)])
def test_coco_is_its_own_code(seed, crowds, equal):
    truths, answers = random_images(seed, crowds=crowds, equal=equal)
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = their_evaluation(truths, answers)
        theirs.evaluate()
        theirs.accumulate()
        theirs.summarize()
    scores = coco_scores(truths, answers)
    np.testing.assert_allclose(scores, theirs.stats, atol=1e-12)
    assert 0.1 < scores.ap < 0.9 and min(scores) > 0  # nothing is trivial


def scattered_images(seed):
    """Twenty images of objects that touch nobody, so that VOC and COCO match alike; no two scores are equal."""
    generator = np.random.default_rng(seed)
    truths, answers = [], []
    for _ in range(20):
        places = generator.permutation(36)[: generator.integers(1, 20)]
        low = 100.0 * np.stack([places // 6, places % 6], axis=1)
        boxes = np.concatenate([low, low + generator.integers(20, 60, (len(places), 2))], axis=1)
        labels = generator.integers(1, 4, len(places))
        truths.append(Truth(boxes, labels))
        again = np.concatenate(
            [np.flatnonzero(generator.random(len(places)) < 0.7), np.flatnonzero(generator.random(len(places)) < 0.2)]
        )
        moved = boxes[again] + generator.integers(-4, 5, (len(again), 4))
        named = np.where(generator.random(len(again)) < 0.9, labels[again], 2)
        answers.append(Found(moved, named, generator.random(len(again))))
    return truths, answers


@pytest.mark.parametrize("method", ["area", "11 points"])
@pytest.mark.parametrize("threshold", [0.5, 0.7])
def test_voc_is_cocos_code_asked_at_vocs_recalls(method, threshold):
    """Eleven recalls, or for the area those at which the precision can change: one more object each."""
    truths, answers = scattered_images(0)
    for label in (1, 2, 3):
        objects = sum(int((true.labels == label).sum()) for true in truths)
        with contextlib.redirect_stdout(io.StringIO()):
            theirs = their_evaluation(truths, answers)
            theirs.params.catIds, theirs.params.iouThrs, theirs.params.maxDets = [label], np.array([threshold]), [1000]
            recalls = np.linspace(0, 1, 11) if method == "11 points" else np.arange(1, objects + 1) / objects
            theirs.params.recThrs = recalls - 1e-9  # 3 of 10 reach .3, whatever floating-point numbers say
            theirs.evaluate()
            theirs.accumulate()
        expected = theirs.eval["precision"][0, :, 0, 0, -1].mean()  # of all areas
        ours = voc_average_precision(truths, answers, label, threshold=threshold, method=method)
        assert ours == pytest.approx(expected, abs=1e-12) and 0.1 < ours < 0.9
