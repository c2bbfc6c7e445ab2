"""What reads a backbone's map: a policy and a value. Made by `network.build`."""

from __future__ import annotations

from torch import Tensor, nn

from .tower import conv_norm


class PolicyHead(nn.Module):
    """A 1x1 convolution to a few filters and one linear layer to the actions (Silver et al. 2017, Methods: 2 filters)."""

    def __init__(self, input_shape: tuple[int, int, int], *, filters: int, actions: int) -> None:
        super().__init__()
        channels, height, width = input_shape
        self.conv = conv_norm(channels, filters, 1)
        self.logits = nn.Linear(filters * height * width, actions)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> logits [N, A]."""
        out: Tensor = self.logits(nn.functional.relu(self.conv(x)).flatten(1))
        return out


class ValueHead(nn.Module):
    """A 1x1 convolution, a hidden layer and a tanh (Silver et al. 2017, Methods: 1 filter, 256 units)."""

    def __init__(self, input_shape: tuple[int, int, int], *, filters: int, hidden: int) -> None:
        super().__init__()
        channels, height, width = input_shape
        self.conv = conv_norm(channels, filters, 1)
        self.hidden = nn.Linear(filters * height * width, hidden)
        self.value = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, H, W] -> values [N] in [-1, 1]."""
        x = nn.functional.relu(self.conv(x)).flatten(1)
        return self.value(nn.functional.relu(self.hidden(x))).tanh().flatten()
