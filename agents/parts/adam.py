"""Adam with a clipped gradient, and its state by name: the optimiser of every agent that learns by a gradient.

The networks of environments are small, so that what a step costs is how many tensors it touches: all parameters of a module become
views of one tensor here, and all gradients of another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..checkpoint import Arrays

ALIGNED = 16  # parameters begin at multiples of so many numbers, where the kernels of linear layers are fastest


class Adam:
    """Adam (Kingma and Ba 2015) over the parameters of a module, which from then on stays on its device."""

    def __init__(self, module: nn.Module, *, epsilon: float = 1e-5, clip: float = math.inf) -> None:
        """`clip` bounds the gradient's norm."""
        self._module, self._clip = module, clip
        parameters = list(module.parameters())
        sizes = [-(-parameter.numel() // ALIGNED) * ALIGNED for parameter in parameters]
        self._all = nn.Parameter(torch.zeros(sum(sizes), device=parameters[0].device))
        self._gradient = self._all.grad = torch.zeros_like(self._all)
        for parameter, mine, gradient in zip(parameters, self._views(self._all.data), self._views(self._gradient), strict=True):
            mine.copy_(parameter.data)
            parameter.data, parameter.grad = mine, gradient
        self._optimizer = torch.optim.Adam([self._all], lr=0.0, eps=epsilon, fused=True)

    def step(self, loss: Tensor, *, rate: float) -> float:
        """One step down the loss at a learning rate; returns the gradient's norm. Raises FloatingPointError where it is not finite,
        and then has changed nothing."""
        self._gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.linalg.vector_norm(self._gradient))
        if not math.isfinite(norm):
            raise FloatingPointError("the gradient is not finite")
        if norm > self._clip:
            self._gradient.mul_(self._clip / norm)
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()
        return norm

    def state(self) -> Arrays:
        """Every moment by the name of its parameter."""
        moments = self._optimizer.state.get(self._all, {})
        if not moments:
            return {}
        out = {"step": np.array(moments["step"].cpu().numpy())}
        for key in ("exp_avg", "exp_avg_sq"):
            for (name, _), moment in zip(self._module.named_parameters(), self._views(moments[key]), strict=True):
                out[f"{name}/{key}"] = np.array(moment.cpu().numpy())
        return out

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        if not state:
            self._optimizer.state.clear()
            return
        device = self._all.device
        moments = {"step": torch.tensor(state["step"], dtype=torch.float32, device=device)}
        for key in ("exp_avg", "exp_avg_sq"):
            moments[key] = torch.zeros_like(self._all.data)
            for (name, _), moment in zip(self._module.named_parameters(), self._views(moments[key]), strict=True):
                moment.copy_(torch.tensor(state[f"{name}/{key}"]))
        self._optimizer.state[self._all] = moments

    def _views(self, numbers: Tensor) -> Iterator[Tensor]:
        """The part of each parameter in one tensor for all."""
        place = 0
        for parameter in self._module.parameters():
            yield numbers[place : place + parameter.numel()].view_as(parameter)
            place += -(-parameter.numel() // ALIGNED) * ALIGNED
