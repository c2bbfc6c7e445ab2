"""Target networks: slow copies that what is learned is measured by. The agents with a replay have one."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays

M = TypeVar("M", bound=nn.Module)


@torch.no_grad()
def approach(target: nn.Module, source: nn.Module, tau: float) -> None:
    """Moves the target's parameters a share tau of the way to the source's (Lillicrap et al. 2016)."""
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), tau)


class Target(Generic[M]):
    """A copy of a network that follows it every so many steps (Mnih et al. 2015). It is never learned itself."""

    def __init__(self, network: M, *, every: int, share: float) -> None:
        """It moves once every so many steps, and then a share of the way: 1 copies, less is Polyak's average."""
        self.network = copy.deepcopy(network).requires_grad_(False)
        self._followed, self._every, self._share = network, every, share

    def follow(self, before: int, now: int) -> None:
        """Moves as often as `every` was completed from one number of steps to another."""
        if times := now // self._every - before // self._every:
            approach(self.network, self._followed, 1 - (1 - self._share) ** times)

    def state(self) -> Arrays:
        """Its weights."""
        return dict(get_weights(self.network))

    def load(self, weights: Arrays, *, owner: str) -> None:
        """Goes on from weights. Raises UserError where they do not fit."""
        set_weights(self.network, weights, owner=owner)
