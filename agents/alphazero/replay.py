"""What the learner draws from: a window of the newest positions, flat, as states and not as planes. The training loop fills it.

Every finished game is played again through the batched rules, all games side by side, to find the states that its plies were
searched in. Sampling renders them: a batch depends on the positions added so far and the generator, never on how they came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ...envs import Game
from ...envs.game import States
from ...envs.symmetry import transform_maps, transform_observations
from ...errors import UserError
from ...jit import compiled
from .config import ReplayConfig
from .records import End, GameRecords

_HALVES = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)  # Numba knows no float16: the value by its bits


@dataclass(frozen=True, kw_only=True, eq=False)
class Areas:
    """How the games of N positions ended on the board, through the same symmetries and for the player to move."""

    ownership: NDArray[np.float32]  # [N, H, W]: 1 the mover's, -1 the other's, 0 nobody's
    score: NDArray[np.float32]  # [N], points by which the mover was ahead
    told: NDArray[np.bool_]  # [N]; False where the game was not played to its end, and nothing is known


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """N training positions, each through a random symmetry, as the mover sees them: actions too (`Game.mirror`)."""

    planes: NDArray[np.float32]  # [N, C, H, W]
    policy: NDArray[np.float32]  # [N, A], sums to 1, 0 where not legal
    legal: NDArray[np.bool_]  # [N, A]
    value: NDArray[np.float32]  # [N], for the player to move: the outcome mixed with the search's value
    version: NDArray[np.int32]  # [N], of the weights that made the position
    areas: Areas | None = None  # where the replay was asked for them


class Replay:
    """The newest positions of a run. Holds states [S], targets, and policies over legal moves in one flat row."""

    def __init__(self, game: Game, config: ReplayConfig, *, areas: bool = False) -> None:
        """An empty replay; with `areas` it notes how games that tell it ended on the board.

        Raises UserError for a window that is empty, over its limit, or outgrows what it looks back on.
        """
        if config.window < 1 or not 0 < config.window_alpha <= 1 or not 0 <= config.window_beta <= 1:
            raise UserError(
                f"replay.window={config.window}, window_alpha={config.window_alpha}, window_beta={config.window_beta} fail; "
                "choose window from 1, window_alpha above 0 and up to 1, window_beta from 0 to 1"
            )
        if config.window_limit < config.window:
            raise UserError(f"replay.window_limit is {config.window_limit:,}; it must be at least replay.window, {config.window:,}")
        self._game = game
        self._config = config
        self._positions = _Table(
            state=((game.spec.state_size,), game.spec.state_dtype),
            outcome=((), np.float32),
            root_value=((), np.float32),
            solved=((), np.bool_),
            version=((), np.int32),
            number=((), np.int64),
            policy_start=((), np.int64),  # the row of _entries where the position's policy begins
            policy_size=((), np.int32),
            **({"ending": ((), np.int64)} if areas else {}),  # the row of _endings of its game
        )
        self._entries = _Table(action=((), np.int32), probability=((), np.float16))
        self._areas = areas
        self._endings = _Table(ownership=(game.spec.board, np.int8), score=((), np.float32), told=((), np.bool_))

    def __len__(self) -> int:
        """Positions that can be drawn."""
        return self._positions.end - self._positions.first

    @property
    def total(self) -> int:
        """Positions ever added."""
        return self._positions.end

    def window_size(self, total: int) -> int:
        """How many of `total` positions ever added can be drawn (KataGo: Wu 2019, appendix C), whole positions, at most total."""
        c, alpha, beta = self._config.window, self._config.window_alpha, self._config.window_beta
        grown = int(c * (1 + beta * ((total / c) ** alpha - 1) / alpha)) if total > c else total
        return min(total, grown, self._config.window_limit)

    def add(self, records: GameRecords) -> int:
        """Adds the searched plies of finished games, in order, and forgets what leaves the window. Returns how many it added.

        Raises ValueError naming the first game that the rules do not replay, and then adds nothing.
        """
        if not len(records):
            return 0
        searched, states, last = _replayed(self._game, records)
        outcome = np.empty(len(records.action), np.float32)
        _outcomes(records.length, records.mover, records.reward, records.returns, outcome)
        sizes = records.policy_size[searched]
        self._positions.append(
            state=states,
            outcome=outcome[searched],
            root_value=records.root_value[searched],
            solved=records.solved[searched],
            version=records.version[searched],
            number=np.repeat(records.number, records.length)[searched],
            policy_start=self._entries.end + np.cumsum(sizes, dtype=np.int64) - sizes,
            policy_size=sizes,
            **(self._note_endings(records, searched, last) if self._areas else {}),
        )
        self._entries.append(action=records.policy_action, probability=records.policy)
        self._positions.drop_before(self.total - self.window_size(self.total))
        if len(self):
            self._entries.drop_before(int(self._positions["policy_start"][0]))
            if self._areas:
                self._endings.drop_before(int(self._positions["ending"][0]))
        return len(searched)

    def restore(self, parts: Sequence[GameRecords], total: int) -> None:
        """Fills an empty replay as it was after `total` positions, from the newest games (`GameStore.tail`).

        Afterwards `sample` draws, bit for bit, what it would have drawn. Raises ValueError if the games do not fill the window.
        """
        held = sum(part.positions for part in parts)
        if self.total or not min(self.window_size(total), total) <= held <= total:
            raise ValueError(
                f"{held} positions do not restore a replay of {total}, of which {self.window_size(total)} can be drawn"
            )
        self._positions.start_at(total - held)
        for part in parts:
            self.add(part)

    def sample(self, n: int, generator: np.random.Generator) -> Batch:
        """n positions drawn uniformly from the window, none twice where it is large enough. Raises ValueError when empty."""
        rows = self._draw(n, generator)
        symmetries = self._game.symmetries
        which = generator.integers(len(symmetries), size=n, dtype=np.int32)
        columns = self._positions
        states = columns["state"][rows]
        image = symmetries.actions[symmetries.inverse[which]]
        if self._game.mirror is not None:
            turned = self._game.to_play(states) == 1
            image[turned] = self._game.mirror[image[turned]]
        policy = np.zeros((n, self._game.spec.num_actions), np.float32)
        _policies(
            columns["policy_start"][rows] - self._entries.first,
            columns["policy_size"][rows],
            self._entries["action"],
            self._entries["probability"].view(np.uint16),
            _HALVES,
            image,
            policy,
            legal := np.zeros(policy.shape, np.bool_),
        )
        weight = np.where(columns["solved"][rows], 1.0, self._config.root_value_weight)
        outcome, root_value = columns["outcome"][rows], columns["root_value"][rows]
        return Batch(
            planes=transform_observations(self._rendered(states), which, symmetries),
            policy=policy,
            legal=legal,
            value=((1 - weight) * outcome + weight * root_value).astype(np.float32),
            version=columns["version"][rows],
            areas=self._drawn_areas(rows, states, which) if self._areas else None,
        )

    def _note_endings(self, records: GameRecords, searched: NDArray[np.int64], last: States) -> dict[str, NDArray[np.int64]]:
        """Notes how games ended, in states [n, S]; returns the column of positions that points there."""
        ending = self._endings.end + np.repeat(np.arange(len(records)), records.length)[searched]
        ownership, score = self._game.ownership(last), self._game.score(last)
        self._endings.append(ownership=ownership, score=score, told=records.end != End.SOLVED)
        return {"ending": ending}

    def _drawn_areas(self, rows: NDArray[np.int64], states: States, which: NDArray[np.int32]) -> Areas:
        ending, mover = self._positions["ending"][rows] - self._endings.first, self._game.to_play(states)
        owner = transform_maps(self._endings["ownership"][ending], which, self._game.symmetries)
        own = np.where(owner == mover[:, None, None], np.float32(1), np.float32(-1))
        score = self._endings["score"][ending]
        return Areas(
            ownership=np.where(owner < 0, np.float32(0), own),
            score=np.where(mover == 0, score, -score),
            told=self._endings["told"][ending],
        )

    def states(self, n: int, generator: np.random.Generator) -> States:
        """The states [n, S] of n positions drawn as `sample` draws them."""
        states: States = self._positions["state"][self._draw(n, generator)]
        return states

    def calibration(self, n: int, generator: np.random.Generator) -> NDArray[np.float32]:
        """The observations [n, C, H, W] of `states`, as they were played: what an engine is prepared and checked on."""
        return self._rendered(self.states(n, generator))

    def _draw(self, n: int, generator: np.random.Generator) -> NDArray[np.int64]:
        if not len(self):
            raise ValueError("nothing can be drawn from an empty replay")
        return generator.choice(len(self), size=n, replace=n > len(self))

    def _rendered(self, states: States) -> NDArray[np.float32]:
        spec = self._game.spec
        planes = np.empty((len(states), spec.num_planes, *spec.board), np.float32)
        self._game.observe(states, planes)
        return planes


class _Table:
    """Columns that grow at the end and are forgotten from the front. Rows are numbered from the first ever added."""

    def __init__(self, **columns: tuple[tuple[int, ...], DTypeLike]) -> None:
        self._capacity = 1024
        self._columns = {name: np.empty((self._capacity, *shape), dtype) for name, (shape, dtype) in columns.items()}
        self._base = 0  # the number of the row that stands first in the arrays
        self.first = 0  # the number of the oldest row held
        self.end = 0  # the number of the next row

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The rows held, oldest first."""
        return self._columns[name][self.first - self._base : self.end - self._base]

    def start_at(self, number: int) -> None:
        """Numbers the rows of an empty table from here."""
        self._base = self.first = self.end = number

    def append(self, **rows: NDArray[Any]) -> None:
        """Adds rows, given by column."""
        count = len(next(iter(rows.values())))
        if self.end - self._base + count > self._capacity:
            self._make_room(self.end - self.first + count)
        for name, values in rows.items():
            self._columns[name][self.end - self._base : self.end - self._base + count] = values
        self.end += count

    def drop_before(self, number: int) -> None:
        """Forgets the rows before this one."""
        self.first = max(self.first, number)

    def _make_room(self, needed: int) -> None:
        """Moves the rows held to the front; into arrays half as large again as needed, unless a third is free that way."""
        held = self.end - self.first
        if 3 * needed > 2 * self._capacity:
            self._capacity = needed + needed // 2
        for name in self._columns:
            rows = self[name]
            if self._capacity > len(self._columns[name]):
                self._columns[name] = np.empty((self._capacity, *rows.shape[1:]), rows.dtype)
            self._columns[name][:held] = rows
        self._base = self.first


def _replayed(game: Game, records: GameRecords) -> tuple[NDArray[np.int64], States, States]:
    """Which plies were searched, [m], the states they were searched in, [m, S], and that behind the last ply of every game, [n, S].

    Raises ValueError naming a game that fails.
    """
    if records.length.sum() != len(records.action):
        raise ValueError(f"{len(records)} games with {records.length.sum()} plies come with {len(records.action)} actions")
    searched = np.flatnonzero(records.simulations)
    place = np.cumsum(records.simulations > 0) - 1  # of a searched ply among the searched ones
    states = np.empty((len(searched), game.spec.state_size), game.spec.state_dtype)
    legal = np.empty((len(searched), game.spec.num_actions), np.bool_)

    order = np.argsort(-records.length, kind="stable")  # longest first: the games still going are always the first rows
    starts = (np.cumsum(records.length, dtype=np.int64) - records.length)[order]
    lengths, numbers = records.length[order], records.number[order]
    played_out = records.end[order] != End.SOLVED
    _require(lengths > 0, numbers, "it has no plies")
    rows = game.new_states(len(records))
    ends = np.empty_like(rows)
    for ply in range(int(lengths[0])):
        going = int(np.searchsorted(-lengths, -ply, side="left"))
        rows, numbers = rows[:going], numbers[:going]
        at = starts[:going] + ply
        actions = records.action[at]
        mask = game.legal_mask(rows)
        inside = (actions >= 0) & (actions < game.spec.num_actions)
        _require(inside & mask[np.arange(going), np.where(inside, actions, 0)], numbers, f"ply {ply} is not legal")
        _require(game.to_play(rows) == records.mover[at], numbers, f"another player moves at ply {ply}")
        taught = records.simulations[at] > 0
        states[place[at[taught]]] = rows[taught]
        legal[place[at[taught]]] = mask[taught]
        step = game.step(rows, actions)
        last = lengths[:going] == ply + 1
        _require(step.terminal == (last & played_out[:going]), numbers, f"it does not end at its last ply (seen at ply {ply})")
        _require((step.rewards == records.reward[at]).all(axis=1), numbers, f"other rewards at ply {ply}")
        ends[order[:going][last]] = rows[last]

    wrong = _first_wrong_policy(records.policy_size[searched], records.policy_action, records.policy.astype(np.float32), legal)
    if wrong >= 0:
        number = np.repeat(records.number, records.length)[searched[wrong]]
        raise ValueError(f"game {number} does not replay: a policy is no distribution over the legal moves")
    return searched, states, ends


def _require(right: NDArray[np.bool_], numbers: NDArray[np.int64], what: str) -> None:
    if not right.all():
        raise ValueError(f"game {numbers[np.argmin(right)]} does not replay: {what}")


@compiled()
def _outcomes(
    length: NDArray[np.int32],
    mover: NDArray[np.int8],
    reward: NDArray[np.float32],
    returns: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """For every ply, the returns still to come for its mover."""
    ply = 0
    for game in range(len(length)):
        ahead = returns[game].copy()
        for _ in range(length[game]):
            out[ply] = ahead[mover[ply]]
            ahead -= reward[ply]
            ply += 1


@compiled()
def _first_wrong_policy(
    size: NDArray[np.int32], action: NDArray[np.int32], policy: NDArray[np.float32], legal: NDArray[np.bool_]
) -> int:
    """The first position whose policy does not name each legal move once with a probability, or -1. Clears `legal`."""
    entry = 0
    for i in range(len(size)):
        total = 0.0
        for _ in range(size[i]):
            if entry == len(action) or not 0 <= action[entry] < legal.shape[1] or not legal[i, action[entry]]:
                return i
            legal[i, action[entry]] = False
            if not 0.0 <= policy[entry] <= 1.01:
                return i
            total += float(policy[entry])
            entry += 1
        if legal[i].any() or not 0.9 < total < 1.1:
            return i
    return -1 if entry == len(action) else len(size) - 1


@compiled()
def _policies(
    start: NDArray[np.int64],
    size: NDArray[np.int32],
    action: NDArray[np.int32],
    probability: NDArray[np.uint16],  # the bits
    halves: NDArray[np.float32],
    image: NDArray[np.int32],  # [N, A], where each action goes
    policy: NDArray[np.float32],
    legal: NDArray[np.bool_],
) -> None:
    """Writes the flat policies of N positions, each through its image, into dense rows that sum to 1."""
    for i in range(len(start)):
        total = np.float32(0.0)
        for entry in range(start[i], start[i] + size[i]):
            total += halves[probability[entry]]
        for entry in range(start[i], start[i] + size[i]):
            seen = image[i, action[entry]]
            legal[i, seen] = True
            policy[i, seen] = halves[probability[entry]] / total
