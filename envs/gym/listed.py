"""Single environments in a list, stepped one after the other in this process: the plain way, and the one that can be resumed.

Gymnasium cannot save the state of an environment. So each one's generator is noted before an episode is reset, and every action
since; `load` plays them again, and where what comes out differs it starts a fresh episode and says so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from .checks import Checks
from .environments import BadEnvironment, Episode, Seen, Step, failure
from .masked import asked_for_masks
from .spaces import MASK, Actions, Reader, Writer, opened

Make = Callable[[], gymnasium.Env[Any, Any]]


class EnvironmentList:
    """N environments that `make` makes. Where one fails it is made once more; where that fails too, BadEnvironment is raised."""

    def __init__(self, name: str, make: Make, n: int) -> None:
        self.n = n
        self._name, self._make, self._checks = name, make, Checks(name)
        self._envs = [make() for _ in range(n)]
        self._read = Reader(self._envs[0].observation_space)
        self._write = Writer(self._envs[0].action_space)
        self.observation_space, self.action_space = self._read.space, self._write.space
        self._has_masks = asked_for_masks(self._envs[0])
        self._last: list[Any] = [None] * n  # what each showed last, raw
        self._infos: list[dict[str, Any]] = [{}] * n
        self._before: list[Any] = [None] * n  # the generator's state before the episode's reset
        self._actions: list[list[Any]] = [[] for _ in range(n)]  # since then
        self._total, self._length = np.zeros(n), np.zeros(n, np.int64)
        self._finished: list[Episode] = []
        self._notices: list[str] = []
        self._restarted = False

    def reset(self, seed: int | None = None) -> Seen:
        """As `Environments` says; environment i begins with seed + i."""
        for i in range(self.n):
            self._begin(i, None if seed is None else seed + i)
        return self._seen()

    def step(self, actions: Actions) -> Step:
        """As `Environments` says."""
        n = self.n
        reward, terminated, truncated = np.empty(n, np.float32), np.empty(n, np.bool_), np.empty(n, np.bool_)
        failed: list[int] = []
        for i, action in enumerate(self._write(actions)):
            self._actions[i].append(action)
            try:
                self._last[i], reward[i], terminated[i], truncated[i], self._infos[i] = self._envs[i].step(action)
            except Exception as error:
                reward[i], terminated[i], truncated[i] = 0.0, False, True
                self._restart(i, "a step", error)
                failed.append(i)
        final = self._read(self._last)
        self._checks.numbers(final, self._length + 1, reward)
        self._total += reward
        self._length += 1
        ended = np.flatnonzero(terminated | truncated)
        if not len(ended):
            mask = self._masks()
            return Step(final, mask, reward, terminated, truncated, final, np.ones(n, np.bool_), mask)
        cut = [i for i in ended.tolist() if not terminated[i] and i not in failed]
        open_there = self._masks(cut) if cut else None
        observation = final.copy()
        for i in ended.tolist():
            self._finished.append(Episode(float(self._total[i]), int(self._length[i])))
            self._begin(i, None)
        observation[ended] = self._read([self._last[i] for i in ended])
        self._checks.numbers(observation, self._length, reward)
        mask = final_mask = self._masks()
        if mask is not None and cut:
            final_mask = mask.copy()
            final_mask[cut] = True if open_there is None else opened(open_there)
        cut_short = np.isin(np.arange(n), failed) if failed else None
        return Step(observation, mask, reward, terminated, truncated, final, np.ones(n, np.bool_), final_mask, cut_short)

    def finished(self) -> list[Episode]:
        """As `Environments` says."""
        finished, self._finished = self._finished, []
        return finished

    def notices(self) -> list[str]:
        """As `Environments` says."""
        notices, self._notices = self._notices, []
        return notices

    def state(self) -> dict[str, Any]:
        """The generators before the episodes under way, and the actions since."""
        return {
            "before": copy.deepcopy(self._before),
            "actions": [[np.asarray(action).tolist() for action in actions] for actions in self._actions],
            "total": self._total.tolist(),
            "after": [_generator_state(env) for env in self._envs],
            "last": self._read(self._last).tolist(),
        }

    def load(self, state: dict[str, Any]) -> tuple[Seen, NDArray[np.bool_]]:
        """Plays the episodes under way again. Where one comes out differently, a fresh one begins, and `notices` says so."""
        lost = np.zeros(self.n, np.bool_)
        expected = np.array(state["last"], self.observation_space.dtype)
        for i in range(self.n):
            _set_generator(self._envs[i], state["before"][i])
            self._begin(i, None)
            ended = False
            try:
                for action in map(self._native, state["actions"][i]):
                    self._last[i], _, terminated, truncated, self._infos[i] = self._envs[i].step(action)
                    self._actions[i].append(action)
                    ended = ended or bool(terminated or truncated)
            except Exception as error:
                self._restart(i, "a step", error)
                ended = True
            same = np.array_equal(self._read([self._last[i]])[0], expected[i])
            if ended or not same or _generator_state(self._envs[i]) != state["after"][i]:
                lost[i] = True
                _set_generator(self._envs[i], state["after"][i])
                self._begin(i, None)
            else:
                self._total[i], self._length[i] = state["total"][i], len(state["actions"][i])
        if lost.any():
            self._notices.append(f"{self._name} does not replay: {lost.sum()} of {self.n} episodes under way begin anew")
        return self._seen(), lost

    def close(self) -> None:
        """As `Environments` says."""
        for env in self._envs:
            env.close()

    def _native(self, action: Any) -> Any:
        space = self._envs[0].action_space
        return action if isinstance(space, gymnasium.spaces.Discrete) else np.array(action, space.dtype)

    def _begin(self, i: int, seed: int | None) -> None:
        """A new episode in environment i, and what is needed to begin it again."""
        env = self._envs[i]
        if seed is not None:
            env.unwrapped.np_random, _ = gymnasium.utils.seeding.np_random(seed)
            env.action_space.seed(seed)
        self._before[i] = _generator_state(env)
        try:
            self._last[i], self._infos[i] = env.reset(seed=seed)  # said as well, to those whose randomness is elsewhere
        except Exception as error:
            self._restart(i, "a reset", error)
            self._begin(i, seed)
        self._actions[i] = []
        self._total[i] = self._length[i] = 0

    def _restart(self, i: int, where: str, error: Exception) -> None:
        """Makes an environment that failed anew, once; its episode counts as cut short."""
        what = failure(f"environment {i} of {self._name}", where, error)
        if self._restarted:
            raise BadEnvironment(f"{what}, the second time; mend the environment") from error
        self._restarted = True
        self._notices.append(f"{what}; it was started again, once")
        state = _generator_state(self._envs[i])
        try:
            self._envs[i] = self._make()
        except Exception as again:
            raise BadEnvironment(f"{what}, and cannot be made again ({again}); mend the environment") from again
        _set_generator(self._envs[i], state)

    def _seen(self) -> Seen:
        seen = self._read(self._last)
        self._checks.numbers(seen, self._length)
        return Seen(seen, self._masks())

    def _masks(self, which: Sequence[int] | None = None) -> NDArray[np.bool_] | None:
        """What is open in these environments, in all where none are named."""
        rows = range(self.n) if which is None else which
        masks = self._read.masks([self._last[i] for i in rows])
        if masks is None and self._has_masks:
            masks = [self._envs[i].get_wrapper_attr("action_masks")() for i in rows]
        if masks is None:
            given = [MASK in self._infos[i] for i in rows]
            if all(given) if which is not None else self._checks.masks(given, rows):
                masks = [self._infos[i][MASK] for i in rows]
        return None if masks is None else self._checks.rows(masks, self.action_space)


def _generator_state(env: gymnasium.Env[Any, Any]) -> Any:
    return env.unwrapped.np_random.bit_generator.state


def _set_generator(env: gymnasium.Env[Any, Any], state: Any) -> None:
    generator = np.random.default_rng(0)
    generator.bit_generator.state = state
    env.unwrapped.np_random = generator
