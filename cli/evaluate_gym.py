"""`zerodojo evaluate` of a run in an environment: whole episodes, their returns, and an interval. Called by `evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import FlagCreatePairsOff, UseAppendAction, arg

from ..errors import UserError
from .arguments import Positional, parse
from .output import STANDARD_OUTPUT, check_target, tell
from .versions import OF_ENVIRONMENTS, versions

if TYPE_CHECKING:
    from ..agents.gym.config import GymConfig
    from ..agents.gym.loading import Learned
    from ..envs.gym.config import ViewConfig
    from ..evaluation.episodes import Returns
    from ..evaluation.exact_model import Expected

SIDE_BY_SIDE = 10  # environments at most


@dataclass(frozen=True)
class EvaluateGym:
    """The arguments of `zerodojo evaluate` for a run in an environment."""

    run: Positional[str]  # runs/x, runs/x@STEP for an earlier checkpoint, runs/x@best for the one that scored best
    episodes: int = 100  # played to their end
    stochastic: FlagCreatePairsOff[bool] = False  # sample actions; without, the likeliest is taken
    seed: int = 0  # of everything random
    imports: Annotated[tuple[str, ...], UseAppendAction, arg(name="import")] = ()  # a module in place of the run's own; repeatable
    max_episode_steps: int = 0  # cut episodes short after so many steps; 0: as the run or the environment does, else after 1,000
    render: FlagCreatePairsOff[bool] = False  # show the episodes: in a window, or in the terminal where there is no screen
    video: str = ""  # write the episodes into this directory, as MP4
    json: str = ""  # write the result as JSON to this file; - prints it in place of the text


def main(argv: Sequence[str]) -> int:
    """Plays and tells. Raises UserError for arguments that do not fit."""
    options = parse(
        EvaluateGym,
        argv,
        prog="zerodojo evaluate",
        description="Measure an agent in its environment: the mean return of whole episodes, with a 95% interval over them.",
        examples=[
            "zerodojo evaluate runs/cartpole --episodes 100",
            "zerodojo evaluate runs/cartpole@best --episodes 3 --render",
            "zerodojo evaluate runs/pendulum --stochastic --seed 7 --json result.json",
        ],
    )
    check_target(options.json)
    if options.episodes < 1:
        raise UserError(f"--episodes is {options.episodes}; it must be at least 1")
    if options.max_episode_steps < 0:
        raise UserError(f"--max-episode-steps is {options.max_episode_steps}; it must be at least 1, or 0 to leave it out")
    from rich.console import Console

    from ..agents.gym.loading import load_policy, run_at, set_moments
    from ..agents.gym.origins import changed_origins
    from ..agents.gym.tasks import environment_of_run, measured_options
    from ..agents.ranges import SEED, require
    from ..agents.tabular.config import TabularSettings
    from ..envs.gym.making import limited, make_environments
    from ..evaluation.episodes import evaluate
    from ..evaluation.exact_model import expected
    from .table import busy
    from .watching import watcher

    require("--seed", options.seed, SEED)
    run, step, best = run_at(options.run)
    run.config = replace(run.config, imports=options.imports or run.config.imports)
    learned = load_policy(run, step, best=best)
    config: GymConfig[Any] = run.config
    if another := changed_origins(run):
        print(f"{another}: what it is paid may have changed.", file=sys.stderr)
    if not isinstance(config.settings, TabularSettings):
        import torch

        torch.set_num_threads(config.run.threads)  # left alone it takes every core, for networks that one serves best
    steps = options.max_episode_steps or config.view.max_episode_steps
    view = limited(environment_of_run(config), measured_options(config), replace(config.view, max_episode_steps=steps))
    screen = sys.stderr if options.json == STANDARD_OUTPUT else sys.stdout
    watch = watcher(
        config.task, measured_options(config), options.episodes, render=options.render, video=options.video, screen=screen
    )
    n = 1 if watch else min(options.episodes, SIDE_BY_SIDE)
    environments = make_environments(config.task, measured_options(config), view, n=n, learning=False, watch=watch)
    set_moments(environments, learned.moments)
    with closing(environments), nullcontext() if watch else busy(Console(stderr=True), f"playing {options.episodes} episodes"):
        found = evaluate(learned.policy, environments, options.episodes, options.seed, deterministic=not options.stochastic)
    for notice in found.notices:
        print(notice, file=sys.stderr)
    exact = None if options.stochastic else expected(learned.policy, config, steps=options.max_episode_steps)
    result = _result(options, config, view, learned, found, exact)
    tell(result, _told(options, config, view, learned, found, exact), target=options.json)
    return 0


def _result(
    options: EvaluateGym, config: GymConfig[Any], view: ViewConfig, learned: Learned, found: Returns, exact: Expected | None
) -> dict[str, Any]:
    """The result as JSON has it; `view` is what was played in."""
    from ..agents.gym.origins import origin
    from ..agents.gym.tasks import measured_options
    from ..agents.registry import agent_of

    return {
        "kind": "episodes",
        "task": config.task,
        "agent": agent_of(config),
        "run": options.run,
        "checkpoint": learned.step,
        "seed": options.seed,
        "episodes": len(found.returns),
        "deterministic": not options.stochastic,
        "returns": found.returns.tolist(),
        "return_mean": found.mean,
        "return_std": found.std,
        "return_interval": list(found.interval),
        "return_expected": exact.mean if exact else None,
        "return_best_possible": exact.best if exact else None,
        "length_mean": float(found.lengths.mean()),
        "environment": {"id": config.task, "options": measured_options(config), "view": asdict(view)},
        "environment_version": origin(config, watched=options.render or bool(options.video)),
        "versions": versions(OF_ENVIRONMENTS),
    }


def _told(
    options: EvaluateGym, config: GymConfig[Any], view: ViewConfig, learned: Learned, found: Returns, exact: Expected | None
) -> str:
    """The result for people."""
    from ..agents.gym.tasks import measured_options
    from ..agents.registry import agent_of
    from ..agents.variants import variant
    from ..envs.gym.making import find

    low, high = found.interval
    environment = variant(config.task, measured_options(config))
    acts = "actions sampled" if options.stochastic else "likeliest actions"
    lines = [
        f"{environment}: {options.run} ({agent_of(config)}, step {learned.step:,}), {len(found.returns)} episodes, {acts}",
        "",
        f"  {'mean return':24}{found.mean:12,.2f}   (95% interval {low:,.2f} to {high:,.2f}, over these episodes)",
        f"  {'deviation of episodes':24}{found.std:12,.2f}",
        f"  {'worst and best':24}{found.returns.min():12,.2f} to {found.returns.max():,.2f}",
        f"  {'steps an episode':24}{found.lengths.mean():12,.1f}",
    ]
    if view.max_episode_steps:
        cut = int((found.lengths >= view.max_episode_steps).sum())
        lines.append(f"  {'steps at most':24}{view.max_episode_steps:12,}   ({cut} of {len(found.lengths)} episodes came so far)")
    if exact:
        lines.insert(3, f"  {'expected return':24}{exact.mean:12,.4f}   (exact, by the environment's own model)")
        lines.insert(4, f"  {'best possible':24}{exact.best:12,.4f}")
    threshold = find(config.task).reward_threshold
    if threshold is not None:
        verdict = "reached" if (exact or found).mean >= threshold else "not reached"
        lines.append(f"  {'counts as solved from':24}{threshold:12,.2f}   {verdict}")
    return "\n".join(lines)
