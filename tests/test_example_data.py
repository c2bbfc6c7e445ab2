"""The data that examples share or have: drawn shapes with true boxes and masks, scikit-learn's digits, and games of Go."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
import torch

from zerodojo.envs.notation import sgf
from zerodojo.errors import UserError


@pytest.fixture
def shared(monkeypatch):
    """Imports a module of examples/ as an example does."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "examples")
    yield importlib.import_module
    for name in ("_shapes", "_digits"):
        sys.modules.pop(name, None)


def test_a_box_is_as_large_as_its_shape(shared):
    shapes = shared("_shapes").draw_shapes(30, side=32, seed=0, most=1)
    for mask, boxes, labels in zip(shapes.masks, shapes.boxes, shapes.labels, strict=True):
        rows, columns = torch.nonzero(mask, as_tuple=True)
        edges = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert torch.equal(boxes, edges[None] / 32)
        assert mask[mask > 0].unique().tolist() == labels.tolist()
    assert {int(label) for labels in shapes.labels for label in labels} == {1, 2, 3}


def test_shapes_fill_the_share_of_their_boxes_that_their_kind_does(shared):
    """A circle pi / 4 of it; a turned square from a half to all, a triangle a half or less."""
    shapes = shared("_shapes").draw_shapes(90, side=96, seed=1, most=1)
    share = {1: [], 2: [], 3: []}
    for mask, boxes, labels in zip(shapes.masks, shapes.boxes, shapes.labels, strict=True):
        left, top, right, bottom = boxes[0].tolist()
        share[int(labels[0])].append(float((mask > 0).sum()) / ((right - left) * (bottom - top) * 96**2))
    assert share[1] == pytest.approx([torch.pi / 4] * len(share[1]), abs=0.05)
    assert min(share[2]) > 0.45 and max(share[2]) > 0.8
    assert max(share[3]) < 0.6


def test_shapes_lie_beside_each_other_and_come_again_by_their_seed(shared):
    draw = shared("_shapes").draw_shapes
    shapes, again, other = draw(40, side=48, seed=2), draw(40, side=48, seed=2), draw(40, side=48, seed=3)
    assert torch.equal(shapes.images, again.images) and not torch.equal(shapes.images, other.images)
    assert float(shapes.images.min()) >= 0 and float(shapes.images.max()) <= 1
    assert {len(labels) for labels in shapes.labels} == {1, 2, 3}
    for mask, boxes, labels in zip(shapes.masks, shapes.boxes, shapes.labels, strict=True):
        for box, label in zip((boxes * 48).round().long(), labels, strict=True):
            left, top, right, bottom = box.tolist()
            inside = mask[top:bottom, left:right]
            assert int((inside == label).sum()) > 0.3 * inside.numel()  # nothing was drawn over it


def test_no_digit_is_both_learned_from_and_held_back(shared):
    digits = shared("_digits")
    training, held_back = digits.load(seed=0)
    assert training.images.shape == (1500, 1, 8, 8) and held_back.images.shape == (297, 1, 8, 8)
    assert torch.equal(training.images.unique() * 16, torch.arange(17.0))
    distances = torch.cdist(held_back.images.flatten(1), training.images.flatten(1))
    assert float(distances.min()) > 0  # scikit-learn's digits differ from each other
    assert digits.load(seed=0, scale=4)[1].images.shape == (297, 1, 32, 32)
    assert not torch.equal(digits.load(seed=1)[1].labels, held_back.labels)


def test_without_scikit_learn_one_line_names_the_extra(shared, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(UserError, match=r"pip install 'zerodojo\[examples\]'"):
        shared("_digits").load(seed=0)


def test_games_of_go_are_played_to_the_end_and_none_begins_as_another_does_turned_or_mirrored():
    data = Path(__file__).parents[1].joinpath("examples", "data", "go_9x9.sgf").read_bytes()
    begun = set()
    for count, tree in enumerate(sgf.parse(data), 1):
        moves = [node.value("B") if node.value("B") is not None else node.value("W") for node in tree.main_line()][1:]
        assert moves[-2:] == ["", ""]
        ways = [[(ord(move[0]) - 97, ord(move[1]) - 97) for move in moves[:6]]]
        for turn in (lambda x, y: (8 - x, y), lambda x, y: (x, 8 - y), lambda x, y: (y, x)):
            ways += [[turn(x, y) for x, y in way] for way in ways]
        assert len(set(map(tuple, ways))) == 8
        begun.add(min(map(tuple, ways)))
        assert len(begun) == count
    assert count == 400
