"""How large a network is: parameters, and multiplications with addition for one example.

`python -m zerodojo.models.counting` writes `sizes.json` anew, the table that `zerodojo list models` shows.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .creation import create
from .library import LIBRARY, ModelEntry
from .sizes import Size, write_sizes


def parameters(network: nn.Module) -> int:
    """All numbers that are learned."""
    return sum(parameter.numel() for parameter in network.parameters())


def example_inputs(entry: ModelEntry, n: int = 1) -> tuple[torch.Tensor, ...]:
    """What a network of the library reads, n examples of zeros, on the device that is the default one."""
    shapes = (entry.input_shape, *entry.more_inputs)
    return tuple(torch.zeros(n, *shape, dtype=torch.long if entry.tokens else torch.float32) for shape in shapes)


def multiply_adds(network: nn.Module, *inputs: torch.Tensor) -> int:
    """Of convolutions, matrix products and attention in one forward pass, in evaluation mode; works on the meta device."""
    training = network.training
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(*inputs)
    network.train(training)
    return counter.get_total_flops() // 2


def size(name: str) -> Size:
    """Of a network of the library with its default options, for one example of its entry's inputs; computed on the meta device."""
    with torch.device("meta"):
        network = create(name)
        return Size(parameters(network), multiply_adds(network, *example_inputs(LIBRARY[name])))


if __name__ == "__main__":  # writes the committed table anew
    write_sizes({name: size(name) for name in LIBRARY})
