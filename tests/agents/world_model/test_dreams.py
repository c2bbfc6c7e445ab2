"""A world model learns an easy world exactly enough, dreams keep the contract of environments, and awake the memory goes along."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from zerodojo.agents.gym.config import GymConfig
from zerodojo.agents.parts.acting import Actor
from zerodojo.agents.policy_gradient.config import PPOSettings
from zerodojo.agents.world_model.config import WorldModelSettings
from zerodojo.agents.world_model.dream import DreamEnvironments
from zerodojo.agents.world_model.dreaming import learn_in_dreams
from zerodojo.agents.world_model.experience import RandomPolicy, Recording, record
from zerodojo.agents.world_model.model import Told, WorldModel, learn_to_foresee, learn_to_see, memory_losses, tell
from zerodojo.agents.world_model.policy import AwakePolicy
from zerodojo.envs.gym.environments import Seen, Step
from zerodojo.envs.gym.spaces import ActionSpace, ObservationSpace
from zerodojo.errors import UserError

SMALL = WorldModelSettings(latent=4, width=2, units=16, mixtures=1, longest=5)
IMAGES, CHOICE = ObservationSpace((1, 64, 64), np.dtype(np.uint8)), ActionSpace(sizes=(2,), single=True)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def model():
    return WorldModel(IMAGES, CHOICE, SMALL, seed=0).eval()


@pytest.fixture
def dreams(model):
    return DreamEnvironments(model, torch.randn(3, 4, generator=generator()), 6)


class Stripes:
    """N images whose bright stripe moves down by one, and which end by themselves after `length` steps."""

    observation_space, action_space = IMAGES, CHOICE

    def __init__(self, n, length):
        self.n, self.length = n, length

    def reset(self, seed=None):
        self.at = np.arange(self.n) % self.length
        return Seen(self.shown(), None)

    def step(self, actions):
        self.at = self.at + 1
        final, ended = self.shown(), self.at == self.length
        self.at[ended] = 0
        nothing = np.zeros(self.n, np.bool_)
        return Step(self.shown(), None, np.ones(self.n, np.float32), ended, nothing, final, ~nothing)

    def shown(self):
        images = np.zeros((self.n, 1, 64, 64), np.uint8)
        for i, at in enumerate(self.at):
            images[i, 0, 8 * at : 8 * at + 8] = 255
        return images


def test_recordings_are_whole_episodes_with_what_they_led_to():
    recordings = record(Stripes(3, 7), RandomPolicy(CHOICE), steps=60, seed=0, longest=5)
    whole = [recording for recording in recordings if recording.observation[0, 0, 0, 0]]  # begun at the beginning
    assert {len(recording.action) for recording in whole} <= {1, 2, 3, 4, 5}
    assert sum(len(recording.action) for recording in recordings) >= 60
    for recording in recordings:
        places = recording.observation[:, 0, :, 0].argmax(1) // 8
        assert np.array_equal(places, places[0] + np.arange(len(places)))
        assert recording.terminated == (places[-1] == 7)
    assert {action for recording in recordings for action in recording.action.tolist()} == {0, 1}


def test_the_memory_learns_what_an_action_leads_to_and_when_it_ends(model):
    """The first number counts actions of kind 1, the second one is a coin's; the third choice of that kind ends it."""
    coins = np.random.default_rng(0)
    told = []
    for _ in range(60):
        actions, count, latent = [], 0, [[0.0, 0.0, 0.0, 0.0]]
        while count < 3:
            actions.append(int(coins.integers(2)))
            count += actions[-1]
            latent.append([count / 2, float(coins.choice([-1.0, 1.0])), 0.0, 0.0])
        told.append(Told(torch.tensor(latent), torch.tensor(actions), torch.tensor([float(a) for a in actions]), True))
    before = {name: loss.item() for name, loss in memory_losses(model, told).items()}
    model.settings = replace(SMALL, memory_learning_rate=0.02)
    after = learn_to_foresee(model, told, steps=250, generator=generator())
    assert after["end"] < 0.3 < before["end"]  # .45 for who knows only how often it ends
    assert after["reward"] < 0.05
    assert after["latent"] < before["latent"] - 2


def test_steps_behind_the_end_of_an_episode_do_not_count(model):
    told = [
        Told(torch.randn(n + 1, 4, generator=generator(n)), torch.ones(n, dtype=torch.long), torch.ones(n), True) for n in (3, 8)
    ]
    together = memory_losses(model, told)
    apart = [memory_losses(model, [one]) for one in told]
    for name, loss in together.items():
        torch.testing.assert_close(loss, (3 * apart[0][name] + 8 * apart[1][name]) / 11)


def test_the_eye_learns():
    model = WorldModel(IMAGES, CHOICE, replace(SMALL, learning_rate=5e-3, batch=16), seed=0)
    images = np.concatenate([recording.observation for recording in record(Stripes(4, 7), RandomPolicy(CHOICE), steps=60, seed=0)])
    first = learn_to_see(model, images, steps=1, generator=generator())
    assert learn_to_see(model, images, steps=80, generator=generator()) > 0.7 * first  # both are below 0
    assert not model.eye.training


def test_a_dream_keeps_the_contract_and_is_decided_by_its_seed(dreams):
    seen = dreams.reset(1).observation
    assert seen.shape == (6, 20) == (6, *dreams.observation_space.shape)
    assert (seen[:, 4:] == 0).all()  # nothing is remembered yet
    actions, steps = np.array([0, 1, 0, 1, 0, 1]), []
    for _ in range(12):
        steps.append(dreams.step(actions))
        last = steps[-1]
        assert last.valid.all() and not (last.terminated & last.truncated).any()
        assert np.array_equal(last.observation[~last.ended], last.final[~last.ended])
        assert (last.observation[last.ended, 4:] == 0).all()
    assert any(step.truncated.any() for step in steps) or all(step.terminated.any() for step in steps)
    episodes = dreams.finished()
    assert len(episodes) == sum(step.ended.sum() for step in steps)
    assert max(episode.length for episode in episodes) <= 5
    assert not dreams.finished()
    dreams.reset(1)
    assert np.array_equal(dreams.step(actions).observation, steps[0].observation)


def test_a_dream_goes_on_from_its_state(model, dreams):
    dreams.reset(0)
    actions = np.zeros(6, np.int64)
    for _ in range(3):
        dreams.step(actions)
    state = dreams.state()
    expected = [dreams.step(actions) for _ in range(4)]
    other = DreamEnvironments(model, torch.randn(3, 4, generator=generator()), 6)
    seen, lost = other.load(state)
    assert not lost.any()
    assert np.array_equal(seen.observation[:, 4:] == 0, np.tile((np.array(state["length"]) == 0)[:, None], 16))
    for step in expected:
        again = other.step(actions)
        for name in ("observation", "final", "reward", "terminated", "truncated"):
            assert np.array_equal(getattr(again, name), getattr(step, name)), name


class Watching:
    """Remembers what it was shown and does in turn."""

    def __init__(self):
        self.shown = []

    def initial_state(self, n):
        return {"turn": np.zeros((n, 1), np.float32)}

    def act(self, observation, state, *, starts, mask, deterministic, generator):
        self.shown.append(observation)
        turn = np.where(starts[:, None], 0, state["turn"])
        return (turn[:, 0] % 2).astype(np.int64), {"turn": turn + 1}, {}


def test_awake_an_agent_is_shown_what_a_dream_would_show(model):
    """The memory over the whole episode at once, as in learning; episodes that end in between begin anew."""
    inner, stripes = Watching(), Stripes(2, 7)
    actor = Actor(stripes, AwakePolicy(model, inner), generator=np.random.default_rng(0), seed=0)
    moments = [actor.advance() for _ in range(9)]
    for i, begin in ((0, 7), (1, 6)):  # the second episode of each
        steps = moments[begin:]
        latent = model.see(np.stack([moment.observation[i] for moment in steps]))
        actions = torch.tensor([int(moment.action[i]) for moment in steps])
        assert actions.tolist() == [0, 1, 0][: len(actions)]
        with torch.no_grad():
            hidden, _ = model.memory.memory(
                torch.cat([latent, model.choices(actions), torch.ones(len(actions), 1)], 1)[None],
                model.memory.initial_state(1),
                torch.zeros(1, len(actions), dtype=torch.bool),
            )
        expected = torch.cat([torch.zeros(1, 16), hidden[0, :-1]])
        for t, shown in enumerate(inner.shown[begin:]):
            np.testing.assert_allclose(shown[i, :4], latent[t].numpy(), atol=1e-5)
            np.testing.assert_allclose(shown[i, 4:], expected[t].numpy(), atol=1e-5)


def test_an_agent_learns_in_dreams(model):
    settings = PPOSettings(rollout=8, minibatch=32, epochs=1)
    reports = []
    config = GymConfig(settings=settings, environments=4, steps=64)
    agent = learn_in_dreams(model, torch.zeros(1, 4), config, report=lambda steps, total: reports.append(steps))
    assert agent.steps == 64 and agent.updates == 2
    assert reports and reports[-1] <= 64


def test_what_a_model_was_told_is_what_the_eye_sees(model):
    observation = np.random.default_rng(0).integers(0, 256, (4, 1, 64, 64), np.uint8)
    recording = Recording(observation, np.array([0, 1, 0]), np.ones(3, np.float32), False)
    one, two = tell(model, [recording, recording])
    torch.testing.assert_close(one.latent, model.see(observation))
    torch.testing.assert_close(two.latent, one.latent)


def test_worlds_that_do_not_fit_are_refused():
    with pytest.raises(UserError, match="images of bytes"):
        WorldModel(ObservationSpace((4,), np.dtype(np.float32)), CHOICE, SMALL)
    with pytest.raises(UserError, match="one choice"):
        WorldModel(IMAGES, ActionSpace(low=(0.0,), high=(1.0,)), SMALL)
