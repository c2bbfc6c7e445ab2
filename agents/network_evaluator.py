"""A network as the search sees it: states in, logits and values out. Self-play, players and evaluation all judge through it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..envs import Game
from ..envs.game import States
from ..models.engines.engine import Engine, Floats


class NetworkEvaluator:
    """Renders what the mover sees into one array that is used again and again, and asks the engine.

    Where the game has a `mirror`, the network's policy is in the mover's view, and is turned back into action ids here.
    With `symmetrize` every state is judged in all symmetries of the game and the answers are averaged (logits and values):
    steadier, and as many times slower. One thread calls it at a time.
    """

    def __init__(self, game: Game, engine: Engine, *, symmetrize: bool = False) -> None:
        self._game = game
        self._engine = engine
        self._symmetrize = symmetrize
        self._mirror = game.mirror
        self._planes = np.empty((0, game.spec.num_planes, *game.spec.board), np.float32)

    def evaluate(self, states: States) -> tuple[Floats, Floats]:
        """States [N, S] -> (logits [N, A], values [N])."""
        if len(states) > len(self._planes):
            self._planes = np.empty((len(states), *self._planes.shape[1:]), np.float32)
        planes = self._planes[: len(states)]
        self._game.observe(states, planes)
        turned = self._game.to_play(states) == 1
        return self._average(planes, turned) if self._symmetrize else self._judge(planes, turned)

    def _judge(self, planes: Floats, turned: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """What the engine says of planes [N, C, H, W]; turned [N] are those that player 1 sees."""
        logits, values = self._engine.evaluate(planes)
        if self._mirror is not None:
            logits[turned] = logits[turned][:, self._mirror]
        return logits, values

    def _average(self, planes: Floats, turned: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        symmetries = self._game.symmetries
        n, k = len(planes), len(symmetries)
        flat = planes.reshape(n, planes.shape[1], -1)
        images = [flat[:, channels][:, :, points] for channels, points in zip(symmetries.planes, symmetries.points, strict=True)]
        logits, values = self._judge(np.concatenate(images).reshape(n * k, *planes.shape[1:]), np.tile(turned, k))
        back = np.empty((k, n, logits.shape[1]), np.float32)
        for i, actions in enumerate(symmetries.actions):
            back[i][:, actions] = logits[i * n : (i + 1) * n]
        return back.mean(axis=0), values.reshape(k, n).mean(axis=0)
