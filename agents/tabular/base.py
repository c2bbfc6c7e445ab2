"""What the tabular agents share: a table, a policy that falls from exploring to greedy, one step in each environment a round.

With several environments side by side, targets are made of the table as it stood before the round; with one, every agent here is
the book's (Sutton and Barto 2018). Where one is not quite, its file says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from ..checkpoint import Arrays
from ..gym.agent import AgentState, Metrics, NonFiniteUpdate, Spaces
from ..gym.config import GymConfig
from ..parts.acting import Moment
from ..parts.schedules import linear
from ..registry import AGENTS, agent_of
from .config import TabularSettings
from .policy import EpsilonGreedy, Mask
from .states import StateNumbers
from .table import Floats, Numbers, Table

S = TypeVar("S", bound=TabularSettings)
E = TypeVar("E")  # what a round brings
LARGEST = 2**24  # values of a table, 8 bytes each


class Transitions(NamedTuple):
    """One step in each of N environments, states by their numbers."""

    state: Numbers  # [N]
    action: Numbers  # [N]
    reward: Floats  # [N]
    following: Numbers  # [N], what the step led to
    mask: Mask  # [N, A], of that
    terminated: NDArray[np.bool_]  # [N]
    truncated: NDArray[np.bool_]  # [N], and not terminated
    valid: NDArray[np.bool_]  # [N]

    @property
    def going(self) -> NDArray[np.bool_]:
        """Whose episode goes on."""
        return ~(self.terminated | self.truncated)


class TabularAgent(Generic[S, E]):
    """A tabular agent but for what it learns: `collect` and `learn`, and what it keeps between rounds."""

    replay = None

    def __init__(self, config: GymConfig[S], spaces: Spaces) -> None:
        """Raises UserError for spaces that have no table."""
        settings = config.settings
        self._settings, self._planned = settings, config.steps
        self._numbers = _numbers_of(config, spaces)
        self.table = Table(self._numbers.count, spaces.action.sizes[0], initial_value=settings.initial_value)
        self.policy = EpsilonGreedy(self.table, self._numbers, epsilon=settings.final_epsilon)
        self.steps = self.updates = 0

    def batches(self, experience: E) -> Iterator[E]:
        """The round, once."""
        yield experience

    def explore(self) -> None:
        """Brings epsilon to what it is at this step."""
        settings = self._settings
        share = self.steps / self._planned
        self.policy.epsilon = linear(settings.epsilon, settings.final_epsilon, share=share, over=settings.exploration)

    def transitions(self, moment: Moment) -> Transitions:
        """One step of the environments, by numbers. Counts it."""
        step = moment.step
        state = self._numbers(moment.observation)
        self.steps += int(np.count_nonzero(step.valid))
        return Transitions(
            state=state,
            action=moment.action,
            reward=step.reward.astype(np.float64),
            following=self._numbers(step.final),
            mask=step.final_mask,
            terminated=step.terminated,
            truncated=step.truncated & ~step.terminated,
            valid=step.valid,
        )

    def move(self, states: Numbers, actions: Numbers, targets: Floats) -> Metrics:
        """Moves values towards targets, as settings and schedules say. Raises NonFiniteUpdate."""
        settings = self._settings
        step_size = linear(settings.step_size, settings.final_step_size, share=self.steps / self._planned)
        try:
            off = self.table.move(states, actions, targets, step_size=step_size, power=settings.step_size_power)
        except FloatingPointError as reason:
            raise NonFiniteUpdate({"state": states, "action": actions, "target": targets}) from reason
        self.updates += 1
        return {"td_error": off, "epsilon": self.policy.epsilon, "step_size": step_size}

    def weights(self) -> Arrays:
        """As `Agent` says."""
        return self.table.weights()

    def state(self) -> AgentState:
        """As `Agent` says."""
        kept = self.kept()
        counts = {"steps": self.steps, "updates": self.updates}
        return AgentState(arrays={**self.table.state(), **kept.arrays}, values={**counts, **kept.values})

    def load(self, weights: Arrays, state: AgentState | None = None, *, owner: str = "these weights") -> None:
        """As `Agent` says."""
        self.table.load(weights, state.arrays if state else None, owner=owner)
        self.steps, self.updates = (state.values["steps"], state.values["updates"]) if state else (0, 0)
        self.keep(state)

    def kept(self) -> AgentState:
        """What else is kept between rounds."""
        return AgentState(arrays={}, values={})

    def keep(self, state: AgentState | None) -> None:
        """Goes on from a state that has it; from the beginning without one."""


def of_valid(batch: Transitions, targets: Floats) -> tuple[Numbers, Numbers, Floats]:
    """States, actions and targets of the rows that count."""
    if batch.valid.all():
        return batch.state, batch.action, targets
    return batch.state[batch.valid], batch.action[batch.valid], targets[batch.valid]


def _numbers_of(config: GymConfig[Any], spaces: Spaces) -> StateNumbers:
    name, (seen, acts) = agent_of(config), spaces[:2]
    if not acts.single:
        what = "numbers" if acts.continuous else "choices"
        raise UserError(f"{name} chooses one action, and those of {config.task} are {acts}; take {_others(what)}")
    if not seen.sizes:
        raise UserError(
            f"{name} keeps a table of states, and {config.task} shows no finite number of them; take {_others('choice')}"
        )
    try:
        numbers = StateNumbers(seen.sizes)
    except ValueError as error:
        raise UserError(f"{name} keeps a table, and {config.task} has {error}; take {_others('choice')}") from error
    if numbers.count * acts.sizes[0] > LARGEST:
        raise UserError(
            f"{name} keeps a table, and {config.task} has {numbers.count * acts.sizes[0]:,} pairs of states and actions; "
            f"take {_others('choice')}"
        )
    return numbers


def _others(acts: str) -> str:
    """The agents without a table that act so."""
    names = [name for name, entry in AGENTS.items() if acts in entry.acts and not entry.keeps_table]
    return " or ".join(names)
