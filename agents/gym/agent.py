"""The Agent contract: collect, make batches of it, learn from each. The training loop drives it, and so can workers elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from ...envs.gym.spaces import ActionSpace, ObservationSpace
from ..checkpoint import Arrays
from ..parts.acting import Actor
from ..parts.replay import Replay
from .config import GymConfig
from .policy import Policy

Experience = TypeVar("Experience")
Batch = TypeVar("Batch")
Metrics = dict[str, float]


class Spaces(NamedTuple):
    """What an agent sees and does."""

    observation: ObservationSpace
    action: ActionSpace
    environments: int  # side by side


@dataclass(frozen=True, kw_only=True, eq=False)
class AgentState:
    """All that an agent goes on from, its weights aside."""

    arrays: Arrays  # optimizers' moments, target networks
    values: dict[str, Any]  # counters and generators, as JSON values


class Agent(Protocol, Generic[Experience, Batch]):
    """One algorithm. Its class is called with (config, spaces) and raises UserError for spaces it does not fit.

    A run is `for batch in agent.batches(agent.collect(actor)): agent.learn(batch)`, again and again.
    """

    policy: Policy
    replay: Replay | None  # what it remembers of past rounds; written beside the state, each row once
    steps: int  # taken in environments so far
    updates: int  # steps of learning so far

    def collect(self, actor: Actor) -> Experience:
        """Acts for one round. Counts its steps."""
        ...

    def batches(self, experience: Experience) -> Iterable[Batch]:
        """What is learned from, made of the round and of whatever the agent remembers."""
        ...

    def learn(self, batch: Batch) -> Metrics:
        """One step of learning; what it measured, by name. Raises NonFiniteUpdate, and then has changed nothing."""
        ...

    def weights(self) -> Arrays:
        """What plays."""
        ...

    def state(self) -> AgentState:
        """What `load` goes on from, number for number, the replay aside."""
        ...

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """Goes on from weights and a state; without one, starts anew from the weights. Raises UserError where they do not fit."""
        ...


class AgentClass(Protocol):
    """How an agent is made."""

    def __call__(self, config: GymConfig[Any], spaces: Spaces) -> Agent[Any, Any]: ...


class NonFiniteUpdate(Exception):
    """A loss or a gradient that is no number; the agent is as it was before the batch."""

    def __init__(self, arrays: Arrays) -> None:
        super().__init__("the loss is not finite")
        self.arrays = arrays  # the batch
