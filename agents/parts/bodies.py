"""What an actor and a critic look with: one body that both share, one each, or two perceptrons computed as one."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.body import Body
from ...models.config import BodyConfig
from ...models.memory import State
from ...models.mlp import ACTIVATIONS, Perceptron

ACTOR, CRITIC = 0, 1
NUMPY: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}
SMALL = 2**17  # multiplications of a layer up to which NumPy is quicker; far beyond it would take every core


def bodies(shape: tuple[int, ...], config: BodyConfig, *, shared: bool) -> SharedBody | TwoBodies | TwoPerceptrons:
    """For observations of a shape; always a shared one where it has a memory."""
    body = Body(shape, config)
    if shared or config.memory != "none":
        return SharedBody(body)
    plain = isinstance(body.encoder, Perceptron) and not config.layer_norm
    return TwoPerceptrons(shape[0], config) if plain else TwoBodies(body, Body(shape, config))


class SharedBody(nn.Module):
    """One that both see through."""

    shared = True

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body, self.output_size = body, body.output_size

    def initial_state(self, n: int) -> State:
        """The memory at the beginning of n episodes."""
        return self.body.initial_state(n)

    def forward(self, observation: Tensor, state: State, starts: Tensor) -> tuple[Tensor, Tensor, State]:
        """Observations [N, T, ...], the memory before them, starts [N, T] -> (the actor's features [N T, D], the critic's, the
        memory behind them)."""
        features, after = self.act(observation, state, starts)
        return features, features, after

    def act(self, observation: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """The actor's features of `forward` alone, and the memory."""
        features, after = self.body(observation, state, starts)
        return features.flatten(0, 1), after


class TwoBodies(nn.Module):
    """One each, without a memory."""

    shared = False

    def __init__(self, actor: Body, critic: Body) -> None:
        super().__init__()
        self.actor, self.critic, self.output_size = actor, critic, actor.output_size

    def initial_state(self, n: int) -> State:
        """Nothing."""
        return {}

    def forward(self, observation: Tensor, state: State, starts: Tensor) -> tuple[Tensor, Tensor, State]:
        """As `SharedBody` says."""
        actor, _ = self.act(observation, state, starts)
        return actor, self.critic(observation, {}, starts)[0].flatten(0, 1), {}

    def act(self, observation: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """As `SharedBody` says."""
        return self.actor(observation, {}, starts)[0].flatten(0, 1), {}


class TwoPerceptrons(nn.Module):
    """Two of one shape side by side, each layer of both in one product of matrices: of small ones operations cost most. They
    normalise nothing."""

    shared = False

    def __init__(self, size: int, config: BodyConfig) -> None:
        super().__init__()
        sizes = (size, *config.hidden)
        self.output_size = sizes[-1]
        self.weights = nn.ParameterList(torch.empty(2, before, after) for before, after in pairwise(sizes))
        self.biases = nn.ParameterList(torch.zeros(2, 1, after) for after in config.hidden)
        self._layers = list(zip(self.weights, self.biases, strict=True))
        self.activation, self._numpy = ACTIVATIONS[config.activation](), NUMPY[config.activation]
        self._widest = max((before * after for before, after in pairwise(sizes)), default=0)
        for weight in self.weights:
            for one in weight.data:
                nn.init.orthogonal_(one.T, math.sqrt(2))

    def initial_state(self, n: int) -> State:
        """Nothing."""
        return {}

    def forward(self, observation: Tensor, state: State, starts: Tensor) -> tuple[Tensor, Tensor, State]:
        """As `SharedBody` says."""
        x = observation.flatten(0, 1).expand(2, -1, -1)
        for weight, bias in self._layers:
            x = self.activation(torch.baddbmm(bias, x, weight))
        actor, critic = x.unbind()  # whose gradients join in one operation
        return actor, critic, {}

    def act(self, observation: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """As `SharedBody` says."""
        x = observation.flatten(0, 1)
        for weight, bias in self._layers:
            x = self.activation(torch.addmm(bias[ACTOR], x, weight[ACTOR]))
        return x, {}

    def is_quicker_in_numpy(self, n: int) -> bool:
        """Whether `act_in_numpy` is the quicker way for so many rows: calls cost more than the arithmetic."""
        return n * self._widest <= SMALL

    def act_in_numpy(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The actor's features of rows, [N, F] -> [N, D], as those of `act`."""
        for weight, bias in self._layers:
            x = self._numpy(x @ weight.detach().numpy()[ACTOR] + bias.detach().numpy()[ACTOR])
        return x
