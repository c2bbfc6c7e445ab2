"""`zerodojo train`: what its flags mean, what it refuses before anything is started, and how it is left."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from dataclasses import replace

import psutil
import pytest

from zerodojo.agents.registry import preset_for
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.variants import with_resolved_options
from zerodojo.cli.main import main
from zerodojo.cli.train import enough, read, to_go_on
from zerodojo.errors import UserError
from zerodojo.models.config import NetworkConfig

ZERODOJO = [sys.executable, "-m", "zerodojo.cli.main"]
TINY = shlex.split(
    "--network.channels 8 --network.blocks 1 --self-play.games 8 --self-play.first-generation 50 --search.simulations 4 "
    "--learner.batch 16 --learner.threads 1 --learner.first-publish 1 --learner.publish-steps 5 --self-play.engine torch-fp32 "
    "--evaluate-steps 1000000 --workers 0"
)


def config(words):
    return read(words.split())[1]


@pytest.fixture
def run(tmp_path):
    """A run that was begun, with settings of its own."""
    begun = replace(preset_for("tic_tac_toe"), seed=5, network=NetworkConfig(channels=16, blocks=2))
    return RunDirectory.create(tmp_path / "run", with_resolved_options(begun))


# Flags ----------------------------------------------------------------------------------------------------------------------


def flags(part, path=""):
    """The flag of every field of a configuration."""
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if dataclasses.is_dataclass(value):
            yield from flags(value, f"{path}{field.name}.")
        else:
            yield "--" + (path + field.name).removeprefix("run.").replace("_", "-")


def test_every_field_of_a_configuration_has_one_flag(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    offered = re.findall(r"^ +(--[\w.-]+)", capsys.readouterr().out, re.MULTILINE)
    others = ["--run", "--agent", "--minutes", "--steps", "--resume", "--preset", "--init", "--option"]
    names = {"--game": None, "--options": None}  # the task itself, and --option
    expected = [flag for flag in flags(preset_for("connect_four")) if names.get(flag, flag)]
    assert sorted(offered) == sorted([*expected, *others])


def test_a_bare_command_is_the_preset():
    assert config("connect_four --run x") == preset_for("connect_four")
    assert config("tic_tac_toe --run x") == preset_for("tic_tac_toe")
    assert config("connect_four --run x --preset tic_tac_toe") == preset_for("connect_four", "tic_tac_toe")


@pytest.mark.parametrize(
    ("words", "path", "value"),
    [
        ("--seed 7", "seed", 7),
        ("--workers 3", "run.workers", 3),
        ("--mode sync", "run.mode", "sync"),
        ("--address auto", "run.address", "auto"),
        ("--checkpoint-seconds 5", "run.checkpoint_seconds", 5.0),
        ("--network.channels 96", "network.channels", 96),
        ("--search.simulations 16", "search.simulations", 16),
        ("--search.no-solve", "search.solve", False),
        ("--search.puct.c-puct 2", "search.puct.c_puct", 2.0),
        ("--self-play.engine torch-fp32", "self_play.engine", "torch-fp32"),
        ("--replay.max-uses 2.5", "replay.max_uses", 2.5),
        ("--learner.learning-rate 1e-3", "learner.learning_rate", 1e-3),
        ("--option width=8", "options", {"width": 8}),
        ("--option width=8 --option height=7", "options", {"width": 8, "height": 7}),
    ],
)
def test_a_flag_changes_its_field_alone(words, path, value):
    got = config(f"connect_four --run x {words}")
    part, _, name = path.rpartition(".")
    expected = preset_for("connect_four")
    if part.count(".") == 1:
        outer, _, inner = part.partition(".")
        outer_part = getattr(expected, outer)
        changed = replace(outer_part, **{inner: replace(getattr(outer_part, inner), **{name: value})})
        expected = replace(expected, **{outer: changed})
    elif part:
        expected = replace(expected, **{part: replace(getattr(expected, part), **{name: value})})
    else:
        expected = replace(expected, **{name: value})
    assert got == expected


# Refusals -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("", "missing: TASK"),
        ("connect_four", "missing: --run"),
        ("conect_four --run x", "unknown game 'conect_four'; did you mean connect_four"),
        ("connect_four --run x --minutes 1 --steps 1", "--minutes and --steps are two ends of one run; give one of them"),
        ("connect_four --run x --minutes -1", "--minutes is -1; it must be above 0"),
        ("connect_four --run x --minutes 0", "--minutes is 0; it must be above 0"),
        ("connect_four --run x --minutes nan", "--minutes is nan; it must be above 0"),
        ("connect_four --run x --minutes soon", "--minutes takes"),
        ("connect_four --run x --steps 0", "--steps is 0; it must be at least 1"),
        ("connect_four --run=", "--run is empty"),
        ("connect_four --run x --preset conect_four", "unknown preset 'conect_four'; did you mean connect_four"),
        ("connect_four --run x --resume --preset conect_four", "unknown preset 'conect_four'; did you mean connect_four"),
        ("connect_four --run x --learner.device gpu", "--learner.device takes one of 'cpu', 'cuda', not 'gpu'"),
        ("connect_four --run x --learner.device cuda", "learner.device is cuda, and torch finds no GPU here; set it to cpu"),
        ("connect_four --run x --learner.batch 0", "learner.batch is 0; it must be at least 1"),
        ("connect_four --run x --seed -1", "seed is -1; it must be from 0 to 9223372036854775806"),
        (
            "connect_four --run x --seed 99999999999999999999",
            "seed is 99999999999999999999; it must be from 0 to 9223372036854775806",
        ),
        (f"connect_four --run {'x' * 300}", "file name too long; choose a shorter name"),
        (f"connect_four --run {'x' * 300} --resume", "file name too long; choose a shorter name"),
        ("connect_four --run x --workers -2", "run.workers is -2; it must be at least -1"),
        ("connect_four --run x --workers many", "--workers takes a whole number"),
        ("connect_four --run x --mode fast", "sync"),
        (
            "connect_four --run x --self-play.engine openvino",
            "unknown engine 'openvino'; did you mean openvino-int8 or openvino-bf16",
        ),
        ("connect_four --run x --network.backbone resent", "unknown backbone 'resent'; did you mean resnet"),
        ("connect_four --run x --option widht=8", "unknown option of connect_four 'widht'; did you mean width"),
        ("connect_four --run x --option width", "--option takes KEY=VALUE, such as size=5, not 'width'"),
        ("connect_four --run x --option width=1", "connect_four cannot be 1 wide"),
        ("connect_four --run x --option width=7.5", "width=7.5 does not fit; width is a whole number, such as 7"),
        ("connect_four --run x --option width=true", "width=True does not fit; width is a whole number, such as 7"),
        ("connect_four --run x --option width=wide", "width=wide does not fit; width is a whole number, such as 7"),
        ("connect_four --run x --init nowhere", "there is no run at nowhere"),
        ("connect_four --run x --init nowhere@7", "there is no run at nowhere;"),
        ("connect_four --run x --search.simulations 10000000", "of 10,000,000 simulations may need"),
        ("tic_tac_toe --run x --self-play.games 1000000000", "or fewer games at once than 1,000,000,000"),
        (
            "tic_tac_toe --run x --network.channels 1000000",
            "GB of memory to learn, more than there is; take fewer network.channels",
        ),
        ("tic_tac_toe --run x --network.blocks 100000000", "or smaller heads"),
        ("tic_tac_toe --run x --learner.batch 100000000000", "learner.batch is 100,000,000,000, and a step with it may need"),
        ("tic_tac_toe --run x --workers 100000", "run.workers is 100,000, and this machine's"),
        ("tic_tac_toe --run x --search.rule puct", "add --search.puct.noise-fraction 0.25 --search.puct.temperature 1"),
        ("tic_tac_toe --run x --option width=3", "unknown option of tic_tac_toe 'width'; "),
        ("connect_four --run x --simulations 8", "unknown flag --simulations; did you mean --search.simulations"),
        ("connect_four --run x --run.workers 2", "unknown flag --run.workers"),
    ],
)
def test_refused_in_one_line_with_nothing_written(words, line, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["train", *words.split()]) == 2
    said = capsys.readouterr()
    assert line in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not list(tmp_path.iterdir())


def test_an_existing_run_is_not_overwritten(run, capsys):
    assert main(["train", "tic_tac_toe", "--run", str(run.path), "--steps", "1", *TINY]) == 2
    assert capsys.readouterr().err.endswith("already holds a run; go on with it by --resume, or choose another --run\n")


# Going on -------------------------------------------------------------------------------------------------------------------


def test_a_bare_resume_changes_nothing(run):
    assert config(f"tic_tac_toe --run {run.path} --resume") == run.config


def test_what_is_typed_on_resume_overrides_the_run_alone(run):
    got = config(f"tic_tac_toe --run {run.path} --resume --learner.batch 64 --workers 0")
    assert got.network == run.config.network
    assert got.seed == 5
    assert (got.learner.batch, got.run.workers) == (64, 0)
    assert replace(got, learner=run.config.learner, run=run.config.run) == run.config


def test_a_preset_is_where_a_new_run_starts_from(tmp_path):
    assert config(f"tic_tac_toe --run {tmp_path}/new --resume --preset default") == preset_for("tic_tac_toe", "default")


def test_a_preset_on_resume_is_what_the_run_started_from_or_is_refused(run, tmp_path):
    with pytest.raises(UserError, match=r"own \(seed is 5, and 0 with --preset tic_tac_toe\); leave --preset out to go on"):
        config(f"tic_tac_toe --run {run.path} --resume --preset tic_tac_toe")
    with pytest.raises(UserError, match="unknown preset 'tic_tac_to'; did you mean tic_tac_toe"):
        config(f"tic_tac_toe --run {run.path} --resume --preset tic_tac_to")
    words = f"connect_four --run {tmp_path}/new --resume --preset tic_tac_toe --option width=5 --learner.batch 32"
    begun = config(words)
    RunDirectory.create(tmp_path / "new", with_resolved_options(begun))
    assert with_resolved_options(config(words)) == with_resolved_options(begun)  # the same command again
    with pytest.raises(UserError, match=r"\(options\.width is 5, and 7 with"):
        config(words.replace("--option width=5", ""))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--network.channels 8", "network.channels is 16 in this run and cannot become 8"),
        ("--seed 6", "seed is 5 in this run and cannot become 6"),
        ("--learner.optimizer adamw", "learner.optimizer is 'muon' in this run and cannot become 'adamw'"),
    ],
)
def test_what_decided_the_weights_cannot_change(run, words, line, capsys):
    before = (run.path / "config.json").read_bytes()
    assert main(["train", "tic_tac_toe", "--run", str(run.path), "--resume", *words.split()]) == 2
    assert line in capsys.readouterr().err
    assert (run.path / "config.json").read_bytes() == before


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_run_of_another_game(run, resume, capsys):
    assert main(["train", "connect_four", "--run", str(run.path), *resume]) == 2
    assert "is a run of tic_tac_toe, not of connect_four; choose another --run" in capsys.readouterr().err


def test_init_needs_weights_of_the_same_game(run):
    with pytest.raises(UserError, match="has no checkpoint yet"):
        config(f"tic_tac_toe --run x --init {run.path}")
    with pytest.raises(UserError, match="is a run of tic_tac_toe; --init needs one of connect_four"):
        config(f"connect_four --run x --init {run.path}")


# Training, tiny -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def train(capsys):
    """Runs `zerodojo train tic_tac_toe` in this process; gives the exit code and what it printed."""

    def run(path, *words):
        code = main(["train", "tic_tac_toe", "--run", str(path), *words])
        said = capsys.readouterr()
        assert not said.err or code == 2
        assert "\x1b" not in said.out
        return code, said.out + said.err

    return run


def test_train_and_go_on(tmp_path, train):
    path = tmp_path / "a run"
    code, said = train(path, "--steps", "4", *TINY)
    lines = said.splitlines()
    assert code == 0
    assert lines[0].startswith(f"Tic-tac-toe, in {path}: starting self-play")
    assert re.fullmatch(r"Tic-tac-toe after [\d.]+ minutes: 4 steps on \d+ positions\.", lines[-4])
    assert lines[-3] == f"Play it:     zerodojo play tic_tac_toe --opponent '{path}'"
    assert lines[-2] == f"Measure it:  zerodojo evaluate '{path}' --opponent mcts:1000"
    assert lines[-1] == "Go on:       " + shlex.join(
        ["zerodojo", "train", "tic_tac_toe", "--run", str(path), *TINY, "--steps", "8", "--resume"]
    )
    before = (path / "config.json").read_bytes()

    done = f"{path} has 4 steps already, and --steps counts them all: nothing is left to do.\n"
    assert train(path, "--steps", "4", "--resume") == (0, done)

    code, said = train(path, "--steps", "6", "--resume")
    assert code == 0
    assert "more minutes: 6 steps on" in said
    assert (path / "config.json").read_bytes() == before


def test_start_from_another_run(tmp_path, train):
    assert train(tmp_path / "first", "--steps", "2", *TINY)[0] == 0
    words = [*TINY[4:], "--steps", "3", "--init", str(tmp_path / "first")]  # without --network flags: it comes with the weights
    assert train(tmp_path / "second", *words)[0] == 0
    second = RunDirectory.open(tmp_path / "second")
    assert (second.steps()[-1], second.config.network.channels) == (3, 8)
    assert train(tmp_path / "second", *words, "--resume")[0] == 0  # the same command again
    assert train(tmp_path / "earlier", *words[:-1], f"{tmp_path / 'first'}@2")[0] == 0
    code, said = train(tmp_path / "none", *words[:-1], f"{tmp_path / 'first'}@1")
    assert (code, said.count("\n"), (tmp_path / "none").exists()) == (2, 1, False)
    assert "has no checkpoint of step 1; nearest: 2" in said
    code, said = train(tmp_path / "third", *words, "--network.channels", "16")
    assert (code, said.count("\n")) == (2, 1)
    assert "leave those flags out" in said
    assert not (tmp_path / "third").exists()


def test_a_configuration_is_kept_once_training_could_go_on_with_it(tmp_path, train, monkeypatch):
    path = tmp_path / "run"
    assert train(path, "--steps", "2", *TINY)[0] == 0
    before = (path / "config.json").read_bytes()

    def refuse(*arguments):
        raise UserError("these weights do not fit; take others")

    with monkeypatch.context() as patch:
        patch.setattr("zerodojo.agents.alphazero.training.Training._restore", refuse)
        assert train(path, "--steps", "3", "--resume", "--learner.batch", "8")[0] == 2
    assert (path / "config.json").read_bytes() == before
    assert train(path, "--steps", "3", "--resume", "--learner.batch", "8")[0] == 0
    assert RunDirectory.open(path).config.learner.batch == 8


def test_a_new_run_that_does_not_start_leaves_nothing(tmp_path, train, monkeypatch):
    path = tmp_path / "run"

    def refuse(*arguments):
        raise UserError("no Ray cluster answers; leave --address out")

    with monkeypatch.context() as patch:
        patch.setattr("zerodojo.agents.alphazero.training.Training.run", refuse)
        for words in ([], ["--resume"]):
            assert train(path, "--steps", "1", *TINY, *words)[0] == 2
            assert not path.exists()
    assert train(path, "--steps", "1", *TINY)[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr("zerodojo.agents.alphazero.training.Training.run", refuse)
        assert train(path, "--steps", "2", "--resume")[0] == 2
    assert RunDirectory.open(path).steps() == [1]


def test_a_broken_newest_checkpoint_is_said_once(tmp_path, train, caplog):
    path = tmp_path / "run"
    for steps in ("2", "4"):
        assert train(path, "--steps", steps, *TINY, "--resume", "--keep-every", "1")[0] == 0
    (path / "checkpoints" / "4" / "state.json").write_text("torn")
    code, said = train(path, "--steps", "2", "--resume")
    assert (code, "has 2 steps already (checkpoint 4 is broken), and" in said, caplog.records) == (0, True, [])
    assert train(path, "--steps", "3", "--resume")[0] == 0
    assert [record.getMessage().partition(" is broken")[0] for record in caplog.records] == [f"checkpoint {path}/checkpoints/4"]


@contextlib.contextmanager
def training(path, *words, **options):
    """A training that goes on until it is told to stop; yields the process once it has learned something."""
    command = [*ZERODOJO, "train", "tic_tac_toe", "--run", str(path), "--checkpoint-seconds", "0.5", *words]
    process = subprocess.Popen(command, text=True, start_new_session=True, **options)
    try:
        for _ in range(900):
            if list((path / "checkpoints").glob("[1-9]*")) or process.poll() is not None:
                break
            time.sleep(0.1)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def test_ctrl_c_saves_and_leaves_with_a_sentence(tmp_path):
    with training(tmp_path / "run", *TINY, **PIPES) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "finishing what is begun, then saving; press Ctrl-C again to leave at once\n" in out
    said = re.search(r"Stopped and saved\. Tic-tac-toe after [\d.]+ minutes: ([\d,]+) steps on", out)
    assert int(said[1].replace(",", "")) == RunDirectory.open(tmp_path / "run").steps()[-1]


def test_asked_twice_it_leaves_at_once(tmp_path):
    with training(tmp_path / "run", *TINY, **PIPES) as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)  # another one, for two of a kind at once may count as one
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, "")
    assert "Stopped" not in out
    assert "left at once; --resume goes on" in out
    run = RunDirectory.open(tmp_path / "run")
    assert run.load().step == run.steps()[-1]


def test_ctrl_c_before_anything_is_learned_says_so(tmp_path):
    words = [*TINY, "--self-play.first-generation", "100000000"]
    command = [*ZERODOJO, "train", "tic_tac_toe", "--run", str(tmp_path / "run"), *words]
    with subprocess.Popen(command, text=True, **PIPES) as process:
        assert "starting self-play" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    first = "before the first step of learning, which takes 100,000,000 positions: "
    assert re.search(f"{first}(there is nothing to save yet|[0-9,]+ of them are saved)", out)  # games may have ended by then


def test_minutes_that_were_too_few_are_not_advised_again(tmp_path, train):
    few = ("--workers", "0", "--self-play.engine", "torch-fp32", "--self-play.first-generation", "100000000", "--minutes")
    code, said = train(tmp_path / "run", *few, "0.001")
    assert code == 0 and "before the first step of learning, which takes 100,000,000 positions: " in said
    again = said.partition("Go on: ")[2]
    assert again.rstrip().endswith("--minutes 2 --resume") and "0.001" not in again
    assert [enough(3.0, begun=False), enough(0.5, begun=False), enough(3.0, begun=True), enough(None, begun=False)] == [
        6,
        2,
        None,
        None,
    ]
    longer = to_go_on(["x", "--minutes=3", "--init", "a", "--seed", "1", "--resume"], minutes=6.0)
    assert longer.endswith("train x --seed 1 --minutes 6 --resume")
    assert to_go_on(["x", "--minutes", "3", "--init=a"], steps=10).endswith("train x --minutes 3 --steps 10 --resume")


def test_a_run_that_has_learned_nothing_yet_says_how_to_go_on(tmp_path, capsys):
    path = tmp_path / "run"
    RunDirectory.create(path, with_resolved_options(preset_for("tic_tac_toe")))
    for words in (["play", "tic_tac_toe", "--opponent", str(path)], ["evaluate", str(path), "--opponent", "random"]):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert "no checkpoint yet; if it trains now, wait some minutes; if not, go on with " in said
        assert f"`zerodojo train tic_tac_toe --run {path} --resume`" in said


def test_at_a_terminal_there_is_a_panel_which_sigterm_leaves_in_order(tmp_path):
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    with training(tmp_path / "run", *TINY, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        process.send_signal(signal.SIGTERM)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that its other end is closed
            while piece := os.read(ours, 65536):
                shown += piece
        process.wait(timeout=10)
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 0
    assert "╭─ Tic-tac-toe ─" in re.sub(r"\x1b\[[\d;]*m", "", text)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")  # the cursor is shown again
    assert "Traceback" not in text
    assert "Stopped and saved. Tic-tac-toe after" in text


def test_a_terminal_that_is_closed_has_the_run_saved(tmp_path):
    """Its process gets SIGHUP, and what it writes fails from then on."""
    ours, theirs = pty.openpty()

    def at_it() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "env": os.environ | {"TERM": "xterm-256color"}}
    with training(tmp_path / "run", *TINY, **streams, preexec_fn=at_it) as process:
        os.close(theirs)
        os.close(ours)
        assert process.wait(timeout=60) == 0
    assert RunDirectory.open(tmp_path / "run").load().step > 0


def test_under_nohup_a_hang_up_stops_nothing(tmp_path):
    def ignoring() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with training(tmp_path / "run", *TINY, **PIPES, preexec_fn=ignoring) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGINT)
        assert "Stopped and saved." in process.communicate(timeout=60)[0]


@pytest.mark.full
def test_a_hang_up_leaves_the_workers_until_the_run_is_saved(tmp_path):
    def heard() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup

    with training(tmp_path / "run", *TINY, "--workers", "2", **PIPES, preexec_fn=heard) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGHUP)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "Stopped and saved" in out
    assert not psutil.wait_procs(children, timeout=20)[1]


@pytest.mark.full
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_ctrl_c_reaches_the_workers_too_and_leaves_nothing_behind(tmp_path, twice):
    """A terminal sends it to the whole process group, which Ray's processes are in."""
    with training(tmp_path / "run", *TINY, "--workers", "2", **PIPES) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) > 3
        os.killpg(process.pid, signal.SIGINT)
        if twice:
            os.killpg(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130 if twice else 0, "")
    assert ("Stopped and saved" in out) != twice
    assert not psutil.wait_procs(children, timeout=20)[1]
    run = RunDirectory.open(tmp_path / "run")
    assert run.load().step == run.steps()[-1]
