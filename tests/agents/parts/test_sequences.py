"""Sequences of steps: where they begin, what stands in them at ends and cuts, and that environments do not mix."""

import numpy as np

from zerodojo.agents.parts.acting import Moment
from zerodojo.agents.parts.sequences import Sequences
from zerodojo.envs.gym.environments import Step
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace

SEEN, DONE = ObservationSpace((1,), np.dtype(np.float32)), ActionSpace(sizes=(2,), single=True)


def make(length, period, environments=1):
    return Sequences(SEEN, DONE, {"hidden": 1}, length=length, period=period, environments=environments, gamma=0.5)


def moment(t, *, n=1, starts=(), terminated=(), truncated=(), invalid=()):
    """Step t: environment i sees 100 i + t with memory 100 i + t, is paid t, and gets to 100 i + t + 0.5."""
    seen = (100 * np.arange(n) + t).astype(np.float32)[:, None]
    flags = [np.isin(np.arange(n), which) for which in (starts, terminated, truncated, invalid)]
    step = Step(seen + 1, None, np.full(n, t, np.float32), flags[1], flags[2], seen + 0.5, ~flags[3])
    return Moment(seen, None, flags[0], {"hidden": seen}, np.full(n, t % 2), {}, step, {"hidden": seen + 0.5})


def test_sequences_overlap_and_carry_the_memory_before_them():
    sequences, found = make(3, 2), []
    for t in range(8):
        rows = sequences.add(moment(t))
        found += zip(
            rows["observation"][:, :, 0].tolist(), rows["memory/hidden"][:, 0].tolist(), rows["reward"].tolist(), strict=True
        )
    assert found == [([0, 1, 2, 3], 0, [0, 1, 2]), ([2, 3, 4, 5], 2, [2, 3, 4]), ([4, 5, 6, 7], 4, [4, 5, 6])]


def test_behind_a_cut_stands_what_it_would_have_gone_on_from():
    sequences = make(3, 3)
    sequences.add(moment(0))
    sequences.add(moment(1, truncated=[0]))
    rows = sequences.add(moment(2, starts=[0]))
    assert rows["observation"][0, :, 0].tolist() == [0, 1, 1.5, 2]
    assert rows["extra"].tolist() == [[False, False, True, False]]
    assert rows["starts"].tolist() == [[False, False, False, True]]
    assert rows["discount"].tolist() == [[0.5, 0.5, 0.0]]


def test_an_end_by_the_world_has_no_discount_and_nothing_behind_it():
    sequences = make(2, 2)
    sequences.add(moment(0, terminated=[0]))
    sequences.add(moment(1, invalid=[0]))
    sequences.add(moment(2, starts=[0]))
    rows = sequences.add(moment(3))
    assert rows["observation"][0, :, 0].tolist() == [0, 2, 3]
    assert rows["discount"].tolist() == [[0.0, 0.5]]
    assert not rows["extra"].any()


def test_an_episode_that_was_given_up_does_not_run_on_into_the_next():
    sequences = make(2, 1, environments=2)
    sequences.add(moment(0, n=2, starts=[0, 1]))
    rows = sequences.add(moment(1, n=2))
    assert not len(rows["reward"])
    rows = sequences.add(moment(2, n=2, starts=[1]))
    assert rows["observation"][:, :, 0].tolist() == [[0, 1, 2]]
    sequences.add(moment(3, n=2))
    rows = sequences.add(moment(4, n=2))
    assert rows["observation"][:, :, 0].tolist() == [[2, 3, 4], [102, 103, 104]]
    assert rows["starts"].tolist() == [[False, False, False], [True, False, False]]


def test_a_cut_can_complete_two_sequences():
    sequences = make(1, 1)
    sequences.add(moment(0))
    rows = sequences.add(moment(1, truncated=[0]))
    assert rows["observation"][:, :, 0].tolist() == [[0, 1], [1, 1.5]]


def test_environments_do_not_mix():
    sequences = make(2, 2, environments=2)
    sequences.add(moment(0, n=2, truncated=[1]))
    rows = sequences.add(moment(1, n=2, starts=[1]))
    assert rows["observation"][:, :, 0].tolist() == [[100, 100.5, 101]]
    rows = sequences.add(moment(2, n=2))
    assert rows["observation"][:, :, 0].tolist() == [[0, 1, 2]]


def test_it_goes_on_from_a_state():
    sequences, other = make(3, 2), make(3, 2)
    for t in range(3):
        sequences.add(moment(t))
    other.load(sequences.state())
    one, two = sequences.add(moment(3)), other.add(moment(3))
    assert len(one["reward"]) == 1
    for name, rows in one.items():
        np.testing.assert_array_equal(rows, two[name])
