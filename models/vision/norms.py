"""The four normalisations by one name. They differ in what a mean and a variance are taken over; see `norm`.

Ioffe and Szegedy 2015 (batch), Ba, Kiros and Hinton 2016 (layer), Ulyanov, Vedaldi and Lempitsky 2016 (instance), Wu and He 2018
(group), whose figure 2 shows all of them.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from ...errors import UserError, unknown

Norm = Literal["batch", "layer", "instance", "group"]
NORMS: tuple[Norm, ...] = ("batch", "layer", "instance", "group")
GROUPS = 32  # of channels (Wu and He 2018, section 4.1)


class _BatchNorm(nn.BatchNorm2d):
    """PyTorch's, refusing in one line to train on a single number a channel, whose deviation is none."""

    def _check_input_dim(self, x: Tensor) -> None:
        if self.training and x.numel() == x.shape[1]:
            raise UserError(
                "batch norm cannot train on one image whose map is 1x1; take a larger batch, larger images or norm='group'"
            )


class _InstanceNorm(nn.InstanceNorm2d):
    """PyTorch's, refusing in one line a map of a single point, of which nothing is left."""

    def _check_input_dim(self, x: Tensor) -> None:
        if x.shape[2:].numel() == 1:
            raise UserError("instance norm cannot read a map of 1x1; take larger images or norm='group'")


def norm(kind: Norm, channels: int) -> nn.Module:
    """A normalisation of maps [N, channels, H, W], with a scale and a shift for every channel.

    Mean and variance of a number are those of its channel over N, H and W (batch; in evaluation the running ones), of its example
    over all channels, H and W (layer), of its example and channel over H and W (instance), of its example over a group of channels,
    H and W (group: 32 groups, or fewer, so that none is a channel alone). Raises UserError for another name.
    """
    if kind == "batch":
        return _BatchNorm(channels)
    if kind == "layer":
        return nn.GroupNorm(1, channels)
    if kind == "instance":
        return _InstanceNorm(channels, affine=True)
    if kind == "group":
        groups = math.gcd(channels, GROUPS)
        return nn.GroupNorm(groups // 2 if groups == channels > 1 else groups, channels)
    raise unknown("norm", str(kind), NORMS)
