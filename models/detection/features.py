"""What SSD asks of the network it stands on, and where to find those that can be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from ...errors import unknown
from ..registry import imported

FEATURES = {  # name -> "module:function", which makes the stages for a width
    "resnet18": ".detection.resnet_features:resnet18_features",
    "vgg16": ".detection.vgg_features:vgg16_features",
}


class Stages(NamedTuple):
    """A classifier's convolutions in two parts, each of which rounds a map's sides up where it halves them."""

    fine: nn.Module  # images [N, 3, H, W] -> [N, fine_channels, H / 8, W / 8]
    coarse: nn.Module  # that map -> [N, coarse_channels, H / 16, W / 16]
    fine_channels: int
    coarse_channels: int
    normalize: bool  # whether the fine map is on another scale than the others: that of a network without normalisation


def make_stages(name: str, width: float) -> Stages:
    """The stages of that name, all their channels `width` times those of the paper. Raises UserError for an unknown name."""
    if name not in FEATURES:
        raise unknown("backbone of ssd", name, FEATURES)
    make: Callable[[float], Stages] = imported(FEATURES[name])
    return make(width)


def scaled(channels: int, width: float) -> int:
    """That share of the channels, at least one."""
    return max(1, round(channels * width))
