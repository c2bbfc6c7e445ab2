"""The model of a world that tells it: what every action leads to and pays. Gymnasium's toy texts keep it in a table `P`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from .policy import open_values
from .table import Floats, Numbers


@dataclass(frozen=True, eq=False)
class Model:
    """A finite Markov decision process: K outcomes of pairs of S states and A actions. What ends the episode leads nowhere."""

    pair: Numbers  # [K], state * A + action
    following: Numbers  # [K]
    probability: Floats  # [K]
    reward: Floats  # [S, A], as expected
    start: Floats  # [S], the probability of an episode to begin there
    open: NDArray[np.bool_]  # [S, A], which actions are
    limit: int | None  # of steps, after which episodes are cut short

    def backup(self, values: Floats, *, gamma: float) -> Floats:
        """What each action brings where states are worth `values` [S] (Bellman), [S, A]; -inf where it is not open."""
        ahead = np.bincount(self.pair, self.probability * values[self.following], minlength=self.reward.size)
        return open_values(self.reward + gamma * ahead.reshape(self.reward.shape), self.open)


def untold(env: gymnasium.Env[Any, Any]) -> str:
    """Why `model_of` cannot read the model of an environment; empty where it can."""
    world: Any = env.unwrapped
    name = env.spec.id if env.spec else type(world).__name__
    if not hasattr(world, "P") or not hasattr(world, "initial_state_distrib"):
        return f"{name} does not tell its model; FrozenLake-v1, Taxi-v4 and CliffWalking-v1 do"
    if getattr(world, "fickle_passenger", False):
        return f"{name} with fickle_passenger does more than its model tells; leave the option out"
    return ""


def model_of(env: gymnasium.Env[Any, Any]) -> Model:
    """Reads the model of an environment. Raises UserError for one that does not tell it, or not all of it."""
    if reason := untold(env):
        raise UserError(reason)
    world: Any = env.unwrapped
    states, actions = len(world.P), len(world.P[0])
    pair, following, probability = [], [], []
    reward = np.zeros((states, actions))
    for state, choices in world.P.items():
        for action, outcomes in choices.items():
            for chance, led_to, paid, terminated in outcomes:
                reward[state, action] += chance * paid
                if not terminated:
                    pair.append(state * actions + action)
                    following.append(led_to)
                    probability.append(chance)
    masked = hasattr(world, "action_mask")
    return Model(
        pair=np.array(pair, np.int64),
        following=np.array(following, np.int64),
        probability=np.array(probability, np.float64),
        reward=reward,
        start=np.asarray(world.initial_state_distrib, np.float64),
        open=np.array([world.action_mask(s) for s in range(states)], np.bool_) if masked else np.ones((states, actions), np.bool_),
        limit=env.spec.max_episode_steps if env.spec else None,
    )
