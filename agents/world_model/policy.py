"""An agent that learned in a dream, awake: images come in through the eye, and the memory goes along with what really happens."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ...envs.gym.spaces import Actions, Observations
from ..gym.policy import Extras, Policy, State
from .model import WorldModel

NAMES = ("hidden", "cell")  # of the world model's memory
INNER = "agent/"  # before the names of what the agent remembers itself


class AwakePolicy:
    """A policy for images [N, C, 64, 64], of one for what `DreamEnvironments` show."""

    def __init__(self, model: WorldModel, policy: Policy) -> None:
        self._model, self._policy = model, policy

    def initial_state(self, n: int) -> State:
        """As `Policy` says: the world model's memory, and the agent's own."""
        memory = {name: part.numpy() for name, part in self._model.memory.initial_state(n).items()}
        return memory | {INNER + name: part for name, part in self._policy.initial_state(n).items()}

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
        """As `Policy` says."""
        memory = {name: torch.from_numpy(np.where(starts[:, None], np.float32(0), state[name])) for name in NAMES}
        inner = {name.removeprefix(INNER): part for name, part in state.items() if name not in NAMES}
        latent = self._model.see(observation)
        shown = torch.cat([latent, memory["hidden"]], dim=1).numpy()
        action, inner, extras = self._policy.act(
            shown, inner, starts=starts, mask=mask, deterministic=deterministic, generator=generator
        )
        with torch.no_grad():
            chosen = self._model.choices(torch.from_numpy(action)).unsqueeze(1)
            _, memory = self._model.memory(latent.unsqueeze(1), chosen, memory)
        after = {name: part.numpy() for name, part in memory.items()} | {INNER + name: part for name, part in inner.items()}
        return action, after, extras
