"""What holds for every policy gradient: it learns tiny worlds of each kind, goes on from its state number for number, and heeds
neither rows that do not count nor steps that are no numbers."""

import numpy as np
import pytest

from zerodojo.agents.gym.agent import NonFiniteUpdate
from zerodojo.agents.policy_gradient.config import A2CSettings, PPOSettings, ReinforceSettings, VTraceSettings
from zerodojo.agents.policy_gradient.vtrace import Behaviour

from .worlds import Echo, EchoAll, EchoMasked, EchoNumbers, EchoRemembered, EchoRememberedMasked, Line, begin, learn, mean_return

SETTINGS = {
    "reinforce": ReinforceSettings(learning_rate=1e-2, gamma=0.5, normalize_advantages=True, log_std=-1.0),
    "a2c": A2CSettings(rollout=8, learning_rate=1e-2, gamma=0.5, entropy_weight=0.01, optimizer="adam", log_std=-1.0),
    "ppo": PPOSettings(rollout=16, minibatch=64, learning_rate=1e-2, gamma=0.5, log_std=-1.0),
    "vtrace": VTraceSettings(rollout=8, learning_rate=1e-2, gamma=0.5, entropy_weight=0.01, lag=2, log_std=-1.0),
}
KINDS = {
    "choice": (Echo, "none"),
    "choices": (EchoAll, "none"),
    "numbers": (EchoNumbers, "none"),
    "masked": (EchoMasked, "none"),
    "remembered": (EchoRemembered, "gru"),
    "remembered and masked": (EchoRememberedMasked, "lstm"),
}


@pytest.mark.parametrize(
    ("agent", "kind"),
    [("ppo", kind) for kind in KINDS]
    + [
        ("reinforce", "choice"),
        ("reinforce", "numbers"),
        ("a2c", "choices"),
        ("a2c", "remembered"),
        ("vtrace", "masked"),
        ("vtrace", "numbers"),
    ],
)
def test_it_learns(agent, kind):
    world, memory = KINDS[kind]
    made, actor = begin(agent, SETTINGS[agent], world, memory=memory)
    enough = world.best * (0.85 if kind == "numbers" else 0.95)
    before = reached = mean_return(made, world)
    while reached < enough and made.steps < 10_000:
        learn(made, actor, steps=made.steps + 1_000)
        reached = mean_return(made, world)
    assert before < 0.7 * world.best < enough <= reached


def test_who_remembers_nothing_earns_a_third():
    made, actor = begin("ppo", SETTINGS["ppo"], EchoRemembered)
    learn(made, actor, steps=3_000)
    assert mean_return(made, EchoRemembered) < 0.55 * EchoRemembered.best  # the first answer is always the same


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("agent", SETTINGS)
def test_it_goes_on_number_for_number(agent, kind):
    world, memory = KINDS[kind]
    first, actor = begin(agent, SETTINGS[agent], world, memory=memory)
    learn(first, actor, steps=512)
    state, weights, acting = first.state(), first.weights(), actor.state()
    second, other = begin(agent, SETTINGS[agent], world, memory=memory, seed=5)
    other.load(acting)
    second.load(weights, state)
    assert (second.steps, second.updates) == (first.steps, first.updates) and first.updates > 0
    assert learn(first, actor, steps=1024) == learn(second, other, steps=1024)
    for name, array in first.weights().items():
        assert np.array_equal(array, second.weights()[name]), name
        assert not np.array_equal(array, weights[name]) or name in ("value.bias", "value.weight"), name


@pytest.mark.parametrize("agent", SETTINGS)
def test_rows_that_do_not_count_teach_nothing(agent):
    after = []
    for reward, action in ((0.0, 0), (9.0, 1)):
        made, actor = begin(agent, SETTINGS[agent], lambda: Line(4, cut=False), n=2)
        rollout = made.collect(actor)
        rollout = getattr(rollout, "rollout", rollout)
        ended = rollout.ended.copy()
        ended[2] = True  # so that nothing before looks at what comes
        valid = rollout.valid.copy()
        valid[3] = False
        rollout.action[3], rollout.reward[3] = action, reward
        rollout = rollout._replace(ended=ended, valid=valid)
        made.learn(first_batch(agent, made, rollout))
        after.append(made.weights())
    assert all(np.array_equal(array, after[1][name]) for name, array in after[0].items())


def first_batch(agent, made, rollout):
    if agent == "vtrace":
        return Behaviour(rollout, np.full(rollout.reward.shape, -0.7, np.float32))
    if agent == "ppo":
        made._generator = np.random.default_rng(0)
    return next(iter(made.batches(rollout)))


@pytest.mark.parametrize("agent", SETTINGS)
def test_what_is_not_finite_is_refused_and_changes_nothing(agent):
    made, actor = begin(agent, SETTINGS[agent], Echo)
    learn(made, actor, steps=256)
    experience = made.collect(actor)
    getattr(experience, "rollout", experience).reward[:] = np.nan
    batch = experience if agent == "vtrace" else next(iter(made.batches(experience)))
    weights, state, updates = made.weights(), made.state(), made.updates
    with pytest.raises(NonFiniteUpdate) as caught:
        made.learn(batch)
    assert caught.value.arrays
    assert made.updates == updates
    assert all(np.array_equal(array, made.weights()[name]) for name, array in weights.items())
    assert all(np.array_equal(array, made.state().arrays[name]) for name, array in state.arrays.items())


@pytest.mark.parametrize("agent", SETTINGS)
def test_the_learning_rate_falls_with_the_planned_steps(agent):
    settings = type(SETTINGS[agent])(learning_rate=1.0, final_learning_rate=0.5, **({"lag": 0} if agent == "vtrace" else {}))
    made, actor = begin(agent, settings, Echo, steps=1000)
    batch = next(iter(made.batches(made.collect(actor))))
    rates = []
    for steps in (0, 500, 1000, 3000):
        made.steps = steps
        rates.append(made.learn(batch)["learning_rate"])
    assert rates == [1.0, 0.75, 0.5, 0.5]


def test_a_run_is_its_seeds():
    runs = []
    for _ in range(2):
        made, actor = begin("ppo", SETTINGS["ppo"], Echo)
        learn(made, actor, steps=512)
        runs.append(made.weights())
    assert all(np.array_equal(array, runs[1][name]) for name, array in runs[0].items())
