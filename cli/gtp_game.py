"""The game that a controller of `zerodojo gtp` sets up and plays, and the player that plays it. For the commands.

On top of the rules are the freedoms of GTP: a colour may move out of turn, options change on the way, and a game of Go ends when
the controller says so, not after two passes and at no number of moves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from ..agents import Player
from ..envs import Game, IllegalAction, Position, make
from ..envs.game import Option
from ..envs.go import LONGEST, Go
from ..envs.notation.gtp import COLOURS, format_vertex, handicap_vertices
from ..errors import UserError
from .gtp_clock import Clock

logger = logging.getLogger("zerodojo")

ROOM = 2  # so many times Go's usual number of plies; rows of a search are as long as that


class GtpGame:
    """One game with one player, for a controller that says who moves. Raises UserError if the player does not play the game."""

    def __init__(self, name: str, options: Mapping[str, Option], make_player: Callable[[Game], Player]) -> None:
        self.name = name
        self.clock = Clock()
        self._options = dict(options)
        self._handicap = self._options.get("handicap")  # with which every new game begins
        self._make_player = make_player
        game = self._made(self._options)
        self.player = make_player(game)
        self.position = game.start()
        self._komi_told: float | None = None  # where the player plays on with another one
        self._steps: list[int] = []  # plies of each move made by a command: two where a pass came in between

    @property
    def rules(self) -> Game:
        """The game's variant."""
        return self.position.game

    @property
    def komi(self) -> float:
        """The points for White with which a game is scored; 0 where the game has no komi."""
        return float(self.rules.spec.options.get("komi", 0.0)) if self._komi_told is None else self._komi_told

    def close(self) -> None:
        """Gives back what the player holds."""
        self.player.close()

    # Options -----------------------------------------------------------------------------------------------------------------

    def begin(self, changes: Mapping[str, Option]) -> None:
        """A new game, with other options if there are any."""
        options = {key: value for key, value in {**self._options, **changes}.items() if key != "handicap"}
        if self._handicap is not None:
            options["handicap"] = self._handicap
        self._install(self._made(options).start(), [])
        self._options = options
        self.clock.restart()

    def change(self, changes: Mapping[str, Option]) -> None:
        """The same game, as far as it has been played, with other options."""
        options, history = {**self._options, **changes}, self.position.history
        try:
            position = _played(self._made(options, plies=len(history)), history, self._steps)
        except IllegalAction as error:
            raise UserError("the moves made so far do not go with that; clear_board first") from error
        self._install(position, self._steps)
        self._options = options

    def take_komi(self, komi: float) -> None:
        """The komi from now on. The protocol lets none be refused: with one that it does not play, the player keeps its own."""
        try:
            self.change({"komi": komi})
            self._komi_told = None
        except UserError as error:
            logger.warning("komi %g is for the score alone: %s", komi, error)
            self._komi_told = komi

    def load(self, options: Mapping[str, Option], history: Sequence[int]) -> None:
        """Another game with these options, as far as these actions. Raises IllegalAction, and UserError if the player does not
        play that game, which then stays as it was."""
        steps = [1] * len(history)
        self._install(_played(self._made(options, plies=len(history)), history, steps), steps)
        self._options = dict(options)

    def with_handicap(self, stones: int) -> Game:
        """The game with so many handicap stones. Raises UserError."""
        if "handicap" not in self.rules.spec.options:
            raise UserError(f"{self.name} has no handicap")
        if self.position.history or handicap_vertices(self.rules):
            raise UserError("board not empty")
        if stones < 2:
            raise UserError(f"invalid number of stones: {stones}; a handicap is of 2 or more")
        return self._made({**self._options, "handicap": stones})

    def set_up(self, game: Game, stones: int) -> None:
        """Begins a game with handicap stones."""
        self._install(game.start(), [])
        self._options["handicap"] = stones

    # Moves -------------------------------------------------------------------------------------------------------------------

    def turned(self, player: int) -> Position:
        """The position with this player to move, if need be after a pass of the other. Raises UserError where that cannot be."""
        self._make_room()
        position = _going_on(self.position)
        if position.to_play == player:
            return position
        last = position.game.spec.num_actions - 1
        if position.game.action_name(last) == "pass" and last in position.legal_actions():
            passed = _passed_over(position, last)
            if passed.to_play == player and not passed.terminal:
                return passed
        raise UserError(f"it is {COLOURS[position.to_play]}'s turn, and no pass can come in between")

    def play(self, player: int, action: int) -> None:
        """Plays an action of this player's, or nothing. Raises UserError."""
        plies, turned = len(self.position.history), self.turned(player)
        try:
            self.position = turned.after(action)
        except IllegalAction:
            name = format_vertex(self.rules, action)
            raise UserError(f"illegal move: {name} cannot be played here") from None
        self._steps.append(len(self.position.history) - plies)

    def undo(self) -> None:
        """Takes the last move back, with the pass that came before it in the same command. Raises UserError if there is none."""
        if not self._steps:
            raise UserError("cannot undo: no move has been made")
        for _ in range(self._steps.pop()):
            assert self.position.previous is not None
            self.position = self.position.previous

    # Under all of them -------------------------------------------------------------------------------------------------------

    def _made(self, options: Mapping[str, Option], *, plies: int = 0) -> Game:
        """The game with these options; Go with room for another boardful of moves after so many."""
        if self.name != "go":
            return make(self.name, **options)
        spec = make(self.name, **{**options, "max_plies": 0}).spec
        longest = ROOM * spec.max_plies
        while longest < plies + spec.max_legal:
            longest *= 2
        return make(self.name, **{**options, "max_plies": min(longest, LONGEST)})

    def _make_room(self) -> None:
        """Lets the game go on for long enough that no search sees its last ply."""
        spec = self.rules.spec
        if self.name == "go" and spec.max_plies < min(LONGEST, len(self.position.history) + spec.max_legal):
            self.change({})

    def _install(self, position: Position, steps: Sequence[int]) -> None:
        """The game, played as far as that, is the one from now on. Raises UserError if the player does not play it."""
        if position.game.spec.options == self.rules.spec.options:
            self.player.new_game()
            position = _played(self.rules, position.history, steps)
        else:
            new = self._make_player(position.game)
            self.player.close()
            self.player = new
        self.position = position
        self._steps = list(steps)


def _played(game: Game, history: Sequence[int], steps: Sequence[int]) -> Position:
    """The position after the plies of several moves, which may go on after two passes. Raises IllegalAction, and UserError."""
    position, actions = game.start(), iter(history)
    for plies in steps:
        position = _going_on(position)
        if plies == 2:
            position = _passed_over(position, next(actions))
        position = position.after(next(actions))
    return position


def _passed_over(position: Position, action: int) -> Position:
    """The position after a pass that nobody played: in Go it ends no game, and is not the first of two."""
    passed = position.after(action)
    return passed.game.resumed(passed) if isinstance(passed.game, Go) else passed


def _going_on(position: Position) -> Position:
    """The position with the game going on if that was over, as it can in Go. Raises UserError."""
    if not position.terminal:
        return position
    if not isinstance(position.game, Go):
        raise UserError("the game is over; undo or clear_board")
    return position.game.resumed(position)
