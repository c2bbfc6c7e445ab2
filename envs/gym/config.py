"""How an environment is shown to an agent. Free of Gymnasium, so that the front door can show and parse it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ViewConfig:
    """What stands between an environment and its agent."""

    normalize_observation: bool = False  # to mean 0 and variance 1 of all that was seen, cut at 10; frozen in evaluation
    normalize_reward: bool = False  # by the deviation of the discounted return, cut at 10 (Engstrom et al. 2020); training only
    max_episode_steps: int = 0  # cut episodes short after so many; 0 leaves it to the environment
    frame_stack: int = 1  # the newest observations seen at once
    atari: bool = False  # as Atari games are prepared since Mnih et al. 2015: 84x84 gray, every fourth frame, signs of rewards
    # list: can be resumed exactly; vector: the environment's own; envpool: EnvPool's, which is fast
    side_by_side: Literal["list", "processes", "vector", "envpool"] = "list"
