"""What Stable-Baselines3's PPO and QR-DQN reach in a MinAtar game: the numbers that ours stand beside.

    pip install 'zerodojo[minatar,peers]' sb3-contrib
    python benchmarks/stable_baselines3_minatar.py MinAtar/Breakout-v1 --agent ppo --seeds 3 [--steps 1000000] [--json PATH|-]
    MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 \\
        python benchmarks/stable_baselines3_minatar.py MinAtar/Breakout-v1 --agent qr_dqn --compile-loss --seeds 1

Settings are rl-zoo's for Atari; the network is MinAtar's (Young and Tian 2019: 16 filters of 3x3, a layer of 128), which both of
ours have too. A seed counts by the mean return of 100 episodes of its final agent, which takes its likeliest actions.

QR-DQN's loss compares 200 quantiles with 200 for each of 32 rows, in arrays of 5 MB that are taken from the system anew each time:
105 minutes of a core for a million frames. The two settings of the memory make that 65, and --compile-loss (the peer's own function
through torch.compile, which needs a C++ compiler) about 30. Neither changes what is computed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from importlib.metadata import version
from typing import Any

import gymnasium
import numpy as np
import sb3_contrib.qrdqn.qrdqn
import torch
from numpy.typing import NDArray
from sb3_contrib import QRDQN
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import Tensor, nn

from zerodojo.cli.output import add_target, tell
from zerodojo.envs.gym.making import find
from zerodojo.machine import available_cores, processor

EPISODES, EVALUATION_SEED = 100, 2_000_003
LIMIT = 10_000  # steps of an episode, as ours have


class ChannelsFirst(gymnasium.ObservationWrapper[NDArray[np.float32], np.int64, NDArray[np.bool_]]):
    """Observations [C, H, W] of numbers, as the extractor takes them."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        assert env.observation_space.shape is not None
        height, width, channels = env.observation_space.shape
        self.observation_space = gymnasium.spaces.Box(0.0, 1.0, (channels, height, width), np.float32)

    def observation(self, observation: NDArray[np.bool_]) -> NDArray[np.float32]:
        """[H, W, C] -> [C, H, W]."""
        return observation.transpose(2, 0, 1).astype(np.float32)


class Extractor(BaseFeaturesExtractor):  # type: ignore[misc]  # untyped here
    """MinAtar's network without its head: [N, C, 10, 10] -> [N, 128]."""

    def __init__(self, space: gymnasium.spaces.Box) -> None:
        super().__init__(space, 128)
        channels, height, width = space.shape
        self.network = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * height * width, 128), nn.ReLU()
        )

    def forward(self, observation: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, 128]."""
        features: Tensor = self.network(observation)
        return features


def model_of(agent: str, task: str, seed: int) -> Any:
    """The peer's agent with rl-zoo's settings for Atari."""
    kind: dict[str, Any] = {"features_extractor_class": Extractor, "net_arch": []}
    if agent == "qr_dqn":
        return QRDQN(
            "MlpPolicy",
            vector(task, 1),
            policy_kwargs={**kind, "n_quantiles": 200},
            learning_rate=5e-5,
            buffer_size=100_000,
            exploration_fraction=0.025,
            target_update_interval=10_000,
            train_freq=4,
            batch_size=32,
            seed=seed,
        )
    return PPO(
        "MlpPolicy",
        vector(task, 8),
        policy_kwargs=kind,
        n_steps=128,
        n_epochs=4,
        batch_size=256,
        learning_rate=LinearSchedule(2.5e-4, 0.0, 1.0),
        clip_range=LinearSchedule(0.1, 0.0, 1.0),
        vf_coef=0.5,
        ent_coef=0.01,
        seed=seed,
    )


def vector(task: str, n: int) -> DummyVecEnv:
    """n environments side by side."""
    return DummyVecEnv([lambda: Monitor(ChannelsFirst(gymnasium.make(task, max_episode_steps=LIMIT)))] * n)


def trained(options: argparse.Namespace, seed: int) -> tuple[float, float]:
    """(Mean return of the final agent, processor seconds of its training)."""
    begun = time.process_time()
    model = model_of(options.agent, options.task, seed).learn(options.steps)
    seconds = time.process_time() - begun
    episodes = vector(options.task, 10)
    episodes.seed(seed + EVALUATION_SEED)
    mean, _ = evaluate_policy(model, episodes, EPISODES, deterministic=True)
    sys.stderr.write(f"{options.task}, {options.agent}, seed {seed}: {mean:,.2f} after {seconds:,.0f} s\n")
    return float(mean), seconds


def main() -> None:
    """Trains, prints, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", help="an id such as MinAtar/Breakout-v1")
    parser.add_argument("--agent", choices=("ppo", "qr_dqn"), default="ppo")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0, help="the seeds count from here: to go on with those that are done")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--compile-loss", action="store_true", help="QR-DQN's loss through torch.compile: the same numbers, sooner")
    add_target(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.compile_loss:
        loss = sb3_contrib.qrdqn.qrdqn.quantile_huber_loss
        sb3_contrib.qrdqn.qrdqn.quantile_huber_loss = torch.compile(loss, dynamic=False)
    find(options.task)  # registers MinAtar's
    found = [trained(options, seed) for seed in range(options.first_seed, options.first_seed + options.seeds)]
    returns = [mean for mean, _ in found]
    report = {
        "kind": "stable_baselines3_minatar",
        "task": options.task,
        "agent": options.agent,
        "steps": options.steps,
        "first_seed": options.first_seed,
        "episodes": EPISODES,
        "returns": returns,
        "mean": statistics.mean(returns),
        "processor_seconds": [seconds for _, seconds in found],
        "machine": {"processor": processor(), "cores": available_cores(), "load": os.getloadavg()},
        "versions": {name: version(name) for name in ("stable-baselines3", "sb3-contrib", "minatar", "torch", "gymnasium")},
    }
    each = ", ".join(f"{mean:,.2f}" for mean in returns)
    text = f"{options.task}, {options.agent}, {options.steps:,} steps: {report['mean']:,.2f} ({each})\n"
    tell(report, text, target=options.json)


if __name__ == "__main__":
    main()
