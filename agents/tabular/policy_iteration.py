"""Policy iteration (Howard 1960; Sutton and Barto, section 4.3), where the model is known: evaluate, improve, and again."""

from __future__ import annotations

import numpy as np

from .model import Model
from .table import Floats, Numbers


def policy_iteration(model: Model, *, gamma: float = 0.99) -> Floats:
    """Q of the best policy, [S, A], with no limit of steps. The discount is below 1, so that every policy has values."""
    actions = model.open.argmax(axis=1)
    while True:
        q = model.backup(policy_values(model, actions, gamma=gamma), gamma=gamma)
        rows = np.arange(len(q))
        better = q.max(axis=1) > q[rows, actions] + 1e-10  # a tie is no improvement
        if not better.any():
            return q
        actions = np.where(better, q.argmax(axis=1), actions)


def policy_values(model: Model, actions: Numbers, *, gamma: float) -> Floats:
    """What states are worth to a policy that does `actions` [S] there, [S]: the solution of V = R + gamma P V (equation 4.4)."""
    states = np.arange(len(actions))
    of_state, by_action = np.divmod(model.pair, model.reward.shape[1])
    done = actions[of_state] == by_action
    chances = np.zeros((len(states), len(states)))
    np.add.at(chances, (of_state[done], model.following[done]), model.probability[done])
    return np.linalg.solve(np.eye(len(states)) - gamma * chances, model.reward[states, actions]).astype(np.float64)
