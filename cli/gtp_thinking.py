"""The commands of GTP that let the player think, and those that say how long it may. For `gtp_engine`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..agents import Decision, Forfeit, Limit
from ..envs import Position
from ..envs.notation.gtp import WordError, format_vertex, parse_player, parse_whole
from ..errors import UserError
from .gtp_analysis import Request, info_line, parse_request
from .gtp_game import GtpGame
from .gtp_input import Lines
from .gtp_output import Output
from .gtp_words import Words, number, only

POLL = 0.05  # seconds between two looks for a command that stops an analysis


class Thinking:
    """Answers about a game, and to what comes line by line with `output`; a new line stops an analysis that has no end."""

    def __init__(self, game: GtpGame, lines: Lines, output: Output) -> None:
        self._game = game
        self._lines = lines
        self._output = output

    def genmove(self, words: Words) -> str:
        (colour,) = only(words, 1, "a colour")
        return self._move(parse_player(self._game.rules, colour))

    def reg_genmove(self, words: Words) -> str:
        (colour,) = only(words, 1, "a colour")
        player = parse_player(self._game.rules, colour)
        position = self._game.turned(player)
        try:
            decision = self._game.player.decide(position, self._limit(player))
        except Forfeit as forfeit:
            return _resigned(forfeit)
        return format_vertex(self._game.rules, decision.action)

    def lz_genmove_analyze(self, words: Words) -> None:
        self._genmove_analyze(words, kata=False)

    def kata_genmove_analyze(self, words: Words) -> None:
        self._genmove_analyze(words, kata=True)

    def lz_analyze(self, words: Words) -> None:
        self._analyze(words, kata=False)

    def kata_analyze(self, words: Words) -> None:
        self._analyze(words, kata=True)

    def _move(self, player: int, decide: Callable[[Position, Limit | None], Decision] | None = None) -> str:
        """Lets the player decide, by `decide` if that is given, and plays that. The vertex, or `resign`."""
        began = time.monotonic()
        position = self._game.turned(player)
        try:
            decision = (decide or self._game.player.decide)(position, self._limit(player))
        except Forfeit as forfeit:
            return _resigned(forfeit)
        finally:
            self._game.clock.charge(player, time.monotonic() - began)
        self._game.play(player, decision.action)
        return format_vertex(self._game.rules, decision.action)

    def _genmove_analyze(self, words: Words, *, kata: bool) -> None:
        request = self._request(words)
        self._game.turned(request.player)  # refused before anything is answered
        self._output.begin()

        def decide(position: Position, limit: Limit | None) -> Decision:
            for analysis in self._game.player.analyze(position, limit, every=request.every):
                self._output.line(info_line(position.game, analysis, request, kata=kata))
            return analysis.decision

        self._output.line(f"play {self._move(request.player, decide)}")
        self._output.end()

    def _analyze(self, words: Words, *, kata: bool) -> None:
        """Thinks, as long as memory lasts, until there is something to read."""
        request = self._request(words)
        position = self._game.turned(request.player)
        self._output.begin()
        said, told = time.monotonic(), None
        for analysis in self._game.player.analyze(position, Limit(seconds=math.inf), every=min(POLL, request.every)):
            told = analysis
            if time.monotonic() >= said + request.every:
                said, told = time.monotonic(), None
                self._output.line(info_line(position.game, analysis, request, kata=kata))
            if self._lines.waiting():
                break
        if told is not None:
            self._output.line(info_line(position.game, told, request, kata=kata))
        self._lines.waiting(None)
        self._output.end()

    def _request(self, words: Words) -> Request:
        if self._game.player.simulations is None:
            raise UserError(f"{self._game.player.name} does not search, so it has no analysis; take a network or mcts:N")
        return parse_request(self._game.rules, self._game.position.to_play, words)

    # Time ---------------------------------------------------------------------------------------------------------------------

    def time_settings(self, words: Words) -> str:
        main, overtime, stones = only(words, 3, "main time, overtime and stones")
        self._game.clock.set(number(main), number(overtime), parse_whole(stones))
        return ""

    def kgs_time_settings(self, words: Words) -> str:
        kind, numbers = (words[0] if words else ""), words[1:]
        if kind.lower() == "none":
            self._game.clock.set(math.inf, 0.0, 0)
        elif kind.lower() == "absolute":
            (main,) = only(numbers, 1, "absolute and main time")
            self._game.clock.set(number(main), 0.0, 0)
        elif kind.lower() in ("canadian", "byoyomi"):
            main, overtime, count = only(numbers, 3, f"{kind}, main time, overtime, and a number")
            self._game.clock.set(number(main), number(overtime), parse_whole(count) if kind.lower() == "canadian" else 1)
        else:
            raise WordError(kind, "kgs-time_settings takes none, absolute, canadian or byoyomi, and their numbers")
        return ""

    def time_left(self, words: Words) -> str:
        colour, seconds, stones = only(words, 3, "a colour, seconds and stones")
        self._game.clock.correct(parse_player(self._game.rules, colour), number(seconds), parse_whole(stones))
        return ""

    def _limit(self, player: int) -> Limit | None:
        seconds = self._game.clock.limit(player)
        return None if seconds is None else Limit(simulations=self._game.player.simulations, seconds=seconds)


def _resigned(forfeit: Forfeit) -> str:
    if not forfeit.resigned:
        raise forfeit
    return "resign"


COMMANDS: dict[str, Callable[[Thinking, Words], str | None]] = {  # None: it has answered already
    "genmove": Thinking.genmove,
    "reg_genmove": Thinking.reg_genmove,
    "lz-analyze": Thinking.lz_analyze,
    "lz-genmove_analyze": Thinking.lz_genmove_analyze,
    "kata-analyze": Thinking.kata_analyze,
    "kata-genmove_analyze": Thinking.kata_genmove_analyze,
    "time_settings": Thinking.time_settings,
    "time_left": Thinking.time_left,
    "kgs-time_settings": Thinking.kgs_time_settings,
}
