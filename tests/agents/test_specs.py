"""Spec strings: every known form finds its player, everything else is one clear line."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from zerodojo.agents import player
from zerodojo.agents.specs import SPECS, parse
from zerodojo.envs import make
from zerodojo.errors import UserError


@pytest.mark.parametrize("kind", SPECS)
def test_every_entry_can_be_imported_and_is_described(kind: str) -> None:
    module, _, factory = SPECS[kind].path.partition(":")
    assert callable(getattr(import_module(module, "zerodojo.agents"), factory))
    assert SPECS[kind].summary and "\n" not in SPECS[kind].summary


@pytest.mark.parametrize("spec", ["random", "minimax:3", "mcts:10", "human"])
def test_a_player_bears_its_spec(spec: str) -> None:
    game = make("tic_tac_toe")
    made = player(spec, game)
    assert made.name == spec and made.game is game
    made.new_game()
    made.close()


def test_simulations_replace_the_number_in_the_spec() -> None:
    game = make("tic_tac_toe")
    assert player("mcts:10", game, simulations=25).decide(game.start()).visits.sum() == 25


@pytest.mark.parametrize(
    ("spec", "kind", "argument"),
    [
        ("random", "random", ""),
        ("mcts:7", "mcts", "7"),
        ("zoo:connect_four", "zoo", "connect_four"),
        ("runs/x", "run", "runs/x"),
        ("runs/x@12", "run", "runs/x@12"),
        ("../a:b/c@latest", "run", "../a:b/c@latest"),
        (".", "run", "."),
        (".@latest", "run", ".@latest"),
    ],
)
def test_specs_are_understood(spec: str, kind: str, argument: str) -> None:
    assert parse(spec) == (kind, argument)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("minimx:5", "unknown player 'minimx:5'; did you mean minimax:DEPTH"),
        ("gnubg", "unknown player 'gnubg'; known: gtp:COMMAND, human, mcts:N"),
        ("run", "unknown player 'run'"),
        ("minimax", "malformed player 'minimax'; write minimax:DEPTH"),
        ("minimax:", "malformed player 'minimax:'; write minimax:DEPTH"),
        ("minimax:0", "malformed player 'minimax:0'; write minimax:DEPTH with a number from 1"),
        ("mcts:abc", "malformed player 'mcts:abc'; write mcts:N with a number from 1"),
        ("mcts:-5", "malformed player 'mcts:-5'"),
        ("mcts:²", "malformed player 'mcts:²'"),
        ("random:3", "malformed player 'random:3'; write random"),
        ("zoo:", "malformed player 'zoo:'; write zoo:NAME"),
    ],
)
def test_other_specs_are_refused_in_one_line(spec: str, message: str) -> None:
    with pytest.raises(UserError) as refusal:
        player(spec, make("tic_tac_toe"))
    assert str(refusal.value).startswith(message) and "\n" not in str(refusal.value)


def test_negative_simulations_are_refused() -> None:
    with pytest.raises(UserError, match="must not be negative"):
        player("mcts:5", make("tic_tac_toe"), simulations=-1)


def test_listing_players_imports_none() -> None:
    code = "import sys, zerodojo.agents.specs; print([m for m in ('torch', 'numba', 'ray', 'openvino') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(sys.prefix))
    assert done.stdout.strip() == "[]"
