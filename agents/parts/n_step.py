"""Returns of n steps as transitions, for agents that learn from a replay. Exact where episodes end, by the world or cut short."""

from __future__ import annotations

import numpy as np

from ...envs.gym.spaces import ActionSpace, ObservationSpace
from ..checkpoint import Arrays
from .acting import Moment


class NStep:
    """Makes of each step a transition over n steps, or over the fewer that its episode still has.

    A transition is a row of columns: `observation`, `action`; `reward`, the discounted sum; `following`, the observation that it
    led to, with the `mask` of what is open there; `discount` of the value there, gamma to the power of the steps, 0 after an end by
    the world.
    """

    def __init__(self, observation: ObservationSpace, action: ActionSpace, *, n: int, environments: int, gamma: float) -> None:
        self._n, self._gamma, self._choices = n, gamma, sum(action.sizes)
        self._taken = np.zeros(environments, np.int64)  # steps of each environment, which are kept at their number % n
        self._age = np.zeros((n, environments), np.int64)  # how many steps' rewards a transition has; 0: none is under way
        self._observation = observation.empty(n, environments)
        self._action = action.empty(n, environments)
        self._reward = np.zeros((n, environments))

    def columns(self) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
        """Shape and type of each column, as a replay takes them."""
        seen, done, number = self._observation, self._action, np.dtype(np.float32)
        return {
            "observation": (seen.shape[2:], seen.dtype),
            "action": (done.shape[2:], done.dtype),
            "reward": ((), number),
            "discount": ((), number),
            "following": (seen.shape[2:], seen.dtype),
            "mask": ((self._choices,), np.dtype(np.bool_)),
        }

    def add(self, moment: Moment) -> Arrays:
        """The transitions that a step completes, by column: none or one of each environment, at the end of its episode all that
        were under way, in the order of their steps. What is under way where an episode begins is of one that was given up, and
        dropped."""
        return self._one_step(moment) if self._n == 1 else self._several(moment)

    def _one_step(self, moment: Moment) -> Arrays:
        """Of single steps, which wait for nothing: a quarter of the time that `_several` takes for them."""
        step, heard = moment.step, np.flatnonzero(moment.step.valid)
        return {
            "observation": moment.observation[heard],
            "action": moment.action[heard],
            "reward": step.reward[heard].astype(np.float32),
            "discount": np.where(step.terminated[heard], np.float32(0.0), np.float32(self._gamma)),
            "following": step.final[heard],
            "mask": self._masks(moment)[heard],
        }

    def _several(self, moment: Moment) -> Arrays:
        step = moment.step
        self._age[:, moment.starts] = 0
        heard = np.flatnonzero(step.valid)
        here = (self._taken[heard] % self._n, heard)
        self._observation[here], self._action[here] = moment.observation[heard], moment.action[heard]
        self._reward[here] = 0.0
        under_way = (self._age > 0) & step.valid
        under_way[here] = True
        self._reward += under_way * self._gamma**self._age * step.reward
        self._age += under_way
        self._taken[heard] += 1

        complete = under_way & ((self._age == self._n) | step.ended)
        places, environments = np.nonzero(complete)
        if len(places) > 1:
            order = np.lexsort((-self._age[places, environments], environments))
            places, environments = places[order], environments[order]
        age = self._age[places, environments]
        self._age[complete] = 0
        return {
            "observation": self._observation[places, environments],
            "action": self._action[places, environments],
            "reward": self._reward[places, environments].astype(np.float32),
            "discount": np.where(step.terminated[environments], 0.0, self._gamma**age).astype(np.float32),
            "following": step.final[environments],
            "mask": self._masks(moment)[environments],
        }

    def state(self) -> Arrays:
        """The transitions under way."""
        return {
            "taken": self._taken.copy(),
            "age": self._age.copy(),
            "observation": self._observation.copy(),
            "action": self._action.copy(),
            "reward": self._reward.copy(),
        }

    def load(self, state: Arrays) -> None:
        """Goes on from a state."""
        self._taken[:], self._age[:], self._reward[:] = state["taken"], state["age"], state["reward"]
        self._observation[:], self._action[:] = state["observation"], state["action"]

    def _masks(self, moment: Moment) -> np.ndarray:
        masks = moment.step.final_mask
        return np.ones((len(moment.step.reward), self._choices), np.bool_) if masks is None else masks
