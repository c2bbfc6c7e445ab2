"""Images of truths, such as MinAtar's, stay truths until a network reads them; and randomness that is kept elsewhere is seeded."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from zerodojo.envs.gym.listed import EnvironmentList
from zerodojo.envs.gym.spaces import Reader
from zerodojo.models.body import Body
from zerodojo.models.config import BodyConfig


def test_truths_channels_last():
    space = spaces.Box(0, 1, (10, 10, 4), np.bool_)
    values = [np.random.default_rng(seed).random((10, 10, 4)) < 0.3 for seed in range(3)]
    read = Reader(space)
    seen = read(values)
    assert (read.space.shape, read.space.dtype) == ((4, 10, 10), np.dtype(np.bool_))
    assert seen.dtype == np.bool_ and seen.flags.c_contiguous
    assert np.array_equal(seen, np.stack(values).transpose(0, 3, 1, 2))


def test_a_body_reads_truths_as_0_and_1_and_bytes_as_parts_of_255():
    torch.manual_seed(0)
    body = Body((4, 10, 10), BodyConfig(hidden=(8,)))
    truths = torch.rand(2, 1, 4, 10, 10) < 0.3
    starts = torch.zeros(2, 1, dtype=torch.bool)
    numbers = body(truths.float(), {}, starts)[0]
    assert torch.equal(body(truths, {}, starts)[0], numbers)
    torch.testing.assert_close(body(truths.to(torch.uint8) * 255, {}, starts)[0], numbers)


class Elsewhere(gymnasium.Env):
    """Keeps a generator of its own, as environments older than Gymnasium do."""

    observation_space, action_space = spaces.Box(0, 1, (1,), np.float64), spaces.Discrete(2)

    def __init__(self):
        self._own = np.random.default_rng()

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            self._own = np.random.default_rng(seed)
        return self._own.random(1), {}

    def step(self, action):
        return self._own.random(1), 0.0, False, False, {}


def test_randomness_that_is_kept_elsewhere_is_seeded():
    first, second = (EnvironmentList("elsewhere", Elsewhere, 2) for _ in range(2))
    assert np.array_equal(first.reset(3).observation, second.reset(3).observation)
    assert np.array_equal(first.step(np.zeros(2, np.int64)).observation, second.step(np.zeros(2, np.int64)).observation)


def frames(dtype, *shape):
    """Three environments, two images of each, every number of them another where the type has room."""
    count = 3 * 2 * int(np.prod(shape))
    numbers = np.arange(count) % 3 == 0 if dtype == np.bool_ else np.arange(count) % 251
    return list(numbers.reshape(3, 2, *shape).astype(dtype))


@pytest.mark.parametrize("dtype", [np.uint8, np.bool_, np.float32])
def test_a_stack_of_images_is_one_with_the_channels_of_each_behind_the_other(dtype):
    high = 1 if dtype == np.bool_ else 255
    values = frames(dtype, 5, 4, 3)
    read = Reader(spaces.Box(0, high, (2, 5, 4, 3), dtype))
    assert (read.space.shape, read.space.dtype) == ((6, 5, 4), np.dtype(dtype))
    seen = read(values)
    assert seen.dtype == dtype and seen.flags.c_contiguous
    for n, stack in enumerate(values):
        for k, image in enumerate(stack):
            for channel in range(3):
                np.testing.assert_array_equal(seen[n, 3 * k + channel], image[:, :, channel])


def test_a_stack_of_images_with_their_channels_first():
    values = frames(np.uint8, 3, 5, 4)
    read = Reader(spaces.Box(0, 255, (2, 3, 5, 4), np.uint8))
    assert read.space.shape == (6, 5, 4)
    np.testing.assert_array_equal(read(values), np.stack(values).reshape(3, 6, 5, 4))


def test_a_stack_of_images_beside_a_number_has_a_plane_for_it():
    space = spaces.Dict({"image": spaces.Box(0, 255, (2, 5, 4, 3), np.uint8), "number": spaces.Box(0, 9, (2, 1), np.float32)})
    (stack, *_), number = frames(np.uint8, 5, 4, 3), np.array([[7.0], [8.0]], np.float32)
    seen = Reader(space)([{"image": stack, "number": number}])
    assert seen.shape == (1, 8, 5, 4)
    np.testing.assert_array_equal(seen[0, :6], stack.transpose(0, 3, 1, 2).reshape(6, 5, 4).astype(np.float32) / 255)
    assert (seen[0, 6] == 7).all() and (seen[0, 7] == 8).all()


class Film(gymnasium.Env):
    """Truths of 3 channels that tell the step: a number in each channel's corner of a 10x10 image."""

    observation_space, action_space = spaces.Box(0, 1, (10, 10, 3), np.bool_), spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._step = 0
        return self._image(), {}

    def step(self, action):
        self._step += 1
        return self._image(), 0.0, False, False, {}

    def _image(self):
        image = np.zeros((10, 10, 3), np.bool_)
        image[self._step, :, :] = [True, False, self._step % 2 == 1]
        return image


def test_the_newest_images_of_an_environment_stand_behind_those_before():
    environments = EnvironmentList("film", lambda: gymnasium.wrappers.FrameStackObservation(Film(), 4), 2)
    assert environments.observation_space.shape == (12, 10, 10)
    environments.reset(0)
    for _ in range(6):
        seen = environments.step(np.zeros(2, np.int64)).observation
    assert seen.dtype == np.bool_
    for k, step in enumerate((3, 4, 5, 6)):
        for channel, told in enumerate((True, False, step % 2 == 1)):
            expected = np.zeros((2, 10, 10), np.bool_)
            expected[:, step] = told
            np.testing.assert_array_equal(seen[:, 3 * k + channel], expected)
