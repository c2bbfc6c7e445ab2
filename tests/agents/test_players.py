"""The players against positions with known answers, and minimax against a slow twin."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import pytest

from zerodojo.agents import Decision, Limit, Player, player
from zerodojo.agents.players import minimax
from zerodojo.agents.players.human import HumanPlayer
from zerodojo.agents.players.search_player import SearchPlayer
from zerodojo.envs import Game, Position, make
from zerodojo.errors import UserError
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import UniformEvaluator

BUILT_IN = ("random", "minimax:4", "mcts:200")


def connect_four(moves: str = "") -> Position:
    game = make("connect_four")
    return game.start().play([game.parse_action(column) for column in moves])


def slow_minimax(position: Position, depth: int) -> tuple[float, ...]:
    """The returns to come for every player, by plain recursion over Positions."""
    if position.terminal or depth == 0:
        return (0.0,) * position.game.spec.num_players
    best: tuple[float, ...] | None = None
    for action in position.legal_actions():
        after = position.after(action)
        gained = [b - a for a, b in zip(position.returns, after.returns, strict=True)]
        total = tuple(g + rest for g, rest in zip(gained, slow_minimax(after, depth - 1), strict=True))
        if best is None or total[position.to_play] > best[position.to_play]:
            best = total
    assert best is not None
    return best


def random_position(game: Game, plies: int, generator: np.random.Generator) -> Position:
    position = game.start()
    while len(position.history) < plies:
        after = position.after(int(generator.choice(position.legal_actions())))
        if after.terminal:
            return position
        position = after
    return position


def check_decision(decision: Decision, position: Position) -> None:
    """What every decision of every player keeps."""
    actions = position.game.spec.num_actions
    legal = np.isin(np.arange(actions), position.legal_actions())
    assert decision.action in position.legal_actions()
    assert decision.principal_variation[0] == decision.action
    position.play(decision.principal_variation)
    for array in (decision.policy, decision.prior):
        assert array.shape == (actions,) and array.dtype == np.float32
        assert np.all(array >= 0) and array.sum() == pytest.approx(1.0, abs=1e-5) and not array[~legal].any()
    assert decision.visits.shape == (actions,) and not decision.visits[~legal].any()
    assert np.isnan(decision.q[~legal]).all()
    assert np.isnan(decision.value) or -1 <= decision.value <= 1


@pytest.mark.parametrize("spec", BUILT_IN)
@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
def test_decisions_are_sound_everywhere(spec: str, name: str) -> None:
    game = make(name)
    generator = np.random.default_rng(1)
    positions = [random_position(game, int(generator.integers(0, game.spec.max_plies)), generator) for _ in range(20)]
    decisions = player(spec, game).decide_many(positions)
    for decision, position in zip(decisions, positions, strict=True):
        check_decision(decision, position)


@pytest.mark.parametrize("spec", BUILT_IN)
def test_decide_is_decide_many_of_one(spec: str) -> None:
    position = connect_four("4433")
    one = player(spec, position.game, seed=5).decide(position)
    (many,) = player(spec, position.game, seed=5).decide_many([position])
    assert one.action == many.action
    assert one.value == many.value or np.isnan(one.value)
    np.testing.assert_array_equal(one.visits, many.visits)
    np.testing.assert_array_equal(one.q, many.q)


@pytest.mark.parametrize("spec", ["minimax:1", "minimax:5", "mcts:200"])
def test_wins_in_one(spec: str) -> None:
    decision = player(spec, make("connect_four")).decide(connect_four("414141"))
    assert decision.action == 3 and decision.value == 1.0


@pytest.mark.parametrize("spec", ["minimax:2", "minimax:5", "mcts:200"])
def test_blocks_in_one(spec: str) -> None:
    assert player(spec, make("connect_four")).decide(connect_four("41414")).action == 3


@pytest.mark.parametrize("spec", ["minimax:4", "mcts:2000"])
def test_sees_the_open_three_coming(spec: str) -> None:
    """With two stones side by side and both sides free, the third makes two threats at once: the defender must cut in now."""
    decision = player(spec, make("connect_four"), seed=2).decide(connect_four("4433"))
    assert decision.action in (1, 4) and decision.value > 0.3  # 2 or 5 makes the open three, which wins
    defence = player(spec, make("connect_four"), seed=2).decide(connect_four("443"))
    assert defence.action in (1, 4)


def test_mcts_solves_tic_tac_toe_endings() -> None:
    """X b2, O a1, X c3 leaves O one point that does not lose by a fork: corners only."""
    game = make("tic_tac_toe")
    position = game.start().play([game.parse_action(name) for name in ("b2", "a1", "c3")])
    decision = player("mcts:3000", game).decide(position)
    assert game.action_name(decision.action) in ("c1", "a3")


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
def test_minimax_is_its_slow_twin(name: str) -> None:
    game = make(name)
    generator = np.random.default_rng(2)
    for depth in (1, 2, 3, 4):
        for _ in range(6):
            position = random_position(game, int(generator.integers(4, game.spec.max_plies)), generator)
            decision = player(f"minimax:{depth}", game).decide(position)
            assert decision.value == slow_minimax(position, depth)[position.to_play]
            for action in position.legal_actions():
                after = position.after(action)
                gain = after.returns[position.to_play] - position.returns[position.to_play]
                assert decision.q[action] == gain + slow_minimax(after, depth - 1)[position.to_play]


def test_minimax_sees_to_its_depth_and_no_further() -> None:
    position = connect_four("4433")  # 2 or 5, any answer, and a win: three plies
    assert player("minimax:2", position.game).decide(position).value == 0
    assert player("minimax:3", position.game).decide(position).value == 1


def test_minimax_breaks_ties_by_its_seed() -> None:
    start = connect_four()
    chosen = {player("minimax:2", start.game, seed=seed).decide(start).action for seed in range(40)}
    assert chosen == set(range(7))
    assert len({player("minimax:2", start.game, seed=3).decide(start).action for _ in range(5)}) == 1


def test_minimax_in_parts_is_minimax(monkeypatch: pytest.MonkeyPatch) -> None:
    positions = [connect_four("4433"), connect_four("1234567"), connect_four()]
    whole = [d.q for d in player("minimax:5", positions[0].game).decide_many(positions)]
    monkeypatch.setattr(minimax, "PART", 7)
    parts = [d.q for d in player("minimax:5", positions[0].game).decide_many(positions)]
    np.testing.assert_array_equal(whole, parts)


def test_minimax_knows_tic_tac_toe_is_a_draw() -> None:
    game = make("tic_tac_toe")
    decision = player("minimax:9", game).decide(game.start())
    assert decision.value == 0 and not decision.q.any()


def test_minimax_looks_no_further_than_the_longest_game() -> None:
    position = tic_tac_toe = make("tic_tac_toe").start()
    for action in (0, 4, 8):
        position = position.after(action)
    endless, whole = (player(f"minimax:{depth}", tic_tac_toe.game) for depth in (10**22, 9))
    np.testing.assert_array_equal(endless.decide(position).q, whole.decide(position).q)


def test_random_plays_every_legal_action_about_as_often() -> None:
    position = connect_four("444444")  # column 4 is full
    decisions = player("random", position.game, seed=1).decide_many([position] * 1200)
    counts = np.bincount([d.action for d in decisions], minlength=7)
    assert counts[3] == 0 and np.delete(counts, 3).min() > 140


@pytest.mark.parametrize("spec", ["random", "minimax:1", "mcts:40"])
def test_a_seed_for_a_game_makes_the_player_as_it_was_made(spec: str) -> None:
    def decisions(thinker: Player) -> list[Any]:
        made = [thinker.decide(connect_four(moves)) for moves in ("", "41", "4142")]
        return [(decision.action, decision.visits.tolist()) for decision in made]

    fresh = [decisions(player(spec, make("connect_four"), seed=seed)) for seed in range(4)]
    used = player(spec, make("connect_four"), seed=9)
    used.decide(connect_four("77"))
    for seed in (2, 0, 3, 1):
        used.new_game(seed)
        assert decisions(used) == fresh[seed]
    assert any(one != fresh[0] for one in fresh)


def test_a_limit_in_simulations_is_kept() -> None:
    start = connect_four()
    thinker = player("mcts:500", start.game)
    assert thinker.decide(start).visits.sum() == 500
    thinker.new_game()
    assert thinker.decide(start, Limit(simulations=64)).visits.sum() == 64
    assert all(d.visits.sum() == 32 for d in thinker.decide_many([start] * 3, Limit(simulations=32)))


def test_a_limit_in_seconds_ends_the_thinking() -> None:
    start = connect_four()
    thinker = player("mcts:1", start.game)
    thinker.decide(start)
    began = time.monotonic()
    decision = thinker.decide(start, Limit(seconds=0.1))
    assert time.monotonic() - began < 5
    assert decision.visits.sum() > 1
    check_decision(decision, start)


def test_with_seconds_alone_many_positions_share_the_memory() -> None:
    start = connect_four()
    assert len(player("mcts:1", start.game).decide_many([start] * 100, Limit(seconds=0.0))) == 100


def test_after_a_search_cut_short_another_one_is_whole() -> None:
    positions = [connect_four(moves) for moves in ("", "4", "44")]
    thinker = player("mcts:100", positions[0].game)
    thinker.decide_many(positions, Limit(simulations=100, seconds=0.0))
    assert thinker.decide(positions[0]).visits.sum() == 100


def test_the_tree_is_kept_along_a_game_and_only_there() -> None:
    start = connect_four()
    evaluator = Counting(start.game)
    thinker = SearchPlayer(start.game, evaluator, SearchConfig(rule="puct", simulations=400))
    first = thinker.decide(start)
    after = start.play(first.principal_variation[:2])
    evaluator.asked = 0
    second = thinker.decide(after)
    assert second.visits.sum() >= 400 and 0 < evaluator.asked < 400
    check_decision(second, after)
    evaluator.asked = 0
    thinker.decide(connect_four("1"))
    assert evaluator.asked >= 390
    thinker.new_game()
    evaluator.asked = 0
    thinker.decide(connect_four("1"))
    assert evaluator.asked >= 390


def test_more_positions_than_fit_side_by_side_are_taken_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerodojo.agents.players.search_player.SIDE_BY_SIDE", 4)
    decisions = player("mcts:50", make("connect_four")).decide_many([connect_four("414141")] * 10)
    assert [d.action for d in decisions] == [3] * 10


def test_several_leaves_of_one_game_find_the_same_win() -> None:
    position = connect_four("414141")
    thinker: Player = SearchPlayer(
        position.game, UniformEvaluator(position.game), SearchConfig(rule="puct", simulations=256), leaves=8
    )
    decision = thinker.decide(position)
    assert decision.action == 3 and decision.value == 1.0


def test_a_person_is_asked_until_the_move_is_legal() -> None:
    position = connect_four("444444")
    sink = io.StringIO()
    person = HumanPlayer(position.game, source=io.StringIO("x\n4\n 5 \n"), sink=sink)
    assert person.decide(position).action == 4
    assert "is no column" in sink.getvalue() and "4 is not legal here; legal: 1, 2, 3, 5, 6, 7" in sink.getvalue()
    with pytest.raises(UserError, match="the input ended"):
        person.decide(position)


class Counting(UniformEvaluator):
    """Knows nothing, and counts how often it is asked."""

    asked = 0

    def evaluate(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        self.asked += len(states)
        return super().evaluate(states)


def test_thinking_aloud_ends_with_what_would_be_decided() -> None:
    position = connect_four("4433")
    *_, last = player("mcts:300", position.game, seed=5).analyze(position, every=1000.0)
    decided = player("mcts:300", position.game, seed=5).decide(position)
    assert last.decision.action == decided.action and (last.decision.visits == decided.visits).all()
    assert set(last.lines) == set(np.flatnonzero(decided.visits).tolist())
    assert last.lines[decided.action] == decided.principal_variation
    for action, line in last.lines.items():
        assert line[0] == action
        position.play(line)


def test_thinking_aloud_goes_on_until_it_is_left() -> None:
    thinker, position = player("mcts:200", connect_four().game), connect_four("44")
    counts = []
    for analysis in thinker.analyze(position, Limit(seconds=float("inf")), every=0.02):
        check_decision(analysis.decision, position)
        counts.append(int(analysis.decision.visits.sum()))
        if len(counts) == 4:
            break
    assert counts == sorted(counts) and counts[-1] > 200
    assert thinker.decide(position).visits.sum() >= counts[-1]  # the tree is kept
    (alone,) = player("random", position.game).analyze(position, every=0.0)
    assert list(alone.lines) == [alone.decision.action]
