"""One round of every search: from each root down to leaves, and back. Called by `search.Search`.

Between `select` and `expand` the caller steps the rules and asks the evaluator; the tree kernels call neither, because a Numba
function that receives functions is compiled again in every process.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .gumbel import Gumbel, choose_inside, choose_root, fill_schedule
from .jit import kernel
from .noise import fill_gumbel
from .puct import PUCT, choose_puct, mix_noise
from .tree import PENDING, UNKNOWN, UNTRIED, Tree, add_node, back_up, copy_row, root_of, shift_virtual

IDLE, DONE, ROOT, SEARCHING = 0, 1, 2, 3  # a slot: nothing asked; finished; its root awaits an evaluation; under way


class Slots(NamedTuple):
    """Where each of the B searches stands, and its scratch memory."""

    phase: NDArray[np.int8]  # [B]
    budget: NDArray[np.int32]  # [B], simulations asked for
    spent: NDArray[np.int32]  # [B], simulations finished
    pending: NDArray[np.int32]  # [B], leaves that await an evaluation
    key: NDArray[np.uint64]  # [B], of the root's noise
    noise: NDArray[np.float32]  # [B, most legal moves], Gumbel numbers of the root's edges
    schedule: NDArray[np.int32]  # [B, simulations], of sequential halving
    q: NDArray[np.float32]  # [most legal moves], scratch
    policy: NDArray[np.float32]  # [most legal moves], scratch


class Leaves(NamedTuple):
    """The L leaves of one round, filled by `select`."""

    slot: NDArray[np.int32]  # [L]
    node: NDArray[np.int32]  # [L], the node above, -1 for a root
    edge: NDArray[np.int32]  # [L], the edge that leads to the leaf
    action: NDArray[np.int32]  # [L]
    reward: NDArray[np.float32]  # [L], of that action for the player who takes it
    state: NDArray[Any]  # [L, S], the state above until the rules have stepped it; a root's own


class Rule(NamedTuple):
    """How edges are chosen."""

    use_gumbel: bool
    gumbel: Gumbel
    puct: PUCT
    solve: bool


@kernel
def choose_edge(nodes: Any, edges: Any, slots: Slots, rule: Rule, b: int, node: int) -> int:
    """The edge to follow from a node."""
    if not rule.use_gumbel:
        return choose_puct(nodes, edges, node, rule.puct, rule.solve)
    if nodes[node].parent >= 0:
        return choose_inside(nodes, edges, node, rule.gumbel, slots.q, slots.policy)
    visits = slots.schedule[b, slots.spent[b] + slots.pending[b]]
    return choose_root(nodes, edges, node, rule.gumbel, visits, slots.noise, b, slots.q)


@kernel
def finish_if_spent(tree: Tree, slots: Slots, b: int) -> None:
    """A search ends when its budget is spent, or when its root is proven: more thought would change nothing."""
    if slots.spent[b] >= slots.budget[b] or tree.nodes[root_of(tree, b)].exact != UNKNOWN:
        slots.phase[b] = DONE


@kernel
def select(tree: Tree, slots: Slots, rule: Rule, first: int, each: int, leaves: Leaves) -> tuple[int, int]:
    """Gathers up to `each` leaves a search, from slot `first` on and around; returns (roots, leaves): the first `roots` of the
    leaves are roots as they are.

    An edge of known value ends its simulation here, without a leaf. Two simulations that meet at one leaf: the second waits
    for the next round.
    """
    nodes, edges = tree.nodes, tree.edges
    searches = len(slots.phase)
    count = 0
    for i in range(first, first + searches):
        b = i if i < searches else i - searches
        if slots.phase[b] == ROOT:
            leaves.slot[count] = b
            leaves.node[count] = -1
            leaves.edge[count] = -1
            leaves.reward[count] = 0.0
            copy_row(tree.states, root_of(tree, b), leaves.state, count)
            count += 1
    roots = count
    for i in range(first, first + searches):
        b = i if i < searches else i - searches
        gathered = 0
        while slots.phase[b] == SEARCHING and gathered < each and slots.spent[b] + slots.pending[b] < slots.budget[b]:
            node = root_of(tree, b)
            edge = choose_edge(nodes, edges, slots, rule, b, node)
            while edges[edge].exact == UNKNOWN and edges[edge].child >= 0:
                node = edges[edge].child
                edge = choose_edge(nodes, edges, slots, rule, b, node)
            if edges[edge].child == PENDING:
                break
            if edges[edge].exact != UNKNOWN:
                back_up(nodes, edges, node, edge, edges[edge].exact, rule.solve)
                slots.spent[b] += 1
                finish_if_spent(tree, slots, b)
                continue
            edges[edge].child = PENDING
            slots.pending[b] += 1
            if each > 1:
                shift_virtual(nodes, edges, node, edge, 1)
            leaves.slot[count] = b
            leaves.node[count] = node
            leaves.edge[count] = edge
            leaves.action[count] = edges[edge].action
            copy_row(tree.states, node, leaves.state, count)
            count += 1
            gathered += 1
    return roots, count


@kernel
def settle(
    tree: Tree, slots: Slots, rule: Rule, each: int, leaves: Leaves, roots: int, rewards: Any, terminal: Any, count: int
) -> int:
    """Takes in what the rules said of the leaves after the roots: ends simulations that met the end of the game, and moves the
    other leaves to the front of `leaves`; returns how many there are. rewards [count - roots, P], terminal [count - roots]."""
    nodes, edges = tree.nodes, tree.edges
    waiting = roots
    for i in range(roots, count):
        b, node, edge = leaves.slot[i], leaves.node[i], leaves.edge[i]
        reward = rewards[i - roots, nodes[node].to_play]
        if terminal[i - roots]:
            edges[edge].child = UNTRIED
            edges[edge].exact = reward
            if each > 1:
                shift_virtual(nodes, edges, node, edge, -1)
            slots.pending[b] -= 1
            slots.spent[b] += 1
            back_up(nodes, edges, node, edge, reward, rule.solve)
            finish_if_spent(tree, slots, b)
        else:
            leaves.slot[waiting], leaves.node[waiting], leaves.edge[waiting] = b, node, edge
            leaves.reward[waiting] = reward
            copy_row(leaves.state, i, leaves.state, waiting)
            waiting += 1
    return waiting


@kernel
def take_back(tree: Tree, slots: Slots, each: int, leaves: Leaves, first: int, count: int) -> None:
    """Calls the leaves of a round off, from number `first` on: they were never asked for. Roots go on waiting."""
    for i in range(first, count):
        b, node, edge = leaves.slot[i], leaves.node[i], leaves.edge[i]
        if node >= 0:
            tree.edges[edge].child = UNTRIED
            slots.pending[b] -= 1
            if each > 1:
                shift_virtual(tree.nodes, tree.edges, node, edge, -1)


@kernel
def first_unusable(legal: Any, logits: Any, values: Any) -> int:
    """The first answer of an evaluator that is no use: a value that is not finite, or legal logits that are nan, inf or all -inf;
    -1 if there is none. legal and logits [count, A], values [count]."""
    for i in range(len(legal)):
        highest = np.float32(-np.inf)
        usable = np.isfinite(values[i])
        for a in range(legal.shape[1]):
            if legal[i, a]:
                highest = max(highest, logits[i, a])
                usable = usable and not np.isnan(logits[i, a])
        if not (usable and np.isfinite(highest)):
            return i
    return -1


@kernel
def expand(
    tree: Tree, slots: Slots, rule: Rule, each: int, leaves: Leaves, count: int, to_play: Any, legal: Any, logits: Any, values: Any
) -> None:
    """Turns the evaluated leaves into nodes and backs their values up: to_play [count], legal and logits [count, A],
    values [count]."""
    nodes, edges = tree.nodes, tree.edges
    for i in range(count):
        b, node, edge, reward = leaves.slot[i], leaves.node[i], leaves.edge[i], leaves.reward[i]
        new = add_node(tree, b, node, edge, reward, leaves.state, to_play, legal, logits, values, i)
        if node < 0:
            prepare_root(tree, slots, rule, b)
            continue
        if each > 1:
            shift_virtual(nodes, edges, node, edge, -1)
        sign = np.float32(1.0) if nodes[node].to_play == nodes[new].to_play else np.float32(-1.0)
        slots.pending[b] -= 1
        slots.spent[b] += 1
        back_up(nodes, edges, node, edge, reward + sign * values[i], rule.solve)
        finish_if_spent(tree, slots, b)


@kernel
def prepare_root(tree: Tree, slots: Slots, rule: Rule, b: int) -> None:
    """Noise and schedule of a root that has just been evaluated, or kept from the last search."""
    root = root_of(tree, b)
    n = tree.nodes[root].num_edges
    if rule.use_gumbel:
        fill_gumbel(slots.noise[b, :n], slots.key[b], rule.gumbel.noise)
        fill_schedule(slots.schedule[b, : slots.budget[b]], min(rule.gumbel.considered, n))
    elif rule.puct.noise_fraction > 0.0:
        mix_noise(tree.nodes, tree.edges, root, rule.puct, slots.key[b], slots.noise[b])
    slots.phase[b] = SEARCHING
    finish_if_spent(tree, slots, b)
