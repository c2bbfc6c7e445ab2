"""What was open where a step led to is told beside what is open where the next episode begins."""

import gymnasium
import numpy as np
from gymnasium import spaces

from zerodojo.envs.gym.listed import EnvironmentList


class Turns(gymnasium.Env):
    """Only the action of the step's number is open; cut short after two steps."""

    observation_space = spaces.Discrete(3)
    action_space = spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return 0, {"action_mask": np.eye(3, dtype=np.int8)[0]}

    def step(self, action):
        self.count += 1
        return self.count, 0.0, False, self.count == 2, {"action_mask": np.eye(3, dtype=np.int8)[self.count]}


def test_after_an_end_there_are_two_masks():
    environments = EnvironmentList("Turns", Turns, 1)
    environments.reset(0)
    first, second = environments.step(np.array([0])), environments.step(np.array([1]))
    assert first.mask.argmax() == first.final_mask.argmax() == 1
    assert second.final_mask.argmax() == 2
    assert second.mask.argmax() == 0
