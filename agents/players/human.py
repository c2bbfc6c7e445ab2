"""A person at the terminal as a player: the spec `human` in arenas and scripts. `zerodojo play` has a table of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from ...envs import Game, Position
from ...errors import UserError
from .base import Decision, Limit, Player
from .common import rows_of, unthinking


class HumanPlayer(Player):
    """Shows each position and asks for a move until it is a legal one. Streams of None are those of the process.

    `draw` makes a position's text; a front end that draws better boards may set another.
    """

    def __init__(self, game: Game, *, source: TextIO | None = None, sink: TextIO | None = None) -> None:
        self.game = game
        self.name = "human"
        self._source = source or sys.stdin
        self._sink = sink or sys.stdout
        self.draw: Callable[[Position], str] = str

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One typed move a position; people are given no limit. Raises UserError when the input ends."""
        masks = self.game.legal_mask(rows_of(positions))
        return [unthinking(mask, self._ask(position)) for position, mask in zip(positions, masks, strict=True)]

    def _ask(self, position: Position) -> int:
        print(self.draw(position), file=self._sink)
        while True:
            print(f"move of player {position.to_play + 1}: ", end="", file=self._sink, flush=True)
            line = self._source.readline()
            if not line:
                raise UserError("the input ended before the game did; a human player needs a terminal or all moves in the pipe")
            try:
                action = self.game.parse_move(line, position)
                position.after(action)
            except UserError as refusal:
                print(refusal, file=self._sink)
            else:
                return action


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> HumanPlayer:
    """The player of the spec `human`."""
    return HumanPlayer(game)
