"""The Policy contract: who acts in an environment. Training, evaluation and play act through it; so may a match."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...envs.gym.spaces import Actions, Observations

State = dict[str, NDArray[np.float32]]  # what is remembered within an episode, [N, units] by name; empty for most
Extras = dict[str, NDArray[Any]]  # what else is known of an action, [N] by name, such as its log-probability


class Policy(Protocol):
    """Chooses actions for N environments side by side."""

    def initial_state(self, n: int) -> State:
        """What is remembered at the beginning of n episodes."""
        ...

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
        """Observations [N, ...], what was remembered, starts [N] (whose episode begins, and who therefore remembers nothing),
        mask [N, A] -> actions [N, ...], what is remembered now, and extras."""
        ...
