"""What games of two players' stones share: states as bitboards, what a network sees of them, and how they are drawn.

A game of this kind is a subclass of `StoneGame` that says what its actions are called, and gives kernels for its rules (`Kernels`).

A state is one row of uint64. Letters: `W` words hold the points of a board, 64 a word; `T` positions are remembered.

    [0, 2W)       the stones of player 0, then those of player 1; a point's bit is given by the game's table
    [2W, 2WT)     the same of the T - 1 positions before, the newest first; empty before the game began
    [2WT]         info: bit 0 the player to move, bit 1 the game is over, bit 2 the swap is legal in games that have one; the
                  other bits as the game likes
    behind that   words of the game's own
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..jit import compiled
from .game import Game, GameSpec, Labels, Option, Picture, Playouts, States, Step
from .rng import GAMMA, mix64

MOVER, OVER, SWAP = np.uint64(1), np.uint64(2), np.uint64(4)  # the bits of info
ZERO, ONE = np.uint64(0), np.uint64(1)
FREE, BORDER = -1, 2  # of a mailbox, where players' stones are 0 and 1
MOST_HISTORY = 16
LONGEST_KEY = 4  # words that a network sees, as they are; more are hashed
Bits = NDArray[np.int32]  # [H * W], the bit of every point, row by row: word `bit >> 6`, place `bit & 63`


class Kernels(NamedTuple):
    """The rules of a game, over states [N, S]. All take the same `parameters`, numbers and tables; what they fill in comes last.

    play(states, actions [N], *parameters, rewards [N, 2], terminal [N], to_play [N]): `step`, the history aside
    playout(states, seeds [N], *parameters, rewards [N, 2], plies [N]): `playout`, which leaves the states as they are
    legal_mask(states, *parameters, mask [N, A]); None if every free point is legal, row by row, and behind them the swap if there
        is one
    """

    play: Callable[..., None]
    playout: Callable[..., None]
    legal_mask: Callable[..., None] | None = None
    parameters: tuple[Any, ...] = ()


class StoneGame(Game):
    """Two players with stones on the points of a board. A game sets `kernels` once it knows where its rows keep what.

    What the network sees are 2T planes, the mover's stones and the opponent's now, before the last move, and so on; then a plane of
    ones, which shows the board's edge to a padded network, if `edge`; then, if `sides`, a plane that is one where player 0 is to
    move, for games in which the two sides are not alike.
    """

    kernels: Kernels

    def __init__(
        self,
        *,
        name: str,
        options: Mapping[str, Option],
        board: tuple[int, int],
        num_actions: int,
        max_legal: int,
        max_plies: int,
        history: int,
        labels: Labels,
        bits: Bits | None = None,
        more_words: int = 0,
        edge: bool = True,
        sides: bool = False,
        glyphs: str = "XO",
        rules: str = "",
    ) -> None:
        """`bits` is by default the points row by row. Raises UserError for a history out of range."""
        if not 1 <= history <= MOST_HISTORY:
            raise UserError(f"history={history} does not fit; choose from 1 to {MOST_HISTORY} positions")
        height, width = board
        self.history, self.edge, self.rules, self._labels = history, edge, rules, labels
        self.bits: Bits = np.arange(height * width, dtype=np.int32) if bits is None else bits
        self.words = int(self.bits.max()) // 64 + 1
        self.info = 2 * self.words * history  # the column of the info word
        self._sides, self._glyphs = sides, glyphs
        self._places = (self.bits & 63).astype(np.uint64)
        self._runs = _runs(self.bits >> 6)
        boards = np.arange(self.info, dtype=np.uint64).reshape(history, 2, self.words)
        self._order = np.stack([boards.ravel(), boards[:, ::-1].ravel()])  # of the words, as player 0 and as player 1 sees them
        self._hashed = self.info + sides > LONGEST_KEY
        self._key_words = 2 if self._hashed else self.info + sides
        self.spec = GameSpec(
            name=name,
            options={**options, "history": history},
            num_players=2,
            num_actions=num_actions,
            max_legal=max_legal,
            max_plies=max_plies,
            board=board,
            num_planes=2 * history + edge + sides,
            state_size=self.info + 1 + more_words,
            state_dtype=np.dtype(np.uint64),
        )

    def new_states(self, n: int) -> States:
        return np.zeros((n, self.spec.state_size), np.uint64)

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        n = len(states)
        step = Step(np.empty((n, 2), np.float32), np.empty(n, np.bool_), np.empty(n, np.int8))
        if self.history > 1:
            _remember(states, 2 * self.words, self.info)
        self.kernels.play(states, actions, *self.kernels.parameters, *step)
        return step

    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        mask = np.empty((len(states), self.spec.num_actions), np.bool_)
        if self.kernels.legal_mask is None:
            _free_points(states, self.info, self.words, len(self.bits), mask)
        else:
            self.kernels.legal_mask(states, *self.kernels.parameters, mask)
        return mask

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        playouts = Playouts(np.empty((len(states), 2), np.float32), np.empty(len(states), np.int32))
        self.kernels.playout(states, seeds, *self.kernels.parameters, *playouts)
        return playouts

    def terminal(self, states: States) -> NDArray[np.bool_]:
        out = np.empty(len(states), np.bool_)
        _terminal(states, self.info, out)
        return out

    def to_play(self, states: States) -> NDArray[np.int8]:
        out = np.empty(len(states), np.int8)
        _to_play(states, self.info, out)
        return out

    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        """The planes that the class tells of; `out` is one stretch of memory."""
        _observe(states, self._runs, self._places, self.words, self.info, self.edge, out)

    def seen_by(self, row: States, player: int) -> NDArray[np.float32] | None:
        turned = row.copy()
        turned[self.info] = row[self.info] & ~MOVER | np.uint64(player)
        return super().seen_by(turned, player)

    def observation_keys(self, states: States) -> NDArray[np.uint64]:
        keys = np.empty((len(states), self._key_words), np.uint64)
        if self._hashed:
            _seen_hash(states, self._order, self.info, self._sides, keys)
        else:
            _seen(states, self._order, self.info, keys)
        return keys

    # For people --------------------------------------------------------------------------------------------------------------

    @property
    def labels(self) -> Labels:
        return self._labels

    def owners(self, row: States) -> NDArray[np.int8]:
        """Whose stone is on every point of one state [S], -1 for none: [H, W]."""
        out = np.full(len(self.bits), -1, np.int8)
        word, place = self.bits >> 6, (self.bits & 63).astype(np.uint64)
        for player in range(2):
            out[(row[player * self.words + word] >> place & ONE) == ONE] = player
        return out.reshape(self.spec.board)

    def picture(self, row: States) -> Picture:
        owners = self.owners(row)
        glyphs = [["." if owner < 0 else self._glyphs[owner] for owner in line] for line in owners]
        over = bool(row[self.info] & OVER)
        return Picture(glyphs, owners, self._marks(owners) if over else frozenset())

    def _marks(self, owners: NDArray[np.int8]) -> frozenset[tuple[int, int]]:
        """The points that decided a game that is over."""
        return frozenset()


def lines_of(owners: NDArray[np.int8], length: int, *, exact: bool = False) -> frozenset[tuple[int, int]]:
    """Every point of every line of `length` stones of one player; with `exact`, of lines that are no part of a longer one."""
    marks: set[tuple[int, int]] = set()
    for r, c in np.argwhere(owners >= 0).tolist():
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):

            def same(i: int, *, r: int = r, c: int = c, down: int = down, right: int = right) -> bool:
                y, x = r + i * down, c + i * right
                inside = 0 <= y < owners.shape[0] and 0 <= x < owners.shape[1]
                return inside and bool(owners[y, x] == owners[r, c])

            if all(map(same, range(1, length))) and not (exact and (same(-1) or same(length))):
                marks.update((r + i * down, c + i * right) for i in range(length))
    return frozenset(marks)


def _runs(words: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Points that follow each other and have their bits in one word: (word, first point, the point behind the last), [R, 3]."""
    first = np.flatnonzero(np.diff(words, prepend=-1))
    return np.stack([words[first], first, np.append(first[1:], len(words))], axis=1).astype(np.uint64)


# Kernels ---------------------------------------------------------------------------------------------------------------------


@compiled()
def stone_at(row: Any, first: int, bit: int) -> bool:
    """Whether the bit is set in the bitboard that begins at a word of a row."""
    return ((row[first + (bit >> 6)] >> np.uint64(bit & 63)) & ONE) != ZERO


@compiled()
def put_stone(row: Any, first: int, bit: int) -> None:
    """Sets a bit of the bitboard that begins at a word of a row."""
    row[first + (bit >> 6)] |= ONE << np.uint64(bit & 63)


@compiled()
def take_stone(row: Any, first: int, bit: int) -> None:
    """Clears a bit of the bitboard that begins at a word of a row."""
    row[first + (bit >> 6)] &= ~(ONE << np.uint64(bit & 63))


@compiled()
def unpack(row: Any, words: int, height: int, width: int, board: Any) -> int:
    """The stones of a state [S] as a mailbox [(height + 2) * (width + 2)], points row by row with a border around them, so that a
    walk over the board needs no look at coordinates; returns how many points are free."""
    board[:] = BORDER
    stones = ZERO
    for r in range(height):
        black, white = _bits_from(row, 0, r * width, width), _bits_from(row, words, r * width, width)
        at = np.uint64((r + 1) * (width + 2) + 1)
        for c in range(np.uint64(width)):  # unsigned and without branches, for vectors
            first, second = (black >> c) & ONE, (white >> c) & ONE
            board[at + c] = FREE + np.int64(first + second + second)
            stones += first + second
    return int(height * width - np.int64(stones))


@compiled()
def _bits_from(row: Any, first: int, bit: int, count: int) -> np.uint64:
    """At least `count` bits, at most 64, from a bit of the bitboard that begins at a word of a row."""
    word, place = first + (bit >> 6), bit & 63
    bits = row[word] >> np.uint64(place)
    if place + count > 64:
        bits |= row[word + 1] << np.uint64(64 - place)
    return bits


@compiled()
def pay(rewards: NDArray[np.float32], i: int, winner: int) -> None:
    """Row i of the rewards [N, 2]: 1 and -1 for the winner and the other, zeros for -1."""
    rewards[i, 0] = 0.0
    rewards[i, 1] = 0.0
    if winner >= 0:
        rewards[i, winner] = 1.0
        rewards[i, 1 - winner] = -1.0


@compiled()
def _remember(states: NDArray[np.uint64], each: int, info: int) -> None:
    """Every remembered position becomes a ply older, and the one on the board the newest of them."""
    for i in range(len(states)):
        for j in range(info - 1, each - 1, -1):
            states[i, j] = states[i, j - each]


@compiled()
def _free_points(states: NDArray[np.uint64], info: int, words: int, points: int, mask: NDArray[np.bool_]) -> None:
    """The legal mask of games that give none."""
    for i in range(len(states)):
        playing = (states[i, info] & OVER) == ZERO
        for word in range(words):
            taken = states[i, word] | states[i, words + word]
            for point in range(np.uint64(64 * word), np.uint64(min(64 * word + 64, points))):
                mask[i, point] = playing & ((taken >> (point & np.uint64(63))) & ONE == ZERO)
        for action in range(points, mask.shape[1]):
            mask[i, action] = playing and (states[i, info] & SWAP) != ZERO


@compiled()
def _terminal(states: NDArray[np.uint64], info: int, out: NDArray[np.bool_]) -> None:
    for i in range(len(states)):
        out[i] = (states[i, info] & OVER) != ZERO


@compiled()
def _to_play(states: NDArray[np.uint64], info: int, out: NDArray[np.int8]) -> None:
    for i in range(len(states)):
        out[i] = states[i, info] & MOVER


@compiled()
def _observe(
    states: NDArray[np.uint64],
    runs: NDArray[np.uint64],
    places: NDArray[np.uint64],
    words: int,
    info: int,
    edge: bool,
    out: NDArray[np.float32],
) -> None:
    """The plane of a bitboard is written a run after the other. Loops with unsigned counters over one stretch of memory compile to
    vectors; indices of four dimensions do not."""
    flat = out.reshape(-1)
    points, at = np.uint64(len(places)), np.uint64(0)
    boards = info // words
    for i in range(len(states)):
        mover = np.int64(states[i, info] & MOVER)
        for board in range(boards):
            first = (board ^ mover) * words  # the mover's stones before the opponent's
            for run in range(len(runs)):
                stones = states[i, first + np.int64(runs[run, 0])]
                for point in range(runs[run, 1], runs[run, 2]):
                    flat[at + point] = np.int32((stones >> places[point]) & ONE)
            at += points
        for plane in range(boards, out.shape[1]):
            value = np.float32(1 if edge and plane == boards else 1 - mover)
            for point in range(points):
                flat[at + point] = value
            at += points


@compiled()
def _seen(states: NDArray[np.uint64], order: NDArray[np.uint64], info: int, keys: NDArray[np.uint64]) -> None:
    """All that a network sees: at every time the mover's stones and the opponent's, then, where sides differ, who moves."""
    for i in range(len(states)):
        mover = states[i, info] & MOVER
        for j in range(info):
            keys[i, j] = states[i, order[mover, j]]
        if keys.shape[1] > info:
            keys[i, info] = mover


@compiled()
def _seen_hash(states: NDArray[np.uint64], order: NDArray[np.uint64], info: int, sides: bool, keys: NDArray[np.uint64]) -> None:
    """The same as two words: two sums of mixed bits, each place mixed differently."""
    for i in range(len(states)):
        mover = states[i, info] & MOVER
        a = b = mover if sides else ZERO
        for j in range(info):
            stones, salt = states[i, order[mover, j]], np.uint64(j + 1) * GAMMA
            a += mix64(stones + salt)
            b += mix64(stones ^ salt)
        keys[i, 0], keys[i, 1] = a, b
