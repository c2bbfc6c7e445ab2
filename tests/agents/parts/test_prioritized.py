"""Drawing by priorities, against the slow and obvious way: a running sum over all places."""

import numpy as np
import pytest

from zerodojo.agents.parts.prioritized import Priorities, _find, _put
from zerodojo.errors import UserError


@pytest.mark.parametrize("capacity", [1, 5, 8, 100])
def test_the_tree_agrees_with_a_running_sum(capacity):
    rng = np.random.default_rng(0)
    leaves = Priorities(capacity, exponent=1.0)._leaves
    tree, plain = np.zeros(2 * leaves), np.zeros(leaves)
    for _ in range(20):
        places = rng.integers(capacity, size=4)
        values = rng.random(4) * (rng.random(4) < 0.8)
        _put(tree, leaves, places, values)
        for place, value in zip(places, values, strict=True):
            plain[place] = value
        np.testing.assert_array_equal(tree[leaves:], plain)
        assert tree[1] == pytest.approx(plain.sum())
        if plain.sum() > 0:
            masses = rng.random(50) * tree[1]
            np.testing.assert_array_equal(_find(tree, leaves, masses), np.searchsorted(plain.cumsum(), masses, side="right"))


def test_a_place_without_priority_is_never_found():
    tree, leaves = np.zeros(8), 4
    _put(tree, leaves, np.array([0, 1]), np.array([0.1, 0.2]))
    assert _find(tree, leaves, np.array([np.nextafter(tree[1], 1), 1.0])).tolist() == [1, 1]


def test_rows_are_drawn_as_often_as_their_priority_says():
    priorities = Priorities(3, exponent=1.0)
    priorities.update(np.arange(3), np.array([1.0, 2.0, 5.0]))
    drawn = priorities.sample(80_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn) / 80_000, [1 / 8, 2 / 8, 5 / 8], atol=1e-3)


def test_the_exponent_flattens():
    priorities = Priorities(2, exponent=0.5)
    priorities.update(np.arange(2), np.array([1.0, 9.0]))
    np.testing.assert_allclose(priorities.priority(np.arange(2)), [1.0, 3.0], atol=1e-5)


def test_weights_undo_the_drawing():
    priorities = Priorities(2, exponent=1.0)
    priorities.update(np.arange(2), np.array([1.0, 3.0]))
    np.testing.assert_allclose(priorities.weights(np.arange(2), 2, exponent=1.0), [1.0, 1 / 3], rtol=1e-5)
    np.testing.assert_allclose(priorities.weights(np.arange(2), 2, exponent=0.0), [1.0, 1.0])


def test_new_rows_have_the_highest_priority():
    priorities = Priorities(3, exponent=1.0)
    priorities.add(np.array([0]))
    assert priorities.priority(np.array([0])) == 1.0
    priorities.update(np.array([0]), np.array([7.0]))
    priorities.update(np.array([0]), np.array([0.5]))
    priorities.add(np.array([1]))
    np.testing.assert_allclose(priorities.priority(np.array([0, 1])), [0.5, 7.0], atol=1e-5)


def test_it_goes_on_from_a_state():
    priorities, other = Priorities(6, exponent=0.6), Priorities(6, exponent=0.6)
    priorities.update(np.arange(6), np.random.default_rng(0).random(6))
    other.load(priorities.state())
    np.testing.assert_array_equal(priorities._tree, other._tree)
    assert priorities._highest == other._highest


@pytest.mark.parametrize("capacity", [3, 1_000])
def test_a_state_of_another_capacity_is_refused(capacity):
    with pytest.raises(UserError, match=r"^the checkpoint has 8 priorities, and the replay has "):
        Priorities(capacity, exponent=0.6).load(Priorities(8, exponent=0.6).state())
