"""The network that judges positions: a backbone with a policy and a value head, and its weights as numpy arrays.

Learners train it, `engines` run it fast, checkpoints and published versions hold what `get_weights` gives.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import UserError
from .checks import check_counts
from .config import NetworkConfig
from .heads import AreaHeads, PolicyHead, ValueHead
from .registry import backbone, imported

Weights = dict[str, NDArray[np.float32]]


class PolicyValueNetwork(nn.Module):
    """Planes to logits and values (Silver et al. 2017). The value is for the player whose view the planes show, in [-1, 1]."""

    def __init__(self, config: NetworkConfig, *, planes: int, board: tuple[int, int], actions: int) -> None:
        super().__init__()
        self.config, self.planes, self.board, self.actions = config, planes, board, actions
        self.backbone = imported(backbone(config.backbone, "board").path)((planes, *board), config)
        shape = self.backbone.output_shape
        self.policy = PolicyHead(shape, filters=config.policy_channels, actions=actions)
        self.value = ValueHead(shape, filters=config.value_channels, hidden=config.value_hidden)

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Planes [N, C, H, W] float -> (logits [N, A], values [N])."""
        x = self.backbone(planes)
        return self.policy(x), self.value(x)


def build(config: NetworkConfig, *, planes: int, board: tuple[int, int], actions: int, seed: int = 0) -> PolicyValueNetwork:
    """A fresh network for a board, its weights drawn from `seed` by PyTorch's defaults; torch's own generator is left alone.

    Raises UserError for an unknown backbone or a size that `check_network` refuses.
    """
    check_network(config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PolicyValueNetwork(config, planes=planes, board=board, actions=actions)


def check_network(config: NetworkConfig) -> None:
    """Raises UserError for a size that is no count: of blocks there may be none, of everything else there is one at least."""
    sizes = {name: value for name, value in vars(config).items() if name not in ("backbone", "blocks")}
    check_counts("the network", **sizes)
    check_counts("the network", least=0, blocks=config.blocks)


def build_areas(network: PolicyValueNetwork, *, seed: int = 0) -> AreaHeads:
    """Fresh heads of ownership and score for a network's backbone, drawn from `seed` as `build` does."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AreaHeads(network.backbone.output_shape)


def _state(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and running statistics; a normalisation's count of batches is left out, for no result depends on it."""
    return {name: tensor for name, tensor in module.state_dict().items() if tensor.is_floating_point()}


def get_weights(module: nn.Module) -> Weights:
    """Every parameter and every running statistic by its name, as contiguous float32 copies."""
    return {
        name: np.array(tensor.detach().to("cpu", torch.float32).contiguous().numpy(), np.float32, order="C")
        for name, tensor in _state(module).items()
    }


def set_weights(module: nn.Module, weights: Mapping[str, NDArray[np.float32]], *, owner: str = "these weights") -> None:
    """Copies weights into the module, in place. Raises UserError, the module untouched, when a name or a shape differs; `owner`
    says in it whose weights they are."""
    state = _state(module)
    if missing := sorted(state.keys() - weights.keys()):
        raise _misfit(owner, f"{_some(missing)} expected and not there")
    if extra := sorted(weights.keys() - state.keys()):
        raise _misfit(owner, f"{_some(extra)} not expected")
    for name, tensor in state.items():
        if tuple(tensor.shape) != np.shape(weights[name]):
            expected, came = list(tensor.shape), list(np.shape(weights[name]))
            raise _misfit(owner, f"{name} should have shape {expected}, but has {came}")
    with torch.no_grad():
        for name, tensor in state.items():
            tensor.copy_(torch.tensor(weights[name]))


def _misfit(owner: str, what: str) -> UserError:
    return UserError(
        f"{owner} are of another network than this one: {what}; put back the configuration they were made with, or take others"
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
