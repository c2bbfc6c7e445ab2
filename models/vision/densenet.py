"""DenseNet-BC (Huang, Liu, van der Maaten and Weinberger 2017, "Densely Connected Convolutional Networks"): 121, 161, 169 and 201
layers. Names and shapes of the weights are torchvision's. With `stem="board"` the same blocks keep height and width.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..checks import check_counts, check_images
from .norms import Norm, norm
from .resnet import Stem, check_stem

BLOCKS = {121: (6, 12, 24, 16), 161: (6, 12, 36, 24), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}  # layers a block (table 1)
BOTTLENECK = 4  # channels before a layer's 3x3 convolution, over those it adds
LEAST = 29  # points a side, of which something is left behind every pooling


class DenseLayer(nn.Module):
    """Normalise, rectify, 1x1, normalise, rectify, 3x3: the result stands beside the input (section 3, "Bottleneck layers")."""

    def __init__(self, inputs: int, growth: int, kind: Norm) -> None:
        super().__init__()
        self.norm1 = norm(kind, inputs)
        self.conv1 = nn.Conv2d(inputs, BOTTLENECK * growth, 1, bias=False)
        self.norm2 = norm(kind, BOTTLENECK * growth)
        self.conv2 = nn.Conv2d(BOTTLENECK * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, inputs + growth, H, W]."""
        new = self.conv1(F.relu(self.norm1(x)))
        new = self.conv2(F.relu(self.norm2(new)))
        return torch.cat((x, new), 1)


class DenseNet(nn.Module):
    """A stem, four dense blocks with transitions between them that halve channels and size, and a linear layer on the mean."""

    def __init__(self, depth: int, *, num_classes: int, channels: int, width: int, growth: int, kind: Norm, stem: Stem) -> None:
        super().__init__()
        self.name, self.channels, self.least = f"densenet{depth}", channels, LEAST if stem == "imagenet" else 1
        keeps_size = stem == "board"
        self.features = nn.Sequential()
        first = (3, 1, 1) if keeps_size else (7, 2, 3)
        self.features.add_module("conv0", nn.Conv2d(channels, width, first[0], first[1], padding=first[2], bias=False))
        self.features.add_module("norm0", norm(kind, width))
        self.features.add_module("relu0", nn.ReLU())
        if not keeps_size:
            self.features.add_module("pool0", nn.MaxPool2d(3, 2, padding=1))
        inputs = width
        for number, count in enumerate(BLOCKS[depth], start=1):
            block = nn.Sequential()
            for index in range(count):
                block.add_module(f"denselayer{index + 1}", DenseLayer(inputs, growth, kind))
                inputs += growth
            self.features.add_module(f"denseblock{number}", block)
            if number < len(BLOCKS[depth]):
                self.features.add_module(f"transition{number}", transition(inputs, kind, keeps_size=keeps_size))
                inputs //= 2
        self.features.add_module("norm5", norm(kind, inputs))
        self.output_channels = inputs
        self.classifier = nn.Linear(inputs, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, H, W] -> logits [N, num_classes]. Raises UserError for another input."""
        check_images(self.name, self, x, channels=self.channels, least=self.least)
        out: Tensor = self.classifier(F.relu(self.features(x)).mean((2, 3)))
        return out

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As PyTorch's; the names of the first published files are read too."""
        return super().load_state_dict({self.current_name(name): tensor for name, tensor in state_dict.items()}, strict, assign)

    @staticmethod
    def current_name(name: str) -> str:
        """What a weight is called by now; in the first published files it may be `denselayer1.norm.1.weight`."""
        return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name)


def densenet(
    *,
    depth: int,
    num_classes: int = 1000,
    channels: int = 3,
    width: int | None = None,
    norm: Norm = "batch",
    stem: Stem = "imagenet",
) -> DenseNet:
    """A DenseNet of `depth` layers with `width` channels behind its stem (64, and 96 of 161), each layer adding half as many.

    Raises UserError for an option that does not fit.
    """
    width = (96 if depth == 161 else 64) if width is None else width
    check_counts(f"densenet{depth}", num_classes=num_classes, channels=channels, width=width)
    check_stem(stem)
    growth = max(1, width // 2)
    return DenseNet(depth, num_classes=num_classes, channels=channels, width=width, growth=growth, kind=norm, stem=stem)


def transition(inputs: int, kind: Norm, *, keeps_size: bool) -> nn.Sequential:
    """[N, inputs, H, W] -> [N, inputs / 2, H / 2, W / 2]; or H and W are kept."""
    layers = nn.Sequential()
    layers.add_module("norm", norm(kind, inputs))
    layers.add_module("relu", nn.ReLU())
    layers.add_module("conv", nn.Conv2d(inputs, inputs // 2, 1, bias=False))
    if not keeps_size:
        layers.add_module("pool", nn.AvgPool2d(2))
    return layers
