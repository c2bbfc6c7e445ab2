"""The tree of every search: flat arrays of nodes and edges, edges only for legal moves, and no Python object per node.

Called by `search.Search`. The kernels here know neither rules nor networks: they keep the statistics.

Letters: `B` slots (games side by side), `M` nodes a slot, `E` edges a slot, `S` numbers in a state row. The trees lie one behind
the other in the same arrays: the nodes of slot b begin with its root at `b * M`, its edges at `b * E`, and a node or an edge is
named by its place in the whole array. Every value and Q is seen by the player to move at the node it belongs to; an edge belongs to
the node it leaves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import machine
from ..envs.game import GameSpec
from ..errors import UserError
from .jit import kernel

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
        ("parent", np.int32),  # the node above, -1 for the root
        ("parent_edge", np.int32),  # the edge that leads here
        ("reward", np.float32),  # of that edge, for the player who takes it
        ("num_edges", np.int16),
        ("to_play", np.int16),
    ]
)
EDGE = np.dtype(
    [
        ("q", np.float64),  # Q, the mean of what its visits saw, or the proven value; a float32 would drift over 10^5 visits
        ("prior", np.float32),  # P, the evaluator's probability among the legal moves; at the root with Dirichlet noise mixed in
        ("logit", np.float32),  # log of that probability, without noise
        ("visits", np.int32),  # N
        ("exact", np.float32),  # the proven value, or UNKNOWN
        ("child", np.int32),  # a node, UNTRIED or PENDING
        ("action", np.int16),
        ("virtual", np.int16),  # simulations under way: each counts as a lost visit (Segal 2010)
    ]
)


class Tree(NamedTuple):
    """B trees."""

    nodes_each: int  # M
    edges_each: int  # E
    node_count: NDArray[np.int32]  # [B], in use
    edge_count: NDArray[np.int32]  # [B], in use
    nodes: NDArray[Any]  # [B * M] of NODE
    edges: NDArray[Any]  # [B * E] of EDGE
    states: NDArray[Any]  # [B * M, S]


def allocate(spec: GameSpec, *, slots: int, simulations: int) -> Tree:
    """Empty trees of a game for `simulations` a search; memory is touched only as it is used.

    Raises UserError for trees that are too large (`check_size`).
    """
    check_size(spec, slots=slots, simulations=simulations)
    most = simulations + 1
    return Tree(
        nodes_each=most,
        edges_each=most * spec.max_legal,
        node_count=np.zeros(slots, np.int32),
        edge_count=np.zeros(slots, np.int32),
        nodes=np.empty(slots * most, NODE),
        edges=np.empty(slots * most * spec.max_legal, EDGE),
        states=np.empty((slots * most, spec.state_size), spec.state_dtype),
    )


def node_bytes(spec: GameSpec) -> int:
    """Bytes that a simulation adds to a tree at most: a node, its state, and an edge a legal move."""
    return NODE.itemsize + spec.state_size * spec.state_dtype.itemsize + spec.max_legal * EDGE.itemsize


def check_size(spec: GameSpec, *, slots: int, simulations: int) -> None:
    """Raises UserError for trees with more edges than an int32 can count, or that may need more memory than there is."""
    nodes = slots * (simulations + 1)
    edges, needed = nodes * spec.max_legal, nodes * node_bytes(spec)
    if needed > machine.available_memory():
        why = f"may need {needed / 1e9:,.1f} GB of memory, more than there is"
    elif edges >= 2**31:
        why = f"may have {edges:,} edges, more than it can count"
    else:
        return
    remedy = "take fewer simulations" if slots == 1 else f"take fewer simulations, or fewer games at once than {slots:,}"
    raise UserError(f"a search of {simulations:,} simulations {why}; {remedy}")


@kernel
def root_of(tree: Tree, b: int) -> int:
    """The root of slot b."""
    return b * tree.nodes_each


@kernel
def edges_of(tree: Tree, b: int) -> int:
    """The first edge of slot b."""
    return b * tree.edges_each


@kernel
def add_edges(edges: Any, first: int, legal: Any, logits: Any, i: int) -> int:
    """Writes an edge a legal move from `first` on, with the policy in row i of logits [N, A]; returns the end of them.

    A logit of -inf, or one far below the best, counts as LEAST_LOGIT.
    """
    last = first
    highest = np.float32(-np.inf)
    for a in range(legal.shape[1]):
        if legal[i, a]:
            edges[last].action = a
            edges[last].logit = logits[i, a]
            highest = max(highest, logits[i, a])
            last += 1
    total = np.float32(0.0)
    for e in range(first, last):
        logit = edges[e].logit - highest
        logit = max(logit, LEAST_LOGIT)
        edges[e].logit = logit
        edges[e].prior = np.exp(logit)
        total += edges[e].prior
    shift = np.log(total)
    share = np.float32(1.0) / total
    for e in range(first, last):
        edges[e].prior *= share
        edges[e].logit -= shift
        edges[e].visits = 0
        edges[e].q = 0.0
        edges[e].virtual = 0
        edges[e].exact = UNKNOWN
        edges[e].child = UNTRIED
    return last


@kernel
def add_node(
    tree: Tree,
    b: int,
    parent: int,
    edge: int,
    reward: float,
    state: Any,
    to_play: Any,
    legal: Any,
    logits: Any,
    values: Any,
    i: int,
) -> int:
    """Adds the node of an evaluated leaf below an edge (parent -1: the root); returns it. The leaf is row i of the arrays:
    state [N, S], to_play [N], legal and logits [N, A], values [N]."""
    nodes, edges = tree.nodes, tree.edges
    node, first = root_of(tree, b) + tree.node_count[b], edges_of(tree, b) + tree.edge_count[b]
    count = add_edges(edges, first, legal, logits, i) - first
    nodes[node].value = values[i]
    nodes[node].exact = UNKNOWN
    nodes[node].visits = 0
    nodes[node].first_edge = first
    nodes[node].num_edges = count
    nodes[node].parent = parent
    nodes[node].parent_edge = edge
    nodes[node].reward = reward
    nodes[node].to_play = to_play[i]
    copy_row(state, i, tree.states, node)
    if parent >= 0:
        edges[edge].child = node
    tree.node_count[b] += 1
    tree.edge_count[b] += count
    return node


@kernel
def copy_row(source: Any, i: int, target: Any, j: int) -> None:
    """Row i of one array into row j of another (an assignment of slices is slow in Numba)."""
    for k in range(source.shape[1]):
        target[j, k] = source[i, k]


@kernel
def q_value(edges: Any, e: int, unvisited: float) -> float:
    """Q of an edge: proven if it is, else the mean of its visits, else `unvisited`. Virtual visits count as losses."""
    visits, virtual = edges[e].visits, edges[e].virtual
    if visits + virtual == 0:
        return unvisited
    if virtual == 0 or edges[e].exact != UNKNOWN:
        return edges[e].q
    return (edges[e].q * visits - virtual) / (visits + virtual)


@kernel
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


@kernel
def back_up(nodes: Any, edges: Any, node: int, edge: int, value: float, solve: bool) -> None:
    """Counts one simulation that took `edge` from `node` and saw `value` there, on the way back to the root.

    A step up adds the edge's reward and turns the sign where the mover changes; who moves is read, never guessed.
    """
    proven = solve and edges[edge].exact != UNKNOWN
    while True:
        edges[edge].visits += 1
        nodes[node].visits += 1
        if edges[edge].exact != UNKNOWN:
            value = edges[edge].exact
            edges[edge].q = value
        else:
            edges[edge].q += (value - edges[edge].q) / edges[edge].visits
        proven = proven and prove(nodes, edges, node)
        above = nodes[node].parent
        if above < 0:
            return
        sign = np.float32(1.0) if nodes[above].to_play == nodes[node].to_play else np.float32(-1.0)
        edge = nodes[node].parent_edge
        if proven:
            edges[edge].exact = nodes[node].reward + sign * nodes[node].exact
        value = nodes[node].reward + sign * value
        node = above


@kernel
def find_edge(nodes: Any, edges: Any, node: int, action: int) -> int:
    """The edge of a node with an action, -1 if there is none."""
    first = nodes[node].first_edge
    for e in range(first, first + nodes[node].num_edges):
        if edges[e].action == action:
            return e
    return -1


@kernel
def shift_virtual(nodes: Any, edges: Any, node: int, edge: int, by: int) -> None:
    """Adds `by` virtual visits to every edge from the root down to `edge`."""
    while True:
        edges[edge].virtual += by
        edge = nodes[node].parent_edge
        node = nodes[node].parent
        if node < 0:
            return


@kernel
def reroot(tree: Tree, b: int, action: int, old_index: Any, new_index: Any) -> None:
    """Makes the child under a root action the new root and keeps its subtree; an empty slot if there is no such child.

    `old_index` and `new_index` are scratch [M]. Nodes and edges move towards the front, parents before children: both were
    allocated in that order, so nothing that is still needed is overwritten.
    """
    nodes, edges, states = tree.nodes, tree.edges, tree.states
    root, first_edge = root_of(tree, b), edges_of(tree, b)
    start = -1
    if tree.node_count[b] > 0:
        e = find_edge(nodes, edges, root, action)
        start = edges[e].child if e >= 0 else -1
    kept_nodes, kept_edges = root, first_edge
    if start >= 0:
        for node in range(root, root + tree.node_count[b]):
            inside = node == start or (node > start and new_index[nodes[node].parent - root] >= 0)
            new_index[node - root] = kept_nodes if inside else -1
            if inside:
                old_index[kept_nodes - root] = node
                kept_nodes += 1
    for new in range(root, kept_nodes):
        old = old_index[new - root]
        first = nodes[old].first_edge
        nodes[new] = nodes[old]
        copy_row(states, old, states, new)
        nodes[new].first_edge = kept_edges
        nodes[new].parent = new_index[nodes[new].parent - root] if new > root else -1
        for e in range(first, first + nodes[new].num_edges):
            child = edges[e].child
            edges[kept_edges] = edges[e]
            edges[kept_edges].child = new_index[child - root] if child >= 0 else UNTRIED
            edges[kept_edges].virtual = 0
            if child >= 0:
                nodes[child].parent_edge = kept_edges
            kept_edges += 1
    tree.node_count[b], tree.edge_count[b] = kept_nodes - root, kept_edges - first_edge
