"""What an agent looks with: observations of environments to features. The agents put their heads behind it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import UserError, unknown
from .checks import check_counts, check_several, check_truth
from .config import BodyConfig
from .memory import State, make_memory
from .mlp import ACTIVATIONS
from .registry import MEMORIES, Kind, backbone, imported

LARGE = 36  # points a side from which an image is read by the convolutions of DQN


class Body(nn.Module):
    """An encoder of vectors [F] or images [C, H, W], and a memory behind it if the configuration asks for one.

    It always takes N stretches of T steps; without a memory each step stands for itself. Bytes become numbers from 0 to 1, and
    truths 0 or 1.
    """

    output_size: int  # D

    def __init__(self, input_shape: tuple[int, ...], config: BodyConfig) -> None:
        """Raises UserError for an unknown backbone, one that does not read such observations or not in this precision, or what
        `check_body` refuses."""
        super().__init__()
        check_body(config)
        kind: Kind = "vector" if len(input_shape) == 1 else "image"
        if kind == "vector" and config.precision != "float32":
            raise UserError(f"precision {config.precision} is for images, and here a vector is seen; take --body.precision float32")
        name = config.backbone
        if name == "auto":
            name = "mlp" if kind == "vector" else "nature" if min(input_shape[1:]) >= LARGE else "convnet"
        self.encoder = imported(backbone(name, kind).path)(input_shape, config)
        self._precision = torch.bfloat16 if config.precision == "bfloat16" else torch.float32
        size = self.encoder.output_size
        kept = (config.memory, size, config.memory_size)
        self.memory = make_memory(*kept, span=config.memory_span) if config.memory != "none" else None
        self.output_size = config.memory_size if self.memory else size

    def initial_state(self, n: int) -> State:
        """The memory at the beginning of n episodes; empty without one."""
        return self.memory.initial_state(n) if self.memory else {}

    def encode(self, observation: Tensor) -> Tensor:
        """What single steps show, without the memory: [N, ...] -> [N, units of the encoder].

        Where gradients are wanted, images lie in memory with their channels last: convolutions have them a quarter faster so.
        """
        if observation.dim() == 4 and torch.is_grad_enabled():
            observation = observation.contiguous(memory_format=torch.channels_last)
        if observation.dtype == torch.uint8:
            observation = observation.to(self._precision) / 255
        elif observation.dtype == torch.bool:
            observation = observation.to(self._precision)
        if self._precision == torch.float32:
            features: Tensor = self.encoder(observation)
            return features
        with torch.autocast(observation.device.type, self._precision):
            features = self.encoder(observation)
        return features.float()

    def forward(self, observation: Tensor, state: State, starts: Tensor) -> tuple[Tensor, State]:
        """Observations [N, T, ...], the memory before them, starts [N, T] -> (features [N, T, D], the memory behind them)."""
        features: Tensor = self.encode(observation.flatten(0, 1)).unflatten(0, observation.shape[:2])  # type: ignore[no-untyped-call]
        return self.memory(features, state, starts) if self.memory else (features, state)


def check_body(config: BodyConfig) -> None:
    """Raises UserError for a size that is no count, an activation or a memory that there is not."""
    check_several("the body", hidden=config.hidden)
    check_counts("the body", memory_size=config.memory_size)
    check_counts("the body", least=0, memory_span=config.memory_span)
    check_truth("the body", layer_norm=config.layer_norm)
    if config.activation not in ACTIVATIONS:
        raise unknown("activation", config.activation, ACTIVATIONS)
    if config.memory not in ("none", *MEMORIES):
        raise unknown("memory", config.memory, ("none", *MEMORIES))
