"""Deep Q-learning with a memory (R2D2, Kapturowski et al. 2019): a replay of sequences, each with what was remembered before it.

The first steps of a sequence only bring the memory up to date with the weights of now (burn-in); those behind are learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import UserError
from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.adam import Adam
from ..parts.distributions import CLOSED
from ..parts.named import joined, part_of
from ..parts.prioritized import Priorities
from ..parts.replay import Replay
from ..parts.schedules import linear
from ..parts.seeding import seeded
from ..parts.sequences import MEMORY, Sequences
from ..parts.targets import Target
from .config import R2D2Settings
from .heads import Scalar
from .network import GreedyPolicy, QNetwork, one_choice

WORST = 0.9  # share of the largest error in a sequence's priority, the rest is the mean's (Kapturowski et al. 2019, section 2.3)
SCALE = 1e-3  # of what keeps the rescaling of values invertible (Pohlen et al. 2018)


class Experience(NamedTuple):
    """What a round of acting gave."""

    rows: Arrays  # the sequences that it completed, by column
    steps: int  # taken


class Batch(NamedTuple):
    """B sequences of L steps, as `Sequences` has them."""

    observation: Tensor  # [B, L + 1, ...]
    mask: Tensor  # [B, L + 1, A]
    starts: Tensor  # [B, L + 1]
    extra: Tensor  # [B, L + 1]
    action: Tensor  # [B, L]
    reward: Tensor  # [B, L]
    discount: Tensor  # [B, L]
    memory: dict[str, Tensor]  # [B, units]
    weight: Tensor  # [B], of each in the loss
    places: NDArray[np.int64]  # [B], where they stand in the replay


class R2D2:
    """The agent. Its memory is an LSTM unless the body names another."""

    def __init__(self, config: GymConfig[R2D2Settings], spaces: Spaces) -> None:
        one_choice("r2d2", spaces)
        settings = config.settings
        if not 1 <= settings.period <= settings.length:
            raise UserError(
                f"a sequence every {settings.period} steps leaves steps out that none of {settings.length} steps learns from; "
                f"take a period of 1 to {settings.length}"
            )
        self._settings, self._planned, self._device = settings, config.steps, torch.device(config.run.device)
        body = config.body if config.body.memory != "none" else replace(config.body, memory="lstm")
        self._head = Scalar()
        with seeded(config.seed):
            network = QNetwork(spaces, body, self._head, dueling=settings.dueling, hidden=settings.head_hidden)
        self._network = network.to(self._device)
        self._target = Target(self._network, every=settings.target_every, share=settings.target_share)
        self._optimizer = Adam(self._network, epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip)
        self.policy = GreedyPolicy(self._network, self._head, epsilon=settings.final_epsilon)
        self._sequences = Sequences(
            spaces.observation,
            spaces.action,
            {name: part.shape[1] for name, part in self.policy.initial_state(1).items()},
            length=settings.burn_in + settings.length,
            period=settings.period,
            environments=spaces.environments,
            gamma=settings.gamma,
        )
        self.replay = Replay(settings.capacity, self._sequences.columns())
        priority = settings.priority
        self._priorities = Priorities(settings.capacity, exponent=priority.exponent) if priority.enabled else None
        self._generator = np.random.default_rng((config.seed, 2))  # of batches
        self.steps = self.updates = 0

    def collect(self, actor: Actor) -> Experience:
        """Some steps of each environment."""
        settings, before, parts = self._settings, self.steps, []
        for _ in range(settings.train_every):
            falling = linear(settings.epsilon, settings.final_epsilon, share=self._share, over=settings.epsilon_share)
            self.policy.epsilon = 1.0 if self.steps < settings.learning_starts else falling
            moment = actor.advance()
            parts.append(self._sequences.add(moment))
            self.steps += int(moment.step.valid.sum())
        rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return Experience(rows, self.steps - before)

    def batches(self, experience: Experience) -> Iterator[Batch]:
        """Remembers the round; then batches of all that is remembered, as many as settings say, none before learning starts."""
        settings = self._settings
        places = self.replay.add(**experience.rows)
        if self._priorities:
            self._priorities.add(places)
        self._target.follow(self.steps - experience.steps, self.steps)
        if self.steps > settings.learning_starts and len(self.replay):
            for _ in range(experience.steps if settings.gradient_steps < 0 else settings.gradient_steps):
                yield self._sample()

    def learn(self, batch: Batch) -> Metrics:
        """One step down the squared difference between the values of what was done and returns of n steps."""
        settings, burn_in = self._settings, self._settings.burn_in
        values = self._values(self._network, batch)
        with torch.no_grad():
            best = values.masked_fill(~batch.mask[:, burn_in:], CLOSED).argmax(-1, keepdim=True)
            following = self._values(self._target.network, batch).gather(-1, best).squeeze(-1)
            reward, discount, extra = batch.reward[:, burn_in:], batch.discount[:, burn_in:], batch.extra[:, burn_in:]
            if settings.rescale:
                goal = rescaled(n_step_returns(reward, discount, restored(following), extra, n=settings.n_step))
            else:
                goal = n_step_returns(reward, discount, following, extra, n=settings.n_step)
        chosen = values[:, :-1].gather(-1, batch.action[:, burn_in:].unsqueeze(-1)).squeeze(-1)
        learned = ~extra[:, :-1]
        difference = (goal - chosen) * learned
        loss = (difference.square().sum(1) / learned.sum(1).clamp(min=1) * batch.weight).mean()
        rate = linear(settings.learning_rate, 0.0, share=self._share) if settings.decay_learning_rate else settings.learning_rate
        try:
            norm = self._optimizer.step(loss, rate=rate)
        except FloatingPointError as reason:
            arrays = {name: part.cpu().numpy() for name, part in batch._asdict().items() if isinstance(part, Tensor)}
            raise NonFiniteUpdate(arrays) from reason
        if self._priorities:
            errors = difference.detach().abs()
            priority = WORST * errors.amax(1) + (1 - WORST) * errors.sum(1) / learned.sum(1).clamp(min=1)
            self._priorities.update(batch.places, priority.cpu().numpy())
        self.updates += 1
        with torch.no_grad():
            found, value = torch.stack([loss, chosen.mean()]).tolist()
        return {"loss": found, "value": value, "gradient_norm": norm, "learning_rate": rate, "epsilon": self.policy.epsilon}

    @property
    def _share(self) -> float:
        """Of the planned steps that are done."""
        return min(1.0, self.steps / self._planned)

    def _values(self, network: QNetwork, batch: Batch) -> Tensor:
        """The values of every action behind the burn-in, [B, L + 1 - burn-in, A]."""
        burn_in, memory = self._settings.burn_in, batch.memory
        if burn_in:
            with torch.no_grad():
                _, memory = network(batch.observation[:, :burn_in], memory, batch.starts[:, :burn_in])
        numbers, _ = network(batch.observation[:, burn_in:], memory, batch.starts[:, burn_in:])
        return self._head.mean(numbers)

    def _sample(self) -> Batch:
        settings = self._settings
        if self._priorities:
            places = self._priorities.sample(settings.batch, self._generator)
            correction = linear(settings.priority.correction, 1.0, share=self._share)
            weights = self._priorities.weights(places, len(self.replay), exponent=correction)
        else:
            places = self.replay.sample(settings.batch, self._generator)
            weights = np.ones(settings.batch, np.float32)
        rows = {name: torch.from_numpy(array).to(self._device) for name, array in self.replay.rows(places).items()}
        memory = {name.removeprefix(MEMORY): rows.pop(name) for name in list(rows) if name.startswith(MEMORY)}
        return Batch(**rows, memory=memory, weight=torch.from_numpy(weights).to(self._device), places=places)

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return dict(get_weights(self._network))

    def state(self) -> AgentState:
        """As `Agent` says."""
        parts = {"optimizer": self._optimizer.state(), "target": self._target.state(), "sequences": self._sequences.state()}
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
        self._sequences.load(part_of(state.arrays, "sequences"))
        if self._priorities:
            self._priorities.load(part_of(state.arrays, "priority"))
        self.steps, self.updates = state.values["steps"], state.values["updates"]
        self._generator.bit_generator.state = state.values["generator"]


def n_step_returns(reward: Tensor, discount: Tensor, value: Tensor, extra: Tensor, *, n: int) -> Tensor:
    """Rewards of n steps and the value of what follows, [B, T], or of the fewer steps that a sequence or an episode still has.

    Rewards and discounts [B, T], values and extra steps [B, T + 1]; an extra step is worth its value, and nothing behind it counts.
    """
    returns = value
    for _ in range(n):
        ahead = reward + discount * returns[:, 1:]
        returns = torch.cat([torch.where(extra[:, :-1], value[:, :-1], ahead), value[:, -1:]], 1)
    return returns[:, :-1]


def rescaled(x: Tensor) -> Tensor:
    """A value on the scale of a root (Pohlen et al. 2018, proposition A.2)."""
    return x.sign() * ((x.abs() + 1).sqrt() - 1) + SCALE * x


def restored(x: Tensor) -> Tensor:
    """What `rescaled` makes a value of, undone."""
    root = (1 + 4 * SCALE * (x.abs() + 1 + SCALE)).sqrt()
    return x.sign() * (((root - 1) / (2 * SCALE)).square() - 1)
