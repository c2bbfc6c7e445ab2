"""What a search asks of whoever judges positions. Networks implement it in `agents`; the plain ones stand here."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..envs import Game
from ..envs.game import States
from ..envs.rng import mix64
from .jit import kernel
from .tree import copy_row

Floats = NDArray[np.float32]


class Evaluator(Protocol):
    """Judges states. The value is for the player to move, in [-1, 1]; logits of illegal actions are ignored.

    Its arrays may be overwritten by its next answer: whoever keeps them copies them.
    """

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """States [N, S], none of them terminal, N from 0 -> (logits [M, A], values [M]) of the first M; M is 0 only if N is.

        M is N, unless it pays to answer the others later: a search asks for them again in its next round, before all else.
        """
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
        self.reseed(seed)
        self._rollouts = rollouts

    def reseed(self, seed: int) -> None:
        """Begins the random games anew, as if it were made with this seed."""
        self._generator = np.random.default_rng(seed)

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """Uniform logits; the mean outcome of `rollouts` random games a state."""
        n = len(states)
        mover = self._game.to_play(states)
        values = np.zeros(n, np.float32)
        for _ in range(self._rollouts):
            seeds = self._generator.integers(0, 2**64, n, np.uint64)
            values += self._game.playout(states, seeds).rewards[np.arange(n), mover]
        return np.zeros((n, self._game.spec.num_actions), np.float32), values / np.float32(self._rollouts)


class CachedEvaluator:
    """Remembers what another evaluator said, by what a network sees, and says the same again, bit for bit.

    Every search repeats much of the one before it in its game, and lines of play meet: in self-play of Connect Four seven of ten
    answers are remembered (docs/results.md). The table has as many places, one a position, as a power of two gives within
    `size` bytes; a newer position takes the place of an older one. Whatever changes the evaluator behind it, such as new weights,
    needs a new cache.

    An engine computes `rows` positions at a time, and as long for fewer. What is missing is no multiple of that, so an answer ends
    before the first position that would begin a submission and not fill it, if any was filled: a twentieth more positions in
    self-play (docs/results.md).
    """

    def __init__(self, game: Game, evaluator: Evaluator, *, size: int = 2**24, rows: int = 1) -> None:
        self._game = game
        self._evaluator = evaluator
        self._rows = rows
        actions, words = game.spec.num_actions, game.observation_keys(game.new_states(1)).shape[1]
        places = 1
        while 2 * places * (8 * words + 4 * (actions + 1)) <= size:
            places *= 2
        self._table = _Table(
            keys=np.zeros((places, words), np.uint64),
            answers=np.full((places, actions + 1), np.nan, np.float32),
        )

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """As the evaluator behind it, which is asked only about positions that are not in the table."""
        n = len(states)
        keys = self._game.observation_keys(states)
        logits, values = np.empty((n, self._game.spec.num_actions), np.float32), np.empty(n, np.float32)
        place, missing = np.empty(n, np.int64), np.empty(n, np.int64)
        missing = missing[: _look_up(self._table, keys, place, missing, logits, values)]
        ragged = len(missing) % self._rows
        if 0 < ragged < len(missing):
            n = missing[-ragged]
            missing = missing[:-ragged]
        if len(missing):
            answers = self._evaluator.evaluate(states[missing])
            _remember(self._table, keys, place, missing, answers[0], answers[1], logits, values)
        return logits[:n], values[:n]


class _Table(NamedTuple):
    """The memory of a cache: C places, K words a key. Two arrays and no more: each costs a walk to memory, for every look."""

    keys: NDArray[np.uint64]  # [C, K]
    answers: Floats  # [C, A + 1], logits and then the value, which is nan where nothing stands


@kernel
def _look_up(table: _Table, keys: Any, place: Any, missing: Any, logits: Any, values: Any) -> int:
    """Copies what is known of N keys [N, K] into logits [N, A] and values [N]; notes the place [N] of every key, and the rows that
    are missing; returns how many are."""
    count = 0
    for i in range(len(keys)):
        bits = np.uint64(0)
        for word in range(keys.shape[1]):
            bits = mix64(bits ^ keys[i, word])
        at = np.int64(bits & np.uint64(len(table.keys) - 1))
        same = True
        for word in range(keys.shape[1]):
            same = same and table.keys[at, word] == keys[i, word]
        place[i] = at
        if same and not np.isnan(table.answers[at, logits.shape[1]]):
            for a in range(logits.shape[1]):
                logits[i, a] = table.answers[at, a]
            values[i] = table.answers[at, logits.shape[1]]
        else:
            missing[count] = i
            count += 1
    return count


@kernel
def _remember(
    table: _Table, keys: Any, place: Any, missing: Any, new_logits: Any, new_values: Any, logits: Any, values: Any
) -> None:
    """Takes the answers [M, A] and [M] to the missing rows [M] into the table, and into logits [N, A] and values [N]."""
    for m in range(len(missing)):
        i = missing[m]
        at = place[i]
        copy_row(keys, i, table.keys, at)
        copy_row(new_logits, m, table.answers, at)
        table.answers[at, new_logits.shape[1]] = new_values[m]
        copy_row(new_logits, m, logits, i)
        values[i] = new_values[m]
