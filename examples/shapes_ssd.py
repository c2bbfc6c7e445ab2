"""SSD finds drawn shapes: where they are and what, in one pass.

    python examples/shapes_ssd.py

Liu, Anguelov, Erhan, Szegedy, Reed, Fu and Berg 2016, "SSD: Single Shot MultiBox Detector"; the library's network on VGG-16, an
eighth as wide, for pictures of 64x64, from weights drawn afresh. Learning and use are the paper's: default boxes are matched with
shapes, their offsets and classes are learned with hard negatives from pictures of which half are augmented, and of boxes that
overlap the surest stays.

Reached with seed 0: mAP@.5 .996 on 200 pictures held back, in 151 seconds of one core; with all pictures augmented it was .823.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from _shapes import CLASSES, COLOURS, Shapes, draw_shapes

from zerodojo.cli.example import Example, main
from zerodojo.evaluation.metrics.coco import coco_scores
from zerodojo.evaluation.metrics.detection import Found, Truth
from zerodojo.evaluation.metrics.voc import voc_average_precision, voc_mean_average_precision
from zerodojo.models.counting import parameters
from zerodojo.models.detection.augment import Example as Seen
from zerodojo.models.detection.augment import augment
from zerodojo.models.detection.decoding import Objects, find_objects
from zerodojo.models.detection.loss import multibox_loss
from zerodojo.models.detection.ssd import SSD, ssd

SIDE = 64  # points of a picture
BATCH = 8
AUGMENTED = 0.5  # of the pictures of a batch: with all of them most shapes are smaller or larger than those held back ever are
RATE = 3e-3  # of learning, at its highest
SURE = 0.5  # score of the boxes that are drawn
SHOWN = 12  # pictures in the picture


def run(example: Example) -> None:
    """Trains it, and measures it on pictures that were held back."""
    torch.manual_seed(example.seed)
    training = draw_shapes(example.choose(1500, 16), side=SIDE, seed=example.seed)
    held_back = draw_shapes(example.choose(200, 12), side=SIDE, seed=example.seed + 1_000_000)
    network = ssd(size=SIDE, num_classes=len(CLASSES), width=1 / 8, scales=(0.25, 0.45))
    steps = example.choose(2800, 3)
    example.say(f"SSD of {parameters(network):,} parameters and {len(network.default_boxes)} default boxes, {steps} batches")
    train(network, training, steps, np.random.default_rng(example.seed))
    found = find(network, held_back)
    measure(example, held_back, found)
    example.picture(lambda figure: picture(figure, held_back, found), size=(9, 3.4))


def train(network: SSD, shapes: Shapes, steps: int, generator: np.random.Generator) -> None:
    """AdamW on random batches by the MultiBox loss; the rate of learning rises and falls (Smith 2018, one cycle).

    Half of what it sees is augmented: in another light, a part of the picture, or the whole somewhere on a larger canvas.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(steps):
        batch = torch.randint(len(shapes.images), (BATCH,)).tolist()
        seen = [Seen(shapes.images[k], shapes.boxes[k], shapes.labels[k]) for k in batch]
        seen = [augment(one, generator, size=SIDE) if generator.random() < AUGMENTED else one for one in seen]
        images = torch.stack([one.image for one in seen]).contiguous(memory_format=torch.channels_last)
        offsets, logits = network(images)
        boxes, labels = [one.boxes for one in seen], [one.labels for one in seen]
        loss = multibox_loss(offsets, logits, network.default_boxes, boxes, labels)
        optimizer.zero_grad()
        (loss.location + loss.classification).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


@torch.no_grad()
def find(network: SSD, shapes: Shapes) -> list[Objects]:
    """What it finds in every picture."""
    found = []
    for some in shapes.images.split(50):
        offsets, logits = network.eval()(some)
        found += find_objects(offsets, logits, network.default_boxes, limit=20)
    return found


def measure(example: Example, shapes: Shapes, found: list[Objects]) -> None:
    """Average precisions, counted as VOC and COCO do."""
    truths = [Truth(boxes.numpy(), labels.numpy()) for boxes, labels in zip(shapes.boxes, shapes.labels, strict=True)]
    told = [Found(*(np.asarray(column) for column in one)) for one in found]
    example.say(f"In {len(truths)} pictures held back:")
    for label, name in enumerate(CLASSES[1:], start=1):
        example.check(f"AP of each {name}, overlap .5 (VOC)", voc_average_precision(truths, told, label))
    example.check("mAP@.5 (VOC)", voc_mean_average_precision(truths, told), at_least=0.9, learned=True)
    example.check("mAP, overlaps .5 to .95 (COCO)", coco_scores(truths, told).ap)


def picture(figure: Any, shapes: Shapes, found: list[Objects]) -> None:
    """Pictures with the boxes that were found, in their classes' colours, and the sure score of each."""
    axes = figure.subplots(2, SHOWN // 2).flat
    for axis, image, objects in zip(axes, shapes.images[:SHOWN], found, strict=False):
        axis.imshow(image.permute(1, 2, 0).numpy())
        axis.set_axis_off()
        for box, label, score in zip(*objects, strict=True):
            if score < SURE:
                continue
            left, top, right, bottom = (float(edge) * SIDE - 0.5 for edge in box)  # the middle of the first point is 0
            colour = COLOURS[int(label)]
            axis.plot((left, right, right, left, left), (top, top, bottom, bottom, top), color=colour, linewidth=2)
            told, ground = f"{CLASSES[int(label)]} {score:.2f}", {"facecolor": colour, "linewidth": 0, "pad": 1}
            axis.text(left, top, told, color="white", fontsize=6, va="bottom", bbox=ground)


if __name__ == "__main__":
    main(run, doc=__doc__, name="shapes_ssd")
