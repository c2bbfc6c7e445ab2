"""Overlap, offsets, matching, hard negatives and the loss of them, by hand and against slow twins."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from zerodojo.errors import UserError
from zerodojo.models.detection.boxes import iou, to_centres, to_corners
from zerodojo.models.detection.loss import multibox_loss
from zerodojo.models.detection.matching import BACKGROUND, match
from zerodojo.models.detection.mining import hard_negatives
from zerodojo.models.detection.offsets import decode, encode


def random_corners(n, seed):
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(n, 2, generator=generator, dtype=torch.float64) * 0.7
    return torch.cat([low, low + 0.02 + torch.rand(n, 2, generator=generator, dtype=torch.float64) * 0.3], dim=1)


def test_overlap_by_hand():
    a = torch.tensor([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    b = torch.tensor([[1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 2.0, 1.0], [2.0, 0.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    torch.testing.assert_close(iou(a, b), torch.tensor([[1 / 7, 1 / 2, 0, 0], [0, 0, 0, 0]]))


def test_corners_and_centres_are_inverse():
    corners = random_corners(50, 0)
    torch.testing.assert_close(to_corners(to_centres(corners)), corners)
    assert to_centres(torch.tensor([1.0, 2.0, 3.0, 8.0])).tolist() == [2, 5, 2, 6]


def test_offsets_by_hand_and_back():
    default = torch.tensor([[0.5, 0.5, 0.2, 0.4]])
    moved = to_corners(torch.tensor([[0.52, 0.46, 0.4, 0.4]]))
    expected = torch.tensor([[1.0, -1.0, torch.log(torch.tensor(2.0)) / 0.2, 0.0]])
    torch.testing.assert_close(encode(moved, default), expected)
    corners, defaults = random_corners(50, 1), to_centres(random_corners(50, 2))
    torch.testing.assert_close(decode(encode(corners, defaults), defaults), corners)
    offsets = torch.randn(3, 50, 4, dtype=torch.float64)
    torch.testing.assert_close(encode(decode(offsets, defaults), defaults), offsets)


def test_matching_by_hand():
    default = to_centres(torch.tensor([[0, 0, 2, 2], [0, 0, 2, 1], [4, 4, 6, 6], [0, 0, 1, 1], [8, 8, 9, 9]]) / 10)
    truth = torch.tensor([[0.0, 0.0, 0.2, 0.2], [0.4, 0.4, 0.45, 0.45]])
    # the second object overlaps the third box by 1/16 only, and gets it all the same; the second box reaches 1/2, the fourth 1/4
    assert match(truth, default).tolist() == [0, 0, 1, BACKGROUND, BACKGROUND]
    assert match(truth, default, threshold=0.2).tolist() == [0, 0, 1, 0, BACKGROUND]
    assert match(truth[:0], default).tolist() == [BACKGROUND] * 5


def test_two_objects_with_the_same_best_box_both_get_one():
    default = to_centres(torch.tensor([[0.0, 0.0, 0.4, 0.4], [0.5, 0.5, 0.9, 0.9]]))
    truth = torch.tensor([[0.0, 0.0, 0.3, 0.3], [0.0, 0.0, 0.4, 0.38]])
    assert match(truth, default).tolist() == [1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_every_object_is_matched_and_every_box_above_the_threshold(seed):
    truth, default = random_corners(12, seed), to_centres(random_corners(60, 100 + seed))
    matched = match(truth, default)
    assert set(range(12)) <= set(matched.tolist())
    overlap = iou(truth, to_corners(default))
    best = overlap.max(dim=0)
    usual = torch.where(best.values >= 0.5, best.indices, BACKGROUND)
    assert (matched != usual).sum() <= 12  # given to an object that had to have one


@pytest.mark.parametrize("seed", range(5))
def test_the_best_pairs_come_first_as_in_a_slow_twin(seed):
    """Crowded, so that objects rob each other: coordinates are coarse, and overlaps are often equal."""
    default = to_centres((random_corners(14, seed) * 4).round() / 4 + torch.tensor([0, 0, 0.25, 0.25]))
    truth = (random_corners(12, 50 + seed) * 4).round() / 4 + torch.tensor([0, 0, 0.25, 0.25])
    overlap = iou(truth, to_corners(default))
    most, owner = overlap.max(dim=0)
    slow = torch.where(most >= 0.5, owner, BACKGROUND)
    for _ in truth:
        which, box = divmod(int(overlap.argmax()), len(default))
        slow[box] = which
        overlap[which], overlap[:, box] = -1, -1
    assert match(truth, default).tolist() == slow.tolist()


def test_more_objects_than_boxes_are_refused():
    with pytest.raises(UserError, match="there are 2 default boxes for 3 objects"):
        match(random_corners(3, 0), to_centres(random_corners(2, 1)))


def test_hard_negatives_are_those_of_the_highest_loss():
    loss = torch.tensor(
        [[9.0, 1.0, 5.0, 3.0, 4.0, 2.0, 0.0], [3.0, 2.0, 1.0, 4.0, 5.0, 6.0, 7.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]]
    )
    positive = torch.zeros(3, 7, dtype=torch.bool)
    positive[0, 0] = True
    positive[2, :4] = True
    hard = hard_negatives(loss, positive)
    assert [row.nonzero().flatten().tolist() for row in hard] == [[2, 3, 4], [], [4, 5, 6]]
    assert hard_negatives(loss, positive, ratio=1)[0].nonzero().flatten().tolist() == [2]


def test_the_loss_is_that_of_the_paper_written_out():
    torch.manual_seed(0)
    default = to_centres(random_corners(40, 5)).float()
    boxes = [random_corners(3, 6).float(), random_corners(0, 7).float(), random_corners(2, 8).float()]
    labels = [torch.tensor([1, 3, 2]), torch.zeros(0, dtype=torch.long), torch.tensor([3, 3])]
    offsets, logits = torch.randn(3, 40, 4, requires_grad=True), torch.randn(3, 40, 4, requires_grad=True)
    location, classification, matched = 0, 0, 0
    for n in range(3):
        owner = match(boxes[n], default).tolist()
        negatives = []
        for d, which in enumerate(owner):
            if which == BACKGROUND:
                negatives.append(F.cross_entropy(logits[n, d], torch.tensor(0)))
                continue
            matched += 1
            location += F.smooth_l1_loss(offsets[n, d], encode(boxes[n][which], default[d : d + 1])[0], reduction="sum")
            classification += F.cross_entropy(logits[n, d], labels[n][which])
        classification += sum(sorted(negatives, reverse=True)[: 3 * (40 - len(negatives))])
    loss = multibox_loss(offsets, logits, default, boxes, labels)
    torch.testing.assert_close(loss.location, location / matched)
    torch.testing.assert_close(loss.classification, classification / matched)
    sum(loss).backward()
    assert offsets.grad[1].abs().sum() == 0 and logits.grad[1].abs().sum() == 0  # no object, no negatives
    assert offsets.grad[0].abs().sum() > 0 and logits.grad[0].abs().sum() > 0


def test_a_batch_without_objects_costs_nothing():
    offsets, logits = torch.randn(1, 9, 4, requires_grad=True), torch.randn(1, 9, 2, requires_grad=True)
    loss = multibox_loss(offsets, logits, to_centres(random_corners(9, 0)), [torch.zeros(0, 4)], [torch.zeros(0, dtype=torch.long)])
    sum(loss).backward()
    assert [part.item() for part in loss] == [0, 0]
    assert offsets.grad.abs().sum() == logits.grad.abs().sum() == 0


@pytest.mark.parametrize(
    ("boxes", "labels", "message"),
    [
        ([[0.1, 0.1, 0.1, 0.2]], [1], "the box of an object"),
        ([[0.1, 0.1, 0.3, 0.2]], [2], "labels of objects are 1 to 1 .*, and here came 2 to 2"),
        ([[0.1, 0.1, 0.3, 0.2]], [0], "here came 0 to 0"),
        ([[0.1, 0.1, 0.3, 0.2]], [1, 1], r"here came \[1, 4\] with \[2\]"),
    ],
)
def test_objects_that_are_none_are_refused(boxes, labels, message):
    default = to_centres(random_corners(9, 0)).float()
    with pytest.raises(UserError, match=message):
        multibox_loss(torch.zeros(1, 9, 4), torch.zeros(1, 9, 2), default, [torch.tensor(boxes)], [torch.tensor(labels)])
    with pytest.raises(UserError, match="predictions are of 1 images"):
        multibox_loss(torch.zeros(1, 9, 4), torch.zeros(1, 9, 2), default, [], [])
