"""Who a run in an environment has learned to be, from its directory. Evaluation and play ask here, and training as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.environments import Environments
from ...envs.gym.making import make_environments
from ...envs.gym.normalized import RunningMoments
from ...envs.gym.spaces import Actions, Observations
from ...errors import UserError
from ..checkpoint import Arrays
from ..registry import agent_class, agent_of
from ..run_directory import RunDirectory
from .agent import Spaces
from .config import GymConfig
from .policy import Extras, Policy, State
from .tasks import environment_of_run, measured_options

MOMENTS = "normalizer/"  # before the names of what observations are normalised by, among the weights


def split_moments(weights: Arrays) -> tuple[Arrays, dict[str, Any]]:
    """Weights as a checkpoint has them: those of the agent, and what its observations are normalised by (none: empty)."""
    own = {name: array for name, array in weights.items() if not name.startswith(MOMENTS)}
    return own, {name.removeprefix(MOMENTS): array for name, array in weights.items() if name.startswith(MOMENTS)}


def set_moments(environments: Environments, moments: dict[str, Any]) -> None:
    """Normalises observations by these, where they are normalised at all."""
    if moments and hasattr(environments, "set_moments"):
        environments.set_moments({name: np.asarray(value).tolist() for name, value in moments.items()})


def set_reward_moments(environments: Environments, moments: dict[str, Any]) -> None:
    """Normalises rewards by these, where they are normalised at all."""
    if moments and hasattr(environments, "set_reward_moments"):
        environments.set_reward_moments(moments)


class Learned(NamedTuple):
    """A policy with what belongs to it."""

    step: int
    policy: Policy
    moments: dict[str, Any]  # what observations are normalised by; empty where they are not


def load_policy(run: RunDirectory[GymConfig[Any]], step: int | None = None, *, best: bool = False) -> Learned:
    """The policy of a step, of the best measure, or of the newest checkpoint; it acts on the processor, wherever it learned.
    Raises UserError as `RunDirectory.weights`."""
    config = replace(run.config, run=replace(run.config.run, device="cpu"))
    environments = make_environments(environment_of_run(config), measured_options(config), config.view, n=1, learning=False)
    spaces = Spaces(environments.observation_space, environments.action_space, 1)
    environments.close()
    number, weights = run.best_weights() if best else run.weights(step)
    return Learned(number, *policy_of(config, spaces, weights, owner=f"the weights of {run.path}"))


def policy_of(config: GymConfig[Any], spaces: Spaces, weights: Arrays, *, owner: str) -> tuple[Policy, dict[str, Any]]:
    """The policy of weights as a checkpoint has them, and what its observations are normalised by.

    Raises UserError where they do not fit, naming their owner.
    """
    agent = agent_class(agent_of(config))(config, spaces)
    own, moments = split_moments(weights)
    agent.load(own, owner=owner)
    return agent.policy, moments


class NormalizedPolicy:
    """A policy that normalises what it sees itself, for where environments do not: there others look on as well."""

    def __init__(self, policy: Policy, moments: dict[str, Any]) -> None:
        self._policy = policy
        self._moments = RunningMoments(np.shape(moments["mean"]))
        self._moments.load({name: np.asarray(value).tolist() for name, value in moments.items()})

    def initial_state(self, n: int) -> State:
        """As `Policy` says."""
        return self._policy.initial_state(n)

    def act(
        self,
        observation: Observations,
        state: State,
        *,
        starts: NDArray[np.bool_],
        mask: NDArray[np.bool_] | None,
        deterministic: bool,
        generator: np.random.Generator,
    ) -> tuple[Actions, State, Extras]:
        """As `Policy` says, of observations as environments show them."""
        seen = self._moments.scaled(observation)
        return self._policy.act(seen, state, starts=starts, mask=mask, deterministic=deterministic, generator=generator)


def self_contained(policy: Policy, moments: dict[str, Any]) -> Policy:
    """The policy for observations as environments show them."""
    return NormalizedPolicy(policy, moments) if moments else policy


def run_at(spec: str) -> tuple[RunDirectory[Any], int | None, bool]:
    """What `runs/x`, `runs/x@12000`, `runs/x@best` or `runs/x@latest` names: the run of any kind, the step (None: the newest), and
    whether the best is meant. Raises UserError."""
    path, _, word = spec.rpartition("@")
    if not path or Path(spec).exists():
        return RunDirectory.open_any(spec), None, False
    if word not in ("latest", "best") and not word.isdecimal():
        raise UserError(f"{spec!r}: after the @ comes a step, `latest` or `best`")
    return RunDirectory.open_any(path), int(word) if word.isdecimal() else None, word == "best"
