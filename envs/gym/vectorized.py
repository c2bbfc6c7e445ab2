"""Environments that a library runs side by side itself: in processes, in C++, in one array. Called by `making`.

They reset in one of three ways (`AutoresetMode`), and what comes out of here is always the same. Their states cannot be replayed,
so a run that goes on begins fresh episodes, and says so. Where one fails the library's others cannot go on, so all are made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode
from numpy.typing import NDArray

from .checks import Checks
from .environments import BadEnvironment, Episode, Seen, Step, failure
from .guarded import FAILED
from .spaces import MASK, Actions, Reader, Writer, opened, unbatched

Vector = gymnasium.vector.VectorEnv[Any, Any, Any]


class VectorEnvironments:
    """Any `gymnasium.vector.VectorEnv` that `make` makes. Where it fails it is made once more; then BadEnvironment is raised."""

    def __init__(self, name: str, make: Callable[[], Vector]) -> None:
        env = make()
        self.n = env.num_envs
        self._name, self._make, self._env, self._checks = name, make, env, Checks(name)
        self._mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self._read, self._write = Reader(env.single_observation_space), Writer(env.single_action_space)
        self.observation_space, self.action_space = self._read.space, self._write.space
        self._over = np.zeros(self.n, np.bool_)  # whose episode is over, and which the next step resets (NEXT_STEP)
        self._total, self._length = np.zeros(self.n), np.zeros(self.n, np.int64)
        self._finished: list[Episode] = []
        self._notices: list[str] = []
        self._restarted = False

    def reset(self, seed: int | None = None) -> Seen:
        """As `Environments` says."""
        self._seed = seed
        try:
            shown, infos = self._ask("a reset", lambda: self._env.reset(seed=seed))
        except _Failure as failure:
            return self._restart(failure)
        self._over[:] = False
        self._total[:], self._length[:] = 0.0, 0
        self._last = self._seen(shown, infos)
        self._checks.numbers(self._last.observation, self._length)
        return self._last

    def step(self, actions: Actions) -> Step:
        """As `Environments` says."""
        try:
            return self._step(actions)
        except _Failure as failure:
            return self._cut_short(failure)

    def _step(self, actions: Actions) -> Step:
        valid, written = ~self._over, np.asarray(self._write(actions))
        shown, reward, terminated, truncated, infos = self._ask("a step", lambda: self._env.step(written))
        reward = np.where(valid, reward, 0.0).astype(np.float32)
        terminated, truncated = np.asarray(terminated, np.bool_) & valid, np.asarray(truncated, np.bool_) & valid
        ended = terminated | truncated
        final = seen = self._seen(shown, infos)
        if ended.any() and self._mode == AutoresetMode.SAME_STEP:
            final = self._before_reset(seen, ended, infos)
        elif ended.any() and self._mode == AutoresetMode.DISABLED:
            began, told = self._ask("a reset", lambda: self._env.reset(options={"reset_mask": ended}))
            fresh = self._seen(began, told, ended)
            mask = None if seen.mask is None or fresh.mask is None else np.where(ended[:, None], fresh.mask, seen.mask)
            seen = Seen(fresh.observation, mask)  # infos tell only of those that were reset
        self._over = ended if self._mode == AutoresetMode.NEXT_STEP else np.zeros(self.n, np.bool_)
        self._checks.numbers(final.observation, self._length + valid, reward)
        self._count(reward, ended, valid)
        if final is not seen:
            self._checks.numbers(seen.observation, self._length, reward)
        self._last = seen
        final_mask = opened(final.mask) if final.mask is not None and ended.any() else final.mask
        return Step(seen.observation, seen.mask, reward, terminated, truncated, final.observation, valid, final_mask)

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

    def _ask(self, where: str, call: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
        """What the library answers. Raises _Failure where an environment failed."""
        try:
            answer = call()
        except Exception as error:
            raise _Failure(failure(f"the environments of {self._name}", where, error)) from error
        for i, said in enumerate(answer[-1].get(FAILED, ())):
            if said is not None:
                raise _Failure(f"environment {i} of {self._name} failed in {where} ({said})")
        return answer

    def _restart(self, failure: _Failure) -> Seen:
        """Makes all of them anew, once, and begins an episode in each."""
        _end(self._env)
        if self._restarted:
            raise BadEnvironment(f"{failure}, the second time; mend the environment") from failure
        self._restarted = True
        self._notices.append(f"{failure}; all {self.n} side by side were started again, once")
        try:
            self._env = self._make()
        except Exception as again:
            raise BadEnvironment(f"{failure}, and cannot be made again ({again}); mend the environment") from again
        return self.reset(None if self._seed is None else self._seed + self.n)

    def _cut_short(self, failure: _Failure) -> Step:
        """All episodes under way end where they stood, and others begin."""
        last, going, nothing = self._last, ~self._over, np.zeros(self.n, np.float32)
        self._count(nothing, going, going)
        seen = self._restart(failure)
        never = np.zeros(self.n, np.bool_)
        return Step(seen.observation, seen.mask, nothing, never, going, last.observation, going, last.mask, going)

    def _seen(self, shown: Any, infos: Mapping[str, Any], told: NDArray[np.bool_] | None = None) -> Seen:
        """What is shown; `told` [N] are those that infos tell of, where not of all."""
        values = unbatched(self._env.single_observation_space, shown, self.n)
        masks, rows = self._read.masks(values), np.arange(self.n) if told is None else np.flatnonzero(told)
        if masks is None and self._has_masks(infos, rows):
            unsaid = np.ones(sum(self.action_space.sizes), np.bool_)
            masks = [unsaid] * self.n
            for i in rows.tolist():
                masks[i] = infos[MASK][i]
        return Seen(self._read(values), None if masks is None else self._checks.rows(masks, self.action_space))

    def _before_reset(self, seen: Seen, ended: NDArray[np.bool_], infos: Mapping[str, Any]) -> Seen:
        """What the episodes that ended showed last: it stands in infos, for what is shown is the next episode's beginning."""
        rows = np.flatnonzero(ended)
        values = [infos["final_obs"][i] for i in rows]
        observation, mask = seen.observation.copy(), None if seen.mask is None else seen.mask.copy()
        observation[rows] = self._read(values)
        if mask is not None:
            inside, last = self._read.masks(values), infos.get("final_info", {})
            if inside is None and MASK in last:  # who says nothing at an end leaves all open
                told = last.get(f"_{MASK}", ended)[rows]
                inside = [last[MASK][i] if said else np.ones_like(mask[i]) for i, said in zip(rows, told, strict=True)]
            mask[rows] = True if inside is None else self._checks.rows(inside, self.action_space)
        return Seen(observation, mask)

    def _has_masks(self, infos: Mapping[str, Any], rows: NDArray[np.intp]) -> bool:
        given = infos.get(f"_{MASK}", np.full(self.n, MASK in infos))[rows]
        return self._checks.masks(given.tolist(), rows.tolist())

    def _count(self, reward: NDArray[np.float32], ended: NDArray[np.bool_], valid: NDArray[np.bool_]) -> None:
        self._total += reward
        self._length += valid
        for i in np.flatnonzero(ended).tolist():
            self._finished.append(Episode(float(self._total[i]), int(self._length[i])))
            self._total[i], self._length[i] = 0.0, 0


class _Failure(Exception):
    """Environments failed; the message names them and says how."""


def _end(env: Vector) -> None:
    """Ends environments that failed, whatever they say to it: of processes some may be dead, and others wait for an answer."""
    if isinstance(env, AsyncVectorEnv):
        for process in env.processes:
            process.kill()
            process.join()
        for pipe in filter(None, env.parent_pipes):
            pipe.close()
        env.closed = True
    else:
        with suppress(Exception):
            env.close()
