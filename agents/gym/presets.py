"""Settings that were tried, by environment and agent. Plain data, found by `choice`; docs/results.md has what they reach."""

from __future__ import annotations

from typing import Any

from ...envs.gym.config import ViewConfig
from ...models.config import BodyConfig
from ..policy_gradient.config import PPOSettings
from .config import GymConfig

BOTH = ViewConfig(normalize_observation=True, normalize_reward=True)

PRESETS: dict[str, GymConfig[Any]] = {
    "cartpole-ppo": GymConfig(  # rl-zoo's
        task="CartPole-v1",
        environments=8,
        steps=100_000,
        settings=PPOSettings(
            rollout=32, minibatch=256, epochs=20, learning_rate=1e-3, gamma=0.98, gae_lambda=0.8, clip=0.2, final_clip=0.0
        ),
    ),
    "acrobot-ppo": GymConfig(  # rl-zoo's
        task="Acrobot-v1",
        environments=16,
        steps=1_000_000,
        view=BOTH,
        settings=PPOSettings(rollout=256, minibatch=64, epochs=4, learning_rate=3e-4, final_learning_rate=3e-4, gae_lambda=0.94),
    ),
    "lunarlander-ppo": GymConfig(  # rl-zoo's
        task="LunarLander-v3",
        environments=16,
        steps=1_000_000,
        settings=PPOSettings(
            rollout=1024,
            minibatch=64,
            epochs=4,
            learning_rate=3e-4,
            final_learning_rate=3e-4,
            gamma=0.999,
            gae_lambda=0.98,
            entropy_weight=0.01,
        ),
    ),
    "pendulum-ppo": GymConfig(  # rl-zoo's
        task="Pendulum-v1",
        environments=4,
        steps=100_000,
        settings=PPOSettings(
            rollout=1024, minibatch=64, epochs=10, learning_rate=1e-3, final_learning_rate=1e-3, gamma=0.9, gae_lambda=0.95
        ),
    ),
    "halfcheetah-ppo": GymConfig(  # rl-zoo's
        task="HalfCheetah-v5",
        environments=1,
        steps=1_000_000,
        view=BOTH,
        body=BodyConfig(hidden=(256, 256), activation="relu"),
        settings=PPOSettings(
            rollout=512,
            minibatch=64,
            epochs=20,
            learning_rate=2.0633e-5,
            final_learning_rate=2.0633e-5,
            gamma=0.98,
            gae_lambda=0.92,
            clip=0.1,
            final_clip=0.1,
            entropy_weight=4.01762e-4,
            value_weight=0.58096,
            gradient_clip=0.8,
            log_std=-2.0,
        ),
    ),
    "pong-ppo": GymConfig(  # rl-zoo's
        task="ALE/Pong-v5",
        environments=8,
        steps=10_000_000,
        view=ViewConfig(atari=True, frame_stack=4),
        body=BodyConfig(hidden=(512,)),
        settings=PPOSettings(
            rollout=128,
            minibatch=256,
            epochs=4,
            learning_rate=2.5e-4,
            clip=0.1,
            final_clip=0.0,
            entropy_weight=0.01,
            shared_body=True,
        ),
    ),
}

TABLES: dict[str, tuple[str, ...]] = {  # several under one name, for `zerodojo study`
    "scores": ("cartpole-ppo", "acrobot-ppo", "lunarlander-ppo", "pendulum-ppo"),
}
