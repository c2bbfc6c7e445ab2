"""The replay agrees with a slow twin, draws evenly from KataGo's window, and comes back from the store bit for bit."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from zerodojo.agents.alphazero.config import ReplayConfig
from zerodojo.agents.alphazero.records import End, GameRecords
from zerodojo.agents.alphazero.replay import Batch, Replay
from zerodojo.agents.alphazero.store import GameStore
from zerodojo.envs import Game, make
from zerodojo.errors import UserError

GAMES = [
    make("tic_tac_toe"),
    make("connect_four"),
    make("connect_four", width=5, height=4, connect=3),
    make("chess", history=1, max_plies=7),
]


class SlowReplay:
    """The twin: every position ever added as a dictionary, rendered one at a time."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.positions: list[dict[str, Any]] = []

    def add(self, records: GameRecords) -> None:
        ply = entry = 0
        for length in records.length:
            position = self.game.start()
            end = ply + length
            while ply < end:
                size = records.policy_size[ply]
                if records.simulations[ply]:
                    policy = np.zeros(self.game.spec.num_actions, np.float32)
                    policy[records.policy_action[entry : entry + size]] = records.policy[entry : entry + size]
                    legal = np.zeros(self.game.spec.num_actions, np.bool_)
                    legal[list(position.legal_actions())] = True
                    self.positions.append(
                        {
                            "planes": position.observation(),
                            "policy": policy / policy.sum(),
                            "legal": legal,
                            "outcome": records.reward[ply:end, position.to_play].sum(),
                            "root_value": records.root_value[ply],
                            "solved": records.solved[ply],
                            "version": records.version[ply],
                            "mirror": self.game.mirror if position.to_play == 1 else None,
                        }
                    )
                position = position.after(int(records.action[ply]))
                ply, entry = ply + 1, entry + size

    def sample(self, n: int, window: int, weight: float, rng: np.random.Generator) -> list[dict[str, Any]]:
        held = self.positions[-window:]
        drawn = rng.choice(len(held), size=n, replace=n > len(held))
        table = self.game.symmetries
        which = rng.integers(len(table), size=n, dtype=np.int32)
        batch = []
        for row, k in zip(drawn, which, strict=True):
            one = held[row]
            view = np.arange(self.game.spec.num_actions) if one["mirror"] is None else one["mirror"]
            planes = np.array(one["planes"])
            flat = planes.reshape(len(planes), -1)
            batch.append(
                {
                    "planes": flat[table.planes[k]][:, table.points[k]].reshape(planes.shape),
                    "policy": np.array(one["policy"])[table.actions[k]][view],
                    "legal": np.array(one["legal"])[table.actions[k]][view],
                    "value": one["root_value"] if one["solved"] else (1 - weight) * one["outcome"] + weight * one["root_value"],
                    "version": one["version"],
                }
            )
        return batch


def assert_same(a: Batch, b: Batch) -> None:
    for field in fields(Batch):
        if field.name != "areas":
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), strict=True)
    assert (a.areas is None) == (b.areas is None)
    if a.areas is not None and b.areas is not None:
        for name, array in vars(a.areas).items():
            np.testing.assert_array_equal(array, getattr(b.areas, name), strict=True)


@pytest.mark.parametrize("game", GAMES, ids=repr)
@pytest.mark.parametrize("window", [50, 100_000])
def test_samples_as_the_slow_twin_does(game: Game, window: int, play_games) -> None:
    config = ReplayConfig(window=window, root_value_weight=0.3)
    fast, slow = Replay(game, config), SlowReplay(game)
    for part in range(6):
        records = play_games(game, 9, first=9 * part)
        assert fast.add(records) == records.positions
        slow.add(records)
        assert fast.total == len(slow.positions)
        size = min(fast.window_size(fast.total), fast.total)
        assert len(fast) == size
        for n in (1, 40, size + 1):
            batch = fast.sample(n, np.random.default_rng([part, n]))
            expected = slow.sample(n, size, 0.3, np.random.default_rng([part, n]))
            for key in ("planes", "legal", "version"):
                np.testing.assert_array_equal(getattr(batch, key), [one[key] for one in expected])
            for key in ("policy", "value"):
                np.testing.assert_allclose(getattr(batch, key), [one[key] for one in expected], atol=1e-6)


def test_types_and_shapes_of_a_batch(play_games) -> None:
    game = make("connect_four")
    replay = Replay(game, ReplayConfig())
    replay.add(play_games(game, 5))
    batch = replay.sample(32, np.random.default_rng(0))
    assert batch.areas is None  # where nobody asked
    assert {name: (array.dtype.name, array.shape) for name, array in vars(batch).items() if name != "areas"} == {
        "planes": ("float32", (32, 3, 6, 7)),
        "policy": ("float32", (32, 7)),
        "legal": ("bool", (32, 7)),
        "value": ("float32", (32,)),
        "version": ("int32", (32,)),
    }
    np.testing.assert_allclose(batch.policy.sum(axis=1), 1, atol=1e-6)
    assert not batch.policy[~batch.legal].any()
    assert all(array.flags.c_contiguous for name, array in vars(batch).items() if name != "areas")


def test_value_target_is_the_outcome_for_the_mover_and_what_is_proven(play_games) -> None:
    game = make("tic_tac_toe")
    records = play_games(game, 20)
    replay = Replay(game, ReplayConfig(root_value_weight=0.0))
    replay.add(records)
    searched = records.simulations > 0
    returns = np.repeat(records.returns, records.length, axis=0)
    outcome = returns[np.arange(len(returns)), records.mover][searched]
    expected = np.where(records.solved[searched], records.root_value[searched], outcome)
    batch = replay.sample(len(replay), np.random.default_rng(0))
    drawn = np.random.default_rng(0).choice(len(replay), size=len(replay), replace=False)
    np.testing.assert_array_equal(batch.value, expected[drawn])


def test_draws_evenly_and_without_repetition(play_games) -> None:
    game = make("tic_tac_toe")
    replay = Replay(game, ReplayConfig(window=60))
    records = play_games(game, 30)
    total = records.positions
    number = replace(records, version=np.where(records.simulations > 0, np.cumsum(records.simulations > 0), -1).astype(np.int32))
    replay.add(number)
    rng = np.random.default_rng(1)
    counts = np.zeros(total + 1, int)
    for _ in range(2000):
        versions = replay.sample(20, rng).version
        assert len(set(versions.tolist())) == 20
        np.add.at(counts, versions, 1)
    size = len(replay)
    assert size == replay.window_size(total) < total
    assert not counts[: total + 1 - size].any()
    expected = 2000 * 20 / size
    assert np.abs(counts[-size:] - expected).max() < 6 * np.sqrt(expected)


def test_window_is_katagos_power_law() -> None:
    replay = Replay(make("tic_tac_toe"), ReplayConfig(window=250_000, window_limit=500_000))
    assert replay.window_size(1000) == 1000
    assert replay.window_size(250_000) == 250_000
    assert replay.window_size(1_000_000) == int(250_000 * (1 + 0.4 * (4**0.75 - 1) / 0.75))
    assert replay.window_size(10_000_000) == 500_000
    sizes = np.array([replay.window_size(total) for total in range(240_000, 270_000)])
    assert (np.diff(sizes) <= 1).all()  # never reaches back to what it forgot


@pytest.mark.parametrize(
    "config",
    [ReplayConfig(window=0), ReplayConfig(window_alpha=0), ReplayConfig(window_beta=1.5), ReplayConfig(window_limit=99_999)],
)
def test_refuses_a_window_that_cannot_be(config: ReplayConfig) -> None:
    with pytest.raises(UserError, match="window"):
        Replay(make("tic_tac_toe"), config)


@pytest.mark.parametrize("window", [30, 200, 100_000])
def test_restored_from_the_store_it_goes_on_bit_for_bit(window: int, play_games, tmp_path) -> None:
    game = make("connect_four")
    config = ReplayConfig(window=window)
    whole, store = Replay(game, config), GameStore(tmp_path, game)
    for part in range(12):
        records = play_games(game, 3 + part, first=100 * part)
        whole.add(records)
        store.append(records)
        if part % 3 != 2:
            continue
        cursor = store.flush()
        assert cursor.positions == whole.total
        back = Replay(game, config)
        back.restore(GameStore(tmp_path, game).tail(cursor, back.window_size(cursor.positions)), cursor.positions)
        for again in range(2):  # at once, and after more games have moved both windows on
            assert (back.total, len(back)) == (whole.total, len(whole))
            for n in (7, len(whole) + 5):
                assert_same(back.sample(n, np.random.default_rng(n)), whole.sample(n, np.random.default_rng(n)))
            np.testing.assert_array_equal(back.states(9, np.random.default_rng(2)), whole.states(9, np.random.default_rng(2)))
            more = play_games(game, 2, seed=1, first=10_000 + 100 * part + 10 * again)
            back.add(more)
            whole.add(more)
            store.append(more)


def test_batch_does_not_depend_on_how_the_games_came(play_games) -> None:
    game = make("tic_tac_toe")
    parts = [play_games(game, 1, first=number) for number in range(400)]
    one_by_one, at_once = Replay(game, ReplayConfig(window=500)), Replay(game, ReplayConfig(window=500))
    for part in parts:
        one_by_one.add(part)
    at_once.add(GameRecords.concatenate(parts))
    assert_same(one_by_one.sample(100, np.random.default_rng(0)), at_once.sample(100, np.random.default_rng(0)))


def test_memory_stays_with_the_window(play_games) -> None:
    game = make("tic_tac_toe")
    replay = Replay(game, ReplayConfig(window=500, window_beta=0.0))
    records = play_games(game, 50)
    for _ in range(60):
        replay.add(records)
    assert len(replay) == 500
    assert replay._positions._capacity < 4 * (500 + records.positions)
    assert replay._entries._capacity < 4 * 9 * (500 + records.positions)


def test_restore_wants_a_full_window(play_games) -> None:
    game = make("tic_tac_toe")
    records = play_games(game, 10)
    with pytest.raises(ValueError, match="do not restore"):
        Replay(game, ReplayConfig(window=1000)).restore([records], records.positions + 1)
    used = Replay(game, ReplayConfig())
    used.add(records)
    with pytest.raises(ValueError, match="do not restore"):
        used.restore([records], records.positions)


def test_empty_replay_draws_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        Replay(make("tic_tac_toe"), ReplayConfig()).sample(1, np.random.default_rng(0))


def _with(records: GameRecords, name: str, index: int, value: float) -> GameRecords:
    column = getattr(records, name).copy()
    column[index] = value
    return replace(records, **{name: column})


@pytest.mark.parametrize(
    ("name", "index", "value", "what"),
    [
        ("action", 3, 6, "not legal"),
        ("action", 3, 99, "not legal"),
        ("action", 3, -1, "not legal"),
        ("mover", 2, 0, "another player"),
        ("reward", 2, 0.5, "rewards"),
        ("policy", 0, np.nan, "distribution"),
        ("policy_action", 0, 6, "distribution"),
    ],
)
def test_a_record_that_does_not_replay_is_named(name: str, index: int, value: float, what: str, play_games) -> None:
    game = make("connect_four", width=5, height=4, connect=3)
    good, bad = play_games(game, 3), play_games(game, 1, first=77)
    if name == "mover":
        value = 1 - bad.mover[index]
    replay = Replay(game, ReplayConfig())
    with pytest.raises(ValueError, match=f"game 77 .*{what}"):
        replay.add(GameRecords.concatenate([good, _with(bad, name, index, value)]))
    assert replay.total == 0
    assert replay.add(good) == good.positions


def test_a_cut_record_is_named(play_games) -> None:
    game = make("connect_four")
    record = play_games(game, 1, first=5)
    shorter = {
        name: column[:-1] if name not in ("number", "returns", "end", "length", "policy_action", "policy") else column
        for name, column in record.columns().items()
    }
    shorter["length"] = record.length - 1
    with pytest.raises(ValueError, match=r"game 5 .*last ply"):
        Replay(game, ReplayConfig()).add(GameRecords(**shorter))
    with pytest.raises(ValueError, match="actions"):
        Replay(game, ReplayConfig()).add(replace(record, length=record.length + 1))


# How games end on the board ------------------------------------------------------------------------------------------------------


def _cut_short(records: GameRecords) -> GameRecords:
    """A single game without its last ply, its outcome proven."""
    entries = int(records.policy_size[:-1].sum())
    per_ply = ("action", "mover", "reward", "simulations", "version", "root_value", "solved", "policy_size")
    columns = {name: column[:-1] if name in per_ply else column for name, column in records.columns().items()}
    columns |= {"policy_action": records.policy_action[:entries], "policy": records.policy[:entries]}
    columns |= {"length": records.length - 1, "end": np.array([End.SOLVED], np.uint8)}
    return GameRecords(**columns)


@pytest.mark.parametrize(("name", "options"), [("go", {"size": 4, "komi": 0.5, "history": 1}), ("othello", {"size": 6})])
def test_areas_are_those_of_the_end_as_the_mover_sees_them(name: str, options: dict[str, Any], play_games) -> None:
    """The planes show whose stones are whose: the slow way finds the image that the areas must be in."""
    game = make(name, **options)
    replay = Replay(game, ReplayConfig(root_value_weight=0.0), areas=True)
    games = [play_games(game, 1, first=number) for number in range(6)]
    for one in games:
        replay.add(one)
    positions = []  # (planes, areas as the mover sees them, unturned)
    for one in games:
        last = game.start().play(one.action.tolist())
        owner, score = game.ownership(last.row[None])[0], game.score(last.row[None])[0]
        position = game.start()
        for action in one.action.tolist():
            sign = 1 if position.to_play == 0 else -1
            own = np.where(owner < 0, 0, np.where(owner == position.to_play, 1, -1))
            positions.append((position.observation(), own, sign * score))
            position = position.after(action)
    symmetries = game.symmetries
    images: dict[bytes, set[bytes]] = {}
    for planes, own, score in positions:
        for k in range(len(symmetries)):
            seen = planes.reshape(len(planes), -1)[symmetries.planes[k]][:, symmetries.points[k]]
            answer = np.append(own.ravel()[symmetries.points[k]], score).astype(np.float32)
            images.setdefault(seen.astype(np.float32).tobytes(), set()).add(answer.tobytes())
    batch = replay.sample(len(replay), np.random.default_rng(1))
    assert batch.areas is not None and batch.areas.told.all()
    for planes, own, score in zip(batch.planes, batch.areas.ownership, batch.areas.score, strict=True):
        answer = np.append(own.ravel(), score).astype(np.float32)
        assert answer.tobytes() in images[planes.tobytes()]
    assert {own.dtype.name for own in (batch.areas.ownership, batch.areas.score)} == {"float32"}


def test_a_game_that_was_not_played_to_its_end_tells_no_areas(play_games) -> None:
    game = make("othello", size=6)
    replay = Replay(game, ReplayConfig(), areas=True)
    played, stopped = play_games(game, 1, first=3), _cut_short(play_games(game, 1, first=4))
    replay.add(played)
    replay.add(stopped)
    batch = replay.sample(len(replay), np.random.default_rng(0))
    assert batch.areas is not None
    assert batch.areas.told.sum() == played.positions and (~batch.areas.told).sum() == stopped.positions


def test_areas_come_back_from_the_store_and_leave_with_their_positions(play_games, tmp_path) -> None:
    game = make("othello", size=6)
    config = ReplayConfig(window=200, window_beta=0.0)
    whole, store = Replay(game, config, areas=True), GameStore(tmp_path, game)
    for part in range(12):
        records = play_games(game, 2, first=10 * part)
        whole.add(records)
        store.append(records)
        store.flush()
    back = Replay(game, config, areas=True)
    back.restore(GameStore(tmp_path, game).tail(store.cursor, back.window_size(store.cursor.positions)), store.cursor.positions)
    assert_same(back.sample(300, np.random.default_rng(0)), whole.sample(300, np.random.default_rng(0)))
    assert whole._endings.end - whole._endings.first < 12
