"""The Game contract: the rules of one game variant over batches of plain numeric rows, and `Position` for people.

Search, self-play and every player see games only through this file. A game is static; a state is one row of numbers, so that
copying, storing, hashing and shipping a state is copying a row.

Shapes: `N` states in a batch, `S` numbers in a row, `A` actions, `P` players, `C, H, W` observation planes, `K` symmetries.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError

States = NDArray[Any]
Option = int | float | str | bool
LISTED = 40  # names of actions in one line; a person reads no more


class IllegalAction(UserError):
    """An action that the rules do not allow in this position; the message shows those they do."""


@dataclass(frozen=True, kw_only=True)
class GameSpec:
    """What is static about a game. Two players are zero-sum, and from any position on the rewards still to come sum to [-1, 1]."""

    name: str  # the registry name
    options: Mapping[str, Option]  # every option, resolved: make(name, **options) is the same game
    num_players: int  # P
    num_actions: int  # A
    max_legal: int  # no position has more legal actions
    max_plies: int  # no game is longer
    board: tuple[int, int]  # H, W
    num_planes: int  # C
    state_size: int  # S
    state_dtype: np.dtype[Any]


class Step(NamedTuple):
    """What one step of N games brought."""

    rewards: NDArray[np.float32]  # [N, P]
    terminal: NDArray[np.bool_]  # [N]
    to_play: NDArray[np.int8]  # [N], the player to move next; any player where terminal


@dataclass(frozen=True)
class Symmetries:
    """The K symmetries of a board as gather tables; the first is the identity.

    Observation: `image[c, p] = original[planes[k, c], points[k, p]]`, with p = row * W + column. Policy, and anything else per
    action: `image[a] = original[actions[k, a]]`. Applying k and then `inverse[k]` gives the original back.
    """

    points: NDArray[np.int32]  # [K, H*W]
    actions: NDArray[np.int32]  # [K, A]
    planes: NDArray[np.int32]  # [K, C]
    inverse: NDArray[np.int32]  # [K]

    def __len__(self) -> int:
        return len(self.inverse)


class Playouts(NamedTuple):
    """How N games of random play went on."""

    rewards: NDArray[np.float32]  # [N, P], still to come
    plies: NDArray[np.int32]  # [N], played


class Picture(NamedTuple):
    """A board for people: what stands on every point, row 0 on top."""

    glyphs: list[list[str]]  # [H][W], one character a point
    owners: NDArray[np.int8]  # [H, W], the player whose piece it is, -1 for none
    marks: frozenset[tuple[int, int]]  # points (row, column) that decided the game, such as a winning line
    slant: bool = False  # each row is drawn half a point further to the right than the row above it


class Labels(NamedTuple):
    """What stands beside a board: names of columns above or below it, of rows on its left; empty for nothing."""

    top: Sequence[str] = ()  # [W]
    left: Sequence[str] = ()  # [H]
    bottom: Sequence[str] = ()  # [W]


class Game(ABC):
    """One variant of a deterministic game with perfect information; immutable, and safe to share between threads."""

    spec: GameSpec
    playouts_are_uniform = True  # every legal move is as likely; False where senseless ones are left out
    observation_bounds = (0.0, 1.0)  # that no number of an observation lies beyond
    has_picture = True  # False where `picture` is an empty board, and only `render` tells what stands where
    rules = ""  # how it is played, for people, in a few short sentences; empty where another library keeps the rules
    # [P], what a player does and the others do not, such as "connects top and bottom"; empty where all do the same.
    aims: tuple[str, ...] = ()

    # The rules, over batches -------------------------------------------------------------------------------------------------

    @abstractmethod
    def new_states(self, n: int) -> States:
        """The start position, n times: [N, S]."""

    @abstractmethod
    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        """Plays actions [N] in states [N, S], in place. The caller vouches that they are legal and no state is terminal."""

    @abstractmethod
    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        """Which actions are legal, [N, A]; none where the game is over."""

    @abstractmethod
    def terminal(self, states: States) -> NDArray[np.bool_]:
        """Which games are over, [N]."""

    @abstractmethod
    def to_play(self, states: States) -> NDArray[np.int8]:
        """The player to move, [N]; read from the state, never guessed from the number of plies."""

    @abstractmethod
    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        """Writes what the player to move sees into out [N, C, H, W]."""

    def seen_by(self, row: States, player: int) -> NDArray[np.float32] | None:
        """What a player sees of one state [S], [C, H, W], as if it were to move; None where only the player to move sees anything.

        For environments that ask every player; networks and searches observe.
        """
        if player != self.to_play(row[None])[0]:
            return None
        planes = np.empty((1, self.spec.num_planes, *self.spec.board), np.float32)
        self.observe(row[None], planes)
        return planes[0]

    @abstractmethod
    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        """Random play to the end from states [N, S], which stay as they are, game i from seed i."""

    # Static tables and keys --------------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def symmetries(self) -> Symmetries:
        """The symmetries of the rules."""

    @property
    def mirror(self) -> NDArray[np.int32] | None:
        """Where player 1 sees the board turned: what each action [A] is in the mover's view, a permutation that is its own inverse.

        Ids mean one action whoever moves; a network learns and answers in the mover's view. None where that is the same.
        """
        return None

    def state_keys(self, states: States) -> list[bytes]:
        """A key a state that identifies it for the rules (repetition, transposition)."""
        return [row.tobytes() for row in np.ascontiguousarray(states)]

    def observation_keys(self, states: States) -> NDArray[np.uint64]:
        """What identifies what a network sees, and with a `mirror` who moves, [N, words]: states with one key share an evaluation.

        Here a hash of the planes, 128 bits long; where a few words say it all, a game gives those.
        """
        planes = np.empty((len(states), self.spec.num_planes, *self.spec.board), np.float32)
        self.observe(states, planes)
        keys: NDArray[np.uint64] = (
            planes.view(np.uint32).reshape(len(states), len(self._key_factors)).astype(np.uint64) @ self._key_factors
        )
        return keys if self.mirror is None else np.column_stack([keys, self.to_play(states).astype(np.uint64)])

    @cached_property
    def _key_factors(self) -> NDArray[np.uint64]:
        """Random factors [C * H * W, 2] of a multilinear hash (Carter and Wegman 1979)."""
        numbers = self.spec.num_planes * math.prod(self.spec.board)
        return np.random.default_rng(0).integers(2**64, size=(numbers, 2), dtype=np.uint64)

    # For people --------------------------------------------------------------------------------------------------------------

    @abstractmethod
    def action_name(self, action: int) -> str:
        """The name people write for an action."""

    def list_actions(self, actions: Sequence[int]) -> str:
        """The names of some actions in one line, the first LISTED of them."""
        more = f" and {len(actions) - LISTED} more" if len(actions) > LISTED else ""
        return ", ".join(map(self.action_name, actions[:LISTED])) + more

    @abstractmethod
    def parse_action(self, text: str) -> int:
        """The action that a name (any case, spaces around it) stands for. Raises UserError for anything else."""

    def parse_move(self, text: str, position: Position) -> int:
        """The action that a person means by a text before a position: a name, or what only the position explains (SAN in chess).

        Raises UserError for anything else.
        """
        return self.parse_action(text)

    @abstractmethod
    def picture(self, row: States) -> Picture:
        """The board in one state [S]."""

    @property
    def labels(self) -> Labels:
        """What stands beside the board."""
        return Labels()

    def render(self, row: States) -> str:
        """The board in one state [S] as text, row 0 on top, with its labels."""
        picture, labels = self.picture(row), self.labels
        cell = max(map(len, (*labels.top, *labels.bottom)), default=1)
        margin = max(map(len, labels.left), default=-1) + 1

        def line(cells: Sequence[str], left: str = "", indent: int = 0) -> str:
            return " " * indent + left.rjust(margin - 1) + " " * (margin > 0) + " ".join(c.rjust(cell) for c in cells)

        step = (cell + 1) // 2 if picture.slant else 0
        lines = [line(labels.top)] if labels.top else []
        lines += [line(glyphs, labels.left[r] if labels.left else "", r * step) for r, glyphs in enumerate(picture.glyphs)]
        lines += [line(labels.bottom, indent=len(picture.glyphs) * step)] if labels.bottom else []
        return "\n".join(text.rstrip() for text in lines)

    def action_point(self, action: int) -> tuple[int, int] | None:
        """The point (row, column) an action names, for actions that name one whatever the position (passes and drops do not)."""
        return None

    def changed_points(self, before: States, after: States) -> list[tuple[int, int]]:
        """Where a piece of the mover has appeared between two states [S] of consecutive plies: the last move, for the eye."""
        old, new = self.picture(before).owners, self.picture(after).owners
        return [(int(r), int(c)) for r, c in np.argwhere((new != old) & (new >= 0))]

    def start(self) -> Position:
        """The start position."""
        return Position(game=self, row=_frozen(self.new_states(1)[0]))

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in self.spec.options.items())
        return f"make({', '.join(filter(None, [repr(self.spec.name), options]))})"


def _frozen(row: States) -> States:
    row = np.array(row)
    row.setflags(write=False)
    return row


@dataclass(frozen=True, eq=False, kw_only=True)
class Position:
    """One position of one game, with the way it was reached; immutable. For people and tools; searches use rows."""

    game: Game
    row: States  # [S], read-only
    history: tuple[int, ...] = ()  # every action from the true start
    returns: tuple[float, ...] = field(default=())  # the sum of rewards so far, a number a player
    previous: Position | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.returns:
            object.__setattr__(self, "returns", (0.0,) * self.game.spec.num_players)

    @cached_property
    def _mask(self) -> NDArray[np.bool_]:
        return self.game.legal_mask(self.row[None])[0]

    @property
    def to_play(self) -> int:
        """The player to move."""
        return int(self.game.to_play(self.row[None])[0])

    @property
    def terminal(self) -> bool:
        """Whether the game is over."""
        return bool(self.game.terminal(self.row[None])[0])

    def legal_actions(self) -> tuple[int, ...]:
        """The legal actions, ascending; empty when the game is over."""
        return tuple(int(a) for a in np.flatnonzero(self._mask))

    def after(self, action: int) -> Position:
        """The position after an action. Raises IllegalAction."""
        is_id = isinstance(action, int | np.integer) and not isinstance(action, bool)
        if not (is_id and 0 <= action < self.game.spec.num_actions and self._mask[action]):
            raise IllegalAction(self.refusal(action))
        rows = self.row[None].copy()
        step = self.game.step(rows, np.array([action], np.int32))
        returns = tuple(float(a + b) for a, b in zip(self.returns, step.rewards[0], strict=True))
        return Position(game=self.game, row=_frozen(rows[0]), history=(*self.history, int(action)), returns=returns, previous=self)

    def play(self, actions: Sequence[int]) -> Position:
        """The position after several actions. Raises IllegalAction."""
        position = self
        for action in actions:
            position = position.after(action)
        return position

    def observation(self) -> NDArray[np.float32]:
        """What the player to move sees, [C, H, W]."""
        spec = self.game.spec
        planes = np.empty((1, spec.num_planes, *spec.board), np.float32)
        self.game.observe(self.row[None], planes)
        return planes[0]

    def refusal(self, action: int | str) -> str:
        """One line that says that an action, or what was written for one, is not legal here, and what is."""
        if self.terminal:
            return "the game is over; no action is legal"
        name = str(action)
        if isinstance(action, int | np.integer) and 0 <= action < self.game.spec.num_actions:
            name = self.game.action_name(action)
        return f"{name} is not legal here; legal: {self.game.list_actions(self.legal_actions())}"

    def __str__(self) -> str:
        return self.game.render(self.row)
