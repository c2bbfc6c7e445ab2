"""How long an engine may think: GTP's time settings as seconds a move. For `zerodojo gtp`.

The rule: in main time a MOVES-th of what is left, or a stone's share of the overtime that follows, whichever is more; in overtime a
stone's share of what is left of it. Of that, SHARE, less LAG: time runs out only where answering alone takes longer than LAG.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MOVES = 30
SHARE, LAG = 0.9, 0.1  # seconds


@dataclass
class _Left:
    seconds: float
    stones: int = 0  # to be played in these seconds; 0 in main time


class Clock:
    """The time of both players, after `time_settings` and as `time_left` corrects it. Without settings there is no limit."""

    def __init__(self) -> None:
        self.set(math.inf, 0.0, 0)

    def set(self, main: float, overtime: float, stones: int) -> None:
        """Main time, then so many stones in each period of overtime, in seconds. Overtime for no stones is no limit."""
        if overtime > 0 and stones == 0:
            main = math.inf
        self._main, self._overtime, self._stones = main, overtime, stones
        self.restart()

    def restart(self) -> None:
        """A new game: the time is as it was set."""
        self._left = [self._begin(self._main) for _ in range(2)]

    def correct(self, player: int, seconds: float, stones: int) -> None:
        """What a player really has left. Without settings, what is left is all there is."""
        self._left[player] = _Left(seconds, stones)

    def charge(self, player: int, seconds: float) -> None:
        """A player has used so many seconds for a move."""
        left = self._left[player]
        left.seconds -= seconds
        if left.stones == 0:
            self._left[player] = self._begin(left.seconds)
        elif left.stones == 1:
            self._left[player] = self._begin(0.0)
        else:
            left.stones -= 1

    def limit(self, player: int) -> float | None:
        """The seconds that a player may think about the next move; None for no limit."""
        left = self._left[player]
        if math.isinf(left.seconds):
            return None
        share = left.seconds / (left.stones or MOVES)
        if left.stones == 0 and self._stones:
            share = max(share, self._overtime / self._stones)
        return max(0.0, SHARE * share - LAG)

    def _begin(self, main: float) -> _Left:
        """What is left after main time, or of the first period of overtime when that is used up."""
        return _Left(main) if main > 0 or not self._stones else _Left(self._overtime + main, self._stones)
