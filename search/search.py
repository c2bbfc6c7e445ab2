"""Monte-Carlo tree search over any game, with any evaluator, for many games side by side. Called by self-play and by players.

A round is: `select` walks every tree from its root to a leaf; the rules play the leaf's action; `evaluate` judges the leaves
of all games in one batch; `update` hangs them into the trees and backs their values up. Games need not be in step: each slot
begins and finishes by itself, so the batch stays full. What a search finds does not depend on its slot or its neighbours.

    search = Search(game, config, games=256)
    search.begin(rows, states, keys)
    while search.active():
        search.update(*evaluator.evaluate(search.select()))
    result = search.result(search.finished())
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..envs import Game
from ..envs.game import States
from . import descent, readout, tree
from .config import SearchConfig
from .evaluator import Evaluator, Floats
from .gumbel import Gumbel
from .puct import PUCT
from .readout import SearchResult


class Search:
    """Searches in `games` slots, each of at most `config.simulations` simulations, `leaves` of a game per round.

    `begin`, `advance`, `release` and `select` may come at any time; between `select` and `update` they call the round off, and
    its leaves are selected again. Raises ValueError for a game of more than two players, UserError for more simulations in as
    many slots than memory holds.

    Letters: `R` slots named in a call, `N` leaves of a round, `A` actions, `S` numbers in a state row.
    """

    def __init__(self, game: Game, config: SearchConfig, *, games: int, leaves: int = 1) -> None:
        spec = game.spec
        if spec.num_players > 2:
            raise ValueError(f"{spec.name} has {spec.num_players} players; a search is for one or two")
        self.game = game
        self.config = config
        self._leaves_each = leaves
        self._rule = _rule(config)
        self._tree = tree.allocate(spec, slots=games, simulations=config.simulations)
        self._slots = descent.Slots(
            phase=np.zeros(games, np.int8),
            budget=np.zeros(games, np.int32),
            spent=np.zeros(games, np.int32),
            pending=np.zeros(games, np.int32),
            key=np.zeros(games, np.uint64),
            noise=np.zeros((games, spec.max_legal), np.float32),
            schedule=np.zeros((games, max(config.simulations, 1)), np.int32),
            q=np.zeros(spec.max_legal, np.float32),
            policy=np.zeros(spec.max_legal, np.float32),
        )
        most = games * leaves
        self._leaves = descent.Leaves(
            slot=np.zeros(most, np.int32),
            node=np.zeros(most, np.int32),
            edge=np.zeros(most, np.int32),
            action=np.zeros(most, np.int32),
            reward=np.zeros(most, np.float32),
            state=np.zeros((most, spec.state_size), spec.state_dtype),
        )
        self._waiting = 0
        self._first = 0  # the slot that selection begins with

    def begin(
        self,
        rows: NDArray[np.integer[Any]],
        states: States,
        keys: NDArray[np.uint64],
        *,
        simulations: int | None = None,
        keep: bool = False,
    ) -> None:
        """Starts searches of states [R, S] in slots rows [R]; `keys` [R] are the sources of the roots' noise.

        `simulations` is at most, and by default, the configured number; with 0 the evaluator's own judgement is the result. With
        `keep`, a slot whose tree stands at the same state goes on with it, and the visits it has count. Only PUCT can go on: a
        Gumbel search plans its whole budget from the first visit, and starts anew. Raises ValueError for a terminal state.
        """
        budget = self.config.simulations if simulations is None else simulations
        if not 0 <= budget <= self.config.simulations:
            raise ValueError(f"a search of {budget} simulations does not fit: this one was made for {self.config.simulations}")
        if self.game.terminal(states).any():
            raise ValueError("the game is over; there is nothing to search")
        self._call_off()
        tree, slots = self._tree, self._slots
        roots = rows * tree.nodes_each
        slots.budget[rows] = budget
        slots.key[rows] = keys
        slots.spent[rows] = 0
        if keep and not self._rule.use_gumbel:
            kept = (tree.node_count[rows] > 0) & (tree.states[roots] == states).all(axis=1)
            slots.spent[rows[kept]] = tree.nodes["visits"][roots[kept]]
            for b in rows[kept]:
                descent.prepare_root(tree, slots, self._rule, b)
            rows, roots, states = rows[~kept], roots[~kept], states[~kept]
        slots.phase[rows] = descent.ROOT
        tree.node_count[rows] = 0
        tree.edge_count[rows] = 0
        tree.states[roots] = states

    def select(self) -> States:
        """The leaves of this round that await an evaluation, [N, S]; none when all met known ends. Always followed by `update`."""
        self._call_off()
        leaves, each = self._leaves, self._leaves_each
        roots, count = descent.select(self._tree, self._slots, self._rule, self._first, each, leaves)
        if count > roots:
            step = self.game.step(leaves.state[roots:count], leaves.action[roots:count])
            count = descent.settle(self._tree, self._slots, self._rule, each, leaves, roots, step.rewards, step.terminal, count)
        self._waiting = count
        return leaves.state[:count]

    def update(self, logits: Floats, values: Floats) -> None:
        """What the evaluator said of the first M leaves of `select`: logits [M, A], values [M] for the player to move there.

        The other leaves are called off, and their slots come first in the next round. A logit of -inf is a move it would never
        play. Raises ValueError, with nothing changed, for others that are not finite, and for no answers or more than leaves.
        """
        count = len(values)
        if count > self._waiting or (count == 0 and self._waiting):
            raise ValueError(f"{count} answers to {self._waiting} leaves")
        if count:
            states = self._leaves.state[:count]
            to_play, legal = self.game.to_play(states), self.game.legal_mask(states)
            bad = descent.first_unusable(legal, logits, values)
            if bad >= 0:
                raise ValueError(f"the evaluator's answer is not finite: value {values[bad]}, logits {logits[bad]}")
            descent.expand(
                self._tree, self._slots, self._rule, self._leaves_each, self._leaves, count, to_play, legal, logits, values
            )
        if count < self._waiting:
            self._first = int(self._leaves.slot[count])
        self._call_off(count)

    def finished(self) -> NDArray[np.int64]:
        """The slots whose search is done, [R], ascending, until they begin anew or are released."""
        return np.flatnonzero(self._slots.phase == descent.DONE)

    def active(self) -> bool:
        """Whether a search is still under way."""
        return bool((self._slots.phase >= descent.ROOT).any())

    def release(self, rows: NDArray[np.integer[Any]]) -> None:
        """These slots are not needed for now; what they found stays until they begin anew."""
        self._call_off()
        self._slots.phase[rows] = descent.IDLE

    def simulations(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Simulations spent in these slots so far, [R]."""
        return self._slots.spent[rows]

    def result(self, rows: NDArray[np.integer[Any]]) -> SearchResult:
        """What the searches in these slots have found so far; their roots must have been evaluated."""
        if not (self._tree.node_count[rows] > 0).all():
            raise ValueError("a search has no result before its first round")
        n, a = len(rows), self.game.spec.num_actions
        result = SearchResult(
            policy=np.zeros((n, a), np.float32),
            value=np.zeros(n, np.float32),
            visits=np.zeros((n, a), np.int32),
            q=np.full((n, a), np.nan, np.float32),
            prior=np.zeros((n, a), np.float32),
            action=np.zeros(n, np.int32),
            solved=np.zeros(n, np.bool_),
        )
        readout.read(self._tree, self._slots, self._rule, self.config.puct.temperature, np.asarray(rows, np.int64), result)
        return result

    def principal_variation(self, row: int, action: int, *, longest: int = 12) -> tuple[int, ...]:
        """The line a search expects after one of its root's actions, that action first."""
        out = np.zeros(longest, np.int32)
        length = readout.walk_variation(self._tree, row, action, out)
        return tuple(int(a) for a in out[:length])

    def advance(self, rows: NDArray[np.integer[Any]], actions: NDArray[np.integer[Any]]) -> None:
        """The actions [R] were played: keeps the subtrees below them for `begin(..., keep=True)`, where there are any."""
        self._call_off()
        order = np.empty(self._tree.nodes_each, np.int32)
        moved = np.empty_like(order)
        for b, action in zip(rows, actions, strict=True):
            tree.reroot(self._tree, b, action, order, moved)
            self._slots.phase[b] = descent.IDLE

    def _call_off(self, answered: int = 0) -> None:
        """The leaves of this round from number `answered` on were never asked for."""
        if self._waiting > answered:
            descent.take_back(self._tree, self._slots, self._leaves_each, self._leaves, answered, self._waiting)
        self._waiting = 0


def run(search: Search, evaluator: Evaluator) -> None:
    """Advances a search until every slot that was begun is finished."""
    while search.active():
        search.update(*evaluator.evaluate(search.select()))


def _rule(config: SearchConfig) -> descent.Rule:
    return descent.Rule(
        use_gumbel=config.rule == "gumbel",
        gumbel=Gumbel(config.gumbel.considered, config.gumbel.c_visit, config.gumbel.c_scale, config.gumbel.noise),
        puct=PUCT(
            config.puct.c_puct,
            config.puct.c_base,
            config.puct.fpu_reduction,
            config.puct.noise_fraction,
            config.puct.noise_concentration,
        ),
        solve=config.solve,
    )
