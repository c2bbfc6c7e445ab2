"""Exhaustive search to a fixed depth with no opinion about what lies beyond: the spec `minimax:DEPTH`, and a yardstick.

Whole levels of the tree go through the game's batched step at once. Equal states of a level are searched once, and a level that
grows too large is searched in parts, so that memory stays bounded whatever the depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...envs import Game, Position
from ...envs.game import States
from ..specs import positive_number
from .base import Decision, Limit, Player
from .common import rows_of, uniform

PART = 1 << 15  # states expanded at once

Floats = NDArray[np.float32]
Ints = NDArray[Any]


class MinimaxPlayer(Player):
    """Plays an action with the best value, ties broken at random.

    A value is what the mover still gains if everyone maximises their own rewards to come (with two players that is minimax, with
    one a plain maximum, with more max^n, Luckhardt and Irani 1986); beyond the horizon nothing comes. Who moves is read from the
    state.
    """

    def __init__(self, game: Game, *, depth: int, seed: int = 0) -> None:
        self.game = game
        self.name = f"minimax:{depth}"
        self.depth = min(depth, game.spec.max_plies)  # no game is longer
        self._generator = np.random.default_rng(seed)

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One decision a position. A limit changes nothing; the depth is fixed."""
        states = rows_of(positions)
        q = np.full((len(states), self.game.spec.num_actions), np.nan, np.float32)
        parents, actions, returns = expand(self.game, states, self.depth)
        q[parents, actions] = returns[np.arange(len(parents)), self.game.to_play(states)[parents]]
        return [self._decision(row) for row in q]

    def _decision(self, q: Floats) -> Decision:
        best = float(np.nanmax(q))
        policy = uniform(q == best)
        action = int(self._generator.choice(np.flatnonzero(policy)))
        return Decision(
            action=action,
            policy=policy,
            value=best,
            visits=np.zeros(len(q), np.int32),
            prior=uniform(~np.isnan(q)),
            q=q,
            principal_variation=(action,),
        )


def expand(game: Game, states: States, depth: int) -> tuple[Ints, Ints, Floats]:
    """Every legal action of states [N, S], none terminal, ordered by state: which state [M], the action [M], and the returns to
    come for each player [M, P] if it is played and play goes on as minimax would, `depth` plies in all (at least 1)."""
    parents, actions = np.nonzero(game.legal_mask(states))
    children = states[parents]
    step = game.step(children, actions.astype(np.int32))
    returns = step.rewards.copy()
    if depth > 1:
        alive = np.flatnonzero(~step.terminal)
        returns[alive] += _returns(game, children[alive], depth - 1)
    return parents, actions, returns


def _returns(game: Game, states: States, depth: int) -> Floats:
    """The returns to come [N, P] from states [N, S], none terminal."""
    states, twin = _distinct(states)
    returns = np.empty((len(states), game.spec.num_players), np.float32)
    for first in range(0, len(states), PART):
        part = states[first : first + PART]
        parents, _, candidates = expand(game, part, depth)
        own = candidates[np.arange(len(parents)), game.to_play(part)[parents]]
        starts = np.flatnonzero(np.diff(parents, prepend=-1))  # of each state's actions
        best = np.flatnonzero(own == np.maximum.reduceat(own, starts)[parents])
        best = best[np.flatnonzero(np.diff(parents[best], prepend=-1))]  # the first of equals
        returns[first : first + PART] = candidates[best]
    return returns[twin]


def _distinct(states: States) -> tuple[States, Ints]:
    """The distinct states [D, S], and for each state which of them it is [N]."""
    if len(states) == 0:
        return states, np.zeros(0, np.intp)
    rows = np.ascontiguousarray(states)
    _, first, twin = np.unique(rows.view(np.dtype((np.void, rows[0].nbytes))).ravel(), return_index=True, return_inverse=True)
    return states[first], twin.ravel()


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> MinimaxPlayer:
    """The player of the spec `minimax:DEPTH`."""
    return MinimaxPlayer(game, depth=positive_number("minimax", argument), seed=seed)
