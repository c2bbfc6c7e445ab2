"""Environments seen as they are drawn: a part of the picture, shrunk to 64x64 points of one channel."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from .listed import EnvironmentList

SIDE = 64  # points a side
BLUE = 2  # the channel in which CartPole's pole stands out most


class Window(NamedTuple):
    """The part of a picture that is looked at, in its points; each side a multiple of 64."""

    top: int
    bottom: int
    left: int
    right: int


CART_POLE = Window(144, 336, 12, 588)  # of 400x600: the whole pole, and the track as far as the cart goes before the episode ends


class Drawn(gymnasium.ObservationWrapper[NDArray[np.uint8], Any, Any]):
    """Shows what `env` draws as bytes [1, 64, 64]: 0 where the picture is white, 255 where there is none of the channel's light."""

    def __init__(self, env: gymnasium.Env[Any, Any], window: Window, *, channel: int = BLUE) -> None:
        super().__init__(env)
        self.observation_space = gymnasium.spaces.Box(0, 255, (1, SIDE, SIDE), np.uint8)
        self._window, self._channel = window, channel
        self._rows = _means(window.bottom - window.top)
        self._columns = _means(window.right - window.left).T

    def observation(self, observation: Any) -> NDArray[np.uint8]:
        """Of the picture alone; what else the environment tells is not looked at."""
        top, bottom, left, right = self._window
        picture: Any = self.env.render()
        light = picture[top:bottom, left:right, self._channel].astype(np.float32)
        return (255.5 - self._rows @ light @ self._columns).astype(np.uint8)[None]


def _means(points: int) -> NDArray[np.float32]:
    """[64, points]: what makes 64 means of so many points, as many neighbours each; products of matrices are the fast way."""
    return np.repeat(np.eye(SIDE, dtype=np.float32), points // SIDE, axis=1) * (SIDE / points)


def cart_pole_pixels(n: int) -> EnvironmentList:
    """n of CartPole-v1, seen as they are drawn. Nothing is shown on a screen."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    return EnvironmentList(
        "CartPole-v1 as it is drawn", lambda: Drawn(gymnasium.make("CartPole-v1", render_mode="rgb_array"), CART_POLE), n
    )
