"""Gumbel planning: a policy improves with any number of simulations (Danihelka et al. 2022, "Policy improvement by planning
with Gumbel"). Called by `descent`.

At the root, Gumbel numbers pick the moves that are considered and sequential halving spends the budget on them; below it, an edge
is chosen so that visits follow the improved policy (their equation 14).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .jit import kernel
from .tree import q_value


class Gumbel(NamedTuple):
    """The numbers of GumbelConfig, as kernels take them."""

    considered: int
    c_visit: float
    c_scale: float
    noise: float


@kernel
def fill_schedule(schedule: Any, considered: int) -> None:
    """How many visits the edge of each simulation must already have: sequential halving (Karnin et al. 2013) as a table.

    schedule [n] is filled for n simulations over `considered` moves: each phase visits the surviving moves equally often, then
    halves them.
    """
    n = len(schedule)
    if considered <= 1:
        for t in range(n):
            schedule[t] = t
        return
    phases = int(np.ceil(np.log2(considered)))
    alive = considered
    visits, t = 0, 0
    while t < n:
        for _ in range(max(1, n // (phases * alive))):
            for _ in range(alive):
                if t < n:
                    schedule[t] = visits
                    t += 1
            visits += 1
        alive = max(2, alive // 2)


@kernel
def complete_q(nodes: Any, edges: Any, node: int, rule: Gumbel, q: Any) -> tuple[int, np.float32]:
    """Completed Q of every edge of a node into q [n]; returns the node's visits and the factor of sigma.

    An untried move is worth v_mix, the mixed value of their appendix D; sigma(q) = (c_visit + max N) c_scale (q + 1) / 2, of which
    only the part that differs between moves is used.
    """
    first, n = nodes[node].first_edge, nodes[node].num_edges
    visits, most = 0, 0
    tried, weighted = np.float32(0.0), np.float32(0.0)
    for i in range(n):
        e = first + i
        here = edges[e].visits + edges[e].virtual
        if here > 0:
            q[i] = q_value(edges, e, 0.0)
            tried += edges[e].prior
            weighted += edges[e].prior * q[i]
            visits += here
            most = max(most, here)
    mixed = nodes[node].value
    if visits > 0:
        mixed = (mixed + np.float32(visits) * weighted / tried) / np.float32(1 + visits)
    for i in range(n):
        if edges[first + i].visits + edges[first + i].virtual == 0:
            q[i] = mixed
    return visits, np.float32((rule.c_visit + most) * rule.c_scale * 0.5)


@kernel
def weigh(nodes: Any, edges: Any, node: int, scale: np.float32, q: Any, policy: Any) -> np.float32:
    """The improved policy softmax(logits + sigma(completed Q)), not yet divided by its sum, into policy [n]; returns the sum."""
    first, n = nodes[node].first_edge, nodes[node].num_edges
    highest = np.float32(-np.inf)
    for i in range(n):
        policy[i] = edges[first + i].logit + scale * q[i]
        highest = max(highest, policy[i])
    total = np.float32(0.0)
    for i in range(n):
        policy[i] = np.exp(policy[i] - highest)
        total += policy[i]
    return total


@kernel
def improve(nodes: Any, edges: Any, node: int, rule: Gumbel, q: Any, policy: Any) -> np.float32:
    """The improved policy of a node into policy [n], completed Q into q [n]; returns the policy's value."""
    _, scale = complete_q(nodes, edges, node, rule, q)
    total = weigh(nodes, edges, node, scale, q, policy)
    value = np.float32(0.0)
    for i in range(nodes[node].num_edges):
        policy[i] /= total
        value += policy[i] * q[i]
    return value


@kernel
def choose_inside(nodes: Any, edges: Any, node: int, rule: Gumbel, q: Any, policy: Any) -> int:
    """Below the root: the edge whose share of visits N / (1 + sum N) lags furthest behind the improved policy."""
    first, n = nodes[node].first_edge, nodes[node].num_edges
    visits, scale = complete_q(nodes, edges, node, rule, q)
    best, best_score = first, np.float32(-np.inf)
    if visits == 0:
        for e in range(first, first + n):
            if edges[e].prior > best_score:
                best, best_score = e, edges[e].prior
        return best
    each = weigh(nodes, edges, node, scale, q, policy) / np.float32(1 + visits)
    for i in range(n):
        e = first + i
        score = policy[i] - np.float32(edges[e].visits + edges[e].virtual) * each
        if score > best_score:
            best, best_score = e, score
    return best


@kernel
def choose_root(nodes: Any, edges: Any, root: int, rule: Gumbel, visits: int, noise: Any, b: int, q: Any) -> int:
    """The best edge by Gumbel number + logit + sigma(Q) among those with exactly `visits` visits, of which the schedule sees to it
    that there are some. The Gumbel numbers are row b of noise."""
    first, n = nodes[root].first_edge, nodes[root].num_edges
    _, scale = complete_q(nodes, edges, root, rule, q)
    best, best_score = -1, np.float32(-np.inf)
    for i in range(n):
        e = first + i
        if edges[e].visits + edges[e].virtual == visits:
            score = noise[b, i] + edges[e].logit + scale * q[i]
            if best < 0 or score > best_score:
                best, best_score = e, score
    return best
