"""What a network is, as data. Free of torch, so that the front door can show and parse it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class NetworkConfig:
    """A board backbone with a policy and a value head (AlphaGo Zero, Silver et al. 2017, Methods)."""

    backbone: str = "resnet"  # a name from the registry of backbones; AlphaGo Zero: the residual tower
    channels: int = 64  # of the map between blocks; AlphaGo Zero: 256
    blocks: int = 5  # residual blocks, or what the backbone has in their place; AlphaGo Zero: 19 or 39
    heads: int = 4  # of each attention, for the transformer alone; 16 numbers each of 64 channels (Vaswani et al. 2017: 8 of 64)
    policy_channels: int = 2  # filters of the policy head's 1x1 convolution; AlphaGo Zero: 2
    value_channels: int = 1  # filters of the value head's 1x1 convolution; AlphaGo Zero: 1
    value_hidden: int = 256  # units of the value head's hidden layer; AlphaGo Zero: 256


@dataclass(frozen=True)
class BodyConfig:
    """What an agent of an environment looks with: an encoder of what it sees now and, if it is to remember, a memory behind it."""

    backbone: str = "auto"  # a name from the registry; auto: mlp for vectors, nature for large images, convnet for small ones
    hidden: tuple[int, ...] = (64, 64)  # units of each layer of a perceptron; behind convolutions, of the layers that follow them
    activation: Literal["tanh", "relu"] = "tanh"  # between the layers of a perceptron
    layer_norm: bool = False  # normalise what each layer gives before its activation (Ba et al. 2016); pqn always does
    memory: Literal["none", "gru", "lstm", "gtrxl", "wavenet"] = "none"  # carried from step to step within an episode
    memory_size: int = 128  # units of the memory
    # Steps back that it reaches: a gru's or lstm's gates at first (Tallec and Ollivier 2018; 0 leaves them as PyTorch makes them),
    # each layer of gtrxl always, all of wavenet at least (0: 32 of both)
    memory_span: int = 0
    precision: Literal["float32", "bfloat16"] = "float32"  # of convolutions; bfloat16 is fast where the processor multiplies it
