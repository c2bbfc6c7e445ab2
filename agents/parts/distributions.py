"""What a policy's numbers mean: independent choices, or independent numbers, normal or squashed between -1 and 1. Agents sample,
and weigh what was done.

Sampling is NumPy's, from a generator that is handed in, so that a run goes on number for number; log-probabilities and entropies
are torch's, to be differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ...envs.gym.spaces import Actions, ActionSpace

CLOSED = -1e9  # the logit of what a mask closes: no probability, and no gradient


def parameters(space: ActionSpace) -> int:
    """How many numbers a policy's head gives for one observation: a logit a choice, or the mean of every number."""
    return sum(space.sizes) or len(space.low)


def sample_choices(
    logits: NDArray[np.float32], space: ActionSpace, mask: NDArray[np.bool_] | None, generator: np.random.Generator | None
) -> Actions:
    """Actions drawn by logits [N, sum of sizes], without a generator the likeliest. Gumbel's trick: argmax(logits + noise)."""
    if mask is not None:
        logits = np.where(mask, logits, np.float32(CLOSED))
    if generator is not None:
        logits = logits + generator.gumbel(size=logits.shape).astype(np.float32)
    if space.single:
        return logits.argmax(axis=1)
    return np.stack([logits[:, part].argmax(axis=1) for part in _parts(space)], axis=1)


class Choices:
    """Independent categorical distributions, one for each part of the logits [..., sum of sizes]; those a mask closes are never
    taken. Actions [...] for a single choice, else [..., K]."""

    def __init__(self, logits: Tensor, space: ActionSpace, mask: Tensor | None = None) -> None:
        if mask is not None:
            logits = logits.masked_fill(~mask, CLOSED)
        self._single = space.single
        self._logs = [logits[..., part].log_softmax(-1) for part in _parts(space)]

    def log_prob(self, action: Tensor) -> Tensor:
        """The log-probability of actions, [...]."""
        columns = [action] if self._single else action.unbind(-1)
        picked = [logs.gather(-1, column.unsqueeze(-1)).squeeze(-1) for logs, column in zip(self._logs, columns, strict=True)]
        return torch.stack(picked).sum(0) if len(picked) > 1 else picked[0]

    def entropy(self) -> Tensor:
        """In nats, [...]."""
        each = [-(logs.exp() * logs).sum(-1) for logs in self._logs]
        return torch.stack(each).sum(0) if len(each) > 1 else each[0]


class Normal:
    """Independent normal distributions with means [..., K] and logarithms of deviations [K] or [..., K]. Actions [..., K]."""

    def __init__(self, mean: Tensor, log_std: Tensor) -> None:
        self._mean, self._log_std = mean, log_std

    def log_prob(self, action: Tensor) -> Tensor:
        """The log-density of actions, [...]."""
        scaled = (action - self._mean) * torch.exp(-self._log_std)
        return -(0.5 * scaled.square() + self._log_std + 0.5 * math.log(2 * math.pi)).sum(-1)

    def entropy(self) -> Tensor:
        """In nats, [...]."""
        return (self._log_std + 0.5 * math.log(2 * math.pi * math.e)).expand_as(self._mean).sum(-1)


class SquashedNormal:
    """The hyperbolic tangent of independent normal numbers, between -1 and 1 (Haarnoja et al. 2018b, appendix C)."""

    def __init__(self, mean: Tensor, log_std: Tensor) -> None:
        """Means and logarithms of deviations before squashing, [..., K]."""
        self._mean, self._log_std = mean, log_std

    def sample(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Standard normal numbers [..., K] -> (actions [..., K], their log-density [...]), differentiable in the policy.

        The derivative of tanh is written so that it stays exact where tanh is 1 in floating point.
        """
        raw = self._mean + self._log_std.exp() * noise
        log_normal = -(0.5 * noise.square() + self._log_std + 0.5 * math.log(2 * math.pi))
        log_slope = 2 * (math.log(2) - raw - F.softplus(-2 * raw))  # log(1 - tanh(raw)^2)
        return raw.tanh(), (log_normal - log_slope).sum(-1)


def _parts(space: ActionSpace) -> Iterator[slice]:
    """Where each choice's logits stand."""
    end = 0
    for size in space.sizes:
        yield slice(end, end := end + size)
