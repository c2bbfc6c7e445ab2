"""Rules that another library keeps, behind the Game contract: the adapters subclass `ForeignGame`, and so does chess.

A row is [plies, player to move, over, actions...], padded with zeros. The library's objects are a cache keyed by the actions;
a missing one is made from the longest beginning of its game that is still there, or replayed from the start.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ..game import Game, GameSpec, Option, Picture, Playouts, States, Step, Symmetries
from ..rng import splitmix64

Foreign = TypeVar("Foreign")

_PLIES, _MOVER, _OVER, _ACTIONS = range(4)  # the columns of a row, the actions from the last of them on


class ForeignGame(Game, Generic[Foreign]):
    """A game over objects of another library, one for each position, that stay as they are once they are made.

    What is written for a game: `_begin`, `_after`, `_legal`, `_over`, `_mover`, `_returns`, `_observe` and `_text`; and `names`
    has a name for every action. Rewards come at the end, and a game that reaches `max_plies` is a draw.
    Batches loop in Python. The identity is the only symmetry.
    """

    has_picture = False
    remembered = 16_384  # objects kept, those used last; a class whose objects are large keeps fewer

    def __init__(
        self,
        *,
        name: str,
        options: Mapping[str, Option],
        names: Sequence[str],
        max_legal: int,
        max_plies: int,
        board: tuple[int, int],
        num_planes: int,
    ) -> None:
        actions = len(names)
        self.spec = GameSpec(
            name=name,
            options=options,
            num_players=2,
            num_actions=actions,
            max_legal=max_legal,
            max_plies=max_plies,
            board=board,
            num_planes=num_planes,
            state_size=_ACTIONS + max_plies,
            state_dtype=np.dtype(np.int16 if max(actions, max_plies) < 2**15 else np.int32),
        )
        self._names = tuple(names)
        self._lock = threading.Lock()
        self._objects: OrderedDict[bytes, Foreign] = OrderedDict()

    # One position, by its object ---------------------------------------------------------------------------------------------

    @abstractmethod
    def _begin(self) -> Foreign:
        """The start position, where the game is not over."""

    @abstractmethod
    def _after(self, position: Foreign, action: int) -> Foreign:
        """The position after a legal action, as an object of its own; the one before stays as it is."""

    @abstractmethod
    def _legal(self, position: Foreign) -> Sequence[int] | NDArray[np.integer]:
        """The legal actions where the game is not over."""

    @abstractmethod
    def _over(self, position: Foreign) -> bool:
        """Whether the rules end the game here."""

    @abstractmethod
    def _mover(self, position: Foreign) -> int:
        """The player to move where the game is not over."""

    @abstractmethod
    def _returns(self, position: Foreign) -> Sequence[float]:
        """What the game brought each player, in [-1, 1] and zero in sum, where it is over."""

    @abstractmethod
    def _observe(self, position: Foreign, player: int, out: NDArray[np.float32]) -> None:
        """Writes what a player sees, as if it were to move, into out [C, H, W]; something finite where the game is over."""

    @abstractmethod
    def _text(self, position: Foreign) -> str:
        """The position for people."""

    def at(self, row: States) -> Foreign:
        """The library's object for one state [S]. Others see it too: it is not to be changed."""
        actions = row[_ACTIONS : _ACTIONS + int(row[_PLIES])]
        key = actions.tobytes()
        with self._lock:
            found = self._found(key)
        if found is not None:
            return found
        position, known = self._nearest(key)
        for action in actions[known:].tolist():
            position = self._after(position, action)
        self._keep(key, position)
        return position

    def _found(self, key: bytes) -> Foreign | None:
        if key in self._objects:
            self._objects.move_to_end(key)
        return self._objects.get(key)

    def _nearest(self, key: bytes) -> tuple[Foreign, int]:
        """The latest position of a game that is remembered, and how many plies lead to it."""
        width = self.spec.state_dtype.itemsize
        with self._lock:
            for end in range(len(key) - width, -1, -width):
                found = self._found(key[:end])
                if found is not None:
                    return found, end // width
        return self._begin(), 0

    def _keep(self, key: bytes, position: Foreign) -> None:
        with self._lock:
            self._objects[key] = position
            self._objects.move_to_end(key)
            while len(self._objects) > self.remembered:
                self._objects.popitem(last=False)

    # The contract ------------------------------------------------------------------------------------------------------------

    def new_states(self, n: int) -> States:
        states = np.zeros((n, self.spec.state_size), self.spec.state_dtype)
        states[:, _MOVER] = self._first_mover
        return states

    @cached_property
    def _first_mover(self) -> int:
        return self._mover(self._begin())

    def step(self, states: States, actions: NDArray[np.int32]) -> Step:
        n = len(states)
        rewards, terminal, to_play = np.zeros((n, 2), np.float32), np.zeros(n, np.bool_), np.zeros(n, np.int8)
        for i, action in enumerate(actions.tolist()):
            row = states[i]
            position = self._after(self.at(row), action)
            plies = int(row[_PLIES]) + 1
            row[_ACTIONS + plies - 1] = action
            row[_PLIES] = plies
            if self._over(position):
                rewards[i] = self._returns(position)
                terminal[i] = True
            elif plies == self.spec.max_plies:
                terminal[i] = True
            else:
                to_play[i] = self._mover(position)
            row[_MOVER], row[_OVER] = to_play[i], terminal[i]
            self._keep(row[_ACTIONS : _ACTIONS + plies].tobytes(), position)
        return Step(rewards, terminal, to_play)

    def legal_mask(self, states: States) -> NDArray[np.bool_]:
        mask = np.zeros((len(states), self.spec.num_actions), np.bool_)
        for i in np.flatnonzero(states[:, _OVER] == 0):
            mask[i, self._legal(self.at(states[i]))] = True
        return mask

    def terminal(self, states: States) -> NDArray[np.bool_]:
        return states[:, _OVER] != 0

    def to_play(self, states: States) -> NDArray[np.int8]:
        return states[:, _MOVER].astype(np.int8)

    def observe(self, states: States, out: NDArray[np.float32]) -> None:
        for row, planes in zip(states, out, strict=True):
            self._observe(self.at(row), int(row[_MOVER]), planes)

    def seen_by(self, row: States, player: int) -> NDArray[np.float32]:
        planes = np.empty((self.spec.num_planes, *self.spec.board), np.float32)
        self._observe(self.at(row), player, planes)
        return planes

    def playout(self, states: States, seeds: NDArray[np.uint64]) -> Playouts:
        rewards, plies = np.zeros((len(states), 2), np.float32), np.zeros(len(states), np.int32)
        for i in np.flatnonzero(states[:, _OVER] == 0):
            position = self.at(states[i])
            for bits, _ in zip(_random_bits(seeds[i]), range(self.spec.max_plies - int(states[i, _PLIES])), strict=False):
                legal = self._legal(position)
                position = self._after(position, int(legal[(bits >> 32) * len(legal) >> 32]))
                plies[i] += 1
                if self._over(position):
                    rewards[i] = self._returns(position)
                    break
        return Playouts(rewards, plies)

    @cached_property
    def symmetries(self) -> Symmetries:
        """The identity: what turns a foreign board is not known."""
        height, width = self.spec.board
        return Symmetries(
            points=np.arange(height * width, dtype=np.int32)[None],
            actions=np.arange(self.spec.num_actions, dtype=np.int32)[None],
            planes=np.arange(self.spec.num_planes, dtype=np.int32)[None],
            inverse=np.zeros(1, np.int32),
        )

    def action_name(self, action: int) -> str:
        return self._names[action]

    def parse_action(self, text: str) -> int:
        name = text.strip()
        action = self._by_name.get(name.casefold())
        if action is None:
            some = ", ".join(self._names[int(a)] for a in self._legal(self._begin())[:3])
            raise UserError(f"{name!r} is no move of {self.spec.name}; moves are written like {some}")
        return action

    @cached_property
    def _by_name(self) -> dict[str, int]:
        return {name.casefold(): action for action, name in enumerate(self._names)}

    def picture(self, row: States) -> Picture:
        """An empty board: what stands where is not known here. `render` has the library's own text."""
        height, width = self.spec.board
        return Picture([["."] * width for _ in range(height)], np.full((height, width), -1, np.int8), frozenset())

    def render(self, row: States) -> str:
        return self._text(self.at(row))


def _random_bits(seed: np.uint64) -> Iterator[int]:
    """The stream of a seed, as kernels draw it (rng.py)."""
    counter = 0
    while True:
        yield int(splitmix64(seed, np.uint64(counter)))
        counter += 1
