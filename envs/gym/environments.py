"""Many environments side by side, as every agent sees them, whatever resets them and however they run. Called by agents.

An episode ends by the world (`terminated`) or by a limit that is not of it (`truncated`); after the latter the future would have
gone on, so values bootstrap from `final`. Gymnasium has three ways of resetting after an end (`AutoresetMode`); here they are one:

- `observation` is what to act on next;
- `final` is what the step led to, the same array where nothing ended, or where it is only the next step that resets;
- `final_mask` says what would be open there, for values that bootstrap from it;
- `valid` is false where a row was only reset, its action unheard: such rows are neither stored nor counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import UserError
from .spaces import Actions, ActionSpace, Observations, ObservationSpace


class Seen(NamedTuple):
    """What N environments show before an action."""

    observation: Observations  # [N, ...]
    mask: NDArray[np.bool_] | None  # [N, A], which choices are open; None where all are, or where actions are numbers


class Step(NamedTuple):
    """What came of one action in each of N environments."""

    observation: Observations  # [N, ...], what to act on next
    mask: NDArray[np.bool_] | None  # [N, A], of that
    reward: NDArray[np.float32]  # [N]
    terminated: NDArray[np.bool_]  # [N]
    truncated: NDArray[np.bool_]  # [N]
    final: Observations  # [N, ...], what the action led to
    valid: NDArray[np.bool_]  # [N]
    final_mask: NDArray[np.bool_] | None = None  # [N, A], of `final`; says nothing where the world ended the episode
    failed: NDArray[np.bool_] | None = None  # [N], whose episode was cut short because an environment failed; None where none did

    @property
    def ended(self) -> NDArray[np.bool_]:
        """Whose episode is over."""
        return self.terminated | self.truncated

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Whose episode is over as the environment has it, so that its return says something."""
        ended = self.ended & self.valid
        return ended if self.failed is None else ended & ~self.failed

    @property
    def acted_on(self) -> Observations:
        """The observations that the next actions are heard for, [M, ...]: not those of ends that only the next step resets."""
        return self.observation[~self.ended] if self.final is self.observation else self.observation


class Episode(NamedTuple):
    """One finished episode: its return, as the environment pays it, and its length in steps."""

    total: float
    length: int


class Environments(Protocol):
    """N environments of one kind."""

    n: int
    observation_space: ObservationSpace
    action_space: ActionSpace

    def reset(self, seed: int | None = None) -> Seen:
        """Begins an episode in each; `seed` decides, with the number of the environment, everything random from now on."""
        ...

    def step(self, actions: Actions) -> Step:
        """One action [N, ...] in each. Raises BadEnvironment, as `reset` and `load` do: one fails the second time, or gives what is
        no number."""
        ...

    def finished(self) -> list[Episode]:
        """The episodes that ended since this was last asked, in order."""
        ...

    def state(self) -> dict[str, Any]:
        """What `load` goes on from, as JSON values and arrays."""
        ...

    def load(self, state: dict[str, Any]) -> tuple[Seen, NDArray[np.bool_]]:
        """Goes on from a state; returns what is seen, and where that could not be done, so that a fresh episode begins [N], which
        `notices` then tells."""
        ...

    def notices(self) -> list[str]:
        """What a person should know since this was last asked: an environment that was started again, one that cannot go on."""
        ...

    def close(self) -> None:
        """Ends them."""
        ...


def failure(who: str, where: str, error: Exception) -> str:
    """What is told of an environment that raises, anything at all."""
    return f"{who} failed in {where} ({type(error).__name__}: {error})"


class BadEnvironment(UserError):
    """An environment that fails or gives what is no number; the message names it and says how."""

    def __init__(self, message: str, arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
        super().__init__(message)
        self.arrays = dict(arrays or {})  # what led there, of all N, as far as it is known
