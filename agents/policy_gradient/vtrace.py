"""The actor-critic of IMPALA (Espeholt et al. 2018): who acts may be some updates behind, and V-trace corrects for it.

Rollouts wait in a queue, `lag` of them, each with the log-probabilities of what was done, by the weights that did it. What is
learned from is the oldest; the weights have moved since.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.network import get_weights, set_weights
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..parts.actor_critic import ActorCritic, ActorCriticPolicy
from ..parts.adam import Adam
from ..parts.judged import as_tensor, mean, stretches, values_after, values_of_cuts
from ..parts.named import joined, part_of
from ..parts.returns import vtrace
from ..parts.rollout import Rollout, collect_rollout
from ..parts.schedules import linear
from ..parts.seeding import seeded
from .config import VTraceSettings


class Behaviour(NamedTuple):
    """What was done, and how likely that was to whom did it."""

    rollout: Rollout
    log_prob: NDArray[np.float32]  # [T, N]


class VTrace:
    """The agent."""

    replay = None

    def __init__(self, config: GymConfig[VTraceSettings], spaces: Spaces) -> None:
        settings = config.settings
        self._settings, self._planned = settings, config.steps
        self._device = torch.device(config.run.device)
        with seeded(config.seed):
            self._network = ActorCritic(spaces, config.body, shared=settings.shared_body, log_std=settings.log_std)
        self._optimizer = Adam(self._network.to(self._device), epsilon=settings.optimizer_epsilon, clip=settings.gradient_clip)
        self._queue: deque[Behaviour] = deque()
        self.policy = ActorCriticPolicy(self._network)
        self.steps = self.updates = 0

    def collect(self, actor: Actor) -> Behaviour:
        """A rollout of the policy as it is now."""
        rollout = collect_rollout(actor, self._settings.rollout)
        self.steps += rollout.steps
        whole = stretches(rollout, self._device)
        with torch.no_grad():
            policy, _, _ = self._network(whole.observation, whole.memory, whole.starts)
            log_prob = self._network.distribution(policy, whole.mask).log_prob(whole.action)
        return Behaviour(rollout, log_prob.T.cpu().numpy())

    def batches(self, behaviour: Behaviour) -> Iterator[Behaviour]:
        """The rollout that was collected `lag` rounds ago; none while there is none."""
        self._queue.append(behaviour)
        if len(self._queue) > self._settings.lag:
            yield self._queue.popleft()

    def learn(self, behaviour: Behaviour) -> Metrics:
        """One step up the policy's gradient, rho_t grad log pi(a_t) (r_t + gamma v_{t+1} - V(x_t)), and of the value towards v_t
        (Espeholt et al. 2018, section 4.2)."""
        settings, share = self._settings, min(1.0, self.steps / self._planned)
        rate = linear(settings.learning_rate, settings.final_learning_rate, share=share)
        rollout = behaviour.rollout
        whole = stretches(rollout, self._device)
        policy, value, _ = self._network(whole.observation, whole.memory, whole.starts)
        distribution = self._network.distribution(policy, whole.mask)
        log_prob = distribution.log_prob(whole.action)
        ratios = np.exp(log_prob.detach().T.cpu().numpy() - behaviour.log_prob)
        targets, advantages = vtrace(
            rollout.reward,
            value.detach().T.cpu().numpy(),
            values_after(self._network, rollout),
            rollout.ended,
            values_of_cuts(self._network, rollout),
            ratios,
            gamma=settings.gamma,
            lam=settings.trace_lambda,
            rho=settings.rho,
            c=settings.c,
        )

        policy_loss = -mean(log_prob * as_tensor(advantages, self._device).T, whole.valid)
        value_loss = mean((value - as_tensor(targets, self._device).T).square(), whole.valid)
        entropy = mean(distribution.entropy(), whole.valid)
        loss = policy_loss + settings.value_weight * value_loss - settings.entropy_weight * entropy
        try:
            norm = self._optimizer.step(loss, rate=rate)
        except FloatingPointError as reason:
            raise NonFiniteUpdate({**whole.arrays(), "log_prob": behaviour.log_prob}) from reason
        self.updates += 1
        numbers = torch.stack([policy_loss, value_loss, entropy]).tolist()
        measured = dict(zip(("policy_loss", "value_loss", "entropy"), numbers, strict=True))
        cut = float((ratios > settings.rho)[rollout.valid].mean())
        return {**measured, "cut_fraction": cut, "gradient_norm": norm, "learning_rate": rate}

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return dict(get_weights(self._network))

    def state(self) -> AgentState:
        """As `Agent` says; the queue is part of it."""
        parts = {"optimizer": self._optimizer.state()}
        for i, behaviour in enumerate(self._queue):
            parts[f"queue/{i}"] = {**behaviour.rollout.arrays(), "log_prob": behaviour.log_prob}
        return AgentState(arrays=joined(parts), values={"steps": self.steps, "updates": self.updates, "queue": len(self._queue)})

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """As `Agent` says."""
        set_weights(self._network, weights, owner=owner)
        if state is not None:
            self._optimizer.load(part_of(state.arrays, "optimizer"))
            self.steps, self.updates = state.values["steps"], state.values["updates"]
            parts = [part_of(state.arrays, f"queue/{i}") for i in range(state.values["queue"])]
            self._queue = deque(Behaviour(Rollout.of(part), part["log_prob"]) for part in parts)
