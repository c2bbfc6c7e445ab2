"""How training is shown: a calm panel at a terminal, a plain line now and then elsewhere. Called by `train` with every report."""

from __future__ import annotations

import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..agents.gym.config import GymConfig
from .games import title

if TYPE_CHECKING:
    from ..agents.alphazero.training import Progress
    from ..agents.gym.training import GymProgress
    from ..agents.registry import Config

WIDTH = 120  # columns of the panel at most
ECHO = 2  # columns that stay free behind the panel: the terminal writes ^C there, which in a full line would begin another
REFRESH = 2  # times a second
NEWS = 5  # lines of the panel for the newest notices
DONE = "done"  # the last phase
OFTEN, SELDOM = 10.0, 30.0  # seconds between two plain lines, in the first minute and after it
STOPPING = "finishing what is begun, then saving; press Ctrl-C again to leave at once"
ABANDONED = "left at once; --resume goes on from the last checkpoint, where there is one"


@dataclass(frozen=True)
class Telling:
    """What is told of a training; how it is shown is the same for all."""

    title: str
    unmeasured: str  # what stands for its strength before that is measured
    numbers: Callable[[Any], list[tuple[str, str]]]  # of a report: labels and texts, the same labels always
    summary: Callable[[Any], str]  # the same in one line


def telling(config: Config) -> Telling:
    """Of a game that is learned by self-play, or of an agent in an environment."""
    if isinstance(config, GymConfig):
        from . import gym_display

        return Telling(config.task, gym_display.unmeasured(config), gym_display.numbers, gym_display.summary)
    return Telling(title(config.game), f"is measured every {config.run.evaluate_steps:,} steps", numbers, summary)


class Leaving(Protocol):
    """Who tells people that they are leaving. Both are called from a signal handler, so they do next to nothing."""

    def stopping(self) -> None:
        """Ctrl-C was pressed."""
        ...

    def abandon(self) -> None:
        """The process ends now: leaves the terminal in order."""
        ...


class Display(Leaving, Protocol):
    """Who shows a training."""

    def report(self, progress: Progress | GymProgress) -> None:
        """Where the training stands."""
        ...


@contextmanager
def open_display(config: Config, run: str) -> Iterator[Display]:
    """The panel if standard output is a terminal that can show it, else plain lines."""
    console = Console()
    if not console.is_terminal or console.is_dumb_terminal:
        yield PlainDisplay(config, run)
        return
    panel = PanelDisplay(config, run)
    with Live(get_renderable=panel.render, console=console, refresh_per_second=REFRESH):
        yield panel


class PlainDisplay:
    """Lines without control codes, for logs and pipes."""

    def __init__(self, config: Config, run: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._telling, self._run, self._clock = telling(config), run, clock
        self._begun: float | None = None
        self._said = 0.0  # when the last line was
        self._strength = ""

    def report(self, progress: Progress | GymProgress) -> None:
        """Prints a line if one is due, and news at once."""
        now = self._clock()
        if self._begun is None:
            self._begun = self._said = now
            self._strength = progress.strength
            print(f"{self._telling.title}, in {self._run}: {progress.phase}", flush=True)
        clock = duration(progress.seconds)
        for notice in progress.notices:
            print(f"{clock}  {notice}", flush=True)
        if progress.strength != self._strength:
            self._strength = progress.strength
            print(f"{clock}  strength: {progress.strength}", flush=True)
        if now - self._said >= (OFTEN if now - self._begun < 60 else SELDOM):
            self._said = now
            print(f"{clock}  {self._telling.summary(progress)}", flush=True)

    def stopping(self) -> None:
        """Says so past the buffers, which the interrupted code may be writing to."""
        os.write(sys.stdout.fileno(), f"{STOPPING}\n".encode())

    def abandon(self) -> None:
        """Says so past the buffers."""
        os.write(sys.stdout.fileno(), f"{ABANDONED}\n".encode())


class PanelDisplay:
    """The panel. Its height is always the same, so that nothing jumps."""

    def __init__(self, config: Config, run: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._telling, self._run, self._clock = telling(config), run, clock
        self._progress: Progress | GymProgress | None = None
        self._reported = clock()
        self._news: deque[Text] = deque(maxlen=NEWS)
        self._stopping = False

    def report(self, progress: Progress | GymProgress) -> None:
        """What the panel shows from now on."""
        self._progress, self._reported = progress, self._clock()
        self._news.extend(Text(f"{duration(progress.seconds)}  {notice}", "dim") for notice in progress.notices)

    def stopping(self) -> None:
        """The panel says so when it is drawn next."""
        self._stopping = True

    def abandon(self) -> None:
        """Shows the cursor again."""
        os.write(sys.stdout.fileno(), f"\x1b[?25h\n{ABANDONED}\n".encode())

    def render(self) -> RenderableType:
        """The panel as it is now; the clock goes on between two reports."""
        progress = self._progress
        if progress is None:  # a training that is refused leaves no empty panel behind
            return Text()
        panel = Panel(
            Group(*self._body(progress)),
            title=f"[bold]{self._telling.title}[/bold]",
            title_align="left",
            subtitle="" if progress.phase == DONE else "[dim]Ctrl-C saves and leaves[/dim]",
            subtitle_align="right",
            border_style="dim",
            padding=(0, 1),
            width=WIDTH,
        )
        return _Beside(panel)

    def _body(self, progress: Progress | GymProgress) -> Iterator[RenderableType]:
        done = progress.phase == DONE
        yield _Lines(STOPPING if self._stopping and not done else progress.phase, 2, style="bold")
        yield _bar(progress, progress.seconds if done else progress.seconds + self._clock() - self._reported)
        yield Text()
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        for label, text in self._telling.numbers(progress):
            table.add_row(label, _Lines(text, 1))
        table.add_row("run", _Lines(f"{self._run}, {saved(progress.disk)}", 1))
        table.add_row("strength", _Lines(progress.strength or self._telling.unmeasured, 2))
        yield table
        yield Text()
        yield _News(list(self._news))


class _Beside:
    """What leaves room for the ^C that a terminal writes where the cursor is."""

    def __init__(self, shown: RenderableType) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._shown, options.update_width(options.max_width - ECHO))


class _Lines:
    """A text in exactly so many lines of the width there is: filled up with empty ones, or cut with an ellipsis."""

    def __init__(self, text: str, count: int, *, style: str = "") -> None:
        self._text, self._count = Text(text, style), count

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = list(self._text.wrap(console, options.max_width)) or [Text()]
        if len(lines) > self._count:
            rest = Text(" ".join(line.plain.strip() for line in lines[self._count - 1 :]), self._text.style)
            rest.truncate(options.max_width, overflow="ellipsis")
            lines = [*lines[: self._count - 1], rest]
        yield from [*lines, *[Text()] * (self._count - len(lines))]


class _News:
    """The newest of some notices, in NEWS lines: as many whole ones as fit, and of the newest at least its beginning."""

    def __init__(self, notices: Sequence[Text]) -> None:
        self._notices = notices

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown: list[Text] = []
        for notice in reversed(self._notices):
            lines = list(notice.wrap(console, options.max_width))
            if shown and len(lines) + len(shown) > NEWS:
                break
            shown = [*lines, *shown]
        yield from [*shown[:NEWS], *[Text()] * (NEWS - len(shown))]


def _bar(progress: Progress | GymProgress, seconds: float) -> RenderableType:
    """How much of the time or of the steps is over."""
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(ratio=1)
    row.add_column(no_wrap=True, justify="right")
    if progress.seconds_left is not None:
        total = progress.seconds + progress.seconds_left
        row.add_row(_filled(seconds / total), f"{duration(min(seconds, total))} of {duration(total)}")
    elif progress.steps_left is not None:
        steps = progress.step + progress.steps_left
        row.add_row(_filled(progress.step / max(steps, 1)), f"step {progress.step:,} of {steps:,}, {duration(seconds)}")
    else:
        row.add_row(Text("until Ctrl-C", "dim"), duration(seconds))
    return row


def _filled(share: float) -> ProgressBar:
    return ProgressBar(total=1.0, completed=min(max(share, 0.0), 1.0), complete_style="green", finished_style="green")


def numbers(progress: Progress) -> list[tuple[str, str]]:
    """What is known of a training, as labels and texts, the same labels always."""
    losses = progress.losses
    played = f"{progress.games:,} games, {progress.positions:,} positions{_rate(progress, ', {:,.0f} positions/s')}"
    begun = f"{progress.under_way:,} positions, in games that have not ended" if progress.under_way else "-"
    learned, fit, choice = f"step {progress.step:,}" if progress.step else "not yet", "-", "-"
    if losses is not None:
        learned = f"step {progress.step:,}, {progress.uses:.1f} uses a position, learning rate {losses.learning_rate:.2g}"
        fit = f"moves {losses.policy_loss:.3f}, outcome {losses.value_loss:.3f} (losses: lower fits better)"
        moves = math.exp(losses.policy_entropy)
        choice = f"as if between {moves:.1f} moves (policy entropy {losses.policy_entropy:.2f})"
    plays = "a uniform guess, until the first version of the network"
    if progress.version and progress.engine != "uniform":
        median, high = progress.lag
        plays = f"version {progress.version:,} on {progress.engine}; {median:.0f} steps old (95%: {high:.0f})"
    return [
        ("self-play", played),
        ("under way", begun),
        ("played by", plays),
        ("learning", learned),
        ("fit", fit),
        ("choice", choice),
    ]


def summary(progress: Progress) -> str:
    """The same in one line."""
    words = [f"{progress.games:,} games, {progress.positions:,} positions{_rate(progress, ' ({:,.0f}/s)')}"]
    if progress.under_way:
        words[0] += f", {progress.under_way:,} under way"
    losses = progress.losses
    if losses is not None:
        words += [
            f"step {progress.step:,}, {progress.uses:.1f} uses a position",
            f"loss: policy {losses.policy_loss:.3f}, value {losses.value_loss:.3f}; entropy {losses.policy_entropy:.2f}",
            f"version {progress.version:,}, lag {progress.lag[0]:.0f} to {progress.lag[1]:.0f} steps",
        ]
    left = "" if progress.seconds_left is None else f"{duration(progress.seconds_left)} left; "
    return f"{left}{progress.phase}; {'; '.join(words)}; {saved(progress.disk)}"


def _rate(progress: Progress, form: str) -> str:
    """Positions a second in this form; nothing until any are made."""
    return "" if progress.positions_per_second is None else form.format(progress.positions_per_second)


def duration(seconds: float) -> str:
    """Seconds as a clock shows them: 4:07, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def saved(disk: int) -> str:
    """How much of a run is on disk, in words."""
    return f"{size(disk)} on disk" if disk else "nothing saved yet"


def size(count: float) -> str:
    """Bytes in the unit that fits."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit != "MB" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
