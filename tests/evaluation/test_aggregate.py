"""The statistics of a study: by hand, and as rliable has them (rliable_numbers.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from zerodojo.evaluation.aggregate import draw, interval, iqm, probability_of_improvement, profile, resample

THEIRS = json.loads(Path(__file__).with_name("rliable_numbers.json").read_text())
SCORES = {name: np.array(scores) for name, scores in THEIRS["scores"].items()}


def their_draws(*shapes):
    """The resamples that rliable took: of several arrays, in turns."""
    state = np.random.RandomState(THEIRS["seed"])  # as rliable draws
    drawn = [[state.choice(shape[0], shape) for shape in shapes] for _ in range(THEIRS["reps"])]
    return [np.array(one) for one in zip(*drawn, strict=True)]


def test_iqm_is_the_mean_of_the_middle_half():
    assert iqm(np.array([[1.0], [2.0], [3.0], [1000.0]])) == 2.5  # one of four is cut at each end
    assert iqm(np.array([[7.0], [1.0], [2.0], [3.0], [-50.0]])) == 2.0
    assert iqm(np.array([[1.0, 3.0]])) == 2.0  # too few to cut any
    assert iqm(np.array([[[1.0], [3.0]], [[5.0], [9.0]]])).tolist() == [2.0, 7.0]


def test_probability_of_improvement_counts_pairs():
    x, y = np.array([[1.0], [3.0]]), np.array([[2.0], [3.0], [0.0], [9.0]])
    assert probability_of_improvement(x, y) == (1 + 2.5) / 8  # 1 beats 0; 3 beats 2 and 0, and ties with 3
    assert probability_of_improvement(y, x) == 1 - (1 + 2.5) / 8
    assert probability_of_improvement(x, x) == 0.5
    two_tasks = probability_of_improvement(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert two_tasks == 0.5


def test_profile_is_the_share_above():
    assert profile(np.array([[1.0], [2.0], [2.0], [5.0]]), np.array([0.0, 1.0, 2.0, 5.0])).tolist() == [1.0, 0.75, 0.25, 0.0]


def test_a_resample_takes_runs_of_each_task_by_itself():
    scores = np.array([[0.0, 10.0], [1.0, 11.0], [2.0, 12.0]])
    drawn = draw(scores.shape, 1000, np.random.default_rng(0))
    taken = resample(scores, drawn)
    assert taken.shape == (1000, 3, 2)
    assert set(np.unique(taken[..., 0])) == {0.0, 1.0, 2.0}
    assert set(np.unique(taken[..., 1])) == {10.0, 11.0, 12.0}
    assert (taken[..., 1] != taken[..., 0] + 10).any()  # else whole rows were taken
    assert abs(taken[..., 0].mean() - 1) < 0.05


@pytest.mark.parametrize("name", SCORES)
def test_iqm_and_its_interval_are_those_of_rliable(name):
    scores = SCORES[name]
    assert iqm(scores) == pytest.approx(THEIRS["iqm"][name], rel=1e-12)
    (drawn,) = their_draws(scores.shape)
    assert np.allclose(interval(iqm(resample(scores, drawn))), THEIRS["iqm_interval"][name], rtol=1e-9)
    ours = interval(iqm(resample(scores, draw(scores.shape, 50_000, np.random.default_rng(1)))))
    width = np.diff(THEIRS["iqm_interval"][name])
    assert np.allclose(ours, THEIRS["iqm_interval"][name], atol=0.15 * width)  # theirs are of few resamples


def test_improvement_and_its_interval_are_those_of_rliable():
    x, y = SCORES["x"], SCORES["y"]
    assert probability_of_improvement(x, y) == pytest.approx(THEIRS["improvement"], rel=1e-12)
    ours, others = their_draws(x.shape, y.shape)
    found = interval(probability_of_improvement(resample(x, ours), resample(y, others)))
    assert np.allclose(found, THEIRS["improvement_interval"], rtol=1e-9)


def test_profile_and_its_bands_are_those_of_rliable():
    x, thresholds = SCORES["x"], np.array(THEIRS["thresholds"])
    assert np.allclose(profile(x, thresholds), THEIRS["profile"])
    (drawn,) = their_draws(x.shape)
    assert np.allclose(interval(profile(resample(x, drawn), thresholds)), THEIRS["profile_interval"])
