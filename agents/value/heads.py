"""What a network says of an action's value: one number, or a distribution of returns. A head has a mean to act by, and a loss.

A head's numbers are [..., size] for one action; `loss` compares those of B actions taken with those of B actions that follow.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import HeadSettings


class Loss(NamedTuple):
    """What B predictions miss their targets by."""

    loss: Tensor  # [B], to be differentiated
    error: Tensor  # [B], not negative: how much there is to learn from each, its priority


class Head(Protocol):
    """How a value is told."""

    size: int  # numbers an action

    def mean(self, numbers: Tensor) -> Tensor:
        """The expected return, [..., size] -> [...]."""
        ...

    def loss(self, numbers: Tensor, reward: Tensor, discount: Tensor, following: Tensor) -> Loss:
        """Numbers [B, size] against reward [B] + discount [B] times what follows, told by [B, size]."""
        ...


class Scalar:
    """The expected return itself (Mnih et al. 2015), with the Huber loss."""

    size = 1

    def mean(self, numbers: Tensor) -> Tensor:
        """As `Head` says."""
        return numbers.squeeze(-1)

    def loss(self, numbers: Tensor, reward: Tensor, discount: Tensor, following: Tensor) -> Loss:
        """As `Head` says."""
        value, target = numbers.squeeze(-1), reward + discount * following.squeeze(-1)
        return Loss(F.smooth_l1_loss(value, target, reduction="none"), (value - target).detach().abs())


class Categorical:
    """Probabilities of returns that stand at equal distances (C51, Bellemare et al. 2017), as logits."""

    def __init__(self, atoms: int, low: float, high: float, device: torch.device) -> None:
        self.size = atoms
        self._low, self._high = low, high
        self._returns = torch.linspace(low, high, atoms, device=device)

    def mean(self, numbers: Tensor) -> Tensor:
        """As `Head` says."""
        return numbers.softmax(-1) @ self._returns

    def loss(self, numbers: Tensor, reward: Tensor, discount: Tensor, following: Tensor) -> Loss:
        """The cross-entropy with the target, projected on the returns that there are; as `Head` says."""
        target = self.project(reward, discount, following.softmax(-1))
        loss = -(target * numbers.log_softmax(-1)).sum(-1)
        return Loss(loss, loss.detach())

    def project(self, reward: Tensor, discount: Tensor, probabilities: Tensor) -> Tensor:
        """Each return moved to reward + discount * return, its probability shared by the two nearest (algorithm 1): [B, size]."""
        step = (self._high - self._low) / (self.size - 1)
        moved = (reward.unsqueeze(1) + discount.unsqueeze(1) * self._returns).clamp(self._low, self._high)
        place = ((moved - self._low) / step).clamp(0, self.size - 1)
        below = place.floor()
        upper = place - below
        out = torch.zeros_like(probabilities)
        out.scatter_add_(1, below.long(), probabilities * (1 - upper))
        return out.scatter_add_(1, (below + 1).clamp(max=self.size - 1).long(), probabilities * upper)


class Quantiles:
    """Returns that are equally likely (QR-DQN, Dabney et al. 2018), the middles of as many equal parts of all."""

    def __init__(self, quantiles: int, device: torch.device) -> None:
        self.size = quantiles
        self._levels = (torch.arange(quantiles, device=device) + 0.5) / quantiles

    def mean(self, numbers: Tensor) -> Tensor:
        """As `Head` says."""
        return numbers.mean(-1)

    def loss(self, numbers: Tensor, reward: Tensor, discount: Tensor, following: Tensor) -> Loss:
        """The quantile Huber loss (equation 10), summed over the quantiles predicted, the mean over those of the target; as `Head`
        says."""
        target = reward.unsqueeze(1) + discount.unsqueeze(1) * following
        difference = target.unsqueeze(1) - numbers.unsqueeze(2)  # [B, predicted, target]
        huber = F.huber_loss(difference, torch.zeros_like(difference), reduction="none")
        over = (difference.detach() < 0).float()
        loss = ((self._levels.unsqueeze(1) - over).abs() * huber).mean(2).sum(1)
        return Loss(loss, loss.detach())


def make_head(settings: HeadSettings, device: torch.device) -> Head:
    """The head that settings ask for."""
    match settings.kind:
        case "c51":
            return Categorical(settings.atoms, settings.low, settings.high, device)
        case "qr":
            return Quantiles(settings.quantiles, device)
        case "scalar":
            return Scalar()
