"""`zerodojo bench gym`: what it says of both sides adds up, with the peer and without it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from zerodojo.agents.gym.presets import PRESETS
from zerodojo.cli import bench_gym, bench_pong
from zerodojo.cli.bench_gym import Contest, Ours, PeerPolicy, Row, contests, rates_of, seconds_of_ours, seconds_of_the_peer, told
from zerodojo.cli.main import main
from zerodojo.envs.gym.making import make_environments
from zerodojo.evaluation.episodes import evaluate

QUICK = PRESETS["cartpole-ppo-quick"]


@pytest.fixture
def alone(monkeypatch):
    """No peer, and little to measure."""
    monkeypatch.setattr(bench_gym, "installed", lambda module: None)
    monkeypatch.setattr(bench_gym, "SEEDS", 1)
    monkeypatch.setattr(bench_gym, "TARGET", 9.0)
    monkeypatch.setattr(bench_gym, "contests", lambda: contests()[:1])


def test_as_json_without_the_peer(alone, capsys):
    assert main(["bench", "gym", "--seconds", "0.1", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    ppo, solved = found["rows"]
    assert (ppo["name"], ppo["peer"], ppo["ratio"]) == ("ppo_cartpole", None, None)
    assert (solved["name"], solved["unit"], solved["ratio"]) == ("cartpole_475", "s", None)
    assert ppo["ours"] > 0
    assert solved["ours"] > 0
    shares = found["where"]["ppo_cartpole"]
    assert shares.keys() == {"environment", "inference", "learning"}
    assert min(shares.values()) > 0
    assert sum(shares.values()) <= 1


def test_ratios_say_how_many_times_as_fast_ours_is():
    rows = [Row("a", "steps/s", 3000.0, 1500.0), Row("b", "s", 2.0, 10.0, faster=False), Row("c", "steps/s", 1.0, None)]
    assert [row.ratio for row in rows] == [2.0, 5.0, None]
    assert rows[1].numbers() == {"name": "b", "unit": "s", "ours": 2.0, "peer": 10.0, "ratio": 5.0}
    assert Row("d", "s", None, 10.0, faster=False).ratio is None


def test_the_table_says_where_time_goes_and_what_to_install(alone):
    text = told([Row("ppo_cartpole", "steps/s", 3000.0, None)], {"ppo_cartpole": {"environment": 0.25, "learning": 0.5}})
    assert "Of our time in ppo_cartpole: environment 25%, learning 50%, the rest 25%." in text
    assert "Stable-Baselines3 is not installed: pip install 'zerodojo[peers]'" in text


def test_both_sides_are_measured(monkeypatch):
    monkeypatch.setattr(bench_gym, "installed", lambda module: True)
    peer = CountingPeer()
    row, _ = rates_of(Contest("ppo_cartpole", replace(QUICK, environments=2), lambda seed: peer), 0.2, 0)
    assert row.ours > 0
    assert row.peer > 0
    assert peer.calls == 2 + bench_gym.ROUNDS


class CountingPeer:
    num_timesteps = calls = 0

    def learn(self, steps, reset_num_timesteps):
        assert not reset_num_timesteps
        np.linalg.svd(np.ones((100, 100)))
        self.num_timesteps += steps
        self.calls += 1


def test_timing_changes_nothing_that_is_learned():
    timed, plain = (Ours(replace(QUICK, steps=4096)) for _ in range(2))
    timed.shares(2048)
    plain.learn(2048)
    assert timed.agent.steps == plain.agent.steps == 2048
    for name, weights in plain.agent.weights().items():
        np.testing.assert_array_equal(timed.agent.weights()[name], weights)


def test_a_score_that_is_not_reached_takes_forever(monkeypatch):
    monkeypatch.setattr(bench_gym, "TARGET", 501.0)
    assert seconds_of_ours(replace(QUICK, steps=1024)) == float("inf")


def test_the_peer_is_evaluated_as_we_are():
    class Model:
        def predict(self, observation, deterministic):
            assert deterministic
            return (observation[:, 2] + 0.5 * observation[:, 3] > 0).astype(np.int64), None

    environments = make_environments("CartPole-v1", {}, QUICK.view, n=4, learning=False)
    assert evaluate(PeerPolicy(Model()), environments, 4, 0).mean > 190


def test_the_peer_stops_at_the_score(monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.setattr(bench_gym, "TARGET", 9.0)
    assert 0 < seconds_of_the_peer(0) < 60


def test_the_peer_has_the_same_settings():
    pytest.importorskip("stable_baselines3")
    settings, model = PRESETS["cartpole-ppo"].settings, bench_gym.ppo_of_the_peer(0)
    assert (model.n_envs, model.n_steps) == (PRESETS["cartpole-ppo"].environments, settings.rollout)
    assert (model.batch_size, model.n_epochs) == (settings.minibatch, settings.epochs)
    assert (model.gamma, model.gae_lambda, model.ent_coef) == (settings.gamma, settings.gae_lambda, settings.entropy_weight)
    assert (model.learning_rate(1), model.clip_range(1)) == (settings.learning_rate, settings.clip)
    assert (model.learning_rate(0), model.clip_range(0)) == (settings.final_learning_rate, settings.final_clip)
    assert (model.vf_coef, model.max_grad_norm) == (settings.value_weight, settings.gradient_clip)
    assert model.policy.optimizer.defaults["eps"] == settings.optimizer_epsilon


def test_the_peers_deep_q_learning_has_the_same_settings():
    pytest.importorskip("stable_baselines3")
    contest, model = contests()[1], bench_gym.dqn_of_the_peer(0)
    settings = contest.config.settings
    assert (model.batch_size, model.buffer_size, model.gamma) == (settings.batch, settings.capacity, settings.gamma)
    assert (model.learning_starts, model.train_freq.frequency) == (settings.learning_starts, settings.train_every)
    assert (model.gradient_steps, model.target_update_interval) == (settings.gradient_steps, settings.target_every)
    assert (model.learning_rate, model.exploration_final_eps) == (settings.learning_rate, settings.final_epsilon)
    assert model.exploration_fraction == settings.epsilon_share
    assert model.policy.optimizer.defaults["eps"] == settings.optimizer_epsilon
    assert not (settings.double or settings.dueling or settings.decay_learning_rate)
    weights = Ours(contest.config).agent.weights()
    assert sum(array.size for array in weights.values()) == sum(each.numel() for each in model.policy.q_net.parameters())


def test_without_all_it_needs_the_row_of_pong_is_left_out_with_a_sentence(monkeypatch):
    monkeypatch.setattr(bench_pong, "installed", lambda module: None if module == "envpool" else module)
    assert "ppo_pong_envpool" not in {contest.name for contest in contests()}
    assert "ppo_pong_envpool is left out" in told([], {}) and "pip install 'zerodojo[atari,envpool,peers]'" in told([], {})


pong = pytest.mark.skipif(not bench_pong.is_possible(), reason=f"not all of {', '.join(bench_pong.NEEDED)} is installed")


@pong
def test_the_peer_plays_pong_with_the_same_network_and_settings():
    config, model = bench_pong.ours(), bench_pong.peer(0)
    settings = config.settings
    assert contests()[-1].name == "ppo_pong_envpool" and "left out" not in told([], {})
    assert (model.n_envs, model.n_steps) == (config.environments, settings.rollout)
    assert (model.batch_size, model.n_epochs) == (settings.minibatch, settings.epochs)
    assert (model.gamma, model.gae_lambda, model.ent_coef) == (settings.gamma, settings.gae_lambda, settings.entropy_weight)
    assert (model.vf_coef, model.max_grad_norm) == (settings.value_weight, settings.gradient_clip)
    assert (model.learning_rate(1), model.clip_range(1)) == (settings.learning_rate, settings.clip)
    assert (model.learning_rate(0), model.clip_range(0)) == (settings.final_learning_rate, settings.final_clip)
    weights = Ours(config).agent.weights()
    assert sum(array.size for array in weights.values()) == sum(each.numel() for each in model.policy.parameters())


@pong
def test_the_peer_sees_the_same_environments():
    """The same seed and actions, but for the steps that only reset: the peer resets at once."""
    config = bench_pong.ours()
    environments, peers = make_environments(config.task, config.options, config.view, n=8), bench_pong.peer(3).env
    np.testing.assert_array_equal(environments.reset(3).observation, peers.reset())
    for t in range(1100):
        step = environments.step(np.full(8, 2 + t % 2))
        shown, reward, ended, _ = peers.step(np.full(8, 2 + t % 2))
        np.testing.assert_array_equal(reward, step.reward)
        np.testing.assert_array_equal(ended, step.ended)
        if ended.any():
            break
        np.testing.assert_array_equal(shown, step.observation)
    else:
        pytest.fail("no game of Pong was lost")
    assert not np.array_equal(shown[ended], step.final[ended])
    np.testing.assert_array_equal(shown[~ended], step.observation[~ended])
    np.testing.assert_array_equal(shown[ended], environments.step(np.full(8, 2)).observation[ended])
