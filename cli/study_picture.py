"""What a study found, as pictures: one of each environment. Called by `study`; matplotlib is the extra `study`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .study_text import the_same

if TYPE_CHECKING:
    from ..evaluation.study import Studied

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito's, told apart by everybody
LOOK = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3}
DPI = 130
LINES = {"return": ("-", "in training, exploring"), "score": ("--", "measured, likeliest actions")}  # of the curves


def draw(studied: Sequence[Studied], folder: Path) -> list[str]:
    """Draws every environment's picture into the folder; lines on where they are, or on what is needed to have them."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure  # without pyplot, which would look for a screen
    except ModuleNotFoundError:
        return ["Pictures need matplotlib: pip install 'zerodojo[study]', and the same command again draws them."]
    from ..evaluation.study import by_task

    lines = []
    for task, group in by_task(studied).items():
        path = folder / f"{task.replace('/', '-').replace(':', '-')}.png"
        with mpl.rc_context(LOOK):
            figure = Figure(figsize=(12, 3.4), layout="constrained")
            _picture(figure.subplots(1, 3, width_ratios=(1.3, 1, 1)), task, group)
            handles, names = figure.axes[-1].get_legend_handles_labels()
            figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=8, frameon=False)
            figure.savefig(path, dpi=DPI)
        lines.append(f"Picture:     {path}")
    return lines


def _picture(axes: Sequence[Any], task: str, group: Sequence[Studied]) -> None:
    colours = {one.name: COLOURS[i % len(COLOURS)] for i, one in enumerate(group)}
    panels: tuple[Callable[[Any, Sequence[Studied], dict[str, str]], None], ...] = (_learning, _final, _profile)
    for panel, axis in zip(panels, axes, strict=True):
        panel(axis, group, colours)
    axes[0].set_title(task, loc="left", fontweight="bold")


def _learning(axis: Any, group: Sequence[Studied], colours: dict[str, str]) -> None:
    """Over steps: the return in training as a line with its band, the measures along the way as a dashed one."""
    for style, words in LINES.values():
        axis.plot([], [], style, color="#555555", linewidth=1.4, label=words)
    for one in group:
        colour = colours[one.name]
        for column, (style, _) in LINES.items():
            if (found := one.curves.get(column)) is not None:
                axis.plot(found.steps, found.middle, style, color=colour, linewidth=1.4)
                axis.fill_between(found.steps, found.low, found.high, color=colour, alpha=0.15, linewidth=0)
    _solved(axis.axhline, group)
    axis.legend(fontsize=7, framealpha=0.7)
    axis.set(xlabel="steps", ylabel="return (IQM, 95% over seeds)")
    axis.xaxis.set_major_formatter(lambda value, position: _short(value))


def _final(axis: Any, group: Sequence[Studied], colours: dict[str, str]) -> None:
    """The final agents: a point for each seed, and the interquartile mean with its interval below them."""
    for i, one in enumerate(group):
        colour = colours[one.name]
        axis.plot(one.returns, [i - 0.15] * len(one.returns), "o", color=colour, alpha=0.5, markersize=5, markeredgewidth=0)
        if one.interval is not None:
            axis.plot(one.interval, [i + 0.15] * 2, color=colour, linewidth=6, alpha=0.35, solid_capstyle="butt")
        axis.plot([one.iqm], [i + 0.15], "|", color=colour, markersize=12, markeredgewidth=2)
    _solved(axis.axvline, group)
    axis.set_yticks(range(len(group)), [one.name for one in group])
    axis.set(xlabel="mean return of the final agents", ylim=(len(group) - 0.4, -0.6))
    axis.set_title("seeds, and their IQM with 95%", loc="left", fontsize=9)


def _profile(axis: Any, group: Sequence[Studied], colours: dict[str, str]) -> None:
    from ..evaluation.study import profiles

    (found,) = profiles(group)
    for name, shares in found.shares.items():
        low, high = found.bands[name]
        axis.plot(found.thresholds, shares, color=colours[name], label=name, linewidth=1.4, drawstyle="steps-pre")
        axis.fill_between(found.thresholds, low, high, color=colours[name], alpha=0.15, linewidth=0, step="pre")
    axis.set(xlabel="mean return", ylabel="share of seeds above", ylim=(-0.03, 1.03))
    same = the_same(group)
    axis.set_title("performance profile" if same is None else f"all seeds end with {same:,.6g}", loc="left", fontsize=9)
    axis.ticklabel_format(axis="x", useOffset=False)


def _solved(line: Callable[..., Any], group: Sequence[Studied]) -> None:
    """Where the environment counts as solved."""
    if (threshold := group[0].threshold) is not None:
        line(threshold, color="#555555", linewidth=0.8, linestyle=":")


def _short(value: float) -> str:
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"
