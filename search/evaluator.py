"""What a search asks of whoever judges positions. Networks implement it in `agents`; the plain ones stand here."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..envs import Game
from ..envs.game import States

Floats = NDArray[np.float32]


class Evaluator(Protocol):
    """Judges states. The value is for the player to move, in [-1, 1]; logits of illegal actions are ignored.

    Its arrays may be overwritten by its next answer: whoever keeps them copies them.
    """

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """States [N, S], none of them terminal, N from 0 -> (logits [N, A], values [N])."""
        ...


class UniformEvaluator:
    """Knows nothing: every move alike, every value 0. The first generation of self-play, and the search benchmark."""

    def __init__(self, game: Game) -> None:
        self._logits = np.zeros((0, game.spec.num_actions), np.float32)
        self._values = np.zeros(0, np.float32)

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """Zeros; the arrays are shared between calls."""
        if len(states) > len(self._values):
            self._logits = np.zeros((len(states), self._logits.shape[1]), np.float32)
            self._values = np.zeros(len(states), np.float32)
        return self._logits[: len(states)], self._values[: len(states)]


class RolloutEvaluator:
    """Plain Monte-Carlo: every move alike, the value is the outcome of random play to the end (Coulom 2006)."""

    def __init__(self, game: Game, *, seed: int = 0, rollouts: int = 1) -> None:
        self._game = game
        self._generator = np.random.default_rng(seed)
        self._rollouts = rollouts

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """Uniform logits; the mean outcome of `rollouts` random games a state."""
        n = len(states)
        mover = self._game.to_play(states)
        values = np.zeros(n, np.float32)
        for _ in range(self._rollouts):
            seeds = self._generator.integers(0, 2**64, n, np.uint64)
            values += self._game.playout(states, seeds)[np.arange(n), mover]
        return np.zeros((n, self._game.spec.num_actions), np.float32), values / np.float32(self._rollouts)


class CachedEvaluator:
    """Remembers what another evaluator said, by what a network sees; forgets the oldest beyond `capacity` positions."""

    def __init__(self, game: Game, evaluator: Evaluator, *, capacity: int = 200_000) -> None:
        self._game = game
        self._evaluator = evaluator
        self._capacity = capacity
        self._known: dict[bytes, tuple[Floats, np.float32]] = {}

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """As the evaluator behind it, which is asked only about positions not seen before."""
        keys = self._game.observation_keys(states)
        first: dict[bytes, int] = {}
        for i, key in enumerate(keys):
            first.setdefault(key, i)
        missing = [i for key, i in first.items() if key not in self._known]
        if missing:
            logits, values = self._evaluator.evaluate(np.ascontiguousarray(states[missing]))
            for i, row, value in zip(missing, logits, values, strict=True):
                self._known[keys[i]] = (row.copy(), value)
        answers = [self._known[key] for key in keys]
        while len(self._known) > self._capacity:
            del self._known[next(iter(self._known))]
        shape = (len(states), self._game.spec.num_actions)
        logits = np.array([row for row, _ in answers], np.float32).reshape(shape)
        return logits, np.array([value for _, value in answers], np.float32)
