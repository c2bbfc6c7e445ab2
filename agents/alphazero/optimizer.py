"""The learner's optimiser: AdamW, and by choice Muon for the backbone's convolutions. Called by `learner`.

Muon steps along the orthogonalised momentum of a matrix (Jordan et al. 2024), its step scaled to AdamW's size so that one learning
rate serves both (Liu et al. 2025, "Muon is scalable for LLM training", equation 4). A convolution is the matrix of its filters;
one that sees each channel for itself is none, and keeps AdamW as the heads do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.network import PolicyValueNetwork
from .config import LearnerConfig

Arrays = dict[str, NDArray[Any]]


class Optimizer:
    """Steps a network's parameters. Weight decay is decoupled and spares biases and norms."""

    def __init__(
        self, network: nn.Module, config: LearnerConfig, *, filters: list[nn.Parameter], more: nn.Module | None = None
    ) -> None:
        """Muon takes the `filters`, which are laid out in memory as channels last. `more` is what else is learned, all by AdamW."""
        muon = config.optimizer == "muon"
        self._filters = filters if muon else []
        self._matrices = [nn.Parameter(_matrix(p.detach())) for p in self._filters]  # they share the filters' memory
        if any(m.data_ptr() != p.data_ptr() for m, p in zip(self._matrices, self._filters, strict=True)):
            raise ValueError("the network's convolutions must be laid out as channels last")
        rest = [p for p in network.parameters() if not any(p is q for q in self._filters)]
        groups = [*_decayed(rest, config), *(_decayed(list(more.parameters()), config) if more is not None else [])]
        self._optimizers: dict[str, torch.optim.Optimizer] = {"adam": torch.optim.AdamW(groups, fused=True)}
        if muon:
            self._optimizers["muon"] = torch.optim.Muon(
                self._matrices, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"
            )

    def step(self, rate: float) -> None:
        """One step at a learning rate along the gradients that the parameters hold."""
        for filters, matrix in zip(self._filters, self._matrices, strict=True):
            matrix.grad = None if filters.grad is None else _matrix(filters.grad)
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()

    def state(self) -> Arrays:
        """Every moment by name, as `load` takes it."""
        return {
            f"{prefix}/{key}": np.array(moment.detach().cpu().contiguous().numpy())
            for prefix, optimizer, parameter in self._entries()
            for key, moment in optimizer.state.get(parameter, {}).items()
        }

    def load(self, state: Arrays) -> None:
        """Continues from a `state`; names that are not its own are passed over."""
        for prefix, optimizer, parameter in self._entries():
            moments = {key[len(prefix) + 1 :]: torch.tensor(array) for key, array in state.items() if key.startswith(f"{prefix}/")}
            if moments:
                optimizer.state[parameter] = {  # on the parameter's device and laid out in memory as it: fused steps need both
                    key: moment.to(parameter.device) if key == "step" else torch.empty_like(parameter).copy_(moment)
                    for key, moment in moments.items()
                }

    def _entries(self) -> Iterator[tuple[str, torch.optim.Optimizer, nn.Parameter]]:
        for name, optimizer in self._optimizers.items():
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            for i, parameter in enumerate(parameters):
                yield f"{name}/{i}", optimizer, parameter


def filters_of(network: PolicyValueNetwork) -> list[nn.Parameter]:
    """The filters of the backbone's convolutions, those aside that see each channel for itself."""
    convolutions = (m for m in network.backbone.modules() if isinstance(m, nn.Conv2d) and m.groups == 1)
    return [conv.get_parameter("weight") for conv in convolutions]


def _decayed(parameters: list[nn.Parameter], config: LearnerConfig) -> list[dict[str, Any]]:
    """Groups of AdamW: kernels and matrices decay, biases and norms do not."""
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _matrix(filters: Tensor) -> Tensor:
    """Filters [out, in, h, w], channels last, as a matrix [out, h w in] over the same memory."""
    return filters.permute(0, 2, 3, 1).flatten(1)
