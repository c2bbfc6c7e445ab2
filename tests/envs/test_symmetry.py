"""Symmetries of batches against their slow twins, and the symmetries of the square."""

from __future__ import annotations

import numpy as np
import pytest

from zerodojo.envs import Symmetries
from zerodojo.envs.connect_four import ConnectFour
from zerodojo.envs.symmetry import (
    square_symmetries,
    transform_actions,
    transform_maps,
    transform_observations,
    transform_policies,
)
from zerodojo.envs.tic_tac_toe import TicTacToe

TABLES = [
    pytest.param(TicTacToe().symmetries, (3, 3), id="square"),
    pytest.param(ConnectFour().symmetries, (6, 7), id="mirror"),
    pytest.param(square_symmetries(5, num_planes=4, extra_actions=1), (5, 5), id="square with a pass"),
]


@pytest.mark.parametrize(("tables", "board"), TABLES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_batches_agree_with_the_definition(tables: Symmetries, board: tuple[int, int], dtype: type[np.generic]) -> None:
    rng = np.random.default_rng(0)
    n, (h, w), c, a = 40, board, tables.planes.shape[1], tables.actions.shape[1]
    which = rng.integers(0, len(tables), n).astype(np.int32)
    observations = rng.integers(0, 200, (n, c, h, w)).astype(dtype)
    policies = rng.integers(0, 200, (n, a)).astype(dtype)
    maps = rng.integers(0, 200, (n, h, w)).astype(dtype)
    seen = transform_observations(observations, which, tables)
    policy = transform_policies(policies, which, tables)
    points = transform_maps(maps, which, tables)
    assert seen.dtype == policy.dtype == points.dtype == dtype
    for i, k in enumerate(which):
        for p in range(h * w):
            source = divmod(int(tables.points[k, p]), w)
            assert points[i][divmod(p, w)] == maps[i][source]
            for plane in range(c):
                assert seen[i, plane][divmod(p, w)] == observations[i, tables.planes[k, plane]][source]
        for action in range(a):
            assert policy[i, action] == policies[i, tables.actions[k, action]]


@pytest.mark.parametrize(("tables", "board"), TABLES)
def test_the_inverse_gives_the_original_back(tables: Symmetries, board: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    which = np.arange(len(tables), dtype=np.int32)
    back = tables.inverse[which]
    observations = rng.random((len(which), tables.planes.shape[1], *board), np.float32)
    policies = rng.random((len(which), tables.actions.shape[1]), np.float32)
    assert (transform_observations(transform_observations(observations, which, tables), back, tables) == observations).all()
    assert (transform_policies(transform_policies(policies, which, tables), back, tables) == policies).all()


@pytest.mark.parametrize(("tables", "board"), TABLES)
def test_actions_go_where_one_hot_policies_go(tables: Symmetries, board: tuple[int, int]) -> None:
    count = tables.actions.shape[1]
    actions = np.tile(np.arange(count, dtype=np.int32), len(tables))
    which = np.repeat(np.arange(len(tables), dtype=np.int32), count)
    one_hot = np.eye(count, dtype=np.float32)[actions]
    moved = transform_actions(actions, which, tables)
    assert moved.dtype == np.int32
    assert (transform_policies(one_hot, which, tables).argmax(axis=1) == moved).all()


def test_the_square_has_eight_symmetries_and_leaves_the_pass_alone() -> None:
    tables = square_symmetries(4, num_planes=2, extra_actions=1)
    assert len({row.tobytes() for row in tables.points}) == 8
    assert (tables.actions[:, -1] == 16).all()
    assert (tables.actions[:, :-1] == tables.points).all()
    board = np.arange(16).reshape(4, 4)
    images = {board[::rows, ::columns].tobytes() for rows in (1, -1) for columns in (1, -1)}
    images |= {board.T[::rows, ::columns].copy().tobytes() for rows in (1, -1) for columns in (1, -1)}
    assert {board.ravel()[row].tobytes() for row in tables.points} == images
