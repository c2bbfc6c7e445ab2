"""Who acts and learns. `player` makes whoever chooses moves on a board from a spec string such as `mcts:1000` or `runs/c4`."""

from ..errors import Forfeit
from .players.base import Analysis, Decision, Limit, Player
from .specs import player

__all__ = ["Analysis", "Decision", "Forfeit", "Limit", "Player", "player"]
