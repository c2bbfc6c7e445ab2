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
from torch.optim.adam import adam

from ..checkpoint import Arrays

BETAS = (0.9, 0.999)  # decay of the two moments (Kingma and Ba 2015)
ALIGNED = 16  # parameters begin at multiples of so many numbers, where the kernels of linear layers are fastest


class Adam:
    """Adam (Kingma and Ba 2015) over the parameters of a module, which from then on stays on its device."""

    def __init__(self, module: nn.Module, *, epsilon: float, clip: float = math.inf) -> None:
        """`epsilon` stands beside the root; `clip` bounds the gradient's norm."""
        self._module, self._epsilon, self._clip = module, epsilon, clip
        parameters = list(module.parameters())
        sizes = [-(-parameter.numel() // ALIGNED) * ALIGNED for parameter in parameters]
        self._all = torch.zeros(sum(sizes), device=parameters[0].device)
        self._gradient, self._mean, self._square = (torch.zeros_like(self._all) for _ in range(3))
        self._taken = torch.zeros((), device=self._all.device)  # steps
        for parameter, mine, gradient in zip(parameters, self._views(self._all), self._views(self._gradient), strict=True):
            mine.copy_(parameter.data)
            parameter.data, parameter.grad = mine, gradient

    def step(self, loss: Tensor, *, rate: float) -> float:
        """One step down the loss at a learning rate; returns the gradient's norm. Raises FloatingPointError where it is not finite,
        and then has changed nothing."""
        norm = self.backward(loss)
        self.apply(rate=rate)
        return norm

    def backward(self, loss: Tensor) -> float:
        """The first half of `step`: takes and clips the gradient; returns its norm. Raises FloatingPointError likewise."""
        self._gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.linalg.vector_norm(self._gradient))
        if not math.isfinite(norm):
            raise FloatingPointError("the gradient is not finite")
        if norm > self._clip:
            self._gradient.mul_(self._clip / norm)
        return norm

    def apply(self, *, rate: float) -> None:
        """The second half: moves along the gradient that was taken."""
        adam(
            [self._all],
            [self._gradient],
            [self._mean],
            [self._square],
            [],
            [self._taken],
            fused=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=rate,
            weight_decay=0.0,
            eps=self._epsilon,
            maximize=False,
        )

    def state(self) -> Arrays:
        """Every moment by the name of its parameter; nothing before the first step."""
        if not self._taken:
            return {}
        out = {"step": np.array(self._taken.cpu().numpy())}
        for key, moments in self._moments().items():
            for (name, _), moment in zip(self._module.named_parameters(), self._views(moments), strict=True):
                out[f"{name}/{key}"] = np.array(moment.cpu().numpy())
        return out

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self._taken.copy_(torch.tensor(state.get("step", 0.0)))
        for key, moments in self._moments().items():
            if not state:
                moments.zero_()
                continue
            for (name, _), moment in zip(self._module.named_parameters(), self._views(moments), strict=True):
                moment.copy_(torch.tensor(state[f"{name}/{key}"]))

    def _moments(self) -> dict[str, Tensor]:
        return {"exp_avg": self._mean, "exp_avg_sq": self._square}

    def _views(self, numbers: Tensor) -> Iterator[Tensor]:
        """The part of each parameter in one tensor for all."""
        place = 0
        for parameter in self._module.parameters():
            yield numbers[place : place + parameter.numel()].view_as(parameter)
            place += -(-parameter.numel() // ALIGNED) * ALIGNED
