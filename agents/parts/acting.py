"""A policy at work in environments: who acts next, what it remembers, and where episodes begin. Agents collect through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.environments import BadEnvironment, Environments, Step
from ...envs.gym.spaces import Actions, Observations

if TYPE_CHECKING:
    from ..gym.policy import Extras, Policy, State


class Moment(NamedTuple):
    """One action in each of N environments, and what came of it."""

    observation: Observations  # [N, ...], what it was chosen for
    mask: NDArray[np.bool_] | None  # [N, A]
    starts: NDArray[np.bool_]  # [N], whose episode begins here
    before: State  # what was remembered before this observation; not of the past where `starts`
    action: Actions  # [N, ...]
    extras: Extras
    step: Step
    after: State  # what is remembered behind this observation


class Actor:
    """Environments under way, and the policy that acts in them."""

    def __init__(self, environments: Environments, policy: Policy, *, generator: np.random.Generator, seed: int | None) -> None:
        """Begins an episode in each environment, unless `seed` is None: then `load` comes first."""
        self.environments, self.policy, self.generator = environments, policy, generator
        self.n = environments.n
        self.steps = 0  # that this actor took, of those that count
        if seed is not None:
            self.begin(seed)

    def begin(self, seed: int | None = None) -> None:
        """Begins an episode in each environment; those under way are left as they are, and nobody hears of them."""
        self._seen = self.environments.reset(seed)
        self._starts = np.ones(self.n, np.bool_)
        self._memory = self.policy.initial_state(self.n)

    @property
    def observation(self) -> Observations:
        """What is to be acted on next, [N, ...]."""
        return self._seen.observation

    @property
    def starts(self) -> NDArray[np.bool_]:
        """Whose episode begins with that, [N]."""
        return self._starts

    @property
    def memory(self) -> State:
        """What is remembered before that."""
        return self._memory

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """Which actions are open there, [N, A]."""
        return self._seen.mask

    def advance(self, *, deterministic: bool = False) -> Moment:
        """Acts once in each environment."""
        seen, starts, before = self._seen, self._starts, self._memory
        action, after, extras = self.policy.act(
            seen.observation, before, starts=starts, mask=seen.mask, deterministic=deterministic, generator=self.generator
        )
        return self.take(action, after=after, extras=extras)

    def take(self, action: Actions, *, after: State | None = None, extras: Extras | None = None) -> Moment:
        """Takes these actions, whoever chose them. Raises BadEnvironment, with what was seen and done."""
        seen, starts, before = self._seen, self._starts, self._memory
        try:
            step = self.environments.step(action)
        except BadEnvironment as error:
            error.arrays |= {"observation": seen.observation, "action": action}
            raise
        self.steps += int(np.count_nonzero(step.valid))
        self._memory = before if after is None else after
        self._seen = type(seen)(step.observation, step.mask)
        self._starts = step.ended | ~step.valid
        return Moment(seen.observation, seen.mask, starts, before, action, extras or {}, step, self._memory)

    def state(self) -> dict[str, Any]:
        """What `load` goes on from, as JSON values."""
        return {
            "environments": self.environments.state(),
            "starts": self._starts.tolist(),
            "memory": {name: array.tolist() for name, array in self._memory.items()},
            "generator": self.generator.bit_generator.state,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self._seen, fresh = self.environments.load(state["environments"])
        self._starts = np.array(state["starts"], np.bool_) | fresh
        self._memory = {name: np.array(array, np.float32) for name, array in state["memory"].items()}
        self.generator.bit_generator.state = state["generator"]
