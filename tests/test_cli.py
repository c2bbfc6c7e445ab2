"""The front door: its help, its refusals, its exit codes, and that it opens fast. What the commands do is tested beside them."""

import errno
import os
import subprocess
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Literal, get_args, get_type_hints

import pytest

from zerodojo.agents.registry import PRESETS, preset_for
from zerodojo.cli import doctor, listing
from zerodojo.cli.arguments import FLAT, Positional, parse, program
from zerodojo.cli.main import COMMANDS, Command, main
from zerodojo.envs.registry import GAMES
from zerodojo.errors import UserError
from zerodojo.models.config import BodyConfig

ZERODOJO = [sys.executable, "-m", "zerodojo.cli.main"]


def zerodojo(*words, **options):
    return subprocess.run([*ZERODOJO, *words], capture_output=True, text=True, **options)


@pytest.fixture
def command(monkeypatch):
    """`command(function)` makes `zerodojo fake` call it."""

    def install(function):
        module = ModuleType("zerodojo.cli.fake")
        vars(module)["main"] = function
        monkeypatch.setitem(sys.modules, "zerodojo.cli.fake", module)
        monkeypatch.setitem(COMMANDS, "fake", Command(".fake", "for a test", ""))

    return install


def raises(error):
    def run(argv):
        raise error

    return run


# The door -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_every_command_with_an_example(words, capsys):
    assert main(words) == 0
    said = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in said
        assert f"\n  zerodojo {name}" in said


def test_help_with_a_command_is_that_commands_help(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["help", "list"])
    assert capsys.readouterr().out.startswith("usage: zerodojo list")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "zerodojo 0.1.0\n"


def test_the_installed_script_answers():
    said = zerodojo("--help")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("usage: zerodojo COMMAND")


HEAVY = {"numba", "torch", "ray", "openvino", "tensorboard", "pyspiel", "bitbully"}


@pytest.mark.parametrize("words", [["--help"], ["list"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_answers_without_importing_anything_heavy(words):
    script = f"""
import sys
from zerodojo.cli.main import main
try:
    code = main({words!r})
except SystemExit as answered:
    code = answered.code
print("loaded:", sorted({HEAVY!r} & set(sys.modules)), code)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "loaded: [] 0"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name, capsys):
    with pytest.raises(SystemExit) as answered:
        main([name, "--help"])
    assert answered.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: zerodojo {name}")
    assert f"examples:\n  zerodojo {name}" in said or f"\n  zerodojo {name}" in said.partition("examples:")[2]


def test_unknown_command_names_the_nearest(capsys):
    assert main(["tran"]) == 2
    assert capsys.readouterr().err == "zerodojo: unknown command 'tran'; did you mean train?\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_unknown_flag_of_every_command(name, capsys):
    assert main([name, "--no-such-flag-anywhere"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("zerodojo: unknown flag --no-such-flag-anywhere")
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_arguments_and_exit_code_pass_through(command):
    seen = []

    def run(argv):
        seen.append(argv)
        return 7

    command(run)
    assert main(["fake", "a", "--b", "--", "--debug"]) == 7
    assert seen == [["a", "--b", "--", "--debug"]]


def test_user_error_is_one_line_and_no_traceback(command, capsys):
    command(raises(UserError("this is wrong;\n do that")))
    assert main(["fake"]) == 2
    assert capsys.readouterr().err == "zerodojo: this is wrong; do that\n"


@pytest.mark.parametrize("words", [["--debug", "fake"], ["fake", "--debug"], ["fake", "x", "--debug", "--", "y"]], ids=" ".join)
def test_debug_anywhere_shows_the_traceback(words, command, capsys):
    command(raises(UserError("this is wrong; do that")))
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.endswith("zerodojo: this is wrong; do that\n")


def test_ctrl_c_is_quiet(command, capsys):
    command(raises(KeyboardInterrupt()))
    assert main(["fake"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.ENOSPC, "zerodojo: runs/x: no space left on device; free some space\n"),
        (errno.EROFS, "zerodojo: runs/x: read-only file system; name a directory that can be written to\n"),
        (errno.EACCES, "zerodojo: runs/x: permission denied; name a directory that you may read and write\n"),
    ],
)
def test_full_and_closed_disks_are_the_users_to_mend(number, line, command, capsys):
    command(raises(OSError(number, os.strerror(number), "runs/x")))
    assert main(["fake"]) == 2
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), OSError(errno.EIO, "a broken disk"), BrokenPipeError(errno.EPIPE, "not ours")]
)
def test_everything_else_is_a_bug_and_seen(error, command):
    command(raises(error))
    with pytest.raises(type(error)):
        main(["fake"])


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "--help"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_error(words):
    for unbuffered in ("", "1"):
        reading, writing = os.pipe()
        os.close(reading)
        environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        said = subprocess.run([*ZERODOJO, *words], stdout=writing, stderr=subprocess.PIPE, text=True, env=environment)
        os.close(writing)
        assert (said.returncode, said.stderr) == (141, "")


@pytest.mark.parametrize("closed", [0, 1, 2], ids=["input", "output", "errors"])
def test_closed_streams_are_no_error(closed):
    command = [*ZERODOJO, "list", "games"]
    said = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: os.close(closed))
    assert (said.returncode, said.stderr) == (0, "")


def test_what_to_type_is_what_the_shell_finds(monkeypatch, tmp_path):
    script = tmp_path / "folder" / "bin" / "zerodojo"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", str(script.parent))
    assert program() == "zerodojo"
    monkeypatch.setenv("PATH", "/nowhere")
    for folder, typed in (("/usr", str(script)), (tmp_path / "folder", "bin/zerodojo"), (script.parent, "./zerodojo")):
        monkeypatch.chdir(folder)
        assert program() == typed
    monkeypatch.setattr(sys, "argv", ["bin/zerodojo"])  # as a Makefile calls it
    monkeypatch.chdir(tmp_path / "folder")
    assert program() == "bin/zerodojo"
    monkeypatch.setattr(sys, "argv", ["/somewhere/cli/main.py"])  # as `python -m` calls it
    assert program() == "zerodojo"


# Arguments ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inner:
    """How deep."""

    max_depth: int = 3  # plies
    rule: Literal["puct", "gumbel"] = "puct"  # which rule


@dataclass(frozen=True)
class Outer:
    """A command."""

    game: Positional[str]  # which game
    run: str  # where
    minutes: float | None = None  # how long
    resume: bool = False  # go on
    search: Inner = Inner()
    more: Annotated[Inner, FLAT] = Inner()


def fill(*argv, **options):
    return parse(Outer, argv, prog="zerodojo outer", description="Does things.", examples=["zerodojo outer a --run b"], **options)


def test_flags_fill_the_dataclass():
    filled = fill("go", "--run", "x", "--minutes", "1.5", "--resume", "--search.max-depth", "4", "--max_depth=5")
    assert filled == Outer("go", "x", minutes=1.5, resume=True, search=Inner(max_depth=4), more=Inner(max_depth=5))
    assert fill("go", "--run", "x", "--no-resume") == Outer("go", "x")


def test_default_replaces_the_defaults_of_the_class():
    default = Outer("go", "x", minutes=2.0, search=Inner(max_depth=9))
    assert fill("--search.rule", "gumbel", default=default) == Outer(
        "go", "x", minutes=2.0, search=Inner(max_depth=9, rule="gumbel")
    )


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["go", "--run", "x", "--minuts", "3"], "unknown flag --minuts; did you mean --minutes?"),
        (["go", "--run", "x", "--search.max-dept=3"], "unknown flag --search.max-dept; did you mean --search.max-depth?"),
        (["go", "--run", "x", "--zzz"], "unknown flag --zzz; see zerodojo outer --help"),
        (["go", "stop", "--run", "x"], "unexpected argument stop; see zerodojo outer --help"),
        ([], "missing: GAME, --run STR; see zerodojo outer --help"),
        (["go", "--run"], "--run needs a value; see zerodojo outer --help"),
        (["go", "--run", "x", "--minutes", "soon"], "--minutes takes a number, not 'soon'; see zerodojo outer --help"),
        (["go", "--run", "x", "--max-depth", "3.5"], "--max-depth takes a whole number, not '3.5'; see zerodojo outer --help"),
        (["go", "--run", "x", "--rule", "uct"], "--rule takes one of 'puct', 'gumbel', not 'uct'; see zerodojo outer --help"),
    ],
)
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_mistakes_are_one_line(argv, line, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(UserError) as error:
        fill(*argv)
    assert str(error.value) == line
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("columns", [60, 100, 300])
def test_help_is_one_column_at_every_width(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert "----" not in capsys.readouterr().out
    assert os.environ["COLUMNS"] == str(columns)


def test_help_is_plain_and_ends_with_examples(capsys):
    with pytest.raises(SystemExit) as answered:
        fill("--help")
    assert answered.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: zerodojo outer [-h] [OPTIONS] GAME\n\nDoes things.\n\npositional arguments:\n")
    assert "\n  --minutes FLOAT" in said
    assert "\nsearch options:\n  How deep.\n" in said
    assert said.endswith("\nexamples:\n  zerodojo outer a --run b\n")
    assert all(line == line.rstrip() for line in said.splitlines())


def test_help_does_not_depend_on_the_encoding():
    answers = {zerodojo("list", "--help", env=os.environ | {"PYTHONIOENCODING": name}).stdout for name in ("ascii", "utf-8")}
    assert len(answers) == 1


# List, doctor, presets --------------------------------------------------------------------------------------------------------


def test_list_shows_every_entry_of_every_registry(capsys):
    assert main(["list"]) == 0
    everything = capsys.readouterr().out
    for section in listing.SECTIONS:
        assert main(["list", section]) == 0
        alone = capsys.readouterr().out
        assert alone.strip() in everything
        assert len(alone.splitlines()) >= 2
    for name in GAMES:
        assert f"\n  {name} " in everything


def test_list_backbones_shows_every_memory_that_can_be_typed(capsys):
    main(["list", "backbones"])
    title, *lines = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert title.startswith("memories") and title.endswith("--body.memory NAME")
    assert {line.split()[0] for line in lines} == {*get_args(get_type_hints(BodyConfig)["memory"])} - {"none"}


def test_help_names_every_list_and_what_can_be_played(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "220")
    main(["--help"])
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert all(section in said.partition("\n  list ")[2].partition("\n")[0] for section in listing.SECTIONS)
    with pytest.raises(SystemExit):
        main(["play", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "such as CartPole-v1" in said
    assert all(spec in said for spec in ("runs/x", "mcts:1000", "minimax:5", "random", "human", "zerodojo list players"))


def test_list_refuses_what_is_not_there(capsys):
    assert main(["list", "gamse"]) == 2
    assert "did you mean games" in capsys.readouterr().err


def test_doctor_reports_in_sections_and_names_the_engine(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for title in ("machine", "versions", "places", "engine"):
        assert f"{title}\n" in said
    for name in ("cores", "instructions", "memory", "torch", "ray", "numba cache", "disk here", "chosen", "speed"):
        assert f"\n  {name} " in said or f"\n! {name} " in said


def test_doctor_flags_a_problem_with_its_remedy(monkeypatch, capsys):
    problem = doctor.Finding("cache", "not writable", "set something")
    monkeypatch.setattr(doctor, "places", lambda: iter([problem]))
    monkeypatch.setattr(doctor, "engine", lambda: iter([doctor.Finding("chosen", "torch-fp32")]))
    assert doctor.main([]) == 0
    said = capsys.readouterr().out
    assert "\n! cache         not writable\n" in said
    assert said.partition("what would help")[2].rstrip().endswith("! cache         set something")


def test_doctor_notices_a_cache_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "cache"))
    (finding,) = (finding for finding in doctor.places() if finding.name == "numba cache")
    assert "not writable" in finding.value
    assert "NUMBA_CACHE_DIR" in finding.remedy


def test_doctor_looks_at_varied_positions_that_are_not_over():
    import numpy as np

    from zerodojo.envs import make

    game = make("tic_tac_toe")
    states = doctor._varied_states(game, 64, np.random.default_rng(0))
    assert not game.terminal(states).any()
    assert len(set(game.state_keys(states))) > 16


def test_presets_fit_their_tasks():
    assert preset_for("tic_tac_toe").network.channels == 32
    assert preset_for("connect_four") == PRESETS["connect_four"].config
    assert preset_for("another_game").game == "another_game"
    assert preset_for("connect_four", "tic_tac_toe").game == "connect_four"
    with pytest.raises(UserError, match="did you mean tic_tac_toe"):
        preset_for("connect_four", "tictactoe")
    with pytest.raises(UserError, match="preset cartpole-ppo is of the environment CartPole-v1, and othello is a game"):
        preset_for("othello", "cartpole-ppo")


@pytest.mark.parametrize("columns", [60, 80, 220])
def test_help_and_lists_fit_the_terminal(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["list"]) == 0
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = capsys.readouterr().out.partition("\nexamples:")[0].splitlines()
    assert max(map(len, shown)) <= min(columns, 100) and not any("----" in line for line in shown)
