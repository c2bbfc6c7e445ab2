"""What is said of moves at a table, and of the course that they are part of."""

from __future__ import annotations

import re

import numpy as np

from zerodojo.agents.players.base import Decision
from zerodojo.cli.commenting import Comments
from zerodojo.envs import Position, make

AGAIN = r"(That is not the first mistake of|errs again)"


def thought(value: float) -> Decision:
    """The opponent looks at two moves, of which the first is worth so much, and would play it."""
    return Decision(
        action=0,
        policy=np.eye(7, dtype=np.float32)[0],
        value=value,
        visits=np.array([9, 1, 0, 0, 0, 0, 0], np.int32),
        prior=np.array([0.4, 0.6, 0, 0, 0, 0, 0], np.float32),
        q=np.array([value, -1.0, *[np.nan] * 5], np.float32),
        principal_variation=(0,),
    )


def said(comments: Comments, position: Position, values: list[float]) -> tuple[list[str], list[Position]]:
    """What is said of moves into the second column, each followed by such a thought, and the positions between them."""
    told, positions = [], [position]
    for value in values:
        positions.append(positions[-1].after(1))
        sentence = comments.take(positions[-1], thought(value))
        assert sentence
        told.append(sentence)
    return told, positions


def test_a_second_mistake_is_remarked_on_and_forgotten_when_it_is_taken_back() -> None:
    comments = Comments(lambda player: ("red", "yellow")[player])
    start = make("connect_four").start()
    assert comments.take(start, thought(0.0)) is None
    told, positions = said(comments, start, [0.6, 0.0, 0.6])  # both give three tenths away, then red does so again
    assert [bool(re.search(AGAIN, one)) for one in told] == [False, False, True]
    assert "red" in told[2].lower()
    comments.forget(2)  # the third move is taken back, and another one is played: a good one
    assert comments.take(positions[2].after(0), thought(0.0))
    comments.forget(0)  # all are taken back, so that a mistake is the first again
    assert not re.search(AGAIN, " ".join(said(comments, start, [0.6])[0]))
