"""Two judges of actions whose lower word is taken, so that no error of one alone is exploited (Fujimoto et al. 2018)."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from ...models.body import Body
from ...models.config import BodyConfig
from ...models.mlp import ACTIVATIONS
from ..gym.agent import Spaces

TWINS = 2


class TwinCritics(nn.Module):
    """Two perceptrons side by side, each layer of both in one product of matrices. Images pass an encoder first that both share."""

    def __init__(self, spaces: Spaces, config: BodyConfig) -> None:
        super().__init__()
        vector = len(spaces.observation.shape) == 1
        self.encoder = None if vector else Body(spaces.observation.shape, config)
        size = spaces.observation.shape[0] if self.encoder is None else self.encoder.output_size
        sizes = (size + len(spaces.action.low), *config.hidden, 1)
        self.weights = nn.ParameterList(_uniform(TWINS, after, before, size=before) for before, after in pairwise(sizes))
        self.biases = nn.ParameterList(_uniform(TWINS, 1, after, size=before) for before, after in pairwise(sizes))
        hidden = config.hidden if config.layer_norm else ()
        self.gains = nn.ParameterList(nn.Parameter(torch.ones(TWINS, 1, units)) for units in hidden)
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(TWINS, 1, units)) for units in hidden)
        self.activation = ACTIVATIONS[config.activation]()

    def forward(self, observation: Tensor, action: Tensor) -> Tensor:
        """Observations [B, ...], actions [B, K] -> values [2, B]."""
        return self._values(self._encoded(observation), action, list)

    def held(self, observation: Tensor, action: Tensor, n: int = TWINS) -> Tensor:
        """Values [n, B] of the first n, differentiable in the actions alone: critics are not to learn what an actor wishes."""
        with torch.no_grad():
            features = self._encoded(observation)
        return self._values(features, action, lambda parts: [part[:n].detach() for part in parts])

    def _encoded(self, observation: Tensor) -> Tensor:
        if self.encoder is None:
            return observation
        features, _ = self.encoder(observation.unsqueeze(1), {}, torch.empty(0))
        out: Tensor = features.squeeze(1)
        return out

    def _values(self, features: Tensor, action: Tensor, taken: Callable[[nn.ParameterList], list[Tensor]]) -> Tensor:
        weights, biases, gains, shifts = map(taken, (self.weights, self.biases, self.gains, self.shifts))
        x = torch.cat([features, action], 1).expand(len(weights[0]), -1, -1)
        for i, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
            x = torch.baddbmm(bias, x, weight.mT)
            if gains:
                x = nn.functional.layer_norm(x, x.shape[-1:]) * gains[i] + shifts[i]
            x = self.activation(x)
        return torch.baddbmm(biases[-1], x, weights[-1].mT).squeeze(-1)


def _uniform(*shape: int, size: int) -> nn.Parameter:
    """As PyTorch's linear layers of so many inputs begin."""
    bound = 1 / math.sqrt(size)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
