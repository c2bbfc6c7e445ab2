"""PettingZoo's classic games as games of ours: `make("pettingzoo:connect_four_v3")`, `make("pettingzoo:go_v5", board_size=9)`.

Actions, legal moves, rewards and observations are PettingZoo's; its planes [H, W, C] become [C, H, W]. Environments do not say
whether they are deterministic and hide nothing, so the games are a list: the classics of two players that are and do.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError, unknown
from ..game import Option, Picture, States
from .foreign import ForeignGame

_COLUMNS = "ABCDEFGHJKLMNOPQRST"  # as in Go, without I

_LONGEST = 10_000  # plies: a row has a number for each

Owners = NDArray[np.int8]


class _Classic(NamedTuple):
    """What is to be known about a classic beyond what it tells by itself."""

    module: str  # of PettingZoo, where raw_env is
    names: Callable[[int, int], Sequence[str]]  # of the actions, for a board [H, W]
    max_plies: Callable[[int, int], int]
    pieces: Callable[[Any], tuple[Owners, list[list[str]]]]  # of the environment: owners [H, W], and glyphs
    max_legal: int = 0  # where it is less than all actions


class PettingZooGame(ForeignGame[Any]):
    """A classic game of PettingZoo by its name there, such as connect_four_v3.

    Args:
        name: connect_four_v3, tictactoe_v3, go_v5 or chess_v6.
        board_size: of go_v5, points along a side.
        komi: of go_v5, the second player's points, from -1000 to 1000.
        max_plies: a game that has not ended after so many is a draw; 0 is as many as there are points, 6 * board_size**2 in go_v5
            and 1024 in chess_v6, which have no end of their own that comes soon.

    Raises:
        UserError: another game, with the reason why it cannot be one here; an option that the game does not have or that is out of
            range; or PettingZoo is not installed.
    """

    remembered = 2_048  # an environment is some kilobytes

    has_picture = True

    def __init__(self, name: str, *, board_size: int = 19, komi: float = 7.5, max_plies: int = 0) -> None:
        options: dict[str, Option] = {"board_size": board_size, "komi": komi}
        if name != "go_v5":
            if options != {"board_size": 19, "komi": 7.5}:
                raise UserError(f"only pettingzoo:go_v5 has board_size and komi; leave them out for pettingzoo:{name}")
            options = {}
        elif not 2 <= board_size <= 19:
            raise UserError(f"board_size={board_size} is out of range; choose from 2 to 19")
        elif not -1000 <= komi <= 1000:
            raise UserError(f"komi={komi} is out of range; choose from -1000 to 1000")
        if not 0 <= max_plies <= _LONGEST:
            raise UserError(f"max_plies={max_plies} is out of range; choose from 1 to {_LONGEST}, or 0 for the game's own")
        self._classic = _classic(name)
        self._start = _raw_env(name, self._classic.module, options)
        self._spaces = {id(spaces): spaces for spaces in (self._start.action_spaces, self._start.observation_spaces)}
        first = self._start.possible_agents[0]
        height, width, num_planes = self._start.observation_space(first)["observation"].shape
        actions = int(self._start.action_space(first).n)
        plies = max_plies or self._classic.max_plies(height, width)
        super().__init__(
            name=f"pettingzoo:{name}",
            options=options | {"max_plies": plies},
            names=self._classic.names(height, width),
            max_legal=self._classic.max_legal or actions,
            max_plies=plies,
            board=(height, width),
            num_planes=num_planes,
        )

    def _begin(self) -> Any:
        return self._start

    def _after(self, position: Any, action: int) -> Any:
        # copy.deepcopy of the environment itself would make it anew from its arguments (Gymnasium's EzPickle): at the start.
        twin = object.__new__(type(position))
        vars(twin).update(copy.deepcopy(vars(position), dict(self._spaces)))
        if "board_size" in self.spec.options:
            twin._overwrite_go_global_variables(self.spec.options["board_size"])  # another size may have been played since
        twin.step(action)
        return twin

    def _legal(self, position: Any) -> NDArray[np.intp]:
        return np.flatnonzero(position.observe(position.agent_selection)["action_mask"])

    def _over(self, position: Any) -> bool:
        return any(position.terminations.values()) or any(position.truncations.values())

    def _mover(self, position: Any) -> int:
        return int(position.possible_agents.index(position.agent_selection))

    def _returns(self, position: Any) -> list[float]:
        return [float(position.rewards[agent]) for agent in position.possible_agents]

    def _observe(self, position: Any, player: int, out: NDArray[np.float32]) -> None:
        out[...] = position.observe(position.possible_agents[player])["observation"].transpose(2, 0, 1)

    def _text(self, position: Any) -> str:
        return "\n".join(" ".join(line) for line in self._classic.pieces(position)[1])

    def picture(self, row: States) -> Picture:
        owners, glyphs = self._classic.pieces(self.at(row))
        return Picture(glyphs, owners, frozenset())


def _classic(name: str) -> _Classic:
    game = name.rpartition("_v")[0] or name
    if game in _REFUSED:
        raise UserError(f"pettingzoo:{name} cannot be a game here: {_REFUSED[game]}; known: {', '.join(CLASSICS)}")
    if name not in CLASSICS:
        raise unknown("classic game of PettingZoo", name, CLASSICS)
    return CLASSICS[name]


def _raw_env(name: str, module: str, options: dict[str, Option]) -> Any:
    """The environment without wrappers, at the start."""
    try:
        env = import_module(module).raw_env(**options)
    except ImportError as error:
        raise UserError(f'pettingzoo:{name} needs pettingzoo and its games; pip install "zerodojo[pettingzoo]"') from error
    env.reset(seed=0)
    return env


def _letters_from_the_top(height: int, width: int) -> list[str]:
    return [f"{'abc'[c]}{r + 1}" for r in range(height) for c in range(width)]


def _vertices(height: int, width: int) -> list[str]:
    return [*(f"{_COLUMNS[c]}{height - r}" for r in range(height) for c in range(width)), "pass"]


def _stones(env: Any) -> tuple[Owners, list[list[str]]]:
    """The first two planes are the agent's own stones and the others', whoever is to move."""
    seen = env.observe(env.possible_agents[0])["observation"]
    return _discs(seen[..., 0], seen[..., 1])


def _go_stones(env: Any) -> tuple[Owners, list[list[str]]]:
    """The first two planes are the stones of the player who has just moved, and the other's."""
    last, other = np.moveaxis(env.observe(env.agent_selection)["observation"][..., :2], -1, 0)
    return _discs(other, last) if env.agent_selection == env.possible_agents[0] else _discs(last, other)


def _discs(first: NDArray[Any], second: NDArray[Any]) -> tuple[Owners, list[list[str]]]:
    owners = np.where(first != 0, 0, np.where(second != 0, 1, -1)).astype(np.int8)
    return owners, [[".XO"[owner + 1] for owner in line] for line in owners]


def _chess_pieces(env: Any) -> tuple[Owners, list[list[str]]]:
    owners = np.full((8, 8), -1, np.int8)
    glyphs = [["."] * 8 for _ in range(8)]
    for square, piece in env.board.piece_map().items():
        r, c = 7 - square // 8, square % 8
        owners[r, c], glyphs[r][c] = 0 if piece.color else 1, piece.symbol()
    return owners, glyphs


CLASSICS: dict[str, _Classic] = {
    "connect_four_v3": _Classic(
        "pettingzoo.classic.connect_four.connect_four",
        names=lambda height, width: [str(c + 1) for c in range(width)],
        max_plies=lambda height, width: height * width,
        pieces=_stones,
    ),
    "tictactoe_v3": _Classic(
        "pettingzoo.classic.tictactoe.tictactoe",
        names=_letters_from_the_top,
        max_plies=lambda height, width: height * width,
        pieces=_stones,
    ),
    "go_v5": _Classic(
        "pettingzoo.classic.go.go",
        names=_vertices,
        max_plies=lambda height, width: 6 * height * width,
        pieces=_go_stones,
    ),
    "chess_v6": _Classic(
        "pettingzoo.classic.chess.chess",
        names=lambda height, width: [str(action) for action in range(4672)],  # what one means depends on who moves
        max_plies=lambda height, width: 1024,
        pieces=_chess_pieces,
        max_legal=218,  # no position of chess has more
    ),
}
_REFUSED = {
    "hanabi": "its cards are dealt at random, hands are hidden, and its players play together",
    "leduc_holdem": "its cards are dealt at random and hidden",
    "rps": "both players choose at once, without seeing the other's choice",
    "texas_holdem": "its cards are dealt at random and hidden",
    "texas_holdem_no_limit": "its cards are dealt at random and hidden",
}
