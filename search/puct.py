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
    (KataGo, Leela Zero). Proven losses are passed over: a node where nothing else is left is proven itself, and never entered.
    """
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
        if solve and edges[e].exact <= -1.0:
            continue
        n = edges[e].visits + edges[e].virtual
        score = q_value(edges, e, urgency) + scale * edges[e].prior / (1.0 + n)
        if score > best_score:
            best, best_score = e, score
    return best


@kernel
def share_visits(nodes: Any, edges: Any, root: int, solve: bool, policy: Any) -> None:
    """The root's visits as a policy [n]: without moves that are proven lost and, at a proven root, those that fall short of it."""
    first, n, proven = nodes[root].first_edge, nodes[root].num_edges, nodes[root].exact
    visits, prior = 0, 0.0
    for i in range(n):
        e = first + i
        allowed = edges[e].exact == proven if proven != UNKNOWN else not solve or edges[e].exact > -1.0
        policy[i] = 1.0 if allowed else 0.0
        if allowed:
            visits += edges[e].visits
            prior += edges[e].prior
    for i in range(n):
        policy[i] *= edges[first + i].visits / visits if visits > 0 else edges[first + i].prior / prior


@kernel
def mix_noise(nodes: Any, edges: Any, root: int, rule: PUCT, key: np.uint64, noise: Any) -> None:
    """Mixes Dirichlet noise into the root's prior, alpha = concentration / legal moves; `noise` is scratch."""
    first, n = nodes[root].first_edge, nodes[root].num_edges
    fill_dirichlet(noise[:n], key, rule.noise_concentration / n)
    for i in range(n):
        clean = np.exp(edges[first + i].logit)
        edges[first + i].prior = (1.0 - rule.noise_fraction) * clean + rule.noise_fraction * noise[i]
