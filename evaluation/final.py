"""How good the agent is that a finished run ended with: the one place that says how a study measures."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ..agents.gym.config import GymConfig
from ..agents.gym.loading import load_policy, set_moments
from ..agents.gym.tasks import environment_of_run, measured_options
from ..agents.run_directory import RunDirectory
from ..envs.gym.making import limited, make_environments
from .episodes import Returns, evaluate
from .exact_model import Expected, expected

SEED = 2_000_003  # added to the run's: episodes that neither taught the agent nor chose the best of its checkpoints
SIDE_BY_SIDE = 10  # environments at most

Final = Returns | Expected


def measure_final(run: RunDirectory[GymConfig[Any]], episodes: int) -> Final:
    """What the newest checkpoint, not the best, is paid when it takes its likeliest actions: what is to be expected where the
    environment tells its model, else by playing whole episodes. Raises UserError as `load_policy` and `evaluate` do."""
    learned, config = load_policy(run), run.config
    if exact := expected(learned.policy, config):
        return exact
    task, options, n = environment_of_run(config), measured_options(config), min(episodes, SIDE_BY_SIDE)
    environments = make_environments(task, options, limited(task, options, config.view), n=n, learning=False)
    set_moments(environments, learned.moments)
    with closing(environments):
        return evaluate(learned.policy, environments, episodes, config.seed + SEED)
