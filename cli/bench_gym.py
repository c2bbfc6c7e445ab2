"""`zerodojo bench gym`: how fast agents learn in environments, beside Stable-Baselines3 where it is installed. Called by `bench`.

Everything is measured in processor time on one core: what the clock says where nothing else runs. Ours and the peer's are measured
in turns in one run, and medians count.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from rich.console import Console

from ..agents.gym.agent import Spaces
from ..agents.gym.config import GymConfig
from ..agents.gym.presets import PRESETS
from ..agents.parts.acting import Actor
from ..agents.registry import agent_class, agent_of
from ..envs.gym.making import make_environments
from ..evaluation.episodes import evaluate
from . import bench_pong
from .bench import Bench, Result
from .bench_games import installed
from .table import busy

PEER = bench_pong.PEER
INSTALL = "pip install 'zerodojo[peers]'"
ROUNDS = 5
SEEDS = 9  # that reach a score
TARGET = 475.0  # the score of CartPole-v1 that counts as solved
EPISODES, EVALUATION_SEED = 20, 1_000_003  # that measure it
EVALUATE_EVERY = 1_024  # steps
PARTS = ("environment", "inference", "learning")  # where time goes


@dataclass(frozen=True)
class Row:
    """One thing measured on both sides; None for what the peer is not installed for, or what was not reached."""

    name: str
    unit: str
    ours: float | None
    peer: float | None
    faster: bool = True  # whether more is better

    @property
    def ratio(self) -> float | None:
        """How many times as fast ours is."""
        if not self.ours or not self.peer:
            return None
        return self.ours / self.peer if self.faster else self.peer / self.ours

    def numbers(self) -> dict[str, Any]:
        """The row for programs."""
        return {"name": self.name, "unit": self.unit, "ours": self.ours, "peer": self.peer, "ratio": self.ratio}


class Contest(NamedTuple):
    """The same agent with the same settings on both sides."""

    name: str
    config: GymConfig[Any]
    peer: Callable[[int], Any]  # seed -> a model of the peer's


def measure(options: Bench) -> Result:
    """Steps of environments a second while learning, each agent for so many seconds; then the time to a score."""
    torch.set_num_threads(1)
    console, rows, where = Console(stderr=True), [], {}
    for contest in contests():
        with busy(console, f"measuring {contest.name} for about {options.seconds:.0f} seconds"):
            row, shares = rates_of(contest, options.seconds, options.seed)
        rows.append(row)
        where[contest.name] = shares
    with busy(console, f"learning CartPole-v1 up to {TARGET:.0f}"):
        rows.append(cartpole_475(options.seed))
    return Result({"rows": [row.numbers() for row in rows], "where": where}, told(rows, where))


def contests() -> list[Contest]:
    """Those that what is installed is enough for, with rl-zoo's settings but for Pong's learning rate."""
    dqn = PRESETS["cartpole-dqn"]
    zoo = replace(dqn.settings, learning_rate=2.3e-3, decay_learning_rate=False, optimizer_epsilon=1e-8, double=False)
    found = [
        Contest("ppo_cartpole", PRESETS["cartpole-ppo"], ppo_of_the_peer),
        Contest("dqn_cartpole", replace(dqn, settings=zoo), dqn_of_the_peer),
    ]
    if bench_pong.is_possible():
        found.append(Contest("ppo_pong_envpool", bench_pong.ours(), bench_pong.peer))
    return found


class Ours:
    """An agent that learns, without the run directory around it."""

    def __init__(self, config: GymConfig[Any]) -> None:
        self._environments = make_environments(config.task, config.options, config.view, n=config.environments)
        spaces = Spaces(self._environments.observation_space, self._environments.action_space, config.environments)
        self.agent = agent_class(agent_of(config))(config, spaces)
        generator = np.random.default_rng((config.seed, 1))
        self._actor = Actor(self._environments, self.agent.policy, generator=generator, seed=config.seed)

    def learn(self, steps: int) -> int:
        """At least so many steps, in whole rounds; returns how many."""
        before = self.agent.steps
        while self.agent.steps - before < steps:
            for batch in self.agent.batches(self.agent.collect(self._actor)):
                self.agent.learn(batch)
        return self.agent.steps - before

    def shares(self, steps: int) -> dict[str, float]:
        """The share of each of PARTS in the time of so many steps; what is left collects."""
        clock, actor, agent = Clock(), self._actor, self.agent
        environments, policy = actor.environments, actor.policy
        actor.environments, actor.policy = Timed(environments, clock, "environment"), Timed(policy, clock, "inference")
        try:
            with clock.part("all"):
                before = agent.steps
                while agent.steps - before < steps:
                    experience = agent.collect(actor)
                    with clock.part("learning"):
                        for batch in agent.batches(experience):
                            agent.learn(batch)
        finally:
            actor.environments, actor.policy = environments, policy
        return {part: clock.seconds.get(part, 0.0) / clock.seconds["all"] for part in PARTS}


@dataclass
class Clock:
    """Processor time by part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Counts what is done within."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start


class Timed:
    """Environments, or a policy, whose work is counted."""

    def __init__(self, inner: Any, clock: Clock, part: str) -> None:
        self._inner, self._clock, self._part = inner, clock, part

    def step(self, actions: Any) -> Any:
        """Of environments."""
        with self._clock.part(self._part):
            return self._inner.step(actions)

    def act(self, *seen: Any, **how: Any) -> Any:
        """Of a policy."""
        with self._clock.part(self._part):
            return self._inner.act(*seen, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


# Rates -------------------------------------------------------------------------------------------------------------------------


def rates_of(contest: Contest, seconds: float, seed: int) -> tuple[Row, dict[str, float]]:
    """Steps a second on both sides, and the shares of ours."""
    ours = Ours(replace(contest.config, seed=seed))
    contestants: dict[str, Callable[[int], int]] = {"ours": ours.learn}
    if installed(PEER):
        model = contest.peer(seed)

        def peer(steps: int) -> int:
            before = model.num_timesteps
            model.learn(steps, reset_num_timesteps=False)
            return int(model.num_timesteps - before)

        contestants["peer"] = peer
    amount = {key: warmed_up(learn, seconds / (ROUNDS * len(contestants))) for key, learn in contestants.items()}
    rates: dict[str, list[float]] = {key: [] for key in contestants}
    for _ in range(ROUNDS):
        for key, learn in contestants.items():
            start = time.process_time()
            steps = learn(amount[key])
            rates[key].append(steps / (time.process_time() - start))
    median = {key: statistics.median(values) for key, values in rates.items()}
    return Row(contest.name, "steps/s", median["ours"], median.get("peer")), ours.shares(amount["ours"])


def warmed_up(learn: Callable[[int], int], seconds: float) -> int:
    """How many steps take about so many seconds, told by the second of two short tries: buffers are full by then."""
    learn(2_048)
    start = time.process_time()
    steps = learn(1_024)
    return max(1, round(seconds * steps / (time.process_time() - start)))


def ppo_of_the_peer(seed: int) -> Any:
    """Stable-Baselines3's PPO on CartPole with rl-zoo's settings."""
    peer = installed(PEER)
    return peer.PPO(
        "MlpPolicy",
        installed(f"{PEER}.common.env_util").make_vec_env("CartPole-v1", 8, seed=seed),
        n_steps=32,
        batch_size=256,
        n_epochs=20,
        gamma=0.98,
        gae_lambda=0.8,
        ent_coef=0.0,
        learning_rate=lambda left: 1e-3 * left,
        clip_range=lambda left: 0.2 * left,
        device="cpu",
        seed=seed,
    )


def dqn_of_the_peer(seed: int) -> Any:
    """Stable-Baselines3's DQN on CartPole with rl-zoo's settings."""
    return installed(PEER).DQN(
        "MlpPolicy",
        "CartPole-v1",
        learning_rate=2.3e-3,
        batch_size=64,
        buffer_size=100_000,
        learning_starts=1_000,
        gamma=0.99,
        target_update_interval=10,
        train_freq=256,
        gradient_steps=128,
        exploration_fraction=0.16,
        exploration_final_eps=0.04,
        policy_kwargs={"net_arch": [256, 256]},
        device="cpu",
        seed=seed,
    )


# The time to a score -----------------------------------------------------------------------------------------------------------


def cartpole_475(seed: int) -> Row:
    """Seconds of learning from nothing until evaluation says TARGET, ours with our own settings, the peer with rl-zoo's."""
    ours, peer = [], []
    for s in range(seed, seed + SEEDS):
        ours.append(seconds_of_ours(replace(PRESETS["cartpole-ppo-quick"], seed=s)))
        if installed(PEER):
            peer.append(seconds_of_the_peer(s))

    def median(seconds: list[float]) -> float | None:
        middle = statistics.median(seconds) if seconds else math.inf
        return middle if math.isfinite(middle) else None

    return Row("cartpole_475", "s", median(ours), median(peer), faster=False)


def solved(policy: Any) -> bool:
    """Whether evaluation says TARGET."""
    environments = make_environments("CartPole-v1", {}, PRESETS["cartpole-ppo"].view, n=EPISODES, learning=False)
    return evaluate(policy, environments, EPISODES, EVALUATION_SEED).mean >= TARGET


def seconds_of_ours(config: GymConfig[Any]) -> float:
    """Of learning; what evaluation takes is not counted. Infinite where the planned steps do not reach the target."""
    clock = Clock()
    with clock.part("learning"):
        ours = Ours(config)
    while ours.agent.steps < config.steps:
        with clock.part("learning"):
            ours.learn(EVALUATE_EVERY)
        if solved(ours.agent.policy):
            return clock.seconds["learning"]
    return math.inf


def seconds_of_the_peer(seed: int) -> float:
    """The same of Stable-Baselines3's PPO, which is told to stop by a callback."""
    clock, base = Clock(), installed(f"{PEER}.common.callbacks").BaseCallback

    class Watcher(base):  # type: ignore[misc, valid-type]
        measured, solved = 0, False

        def _on_rollout_start(self) -> None:
            """After each round of learning."""
            if self.num_timesteps - self.measured >= EVALUATE_EVERY:
                self.measured = self.num_timesteps
                start = time.process_time()
                self.solved = solved(PeerPolicy(self.model))
                clock.seconds["evaluation"] = clock.seconds.get("evaluation", 0.0) + time.process_time() - start

        def _on_step(self) -> bool:
            return not self.solved

    watcher = Watcher()
    with clock.part("all"):
        ppo_of_the_peer(seed).learn(PRESETS["cartpole-ppo"].steps, callback=watcher)
    return clock.seconds["all"] - clock.seconds.get("evaluation", 0.0) if watcher.solved else math.inf


class PeerPolicy:
    """A model of the peer's as a policy that evaluation takes."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def initial_state(self, n: int) -> dict[str, Any]:
        """Nothing."""
        return {}

    def act(self, observation: Any, state: dict[str, Any], **how: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """As `Policy` says."""
        return self._model.predict(observation, deterministic=how["deterministic"])[0], state, {}


def told(rows: list[Row], where: dict[str, dict[str, float]]) -> str:
    """The result for people."""

    def cell(number: float | None) -> str:
        return f"{'-':>12}" if number is None else f"{number:12,.1f}" if number < 100 else f"{number:12,.0f}"

    lines = ["Learning on one core, in processor time; the ratio is how many times as fast ours is", ""]
    lines.append(f"  {'':18}{'':9}{'ours':>12}{'Stable-Baselines3':>20}{'ratio':>9}")
    for row in rows:
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}x"
        lines.append(f"  {row.name:18}{row.unit:9}{cell(row.ours)}{cell(row.peer):>20}{ratio:>9}")
    lines.append("")
    for name, shares in where.items():
        parts = [f"{part} {share:.0%}" for part, share in shares.items()]
        lines.append(f"Of our time in {name}: {', '.join(parts)}, the rest {max(0.0, 1 - sum(shares.values())):.0%}.")
    if not installed(PEER):
        lines.append(f"Stable-Baselines3 is not installed: {INSTALL}")
    if not bench_pong.is_possible():
        lines.append(f"ppo_pong_envpool is left out, for not all that it needs is installed: {bench_pong.INSTALL}")
    return "\n".join(lines)
