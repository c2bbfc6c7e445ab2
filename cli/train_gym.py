"""`zerodojo train` with an environment of Gymnasium: an agent learns to act in it. Called by `train`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from tyro.conf import FlagCreatePairsOff, UseAppendAction, arg

from ..agents.gym.config import GymConfig, GymRunConfig, LeagueConfig
from ..agents.gym.tasks import game_of
from ..agents.registry import AGENTS, ALL_AGENTS, agent_of, settings_class
from ..envs.gym.config import ViewConfig
from ..errors import UserError, unknown
from ..models.config import BodyConfig
from .arguments import FLAT, Positional, parse, program
from .games import key_values
from .output import filled
from .train import PROG, enough, stop_on_signals, task_typed, to_go_on
from .words import first_of, values_of

if TYPE_CHECKING:
    from ..agents.gym.training import GymProgress

S = TypeVar("S")

DEFAULT_AGENT = "ppo"  # whose flags are told where none is named

EXAMPLES = (
    "zerodojo train CartPole-v1 --run runs/cartpole",
    "zerodojo train CartPole-v1 --agent ppo --run runs/cartpole --steps 200000 --resume",
    "zerodojo train FrozenLake-v1 --env is_slippery=False --run runs/lake",
    "zerodojo train Pendulum-v1 --agent sac --run runs/pendulum --seed 3 --learning-rate 1e-3",
    "zerodojo train connect_four --agent ppo --env opponent=league --run runs/four",
)


@dataclass(frozen=True)
class TrainGym(Generic[S]):
    """The arguments of `zerodojo train` for an environment; every field of a configuration is one of them."""

    task: Positional[str]  # the environment, an id of Gymnasium; or a game, against --env opponent=SPEC or opponent=league
    run: str  # the directory that everything is written to
    settings: Annotated[S, FLAT]  # the agent
    agent: str = ""  # who learns (`zerodojo list agents`); by default the environment's preset, or what fits its actions
    minutes: float | None = None  # how long, this time; without, until the steps are done
    steps: int = 100_000  # of all environments together, those of earlier calls included; schedules are planned for them
    resume: FlagCreatePairsOff[bool] = False  # go on with the run if it is there, start it if not
    preset: str = ""  # settings that a new run starts from (`zerodojo list presets`)
    init: str = ""  # another run of the same agent, runs/x@STEP or runs/x@best, whose weights a new run starts from
    env: Annotated[tuple[str, ...], UseAppendAction] = ()  # an option of the environment, such as is_slippery=False; repeatable
    imports: Annotated[tuple[str, ...], UseAppendAction, arg(name="import")] = ()  # a module that registers it; repeatable
    envs: int = 1  # environments side by side
    seed: int = 0  # of everything random
    view: ViewConfig = ViewConfig()  # how the environment is seen
    body: BodyConfig = BodyConfig()  # what it is looked at with
    league: LeagueConfig = LeagueConfig()  # its own past, which games with --env opponent=league are against
    placement: Annotated[GymRunConfig, FLAT] = GymRunConfig()  # where and how often


def main(argv: Sequence[str]) -> int:
    """Trains and tells what was learned. Raises UserError for arguments that do not fit, or a run that cannot go on."""
    options, config, why = read(argv)
    # Only now what takes time to import: help and refusals must answer at once.
    from ..agents.run_directory import RunDirectory
    from ..distributed.gym_training import train_agent
    from .display import open_display

    gone_on = options.resume and RunDirectory.exists(options.run)
    if gone_on and (steps := RunDirectory.open_any(options.run).steps()) and steps[-1] >= config.steps:
        print(f"{options.run} has {steps[-1]:,} steps already, and {config.steps:,} were planned. To go on give it more:")
        print(to_go_on(argv, steps=2 * config.steps))
        return 0
    print(f"{config.task} is learned by {agent_of(config)}: {why}.")
    with open_display(config, options.run) as display, stop_on_signals(display) as stop:
        progress = train_agent(
            options.task,
            run=options.run,
            config=config,
            minutes=options.minutes,
            resume=options.resume,
            init=options.init or None,
            report=display.report,
            stopped=stop.is_asked,
        )
        display.report(progress)
    sentence, *commands = closing(options, config, progress, argv, gone_on=gone_on, stopped=stop.is_asked())
    print(filled(sentence), *commands, sep="\n")
    return 0


def read(argv: Sequence[str]) -> tuple[TrainGym[Any], GymConfig[Any], str]:
    """The arguments, the configuration they make, and why it is that one: the run's own if it goes on, else the preset's or what
    the environment asks for; what is typed overrides. Raises UserError."""
    agent = first_of(argv, "--agent")
    if agent and (agent not in AGENTS or not AGENTS[agent].agent):
        raise unknown("agent", agent, [name for name, entry in AGENTS.items() if entry.agent], elsewhere=ALL_AGENTS)
    if any(word in ("-h", "--help") for word in argv):
        _parsed(argv, agent or DEFAULT_AGENT, None)
    base, why = _base(argv, agent)
    options = _parsed(argv, agent_of(base), _defaults(base))
    _check(options)
    config = GymConfig(
        settings=options.settings,
        task=base.task,
        options=base.options,
        imports=base.imports,
        environments=options.envs,
        seed=options.seed,
        steps=options.steps,
        view=options.view,
        body=options.body,
        league=options.league,
        run=options.placement,
    )
    from ..agents.gym.resuming import check_resume
    from ..agents.gym.validation import check
    from ..agents.run_directory import RunDirectory

    if options.resume and RunDirectory.exists(options.run):
        check_resume(base, config, path=options.run, name=flag_of)
    check(config, name=flag_of)
    return options, config, why


def flag_of(path: str) -> str:
    """The flag of a field of the configuration."""
    section, _, field = path.partition(".")
    typed = field if section in ("settings", "run") else "envs" if path == "environments" else path
    return f"--{typed.replace('_', '-')}"


def closing(
    options: TrainGym[Any], config: GymConfig[Any], progress: GymProgress, argv: Sequence[str], *, gone_on: bool, stopped: bool
) -> list[str]:
    """What was learned, in a sentence, and what to type next."""
    from ..agents.gym.tasks import measured_options
    from .watching import modes

    name, run = shlex.quote(program()), shlex.quote(options.run)
    left = options.steps - progress.step
    minutes = enough(options.minutes, begun=bool(progress.step) or stopped)
    again = to_go_on(argv, steps=None if left > 0 else 2 * options.steps, minutes=minutes)
    seconds = f"{progress.seconds:.0f} {'more ' if gone_on else ''}seconds"
    if not progress.step:
        return [f"Stopped after {seconds}, before the first round: there is nothing to save yet.", f"Go on:       {again}"]
    recent = f"the last episodes of training paid {progress.recent[0]:,.1f} each" if progress.recent else "no episode has ended yet"
    beyond = f" ({options.steps:,} were planned, and the last round went to its end)" if left < 0 else ""
    steps = f"{progress.step:,} steps{beyond}"
    learned = f"{options.task} after {seconds}: {steps}, {progress.episodes:,} episodes; {progress.strength or recent}"
    game = game_of(options.task)
    return [
        f"{'Stopped and saved. ' if stopped else ''}{learned}.",
        *([f"Watch it:    {name} evaluate {run} --episodes 3 --render"] if modes(config.task, measured_options(config)) else []),
        f"Measure it:  {name} evaluate {run} --episodes 100",
        *([f"Play it:     {name} play {game} --opponent {run}"] if game else []),
        f"Go on:       {again}",
    ]


def _base(argv: Sequence[str], agent: str) -> tuple[GymConfig[Any], str]:
    """The configuration that typed flags override, and why it is that one. It decides which flags there are."""
    from ..agents.gym.choice import choose
    from ..agents.gym.tasks import environment_of, environment_of_run
    from ..agents.run_directory import RunDirectory
    from ..envs.gym.making import import_package

    task, run, imports = task_typed(argv), first_of(argv, "--run"), tuple(values_of(argv, "--import"))
    if "--resume" in argv and RunDirectory.exists(run):
        config = RunDirectory.open_any(run).config
        if not isinstance(config, GymConfig):
            raise UserError(f"{run} is a run of the game {config.game}, not of {task}; choose another --run")
        if config.task != environment_of(task):
            raise UserError(f"{run} is a run of {config.task}, not of {task}; choose another --run")
        if agent not in ("", agent_of(config)):
            raise UserError(f"{run} is a run of {agent_of(config)}, not of {agent}; choose another --run")
        config = replace(config, imports=imports or config.imports)
        environment_of_run(config)  # refused now where its modules are gone
        return config, "the run's own settings"
    for module in imports:
        import_package(module)
    _, config, why = choose(task, key_values("--env", values_of(argv, "--env")), agent=agent, preset=first_of(argv, "--preset"))
    return replace(config, imports=imports or config.imports), why


def _defaults(base: GymConfig[Any]) -> TrainGym[Any]:
    return TrainGym(
        task=base.task,
        run="",
        settings=base.settings,
        steps=base.steps,
        envs=base.environments,
        seed=base.seed,
        view=base.view,
        body=base.body,
        league=base.league,
        placement=base.run,
    )


def _parsed(argv: Sequence[str], agent: str, default: TrainGym[Any] | None) -> TrainGym[Any]:
    settings = settings_class(agent)
    return parse(
        TrainGym[settings],  # type: ignore[valid-type]
        argv,
        prog=PROG,
        description=f"Learn to act in an environment of Gymnasium; the flags below are those of the agent {agent}. Ctrl-C saves "
        "and leaves, twice leaves at once.",
        examples=EXAMPLES,
        default=default,
    )


def _check(typed: TrainGym[Any]) -> None:
    if typed.minutes is not None and not 0 < typed.minutes < float("inf"):
        raise UserError(f"--minutes is {typed.minutes:g}; it must be above 0, or leave it out to train until the steps are done")
    if not typed.run:
        raise UserError("--run is empty; name a directory such as runs/" + typed.task)
