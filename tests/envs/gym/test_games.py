"""A game as many environments in one batch: what its agent is told is what the game's environment tells, game by game."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zerodojo.envs import GAMES, Game, make
from zerodojo.envs.faces.gymnasium_env import GameEnv
from zerodojo.envs.gym.games import GameEnvironments
from zerodojo.envs.gym.spaces import Reader
from zerodojo.errors import UserError


class Lowest:
    """Opponents that play their lowest legal action, or with `chance` any; they note in which games they were asked."""

    def __init__(self, *, chance: bool = False) -> None:
        self.chance, self.begun, self.asked = chance, 0, 0

    def begin(self, games: NDArray[np.int64], generator: np.random.Generator) -> None:
        self.begun += len(games)

    def act(
        self, games: NDArray[np.int64], observation: Any, mask: NDArray[np.bool_], generator: np.random.Generator
    ) -> NDArray[np.int64]:
        assert len(games) == len(observation) == len(mask)
        self.asked += len(games)
        return (mask * generator.random(mask.shape) if self.chance else mask).argmax(axis=1)

    def state(self) -> dict[str, Any]:
        return {"begun": self.begun}

    def load(self, state: dict[str, Any]) -> None:
        self.begun = state["begun"]

    # the same as the opponent of one game
    def decide(self, position: Any) -> Any:
        return type("Choice", (), {"action": position.legal_actions()[0]})

    def new_game(self, seed: int) -> None: ...

    def close(self) -> None: ...


def chosen(mask: NDArray[np.bool_], observation: NDArray[Any]) -> NDArray[np.int64]:
    """A fixed way to act that depends on what is seen alone."""
    weights = observation.reshape(len(observation), -1) @ np.arange(observation[0].size)
    return np.array([np.flatnonzero(row)[int(weight) % row.sum()] for row, weight in zip(mask, weights, strict=True)])


def whole_games(game: Game, seat: Any, rounds: int) -> list[list[Any]]:
    """What the agent is told in its games, as far as they end."""
    environments = GameEnvironments(game, Lowest(), 2, agent_seat=seat)
    seen = environments.reset(seed=1)
    games: list[list[Any]] = [[], []]
    told = []
    observation, mask = seen.observation, seen.mask
    for _ in range(rounds):
        assert mask is not None
        actions = chosen(mask, observation)
        step = environments.step(actions)
        assert step.valid.all() and not step.truncated.any()
        for i in range(2):
            games[i].append((observation[i], mask[i], actions[i], step.reward[i], step.final[i]))
            if step.terminated[i]:
                told.append(games[i])
                games[i] = []
            else:
                np.testing.assert_array_equal(step.final[i], step.observation[i])
        observation, mask = step.observation, step.mask
    finished = environments.finished()
    assert [(sum(row[3] for row in one), len(one)) for one in told] == finished
    assert environments.finished() == []
    return told


@pytest.mark.parametrize("seat", ["first", "second"])
@pytest.mark.parametrize("name", [name for name in GAMES if name != "chess"])  # which is slow
def test_every_game_is_told_as_its_environment_tells_it(name: str, seat: Any) -> None:
    game = make(name)
    env = GameEnv(game, lambda seed: Lowest(), agent_seat=seat)
    read = Reader(env.observation_space)
    told = whole_games(game, seat, rounds=min(120, 2 * game.spec.max_plies))
    assert told or game.spec.max_plies > 100
    for rows in told[:2]:
        shown, info = env.reset()
        for i, (observation, mask, action, reward, final) in enumerate(rows):
            np.testing.assert_array_equal(observation, read([shown])[0])
            np.testing.assert_array_equal(mask, info["action_mask"])
            shown, paid, terminated, _, info = env.step(action)
            assert (reward, i == len(rows) - 1) == (paid, terminated)
            np.testing.assert_array_equal(final, read([shown])[0])


def test_seats_are_drawn_and_opponents_move_first_where_they_are_first() -> None:
    game = make("connect_four")
    opponents = Lowest()
    seen = GameEnvironments(game, opponents, 200).reset(seed=0)
    stones = seen.observation[:, :2].sum(axis=(1, 2, 3))
    assert opponents.begun == 200
    assert set(stones.tolist()) == {0, 1}
    assert 70 < opponents.asked == stones.sum() < 130


def test_games_go_on_from_their_state_as_if_they_had_not_stopped() -> None:
    game = make("tic_tac_toe")
    one, other = (GameEnvironments(game, Lowest(chance=True), 5) for _ in range(2))
    seen = one.reset(seed=3)
    for _ in range(7):
        assert seen.mask is not None
        seen = one.step(chosen(seen.mask, seen.observation))  # type: ignore[assignment]
    one.finished()
    loaded, fresh = other.load(json.loads(json.dumps(one.state())))
    assert not fresh.any()
    np.testing.assert_array_equal(loaded.observation, seen.observation)
    for _ in range(20):
        assert seen.mask is not None
        actions = chosen(seen.mask, seen.observation)
        seen, step = one.step(actions), other.step(actions)  # type: ignore[assignment]
        for a, b in zip(seen, step, strict=True):
            np.testing.assert_array_equal(a, b)
    assert one.finished() == other.finished() != []


def test_what_cannot_be_is_refused() -> None:
    game = make("tic_tac_toe")
    with pytest.raises(UserError, match="unknown seat 'third'"):
        GameEnvironments(game, Lowest(), 1, agent_seat="third")  # type: ignore[arg-type]
    environments = GameEnvironments(game, Lowest(), 1, agent_seat="first")
    environments.reset(seed=0)
    environments.step(np.array([8]))
    with pytest.raises(ValueError, match="must heed the mask"):
        environments.step(np.array([8]))


def test_planes_stay_first_however_many_they_are() -> None:
    for name in GAMES:
        game = make(name)
        env = GameEnv(game, lambda seed: Lowest())
        read = Reader(env.observation_space)
        planes = game.start().observation()
        np.testing.assert_array_equal(read([planes])[0], planes)
