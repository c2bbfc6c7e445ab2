"""The learner: one network, one optimiser, one step per batch. Called by the training loop.

The loss is AlphaGo Zero's: cross-entropy of the policy with the search's, squared error of the value (Silver et al. 2017,
equation 1); where the game tells areas, KataGo's ownership and score can be learned beside it. The optimiser is in `optimizer`.
Play uses an exponential moving average of the weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...models.hardware import has_bf16
from ...models.heads import AreaHeads
from ...models.network import PolicyValueNetwork, Weights, get_weights, set_weights
from .config import LearnerConfig
from .optimizer import Arrays, Optimizer, filters_of
from .replay import Areas, Batch

AREAS = "areas/"  # before the names of those heads' weights in a state
FINAL_RATE = 0.05  # of the learning rate's height, at the end of a plan


class NonFiniteLoss(Exception):
    """A loss or gradient that is no number; the weights are as they were before the batch."""

    def __init__(self, step: int, batch: Batch) -> None:
        super().__init__(f"the loss is not finite at step {step}")
        self.step, self.batch = step, batch


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What one step measured."""

    policy_loss: float  # cross-entropy in nats, less the target's own entropy: 0 is a perfect fit
    value_loss: float  # mean squared error
    policy_entropy: float  # of the network's policy over legal moves, nats
    gradient_norm: float  # before clipping
    learning_rate: float
    ownership_loss: float | None = None  # cross-entropy in nats, mean of all points; None where it is not learned
    score_loss: float | None = None  # of the distribution of scores: cross-entropy in nats, and squared differences of its sums


class Learner:
    """Trains a network, in place."""

    def __init__(self, network: PolicyValueNetwork, config: LearnerConfig, *, areas: AreaHeads | None = None) -> None:
        """With heads of `areas` it learns those too: they stay with it, and no engine sees them. Batches must tell them then."""
        self._config = config
        self._device = torch.device(config.device)
        self._network = network.to(self._device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._areas = None if areas is None else areas.to(self._device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._learned: list[nn.Module] = [network] if self._areas is None else [network, self._areas]
        self._optimizer = Optimizer(network, config, filters=filters_of(network), more=self._areas)
        self._state = [t for t in network.state_dict().values() if t.is_floating_point()]
        self._average = [t.detach().clone() for t in self._state]
        self._bf16 = config.precision == "bf16" or (config.precision == "auto" and (self._device.type == "cuda" or has_bf16()))
        self.steps = 0

    def learn(self, batch: Batch) -> Losses:
        """One step. Raises NonFiniteLoss, and then has changed nothing."""
        config, network = self._config, self._network
        planes = torch.from_numpy(batch.planes).to(self._device, memory_format=torch.channels_last)
        policy, value = torch.from_numpy(batch.policy).to(self._device), torch.from_numpy(batch.value).to(self._device)
        legal = torch.from_numpy(batch.legal).to(self._device)
        buffers = [(buffer, buffer.clone()) for module in self._learned for buffer in module.buffers()]
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            seen = network.backbone(planes)
            logits, predicted = network.policy(seen), network.value(seen)
        log_policy = F.log_softmax(logits.float().masked_fill(~legal, -torch.inf), dim=1).masked_fill(~legal, 0.0)
        policy_loss = -(policy * log_policy).sum(1).mean()
        value_loss = F.mse_loss(predicted.float(), value)
        loss = policy_loss + config.value_weight * value_loss
        ownership_loss = score_loss = None
        if self._areas is not None:
            assert batch.areas is not None  # the replay was asked for them
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                held, scores = self._areas(seen)
            ownership_loss, score_loss = self._area_losses(held, scores, batch.areas, self._areas.radius)
            loss = loss + config.ownership_weight * ownership_loss + config.score_weight * score_loss
        parameters = [parameter for module in self._learned for parameter in module.parameters()]
        for parameter in parameters:
            parameter.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(parameters, config.gradient_clip)
        if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
            for buffer, before in buffers:
                buffer.copy_(before)
            raise NonFiniteLoss(self.steps, batch)
        rate = learning_rate(config, self.steps)
        self._optimizer.step(rate)
        self.steps += 1
        self._follow()
        with torch.no_grad():
            entropy = -(log_policy.exp().masked_fill(~legal, 0.0) * log_policy).sum(1).mean()
            own = -torch.xlogy(policy, policy).sum(1).mean()
        return Losses(
            policy_loss=(policy_loss.detach() - own).item(),
            value_loss=value_loss.item(),
            policy_entropy=entropy.item(),
            gradient_norm=norm.item(),
            learning_rate=rate,
            ownership_loss=None if ownership_loss is None else ownership_loss.item(),
            score_loss=None if score_loss is None else score_loss.item(),
        )

    def _area_losses(self, ownership: Tensor, scores: Tensor, areas: Areas, radius: int) -> tuple[Tensor, Tensor]:
        """KataGo's losses of ownership [N, H, W] and scores [N, K] (Wu 2019, section 4.1), over games played to an end."""
        told = torch.from_numpy(areas.told).to(self._device).float()
        share = told / told.sum().clamp(min=1)
        held = (torch.from_numpy(areas.ownership).to(self._device) + 1) / 2
        each = F.binary_cross_entropy_with_logits(ownership.float(), held, reduction="none").mean((1, 2))
        place = torch.from_numpy(np.clip(np.floor(areas.score) + radius, 0, 2 * radius - 1).astype(np.int64)).to(self._device)
        scores = scores.float()
        reached = torch.arange(scores.shape[1], device=self._device) >= place[:, None]
        sums = (scores.softmax(1).cumsum(1) - reached.float()).square().sum(1)
        return (share * each).sum(), (share * (F.cross_entropy(scores, place, reduction="none") + sums)).sum()

    def _follow(self) -> None:
        """Moves the average towards the weights; early on it forgets faster, so that the first steps do not linger in it."""
        keep = min(self._config.ema, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self._average, self._state, 1.0 - keep)

    def weights(self) -> Weights:
        """The averaged weights: what plays."""
        return {name: _numpy(t) for name, t in zip(self._names(), self._average, strict=True)}

    def state(self) -> Arrays:
        """Everything `load` needs to go on exactly here, the averaged weights aside."""
        state: Arrays = {f"weight/{name}": array for name, array in get_weights(self._network).items()}
        if self._areas is not None:
            state |= {f"{AREAS}{name}": array for name, array in get_weights(self._areas).items()}
        state |= self._optimizer.state()
        state["steps"] = np.array(self.steps, np.int64)
        return state

    def load(self, weights: Weights, state: Arrays | None = None, *, owner: str = "these weights") -> None:
        """Continues from averaged weights and a `state`; without one, starts anew from these weights. Raises UserError where they
        do not fit; `owner` says in it whose they are."""
        raw = {name[7:]: array for name, array in (state or {}).items() if name.startswith("weight/")} or weights
        set_weights(self._network, raw, owner=owner)
        with torch.no_grad():
            for name, average in zip(self._names(), self._average, strict=True):
                average.copy_(torch.tensor(weights[name]))
        if state is not None:
            heads = {name.removeprefix(AREAS): array for name, array in state.items() if name.startswith(AREAS)}
            if self._areas is not None and heads:  # a run may begin to learn them later
                set_weights(self._areas, heads, owner=owner)
            self.steps = int(state["steps"])
            self._optimizer.load(state)

    def _names(self) -> list[str]:
        return [name for name, t in self._network.state_dict().items() if t.is_floating_point()]


def learning_rate(config: LearnerConfig, step: int) -> float:
    """The rate of a step: linear warm-up, then the height, or a cosine to a twentieth of it over the plan, and the same again."""
    if config.planned_steps:
        step %= config.planned_steps
    rate = config.learning_rate * min(1.0, (step + 1) / max(config.warmup_steps, 1))
    if config.planned_steps:
        rate *= FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * step / config.planned_steps))
    return rate


def _numpy(tensor: Tensor) -> NDArray[Any]:
    return np.array(tensor.detach().cpu().contiguous().numpy(), order="C")
