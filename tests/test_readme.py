"""README.md and docs/ are true: the Python example runs as it stands, commands and flags exist, files that are named are there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import zerodojo
from zerodojo.cli.main import COMMANDS, main

ROOT = Path(zerodojo.__file__).parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
    offered = set(re.findall(r"--[a-z][\w.-]*", capsys.readouterr().out))
    assert {word for words in shown for word in words if word.startswith("--")} <= offered


def test_the_readme_names_make_targets_that_exist():
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([\w-]+)", README)) <= targets


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
