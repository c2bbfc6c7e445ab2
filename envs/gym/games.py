"""A game as N environments in one batch: the agent has one seat of each, opponents that are handed in have the other.

What `envs.faces.gymnasium_env` is for one game against any player, this is for many against whoever acts in many at once. A game's
state is a row, so that a run goes on from the rows themselves, and nothing has to be played again. Called by agents.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..faces.gymnasium_env import Seat, observation_space, seat_number
from ..game import Game
from .environments import Episode, Seen, Step
from .spaces import Actions, ActionSpace, Observations, Reader

Games = NDArray[np.int64]  # [M], numbers of some of the N games


class Opponents(Protocol):
    """Who plays the other seats, and who of them in which game."""

    def begin(self, games: Games, generator: np.random.Generator) -> None:
        """These games begin."""
        ...

    def act(self, games: Games, observation: Observations, mask: NDArray[np.bool_], generator: np.random.Generator) -> Actions:
        """Observations [M, ...] and masks [M, A] in these games -> actions [M]."""
        ...

    def state(self) -> dict[str, Any]:
        """What `load` goes on from, as JSON values."""
        ...

    def load(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        ...


class GameEnvironments:
    """N games of two players, as `Environments`: rewards, seats and what is seen are as `GameEnv` has them.

    One generator draws the seats, and opponents draw from it. Raises UserError for a game that is not for two, or an unknown seat.
    """

    def __init__(self, game: Game, opponents: Opponents, n: int, *, agent_seat: Seat = "random") -> None:
        self.n = n
        self._game, self._opponents = game, opponents
        self._agent_seat = seat_number(game, agent_seat)
        self._read = Reader(observation_space(game))
        self.observation_space, self.action_space = self._read.space, action_space(game)
        self._all = np.arange(n)
        self._states = game.new_states(n)
        self._open = game.legal_mask(self._states)  # what the agent may do
        self._seat, self._to_play, self._over = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.bool_)
        self._total, self._length = np.zeros(n), np.zeros(n, np.int64)
        self._finished: list[Episode] = []
        self._generator = np.random.default_rng()

    def reset(self, seed: int | None = None) -> Seen:
        """As `Environments` says."""
        if seed is not None:
            self._generator = np.random.default_rng(seed)
        self._begin(self._all)
        return self._seen()

    def step(self, actions: Actions) -> Step:
        """As `Environments` says. Raises ValueError for an action that the mask closes."""
        if not self._open[self._all, actions].all():
            raise ValueError("an action is not legal; whoever acts here must heed the mask")
        reward = self._play(self._all, actions) + self._answered()
        final = observation = self._observed(self._all)
        self._total += reward
        self._length += 1
        terminated = self._over.copy()
        if terminated.any():
            ended = np.flatnonzero(terminated)
            self._finished += map(Episode, self._total[ended].tolist(), self._length[ended].tolist())
            self._begin(ended)
            observation = final.copy()
            observation[ended] = self._observed(ended)
        self._open = self._game.legal_mask(self._states)
        never, always = np.zeros(self.n, np.bool_), np.ones(self.n, np.bool_)
        return Step(observation, self._open, reward, terminated, never, final, always, self._open)

    def finished(self) -> list[Episode]:
        """As `Environments` says."""
        finished, self._finished = self._finished, []
        return finished

    def notices(self) -> list[str]:
        """As `Environments` says: there are none."""
        return []

    def state(self) -> dict[str, Any]:
        """As `Environments` says."""
        return {
            "states": self._states.tolist(),
            "seat": self._seat.tolist(),
            "total": self._total.tolist(),
            "length": self._length.tolist(),
            "generator": self._generator.bit_generator.state,
            "opponents": self._opponents.state(),
        }

    def load(self, state: dict[str, Any]) -> tuple[Seen, NDArray[np.bool_]]:
        """As `Environments` says: every game goes on."""
        self._states = np.array(state["states"], self._states.dtype)
        self._seat, self._to_play = np.array(state["seat"]), self._game.to_play(self._states).astype(np.int64)
        self._total, self._length = np.array(state["total"], np.float64), np.array(state["length"], np.int64)
        self._generator = np.random.default_rng(0)
        self._generator.bit_generator.state = state["generator"]
        self._opponents.load(state["opponents"])
        return self._seen(), np.zeros(self.n, np.bool_)

    def close(self) -> None:
        """As `Environments` says: there is nothing to give back."""

    def _begin(self, games: Games) -> None:
        """New games, in which the opponents have moved where they move first."""
        self._states[games] = self._game.new_states(len(games))
        drawn = self._generator.integers(2, size=len(games))
        self._seat[games] = drawn if self._agent_seat is None else self._agent_seat
        self._to_play[games], self._over[games] = self._game.to_play(self._states[games]), False
        self._total[games] = self._length[games] = 0
        self._opponents.begin(games, self._generator)
        self._answered()

    def _answered(self) -> NDArray[np.float32]:
        """Opponents move until the agent is to move or the game is over, everywhere; what that pays the agent [N]."""
        paid = np.zeros(self.n, np.float32)
        while len(games := np.flatnonzero(~self._over & (self._to_play != self._seat))):
            mask = self._game.legal_mask(self._states[games])
            paid[games] += self._play(games, self._opponents.act(games, self._observed(games), mask, self._generator))
        return paid

    def _play(self, games: Games, actions: Actions) -> NDArray[np.float32]:
        """Plays an action in each of these games; what it pays the agent [M]."""
        states = self._states[games]
        step = self._game.step(states, actions.astype(np.int32))
        self._states[games], self._to_play[games], self._over[games] = states, step.to_play, step.terminal
        paid: NDArray[np.float32] = step.rewards[np.arange(len(games)), self._seat[games]]
        return paid

    def _observed(self, games: Games) -> Observations:
        planes = np.empty((len(games), self._game.spec.num_planes, *self._game.spec.board), np.float32)
        self._game.observe(self._states[games], planes)
        return self._read(planes)  # type: ignore[arg-type]  # an array is a sequence of its rows

    def _seen(self) -> Seen:
        self._open = self._game.legal_mask(self._states)
        return Seen(self._observed(self._all), self._open)


def action_space(game: Game) -> ActionSpace:
    """What is done: one choice of the game's actions."""
    return ActionSpace(sizes=(game.spec.num_actions,), single=True)
