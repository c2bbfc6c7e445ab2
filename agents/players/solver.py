"""Perfect play of Connect Four by the solver bitbully: the spec `solver`. The opponent that nobody beats from a lost position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...envs import Game, Position
from ...errors import UserError
from ..variants import is_variant, variant_of
from .base import Decision, Limit, Player
from .common import uniform


class SolverPlayer(Player):
    """Wins as fast and loses as slowly as can be, ties broken at random. Raises UserError for another game, or without bitbully."""

    def __init__(self, game: Game, *, seed: int = 0) -> None:
        if not is_variant(game, "connect_four", {"width": 7, "height": 6, "connect": 4}):
            ours = variant_of(game)
            raise UserError(f"the player 'solver' plays connect_four on 7 by 6, not {ours}; take minimax:DEPTH or mcts:N")
        try:
            from bitbully import BitBully, Board
        except ImportError as error:
            raise UserError("the player 'solver' needs bitbully; pip install bitbully") from error
        self.game = game
        self.name = "solver"
        self._board = Board
        self._solver = BitBully()
        self._generator = np.random.default_rng(seed)

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One decision a position; perfect play knows no limit. Value and q are outcomes: 1 won, 0 drawn, -1 lost."""
        return [self._decide(position) for position in positions]

    def _decide(self, position: Position) -> Decision:
        owners = self.game.picture(position.row).owners
        scores = self._solver.score_all_moves(self._board.from_array((owners + 1).tolist()))  # the sooner won, the higher
        columns = np.full(self.game.spec.num_actions, np.nan, np.float32)
        columns[list(scores)] = list(scores.values())
        best = np.nanmax(columns)
        policy = uniform(columns == best)
        action = int(self._generator.choice(np.flatnonzero(policy)))
        return Decision(
            action=action,
            policy=policy,
            value=float(np.sign(best)),
            visits=np.zeros(len(columns), np.int32),
            prior=uniform(~np.isnan(columns)),
            q=np.sign(columns),
            principal_variation=(action,),
        )


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> SolverPlayer:
    """The player of the spec `solver`."""
    return SolverPlayer(game, seed=seed)
