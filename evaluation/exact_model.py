"""What a policy is worth in a world that tells its model, without playing: expected returns by finite-horizon dynamic programming.

The return is the plain sum of rewards, and the time limit cuts episodes as it does in play. No chance is left in the number, so
that two policies differ by it as much as they really do.
"""

from __future__ import annotations

import numpy as np

from ..agents.gym.policy import Policy
from ..agents.tabular.model import Model
from ..agents.tabular.table import Floats, Numbers
from ..errors import UserError


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
