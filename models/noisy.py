"""A linear layer whose weights are noisy, so that a network explores by itself (Fortunato et al. 2018). Agents put it in heads."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

SIGMA = 0.5  # the noise of a fresh layer, over the root of its inputs (Fortunato et al. 2018, section 3.2)


class NoisyLinear(nn.Module):
    """Weights and biases with factorised Gaussian noise, whose deviations are learned. Quiet until noise is drawn."""

    _inward: Tensor  # [inputs]
    _outward: Tensor  # [outputs]

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))
        self.weight_deviation = nn.Parameter(torch.full((outputs, inputs), SIGMA * bound))
        self.bias_deviation = nn.Parameter(torch.full((outputs,), SIGMA * bound))
        self.register_buffer("_inward", torch.zeros(inputs), persistent=False)
        self.register_buffer("_outward", torch.zeros(outputs), persistent=False)

    def set_noise(self, inward: NDArray[np.float32], outward: NDArray[np.float32]) -> None:
        """The noise of each input [inputs] and of each output [outputs], normally distributed."""
        self._inward = _scaled(inward).to(self.weight.device)
        self._outward = _scaled(outward).to(self.weight.device)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs] -> [N, outputs] (equations 9 to 11)."""
        weight = self.weight + self.weight_deviation * torch.outer(self._outward, self._inward)
        return F.linear(x, weight, self.bias + self.bias_deviation * self._outward)


def draw_noise(module: nn.Module, generator: np.random.Generator) -> None:
    """Fresh noise for every noisy layer of a module."""
    for layer in _noisy(module):
        outputs, inputs = layer.weight.shape
        layer.set_noise(generator.standard_normal(inputs, np.float32), generator.standard_normal(outputs, np.float32))


def quiet(module: nn.Module) -> None:
    """No noise in any layer of a module: its means alone."""
    for layer in _noisy(module):
        outputs, inputs = layer.weight.shape
        layer.set_noise(np.zeros(inputs, np.float32), np.zeros(outputs, np.float32))


def _noisy(module: nn.Module) -> list[NoisyLinear]:
    return [layer for layer in module.modules() if isinstance(layer, NoisyLinear)]


def _scaled(noise: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.sign(noise) * np.sqrt(np.abs(noise)))
