"""Soft actor-critic (Haarnoja et al. 2018b) with twin critics and a temperature that is learned, for continuous actions.

The three gradients of one step are taken at the same weights, and nothing is changed before all of them are known to be finite.
"""

from __future__ import annotations

import copy
import math
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
from ..parts.distributions import SquashedNormal
from ..parts.named import joined, part_of
from ..parts.schedules import linear
from ..parts.seeding import seeded
from ..parts.targets import approach
from ..parts.transitions import Transitions, collect_transitions, draw_transitions, transition_replay
from ..parts.twin_critics import TwinCritics
from .config import SACSettings

LOG_STD = (-20.0, 2.0)  # of the actions before they are squashed, as the authors bound it


class SACNetwork(nn.Module):
    """What is learned."""

    def __init__(self, config: GymConfig[SACSettings], spaces: Spaces) -> None:
        super().__init__()
        self.actor = BoundedActor(spaces, config.body, 2 * len(spaces.action.low))
        self.critics = TwinCritics(spaces, config.body)
        start = torch.tensor(math.log(config.settings.temperature))
        self.log_temperature = nn.Parameter(start, requires_grad=config.settings.learn_temperature)

    def distribution(self, observation: Tensor) -> SquashedNormal:
        """What the policy does there."""
        mean, log_std = self.actor(observation).chunk(2, dim=-1)
        return SquashedNormal(mean, log_std.clamp(*LOG_STD))


class SAC:
    """The agent."""

    def __init__(self, config: GymConfig[SACSettings], spaces: Spaces) -> None:
        need_bounded("sac", spaces, config.body)
        settings = config.settings
        self._settings, self._planned, self._device = settings, config.steps, torch.device(config.run.device)
        self._target_entropy = settings.target_entropy * len(spaces.action.low)
        with seeded(config.seed):
            self._network = SACNetwork(config, spaces).to(self._device)
        self._target = copy.deepcopy(self._network.critics).requires_grad_(False)
        self._optimizer = Adam(self._network, epsilon=settings.optimizer_epsilon)
        self._generator = np.random.default_rng((config.seed, 2))  # of the batches
        self.policy = BoundedPolicy(self._network.actor, spaces.action, _choose)
        self.replay = transition_replay(settings.capacity, spaces)
        self.steps = self.updates = 0

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
            yield draw_transitions(self.replay, settings.batch, self._generator, draws=2, device=self._device)

    def learn(self, batch: Transitions) -> Metrics:
        """One step for critics, actor and temperature (Haarnoja et al. 2018b, algorithm 1)."""
        settings, network = self._settings, self._network
        temperature = network.log_temperature.detach().exp()

        with torch.no_grad():
            action, log_prob = network.distribution(batch.following).sample(batch.noise[0])
            future = self._target(batch.following, action).amin(0) - temperature * log_prob
            wanted = batch.reward + settings.gamma * torch.where(batch.terminated, 0.0, future)
        values = network.critics(batch.observation, batch.action)
        critic_loss = 0.5 * (values - wanted).square().mean(1).sum()

        action, log_prob = network.distribution(batch.observation).sample(batch.noise[1])
        actor_loss = (temperature * log_prob - network.critics.held(batch.observation, action).amin(0)).mean()

        surprise = log_prob.detach().mean() + self._target_entropy
        temperature_loss = -network.log_temperature * surprise

        rate = linear(settings.learning_rate, settings.final_learning_rate, share=min(1.0, self.steps / self._planned))
        try:
            norm = self._optimizer.step(critic_loss + actor_loss + temperature_loss, rate=rate)
        except FloatingPointError as reason:
            raise NonFiniteUpdate(batch.arrays()) from reason
        approach(self._target, network.critics, settings.tau)
        self.updates += 1
        numbers = torch.stack([critic_loss, actor_loss, values.mean(), -log_prob.mean(), temperature]).tolist()
        names = ("critic_loss", "actor_loss", "value", "entropy", "temperature")
        return {**dict(zip(names, numbers, strict=True)), "gradient_norm": norm, "learning_rate": rate}

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return dict(get_weights(self._network))

    def state(self) -> AgentState:
        """As `Agent` says."""
        values = {"steps": self.steps, "updates": self.updates, "generator": self._generator.bit_generator.state}
        return AgentState(arrays=self._optimizer.state() | joined({"target": get_weights(self._target)}), values=values)

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """As `Agent` says."""
        set_weights(self._network, weights, owner=owner)
        if state is None:
            set_weights(self._target, get_weights(self._network.critics), owner=owner)
            return
        set_weights(self._target, part_of(state.arrays, "target"), owner=owner)
        self._optimizer.load(state.arrays)
        self.steps, self.updates = state.values["steps"], state.values["updates"]
        self._generator.bit_generator.state = state.values["generator"]


def _choose(numbers: Floats, generator: np.random.Generator | None) -> Floats:
    """A squashed normal's draw, or its median; numbers [N, 2 K] -> [N, K]."""
    mean, log_std = np.split(numbers, 2, axis=1)
    if generator is None:
        return np.tanh(mean)
    return np.tanh(mean + np.exp(log_std.clip(*LOG_STD)) * generator.standard_normal(mean.shape, np.float32))
