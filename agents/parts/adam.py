"""Adam with a clipped gradient, and its state by name: the optimiser of every agent that learns by a gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..checkpoint import Arrays
from .gradient import clipped_gradient


class Adam:
    """Adam (Kingma and Ba 2015) over the parameters of a module."""

    def __init__(self, module: nn.Module, *, epsilon: float = 1e-5, clip: float = math.inf) -> None:
        """`clip` bounds the gradient's norm."""
        self._module, self._clip = module, clip
        self._parameters = list(module.parameters())
        self._optimizer = torch.optim.Adam(self._parameters, lr=0.0, eps=epsilon, fused=True)

    def step(self, loss: Tensor, *, rate: float) -> float:
        """One step down the loss at a learning rate; returns the gradient's norm. Raises FloatingPointError where it is not finite,
        and then has changed nothing."""
        norm = clipped_gradient(loss, self._parameters, self._clip)
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()
        return norm

    def state(self) -> Arrays:
        """Every moment by the name of its parameter."""
        return {
            f"{name}/{key}": np.array(moment.detach().cpu().numpy())
            for name, parameter in self._module.named_parameters()
            for key, moment in self._optimizer.state.get(parameter, {}).items()
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        for name, parameter in self._module.named_parameters():
            moments = {key: state[f"{name}/{key}"] for key in ("step", "exp_avg", "exp_avg_sq") if f"{name}/{key}" in state}
            if moments:
                self._optimizer.state[parameter] = {
                    key: torch.tensor(moment, dtype=torch.float32, device=parameter.device) for key, moment in moments.items()
                }
