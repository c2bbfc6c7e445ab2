"""The agents and their presets by name, for the front door and `train`. Plain data: nothing heavy is imported."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ..errors import UserError, unknown
from ..models.config import NetworkConfig
from ..search.config import SearchConfig
from .alphazero.config import AlphaZeroConfig, LearnerConfig, ReplayConfig, SelfPlayConfig
from .gym.config import GymConfig

if TYPE_CHECKING:
    from .gym.agent import AgentClass


class AgentEntry(NamedTuple):
    """Where an agent's configuration lives, and one line of what it is; for an agent of environments also its class."""

    path: str  # "module:Config", or "module:Settings" of an agent of environments; the module relative to this package
    summary: str
    agent: str = ""  # "module:Class", an `agents.gym.agent.Agent`; empty for who learns games
    acts: tuple[str, ...] = ()  # on what: "choice" (one), "choices" (several at once), "numbers"
    whole_episodes: bool = False  # whether it learns nothing before an episode has ended

    @property
    def keeps_table(self) -> bool:
        """Whether it needs states that can be counted."""
        return self.agent.startswith(".tabular.")


class Preset(NamedTuple):
    """Settings that were tried, under a name."""

    agent: str  # a name from AGENTS
    config: AlphaZeroConfig
    summary: str


AGENTS: dict[str, AgentEntry] = {
    "alphazero": AgentEntry(".alphazero.config:AlphaZeroConfig", "self-play with tree search and one network (games)"),
    "q_learning": AgentEntry(
        ".tabular.config:QLearningSettings",
        "Q-learning, in a table: the first to try where states can be counted",
        ".tabular.q_learning:QLearning",
        ("choice",),
    ),
    "sarsa": AgentEntry(
        ".tabular.config:SarsaSettings",
        "Sarsa, in a table: values of the policy that explores",
        ".tabular.sarsa:Sarsa",
        ("choice",),
    ),
    "expected_sarsa": AgentEntry(
        ".tabular.config:ExpectedSarsaSettings",
        "Expected Sarsa, in a table: Sarsa with less chance in it",
        ".tabular.expected_sarsa:ExpectedSarsa",
        ("choice",),
    ),
    "n_step_sarsa": AgentEntry(
        ".tabular.config:NStepSarsaSettings",
        "n-step Sarsa, in a table: rewards reach further back",
        ".tabular.n_step_sarsa:NStepSarsa",
        ("choice",),
    ),
    "dyna_q": AgentEntry(
        ".tabular.config:DynaQSettings",
        "Dyna-Q, in a table: plans in what it remembers; few steps, a world without chance",
        ".tabular.dyna_q:DynaQ",
        ("choice",),
    ),
    "monte_carlo": AgentEntry(
        ".tabular.config:MonteCarloSettings",
        "Monte Carlo control, in a table: learns whole episodes",
        ".tabular.monte_carlo:MonteCarlo",
        ("choice",),
        whole_episodes=True,
    ),
    "dqn": AgentEntry(
        ".value.config:DQNSettings",
        "deep Q-learning: double, dueling, prioritised, n-step, noisy and distributional by settings",
        ".value.dqn:DQN",
        ("choice",),
    ),
    "rainbow": AgentEntry(
        ".value.config:RainbowSettings", "deep Q-learning with all of these at once", ".value.dqn:DQN", ("choice",)
    ),
    "r2d2": AgentEntry(
        ".value.config:R2D2Settings",
        "deep Q-learning with a memory: where what is seen now does not tell all",
        ".value.r2d2:R2D2",
        ("choice",),
    ),
    "pqn": AgentEntry(
        ".value.config:PQNSettings",
        "deep Q-learning side by side, without replay and target network",
        ".value.pqn:PQN",
        ("choice",),
    ),
    "reinforce": AgentEntry(
        ".policy_gradient.config:ReinforceSettings",
        "REINFORCE: the plainest policy gradient, by whole episodes",
        ".policy_gradient.reinforce:Reinforce",
        ("choice", "choices", "numbers"),
        whole_episodes=True,
    ),
    "a2c": AgentEntry(
        ".policy_gradient.config:A2CSettings",
        "advantage actor-critic: a few steps, one gradient",
        ".policy_gradient.a2c:A2C",
        ("choice", "choices", "numbers"),
    ),
    "ppo": AgentEntry(
        ".policy_gradient.config:PPOSettings",
        "proximal policy optimisation: the first to try",
        ".policy_gradient.ppo:PPO",
        ("choice", "choices", "numbers"),
    ),
    "vtrace": AgentEntry(
        ".policy_gradient.config:VTraceSettings",
        "the actor-critic of IMPALA: learns from what older weights did",
        ".policy_gradient.vtrace:VTrace",
        ("choice", "choices", "numbers"),
    ),
    "sac": AgentEntry(
        ".policy_gradient.config:SACSettings",
        "soft actor-critic: continuous actions from few steps",
        ".policy_gradient.sac:SAC",
        ("numbers",),
    ),
    "td3": AgentEntry(
        ".policy_gradient.config:TD3Settings",
        "twin delayed deterministic policy gradient: continuous actions from few steps",
        ".policy_gradient.td3:TD3",
        ("numbers",),
    ),
}

ALL_AGENTS, ALL_PRESETS = "`zerodojo list agents` names them", "`zerodojo list presets` names them"

Config = AlphaZeroConfig | GymConfig[Any]


def config_class(agent: str) -> type[Config]:
    """The class of an agent's configurations. Raises UserError for an unknown agent."""
    settings = settings_class(agent)
    return cast(type[Config], GymConfig[settings] if AGENTS[agent].agent else settings)  # type: ignore[valid-type]


def settings_class(agent: str) -> type[Any]:
    """The class of an agent's own settings; for who learns games, the configuration's. Raises UserError for an unknown agent."""
    if agent not in AGENTS:
        raise unknown("agent", agent, AGENTS, elsewhere=ALL_AGENTS)
    return cast(type[Any], _imported(AGENTS[agent].path))


def agent_class(agent: str) -> AgentClass:
    """The class of an agent of environments."""
    return cast("AgentClass", _imported(AGENTS[agent].agent))


def agent_of(config: Config) -> str:
    """The name of the agent that a configuration is of."""
    settings = type(config.settings if isinstance(config, GymConfig) else config)
    return next(agent for agent in AGENTS if settings is settings_class(agent))


def task_of(config: Config) -> str:
    """What a configuration is for: a game, or an environment's id."""
    return config.task if isinstance(config, GymConfig) else config.game


def _imported(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module, __package__), attribute)


DEFAULT = "default"

PRESETS: dict[str, Preset] = {
    DEFAULT: Preset("alphazero", AlphaZeroConfig(), "a residual tower of 64 channels and 5 blocks: any small board"),
    "connect_four": Preset(
        "alphazero",
        AlphaZeroConfig(
            game="connect_four",
            network=NetworkConfig(policy_channels=16, value_channels=16, value_hidden=128),
            search=SearchConfig(simulations=48),
            learner=LearnerConfig(planned_steps=42_000),
        ),
        "planned for an hour on two cores",
    ),
    "tic_tac_toe": Preset(
        "alphazero",
        AlphaZeroConfig(
            game="tic_tac_toe",
            network=NetworkConfig(channels=32, blocks=3, policy_channels=8, value_channels=8, value_hidden=64),
            self_play=SelfPlayConfig(games=64, opening_fraction=0.8, opening_plies=8, play_out=1.0, first_generation=2_000),
            replay=ReplayConfig(window=20_000),
            learner=LearnerConfig(first_publish=40, publish_steps=100),
        ),
        "a small network that plays perfectly within minutes",
    ),
}


def preset_for(task: str, preset: str = "") -> AlphaZeroConfig:
    """The configuration that training on a task starts from: the preset named, or else the task's own, or else the default one.

    Raises UserError for an unknown preset.
    """
    name = preset or (task if task in PRESETS else DEFAULT)
    if name not in PRESETS:
        from .gym.presets import PRESETS as OF_ENVIRONMENTS

        if name in OF_ENVIRONMENTS:
            raise UserError(
                f"preset {name} is of the environment {OF_ENVIRONMENTS[name].task}, and {task} is a game, learned by self-play; "
                f"leave --preset out, or choose {', '.join(PRESETS)}"
            )
        raise unknown("preset", name, PRESETS, elsewhere=ALL_PRESETS)
    return replace(PRESETS[name].config, game=task)
