"""Images on their way from a rollout to learning: they show the same, and lie in memory as learning wants."""

import gymnasium
import numpy as np
import pytest
import torch

from zerodojo.agents.gym.agent import Spaces
from zerodojo.agents.parts.acting import Actor
from zerodojo.agents.parts.actor_critic import ActorCritic, ActorCriticPolicy
from zerodojo.agents.parts.judged import judge
from zerodojo.agents.parts.rollout import collect_rollout
from zerodojo.models.config import BodyConfig

from ..gym.worlds import environments


class Noise(gymnasium.Env):
    """A new picture every step."""

    observation_space = gymnasium.spaces.Box(0, 255, (3, 7, 6), np.uint8)
    action_space = gymnasium.spaces.Discrete(2)

    def _picture(self):
        return self.np_random.integers(256, size=(3, 7, 6), dtype=np.uint8)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._picture(), {}

    def step(self, action):
        return self._picture(), 0.0, False, False, {}


@pytest.mark.parametrize("memory", ["none", "gru"])
def test_pictures_are_those_of_the_rollout(memory):
    worlds = environments(Noise, n=3)
    body = BodyConfig(hidden=(8,), memory=memory, memory_size=8)
    network = ActorCritic(Spaces(worlds.observation_space, worlds.action_space, 3), body, shared=True)
    actor = Actor(worlds, ActorCriticPolicy(network), generator=np.random.default_rng(0), seed=0)
    rollout = collect_rollout(actor, 4)
    judged = judge(network, rollout, gamma=0.9, lam=0.8)
    expected = torch.from_numpy(rollout.observation).transpose(0, 1)
    expected = expected if memory == "gru" else expected.reshape(12, 1, 3, 7, 6)
    assert torch.equal(judged.observation, expected)
    rows = torch.tensor([2, 0])
    some = judged.rows(rows).observation
    assert torch.equal(some, expected[rows])
    for images in (judged.observation, some):
        assert images.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


def test_how_pictures_lie_in_memory_changes_nothing():
    torch.manual_seed(0)
    worlds = environments(Noise, n=3)
    network = ActorCritic(Spaces(worlds.observation_space, worlds.action_space, 3), BodyConfig(hidden=(8,)), shared=True)
    seen, starts = torch.from_numpy(worlds.reset(0).observation)[:, None], torch.zeros(3, 1, dtype=torch.bool)
    learning, *_ = network(seen, {}, starts)
    with torch.no_grad():
        acting, *_ = network(seen, {}, starts)
    assert learning.requires_grad
    torch.testing.assert_close(learning.detach(), acting, atol=1e-6, rtol=0)
