"""Environments that a library runs side by side itself: in processes, in C++, in one array. Called by `making`.

They reset in one of three ways (`AutoresetMode`), and what comes out of here is always the same. Their states cannot be replayed,
so a run that goes on begins fresh episodes, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from .environments import Episode, Seen, Step, require_finite
from .spaces import MASK, Actions, Reader, Writer, unbatched


class VectorEnvironments:
    """Any `gymnasium.vector.VectorEnv`."""

    def __init__(self, name: str, env: gymnasium.vector.VectorEnv[Any, Any, Any]) -> None:
        self.n = env.num_envs
        self._name, self._env = name, env
        self._mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self._read, self._write = Reader(env.single_observation_space), Writer(env.single_action_space)
        self.observation_space, self.action_space = self._read.space, self._write.space
        self._over = np.zeros(self.n, np.bool_)  # whose episode is over, and which the next step resets (NEXT_STEP)
        self._total, self._length = np.zeros(self.n), np.zeros(self.n, np.int64)
        self._finished: list[Episode] = []
        self._notices: list[str] = []

    def reset(self, seed: int | None = None) -> Seen:
        """As `Environments` says."""
        shown, infos = self._env.reset(seed=seed)
        self._over[:] = False
        self._total[:], self._length[:] = 0.0, 0
        return self._seen(shown, infos)

    def step(self, actions: Actions) -> Step:
        """As `Environments` says."""
        valid = ~self._over
        shown, reward, terminated, truncated, infos = self._env.step(np.asarray(self._write(actions)))
        reward = np.where(valid, reward, 0.0).astype(np.float32)
        terminated, truncated = np.asarray(terminated, np.bool_) & valid, np.asarray(truncated, np.bool_) & valid
        ended = terminated | truncated
        final = seen = self._seen(shown, infos)
        if ended.any() and self._mode == AutoresetMode.SAME_STEP:
            final = self._before_reset(seen, ended, infos)
        elif ended.any() and self._mode == AutoresetMode.DISABLED:
            fresh = self._seen(*self._env.reset(options={"reset_mask": ended}))
            mask = None if seen.mask is None or fresh.mask is None else np.where(ended[:, None], fresh.mask, seen.mask)
            seen = Seen(fresh.observation, mask)  # infos tell only of those that were reset
        self._over = ended if self._mode == AutoresetMode.NEXT_STEP else np.zeros(self.n, np.bool_)
        require_finite(self._name, reward, final.observation, self._length)
        self._count(reward, ended, valid)
        return Step(seen.observation, seen.mask, reward, terminated, truncated, final.observation, valid, final.mask)

    def finished(self) -> list[Episode]:
        """As `Environments` says."""
        finished, self._finished = self._finished, []
        return finished

    def notices(self) -> list[str]:
        """As `Environments` says."""
        notices, self._notices = self._notices, []
        return notices

    def state(self) -> dict[str, Any]:
        """Nothing: how such environments stand cannot be known."""
        return {}

    def load(self, state: dict[str, Any]) -> tuple[Seen, NDArray[np.bool_]]:
        """Fresh episodes, and a notice."""
        self._notices.append(f"{self._name} run side by side cannot be replayed: the episodes under way begin anew")
        return self.reset(), np.ones(self.n, np.bool_)

    def close(self) -> None:
        """As `Environments` says."""
        self._env.close()

    def _seen(self, shown: Any, infos: Mapping[str, Any]) -> Seen:
        values = unbatched(self._env.single_observation_space, shown, self.n)
        mask = self._read.masks(values)
        if mask is None and MASK in infos:
            mask = np.stack([np.asarray(row, np.bool_) for row in infos[MASK]])
        return Seen(self._read(values), mask)

    def _before_reset(self, seen: Seen, ended: NDArray[np.bool_], infos: Mapping[str, Any]) -> Seen:
        """What the episodes that ended showed last: it stands in infos, for what is shown is the next episode's beginning."""
        rows = np.flatnonzero(ended)
        values = [infos["final_obs"][i] for i in rows]
        observation, mask = seen.observation.copy(), None if seen.mask is None else seen.mask.copy()
        observation[rows] = self._read(values)
        if mask is not None:
            inside = self._read.masks(values)
            mask[rows] = np.stack([infos["final_info"][MASK][i] for i in rows]) if inside is None else inside
        return Seen(observation, mask)

    def _count(self, reward: NDArray[np.float32], ended: NDArray[np.bool_], valid: NDArray[np.bool_]) -> None:
        self._total += reward
        self._length += valid
        for i in np.flatnonzero(ended).tolist():
            self._finished.append(Episode(float(self._total[i]), int(self._length[i])))
            self._total[i], self._length[i] = 0.0, 0
