"""What an agent has learned in a game's environment, as a player of the game. The specs of such runs, and `evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...envs import Game, Position
from ...envs.gym.making import make_one
from ...envs.gym.spaces import Reader
from ..gym.config import GymConfig
from ..gym.loading import Learned, self_contained
from ..gym.tasks import environment_of_run, measured_options
from .base import Decision, Limit, Player
from .common import rows_of, unthinking


class PolicyPlayer(Player):
    """Takes the likeliest of the legal actions."""

    def __init__(self, game: Game, config: GymConfig[Any], learned: Learned, *, seed: int = 0) -> None:
        """The player of what a run of this configuration has learned; `seed` is for policies that need chance even so."""
        self.game = game
        self.name = config.task
        env = make_one(environment_of_run(config), measured_options(config), config.view, learning=False)
        self._read = Reader(env.observation_space)
        env.close()
        self._frames = config.view.frame_stack
        self._policy = self_contained(learned.policy, learned.moments)
        self._remembers = bool(self._policy.initial_state(1))
        self._generator = np.random.default_rng(seed)

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One decision a position. A limit changes nothing.

        A policy with a memory goes through the game again, turn by turn: nothing is kept, so games may be taken back.
        """
        masks = self.game.legal_mask(rows_of(positions))
        shown = [self._shown(position) for position in positions]
        memory = {name: np.array(part) for name, part in self._policy.initial_state(len(positions)).items()}
        actions = np.zeros(len(positions), np.int64)
        for turn in range(max(map(len, shown))):
            rows = np.array([i for i, turns in enumerate(shown) if turn < len(turns)])
            actions[rows], after, _ = self._policy.act(
                self._read([shown[i][turn] for i in rows]),
                {name: part[rows] for name, part in memory.items()},
                starts=np.full(len(rows), turn == 0),
                mask=masks[rows],  # of the last turn, which is the one whose action is taken
                deterministic=True,
                generator=self._generator,
            )
            for name, part in after.items():
                memory[name][rows] = part
        return [unthinking(mask, action) for mask, action in zip(masks, actions.tolist(), strict=True)]

    def _shown(self, position: Position) -> list[NDArray[np.float32]]:
        """What the environment would have shown: at this turn, of a policy with a memory at all its turns of the game."""
        if not self._remembers and self._frames == 1:
            return [position.observation()]
        seen = [turn.observation() for turn in _turns(position)]
        if self._frames > 1:  # before a game's first observation stands that again
            seen = [np.stack([seen[max(0, i - back)] for back in reversed(range(self._frames))]) for i in range(len(seen))]
        return seen if self._remembers else seen[-1:]


def _turns(position: Position) -> list[Position]:
    """The positions of the game in which whoever is to move was to move, the first one first."""
    turns: list[Position] = []
    earlier: Position | None = position
    while earlier is not None:
        if earlier.to_play == position.to_play:
            turns.append(earlier)
        earlier = earlier.previous
    return turns[::-1]
