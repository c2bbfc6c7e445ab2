"""The tree of every search: flat arrays of nodes and edges, edges only for legal moves, and no Python object per node.

Called by `search.Search`. The kernels here know neither rules nor networks: they keep the statistics. Most of them work on one
tree: `nodes` [M] and `edges` [E] of one slot; node 0 is the root.

Letters: `B` slots (games side by side), `M` nodes a slot, `E` edges a slot, `S` numbers in a state row. Every value and Q is seen
by the player to move at the node it belongs to; an edge belongs to the node it leaves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNTRIED = -1  # `child` of an edge that was never taken
PENDING = -2  # ... of an edge whose leaf awaits its evaluation
UNKNOWN = np.float32(1e9)  # `exact` of what is not proven; no return is as large
LEAST_LOGIT = np.float32(-80.0)  # below the best: its prior is just above 0 in float32, so that every legal move can be tried

NODE = np.dtype(
    [
        ("value", np.float32),  # the evaluator's
        ("exact", np.float32),  # the proven value, or UNKNOWN
        ("visits", np.int32),  # simulations that went on below
        ("first_edge", np.int32),
        ("num_edges", np.int32),
        ("parent", np.int32),  # the node above, -1 for the root
        ("parent_edge", np.int32),  # the edge that leads here
        ("to_play", np.int32),
    ]
)
EDGE = np.dtype(
    [
        ("value_sum", np.float64),  # W; Q = W / N; a float32 would stop counting after some 10^5 visits
        ("prior", np.float32),  # P, the evaluator's probability among the legal moves; at the root with Dirichlet noise mixed in
        ("logit", np.float32),  # log of that probability, without noise
        ("visits", np.int32),  # N
        ("virtual", np.int32),  # simulations under way: each counts as a lost visit (Segal 2010)
        ("exact", np.float32),  # the proven value, or UNKNOWN
        ("child", np.int32),  # a node, UNTRIED or PENDING
        ("action", np.int32),
        ("reward", np.float32),  # for the player who takes the edge
    ]
)


class Tree(NamedTuple):
    """B trees."""

    node_count: NDArray[np.int32]  # [B], in use
    edge_count: NDArray[np.int32]  # [B], in use
    nodes: NDArray[Any]  # [B, M] of NODE
    edges: NDArray[Any]  # [B, E] of EDGE
    states: NDArray[Any]  # [B, M, S]


def allocate(*, slots: int, simulations: int, max_legal: int, state_size: int, state_dtype: np.dtype[Any]) -> Tree:
    """Empty trees for `simulations` a search; memory is touched only as it is used."""
    most = simulations + 1
    return Tree(
        node_count=np.zeros(slots, np.int32),
        edge_count=np.zeros(slots, np.int32),
        nodes=np.empty((slots, most), NODE),
        edges=np.empty((slots, most * max_legal), EDGE),
        states=np.empty((slots, most, state_size), state_dtype),
    )


@njit(cache=True, nogil=True)
def add_node(tree: Tree, b: int, parent: int, edge: int, state: Any, to_play: int, legal: Any, logits: Any, value: float) -> int:
    """Adds an evaluated node below an edge (parent -1: the root), with an edge a legal move; returns its index.

    A logit of -inf, or one far below the best, counts as LEAST_LOGIT.
    """
    nodes, edges = tree.nodes[b], tree.edges[b]
    index, first = tree.node_count[b], tree.edge_count[b]
    last = first
    highest = np.float32(-np.inf)
    for a in range(len(legal)):
        if legal[a]:
            edges[last].action = a
            edges[last].logit = logits[a]
            highest = max(highest, logits[a])
            last += 1
    total = np.float32(0.0)
    for e in range(first, last):
        edges[e].logit = max(edges[e].logit - highest, LEAST_LOGIT)
        edges[e].prior = np.exp(edges[e].logit)
        total += edges[e].prior
    shift = np.log(total)
    for e in range(first, last):
        edges[e].prior /= total
        edges[e].logit -= shift
        edges[e].visits = 0
        edges[e].value_sum = 0.0
        edges[e].virtual = 0
        edges[e].exact = UNKNOWN
        edges[e].child = UNTRIED
        edges[e].reward = 0.0
    nodes[index].value = value
    nodes[index].exact = UNKNOWN
    nodes[index].visits = 0
    nodes[index].first_edge = first
    nodes[index].num_edges = last - first
    nodes[index].parent = parent
    nodes[index].parent_edge = edge
    nodes[index].to_play = to_play
    for i in range(len(state)):
        tree.states[b, index, i] = state[i]
    if parent >= 0:
        edges[edge].child = index
    tree.node_count[b], tree.edge_count[b] = index + 1, last
    return index


@njit(cache=True, nogil=True)
def q_value(edges: Any, e: int, unvisited: float) -> float:
    """Q of an edge: proven if it is, else the mean of its visits, else `unvisited`. Virtual visits count as losses."""
    if edges[e].exact != UNKNOWN:
        return edges[e].exact
    n = edges[e].visits + edges[e].virtual
    if n == 0:
        return unvisited
    return (edges[e].value_sum - edges[e].virtual) / np.float32(n)


@njit(cache=True, nogil=True)
def prove(nodes: Any, edges: Any, node: int) -> bool:
    """Whether the node's value is proven, and if so notes it: by one winning move, or by all moves (Winands et al. 2008).

    A win is 1 because no return, from any position on, is more (the Game contract).
    """
    best = np.float32(-1.0)
    first = nodes[node].first_edge
    everything = True
    for e in range(first, first + nodes[node].num_edges):
        exact = edges[e].exact
        if exact == UNKNOWN:
            everything = False
        elif exact >= 1.0:
            nodes[node].exact = exact
            return True
        else:
            best = max(best, exact)
    if everything:
        nodes[node].exact = best
    return everything


@njit(cache=True, nogil=True)
def back_up(nodes: Any, edges: Any, node: int, edge: int, value: float, solve: bool) -> None:
    """Counts one simulation that took `edge` from `node` and saw `value` there, on the way back to the root.

    A step up adds the edge's reward and turns the sign where the mover changes; who moves is read, never guessed.
    """
    proven = solve and edges[edge].exact != UNKNOWN
    while True:
        if edges[edge].exact != UNKNOWN:
            value = edges[edge].exact
        edges[edge].visits += 1
        edges[edge].value_sum += value
        nodes[node].visits += 1
        proven = proven and prove(nodes, edges, node)
        above = nodes[node].parent
        if above < 0:
            return
        sign = np.float32(1.0) if nodes[above].to_play == nodes[node].to_play else np.float32(-1.0)
        edge = nodes[node].parent_edge
        if proven:
            edges[edge].exact = edges[edge].reward + sign * nodes[node].exact
        value = edges[edge].reward + sign * value
        node = above


@njit(cache=True, nogil=True)
def shift_virtual(nodes: Any, edges: Any, node: int, edge: int, by: int) -> None:
    """Adds `by` virtual visits to every edge from the root down to `edge`."""
    while True:
        edges[edge].virtual += by
        edge = nodes[node].parent_edge
        node = nodes[node].parent
        if node < 0:
            return


@njit(cache=True, nogil=True)
def reroot(tree: Tree, b: int, action: int, old_index: Any, new_index: Any) -> None:
    """Makes the child under a root action the new root and keeps its subtree; an empty slot if there is no such child.

    `old_index` and `new_index` are scratch [M]. Nodes and edges move towards the front, parents before children: both were
    allocated in that order, so nothing that is still needed is overwritten.
    """
    nodes, edges, states = tree.nodes[b], tree.edges[b], tree.states[b]
    start = -1
    if tree.node_count[b] > 0:
        for e in range(nodes[0].first_edge, nodes[0].first_edge + nodes[0].num_edges):
            if edges[e].action == action:
                start = edges[e].child
    kept_nodes, kept_edges = 0, 0
    if start >= 0:
        for node in range(tree.node_count[b]):
            inside = node == start or (node > start and new_index[nodes[node].parent] >= 0)
            new_index[node] = kept_nodes if inside else -1
            if inside:
                old_index[kept_nodes] = node
                kept_nodes += 1
    for new in range(kept_nodes):
        old = old_index[new]
        first = nodes[old].first_edge
        nodes[new] = nodes[old]
        states[new] = states[old]
        nodes[new].first_edge = kept_edges
        nodes[new].parent = new_index[nodes[old].parent] if new > 0 else -1
        for e in range(first, first + nodes[new].num_edges):
            child = edges[e].child
            edges[kept_edges] = edges[e]
            edges[kept_edges].child = new_index[child] if child >= 0 else UNTRIED
            edges[kept_edges].virtual = 0
            if child >= 0:
                nodes[child].parent_edge = kept_edges
            kept_edges += 1
    tree.node_count[b], tree.edge_count[b] = kept_nodes, kept_edges
