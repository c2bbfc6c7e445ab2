"""The commands of the Go Text Protocol, version 2, answered by a player about a game session. Called by `zerodojo gtp`.

The protocol: Gunnar Farnebäck's draft of 2002. Beside its commands there are those for KGS, GoGui's short menu, and the analysis of
Leela Zero and KataGo. Whatever goes wrong is an answer that begins with `?`; only the end of the input and `quit` end the engine.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from .. import __version__
from ..agents import Decision, Forfeit, Limit, Player
from ..agents.session import GameSession
from ..envs import Game, IllegalAction, Position, make
from ..envs.game import Option
from ..envs.notation.gtp import (
    COLOURS,
    Command,
    format_answer,
    format_vertex,
    handicap_vertices,
    parse_command,
    parse_player,
    parse_vertex,
    parse_whole,
)
from ..errors import UserError
from .gtp_analysis import Request, info_line, parse_request
from .gtp_clock import Clock
from .gtp_input import Lines

MOST_HANDICAP = 9  # stones that have usual points
POLL = 0.05  # seconds between two looks for a command that stops an analysis

Words = tuple[str, ...]
Handler = Callable[["Engine", Words], str | None]  # None: it has answered already

_RULES = {  # KataGo's short names of rules that we have: ko, suicide
    "tromp-taylor": ("POSITIONAL", True),
    "chinese-ogs": ("POSITIONAL", False),
    "chinese-kgs": ("POSITIONAL", False),
    "chinese": ("SIMPLE", False),
}


class Engine:
    """One game with one player, for a controller that says who moves. Raises UserError if the player does not play the game."""

    def __init__(
        self, name: str, options: Mapping[str, Option], make_player: Callable[[Game], Player], *, lines: Lines, sink: TextIO
    ) -> None:
        self._options = dict(options)
        self._handicap = self._options.get("handicap")  # with which every new game begins
        self._make_player = make_player
        self._lines = lines
        self._sink = sink
        self._clock = Clock()
        self._id = ""
        self._name = name
        game = make(name, **options)
        self._player = make_player(game)
        self._session = GameSession(game)
        self._steps: list[int] = []  # plies of each move made by a command: two where a pass came in between

    def run(self) -> None:
        """Answers every command, until `quit` or the end of the input."""
        for line in self._lines:
            command = parse_command(line)
            if command is not None:
                self._answer(command)
            if command is not None and command.name == "quit":
                return

    def close(self) -> None:
        """Gives back what the player holds."""
        self._player.close()

    def _answer(self, command: Command) -> None:
        self._id = command.id
        try:
            if command.name not in COMMANDS:
                raise UserError("unknown command")
            said = COMMANDS[command.name](self, command.arguments)
        except UserError as error:
            self._write(format_answer(command.id, " ".join(str(error).split()), failed=True))
        except Exception as error:  # a bug costs an answer, and not the game that is going on
            self._write(format_answer(command.id, f"internal error: {' '.join(repr(error).split())}", failed=True))
        else:
            if said is not None:
                self._write(format_answer(command.id, said))

    def _write(self, text: str) -> None:
        self._sink.write(text)
        self._sink.flush()

    # What the engine is ------------------------------------------------------------------------------------------------------

    def protocol_version(self, words: Words) -> str:
        return "2"

    def name(self, words: Words) -> str:
        return f"zerodojo {self._player.name}"

    def version(self, words: Words) -> str:
        return __version__

    def known_command(self, words: Words) -> str:
        (name,) = _only(words, 1, "the name of a command")
        return "true" if name in COMMANDS else "false"

    def list_commands(self, words: Words) -> str:
        return "\n".join(COMMANDS)

    def nothing(self, words: Words) -> str:
        return ""

    def gogui_analyze_commands(self, words: Words) -> str:
        return "string/Show Board/showboard\nstring/Score/final_score\nvarc/Best Move/reg_genmove %c"

    # The game ----------------------------------------------------------------------------------------------------------------

    def boardsize(self, words: Words) -> str:
        if len(words) not in (1, 2):
            raise UserError("boardsize takes one number, or width and height")
        sides = [parse_whole(word) for word in words]
        width, height = sides[0], sides[-1]
        known = self._session.game.spec.options
        if (height, width) == self._session.game.spec.board:
            changes: dict[str, Option] = {}
        elif "size" in known and width == height:
            changes = {"size": width}
        elif {"width", "height"} <= known.keys():
            changes = {"width": width, "height": height}
        else:
            height, width = self._session.game.spec.board
            raise UserError(f"unacceptable size: {self._name} is played on {width} by {height} here")
        try:
            self._begin(changes)
        except UserError as error:
            raise UserError(f"unacceptable size: {error}") from error
        return ""

    def clear_board(self, words: Words) -> str:
        self._begin({})
        return ""

    def komi(self, words: Words) -> str:
        (word,) = _only(words, 1, "a number")
        komi = _number(word, least=-math.inf)
        if "komi" in self._session.game.spec.options:  # controllers send it for every game
            self._change({"komi": komi})
        return ""

    def fixed_handicap(self, words: Words) -> str:
        (word,) = _only(words, 1, "the number of stones")
        game = self._with_handicap(parse_whole(word))
        self._set_up(game, len(handicap_vertices(game)))
        return " ".join(handicap_vertices(game))

    def place_free_handicap(self, words: Words) -> str:
        """As `fixed_handicap`, or fewer where the board has no more usual points, which the protocol allows."""
        (word,) = _only(words, 1, "the number of stones")
        for stones in range(min(parse_whole(word), MOST_HANDICAP), 2, -1):
            with contextlib.suppress(UserError):
                self._with_handicap(stones)
                return self.fixed_handicap((str(stones),))
        return self.fixed_handicap(words)

    def set_free_handicap(self, words: Words) -> str:
        game = self._with_handicap(len(words))
        usual = handicap_vertices(game)
        if {parse_vertex(game, word) for word in words} != {parse_vertex(game, vertex) for vertex in usual}:
            raise UserError(f"only the usual points can have handicap stones; {len(words)} stand on {' '.join(usual)}")
        self._set_up(game, len(words))
        return ""

    def play(self, words: Words) -> str:
        colour, vertex = _only(words, 2, "a colour and a vertex")
        turn = self._turn(parse_player(self._session.game, colour))
        self._make((*turn, parse_vertex(self._session.game, vertex)))
        return ""

    def undo(self, words: Words) -> str:
        if not self._steps:
            raise UserError("cannot undo: no move has been made")
        self._session.undo(self._steps.pop())
        return ""

    def loadsgf(self, words: Words) -> str:
        from ..envs.notation.sgf import MAX_BYTES
        from ..envs.notation.sgf_games import read_game

        if not words:
            raise UserError("loadsgf takes a file and, if wanted, the number of a move")
        if not Path(words[0]).is_file():  # a pipe would be waited for
            raise UserError(f"cannot load file: {words[0]}: there is no such file")
        try:
            with Path(words[0]).open("rb") as file:
                data = file.read(MAX_BYTES + 1)  # more is refused by its size
        except (OSError, ValueError) as error:
            raise UserError(f"cannot load file: {words[0]}: {getattr(error, 'strerror', None) or error}") from error
        found = read_game(data, default=self._name)
        if found.game.spec.name != self._name:
            raise UserError(f"cannot load file: it is a game of {found.game.spec.name}, and {self._name} is played here")
        number = parse_whole(words[1]) if len(words) > 1 else len(found.position.history) + 1
        ours, options = self._session.game.spec.options, dict(found.game.spec.options)
        options["history"] = ours["history"]  # SGF says nothing about what a network sees
        if self._name == "go" and not found.root.simple_text("RU"):
            options |= {key: ours[key] for key in ("superko", "suicide")}
        game = make(self._name, **options)
        try:
            position = game.start().play(found.position.history[: max(0, number - 1)])
        except IllegalAction as error:
            raise UserError(f"cannot load file: {error}") from error
        self._install(game, position)
        self._options = {key: value for key, value in options.items() if key != "max_plies"}
        return ""

    # Moves -------------------------------------------------------------------------------------------------------------------

    def genmove(self, words: Words) -> str:
        (colour,) = _only(words, 1, "a colour")
        return self._move(parse_player(self._session.game, colour), self._player.decide)

    def reg_genmove(self, words: Words) -> str:
        (colour,) = _only(words, 1, "a colour")
        player = parse_player(self._session.game, colour)
        try:
            decision = self._player.decide(self._turned(player), self._limit(player))
        except Forfeit as forfeit:
            return _resigned(forfeit)
        return format_vertex(self._session.game, decision.action)

    def lz_genmove_analyze(self, words: Words) -> None:
        self._genmove_analyze(words, kata=False)

    def kata_genmove_analyze(self, words: Words) -> None:
        self._genmove_analyze(words, kata=True)

    def lz_analyze(self, words: Words) -> None:
        self._analyze(words, kata=False)

    def kata_analyze(self, words: Words) -> None:
        self._analyze(words, kata=True)

    def _move(self, player: int, decide: Callable[[Position, Limit | None], Decision]) -> str:
        """Lets the player decide, and plays that. The vertex, or `resign`."""
        turn, position = self._turn(player), self._turned(player)
        began = time.monotonic()
        try:
            decision = decide(position, self._limit(player))
        except Forfeit as forfeit:
            return _resigned(forfeit)
        finally:
            self._clock.charge(player, time.monotonic() - began)
        self._make((*turn, decision.action))
        return format_vertex(self._session.game, decision.action)

    def _genmove_analyze(self, words: Words, *, kata: bool) -> None:
        request = self._request(words)
        self._turn(request.player)  # refused before anything is answered
        self._write(f"={self._id}\n")

        def decide(position: Position, limit: Limit | None) -> Decision:
            for analysis in self._player.analyze(position, limit, every=request.every):
                self._write(info_line(position.game, analysis, request, kata=kata) + "\n")
            return analysis.decision

        self._write(f"play {self._move(request.player, decide)}\n\n")

    def _analyze(self, words: Words, *, kata: bool) -> None:
        """Thinks, as long as memory lasts, until there is something to read."""
        request = self._request(words)
        position = self._turned(request.player)
        self._write(f"={self._id}\n")
        said, told = time.monotonic(), None
        for analysis in self._player.analyze(position, Limit(seconds=math.inf), every=min(POLL, request.every)):
            told = analysis
            if time.monotonic() >= said + request.every:
                said, told = time.monotonic(), None
                self._write(info_line(position.game, analysis, request, kata=kata) + "\n")
            if self._lines.waiting():
                break
        if told is not None:
            self._write(info_line(position.game, told, request, kata=kata) + "\n")
        self._lines.waiting(None)
        self._write("\n")

    def _request(self, words: Words) -> Request:
        if self._player.simulations is None:
            raise UserError(f"{self._player.name} does not search, so it has no analysis; take a network or mcts:N")
        return parse_request(self._session.game, self._session.position.to_play, words)

    # Time --------------------------------------------------------------------------------------------------------------------

    def time_settings(self, words: Words) -> str:
        main, overtime, stones = _only(words, 3, "main time, overtime and stones")
        self._clock.set(_number(main), _number(overtime), parse_whole(stones))
        return ""

    def kgs_time_settings(self, words: Words) -> str:
        kind, numbers = (words[0].lower() if words else ""), words[1:]
        if kind == "none":
            self._clock.set(math.inf, 0.0, 0)
        elif kind == "absolute":
            (main,) = _only(numbers, 1, "absolute and main time")
            self._clock.set(_number(main), 0.0, 0)
        elif kind in ("canadian", "byoyomi"):
            main, overtime, count = _only(numbers, 3, f"{kind}, main time, overtime, and a number")
            self._clock.set(_number(main), _number(overtime), parse_whole(count) if kind == "canadian" else 1)
        else:
            raise UserError("kgs-time_settings takes none, absolute, canadian or byoyomi, and their numbers")
        return ""

    def time_left(self, words: Words) -> str:
        colour, seconds, stones = _only(words, 3, "a colour, seconds and stones")
        self._clock.correct(parse_player(self._session.game, colour), _number(seconds), parse_whole(stones))
        return ""

    def _limit(self, player: int) -> Limit | None:
        seconds = self._clock.limit(player)
        return None if seconds is None else Limit(simulations=self._player.simulations, seconds=seconds)

    # What is seen ------------------------------------------------------------------------------------------------------------

    def showboard(self, words: Words) -> str:
        position = self._session.position
        return f"\n{position}\n{'the game is over' if position.terminal else f'{COLOURS[position.to_play]} to move'}"

    def final_score(self, words: Words) -> str:
        """Go: area and komi, all stones alive, at any time. Else what the end brought: in Othello discs, or one point for a win."""
        margin = _margin(self._session.position)
        return "0" if margin == 0 else f"{'B' if margin > 0 else 'W'}+{abs(margin):g}"

    def final_status_list(self, words: Words) -> str:
        (status,) = _only(words, 1, "alive, seki or dead")
        if status not in ("alive", "seki", "dead"):
            raise UserError(f"{status[:40]!r} is no status; say alive, seki or dead")
        if self._name != "go":
            raise UserError(f"stones of {self._name} have no status")
        if status != "alive":  # what stands at the end counts: area rules know no dead stones
            return ""
        owners = self._session.game.picture(self._session.position.row).owners.ravel()
        return "\n".join(format_vertex(self._session.game, point) for point, owner in enumerate(owners.tolist()) if owner >= 0)

    def kata_get_rules(self, words: Words) -> str:
        options = self._session.game.spec.options
        if self._name != "go":
            raise UserError("only go has rules to tell")
        return json.dumps({
            "hasButton": False,
            "ko": str(options["superko"]).upper(),
            "scoring": "AREA",
            "suicide": options["suicide"],
            "tax": "NONE",
            "whiteHandicapBonus": "0",
        })  # fmt: skip

    def kata_set_rules(self, words: Words) -> str:
        rules = " ".join(words).lower()
        if self._name != "go" or rules not in _RULES:
            raise UserError(f"rules that are known, in go: {', '.join(_RULES)}")
        ko, suicide = _RULES[rules]
        self._change({"superko": ko.lower(), "suicide": suicide})
        return ""

    # Under all of them -------------------------------------------------------------------------------------------------------

    def _turn(self, player: int) -> tuple[int, ...]:
        """What must be played before this player can move: nothing, or a pass of the other. Raises UserError."""
        position = self._session.position
        if position.terminal:
            raise UserError("the game is over; undo or clear_board")
        if position.to_play == player:
            return ()
        last = position.game.spec.num_actions - 1
        if position.game.action_name(last) == "pass" and last in position.legal_actions():
            passed = position.after(last)
            if not passed.terminal and passed.to_play == player:
                return (last,)
        raise UserError(f"it is {COLOURS[position.to_play]}'s turn, and no pass can come in between")

    def _turned(self, player: int) -> Position:
        """The position with this player to move."""
        return self._session.position.play(self._turn(player))

    def _make(self, actions: tuple[int, ...]) -> None:
        """Plays all of these actions, or none."""
        try:
            self._session.position.play(actions)
        except IllegalAction:
            name = format_vertex(self._session.game, actions[-1])
            raise UserError(f"illegal move: {name} cannot be played here") from None
        for action in actions:
            self._session.play(action)
        self._steps.append(len(actions))

    def _begin(self, changes: Mapping[str, Option]) -> None:
        """A new game, with other options if there are any."""
        options = {key: value for key, value in {**self._options, **changes}.items() if key != "handicap"}
        if self._handicap is not None:
            options["handicap"] = self._handicap
        game = make(self._name, **options)
        self._install(game, game.start())
        self._options = options
        self._clock.restart()

    def _change(self, changes: Mapping[str, Option]) -> None:
        """The same game, as far as it has been played, with other options."""
        options = {**self._options, **changes}
        game, steps = make(self._name, **options), self._steps
        try:
            position = game.start().play(self._session.position.history)
        except IllegalAction as error:
            raise UserError("the moves made so far do not go with that; clear_board first") from error
        self._install(game, position)
        self._options, self._steps = options, steps

    def _with_handicap(self, stones: int) -> Game:
        """The game with so many handicap stones. Raises UserError."""
        if "handicap" not in self._session.game.spec.options:
            raise UserError(f"{self._name} has no handicap")
        if self._session.position.history or handicap_vertices(self._session.game):
            raise UserError("board not empty")
        if stones < 2:
            raise UserError(f"invalid number of stones: {stones}; a handicap is of 2 or more")
        return make(self._name, **{**self._options, "handicap": stones})

    def _set_up(self, game: Game, stones: int) -> None:
        """Begins a game with handicap stones."""
        self._install(game, game.start())
        self._options["handicap"] = stones

    def _install(self, game: Game, position: Position) -> None:
        """This game, played as far as that position, is the one from now on. Raises UserError if the player does not play it."""
        if game.spec.options == self._session.game.spec.options:
            game = self._session.game
            self._player.new_game()
        else:
            new = self._make_player(game)
            self._player.close()
            self._player = new
        self._session = GameSession(game)
        for action in position.history:
            self._session.play(action)
        self._steps = [1] * len(position.history)


def _margin(position: Position) -> float:
    """By how much player 0 is ahead at the end, negative for player 1. Raises UserError where nothing can be scored yet."""
    game: Any = position.game
    if position.game.spec.name == "go":
        return float(game.score(position.row[None])[0])
    if not position.terminal:
        raise UserError("cannot score: the game is not over")
    if position.game.spec.name == "othello":
        owners = game.picture(position.row).owners
        return float((owners == 0).sum()) - float((owners == 1).sum())
    return (position.returns[0] > position.returns[1]) - (position.returns[0] < position.returns[1])


def _resigned(forfeit: Forfeit) -> str:
    if not forfeit.resigned:
        raise forfeit
    return "resign"


def _only(words: Words, count: int, what: str) -> Words:
    if len(words) != count:
        raise UserError(f"syntax error: this takes {what}")
    return words


def _number(text: str, *, least: float = 0.0) -> float:
    """A finite number. Raises UserError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= least):
        raise UserError(f"{text[:40]!r} is no number{' from 0 upwards' if least == 0 else ''}")
    return number


COMMANDS: dict[str, Handler] = {
    "protocol_version": Engine.protocol_version,
    "name": Engine.name,
    "version": Engine.version,
    "known_command": Engine.known_command,
    "list_commands": Engine.list_commands,
    "quit": Engine.nothing,
    "boardsize": Engine.boardsize,
    "clear_board": Engine.clear_board,
    "komi": Engine.komi,
    "fixed_handicap": Engine.fixed_handicap,
    "place_free_handicap": Engine.place_free_handicap,
    "set_free_handicap": Engine.set_free_handicap,
    "play": Engine.play,
    "genmove": Engine.genmove,
    "undo": Engine.undo,
    "time_settings": Engine.time_settings,
    "time_left": Engine.time_left,
    "final_score": Engine.final_score,
    "final_status_list": Engine.final_status_list,
    "loadsgf": Engine.loadsgf,
    "reg_genmove": Engine.reg_genmove,
    "showboard": Engine.showboard,
    "kgs-time_settings": Engine.kgs_time_settings,
    "kgs-game_over": Engine.nothing,
    "gogui-analyze_commands": Engine.gogui_analyze_commands,
    "lz-analyze": Engine.lz_analyze,
    "lz-genmove_analyze": Engine.lz_genmove_analyze,
    "kata-analyze": Engine.kata_analyze,
    "kata-genmove_analyze": Engine.kata_genmove_analyze,
    "kata-get-rules": Engine.kata_get_rules,
    "kata-set-rules": Engine.kata_set_rules,
}
