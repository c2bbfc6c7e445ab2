"""RMSprop as A2C was published with: the epsilon stands inside the root, and the mean of squares begins at one.

PyTorch's own has the epsilon outside and begins at zero, whose first steps are far larger.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..checkpoint import Arrays


class RMSProp:
    """RMSprop (Tieleman and Hinton 2012) over the parameters of a module."""

    def __init__(self, module: nn.Module, *, decay: float = 0.99, epsilon: float, clip: float = math.inf) -> None:
        """`decay` is that of the mean of squares, `epsilon` inside the root; `clip` bounds the gradient's norm."""
        self._decay, self._epsilon, self._clip = decay, epsilon, clip
        self._parameters = dict(module.named_parameters())
        self._squares = {name: torch.ones_like(parameter) for name, parameter in self._parameters.items()}

    def step(self, loss: Tensor, *, rate: float) -> float:
        """One step down the loss at a learning rate; returns the gradient's norm. Raises FloatingPointError where it is not finite,
        and then has changed nothing."""
        for parameter in self._parameters.values():
            parameter.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._parameters.values(), self._clip).item()
        if not math.isfinite(norm):
            raise FloatingPointError("the gradient is not finite")
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                if (gradient := parameter.grad) is not None:
                    square = self._squares[name].mul_(self._decay).addcmul_(gradient, gradient, value=1 - self._decay)
                    parameter.addcdiv_(gradient, (square + self._epsilon).sqrt_(), value=-rate)
        return norm

    def state(self) -> Arrays:
        """Every mean of squares by the name of its parameter."""
        return {name: np.array(square.cpu().numpy()) for name, square in self._squares.items()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        for name, square in self._squares.items():
            square.copy_(torch.tensor(state[name]))
