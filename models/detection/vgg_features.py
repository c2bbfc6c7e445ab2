"""VGG16 as SSD stands on it (Simonyan and Zisserman 2015; Liu et al. 2016, section 3).

Differs from the classifier: its last pooling has a stride of 1, and the first two of its linear layers are convolutions with a
quarter of the channels, the first of them dilated to see far. Pooling rounds sides up, as in the paper's framework.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ..vision.vgg import STAGES
from .features import Stages, scaled

CHANNELS = 64  # of VGG's first stage
FINE = 4  # stages up to conv4_3
LINEAR = 1024  # channels of fc6 and fc7


def vgg16_features(width: float = 1.0) -> Stages:
    """Stages of 512 and 1,024 channels times `width`; weights are drawn as He et al. 2015 do."""
    depth, linear = scaled(CHANNELS * STAGES[FINE - 1][0], width), scaled(LINEAR, width)
    dilated = nn.Sequential(
        nn.MaxPool2d(3, stride=1, padding=1),
        nn.Conv2d(depth, linear, 3, padding=6, dilation=6),
        nn.ReLU(),
        nn.Conv2d(linear, linear, 1),
        nn.ReLU(),
    )
    fine = nn.Sequential(*_convolutions(3, STAGES[:FINE], width)[1:])  # nothing is pooled before the first
    coarse = nn.Sequential(*_convolutions(depth, STAGES[FINE:], width), dilated)
    for layer in (*fine.modules(), *coarse.modules()):
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return Stages(fine, coarse, depth, linear, normalize=True)


def _convolutions(channels: int, stages: Sequence[tuple[int, int]], width: float) -> list[nn.Module]:
    """Of each stage a pooling that halves, then its 3x3 convolutions with their rectifiers."""
    layers: list[nn.Module] = []
    for factor, count in stages:
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
        for _ in range(count):
            outputs = scaled(CHANNELS * factor, width)
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU()]
            channels = outputs
    return layers
