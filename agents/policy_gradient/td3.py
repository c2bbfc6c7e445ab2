"""TD3 (Fujimoto et al. 2018): a deterministic policy with twin critics, smoothed targets and delayed updates, for continuous
actions.

Where the actor learns too, its gradient is taken at the same weights as that of the critics, and nothing is changed before both are
known to be finite.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.adam import Adam
from ..parts.bounded import BoundedActor, BoundedPolicy, Floats, need_bounded
from ..parts.named import joined, part_of
from ..parts.schedules import linear
from ..parts.seeding import seeded
from ..parts.targets import approach
from ..parts.transitions import Transitions, collect_transitions, draw_transitions, transition_replay
from ..parts.twin_critics import TwinCritics
from .config import TD3Settings


class TD3Network(nn.Module):
    """What is learned, and what the targets are a slow copy of."""

    def __init__(self, config: GymConfig[TD3Settings], spaces: Spaces) -> None:
        super().__init__()
        self.actor = BoundedActor(spaces, config.body, len(spaces.action.low))
        self.critics = TwinCritics(spaces, config.body)

    def action(self, observation: Tensor) -> Tensor:
        """What the policy does there, between -1 and 1."""
        return self.actor(observation).tanh()


class TD3:
    """The agent."""

    def __init__(self, config: GymConfig[TD3Settings], spaces: Spaces) -> None:
        need_bounded("td3", spaces, config.body)
        settings = config.settings
        self._settings, self._planned, self._device = settings, config.steps, torch.device(config.run.device)
        with seeded(config.seed):
            self._network = TD3Network(config, spaces).to(self._device)
        self._target = copy.deepcopy(self._network).requires_grad_(False)
        self._critic_optimizer = Adam(self._network.critics, epsilon=settings.optimizer_epsilon)
        # Its own: moments of an actor that learns now and then would move it in between.
        self._actor_optimizer = Adam(self._network.actor, epsilon=settings.optimizer_epsilon)
        self._generator = np.random.default_rng((config.seed, 2))  # of the batches
        self.policy = BoundedPolicy(self._network.actor, spaces.action, self._choose)
        self.replay = transition_replay(settings.capacity, spaces)
        self.steps = self.updates = 0

    def _choose(self, numbers: Floats, generator: np.random.Generator | None) -> Floats:
        """The policy's action, with noise where one explores; [N, K]."""
        action = np.tanh(numbers)
        if generator is None:
            return action
        noise = np.float32(self._settings.exploration_noise) * generator.standard_normal(action.shape, np.float32)
        return np.clip(action + noise, -1.0, 1.0)

    def collect(self, actor: Actor) -> Arrays:
        """Some steps in each environment, the first of a run at random: rows of the replay."""
        uniformly = self.steps < self._settings.learning_starts
        rows = collect_transitions(actor, self.policy, self._settings.rollout, uniformly=uniformly)
        self.steps += len(rows["reward"])
        return rows

    def batches(self, rows: Arrays) -> Iterator[Transitions]:
        """Remembers the round; then batches of all that is remembered, none before there is enough of it."""
        settings = self._settings
        self.replay.add(**rows)
        if self.steps < settings.learning_starts:
            return
        for _ in range(settings.gradient_steps or len(rows["reward"])):
            yield draw_transitions(self.replay, settings.batch, self._generator, draws=1, device=self._device)

    def learn(self, batch: Transitions) -> Metrics:
        """One step for the critics, and now and then for the actor and the targets (Fujimoto et al. 2018, algorithm 1)."""
        settings, network = self._settings, self._network
        with torch.no_grad():
            noise = (batch.noise[0] * settings.target_noise).clamp(-settings.target_noise_clip, settings.target_noise_clip)
            action = (self._target.action(batch.following) + noise).clamp(-1.0, 1.0)
            future = self._target.critics(batch.following, action).amin(0)
            wanted = batch.reward + settings.gamma * torch.where(batch.terminated, 0.0, future)
        values = network.critics(batch.observation, batch.action)
        critic_loss = (values - wanted).square().mean(1).sum()

        measured = {"critic_loss": critic_loss, "value": values.mean()}
        delayed = (self.updates + 1) % settings.policy_delay == 0
        if delayed:
            measured["actor_loss"] = -network.critics.held(batch.observation, network.action(batch.observation), 1).mean()

        rate = linear(settings.learning_rate, settings.final_learning_rate, share=min(1.0, self.steps / self._planned))
        try:
            norm = self._critic_optimizer.backward(critic_loss)
            if delayed:
                self._actor_optimizer.backward(measured["actor_loss"])
        except FloatingPointError as reason:
            raise NonFiniteUpdate(batch.arrays()) from reason
        self._critic_optimizer.apply(rate=rate)
        if delayed:
            self._actor_optimizer.apply(rate=rate)
            approach(self._target, network, settings.tau)
        self.updates += 1
        numbers = torch.stack(list(measured.values())).tolist()
        return {**dict(zip(measured, numbers, strict=True)), "gradient_norm": norm, "learning_rate": rate}

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return dict(get_weights(self._network))

    def state(self) -> AgentState:
        """As `Agent` says."""
        values = {"steps": self.steps, "updates": self.updates, "generator": self._generator.bit_generator.state}
        optimizers = {"critic_adam": self._critic_optimizer.state(), "actor_adam": self._actor_optimizer.state()}
        return AgentState(arrays=joined({"target": get_weights(self._target), **optimizers}), values=values)

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """As `Agent` says."""
        set_weights(self._network, weights, owner=owner)
        if state is None:
            set_weights(self._target, weights, owner=owner)
            return
        set_weights(self._target, part_of(state.arrays, "target"), owner=owner)
        self._critic_optimizer.load(part_of(state.arrays, "critic_adam"))
        self._actor_optimizer.load(part_of(state.arrays, "actor_adam"))
        self.steps, self.updates = state.values["steps"], state.values["updates"]
        self._generator.bit_generator.state = state.values["generator"]
