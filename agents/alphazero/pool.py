"""Where self-play happens, as the training loop sees it; and the simplest place: this process.

`distributed` has the same pool on Ray actors. The loop is written once, against `Pool`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from .config import AlphaZeroConfig
from .worker import Played, SelfPlayWorker, Version

CALL_SECONDS = 1.0  # that a call of a worker plays at most, whether games have ended or not


class Pool(Protocol):
    """Self-play workers. Games are begun by numbers that the pool takes from the run's counter."""

    def poll(self, *, wait: bool) -> list[Played]:
        """What has been played since the last call; with `wait`, it waits for something, about a second at most."""
        ...

    def play(self, numbers: Sequence[int]) -> list[Played]:
        """Exactly these games, from their beginning to their end, with the newest version."""
        ...

    def under_way(self) -> int:
        """Positions in games that have not ended, as far as is known: games come in waves, and count when they end."""
        ...

    def publish(self, version: Version) -> None:
        """Newer weights for all workers."""
        ...

    def notices(self) -> list[str]:
        """What a person should know since the last call, such as a worker that died and was replaced."""
        ...

    def close(self) -> None:
        """Ends all workers."""
        ...


PoolFactory = Callable[[AlphaZeroConfig, Iterator[int]], Pool]


def chunk(config: AlphaZeroConfig) -> int:
    """Games that end one call of a worker: few, so that they reach the learner soon, yet enough to make a call
    cheap. A few more may end in its last round."""
    return max(1, config.self_play.games // 8)


class LocalPool:
    """One worker in this process: it plays while the loop waits for games, and only then."""

    def __init__(self, config: AlphaZeroConfig, numbers: Iterator[int]) -> None:
        self._config, self._numbers = config, numbers
        self._worker = SelfPlayWorker(config)
        self._missing = config.self_play.games  # games to begin, so that every slot has one
        self._under_way = 0
        self._version: Version | None = None

    def poll(self, *, wait: bool) -> list[Played]:
        if not wait:
            return []
        numbers = [next(self._numbers) for _ in range(self._missing)]
        played = self._worker.play(numbers, finish=chunk(self._config), newer=self._newer, seconds=CALL_SECONDS)
        self._missing, self._under_way = len(played.records), played.under_way
        return [played]

    def play(self, numbers: Sequence[int]) -> list[Played]:
        self._worker.refresh(self._newer)
        return [self._worker.play(numbers, finish=len(numbers), newer=self._newer)]

    def under_way(self) -> int:
        return self._under_way

    def publish(self, version: Version) -> None:
        self._version = version

    def notices(self) -> list[str]:
        return []

    def close(self) -> None:
        """Nothing is held."""

    def _newer(self, step: int) -> Version | None:
        return self._version if self._version is not None and self._version.step > step else None
