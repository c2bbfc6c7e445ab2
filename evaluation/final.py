"""How good the agent is that a finished run ended with: the one place that says how a study measures."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ..agents.gym.config import GymConfig
from ..agents.gym.loading import load_policy, set_moments
from ..agents.gym.tasks import environment_of, measured_options
from ..agents.run_directory import RunDirectory
from ..envs.gym.making import make_environments
from .episodes import Returns, evaluate

SEED = 2_000_003  # added to the run's: episodes that neither taught the agent nor chose the best of its checkpoints
SIDE_BY_SIDE = 10  # environments at most


def final_returns(run: RunDirectory[GymConfig[Any]], episodes: int) -> Returns:
    """What whole episodes pay the newest checkpoint, not the best, which takes its likeliest actions.

    Every environment is measured by playing. One that tells its own model (`env.unwrapped.P`) can be measured without chance: its
    expected return, in the place of a mean, belongs here. Raises UserError as `load_policy` and `evaluate` do.
    """
    learned, config = load_policy(run), run.config
    task = environment_of(config.task)
    options, n = measured_options(config), min(episodes, SIDE_BY_SIDE)
    environments = make_environments(task, options, config.view, n=n, learning=False)
    set_moments(environments, learned.moments)
    with closing(environments):
        return evaluate(learned.policy, environments, episodes, config.seed + SEED)
