"""Proximal policy optimisation (Schulman et al. 2017), for choices and for continuous actions, with masks and with a memory.

Collecting only acts. Values and log-probabilities of what was done are those of the weights that acted: what acting does not tell
is computed at once for the whole rollout, before learning changes the weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ...errors import UserError
from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.actor_critic import ActorCritic, ActorCriticPolicy
from ..parts.adam import Adam
from ..parts.judged import Judged, judge, mean, standardized
from ..parts.rollout import Rollout, collect_rollout
from ..parts.schedules import linear
from ..parts.seeding import seeded
from .config import PPOSettings


class PPO:
    """The agent."""

    replay = None

    def __init__(self, config: GymConfig[PPOSettings], spaces: Spaces) -> None:
        settings = config.settings
        if settings.sde and not spaces.action.continuous:
            raise UserError(f"sde explores among numbers, and here an action is {spaces.action}; leave it off")
        self._settings, self._planned = settings, config.steps
        with seeded(config.seed):
            self._network = ActorCritic(
                spaces, config.body, shared=settings.shared_body, log_std=settings.log_std, sde=settings.sde
            )
        self._optimizer = Adam(self._network.to(config.run.device), epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip)
        self._generator = np.random.default_rng((config.seed, 2))  # of the minibatches
        self.policy = ActorCriticPolicy(self._network, sde_frequency=settings.sde_frequency)
        self.steps = self.updates = 0

    def collect(self, actor: Actor) -> Rollout:
        """A rollout of the policy."""
        self.policy.renew()
        rollout = collect_rollout(actor, self._settings.rollout)
        self.steps += rollout.steps
        return rollout

    def batches(self, rollout: Rollout) -> Iterator[Judged]:
        """Minibatches of the rollout, shuffled, for some epochs, which end early where the policy has moved too far."""
        settings = self._settings
        whole = judge(self._network, rollout, gamma=settings.gamma, lam=settings.gae_lambda)
        stretches, length = whole.starts.shape
        for _ in range(settings.epochs):
            order = torch.from_numpy(self._generator.permutation(stretches))
            for rows in torch.split(order, max(1, settings.minibatch // length)):
                yield whole.rows(rows) if len(rows) < stretches else whole  # of all, the order does not matter
            if settings.target_kl and self._moved(whole) > settings.target_kl:
                return

    def learn(self, batch: Judged) -> Metrics:
        """One step down the clipped loss (Schulman et al. 2017, equations 7 and 9)."""
        settings, share = self._settings, min(1.0, self.steps / self._planned)
        clip = linear(settings.clip, settings.final_clip, share=share)
        rate = linear(settings.learning_rate, settings.final_learning_rate, share=share)
        policy, value, _ = self._network(batch.observation, batch.memory, batch.starts)
        distribution = self._network.distribution(policy, batch.mask)
        advantage = batch.advantage
        if settings.normalize_advantages:
            advantage = standardized(advantage, batch.valid)

        log_ratio = distribution.log_prob(batch.action) - batch.log_prob
        ratio = log_ratio.exp()
        limit = advantage * torch.where(advantage > 0, 1 + clip, 1 - clip)  # beyond which nothing more is gained
        objective = torch.minimum(ratio * advantage, limit)
        error = (value - batch.returns).square()
        if settings.value_clip:
            near = batch.value + (value - batch.value).clamp(-settings.value_clip, settings.value_clip)
            error = torch.maximum(error, (near - batch.returns).square())
        policy_loss = -mean(objective, batch.valid)
        value_loss = mean(error, batch.valid)
        entropy = mean(distribution.entropy(), batch.valid)
        loss = policy_loss + settings.value_weight * value_loss
        if settings.entropy_weight:
            loss = loss - settings.entropy_weight * entropy
        try:
            norm = self._optimizer.step(loss, rate=rate)
        except FloatingPointError as reason:
            raise NonFiniteUpdate(batch.arrays()) from reason
        self.updates += 1
        with torch.no_grad():
            change = ratio - 1
            moved, clipped = mean(change - log_ratio, batch.valid), mean((change.abs() > clip).float(), batch.valid)
            numbers = torch.stack([policy_loss, value_loss, entropy, moved, clipped]).tolist()
        names = ("policy_loss", "value_loss", "entropy", "approximate_kl", "clip_fraction")
        return {**dict(zip(names, numbers, strict=True)), "gradient_norm": norm, "learning_rate": rate}

    @torch.no_grad()
    def _moved(self, whole: Judged) -> float:
        """How far the policy has moved since it acted: an estimate of the KL divergence (Schulman 2020)."""
        policy, _, _ = self._network(whole.observation, whole.memory, whole.starts)
        log_ratio = self._network.distribution(policy, whole.mask).log_prob(whole.action) - whole.log_prob
        return float(mean(log_ratio.exp() - 1 - log_ratio, whole.valid))

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return dict(get_weights(self._network))

    def state(self) -> AgentState:
        """As `Agent` says."""
        values = {"steps": self.steps, "updates": self.updates, "generator": self._generator.bit_generator.state}
        return AgentState(arrays=self._optimizer.state(), values=values)

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """As `Agent` says."""
        set_weights(self._network, weights, owner=owner)
        if state is not None:
            self._optimizer.load(state.arrays)
            self.steps, self.updates = state.values["steps"], state.values["updates"]
            self._generator.bit_generator.state = state.values["generator"]
