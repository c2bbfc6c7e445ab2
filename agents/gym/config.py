"""Everything a run in an environment is configured by. Free of torch and Gymnasium; each agent's own settings stand in its room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from ...envs.gym.config import ViewConfig
from ...models.config import BodyConfig

S = TypeVar("S")


@dataclass(frozen=True)
class GymRunConfig:
    """Where and how often: nothing here changes what is learned, and all of it may change on resume."""

    device: Literal["cpu", "cuda"] = "cpu"  # that learns; a GPU pays with images and wide networks. Evaluation needs none
    threads: int = 1  # of the learner: more than one slows small networks down
    checkpoint_seconds: float = 60.0  # between checkpoints: what a crash can cost
    keep_every: int = 50_000  # of so many steps, the first checkpoint keeps its weights for good
    evaluations: int = 20  # measures of the policy over the whole budget of steps, evenly, the last at its end; 0: none
    evaluation_episodes: int = 10  # of one such measure, acting as evaluation does


@dataclass(frozen=True)
class LeagueConfig:
    """The league of an agent's own past that games are played against where the environment's opponent is `league`."""

    every: int = 10_000  # of so many steps, the agent as it then is becomes a member; the first member knows nothing
    members: int = 32  # at most: beyond, they are thinned evenly over the past, in memory and on disk
    newest: float = 0.5  # share of games against the newest, the others share the rest; OpenAI Five: 0.8, AlphaStar: 0.35
    measured_against: str = "mcts:50"  # who plays where the agent is measured: a score against a league that grows tells nothing


@dataclass(frozen=True)
class GymConfig(Generic[S]):
    """One run: an agent in an environment."""

    settings: S  # the agent's own
    task: str = "CartPole-v1"  # an id of Gymnasium
    options: dict[str, int | float | str | bool] = field(default_factory=dict)  # that the environment is made with
    imports: tuple[str, ...] = ()  # modules, by their names, that register the environment
    environments: int = 1  # side by side
    seed: int = 0
    steps: int = 100_000  # of all environments together, in all: what schedules are planned for, and where training ends
    view: ViewConfig = ViewConfig()
    body: BodyConfig = BodyConfig()
    league: LeagueConfig = LeagueConfig()
    run: GymRunConfig = GymRunConfig()
