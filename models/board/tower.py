"""What all board backbones are: a 3x3 convolution to some channels, then blocks that keep height and width."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn

from ...errors import UserError
from ..checks import check_made_for


class Tower(nn.Module):
    """A stem and blocks, one behind the other."""

    output_shape: tuple[int, int, int]  # channels, H, W: what the heads are made for

    def __init__(
        self, input_shape: tuple[int, int, int], channels: int, blocks: Iterable[nn.Module], *, outputs: int | None = None
    ) -> None:
        """`channels` come out of the stem, `outputs` of the last block (None: as many). Blocks are drawn after the stem is made."""
        super().__init__()
        self.input_shape = planes, height, width = input_shape
        self.output_shape = (outputs or channels, height, width)
        self.stem = conv_norm(planes, channels, 3)
        self.blocks = nn.Sequential(*blocks)

    def forward(self, planes: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, channels, H, W]. Raises UserError for another shape than it was made for."""
        check_made_for(self.input_shape, planes)
        out: Tensor = self.blocks(nn.functional.relu(self.stem(planes)))
        return out


def conv_norm(inputs: int, outputs: int, size: int) -> nn.Sequential:
    """A convolution that keeps height and width, without bias because the normalisation behind it has one."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False), nn.BatchNorm2d(outputs))


def check_multiple(name: str, channels: int, of: int, what: str) -> None:
    """Raises UserError unless a number of channels is a multiple."""
    if channels % of:
        raise UserError(f"network.channels is {channels}, and backbone {name} needs a multiple of {of}, {what}")
