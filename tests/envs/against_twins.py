"""What the tests of every board game ask: that a game agrees with its slow twin, and with OpenSpiel, on random play."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pyspiel
from numpy.typing import NDArray

from zerodojo.envs import Game

from .twins import SlowBoard


def assert_agrees_with_twin(game: Game, twin: Callable[[], SlowBoard], *, games: int, seed: int) -> None:
    """Plays `games` random games side by side through the batched contract; every ply of every game agrees with the twin."""
    generator = random.Random(seed)
    boards = [twin() for _ in range(games)]
    states = game.new_states(games)
    playing = list(range(games))
    while playing:
        rows = states[playing]
        planes = np.empty((len(rows), game.spec.num_planes, *game.spec.board), np.float32)
        game.observe(rows, planes)
        mask, to_play = game.legal_mask(rows), game.to_play(rows)
        for i, number in enumerate(playing):
            assert np.flatnonzero(mask[i]).tolist() == boards[number].legal()
            assert to_play[i] == boards[number].player
            assert (planes[i] == boards[number].observation()).all()
        actions = [generator.choice(boards[number].legal()) for number in playing]
        step = game.step(rows, np.array(actions, np.int32))
        states[playing] = rows
        for i, number in enumerate(playing):
            boards[number].play(actions[i])
            assert step.terminal[i] == boards[number].over
            assert tuple(step.rewards[i]) == boards[number].returns()
            assert step.to_play[i] == boards[number].player
            glyphs, owners, marks, _ = game.picture(states[number])
            assert glyphs == boards[number].board
            assert (owners == np.array([[".XO".index(glyph) - 1 for glyph in line] for line in glyphs])).all()
            assert boards[number].is_decided_by(marks)
        assert (game.terminal(states[playing]) == step.terminal).all()
        playing = [number for number in playing if not boards[number].over]
    assert not game.legal_mask(states).any()


def assert_agrees_with_openspiel(
    game: Game, name: str, *, games: int, seed: int, ours: Callable[[pyspiel.State, int], int] = lambda state, action: action
) -> None:
    """Random games through Position; legal moves, mover, end and returns equal OpenSpiel's at every ply.

    `ours` is our action for one of theirs in a state of theirs, by default the same.
    """
    generator = random.Random(seed)
    theirs = pyspiel.load_game(name)
    for _ in range(games):
        position, state = game.start(), theirs.new_initial_state()
        while not position.terminal:
            assert list(position.legal_actions()) == sorted(ours(state, action) for action in state.legal_actions())
            assert position.to_play == state.current_player()
            action = generator.choice(state.legal_actions())
            position = position.after(ours(state, action))
            state.apply_action(action)
            assert position.terminal == state.is_terminal()
            assert list(position.returns) == state.returns()
        assert position.legal_actions() == ()


def assert_playouts_agree(game: Game, twin: SlowBoard, actions: list[int], *, playouts: int, seed: int) -> None:
    """How often random play from a position is won, drawn and lost is the twin's, within four standard errors."""
    fast = _playouts(game, actions, 20 * playouts, seed)
    twin, generator = _after(twin, actions), random.Random(seed)
    slow = np.array([twin.playout(generator)[0] for _ in range(playouts)])
    for result in (1.0, 0.0, -1.0):
        a, b = (fast == result).mean(), (slow == result).mean()
        assert abs(a - b) < 4 * np.sqrt(max(a * (1 - a), 1e-3) * (1 / len(fast) + 1 / len(slow))), (result, a, b)


def assert_playouts_are_exact(game: Game, twin: SlowBoard, actions: list[int], *, playouts: int, seed: int) -> None:
    """How often random play is won, drawn and lost is what playing out every line gives, within four standard errors."""
    fast = _playouts(game, actions, playouts, seed)
    for result, probability in _after(twin, actions).outcomes().items():
        error = np.sqrt(max(probability * (1 - probability), 1e-6) / len(fast))
        assert abs((fast == result).mean() - probability) < 4 * error, (result, probability)


def _playouts(game: Game, actions: list[int], playouts: int, seed: int) -> NDArray[np.float32]:
    position = game.start().play(actions)
    seeds = np.random.default_rng(seed).integers(0, 2**64, playouts, np.uint64)
    return game.playout(np.repeat(position.row[None], playouts, axis=0), seeds).rewards[:, 0]


def _after(twin: SlowBoard, actions: list[int]) -> SlowBoard:
    board = twin.copy()
    for action in actions:
        board.play(action)
    return board
