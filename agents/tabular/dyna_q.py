"""Dyna-Q (Sutton 1990; Sutton and Barto, section 8.2): Q-learning, and more of it in a model learned on the way.

The model holds what came last of every pair that was tried: right for a world without chance, as the book has it. Planning draws
evenly from the pairs that were tried; the book draws a state first, and then an action that was tried in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from .base import TabularAgent, Transitions, of_valid
from .config import DynaQSettings
from .policy import Mask
from .table import Floats, Numbers


class DynaQ(TabularAgent[DynaQSettings, Transitions]):
    """The agent."""

    def __init__(self, config: GymConfig[DynaQSettings], spaces: Spaces) -> None:
        super().__init__(config, spaces)
        self._seed = config.seed
        self.keep(None)

    def collect(self, actor: Actor) -> Transitions:
        """One step in each environment."""
        self.explore()
        return self.transitions(actor.advance())

    def learn(self, batch: Transitions) -> Metrics:
        """One step of Q-learning in every environment, and for each as many as are planned in the model."""
        following = self._following(batch.following, batch.terminated, batch.mask)
        metrics = self.move(*of_valid(batch, batch.reward + following))
        model = self._model
        model.learn(batch)
        for _ in range(self._settings.planning):
            state, action = model.draw(int(np.count_nonzero(batch.valid)), self._generator)
            led = model.following[state, action]
            following = self._following(led, model.terminated[state, action], model.open[led])
            self.move(state, action, model.reward[state, action] + following)
        return metrics

    def _following(self, states: Numbers, terminated: NDArray[np.bool_], mask: Mask) -> Floats:
        values: Floats = self._settings.gamma * np.where(terminated, 0.0, self.policy.greatest(states, mask))
        return values

    def kept(self) -> AgentState:
        """As `TabularAgent` says."""
        return AgentState(arrays=self._model.kept(), values={"generator": self._generator.bit_generator.state})

    def keep(self, state: AgentState | None) -> None:
        """As `TabularAgent` says."""
        self._model = LastOutcomes(*self.table.q.shape)
        self._generator = np.random.default_rng((self._seed, 2))  # of the pairs that are planned from
        if state is not None:
            self._model.keep(state.arrays)
            self._generator.bit_generator.state = state.values["generator"]


class LastOutcomes:
    """What came last of every pair of state and action, and what was open in every state."""

    def __init__(self, states: int, actions: int) -> None:
        self.reward = np.zeros((states, actions))
        self.following = np.zeros((states, actions), np.int64)
        self.terminated = np.zeros((states, actions), np.bool_)
        self.open = np.ones((states, actions), np.bool_)
        self._tried = np.zeros((states, actions), np.bool_)
        self._pairs: list[int] = []  # that were tried, in order, as numbers of the flat table

    def learn(self, steps: Transitions) -> None:
        """Takes the rows that count."""
        rows = np.flatnonzero(steps.valid)
        pairs = steps.state[rows], steps.action[rows]
        self.reward[pairs] = steps.reward[rows]
        self.following[pairs] = steps.following[rows]
        self.terminated[pairs] = steps.terminated[rows]
        if steps.mask is not None:
            going = rows[~steps.terminated[rows]]
            self.open[steps.following[going]] = steps.mask[going]
        fresh = np.ravel_multi_index(pairs, self._tried.shape)[~self._tried[pairs]]
        self._pairs += dict.fromkeys(fresh.tolist())
        self._tried[pairs] = True

    def draw(self, n: int, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """n pairs of those that were tried, evenly and with replacement: (states, actions)."""
        chosen = [self._pairs[i] for i in generator.integers(len(self._pairs), size=n).tolist()]
        states, actions = np.divmod(np.array(chosen, np.int64), self._tried.shape[1])
        return states, actions

    def kept(self) -> Arrays:
        """What `keep` goes on from."""
        columns = {"reward": self.reward, "following": self.following, "terminated": self.terminated, "open": self.open}
        return {**{name: column.copy() for name, column in columns.items()}, "pairs": np.array(self._pairs, np.int64)}

    def keep(self, arrays: Arrays) -> None:
        """Goes on from that; the model is new."""
        self.reward[:], self.following[:], self.terminated[:] = arrays["reward"], arrays["following"], arrays["terminated"]
        self.open[:] = arrays["open"]
        self._pairs = arrays["pairs"].tolist()
        self._tried.flat[self._pairs] = True
