"""A copy of a network that follows it slowly, and judges what comes next (Mnih et al. 2015). The agents with a replay have one."""

from __future__ import annotations

import copy

import torch

from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from .network import QNetwork


class Target:
    """The copy. It is never learned itself."""

    def __init__(self, network: QNetwork, *, every: int, share: float) -> None:
        """It moves once every so many steps, and then a share of the way: 1 copies, less is Polyak's average."""
        self.network = copy.deepcopy(network).requires_grad_(False)
        self._followed, self._every, self._share = network, every, share

    @torch.no_grad()
    def follow(self, before: int, now: int) -> None:
        """Moves as often as `every` was completed from one number of steps to another."""
        times = now // self._every - before // self._every
        if not times:
            return
        share = 1 - (1 - self._share) ** times
        for target, parameter in zip(self.network.parameters(), self._followed.parameters(), strict=True):
            target.lerp_(parameter, share) if share < 1 else target.copy_(parameter)

    def state(self) -> Arrays:
        """Its weights."""
        return dict(get_weights(self.network))

    def load(self, weights: Arrays, *, owner: str) -> None:
        """Goes on from weights. Raises UserError where they do not fit."""
        set_weights(self.network, weights, owner=owner)
