"""A Transformer over the board (Vaswani et al. 2017): every point is a token, and looks at every other.

Layers are normalised first (Xiong et al. 2020). Where a token stands is told by a bias on the scores for every offset in rows and
columns (Liu et al. 2021, "Swin Transformer", equation 4): on boards the encoding of places is what decides (Monroe and Chalmers
2024, "Mastering Chess with a Transformer Model"). Linear layers are 1x1 convolutions, so that the map stays a map.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..config import NetworkConfig
from .tower import Tower, check_multiple

HIDDEN = 4  # times the channels, of the feed-forward part; the paper: 4


class ChannelNorm(nn.Module):
    """A layer normalisation (Ba et al. 2016) of every point over its channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        out: Tensor = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return out


class Attention(nn.Module):
    """Every point looks at every point, `heads` times side by side (section 3.2.2), with a bias for every offset."""

    def __init__(self, channels: int, heads: int, board: tuple[int, int]) -> None:
        super().__init__()
        height, width = board
        self.heads, self.width, self.size = heads, width, channels // heads
        self.query, self.key, self.value, self.out = (nn.Conv2d(channels, channels, 1) for _ in range(4))
        self.offset_bias = nn.Parameter(torch.zeros(heads, (2 * height - 1) * (2 * width - 1)))
        rows, columns = torch.arange(height * width) // width, torch.arange(height * width) % width
        offsets = (rows[:, None] - rows + height - 1) * (2 * width - 1) + columns[:, None] - columns + width - 1
        self.register_buffer("offsets", offsets, persistent=False)  # [T, T]
        self.offsets: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        queries, keys, values = (self._split(part(x)) for part in (self.query, self.key, self.value))  # [N, heads, D, T]
        scores = queries.transpose(2, 3) @ keys / math.sqrt(self.size) + self.offset_bias[:, self.offsets]
        seen = values @ scores.softmax(-1).transpose(2, 3)
        out: Tensor = self.out(seen.flatten(1, 2).unflatten(2, (-1, self.width)))  # type: ignore[no-untyped-call]
        return out

    def _split(self, x: Tensor) -> Tensor:
        return x.flatten(2).unflatten(1, (self.heads, self.size))  # type: ignore[no-untyped-call]


class EncoderBlock(nn.Module):
    """Attention and a feed-forward part, each behind a normalisation and with a way around it."""

    def __init__(self, channels: int, heads: int, board: tuple[int, int]) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(channels), ChannelNorm(channels)
        self.attention = Attention(channels, heads, board)
        self.wide, self.narrow = nn.Conv2d(channels, HIDDEN * channels, 1), nn.Conv2d(HIDDEN * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, channels, H, W]."""
        x = x + self.attention(self.norm1(x))
        return x + self.narrow(nn.functional.relu(self.wide(self.norm2(x))))


class TransformerTower(Tower):
    """`blocks` encoder layers of `channels` and `heads`, behind a 3x3 convolution that shows each point neighbours and edge."""

    def __init__(self, input_shape: tuple[int, int, int], config: NetworkConfig) -> None:
        """Raises UserError for channels that the heads do not divide."""
        channels, board = config.channels, input_shape[1:]
        check_multiple("transformer", channels, config.heads, "its network.heads")
        super().__init__(input_shape, channels, (EncoderBlock(channels, config.heads, board) for _ in range(config.blocks)))
        self.blocks.append(ChannelNorm(channels))
