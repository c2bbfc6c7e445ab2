"""Returns and advantages, exact arithmetic over arrays [T, N]: T steps, N environments.

`ended` says where an episode is over. Where it was cut short and not ended by the world, the future still has a value: it stands in
`bootstrap`, zero elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def generalized_advantages(
    rewards: Floats, values: Floats, last: Floats, ended: Bools, bootstrap: Floats, *, gamma: float, lam: float
) -> Floats:
    """GAE (Schulman et al. 2016, equation 16): the sum of (gamma lam)^l delta_{t+l} within an episode, [T, N].

    delta_t = r_t + gamma V_{t+1} - V_t. `last` [N] is the value of what follows the last step.
    """
    going = (~ended).astype(np.float32)
    following = np.concatenate([values[1:], last[None]])
    delta = rewards + gamma * (following * going + bootstrap) - values
    decay = gamma * lam * going
    advantages = np.empty_like(values)
    ahead = np.zeros_like(last)
    for t in range(len(rewards) - 1, -1, -1):
        ahead = advantages[t] = delta[t] + decay[t] * ahead
    return advantages


def discounted_returns(rewards: Floats, last: Floats, ended: Bools, bootstrap: Floats, *, gamma: float) -> Floats:
    """The discounted sum of what an episode still pays from each step on, [T, N]; `last` [N] is the value of what follows."""
    returns = np.zeros_like(rewards)
    ahead = last
    for t in range(len(rewards) - 1, -1, -1):
        ahead = returns[t] = rewards[t] + gamma * np.where(ended[t], bootstrap[t], ahead)
    return returns
