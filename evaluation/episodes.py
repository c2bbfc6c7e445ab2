"""How good a policy is in an environment: returns of whole episodes, with an interval. Training and `evaluate` measure so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..agents.gym.policy import Policy
from ..agents.parts.acting import Actor
from ..envs.gym.environments import Environments
from ..errors import UserError

RESAMPLES = 10_000  # of the bootstrap
LONGEST = 100_000  # steps after which an episode that nothing ends is given up


@dataclass(frozen=True)
class Returns:
    """What the episodes of one agent came to."""

    returns: NDArray[np.float64]  # [episodes]
    lengths: NDArray[np.int64]  # [episodes]
    seed: int
    notices: tuple[str, ...] = ()  # what a person should know of the environments, such as that one was started again

    @property
    def mean(self) -> float:
        """The mean return."""
        return float(self.returns.mean())

    @property
    def std(self) -> float:
        """The deviation between episodes, of one agent: no interval of the mean."""
        return float(self.returns.std())

    @property
    def interval(self) -> tuple[float, float]:
        """95% of the mean return, by bootstrap over the episodes (Efron 1979, percentiles)."""
        generator = np.random.default_rng(self.seed)
        means = np.concatenate([generator.choice(self.returns, (500, len(self.returns))).mean(1) for _ in range(RESAMPLES // 500)])
        low, high = np.percentile(means, [2.5, 97.5])
        return float(low), float(high)

    @property
    def sentence(self) -> str:
        """For people."""
        return f"mean return {self.mean:,.1f} over {len(self.returns)} episodes of {self.lengths.mean():,.0f} steps"


def evaluate(
    policy: Policy, environments: Environments, episodes: int, seed: int, *, deterministic: bool = True, longest: int = LONGEST
) -> Returns:
    """Plays whole episodes and returns what they paid.

    Environment i plays so many episodes as are its share, whatever their length: short episodes would else be counted too often.
    An episode that a failing environment cuts short does not count, and another is played in its place.
    `deterministic` takes the likeliest action, else actions are sampled. Raises UserError where an episode lasts more than
    `longest` steps, for an environment without a limit of its own would never end.
    """
    if episodes < 1:
        raise UserError(f"episodes is {episodes}; it must be at least 1")
    n = environments.n
    left = np.array([(episodes + i) // n for i in range(n)])
    actor = Actor(environments, policy, generator=np.random.default_rng((seed, 3)), seed=seed)
    returns, lengths = [], []
    total, length = np.zeros(n), np.zeros(n, np.int64)
    while left.any():
        step = actor.advance(deterministic=deterministic).step
        total[step.valid] += step.reward[step.valid]
        length[step.valid] += 1
        for i in np.flatnonzero(step.ended & step.valid).tolist():
            if left[i] and step.whole[i]:
                left[i] -= 1
                returns.append(total[i])
                lengths.append(length[i])
            total[i] = length[i] = 0
        if (length[left > 0] > longest).any():
            raise UserError(f"an episode lasts more than {longest:,} steps; end it with --max-episode-steps")
    return Returns(np.array(returns), np.array(lengths), seed, tuple(environments.notices()))
