"""Self-play: many games of one worker side by side, each thinking by itself, so that the engine's batch stays full.

Called by `worker`. All randomness of a game is keyed by (seed, game number): its opening, and the noise of every search. So a
game does not depend on which worker plays it, nor on the games beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...envs import Game
from ...envs.game import States
from ...envs.rng import splitmix64
from ...jit import compiled
from ...search.config import SearchConfig
from ...search.evaluator import Evaluator
from ...search.search import Search
from .config import SelfPlayConfig
from .records import End, GameRecords

TOGETHER = 0.05  # of the games move at once, while others think: a call that moves one game costs about as much
OPENING_TRIES = 100  # random lines drawn for one opening before the game starts from the beginning


class SelfPlay:
    """G slots, each with a game under way, or idle when no numbers are left."""

    def __init__(self, game: Game, search: SearchConfig, config: SelfPlayConfig, *, seed: int) -> None:
        spec, slots = game.spec, config.games
        self._game, self._config, self._seed = game, config, seed
        self._search = Search(game, search, games=slots)
        self._together = max(1, int(TOGETHER * slots))
        self._numbers: deque[int] = deque()
        self._idle = deque(range(slots))
        self.under_way = 0  # positions searched in games that have not ended
        self._number = np.full(slots, -1, np.int64)
        self._states: States = game.new_states(slots)
        self._ply = np.zeros(slots, np.int32)
        self._plays_out = np.zeros(slots, np.bool_)  # whether the game goes on after its outcome is proven
        plies = (slots, spec.max_plies)
        self._action = np.zeros(plies, np.int32)
        self._mover = np.zeros(plies, np.int8)
        self._reward = np.zeros((*plies, spec.num_players), np.float32)
        self._simulations = np.zeros(plies, np.int32)
        self._version = np.zeros(plies, np.int32)
        self._root_value = np.zeros(plies, np.float32)
        self._solved = np.zeros(plies, np.bool_)
        self._policy_size = np.zeros(plies, np.int32)
        self._policies: list[list[tuple[NDArray[np.int32], NDArray[np.float16]]]] = [[] for _ in range(slots)]

    @property
    def playing(self) -> int:
        """Games under way or waiting for a slot."""
        return self._config.games - len(self._idle) + len(self._numbers)

    def add(self, numbers: Iterable[int]) -> None:
        """Games to begin, by number, as slots become free."""
        self._numbers.extend(numbers)
        self._fill()

    def advance(self, evaluator: Evaluator, version: int) -> list[GameRecords]:
        """One round of all searches, and the moves of those that are done; returns the games that ended.

        `version` is that of the weights the evaluator runs on, 0 for the uniform guess.
        """
        search = self._search
        search.update(*evaluator.evaluate(search.select()))
        rows = search.finished()
        return self._move(rows, version) if len(rows) >= self._together or (len(rows) and not search.active()) else []

    def _move(self, rows: NDArray[np.int64], version: int) -> list[GameRecords]:
        result = self._search.result(rows)
        states = self._states[rows]
        legal, ply = self._game.legal_mask(states), self._ply[rows]
        self._simulations[rows, ply] = np.maximum(self._search.simulations(rows), 1)
        self._version[rows, ply] = version
        self._root_value[rows, ply] = result.value
        self._solved[rows, ply] = result.solved
        sizes = self._policy_size[rows, ply] = legal.sum(axis=1)
        row, action = np.nonzero(legal)
        entries = action.astype(np.int32), result.policy[row, action].astype(np.float16)  # of all rows, one after the other
        for slot, start, end in zip(rows.tolist(), (ends := sizes.cumsum()) - sizes, ends, strict=True):
            self._policies[slot].append((entries[0][start:end], entries[1][start:end]))
        terminal = self._play(rows, result.action)
        proven = result.solved & ~self._plays_out[rows] & ~terminal
        over = terminal | proven
        ended = [
            self._record(slot, End.SOLVED if early else End.RULES) for slot, early in zip(rows[over], proven[over], strict=True)
        ]
        self.under_way += len(rows) - sum(record.positions for record in ended)
        self._idle.extend(int(slot) for slot in rows[over])
        self._search.release(rows[over])
        self._think(rows[~over])
        self._fill()
        return ended

    def _play(self, rows: NDArray[np.int64], actions: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Plays one action in each of these slots and notes it; returns which games are over."""
        ply, states = self._ply[rows], self._states[rows]
        self._action[rows, ply] = actions
        self._mover[rows, ply] = self._game.to_play(states)
        step = self._game.step(states, actions)
        self._states[rows] = states
        self._reward[rows, ply] = step.rewards
        self._ply[rows] += 1
        return step.terminal

    def _think(self, rows: NDArray[np.int64]) -> None:
        if len(rows):
            keys = move_keys(np.uint64(self._seed), self._number[rows], self._ply[rows])
            self._search.begin(rows, self._states[rows], keys)

    def _fill(self) -> None:
        started = []
        while self._idle and self._numbers:
            slot = self._idle.popleft()
            self._begin(slot, self._numbers.popleft())
            started.append(slot)
        self._think(np.array(sorted(started), np.int64))

    def _begin(self, slot: int, number: int) -> None:
        self._number[slot] = number
        self._simulations[slot] = 0
        self._version[slot] = -1
        self._root_value[slot] = 0.0
        self._solved[slot] = False
        self._policy_size[slot] = 0
        self._policies[slot] = []
        generator = np.random.default_rng((self._seed, number))
        self._plays_out[slot] = generator.random() < self._config.play_out
        start = opening(self._game, self._config, generator)
        self._ply[slot] = n = len(start.action)
        self._states[slot] = start.state
        self._action[slot, :n] = start.action
        self._mover[slot, :n] = start.mover
        self._reward[slot, :n] = start.reward

    def _record(self, slot: int, end: End) -> GameRecords:
        n = self._ply[slot]
        policies = self._policies[slot]
        returns = self._reward[slot, :n].sum(axis=0, keepdims=True)
        if end == End.SOLVED:
            mover = self._mover[slot, n - 1]
            returns = self._reward[slot, : n - 1].sum(axis=0, keepdims=True)
            returns += np.where(np.arange(returns.shape[1]) == mover, 1, -1) * self._root_value[slot, n - 1]
        return GameRecords(
            number=self._number[slot : slot + 1].copy(),
            length=np.array([n], np.int32),
            returns=returns.astype(np.float32),
            end=np.array([end], np.uint8),
            action=self._action[slot, :n].copy(),
            mover=self._mover[slot, :n].copy(),
            reward=self._reward[slot, :n].copy(),
            simulations=self._simulations[slot, :n].copy(),
            version=self._version[slot, :n].copy(),
            root_value=self._root_value[slot, :n].copy(),
            solved=self._solved[slot, :n].copy(),
            policy_size=self._policy_size[slot, :n].copy(),
            policy_action=np.concatenate([actions for actions, _ in policies]),
            policy=np.concatenate([policy for _, policy in policies]),
        )


class Opening(NamedTuple):
    """The n random plies a game begins with, and the position after them."""

    action: list[int]  # [n]
    mover: list[int]  # [n]
    reward: NDArray[np.float32]  # [n, players]
    state: NDArray[Any]  # [S]


def opening(game: Game, config: SelfPlayConfig, generator: np.random.Generator) -> Opening:
    """The random plies a game begins with, none for a share of the games; the position after them is not over.

    Without them games resemble each other and learning slows (docs/architecture.md).
    """
    plain = config.opening_plies < 1 or generator.random() >= config.opening_fraction
    for _ in range(0 if plain else OPENING_TRIES):
        plies = int(generator.integers(1, config.opening_plies + 1))
        states, actions, movers = game.new_states(1), [], []
        rewards = np.zeros((plies, game.spec.num_players), np.float32)
        for ply in range(plies):
            legal = np.flatnonzero(game.legal_mask(states)[0])
            actions.append(int(legal[generator.integers(len(legal))]))
            movers.append(int(game.to_play(states)[0]))
            step = game.step(states, np.array(actions[-1:], np.int32))
            rewards[ply] = step.rewards[0]
            if step.terminal[0]:
                break
        else:
            return Opening(actions, movers, rewards, states[0])
    return Opening([], [], np.zeros((0, game.spec.num_players), np.float32), game.new_states(1)[0])


def opening_states(game: Game, config: SelfPlayConfig, n: int, generator: np.random.Generator) -> States:
    """n positions [n, S] that games begin from: what an engine is checked on while nothing has been played."""
    config = replace(config, opening_fraction=1.0)
    return np.stack([opening(game, config, generator).state for _ in range(n)])


@compiled()
def move_keys(seed: np.uint64, numbers: NDArray[np.int64], plies: NDArray[np.int32]) -> NDArray[np.uint64]:
    """The key of each search, [R], from the run's seed, the game's number and the ply."""
    keys = np.empty(len(numbers), np.uint64)
    for i in range(len(numbers)):
        keys[i] = splitmix64(splitmix64(seed, np.uint64(numbers[i])), np.uint64(plies[i]))
    return keys
