"""Images of truths, such as MinAtar's, stay truths until a network reads them; and randomness that is kept elsewhere is seeded."""

import gymnasium
import numpy as np
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
