"""Image backbones from the vision families: the map of a whole network, its mean, and layers behind it. Made by `body.Body`.

Normalised by groups: what an agent sees comes in small batches that change with what it does, and it acts on one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from ..checks import check_made_for
from ..config import BodyConfig
from ..convnet import SMALLEST
from ..creation import create
from ..mlp import layers

HEADS = {"densenet121": "classifier"}  # the layer that tells classes, which is left away; `fc` of the others


class VisionEncoder(nn.Module):
    """A network of the library without its classes, rectified linear layers of `hidden` units behind it.

    Large images go through its own stem; small ones through the stem of boards, which keeps their size.
    """

    output_size: int  # D

    def __init__(self, name: str, input_shape: tuple[int, ...], config: BodyConfig) -> None:
        super().__init__()
        self.input_shape = input_shape
        channels, height, width = input_shape
        stem = "imagenet" if min(height, width) >= SMALLEST else "board"
        self.network = create(name, channels=channels, norm="group", stem=stem)
        delattr(self.network, HEADS.get(name, "fc"))
        size = self.network.output_channels
        assert isinstance(size, int)
        self.layers = layers(size, config.hidden, nn.ReLU, norm=config.layer_norm)
        self.output_size = config.hidden[-1] if config.hidden else size

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, D]. Raises UserError for another shape than it was made for."""
        check_made_for(self.input_shape, x)
        features = cast(Callable[[Tensor], Tensor], self.network.features)
        out: Tensor = self.layers(torch.relu(features(x)).mean((2, 3)))
        return out


resnet18, resnet34, resnet50, densenet121, mobilenet_v1 = (
    partial(VisionEncoder, name) for name in ("resnet18", "resnet34", "resnet50", "densenet121", "mobilenet_v1")
)
