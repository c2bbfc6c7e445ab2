"""The engines that need torch alone: fp32 and bf16, on the processor or on CUDA. Made by `prepare`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, fx, nn

from .. import hardware
from ..network import PolicyValueNetwork
from .engine import EngineUnavailable, FixedShapeEngine, Floats
from .folding import fold

WORK = 5e8  # multiplications a submission and thread: with 64x5, 64 rows are as fast as 256 (measured)


class TorchEngine(FixedShapeEngine):
    """Eager torch with normalisations folded into convolutions, channels last. The weights are copied."""

    def __init__(
        self, name: str, network: PolicyValueNetwork, rows: Floats, *, batch: int, threads: int, dtype: str, device: str
    ) -> None:
        """Needs no calibration rows. Raises EngineUnavailable when there is no such device, or it lacks bf16."""
        if device == "cuda" and not torch.cuda.is_available():
            raise EngineUnavailable("needs a CUDA device, and torch finds none")
        if device == "cpu" and dtype == "bfloat16" and not hardware.has_bf16():
            raise EngineUnavailable("needs a processor with bf16 instructions")
        super().__init__(name, network, batch=batch, threads=threads, work=WORK if device == "cpu" else float("inf"))
        self._device, self._dtype = torch.device(device), getattr(torch, dtype)
        self._network = rowwise(fold(network)).to(self._device, self._dtype)
        for parameter in self._network.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    def _run(self) -> tuple[Floats, Floats]:
        with torch.inference_mode(), torch_threads(self.threads):
            planes = torch.from_numpy(self._input).to(self._device, self._dtype, memory_format=torch.channels_last)
            logits, values = self._network(planes)
            return logits.float().cpu().numpy(), values.float().cpu().numpy()


def rowwise(network: fx.GraphModule) -> fx.GraphModule:
    """The same network with its linear layers as 1x1 convolutions, in place.

    In a matrix product a row's rounding can depend on its place among the others (measured: 18 features to 9 in fp32), in a
    convolution it does not: the law of engines. The time is the same.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, _RowwiseLinear(child))
    return network


class _RowwiseLinear(nn.Module):
    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter(linear.weight[:, :, None, None], requires_grad=False)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv2d(x[:, :, None, None], self.weight, self.bias)[:, :, 0, 0]


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """torch's number of threads, a setting of the whole process, for the length of a block."""
    before = torch.get_num_threads()
    if before == threads:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
