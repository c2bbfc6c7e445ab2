"""What observations and rewards are normalised by is known before an episode begins: from other weights, and after a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.envs.classic_control import CartPoleEnv

from zerodojo.agents.gym.config import GymConfig, GymRunConfig
from zerodojo.agents.gym.loading import set_moments, split_moments
from zerodojo.agents.gym.training import GymTraining
from zerodojo.agents.policy_gradient.config import PPOSettings
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import make_environments
from zerodojo.errors import UserError
from zerodojo.models.config import BodyConfig

CONFIG = GymConfig(
    settings=PPOSettings(rollout=8, minibatch=16, epochs=1),
    task="CartPole-v1",
    environments=2,
    steps=160,
    seed=3,
    view=ViewConfig(normalize_observation=True, normalize_reward=True),
    body=BodyConfig(hidden=(8,)),
    run=GymRunConfig(evaluations=0),
)


def first_shown(moments: dict[str, Any], seed: int) -> np.ndarray:
    """What episodes begin with that are normalised by these from the first observation on."""
    environments = make_environments(CONFIG.task, {}, CONFIG.view, n=CONFIG.environments)
    set_moments(environments, moments)
    return environments.reset(seed).observation


def test_the_first_observation_is_seen_as_the_weights_learned_to_see(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "first", CONFIG)
    with run.locked():
        GymTraining(run).run()
    weights = run.weights()[1]
    other = RunDirectory.create(tmp_path / "second", CONFIG)
    with other.locked():
        training = GymTraining(other, init=("the weights of first", weights), stopped=lambda: True)
        training.run()  # begins, and no more
    np.testing.assert_array_equal(training._actor.observation, first_shown(split_moments(weights)[1], CONFIG.seed))


def test_a_failure_of_the_environment_loses_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, taken, step = RunDirectory.create(tmp_path / "run", CONFIG), [], CartPoleEnv.step

    def failing(self: CartPoleEnv, action: Any) -> Any:
        taken.append(action)
        if len(taken) > 100:
            raise OSError("no more")
        return step(self, action)

    monkeypatch.setattr(CartPoleEnv, "step", failing)
    with run.locked():
        training = GymTraining(run)
        with pytest.raises(UserError, match="no more"):
            training.run()
    monkeypatch.undo()
    environments: Any = training._environments
    with run.locked():
        again = GymTraining(run)
    gone_on: Any = again._environments
    assert environments.reward_moments()["count"] > 50
    assert gone_on.reward_moments() == environments.reward_moments()
    assert again.agent.steps > 0
    np.testing.assert_array_equal(again._actor.observation, first_shown(environments.moments(), CONFIG.seed + again.agent.steps))
