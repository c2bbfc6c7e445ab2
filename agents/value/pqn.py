"""Parallelised Q-network (Gallici et al. 2024): many environments side by side and returns over many steps stand in for the replay,
layer normalisation for the target network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.adam import Adam
from ..parts.distributions import CLOSED
from ..parts.judged import as_tensor, mean
from ..parts.returns import generalized_advantages
from ..parts.rollout import Rollout, collect_rollout
from ..parts.schedules import linear
from ..parts.seeding import seeded
from .config import PQNSettings
from .heads import Scalar
from .network import GreedyPolicy, QNetwork, one_choice


class Batch(NamedTuple):
    """B stretches of L steps: with a memory N stretches of T steps, without one N T stretches of 1."""

    observation: Tensor  # [B, L, ...]
    memory: dict[str, Tensor]  # [B, units], before each stretch
    starts: Tensor  # [B, L]
    action: Tensor  # [B, L]
    returns: Tensor  # [B, L], what the value of the action should be
    valid: Tensor  # [B, L], whether the step counts


class PQN:
    """The agent."""

    replay = None

    def __init__(self, config: GymConfig[PQNSettings], spaces: Spaces) -> None:
        one_choice("pqn", spaces)
        settings = config.settings
        self._settings, self._planned, self._device = settings, config.steps, torch.device(config.run.device)
        self._head = Scalar()
        with seeded(config.seed):
            network = QNetwork(spaces, replace(config.body, layer_norm=True), self._head)
        self._network = network.to(self._device)
        self._optimizer = Adam(self._network, epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip)
        self._generator = np.random.default_rng((config.seed, 2))  # of the minibatches
        self.policy = GreedyPolicy(self._network, self._head, epsilon=settings.final_epsilon)
        self.steps = self.updates = 0

    def collect(self, actor: Actor) -> Rollout:
        """A rollout of the policy."""
        settings = self._settings
        self.policy.epsilon = linear(
            settings.epsilon, settings.final_epsilon, share=self.steps / self._planned, over=settings.epsilon_share
        )
        rollout = collect_rollout(actor, settings.rollout)
        self.steps += rollout.steps
        return rollout

    def batches(self, rollout: Rollout) -> Iterator[Batch]:
        """Minibatches of the rollout, shuffled, for some epochs."""
        whole = self._whole(rollout)
        stretches, length = whole.starts.shape
        for _ in range(self._settings.epochs):
            order = torch.from_numpy(self._generator.permutation(stretches))
            for rows in torch.split(order, max(1, self._settings.minibatch // length)):
                memory = {name: part[rows] for name, part in whole.memory.items()}
                observation, starts, action, returns, valid = (
                    part[rows] for part in (whole.observation, whole.starts, whole.action, whole.returns, whole.valid)
                )
                yield Batch(observation, memory, starts, action, returns, valid)

    def learn(self, batch: Batch) -> Metrics:
        """One step down the squared difference between the value of what was done and its return."""
        settings, share = self._settings, min(1.0, self.steps / self._planned)
        rate = linear(settings.learning_rate, 0.0, share=share) if settings.decay_learning_rate else settings.learning_rate
        numbers, _ = self._network(batch.observation, batch.memory, batch.starts)
        value = self._head.mean(numbers).gather(-1, batch.action.unsqueeze(-1)).squeeze(-1)
        loss = mean((value - batch.returns).square(), batch.valid)
        try:
            norm = self._optimizer.step(loss, rate=rate)
        except FloatingPointError as reason:
            arrays = {name: part.cpu().numpy() for name, part in batch._asdict().items() if isinstance(part, Tensor)}
            raise NonFiniteUpdate(arrays) from reason
        self.updates += 1
        with torch.no_grad():
            found, valued = torch.stack([loss, mean(value, batch.valid)]).tolist()
        return {"loss": found, "value": valued, "gradient_norm": norm, "learning_rate": rate, "epsilon": self.policy.epsilon}

    def _whole(self, rollout: Rollout) -> Batch:
        """The rollout with its returns: Peng's Q(lambda), r + gamma ((1 - lambda) max Q + lambda the return that follows)."""
        settings, device = self._settings, self._device
        memory = {name: as_tensor(array, device) for name, array in rollout.memory.items()}
        observation, starts, action, valid = (
            as_tensor(part, device).transpose(0, 1) for part in (rollout.observation, rollout.starts, rollout.action, rollout.valid)
        )
        mask = None if rollout.mask is None else rollout.mask.swapaxes(0, 1)
        best = self._best(observation, memory, starts, mask).T
        last_mask = None if rollout.last_mask is None else rollout.last_mask[:, None]
        last_memory = {name: as_tensor(array, device) for name, array in rollout.last_memory.items()}
        last, last_starts = as_tensor(rollout.last[:, None], device), as_tensor(rollout.last_starts[:, None], device)
        following = self._best(last, last_memory, last_starts, last_mask)[:, 0]
        returns = best + generalized_advantages(
            rollout.reward,
            best,
            following,
            rollout.ended,
            self._best_at_cuts(rollout),
            gamma=settings.gamma,
            lam=settings.q_lambda,
        )
        whole = Batch(observation, memory, starts, action, as_tensor(returns, device).T, valid)
        if memory:
            return whole
        observation, starts, action, goals, valid = (
            part.flatten(0, 1).unsqueeze(1) for part in (observation, starts, action, whole.returns, valid)
        )
        return Batch(observation, {}, starts, action, goals, valid)

    def _best_at_cuts(self, rollout: Rollout) -> NDArray[np.float32]:
        """The highest value of what episodes that were cut short would have gone on from, [T, N], 0 elsewhere."""
        out = np.zeros(rollout.reward.shape, np.float32)
        if cuts := rollout.cuts:
            memory = {name: as_tensor(np.stack([cut.memory[name] for cut in cuts]), self._device) for name in rollout.memory}
            seen = as_tensor(np.stack([cut.observation for cut in cuts])[:, None], self._device)
            going = torch.zeros(len(cuts), 1, dtype=torch.bool, device=self._device)
            masks = [cut.mask for cut in cuts if cut.mask is not None]
            best = self._best(seen, memory, going, np.stack(masks)[:, None] if masks else None)
            out[[cut.t for cut in cuts], [cut.n for cut in cuts]] = best[:, 0]
        return out

    @torch.no_grad()
    def _best(
        self, observation: Tensor, memory: dict[str, Tensor], starts: Tensor, mask: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """The highest value of the open actions, [B, L]."""
        values = self._head.mean(self._network(observation, memory, starts)[0])
        if mask is not None:
            values = values.masked_fill(~as_tensor(mask, self._device), CLOSED)
        best: NDArray[np.float32] = values.amax(-1).cpu().numpy()
        return best

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
