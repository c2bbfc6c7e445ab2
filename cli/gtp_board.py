"""The commands of GTP about the game itself: its board and rules, its moves, and how it stands. For `gtp_engine`."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..envs import Position
from ..envs.game import Option
from ..envs.notation.gtp import COLOURS, WordError, format_vertex, handicap_vertices, parse_player, parse_vertex, parse_whole
from ..errors import UserError
from .gtp_game import GtpGame
from .gtp_words import Words, blaming, number, only

MOST_HANDICAP = 9  # stones that have usual points

_RULES = {  # KataGo's short names of rules that we have: ko, suicide
    "tromp-taylor": ("POSITIONAL", True),
    "chinese-ogs": ("POSITIONAL", False),
    "chinese-kgs": ("POSITIONAL", False),
    "chinese": ("SIMPLE", False),
}


def _boardsize(game: GtpGame, words: Words) -> str:
    if len(words) not in (1, 2):
        raise UserError("boardsize takes one number, or width and height")
    sides = [parse_whole(word) for word in words]
    width, height = sides[0], sides[-1]
    known = game.rules.spec.options
    if (height, width) == game.rules.spec.board:
        changes: dict[str, Option] = {}
    elif "size" in known and width == height:
        changes = {"size": width}
    elif {"width", "height"} <= known.keys():
        changes = {"width": width, "height": height}
    else:
        height, width = game.rules.spec.board
        raise WordError(words[0], f"unacceptable size: {game.name} is played on {width} by {height} here")
    try:
        game.begin(changes)
    except UserError as error:
        raise WordError(words[0], f"unacceptable size: {error}") from error
    return ""


def _clear_board(game: GtpGame, words: Words) -> str:
    game.begin({})
    return ""


def _komi(game: GtpGame, words: Words) -> str:
    (word,) = only(words, 1, "a number")
    komi = number(word, least=-math.inf)
    if "komi" in game.rules.spec.options:  # controllers send it for every game
        game.take_komi(komi)
    return ""


def _fixed_handicap(game: GtpGame, words: Words) -> str:
    (word,) = only(words, 1, "the number of stones")
    rules = game.with_handicap(parse_whole(word))
    usual = handicap_vertices(rules)
    game.set_up(rules, len(usual))
    return " ".join(usual)


def _place_free_handicap(game: GtpGame, words: Words) -> str:
    """As `_fixed_handicap`, or fewer where the board has no more usual points, which the protocol allows."""
    (word,) = only(words, 1, "the number of stones")
    for stones in range(min(parse_whole(word), MOST_HANDICAP), 2, -1):
        with contextlib.suppress(UserError):
            game.with_handicap(stones)
            return _fixed_handicap(game, (str(stones),))
    return _fixed_handicap(game, words)


def _set_free_handicap(game: GtpGame, words: Words) -> str:
    rules = game.with_handicap(len(words))
    usual = handicap_vertices(rules)
    if {parse_vertex(rules, word) for word in words} != {parse_vertex(rules, vertex) for vertex in usual}:
        raise UserError(f"only the usual points can have handicap stones; {len(words)} stand on {' '.join(usual)}")
    game.set_up(rules, len(words))
    return ""


def _play(game: GtpGame, words: Words) -> str:
    colour, vertex = only(words, 2, "a colour and a vertex")
    player, action = parse_player(game.rules, colour), parse_vertex(game.rules, vertex)
    with blaming(colour):
        game.turned(player)
    with blaming(vertex):
        game.play(player, action)
    return ""


def _undo(game: GtpGame, words: Words) -> str:
    game.undo()
    return ""


def _loadsgf(game: GtpGame, words: Words) -> str:
    if not words:
        raise UserError("loadsgf takes a file and, if wanted, the number of a move")
    with blaming(words[0]):
        return _loaded(game, words)


def _loaded(game: GtpGame, words: Words) -> str:
    from ..envs.notation.sgf import MAX_BYTES
    from ..envs.notation.sgf_games import read_game

    try:
        if not Path(words[0]).is_file():  # a pipe would be waited for
            raise UserError(f"cannot load file: {words[0]}: there is no such file")
        with Path(words[0]).open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # more is refused by its size
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load file: {words[0]}: {getattr(error, 'strerror', None) or error}") from error
    found = read_game(data, default=game.name)
    if found.game.spec.name != game.name:
        raise UserError(f"cannot load file: it is a game of {found.game.spec.name}, and {game.name} is played here")
    loaded = found.position if len(words) == 1 else found.before(max(1, parse_whole(words[1])))
    ours, options = game.rules.spec.options, dict(found.game.spec.options)
    options["history"] = ours["history"]  # SGF says nothing about what a network sees
    if game.name == "go":
        options["komi"] = ours["komi"]  # the file's, if it names one, is taken as the command takes it
    if game.name == "go" and not found.root.simple_text("RU"):
        options |= {key: ours[key] for key in ("superko", "suicide")}
    try:
        game.load(options, loaded.history)
    except UserError as error:
        raise UserError(f"cannot load file: {error}") from error
    if game.name == "go" and found.root.simple_text("KM"):
        game.take_komi(float(found.game.spec.options["komi"]))
    return ""


def _showboard(game: GtpGame, words: Words) -> str:
    position = game.position
    return f"\n{position}\n{'the game is over' if position.terminal else f'{COLOURS[position.to_play]} to move'}"


def _final_score(game: GtpGame, words: Words) -> str:
    """Go: area and komi, all stones alive, at any time. Else what the end brought: in Othello discs, or one point for a win."""
    margin = _margin(game.position) - game.komi
    return "0" if margin == 0 else f"{'B' if margin > 0 else 'W'}+{abs(margin):g}"


def _final_status_list(game: GtpGame, words: Words) -> str:
    (status,) = only(words, 1, "alive, seki or dead")
    if status not in ("alive", "seki", "dead"):
        raise WordError(status, f"{status[:40]!r} is no status; say alive, seki or dead")
    if game.name != "go":
        raise UserError(f"stones of {game.name} have no status")
    if status != "alive":  # what stands at the end counts: area rules know no dead stones
        return ""
    owners = game.rules.picture(game.position.row).owners.ravel()
    return "\n".join(format_vertex(game.rules, point) for point, owner in enumerate(owners.tolist()) if owner >= 0)


def _kata_get_rules(game: GtpGame, words: Words) -> str:
    options = game.rules.spec.options
    if game.name != "go":
        raise UserError("only go has rules to tell")
    return json.dumps({
        "hasButton": False,
        "ko": str(options["superko"]).upper(),
        "scoring": "AREA",
        "suicide": options["suicide"],
        "tax": "NONE",
        "whiteHandicapBonus": "0",
    })  # fmt: skip


def _kata_set_rules(game: GtpGame, words: Words) -> str:
    rules = " ".join(words).lower()
    if game.name != "go" or rules not in _RULES:
        raise WordError(words[0] if words else "", f"rules that are known, in go: {', '.join(_RULES)}")
    ko, suicide = _RULES[rules]
    game.change({"superko": ko.lower(), "suicide": suicide})
    return ""


def _margin(position: Position) -> float:
    """By how much player 0 is ahead at the end, komi aside. Raises UserError where nothing can be scored yet."""
    game: Any = position.game
    if position.game.spec.name == "go":
        return round(float(game.score(position.row[None])[0]) + game.spec.options["komi"])
    if not position.terminal:
        raise UserError("cannot score: the game is not over")
    if position.game.spec.name == "othello":
        owners = game.picture(position.row).owners
        return float((owners == 0).sum()) - float((owners == 1).sum())
    return (position.returns[0] > position.returns[1]) - (position.returns[0] < position.returns[1])


COMMANDS: dict[str, Callable[[GtpGame, Words], str]] = {
    "boardsize": _boardsize,
    "clear_board": _clear_board,
    "komi": _komi,
    "fixed_handicap": _fixed_handicap,
    "place_free_handicap": _place_free_handicap,
    "set_free_handicap": _set_free_handicap,
    "play": _play,
    "undo": _undo,
    "loadsgf": _loadsgf,
    "showboard": _showboard,
    "final_score": _final_score,
    "final_status_list": _final_status_list,
    "kata-get-rules": _kata_get_rules,
    "kata-set-rules": _kata_set_rules,
}
