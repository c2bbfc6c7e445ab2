"""What a search has found out, read from its tree at any time. Called by `search.Search`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..envs.rng import splitmix64, uniform
from .descent import Rule, Slots
from .gumbel import improve
from .puct import mean_value, share_visits
from .tree import UNKNOWN, Tree, q_value

CHOICE = np.uint64(1 << 20)  # the place of the drawn choice in a key's stream, behind the noise


class SearchResult(NamedTuple):
    """The findings of R searches. Illegal actions have policy, visits and prior 0, and Q nan."""

    policy: NDArray[np.float32]  # [R, A], improved: the training target
    value: NDArray[np.float32]  # [R], of the root for the player to move
    visits: NDArray[np.int32]  # [R, A]
    q: NDArray[np.float32]  # [R, A], for the player to move; nan where nothing is known
    prior: NDArray[np.float32]  # [R, A], the evaluator's, noise mixed in where the rule does
    action: NDArray[np.int32]  # [R], the choice


@njit(cache=True, nogil=True)
def best_gumbel(tree: Tree, slots: Slots, rule: Rule, b: int, q: Any) -> int:
    """The root edge to play: among the most visited, the best by Gumbel number + logit + sigma(completed Q).

    A move that is proven lost is passed over, and a proven root plays what proves it.
    """
    nodes, edges = tree.nodes[b], tree.edges[b]
    n, proven = nodes[0].num_edges, nodes[0].exact
    most, most_allowed = 0, 0
    for e in range(n):
        most = max(most, edges[e].visits)
        if not rule.solve or edges[e].exact > -1.0:
            most_allowed = max(most_allowed, edges[e].visits)
    scale = (rule.gumbel.c_visit + most) * rule.gumbel.c_scale * 0.5
    best, best_score = 0, -np.inf
    for e in range(n):
        if proven != UNKNOWN:
            allowed = edges[e].exact == proven
        else:
            allowed = edges[e].visits == most_allowed and (not rule.solve or edges[e].exact > -1.0)
        score = slots.noise[b, e] + edges[e].logit + scale * q[e]
        if allowed and score > best_score:
            best, best_score = e, score
    return best


@njit(cache=True, nogil=True)
def best_puct(tree: Tree, slots: Slots, b: int, policy: Any, temperature: float) -> int:
    """The root edge to play: the most visited, or one drawn by visits^(1 / temperature); by the prior among equals."""
    edges, n = tree.edges[b], tree.nodes[b, 0].num_edges
    best = 0
    for e in range(1, n):
        if policy[e] > policy[best] or (policy[e] == policy[best] and edges[e].prior > edges[best].prior):
            best = e
    if temperature == 0.0:
        return best
    most = policy[best]
    total = 0.0
    for e in range(n):
        total += (policy[e] / most) ** (1.0 / temperature)
    mark = uniform(splitmix64(slots.key[b], CHOICE)) * total
    for e in range(n):
        mark -= (policy[e] / most) ** (1.0 / temperature)
        if mark < 0.0:
            return e
    return best


@njit(cache=True, nogil=True)
def read(tree: Tree, slots: Slots, rule: Rule, temperature: float, rows: Any, result: SearchResult) -> None:
    """Fills the result of the searches in slots `rows` [R], whose roots are evaluated."""
    policy = slots.policy
    for i in range(len(rows)):
        b = rows[i]
        nodes, edges = tree.nodes[b], tree.edges[b]
        if rule.use_gumbel:
            value = improve(nodes, edges, 0, rule.gumbel, slots.q, policy)
            best = best_gumbel(tree, slots, rule, b, slots.q)
        else:
            value = mean_value(nodes, edges, 0)
            share_visits(nodes, edges, rule.solve, policy)
            best = best_puct(tree, slots, b, policy, temperature)
        result.value[i] = nodes[0].exact if nodes[0].exact != UNKNOWN else value
        result.action[i] = edges[best].action
        for e in range(nodes[0].num_edges):
            a = edges[e].action
            result.policy[i, a] = policy[e]
            result.visits[i, a] = edges[e].visits
            result.prior[i, a] = edges[e].prior
            result.q[i, a] = q_value(edges, e, np.nan)


@njit(cache=True, nogil=True)
def walk_variation(tree: Tree, b: int, action: int, out: Any) -> int:
    """The line that begins with a root action and then follows the most visited edges, into out; returns its length.

    Where a position is solved the line follows the proven value.
    """
    nodes, edges = tree.nodes[b], tree.edges[b]
    edge = -1
    if tree.node_count[b] > 0:
        for e in range(nodes[0].num_edges):
            if edges[e].action == action:
                edge = e
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
