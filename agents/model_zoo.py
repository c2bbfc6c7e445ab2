"""The networks that ship with the package: `zoo/NAME.safetensors` beside a card `zoo/NAME.json`. Read by the spec `zoo:NAME`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ..envs.game import Option
from ..errors import UserError
from ..models.config import NetworkConfig
from .config_io import from_json, to_json
from .durable import replace_file

FORMAT = 1
ZOO = Path(__file__).parent / "zoo"

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a shipped network is, how it was made, and how strong it was measured to be."""

    format: int = FORMAT
    game: str
    options: dict[str, Option] = field(default_factory=dict)  # of the game, resolved
    network: NetworkConfig = NetworkConfig()
    step: int = 0  # learner steps behind it
    made: str = ""  # the command and the machine
    strength: dict[str, float] = field(default_factory=dict)  # measure by name, as docs/results.md has it


def names() -> list[str]:
    """The networks that are there."""
    return sorted(path.stem for path in ZOO.glob("*.json"))


def read(name: str) -> tuple[Card, Weights]:
    """A network's card and weights. Raises UserError: none of that name, unreadable, from a newer version."""
    if name not in names():
        there = f"take zoo:{' or zoo:'.join(names())}" if names() else "there is none"
        raise UserError(f"no network ships as zoo:{name}; {there}")
    try:
        data = json.loads((ZOO / f"{name}.json").read_bytes())
        if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
            raise UserError(f"zoo:{name} is from a newer zerodojo (format {data['format']}, this one reads {FORMAT}); upgrade it")
        return from_json(Card, data), load((ZOO / f"{name}.safetensors").read_bytes())
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(f"zoo:{name} is broken ({error}); install zerodojo again, or take another player") from error


def write(name: str, card: Card, weights: dict[str, NDArray[Any]]) -> None:
    """Puts a network into the zoo, the card last. For maintainers."""
    ZOO.mkdir(exist_ok=True)
    replace_file(ZOO / f"{name}.safetensors", save({key: np.ascontiguousarray(w, np.float32) for key, w in weights.items()}))
    replace_file(ZOO / f"{name}.json", json.dumps(to_json(card), indent=2).encode() + b"\n")
