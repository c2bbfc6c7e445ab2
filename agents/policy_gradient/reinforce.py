"""REINFORCE (Williams 1992): play whole episodes, then make what was done likelier, the more so the better it turned out.

With a baseline what counts is how much better it turned out than a learned value expected: the same gradient on average, with
less noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch

from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.actor_critic import ActorCritic, ActorCriticPolicy
from ..parts.adam import Adam
from ..parts.judged import as_tensor, mean, standardized, stretches, values_of_cuts
from ..parts.returns import discounted_returns
from ..parts.rollout import Rollout, collect_episodes
from ..parts.schedules import linear
from ..parts.seeding import seeded
from .config import ReinforceSettings


class Reinforce:
    """The agent."""

    replay = None

    def __init__(self, config: GymConfig[ReinforceSettings], spaces: Spaces) -> None:
        settings = config.settings
        self._settings, self._planned = settings, config.steps
        self._device = torch.device(config.run.device)
        with seeded(config.seed):
            self._network = ActorCritic(spaces, config.body, shared=settings.shared_body, log_std=settings.log_std)
        self._optimizer = Adam(
            self._network.to(self._device), epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip or math.inf
        )
        self.policy = ActorCriticPolicy(self._network)
        self.steps = self.updates = 0

    def collect(self, actor: Actor) -> Rollout:
        """Whole episodes of the policy, equally many in each environment."""
        rollout = collect_episodes(actor, self._settings.episodes)
        self.steps += rollout.steps
        return rollout

    def batches(self, rollout: Rollout) -> Iterator[Rollout]:
        """The episodes, once."""
        yield rollout

    def learn(self, rollout: Rollout) -> Metrics:
        """One step up the gradient of log pi(a_t) (G_t - b_t), G_t the discounted return from step t on (Williams 1992, section 5).

        An episode that was cut short goes on at the value of where it stood; without a baseline there is none, and it ends there.
        """
        settings, share = self._settings, min(1.0, self.steps / self._planned)
        rate = linear(settings.learning_rate, settings.final_learning_rate, share=share)
        whole = stretches(rollout, self._device)
        policy, value, _ = self._network(whole.observation, whole.memory, whole.starts)
        distribution = self._network.distribution(policy, whole.mask)
        beyond = values_of_cuts(self._network, rollout) if settings.baseline else np.zeros_like(rollout.reward)
        nothing = np.zeros(rollout.reward.shape[1], np.float32)  # what counts ends within the rollout
        paid = discounted_returns(rollout.reward, nothing, rollout.ended, beyond, gamma=settings.gamma)
        returns = as_tensor(paid, self._device).T
        advantage = returns - value.detach() if settings.baseline else returns
        if settings.normalize_advantages:
            advantage = standardized(advantage, whole.valid)

        policy_loss = -mean(distribution.log_prob(whole.action) * advantage, whole.valid)
        entropy = mean(distribution.entropy(), whole.valid)
        losses = {"policy_loss": policy_loss, "entropy": entropy}
        loss = policy_loss - settings.entropy_weight * entropy
        if settings.baseline:
            losses["value_loss"] = mean((value - returns).square(), whole.valid)
            loss = loss + settings.value_weight * losses["value_loss"]
        try:
            norm = self._optimizer.step(loss, rate=rate)
        except FloatingPointError as reason:
            raise NonFiniteUpdate(whole.arrays()) from reason
        self.updates += 1
        numbers = torch.stack(list(losses.values())).tolist()
        return {**dict(zip(losses, numbers, strict=True)), "gradient_norm": norm, "learning_rate": rate}

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
