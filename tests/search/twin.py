"""The slow, obvious twin of the search: objects, recursion and float64, written from the papers.

AlphaZero: Silver et al. 2018, with first-play urgency as KataGo has it. Gumbel: Danihelka et al. 2022, with the visits to consider
as DeepMind's mctx has them. Solver: Winands et al. 2008.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zerodojo.envs import Game
from zerodojo.envs.game import States
from zerodojo.search.config import SearchConfig
from zerodojo.search.evaluator import Evaluator
from zerodojo.search.noise import fill_dirichlet, fill_gumbel


@dataclass
class Edge:
    prior: float
    logit: float
    visits: int = 0
    total: float = 0.0
    reward: float = 0.0
    proven: float | None = None
    child: Node | None = None

    @property
    def q(self) -> float | None:
        if self.proven is not None:
            return self.proven
        return self.total / self.visits if self.visits else None


@dataclass
class Node:
    state: States
    mover: int
    value: float
    edges: dict[int, Edge] = field(default_factory=dict)
    proven: float | None = None

    @property
    def visits(self) -> int:
        return sum(edge.visits for edge in self.edges.values())


def considered_visits(actions: int, simulations: int) -> list[int]:
    """Sequential halving, kept as a tournament: who is visited next, and how often it was already."""
    if actions <= 1:
        return list(range(simulations))
    sequence: list[int] = []
    visits = [0] * actions
    while len(sequence) < simulations:
        each = max(1, int(simulations / (math.ceil(math.log2(actions)) * len(visits))))
        for _ in range(each):
            sequence += visits
            visits = [n + 1 for n in visits]
        visits = visits[: max(2, len(visits) // 2)]
    return sequence[:simulations]


def softmax(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(numbers - numbers.max())
    return powers / powers.sum()


class TwinSearch:
    """One search of one game."""

    def __init__(self, game: Game, config: SearchConfig, evaluator: Evaluator) -> None:
        self.game, self.config, self.evaluator = game, config, evaluator

    def run(self, state: States, key: int, *, simulations: int | None = None, kept: Node | None = None) -> Node:
        """Searches; afterwards `self.root` and `self.noise` hold what was found."""
        budget = self.config.simulations if simulations is None else simulations
        self.root = kept or self.evaluate(state.copy())
        edges = list(self.root.edges.values())
        noise = np.zeros(len(edges), np.float32)
        if self.config.rule == "gumbel":
            fill_gumbel(noise, np.uint64(key), self.config.gumbel.noise)
            self.considered = considered_visits(min(self.config.gumbel.considered, len(edges)), budget)
        elif self.config.puct.noise_fraction > 0:
            fill_dirichlet(noise, np.uint64(key), self.config.puct.noise_concentration / len(edges))
            for edge, part in zip(edges, noise, strict=True):
                share = self.config.puct.noise_fraction
                edge.prior = (1 - share) * math.exp(edge.logit) + share * float(part)
        self.noise = dict(zip(self.root.edges, map(float, noise), strict=True))
        while self.root.visits < budget and self.root.proven is None:
            self.simulate(self.root)
        return self.root

    def evaluate(self, state: States) -> Node:
        logits, values = self.evaluator.evaluate(state[None])
        node = Node(state, int(self.game.to_play(state[None])[0]), float(values[0]))
        legal = np.flatnonzero(self.game.legal_mask(state[None])[0])
        below_best = np.maximum(logits[0, legal].astype(float) - float(logits[0, legal].max()), -80.0)
        for action, prior in zip(legal, softmax(below_best), strict=True):
            node.edges[int(action)] = Edge(prior=float(prior), logit=math.log(prior))
        return node

    def simulate(self, node: Node) -> float:
        """One simulation through a node; what it saw, for the player to move there."""
        action = self.choose(node)
        edge = node.edges[action]
        if edge.proven is not None:
            seen = edge.proven
        elif edge.child is not None:
            seen = edge.reward + self.sign(node, edge.child) * self.simulate(edge.child)
            if edge.child.proven is not None:
                seen = edge.proven = edge.reward + self.sign(node, edge.child) * edge.child.proven
        else:
            row = node.state[None].copy()
            step = self.game.step(row, np.array([action], np.int32))
            edge.reward = float(step.rewards[0, node.mover])
            if step.terminal[0]:
                seen = edge.proven = edge.reward
            else:
                edge.child = self.evaluate(row[0])
                seen = edge.reward + self.sign(node, edge.child) * edge.child.value
        edge.visits += 1
        edge.total += seen
        if self.config.solve:
            values = [e.proven for e in node.edges.values()]
            if 1.0 in values:
                node.proven = 1.0
            elif None not in values:
                node.proven = max(v for v in values if v is not None)
        return seen

    @staticmethod
    def sign(node: Node, child: Node) -> float:
        return 1.0 if node.mover == child.mover else -1.0

    def choose(self, node: Node) -> int:
        if self.config.rule == "puct":
            return self.choose_puct(node)
        q, sigma = self.completed(node)
        if node is not self.root:
            policy = softmax(np.array([e.logit for e in node.edges.values()]) + sigma * q)
            shares = np.array([e.visits for e in node.edges.values()]) / (1 + node.visits)
            return list(node.edges)[int(np.argmax(policy - shares))]
        wanted = self.considered[node.visits]
        scores = {
            action: self.noise[action] + edge.logit + sigma * q[i]
            for i, (action, edge) in enumerate(node.edges.items())
            if edge.visits == wanted
        }
        return max(scores, key=lambda action: scores[action])

    def choose_puct(self, node: Node) -> int:
        rule = self.config.puct
        visits = node.visits + 1  # AlphaZero counts the node's own evaluation
        c = (math.log((visits + rule.c_base) / rule.c_base) + rule.c_puct) * math.sqrt(visits)
        tried = sum(e.prior for e in node.edges.values() if e.visits)
        urgency = max(-1.0, self.mean(node) - rule.fpu_reduction * math.sqrt(tried))
        scores = {
            action: (urgency if edge.q is None else edge.q) + c * edge.prior / (1 + edge.visits)
            for action, edge in node.edges.items()
            if not (self.config.solve and (edge.proven == -1.0 or (node is self.root and edge.proven is not None)))
        }
        return max(scores, key=lambda action: scores[action])

    @staticmethod
    def mean(node: Node) -> float:
        return (node.value + sum(e.visits * e.q for e in node.edges.values() if e.q is not None)) / (1 + node.visits)

    def completed(self, node: Node) -> tuple[NDArray[np.float64], float]:
        """Completed Q, and the factor of sigma for Q in [-1, 1]."""
        edges = list(node.edges.values())
        tried = [e for e in edges if e.visits]
        mixed = node.value
        if tried:
            mean = sum(e.prior * (e.q or 0.0) for e in tried) / sum(e.prior for e in tried)
            mixed = (node.value + node.visits * mean) / (1 + node.visits)
        rule = self.config.gumbel
        sigma = (rule.c_visit + max(e.visits for e in edges)) * rule.c_scale / 2
        return np.array([mixed if e.q is None else e.q for e in edges]), sigma

    def policy(self) -> dict[int, float]:
        """The improved policy of the root."""
        edges = self.root.edges
        if self.config.rule == "gumbel":
            q, sigma = self.completed(self.root)
            shares = softmax(np.array([e.logit for e in edges.values()]) + sigma * q)
            return dict(zip(edges, map(float, shares), strict=True))
        leader = max((e for e in edges.values() if e.proven is None), key=lambda e: e.visits, default=None)
        counts = {}
        for action in self.playable():
            edge = edges[action]
            counts[action] = edge.visits
            if self.config.solve and edge.proven is not None and leader and (leader.q is None or edge.proven >= leader.q):
                counts[action] = max(edge.visits, leader.visits + 1)
        if not any(counts.values()):
            counts = {a: edges[a].prior for a in counts}
        return {a: n / sum(counts.values()) for a, n in counts.items()}

    @property
    def floor(self) -> float:
        """The value of the best proven move. Gumbel's improved policy weighs such a move without it."""
        if self.config.rule == "gumbel" or not self.config.solve:
            return -math.inf
        return max((e.proven for e in self.root.edges.values() if e.proven is not None), default=-math.inf)

    def playable(self) -> list[int]:
        """At a proven root the actions that prove it; else those that are neither lost nor worse than a proven one."""
        edges = self.root.edges
        if self.root.proven is not None:
            return [a for a, e in edges.items() if e.proven == self.root.proven]
        if not self.config.solve:
            return list(edges)
        return [a for a, e in edges.items() if e.proven != -1.0 and (e.q is None or e.q >= self.floor)]

    def value(self) -> float:
        if self.root.proven is not None:
            return self.root.proven
        if self.config.rule == "gumbel":
            q, _ = self.completed(self.root)
            return float(np.dot(q, list(self.policy().values())))
        return max(self.mean(self.root), self.floor)

    def action(self) -> int:
        edges, actions = self.root.edges, self.playable()
        if self.config.rule == "puct":
            policy = self.policy()
            return max(actions, key=lambda a: (policy[a], edges[a].prior))
        q, sigma = self.completed(self.root)
        scores = {a: self.noise[a] + e.logit + sigma * q[i] for i, (a, e) in enumerate(edges.items())}
        if self.root.proven is None:
            most = max(edges[a].visits for a in actions)
            actions = [a for a in actions if edges[a].visits == most]
        return max(actions, key=lambda a: scores[a])
