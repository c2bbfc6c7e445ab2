"""Everything an AlphaZero run is configured by, each field with its source. `config.json` holds it whole.

Free of torch, Numba and Ray, so that the front door can show and parse it at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ...models.config import NetworkConfig
from ...search.config import SearchConfig


@dataclass(frozen=True)
class SelfPlayConfig:
    """How games are made."""

    games: int = 256  # games a worker plays side by side; the engine sees those of their positions that are not remembered
    opening_fraction: float = 0.6  # share of games that start from random plies: without it accuracy creeps (docs/architecture.md)
    opening_plies: int = 16  # at most so many random plies, uniformly from 1
    play_out: float = 0.25  # share of games that go on after a search has proven their outcome; the others end there
    first_generation: int = 20_000  # positions made with a uniform evaluator before the first network
    engine: str = "auto"  # the fastest that agrees with fp32; or an engine by name
    threads: int = 1  # of the engine, per worker


@dataclass(frozen=True)
class ReplayConfig:
    """What the learner draws from. The window grows as c (1 + beta ((N/c)^alpha - 1) / alpha) (KataGo, Wu 2019), up to a limit."""

    window: int = 100_000  # c: positions before the window starts to grow; KataGo: 250,000
    window_alpha: float = 0.75  # KataGo: 0.65 to 0.75
    window_beta: float = 0.4  # KataGo: 0.4
    window_limit: int = 400_000  # positions at most, which bounds the memory: 100 bytes each in Connect Four, 3 kB in 19x19 Go
    max_uses: float = 4.0  # samples drawn per position made; KataGo: at most 4 to 8. The learner waits above it
    min_uses: float = 0.5  # the workers wait while fewer were drawn
    root_value_weight: float = 0.5  # share of the search's value in the value target, 1 where it is proven; the rest: the outcome


@dataclass(frozen=True)
class LearnerConfig:
    """How the network learns from a batch."""

    batch: int = 128  # AlphaZero: 4,096; on two cores many small steps learn far more per sample (docs/results.md)
    optimizer: Literal["adamw", "muon"] = "muon"  # muon: for convolutions, AdamW for the rest (Jordan et al. 2024)
    learning_rate: float = 2e-3  # at its height
    warmup_steps: int = 400  # over which the learning rate rises
    planned_steps: int = 0  # cosine decay to a twentieth over so many steps, then the next cycle warms up again; 0 keeps the height
    weight_decay: float = 1e-4  # AlphaGo Zero: 1e-4
    value_weight: float = 1.0  # of the value loss; AlphaGo Zero: 1
    ownership_weight: float = 0.0  # of who holds each point at the end; KataGo: 1.5 (Wu 2019, section 4.1); go and othello tell it
    score_weight: float = 0.0  # of how many points a side is ahead at the end; KataGo: .02 (the same section); so do they
    gradient_clip: float = 4.0  # norm of the gradient
    ema: float = 0.9995  # a step, of the weights that play
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # bf16 where the processor has it
    device: Literal["cpu", "cuda"] = "cpu"  # of the learner
    threads: int = 0  # of the learner; 0 takes the cores that the workers leave
    first_publish: int = 160  # learner steps before the first version: until then self-play knows nothing
    publish_steps: int = 400  # learner steps between two versions of the weights


@dataclass(frozen=True)
class RunConfig:
    """Where and how often: nothing here changes what is learned, and all of it may change on resume."""

    workers: int = -1  # self-play processes on Ray; 0 plays in this process, -1 fits the cores
    mode: Literal["sync", "async"] = "async"  # sync: every position is made with the newest weights, reproducibly
    address: str = ""  # of a Ray cluster to join ("auto" finds it), this time; empty starts one on this machine
    checkpoint_seconds: float = 60.0  # between checkpoints: what a crash can cost
    keep_every: int = 4_000  # of so many steps, the first checkpoint keeps its weights for good
    evaluate_steps: int = 2_000  # learner steps between two measures of strength


@dataclass(frozen=True)
class AlphaZeroConfig:
    """One run: a game learned from zero by self-play (Silver et al. 2017, 2018; Danihelka et al. 2022)."""

    game: str = "connect_four"
    options: dict[str, int | float | str | bool] = field(default_factory=dict)  # of the game; resolved in config.json
    seed: int = 0
    network: NetworkConfig = NetworkConfig()
    search: SearchConfig = SearchConfig()
    self_play: SelfPlayConfig = SelfPlayConfig()
    replay: ReplayConfig = ReplayConfig()
    learner: LearnerConfig = LearnerConfig()
    run: RunConfig = RunConfig()
