"""Games of OpenSpiel through the adapter: the conformance kit, what a network sees, names, and the refusal of other games."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.envs import make
from zerodojo.envs.testing import check_game
from zerodojo.errors import UserError

TAKEN = (
    "tic_tac_toe",
    "connect_four(rows=4,columns=4)",
    "breakthrough(rows=4,columns=4)",
    "hex(board_size=3)",
    "othello",
    "clobber(rows=3,columns=3)",
    "nim",
    "go(board_size=3)",
    "mancala",
)


NAMED = (
    *TAKEN,
    *("amazons", "antichess", "checkers", "chess", "chinese_checkers", "crazyhouse", "cursor_go", "dots_and_boxes", "gomoku"),
    *("havannah", "hive", "lines_of_action", "mnk", "nine_mens_morris", "oware", "pentago", "quoridor", "shogi", "twixt"),
    *("ultimate_tic_tac_toe", "xiangqi", "y"),
)


@pytest.mark.parametrize("name", TAKEN)
def test_the_conformance_kit_passes(name):
    check_game(make(f"openspiel:{name}", max_plies=40), games=2)


def test_the_spec_makes_the_same_game_again():
    game = make("openspiel:breakthrough( rows=5, columns=6 )")
    again = make(game.spec.name, **game.spec.options)
    assert again.spec == game.spec
    assert game.spec.board == (5, 6)


def test_a_network_sees_who_moves():
    game = make("openspiel:tic_tac_toe")
    position = game.start()
    assert (position.observation()[-1] == 1).all()
    assert (position.after(0).observation()[-1] == -1).all()


def test_moves_are_named_for_either_player():
    game = make("openspiel:go(board_size=5)")
    assert game.action_name(0) == "a1"
    assert game.parse_action("PASS") == 25
    assert make("openspiel:tic_tac_toe").action_name(4) == "(1,1)"


@pytest.mark.parametrize("name", NAMED)
def test_no_move_has_the_name_of_another(name):
    """At every position of some games: a move is named as OpenSpiel names it there, or by its number."""
    game, generator = make(f"openspiel:{name}"), np.random.default_rng(0)
    for _ in range(2):
        position = game.start()
        while not position.terminal and len(position.history) < 60:
            legal, state = position.legal_actions(), game.at(position.row)
            for action in legal:
                ours, theirs = game.action_name(action), state.action_to_string(position.to_play, action)
                assert ours == str(action) or theirs.casefold().endswith(ours.removesuffix(f"#{action}").strip().casefold())
            position = position.after(int(generator.choice(legal)))


def test_moves_that_openspiel_cannot_name_go_by_number():
    """Its letters for columns are no text behind the 31st."""
    game = make("openspiel:hex(num_rows=3,num_cols=33)")
    assert [game.action_name(action) for action in (0, 98)] == ["0", "98"]


def test_returns_are_scaled_to_one():
    game = make("openspiel:mancala")
    generator = np.random.default_rng(0)
    position = game.start()
    while not position.terminal:
        position = position.after(int(generator.choice(position.legal_actions())))
    assert max(np.abs(position.returns)) <= 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("kuhn_poker", "chance decides, something is hidden from the players"),
        ("backgammon", "chance decides;"),
        ("matrix_pd", "players move at the same time, something is hidden from the players, it is not zero-sum"),
        ("goofspiel", "players move at the same time"),
        ("tic_tac", "unknown game of OpenSpiel 'tic_tac'; did you mean"),
        ("hex(board_sise=5)", "is refused by OpenSpiel"),
        ("hex(", "is refused by OpenSpiel"),
        ("", "unknown game of OpenSpiel"),
        ("hex(board_size=1000)", "it has 9,000,000 numbers for a network, and up to 1,000,000 are played here"),
        ("mnk(m=400,n=400,k=5)", "it has 160,000 actions, and up to 100,000 are played here"),
        ("hex(board_size=-5)", "board_size=-5 of hex is below 0; choose more, such as its default, 11"),
        ("y(board_size=-1)", "board_size=-1 of y is below 0; choose more, such as its default, 19"),
        ("misere(game=y(board_size=-1))", "board_size=-1 of y is below 0"),
        ("hex(board_size=0)", "is too small: it has 0 actions"),
        ("havannah(board_size=0)", "is too small: "),
        ("go(max_game_length=0)", "at most 0 plies"),
        ("oware(num_seeds_per_house=0)", "it is over before it begins"),
        ("chess(chess960=true)", "chance decides how it begins"),
        ("go(board_size=9,handicap=2)", "is refused by OpenSpiel: "),
    ],
)
def test_other_games_are_refused_with_the_reason(name, reason, capfd):
    with pytest.raises(UserError) as refusal:
        make(f"openspiel:{name}")
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert capfd.readouterr().err == ""  # OpenSpiel would say it a second time


def test_what_may_be_below_zero_is_played():
    assert make("openspiel:go(board_size=5,komi=-7.5)").start().legal_actions()


def test_options_stand_in_the_name():
    with pytest.raises(UserError, match="unknown option of openspiel:hex 'board_size'"):
        make("openspiel:hex", board_size=5)


def test_a_game_that_is_too_long_is_a_draw():
    game = make("openspiel:connect_four", max_plies=3)
    position = game.start().play([0, 0, 0])
    assert position.terminal
    assert position.returns == (0.0, 0.0)
