"""`zerodojo train`: learns a game from zero, or goes on learning, and shows how far it is.

Ctrl-C (or SIGTERM) once: a checkpoint is written and the command ends with a sentence and exit code 0, as after the time is up.
Twice: the process ends at once with 130, and what came after the last checkpoint is lost. A terminal that is closed asks once too,
and what would be said there is said nowhere; under nohup it does not ask.
"""

from __future__ import annotations

import difflib
import math
import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from types import FrameType
from typing import TYPE_CHECKING, Annotated

from tyro.conf import FlagCreatePairsOff, UseAppendAction

from ..agents.alphazero.config import AlphaZeroConfig, LearnerConfig, ReplayConfig, RunConfig, SelfPlayConfig
from ..agents.config_io import changed
from ..agents.registry import AGENTS, ALL_AGENTS, preset_for, settings_class
from ..envs.registry import GAMES
from ..errors import UserError, unknown
from ..models.config import NetworkConfig
from ..search.config import SearchConfig
from .arguments import FLAT, Positional, parse, program
from .games import key_values, title
from .output import filled
from .words import first_of, is_id, switches, task_of, values_of

if TYPE_CHECKING:
    from ..agents.alphazero.training import Progress
    from .display import Leaving

PROG = "zerodojo train"
EXAMPLES = (
    "zerodojo train CartPole-v1 --run runs/cartpole",
    "zerodojo train connect_four --run runs/connect_four --minutes 10",
    "zerodojo train connect_four --run runs/connect_four --minutes 10 --resume",
    "zerodojo train connect_four --run runs/wide --option width=8 --search.simulations 16 --network.channels 96",
    "zerodojo train tic_tac_toe --run runs/exact --steps 500 --mode sync --self-play.engine torch-fp32 --seed 7",
    "zerodojo train connect_four --run runs/next --init runs/connect_four --learner.learning-rate 1e-3",
)
GAME_AGENT = "alphazero"
LITTLE = 2.0  # minutes in which most games are begun to be learned


@dataclass(frozen=True)
class Train:
    """The arguments of `zerodojo train`; every field of a configuration is one of them."""

    task: Positional[str]  # the game to learn (`zerodojo list games`)
    run: str  # the directory that everything is written to
    agent: str = GAME_AGENT  # who learns (`zerodojo list agents`)
    minutes: float | None = None  # how long, this time; without minutes and steps it goes on until Ctrl-C
    steps: int | None = None  # learner steps in all, those of earlier calls included
    resume: FlagCreatePairsOff[bool] = False  # go on with the run if it is there, start it if not
    preset: str = ""  # settings that a new run starts from; by default the game's own (`zerodojo list presets`)
    init: str = ""  # another run of the same game, or runs/x@STEP, whose weights a new run starts from
    option: Annotated[tuple[str, ...], UseAppendAction] = ()  # an option of the game, such as width=8; may be repeated
    seed: int = 0  # of everything random
    placement: Annotated[RunConfig, FLAT] = RunConfig()  # where and how often
    network: NetworkConfig = NetworkConfig()  # the network
    search: SearchConfig = SearchConfig()  # the search
    self_play: SelfPlayConfig = SelfPlayConfig()  # self-play
    replay: ReplayConfig = ReplayConfig()  # what is learned from
    learner: LearnerConfig = LearnerConfig()  # how it is learned


def main(argv: Sequence[str]) -> int:
    """Trains and tells what was learned. Raises UserError for arguments that do not fit, or a run that cannot go on."""
    if is_environment(argv):
        from .train_gym import main as train_gym

        return train_gym(argv)
    options, config = read(argv)
    # Only now what takes time to import: help and refusals must answer at once.
    from ..agents.run_directory import RunDirectory
    from ..distributed.training import train
    from .display import open_display

    before = RunDirectory.open(options.run).steps() if RunDirectory.exists(options.run) else []
    if options.resume and options.steps is not None and before and before[-1] >= options.steps:
        whole = RunDirectory.open(options.run).load(warn=False).step  # whoever goes on is warned then
        if whole >= options.steps:
            broken = "" if whole == before[-1] else f" (checkpoint {before[-1]} is broken)"
            print(f"{options.run} has {whole:,} steps already{broken}, and --steps counts them all: nothing is left to do.")
            return 0
    with open_display(config, options.run) as display, stop_on_signals(display) as stop:
        progress = train(
            options.task,
            run=options.run,
            config=config,
            minutes=options.minutes,
            steps=options.steps,
            resume=options.resume,
            init=options.init or None,
            report=display.report,
            stopped=stop.is_asked,
        )
        display.report(progress)
    sentence, *commands = closing(options, progress, argv, gone_on=bool(before), stopped=stop.is_asked())
    print(filled(sentence), *commands, sep="\n")
    return 0


def is_environment(argv: Sequence[str]) -> bool:
    """Whether an agent is to learn in an environment of Gymnasium, and not a game by self-play."""
    agent = first_of(argv, "--agent")
    if agent == GAME_AGENT:
        return False
    return agent in AGENTS or names_environment(argv)


def names_environment(argv: Sequence[str]) -> bool:
    """Whether the task is an id of Gymnasium. A bare name without a version is known by the module that registers it, or by its
    run."""
    task = task_typed(argv)
    if is_id(task) or task in GAMES:
        return is_id(task)
    if "--resume" in argv and not values_of(argv, "--import"):
        from ..agents.run_directory import is_of_environment

        return is_of_environment(first_of(argv, "--run"))
    return bool(values_of(argv, "--import"))


def task_typed(argv: Sequence[str]) -> str:
    """What is to be learned."""
    from .train_gym import TrainGym

    agents = [settings_class(name) for name, entry in AGENTS.items() if entry.agent]
    return task_of(argv, switches(Train, TrainGym, *agents))


def read(argv: Sequence[str]) -> tuple[Train, AlphaZeroConfig]:
    """The arguments, and the configuration they make: the run's own if it goes on, else the preset's; what is typed overrides.

    Raises UserError for whatever can be refused before anything is started.
    """
    typed = _parsed(argv, None)
    _check(typed)
    run = _existing(typed)
    base = run or _new(typed)
    options, config = _overridden(argv, typed, base)
    from ..agents.alphazero.validation import check
    from ..agents.variants import with_resolved_options

    check(config)
    whole = with_resolved_options(config)  # refuses unknown options
    if typed.init and not run and (config.network, whole.options) != (base.network, with_resolved_options(base).options):
        raise UserError("--init takes over the network and the game's options with the weights; leave those flags out")
    if run and typed.preset:
        started = _overridden(argv, typed, _new(typed))[1]
        if differing := changed(with_resolved_options(started), whole):
            path, ours, theirs = differing[0]
            raise UserError(
                f"{typed.run} has a configuration of its own ({path} is {theirs!r}, and {ours!r} with --preset {typed.preset}); "
                "leave --preset out to go on with it, or choose another --run"
            )
    return options, config


def _overridden(argv: Sequence[str], typed: Train, base: AlphaZeroConfig) -> tuple[Train, AlphaZeroConfig]:
    """The arguments with a configuration for their defaults, and that configuration with what was typed."""
    options = _parsed(argv, replace(_defaults(base), task=typed.task, run=typed.run))
    config = replace(
        base,
        options=base.options | key_values("--option", options.option),
        seed=options.seed,
        run=options.placement,
        **{field.name: getattr(options, field.name) for field in fields(Train) if field.name in _SECTIONS},
    )
    return options, config


_SECTIONS = ("network", "search", "self_play", "replay", "learner")


def _parsed(argv: Sequence[str], default: Train | None) -> Train:
    return parse(
        Train,
        argv,
        prog=PROG,
        description="Learn a game from nothing but its rules, or go on learning. Environments of Gymnasium are learned too, with "
        "other flags (`zerodojo train CartPole-v1 --help`). Ctrl-C saves and leaves, twice leaves at once. "
        "The defaults below are those of a new run without a preset of its own; on --resume they are the run's.",
        examples=EXAMPLES,
        default=default,
    )


def _defaults(base: AlphaZeroConfig) -> Train:
    sections = {name: getattr(base, name) for name in _SECTIONS}
    return Train(task=base.game, run="", seed=base.seed, placement=base.run, **sections)


def _check(typed: Train) -> None:
    """What needs no look at the disk."""
    from ..envs.registry import check_name

    if is_id(typed.task):
        raise UserError(f"{typed.task} is an environment, and {GAME_AGENT} learns games; leave --agent out, or choose another")
    try:
        check_name(typed.task)
    except UserError as error:
        raise _environment_meant(typed.task) or error from None
    if typed.agent != GAME_AGENT:
        raise unknown("agent", typed.agent, AGENTS, elsewhere=ALL_AGENTS)
    if typed.minutes is not None and typed.steps is not None:
        raise UserError("--minutes and --steps are two ends of one run; give one of them")
    if typed.minutes is not None and not 0 < typed.minutes < float("inf"):
        raise UserError(f"--minutes is {typed.minutes:g}; it must be above 0, or leave it out to train until Ctrl-C")
    if typed.steps is not None and typed.steps < 1:
        raise UserError(f"--steps is {typed.steps}; it must be at least 1")
    if not typed.run:
        raise UserError("--run is empty; name a directory such as runs/" + typed.task)


def _environment_meant(task: str) -> UserError | None:
    """The error for what is no game, where an environment is called so but for its version or a slip."""
    import gymnasium

    near = [name for name in gymnasium.registry if name.rpartition("-v")[0] == task]
    near = near or difflib.get_close_matches(f"{task}-v1", gymnasium.registry, n=1, cutoff=0.8)
    return UserError(f"unknown game {task!r}; did you mean the environment {near[-1]}?") if near else None


def _existing(typed: Train) -> AlphaZeroConfig | None:
    """The configuration of the run that is gone on with; None for a new run."""
    from ..agents.run_directory import RunDirectory

    if not (typed.resume and RunDirectory.exists(typed.run)):
        return None
    config = RunDirectory.open(typed.run).config
    if config.game != typed.task:
        raise UserError(f"{typed.run} is a run of {config.game}, not of {typed.task}; choose another --run")
    return config


def _new(typed: Train) -> AlphaZeroConfig:
    """The configuration that a new run starts from: the preset's, and with --init the network and options of the other run."""
    from ..agents.run_directory import RunDirectory

    config = preset_for(typed.task, typed.preset)
    if not typed.init:
        return config
    other, step = RunDirectory.at(typed.init)
    if other.config.game != typed.task:
        raise UserError(f"{typed.init} is a run of {other.config.game}; --init needs one of {typed.task}")
    if not other.steps():
        raise UserError(f"{typed.init} has no checkpoint yet, so there are no weights to start from; train it for a while first")
    other.weights(step)  # refuses a step that is not there
    return replace(config, network=other.config.network, options=other.config.options)


# Leaving ---------------------------------------------------------------------------------------------------------------------


class Stop:
    """Whether the user wants to leave. Ask `is_asked` between steps."""

    def __init__(self, display: Leaving) -> None:
        self._display = display
        self._asked = False
        self._terminal = [number for number in range(3) if os.isatty(number)]  # of the standard streams

    def is_asked(self) -> bool:
        """Whether Ctrl-C was pressed once."""
        return self._asked

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The signal handler. The second signal ends this process; those that Ray started for it end with it."""
        if self._asked:
            self._display.abandon()
            os._exit(130)
        self._asked = True
        self._display.stopping()

    def hang_up(self, number: int, frame: FrameType | None) -> None:
        """The handler of a terminal that is gone: writing to it would fail. Shells send the signal more than once."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in self._terminal:
            os.dup2(nothing, stream)
        os.close(nothing)
        self._asked = True


@contextmanager
def stop_on_signals(display: Leaving) -> Iterator[Stop]:
    """Within the block SIGINT and SIGTERM ask to stop, and the second one ends the process; SIGHUP asks, unless it is ignored."""
    stop = Stop(display)
    before = {number: signal.signal(number, stop.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, stop.hang_up)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def to_go_on(argv: Sequence[str], *, steps: int | None = None, minutes: float | None = None) -> str:
    """The command that goes on with a run, whose weights are its own now: to so many steps where those typed are done, for so many
    minutes where those were too few."""
    changed = {} if steps is None else {"--steps": str(steps)}
    changed |= {} if minutes is None else {"--minutes": f"{minutes:g}"}
    words = [word for word in argv if word != "--resume"]
    for flag in ("--init", *changed):
        words = _without(flag, words)
    return shlex.join([program(), "train", *words, *(word for pair in changed.items() for word in pair), "--resume"])


def enough(minutes: float | None, *, begun: bool) -> float | None:
    """The minutes to take in place of those that were over before learning had begun; None where they were not."""
    return None if minutes is None or begun else max(LITTLE, 2 * minutes)


def _without(flag: str, words: Sequence[str]) -> list[str]:
    """The words without a flag and its value."""
    return [
        word
        for before, word in zip(["", *words], words, strict=False)
        if flag not in (before, word) and not word.startswith(f"{flag}=")
    ]


def closing(options: Train, progress: Progress, argv: Sequence[str], *, gone_on: bool, stopped: bool) -> list[str]:
    """What was learned, in a sentence, and what to type next."""
    ended = options.steps is not None and progress.step >= options.steps
    begun = bool(progress.step) or stopped
    again = to_go_on(
        argv, steps=2 * options.steps if ended and options.steps else None, minutes=enough(options.minutes, begun=begun)
    )
    minutes = f"{progress.seconds / 60:.1f} {'more ' if gone_on else ''}minutes"
    if not progress.step:
        learner, replay = options.learner, options.replay
        needed = max(options.self_play.first_generation, math.ceil(learner.batch / replay.max_uses))
        there = f"{progress.positions:,} of them are saved" if progress.games else "there is nothing to save yet"
        sentence = f"Stopped after {minutes}, before the first step of learning, which takes {needed:,} positions: {there}."
        return [sentence, f"Go on:       {again}"]
    learned = f"{title(options.task)} after {minutes}: {progress.step:,} steps on {progress.positions:,} positions"
    return [
        f"{'Stopped and saved. ' if stopped else ''}{learned}{f'; {progress.strength}' if progress.strength else ''}.",
        f"Play it:     {shlex.quote(program())} play {shlex.quote(options.task)} --opponent {shlex.quote(options.run)}",
        f"Measure it:  {shlex.quote(program())} evaluate {shlex.quote(options.run)} --opponent mcts:1000",
        f"Go on:       {again}",
    ]
