"""Gumbel planning: a policy improves with any number of simulations (Danihelka et al. 2022, "Policy improvement by planning
with Gumbel"). Called by `descent`.

At the root, Gumbel numbers pick the moves that are considered and sequential halving spends the budget on them; below it, an edge
is chosen so that visits follow the improved policy (their equation 14).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from .tree import UNKNOWN, q_value


class Gumbel(NamedTuple):
    """The numbers of GumbelConfig, as kernels take them."""

    considered: int
    c_visit: float
    c_scale: float
    noise: float


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def complete_q(nodes: Any, edges: Any, node: int, rule: Gumbel, q: Any) -> float:
    """Completed Q of every edge of a node into q [n]; returns the factor of sigma.

    An untried move is worth v_mix, the mixed value of their appendix D; sigma(q) = (c_visit + max N) c_scale (q + 1) / 2, of which
    only the part that differs between moves is used.
    """
    first, n = nodes[node].first_edge, nodes[node].num_edges
    visits, most = 0, 0
    tried, weighted = np.float32(0.0), np.float32(0.0)
    for i in range(n):
        e = first + i
        here = edges[e].visits + edges[e].virtual
        visits += here
        most = max(most, here)
        q[i] = q_value(edges, e, UNKNOWN)
        if q[i] != UNKNOWN:
            tried += edges[e].prior
            weighted += edges[e].prior * q[i]
    mixed = nodes[node].value
    if tried > 0.0:
        mixed = (mixed + visits * weighted / tried) / np.float32(1 + visits)
    for i in range(n):
        if q[i] == UNKNOWN:
            q[i] = mixed
    return np.float32((rule.c_visit + most) * rule.c_scale * 0.5)


@njit(cache=True, nogil=True)
def improve(nodes: Any, edges: Any, node: int, rule: Gumbel, q: Any, policy: Any) -> float:
    """The improved policy softmax(logits + sigma(completed Q)) into policy [n], completed Q into q [n]; returns its value."""
    first, n = nodes[node].first_edge, nodes[node].num_edges
    scale = complete_q(nodes, edges, node, rule, q)
    highest = np.float32(-np.inf)
    for i in range(n):
        policy[i] = edges[first + i].logit + scale * q[i]
        highest = max(highest, policy[i])
    total, value = np.float32(0.0), np.float32(0.0)
    for i in range(n):
        policy[i] = np.exp(policy[i] - highest)
        total += policy[i]
        value += policy[i] * q[i]
    for i in range(n):
        policy[i] /= total
    return value / total


@njit(cache=True, nogil=True)
def choose_inside(nodes: Any, edges: Any, node: int, rule: Gumbel, q: Any, policy: Any) -> int:
    """Below the root: the edge whose share of visits lags furthest behind the improved policy."""
    first, n = nodes[node].first_edge, nodes[node].num_edges
    visits = 0
    for e in range(first, first + n):
        visits += edges[e].visits + edges[e].virtual
    best, best_score = first, np.float32(-np.inf)
    if visits == 0:
        for e in range(first, first + n):
            if edges[e].prior > best_score:
                best, best_score = e, edges[e].prior
        return best
    improve(nodes, edges, node, rule, q, policy)
    share = np.float32(1.0) / np.float32(1 + visits)
    for i in range(n):
        score = policy[i] - (edges[first + i].visits + edges[first + i].virtual) * share
        if score > best_score:
            best, best_score = first + i, score
    return best


@njit(cache=True, nogil=True)
def choose_root(nodes: Any, edges: Any, rule: Gumbel, visits: int, noise: Any, q: Any) -> int:
    """The best edge by Gumbel number + logit + sigma(Q) among those with exactly `visits` visits, of which the schedule sees to it
    that there are some."""
    scale = complete_q(nodes, edges, 0, rule, q)
    best, best_score = -1, np.float32(-np.inf)
    for e in range(nodes[0].num_edges):
        if edges[e].visits + edges[e].virtual == visits:
            score = noise[e] + edges[e].logit + scale * q[e]
            if best < 0 or score > best_score:
                best, best_score = e, score
    return best
