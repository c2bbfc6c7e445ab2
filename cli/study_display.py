"""How a study is shown while it runs: a line for every run that is done, and at a terminal how far the others are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.text import Text

if TYPE_CHECKING:
    from types import TracebackType

    from ..agents.gym.training import GymProgress
    from ..distributed.study import Job, News

STOPPING = "saving checkpoints, press Ctrl-C again to leave at once"
ABANDONED = "left at once; the same command again goes on from the last checkpoints"


class StudyDisplay:
    """Says on standard error how far a study is. `kill` ends its processes at once."""

    def __init__(self, names: Sequence[str], *, kill: Callable[[], None]) -> None:
        self._console, self._kill = Console(stderr=True, highlight=False), kill
        self._left, self._done = len(names), 0
        self._shares: dict[str, str] = {}  # of the runs under way
        watched = self._console.is_terminal and not self._console.is_dumb_terminal
        self._status: Status | None = self._console.status("", spinner="dots", spinner_style="dim") if watched else None
        self._begun = time.monotonic()

    def __enter__(self) -> StudyDisplay:
        if self._status:
            self._status.start()
        self._show()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status:
            self._status.stop()

    def report(self, job: Job, news: News) -> None:
        """What a run says of itself."""
        from ..agents.gym.training import GymProgress
        from ..evaluation.final import Final

        if isinstance(news, GymProgress):
            self._shares[job.name] = _share(job, news)
        else:
            self._shares.pop(job.name, None)
        for notice in news.notices if isinstance(news, GymProgress | Final) else ():
            self._console.print(f"{job.name}: {notice}", markup=False, soft_wrap=True)
        if isinstance(news, Final):
            self._done += 1
            seconds = time.monotonic() - self._begun
            self._console.print(
                f"{seconds:6.0f} s  {self._done}/{self._left}  {job.name}: {news.sentence}", markup=False, soft_wrap=True
            )
        self._show()

    def stopping(self) -> None:
        """Says so past the buffers, which the interrupted code may be writing to."""
        os.write(2, f"{STOPPING}\n".encode())

    def abandon(self) -> None:
        """Ends the processes, and leaves the terminal in order."""
        self._kill()
        if self._status:
            os.write(2, b"\x1b[?25h")  # the cursor, which the status hides
        os.write(2, f"\n{ABANDONED}\n".encode())

    def _show(self) -> None:
        if self._status:
            under_way = "; ".join(self._shares.values()) or "starting"
            self._status.update(Text(f"{self._done} of {self._left} runs are done ({under_way})", "dim"))


def _share(job: Job, progress: GymProgress) -> str:
    paid = "" if progress.recent is None else f", return {progress.recent[0]:,.1f}"
    return f"{job.name}: {progress.step / job.config.steps:.0%}{paid}"
