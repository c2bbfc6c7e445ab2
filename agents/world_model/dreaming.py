"""An agent of any kind learns in dreams. Called by who has a world model and some beginnings of episodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from ..gym.agent import Agent, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Actor
from ..registry import agent_class, agent_of
from .dream import DreamEnvironments
from .model import WorldModel

Report = Callable[[int, float], None]  # steps so far, and the mean return of the dreams that ended since the last report


def learn_in_dreams(
    model: WorldModel, beginnings: Tensor, config: GymConfig[Any], *, agent: Agent[Any, Any] | None = None, report: Report
) -> Agent[Any, Any]:
    """An agent as `config` says, taught for `config.steps` steps of dreams that begin as `beginnings` [M, Z] do; one that is given
    goes on. Raises UserError for an agent that does not fit what a dream shows."""
    dreams = DreamEnvironments(model, beginnings, config.environments)
    if agent is None:
        agent = agent_class(agent_of(config))(config, Spaces(dreams.observation_space, dreams.action_space, dreams.n))
    actor = Actor(dreams, agent.policy, generator=np.random.default_rng((config.seed, 1)), seed=config.seed)
    while actor.steps < config.steps:
        for batch in agent.batches(agent.collect(actor)):
            agent.learn(batch)
        if episodes := dreams.finished():
            report(actor.steps, float(np.mean([episode.total for episode in episodes])))
    return agent
