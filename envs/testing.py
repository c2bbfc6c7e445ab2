"""The conformance kit: `check_game` says which law of the Game contract a game breaks. Its author calls it from a test.

Laws are checked on random playthroughs (some of them put off the end as long as they can), so a game that passes may still be
wrong where random play never goes; `games` and `seed` look further. What no kit can know is which rules were meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from .game import Game, IllegalAction, Playouts, Position, States, Step
from .registry import GAMES, make
from .symmetry import transform_actions, transform_observations, transform_policies

_TOLERANCE = 1e-5
_SMALL_TREE = 2_000  # positions of one ply, up to which the rest of a game is searched whole
_PLAYOUTS = 512  # from each such position; an outcome with probability 0.05 is missed once in 10^11
_JUNK = ("", " ", "?!", "no such move", "-", "-1", "1.5", "0x1", "²", "１", "\N{BLACK CIRCLE}", "9" * 40, "a" * 40, "\n", "\x00")


@dataclass(frozen=True)
class _Ply:
    """One step of one game: rows before and after, and what came with it."""

    before: States  # [S]
    action: int
    after: States  # [S]
    rewards: NDArray[np.float32]  # [P]
    terminal: bool
    to_play: int


def check_game(game: Game, *, games: int = 24, seed: int = 0, twin: Game | None = None) -> None:
    """Plays random games and raises AssertionError at the first broken law, naming it.

    Args:
        game: any game, registered or not.
        games: playthroughs, at least one; more look further.
        seed: of the playthroughs.
        twin: the same game from a start with the sides exchanged, to see that the game's `mirror` is right.
    """
    generator = np.random.default_rng(seed)
    _check_spec(game)
    _check_new_states(game)
    playthroughs = _play(game, games, generator)
    plies = [ply for game_plies in playthroughs for ply in game_plies]
    rows = np.stack([game.new_states(1)[0], *(ply.after for ply in plies)])
    _check_outcomes(game, playthroughs)
    _check_states(game, rows, generator)
    _check_steps(game, plies)
    _check_playouts(game, playthroughs, generator)
    _check_observations(game, rows, generator)
    _check_keys(game, rows)
    _check_symmetries(game, playthroughs)
    _check_mirror(game, twin, playthroughs)
    _check_names(game)
    _check_pictures(game, rows, playthroughs[0])
    _check_areas(game, playthroughs)
    _check_points_of_view(game, rows)
    _check_positions(game, playthroughs)


def _require(law: str, holds: object, detail: str) -> None:
    if not holds:
        raise AssertionError(f"{law}: {detail}")


def _require_array(law: str, what: str, array: Any, shape: tuple[int, ...], dtype: object) -> None:
    _require(law, isinstance(array, np.ndarray), f"{what} is {type(array).__name__}, not an array")
    _require(law, array.shape == shape, f"{what} has shape {array.shape}, not {shape}")
    _require(law, array.dtype == dtype, f"{what} has dtype {array.dtype}, not {np.dtype(dtype)}")  # type: ignore[call-overload]


# Playthroughs ----------------------------------------------------------------------------------------------------------------


def _play(game: Game, games: int, generator: np.random.Generator) -> list[list[_Ply]]:
    """Random games; every second one avoids ending when it can, so that long games are seen too."""
    playthroughs: list[list[_Ply]] = []
    for number in range(games):
        plies: list[_Ply] = []
        states = game.new_states(1)
        while len(plies) <= game.spec.max_plies and not game.terminal(states)[0]:
            action = _choose(game, states, generator, linger=number % 2 == 1)
            before = states.copy()
            step = game.step(states, np.array([action], np.int32))
            _require("A step plays in place", (states != before).any(), "the state is as it was before the step")
            _check_step_arrays(game, step, 1)
            after, rewards = states[0].copy(), step.rewards[0].copy()
            plies.append(_Ply(before[0], action, after, rewards, bool(step.terminal[0]), int(step.to_play[0])))
            law = "The length of games"
            _require(law, len(plies) <= game.spec.max_plies, f"a game is longer than max_plies = {game.spec.max_plies}")
        playthroughs.append(plies)
    return playthroughs


def _choose(game: Game, states: States, generator: np.random.Generator, *, linger: bool) -> int:
    legal = np.flatnonzero(_mask(game, states)[0])
    _require("Legal moves", len(legal), "a position that is not over has no legal move")
    tries = generator.permutation(legal)[:8].astype(np.int32)
    if linger:
        children = np.repeat(states, len(tries), axis=0)
        going_on = np.flatnonzero(~game.step(children, tries.copy()).terminal)
        return int(tries[going_on[0]] if len(going_on) else tries[0])
    return int(tries[0])


def _mask(game: Game, states: States) -> NDArray[np.bool_]:
    mask = game.legal_mask(states)
    _require_array("Legal moves", "the legal mask", mask, (len(states), game.spec.num_actions), np.bool_)
    return mask


def _check_step_arrays(game: Game, step: Step, n: int) -> None:
    law = "The arrays of a step"
    _require_array(law, "rewards", step.rewards, (n, game.spec.num_players), np.float32)
    _require_array(law, "terminal", step.terminal, (n,), np.bool_)
    _require_array(law, "to_play", step.to_play, (n,), np.int8)


def _observe(game: Game, states: States, fill: float = np.nan) -> NDArray[np.float32]:
    planes = np.full((len(states), game.spec.num_planes, *game.spec.board), fill, np.float32)
    game.observe(states, planes)
    return planes


# The laws --------------------------------------------------------------------------------------------------------------------


def _check_spec(game: Game) -> None:
    law, spec = "The spec", game.spec
    counts = (spec.num_players, spec.num_actions, spec.max_legal, spec.max_plies, *spec.board, spec.num_planes, spec.state_size)
    _require(law, all(isinstance(count, int) and count > 0 for count in counts), f"a count is not a positive int: {spec}")
    _require(law, spec.max_legal <= spec.num_actions, f"max_legal {spec.max_legal} exceeds num_actions {spec.num_actions}")
    _require(law, isinstance(spec.state_dtype, np.dtype) and not spec.state_dtype.hasobject, "state_dtype is no plain dtype")
    if spec.name in GAMES:
        again = make(spec.name, **spec.options)
        if type(again) is type(game):
            _require(law, again.spec == spec, "make(spec.name, **spec.options) is another game")


def _check_new_states(game: Game) -> None:
    law, spec = "New states", game.spec
    states = game.new_states(3)
    _require_array(law, "new_states(3)", states, (3, spec.state_size), spec.state_dtype)
    _require(law, game.new_states(0).shape == (0, spec.state_size), "new_states(0) is not an empty batch")
    _require(law, (states == states[0]).all(), "the rows of new_states differ")
    _require(law, states.flags.c_contiguous and states.flags.writeable, "new_states is not a contiguous array to write in")
    kept = states.copy()
    other = game.new_states(3)
    _require(law, not np.shares_memory(states, other), "two calls of new_states share memory")
    action = np.flatnonzero(_mask(game, states)[0])[:1].astype(np.int32)
    game.step(other[1:2], action)
    _require(law, (states == kept).all() and (game.new_states(3) == kept).all(), "playing in new states changes other new states")


def _check_outcomes(game: Game, playthroughs: list[list[_Ply]]) -> None:
    for plies in playthroughs:
        total = np.zeros(game.spec.num_players)
        for ply in plies:
            total += ply.rewards
            _check_rewards(game, ply.rewards, "a step")
            _require("Rewards", np.abs(total).max() <= 1 + _TOLERANCE, f"a return lies outside [-1, 1]: {total.tolist()}")


def _check_rewards(game: Game, rewards: NDArray[np.float32], where: str) -> None:
    _require("Rewards", np.isfinite(rewards).all(), f"{where} gives rewards that are not finite: {rewards.tolist()}")
    if game.spec.num_players == 2:
        zero_sum = (np.abs(rewards.sum(axis=-1)) <= _TOLERANCE).all()
        _require("Rewards", zero_sum, f"{where} gives two players rewards that do not add up to zero: {rewards.tolist()}")


def _check_states(game: Game, rows: States, generator: np.random.Generator) -> None:
    """Legal mask, terminal and to_play are functions of the row alone, and agree with each other."""
    kept = rows.copy()
    mask, terminal, to_play = _mask(game, rows), game.terminal(rows), game.to_play(rows)
    _require_array("Terminal", "terminal", terminal, (len(rows),), np.bool_)
    _require_array("The player to move", "to_play", to_play, (len(rows),), np.int8)
    copies = mask.copy(), terminal.copy(), to_play.copy()
    order = generator.permutation(len(rows))
    shuffled = np.ascontiguousarray(rows[order])
    read_only = shuffled.copy()
    read_only.setflags(write=False)
    for what, function, whole in (
        ("Legal moves", game.legal_mask, copies[0]),
        ("Terminal", game.terminal, copies[1]),
        ("The player to move", game.to_play, copies[2]),
    ):
        _require(what, (function(shuffled) == whole[order]).all(), "it depends on more than the state")
        _require(what, (function(read_only) == whole[order]).all(), "it differs for read-only states")
        single = np.concatenate([function(shuffled[i : i + 1]) for i in range(len(rows))])
        _require(what, (single == whole[order]).all(), "one state at a time gives something else than a batch")
    untouched = all((a == b).all() for a, b in zip((mask, terminal, to_play), copies, strict=True))
    _require("Results are fresh arrays", untouched, "a later call changes what an earlier one gave")
    _require("States stay as they are", (rows == kept).all(), "legal_mask, terminal or to_play changes states")
    counts = mask.sum(axis=1)
    _require("Legal moves", ((counts == 0) == terminal).all(), "there must be none exactly where the game is over")
    _require("Legal moves", counts.max() <= game.spec.max_legal, f"more than max_legal = {game.spec.max_legal}")
    inside = (to_play[~terminal] >= 0).all() and (to_play[~terminal] < game.spec.num_players).all()
    _require("The player to move", inside, "it is no player")


def _check_steps(game: Game, plies: list[_Ply]) -> None:
    """A batch steps as its rows do one by one, in place, and touches nothing else."""
    n = len(plies)
    before = np.stack([ply.before for ply in plies])
    after = np.stack([ply.after for ply in plies])
    actions = np.array([ply.action for ply in plies], np.int32)
    arena = np.concatenate([after, before, after])
    batch, played = arena[n : 2 * n], actions.copy()
    step = game.step(batch, played)
    _check_step_arrays(game, step, n)
    for i, ply in enumerate(plies):
        law = "A batch is its rows one by one"
        _require(law, (batch[i] == after[i]).all(), f"stepped in a batch, {_state(ply.before)} becomes {_state(batch[i])}")
        _require(law, (step.rewards[i] == ply.rewards).all(), "stepped in a batch, the rewards differ")
        _require(law, step.terminal[i] == ply.terminal, "stepped in a batch, terminal differs")
        _require(law, step.to_play[i] == ply.to_play or ply.terminal, "stepped in a batch, to_play differs")
    law = "A step touches only its own rows"
    _require(law, (arena[:n] == after).all() and (arena[2 * n :] == after).all(), "rows outside the batch change")
    _require(law, (played == actions).all(), "the actions change")
    part = before.copy()
    game.step(part[: n // 2], actions[: n // 2])
    _require(law, (part[n // 2 :] == before[n // 2 :]).all(), "rows outside the batch change")
    copies = Step(step.rewards.copy(), step.terminal.copy(), step.to_play.copy())
    game.step(before[::-1].copy(), actions[::-1].copy())
    law = "Results are fresh arrays"
    for fresh, copy in ((step.rewards, copies.rewards), (step.terminal, copies.terminal), (step.to_play, copies.to_play)):
        _require(law, np.array_equal(fresh, copy), "a later step changes what an earlier one gave")
    _require("Terminal", (game.terminal(after) == copies.terminal).all(), "a step and the state it leads to disagree")
    going_on = ~copies.terminal
    agree = (game.to_play(after)[going_on] == copies.to_play[going_on]).all()
    _require("The player to move", agree, "a step and the state it leads to disagree")


def _state(row: States) -> str:
    return str(row.tolist())


def _check_playouts(game: Game, playthroughs: list[list[_Ply]], generator: np.random.Generator) -> None:
    law = "Playouts"
    returns = [np.cumsum([ply.rewards for ply in plies], axis=0) for plies in playthroughs]
    rows = np.stack([game.new_states(1)[0], *(ply.after for plies in playthroughs for ply in plies)])
    so_far = np.concatenate([np.zeros((1, game.spec.num_players)), *returns])
    seeds = generator.integers(0, 2**64, len(rows), np.uint64)
    kept, kept_seeds = rows.copy(), seeds.copy()
    playouts = game.playout(rows, seeds)
    _require(law, isinstance(playouts, Playouts), f"a playout gives {type(playouts).__name__}, not Playouts")
    rewards, lengths = playouts
    _require("States stay as they are", (rows == kept).all(), "a playout changes states")
    _require_array(law, "the plies", lengths, (len(rows),), np.int32)
    _require(law, ((lengths == 0) == game.terminal(rows)).all(), "there are plies where the game is over, or none where it is not")
    _require(law, lengths.max() <= game.spec.max_plies, f"a playout is longer than max_plies = {game.spec.max_plies}")
    _require(law, (seeds == kept_seeds).all(), "a playout changes its seeds")
    _require_array(law, "the rewards", rewards, (len(rows), game.spec.num_players), np.float32)
    first = rewards.copy()
    _require(law, (game.playout(rows, seeds).rewards == first).all(), "the same seeds give other rewards")
    _require("Results are fresh arrays", (rewards == first).all(), "a later playout changes what an earlier one gave")
    order = generator.permutation(len(rows))
    shuffled = game.playout(np.ascontiguousarray(rows[order]), seeds[order]).rewards
    _require(law, (shuffled == first[order]).all(), "the rewards depend on more than a row and its seed")
    _check_rewards(game, first, "a playout")
    _require(law, (first[game.terminal(rows)] == 0).all(), "there are rewards to come where the game is over")
    inside = np.abs(so_far + first).max() <= 1 + _TOLERANCE
    _require(law, inside, "a return, rewards so far and rewards to come, lies outside [-1, 1]")
    for plies in playthroughs:
        for row in _searchable(game, plies):
            _check_playout_outcomes(game, row, generator)


def _searchable(game: Game, plies: list[_Ply]) -> Iterator[States]:
    """The last position of a game before its end, and the earliest one that is searched whole in reasonable time."""
    earliest = plies[-1].before
    yield earliest
    for ply in reversed(plies[:-1]):
        if _outcomes(game, ply.before) is None:
            break
        earliest = ply.before
    yield earliest


def _outcomes(game: Game, row: States) -> dict[tuple[float, ...], float] | None:
    """The rewards still to come under random play and their probabilities; None if too many lines of play must be searched."""
    outcomes: dict[tuple[float, ...], float] = defaultdict(float)
    states, totals, probabilities = row[None].copy(), np.zeros((1, game.spec.num_players)), np.ones(1)
    while len(states):
        if len(states) > _SMALL_TREE:
            return None
        mask = _mask(game, states)
        legal = mask.sum(axis=1)
        for i in np.flatnonzero(legal == 0):
            outcomes[_rounded(totals[i])] += float(probabilities[i])
        parents, actions = np.nonzero(mask)
        states = states[parents]
        totals = totals[parents] + game.step(states, actions.astype(np.int32)).rewards
        probabilities = (probabilities / np.maximum(legal, 1))[parents]
    return outcomes


def _rounded(rewards: NDArray[Any]) -> tuple[float, ...]:
    return tuple(round(float(reward), 4) + 0.0 for reward in rewards)


def _check_playout_outcomes(game: Game, row: States, generator: np.random.Generator) -> None:
    """Playouts from a position near the end bring only what playing it out brings, and, if uniform, all that it commonly brings."""
    law, outcomes = "Playouts and steps agree", _outcomes(game, row)
    if outcomes is None:
        return
    seeds = generator.integers(0, 2**64, _PLAYOUTS, np.uint64)
    seen = {_rounded(rewards) for rewards in game.playout(np.repeat(row[None], _PLAYOUTS, axis=0), seeds).rewards}
    for outcome in seen:
        _require(law, outcome in outcomes, f"from {_state(row)} playouts bring {outcome}, which no line of play does")
    for outcome, probability in outcomes.items():
        found = outcome in seen or probability < 0.05 or not game.playouts_are_uniform
        _require(law, found, f"from {_state(row)} random play often brings {outcome}, playouts never do")


def _check_observations(game: Game, rows: States, generator: np.random.Generator) -> None:
    law = "The observation"
    kept = rows.copy()
    planes = _observe(game, rows)
    _require(law, np.isfinite(planes).all(), "it is not finite, or not every number is written")
    low, high = game.observation_bounds
    _require(law, ((planes >= low) & (planes <= high)).all(), f"a number lies outside of {game.observation_bounds}")
    _require("States stay as they are", (rows == kept).all(), "observing changes states")
    _require(law, (_observe(game, rows, fill=7.0) == planes).all(), "it depends on what was in the array it is written to")
    order = generator.permutation(len(rows))
    shuffled = np.ascontiguousarray(rows[order])
    _require(law, (_observe(game, shuffled) == planes[order]).all(), "it depends on more than the state")
    single = np.concatenate([_observe(game, shuffled[i : i + 1]) for i in range(len(rows))])
    _require(law, (single == planes[order]).all(), "one state at a time gives something else than a batch")


def _check_keys(game: Game, rows: States) -> None:
    planes, seen = _observe(game, rows), game.observation_keys(rows)
    law = "Observation keys"
    _require(law, isinstance(seen, np.ndarray) and seen.dtype == np.uint64 and seen.ndim == 2, "they are no table of uint64")
    _require(law, len(seen) == len(rows), "they are not one a state")
    views = [plane.tobytes() for plane in planes]
    if game.mirror is not None:  # what is remembered by a key are answers by action id, other ones for the other player
        views = [view + mover.tobytes() for view, mover in zip(views, game.to_play(rows), strict=True)]
    for law, keys, images in (
        ("State keys", game.state_keys(rows), [row.tobytes() for row in rows]),
        ("Observation keys", [key.tobytes() for key in seen], views),
    ):
        _require(law, len(keys) == len(rows) and all(isinstance(key, bytes) for key in keys), "they are not one bytes a state")
        pairs = set(zip(keys, images, strict=True))
        _require(law, len(pairs) == len(set(keys)), "two states that differ have one key")
        _require(law, len(pairs) == len(set(images)), "two states that are the same have two keys")


def _check_symmetries(game: Game, playthroughs: list[list[_Ply]]) -> None:
    law, spec, tables = "Symmetries", game.spec, game.symmetries
    size = len(tables)
    points = spec.board[0] * spec.board[1]
    for what, table, count in (
        ("points", tables.points, points),
        ("actions", tables.actions, spec.num_actions),
        ("planes", tables.planes, spec.num_planes),
    ):
        _require_array(law, f"the table of {what}", table, (size, count), np.int32)
        whole = (np.sort(table, axis=1) == np.arange(count)).all()
        _require(law, whole, f"a row of the table of {what} is no permutation")
        _require(law, (table[0] == np.arange(count)).all(), f"the first is not the identity on {what}")
    _require_array(law, "inverse", tables.inverse, (size,), np.int32)
    _require("The inverse of a symmetry", ((tables.inverse >= 0) & (tables.inverse < size)).all(), "it is none of the symmetries")
    for k, inverse in enumerate(tables.inverse):
        for what, table in (("points", tables.points), ("actions", tables.actions), ("planes", tables.planes)):
            back = (table[k][table[inverse]] == np.arange(table.shape[1])).all()
            _require("The inverse of a symmetry", back, f"symmetry {k} and then {inverse} does not give the original {what} back")
    for plies in playthroughs:
        _check_images(game, plies)


def _check_images(game: Game, plies: list[_Ply]) -> None:
    """A game and its images, played side by side: everything commutes with the symmetries."""
    law, tables = "Symmetries keep the rules", game.symmetries
    size = len(tables)
    which = np.arange(size, dtype=np.int32)
    images = game.new_states(size)
    for ply in plies:
        mask = np.repeat(_mask(game, ply.before[None]), size, axis=0)
        wanted = transform_policies(mask, which, tables)
        _require(law, (_mask(game, images) == wanted).all(), "the legal moves of an image are not the image of the legal moves")
        actions = transform_actions(np.full(size, ply.action, np.int32), which, tables)
        step = game.step(images, actions)
        _require(law, (step.terminal == ply.terminal).all(), "an image of a game ends at another ply")
        _require(law, (step.rewards == ply.rewards).all(), "an image of a game has other rewards")
        _require(law, ply.terminal or (step.to_play == ply.to_play).all(), "in an image of a game another player moves")
        seen = np.repeat(_observe(game, ply.after[None]), size, axis=0)
        image = transform_observations(seen, which, tables)
        _require(law, (_observe(game, images) == image).all(), "the observation of an image is not the image of the observation")


def _check_mirror(game: Game, twin: Game | None, playthroughs: list[list[_Ply]]) -> None:
    """The mirror is a permutation that undoes itself; a game and its twin, played side by side, look the same to their movers."""
    law, mirror = "The mirror", game.mirror
    if mirror is None:
        _require(law, twin is None, "there is none, and a twin to see it by")
        return
    _require_array(law, "mirror", mirror, (game.spec.num_actions,), np.int32)
    _require(law, np.array_equal(np.sort(mirror), np.arange(len(mirror))), "it is no permutation of the actions")
    _require(law, np.array_equal(mirror[mirror], np.arange(len(mirror))), "it is not its own inverse")
    if twin is not None:
        for plies in playthroughs:
            _check_twin(game, twin, mirror, plies)


def _check_twin(game: Game, twin: Game, mirror: NDArray[np.int32], plies: list[_Ply]) -> None:
    law = "The mirror keeps the rules"
    states = twin.new_states(1)
    for ply in plies:
        before = ply.before[None]
        _require(law, twin.to_play(states)[0] == 1 - game.to_play(before)[0], "in the twin the sides are not exchanged")
        mirrored = (_mask(twin, states)[0, mirror] == _mask(game, before)[0]).all()
        _require(law, mirrored, "the legal moves of the twin are not the mirrored ones")
        seen, theirs = _observe(game, before)[0], _observe(twin, states)[0]
        for c, (one, other) in enumerate(zip(seen, theirs, strict=True)):
            whole = (one == one[0, 0]).all() and (other == other[0, 0]).all()  # it says who moves, or how many have been made
            _require(law, whole or (one == other).all(), f"plane {c} of the twin is not as its mover's opponent would see it")
        step = twin.step(states, mirror[[ply.action]])
        _require(law, step.terminal[0] == ply.terminal, "the twin ends at another ply")
        _require(law, (step.rewards[0] == ply.rewards[::-1]).all(), "the twin's rewards are not the exchanged ones")


def _check_names(game: Game) -> None:
    law = "Action names"
    names = [game.action_name(action) for action in range(game.spec.num_actions)]
    _require(law, all(isinstance(name, str) and name.strip() == name and name for name in names), "a name is empty or padded")
    folded = [name.casefold() for name in names]
    _require(law, len(set(folded)) == len(folded), "two actions have one name")
    for action, name in enumerate(names):
        for text in (name, name.lower(), name.upper(), f"  {name}\t"):
            try:
                parsed = game.parse_action(text)
            except UserError as error:
                raise AssertionError(f"{law}: {text!r}, a name of action {action}, is refused: {error}") from error
            _require(law, parsed == action, f"{text!r} is a name of action {action} and parsed as {parsed}")
    for text in (*_JUNK, f"{names[0]} {names[-1]}", f"{names[-1]}!"):
        if text.strip().casefold() not in folded:
            _check_refusal(game, text)


def _check_refusal(game: Game, text: str) -> None:
    try:
        parsed = game.parse_action(text)
    except UserError as error:
        _require("Action names", len(str(error).splitlines()) == 1, f"the refusal of {text!r} is not one line")
    except Exception as error:
        raise AssertionError(f"Action names: {text!r} should raise UserError, not {error!r}") from error
    else:
        raise AssertionError(f"Action names: {text!r}, the name of no action, is parsed as {parsed}")


def _check_pictures(game: Game, rows: States, plies: list[_Ply]) -> None:
    law, (height, width) = "Pictures", game.spec.board
    kept = rows.copy()
    for row in rows:
        glyphs, owners, marks, _ = game.picture(row)
        shaped = len(glyphs) == height and all(len(line) == width for line in glyphs)
        _require(law, shaped, f"the glyphs are not {height} rows of {width}")
        _require(law, all(len(glyph) == 1 and glyph.isprintable() for line in glyphs for glyph in line), "a glyph is no character")
        _require_array(law, "owners", owners, (height, width), np.int8)
        _require(law, ((owners >= -1) & (owners < game.spec.num_players)).all(), "an owner is no player and not -1")
        _require(law, all(0 <= r < height and 0 <= c < width for r, c in marks), "a mark lies off the board")
        text = game.render(row)
        _require(law, isinstance(text, str) and text.strip() and "\x1b" not in text, "the rendering is not plain text")
        _require(law, game.render(row) == text, "the rendering depends on more than the state")
    top, left, bottom = game.labels
    fits = len(top) in (0, width) and len(left) in (0, height) and len(bottom) in (0, width)
    _require(law, fits, f"the labels do not fit a board of {height} rows and {width} columns")
    _require("States stay as they are", (rows == kept).all(), "drawing changes states")
    changed = [point for ply in plies for point in game.changed_points(ply.before, ply.after)]
    _require(law, all(0 <= r < height and 0 <= c < width for r, c in changed), "a changed point lies off the board")
    named = [point for point in map(game.action_point, range(game.spec.num_actions)) if point is not None]
    _require(law, all(0 <= r < height and 0 <= c < width for r, c in named), "an action names a point off the board")


def _check_areas(game: Game, playthroughs: list[list[_Ply]]) -> None:
    """Who is ahead at the end has won, in games that tell areas; a mirror would turn the board under those who hold it."""
    if not game.tells_areas:
        return
    law, ends = "Areas", np.stack([plies[-1].after for plies in playthroughs])
    _require(law, game.mirror is None, "a game with a mirror cannot tell areas")
    ownership, score = game.ownership(ends), game.score(ends)
    _require_array(law, "the ownership", ownership, (len(ends), *game.spec.board), np.int8)
    _require(law, ((ownership >= -1) & (ownership < game.spec.num_players)).all(), "an owner is no player and not -1")
    _require_array(law, "the score", score, (len(ends),), np.float32)
    won = np.array([sum(ply.rewards[0] for ply in plies) for plies in playthroughs])
    _require(law, (np.sign(score) == np.sign(won)).all(), "who is ahead at the end has not won")


def _check_points_of_view(game: Game, rows: States) -> None:
    """A plane that shows the mover's own (or the others') pieces for one player shows them for every player.

    Pieces are those of `picture`, if it knows any. A plane that shows something else is no concern of this law, nor is a game that
    turns the board for player 1: its twin tells.
    """
    if game.mirror is not None:
        return
    rows = np.unique(rows[~game.terminal(rows)], axis=0)
    planes, movers = _observe(game, rows), game.to_play(rows)
    owners = np.stack([game.picture(row).owners for row in rows])
    if (owners < 0).all():
        return
    mine = owners == movers[:, None, None]
    theirs = (owners >= 0) & ~mine
    for what, image in (("own", mine), ("opponents'", theirs)):
        for c in range(game.spec.num_planes):
            shows = (planes[:, c] == image).all(axis=(1, 2))
            by_player = [bool(shows[movers == player].all()) for player in np.unique(movers)]
            law = "The observation is the mover's view"
            _require(law, all(by_player) or not any(by_player), f"plane {c} shows the mover's {what} pieces for one player only")


def _check_positions(game: Game, playthroughs: list[list[_Ply]]) -> None:
    law = "Positions"
    for plies in playthroughs:
        position = game.start()
        _require(law, position.history == () and position.previous is None, "the start has a past")
        total = np.zeros(game.spec.num_players)
        for ply in plies:
            _check_position(game, position, ply.before)
            following = position.after(ply.action)
            total += ply.rewards
            _require(law, following.previous is position, "previous is not the position before")
            _require(law, following.history == (*position.history, ply.action), "the history is not that of before and the action")
            _require(law, np.allclose(following.returns, total, atol=_TOLERANCE), "the returns are not the sum of the rewards")
            _require(law, (position.row == ply.before).all(), "playing on changes a position")
            position = following
        _check_position(game, position, plies[-1].after)
        again = game.start().play(position.history)
        _require(law, (again.row == position.row).all(), "replaying a history leads to another state")
        _require(law, again.returns == position.returns, "replaying a history brings other returns")


def _check_position(game: Game, position: Position, row: States) -> None:
    law = "Positions"
    _require(law, (position.row == row).all() and not position.row.flags.writeable, "the row is another one, or writable")
    legal = position.legal_actions()
    _require(law, legal == tuple(np.flatnonzero(_mask(game, row[None])[0]).tolist()), "legal_actions is not the legal mask")
    _require(law, position.terminal == (not legal), "terminal is not the state's")
    _require(law, (position.observation() == _observe(game, row[None])[0]).all(), "the observation is not the state's")
    _require(law, str(position) == game.render(row), "str() is not the rendering")
    for action in legal:
        name = game.action_name(action)
        _require("Action names", game.parse_move(name, position) == action, f"{name!r} is another move in {_state(row)}")
    illegal = sorted(set(range(game.spec.num_actions)) - set(legal))[:3]
    for action in (-1, game.spec.num_actions, *illegal):
        try:
            position.after(action)
        except IllegalAction:
            continue
        raise AssertionError(f"Positions: action {action} is not legal in {_state(row)}, and after() takes it")
