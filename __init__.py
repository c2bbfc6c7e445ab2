"""A dojo where agents learn from zero. `train` learns; `envs.make` makes games, `agents.player` whoever plays them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    from . import agents, envs
    from .distributed.training import train

__all__ = ["UserError", "__version__", "agents", "envs", "train"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """The public names, once they are asked for: `train` needs torch and Ray, and most of the package does not."""
    if name == "train":
        return import_module(".distributed.training", __name__).train
    if name in ("agents", "envs"):
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
