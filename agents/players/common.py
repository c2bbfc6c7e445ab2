"""What the players share: positions as rows, and the decision of a player that does not judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...envs import Position
from ...envs.game import States
from .base import Decision


def rows_of(positions: Sequence[Position]) -> States:
    """The states of the positions as one batch [N, S], a copy. At least one position, none of them terminal (ValueError)."""
    if any(position.terminal for position in positions):
        raise ValueError("the game is over; there is nothing to decide")
    return np.stack([position.row for position in positions])


def uniform(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The same probability for every action in the mask [A], or in every row of [N, A]."""
    weights = mask.astype(np.float32)
    return weights / weights.sum(-1, keepdims=True, dtype=np.float32)


def unthinking(mask: NDArray[np.bool_], action: int) -> Decision:
    """The decision for an action by a player with no judgement: every legal action [A] as likely, no value."""
    prior = uniform(mask)
    return Decision(
        action=action,
        policy=prior,
        value=float("nan"),
        visits=np.zeros(len(mask), np.int32),
        prior=prior,
        q=np.full(len(mask), np.nan, np.float32),
        principal_variation=(action,),
    )
