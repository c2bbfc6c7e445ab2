"""Small games made of tables, evaluators that are random but always say the same, and one call that searches. For these tests."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerodojo.envs import Game
from zerodojo.envs.game import GameSpec, Picture, Playouts, States, Step, Symmetries
from zerodojo.errors import UserError
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import Evaluator
from zerodojo.search.search import Search, SearchResult, run

Moves = dict[int, tuple[int, float]]  # action -> (the next state, the mover's reward)


class TableGame(Game):
    """A game written out: `moves[s]` of state s, which is terminal without any, and `movers[s]`. It starts at state 0."""

    def __init__(self, moves: list[Moves], movers: list[int], *, players: int = 2) -> None:
        self.moves, self.movers = moves, movers
        actions = 1 + max(a for here in moves for a in here)
        self.spec = GameSpec(
            name="table",
            options={},
            num_players=players,
            num_actions=actions,
            max_legal=max(len(here) for here in moves),
            max_plies=len(moves),
            board=(1, 1),
            num_planes=1,
            state_size=1,
            state_dtype=np.dtype(np.int32),
        )

    def new_states(self, n: int) -> States:
        return np.zeros((n, 1), np.int32)

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        rewards = np.zeros((len(states), self.spec.num_players), np.float32)
        for i, action in enumerate(actions):
            s = int(states[i, 0])
            states[i, 0], reward = self.moves[s][int(action)]
            rewards[i] = -reward
            rewards[i, self.movers[s]] = reward
        return Step(rewards, self.terminal(states), self.to_play(states))

    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        return np.array([[a in self.moves[s] for a in range(self.spec.num_actions)] for s in states[:, 0]], np.bool_).reshape(
            len(states), self.spec.num_actions
        )

    def terminal(self, states: States) -> NDArray[np.bool_]:
        return np.array([not self.moves[s] for s in states[:, 0]], np.bool_)

    def to_play(self, states: States) -> NDArray[np.int8]:
        return np.array([self.movers[s] for s in states[:, 0]], np.int8)

    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        out[:, 0, 0, 0] = states[:, 0]

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        rewards, plies = np.zeros((len(states), self.spec.num_players), np.float32), np.zeros(len(states), np.int32)
        for i, (row, seed) in enumerate(zip(states, seeds, strict=True)):
            generator, state = np.random.default_rng(int(seed)), row[None].copy()
            while not self.terminal(state)[0]:
                rewards[i] += self.step(state, generator.choice(list(self.moves[state[0, 0]]), 1)).rewards[0]
                plies[i] += 1
        return Playouts(rewards, plies)

    @property
    def symmetries(self) -> Symmetries:
        one = np.zeros((1, 1), np.int32)
        return Symmetries(one, np.arange(self.spec.num_actions, dtype=np.int32)[None], one, np.zeros(1, np.int32))

    def action_name(self, action: int) -> str:
        return str(action)

    def parse_action(self, text: str) -> int:
        raise UserError(f"{text!r} is not typed in these tests")

    def picture(self, row: States) -> Picture:
        return Picture([[str(row[0])]], np.full((1, 1), -1, np.int8), frozenset())


def bandit(pays: list[float]) -> TableGame:
    """One state, an arm an action."""
    return TableGame([{a: (1, pay) for a, pay in enumerate(pays)}, {}], [0, 0], players=1)


def corridors(arms: int, length: int) -> TableGame:
    """One choice among `arms` long corridors; state 1 + arm * length + d is the d-th of an arm, and nothing is ever paid."""
    moves: list[Moves] = [{a: (1 + a * length, 0.0) for a in range(arms)}]
    for arm in range(arms):
        for d in range(length):
            here = 1 + arm * length + d
            moves.append({0: (here + 1, 0.0)} if d + 1 < length else {})
    return TableGame(moves, [0] * len(moves), players=1)


def random_game(seed: int, *, depth: int, width: int, players: int) -> TableGame:
    """A random tree with rewards on the way, where whoever moves next is drawn, so that players move several times in a row.

    Rewards are multiples of 1 / (8 depth), so that sums are exact and no return leaves [-1, 1].
    """
    generator = np.random.default_rng(seed)
    moves: list[Moves] = [{}]
    movers = [0]

    def grow(state: int, left: int) -> None:
        actions = generator.permutation(width)[: generator.integers(1, width + 1)]
        for a in sorted(int(a) for a in actions):
            moves.append({})
            movers.append(int(generator.integers(players)))
            moves[state][a] = (len(moves) - 1, float(generator.integers(-8, 9)) / (8 * depth))
            if left > 1 and generator.random() < 0.85:
                grow(len(moves) - 1, left - 1)

    grow(0, depth)
    return TableGame(moves, movers, players=players)


class HashEvaluator:
    """Logits and a value drawn from a hash of the state: random, and always the same."""

    def __init__(self, game: Game, *, spread: float = 1.5, highest: float = 0.9) -> None:
        self._actions, self._spread, self._highest = game.spec.num_actions, spread, highest
        self._known: dict[bytes, tuple[NDArray[np.float32], np.float32]] = {}
        self.asked = 0

    def _judge(self, key: bytes) -> tuple[NDArray[np.float32], np.float32]:
        if key not in self._known:
            generator = np.random.default_rng(int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little"))
            logits = (generator.standard_normal(self._actions) * self._spread).astype(np.float32)
            self._known[key] = logits, np.float32(generator.uniform(-self._highest, self._highest))
        return self._known[key]

    def evaluate(self, states: States) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.asked += len(states)
        answers = [self._judge(row.tobytes()) for row in np.ascontiguousarray(states)]
        logits = np.array([logits for logits, _ in answers], np.float32).reshape(len(states), self._actions)
        return logits, np.array([value for _, value in answers], np.float32)


class TableEvaluator:
    """Says of a state of a TableGame what two tables say."""

    def __init__(self, logits: Any, values: Any) -> None:
        self._logits, self._values = np.array(logits, np.float32), np.array(values, np.float32)

    def evaluate(self, states: States) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self._logits[states[:, 0]], self._values[states[:, 0]]


def best_return(game: Game, state: States, known: dict[bytes, float] | None = None) -> float:
    """What the player to move gets under perfect play from one state [1, S], by going through everything."""
    known = {} if known is None else known
    key = state.tobytes()
    if key not in known:
        mover = int(game.to_play(state)[0])
        best = -np.inf
        for action in np.flatnonzero(game.legal_mask(state)[0]):
            after = state.copy()
            step = game.step(after, np.array([action], np.int32))
            worth = float(step.rewards[0, mover])
            if not step.terminal[0]:
                worth += best_return(game, after, known) * (1.0 if int(step.to_play[0]) == mover else -1.0)
            best = max(best, worth)
        known[key] = best
    return known[key]


def random_positions(game: Game, count: int, seed: int, *, most: int) -> States:
    """States [count, S] after 0 to `most` random moves, none of them terminal."""
    generator = np.random.default_rng(seed)
    found = game.new_states(count)
    for i in range(count):
        while True:
            state = game.new_states(1)
            for _ in range(generator.integers(0, most + 1)):
                if not game.terminal(state)[0]:
                    game.step(state, generator.choice(np.flatnonzero(game.legal_mask(state)[0]), 1).astype(np.int32))
            if not game.terminal(state)[0]:
                break
        found[i] = state[0]
    return found


def think(
    game: Game, config: SearchConfig, evaluator: Evaluator, states: States, keys: Any = None, *, leaves: int = 1
) -> SearchResult:
    """Searches states [R, S] side by side; keys [R] count from 0 unless given."""
    search = Search(game, config, games=len(states), leaves=leaves)
    rows = np.arange(len(states))
    search.begin(rows, states, np.array(rows if keys is None else keys, np.uint64))
    run(search, evaluator)
    np.testing.assert_array_equal(search.finished(), rows)
    return search.result(rows)
