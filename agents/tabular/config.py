"""The settings of the tabular agents, each with its source. Free of torch, so that the front door can show them at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TabularSettings:
    """What all of them have. Pages and chapters are of Sutton and Barto, Reinforcement Learning, 2nd edition."""

    step_size: float = 0.1  # how far a value moves towards its target, at the start; the book's examples: 0.1 to 0.5
    final_step_size: float = 0.1  # at the end of the planned steps, reached in a straight line
    step_size_power: float = 0.0  # divided by visits of the pair to this power; above 0.5 values settle (Even-Dar and Mansour 2003)
    epsilon: float = 1.0  # share of actions drawn evenly, at the start
    final_epsilon: float = 0.1  # from the end of exploration on; the book's examples: 0.1
    exploration: float = 0.5  # share of the planned steps over which epsilon falls, in a straight line
    gamma: float = 0.99  # discount
    initial_value: float = 0.0  # of every pair; above what can be had it makes an agent try everything (section 2.6)


@dataclass(frozen=True)
class QLearningSettings(TabularSettings):
    """Q-learning (Watkins 1989)."""


@dataclass(frozen=True)
class SarsaSettings(TabularSettings):
    """Sarsa (Rummery and Niranjan 1994)."""


@dataclass(frozen=True)
class ExpectedSarsaSettings(TabularSettings):
    """Expected Sarsa (van Seijen et al. 2009)."""


@dataclass(frozen=True)
class NStepSarsaSettings(TabularSettings):
    """n-step Sarsa (chapter 7)."""

    lookahead: int = 4  # rewards that a target counts before it bootstraps: the n; figure 7.2: 4 is among the best


@dataclass(frozen=True)
class DynaQSettings(TabularSettings):
    """Dyna-Q (Sutton 1990; chapter 8)."""

    planning: int = 10  # steps in the model for every step in the environment; figure 8.2: 5 and 50


@dataclass(frozen=True)
class MonteCarloSettings(TabularSettings):
    """Monte Carlo control (chapter 5). As they stand, values are means of returns: a step size of 1, divided by the visits."""

    step_size: float = 1.0
    final_step_size: float = 1.0
    step_size_power: float = 1.0
