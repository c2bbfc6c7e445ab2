"""Comments on the moves at a table, as the opponent's thoughts have them. `play --comment` has them said."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..agents import Decision
from ..agents.commentary.commentator import Commentator, spoken
from ..agents.commentary.facts import Facts, facts_of
from ..agents.commentary.remarker import Remarker
from ..envs import Position

NO_VALUES = "The opponent does not judge positions, so that there is nothing to comment on."


class Comments:
    """Remembers what was thought about each position of a game, and speaks of a move once its consequences were thought about too.

    `side` names a player.
    """

    def __init__(self, side: Callable[[int], str]) -> None:
        self._side = side
        self._commentator, self._remarker = Commentator.shipped(), Remarker.shipped()
        self._thoughts: dict[int, Decision] = {}  # by ply
        self._facts: dict[int, Facts] = {}  # of the move that led to a ply
        self._mute = False

    def wait_for(self, position: Position) -> bool:
        """Whether somebody still has to think about this position before its last move can be spoken of."""
        return not self._mute and len(position.history) not in self._thoughts

    def take(self, position: Position, decision: Decision | None) -> str | None:
        """What was thought about a position (None where the game is over); gives what there is to say of its last move."""
        ply = len(position.history)
        before = self._thoughts.get(ply - 1)
        if decision is not None:
            self._thoughts[ply] = decision
            if math.isnan(decision.value):
                said, self._mute = None if self._mute else NO_VALUES, True
                return said
        if before is None or position.previous is None or self._mute:
            return None
        mover, action = position.previous.to_play, position.history[-1]
        after = position.returns[mover] if decision is None else -decision.value  # the other side's, turned round
        choices = len(position.previous.legal_actions())
        self._facts[ply] = facts_of(before, action, choices=choices, after=after, ended=decision is None)
        name = position.game.action_name
        names = {"MOVE": name(action), "BEST": name(before.action), "PLAYER": self._side(mover), "OTHER": self._side(1 - mover)}
        remark = self._remarker.remark(self._course(ply))
        return " ".join([self._commentator.comment(self._facts[ply], names), *([spoken(remark, names)] if remark else [])])

    def _course(self, ply: int) -> list[Facts]:
        """The facts of the moves up to this ply, as far back as there is no gap."""
        before = ply
        while before in self._facts:
            before -= 1
        return [self._facts[k] for k in range(before + 1, ply + 1)]

    def forget(self, ply: int) -> None:
        """Moves were taken back to this ply."""
        self._thoughts = {other: thought for other, thought in self._thoughts.items() if other <= ply}
        self._facts = {other: facts for other, facts in self._facts.items() if other <= ply}
