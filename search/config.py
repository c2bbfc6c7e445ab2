"""The settings of a search, each with its source. Free of Numba, so that the front door can show and parse them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class GumbelConfig:
    """Planning with a fixed, small budget (Danihelka et al. 2022). For self-play."""

    considered: int = 16  # root actions that enter sequential halving; the paper: 16
    c_visit: float = 50.0  # the paper: 50
    c_scale: float = 1.0  # the paper: 1 for board games, with Q in [0, 1]
    noise: float = 1.0  # scale of the root's Gumbel numbers; the paper: 1 in self-play, 0 at play


@dataclass(frozen=True)
class PUCTConfig:
    """PUCT as in AlphaGo Zero and AlphaZero (Silver et al. 2017, 2018). Anytime: for play, analysis, pondering."""

    c_puct: float = 1.25  # AlphaZero: 1.25, growing as log((N + c_base + 1) / c_base)
    c_base: float = 19652.0  # AlphaZero: 19652
    fpu_reduction: float = 0.2  # an untried action is worth the node's value less this times sqrt(visited prior); KataGo: 0.2
    noise_fraction: float = 0.0  # share of Dirichlet noise in the root's prior; AlphaZero: 0.25 in self-play, which needs it
    noise_concentration: float = 10.0  # alpha times legal actions; about 10 fits all of AlphaZero's alphas
    temperature: float = 0.0  # of the visits that choose the action; 0 takes the most visited; AlphaZero: 1 in self-play


@dataclass(frozen=True)
class SearchConfig:
    """Which rule searches, and how far."""

    rule: Literal["gumbel", "puct"] = "gumbel"  # gumbel: a fixed budget, for self-play; puct: AlphaZero's, there with noise
    simulations: int = 32  # a move; AlphaZero: 800, Gumbel AlphaZero works from 2 upwards
    solve: bool = True  # exact values travel up the tree (MCTS-Solver, Winands et al. 2008)
    gumbel: GumbelConfig = GumbelConfig()
    puct: PUCTConfig = PUCTConfig()
