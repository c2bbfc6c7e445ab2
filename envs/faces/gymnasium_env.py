"""A game as a Gymnasium environment: the agent plays one seat, an opponent that is handed in plays the other.

`agents/gymnasium_ids.py` registers the games with opponents from spec strings; whoever has an opponent of another kind calls this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, SupportsFloat

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ...errors import Forfeit, UserError, unknown
from ..game import Game, IllegalAction, Position
from ..gym.spaces import Planes
from .rendering import FPS, RENDER_MODES, Image, render

Observation = NDArray[np.float32]
Seat = Literal["first", "second", "random"]
Illegal = Literal["lose", "raise"]
_SEATS: dict[str, int | None] = {"first": 0, "second": 1, "random": None}


class Choice(Protocol):
    """What an opponent decides on."""

    @property
    def action(self) -> int: ...


class Opponent(Protocol):
    """Whoever plays the other seat; every `zerodojo.agents.Player` is one."""

    def decide(self, position: Position) -> Choice: ...

    def new_game(self, seed: int) -> None: ...

    def close(self) -> None: ...


def observation_space(game: Game) -> Planes:
    """What whoever is to move sees: planes [C, H, W] within the game's `observation_bounds`."""
    return Planes(*game.observation_bounds, (game.spec.num_planes, *game.spec.board), np.float32)


def seat_number(game: Game, agent_seat: Seat) -> int | None:
    """The player that the agent is, None where that is drawn anew for every game. Raises UserError: not for two, no such seat."""
    if game.spec.num_players != 2:
        raise UserError(f"{game.spec.name} is not a game of two players; there is no seat for an opponent")
    if agent_seat not in _SEATS:
        raise unknown("seat", str(agent_seat), _SEATS)
    return _SEATS[agent_seat]


class GameEnv(gymnasium.Env[Observation, np.int64]):
    """A game of two players against an opponent.

    Observation: what the agent sees when it is to move, planes [C, H, W] within the game's `observation_bounds`; after the end, the
    planes of the last position.
    Action: an action id of the game; `info["action_mask"]` (int8 [A], all zeros at the end) has a 1 for every legal one, as
    `action_space.sample(mask)` takes it. Reward: the agent's, of its own move and the answer: 1 for a win, -1 for a loss, 0 for a
    draw, and 0 while the game goes on. A game is terminated at its end and never truncated. An opponent that gives up or fails
    (Forfeit) loses, at the latest with the agent's next action, and `info["opponent_forfeit"]` says why.

    Args:
        game: a game of two players.
        opponent: makes the opponent from a seed (0 to 2**63 - 2); called at the first reset, and at every reset with a seed. Every
            game begins with `new_game(seed)`: what it draws in that game depends on nothing before it, so that a game can be
            played again from the state of `np_random` before its reset.
        agent_seat: whether the agent moves "first", "second", or either, drawn anew for every game.
        illegal: an illegal action loses the game at once, with `info["illegal_action"]` True ("lose"); or it raises IllegalAction
            and the game stays as it is ("raise"). An action that is no id of the game always raises it.
        render_mode: "ansi", "rgb_array", "human" (prints the board after every step) or None.

    Raises:
        UserError: a game that is not for two, or an argument that does not fit.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": FPS}  # noqa: RUF012  # as Gymnasium declares it

    def __init__(
        self,
        game: Game,
        opponent: Callable[[int], Opponent],
        *,
        agent_seat: Seat = "random",
        illegal: Illegal = "lose",
        render_mode: str | None = None,
    ) -> None:
        if illegal not in ("lose", "raise"):
            raise unknown("answer to illegal actions", str(illegal), ("lose", "raise"))
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise unknown("render mode", str(render_mode), RENDER_MODES)
        self._agent_seat = seat_number(game, agent_seat)
        self.game = game
        self.render_mode = render_mode
        self.observation_space = observation_space(game)
        self.action_space = gymnasium.spaces.Discrete(game.spec.num_actions)
        self.position = game.start()
        self.seat = 0  # the agent's, in this game
        self._make_opponent = opponent
        self._opponent: Opponent | None = None
        self._illegal = illegal
        self._over = True  # until the first reset
        self._forfeit = ""  # how the opponent lost this game beside the board

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """A new game, in which the opponent has moved if it moves first. A seed decides the seats and everything the opponent does,
        unless that is another program, in this game and the following ones. There are no options."""
        super().reset(seed=seed)
        opponents = int(self.np_random.integers(2**63 - 1))
        if seed is not None or self._opponent is None:
            self.close()
            self._opponent = self._make_opponent(opponents)
        self._opponent.new_game(opponents)
        self.seat = int(self.np_random.integers(2)) if self._agent_seat is None else self._agent_seat
        self._forfeit = ""
        self.position = self._answered(self.game.start(), self._opponent)
        self._over = self.position.terminal
        self._show()
        return self.position.observation(), self._info()

    def step(self, action: np.int64) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """The agent moves, then the opponent, until the agent is to move again or the game is over.

        Raises ResetNeeded when no game is going on, and IllegalAction as `illegal` says.
        """
        if self._over or self._opponent is None:
            raise ResetNeeded("no game is going on; call reset() first")
        before = self.position.returns[self.seat]
        if self._has_forfeited():  # before the agent's first move
            return self._won(before)
        try:
            moved = self.position.after(int(action) if action in self.action_space else action)  # type: ignore[arg-type]
        except IllegalAction:
            if self._illegal == "raise" or action not in self.action_space:
                raise
            self._over = True
            return self.position.observation(), -1.0 - before, True, False, self._info() | {"illegal_action": True}
        self.position = self._answered(moved, self._opponent)
        self._over = self.position.terminal
        self._show()
        if self._has_forfeited():
            return self._won(before)
        return self.position.observation(), self.position.returns[self.seat] - before, self._over, False, self._info()

    def render(self) -> str | Image | None:
        """The board as text ("ansi") or as an image [height, width, 3] ("rgb_array"); "human" prints it by itself."""
        if self.render_mode is None:
            gymnasium.logger.warn('there is nothing to render without a render_mode; make the environment with render_mode="ansi"')
            return None
        return None if self.render_mode == "human" else render(self.position, self.render_mode)

    def close(self) -> None:
        """Gives back what the opponent holds; a reset makes another."""
        if self._opponent is not None:
            self._opponent.close()
        self._opponent, self._over = None, True

    def _answered(self, position: Position, opponent: Opponent) -> Position:
        try:
            while not position.terminal and position.to_play != self.seat:
                position = position.after(opponent.decide(position).action)
        except Forfeit as failure:
            self._forfeit = str(failure)
        return position

    def _has_forfeited(self) -> bool:
        return self._forfeit != ""

    def _won(self, before: float) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """The end of a game that the opponent has forfeited."""
        self._over = True
        return self.position.observation(), 1.0 - before, True, False, self._info() | {"opponent_forfeit": self._forfeit}

    def _info(self) -> dict[str, Any]:
        mask = np.zeros(self.game.spec.num_actions, np.int8)
        if not self._over:
            mask[list(self.position.legal_actions())] = 1
        return {"action_mask": mask}

    def _show(self) -> None:
        if self.render_mode == "human":
            render(self.position, "human")
