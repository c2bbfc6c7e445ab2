"""Transposed convolution that begins as bilinear interpolation (Long, Shelhamer and Darrell 2015, section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import UserError
from ..checks import check_counts


def bilinear_kernel(factor: int) -> Tensor:
    """The weights [2 * factor, 2 * factor] of the points around one that is spread over an image `factor` times as large.

    `factor` is even, so that no point of the new image lies on one of the old. Raises UserError for another.
    """
    check_counts("an upsampling", factor=factor)
    if factor % 2:
        raise UserError(f"factor of an upsampling is {factor}; it must be even, such as {factor + 1}")
    distance = (torch.arange(2 * factor) - factor + 0.5).abs() / factor
    return torch.outer(1 - distance, 1 - distance)


class Upsampling(nn.ConvTranspose2d):
    """[N, channels, H, W] -> [N, channels, factor * H, factor * W], learned; at first what `F.interpolate` gives, at the edges too.

    `factor` is even: `bilinear_kernel` raises UserError for another. The edge is repeated once around the image, for interpolation
    has nothing else beyond it.
    """

    def __init__(self, channels: int, factor: int) -> None:
        kernel = bilinear_kernel(factor)
        super().__init__(channels, channels, 2 * factor, stride=factor, padding=factor // 2 + factor, bias=False)
        with torch.no_grad():
            self.weight.zero_()
            self.weight[range(channels), range(channels)] = kernel.to(self.weight)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """As the class says."""
        return super().forward(F.pad(x, (1, 1, 1, 1), mode="replicate"), output_size)
