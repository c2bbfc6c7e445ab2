"""The settings of the policy gradients, each with its source. Free of torch, so that the front door can show them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ReinforceSettings:
    """REINFORCE (Williams 1992)."""

    episodes: int = 1  # whole ones, of each environment between two steps of learning; Sutton and Barto 2018, section 13.3: 1
    baseline: bool = True  # learn a value of states, and weigh what was done by how much better it turned out
    learning_rate: float = 1e-3  # of Adam, at the start
    final_learning_rate: float = 1e-3  # at the end of the planned steps, reached in a straight line
    optimizer_epsilon: float = 1e-5  # of Adam, beside the root
    gamma: float = 0.99  # discount
    entropy_weight: float = 0.0  # of the policy's entropy in the loss
    value_weight: float = 0.5  # of the value's squared error
    gradient_clip: float = 0.0  # norm of the gradient; 0 does not limit it
    normalize_advantages: bool = False  # to mean 0 and deviation 1 in every batch of episodes
    shared_body: bool = False  # one body for policy and value; always so with a memory
    log_std: float = 0.0  # logarithm of the deviation of continuous actions, at the start


@dataclass(frozen=True)
class A2CSettings:
    """Advantage actor-critic, synchronous (Mnih et al. 2016). The defaults are those of Stable-Baselines3 but for RMSprop, which is
    the paper's: its epsilon inside the root."""

    rollout: int = 5  # steps of each environment between two steps of learning; the paper: 5
    optimizer: Literal["rmsprop", "adam"] = "rmsprop"  # the paper: RMSprop
    learning_rate: float = 7e-4  # at the start
    final_learning_rate: float = 7e-4  # at the end of the planned steps, reached in a straight line; the paper: 0
    rms_decay: float = 0.99  # of RMSprop's mean of squares; the paper: 0.99
    optimizer_epsilon: float = 1e-5  # RMSprop's inside the root, Adam's beside it
    gamma: float = 0.99  # discount
    gae_lambda: float = 1.0  # of the advantages (Schulman et al. 2016); 1 is the paper's return of as many steps as there are
    entropy_weight: float = 0.0  # of the policy's entropy in the loss; the paper: 0.01
    value_weight: float = 0.5  # of the value's squared error
    gradient_clip: float = 0.5  # norm of the gradient
    normalize_advantages: bool = False  # to mean 0 and deviation 1 in every rollout
    shared_body: bool = False  # one body for policy and value; always so with a memory
    log_std: float = 0.0  # logarithm of the deviation of continuous actions, at the start


@dataclass(frozen=True)
class PPOSettings:
    """Proximal policy optimisation (Schulman et al. 2017)."""

    rollout: int = 128  # steps of each environment between two rounds of learning; the paper's Atari: 128
    minibatch: int = 256  # steps a gradient is taken of; the paper's Atari: 256
    epochs: int = 4  # times that every step is learned from; the paper's Atari: 3, later 4
    learning_rate: float = 2.5e-4  # of Adam, at the start
    final_learning_rate: float = 0.0  # at the end of the planned steps, reached in a straight line
    optimizer_epsilon: float = 1e-5  # of Adam, beside the root; Stable-Baselines3: 1e-5
    gamma: float = 0.99  # discount
    gae_lambda: float = 0.95  # of the advantages (Schulman et al. 2016)
    clip: float = 0.2  # how far the probability of an action may move from where it was, as a ratio
    final_clip: float = 0.2  # at the end of the planned steps
    value_clip: float = 0.0  # how far a value may move from what it was; 0 does not limit it
    entropy_weight: float = 0.0  # of the policy's entropy in the loss; Atari: 0.01
    value_weight: float = 0.5  # of the value's squared error
    gradient_clip: float = 0.5  # norm of the gradient
    normalize_advantages: bool = True  # to mean 0 and deviation 1 in every minibatch
    target_kl: float = 0.0  # the epochs of a round end where the policy has moved so far (nats); 0 does not look
    shared_body: bool = False  # one body for policy and value; always so with a memory
    log_std: float = 0.0  # logarithm of the deviation of continuous actions, at the start; with sde that of the noise matrix
    sde: bool = False  # explore by noise that depends on the state (Raffin et al. 2021); for continuous actions
    sde_frequency: int = 4  # steps that one noise matrix serves for; 0 keeps it for a rollout. Raffin et al.: 4 or 8


@dataclass(frozen=True)
class VTraceSettings:
    """The actor-critic of IMPALA (Espeholt et al. 2018)."""

    rollout: int = 20  # steps of each environment in one batch; the paper: 20
    lag: int = 1  # rollouts that wait to be learned from, so that who acted is as many updates behind; 0 is on-policy
    rho: float = 1.0  # where the ratio of probabilities is cut for the values that are learned; the paper: 1
    c: float = 1.0  # where it is cut for how far corrections travel; the paper: 1
    trace_lambda: float = 1.0  # of the corrections' travel; the paper: 1, with less for on-policy learning (remark 2)
    learning_rate: float = 7e-4  # of Adam, at the start
    final_learning_rate: float = 0.0  # at the end of the planned steps, reached in a straight line; the paper: 0
    optimizer_epsilon: float = 1e-5  # of Adam, beside the root
    gamma: float = 0.99  # discount
    entropy_weight: float = 0.0  # of the policy's entropy in the loss; the paper: 0.00025 to 0.01
    value_weight: float = 0.25  # of the value's squared error; the paper: 0.5 of its half
    gradient_clip: float = 0.5  # norm of the gradient; the paper: 40, of losses summed over the batch
    shared_body: bool = False  # one body for policy and value; always so with a memory
    log_std: float = 0.0  # logarithm of the deviation of continuous actions, at the start


@dataclass(frozen=True)
class SACSettings:
    """Soft actor-critic with a temperature that is learned (Haarnoja et al. 2018b, table 1)."""

    capacity: int = 1_000_000  # transitions remembered
    learning_starts: int = 100  # steps at random before; Stable-Baselines3: 100, rl-zoo in MuJoCo: 10,000
    rollout: int = 1  # steps of each environment between two rounds of learning
    gradient_steps: int = 0  # of one round of learning; 0 takes as many as there were steps
    batch: int = 256  # transitions a gradient is taken of
    learning_rate: float = 3e-4  # of Adam, at the start
    final_learning_rate: float = 3e-4  # at the end of the planned steps, reached in a straight line
    optimizer_epsilon: float = 1e-8  # of Adam, beside the root; Stable-Baselines3: 1e-8
    gamma: float = 0.99  # discount
    tau: float = 0.005  # share of the way that the targets go to the critics after each step
    temperature: float = 1.0  # weight of the entropy beside the rewards, at the start; Stable-Baselines3: 1
    learn_temperature: bool = True  # so that the entropy becomes what it should be
    target_entropy: float = -1.0  # what it should be, in nats a number of the action


@dataclass(frozen=True)
class TD3Settings:
    """TD3 (Fujimoto et al. 2018, supplementary C)."""

    capacity: int = 1_000_000  # transitions remembered
    learning_starts: int = 10_000  # steps at random before; the paper: 10,000 or 1,000
    rollout: int = 1  # steps of each environment between two rounds of learning
    gradient_steps: int = 0  # of one round of learning; 0 takes as many as there were steps
    batch: int = 256  # transitions a gradient is taken of; the paper: 100, the authors' code: 256
    learning_rate: float = 1e-3  # of Adam, at the start
    final_learning_rate: float = 1e-3  # at the end of the planned steps, reached in a straight line
    optimizer_epsilon: float = 1e-8  # of Adam, beside the root; Stable-Baselines3: 1e-8
    gamma: float = 0.99  # discount
    tau: float = 0.005  # share of the way that the targets go when they move
    exploration_noise: float = 0.1  # deviation of the noise on actions, half their range being 1
    target_noise: float = 0.2  # of the noise on the targets' actions
    target_noise_clip: float = 0.5  # and its bounds
    policy_delay: int = 2  # steps of the critics to one of the actor and the targets
