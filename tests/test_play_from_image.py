"""`zerodojo play connect_four --from-image`: a game that goes on from a picture, and pictures that no game goes on from."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pygame
import pytest

from zerodojo.agents.eye.drawing import draw
from zerodojo.agents.eye.room import drawn_room
from zerodojo.cli import main as front
from zerodojo.envs.connect_four import ConnectFour

SEED = 5  # of a drawing in plain light
GAME = ConnectFour()


@pytest.fixture
def play(monkeypatch, capsys):
    """Runs `zerodojo play` in this process on lines of input; gives the exit code, the output and the error output."""

    def run(arguments, *lines):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = front.main(["play", *arguments.split()])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def save(image, path: Path) -> str:
    pygame.image.save(pygame.surfarray.make_surface(image.transpose(1, 0, 2)), path)
    return str(path)


def picture(owners, path: Path) -> str:
    return save(draw(owners, np.random.default_rng(SEED), size=400).image, path)


def board(moves: str):
    return GAME.owners(GAME.start().play([int(column) - 1 for column in moves.split()]).row)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_the_game_goes_on_from_the_picture(play, tmp_path, ending):
    path = picture(board("4 4 4 4 3 2 1 1 5"), tmp_path / f"board.{ending}")
    code, out, err = play(f"connect_four --opponent random --from-image {path}", "7", "quit")
    assert code == 0 and err == ""
    assert f"Seen in {path}: 5 X and 4 O, O to move." in out
    assert "you are O against random, the opponent moves first" in out  # whoever is to move is the person
    assert "   .  .  .  O  .  .  .\n" in out
    assert out.index("your move> 7") < out.index("The opponent (X) plays")
    assert "--second --moves " in out


def test_a_seat_may_be_chosen_and_a_finished_game_is_told(play, tmp_path):
    path = picture(board("4 4 3 3 2 2"), tmp_path / "board.png")
    code, out, _ = play(f"connect_four --opponent random --second --from-image {path}", "quit")
    assert code == 0 and "The opponent (X) plays" in out
    path = picture(board("4 4 3 3 2 2 1"), tmp_path / "won.png")
    code, out, _ = play(f"connect_four --opponent human --from-image {path}")
    assert code == 0 and "X wins after 7 moves." in out and "to move" not in out


def test_pictures_without_a_position_are_one_line_and_exit_code_2(play, tmp_path):
    floating = np.full((6, 7), -1, np.int8)
    floating[5, :3], floating[2, 4] = (0, 1, 0), 1
    room = (drawn_room(np.random.default_rng(3), 300) * 255).astype(np.uint8)
    (tmp_path / "text.png").write_text("no picture")
    uneven = board("4 4 3 3 2 2")
    uneven[5, 6] = 1
    for path, message in (
        (
            picture(floating, tmp_path / "floating.png"),
            "floating.png: the yellow stone in column 5, 4 from the bottom, has nothing",
        ),
        (picture(uneven, tmp_path / "uneven.png"), "uneven.png: 3 red and 4 yellow stones are no position"),
        (save(room, tmp_path / "room.png"), "take a picture of the whole board from the front, well lit"),
        (str(tmp_path / "text.png"), "cannot be read as a picture"),
        (str(tmp_path / "none.png"), "there is no picture"),
    ):
        code, out, err = play(f"connect_four --opponent random --from-image {path}")
        assert code == 2 and out == "" and message in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("tic_tac_toe --opponent random", "--from-image reads Connect Four boards 7 wide and 6 high, and no other"),
        ("connect_four --opponent random --option width=5", "reads Connect Four boards 7 wide and 6 high"),
        ("connect_four --opponent random --moves 4", "--moves and --from-image both say where to play on from"),
    ],
)
def test_what_does_not_fit_a_picture_is_refused(play, arguments, message):
    code, out, err = play(f"{arguments} --from-image board.png")
    assert code == 2 and out == "" and message in err and err.count("\n") == 1
