"""`zerodojo play connect_four --from-image PICTURE`: the position in a picture, and what is said of it. Called by `play`."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from ..agents.eye.picture_file import read_picture
from ..agents.eye.reading import read_position
from ..envs import Game
from ..envs.connect_four import ConnectFour
from ..envs.connect_four_board import moves_to
from ..errors import UserError
from .board import Board


def moves_in(path: str, game: Game) -> list[int]:
    """Moves that lead to the board in a picture. Raises UserError: another game or board than the eye knows, no picture, no board
    in it, or a board that no play leads to."""
    standard = ConnectFour().spec.board
    if not isinstance(game, ConnectFour) or game.spec.board != standard:
        raise UserError(
            f"--from-image reads Connect Four boards {standard[1]} wide and {standard[0]} high, and no other; leave it out here"
        )
    image = read_picture(Path(path))
    try:
        return list(moves_to(game, read_position(image).owners))
    except UserError as refusal:
        raise UserError(f"{path}: {refusal}") from refusal


def sentence(path: str, game: Game, moves: list[int], board: Board) -> Text:
    """What was seen: how many stones of each side, and who moves."""
    position = game.start().play(moves)
    stones = len(moves)
    told = Text.assemble(f"Seen in {path}: {-(-stones // 2)} ", board.side(0), f" and {stones // 2} ", board.side(1))
    if not position.terminal:
        told.append_text(Text.assemble(", ", board.side(position.to_play), " to move"))
    return told.append(". In which order they came is not seen, and made up.")
