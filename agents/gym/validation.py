"""Which values of a configuration make sense: refused in one line before anything is started. Called by whoever is about to train.

Free of torch, as the configuration is; only whoever asks for a GPU waits for torch to look for one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import UserError
from ...models.hardware import require_gpu
from ..policy_gradient.config import ReinforceSettings, SACSettings, TD3Settings
from ..ranges import COUNT, FINITE, NOT_NEGATIVE, POSITIVE, POSITIVE_SHARE, SEED, SHARE, Range, at_least, numbers, require
from ..registry import agent_of
from ..tabular.config import TabularSettings
from ..value.config import DQNSettings
from .config import GymConfig

RANGES: dict[str, Range] = {  # what stands under `settings` means the same for all agents that have it
    "environments": COUNT,
    "seed": SEED,
    "steps": COUNT,
    "view.max_episode_steps": NOT_NEGATIVE,
    "view.frame_stack": COUNT,
    "body.hidden": COUNT,
    "body.memory_size": COUNT,
    "body.memory_span": NOT_NEGATIVE,
    "league.every": COUNT,
    "league.members": at_least(2),
    "league.newest": SHARE,
    "run.threads": COUNT,
    "run.checkpoint_seconds": NOT_NEGATIVE,
    "run.keep_every": COUNT,
    "run.evaluations": NOT_NEGATIVE,
    "run.evaluation_episodes": NOT_NEGATIVE,
    # how much is done between two steps of learning, and learned from
    "settings.rollout": COUNT,
    "settings.minibatch": COUNT,
    "settings.epochs": COUNT,
    "settings.episodes": COUNT,
    "settings.lag": NOT_NEGATIVE,
    "settings.train_every": COUNT,
    "settings.gradient_steps": at_least(-1),
    "settings.planning": NOT_NEGATIVE,
    "settings.capacity": COUNT,
    "settings.learning_starts": NOT_NEGATIVE,
    "settings.batch": COUNT,
    "settings.burn_in": NOT_NEGATIVE,
    "settings.length": COUNT,
    "settings.period": COUNT,
    "settings.priority.exponent": NOT_NEGATIVE,
    "settings.priority.correction": SHARE,
    # how far a step of learning goes
    "settings.learning_rate": POSITIVE,
    "settings.final_learning_rate": NOT_NEGATIVE,
    "settings.rms_decay": SHARE,
    "settings.optimizer_epsilon": POSITIVE,
    "settings.gradient_clip": POSITIVE,
    "settings.step_size": POSITIVE_SHARE,
    "settings.final_step_size": SHARE,
    "settings.step_size_power": NOT_NEGATIVE,
    "settings.tau": POSITIVE_SHARE,
    "settings.target_every": COUNT,
    "settings.target_share": POSITIVE_SHARE,
    "settings.policy_delay": COUNT,
    # what is learned
    "settings.gamma": SHARE,
    "settings.gae_lambda": SHARE,
    "settings.q_lambda": SHARE,
    "settings.trace_lambda": SHARE,
    "settings.rho": POSITIVE,
    "settings.c": POSITIVE,
    "settings.n_step": COUNT,
    "settings.lookahead": COUNT,
    "settings.initial_value": FINITE,
    "settings.clip": POSITIVE,
    "settings.final_clip": NOT_NEGATIVE,
    "settings.value_clip": NOT_NEGATIVE,
    "settings.target_kl": NOT_NEGATIVE,
    "settings.value_weight": NOT_NEGATIVE,
    "settings.entropy_weight": NOT_NEGATIVE,
    "settings.temperature": POSITIVE,
    "settings.target_entropy": FINITE,
    "settings.target_noise": NOT_NEGATIVE,
    "settings.target_noise_clip": NOT_NEGATIVE,
    "settings.head.atoms": at_least(2),
    "settings.head.low": FINITE,
    "settings.head.high": FINITE,
    "settings.head.quantiles": COUNT,
    "settings.head_hidden": NOT_NEGATIVE,
    # how it explores
    "settings.epsilon": SHARE,
    "settings.final_epsilon": SHARE,
    "settings.epsilon_share": SHARE,
    "settings.exploration": SHARE,
    "settings.exploration_noise": NOT_NEGATIVE,
    "settings.log_std": FINITE,
    "settings.sde_frequency": NOT_NEGATIVE,
}
OWN: dict[type[Any], dict[str, Range]] = {  # of agents where a name means something else
    ReinforceSettings: {"settings.gradient_clip": NOT_NEGATIVE},  # 0: no limit
    SACSettings: {"settings.gradient_steps": NOT_NEGATIVE},  # 0: as many as steps were taken
    TD3Settings: {"settings.gradient_steps": NOT_NEGATIVE},
}


def ranges_of(settings: type[Any]) -> dict[str, Range]:
    """The ranges for the configurations of an agent with such settings."""
    return RANGES | OWN.get(settings, {})


def check(config: GymConfig[Any], *, name: Callable[[str], str] = str) -> None:
    """Raises UserError for the first field whose value makes no sense, or that asks for a GPU where there is none or no use for it.

    `name` says how a field is called, by its dotted path.
    """
    settings = config.settings
    ranges = ranges_of(type(settings))
    for path, value in numbers(config):
        require(name(path), value, ranges[path])
    if isinstance(settings, DQNSettings) and settings.head.low >= settings.head.high:
        low, high = name("settings.head.low"), name("settings.head.high")
        raise UserError(f"{low} is {settings.head.low:g} and {high} {settings.head.high:g}; the first must be the lower")
    if config.view.max_episode_steps and "max_episode_steps" in config.options and not config.view.atari:  # there: of frames
        raise UserError(
            f"the environment has an option max_episode_steps, and {name('view.max_episode_steps')} is the same; give one of them"
        )
    if config.run.device == "cuda":
        if isinstance(settings, TabularSettings):
            raise UserError(f"{name('run.device')} is cuda, and {agent_of(config)} keeps a table on the processor; set it to cpu")
        require_gpu(name("run.device"))
