"""A dojo where agents learn from zero. `train` learns a game, `train_agent` to act in an environment; `envs.make` makes games,
`agents.player` whoever plays them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    from . import agents, envs
    from .distributed.gym_training import train_agent
    from .distributed.training import train

__all__ = ["UserError", "__version__", "agents", "envs", "register_envs", "train", "train_agent"]

__version__ = "0.1.0"


def register_envs() -> None:
    """Makes `gymnasium.make("zerodojo/ConnectFour-v0", opponent="minimax:3")` and the ids of the other games known to Gymnasium.

    Importing zerodojo does it where Gymnasium was imported before.
    """
    import_module(".agents.gymnasium_ids", __name__)


def __getattr__(name: str) -> object:
    """The public names, once they are asked for: training needs torch, and most of the package does not."""
    if name == "train":
        return import_module(".distributed.training", __name__).train
    if name == "train_agent":
        return import_module(".distributed.gym_training", __name__).train_agent
    if name in ("agents", "envs"):
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "gymnasium" in sys.modules:  # packages register their environments on import, and it costs nothing more
    register_envs()
