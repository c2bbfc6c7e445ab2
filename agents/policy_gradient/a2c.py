"""Advantage actor-critic (Mnih et al. 2016, section 4), synchronous: a few steps of all environments, then one gradient.

The weights that learn are those that acted, so one pass through the network gives what was expected and what is learned.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.actor_critic import ActorCritic, ActorCriticPolicy
from ..parts.adam import Adam
from ..parts.judged import as_tensor, mean, standardized, stretches, values_after, values_of_cuts
from ..parts.returns import generalized_advantages
from ..parts.rmsprop import RMSProp
from ..parts.rollout import Rollout, collect_rollout
from ..parts.schedules import linear
from ..parts.seeding import seeded
from .config import A2CSettings


class A2C:
    """The agent."""

    replay = None

    def __init__(self, config: GymConfig[A2CSettings], spaces: Spaces) -> None:
        settings = config.settings
        self._settings, self._planned = settings, config.steps
        self._device = torch.device(config.run.device)
        with seeded(config.seed):
            self._network = ActorCritic(spaces, config.body, shared=settings.shared_body, log_std=settings.log_std)
        self._network.to(self._device)
        self._optimizer: Adam | RMSProp
        if settings.optimizer == "adam":
            self._optimizer = Adam(self._network, epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip)
        else:
            self._optimizer = RMSProp(
                self._network, decay=settings.rms_decay, epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip
            )
        self.policy = ActorCriticPolicy(self._network)
        self.steps = self.updates = 0

    def collect(self, actor: Actor) -> Rollout:
        """A rollout of the policy."""
        rollout = collect_rollout(actor, self._settings.rollout)
        self.steps += rollout.steps
        return rollout

    def batches(self, rollout: Rollout) -> Iterator[Rollout]:
        """The rollout, once."""
        yield rollout

    def learn(self, rollout: Rollout) -> Metrics:
        """One step up the policy's gradient, and down the value's error."""
        settings, share = self._settings, min(1.0, self.steps / self._planned)
        rate = linear(settings.learning_rate, settings.final_learning_rate, share=share)
        whole = stretches(rollout, self._device)
        policy, value, _ = self._network(whole.observation, whole.memory, whole.starts)
        distribution = self._network.distribution(policy, whole.mask)
        expected = value.detach()
        advantages = generalized_advantages(
            rollout.reward,
            expected.T.cpu().numpy(),
            values_after(self._network, rollout),
            rollout.ended,
            values_of_cuts(self._network, rollout),
            gamma=settings.gamma,
            lam=settings.gae_lambda,
        )
        advantage = as_tensor(advantages, self._device).T
        returns = advantage + expected
        if settings.normalize_advantages:
            advantage = standardized(advantage, whole.valid)

        policy_loss = -mean(distribution.log_prob(whole.action) * advantage, whole.valid)
        value_loss = mean((value - returns).square(), whole.valid)
        entropy = mean(distribution.entropy(), whole.valid)
        loss = policy_loss + settings.value_weight * value_loss - settings.entropy_weight * entropy
        try:
            norm = self._optimizer.step(loss, rate=rate)
        except FloatingPointError as reason:
            raise NonFiniteUpdate(whole.arrays()) from reason
        self.updates += 1
        numbers = torch.stack([policy_loss, value_loss, entropy]).tolist()
        names = ("policy_loss", "value_loss", "entropy")
        return {**dict(zip(names, numbers, strict=True)), "gradient_norm": norm, "learning_rate": rate}

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return dict(get_weights(self._network))

    def state(self) -> AgentState:
        """As `Agent` says."""
        return AgentState(arrays=self._optimizer.state(), values={"steps": self.steps, "updates": self.updates})

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """As `Agent` says."""
        set_weights(self._network, weights, owner=owner)
        if state is not None:
            self._optimizer.load(state.arrays)
            self.steps, self.updates = state.values["steps"], state.values["updates"]
