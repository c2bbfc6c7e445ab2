"""What a study found, as JSON for programs and as tables for people. Called by `study`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..agents.registry import agent_of
from .versions import OF_ENVIRONMENTS, versions

if TYPE_CHECKING:
    from ..evaluation.curves import Curve
    from ..evaluation.study import Interval, Studied

CELL = 10  # columns of a number in a table, so that six stand in a line of 80
CURVE_COLUMNS = 6  # points of a learning curve in a table
PROFILE_COLUMNS = 6  # points of a profile


def numbers(studied: Sequence[Studied], episodes: int) -> dict[str, Any]:
    """The result as JSON has it."""
    from ..evaluation.study import improvements, profiles

    return {
        "kind": "study",
        "presets": [_numbers(one, episodes) for one in studied],
        "improvements": [pair._asdict() for pair in improvements(studied)],
        "profiles": [
            {
                "task": one.task,
                "thresholds": one.thresholds.tolist(),
                "shares": {name: shares.tolist() for name, shares in one.shares.items()},
            }
            for one in profiles(studied)
        ],
    }


def _numbers(one: Studied, episodes: int) -> dict[str, Any]:
    from ..agents.gym.origins import origin

    return {
        "name": one.name,
        "task": one.config.task,
        "agent": agent_of(one.config),
        "steps": one.config.steps,
        "seeds": list(range(len(one.found))),
        "episodes": episodes if one.played else None,
        "deterministic": True,
        "returns": one.returns,
        "iqm": one.iqm,
        "iqm_interval": one.interval,
        "threshold": one.threshold,
        "reached": one.reached,
        "wall_clock_s": one.seconds,
        "curves": {column: {name: values.tolist() for name, values in it._asdict().items()} for column, it in one.curves.items()},
        "versions": versions(OF_ENVIRONMENTS) | {"environment": origin(one.config)},
    }


def text(studied: Sequence[Studied], pictures: Sequence[str]) -> str:
    """The result for people; `pictures` are lines on what was drawn."""
    from ..evaluation.study import by_task, improvements

    parts = ["\n".join(_task(task, group)) for task, group in by_task(studied).items()]
    if pairs := improvements(studied):
        lines = [
            f"  {pair.better} above {pair.worse}: {pair.probability:.0%}{_interval(pair.interval, '{:.0%}')}, in {pair.task}"
            for pair in pairs
        ]
        parts.append("\n".join(["How likely a run of the first ends better than one of the second (ties count half)", *lines]))
    return "\n\n".join([*parts, "\n".join(pictures)])


def _task(task: str, group: Sequence[Studied]) -> list[str]:
    """All of one environment."""
    threshold = group[0].threshold
    measured = "mean" if group[0].played else "expected"
    lines = [f"{task}: {measured} returns of the final agents, likeliest actions"]
    lines += ["", *([] if threshold is None else [f"  It counts as solved from {threshold:,.2f}.", ""])]
    indent = max(len(one.name) for one in group)
    lines.append(f"  {'':{indent}}{'steps':>12}{'IQM':>12}   95% interval over seeds")
    for one in group:
        verdict = "" if one.reached is None else "   reached" if one.reached else "   not reached"
        lines.append(f"  {one.name:{indent}}{one.config.steps:12,}{one.iqm:12,.2f}{_interval(one.interval) or '   -'}{verdict}")
        paid = ", ".join(f"{mean:,.2f}" for mean in one.returns)
        lines.append(f"  {'':{indent}}  seeds: {paid}; {one.seconds:,.0f} s of training in all")
    return [*lines, *_curves(group, indent), *_profiles(group, indent)]


def _curves(group: Sequence[Studied], indent: int) -> list[str]:
    lines = []
    for column, words in (
        ("return", "Learning curve, exploring: IQM of the last episodes of training"),
        ("score", "Learning curve, likeliest actions: IQM along the way"),
    ):
        for one in group:
            if column in one.curves:
                lines += ["", f"  {words}, {one.name}", *_curve(one.curves[column], indent)]
    return lines


def _curve(found: Curve, indent: int) -> list[str]:
    chosen = [round(i * (len(found.steps) - 1) / (CURVE_COLUMNS - 1)) for i in range(CURVE_COLUMNS)]
    rows = {"steps": found.steps, "IQM": found.middle, "low": found.low, "high": found.high}
    return [
        f"  {name:>{indent}}" + "".join(f"{values[i]:{CELL},.{0 if name == 'steps' else 1}f}" for i in chosen)
        for name, values in rows.items()
    ]


def _profiles(group: Sequence[Studied], indent: int) -> list[str]:
    from ..evaluation.study import profiles

    if (same := the_same(group)) is not None:
        return ["", f"  All seeds end with {same:,.2f}: a performance profile would compare nothing."]
    (found,) = profiles(group)
    chosen = [round(i * (len(found.thresholds) - 1) / (PROFILE_COLUMNS - 1)) for i in range(PROFILE_COLUMNS)]
    return [
        "",
        "  Performance profile: share of the seeds whose mean return is above",
        f"  {'':{indent}}" + "".join(f"{found.thresholds[i]:{CELL},.1f}" for i in chosen),
        *(f"  {name:{indent}}" + "".join(f"{shares[i]:{CELL}.0%}" for i in chosen) for name, shares in found.shares.items()),
    ]


def the_same(group: Sequence[Studied]) -> float | None:
    """The mean return that all seeds of all presets end with, if it is one."""
    returns = {value for one in group for value in one.returns}
    return returns.pop() if len(returns) == 1 else None


def _interval(found: Interval | None, form: str = "{:,.2f}") -> str:
    return "" if found is None else f"   ({form.format(found[0])} to {form.format(found[1])})"
