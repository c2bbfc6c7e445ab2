"""FCN finds drawn shapes: from the coarse map of a classifier to the class of every point, by three steps that add finer maps.

    python examples/shapes_fcn.py

Long, Shelhamer and Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation"; the library's networks an eighth as
wide, with batch norm. As in the paper (section 4.2) FCN-16s begins with what FCN-32s has learned, and FCN-8s with what that has;
the finer the map whose scores are added, the finer the edges (its table 3).

Reached with seed 0, in 90 seconds of one core: mean IoU .253 (32s), .790 (16s) and .915 (8s) on 200 pictures held back.
"""

from __future__ import annotations

import torch
from _segmentation import drawings, measure, picture, train
from _shapes import CLASSES
from torch import nn

from zerodojo.cli.example import Example, main
from zerodojo.models import create
from zerodojo.models.counting import parameters


def run(example: Example) -> None:
    """Trains the three one after the other, and measures each on pictures that were held back."""
    torch.manual_seed(example.seed)
    training, held_back = drawings(example, side=96)  # small shapes would have a point or two of the map of stride 8
    before, predictions = None, {}
    for name, steps, at_least in (("fcn32s", 300, None), ("fcn16s", 300, None), ("fcn8s", 500, 0.8)):
        network = create(name, num_classes=len(CLASSES), width=8, norm="batch")
        if before is not None:
            take_over(network, before)
        title, more = f"FCN-{name[3:]}", example.choose(steps, 2)
        example.say(f"{title}: {parameters(network):,} parameters, {more} batches more")
        train(network, training, steps=more, rate=3e-3)
        predictions[title] = measure(example, title, network, held_back, at_least=at_least)
        before = network
    example.picture(lambda figure: picture(figure, held_back, predictions), size=(9, 6))


def take_over(network: nn.Module, before: nn.Module) -> None:
    """Begins with the weights of the network before, all of which it has; the coarser one's doubling comes first in both."""
    network.load_state_dict(network.state_dict() | before.state_dict())


if __name__ == "__main__":
    main(run, doc=__doc__, name="shapes_fcn")
