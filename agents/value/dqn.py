"""Deep Q-learning (Mnih et al. 2015) with the parts that were added to it, each by a setting: double, dueling, prioritised replay,
returns of n steps, noisy networks, distributions of returns. All of them at once are Rainbow (Hessel et al. 2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import UserError
from ...models.network import get_weights, set_weights
from ...models.noisy import draw_noise
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.adam import Adam
from ..parts.distributions import CLOSED
from ..parts.n_step import NStep
from ..parts.named import joined, part_of
from ..parts.prioritized import Priorities
from ..parts.replay import Replay
from ..parts.schedules import linear
from ..parts.seeding import seeded
from ..parts.targets import Target
from .config import DQNSettings
from .heads import make_head
from .network import GreedyPolicy, QNetwork, one_choice


class Transitions(NamedTuple):
    """What a round of acting gave."""

    rows: Arrays  # the transitions that it completed, by column
    steps: int  # taken


class Batch(NamedTuple):
    """B transitions from the replay."""

    observation: Tensor  # [B, ...]
    action: Tensor  # [B]
    reward: Tensor  # [B], discounted sums of n steps
    discount: Tensor  # [B], of the value of what follows
    following: Tensor  # [B, ...]
    mask: Tensor | None  # [B, A], what is open there; None where all is
    weight: Tensor | None  # [B], of each in the loss
    places: NDArray[np.int64]  # [B], where they stand in the replay


class DQN:
    """The agent."""

    def __init__(self, config: GymConfig[DQNSettings], spaces: Spaces) -> None:
        one_choice("dqn", spaces)
        if config.body.memory != "none":
            raise UserError("dqn learns from single steps, so that its body cannot have a memory; take r2d2, or memory none")
        settings = config.settings
        self._settings, self._planned, self._device = settings, config.steps, torch.device(config.run.device)
        self._head = make_head(settings.head, self._device)
        with seeded(config.seed):
            self._network = QNetwork(
                spaces,
                config.body,
                self._head,
                dueling=settings.dueling,
                noisy=settings.noisy,
                hidden=settings.head_hidden,
            ).to(self._device)
        self._target = Target(self._network, every=settings.target_every, share=settings.target_share)
        self._optimizer = Adam(self._network, epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip)
        self._n_step = NStep(
            spaces.observation, spaces.action, n=settings.n_step, environments=spaces.environments, gamma=settings.gamma
        )
        self.replay = Replay(settings.capacity, self._n_step.columns())
        priority = settings.priority
        self._priorities = Priorities(settings.capacity, exponent=priority.exponent) if priority.enabled else None
        self._generator = np.random.default_rng((config.seed, 2))  # of batches, and of the noise that is learned under
        final = 0.0 if settings.noisy else settings.final_epsilon
        self.policy = GreedyPolicy(self._network, self._head, epsilon=final, noisy=settings.noisy)
        self.steps = self.updates = 0

    def collect(self, actor: Actor) -> Transitions:
        """Some steps of each environment."""
        before, parts = self.steps, []
        for _ in range(self._settings.train_every):
            self.policy.epsilon = self._epsilon()
            moment = actor.advance()
            parts.append(self._n_step.add(moment))
            self.steps += int(moment.step.valid.sum())
        rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return Transitions(rows, self.steps - before)

    def batches(self, transitions: Transitions) -> Iterator[Batch]:
        """Remembers the round; then batches of all that is remembered, as many as settings say, none before learning starts."""
        settings = self._settings
        places = self.replay.add(**transitions.rows)
        if self._priorities:
            self._priorities.add(places)
        self._target.follow(self.steps - transitions.steps, self.steps)
        if self.steps > settings.learning_starts and len(self.replay):
            for _ in range(transitions.steps if settings.gradient_steps < 0 else settings.gradient_steps):
                yield self._sample()

    def learn(self, batch: Batch) -> Metrics:
        """One step down the loss between the value of what was done and reward plus discounted value of the best that follows."""
        settings, head = self._settings, self._head
        if settings.noisy:
            draw_noise(self._network, self._generator)
            draw_noise(self._target.network, self._generator)
        numbers = _picked(self._network.of_steps(batch.observation), batch.action)
        with torch.no_grad():
            following = self._target.network.of_steps(batch.following)
            judged = self._network.of_steps(batch.following) if settings.double else following
            values = head.mean(judged)
            best = (values if batch.mask is None else values.masked_fill(~batch.mask, CLOSED)).argmax(1)
            following = _picked(following, best)
        each = head.loss(numbers, batch.reward, batch.discount, following)
        loss = each.loss.mean() if batch.weight is None else (each.loss * batch.weight).mean()
        rate = linear(settings.learning_rate, 0.0, share=self._share) if settings.decay_learning_rate else settings.learning_rate
        try:
            norm = self._optimizer.step(loss, rate=rate)
        except FloatingPointError as reason:
            raise NonFiniteUpdate(_arrays(batch)) from reason
        if self._priorities:
            self._priorities.update(batch.places, each.error.cpu().numpy())
        self.updates += 1
        with torch.no_grad():
            found, value = torch.stack([loss, head.mean(numbers).mean()]).tolist()
        return {"loss": found, "value": value, "gradient_norm": norm, "learning_rate": rate, "epsilon": self.policy.epsilon}

    @property
    def _share(self) -> float:
        """Of the planned steps that are done."""
        return min(1.0, self.steps / self._planned)

    def _epsilon(self) -> float:
        settings = self._settings
        if self.steps < settings.learning_starts:
            return 1.0
        if settings.noisy:
            return 0.0
        return linear(settings.epsilon, settings.final_epsilon, share=self._share, over=settings.epsilon_share)

    def _sample(self) -> Batch:
        weight = None
        if self._priorities:
            places = self._priorities.sample(self._settings.batch, self._generator)
            correction = linear(self._settings.priority.correction, 1.0, share=self._share)
            weight = torch.from_numpy(self._priorities.weights(places, len(self.replay), exponent=correction)).to(self._device)
        else:
            places = self.replay.sample(self._settings.batch, self._generator)
        rows = self.replay.rows(places)
        mask = rows.pop("mask")
        tensors = {name: torch.from_numpy(array).to(self._device) for name, array in rows.items()}
        open_there = None if mask.all() else torch.from_numpy(mask).to(self._device)
        return Batch(**tensors, mask=open_there, weight=weight, places=places)

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return dict(get_weights(self._network))

    def state(self) -> AgentState:
        """As `Agent` says."""
        parts = {"optimizer": self._optimizer.state(), "target": self._target.state(), "n_step": self._n_step.state()}
        if self._priorities:
            parts["priority"] = self._priorities.state()
        values = {"steps": self.steps, "updates": self.updates, "generator": self._generator.bit_generator.state}
        return AgentState(arrays=joined(parts), values=values)

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """As `Agent` says."""
        set_weights(self._network, weights, owner=owner)
        if state is None:
            self._target.load(weights, owner=owner)
            return
        self._optimizer.load(part_of(state.arrays, "optimizer"))
        self._target.load(part_of(state.arrays, "target"), owner=owner)
        self._n_step.load(part_of(state.arrays, "n_step"))
        if self._priorities:
            self._priorities.load(part_of(state.arrays, "priority"))
        self.steps, self.updates = state.values["steps"], state.values["updates"]
        self._generator.bit_generator.state = state.values["generator"]


def _picked(numbers: Tensor, action: Tensor) -> Tensor:
    """Those of one action each: [B, A, size], [B] -> [B, size]."""
    return numbers.gather(1, action.view(-1, 1, 1).expand(-1, 1, numbers.shape[2])).squeeze(1)


def _arrays(batch: Batch) -> Arrays:
    return {name: part.cpu().numpy() for name, part in batch._asdict().items() if isinstance(part, Tensor)}
