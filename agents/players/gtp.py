"""Programs that speak GTP as players: the spec `gtp:COMMAND`, such as `gtp:gnugo --mode gtp` or `gtp:gtp-rhino`.

Settings of ours stand before the program, as variables do in a shell: `gtp:timeout=300 gnugo --mode gtp` has so many seconds for an
answer.

The program is told the board, komi and handicap of our game, and then every move as it is made. Othello and Hex programs are
spoken to in our names, rows from the top, as gtp-rhino and the Hex programs have them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ...envs import Game, Position
from ...envs.notation.gtp import COLOURS, format_vertex, handicap_vertices, parse_vertex
from ...errors import Forfeit, UserError, unknown
from ..variants import variant_of
from .base import Decision, Limit, Player
from .common import rows_of, unthinking
from .gtp_process import Program, ProgramFailed
from .guard import command_words

SECONDS = 60.0  # for an answer, when neither a timeout nor a limit in seconds is given
MARGIN = 5.0  # seconds more than a limit in seconds: programs do not keep theirs to the point
LONGEST = 86_400.0  # seconds of a timeout: a day

_SETTING = re.compile(r"\s*([A-Za-z_]\w*)=(\S*)")

Moves = tuple[int, ...]


class GtpPlayer(Player):
    """Asks a program for every move. One program plays all games, and is told again of a game when it comes back to it.

    A program that crashes, gives no answer for `timeout` seconds, speaks no GTP, plays what is not legal, refuses what is, or
    resigns, loses that game (Forfeit), and is started anew for the next. Without `timeout` it has SECONDS, or a limit in seconds
    and MARGIN. Raises UserError if it is missing, or refuses the game.
    """

    def __init__(self, game: Game, command: str, *, timeout: float | None = None) -> None:
        self.game = game
        self.name = f"gtp:{command}"
        self._words = command_words(command)
        self._timeout = timeout
        self._program: Program | None = None
        self._told: Moves = ()  # the moves the program knows
        self._known: frozenset[str] = frozenset()
        self._pace: float | None = None  # seconds a move, as the program knows them
        try:
            self._start()
        except ProgramFailed as failure:
            raise UserError(f"{self.name} {failure}; is it a program that speaks GTP?") from failure

    def decide_many(self, positions: Sequence[Position], limit: Limit | None = None) -> list[Decision]:
        """One answer a position, in order. Only a limit in seconds counts, and the program is told."""
        masks = self.game.legal_mask(rows_of(positions))
        decisions = []
        for index, (position, mask) in enumerate(zip(positions, masks, strict=True)):
            try:
                decisions.append(unthinking(mask, self._move(position, limit)))
            except ProgramFailed as failure:
                raise Forfeit(f"the program {failure}", index=index) from failure
            except Forfeit as failure:
                self.close()  # what it believes the position to be is not known
                failure.index = index
                raise
        return decisions

    def close(self) -> None:
        """Ends the program."""
        if self._program is not None:
            self._program.close()
            self._program = None

    def _move(self, position: Position, limit: Limit | None) -> int:
        if self._program is None:
            try:
                self._start()
            except UserError as refusal:
                raise Forfeit(str(refusal)) from refusal
        self._set_pace(limit.seconds if limit else None)
        self._synchronise(position)
        answer = self._demand(f"genmove {COLOURS[position.to_play]}")
        if answer.lower() == "resign":
            raise Forfeit("it resigns", resigned=True)
        try:
            action = parse_vertex(self.game, answer)
            position.after(action)
        except UserError as refusal:
            raise Forfeit(f"the program plays {answer[:40]!r}: {refusal}") from refusal
        self._told = (*position.history, action)
        return action

    def _start(self) -> None:
        """Starts the program and sets the game up. Raises ProgramFailed, or UserError where it refuses the game."""
        self.close()
        self._program, self._told, self._pace = Program(self._words), (), None
        self._known = frozenset(self._ask("list_commands")[1].split())
        options = self.game.spec.options
        height, width = self.game.spec.board
        setup = [f"boardsize {height}" if height == width else f"boardsize {width} {height}"]
        if "komi" in options:
            setup.append(f"komi {options['komi']:g}")
        for command in (*setup, *self._beginning()):
            succeeded, said = self._ask(command)
            if not succeeded:
                self.close()
                raise UserError(f"{self.name} cannot play {variant_of(self.game)}: it answers {command!r} with {said[:80]!r}")

    def _beginning(self) -> list[str]:
        """What sets the start position up."""
        stones = handicap_vertices(self.game)
        return ["clear_board", *([f"set_free_handicap {' '.join(stones)}"] if stones else [])]

    def _set_pace(self, seconds: float | None) -> None:
        """Tells the program how long it may think about a move: so long for every single one."""
        if seconds != self._pace and seconds is not None and "time_settings" in self._known:
            self._demand(f"time_settings 0 {max(1, math.floor(seconds))} 1")
        self._pace = seconds

    def _synchronise(self, position: Position) -> None:
        """Brings the program to a position: takes back what is too much and plays what is new."""
        moves = position.history
        common = 0
        while common < min(len(moves), len(self._told)) and moves[common] == self._told[common]:
            common += 1
        surplus = self._told[common:]
        if surplus and not self._take_back(surplus):
            common = 0
            for command in self._beginning():
                self._demand(command)
        line = [position]  # the positions before each of the moves still to be told
        while len(line[-1].history) > common:
            assert line[-1].previous is not None
            line.append(line[-1].previous)
        self._told = moves[:common]
        for before, action in zip(reversed(line[1:]), moves[common:], strict=True):
            self._tell(before, action)

    def _take_back(self, moves: Moves) -> bool:
        """Whether these last moves could be undone. Not passes: programs differ in whether a forced one counts."""
        undone = "undo" in self._known and not any(self.game.action_name(action) == "pass" for action in moves)
        return undone and all(self._ask("undo")[0] for _ in moves)

    def _tell(self, before: Position, action: int) -> None:
        vertex = format_vertex(self.game, action)
        command = f"play {COLOURS[before.to_play]} {vertex}"
        succeeded, said = self._ask(command)
        forced = vertex == "pass" and len(before.legal_actions()) == 1
        if not succeeded and not forced:  # gtp-rhino refuses a forced pass, and makes it by itself
            raise Forfeit(f"the program answers {command!r}, a legal move, with {said[:80]!r}")
        self._told = (*before.history, action)

    def _demand(self, command: str) -> str:
        """What the program says to a command that must succeed."""
        succeeded, said = self._ask(command)
        if not succeeded:
            raise Forfeit(f"the program answers {command!r} with {said[:80]!r}")
        return said

    def _ask(self, command: str) -> tuple[bool, str]:
        assert self._program is not None
        usual = SECONDS if self._pace is None else self._pace + MARGIN
        try:
            return self._program.ask(command, usual if self._timeout is None else self._timeout)
        except ProgramFailed:
            self.close()
            raise


def make(argument: str, game: Game, *, simulations: int | None, seed: int) -> GtpPlayer:
    """The player of the spec `gtp:COMMAND` or `gtp:timeout=SECONDS COMMAND`."""
    timeout, command = None, argument
    while setting := _SETTING.match(command):
        name, value = setting.groups()
        if name != "timeout":
            raise unknown("setting before the program of gtp:", name, ["timeout"])
        timeout, command = _seconds(value), command[setting.end() :]
    return GtpPlayer(game, command, timeout=timeout)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= LONGEST:
        raise UserError(f"timeout={text} does not fit; choose from 1 to {LONGEST:,.0f} seconds, as in gtp:timeout=300 COMMAND")
    return seconds
