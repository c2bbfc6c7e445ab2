"""A league of an agent's own past: as it was at even distances, it plays the other side of the games it learns from.

Who plays against nobody but its newest self may forget what beats older ones, and go round in circles; so a share of the games is
against those (OpenAI Five, Berner et al. 2019; AlphaStar, Vinyals et al. 2019). Members sample their actions as they did when they
learned: who always did the same could be beaten by one line of play. Called by the training loop and by `GameEnvironments`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from ...envs import Game, make
from ...envs.faces.gymnasium_env import observation_space
from ...envs.gym.config import ViewConfig
from ...envs.gym.environments import Environments
from ...envs.gym.games import GameEnvironments, Games, action_space
from ...envs.gym.making import normalized
from ...envs.gym.spaces import Actions, Observations, Reader
from ...errors import UserError, remedy
from ..checkpoint import Arrays
from ..durable import replace_file
from ..specs import player
from .agent import Spaces
from .config import GymConfig
from .loading import policy_of, self_contained
from .policy import Policy, State
from .tasks import game_of, game_options

UNTAUGHT = 0  # the first member: any legal action, each as likely
DIGITS = 6


def members(count: int, most: int) -> list[int]:
    """The numbers of a league's members after so many have joined, the oldest first and the newest last.

    Of the past these are all, every second, every fourth and so on, so that the league has no more than `most`.
    """
    distance = 1
    while -(-count // distance) >= most:
        distance *= 2
    return [*range(0, count, distance), count]


class League:
    """The members, each a file `league/NUMBER.safetensors` that is written once, and who of them plays which of the games."""

    def __init__(self, folder: Path, config: GymConfig[Any], spaces: Spaces) -> None:
        """A league of nobody but who knows nothing; `load` brings back another."""
        self._folder, self._config, self._spaces = folder, config, spaces
        self._count = 0  # that have joined, which is the number of the newest
        self._due = config.league.every  # the step from which on the next one joins
        self._playing = np.zeros(config.environments, np.int64)  # in every game, a member's number
        self._starts = np.ones(config.environments, np.bool_)  # where it has not moved yet
        self._memory: State = {}  # what they remember, [N, units]
        self._policies: dict[int, Policy] = {}
        self._kept_for: set[int] = set()  # who the checkpoint before needs

    def follow(self, steps: int, weights: Callable[[], Arrays]) -> None:
        """Takes the agent in as it is after so many steps, if one is due. Raises UserError when the disk refuses."""
        if steps < self._due:
            return
        every = self._config.league.every
        self._count, self._due = self._count + 1, (steps // every + 1) * every
        with self._writing():
            self._folder.mkdir(exist_ok=True)
            replace_file(self._path(self._count), save(weights()))
        needed = self._needed()
        self._policies = {number: policy for number, policy in self._policies.items() if number in needed}

    def flush(self) -> None:
        """Before a checkpoint: drops the files of those who neither it nor the one before it needs. Raises UserError."""
        needed = self._needed()
        with self._writing():
            for path in self._folder.glob("*.safetensors"):
                if int(path.stem) not in needed | self._kept_for:
                    path.unlink()
        self._kept_for = needed

    def begin(self, games: Games, generator: np.random.Generator) -> None:
        """As `Opponents` says: draws who plays."""
        *past, newest = members(self._count, self._config.league.members)
        against_newest = generator.random(len(games)) < self._config.league.newest
        drawn = generator.choice(past or [newest], size=len(games))
        self._playing[games] = np.where(against_newest, newest, drawn)
        self._starts[games] = True

    def act(self, games: Games, observation: Observations, mask: NDArray[np.bool_], generator: np.random.Generator) -> Actions:
        """As `Opponents` says: every member answers all its games at once."""
        actions, playing = np.empty(len(games), np.int64), self._playing[games]
        for number in np.unique(playing).tolist():
            those = playing == number
            actions[those] = self._moves(number, games[those], observation[those], mask[those], generator)
        return actions

    def state(self) -> dict[str, Any]:
        """As `Opponents` says."""
        return {
            "count": self._count,
            "due": self._due,
            "playing": self._playing.tolist(),
            "starts": self._starts.tolist(),
            "memory": {name: rows.tolist() for name, rows in self._memory.items()},
        }

    def load(self, state: dict[str, Any]) -> None:
        """As `Opponents` says. Files of those who joined later are written anew when it is time."""
        self._count, self._due = state["count"], state["due"]
        self._playing, self._starts = np.array(state["playing"], np.int64), np.array(state["starts"], np.bool_)
        self._memory = {name: np.array(rows, np.float32) for name, rows in state["memory"].items()}
        self._policies, self._kept_for = {}, self._needed()

    def _needed(self) -> set[int]:
        """Who may still be asked."""
        return {*members(self._count, self._config.league.members), *self._playing.tolist()}

    def _moves(
        self, number: int, games: Games, observation: Observations, mask: NDArray[np.bool_], generator: np.random.Generator
    ) -> Actions:
        """What one member does in its games."""
        if number == UNTAUGHT:
            drawn: Actions = np.where(mask, generator.random(mask.shape), -1.0).argmax(axis=1)
            return drawn
        policy = self._policy(number)
        if not self._memory:
            self._memory = {name: np.array(rows) for name, rows in policy.initial_state(len(self._playing)).items()}
        before = {name: rows[games] for name, rows in self._memory.items()}
        actions, after, _ = policy.act(
            observation, before, starts=self._starts[games], mask=mask, deterministic=False, generator=generator
        )
        for name, rows in after.items():
            self._memory[name][games] = rows
        self._starts[games] = False
        return actions

    def _policy(self, number: int) -> Policy:
        if number not in self._policies:
            path = self._path(number)
            try:
                weights = load_file(path)
            except (OSError, SafetensorError) as error:
                raise UserError(
                    f"{path}, an earlier self that a game is against, cannot be read ({error}); "
                    "put it back from a copy, or start a new run with --init"
                ) from error
            self._policies[number] = self_contained(*policy_of(self._config, self._spaces, weights, owner=str(path)))
        return self._policies[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:0{DIGITS}}.safetensors"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            advice = remedy(error) or "see to the disk"
            raise UserError(
                f"cannot write the league in {self._folder}: {error.strerror}; {advice}, then go on with --resume"
            ) from error


def league_of(config: GymConfig[Any], folder: Path) -> tuple[Environments, League]:
    """The environments that a run learns in whose opponent is its own past, and the league that plays there. Raises UserError: an
    option that is not there, a view or a league that cannot be."""
    game = make(game_of(config.task), **game_options(config.options))
    _check(config, game)
    league = League(folder, config, Spaces(Reader(observation_space(game)).space, action_space(game), 1))
    seat: Any = config.options.get("agent_seat", "random")
    environments = GameEnvironments(game, league, config.environments, agent_seat=seat)
    gamma = getattr(config.settings, "gamma", 1.0)
    return normalized(environments, config.view, gamma=gamma, learning=True), league


def _check(config: GymConfig[Any], game: Game) -> None:
    """Raises UserError for what cannot be, before anything is learned."""
    league, view = config.league, config.view
    if replace(view, normalize_observation=False, normalize_reward=False) != ViewConfig():
        raise UserError("games against a league are seen as they are, in one batch; of --view only normalize-... can be set")
    player(league.measured_against, game).close()
