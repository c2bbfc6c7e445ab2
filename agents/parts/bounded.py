"""Actions between -1 and 1, as off-policy agents of continuous actions learn them, and the bounds they have in an environment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...envs.gym.spaces import Actions, ActionSpace, Observations
from ...errors import UserError
from ...models.body import Body
from ...models.config import BodyConfig
from ..gym.agent import Spaces
from ..gym.policy import Extras, State
from .judged import as_tensor

Floats = NDArray[np.float32]
Choose = Callable[[Floats, np.random.Generator | None], Floats]


class Bounds:
    """The straight line from [-1, 1] to the bounds of each number."""

    def __init__(self, space: ActionSpace) -> None:
        low, high = np.array(space.low, np.float64), np.array(space.high, np.float64)
        self._centre, self._half = (low + high) / 2, (high - low) / 2

    def action(self, scaled: Floats) -> Actions:
        """Actions [N, K] of numbers between -1 and 1."""
        return (self._centre + self._half * scaled).astype(np.float32)


class BoundedActor(nn.Module):
    """Observations to the numbers of a policy."""

    def __init__(self, spaces: Spaces, config: BodyConfig, outputs: int) -> None:
        super().__init__()
        self.body = Body(spaces.observation.shape, config)
        self.head = nn.Linear(self.body.output_size, outputs)

    def forward(self, observation: Tensor) -> Tensor:
        """[B, ...] -> [B, outputs]."""
        features, _ = self.body(observation.unsqueeze(1), {}, torch.empty(0))
        out: Tensor = self.head(features.squeeze(1))
        return out


class BoundedPolicy:
    """Acts by an actor's numbers. `choose` makes of them, [N, outputs], actions between -1 and 1, [N, K]: with a generator as one
    explores, without one the most likely. They are the extra `scaled`; the environment gets them in its own bounds."""

    def __init__(self, network: BoundedActor, space: ActionSpace, choose: Choose) -> None:
        self.bounds = Bounds(space)
        self._network, self._choose = network, choose

    def initial_state(self, n: int) -> State:
        """As `Policy` says."""
        return {}

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
        with torch.inference_mode():
            numbers = self._network(as_tensor(observation, self._network.head.weight.device)).cpu().numpy()
        scaled = self._choose(numbers, None if deterministic else generator)
        return self.bounds.action(scaled), state, {"scaled": scaled}


def need_bounded(agent: str, spaces: Spaces, body: BodyConfig) -> None:
    """Raises UserError unless actions are numbers between bounds and nothing is to be remembered."""
    if not spaces.action.continuous:
        raise UserError(f"{agent} acts by numbers, and here an action is {spaces.action}; choose ppo or dqn")
    if not spaces.action.bounded:
        raise UserError(
            f"{agent} acts between bounds, and here some number of an action has none; choose ppo, or wrap the environment"
        )
    if body.memory != "none":
        raise UserError(f"{agent} learns from single steps and has no memory; choose ppo, or body.memory none")
