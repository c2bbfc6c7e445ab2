"""The settings of the agents that learn values, each with its source. Free of torch, for the front door to show them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class HeadSettings:
    """How the value of an action is told."""

    kind: Literal["scalar", "c51", "qr"] = "scalar"  # its mean; probabilities of returns (C51); quantiles of the return (QR-DQN)
    atoms: int = 51  # of C51: returns that have a probability; Bellemare et al. 2017: 51
    low: float = -10.0  # of C51: the least return; Bellemare et al. 2017: -10, for rewards of Atari by their sign
    high: float = 10.0  # of C51: the greatest return; Bellemare et al. 2017: 10
    quantiles: int = 200  # of QR-DQN; Dabney et al. 2018: 200


@dataclass(frozen=True)
class PrioritySettings:
    """Prioritised replay (Schaul et al. 2016)."""

    enabled: bool = False
    exponent: float = 0.6  # how much errors decide (alpha); Schaul et al. 2016, proportional: 0.6, Rainbow: 0.5
    correction: float = 0.4  # how far weights make up for it, at the start (beta); at the end of the planned steps 1


@dataclass(frozen=True)
class DQNSettings:
    """Deep Q-learning (Mnih et al. 2015) and what was added to it."""

    capacity: int = 100_000  # transitions remembered; the paper: 1,000,000
    learning_starts: int = 1_000  # steps before the first learning, acting at random; the paper: 50,000
    train_every: int = 4  # steps of each environment between two rounds of learning; the paper: 4
    gradient_steps: int = 1  # of such a round; -1: as many as steps were taken
    batch: int = 32  # transitions a gradient is taken of; the paper: 32
    learning_rate: float = 1e-4  # of Adam, at the start; rl-zoo's Atari: 1e-4
    decay_learning_rate: bool = False  # in a straight line to 0 at the end of the planned steps
    optimizer_epsilon: float = 1e-8  # of Adam, beside the root; Stable-Baselines3: 1e-8
    gradient_clip: float = 10.0  # norm of the gradient (Wang et al. 2016)
    gamma: float = 0.99  # discount; the paper: 0.99
    target_every: int = 1_000  # steps between two moves of the target network; the paper: 40,000
    target_share: float = 1.0  # of the way to the network that such a move goes: 1 copies, less is Polyak's average
    epsilon: float = 1.0  # share of random actions at the start; the paper: 1
    final_epsilon: float = 0.05  # and after `epsilon_share`; the paper: 0.1
    epsilon_share: float = 0.1  # of the planned steps, over which it falls in a straight line
    n_step: int = 1  # rewards before the value of what follows (Sutton 1988); Rainbow: 3
    double: bool = False  # the network chooses what the target network judges (van Hasselt et al. 2016)
    dueling: bool = False  # the value of a state and the advantages of actions, each by its own head (Wang et al. 2016)
    noisy: bool = False  # heads explore by noise in their weights (Fortunato et al. 2018) instead of random actions
    head_hidden: int = 0  # units of a hidden layer in each head (Wang et al. 2016: 512, behind convolutions alone); 0: none
    head: HeadSettings = HeadSettings()
    priority: PrioritySettings = PrioritySettings()


@dataclass(frozen=True)
class RainbowSettings(DQNSettings):
    """Deep Q-learning with all of it at once (Hessel et al. 2018).

    The paper remembers 1,000,000 transitions and begins to learn after 80,000 frames (20,000 steps); its heads have a hidden layer
    of 512 that is noisy too (`head_hidden`). Priorities are the cross-entropy here, which is its KL divergence and the entropy of
    the target. Returns between `head.low` and `head.high` only can be told: set them for what an environment pays.
    """

    learning_rate: float = 6.25e-5  # the paper: 6.25e-5
    optimizer_epsilon: float = 1.5e-4  # the paper: 1.5e-4
    target_every: int = 8_000  # the paper: 32,000 frames, of which a step is four
    n_step: int = 3  # the paper: 3
    double: bool = True
    dueling: bool = True
    noisy: bool = True
    head: HeadSettings = HeadSettings(kind="c51")
    priority: PrioritySettings = PrioritySettings(enabled=True, exponent=0.5)  # the paper: 0.5, and 0.4 rising to 1


@dataclass(frozen=True)
class PQNSettings:
    """Parallelised Q-network (Gallici et al. 2024); the defaults are CleanRL's for classic control, with Adam for RAdam."""

    rollout: int = 128  # steps of each environment between two rounds of learning; CleanRL: 128, Atari: 32
    minibatch: int = 128  # steps a gradient is taken of; CleanRL: a quarter of the round
    epochs: int = 4  # times that every step is learned from; CleanRL: 4, Atari: 2
    learning_rate: float = 2.5e-4  # of Adam, at the start; CleanRL: 2.5e-4
    decay_learning_rate: bool = True  # in a straight line to 0 at the end of the planned steps
    optimizer_epsilon: float = 1e-5  # of Adam, beside the root
    gradient_clip: float = 10.0  # norm of the gradient; the paper: 10
    gamma: float = 0.99  # discount
    q_lambda: float = 0.65  # weight of longer returns (Peng and Williams 1996); the paper's Atari: 0.65
    epsilon: float = 1.0  # share of random actions at the start
    final_epsilon: float = 0.05  # and after `epsilon_share`
    epsilon_share: float = 0.5  # of the planned steps, over which it falls in a straight line; Atari: 0.1


@dataclass(frozen=True)
class R2D2Settings:
    """Deep Q-learning with a memory, double always (Kapturowski et al. 2019; there the memory is told the last action and reward
    too)."""

    capacity: int = 5_000  # sequences remembered; the paper: 100,000
    learning_starts: int = 1_000  # steps before the first learning, acting at random
    train_every: int = 4  # steps of each environment between two rounds of learning
    gradient_steps: int = 1  # of such a round; -1: as many as steps were taken
    batch: int = 16  # sequences a gradient is taken of; the paper: 64
    burn_in: int = 8  # steps that only bring the memory up to date; the paper: 40, of Atari's long episodes
    length: int = 16  # steps behind them that are learned from; the paper: 80
    period: int = 8  # steps from the beginning of a sequence to that of the next; the paper: 40
    learning_rate: float = 1e-4  # of Adam, at the start; the paper: 1e-4
    decay_learning_rate: bool = False  # in a straight line to 0 at the end of the planned steps
    optimizer_epsilon: float = 1e-3  # of Adam, beside the root; the paper: 1e-3
    gradient_clip: float = 40.0  # norm of the gradient; IMPALA (Espeholt et al. 2018): 40
    gamma: float = 0.997  # discount; the paper: 0.997
    target_every: int = 1_000  # steps between two moves of the target network; the paper: 2,500 updates
    target_share: float = 1.0  # of the way to the network that such a move goes: 1 copies, less is Polyak's average
    epsilon: float = 1.0  # share of random actions at the start
    final_epsilon: float = 0.05  # and after `epsilon_share`
    epsilon_share: float = 0.1  # of the planned steps, over which it falls in a straight line
    n_step: int = 5  # rewards before the value of what follows; the paper: 5
    dueling: bool = True  # as the paper has it (Wang et al. 2016)
    head_hidden: int = 0  # units of a hidden layer in each head; the paper: 512; 0: none
    rescale: bool = False  # values learned on the scale of a root (Pohlen et al. 2018), for rewards that are not clipped
    priority: PrioritySettings = PrioritySettings(enabled=True, exponent=0.9, correction=0.6)  # the paper: 0.9 and 0.6
