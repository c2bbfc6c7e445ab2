"""The values of actions: a body, one head or two, and how it acts. The agents of this room learn it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...envs.gym.spaces import Actions, Observations
from ...errors import UserError
from ...models.body import Body
from ...models.config import BodyConfig
from ...models.memory import State as TensorState
from ...models.noisy import NoisyLinear, draw_noise, quiet
from ..gym.agent import Spaces
from ..gym.policy import Extras, State
from ..parts.distributions import CLOSED
from .heads import Head


class QNetwork(nn.Module):
    """The numbers of a head for every action. Dueling (Wang et al. 2016): those of the state plus the action's advantage over the
    mean of all."""

    def __init__(
        self, spaces: Spaces, config: BodyConfig, head: Head, *, dueling: bool = False, noisy: bool = False, hidden: int = 0
    ) -> None:
        super().__init__()
        (self.choices,) = spaces.action.sizes
        self._shape = (self.choices, head.size)
        self.body = Body(spaces.observation.shape, config)
        self.actions = _layers(self.body.output_size, hidden, self.choices * head.size, noisy)
        self.state = _layers(self.body.output_size, hidden, head.size, noisy) if dueling else None

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    def forward(self, observation: Tensor, memory: TensorState, starts: Tensor) -> tuple[Tensor, TensorState]:
        """Observations [N, T, ...], memory, starts [N, T] -> (numbers [N, T, A, size], memory)."""
        features, after = self.body(observation, memory, starts)
        return self._numbers(features), after

    def of_steps(self, observation: Tensor) -> Tensor:
        """The numbers of single steps, of a body without memory: [N, ...] -> [N, A, size]."""
        return self._numbers(self.body.encode(observation))

    def _numbers(self, features: Tensor) -> Tensor:
        numbers: Tensor = self.actions(features).unflatten(-1, self._shape)
        if self.state is not None:
            numbers = self.state(features).unsqueeze(-2) + numbers - numbers.mean(-2, keepdim=True)
        return numbers


def _layers(inputs: int, hidden: int, outputs: int, noisy: bool) -> nn.Sequential:
    linear = NoisyLinear if noisy else nn.Linear
    if not hidden:
        return nn.Sequential(linear(inputs, outputs))
    return nn.Sequential(linear(inputs, hidden), nn.ReLU(), linear(hidden, outputs))


class GreedyPolicy:
    """Takes the action of the highest value; unless deterministic, a random one in `epsilon` of all cases, and under fresh noise
    where the network is noisy."""

    def __init__(self, network: QNetwork, head: Head, *, epsilon: float, noisy: bool = False) -> None:
        self.epsilon = epsilon
        self._network, self._head, self._noisy = network, head, noisy
        self._actions = network.choices

    def initial_state(self, n: int) -> State:
        """As `Policy` says."""
        return {name: tensor.cpu().numpy() for name, tensor in self._network.body.initial_state(n).items()}

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
        n = len(observation)
        random = np.zeros(n, np.bool_) if deterministic or not self.epsilon else generator.random(n) < self.epsilon
        drawn = random_choices(n, self._actions, mask, generator) if random.any() else None
        if drawn is not None and random.all() and not state:
            return drawn, state, {}
        if self._noisy:
            quiet(self._network) if deterministic else draw_noise(self._network, generator)
        values, after = self._values(observation, state, starts)
        if mask is not None:
            values = np.where(mask, values, np.float32(CLOSED))
        best = values.argmax(axis=1)
        return best if drawn is None else np.where(random, drawn, best), after, {}

    def _values(self, observation: Observations, state: State, starts: NDArray[np.bool_]) -> tuple[NDArray[np.float32], State]:
        """The mean returns [N, A], and what is remembered now."""
        device = self._network.device
        with torch.inference_mode():
            if not state:
                return self._head.mean(self._network.of_steps(torch.from_numpy(observation).to(device))).cpu().numpy(), state
            memory = {name: torch.from_numpy(array).to(device) for name, array in state.items()}
            seen, begins = torch.from_numpy(observation).unsqueeze(1).to(device), torch.from_numpy(starts).unsqueeze(1).to(device)
            numbers, after = self._network(seen, memory, begins)
            values = self._head.mean(numbers.squeeze(1)).cpu().numpy()
        return values, {name: tensor.cpu().numpy() for name, tensor in after.items()}


def random_choices(n: int, actions: int, mask: NDArray[np.bool_] | None, generator: np.random.Generator) -> Actions:
    """n choices, drawn uniformly from those open."""
    if mask is None:
        return generator.integers(actions, size=n)
    return np.where(mask, generator.random((n, actions)), -1.0).argmax(axis=1)


def one_choice(agent: str, spaces: Spaces) -> None:
    """Raises UserError where an agent that values each action meets actions that are not one choice."""
    if not spaces.action.single:
        from ..registry import AGENTS

        kind = "numbers" if spaces.action.continuous else "choices"
        others = [name for name, entry in AGENTS.items() if kind in entry.acts]
        raise UserError(f"{agent} takes one choice at a time, and here an action is {spaces.action}; take {' or '.join(others)}")
