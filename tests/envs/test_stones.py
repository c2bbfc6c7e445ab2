"""What games of stones share, beside slow twins: planes of a position and those before it, and keys that tell them apart."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from zerodojo.envs import GAMES, Position, make
from zerodojo.envs.game import Option
from zerodojo.envs.stones import StoneGame

SIDES = {"breakthrough", "go", "hex"}  # games in which the two sides are not alike; in Gomoku they differ by the swap
VARIANTS: list[tuple[str, dict[str, Option]]] = [
    *[(name, {"history": history}) for name in GAMES if name != "chess" for history in (1, 3)],
    ("connect_four", {"width": 3, "height": 15}),
    ("gomoku", {"size": 19, "swap": True}),
    ("hex", {"size": 9, "history": 16}),
]
all_variants = pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)


def stone_game(name: str, options: dict[str, Option]) -> StoneGame:
    game = make(name, **options)
    assert isinstance(game, StoneGame)
    return game


def has_sides(game: StoneGame) -> bool:
    return game.spec.name in SIDES or bool(game.spec.options.get("swap"))


def random_positions(game: StoneGame, seed: int) -> list[Position]:
    """Every position of one random game, up to 40 plies."""
    generator = random.Random(seed)
    positions = [game.start()]
    while len(positions) <= 40 and not positions[-1].terminal:
        positions.append(positions[-1].after(generator.choice(positions[-1].legal_actions())))
    return positions


def slow_planes(game: StoneGame, position: Position) -> NDArray[np.bool_]:
    """What `StoneGame` says that a network sees, from the pictures of a position and those before it."""
    mover, board = position.to_play, game.spec.board
    planes, shown = [], position
    for _ in range(game.history):
        owners = np.full(board, -1) if shown is None else game.picture(shown.row).owners
        planes += [owners == mover, owners == 1 - mover]
        shown = shown and shown.previous
    if game.spec.name != "go":
        planes.append(np.full(board, True))
    if has_sides(game):
        planes.append(np.full(board, mover == 0))
    return np.stack(planes)


@all_variants
def test_planes_show_this_position_and_those_before_it(name: str, options: dict[str, Option]) -> None:
    game = stone_game(name, options)
    positions = random_positions(game, seed=1)
    planes = np.full((len(positions), game.spec.num_planes, *game.spec.board), np.nan, np.float32)
    game.observe(np.stack([position.row for position in positions]), planes)
    for shown, position in zip(planes, positions, strict=True):
        assert (shown == slow_planes(game, position)).all()


@all_variants
def test_keys_change_with_every_stone_and_every_place(name: str, options: dict[str, Option]) -> None:
    """One stone more or less at any time, the mover where sides differ, or two words in each other's place."""
    game = stone_game(name, options)
    row = random_positions(game, seed=2)[-1].row
    others = [row.copy()]
    for column in range(game.info):
        for bit in range(64):
            others.append(row.copy())
            others[-1][column] ^= np.uint64(1 << bit)
        for column_2 in range(column):
            if row[column] != row[column_2]:
                others.append(row.copy())
                others[-1][[column, column_2]] = row[[column_2, column]]
    if has_sides(game):
        others.append(row.copy())
        others[-1][game.info] ^= np.uint64(1)
    keys = game.observation_keys(np.stack(others))
    assert len({key.tobytes() for key in keys}) == len(others)


@all_variants
def test_keys_do_not_change_with_what_is_not_seen(name: str, options: dict[str, Option]) -> None:
    """Whoever moves sees its own stones first; what else the rules remember is not seen."""
    game = stone_game(name, options)
    row = random_positions(game, seed=3)[-1].row
    same = np.stack([row, row])
    same[1, game.info] ^= ~np.uint64(1)
    same[1, game.info + 1 :] += np.uint64(1)
    if not has_sides(game):
        boards = row[: game.info].reshape(game.history, 2, game.words)
        same[1, : game.info] = boards[:, ::-1].ravel()
        same[1, game.info] ^= np.uint64(1)
    keys = game.observation_keys(same)
    assert (keys[0] == keys[1]).all()
