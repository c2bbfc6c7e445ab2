"""A task for memories: a signal is shown once, and asked for much later. Registered as `zerodojo/Recall-v0` on import.

Importing this module imports Gymnasium and nothing heavier; `envs.gym.making` does it when the id is asked for.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

ID = "zerodojo/Recall-v0"


class Recall(gymnasium.Env[NDArray[np.float32], np.int64]):
    """Who has seen the signal and answers the cue with it is paid 1, any other answer 0; whoever guesses earns 1 / signals.

    An episode is `delay` + 2 steps: the signal, `delay` steps with nothing to see, the cue. Only the action at the cue matters.
    An observation is one-hot: the signals, then the cue; all 0 while waiting, so that nothing tells the time.

    Args:
        signals: how many there are.
        delay: steps between signal and cue.

    Raises ValueError for fewer than 2 signals or a negative delay.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012  (Gymnasium's own attribute)

    def __init__(self, *, signals: int = 4, delay: int = 50, render_mode: str | None = None) -> None:
        if signals < 2 or delay < 0:
            raise ValueError(f"{signals} signals and a delay of {delay}: there must be 2 and 0 at least")
        self.render_mode = render_mode
        self.observation_space = spaces.Box(0.0, 1.0, (signals + 1,), np.float32)
        self.action_space = spaces.Discrete(signals)
        self._signals, self._delay = signals, delay
        self._signal = self._t = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """A new signal, and shows it."""
        super().reset(seed=seed)
        self._signal, self._t = int(self.np_random.integers(self._signals)), 0
        return self._shown(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Waits, or at the cue takes the answer."""
        asked = self._t == self._delay + 1
        self._t += 1
        return self._shown(), float(asked and int(action) == self._signal), asked, False, {}

    def _shown(self) -> NDArray[np.float32]:
        shown = np.zeros(self._signals + 1, np.float32)
        if self._t == 0:
            shown[self._signal] = 1.0
        elif self._t == self._delay + 1:
            shown[-1] = 1.0
        return shown


if ID not in gymnasium.registry:
    gymnasium.register(ID, f"{__name__}:Recall", reward_threshold=0.95)
