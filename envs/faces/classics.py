"""How PettingZoo's own classics show a game and number its actions, so that what was made for them takes ours.

connect_four_v3 and tictactoe_v3, and after them the games of stones that PettingZoo lacks; go_v5; chess_v6. Where theirs is odd it
is kept: go_v5 shows both agents the same planes but for the last, and first the stones of whoever moved to a position.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..game import Game, IllegalAction, Position
from ..go import Go
from ..stones import StoneGame

if TYPE_CHECKING:
    import chess

    from ..chess import Chess

Planes = NDArray[Any]  # [H, W, C]


class View:
    """A game's own planes as float32, and its own actions; what a game is like that no classic has shown how to see."""

    dtype: type[np.generic] = np.float32

    def __init__(self, game: Game) -> None:
        self.game = game
        self.num_planes = game.spec.num_planes

    def observe(self, position: Position, player: int) -> Planes:
        """What a player sees of a position; zeros where the game shows nothing to it."""
        planes = self.game.seen_by(position.row, player)
        if planes is None:
            planes = np.zeros((self.game.spec.num_planes, *self.game.spec.board), np.float32)
        return planes.transpose(1, 2, 0)

    def ids(self, position: Position) -> list[int]:
        """What the legal actions are in the environment, in their order."""
        return list(position.legal_actions())

    def action(self, position: Position, number: int | None) -> int:
        """The game's action for one of the environment. Raises IllegalAction."""
        ids = self.ids(position)
        if number not in ids:
            raise IllegalAction(position.refusal("None" if number is None else number))
        return position.legal_actions()[ids.index(number)]


class StoneView(View):
    """connect_four_v3 and tictactoe_v3, as int8: the player's stones, the other's, and where sides differ if it is player 0."""

    dtype = np.int8

    def __init__(self, game: StoneGame) -> None:
        super().__init__(game)
        # The plane that shows the board's edge is for convolutions.
        self._shown = [plane for plane in range(self.num_planes) if not (game.edge and plane == 2 * game.history)]
        self.num_planes = len(self._shown)

    def observe(self, position: Position, player: int) -> Planes:
        return super().observe(position, player)[..., self._shown].astype(np.int8)


class GoView(View):
    """go_v5, as bool: of each last position the stones of whoever moved to it, and the other's; then whether this is White."""

    dtype = np.bool_

    def observe(self, position: Position, player: int) -> Planes:
        planes = super().observe(position, player).astype(np.bool_)
        for place in range(0, self.num_planes - 1, 2):
            moved = (position.to_play + place // 2 + 1) % 2
            if moved != player:
                planes[..., [place, place + 1]] = planes[..., [place + 1, place]]
        planes[..., -1] = player == 1
        return planes


class ChessView(View):
    """chess_v6, as bool: 7 planes, and 13 for each of the last positions but the first; actions in the mover's view.

    PettingZoo's own functions make both. The starting position of a game is none of the last positions there.
    """

    dtype = np.bool_
    game: Chess

    def __init__(self, game: Chess) -> None:
        from pettingzoo.classic.chess import chess_utils as utils

        super().__init__(game)
        self._utils = utils
        self.num_planes = 7 + 13 * int(game.spec.options["history"])
        start = game.start()
        self._last = start, game.board(start)
        self._pieces = lru_cache(maxsize=32)(lambda past: utils.get_observation(self._board(past), 0)[..., 7:])

    def observe(self, position: Position, player: int) -> Planes:
        shown = np.zeros((8, 8, self.num_planes), np.bool_)
        shown[..., :7] = self._utils.get_observation(self._board(position), player)[..., :7]
        past = position
        for place in range(7, self.num_planes, 13):
            if past.previous is None:
                break
            white, black, repeated = np.split(self._pieces(past), (6, 12), axis=2)
            shown[..., place : place + 13] = np.dstack((white, black, repeated) if player == 0 else (black, white, repeated))
            past = past.previous
        return shown if player == 0 else shown[::-1]

    def _board(self, position: Position) -> chess.Board:
        """A position with the moves that led to it; not to be changed."""
        last, board = self._last
        if position is not last:
            if position.previous is last:
                board = board.copy()
                board.push(self.game.at(last.row).move(position.history[-1]))
            else:
                board = self.game.board(position)
            self._last = position, board
        return board

    def ids(self, position: Position) -> list[int]:
        at = self.game.at(position.row)
        return [self._id(at.move(action), mirrored=position.to_play == 1) for action in position.legal_actions()]

    def _id(self, move: chess.Move, *, mirrored: bool) -> int:
        written = (self._utils.mirror_move(move) if mirrored else move).uci()
        if written not in self._utils.moves_to_actions:
            self._utils.make_move_mapping(written)
        return int(self._utils.moves_to_actions[written])


def view_of(game: Game) -> View:
    """How a game is shown."""
    if isinstance(game, Go):
        return GoView(game)
    if isinstance(game, StoneGame):
        return StoneView(game)
    if game.spec.name == "chess":
        return ChessView(game)  # type: ignore[arg-type]  # its module needs python-chess
    return View(game)
