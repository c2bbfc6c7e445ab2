"""ResNet-18 as SSD may stand on it: small, and with batch normalisation, so that it learns from fresh weights in minutes."""

from __future__ import annotations

from torch import nn

from ..vision.resnet import resnet
from .features import Stages, scaled

CHANNELS = 64  # of ResNet's first stage


def resnet18_features(width: float = 1.0) -> Stages:
    """ResNet-18 without its last stage: 128 and 256 channels times `width`, rounded so that each stage has twice those before."""
    network = resnet(depth=18, num_classes=1, width=scaled(CHANNELS, width))
    fine = nn.Sequential(network.conv1, network.bn1, nn.ReLU(), network.maxpool, network.layer1, network.layer2)
    first = scaled(CHANNELS, width)
    return Stages(fine, network.layer3, 2 * first, 4 * first, normalize=False)
