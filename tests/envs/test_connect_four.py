"""Connect Four against a slow twin on many boards, against OpenSpiel, and what people see of it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from zerodojo.envs import IllegalAction, make
from zerodojo.envs.connect_four import ConnectFour
from zerodojo.errors import UserError

from .against_twins import assert_agrees_with_openspiel, assert_agrees_with_twin, assert_playouts_agree, assert_playouts_are_exact
from .twins import SlowBoard

BOARDS = [
    *[(7, 6, 4), (5, 4, 3), (8, 7, 4), (9, 6, 4), (9, 6, 5), (4, 5, 4), (3, 3, 3)],
    *[(12, 4, 3), (2, 31, 8), (21, 2, 5), (4, 15, 8), (7, 8, 7)],  # shifts near and beyond 64 bits
]


@pytest.mark.parametrize(("width", "height", "connect"), BOARDS)
def test_agrees_with_the_twin(width: int, height: int, connect: int) -> None:
    game = make("connect_four", width=width, height=height, connect=connect)
    assert_agrees_with_twin(game, lambda: SlowBoard(height, width, connect, drop=True), games=16, seed=1)


def compare_with_openspiel(width: int, height: int, connect: int, *, games: int, seed: int) -> None:
    game = make("connect_four", width=width, height=height, connect=connect)
    assert_agrees_with_openspiel(game, f"connect_four(rows={height},columns={width},x_in_row={connect})", games=games, seed=seed)


@pytest.mark.parametrize(("width", "height", "connect"), BOARDS)
def test_agrees_with_openspiel(width: int, height: int, connect: int) -> None:
    compare_with_openspiel(width, height, connect, games=50, seed=2)


@pytest.mark.full
@pytest.mark.parametrize(("width", "height", "connect"), BOARDS)
def test_agrees_with_openspiel_at_length(width: int, height: int, connect: int) -> None:
    compare_with_openspiel(width, height, connect, games=2_000, seed=6)


def test_playouts_are_random_play() -> None:
    assert_playouts_agree(make("connect_four"), SlowBoard(6, 7, 4, drop=True), [3, 3, 3, 3, 3, 2, 2, 4], playouts=600, seed=3)


@pytest.mark.parametrize("seed", range(4))
def test_playouts_near_the_end_are_exactly_random(seed: int) -> None:
    """From 34 plies without a line; full columns must not make any other column likelier than the rest."""
    actions: list[int] = []
    generator = random.Random(seed)
    while len(actions) < 34:
        board, actions = SlowBoard(6, 7, 4, drop=True), []
        while not board.over and len(actions) < 34:
            actions.append(generator.choice(board.legal()))
            board.play(actions[-1])
        if board.over:
            actions = []
    assert_playouts_are_exact(make("connect_four"), SlowBoard(6, 7, 4, drop=True), actions, playouts=200_000, seed=seed)


def test_playouts_of_a_small_board_are_exactly_random() -> None:
    game = make("connect_four", width=3, height=3, connect=3)
    assert_playouts_are_exact(game, SlowBoard(3, 3, 3, drop=True), [], playouts=200_000, seed=4)


def test_a_line_across_the_edge_is_no_line() -> None:
    # The three top points of the first column and the bottom of the second follow each other, but for the empty bit between.
    position = make("connect_four").start().play([1, 0, 3, 0, 4, 0, 0, 6, 0, 6, 0])
    assert [position.game.picture(position.row).glyphs[r][0] for r in range(3)] == ["X"] * 3
    assert position.game.picture(position.row).glyphs[5][1] == "X"
    assert not position.terminal


@pytest.mark.parametrize("start", range(4))
def test_every_horizontal_line_of_the_bottom_row_wins(start: int) -> None:
    moves = [action for column in range(start, start + 4) for action in (column, column)][:-1]
    position = make("connect_four").start().play(moves)
    assert position.terminal
    assert position.returns == (1.0, -1.0)
    assert position.game.picture(position.row).marks == {(5, column) for column in range(start, start + 4)}


def test_a_full_board_without_a_line_is_a_draw() -> None:
    columns = [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 4, 5, 4, 5, 4, 5, 1, 0, 1, 0, 1, 0, 3, 2, 3, 2, 3, 2, 5, 4, 5, 4, 5, 4]
    position = make("connect_four").start().play([*columns, 6, 6, 6, 6, 6, 6])
    assert position.terminal
    assert position.returns == (0.0, 0.0)
    assert position.legal_actions() == ()
    assert len(position.history) == position.game.spec.max_plies


def test_the_last_stone_may_win() -> None:
    # The same order, but the last column completes a line with the 42nd stone or none at all: both ends are ends.
    game = make("connect_four", width=3, height=3, connect=3)
    rng = np.random.default_rng(0)
    last = set()
    for _ in range(3_000):
        position = game.start()
        while not position.terminal:
            position = position.after(int(rng.choice(position.legal_actions())))
        if len(position.history) == 9:
            last.add(position.returns)
    assert last == {(0.0, 0.0), (1.0, -1.0)}


def test_positions_are_immutable_and_remember() -> None:
    start = make("connect_four").start()
    position = start.after(3).after(3)
    assert start.history == ()
    assert start.row.tolist() == [0, 0, 0]
    assert position.history == (3, 3)
    assert position.previous is not None
    assert position.previous.previous is start
    with pytest.raises(ValueError, match="read-only"):
        position.row[0] = 1


def test_illegal_moves_name_the_legal_ones() -> None:
    position = make("connect_four").start().play([0] * 6)
    with pytest.raises(IllegalAction, match="1 is not legal here; legal: 2, 3, 4, 5, 6, 7"):
        position.after(0)
    with pytest.raises(IllegalAction):
        position.after(7)
    won = make("connect_four").start().play([0, 1, 0, 1, 0, 1, 0])
    with pytest.raises(IllegalAction, match="the game is over"):
        won.after(5)


def test_rendering_shows_the_columns() -> None:
    position = make("connect_four", width=5, height=4).start().play([0, 0, 4])
    assert str(position) == ". . . . .\n. . . . .\nO . . . .\nX . . . X\n1 2 3 4 5"
    wide = make("connect_four", width=12, height=4).start().after(11)
    assert str(wide).splitlines()[-2:] == [
        " .  .  .  .  .  .  .  .  .  .  .  X",
        " 1  2  3  4  5  6  7  8  9 10 11 12",
    ]


def test_the_last_move_is_seen() -> None:
    start = make("connect_four").start()
    first = start.after(3)
    second = first.after(3)
    assert start.game.changed_points(start.row, first.row) == [(5, 3)]
    assert start.game.changed_points(first.row, second.row) == [(4, 3)]


@pytest.mark.parametrize("text", ["0", "8", "", "a", "-1", "1 2", "４", "1.0", "111"])
def test_unreadable_columns_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="type a number from 1 to 7"):
        make("connect_four").parse_action(text)


@pytest.mark.parametrize("options", [{"width": 1}, {"height": 1}, {"width": 10}, {"width": 8, "height": 8}, {"width": -7}])
def test_boards_out_of_range_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(UserError, match=r"width \* \(height \+ 1\) at most 64"):
        ConnectFour(**options)


def test_lines_out_of_range_are_refused() -> None:
    with pytest.raises(UserError, match="choose from 3 to 7"):
        ConnectFour(connect=2)
    with pytest.raises(UserError, match="choose from 3 to 7"):
        ConnectFour(connect=8)
    with pytest.raises(UserError, match="make a side at least 3 long"):
        ConnectFour(width=2, height=2, connect=2)
