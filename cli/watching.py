"""Watching an agent in its environment: in a window where there is a screen, else drawn in the terminal, or written as a film."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO

import gymnasium
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from ..envs.gym.config import ViewConfig
from ..envs.gym.making import Option, Watch, make_one
from ..errors import UserError
from .output import make_folder

FRAMES_A_SECOND = 30  # at most; an environment that is meant to be seen faster leaves some out
LATEST = 0.25  # seconds without a picture, where drawing is slower than the environment is meant to be seen
HOME, CLEAR = "\x1b[H", "\x1b[2J"


def watcher(task: str, options: Mapping[str, Option], episodes: int, *, render: bool, video: str, screen: TextIO) -> Watch | None:
    """Who watches so many episodes, if anybody; where there are no windows they are drawn on `screen`.

    Raises UserError: both ways at once, an environment that is never drawn, no terminal, a missing package, or a directory that
    films cannot be written into.
    """
    if not (render or video):
        return None
    if render and video:
        raise UserError("--render and --video are two ways to watch; give one of them")
    drawn = modes(task, options)
    if video:
        if "rgb_array" not in drawn:
            raise UserError(f"{task} draws no pictures; leave --video out")
        return _film(Path(video), episodes)
    if "human" in drawn and has_screen():
        return Watch("human", lambda env: env)
    if not screen.isatty():
        raise UserError("--render needs a terminal or a screen; --video DIR writes a film instead")
    if "rgb_array" in drawn:
        return Watch("rgb_array", lambda env: TerminalView(env, picture, episodes, screen))
    if "ansi" in drawn:
        return Watch("ansi", lambda env: TerminalView(env, lambda text, columns, lines: str(text), episodes, screen))
    raise UserError(f"{task} does not draw itself; leave --render out")


class TerminalView(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Draws every step of so many episodes into the terminal, as fast as the environment is meant to be seen."""

    def __init__(self, env: gymnasium.Env[Any, Any], draw: Any, episodes: int, screen: TextIO) -> None:
        super().__init__(env)
        self._draw, self._episodes, self._screen = draw, episodes, screen
        self._total, self._episode = 0.0, 0
        self._due = self._drawn = time.monotonic()

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """A new episode."""
        result = self.env.reset(**kwargs)
        self._total, self._episode = 0.0, self._episode + 1
        if self._episode <= self._episodes:  # environments begin anew behind the last one too
            self._screen.write(CLEAR)
            self._show(always=True)
        return result

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One step, shown."""
        result = self.env.step(action)
        self._total += float(result[1])
        self._show(always=bool(result[2] or result[3]))
        return result

    def _show(self, *, always: bool) -> None:
        """Draws the step if it is time for a picture, and waits until the next step is due."""
        now = time.monotonic()
        since = now - self._drawn
        if always or since >= LATEST or (now <= self._due and since >= 1 / FRAMES_A_SECOND):
            self._drawn = now
            self._draw_now()
        self._due = max(self._due + 1 / (self.env.metadata.get("render_fps") or FRAMES_A_SECOND), now - 1)
        time.sleep(max(0.0, self._due - time.monotonic()))

    def _draw_now(self) -> None:
        columns, lines = Console(file=self._screen).size  # of the terminal, whichever stream leads there
        drawn = self._draw(self.env.render(), columns, lines - 2)
        self._screen.write(f"{HOME}{drawn}\nepisode {self._episode}, return {self._total:,.1f}\x1b[K\n")
        self._screen.flush()


def picture(image: NDArray[Any], columns: int, lines: int) -> str:
    """An image [H, W, 3] of bytes in the terminal, two points above each other in every character; it keeps its proportions."""
    height, width = image.shape[:2]
    scale = min(columns / width, 2 * lines / height)
    rows, across = max(2, int(height * scale) // 2 * 2), max(1, int(width * scale))
    small = _shrunk(_shrunk(image.astype(np.float32), rows, 0), across, 1).astype(int)
    text = []
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        cells = [f"\x1b[38;2;{r};{g};{b};48;2;{x};{y};{z}m▀" for (r, g, b), (x, y, z) in zip(upper, lower, strict=True)]
        text.append("".join(cells) + "\x1b[0m\x1b[K")
    return "\n".join(text)


def _shrunk(image: NDArray[np.float32], size: int, axis: int) -> NDArray[np.float32]:
    """The image with another number of points along an axis: each the mean of those that it covers."""
    have = image.shape[axis]
    edges = np.linspace(0, have, size + 1).astype(int)
    starts, counts = edges[:-1], np.maximum(1, np.diff(edges))
    sums = np.add.reduceat(image, np.minimum(starts, have - 1), axis=axis)
    return np.asarray(sums / counts.reshape([-1 if i == axis else 1 for i in range(image.ndim)]), np.float32)


def _film(folder: Path, episodes: int) -> Watch:
    try:
        import moviepy  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError("--video needs moviepy; pip install 'zerodojo[video]'") from error

    make_folder(str(folder))

    def wrap(env: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        with warnings.catch_warnings():
            if not any(folder.iterdir()):  # there is nothing to overwrite, though the folder is there
                warnings.filterwarnings("ignore", ".*Overwriting existing videos")
            return gymnasium.wrappers.RecordVideo(env, str(folder), episode_trigger=lambda episode: episode < episodes)

    return Watch("rgb_array", wrap)


def modes(task: str, options: Mapping[str, Option]) -> list[str]:
    """How an environment can be drawn, asked of one that is made for it. Raises UserError where none can be made.

    Where there is no screen, pygame is told so, and not to greet.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    if not has_screen():
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    with closing(make_one(task, options, ViewConfig())) as env:
        return list(env.metadata.get("render_modes", []))


def has_screen() -> bool:
    """Whether windows can be opened here."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
