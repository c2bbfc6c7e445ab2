"""Augmentations: boxes stay where their objects are, values stay values, and the generator decides everything."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch

from zerodojo.models.detection.augment import Example, augment, crop, expand, flip
from zerodojo.models.detection.photometric import distort, to_hsv, to_rgb


def painted(height=60, width=80):
    """Two squares of colours of their own on black: where they are can be read from the image alone."""
    image = torch.zeros(3, height, width)
    image[0, 10:25, 8:28] = 1.0
    image[1, 30:55, 40:70] = 1.0
    boxes = torch.tensor([[8 / width, 10 / height, 28 / width, 25 / height], [40 / width, 30 / height, 70 / width, 55 / height]])
    return Example(image, boxes, torch.tensor([1, 2]))


def seen(example, label):
    """The box of the pixels in the object's colour, in points: (left, top, right, bottom)."""
    colour = example.image[label - 1] - example.image[2 - label]
    rows, columns = (colour > 0.5).nonzero(as_tuple=True)
    return [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]


def told(example):
    _, height, width = example.image.shape
    return {
        int(label): (box * torch.tensor([width, height, width, height])).tolist()
        for box, label in zip(example.boxes, example.labels, strict=True)
    }


def test_flip_by_hand_and_twice():
    once = flip(painted())
    assert told(once)[1] == pytest.approx([52, 10, 72, 25], abs=1e-4)
    assert seen(once, 1) == [52, 10, 72, 25]
    twice = flip(once)
    assert torch.equal(twice.image, painted().image)
    torch.testing.assert_close(twice.boxes, painted().boxes)


@pytest.mark.parametrize("change", [expand, crop])
def test_boxes_move_with_their_objects(change):
    changed = 0
    for seed in range(40):
        before = painted()
        after = change(before, np.random.default_rng(seed))
        changed += after.image.shape != before.image.shape
        assert len(after.labels) == len(after.boxes) >= 1
        for label, box in told(after).items():
            assert seen(after, label) == pytest.approx(box, abs=1e-3), seed
    assert changed > 10


def test_expansion_keeps_all_of_the_image():
    example = painted()
    after = expand(example, np.random.default_rng(1))
    assert after.image.shape[1] > 60 and after.image.shape[2] > 80
    assert (after.image[0] == 1).sum() == (example.image[0] == 1).sum()
    torch.testing.assert_close(after.image[:, 0, 0], example.image.mean(dim=(1, 2)))


def test_crops_overlap_an_object_as_much_as_was_drawn(monkeypatch):
    example = Example(torch.zeros(3, 100, 100), torch.tensor([[0.2, 0.2, 0.8, 0.8]]), torch.tensor([1]))
    monkeypatch.setattr("zerodojo.models.detection.augment.OVERLAPS", (0.7,))
    cut = 0
    for seed in range(30):
        after = crop(example, np.random.default_rng(seed))
        _, height, width = after.image.shape
        inside = float((after.boxes[0, 2:] - after.boxes[0, :2]).prod()) * height * width
        assert inside / (3600 + height * width - inside) >= 0.7 or (height, width) == (100, 100)
        assert (height, width) == (100, 100) or 0.49 <= width / height <= 2.01
        cut += (height, width) != (100, 100)
    assert cut > 10


def test_objects_whose_centre_is_outside_go():
    lost = [len(crop(painted(), np.random.default_rng(seed)).labels) for seed in range(40)]
    assert set(lost) == {1, 2}


def test_without_objects_nothing_is_cut():
    example = Example(torch.rand(3, 20, 20), torch.zeros(0, 4), torch.zeros(0, dtype=torch.long))
    for seed in range(10):
        assert crop(example, np.random.default_rng(seed)).image.shape == (3, 20, 20)
        after = augment(example, np.random.default_rng(seed), size=16)
        assert after.image.shape == (3, 16, 16) and after.boxes.shape == (0, 4)


def test_the_whole_recipe():
    for seed in range(30):
        after = augment(painted(), np.random.default_rng(seed), size=48)
        assert after.image.shape == (3, 48, 48)
        assert after.image.min() >= 0 and after.image.max() <= 1
        assert (after.boxes >= -1e-6).all() and (after.boxes <= 1 + 1e-6).all()
        assert (after.boxes[:, 2:] > after.boxes[:, :2]).all()
        again = augment(painted(), np.random.default_rng(seed), size=48)
        assert torch.equal(again.image, after.image) and torch.equal(again.boxes, after.boxes)


def test_colours_are_those_of_the_standard_library_and_back():
    image = torch.rand(3, 50, dtype=torch.float64)
    image[:, :5] = torch.tensor([[0.0, 1.0, 0.5, 0.2, 0.7], [0.0, 1.0, 0.5, 0.2, 0.2], [0.0, 1.0, 0.5, 0.9, 0.2]])
    expected = torch.tensor([colorsys.rgb_to_hsv(*pixel) for pixel in image.T.tolist()], dtype=torch.float64).T
    torch.testing.assert_close(to_hsv(image), expected)
    torch.testing.assert_close(to_rgb(expected), image)


def test_light_changes_within_its_limits():
    image = torch.full((3, 4, 4), 0.5)
    grey = [distort(image, np.random.default_rng(seed)) for seed in range(60)]
    levels = torch.stack([x.mean() for x in grey])
    assert all(x.std() < 1e-6 for x in grey)  # grey has neither hue nor saturation
    assert (0.5 - 32 / 255) * 0.5 - 1e-6 <= levels.min() < 0.4 and 0.6 < levels.max() <= (0.5 + 32 / 255) * 1.5 + 1e-6
    coloured = painted().image / 2  # so that no channel is cut, which would turn the hue further
    hues = torch.stack([to_hsv(distort(coloured, np.random.default_rng(seed)))[0, 40, 50] for seed in range(60)])
    assert ((hues - 1 / 3).abs() <= 18 / 360 + 1e-3).all() and (hues - 1 / 3).abs().max() > 0.02
