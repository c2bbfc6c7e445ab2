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


def vtrace(
    rewards: Floats,
    values: Floats,
    last: Floats,
    ended: Bools,
    bootstrap: Floats,
    ratios: Floats,
    *,
    gamma: float,
    lam: float,
    rho: float,
    c: float,
) -> tuple[Floats, Floats]:
    """V-trace (Espeholt et al. 2018, equation 1): the targets v of the values, and the advantages of the policy's gradient, [T, N].

    `ratios` are the probabilities of what was done, now over then; `rho` and `c` are where they are cut for the value that is
    learned and for how far its corrections travel. The recursion is the paper's remark 1:
    v_t - V_t = delta_t + gamma c_t (v_{t+1} - V_{t+1}), with delta_t = rho_t (r_t + gamma V_{t+1} - V_t).
    """
    targets, advantages = np.empty_like(values), np.empty_like(values)
    weights, traces = np.minimum(ratios, rho), lam * np.minimum(ratios, c)
    following, target, ahead = last, last, np.zeros_like(last)  # V_{t+1}, v_{t+1}, and the one less the other
    for t in range(len(rewards) - 1, -1, -1):
        going = ~ended[t]
        delta = weights[t] * (rewards[t] + gamma * np.where(going, following, bootstrap[t]) - values[t])
        advantages[t] = weights[t] * (rewards[t] + gamma * np.where(going, target, bootstrap[t]) - values[t])
        ahead = delta + gamma * traces[t] * ahead * going
        target = targets[t] = values[t] + ahead
        following = values[t]
    return targets, advantages
