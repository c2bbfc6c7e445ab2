"""Every file in examples/ runs as a user types it, with --quick, reaches what it promises and leaves its pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zerodojo.cli.example import Example, main
from zerodojo.errors import UserError

EXAMPLES = sorted(Path(__file__).parents[1].joinpath("examples").glob("[!_]*.py"))  # what begins with _ is shared by some


OTHERWISE = [("next_word", "--network=causal_transformer"), ("numbers_attention", "--attention=luong")]  # flags of their own


@pytest.mark.parametrize(
    ("path", "flag"),
    [*((path, "") for path in EXAMPLES), *((EXAMPLES[0].with_stem(name), flag) for name, flag in OTHERWISE)],
    ids=lambda given: getattr(given, "stem", given),
)
def test_an_example_runs_and_says_what_it_reached(path, flag, tmp_path):
    command = [sys.executable, "-W", "error", str(path), "--quick", "--out", str(tmp_path / "out"), *([flag] if flag else [])]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert ": at least " in ran.stdout or ": at most " in ran.stdout
    assert list((tmp_path / "out").glob("*.png"))


@pytest.mark.full
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_whole_example_reaches_what_it_promises(path, tmp_path):
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture
def example(tmp_path):
    return Example("some", out=tmp_path)


def test_a_result_that_is_not_reached_is_the_exit_code(example, capsys):
    example.check("a", 0.5, at_least=0.4, at_most=0.6)
    assert example.finish() == 0
    example.check("b", 0.5, at_least=0.6)
    assert example.finish() == 1
    assert "MISSED: at least 0.6" in (out := capsys.readouterr().out) and "Not reached: b" in out


def test_what_has_to_be_learned_is_asked_of_the_whole_run_alone(tmp_path, capsys):
    for quick, code, word in ((True, 0, "of the whole run: at least 0.6"), (False, 1, "MISSED: at least 0.6")):
        example = Example("some", quick=quick, out=tmp_path)
        example.check("a", 0.5, at_least=0.6, learned=True)
        assert example.finish() == code and word in capsys.readouterr().out
    example = Example("some", quick=True, out=tmp_path)
    example.check("a", 0.5, at_least=0.6)
    assert example.finish() == 1


def test_what_is_no_number_is_not_reached(example):
    example.check("a", float("nan"), at_least=0.0)
    assert example.finish() == 1


def test_an_example_may_have_flags_of_its_own(monkeypatch, capsys):
    given = []
    monkeypatch.setattr(sys, "argv", ["some.py", "--from", "runs/x", "--quick"])
    with pytest.raises(SystemExit) as ended:
        main(lambda example: given.append(example.given), doc="", name="some", more={"from": "a run", "to": "another"})
    assert ended.value.code == 0
    assert given == [{"from": "runs/x", "to": None}]


def test_without_matplotlib_one_line_names_the_extra(example, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match="study"):
        example.picture(lambda figure: None)
