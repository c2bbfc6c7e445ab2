"""What a search has found out, read from its tree at any time. Called by `search.Search`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..envs.rng import splitmix64, uniform
from .descent import Rule, Slots
from .gumbel import improve
from .jit import kernel
from .puct import root_value, share_visits
from .tree import UNKNOWN, Tree, find_edge, q_value, root_of

CHOICE = np.uint64(1 << 20)  # the place of the drawn choice in a key's stream, behind the noise


class SearchResult(NamedTuple):
    """The findings of R searches. Illegal actions have policy, visits and prior 0, and Q nan."""

    policy: NDArray[np.float32]  # [R, A], improved: the training target
    value: NDArray[np.float32]  # [R], of the root for the player to move
    visits: NDArray[np.int32]  # [R, A]
    q: NDArray[np.float32]  # [R, A], for the player to move; nan where nothing is known
    prior: NDArray[np.float32]  # [R, A], the evaluator's, noise mixed in where the rule does
    action: NDArray[np.int32]  # [R], the choice
    solved: NDArray[np.bool_]  # [R], whether the value is proven


@kernel
def best_gumbel(nodes: Any, edges: Any, root: int, rule: Rule, noise: Any, q: Any) -> int:
    """The root edge to play: among the most visited, the best by Gumbel number + logit + sigma(completed Q).

    A move that is proven lost is passed over, and a proven root plays what proves it. noise and q [n].
    """
    first, n, proven = nodes[root].first_edge, nodes[root].num_edges, nodes[root].exact
    most, most_allowed = 0, 0
    for e in range(first, first + n):
        most = max(most, edges[e].visits)
        if not rule.solve or edges[e].exact > -1.0:
            most_allowed = max(most_allowed, edges[e].visits)
    scale = (rule.gumbel.c_visit + most) * rule.gumbel.c_scale * 0.5
    best, best_score = first, -np.inf
    for i in range(n):
        e = first + i
        if proven != UNKNOWN:
            allowed = edges[e].exact == proven
        else:
            allowed = edges[e].visits == most_allowed and (not rule.solve or edges[e].exact > -1.0)
        score = noise[i] + edges[e].logit + scale * q[i]
        if allowed and score > best_score:
            best, best_score = e, score
    return best


@kernel
def best_puct(nodes: Any, edges: Any, root: int, policy: Any, temperature: float, key: np.uint64) -> int:
    """The root edge to play: the most visited, or one drawn by visits^(1 / temperature); by the prior among equals."""
    first, n = nodes[root].first_edge, nodes[root].num_edges
    best = 0
    for i in range(1, n):
        if policy[i] > policy[best] or (policy[i] == policy[best] and edges[first + i].prior > edges[first + best].prior):
            best = i
    if temperature == 0.0:
        return first + best
    total = 0.0
    for i in range(n):
        total += (policy[i] / policy[best]) ** (1.0 / temperature)
    mark = uniform(splitmix64(key, CHOICE)) * total
    for i in range(n):
        mark -= (policy[i] / policy[best]) ** (1.0 / temperature)
        if mark < 0.0:
            return first + i
    return first + best


@kernel
def read(tree: Tree, slots: Slots, rule: Rule, temperature: float, rows: Any, result: SearchResult) -> None:
    """Fills the result of the searches in slots `rows` [R], whose roots are evaluated."""
    nodes, edges, policy = tree.nodes, tree.edges, slots.policy
    for row in range(len(rows)):
        b = rows[row]
        root = root_of(tree, b)
        if rule.use_gumbel:
            value = improve(nodes, edges, root, rule.gumbel, slots.q, policy)
            best = best_gumbel(nodes, edges, root, rule, slots.noise[b], slots.q)
        else:
            value = root_value(nodes, edges, root, rule.solve)
            share_visits(nodes, edges, root, rule.solve, policy)
            best = best_puct(nodes, edges, root, policy, temperature, slots.key[b])
        result.value[row] = nodes[root].exact if nodes[root].exact != UNKNOWN else value
        result.solved[row] = nodes[root].exact != UNKNOWN
        result.action[row] = edges[best].action
        first = nodes[root].first_edge
        for i in range(nodes[root].num_edges):
            e = first + i
            a = edges[e].action
            result.policy[row, a] = policy[i]
            result.visits[row, a] = edges[e].visits
            result.prior[row, a] = edges[e].prior
            result.q[row, a] = q_value(edges, e, np.nan)


@kernel
def walk_variation(tree: Tree, b: int, action: int, out: Any) -> int:
    """The line that begins with a root action and then follows the most visited edges, into out; returns its length.

    Where a position is solved the line follows the proven value.
    """
    nodes, edges = tree.nodes, tree.edges
    edge = find_edge(nodes, edges, root_of(tree, b), action) if tree.node_count[b] > 0 else -1
    length = 0
    while edge >= 0 and length < len(out):
        out[length] = edges[edge].action
        length += 1
        node = edges[edge].child
        if node < 0:
            break
        solved = nodes[node].exact
        first = nodes[node].first_edge
        edge, most = -1, 0
        for e in range(first, first + nodes[node].num_edges):
            if edges[e].visits > most and (solved == UNKNOWN or edges[e].exact == solved):
                edge, most = e, edges[e].visits
    return length
