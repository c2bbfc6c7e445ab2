"""Observations and rewards brought to one size, whatever environments run behind. Called by `making`.

Gymnasium's own normaliser of vectors refuses two of the three ways of resetting; this one stands behind what has made them one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .environments import Environments, Episode, Seen, Step
from .spaces import FLOAT, Actions, Observations, ObservationSpace

BOUND = 10.0  # what is normalised is cut here, as all the usual implementations have it
EPSILON = 1e-8


class RunningMoments:
    """Mean and variance of all rows so far (Chan et al. 1979)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.mean, self.variance, self.count = np.zeros(shape), np.ones(shape), EPSILON

    def add(self, rows: NDArray[Any]) -> None:
        """Takes rows [N, *shape] in."""
        n = len(rows)
        if not n:
            return
        mean, variance = rows.mean(axis=0, dtype=np.float64), rows.var(axis=0, dtype=np.float64)
        delta, total = mean - self.mean, self.count + n
        self.variance = (self.variance * self.count + variance * n + delta**2 * self.count * n / total) / total
        self.mean, self.count = self.mean + delta * n / total, total

    def scaled(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Rows brought to mean 0 and variance 1, and cut."""
        return np.clip((rows - self.mean) / np.sqrt(self.variance + EPSILON), -BOUND, BOUND).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {"mean": self.mean.tolist(), "variance": self.variance.tolist(), "count": self.count}

    def load(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self.mean, self.variance = np.array(state["mean"], np.float64), np.array(state["variance"], np.float64)
        self.count = state["count"]


class NormalizedEnvironments:
    """Environments whose observations have mean 0 and variance 1, and whose rewards the deviation of the discounted return."""

    def __init__(self, inner: Environments, *, gamma: float, observations: bool, rewards: bool, learning: bool) -> None:
        self.n, self.action_space = inner.n, inner.action_space
        shape = inner.observation_space.shape
        self.observation_space = inner.observation_space
        if observations:
            self.observation_space = ObservationSpace(shape, FLOAT, left_out=inner.observation_space.left_out)
        self._inner, self._gamma, self._learning = inner, gamma, learning
        self._seen = RunningMoments(shape) if observations else None
        self._paid = RunningMoments(()) if rewards else None
        self._return = np.zeros(inner.n)

    def reset(self, seed: int | None = None) -> Seen:
        """As `Environments` says."""
        seen = self._inner.reset(seed)
        self._return[:] = 0.0
        self._take_in(seen.observation)
        return Seen(self._shown(seen.observation), seen.mask)

    def step(self, actions: Actions) -> Step:
        """As `Environments` says."""
        step = self._inner.step(actions)
        self._take_in(step.acted_on)
        shown = self._shown(step.observation)
        final = shown if step.final is step.observation else self._shown(step.final)
        return step._replace(observation=shown, final=final, reward=self._scaled(step))

    def finished(self) -> list[Episode]:
        """As `Environments` says: the returns are what the environment paid."""
        return self._inner.finished()

    def notices(self) -> list[str]:
        """As `Environments` says."""
        return self._inner.notices()

    def moments(self) -> dict[str, Any]:
        """What observations are normalised by: an agent plays as it learned only with these."""
        return self._seen.state() if self._seen else {}

    def set_moments(self, state: dict[str, Any]) -> None:
        """Normalises observations by these from now on."""
        if self._seen:
            self._seen.load(state)

    def reward_moments(self) -> dict[str, Any]:
        """What rewards are normalised by, empty where they are not."""
        return self._paid.state() if self._paid else {}

    def set_reward_moments(self, state: dict[str, Any]) -> None:
        """Normalises rewards by these from now on."""
        if self._paid:
            self._paid.load(state)

    def state(self) -> dict[str, Any]:
        """As `Environments` says."""
        return {
            "inner": self._inner.state(),
            "seen": self._seen.state() if self._seen else None,
            "paid": self._paid.state() if self._paid else None,
            "return": self._return.tolist(),
        }

    def load(self, state: dict[str, Any]) -> tuple[Seen, NDArray[np.bool_]]:
        """As `Environments` says."""
        seen, fresh = self._inner.load(state["inner"])
        if self._seen:
            self._seen.load(state["seen"])
        if self._paid:
            self._paid.load(state["paid"])
        self._return = np.where(fresh, 0.0, state["return"])
        self._take_in(seen.observation[fresh])
        return Seen(self._shown(seen.observation), seen.mask), fresh

    def close(self) -> None:
        """As `Environments` says."""
        self._inner.close()

    def _take_in(self, observation: Observations) -> None:
        if self._seen and self._learning:
            self._seen.add(observation)

    def _shown(self, observation: Observations) -> Observations:
        return self._seen.scaled(observation) if self._seen else observation

    def _scaled(self, step: Step) -> NDArray[np.float32]:
        if not self._paid:
            return step.reward
        self._return = self._return * self._gamma + step.reward
        self._paid.add(self._return[step.valid])
        self._return[step.ended] = 0.0
        return np.clip(step.reward / np.sqrt(self._paid.variance + EPSILON), -BOUND, BOUND).astype(np.float32)
