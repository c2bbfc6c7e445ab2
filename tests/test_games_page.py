"""docs/games.md is true: it names every game with every option, its table and pictures are what the code gives, its Python runs."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import gymnasium  # noqa: F401  # before zerodojo, which then registers the ids
import pytest

import zerodojo
from zerodojo.envs import GAMES, make

ROOT = Path(zerodojo.__file__).parent
PAGE = (ROOT / "docs" / "games.md").read_text()
PICTURES = re.findall(r"^```text\n(make\([^\n]*\)): ([^\n]*)\n\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)


def called(call):
    """The game that `make(...)` makes."""
    made = ast.parse(call, mode="eval").body
    assert isinstance(made, ast.Call) and isinstance(made.args[0], ast.Constant)
    return make(made.args[0].value, **{word.arg: ast.literal_eval(word.value) for word in made.keywords})


@pytest.mark.parametrize("name", GAMES)
def test_every_game_is_there_with_every_option_and_its_default(name):
    module, _, attribute = GAMES[name].path.partition(":")
    options = inspect.signature(getattr(import_module(module, "zerodojo.envs"), attribute)).parameters.values()
    words = ", ".join([f'"{name}"', *(f"{option.name}={option.default!r}".replace("'", '"') for option in options)])
    assert f"`make({words})`" in PAGE


@pytest.mark.parametrize("name", GAMES)
def test_the_table_has_the_numbers_of_every_game(name):
    game = make(name)
    spec = game.spec
    numbers = (f"{spec.board[0]}×{spec.board[1]}", spec.num_actions, spec.num_planes, spec.max_plies, len(game.symmetries))
    assert f"| `{name}` | {' | '.join(map(str, numbers))} |" in PAGE


def test_every_game_has_a_picture():
    assert {called(call).spec.name for call, _, _ in PICTURES} == set(GAMES)


@pytest.mark.parametrize(("call", "moves", "picture"), PICTURES, ids=[call for call, _, _ in PICTURES])
def test_pictures_are_what_is_printed(call, moves, picture):
    game = called(call)
    assert str(game.start().play([game.parse_action(move) for move in moves.split()])) == picture


def test_the_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec("\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)), {})
    assert capsys.readouterr().out.splitlines()[-1] == "*"  # of the game of chess that goes on
