"""What reads a backbone's map: a policy and a value (`network.build`), and what a learner alone has (`network.build_areas`)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .board.tower import conv_norm


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


class AreaHeads(nn.Module):
    """Who will hold each point, and by how much (Wu 2019, section 4.1): targets that teach the backbone, and nobody plays by.

    Scores are told as a distribution over whole points, from -`radius` on; what is further away is in the last of them.
    """

    FILTERS, HIDDEN = 32, 64  # KataGo's smaller networks: 32 and 64
    BEYOND = 60  # points of score that handicap and komi add to those of the board (KataGo)

    def __init__(self, input_shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = input_shape
        self.radius = height * width + self.BEYOND
        self.conv = conv_norm(channels, self.FILTERS, 1)
        self.ownership = nn.Conv2d(self.FILTERS, 1, 1)
        self.hidden = nn.Linear(2 * self.FILTERS, self.HIDDEN)
        self.score = nn.Linear(self.HIDDEN, 2 * self.radius)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, channels, H, W] -> (logits that the mover will hold each point [N, H, W], logits of scores [N, 2 * radius])."""
        x = nn.functional.relu(self.conv(x))
        whole = torch.cat((x.mean((2, 3)), x.amax((2, 3))), 1)
        return self.ownership(x)[:, 0], self.score(nn.functional.relu(self.hidden(whole)))
