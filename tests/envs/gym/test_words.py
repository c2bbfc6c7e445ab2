"""Words among what an environment shows are left out, and a person is told; MiniGrid, whose missions are such, can be learned."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from zerodojo.envs.gym.config import ViewConfig
from zerodojo.envs.gym.making import make_environments
from zerodojo.envs.gym.normalized import NormalizedEnvironments
from zerodojo.envs.gym.spaces import Reader
from zerodojo.errors import UserError

NUMBERS = spaces.Box(0, 9, (2,), np.float32)


class Mission(gymnasium.Space):
    """Words that are no `Text`, as MiniGrid's are."""

    def __init__(self):
        super().__init__(dtype=str)


@pytest.mark.parametrize("words", [spaces.Text(9), Mission()])
def test_words_beside_numbers_are_left_out(words):
    inside = spaces.Dict({"told": words, "seen": NUMBERS})
    read = Reader(spaces.Dict({"inside": inside, "pair": spaces.Tuple((words, NUMBERS)), "action_mask": spaces.MultiBinary(3)}))
    assert read.space.shape == (4,)
    assert sorted(read.space.left_out) == ["inside.told", "pair.0"]
    shown = {"inside": {"told": "go", "seen": [1, 2]}, "pair": ("there", [3, 4]), "action_mask": [1, 0, 1]}
    np.testing.assert_array_equal(read([shown]), [[1, 2, 3, 4]])
    assert Reader(NUMBERS).space.left_out == ()


@pytest.mark.parametrize("space", [spaces.Text(9), spaces.Dict({"told": Mission()})])
def test_words_alone_are_refused(space):
    with pytest.raises(UserError, match="cannot be read; wrap the environment so that they are numbers"):
        Reader(space)


def test_minigrid_shows_its_picture_and_the_direction():
    pytest.importorskip("minigrid", reason="pip install 'zerodojo[minigrid]'")
    environments = make_environments("MiniGrid-Empty-5x5-v0", {}, ViewConfig(normalize_observation=True), n=2)
    assert isinstance(environments, NormalizedEnvironments)
    assert environments.observation_space.shape == (3 + 4, 7, 7)
    assert environments.observation_space.left_out == ("mission",)
    seen = environments.reset(0)
    turned = environments.step(np.zeros(2, np.int64))  # to the left
    assert seen.observation.shape == (2, 7, 7, 7)
    assert (turned.observation != seen.observation).any()
    environments.close()
