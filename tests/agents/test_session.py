"""A game being played: moves, undo, clocks, resignation, and the events that tell of them."""

from __future__ import annotations

import pytest

from zerodojo.agents.session import Ended, GameSession, Moved, Undone
from zerodojo.envs import IllegalAction, make
from zerodojo.errors import UserError


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def session(moves: str = "", *, seconds: tuple[float, ...] | None = None, increment: float = 0.0) -> tuple[GameSession, Clock]:
    clock = Clock()
    made = GameSession(make("connect_four"), seconds=seconds, increment=increment, now=clock)
    for column in moves:
        made.play(made.game.parse_action(column))
    return made, clock


def test_a_game_runs_to_its_end() -> None:
    game, _ = session("4141414")
    assert game.over and game.result == Ended((1.0, -1.0), "rules")
    assert game.moves() == ("4", "1", "4", "1", "4", "1", "4")
    assert game.events == [*(Moved(ply % 2, (3, 0)[ply % 2], 0.0) for ply in range(7)), game.result]
    with pytest.raises(UserError, match="the game is over"):
        game.play(2)
    with pytest.raises(UserError, match="the game is over"):
        game.resign()


def test_an_illegal_move_changes_nothing() -> None:
    game, _ = session("444444")
    before = list(game.events)
    with pytest.raises(IllegalAction, match="legal: 1, 2, 3, 5, 6, 7"):
        game.play(3)
    assert game.events == before and len(game.position.history) == 6


def test_undo_takes_back_moves_and_the_end() -> None:
    game, _ = session("4141414")
    game.undo()
    assert not game.over and game.moves() == ("4", "1", "4", "1", "4", "1")
    game.undo(6)
    assert game.position.history == () and game.events[-2:] == [Undone(1), Undone(6)]
    with pytest.raises(UserError, match="cannot take back 1 of 0"):
        game.undo()
    with pytest.raises(UserError, match="cannot take back 0"):
        game.undo(0)


def test_a_resignation_is_taken_back() -> None:
    game = GameSession(make("tic_tac_toe"))
    with pytest.raises(UserError, match="nobody has resigned"):
        game.play_on()
    game.play(4)
    game.resign()
    game.play_on()
    assert not game.over and game.moves() == ("b2",)
    game.play(0)


def test_resignation_gives_the_game_away() -> None:
    game, _ = session("4")
    game.resign()
    assert game.result == game.events[-1] == Ended((1.0, -1.0), "resignation", 1)
    other, _ = session("4")
    other.resign(0)
    assert other.result == Ended((-1.0, 1.0), "resignation", 0)
    other.undo()
    assert not other.over and other.position.to_play == 0


def test_without_clocks_time_never_ends() -> None:
    game, clock = session()
    clock.now = 1e9
    assert game.remaining(0) == float("inf") and not game.flagged()
    assert game.play(3).seconds == 1e9


def test_the_clock_of_the_player_to_move_runs() -> None:
    game, clock = session(seconds=(10.0, 20.0), increment=2.0)
    clock.now = 3.0
    assert (game.remaining(0), game.remaining(1)) == (7.0, 20.0)
    assert game.play(3) == Moved(0, 3, 3.0)
    clock.now = 8.0
    assert (game.remaining(0), game.remaining(1)) == (9.0, 15.0)
    game.play(3)
    clock.now = 9.0
    game.undo(2)
    assert (game.remaining(0), game.remaining(1)) == (10.0, 20.0)


def test_who_runs_out_of_time_loses() -> None:
    game, clock = session("4", seconds=(5.0, 5.0))
    clock.now = 4.9
    assert not game.flagged()
    clock.now = 5.0
    with pytest.raises(UserError, match="the time is up"):
        game.play(0)
    assert game.flagged() and game.result == Ended((1.0, -1.0), "time", 1)
    assert game.events[-1] == game.result and game.remaining(1) == 0.0 and game.remaining(0) == 5.0
    assert game.position.history == (3,)


def test_there_is_a_clock_for_every_player() -> None:
    with pytest.raises(UserError, match="2 players, and 1 clocks"):
        session(seconds=(5.0,))
