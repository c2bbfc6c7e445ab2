"""A world model as environments: an agent learns in what it foresees, and never meets the world. As agents see all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...envs.gym.environments import Episode, Seen, Step
from ...envs.gym.spaces import Actions, Observations, ObservationSpace
from .model import END, REWARD, WorldModel

FLOAT = np.dtype(np.float32)


class DreamEnvironments:
    """N dreams side by side, each beginning as some recorded episode did. What is shown is [Z + units]: the latent numbers of the
    moment, and the memory behind all before it.

    An end is drawn by the chance that the model gives it; after `longest` steps a dream is cut short.
    """

    def __init__(self, model: WorldModel, beginnings: torch.Tensor, n: int) -> None:
        """`beginnings` [M, Z] are latent numbers that episodes began with."""
        self.n, self.action_space = n, model.action
        self.observation_space = seen_by_an_agent(model)
        self._model, self._beginnings, self._settings = model, beginnings, model.settings
        self._generator = torch.Generator()
        self._latent = beginnings.new_zeros(n, beginnings.shape[1])
        self._memory = model.memory.initial_state(n)
        self._total, self._length = np.zeros(n), np.zeros(n, np.int64)
        self._finished: list[Episode] = []

    def reset(self, seed: int | None = None) -> Seen:
        """As `Environments` says."""
        if seed is not None:
            self._generator.manual_seed(seed)
        self._begin(np.ones(self.n, np.bool_))
        return Seen(self._shown(), None)

    @torch.no_grad()
    def step(self, actions: Actions) -> Step:
        """As `Environments` says."""
        foreseen, self._memory = self._model.memory(
            self._latent.unsqueeze(1), self._model.choices(torch.from_numpy(actions)).unsqueeze(1), self._memory
        )
        self._latent = foreseen.latent.sample(temperature=self._settings.temperature, generator=self._generator).squeeze(1)
        reward = foreseen.outcomes[:, 0, REWARD].numpy().copy()
        chance = torch.rand(self.n, generator=self._generator)
        terminated = (chance < foreseen.outcomes[:, 0, END].sigmoid()).numpy()
        self._total += reward
        self._length += 1
        truncated = (self._length >= self._settings.longest) & ~terminated
        final = observation = self._shown()
        ended = terminated | truncated
        if ended.any():
            self._finished += [Episode(float(self._total[i]), int(self._length[i])) for i in np.flatnonzero(ended)]
            self._begin(ended)
            observation = self._shown()
        return Step(observation, None, reward, terminated, truncated, final, np.ones(self.n, np.bool_))

    def finished(self) -> list[Episode]:
        """As `Environments` says."""
        finished, self._finished = self._finished, []
        return finished

    def state(self) -> dict[str, Any]:
        """The moment of each dream, and the generator; the model is not in it."""
        return {
            "latent": self._latent.tolist(),
            "memory": {name: part.tolist() for name, part in self._memory.items()},
            "total": self._total.tolist(),
            "length": self._length.tolist(),
            "generator": self._generator.get_state().tolist(),
        }

    def load(self, state: dict[str, Any]) -> tuple[Seen, NDArray[np.bool_]]:
        """As `Environments` says; it can always be done."""
        self._latent = torch.tensor(state["latent"])
        self._memory = {name: torch.tensor(part) for name, part in state["memory"].items()}
        self._total, self._length = np.array(state["total"]), np.array(state["length"], np.int64)
        self._generator.set_state(torch.tensor(state["generator"], dtype=torch.uint8))
        return Seen(self._shown(), None), np.zeros(self.n, np.bool_)

    def notices(self) -> list[str]:
        """As `Environments` says: there are none."""
        return []

    def close(self) -> None:
        """As `Environments` says."""

    def latent(self) -> torch.Tensor:
        """What is dreamed now, [N, Z], for drawing it."""
        return self._latent

    def _begin(self, which: NDArray[np.bool_]) -> None:
        rows = torch.from_numpy(which).unsqueeze(1)
        drawn = self._beginnings[torch.randint(len(self._beginnings), (self.n,), generator=self._generator)]
        self._latent = torch.where(rows, drawn, self._latent)
        self._memory = {name: part.masked_fill(rows, 0.0) for name, part in self._memory.items()}
        self._total[which] = self._length[which] = 0

    def _shown(self) -> Observations:
        return torch.cat([self._latent, self._memory["hidden"]], dim=1).numpy()


def seen_by_an_agent(model: WorldModel) -> ObservationSpace:
    """What an agent that stands on a world model sees, in dreams and awake."""
    return ObservationSpace((model.settings.latent + model.settings.units,), FLOAT)
