"""Transitions of n steps: sums worked out by hand, at ends, at cuts, and of environments side by side."""

import numpy as np
import pytest

from zerodojo.agents.parts.acting import Moment
from zerodojo.agents.parts.n_step import NStep
from zerodojo.envs.gym.environments import Step
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace

SEEN, DONE = ObservationSpace((1,), np.dtype(np.float32)), ActionSpace(sizes=(3,), single=True)


def moment(t, rewards, *, starts=(), terminated=(), truncated=(), invalid=(), masks=None):
    """Step t: environment i sees 1000 i + t, does t % 3, and gets to 1000 i + t + 1."""
    n = len(rewards)
    seen = (1000 * np.arange(n) + t).astype(np.float32)[:, None]
    flags = [np.isin(np.arange(n), which) for which in (starts, terminated, truncated, invalid)]
    step = Step(seen + 100, None, np.array(rewards, np.float32), flags[1], flags[2], seen + 1, ~flags[3], masks)
    return Moment(seen, None, flags[0], {}, np.full(n, t % 3), {}, step, {})


def rows(found):
    """(observation, action, reward, discount, following) of each."""
    return list(
        zip(
            found["observation"][:, 0].tolist(),
            found["action"].tolist(),
            found["reward"].tolist(),
            found["discount"].tolist(),
            found["following"][:, 0].tolist(),
            strict=True,
        )
    )


def make(n, environments=1, gamma=0.5):
    return NStep(SEEN, DONE, n=n, environments=environments, gamma=gamma)


def test_one_step_is_the_step():
    assert rows(make(1).add(moment(0, [3.0]))) == [(0, 0, 3.0, 0.5, 1)]


def test_three_steps_sum_discounted_rewards():
    steps = make(3)
    assert rows(steps.add(moment(0, [1.0]))) == []
    assert rows(steps.add(moment(1, [2.0]))) == []
    assert rows(steps.add(moment(2, [4.0]))) == [(0, 0, 3.0, 0.125, 3)]  # 1 + 2/2 + 4/4
    assert rows(steps.add(moment(3, [8.0]))) == [(1, 1, 6.0, 0.125, 4)]  # 2 + 4/2 + 8/4


def test_an_end_by_the_world_has_no_future_and_completes_all():
    steps = make(3)
    steps.add(moment(0, [1.0]))
    steps.add(moment(1, [2.0]))
    found = rows(steps.add(moment(2, [4.0], terminated=[0])))
    assert found == [(0, 0, 3.0, 0.0, 3), (1, 1, 4.0, 0.0, 3), (2, 2, 4.0, 0.0, 3)]
    assert rows(steps.add(moment(3, [1.0]))) == []


def test_a_cut_bootstraps_from_what_it_led_to_over_the_steps_there_were():
    steps = make(3)
    steps.add(moment(0, [1.0]))
    assert rows(steps.add(moment(1, [2.0], truncated=[0]))) == [(0, 0, 2.0, 0.25, 2), (1, 1, 2.0, 0.5, 2)]


def test_a_step_that_only_resets_is_no_transition():
    steps = make(2)
    steps.add(moment(0, [1.0], terminated=[0]))
    assert rows(steps.add(moment(1, [0.0], invalid=[0]))) == []
    assert rows(steps.add(moment(2, [1.0]))) == []
    assert rows(steps.add(moment(3, [1.0]))) == [(2, 2, 1.5, 0.25, 4)]


def test_an_episode_that_was_given_up_does_not_run_on_into_the_next():
    steps = make(3, environments=2)
    steps.add(moment(0, [1.0, 1.0], starts=[0, 1]))
    steps.add(moment(1, [2.0, 2.0]))
    assert rows(steps.add(moment(2, [4.0, 4.0], starts=[1]))) == [(0, 0, 3.0, 0.125, 3)]
    steps.add(moment(3, [8.0, 8.0]))
    assert rows(steps.add(moment(4, [16.0, 16.0]))) == [(2, 2, 12.0, 0.125, 5), (1002, 2, 12.0, 0.125, 1005)]


def test_environments_do_not_mix():
    steps = make(2, environments=2)
    assert rows(steps.add(moment(0, [1.0, 5.0], terminated=[1]))) == [(1000, 0, 5.0, 0.0, 1001)]
    assert rows(steps.add(moment(1, [2.0, 6.0]))) == [(0, 0, 2.0, 0.25, 2)]
    assert rows(steps.add(moment(2, [4.0, 8.0]))) == [(1, 1, 4.0, 0.25, 3), (1001, 1, 10.0, 0.25, 1003)]


def test_the_mask_is_of_what_a_step_led_to():
    masks = np.array([[True, False, True]])
    assert make(1).add(moment(0, [0.0], truncated=[0], masks=masks))["mask"].tolist() == masks.tolist()
    assert make(1).add(moment(0, [0.0]))["mask"].all()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_it_agrees_with_sums_over_whole_episodes(n):
    rng, environments, gamma = np.random.default_rng(0), 3, 0.9
    steps, episodes = make(n, environments, gamma), [[] for _ in range(environments)]
    found, expected = [], []
    for t in range(200):
        rewards, draw = rng.standard_normal(environments).astype(np.float32), rng.random(environments)
        draw[:] = 0.05 if t == 199 else draw  # so that no episode is left under way
        terminated, truncated = np.flatnonzero(draw < 0.1), np.flatnonzero((draw >= 0.1) & (draw < 0.2))
        found += rows(steps.add(moment(t, rewards, terminated=terminated, truncated=truncated)))
        for i in range(environments):
            episodes[i].append((t, rewards[i]))
            if draw[i] < 0.2:
                expected += slow(episodes[i], n, gamma, 1000 * i, ends=draw[i] < 0.1)
                episodes[i] = []
    assert len(found) == 600
    np.testing.assert_allclose(sorted(found), sorted(expected), atol=1e-5)


def slow(episode, n, gamma, offset, *, ends):
    """Every transition of an episode [(t, reward)] whose observations begin at an offset."""
    out = []
    for k, (t, _) in enumerate(episode):
        window = episode[k : k + n]
        total = sum(gamma**j * float(reward) for j, (_, reward) in enumerate(window))
        to_the_end = k + len(window) == len(episode)
        discount = 0.0 if ends and to_the_end else gamma ** len(window)
        out.append((offset + t, t % 3, total, discount, offset + window[-1][0] + 1))
    return out


def test_it_goes_on_from_a_state():
    steps, other = make(3), make(3)
    for t in range(4):
        steps.add(moment(t, [float(t)]))
    other.load(steps.state())
    assert rows(steps.add(moment(4, [1.0]))) == rows(other.add(moment(4, [1.0])))


def test_single_steps_are_what_several_would_be():
    generator = np.random.default_rng(0)
    quick, slow = make(1, environments=4), make(1, environments=4)
    ended = np.ones(4, bool)
    for t in range(30):
        which = generator.integers(4, size=4)  # 0 ends, 1 is cut short, 2 does not count
        masks = generator.random((4, 3)) < 0.5 if t % 2 else None
        flags = [np.flatnonzero(which == k) for k in range(3)]
        given = {"starts": np.flatnonzero(ended), "terminated": flags[0], "truncated": flags[1], "invalid": flags[2]}
        one = moment(t, generator.random(4).tolist(), masks=masks, **given)
        found, expected = quick.add(one), slow._several(one)
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
            assert found[name].dtype == expected[name].dtype, name
        ended = one.step.ended
