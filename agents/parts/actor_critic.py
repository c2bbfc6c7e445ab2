"""A policy and a value of states, and how such a pair acts. The policy gradients learn it."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...envs.gym.spaces import Actions, Observations
from ...models.config import BodyConfig
from ...models.memory import State as TensorState
from ..gym.agent import Spaces
from ..gym.policy import Extras, State
from .bodies import TwoPerceptrons, bodies
from .distributions import Choices, Normal, parameters, sample_choices
from .state_dependent_noise import StateDependentNoise, state_dependent_log_std

LAST_GAIN = 0.01  # of the policy's last layer: at first every action is about as likely as any other


Acted = tuple[NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.float32], State]
"""What acting needs for one step: (the most likely action or the logits [N, ...], values [N] where they cost no second body,
features [N, D], memory)."""


class ActorCritic(nn.Module):
    """Two bodies, or one that both heads share: always one where it has a memory. Weights begin orthogonal (Saxe et al. 2014)."""

    def __init__(self, spaces: Spaces, config: BodyConfig, *, shared: bool, log_std: float = 0.0, sde: bool = False) -> None:
        """`log_std` is where the deviation of continuous actions begins, the same in every state; with `sde` where that of the
        noise matrix does, and then the policy's numbers are followed by the logarithms of the deviations in that state."""
        super().__init__()
        self.space = spaces.action
        self.bodies = bodies(spaces.observation.shape, config, shared=shared)
        self.policy = nn.Linear(self.bodies.output_size, parameters(spaces.action))
        self.value = nn.Linear(self.bodies.output_size, 1)
        self.sde = sde
        deviations = (self.bodies.output_size, len(spaces.action.low)) if sde else (len(spaces.action.low),)
        self.log_std = nn.Parameter(torch.full(deviations, log_std)) if spaces.action.continuous else None
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.orthogonal_(module.weight, math.sqrt(2))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.orthogonal_(self.policy.weight, LAST_GAIN)
        nn.init.orthogonal_(self.value.weight, 1.0)

    def forward(self, observation: Tensor, state: TensorState, starts: Tensor) -> tuple[Tensor, Tensor, TensorState]:
        """Observations [N, T, ...], memory, starts [N, T] -> (policy [N, T, parameters], values [N, T], memory)."""
        features, judged, after = self.bodies(observation, state, starts)
        policy: Tensor = self.policy(features)
        if self.sde and self.log_std is not None:
            policy = torch.cat([policy, state_dependent_log_std(features, self.log_std)], -1)
        n, t = observation.shape[:2]
        return policy.view(n, t, -1), self.value(judged).view(n, t), after

    def act(self, observation: Tensor, state: TensorState, starts: Tensor) -> tuple[Tensor, Tensor | None, Tensor, TensorState]:
        """What acting needs of it: (the most likely action or the logits [N, T, ...], values [N, T] where they cost no second body,
        features [N, T, D], memory)."""
        features, after = self.bodies.act(observation, state, starts)
        n, t = observation.shape[:2]
        value = self.value(features).view(n, t) if self.bodies.shared else None
        return self.policy(features).view(n, t, -1), value, features.view(n, t, -1), after

    def act_in_numpy(self, observation: Observations) -> Acted | None:
        """The same for one step of N environments where NumPy is quicker; else None."""
        looks, head = self.bodies, self.policy
        if not isinstance(looks, TwoPerceptrons) or not looks.is_quicker_in_numpy(len(observation)) or head.weight.is_cuda:
            return None
        features = looks.act_in_numpy(observation)
        return features @ head.weight.detach().numpy().T + head.bias.detach().numpy(), None, features, {}

    def distribution(self, policy: Tensor, mask: Tensor | None) -> Choices | Normal:
        """What a policy [..., parameters] says."""
        if self.log_std is None:
            return Choices(policy, self.space, mask)
        return Normal(*policy.chunk(2, -1)) if self.sde else Normal(policy, self.log_std)


class ActorCriticPolicy:
    """Acts by the policy of an actor-critic."""

    def __init__(self, network: ActorCritic, *, sde_frequency: int = 0) -> None:
        """`sde_frequency` is for how many steps a matrix of state-dependent noise serves, where the network has such noise."""
        self._network = network
        self._noise = StateDependentNoise(sde_frequency)

    def renew(self) -> None:
        """Before a rollout: what is held of state-dependent noise is drawn anew, so that nothing of it is carried on."""
        self._noise.renew()

    def initial_state(self, n: int) -> State:
        """As `Policy` says."""
        return {name: tensor.cpu().numpy() for name, tensor in self._network.bodies.initial_state(n).items()}

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
        """As `Policy` says. The extras are what a rollout has for `judge`, where it comes of itself."""
        network = self._network
        numbers, value, features, remembered = network.act_in_numpy(observation) or self._acted(observation, state, starts)
        extras = {} if value is None or network.sde else {"policy": numbers, "value": value}
        if network.log_std is None:
            return sample_choices(numbers, network.space, mask, None if deterministic else generator), remembered, extras
        if deterministic:
            return numbers, remembered, extras
        deviation = network.log_std.detach().exp().cpu().numpy()
        if network.sde:
            noise = self._noise(features, deviation, generator)
        else:
            noise = deviation * generator.standard_normal(numbers.shape, np.float32)
        return numbers + noise, remembered, extras

    @torch.inference_mode()
    def _acted(self, observation: Observations, state: State, starts: NDArray[np.bool_]) -> Acted:
        """What the network says, by PyTorch."""
        device = self._network.value.weight.device
        memory = {name: torch.from_numpy(array).to(device) for name, array in state.items()}
        seen, begins = (torch.from_numpy(array).to(device).unsqueeze(1) for array in (observation, starts))
        policy, value, features, after = self._network.act(seen, memory, begins)
        numbers, looked = (tensor.squeeze(1).cpu().numpy() for tensor in (policy, features))
        remembered = {name: tensor.cpu().numpy() for name, tensor in after.items()}
        return numbers, None if value is None else value.squeeze(1).cpu().numpy(), looked, remembered
