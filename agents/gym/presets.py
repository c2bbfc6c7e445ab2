"""Settings that were tried, by environment and agent. Plain data, found by `choice`; docs/results.md has what they reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from ...envs.gym.config import ViewConfig
from ...models.config import BodyConfig
from ..policy_gradient.config import A2CSettings, PPOSettings, ReinforceSettings, SACSettings, TD3Settings, VTraceSettings
from ..registry import agent_of
from ..tabular.config import (
    DynaQSettings,
    ExpectedSarsaSettings,
    MonteCarloSettings,
    NStepSarsaSettings,
    QLearningSettings,
    SarsaSettings,
)
from ..value.config import DQNSettings, HeadSettings, PQNSettings, R2D2Settings, RainbowSettings
from .config import GymConfig

BOTH = ViewConfig(normalize_observation=True, normalize_reward=True)
CARTPOLE_DQN = GymConfig(  # rl-zoo's but for the learning rate, there 2.3e-3 to the end, for Adam's epsilon, 1e-8, and for double
    task="CartPole-v1",
    steps=50_000,
    body=BodyConfig(hidden=(256, 256), activation="relu"),
    settings=DQNSettings(
        train_every=256,
        gradient_steps=128,
        batch=64,
        learning_rate=1e-3,
        decay_learning_rate=True,
        optimizer_epsilon=1e-5,
        target_every=10,
        final_epsilon=0.04,
        epsilon_share=0.16,
        double=True,
    ),
)
ACROBOT_DQN = GymConfig(  # rl-zoo's but for Adam's epsilon, there 1e-8
    task="Acrobot-v1",
    steps=100_000,
    body=BodyConfig(hidden=(256, 256), activation="relu"),
    settings=DQNSettings(
        capacity=50_000,
        learning_starts=0,
        train_every=4,
        gradient_steps=-1,
        batch=128,
        learning_rate=6.3e-4,
        optimizer_epsilon=1e-5,
        target_every=250,
        final_epsilon=0.1,
        epsilon_share=0.12,
    ),
)
MINATAR_PPO = GymConfig(  # ours: Atari's settings, learning four times as fast
    steps=1_000_000,
    environments=8,
    view=ViewConfig(max_episode_steps=10_000),
    body=BodyConfig(hidden=(128,)),
    settings=PPOSettings(rollout=128, minibatch=256, epochs=4, learning_rate=1e-3, entropy_weight=0.01, shared_body=True),
)
MINATAR_QR_SETTINGS = DQNSettings(  # ours: one update for eight steps, the returns of three steps
    capacity=100_000,
    learning_starts=5_000,
    train_every=2,
    gradient_steps=4,
    batch=64,
    learning_rate=5e-4,
    decay_learning_rate=True,
    target_every=1000,
    n_step=3,
    final_epsilon=0.02,
    epsilon_share=0.2,
    head=HeadSettings(kind="qr", quantiles=50),
)
MINATAR_QR = GymConfig(
    steps=1_000_000,
    environments=16,
    view=ViewConfig(max_episode_steps=10_000),
    body=BodyConfig(hidden=(128,)),
    settings=MINATAR_QR_SETTINGS,
)

PRESETS: dict[str, GymConfig[Any]] = {
    "frozenlake-q": GymConfig(
        task="FrozenLake-v1",
        environments=16,
        steps=100_000,
        settings=QLearningSettings(step_size=0.2, final_step_size=0.001, exploration=0.5),
    ),
    "taxi-q": GymConfig(
        task="Taxi-v4",
        environments=16,
        steps=200_000,
        settings=QLearningSettings(step_size=0.5, final_step_size=0.5),
    ),
    "frozenlake-monte-carlo": GymConfig(
        task="FrozenLake-v1",
        environments=16,
        steps=200_000,
        settings=MonteCarloSettings(step_size=0.05, final_step_size=0.002, step_size_power=0.0, epsilon=0.3),
    ),
    "cliffwalking-q": GymConfig(
        task="CliffWalking-v1",
        environments=8,
        steps=20_000,
        settings=QLearningSettings(step_size=0.5, final_step_size=0.5, epsilon=0.1, gamma=1.0),
    ),
    "cliffwalking-sarsa": GymConfig(
        task="CliffWalking-v1",
        environments=8,
        steps=50_000,
        settings=SarsaSettings(step_size=0.5, final_step_size=0.01, epsilon=0.2, final_epsilon=0.2, gamma=1.0),
    ),
    "cliffwalking-n-step-sarsa": GymConfig(
        task="CliffWalking-v1",
        environments=8,
        steps=50_000,
        settings=NStepSarsaSettings(step_size=0.5, final_step_size=0.01, epsilon=0.2, final_epsilon=0.2, gamma=1.0),
    ),
    "cliffwalking-expected-sarsa": GymConfig(
        task="CliffWalking-v1",
        environments=8,
        steps=50_000,
        settings=ExpectedSarsaSettings(step_size=0.5, final_step_size=0.1, epsilon=0.2, final_epsilon=0.2, gamma=1.0),
    ),
    "cliffwalking-dyna-q": GymConfig(
        task="CliffWalking-v1",
        environments=1,
        steps=5_000,
        settings=DynaQSettings(step_size=0.5, final_step_size=0.5, epsilon=0.1, gamma=1.0),
    ),
    "cartpole-ppo": GymConfig(  # rl-zoo's
        task="CartPole-v1",
        environments=8,
        steps=100_000,
        settings=PPOSettings(
            rollout=32, minibatch=256, epochs=20, learning_rate=1e-3, gamma=0.98, gae_lambda=0.8, clip=0.2, final_clip=0.0
        ),
    ),
    "cartpole-ppo-quick": GymConfig(  # ours: of settings drawn at random the quickest to 475 on one core, by 15 seeds
        task="CartPole-v1",
        environments=16,
        steps=30_000,
        settings=PPOSettings(
            rollout=64,
            minibatch=128,
            epochs=6,
            learning_rate=1.5e-2,
            gamma=0.99,
            gae_lambda=0.95,
            clip=0.3,
            final_clip=0.0,
            value_weight=0.25,
            gradient_clip=1.0,
        ),
    ),
    "cartpole-dqn": CARTPOLE_DQN,
    "cartpole-c51": replace(
        CARTPOLE_DQN,
        settings=replace(CARTPOLE_DQN.settings, double=False, head=HeadSettings(kind="c51", low=0.0, high=100.0)),
    ),
    "cartpole-qr": replace(
        CARTPOLE_DQN,
        settings=replace(CARTPOLE_DQN.settings, head=HeadSettings(kind="qr", quantiles=10)),
    ),
    "cartpole-rainbow": replace(  # ours: all of its parts at the pace of `cartpole-c51`
        CARTPOLE_DQN,
        settings=RainbowSettings(
            train_every=256,
            gradient_steps=128,
            batch=64,
            learning_rate=1e-3,
            decay_learning_rate=True,
            optimizer_epsilon=1e-5,
            target_every=10,
            head=HeadSettings(kind="c51", low=0.0, high=100.0),
        ),
    ),
    "cartpole-pqn": GymConfig(
        task="CartPole-v1",
        environments=8,
        steps=200_000,
        body=BodyConfig(hidden=(128, 128), activation="relu", layer_norm=True),
        settings=PQNSettings(rollout=32, minibatch=64, learning_rate=1e-3, epsilon_share=0.3),
    ),
    "acrobot-dqn": ACROBOT_DQN,
    "mountaincar-dqn": GymConfig(  # rl-zoo's, whose learning rate stays: it came to -150
        task="MountainCar-v0",
        steps=120_000,
        body=BodyConfig(hidden=(256, 256), activation="relu"),
        settings=DQNSettings(
            capacity=10_000,
            train_every=16,
            gradient_steps=8,
            batch=128,
            learning_rate=4e-3,
            decay_learning_rate=True,
            gamma=0.98,
            target_every=600,
            final_epsilon=0.07,
            epsilon_share=0.2,
        ),
    ),
    "lunarlander-dqn": replace(ACROBOT_DQN, task="LunarLander-v3"),  # rl-zoo has the same for both
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
            rollout=1024,
            minibatch=64,
            epochs=10,
            learning_rate=1e-3,
            final_learning_rate=1e-3,
            gamma=0.9,
            gae_lambda=0.95,
            sde=True,
            sde_frequency=4,
        ),
    ),
    "pendulum-sac": GymConfig(  # rl-zoo's
        task="Pendulum-v1",
        steps=20_000,
        body=BodyConfig(hidden=(256, 256), activation="relu"),
        settings=SACSettings(learning_rate=1e-3, final_learning_rate=1e-3),
    ),
    "pendulum-td3": GymConfig(  # rl-zoo's
        task="Pendulum-v1",
        steps=20_000,
        body=BodyConfig(hidden=(400, 300), activation="relu"),
        settings=TD3Settings(capacity=200_000, learning_starts=10_000, gamma=0.98),
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
    "pong-ppo": GymConfig(  # rl-zoo's, learning four times as fast
        task="ALE/Pong-v5",
        environments=8,
        steps=10_000_000,
        view=ViewConfig(atari=True, frame_stack=4),
        body=BodyConfig(hidden=(512,)),
        settings=PPOSettings(
            rollout=128,
            minibatch=256,
            epochs=4,
            learning_rate=1e-3,
            clip=0.1,
            final_clip=0.0,
            entropy_weight=0.01,
            shared_body=True,
        ),
    ),
    "minigrid-empty-ppo": GymConfig(  # rl-zoo's for MiniGrid-Empty-Random-5x5-v0
        task="MiniGrid-Empty-5x5-v0",
        environments=8,
        steps=100_000,
        view=BOTH,
        settings=PPOSettings(rollout=128, minibatch=64, epochs=10, learning_rate=2.5e-4, final_learning_rate=2.5e-4),
    ),
    "minatar-asterix-ppo": replace(MINATAR_PPO, task="MinAtar/Asterix-v1"),
    "minatar-asterix-qr": replace(  # with the others' learning rate it takes off twice as late
        MINATAR_QR,
        task="MinAtar/Asterix-v1",
        settings=replace(MINATAR_QR_SETTINGS, learning_rate=2.5e-4),
    ),
    "minatar-breakout-ppo": replace(MINATAR_PPO, task="MinAtar/Breakout-v1"),
    "minatar-breakout-qr": replace(MINATAR_QR, task="MinAtar/Breakout-v1"),
    "minatar-space-invaders-ppo": replace(MINATAR_PPO, task="MinAtar/SpaceInvaders-v1"),
    "minatar-space-invaders-qr": replace(MINATAR_QR, task="MinAtar/SpaceInvaders-v1"),
    "recall-ppo": GymConfig(  # an episode a rollout; only the answer is paid, and nothing before it matters
        task="zerodojo/Recall-v0",
        environments=64,
        steps=100_000,
        body=BodyConfig(hidden=(32,), memory="lstm", memory_size=64, memory_span=50),
        settings=PPOSettings(
            rollout=52, minibatch=832, epochs=4, learning_rate=1e-2, final_learning_rate=1e-3, gamma=0.5, value_weight=0.25
        ),
    ),
    "recall-r2d2": GymConfig(  # sequences are whole episodes, so that nothing is to be burnt in
        task="zerodojo/Recall-v0",
        environments=16,
        steps=150_000,
        body=BodyConfig(hidden=(32,), memory="lstm", memory_size=64, memory_span=50),
        settings=R2D2Settings(
            capacity=4_000,
            learning_starts=5_000,
            batch=32,
            burn_in=0,
            length=52,
            period=52,
            learning_rate=3e-3,
            decay_learning_rate=True,
            optimizer_epsilon=1e-5,
            gamma=0.5,
            target_every=2_000,
            epsilon_share=0.3,
            n_step=1,
        ),
    ),
    "cartpole-a2c": GymConfig(task="CartPole-v1", environments=8, steps=500_000, settings=A2CSettings()),  # rl-zoo's
    "cartpole-vtrace": GymConfig(
        task="CartPole-v1",
        environments=8,
        steps=300_000,
        settings=VTraceSettings(rollout=10, learning_rate=2e-3, entropy_weight=0.01, value_weight=0.5),
    ),
    "cartpole-reinforce": GymConfig(
        task="CartPole-v1",
        environments=4,
        steps=120_000,
        settings=ReinforceSettings(learning_rate=3e-3, final_learning_rate=0.0, normalize_advantages=True),
    ),
    "tic_tac_toe-ppo": GymConfig(  # ours: with less entropy the same few games come again and again, and others are lost
        task="zerodojo/TicTacToe-v0",
        options={"opponent": "league"},
        environments=64,
        steps=400_000,
        body=BodyConfig(hidden=(128,)),
        settings=PPOSettings(rollout=32, minibatch=512, learning_rate=2.5e-3, entropy_weight=0.1, value_weight=0.25),
    ),
    "connect_four-ppo": GymConfig(  # ours, likewise
        task="zerodojo/ConnectFour-v0",
        options={"opponent": "league"},
        environments=64,
        steps=600_000,
        body=BodyConfig(hidden=(128,)),
        settings=PPOSettings(rollout=32, minibatch=512, learning_rate=2.5e-3, entropy_weight=0.05, value_weight=0.25),
    ),
}

TABLES: dict[str, tuple[str, ...]] = {  # several under one name, for `zerodojo study`
    "scores": (
        "frozenlake-q",
        "taxi-q",
        "cliffwalking-q",
        "cliffwalking-sarsa",
        "cartpole-ppo",
        "cartpole-dqn",
        "cartpole-c51",
        "cartpole-qr",
        "cartpole-pqn",
        "cartpole-a2c",
        "cartpole-reinforce",
        "cartpole-vtrace",
        "acrobot-dqn",
        "acrobot-ppo",
        "mountaincar-dqn",
        "lunarlander-ppo",
        "lunarlander-dqn",
        "pendulum-sac",
        "pendulum-td3",
        "pendulum-ppo",
        "recall-ppo",
        "recall-r2d2",
        "minatar-breakout-ppo",
        "minatar-breakout-qr",
        "minatar-asterix-ppo",
        "minatar-asterix-qr",
        "minatar-space-invaders-ppo",
        "minatar-space-invaders-qr",
    ),
}


class Listed(NamedTuple):
    """What `zerodojo list` shows of a preset."""

    summary: str


LISTED = {name: Listed(f"{agent_of(config)} in {config.task}, {config.steps:,} steps") for name, config in PRESETS.items()}
