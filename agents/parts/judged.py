"""A rollout together with what the weights that acted say of it, as tensors: what on-policy agents make their batches of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..checkpoint import Arrays
from .actor_critic import ActorCritic
from .returns import generalized_advantages
from .rollout import Rollout


class Stretches(NamedTuple):
    """A rollout as tensors: N stretches of T steps."""

    observation: Tensor  # [N, T, ...]; images lie in memory with their channels last, as learning wants them
    mask: Tensor | None  # [N, T, A]
    memory: dict[str, Tensor]  # [N, units], before each stretch
    starts: Tensor  # [N, T]
    action: Tensor  # [N, T, ...]
    valid: Tensor | None  # [N, T], whether the step counts; None where all do

    def arrays(self) -> Arrays:
        """For saving a batch that went wrong."""
        return {name: part.cpu().numpy() for name, part in self._asdict().items() if isinstance(part, Tensor)}


class Judged(NamedTuple):
    """B stretches of L steps: with a memory N stretches of T steps, without one N T stretches of 1."""

    observation: Tensor  # [B, L, ...]
    mask: Tensor | None  # [B, L, A]
    memory: dict[str, Tensor]  # [B, units], before each stretch
    starts: Tensor  # [B, L]
    action: Tensor  # [B, L, ...]
    log_prob: Tensor  # [B, L], of the action when it was taken
    value: Tensor  # [B, L], then
    advantage: Tensor  # [B, L]
    returns: Tensor  # [B, L], advantage + value: what the value should be
    valid: Tensor | None  # [B, L], whether the step counts; None where all do

    def rows(self, rows: Tensor) -> Judged:
        """Some of the stretches."""
        return Judged(
            observation=_images(self.observation, rows) if self.observation.dim() == 5 else self.observation[rows],
            mask=None if self.mask is None else self.mask[rows],
            memory={name: part[rows] for name, part in self.memory.items()},
            starts=self.starts[rows],
            action=self.action[rows],
            log_prob=self.log_prob[rows],
            value=self.value[rows],
            advantage=self.advantage[rows],
            returns=self.returns[rows],
            valid=None if self.valid is None else self.valid[rows],
        )

    def arrays(self) -> Arrays:
        """For saving a batch that went wrong."""
        return {name: part.cpu().numpy() for name, part in self._asdict().items() if isinstance(part, Tensor)}


def stretches(rollout: Rollout, device: torch.device) -> Stretches:
    """The rollout on a device, environments first."""
    observation = as_tensor(rollout.observation, device).transpose(0, 1)
    return Stretches(
        observation=observation if observation.dim() < 5 else observation.movedim(2, -1).contiguous().movedim(-1, 2),
        mask=None if rollout.mask is None else as_tensor(rollout.mask, device).transpose(0, 1),
        memory={name: as_tensor(array, device) for name, array in rollout.memory.items()},
        starts=as_tensor(rollout.starts, device).transpose(0, 1),
        action=as_tensor(rollout.action, device).transpose(0, 1),
        valid=None if rollout.valid.all() else as_tensor(rollout.valid, device).transpose(0, 1),
    )


@torch.no_grad()
def judge(network: ActorCritic, rollout: Rollout, *, gamma: float, lam: float) -> Judged:
    """Values, log-probabilities and generalised advantages of a rollout, all at once; the network is asked for what acting did not
    tell."""
    device = next(network.parameters()).device
    whole = stretches(rollout, device)
    if rollout.policy is None or rollout.value is None:
        policy, value, _ = network(whole.observation, whole.memory, whole.starts)
    else:
        policy, value = as_tensor(rollout.policy, device).transpose(0, 1), as_tensor(rollout.value, device).T
    advantages = generalized_advantages(
        rollout.reward,
        value.T.cpu().numpy(),
        values_after(network, rollout),
        rollout.ended,
        values_of_cuts(network, rollout),
        gamma=gamma,
        lam=lam,
    )
    advantage = as_tensor(advantages, device).T
    judged = Judged(
        **whole._asdict(),
        log_prob=network.distribution(policy, whole.mask).log_prob(whole.action),
        value=value,
        advantage=advantage,
        returns=advantage + value,
    )
    return judged if whole.memory else _single(judged)


@torch.no_grad()
def values_after(network: ActorCritic, rollout: Rollout) -> NDArray[np.float32]:
    """The value of what follows the last step of a rollout, [N]."""
    device = next(network.parameters()).device
    memory = {name: as_tensor(array, device) for name, array in rollout.last_memory.items()}
    seen, starts = as_tensor(rollout.last, device).unsqueeze(1), as_tensor(rollout.last_starts, device).unsqueeze(1)
    values: NDArray[np.float32] = network(seen, memory, starts)[1].squeeze(1).cpu().numpy()
    return values


@torch.no_grad()
def values_of_cuts(network: ActorCritic, rollout: Rollout) -> NDArray[np.float32]:
    """The values of what episodes that were cut short would have gone on from, [T, N], 0 elsewhere."""
    out = np.zeros(rollout.reward.shape, np.float32)
    if rollout.cuts:
        device = next(network.parameters()).device
        seen = as_tensor(np.stack([cut.observation for cut in rollout.cuts]), device).unsqueeze(1)
        memory = {name: as_tensor(np.stack([cut.memory[name] for cut in rollout.cuts]), device) for name in rollout.memory}
        going = torch.zeros(len(rollout.cuts), 1, dtype=torch.bool, device=device)
        values = network(seen, memory, going)[1].squeeze(1).cpu().numpy()
        out[[cut.t for cut in rollout.cuts], [cut.n for cut in rollout.cuts]] = values
    return out


def mean(x: Tensor, valid: Tensor | None) -> Tensor:
    """Over the steps that count."""
    return x.mean() if valid is None else (x * valid).sum() / valid.sum().clamp(min=1)


def standardized(x: Tensor, valid: Tensor | None) -> Tensor:
    """To mean 0 and deviation 1 over the steps that count."""
    centred = x - mean(x, valid)
    return centred / (mean(centred.square(), valid).sqrt() + 1e-8)


def _images(images: Tensor, rows: Tensor) -> Tensor:
    """Some of the stretches of images, each copied as one piece of memory."""
    last = images.movedim(2, -1)
    return last.flatten(1).index_select(0, rows).view(len(rows), *last.shape[1:]).movedim(-1, 2)


def as_tensor(array: NDArray[Any], device: torch.device) -> Tensor:
    """The array on a device."""
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)


def _single(judged: Judged) -> Judged:
    """Every step a stretch of its own: [B, L, ...] to [B L, 1, ...]."""

    def flat(part: Tensor) -> Tensor:
        return part.flatten(0, 1).unsqueeze(1)

    return Judged(
        observation=flat(judged.observation),
        mask=None if judged.mask is None else flat(judged.mask),
        memory={},
        starts=flat(judged.starts),
        action=flat(judged.action),
        log_prob=flat(judged.log_prob),
        value=flat(judged.value),
        advantage=flat(judged.advantage),
        returns=flat(judged.returns),
        valid=None if judged.valid is None else flat(judged.valid),
    )
