"""Self-play: a game is its number. Nothing else decides it, not the slots, nor the games beside it, nor their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from zerodojo.agents.alphazero.config import AlphaZeroConfig, SelfPlayConfig
from zerodojo.agents.alphazero.records import End, GameRecords
from zerodojo.agents.alphazero.replay import Replay
from zerodojo.agents.alphazero.self_play import SelfPlay, move_keys, opening, opening_states
from zerodojo.agents.alphazero.worker import SelfPlayWorker, Version, prepare_version
from zerodojo.agents.network_evaluator import NetworkEvaluator
from zerodojo.envs import Game, make
from zerodojo.models.config import NetworkConfig
from zerodojo.models.engines.prepare import prepare
from zerodojo.models.network import build, get_weights
from zerodojo.search.config import PUCTConfig, SearchConfig
from zerodojo.search.evaluator import Evaluator, UniformEvaluator

SEARCH = SearchConfig(simulations=8)
SEARCHES = {
    "gumbel": SEARCH,
    "puct": SearchConfig(rule="puct", simulations=8, puct=PUCTConfig(noise_fraction=0.25, temperature=1.0)),
}
SELF_PLAY = SelfPlayConfig(games=16, opening_plies=4)
TINY = NetworkConfig(channels=8, blocks=1, value_hidden=16)


def network_evaluator(game: Game, *, seed: int = 0) -> Evaluator:
    """A fresh network with more opinion than a fresh network has."""
    spec = game.spec
    network = build(TINY, planes=spec.num_planes, board=spec.board, actions=spec.num_actions, seed=seed).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.Linear):
                module.weight *= 5
    rows = np.zeros((0, spec.num_planes, *spec.board), np.float32)
    return NetworkEvaluator(game, prepare("torch-fp32", network, rows, batch=16).engine)


def play(
    game: Game,
    numbers: Sequence[int],
    evaluator: Evaluator,
    *,
    slots: int = 16,
    seed: int = 3,
    search: SearchConfig = SEARCH,
    play_out: float = 0.25,
) -> GameRecords:
    """Exactly these games, in order."""
    self_play = SelfPlay(game, search, replace(SELF_PLAY, games=slots, play_out=play_out), seed=seed)
    self_play.add(numbers)
    ended: list[GameRecords] = []
    while self_play.playing:
        ended += self_play.advance(evaluator, 7)
    assert len(ended) == len(numbers)
    return GameRecords.concatenate(ended).in_order()


def assert_same(one: GameRecords, other: GameRecords) -> None:
    for name, column in one.columns().items():
        np.testing.assert_array_equal(column, other.columns()[name], err_msg=name)


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("judge", [UniformEvaluator, network_evaluator])
def test_games_replay_and_are_what_they_say(name: str, rule: str, judge) -> None:  # type: ignore[no-untyped-def]
    game = make(name)
    records = play(game, range(40), judge(game), search=SEARCHES[rule])
    assert records.number.tolist() == list(range(40))
    replay = Replay(game, AlphaZeroConfig().replay)
    assert replay.add(records) == records.positions > 0  # replays every game through the rules

    searched = records.simulations > 0
    assert (records.version == np.where(searched, 7, -1)).all()
    assert (records.root_value[~searched] == 0).all() and (np.abs(records.root_value) <= 1).all()
    assert (records.simulations[searched] <= 8).all()
    starts = np.cumsum(records.length) - records.length
    for i, start in enumerate(starts):
        plies = searched[start : start + records.length[i]]
        assert plies[-1] and (np.diff(plies.astype(int)) >= 0).all()  # an opening, and then searches to the end
        last = start + records.length[i] - 1
        returns = records.reward[start : last + 1].sum(0)
        if records.end[i] == End.SOLVED:  # the last search proved what it must come to
            assert records.solved[last] and not returns.any()
            returns = np.where(np.arange(2) == records.mover[last], 1, -1) * records.root_value[last]
        np.testing.assert_array_equal(records.returns[i], returns)
    sums = np.add.reduceat(records.policy.astype(np.float64), (np.cumsum(records.policy_size) - records.policy_size)[searched])
    np.testing.assert_allclose(sums, 1, atol=5e-3)  # half precision
    assert (records.policy >= 0).all()


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
@pytest.mark.parametrize("judge", [UniformEvaluator, network_evaluator])
def test_a_game_depends_on_its_number_alone(name: str, judge) -> None:  # type: ignore[no-untyped-def]
    """Bit for bit: any number of slots, any company, any order."""
    game = make(name)
    evaluator = judge(game)
    expected = play(game, range(24), evaluator)
    for slots in (1, 3, 24, 100):
        assert_same(play(game, range(24), evaluator, slots=slots), expected)
    assert_same(play(game, list(range(23, -1, -1)), evaluator, slots=5), expected)
    alone = GameRecords.concatenate([play(game, [number], evaluator, slots=2) for number in range(24)])
    assert_same(alone, expected)
    among_others = play(game, range(60), evaluator, slots=7)
    plies, entries = expected.length.sum(), expected.policy_size.sum()
    np.testing.assert_array_equal(among_others.action[:plies], expected.action)
    np.testing.assert_array_equal(among_others.policy[:entries], expected.policy)


def test_seed_number_and_weights_each_make_another_game() -> None:
    game = make("connect_four")
    evaluator = network_evaluator(game)
    games = [
        play(game, [5], evaluator),
        play(game, [6], evaluator),
        play(game, [5], evaluator, seed=4),
        play(game, [5], network_evaluator(game, seed=1)),
    ]
    policies = [one.policy.tobytes() + one.action.tobytes() for one in games]
    assert len(set(policies)) == 4


def test_games_are_added_while_others_go_on() -> None:
    game = make("tic_tac_toe")
    evaluator = UniformEvaluator(game)
    self_play = SelfPlay(game, SEARCH, replace(SELF_PLAY, games=4), seed=3)
    assert self_play.playing == 0
    self_play.add(range(3))
    assert self_play.playing == 3
    ended: list[GameRecords] = []
    while len(ended) < 20:
        ended += self_play.advance(evaluator, 7)
        if self_play.playing < 3:
            self_play.add(range(next_number := 3 + (len(ended) + self_play.playing - 3), next_number + 2))
    played = GameRecords.concatenate(ended).in_order()
    expected = play(game, played.number.tolist(), evaluator)
    assert_same(played, expected)


def test_openings_are_keyed_and_never_over() -> None:
    for name in ("tic_tac_toe", "connect_four"):
        game = make(name)
        config = SelfPlayConfig(opening_fraction=0.6, opening_plies=12)
        lines = [opening(game, config, np.random.default_rng((1, number))).action for number in range(400)]
        assert lines == [opening(game, config, np.random.default_rng((1, number))).action for number in range(400)]
        share = np.mean([bool(line) for line in lines])
        assert 0.5 < share < 0.7
        for line in lines:
            position = game.start()
            for action in line:
                position = position.after(action)
            assert not position.terminal and len(line) <= 12
        assert len({tuple(line) for line in lines if len(line) > 3}) > 100
        states = opening_states(game, config, 50, np.random.default_rng(0))
        assert not game.terminal(states).any()


@pytest.mark.parametrize(("fraction", "plies"), [(0.0, 5), (1.0, 5), (1.0, 0), (1.0, 50)])
def test_openings_at_their_bounds(fraction: float, plies: int) -> None:
    game = make("tic_tac_toe")
    config = SelfPlayConfig(opening_fraction=fraction, opening_plies=plies)
    lengths = [len(opening(game, config, np.random.default_rng(seed)).action) for seed in range(200)]
    assert max(lengths) == (0 if not fraction or not plies else 5 if plies == 5 else 8)
    assert not fraction or not plies or min(lengths) >= 1


def test_games_as_long_as_the_rules_allow() -> None:
    """A small board, played out: some games fill it."""
    game = make("connect_four", width=3, height=3, connect=3)
    records = play(game, range(200), UniformEvaluator(game), play_out=1.0)
    assert records.length.max() == game.spec.max_plies == 9
    assert (records.end == End.RULES).all()
    assert Replay(game, AlphaZeroConfig().replay).add(records) == records.positions


@pytest.mark.parametrize("play_out", [0.0, 0.25, 1.0])
def test_a_share_of_the_games_is_played_out(play_out: float) -> None:
    """The others end as soon as a search has proven their outcome; a game that goes on is the same up to there."""
    game = make("tic_tac_toe")
    evaluator = UniformEvaluator(game)
    records = play(game, range(200), evaluator, play_out=play_out)
    searches = np.cumsum(records.length) - 1
    last_before = np.array(
        [records.solved[end - length + 1 : end].any() for end, length in zip(searches, records.length, strict=True)]
    )
    assert not (last_before & (records.end == End.SOLVED)).any()
    proven = (records.end == End.SOLVED).mean()
    assert proven == 0 if play_out == 1 else proven > 0.1 * (1 - play_out)
    full = play(game, range(200), evaluator, play_out=1.0)
    starts = np.cumsum(full.length) - full.length
    for i, length in enumerate(records.length):
        begin = searches[i] - length + 1
        np.testing.assert_array_equal(records.action[begin : begin + length], full.action[starts[i] : starts[i] + length])
        assert (records.returns[i] == full.returns[i]).all() or records.end[i] == End.SOLVED


def test_keys_are_all_different() -> None:
    numbers, plies = np.meshgrid(np.arange(2000), np.arange(40))
    keys = [move_keys(np.uint64(seed), numbers.ravel(), plies.ravel().astype(np.int32)) for seed in (0, 1)]
    assert len(np.unique(np.concatenate(keys))) == 2 * 2000 * 40


# The worker ------------------------------------------------------------------------------------------------------------------


def worker_config() -> AlphaZeroConfig:
    config = AlphaZeroConfig(game="tic_tac_toe", network=TINY, search=SEARCH)
    return replace(config, self_play=replace(SELF_PLAY, engine="torch-fp32", first_generation=0))


def version(config: AlphaZeroConfig, step: int) -> Version:
    game = make(config.game)
    network = build(TINY, planes=game.spec.num_planes, board=game.spec.board, actions=game.spec.num_actions, seed=step)
    states = opening_states(game, config.self_play, 32, np.random.default_rng(0))
    states.setflags(write=False)  # as Ray hands them over
    return Version(step=step, weights=get_weights(network), states=states)


def test_a_worker_stamps_the_version_that_judged_and_takes_newer_ones_as_it_plays() -> None:
    config = worker_config()
    worker = SelfPlayWorker(config)
    first = worker.play(range(16), finish=10, newer=lambda step: None)
    assert first.engine == "uniform" and set(first.records.version.tolist()) <= {-1, 0}
    assert len(first.records) >= 10 and first.evaluations > 0 and first.batches > 0 and first.seconds > 0

    published = version(config, 5)
    asked: list[int] = []

    def newer(step: int) -> Version | None:
        asked.append(step)
        return published if step < 5 else None

    worker.refresh(newer)
    second = worker.play(range(16, 32), finish=16, newer=newer)
    assert second.engine == "torch-fp32" and asked[0] == 0 and set(asked[1:]) <= {5}
    assert any("torch-fp32" in note for note in second.notes) and not worker.play([40], finish=1, newer=newer).notes
    assert 5 in second.records.version and set(second.records.version.tolist()) <= {-1, 0, 5}


def test_a_worker_that_was_told_of_nothing_newer_soon_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the last version took to prepare: only what it finds is rationed, not looking for it."""
    config = worker_config()
    worker = SelfPlayWorker(config)
    worker.use(version(config, 1))
    clock = [100.0]

    def tick() -> float:
        clock[0] += 0.02
        return clock[0]

    monkeypatch.setattr("zerodojo.agents.alphazero.worker.time.perf_counter", tick)
    worker._cost, worker._ask_at = 30.0, 0.0
    asked: list[float] = []
    worker.play(range(64), finish=64, newer=lambda step: asked.append(clock[0]))
    assert len(asked) > 10 and max(np.diff(asked)) < 0.3


def test_a_machine_that_was_busy_meanwhile_does_not_put_off_the_next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a preparation costs is the time of its processor, not that of the clock."""
    config = worker_config()
    worker = SelfPlayWorker(config)
    worker.use(version(config, 1))
    clock = [100.0]

    def tick() -> float:
        clock[0] += 0.02
        return clock[0]

    def held_up(*given: Any, **named: Any) -> Any:
        clock[0] += 1_000.0
        return prepare_version(*given, **named)

    monkeypatch.setattr("zerodojo.agents.alphazero.worker.time.perf_counter", tick)
    monkeypatch.setattr("zerodojo.agents.alphazero.worker.prepare_version", held_up)
    played = worker.play(range(64), finish=64, newer=lambda step: version(config, step + 1))
    assert worker._step > 2
    assert played.preparing > 2_000.0
