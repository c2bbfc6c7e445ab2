"""The network behind the eye: SSD at an eighth of its usual size, and the weights that ship beside this file."""

from __future__ import annotations

import torch
from torch import nn

from ...models.creation import create

SIZE = 128  # points a side of what the network sees
CLASSES = 5  # background, board, red, yellow, empty


def fresh_network() -> nn.Module:
    """The network with weights from torch's generator."""
    network = create("ssd", backbone="resnet18", size=SIZE, width=0.25, num_classes=CLASSES, scales=(0.08, 0.13))
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on CPUs
