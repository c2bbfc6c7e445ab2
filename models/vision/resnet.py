"""ResNet (He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition"): 18, 34, 50, 101 and 152 layers.

Names and shapes of the weights are torchvision's, and so is the one difference from the paper: a bottleneck has its stride in the
3x3 convolution, not in the first 1x1. With `stem="board"` the same stages keep height and width, for boards; with `dilations`
a stage reaches further instead of striding (Yu, Koltun and Funkhouser 2017, "Dilated Residual Networks").
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import unknown
from ..checks import check_counts, check_images, check_several
from .norms import Norm, norm

Stem = Literal["imagenet", "board"]
STEMS = ("imagenet", "board")


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the way around them (figure 5, left)."""

    expansion = 1

    def __init__(self, inputs: int, channels: int, stride: int, dilation: int, kind: Norm) -> None:
        super().__init__()
        self.conv1 = conv3x3(inputs, channels, stride, dilation)
        self.bn1 = norm(kind, channels)
        self.conv2 = conv3x3(channels, channels, 1, dilation)
        self.bn2 = norm(kind, channels)
        self.downsample = shortcut(inputs, channels, stride, kind)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, channels, H / stride, W / stride]."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1 to fewer channels, 3x3 there, 1x1 to four times as many, and the way around them (figure 5, right)."""

    expansion = 4

    def __init__(self, inputs: int, channels: int, stride: int, dilation: int, kind: Norm) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = norm(kind, channels)
        self.conv2 = conv3x3(channels, channels, stride, dilation)
        self.bn2 = norm(kind, channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = norm(kind, 4 * channels)
        self.downsample = shortcut(inputs, 4 * channels, stride, kind)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, 4 * channels, H / stride, W / stride]."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


BLOCKS: dict[
    int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]
] = {  # layers: block, blocks a stage (table 1)
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


class ResNet(nn.Module):
    """A stem, four stages of residual blocks and a linear layer on the mean of their map."""

    def __init__(
        self,
        depth: int,
        *,
        num_classes: int,
        channels: int,
        width: int,
        kind: Norm,
        stem: Stem,
        dilations: tuple[int, int, int, int],
    ) -> None:
        super().__init__()
        block, counts = BLOCKS[depth]
        self.name, self.channels = f"resnet{depth}", channels
        keeps_size = stem == "board"
        self.conv1 = conv3x3(channels, width, 1, 1) if keeps_size else nn.Conv2d(channels, width, 7, 2, padding=3, bias=False)
        self.bn1 = norm(kind, width)
        self.maxpool = nn.Identity() if keeps_size else nn.MaxPool2d(3, 2, padding=1)
        inputs, stages = width, []
        for stage, (count, dilation) in enumerate(zip(counts, dilations, strict=True)):
            outputs = width * 2**stage
            stride = 1 if stage == 0 or keeps_size or dilation > 1 else 2
            blocks = []
            for index in range(count):
                blocks.append(block(inputs, outputs, stride if index == 0 else 1, dilation, kind))
                inputs = outputs * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.output_channels = inputs
        self.fc = nn.Linear(inputs, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> [N, output_channels, H / 32, W / 32], rounded up; with the stem of boards H and W are kept."""
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, channels, H, W] -> logits [N, num_classes]. Raises UserError for another input."""
        check_images(self.name, self, x, channels=self.channels)
        out: Tensor = self.fc(self.features(x).mean((2, 3)))
        return out


def resnet(
    *,
    depth: int,
    num_classes: int = 1000,
    channels: int = 3,
    width: int = 64,
    norm: Norm = "batch",
    stem: Stem = "imagenet",
    dilations: tuple[int, int, int, int] = (1, 1, 1, 1),
) -> ResNet:
    """A ResNet of `depth` layers, its first stage of `width` channels (bottlenecks: within them), each later one of twice as many.

    A stage with a dilation above 1 has no stride. Raises UserError for an option that does not fit.
    """
    name = f"resnet{depth}"
    check_counts(name, num_classes=num_classes, channels=channels, width=width)
    check_stem(stem)
    check_several(name, many=len(BLOCKS[depth][1]), dilations=dilations)
    return ResNet(depth, num_classes=num_classes, channels=channels, width=width, kind=norm, stem=stem, dilations=dilations)


def conv3x3(inputs: int, outputs: int, stride: int, dilation: int) -> nn.Conv2d:
    """A 3x3 convolution that keeps height and width unless it strides, without bias because a normalisation follows."""
    return nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation, bias=False)


def shortcut(inputs: int, outputs: int, stride: int, kind: Norm) -> nn.Module | None:
    """The way around a block: nothing where shapes agree, else a 1x1 convolution (option B of the paper)."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(kind, outputs))


def check_stem(stem: str) -> None:
    """Raises UserError for a stem that there is not."""
    if stem not in STEMS:
        raise unknown("stem", str(stem), STEMS)
