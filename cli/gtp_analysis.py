"""What an engine says while it thinks, as Leela Zero (lz-) and KataGo (kata-) write it. For `zerodojo gtp`.

After KataGo's docs/GTP_Extensions.md. All numbers are the mover's: winrate is the share of wins, a draw counted as half of one. We
judge outcomes and not points, so KataGo's scores are left out. lcb is the lower end of the winrate's 95% interval (Wilson 1927).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..agents import Analysis
from ..envs import Game
from ..envs.notation.gtp import WordError, format_vertex, parse_player, parse_whole
from ..evaluation.intervals import wilson

INTERVAL = 100  # centiseconds, when none is given
_LEFT_OUT = (
    "ownership",
    "movesownership",
    "ownershipstdev",
    "pvvisits",
    "pvedgevisits",
    "rootinfo",
    "noresultvalue",
)  # we have none


@dataclass(frozen=True)
class Request:
    """What an analysis command asks for."""

    player: int
    every: float  # seconds
    least: int = 0  # moves to tell about, tried or not
    most: int = 1 << 30


def parse_request(game: Game, to_play: int, arguments: Sequence[str]) -> Request:
    """The arguments `[colour] [centiseconds] [key value]...` of an analysis command. Raises WordError."""
    words = list(arguments)
    player = to_play
    if words and words[0].isalpha() and words[0].lower() not in ("interval", "minmoves", "maxmoves", "allow", "avoid", *_LEFT_OUT):
        player = parse_player(game, words.pop(0))
    given = {"interval": INTERVAL, "minmoves": 0, "maxmoves": 1 << 30}
    if words and words[0].isdigit():
        given["interval"] = parse_whole(words.pop(0))
    if len(words) % 2:
        raise WordError(words[-1], f"{words[-1][:40]!r} stands without its value")
    for key, value in zip(words[::2], words[1::2], strict=True):
        if key.lower() in given:
            given[key.lower()] = parse_whole(value)
        elif key.lower() not in _LEFT_OUT:
            raise WordError(key, f"{key[:40]!r} is not known here; known: {', '.join(given)}")
    return Request(player, given["interval"] / 100, given["minmoves"], given["maxmoves"])


def info_line(game: Game, analysis: Analysis, request: Request, *, kata: bool) -> str:
    """One line about all moves that were tried, the best first."""
    return " ".join(_info(game, analysis, action, order, kata=kata) for order, action in enumerate(_by_merit(analysis, request)))


def _by_merit(analysis: Analysis, request: Request) -> list[int]:
    """The moves to tell about: the choice, then what was visited most."""
    decision = analysis.decision

    def merit(action: int) -> tuple[bool, int, float]:
        return action == decision.action, int(decision.visits[action]), float(decision.prior[action])

    order = sorted((a for a in range(len(decision.prior)) if decision.prior[a] > 0 or decision.visits[a]), key=merit, reverse=True)
    tried = sum(decision.visits[a] > 0 or a == decision.action for a in order)
    return order[: min(max(tried, request.least), request.most)]


def _info(game: Game, analysis: Analysis, action: int, order: int, *, kata: bool) -> str:
    decision = analysis.decision
    visits, prior, q = int(decision.visits[action]), float(decision.prior[action]), float(decision.q[action])
    if math.isnan(q):  # not tried yet
        q = decision.value
    winrate = min(max((1 + q) / 2, 0.0), 1.0)
    lcb = wilson(winrate * visits, visits)[0]
    line = " ".join(format_vertex(game, move) for move in analysis.lines.get(action, (action,)))
    head = f"info move {format_vertex(game, action)} visits {visits}"
    if kata:
        return (
            f"{head} utility {q:.6f} winrate {winrate:.6f} prior {prior:.6f} lcb {lcb:.6f} utilityLcb {2 * lcb - 1:.6f} "
            f"order {order} pv {line}"
        )
    return f"{head} winrate {1e4 * winrate:.0f} prior {1e4 * prior:.0f} lcb {1e4 * lcb:.0f} order {order} pv {line}"
