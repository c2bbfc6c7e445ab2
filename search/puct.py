"""PUCT: the rule of AlphaGo Zero and AlphaZero for choosing an edge (Silver et al. 2017, 2018). Called by `descent`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .jit import kernel
from .noise import fill_dirichlet
from .tree import UNKNOWN, q_value


class PUCT(NamedTuple):
    """The numbers of PUCTConfig, as kernels take them."""

    c_puct: float
    c_base: float
    fpu_reduction: float
    noise_fraction: float
    noise_concentration: float


@kernel
def mean_value(nodes: Any, edges: Any, node: int) -> float:
    """The node's value after its simulations: the evaluator's own judgement counts as one of them."""
    total = nodes[node].value
    first = nodes[node].first_edge
    for e in range(first, first + nodes[node].num_edges):
        total += edges[e].visits * edges[e].q
    return total / (nodes[node].visits + 1)


@kernel
def choose_puct(nodes: Any, edges: Any, node: int, rule: PUCT, solve: bool) -> int:
    """The edge with the highest Q + c P sqrt(N) / (1 + n).

    First-play urgency: an untried edge is worth the node's value, less a part that grows with the prior already visited
    (KataGo, Leela Zero). Proven losses are passed over, and at the root every proven move: more thought can only find a better
    one. A node where nothing else is left is proven itself, and never entered.
    """
    passed_over = 1.0 if nodes[node].parent < 0 else -1.0
    first = nodes[node].first_edge
    last = first + nodes[node].num_edges
    total = 0
    tried = 0.0
    for e in range(first, last):
        n = edges[e].visits + edges[e].virtual
        total += n
        if n > 0:
            tried += edges[e].prior
    urgency = max(mean_value(nodes, edges, node) - rule.fpu_reduction * np.sqrt(tried), -1.0)
    c = rule.c_puct + np.log((total + rule.c_base + 1.0) / rule.c_base)
    scale = c * np.sqrt(total + 1.0)
    best, best_score = first, -np.inf
    for e in range(first, last):
        if solve and edges[e].exact <= passed_over:
            continue
        n = edges[e].visits + edges[e].virtual
        score = q_value(edges, e, urgency) + scale * edges[e].prior / (1.0 + n)
        if score > best_score:
            best, best_score = e, score
    return best


@kernel
def best_proven(nodes: Any, edges: Any, root: int, solve: bool) -> float:
    """The value of the root's best proven move, -inf without one."""
    best = -np.inf
    first = nodes[root].first_edge
    for e in range(first, first + nodes[root].num_edges):
        if solve and edges[e].exact != UNKNOWN:
            best = max(best, edges[e].exact)
    return best


@kernel
def is_playable(nodes: Any, edges: Any, root: int, e: int, solve: bool, floor: float) -> bool:
    """Whether a root move is left by what is proven: it is no proven loss, nor known or seen to be worse than `best_proven`."""
    if nodes[root].exact != UNKNOWN:
        return edges[e].exact == nodes[root].exact
    if not solve or edges[e].visits == 0:
        return True
    return edges[e].exact > -1.0 and edges[e].q >= floor


@kernel
def root_value(nodes: Any, edges: Any, root: int, solve: bool) -> float:
    """The mean of the root's simulations, but no less than its best proven move."""
    return max(mean_value(nodes, edges, root), best_proven(nodes, edges, root, solve))


@kernel
def share_visits(nodes: Any, edges: Any, root: int, solve: bool, policy: Any) -> None:
    """The visits of the root's playable moves as a policy [n]; their prior where none was visited.

    A proven move is visited no more, so that its visits say little: if it is worth at least the Q of the most visited unproven
    move, it counts one visit more than that.
    """
    first, n = nodes[root].first_edge, nodes[root].num_edges
    floor = best_proven(nodes, edges, root, solve)
    most, q_of_most = 0, -np.inf
    for e in range(first, first + n):
        if edges[e].exact == UNKNOWN and edges[e].visits > most:
            most, q_of_most = edges[e].visits, edges[e].q
    total, prior = 0.0, 0.0
    for i in range(n):
        e = first + i
        policy[i] = 0.0
        if is_playable(nodes, edges, root, e, solve, floor):
            passed_over = solve and edges[e].exact != UNKNOWN and floor >= q_of_most
            policy[i] = max(edges[e].visits, most + 1) if passed_over else edges[e].visits
            total += policy[i]
            prior += edges[e].prior
    for i in range(n):
        if total > 0.0:
            policy[i] /= total
        elif is_playable(nodes, edges, root, first + i, solve, floor):
            policy[i] = edges[first + i].prior / prior


@kernel
def mix_noise(nodes: Any, edges: Any, root: int, rule: PUCT, key: np.uint64, noise: Any) -> None:
    """Mixes Dirichlet noise into the root's prior, alpha = concentration / legal moves; `noise` is scratch."""
    first, n = nodes[root].first_edge, nodes[root].num_edges
    fill_dirichlet(noise[:n], key, rule.noise_concentration / n)
    for i in range(n):
        clean = np.exp(edges[first + i].logit)
        edges[first + i].prior = (1.0 - rule.noise_fraction) * clean + rule.noise_fraction * noise[i]
