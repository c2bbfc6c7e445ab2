"""What a search thought of a move, in a few whole numbers that mean the same in every game. What comments are made from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..players.base import Decision

TENTHS = 10
CERTAIN = 0.999  # a value beyond it is proven
OPEN = 3


class Facts(NamedTuple):
    """Of one move; chances are in tenths, and 10 is a sure win of the player who moved."""

    chances: int  # behind the move
    given: int  # how many more the best move would have kept
    likely: int  # tenths of the prior: how likely the move seemed at first sight
    ahead: int  # by how many the best move leads the next one
    choices: int  # how many moves were legal; 3 stands for more than two
    proven: int  # the outcome, if it is certain: 0 lost, 1 drawn, 2 won; OPEN if not
    ended: int  # 1 where the move ended the game


LARGEST = Facts(TENTHS, TENTHS, TENTHS, TENTHS, 3, OPEN, 1)


def facts_of(before: Decision, action: int, *, choices: int, after: float, ended: bool) -> Facts:
    """The facts of an action of so many legal ones: what a search thought before it, its value [-1, 1] for its player behind it.

    The value behind it is that of a search there, the other side's turned round, or the return where the game ended.
    """
    considered = np.sort(before.q[np.isfinite(before.q) & (before.visits > 0)])
    best = max(after, float(before.value) if len(considered) == 0 else float(considered[-1]))
    lead = float(considered[-1] - considered[-2]) if len(considered) > 1 else 0.0
    certain = abs(after) > CERTAIN or (ended and after == 0)
    given = 0 if action == before.action else _tenths(best - after)
    return Facts(
        chances=_tenths(1 + after),
        given=given,
        likely=round(TENTHS * float(before.prior[action])),
        ahead=_tenths(lead),
        choices=min(3, choices),
        proven=int(np.sign(after)) + 1 if certain else OPEN,
        ended=int(ended),
    )


def _tenths(difference: float) -> int:
    """Of chances, from a difference of values, which lie in [-1, 1]."""
    return min(TENTHS, max(0, round(TENTHS * difference / 2)))
