"""The rules of Go as kernels over states: captures, ko and superko, the end, random play. Called by `go`; boards as in `go_board`.

Info has more bits than `stones.py` says: bit 2 the last move was a pass, 8 to 23 the point (+ 1) that simple ko forbids, from 32
the plies so far. Where positional superko holds, the hashes of all positions so far follow it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled
from .go_board import SEEN_WORDS, ZOBRIST, Scratch, area, around, find_group, find_region, is_eye, make_scratch, place_of, point_of
from .rng import GAMMA, below, mix64
from .stones import BORDER, FREE, MOVER, ONE, OVER, ZERO, pay, put_stone, take_stone, unpack

PASSED = np.uint64(4)
_KO_SHIFT, _KO_MASK = np.uint64(8), np.uint64(0xFFFF)
PLIES_SHIFT = np.uint64(32)


class Rules(NamedTuple):
    """A variant, as kernels take it, and where its rows keep what."""

    size: int
    words: int  # a side's bitboard
    info: int  # the column of info; the hashes of all positions so far follow it if there are any
    komi: float
    positional: bool  # superko; otherwise simple ko
    suicide: bool  # of more than one stone
    max_plies: int


@compiled()
def play(
    states: NDArray[np.uint64],
    actions: NDArray[np.int32],
    rules: Rules,
    rewards: NDArray[np.float32],
    terminal: NDArray[np.bool_],
    to_play: NDArray[np.int8],
) -> None:
    """Plays legal actions [N] in states [N, S], and says what it brings."""
    size, words, info = rules.size, rules.words, rules.info
    stride = size + 2
    scratch = make_scratch(size)
    board = scratch.board
    for i in range(len(states)):
        row = states[i]
        mover = np.int64(row[info] & MOVER)
        plies = np.int64(row[info] >> PLIES_SHIFT)
        position = row[info + 1 + plies] if rules.positional else ZERO
        unpack(row, words, size, size, board)
        passes = actions[i] == size * size
        ko = 0
        if not passes:
            at = place_of(actions[i], size)
            board[at] = mover
            put_stone(row, mover * words, actions[i])
            position ^= ZOBRIST[mover, actions[i]]
            taken, last_taken = 0, 0
            for k in range(4):
                to = at + around(k, stride)
                if board[to] != 1 - mover:
                    continue
                stones, liberties = find_group(scratch, to, stride, 1)
                if liberties == 0:
                    taken += stones
                    last_taken = point_of(to, size)
                    position = _lift(row, scratch, stones, rules, 1 - mover, position)
            stones, liberties = find_group(scratch, at, stride, 2)
            if liberties == 0:
                position = _lift(row, scratch, stones, rules, mover, position)
            elif taken == 1 and stones == 1 and liberties == 1:
                ko = last_taken + 1
        over = (passes and (row[info] & PASSED) != ZERO) or plies + 1 == rules.max_plies
        if rules.positional:
            row[info + 2 + plies] = position
        row[info] = (
            np.uint64(1 - mover)
            | (OVER if over else ZERO)
            | (PASSED if passes else ZERO)
            | (np.uint64(ko) << _KO_SHIFT)
            | (np.uint64(plies + 1) << PLIES_SHIFT)
        )
        winner = -1
        if over:
            score = area(scratch, size, rules.komi)
            winner = 0 if score > 0 else 1 if score < 0 else -1
        pay(rewards, i, winner)
        terminal[i] = over
        to_play[i] = 1 - mover


@compiled()
def _lift(row: Any, scratch: Scratch, stones: int, rules: Rules, colour: int, position: np.uint64) -> np.uint64:
    """Takes the stones on the stack off the board and out of the row; returns the hash of the position without them."""
    for j in range(stones):
        at = scratch.stack[j]
        point = point_of(at, rules.size)
        scratch.board[at] = FREE
        take_stone(row, colour * rules.words, point)
        position ^= ZOBRIST[colour, point]
    return position


@compiled()
def legal_mask(states: NDArray[np.uint64], rules: Rules, mask: NDArray[np.bool_]) -> None:
    """Which actions are legal, into mask [N, size^2 + 1].

    Groups are found once a state, with their liberties (two are as good as more) and the hash of their stones; then every free
    point is judged by its neighbours.
    """
    size, info = rules.size, rules.info
    stride = size + 2
    scratch = make_scratch(size)
    board, stack = scratch.board, scratch.stack
    group_of = np.empty(len(board), np.int32)
    liberties = np.empty(size * size, np.int32)
    hashes = np.empty(size * size, np.uint64)
    stones_of = np.empty(size * size, np.int32)
    for i in range(len(states)):
        row = states[i]
        if row[info] & OVER:
            mask[i] = False
            continue
        mover = np.int64(row[info] & MOVER)
        plies = np.int64(row[info] >> PLIES_SHIFT)
        ko = np.int64((row[info] >> _KO_SHIFT) & _KO_MASK) - 1
        unpack(row, rules.words, size, size, board)
        group_of[:] = -1
        groups = 0
        for point in range(size * size):
            at = place_of(point, size)
            if board[at] < 0 or group_of[at] >= 0:
                continue
            liberties[groups] = 0
            hashes[groups] = ZERO
            group_of[at] = groups
            stack[0] = at
            count, first_liberty, j = 1, -1, 0
            while j < count:
                here = stack[j]
                j += 1
                hashes[groups] ^= ZOBRIST[board[at], point_of(here, size)]
                for k in range(4):
                    to = here + around(k, stride)
                    if board[to] == board[at] and group_of[to] < 0:
                        group_of[to] = groups
                        stack[count] = to
                        count += 1
                    elif board[to] == FREE and to != first_liberty:
                        liberties[groups] += 1
                        first_liberty = to if first_liberty < 0 else first_liberty
            stones_of[groups] = count
            groups += 1
        if rules.positional:
            _note_all(row, rules, plies, scratch.seen)
        position = row[info + 1 + plies] if rules.positional else ZERO
        for point in range(size * size):
            at = place_of(point, size)
            mask[i, point] = board[at] == FREE and (rules.positional or point != ko)
            if not mask[i, point]:
                continue
            breathes, takes, friends = False, False, 0
            after = position ^ ZOBRIST[mover, point]
            lost = position  # what is left if the stone, and its friends with it, are taken off at once
            for k in range(4):
                to = at + around(k, stride)
                if board[to] == FREE:
                    breathes = True
                if board[to] == FREE or board[to] == BORDER:
                    continue
                group = group_of[to]
                known = False
                for other in range(k):
                    known = known or group_of[at + around(other, stride)] == group
                if known:
                    continue
                if board[to] == mover:
                    friends += 1
                    lost ^= hashes[group]
                    breathes = breathes or liberties[group] > 1
                elif liberties[group] == 1:
                    takes = True
                    after ^= hashes[group]
            if not (breathes or takes):
                mask[i, point] = rules.suicide and friends > 0
                after = lost
            if mask[i, point] and rules.positional and _was_there(row, rules, plies, scratch.seen, after):
                mask[i, point] = False
        mask[i, size * size] = True


@compiled()
def judge(states: NDArray[np.uint64], rules: Rules, scores: NDArray[np.float32], owners: NDArray[np.int8]) -> None:
    """Area scores [N] and the owner of every point [N, H, W], -1 for nobody's, of positions as they stand."""
    size = rules.size
    scratch = make_scratch(size)
    board, stack = scratch.board, scratch.stack
    for i in range(len(states)):
        unpack(states[i], rules.words, size, size, board)
        scores[i] = area(scratch, size, rules.komi)
        scratch.stamp[0] += 1
        for point in range(size * size):
            at = place_of(point, size)
            if board[at] >= 0:
                owners[i, point // size, point % size] = board[at]
            elif scratch.mark[at] != scratch.stamp[0]:
                owner, count = find_region(board, stack, scratch.mark, scratch.stamp[0], at, size + 2)
                for j in range(count):
                    free = point_of(stack[j], size)
                    owners[i, free // size, free % size] = owner


@compiled()
def playout(
    states: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
    rules: Rules,
    rewards: NDArray[np.float32],
    plies: NDArray[np.int32],
) -> None:
    """Random play without filling own eyes and without suicide; who has no other move passes."""
    size, info = rules.size, rules.info
    stride = size + 2
    scratch = make_scratch(size)
    board, stack, seen = scratch.board, scratch.stack, scratch.seen
    free = np.empty(size * size, np.int32)
    taken = np.empty(size * size, np.int32)
    row = np.zeros(states.shape[1], np.uint64)
    for i in range(len(states)):
        pay(rewards, i, -1)
        plies[i] = 0
        if states[i, info] & OVER:
            continue
        for j in range(len(row)):
            row[j] = states[i, j]
        mover = np.int64(row[info] & MOVER)
        made: Any = np.int64(row[info] >> PLIES_SHIFT)
        ko: Any = np.int64((row[info] >> _KO_SHIFT) & _KO_MASK) - 1
        ko = place_of(ko, size) if ko >= 0 else 0
        passes = 1 if row[info] & PASSED else 0
        unpack(row, rules.words, size, size, board)
        position = ZERO
        if rules.positional:
            position = row[info + 1 + made]
            _note_all(row, rules, made, seen)
        left = 0
        for point in range(size * size):
            if board[place_of(point, size)] == FREE:
                free[left] = place_of(point, size)
                left += 1
        random = seeds[i]
        while passes < 2 and made < rules.max_plies:
            played = False
            for drawn in range(left, 0, -1):
                random += GAMMA
                pick: Any = np.int64(below(mix64(random), np.uint64(drawn)))
                at = free[pick]
                free[pick], free[drawn - 1] = free[drawn - 1], at
                if (not rules.positional and at == ko) or is_eye(board, at, stride, mover):
                    continue
                after = position ^ ZOBRIST[mover, point_of(at, size)]
                breathes, count = False, 0
                for k in range(4):
                    to = at + around(k, stride)
                    if board[to] == FREE:
                        breathes = True
                    elif board[to] == 1 - mover:
                        known = False
                        for t in range(count):
                            known = known or taken[t] == to
                        if known:
                            continue
                        stones, liberties = find_group(scratch, to, stride, 2)
                        if liberties == 1:
                            for s in range(stones):
                                taken[count] = stack[s]
                                after ^= ZOBRIST[1 - mover, point_of(stack[s], size)]
                                count += 1
                    elif board[to] == mover and not breathes:
                        breathes = find_group(scratch, to, stride, 2)[1] == 2
                if not (breathes or count > 0):
                    continue
                if rules.positional and _was_there(row, rules, made, seen, after):
                    continue
                board[at] = mover
                left -= 1
                free[drawn - 1] = free[left]
                for t in range(count):
                    board[taken[t]] = FREE
                    free[left] = taken[t]
                    left += 1
                ko = 0
                if count == 1 and not rules.positional:
                    stones, liberties = find_group(scratch, at, stride, 2)
                    ko = taken[0] if stones == 1 and liberties == 1 else 0
                position = after
                played = True
                break
            passes = 0 if played else passes + 1
            ko = ko if played else 0
            made += 1
            if rules.positional:
                row[info + 1 + made] = position
                _note(seen, position)
            plies[i] += 1
            mover = 1 - mover
        score = area(scratch, size, rules.komi)
        pay(rewards, i, 0 if score > 0 else 1 if score < 0 else -1)


@compiled()
def _was_there(row: Any, rules: Rules, plies: int, seen: Any, position: np.uint64) -> bool:
    """Whether a position's hash is among those in the row; `seen` holds a bit of each."""
    if (seen[(position >> np.uint64(6)) & np.uint64(SEEN_WORDS - 1)] >> (position & np.uint64(63))) & ONE == ZERO:
        return False
    for j in range(plies, -1, -1):
        if row[rules.info + 1 + j] == position:
            return True
    return False


@compiled()
def _note(seen: Any, position: np.uint64) -> None:
    """Sets the bit of a hash."""
    seen[(position >> np.uint64(6)) & np.uint64(SEEN_WORDS - 1)] |= ONE << (position & np.uint64(63))


@compiled()
def _note_all(row: Any, rules: Rules, plies: int, seen: Any) -> None:
    """Sets the bits of all positions so far."""
    seen[:] = ZERO
    for j in range(plies + 1):
        _note(seen, row[rules.info + 1 + j])
