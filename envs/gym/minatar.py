"""MinAtar's environments as Gymnasium means them to be: all that is random in an episode follows from `np_random`, so that it can
be played again. Made by `making`."""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium.utils import seeding


class OneGenerator(gymnasium.Wrapper[Any, Any, Any, Any]):
    """They keep a generator of their own, seeded where `reset` is told a seed and nowhere else, and an action that sticks may be
    that of the episode before. Here every reset seeds it, from `np_random`, and nothing sticks over the end of an episode."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As Gymnasium has it."""
        world: Any = self.unwrapped
        if seed is not None:
            world.np_random, _ = seeding.np_random(seed)
        world.game.last_action = 0
        return self.env.reset(seed=int(world.np_random.integers(2**31)), options=options)
