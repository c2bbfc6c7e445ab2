"""A multilayer perceptron, the backbone of vectors. Made by `body.Body`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .checks import check_made_for
from .config import BodyConfig


class Tanh(nn.Module):
    """The hyperbolic tangent; on a processor as 2 / (1 + exp(-2x)) - 1, for PyTorch's own takes three times as long there, which is
    a sixth of the time that a small network learns in."""

    def __init__(self) -> None:
        super().__init__()
        self._below = torch.tensor(-1.0)

    def forward(self, x: Tensor) -> Tensor:
        """As large as x, and within a rounding error of one of tanh."""
        return x.tanh() if x.is_cuda else torch.add(self._below, torch.sigmoid(2 * x), alpha=2)


ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": Tanh, "relu": nn.ReLU}


class Perceptron(nn.Module):
    """Linear layers of `hidden` units, an activation behind each."""

    output_size: int  # D

    def __init__(self, input_shape: tuple[int, ...], config: BodyConfig) -> None:
        super().__init__()
        self.input_shape = input_shape
        (size,) = input_shape
        self.output_size = config.hidden[-1] if config.hidden else size
        self.layers = layers(size, config.hidden, ACTIVATIONS[config.activation], norm=config.layer_norm)

    def forward(self, x: Tensor) -> Tensor:
        """[N, F] -> [N, D]. Raises UserError for another shape than it was made for."""
        check_made_for(self.input_shape, x)
        out: Tensor = self.layers(x)
        return out


def layers(size: int, hidden: tuple[int, ...], activation: type[nn.Module], *, norm: bool) -> nn.Sequential:
    """Linear layers from `size` inputs on, an activation behind each; with `norm` a layer normalisation before it."""
    parts: list[nn.Module] = []
    for units in hidden:
        parts += [nn.Linear(size, units), *([nn.LayerNorm(units)] if norm else []), activation()]
        size = units
    return nn.Sequential(*parts)
