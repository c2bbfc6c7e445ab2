"""Finished games as columns: putting together and in order."""

from __future__ import annotations

import numpy as np

from zerodojo.agents.alphazero.records import GameRecords
from zerodojo.envs import make


def assert_same(one: GameRecords, other: GameRecords) -> None:
    for name, column in one.columns().items():
        np.testing.assert_array_equal(column, other.columns()[name], err_msg=name)
        assert column.dtype == other.columns()[name].dtype, name


def test_in_order_undoes_any_order(play_games) -> None:  # type: ignore[no-untyped-def]
    game = make("connect_four")
    parts = [play_games(game, 1, first=number) for number in range(20)]
    ordered = GameRecords.concatenate(parts)
    for seed in range(5):
        shuffled = GameRecords.concatenate([parts[i] for i in np.random.default_rng(seed).permutation(20)])
        assert_same(shuffled.in_order(), ordered)
    assert_same(ordered.in_order(), ordered)
    assert_same(parts[3].in_order(), parts[3])


def test_counts(play_games) -> None:  # type: ignore[no-untyped-def]
    records = play_games(make("tic_tac_toe"), 30)
    assert len(records) == 30
    assert records.positions == np.count_nonzero(records.simulations) == np.count_nonzero(records.policy_size)
    assert records.length.sum() == len(records.action) == len(records.reward)
    assert records.policy_size.sum() == len(records.policy) == len(records.policy_action)


def test_positions_searched_with_no_more_than_the_networks_judgement_count(play_games) -> None:  # type: ignore[no-untyped-def]
    parts = play_games(make("tic_tac_toe"), 3)
    assert GameRecords.concatenate([parts, parts]).positions == 2 * parts.positions
