"""What the worked examples share: their flags, results that are checked, and pictures. Called by the files in `examples/`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from ..errors import UserError

T = TypeVar("T")


class Example:
    """One run of an example: `--quick` is short and proves only that it works, the whole run that it learns.

    Results go through `check`; `main` exits with 1 if one of them was not reached, and with 2 and one line for a `UserError`.
    """

    def __init__(self, name: str, *, quick: bool = False, seed: int = 0, out: Path | None = None) -> None:
        self.name, self.quick, self.seed = name, quick, seed
        self.folder = out or Path("runs/examples") / name
        self.given: dict[str, str | None] = {}  # flags of this example's own, None where they were not given
        self._missed: list[str] = []
        self._begun = time.monotonic()

    def choose(self, whole: T, quick: T) -> T:
        """A size of the whole run, or of the quick one."""
        return quick if self.quick else whole

    def say(self, line: str = "") -> None:
        """One line of the report, seen at once."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def check(
        self,
        what: str,
        value: float,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        unit: str = "",
        learned: bool = False,
    ) -> None:
        """Prints a result beside what it has to reach, and remembers a miss. With neither bound it is only told.

        What has to be `learned` is asked of the whole run alone.
        """
        bounds = [f"at least {at_least:g}{unit}"] if at_least is not None else []
        bounds += [f"at most {at_most:g}{unit}"] if at_most is not None else []
        reached = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)  # false for what is no number
        asked = not (learned and self.quick)
        word = "of the whole run" if not asked else "ok" if reached else "MISSED"
        self.say(f"  {what:<44} {value:>10.4g}{unit}" + (f"   {word}: {', '.join(bounds)}" if bounds else ""))
        if asked and not reached:
            self._missed.append(what)

    def picture(self, draw: Callable[[Any], None], *, name: str = "", size: tuple[float, float] = (9, 3.4)) -> None:
        """Saves what `draw` puts on a matplotlib figure as PNG into the folder. Raises UserError without matplotlib."""
        try:
            import matplotlib as mpl
            from matplotlib.figure import Figure  # without pyplot, which would look for a screen
        except ModuleNotFoundError as error:
            raise UserError("the examples draw with matplotlib: pip install 'zerodojo[study]'") from error
        from .study_picture import DPI, LOOK

        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name or self.name}.png"
        with mpl.rc_context(LOOK):
            figure = Figure(figsize=size, layout="constrained")
            draw(figure)
            figure.savefig(path, dpi=DPI)
        self.say(f"  Picture: {path}")

    def finish(self) -> int:
        """The last line, and the exit code."""
        whole = "It ran; only without --quick it has to learn" if self.quick else "All reached"
        verdict = f"Not reached: {', '.join(self._missed)}" if self._missed else whole
        self.say(f"{verdict}, {time.monotonic() - self._begun:.0f} s")
        return 1 if self._missed else 0


def main(run: Callable[[Example], None], *, doc: str | None, name: str, more: Mapping[str, str] | None = None) -> NoReturn:
    """Reads the flags, runs the example, and exits with 0 where everything was reached.

    `more` are flags of its own, each with its help; what was given for them stands in `Example.given`.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it runs, not that it learns")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"where pictures and files go; runs/examples/{name} without it")
    for flag, meant in (more or {}).items():
        parser.add_argument(f"--{flag}", help=meant)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)  # networks this small lose by more
    example = Example(name, quick=options.quick, seed=options.seed, out=options.out)
    example.given = {flag: vars(options)[flag] for flag in more or {}}
    try:
        run(example)
    except UserError as error:
        sys.stderr.write(f"{name}: {error}\n")
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{name}: stopped by Ctrl-C\n")
        raise SystemExit(130) from None
    raise SystemExit(example.finish())
