"""Small games solved whole: every position that can be reached, and what each action brings under perfect play. For grading."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..agents.variants import variant_of
from ..envs import Game
from ..errors import UserError
from .graded import PositionSet


def solve(game: Game, *, most: int = 1_000_000) -> PositionSet:
    """Every position of a game for two that is not over, once each, with the outcome of every action: the set `all`.

    Breadth first over batches of rows, then values until nothing changes (backward induction; T plies need at most T sweeps).
    Raises UserError if the game is not for two, or has more than `most` positions.
    """
    if game.spec.num_players != 2:
        raise UserError(f"{game.spec.name} is not a game for two players; only those are solved here")
    states = game.new_states(1)
    index = {key: i for i, key in enumerate(game.state_keys(states))}
    histories: list[tuple[int, ...]] = [()]
    rows, edges = [states], _Edges()
    fresh, first = states, 0  # the positions found in the last round, and the number of the first of them
    while len(fresh):
        parents, actions = np.nonzero(game.legal_mask(fresh))
        children = fresh[parents]
        mover = game.to_play(children)
        step = game.step(children, actions.astype(np.int32))
        numbers, new = np.full(len(children), -1), list[int]()
        for edge, key in enumerate(game.state_keys(children)):
            if step.terminal[edge]:
                continue
            if key not in index:
                index[key] = len(index)
                histories.append((*histories[first + parents[edge]], int(actions[edge])))
                new.append(edge)
            numbers[edge] = index[key]
        edges.add(first + parents, actions, numbers, step.rewards[np.arange(len(mover)), mover], step.to_play == mover)
        first, fresh = first + len(fresh), children[new]
        rows.append(fresh)
        if len(index) > most:
            raise UserError(f"{variant_of(game)} has more than {most:,} positions; grade it with a smaller variant")
    every = np.concatenate(rows)
    q = edges.values(len(every), game.spec.num_actions, game.spec.max_plies)
    return PositionSet(name="all", game=game, states=every, q=q, histories=tuple(histories))


class _Edges:
    """The moves of a whole game, column by column."""

    def __init__(self) -> None:
        self._columns: list[tuple[NDArray[np.intp], ...]] = []
        self._signs: list[NDArray[np.float32]] = []
        self._rewards: list[NDArray[np.float32]] = []

    def add(
        self,
        parents: NDArray[np.intp],
        actions: NDArray[np.intp],
        children: NDArray[np.intp],
        rewards: NDArray[np.float32],
        moves_again: NDArray[np.bool_],
    ) -> None:
        """M moves: from which position, the action, to which position (-1 where the game is over), what the mover gets, and
        whether the mover is to move again."""
        self._columns.append((parents, actions, children))
        self._signs.append(np.where(children < 0, 0, np.where(moves_again, 1, -1)).astype(np.float32))
        self._rewards.append(rewards)

    def values(self, positions: int, actions: int, sweeps: int) -> NDArray[np.float32]:
        """What each action brings the mover under perfect play, [positions, actions]; nan where illegal."""
        parent, action, child = (np.concatenate(column) for column in zip(*self._columns, strict=True))
        sign, reward = np.concatenate(self._signs), np.concatenate(self._rewards)
        value = np.zeros(positions, np.float32)
        gain = reward
        for _ in range(sweeps):
            gain = reward + sign * value[child]
            better = np.full(positions, -np.inf, np.float32)
            np.maximum.at(better, parent, gain)
            if np.array_equal(better, value):
                break
            value = better
        q = np.full((positions, actions), np.nan, np.float32)
        q[parent, action] = gain
        return q
