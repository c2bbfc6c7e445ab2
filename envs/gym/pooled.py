"""EnvPool's environments, which it runs in C++ (Weng et al. 2022), as a vector of Gymnasium's. Called by `making`.

EnvPool has ids of its own and takes its seed where it is made. It resets at the next step; where the world ends an episode at the
very step of its limit, it says that it was cut short.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode

from ...errors import UserError
from ...machine import available_cores
from .config import ViewConfig

ATARI = "ALE/"
SKIP = 4  # frames of an Atari game that one action is repeated for
SEEDS = 2**31  # that EnvPool takes


class Pool(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """n environments of an id of EnvPool's."""

    def __init__(self, task: str, n: int, settings: Mapping[str, Any]) -> None:
        """Raises UserError for an id that EnvPool lacks, TypeError for settings that it does not take, and ModuleNotFoundError."""
        import envpool

        if task not in envpool.list_all_envs():
            raise UserError(f"EnvPool has no {task}; take --view.side-by-side list or processes")
        self.metadata, self.num_envs = {"autoreset_mode": AutoresetMode.NEXT_STEP}, n
        self._task, self._settings = task, {"num_envs": n, "num_threads": min(n, available_cores()), **settings}
        with _quiet():
            spec = envpool.make_spec(task, **self._settings)
            self.single_observation_space, self.single_action_space = spec.observation_space, spec.action_space
        self._pool: Any = None  # until the seed is known

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As Gymnasium says; environment i takes seed + i, and without a seed the first reset takes one by chance."""
        if self._pool is None or seed is not None:
            self._pool = self._made(int(np.random.default_rng().integers(SEEDS)) if seed is None else seed % SEEDS)
        return self._pool.reset(options=options)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """One action in each."""
        return self._pool.step(actions)

    def close_extras(self, **kwargs: Any) -> None:
        """Ends EnvPool's threads."""
        self._pool = None

    def _made(self, seed: int) -> Any:
        import envpool

        with _quiet():
            made = envpool.make_gymnasium(self._task, seed=seed, **self._settings)
            self.single_observation_space = made.observation_space  # which EnvPool makes when it is first asked for
        return made


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps to itself what Gymnasium says of the bounds of EnvPool's spaces."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*precision lowered by casting")
        yield


def pool(spec: EnvSpec, options: Mapping[str, Any], view: ViewConfig, n: int, *, learning: bool) -> Pool:
    """n environments of an id of Gymnasium's, as EnvPool has them. Raises as `Pool` does."""
    settings: dict[str, Any] = {"max_episode_steps": view.max_episode_steps} if view.max_episode_steps else {}
    if spec.namespace and f"{spec.namespace}/" == ATARI:
        if not view.atari:
            raise UserError(
                "EnvPool shows Atari games prepared for agents only; add --view.atari, or take --view.side-by-side list"
            )
        settings |= _atari(spec, view, learning)
    elif view.atari or view.frame_stack > 1:
        raise UserError("EnvPool prepares and stacks frames of Atari games only; take --view.side-by-side list or processes")
    return Pool(spec.id.removeprefix(ATARI), n, {**settings, **options})


def _atari(spec: EnvSpec, view: ViewConfig, learning: bool) -> dict[str, Any]:
    """What `making.make_one` wraps around an Atari game. One thing differs: where a lost life ended an episode, here the game goes
    on, and there it begins anew."""
    return {
        "frame_skip": SKIP,
        "img_height": 84,
        "img_width": 84,
        "gray_scale": True,
        "stack_num": view.frame_stack,
        "noop_max": 30,
        "use_fire_reset": False,
        "episodic_life": learning,
        "reward_clip": learning,
        "repeat_action_probability": spec.kwargs["repeat_action_probability"],
    }
