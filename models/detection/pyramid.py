"""The maps that SSD looks at, from fine to coarse (Liu et al. 2016, figure 2): two of a classifier, and smaller ones behind."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .features import Stages, scaled

SCALE = 20.0  # what the norm of the fine map begins with at every point


class Pyramid(nn.Module):
    """Images [N, 3, size, size] -> maps [N, channels[k], sides[k], sides[k]], the last of a single point.

    Modules are named as in torchvision's SSD. `steps` are the distances between a map's points, as fractions of the image.
    """

    def __init__(self, stages: Stages, *, size: int, width: float) -> None:
        super().__init__()
        side = -(-size // 8)
        self.sides, self.steps = [side, -(-side // 2)], [8 / size, 16 / size]
        self.channels = [stages.fine_channels, stages.coarse_channels]
        self.features = stages.fine
        self.scale_weight = nn.Parameter(torch.full((stages.fine_channels,), SCALE)) if stages.normalize else None
        self.extra = nn.ModuleList([stages.coarse])
        while self.sides[-1] > 1:
            self._append(size, width)

    def _append(self, size: int, width: float) -> None:
        """One map more: half the sides while they are many, then whatever brings 5 to 3, 3 to 1 and 2 to 1."""
        side, first = self.sides[-1], len(self.sides) == 2
        middle, channels = (scaled(full * (2 if first else 1), width) for full in (128, 256))
        if side in (3, 5):
            second = nn.Conv2d(middle, channels, 3)
        elif side == 2:
            second = nn.Conv2d(middle, channels, 4, padding=1)
        else:
            second = nn.Conv2d(middle, channels, 3, stride=2, padding=1)
        halved = second.stride == (2, 2)
        self.sides.append(-(-side // 2) if halved else side - 2 if side > 2 else 1)
        self.steps.append(2 * self.steps[-1] if halved else 1 / self.sides[-1])
        self.extra.append(nn.Sequential(nn.Conv2d(self.channels[-1], middle, 1), nn.ReLU(), second, nn.ReLU()))
        self.extra[-1].apply(xavier)
        self.channels.append(channels)

    def forward(self, images: Tensor) -> list[Tensor]:
        """[N, 3, size, size] -> the maps."""
        x = self.features(images)
        maps = [x if self.scale_weight is None else normalized(x, self.scale_weight)]
        for stage in self.extra:
            x = stage(x)
            maps.append(x)
        return maps


def normalized(x: Tensor, scale: Tensor) -> Tensor:
    """L2 normalisation (Liu, Rabinovich and Berg 2016, ParseNet): at each point of [N, C, H, W] the norm over channels becomes 1,
    times the learned scale [C]."""
    return scale[:, None, None] * nn.functional.normalize(x, dim=1)


def xavier(layer: nn.Module) -> None:
    """What the paper draws the weights of new convolutions by (Glorot and Bengio 2010)."""
    if isinstance(layer, nn.Conv2d) and layer.bias is not None:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
