"""The engine behind `zerodojo gtp`: answers the commands of the Go Text Protocol, version 2, about one game with one player.

The protocol: Gunnar Farnebäck's draft of 2002. Beside its commands there are those for KGS, GoGui's short menu, and the analysis of
Leela Zero and KataGo. Whatever goes wrong is an answer that begins with `?` and ends with its place in the input; only the end of
the input and `quit` end the engine.
Commands about the game are in `gtp_board`, those that think in `gtp_thinking`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TextIO

from .. import __version__
from ..agents import Player
from ..envs import Game
from ..envs.game import Option
from ..envs.notation.gtp import Command, WordError, parse_command
from ..errors import UserError
from . import gtp_board, gtp_thinking
from .gtp_game import GtpGame
from .gtp_input import Lines
from .gtp_output import Output
from .gtp_words import Words, only


class Engine:
    """One game with one player, for a controller that says who moves. Raises UserError if the player does not play the game."""

    def __init__(
        self, name: str, options: Mapping[str, Option], make_player: Callable[[Game], Player], *, lines: Lines, sink: TextIO
    ) -> None:
        self._lines = lines
        self._output = Output(sink)
        self._game = GtpGame(name, options, make_player)
        self._thinking = gtp_thinking.Thinking(self._game, lines, self._output)

    def run(self) -> None:
        """Answers every command, until `quit` or the end of the input."""
        for number, (text, cut) in enumerate(self._lines, start=1):
            command = parse_command(text)
            if cut and "#" not in text:  # what is missing of a comment is not missed; a command may mean another thing without it
                self._output.id = command.id if command else ""
                self._refuse("line too long", number, len(text) + 1)
            elif command is not None:
                self._answer(command, number)
                if command.name == "quit":
                    return

    def close(self) -> None:
        """Gives back what the player holds."""
        self._game.close()

    def _answer(self, command: Command, line: int) -> None:
        self._output.id = command.id
        try:
            said = self._said(command.name, command.arguments)
        except WordError as error:
            self._refuse(str(error), line, error.column or command.column)
        except UserError as error:
            self._refuse(str(error), line, command.column)
        except Exception as error:  # a bug costs an answer, and not the game that is going on
            self._refuse(f"internal error: {error!r}", line, command.column)
        else:
            if said is not None:
                self._output.answer(said)

    def _refuse(self, why: str, line: int, column: int) -> None:
        self._output.answer(f"{why} (input line {line}, column {column})", failed=True)

    def _said(self, name: str, words: Words) -> str | None:
        """The answer to a command; None where it has been answered already."""
        if name in gtp_board.COMMANDS:
            return gtp_board.COMMANDS[name](self._game, words)
        if name in gtp_thinking.COMMANDS:
            return gtp_thinking.COMMANDS[name](self._thinking, words)
        if name in _OWN:
            return _OWN[name](self, words)
        raise UserError("unknown command")

    def protocol_version(self, words: Words) -> str:
        return "2"

    def name(self, words: Words) -> str:
        return f"zerodojo {self._game.player.name}"

    def version(self, words: Words) -> str:
        return __version__

    def known_command(self, words: Words) -> str:
        (name,) = only(words, 1, "the name of a command")
        return "true" if name in COMMANDS else "false"

    def list_commands(self, words: Words) -> str:
        return "\n".join(COMMANDS)

    def nothing(self, words: Words) -> str:
        return ""

    def gogui_analyze_commands(self, words: Words) -> str:
        return "string/Show Board/showboard\nstring/Score/final_score\nvarc/Best Move/reg_genmove %c"


_OWN: dict[str, Callable[[Engine, Words], str]] = {
    "protocol_version": Engine.protocol_version,
    "name": Engine.name,
    "version": Engine.version,
    "known_command": Engine.known_command,
    "list_commands": Engine.list_commands,
    "quit": Engine.nothing,
    "kgs-game_over": Engine.nothing,
    "gogui-analyze_commands": Engine.gogui_analyze_commands,
}
COMMANDS = (*_OWN, *gtp_board.COMMANDS, *gtp_thinking.COMMANDS)
