"""How a smaller network learns from its teacher, each field with its source. Free of torch, so that the front door can show it."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import UserError
from ..ranges import COUNT, NOT_NEGATIVE, POSITIVE, Range, require


@dataclass(frozen=True)
class ImitationConfig:
    """How a network imitates another on stored positions."""

    steps: int = 4_000  # batches; 0 learns nothing
    batch: int = 256  # positions, each through a random symmetry
    learning_rate: float = 2e-3  # at its height; it rises for a while, then falls by a cosine to a twentieth
    temperature: float = 2.0  # of both policies (Hinton et al. 2015, section 3: a student much smaller likes 2.5 to 4)
    value_weight: float = 1.0  # of the squared difference of values
    weight_decay: float = 1e-4  # AlphaGo Zero: 1e-4
    positions: int = 200_000  # the newest so many of the run; where it has no games, its network plays them first


# What was tried, by method (docs/results.md): what begins as its teacher takes smaller steps.
DISTILLED = ImitationConfig()
PRUNED = ImitationConfig(learning_rate=1e-3)
INT8 = ImitationConfig(steps=0, learning_rate=1e-4, temperature=1.0)

RANGES: dict[str, Range] = {
    "steps": NOT_NEGATIVE,
    "batch": COUNT,
    "learning_rate": POSITIVE,
    "temperature": POSITIVE,
    "value_weight": NOT_NEGATIVE,
    "weight_decay": NOT_NEGATIVE,
    "positions": COUNT,
}


def check(config: ImitationConfig) -> None:
    """Raises UserError for the first number that makes no sense."""
    for name, within in RANGES.items():
        require(name, getattr(config, name), within)


def unfinished(step: int) -> UserError:
    """The error for an imitation whose loss is no number."""
    return UserError(f"the loss is not finite at step {step} of imitation; take a lower --learning-rate")
