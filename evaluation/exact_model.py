"""What a policy is worth in a world that tells its model, without playing: expected returns by finite-horizon dynamic programming.

The return is the plain sum of rewards, and the time limit cuts episodes as it does in play. No chance is left in the number, so
that two policies differ by it as much as they really do.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..agents.gym.config import GymConfig
from ..agents.gym.policy import Policy
from ..agents.gym.tasks import environment_of_run, measured_options
from ..agents.tabular.model import Model, model_of, untold
from ..agents.tabular.table import Floats, Numbers
from ..envs.gym.config import ViewConfig
from ..envs.gym.making import UNLIMITED, make_one
from ..errors import UserError


@dataclass(frozen=True)
class Expected:
    """What a policy is worth that takes its likeliest actions: the mean of all episodes that there could be."""

    mean: float
    best: float  # of any policy, even one that counts its steps
    notices: tuple[str, ...] = ()  # as `Returns` has them: nothing is played, so that nothing fails

    @property
    def sentence(self) -> str:
        """For people."""
        return f"expected return {self.mean:,.4f}, by the environment's own model (the best possible is {self.best:,.4f})"


def expected(policy: Policy, config: GymConfig[Any], *, steps: int = 0) -> Expected | None:
    """What the policy of a run is worth. None where its environment does not tell its model, or where what is done depends on
    more than the state: a memory, a stack of frames. Episodes are cut short after `steps`, else where the run or the environment
    does, else after `UNLIMITED`. Raises UserError for an environment that cannot be made."""
    limit = steps or config.view.max_episode_steps
    if config.view != ViewConfig(max_episode_steps=config.view.max_episode_steps, side_by_side=config.view.side_by_side):
        return None
    with closing(make_one(environment_of_run(config), measured_options(config), config.view, learning=False)) as env:
        if policy.initial_state(1) or untold(env):
            return None
        model = model_of(env)
    limit = limit or model.limit or UNLIMITED
    return Expected(expected_return(model, greedy_actions(policy, model), steps=limit), best_return(model, steps=limit))


def greedy_actions(policy: Policy, model: Model) -> Numbers:
    """What a policy without a memory does in every state, acting as evaluation does, [S]."""
    states = len(model.start)
    actions, _, _ = policy.act(
        np.eye(states, dtype=np.float32),  # one number, one-hot
        policy.initial_state(states),
        starts=np.ones(states, np.bool_),
        mask=model.open,
        deterministic=True,
        generator=np.random.default_rng(0),
    )
    return actions


def expected_return(model: Model, actions: Numbers, *, steps: int = 0) -> float:
    """Of an episode in which `actions` [S] are done, cut short after so many steps; 0 takes the environment's own limit.

    Raises UserError where neither says when.
    """
    states = np.arange(len(actions))
    values = np.zeros(len(actions))
    for _ in range(_horizon(model, steps)):
        values = model.backup(values, gamma=1.0)[states, actions]
    return float(model.start @ values)


def best_return(model: Model, *, steps: int = 0) -> float:
    """Of an episode in which the best is done, which may depend on the steps that are left; `steps` as `expected_return` has it."""
    values: Floats = np.zeros(len(model.start))
    for _ in range(_horizon(model, steps)):
        values = model.backup(values, gamma=1.0).max(axis=1)
    return float(model.start @ values)


def _horizon(model: Model, steps: int) -> int:
    if not steps and not model.limit:
        raise UserError("this environment has no limit of steps; say after how many an episode is cut short")
    return steps or model.limit or 0
