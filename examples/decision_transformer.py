"""Decisions as a sequence: what a run of deep Q-learning tried is read as text, and then any return can be asked for.

A Decision Transformer (Chen et al. 2021) learns the episodes in the run's replay: returns still to come, observations, actions. It
is asked for 50 to 500 on CartPole, and plays by its cache, once by the likeliest action and once by a beam over imagined sequences.
Without `--from RUN`, the saved run of an agent such as dqn, one is made first. Of such a run of 50,000 steps it reached 92, 124,
192, 407 and 498 where it was asked for 50, 100, 200, 350 and 500 (rank correlation .957; .959 with the beam), in 41 s of one core.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from zerodojo import UserError, train_agent
from zerodojo.agents.decision_transformer.config import DecisionTransformerSettings
from zerodojo.agents.decision_transformer.episodes import episodes_of_run
from zerodojo.agents.decision_transformer.learning import Library, Scales, learn, make_network
from zerodojo.agents.decision_transformer.policy import DecisionPolicy
from zerodojo.agents.gym.config import GymConfig, GymRunConfig
from zerodojo.agents.gym.presets import PRESETS
from zerodojo.agents.gym.tasks import environment_of_run
from zerodojo.agents.run_directory import RunDirectory
from zerodojo.cli.example import Example, main
from zerodojo.envs.gym.making import make_environments
from zerodojo.evaluation.episodes import Returns, evaluate

SETTINGS = DecisionTransformerSettings(size=64, layers=2, span=10, dropout=0.0, learning_rate=2e-3)
ASKED = (50, 100, 200, 350, 500)
BEAM = {"beam": 4, "horizon": 3}


def run(example: Example) -> None:
    """A run, its episodes, a network that knows them by heart, and what it reaches of what it is asked for."""
    with TemporaryDirectory() as folder:
        source = example.given["from"]
        directory = RunDirectory.open_any(source) if source else a_short_run(example, Path(folder) / "dqn")
        if not isinstance(directory.config, GymConfig):
            raise UserError(f"{source} learned a game; take the run of an agent in an environment, such as dqn in CartPole-v1")
        config, episodes = directory.config, episodes_of_run(directory)
    returns = [float(episode.reward.sum()) for episode in episodes]
    steps, low, middle = sum(len(episode.action) for episode in episodes), np.percentile(returns, 25), np.median(returns)
    example.say(f"{len(episodes)} episodes of {config.task}, {steps:,} steps; returns {min(returns):,.0f} to {max(returns):,.0f},")
    example.say(f"a quarter of them below {low:,.0f}, half below {middle:,.0f}")
    environments = make_environments(environment_of_run(config), config.options, config.view, n=10, learning=False)
    space = environments.action_space
    settings, scales = replace(SETTINGS, **example.choose({}, {"size": 16, "layers": 1})), Scales.of(episodes)
    network = make_network(scales, space.sizes[0], settings, seed=example.seed)
    library = Library(episodes, scales, actions=space.sizes[0])
    told = learn(network, library, settings, steps=example.choose(600, 10), seed=example.seed)
    example.say(f"Learned: actions to {told['action']:.3f} nats, what follows them to {told['foreseen']:.4f}")

    reached: dict[str, list[Returns]] = {}
    asked = list(ASKED) if config.task == "CartPole-v1" else np.linspace(min(returns), max(returns), len(ASKED)).tolist()
    for name, way in {"likeliest action": {}, "beam of 4, 3 steps": BEAM}.items():
        reached[name] = []
        for total in example.choose(asked, asked[:2]):
            policy = DecisionPolicy(network, scales, space, asked=total, settings=replace(settings, **way))
            reached[name].append(evaluate(policy, environments, example.choose(10, 1), example.seed + 1_000))
    example.say("asked  " + "".join(f"{name:>28}" for name in reached))
    for row, total in enumerate(asked[: len(reached["likeliest action"])]):
        cells = (
            f"{one[row].mean:>12,.0f} ({one[row].interval[0]:,.0f} to {one[row].interval[1]:,.0f})" for one in reached.values()
        )
        example.say(f"{total:>5,.0f}  " + "".join(f"{cell:>28}" for cell in cells))
    for name, one in reached.items():
        told_apart = rank_correlation(asked, one) if not example.quick else 0.0
        example.check(f"Rank correlation of episodes, {name}", told_apart, at_least=0.8, learned=True)
    example.picture(lambda figure: draw(figure, returns, asked, reached), size=(9, 3.6))


def a_short_run(example: Example, path: Path) -> RunDirectory[Any]:
    """Deep Q-learning on CartPole; what it did badly at the beginning is as welcome here as what it did well in the end."""
    config = replace(
        PRESETS["cartpole-dqn"], steps=example.choose(50_000, 1_500), seed=example.seed, run=GymRunConfig(evaluations=0)
    )
    train_agent("CartPole-v1", run=path, config=config, measure=None)
    return RunDirectory.open_any(path)


def rank_correlation(asked: list[float], reached: list[Returns]) -> float:
    """Spearman's, over single episodes: what was asked against what came; equal numbers share their mean rank."""
    wanted = np.concatenate([[total] * len(one.returns) for total, one in zip(asked, reached, strict=True)])
    came = np.concatenate([one.returns for one in reached])
    ranks = [np.searchsorted(np.sort(x), x, "left") + np.searchsorted(np.sort(x), x, "right") for x in (wanted, came)]
    return float(np.corrcoef(np.array(ranks, float))[0, 1])


def draw(figure: Any, returns: list[float], asked: list[float], reached: dict[str, list[Returns]]) -> None:
    """What the run's own episodes came to; what was reached of what was asked for."""
    left, right = figure.subplots(1, 2)
    left.hist(returns, 40)
    left.set(xlabel="return of an episode in the replay", ylabel="episodes", yscale="log")
    right.plot([0, max(asked)], [0, max(asked)], color="0.7", linestyle=":", label="as asked")
    for (name, one), shift in zip(reached.items(), (-1, 1), strict=True):
        means = np.array([returns.mean for returns in one])
        low, high = np.array([returns.interval for returns in one]).T
        places = np.array(asked[: len(one)]) + shift * max(asked) / 150
        right.errorbar(places, means, [means - low, high - means], marker="o", capsize=3, label=name)
    right.set(xlabel="return asked for", ylabel="return reached", ylim=(0, None))
    right.legend(frameon=False)


if __name__ == "__main__":
    flag = {"from": "a saved run whose replay is learned from, such as one of `zerodojo train CartPole-v1 --agent dqn`"}
    main(run, doc=__doc__, name="decision_transformer", more=flag)
