"""MobileNet V1 (Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications").

The last convolution of table 1 keeps the size, as it must for the sizes given there, though "s2" is printed. With `stem="board"`
the same blocks keep height and width.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ..checks import check_counts, check_images, check_width
from .norms import Norm, norm
from .resnet import Stem, check_stem

STEM = 32  # channels of the first convolution
BLOCKS = (  # channels and stride of the thirteen (table 1)
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)


class SeparableBlock(nn.Module):
    """A 3x3 convolution of every channel for itself, then a 1x1 over all of them (figure 3, right)."""

    def __init__(self, inputs: int, outputs: int, stride: int, kind: Norm) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False)
        self.bn1 = norm(kind, inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = norm(kind, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H / stride, W / stride], rounded up."""
        x = F.relu(self.bn1(self.depthwise(x)))
        return F.relu(self.bn2(self.pointwise(x)))


class MobileNet(nn.Module):
    """A 3x3 convolution, thirteen separable blocks and a linear layer on the mean of their map."""

    def __init__(self, *, num_classes: int, channels: int, width: float, kind: Norm, stem: Stem) -> None:
        super().__init__()
        self.channels = channels
        keeps_size = stem == "board"
        inputs = scaled(STEM, width)
        self.conv1 = nn.Conv2d(channels, inputs, 3, 1 if keeps_size else 2, padding=1, bias=False)
        self.bn1 = norm(kind, inputs)
        blocks = []
        for outputs, stride in BLOCKS:
            blocks.append(SeparableBlock(inputs, scaled(outputs, width), 1 if keeps_size else stride, kind))
            inputs = scaled(outputs, width)
        self.blocks = nn.Sequential(*blocks)
        self.output_channels = inputs
        self.fc = nn.Linear(inputs, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, output_channels, H / 32, W / 32], rounded up; with the stem of boards H and W are kept."""
        out: Tensor = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return out

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, H, W] -> logits [N, num_classes]. Raises UserError for another input."""
        check_images("mobilenet_v1", self, x, channels=self.channels)
        out: Tensor = self.fc(self.features(x).mean((2, 3)))
        return out


def mobilenet_v1(
    *, num_classes: int = 1000, channels: int = 3, width: float = 1.0, norm: Norm = "batch", stem: Stem = "imagenet"
) -> MobileNet:
    """MobileNet V1 with `width` times the paper's channels (its width multiplier; there 1, .75, .5 and .25).

    Raises UserError for an option that does not fit.
    """
    check_counts("mobilenet_v1", num_classes=num_classes, channels=channels)
    check_width("mobilenet_v1", width)
    check_stem(stem)
    return MobileNet(num_classes=num_classes, channels=channels, width=width, kind=norm, stem=stem)


def scaled(channels: int, width: float) -> int:
    """Channels under a width multiplier, at least one."""
    return max(1, int(channels * width))
