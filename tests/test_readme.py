"""README.md and docs/ are true: the Python example runs as it stands, commands and flags exist, files that are named are there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import zerodojo
from zerodojo.cli import evaluate_gym
from zerodojo.cli.main import COMMANDS, main

ROOT = Path(zerodojo.__file__).parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = [path.parent for path in ROOT.glob("*/__init__.py")] + [ROOT / "tests", ROOT / "benchmarks"]
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
LINES = [line.split(" # ")[0].split() for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.mark.timeout(300)
def test_the_python_example_runs(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    command = [sys.executable, "-W", "error::UserWarning:zerodojo", "example.py"]
    ran = subprocess.run(command, cwd=tmp_path, env=os.environ | {"RAY_ADDRESS": ""}, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr
    *board, returns = ran.stdout.splitlines()
    assert board[0].split() == ["a", "b", "c"]
    assert returns in {"(1.0, -1.0)", "(0.0, 0.0)", "(-1.0, 1.0)"}
    assert zerodojo_runs(tmp_path) == ["runs/tic_tac_toe"]


def zerodojo_runs(folder):
    return [str(path.parent.relative_to(folder)) for path in folder.rglob("config.json")]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_shows_every_command_with_flags_that_it_has(name, capsys):
    shown = [words[2:] for words in LINES if words[:1] in (["zerodojo"], [".venv/bin/zerodojo"]) and words[1] == name]
    assert shown
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    if name == "evaluate":  # whose flags are others for a run in an environment
        with pytest.raises(SystemExit):
            evaluate_gym.main(["--help"])
    offered = set(re.findall(r"--[a-z][\w.-]*", capsys.readouterr().out))
    assert {word for words in shown for word in words if word.startswith("--")} <= offered


def test_the_readme_names_make_targets_that_exist():
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([\w-]+)", README)) <= targets


def test_every_extra_that_is_named_is_there():
    """In a document, a remedy or a test: whoever types it would only be warned by pip, and get nothing."""
    texts = [*DOCUMENTS, ROOT / "CHANGELOG.md", *ROOT.glob("*.py"), *(path for room in ROOMS for path in room.rglob("*.py"))]
    named = [
        (extra, path.name)
        for path in texts
        for words in re.findall(r"[\"'`](?:zerodojo|\.)\\?\[([\w,]+)\\?\]", path.read_text())
        for extra in words.split(",")
    ]
    assert len(named) > 10
    assert [found for found in named if found[0] not in EXTRAS] == []


def test_the_tables_have_every_extra():
    """README.md those that bring something to play or learn with, docs/architecture.md all of them."""
    install = README.partition("\n| extra |")[2].partition("\n\n")[0]
    assert {extra for row in install.splitlines() for extra in re.findall(r"`(\w+)`", row.split("|")[1])} == EXTRAS - {
        "dev",
        "test",
    }
    dependencies = (ROOT / "docs" / "architecture.md").read_text().partition("\n| package |")[2].partition("\n\n")[0]
    assert {
        extra for named in re.findall(r"\(extras? ([^)]*)\)", dependencies) for extra in re.findall(r"`(\w+)`", named)
    } == EXTRAS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_is_there(document):
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    paths = {
        path for path in re.findall(r"`([\w/]+/[\w/.]*|[\w/]+\.(?:py|txt|toml))`", text) if not path.startswith(("runs", "games"))
    }
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link}
    missing = [path for path in paths if not (ROOT / path).exists()] + [
        link for link in links if not (document.parent / link).exists()
    ]
    assert missing == []
