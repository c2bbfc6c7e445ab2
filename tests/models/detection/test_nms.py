"""Suppression and decoding, against a slow twin, ONNX Runtime, and by hand."""

from __future__ import annotations

import pytest
import torch

from zerodojo.models.detection.boxes import iou, to_centres
from zerodojo.models.detection.decoding import find_objects
from zerodojo.models.detection.nms import nms
from zerodojo.models.detection.offsets import encode


def many_boxes(seed, n=60):
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(n, 2, generator=generator) * 0.5
    boxes = torch.cat([low, low + 0.1 + torch.rand(n, 2, generator=generator) * 0.4], dim=1)
    return boxes, torch.rand(n, generator=generator), torch.randint(1, 4, (n,), generator=generator)


def slow(boxes, scores, labels, threshold):
    """Written out: a box stays unless one that stays, of its label and with a higher score, overlaps it too much."""
    stays = []
    for k in sorted(range(len(boxes)), key=lambda k: -float(scores[k])):
        if all(labels[j] != labels[k] or float(iou(boxes[j][None], boxes[k][None])) <= threshold for j in stays):
            stays.append(k)
    return stays


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.45, 0.7])
def test_it_is_the_slow_twin(seed, threshold):
    boxes, scores, labels = many_boxes(seed)
    alone = nms(boxes, scores, threshold=threshold)
    assert alone.tolist() == slow(boxes, scores, torch.ones(60), threshold)
    classes = nms(boxes, scores, threshold=threshold, labels=labels)
    assert classes.tolist() == slow(boxes, scores, labels, threshold)
    assert len(alone) < len(classes)
    assert nms(boxes, scores, threshold=threshold, labels=labels, limit=5).tolist() == classes[:5].tolist()
    again = nms(boxes[alone], scores[alone], threshold=threshold)
    assert again.tolist() == list(range(len(alone)))  # what is left overlaps no more


def test_nothing_comes_of_nothing():
    assert nms(torch.zeros(0, 4), torch.zeros(0), threshold=0.5).tolist() == []


def test_it_is_onnx_runtimes():
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is the oracle (extra `test`)")
    helper = pytest.importorskip("onnx.helper", reason="it builds the graph for ONNX Runtime (extra `test`)")
    shapes = {"boxes": [1, 60, 4], "scores": [1, 3, 60]}
    inputs = [helper.make_tensor_value_info(name, 1, shape) for name, shape in shapes.items()]
    limits = [helper.make_tensor("most", 7, [1], [60]), helper.make_tensor("threshold", 1, [1], [0.45])]
    node = helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "threshold"], ["kept"])
    output = helper.make_tensor_value_info("kept", 7, [None, 3])
    graph = helper.make_graph([node], "nms", inputs, [output], limits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for seed in range(4):
        boxes, scores, labels = many_boxes(seed)
        by_class = torch.stack([scores.where(labels == label, -1.0) for label in (1, 2, 3)])
        (kept,) = session.run(None, {"boxes": boxes[None].numpy(), "scores": by_class[None].numpy()})
        theirs = {int(box) for _, label, box in kept if labels[box] == label + 1}
        assert set(nms(boxes, scores, threshold=0.45, labels=labels).tolist()) == theirs


def decoded(corners, probabilities, **options):
    """What is found when the default boxes are half a tenth wide and the network answers exactly this."""
    default = torch.full((len(corners), 4), 0.05)
    offsets = encode(torch.tensor(corners), default)
    return find_objects(offsets[None], torch.tensor(probabilities).log()[None], default, **options)[0]


def test_objects_by_hand():
    corners = [[0.1, 0.1, 0.3, 0.3], [0.1, 0.1, 0.3, 0.32], [0.6, 0.6, 1.2, 0.9], [0.0, 0.0, 0.5, 0.5]]
    probabilities = [[0.1, 0.6, 0.3], [0.1, 0.8, 0.1], [0.3, 0.0, 0.7], [0.999, 0.0005, 0.0005]]
    found = decoded(corners, probabilities)
    assert found.labels.tolist() == [1, 2, 2]  # the first box falls to the second in class 1, the second to the first in class 2
    torch.testing.assert_close(found.scores, torch.tensor([0.8, 0.7, 0.3]))
    expected = torch.tensor([[0.1, 0.1, 0.3, 0.32], [0.6, 0.6, 1.0, 0.9], [0.1, 0.1, 0.3, 0.3]])
    torch.testing.assert_close(found.boxes, expected)
    assert decoded(corners, probabilities, min_score=0.75).labels.tolist() == [1]
    assert decoded(corners, probabilities, max_overlap=0.95).labels.tolist() == [1, 2, 1, 2, 2]
    assert decoded(corners, probabilities, limit=2).labels.tolist() == [1, 2]
    assert decoded(corners, probabilities, candidates=1).labels.tolist() == [1, 2]
    assert decoded(corners, [[1.0, 0.0, 0.0]] * 4).boxes.shape == (0, 4)


def test_images_of_a_batch_are_apart():
    boxes, _, _ = many_boxes(3, 20)
    default = to_centres(boxes)
    offsets, logits = torch.randn(2, 20, 4), torch.randn(2, 20, 3)
    both = find_objects(offsets, logits, default)
    for n in range(2):
        (alone,) = find_objects(offsets[n : n + 1], logits[n : n + 1], default)
        for ours, theirs in zip(alone, both[n], strict=True):
            assert torch.equal(ours, theirs)
