"""Episodes out of a replay, stretches of them, and a policy that gets what it is asked for in a world that is easy to see."""

import numpy as np
import pytest
import torch

from zerodojo import train_agent
from zerodojo.agents.decision_transformer.config import DecisionTransformerSettings
from zerodojo.agents.decision_transformer.episodes import Episode, episodes_in, episodes_of_run
from zerodojo.agents.decision_transformer.learning import Library, Scales, learn, make_network
from zerodojo.agents.decision_transformer.policy import DecisionPolicy
from zerodojo.agents.gym.config import GymConfig, GymRunConfig
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.agents.value.config import DQNSettings
from zerodojo.envs.gym.environments import Seen, Step
from zerodojo.envs.gym.spaces import ActionSpace
from zerodojo.errors import UserError
from zerodojo.evaluation.episodes import evaluate

CHOICE = ActionSpace(sizes=(2,), single=True)
SMALL = DecisionTransformerSettings(size=16, layers=1, span=4, dropout=0.0, batch=32, learning_rate=1e-2)


def transitions(episodes, environments):
    """The rows of episodes [(length, terminated), ...] that environments play at the same time, dealt in turn; what is seen is the
    episode's number and the step's."""
    queues = [list(enumerate(episodes))[i::environments] for i in range(environments)]
    rows, steps = [], [0] * environments
    while any(queues):
        for i, queue in enumerate(queues):
            if queue:
                number, (length, terminated) = queue[0]
                steps[i] += 1
                last = steps[i] == length
                discount = 0.0 if last and terminated else 0.99
                rows.append(([number, steps[i] - 1], steps[i] % 2, 1.0, discount, [number, steps[i]]))
                if last:
                    queue.pop(0)
                    steps[i] = 0
    names = ("observation", "action", "reward", "discount", "following")
    return {
        name: np.array(column, np.int64 if name == "action" else np.float32)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


@pytest.mark.parametrize("environments", [1, 3])
def test_episodes_are_found_again_whoever_played_beside(environments):
    played = [(3, True), (5, True), (4, False), (2, True), (6, True), (3, True), (4, True)]
    found = episodes_in(transitions(played, environments), environments=environments, from_the_first=True)
    assert sorted((int(one.observation[0, 0]), len(one.action)) for one in found) == [(i, n) for i, (n, _) in enumerate(played)]
    for one in found:
        assert np.array_equal(one.observation[:, 1], np.arange(len(one.action)))
        assert np.array_equal(one.following[:-1], one.observation[1:])
        assert one.to_go.tolist() == list(range(len(one.action), 0, -1))


def test_what_is_under_way_or_begun_before_the_first_row_is_left_out():
    rows = transitions([(3, True), (4, True), (5, True)], 1)
    part = {name: column[1:10] for name, column in rows.items()}  # the first has lost its beginning, the last its end
    found = episodes_in(part, environments=1, from_the_first=False)
    assert [int(one.observation[0, 0]) for one in found] == [1]


def test_stretches_end_where_their_episode_does():
    rows = transitions([(3, True), (6, True)], 1)
    episodes = episodes_in(rows, environments=1, from_the_first=True)
    scales = Scales.of(episodes)
    drawn = Library(episodes, scales, actions=2).draw(200, 4, np.random.default_rng(0))
    number = drawn.seen[..., 0] * scales.std[0] + scales.mean[0]
    length = torch.where(number.round() == 0, 3.0, 6.0)
    torch.testing.assert_close((drawn.asked * scales.total)[drawn.real], (length - drawn.time)[drawn.real])
    real = drawn.real.sum(1)
    assert (real == torch.minimum(torch.tensor(4.0), length[:, 0] - drawn.time[:, 0])).all()
    assert (drawn.before[drawn.time == 0] == 0).all()
    later = (drawn.time > 0) & drawn.real
    assert (drawn.before[later].argmax(1) == (drawn.time[later] % 2).long()).all()


class Leave:
    """N rooms: action 0 stays and is paid 1, action 1 leaves; after 12 steps everybody must. Nothing is seen."""

    observation_space, action_space = None, CHOICE

    def __init__(self, n):
        self.n = n

    def reset(self, seed=None):
        self.steps = np.zeros(self.n, np.int64)
        return Seen(self.seen(), None)

    def step(self, actions):
        self.steps += 1
        ended = (actions == 1) | (self.steps == 12)
        self.steps[ended] = 0
        nothing, shown = np.zeros(self.n, np.bool_), self.seen()
        return Step(shown, None, (actions == 0).astype(np.float32), ended, nothing, shown, ~nothing)

    def notices(self):
        return []

    def seen(self):
        return np.zeros((self.n, 1), np.float32)


@pytest.fixture(scope="module")
def learned():
    generator = np.random.default_rng(0)
    episodes = []
    for length in generator.integers(1, 13, 200).tolist():
        seen = np.zeros((length + 1, 1), np.float32)
        action = np.array([0] * (length - 1) + [1])
        episodes.append(Episode(seen[:-1], action, (action == 0).astype(np.float32), seen[1:]))
    scales = Scales.of(episodes)
    network = make_network(scales, 2, SMALL, seed=0)
    told = learn(network, Library(episodes, scales, actions=2), SMALL, steps=150, seed=0)
    return network, scales, told


@pytest.mark.parametrize("asked", [0, 2, 5, 8])
def test_it_gets_what_it_is_asked_for(learned, asked):
    network, scales, told = learned
    assert told["action"] < 0.2
    policy = DecisionPolicy(network, scales, CHOICE, asked=asked, settings=SMALL)
    returns = evaluate(policy, Leave(5), 10, 0).returns
    assert abs(returns.mean() - asked) <= 1


def test_a_beam_of_one_step_takes_the_likeliest_action(learned):
    network, scales, _ = learned
    seen, generator = np.random.default_rng(0).normal(size=(6, 1)).astype(np.float32), np.random.default_rng(0)
    chosen = []
    for settings in (SMALL, DecisionTransformerSettings(beam=2, horizon=1)):
        policy = DecisionPolicy(network, scales, CHOICE, asked=0.4, settings=settings)
        state, starts = policy.initial_state(6), np.ones(6, np.bool_)
        action, _, _ = policy.act(seen, state, starts=starts, mask=None, deterministic=True, generator=generator)
        chosen.append(action.tolist())
    assert chosen[0] == chosen[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "dqn"
    settings = DQNSettings(learning_starts=10_000, capacity=500)
    config = GymConfig(settings=settings, environments=2, steps=700, run=GymRunConfig(evaluations=0))
    train_agent("CartPole-v1", run=path, config=config, measure=None)
    return RunDirectory.open_any(path)


def test_episodes_come_out_of_a_run(run):
    episodes = episodes_of_run(run)
    assert 100 < sum(len(episode.action) for episode in episodes) <= 700
    for episode in episodes:
        assert np.array_equal(episode.following[:-1], episode.observation[1:])
        assert (np.abs(episode.observation[0]) <= 0.05).all()  # where CartPole begins
        assert (np.abs(episode.following[-1, [0, 2]]) > [2.4, 0.2095]).any()  # and ends


def test_runs_that_cannot_be_read_so_are_refused(tmp_path, run):
    for settings, words in ((DQNSettings(n_step=3), "several steps"), (DQNSettings(), "no replay")):
        other = RunDirectory.create(tmp_path / words.split()[0], GymConfig(settings=settings), origins={})
        with pytest.raises(UserError, match=words):
            episodes_of_run(other)
