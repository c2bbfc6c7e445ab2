"""What a search promises whatever the position: independence, rounds, virtual loss, refusals, and a tree that is kept."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from zerodojo import machine
from zerodojo.envs import Game, make
from zerodojo.envs.game import States
from zerodojo.errors import UserError
from zerodojo.search.config import PUCTConfig, SearchConfig
from zerodojo.search.evaluator import Evaluator, UniformEvaluator
from zerodojo.search.search import Search, SearchResult, run
from zerodojo.search.tree import UNKNOWN, allocate

from .games import HashEvaluator, TableGame, random_positions, think

RULES = {
    "gumbel": SearchConfig(rule="gumbel", simulations=48),
    "puct": SearchConfig(rule="puct", simulations=48, puct=PUCTConfig(noise_fraction=0.25, temperature=1.0)),
}
each_rule = pytest.mark.parametrize("config", RULES.values(), ids=list(RULES))
GAME = make("connect_four", width=6, height=5)
STATES = random_positions(GAME, 40, seed=7, most=22)


def assert_equal(one: SearchResult, other: SearchResult) -> None:
    """Bit by bit."""
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def rows_of(result: SearchResult, rows: object) -> SearchResult:
    return SearchResult(*(part[rows] for part in result))


# Independence ----------------------------------------------------------------------------------------------------------------


@each_rule
@pytest.mark.parametrize("leaves", [1, 4])
def test_neighbours_and_slots_change_nothing(config: SearchConfig, leaves: int) -> None:
    evaluator = HashEvaluator(GAME)
    together = think(GAME, config, evaluator, STATES, leaves=leaves)
    for i in (0, 7, 39):
        alone = think(GAME, config, evaluator, STATES[i : i + 1], [i], leaves=leaves)
        assert_equal(alone, rows_of(together, slice(i, i + 1)))
    backwards = think(GAME, config, evaluator, STATES[::-1], np.arange(40)[::-1], leaves=leaves)
    assert_equal(rows_of(backwards, slice(None, None, -1)), together)


@each_rule
@pytest.mark.parametrize("leaves", [1, 4])
def test_games_out_of_step_find_the_same(config: SearchConfig, leaves: int) -> None:
    evaluator = HashEvaluator(GAME)
    together = think(GAME, config, evaluator, STATES, leaves=leaves)
    search = Search(GAME, config, games=5, leaves=leaves)
    held = np.full(5, -1)
    queue, done = list(range(40)), {}
    for clock in range(10_000):
        free = np.flatnonzero(held < 0)[: 1 + clock % 2]
        if clock % 3 == 0 and len(free) and queue:
            games = np.array([queue.pop(0) for _ in free[: len(queue)]])
            free = free[: len(games)]
            held[free] = games
            search.begin(free, STATES[games], games.astype(np.uint64))
        search.update(*evaluator.evaluate(search.select()))
        rows = search.finished()
        for row in rows:
            done[int(held[row])] = search.result(np.array([row]))
        search.release(rows)
        held[rows] = -1
        if len(done) == 40:
            break
    assert not search.active()
    for i in range(40):
        assert_equal(done[i], rows_of(together, slice(i, i + 1)))


@each_rule
@pytest.mark.parametrize("leaves", [1, 4])
def test_a_round_called_off_leaves_no_trace(config: SearchConfig, leaves: int) -> None:
    evaluator = UniformEvaluator(GAME)
    undisturbed = think(GAME, config, evaluator, STATES[:8], leaves=leaves)
    search = Search(GAME, config, games=9, leaves=leaves)
    search.begin(np.arange(8), STATES[:8], np.arange(8, dtype=np.uint64))
    while search.active():
        search.select()
        search.begin(np.array([8]), STATES[8:9], np.zeros(1, np.uint64))
        search.select()
        search.release(np.array([8]))
        search.update(*evaluator.evaluate(search.select()))
    assert_no_virtual_visits(search)
    if leaves == 1:  # with more, simulations that met known ends before the call-off have moved the virtual losses
        assert_equal(search.result(np.arange(8)), undisturbed)


class Hurried(HashEvaluator):
    """Answers so many of the states it is asked about, and leaves the others for later."""

    def __init__(self, game: Game, most: int) -> None:
        super().__init__(game)
        self._most = most

    def evaluate(self, states: States) -> tuple[np.ndarray, np.ndarray]:
        return super().evaluate(states[: self._most])


@each_rule
@pytest.mark.parametrize("most", [1, 7, 39])
def test_leaves_that_are_not_answered_at_once_are_asked_for_again(config: SearchConfig, most: int) -> None:
    at_once = think(GAME, config, HashEvaluator(GAME), STATES)
    assert_equal(think(GAME, config, Hurried(GAME, most), STATES), at_once)
    search = Search(GAME, config, games=8, leaves=4)
    search.begin(np.arange(8), STATES[:8], np.arange(8, dtype=np.uint64))
    run(search, Hurried(GAME, most))
    assert_no_virtual_visits(search)


@each_rule
def test_no_game_waits_longer_than_the_others(config: SearchConfig) -> None:
    search, evaluator = Search(GAME, replace(config, simulations=1_000), games=10), Hurried(GAME, 3)
    search.begin(np.arange(10), GAME.new_states(10), np.arange(10, dtype=np.uint64))
    for _ in range(60):
        search.update(*evaluator.evaluate(search.select()))
    assert (search._tree.node_count == 18).all()  # of 180 answers


@pytest.mark.parametrize("count", [0, 41])
def test_no_answers_or_too_many_are_refused(count: int) -> None:
    search = Search(GAME, SearchConfig(simulations=8), games=40)
    search.begin(np.arange(40), STATES, np.arange(40, dtype=np.uint64))
    assert len(search.select()) == 40
    with pytest.raises(ValueError, match=f"{count} answers to 40 leaves"):
        search.update(np.zeros((count, GAME.spec.num_actions), np.float32), np.zeros(count, np.float32))


# Virtual loss ----------------------------------------------------------------------------------------------------------------


def assert_no_virtual_visits(search: Search) -> None:
    for b in range(len(search._tree.edge_count)):
        first = b * (search.config.simulations + 1) * GAME.spec.max_legal
        edges = search._tree.edges[first : first + search._tree.edge_count[b]]
        assert not edges["virtual"].any()
        assert (edges["child"] >= -1).all()
    assert not search._slots.pending.any()


@each_rule
@pytest.mark.parametrize("leaves", [2, 8, 64])
@pytest.mark.parametrize("solve", [True, False])
def test_many_leaves_of_a_game_spend_the_whole_budget(config: SearchConfig, leaves: int, solve: bool) -> None:
    evaluator = HashEvaluator(GAME)
    config = replace(config, simulations=100, solve=solve)
    search = Search(GAME, config, games=40, leaves=leaves)
    rows = np.arange(40)
    search.begin(rows, STATES, rows.astype(np.uint64))
    rounds = 0
    while search.active():
        states = search.select()
        assert len(states) <= 40 * leaves
        search.update(*evaluator.evaluate(states))
        rounds += 1
    assert_no_virtual_visits(search)
    spent, proven = search.simulations(rows), search._tree.nodes["exact"][rows * 101] != UNKNOWN
    assert ((spent == 100) | proven).all()
    assert (spent <= 100).all()
    np.testing.assert_array_equal(search.result(rows).visits.sum(axis=1), spent)
    assert rounds < 100


# A kept tree -----------------------------------------------------------------------------------------------------------------


def test_advance_keeps_exactly_the_subtree() -> None:
    evaluator = HashEvaluator(GAME)
    config = replace(RULES["puct"], simulations=200, solve=False)
    for state in STATES[:10]:
        search = Search(GAME, config, games=1, leaves=3)
        search.begin(np.arange(1), state[None], np.zeros(1, np.uint64))
        run(search, evaluator)
        for action in np.flatnonzero(search.result(np.arange(1)).visits[0] > 1):
            copy = Search(GAME, config, games=1, leaves=3)
            copy.begin(np.arange(1), state[None], np.zeros(1, np.uint64))
            run(copy, evaluator)
            tree = copy._tree
            root_edge = next(e for e in range(GAME.spec.max_legal) if tree.edges[e]["action"] == action)
            child = tree.edges[root_edge]["child"]
            if child < 0:
                continue
            before = subtree(copy, child)
            copy.advance(np.arange(1), np.array([action]))
            assert subtree(copy, 0) == before


def subtree(search: Search, node: int) -> tuple[object, ...]:
    """Everything below a node, as nested tuples."""
    tree = search._tree
    here = tree.nodes[node]
    edges = tree.edges[here["first_edge"] : here["first_edge"] + here["num_edges"]]
    below = []
    for edge in edges:
        child = int(edge["child"])
        if child >= 0:
            index = here["first_edge"] + list(edges["action"]).index(edge["action"])
            assert tree.nodes[child]["parent"] == node
            assert tree.nodes[child]["parent_edge"] == index
        numbers = tuple(edge[name].item() for name in tree.edges.dtype.names if name != "child")
        below.append((numbers, subtree(search, child) if child >= 0 else None))
    return (
        tree.states[node].tobytes(),
        *(here[name].item() for name in ("value", "exact", "visits", "reward", "to_play")),
        tuple(below),
    )


def test_a_kept_tree_counts_towards_the_budget() -> None:
    evaluator = HashEvaluator(GAME)
    config = replace(RULES["puct"], simulations=100, solve=False)
    search = Search(GAME, config, games=1)
    rows, keys = np.arange(1), np.zeros(1, np.uint64)
    search.begin(rows, GAME.new_states(1), keys, simulations=40)
    run(search, evaluator)
    asked = evaluator.asked
    search.begin(rows, GAME.new_states(1), keys, keep=True)
    run(search, evaluator)
    assert evaluator.asked - asked <= 60
    assert_equal(search.result(rows), think(GAME, config, evaluator, GAME.new_states(1)))
    search.begin(rows, GAME.new_states(1), keys, keep=True)
    assert not search.active()
    search.begin(rows, STATES[:1], keys, keep=True)  # another position: nothing to keep
    run(search, evaluator)
    assert_equal(search.result(rows), think(GAME, config, evaluator, STATES[:1]))


def test_gumbel_starts_anew() -> None:
    evaluator = HashEvaluator(GAME)
    search = Search(GAME, RULES["gumbel"], games=1)
    rows, keys = np.arange(1), np.zeros(1, np.uint64)
    search.begin(rows, GAME.new_states(1), keys)
    run(search, evaluator)
    action = search.result(rows).action
    search.advance(rows, action)
    after = GAME.new_states(1)
    GAME.step(after, action)
    search.begin(rows, after, keys, keep=True)
    run(search, evaluator)
    assert_equal(search.result(rows), think(GAME, RULES["gumbel"], evaluator, after))


def test_advancing_where_nothing_is_known_empties_the_slot() -> None:
    search = Search(GAME, RULES["puct"], games=1)
    search.advance(np.arange(1), np.array([3]))
    search.begin(np.arange(1), GAME.new_states(1), np.zeros(1, np.uint64), simulations=1)
    run(search, UniformEvaluator(GAME))
    tried = search.result(np.arange(1)).visits[0]
    search.advance(np.arange(1), np.array([np.argmin(tried)]))
    with pytest.raises(ValueError, match="no result"):
        search.result(np.arange(1))


# Reading ---------------------------------------------------------------------------------------------------------------------


@each_rule
def test_a_search_can_be_read_after_every_round(config: SearchConfig) -> None:
    evaluator = HashEvaluator(GAME)
    search = Search(GAME, config, games=4)
    rows = np.arange(4)
    search.begin(rows, STATES[:4], rows.astype(np.uint64))
    with pytest.raises(ValueError, match="no result"):
        search.result(rows)
    assert search.principal_variation(0, 0) == ()
    while search.active():
        search.update(*evaluator.evaluate(search.select()))
        result = search.result(rows)
        np.testing.assert_allclose(result.policy.sum(axis=1), 1.0, atol=1e-5)
        np.testing.assert_array_equal(result.visits.sum(axis=1), search.simulations(rows))
        legal = GAME.legal_mask(STATES[:4])
        assert not result.policy[~legal].any()
        assert legal[rows, result.action].all()
        assert (np.abs(result.value) <= 1.0).all()
        assert np.isnan(result.q[~legal]).all()


@each_rule
def test_the_principal_variation_can_be_played(config: SearchConfig) -> None:
    game = make("connect_four")
    position = game.start().play([2, 2, 3, 0])
    search = Search(game, replace(config, simulations=2000), games=1)
    search.begin(np.arange(1), position.row[None], np.zeros(1, np.uint64))
    run(search, UniformEvaluator(game))
    result = search.result(np.arange(1))
    line = search.principal_variation(0, int(result.action[0]))
    assert line[0] == result.action[0]
    end = position.play(line)
    assert result.value[0] == 1.0
    assert end.terminal and end.returns[position.to_play] == 1.0
    assert search.principal_variation(0, int(result.action[0]), longest=2) == line[:2]


# Refusals --------------------------------------------------------------------------------------------------------------------


class Broken:
    """Answers as another evaluator does, but with one number replaced."""

    def __init__(self, evaluator: Evaluator, value: float, logit: float) -> None:
        self.evaluator, self.value, self.logit = evaluator, value, logit

    def evaluate(self, states: States) -> tuple[np.ndarray, np.ndarray]:
        logits, values = (part.copy() for part in self.evaluator.evaluate(states))
        if len(states):
            values[-1] += self.value
            logits[-1] += self.logit
        return logits, values


@each_rule
@pytest.mark.parametrize(("value", "logit"), [(np.nan, 0.0), (np.inf, 0.0), (0.0, np.nan), (0.0, np.inf), (0.0, -np.inf)])
def test_answers_that_are_not_finite_are_refused_and_change_nothing(config: SearchConfig, value: float, logit: float) -> None:
    evaluator = HashEvaluator(GAME)
    broken = Broken(evaluator, value, logit)
    search = Search(GAME, config, games=4)
    rows = np.arange(4)
    search.begin(rows, STATES[:4], rows.astype(np.uint64))
    while search.active():
        states = search.select()
        if len(states):
            with pytest.raises(ValueError, match="not finite"):
                search.update(*broken.evaluate(states))
        search.update(*evaluator.evaluate(states))
    assert_equal(search.result(rows), think(GAME, config, evaluator, STATES[:4]))


def test_what_cannot_be_searched_is_refused() -> None:
    search = Search(GAME, RULES["puct"], games=1)
    rows, keys = np.arange(1), np.zeros(1, np.uint64)
    over = make("connect_four", width=6, height=5).start().play([0, 1, 0, 1, 0, 1, 0]).row[None]
    with pytest.raises(ValueError, match="over"):
        search.begin(rows, over, keys)
    with pytest.raises(ValueError, match="48"):
        search.begin(rows, GAME.new_states(1), keys, simulations=49)
    with pytest.raises(ValueError, match="3 players"):
        Search(TableGame([{0: (1, 0.0)}, {}], [0, 0], players=3), RULES["puct"], games=1)
    assert not search.active()


def test_what_memory_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, with nothing allocated: by the bytes of the arrays, and by the edges that an int32 counts."""
    tree = allocate(GAME.spec, slots=3, simulations=7)
    needed = tree.nodes.nbytes + tree.edges.nbytes + tree.states.nbytes
    monkeypatch.setattr(machine, "available_memory", lambda: needed)
    allocate(GAME.spec, slots=3, simulations=7)
    config = replace(RULES["puct"], simulations=8)
    with pytest.raises(UserError, match=r"a search of 8 simulations may need .* take fewer .*, or fewer games at once than 3$"):
        Search(GAME, config, games=3)
    with pytest.raises(UserError, match=r"of 1,000,000,000 simulations may need [0-9.]+ GB of memory, more than there is; take"):
        Search(GAME, replace(config, simulations=10**9), games=1)
    monkeypatch.setattr(machine, "available_memory", lambda: math.inf)
    with pytest.raises(UserError, match=r"may have [0-9,]+ edges, more than it can count; take fewer simulations$"):
        Search(GAME, replace(config, simulations=10**9), games=1)


def test_no_searches_at_all_are_no_trouble() -> None:
    search = Search(GAME, RULES["gumbel"], games=2)
    none = np.zeros(0, np.int64)
    search.begin(none, GAME.new_states(0), none.astype(np.uint64))
    assert not search.active()
    assert len(search.select()) == 0
    search.update(*UniformEvaluator(GAME).evaluate(search.select()))
    assert len(search.result(none).action) == 0
