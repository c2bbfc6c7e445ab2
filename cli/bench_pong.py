"""PPO on Pong in EnvPool, ours and Stable-Baselines3's: a row of `zerodojo bench gym`. Called by `bench_gym`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..agents.gym.config import GymConfig
from ..agents.gym.presets import PRESETS
from ..agents.policy_gradient.config import PPOSettings
from ..envs.gym.making import find
from ..envs.gym.pooled import pool
from ..models.hardware import has_bf16
from .bench_games import installed

PEER = "stable_baselines3"
NEEDED = ("ale_py", "envpool", PEER)
INSTALL = "pip install 'zerodojo[atari,envpool,peers]'"
THREADS = {"num_threads": 1}  # of EnvPool, on both sides


def is_possible() -> bool:
    """Whether all is installed that the row needs."""
    return all(installed(module) for module in NEEDED)


def ours() -> GymConfig[PPOSettings]:
    """The preset, in EnvPool and in the precision that is fastest here."""
    preset = PRESETS["pong-ppo"]
    return replace(
        preset,
        options=dict(THREADS),
        view=replace(preset.view, side_by_side="envpool"),
        body=replace(preset.body, precision="bfloat16" if has_bf16() else "float32"),
    )


def peer(seed: int) -> Any:
    """Stable-Baselines3's PPO on the same environments with the same settings."""
    config = ours()
    settings = config.settings
    return installed(PEER).PPO(
        "CnnPolicy",
        _environments(config, seed),
        n_steps=settings.rollout,
        batch_size=settings.minibatch,
        n_epochs=settings.epochs,
        learning_rate=lambda left: settings.learning_rate * left,
        clip_range=lambda left: settings.clip * left,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        ent_coef=settings.entropy_weight,
        vf_coef=settings.value_weight,
        max_grad_norm=settings.gradient_clip,
        device="cpu",
        seed=seed,
    )


def _environments(config: GymConfig[Any], seed: int) -> Any:
    """EnvPool as Stable-Baselines3 takes environments: what has ended is reset at once, as in EnvPool's own example."""
    vectors = installed(f"{PEER}.common.vec_env")
    inner = pool(find(config.task), config.options, config.view, config.environments, learning=True)

    class PeerEnvironments(vectors.VecEnv):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(inner.num_envs, inner.single_observation_space, inner.single_action_space)

        def reset(self) -> Any:
            return inner.reset(seed=seed)[0]

        def step_async(self, actions: Any) -> None:
            self._actions = actions

        def step_wait(self) -> Any:
            shown, reward, terminated, truncated, _ = inner.step(self._actions)
            ended = terminated | truncated
            infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
            for i in np.flatnonzero(ended):
                infos[i] = {"terminal_observation": shown[i].copy(), "TimeLimit.truncated": bool(truncated[i])}
            if ended.any():
                shown = shown.copy()
                shown[ended] = inner.reset(options={"reset_mask": ended})[0]
            return shown, reward, ended, infos

        def close(self) -> None:
            inner.close()

        def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
            return [None] * self.num_envs  # no render mode, nothing else

        def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
            raise AttributeError(f"environments in C++ have no {attr_name} to be set")

        def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
            raise AttributeError(f"environments in C++ have no method {method_name}")

        def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
            return [False] * self.num_envs

    return PeerEnvironments()
