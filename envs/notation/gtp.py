"""The words of the Go Text Protocol, version 2: command lines, answers, colours and vertices. For the engine and the player.

After Gunnar Farnebäck's draft of the specification (2002). Nothing here keeps a game or talks to a process. Games other than Go
keep their own action names, in capitals, as vertices: Othello and Hex count rows from the top, Go and Gomoku from the bottom.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...errors import UserError
from ..game import Game

LARGEST = 2**31 - 1  # of the protocol's whole numbers
COLOURS = ("black", "white")  # of player 0 and player 1
SWAP = "swap-pieces"  # Hex programs' word for the swap

_PLAYERS = {"b": 0, "black": 0, "w": 1, "white": 1}
_HEX_PLAYERS = {"red": 0, "r": 0, "blue": 1}
_DROPPED = {code: None for code in (*range(32), 127) if code not in (9, 10)}  # control characters but for tab and newline
_WORD = re.compile(r"[^\s\0-\x1f]+(?:[\0-\x08\x0b-\x1f]+[^\s\0-\x1f]+)*")  # what is dropped may stand inside


class Word(str):
    """A word of a command line, which knows the column that it begins in, counted from 1 in characters."""

    column: int

    def __new__(cls, text: str, column: int) -> Word:
        word = super().__new__(cls, text)
        word.column = column
        return word


class WordError(UserError):
    """A word that cannot be where it stands; `column` is the word's, 0 if it came from no line."""

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.column = word.column if isinstance(word, Word) else 0


class Command(NamedTuple):
    """A command line: its id ("" without one), its name ("" if there is only an id), its arguments, and the name's column."""

    id: str
    name: str
    arguments: tuple[str, ...]
    column: int = 1  # the id's, where there is no name


def parse_command(line: str) -> Command | None:
    """The command in a line, its words `Word`s; None for an empty one, or one that is only a comment."""
    found = _WORD.finditer(line.partition("#")[0])
    words = [Word(text, match.start() + 1) for match in found if (text := match[0].translate(_DROPPED))]
    if not words:
        return None
    if not _is_whole(words[0]):
        return Command("", words[0], tuple(words[1:]), words[0].column)
    number, *rest = words
    name, *arguments = rest or [Word("", number.column)]
    return Command(number, name, tuple(arguments), name.column)


def format_answer(number: str, text: str, *, failed: bool = False) -> str:
    """The answer to the command with this id, ended by an empty line; so empty lines of the text are left out."""
    first, *rest = [line.rstrip() for line in text.splitlines()] or [""]
    head = f"{'?' if failed else '='}{number} {first}".rstrip()
    return "\n".join([head, *filter(None, rest)]) + "\n\n"


def parse_answer(text: str) -> tuple[bool, str]:
    """Whether an answer (without its empty line) tells of success, and what it says. Raises UserError if it is no answer."""
    head, body = text[:1], text[1:]
    if head not in ("=", "?"):
        raise UserError(f"an answer begins with = or ?, not {text[:40]!r}")
    number = body.split(maxsplit=1)[:1]
    if number and not body[0].isspace() and _is_whole(number[0]):
        body = body[len(number[0]) :]
    return head == "=", body.strip()


def parse_player(game: Game, text: str) -> int:
    """The player whom a colour names: black is player 0; in Hex also red, and white also blue. Raises WordError."""
    known = _PLAYERS | (_HEX_PLAYERS if game.spec.name == "hex" else {})
    if text.lower() not in known:
        raise WordError(text, f"{text[:40]!r} is no colour; say black or white")
    return known[text.lower()]


def format_vertex(game: Game, action: int) -> str:
    """An action as a vertex: its name, in capitals where it is a point."""
    name = game.action_name(action)
    if name == "swap" and game.spec.name == "hex":
        return SWAP
    return name if name in ("pass", "swap") else name.upper()


def parse_vertex(game: Game, text: str) -> int:
    """The action that a vertex, in any case, stands for. Raises WordError."""
    name = text.lower()
    try:
        return game.parse_action("swap" if name == SWAP else name)
    except UserError as error:
        raise WordError(text, str(error)) from error


def handicap_vertices(game: Game) -> list[str]:
    """The vertices of the handicap stones that a game begins with; none where it has no handicap."""
    if not game.spec.options.get("handicap"):
        return []
    owners = game.picture(game.start().row).owners.ravel()
    return [format_vertex(game, point) for point, owner in enumerate(owners.tolist()) if owner == 0]


def parse_whole(text: str) -> int:
    """A whole number from 0 to 2^31 - 1. Raises WordError."""
    if not _is_whole(text):
        raise WordError(text, f"{text[:40]!r} is no whole number from 0 to {LARGEST}")
    return int(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST
