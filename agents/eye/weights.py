"""The weights that ship: `connect_four.safetensors` beside this file, in half precision, and a card on how they were made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import save
from torch import nn

from ...models.network import get_weights
from ...models.weights_file import load_weights
from ..config_io import from_json, to_json
from ..durable import replace_file
from .network import fresh_network
from .training import TrainingConfig

FORMAT = 1
SHIPPED = Path(__file__).with_name("connect_four.safetensors")


@dataclass(frozen=True, kw_only=True)
class Card:
    """How an eye was made, and how well it was measured to see."""

    format: int = FORMAT
    made: str  # the command
    seed: int
    training: TrainingConfig
    scores: dict[str, float] = field(default_factory=dict)  # measure by name, as docs/results.md has it


@cache
def shipped_network() -> nn.Module:
    """The network as it ships, to look and not to learn. Raises UserError where its file is missing or broken."""
    return network_of(SHIPPED)


def network_of(path: Path) -> nn.Module:
    """The network with the weights that `write` has put there. Raises UserError: no such file, or not such weights."""
    network = fresh_network()
    load_weights(network, path)
    return network.eval()


def read_card(path: Path = SHIPPED) -> Card:
    """The card beside weights. Raises OSError, or UserError for what is no card."""
    return from_json(Card, json.loads(path.with_suffix(".json").read_bytes()))


def write(network: nn.Module, card: Card, path: Path) -> None:
    """Writes weights and, beside them, the card; the card last."""
    halves = {name: array.astype(np.float16) for name, array in get_weights(network).items()}
    replace_file(path, save(halves))
    replace_file(path.with_suffix(".json"), json.dumps(to_json(card), indent=2).encode() + b"\n")
