"""CartPole as it is drawn: bytes that a seed decides, shrunk by areas, with cart and pole where they are."""

import numpy as np
import pytest

from zerodojo.envs.gym.pixels import BLUE, CART_POLE, SIDE, cart_pole_pixels


@pytest.fixture(scope="module")
def environments():
    environments = cart_pole_pixels(2)
    yield environments
    environments.close()


def shown(environments, *, x=0.0, angle=0.0):
    environment = environments._envs[0]
    environment.unwrapped.state = np.array([x, 0.0, angle, 0.0])
    return environment.observation(None)[0].astype(float)


def middle(ink):
    return ink @ (np.arange(SIDE) + 0.5) / ink.sum()


def test_frames_are_bytes_that_a_seed_decides(environments):
    first = environments.reset(3).observation
    assert first.shape == (2, 1, SIDE, SIDE)
    assert first.dtype == np.uint8 == environments.observation_space.dtype
    assert environments.observation_space.shape == first.shape[1:]
    assert np.array_equal(environments.reset(3).observation, first)
    for _ in range(5):
        last = environments.step(np.zeros(2, np.int64)).final
    assert not np.array_equal(last[0], first[0])


def test_a_point_is_the_mean_of_its_part_of_the_picture(environments):
    environments.reset(0)
    seen = shown(environments, x=0.3, angle=0.1)
    top, bottom, left, right = CART_POLE
    picture = environments._envs[0].render()[top:bottom, left:right, BLUE]
    expected = 255 - picture.reshape(SIDE, 3, SIDE, 9).mean((1, 3))
    assert np.abs(seen - expected).max() <= 0.51


@pytest.mark.parametrize("x", [-2.0, 0.0, 1.0])
@pytest.mark.parametrize("angle", [-0.2, 0.0, 0.1])
def test_the_cart_is_where_it_is_and_the_pole_at_its_angle(environments, x, angle):
    seen = shown(environments, x=x, angle=angle)
    cart = seen[55]  # a row that shows nothing else, 9 points of the picture a point, 125 a unit
    assert abs(CART_POLE.left + 9 * middle(cart) - (300 + 125 * x)) < 2
    rows = np.arange(16, 44)  # of the pole alone, 3 points of the picture each
    tilt = 3 * np.polyfit(rows, [middle(seen[row]) for row in rows], 1)[0]
    assert abs(np.tan(angle) + tilt) < 0.02
