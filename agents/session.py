"""One game being played, without any interface: moves, undo, clocks, resignation, and what happened, as events.

The terminal stands on it; it decides who moves and shows it, and keeps nothing of the game itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..envs import Game, Position
from ..errors import UserError

Reason = Literal["rules", "resignation", "time"]


@dataclass(frozen=True)
class Moved:
    """A player made a move; `seconds` is what it took."""

    player: int
    action: int
    seconds: float


@dataclass(frozen=True)
class Undone:
    """The last `plies` moves were taken back."""

    plies: int


@dataclass(frozen=True)
class Ended:
    """The game ended: by its rules, or because `player` resigned or ran out of time."""

    returns: tuple[float, ...]
    reason: Reason
    player: int | None = None


Event = Moved | Undone | Ended


class GameSession:
    """A game from its start position on. Not for several threads at once.

    `seconds` gives each player that much thinking time, and `increment` more after every move; None plays without clocks. The clock
    of the player to move runs from the moment the move before was made (for the first: from now). `now` tells the time.
    """

    def __init__(
        self,
        game: Game,
        *,
        seconds: Sequence[float] | None = None,
        increment: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if seconds is not None and len(seconds) != game.spec.num_players:
            raise UserError(f"{game.spec.name} has {game.spec.num_players} players, and {len(seconds)} clocks were given")
        self.game = game
        self.position: Position = game.start()
        self.events: list[Event] = []
        self.result: Ended | None = None
        self._increment = increment
        self._now = now
        self._clocks = [None if seconds is None else tuple(map(float, seconds))]  # before every ply, and now
        self._since = now()

    @property
    def over(self) -> bool:
        """Whether the game has ended, for whatever reason."""
        return self.result is not None

    def play(self, action: int) -> Moved:
        """The player to move plays. Raises IllegalAction, or UserError when the game is over or that player's time is up."""
        self._must_go_on()
        if self.flagged():
            raise UserError("the time is up; the game is over")
        position, player, seconds = self.position, self.position.to_play, self._now() - self._since
        self.position = position.after(action)
        self._clocks.append(self._charged(player, seconds, self._increment))
        self._since = self._now()
        moved = Moved(player, action, seconds)
        self.events.append(moved)
        if self.position.terminal:
            self._end(Ended(self.position.returns, "rules"))
        return moved

    def undo(self, plies: int = 1) -> None:
        """Takes moves back, with the time they took and the end of the game. Raises UserError when there are not so many."""
        if not 0 < plies <= len(self.position.history):
            raise UserError(f"cannot take back {plies} of {len(self.position.history)} moves")
        for _ in range(plies):
            assert self.position.previous is not None
            self.position = self.position.previous
            self._clocks.pop()
        self.result = None
        self._since = self._now()
        self.events.append(Undone(plies))

    def resign(self, player: int | None = None) -> None:
        """A player, the one to move if not named, gives up. Raises UserError when the game is over or not one of two players."""
        self._must_go_on()
        player = self.position.to_play if player is None else player
        self._end(Ended(self._lost_by(player), "resignation", player))

    def play_on(self) -> None:
        """Takes a resignation back. Raises UserError where nobody has resigned."""
        if self.result is None or self.result.reason != "resignation":
            raise UserError("nobody has resigned")
        self.result = None
        self._since = self._now()

    def flagged(self) -> bool:
        """Whether the time of the player to move is up; if so, the game has ended with this call at the latest."""
        if self.result is None and self._clocks[-1] is not None:
            player = self.position.to_play
            if self.remaining(player) <= 0:
                self._end(Ended(self._lost_by(player), "time", player))
        return self.result is not None and self.result.reason == "time"

    def remaining(self, player: int) -> float:
        """The seconds that a player has left now, not below 0; infinity without clocks."""
        if self._clocks[-1] is None:
            return float("inf")
        running = self.result is None and player == self.position.to_play
        return max(0.0, self._clocks[-1][player] - (self._now() - self._since if running else 0.0))

    def moves(self) -> tuple[str, ...]:
        """The names of the moves so far; replaying them gives this position."""
        return tuple(map(self.game.action_name, self.position.history))

    def _charged(self, player: int, seconds: float, increment: float) -> tuple[float, ...] | None:
        clocks = self._clocks[-1]
        if clocks is None:
            return None
        return tuple(clock - seconds + increment if p == player else clock for p, clock in enumerate(clocks))

    def _lost_by(self, player: int) -> tuple[float, ...]:
        if self.game.spec.num_players != 2:
            raise UserError(f"{self.game.spec.name} is not a game of two players; nobody would win")
        return (-1.0, 1.0) if player == 0 else (1.0, -1.0)

    def _must_go_on(self) -> None:
        if self.result is not None:
            raise UserError("the game is over; take a move back or begin another")

    def _end(self, ended: Ended) -> None:
        clocks = self._clocks[-1]
        if ended.reason != "rules" and clocks is not None:  # what the player to move has used stays used
            self._clocks[-1] = self._charged(self.position.to_play, self._now() - self._since, 0.0)
        self.result = ended
        self.events.append(ended)
