"""SSD: its size to the parameter, its default boxes in order, its answers in the same order, and what it refuses."""

from __future__ import annotations

import json
from itertools import product
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.counting import parameters
from zerodojo.models.detection.decoding import find_objects
from zerodojo.models.detection.loss import multibox_loss
from zerodojo.models.detection.pyramid import normalized

NAMES = Path(__file__).parents[1] / "data" / "ssd300_vgg16.json"


@pytest.mark.parametrize(
    ("name", "classes", "size"), [("ssd300", 21, 26_285_486), ("ssd512", 21, 27_188_676), ("ssd300", 91, 35_641_826)]
)
def test_it_has_the_papers_number_of_parameters(name, classes, size):
    with torch.device("meta"):
        assert parameters(create(name, num_classes=classes)) == size


def test_weights_are_named_as_in_torchvision():
    """The file was written from torchvision's `ssd300_vgg16` with 21 classes."""
    with torch.device("meta"):
        names = {name: list(tensor.shape) for name, tensor in create("ssd300").state_dict().items()}
    assert names == json.loads(NAMES.read_text())


def boxes_by_table(size, sides, steps, lengths, ratios):
    """The default boxes from the table of the paper's code, in points, written out."""
    boxes = []
    for k, side in enumerate(sides):
        for row, column in product(range(side), repeat=2):
            x, y = (column + 0.5) * steps[k] / size, (row + 0.5) * steps[k] / size
            small, large = lengths[k] / size, lengths[k + 1] / size
            boxes += [(x, y, small, small), (x, y, sqrt(small * large), sqrt(small * large))]
            for ratio in ratios[k]:
                boxes.append((x, y, small * sqrt(ratio), small / sqrt(ratio)))
                boxes.append((x, y, small / sqrt(ratio), small * sqrt(ratio)))
    return torch.tensor(boxes).clamp(0, 1)


@pytest.mark.parametrize(
    ("name", "count", "table"),
    [
        (
            "ssd300",
            8732,
            (
                300,
                (38, 19, 10, 5, 3, 1),
                (8, 16, 32, 64, 100, 300),
                (30, 60, 111, 162, 213, 264, 315),
                ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,)),
            ),
        ),
        (
            "ssd512",
            24564,
            (
                512,
                (64, 32, 16, 8, 4, 2, 1),
                (8, 16, 32, 64, 128, 256, 512),
                (35.84, 76.8, 153.6, 230.4, 307.2, 384.0, 460.8, 537.6),
                ((2,), (2, 3), (2, 3), (2, 3), (2, 3), (2,), (2,)),
            ),
        ),
    ],
)
def test_default_boxes_are_those_of_the_papers_code(name, count, table):
    boxes = create(name, width=0.02).default_boxes
    assert boxes.shape == (count, 4)
    torch.testing.assert_close(boxes, boxes_by_table(*table))
    assert boxes.max() == 1  # the largest of them are cut to the image


@pytest.mark.parametrize("backbone", ["vgg16", "resnet18"])
@pytest.mark.parametrize(("size", "sides"), [(32, [4, 2, 1]), (64, [8, 4, 2, 1]), (90, [12, 6, 3, 1]), (128, [16, 8, 4, 2, 1])])
def test_every_size_gives_one_answer_for_each_default_box(size, sides, backbone):
    network = create("ssd", backbone=backbone, size=size, width=0.05, num_classes=3)
    maps = network.backbone(torch.rand(1, 3, size, size))
    assert [x.shape[2] for x in maps] == [x.shape[3] for x in maps] == sides
    offsets, logits = network(torch.rand(2, 3, size, size))
    count = len(network.default_boxes)
    assert count == sum(
        side**2 * layer.out_channels // 4 for side, layer in zip(sides, network.head["regression_head"].module_list, strict=True)
    )
    assert offsets.shape == (2, count, 4) and logits.shape == (2, count, 3)


@pytest.mark.parametrize(("name", "size", "count"), [("ssd300", 300, 8732), ("ssd512", 512, 24564)])
def test_the_papers_networks_run_at_a_small_width(name, size, count):
    network = create(name, width=0.02)
    offsets, logits = network(torch.rand(1, 3, size, size))
    assert offsets.shape == (1, count, 4) and logits.shape == (1, count, 21)
    (offsets.sum() + logits.sum()).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_an_answer_stands_where_its_default_box_is():
    """A head that only looks at its own point: what changes at one point of one map changes that point's boxes alone."""
    network = create("ssd", size=64, width=0.1)
    head = network.head["regression_head"]
    maps = [
        torch.zeros(1, channels, side, side)
        for channels, side in zip(network.backbone.channels, network.backbone.sides, strict=True)
    ]
    with torch.no_grad():
        for layer in head.module_list:
            layer.weight[:, :, [0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 0, 2, 0, 1, 2]] = 0
        maps[1][0, :, 2, 3] = 1  # row 2, column 3 of the map of 4x4
        changed = head(maps)[0].abs().sum(dim=1) > 0
    first = 8 * 8 * 4 + (2 * 4 + 3) * 6
    assert changed.nonzero().flatten().tolist() == list(range(first, first + 6))
    torch.testing.assert_close(network.default_boxes[first, :2], torch.tensor([3.5 / 4, 2.5 / 4]))


def test_normalisation_over_channels():
    x = torch.randn(2, 5, 3, 4, dtype=torch.float64)
    scale = torch.arange(1.0, 6, dtype=torch.float64)
    expected = scale.view(1, 5, 1, 1) * x / x.square().sum(dim=1, keepdim=True).sqrt()
    torch.testing.assert_close(normalized(x, scale), expected)
    fine = create("ssd", size=64, width=0.1).backbone(torch.rand(1, 3, 64, 64))[0]
    norms = fine.square().sum(dim=1).sqrt()
    torch.testing.assert_close(norms, torch.full_like(norms, 20.0))  # the paper's start


def test_it_learns_where_one_square_is():
    """From predictions through matching, loss and gradient to a found object: a white and a grey square on black."""
    torch.manual_seed(0)
    network = create("ssd", size=64, width=0.1, num_classes=3)
    image = torch.zeros(1, 3, 64, 64)
    image[:, :, 8:24, 8:24] = 1
    image[:, :, 30:60, 28:58] = 0.5
    boxes, labels = [torch.tensor([[8, 8, 24, 24], [28, 30, 58, 60]]) / 64], [torch.tensor([1, 2])]
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(60):
        loss = multibox_loss(*network(image), network.default_boxes, boxes, labels)
        optimizer.zero_grad()
        (loss.location + loss.classification).backward()
        optimizer.step()
    (found,) = find_objects(*network(image), network.default_boxes, min_score=0.5)
    order = found.labels.argsort()
    assert found.labels[order].tolist() == [1, 2]
    np.testing.assert_allclose(found.boxes[order], boxes[0], atol=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "vgg61"}, "unknown backbone of ssd 'vgg61'; did you mean vgg16"),
        ({"size": 31}, "size of ssd is 31; it must be a whole number of 32 at least"),
        ({"width": 0}, "width of ssd is 0; it multiplies the paper"),
        ({"num_classes": 1}, "num_classes of ssd is 1; it must be a whole number of 2 at least"),
        ({"scales": (0.3, 0.2)}, "scales of ssd are 0.3 and 0.2; they must rise"),
    ],
)
def test_options_that_fit_no_network_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        create("ssd", **options)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 1, 64, 64), r"ssd reads images \[N, 3, H, W\], and got \[1, 1, 64, 64\]"),
        ((1, 3, 64, 60), "ssd was made for images of 64x64, and got 64x60"),
    ],
)
def test_other_images_are_refused(shape, message):
    with pytest.raises(UserError, match=message):
        create("ssd", size=64, width=0.02)(torch.zeros(shape))
