"""The training loop of agents in environments: collect, make batches, learn, again and again; told as typed reports.

Called by `zerodojo.train_agent`; nothing here prints. How an agent is measured on the way is handed in.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.numpy import save_file

from ...envs.gym.environments import BadEnvironment, Environments, Episode
from ...envs.gym.making import limited, make_environments
from ...errors import UserError
from ..checkpoint import Arrays, Checkpoint
from ..parts.acting import Actor
from ..registry import AGENTS, agent_class, agent_of
from ..run_directory import RunDirectory
from .agent import Agent, AgentState, Metrics, NonFiniteUpdate, Spaces
from .config import GymConfig
from .league import league_of
from .loading import MOMENTS, set_moments, set_reward_moments, split_moments
from .origins import changed_origins
from .policy import Policy
from .replay_store import ReplayStore
from .tasks import environment_of_run, in_league, measured_options

RECENT_EPISODES = 100  # that the displayed return is the mean of
RECENT_SECONDS = 10.0  # that the displayed speed looks back on
REPORT_SECONDS = 0.25  # between two reports
LOG_SECONDS = 2.0  # between two rows of metrics
EVALUATION_SEED = 1_000_003  # of the episodes that measure, apart from those that teach


class Score(Protocol):
    """What was measured of a policy."""

    @property
    def mean(self) -> float:
        """The mean return."""
        ...

    @property
    def sentence(self) -> str:
        """For people."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of the environments it was measured in."""
        ...


Measure = Callable[[Policy, Environments, int, int], Score]  # policy, environments, episodes, seed


@dataclass(frozen=True, kw_only=True)
class GymProgress:
    """Where a run in an environment stands, for displays."""

    phase: str  # what is being done, in words
    seconds: float  # of this call
    seconds_left: float | None  # None without a time limit
    step: int  # in environments, of all together
    steps_left: int  # below 0 where the last round went beyond those planned
    steps_per_second: float
    episodes: int
    recent: tuple[float, float] | None  # mean return and length of the last episodes of training
    updates: int
    metrics: Metrics  # of the last step of learning
    strength: str  # a sentence on the newest measure, empty before the first
    best: float | None  # mean return of the best measure
    disk: int  # bytes
    notices: tuple[str, ...]  # news since the last report


class GymTraining:
    """One call of training on one run."""

    def __init__(
        self,
        run: RunDirectory[GymConfig[Any]],
        *,
        minutes: float | None = None,
        init: tuple[str, Arrays] | None = None,
        measure: Measure | None = None,
        report: Callable[[GymProgress], None] = lambda progress: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """A training that goes on from the run's newest checkpoint, or starts: from nothing, or from weights (whose they are, and
        they). Raises UserError: an unknown environment, an agent that does not fit it, weights that do not fit, a broken run."""
        self._run, self._measure, self._report, self._stopped = run, measure, report, stopped
        self._config = config = run.config
        self._begun = time.monotonic()
        self._deadline = None if minutes is None else self._begun + 60 * minutes
        self._reported = self._logged = self._saved = self._begun
        self._notices: list[str] = []
        self._recent: deque[Episode] = deque(maxlen=RECENT_EPISODES)
        self._speed: deque[tuple[float, int]] = deque()
        self._episodes, self._before = 0, 0.0  # finished, and seconds of earlier calls
        self._measured, self._best, self._sentence = 0, float("-inf"), ""  # after how many steps last, how well at best, in words
        self._metrics: list[Metrics] = []
        self._shown: Metrics = {}
        self._disk = 0
        torch.set_num_threads(config.run.threads)
        self._league = None
        if in_league(config):
            self._environments, self._league = league_of(config, run.path / "league")
        else:
            self._environments = self._make(config.environments, learning=True)
        if words := self._environments.observation_space.left_out:
            self._notices.append(f"what {config.task} says in words ({', '.join(words)}) is left out: agents read numbers")
        spaces = Spaces(self._environments.observation_space, self._environments.action_space, config.environments)
        self._agent: Agent[Any, Any] = agent_class(agent_of(config))(config, spaces)
        self._store = ReplayStore(run.path / "replay")
        generator = np.random.default_rng((config.seed, 1))  # of what is done
        self._actor = Actor(self._environments, self._agent.policy, generator=generator, seed=None)
        self._goes_on = bool(run.steps())
        if self._goes_on:
            self._restore(run.load())
        else:
            run.cut_metrics(-1)
            if init is not None:
                self._start_from(*init)
        self._steps_before = self._agent.steps  # in earlier calls

    @property
    def agent(self) -> Agent[Any, Any]:
        """The agent, for those who look at what was learned."""
        return self._agent

    def run(self) -> GymProgress:
        """Trains until it is time to stop, saves a checkpoint, and returns the last report.

        Raises UserError: a loss, a reward or an observation is not finite, an environment fails, or the disk refuses.
        """
        self._tell("learning")
        try:
            if not self._goes_on:
                self._actor.begin(self._config.seed)
            while not self._is_over():
                self._round()
                self._keep_up()
            is_done = self._agent.steps >= self._config.steps
            if self._config.run.evaluations and is_done and self._measured != self._agent.steps:
                self._evaluate()
            self._tell("saving")
            self._save()
        except NonFiniteUpdate as error:
            raise self._not_finite(error) from error
        except BadEnvironment as error:
            raise self._bad_environment(error) from error
        finally:
            self._environments.close()
        return self._progress("done")

    def _round(self) -> None:
        before = self._agent.steps
        experience = self._agent.collect(self._actor)
        for batch in self._agent.batches(experience):
            self._shown = self._agent.learn(batch)
            self._metrics.append(self._shown)
        if self._league:
            self._league.follow(self._agent.steps, self._weights)
        self._speed.append((time.monotonic(), self._agent.steps - before))

    def _is_over(self) -> bool:
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or self._stopped() or self._agent.steps >= self._config.steps

    def _keep_up(self) -> None:
        """Looks after everything beside learning, when it is time."""
        finished = self._environments.finished()
        self._recent += finished
        self._episodes += len(finished)
        self._notices += self._environments.notices()
        now, run = time.monotonic(), self._config.run
        if run.evaluations and self._is_due(max(1, self._config.steps // run.evaluations)):
            self._evaluate()
        if now - self._logged > LOG_SECONDS:
            self._log({})
        if now - self._saved > run.checkpoint_seconds:
            self._save()
        if now - self._reported > REPORT_SECONDS:
            self._tell("learning")

    def _is_due(self, every: int) -> bool:
        """Whether a multiple of so many steps was passed since the last measure."""
        return self._agent.steps // every > self._measured // every

    # Its steps ---------------------------------------------------------------------------------------------------------------

    def _make(self, n: int, *, learning: bool) -> Environments:
        config, task, options = self._config, environment_of_run(self._config), measured_options(self._config)
        must_end = not learning or AGENTS[agent_of(config)].whole_episodes
        view = limited(task, options, config.view) if must_end else config.view
        if learning and view is not config.view:
            self._notices.append(f"{task} has no limit of steps: episodes are cut short after {view.max_episode_steps:,}")
        gamma = getattr(config.settings, "gamma", 1.0)
        return make_environments(task, options, view, n=n, gamma=gamma, learning=learning)

    def _evaluate(self) -> None:
        """Measures the policy in environments of its own, and keeps it if it is the best so far."""
        config = self._config
        self._measured = self._agent.steps
        if self._measure is None or not config.run.evaluation_episodes:
            return
        self._tell("measuring")
        episodes = config.run.evaluation_episodes
        environments = self._make(min(episodes, 10), learning=False)
        try:
            set_moments(environments, self._moments())
            score = self._measure(self._agent.policy, environments, episodes, config.seed + EVALUATION_SEED)
        finally:
            environments.close()
        self._notices += score.notices
        against = measured_options(config).get("opponent", "")
        self._sentence = score.sentence + (f" against {against}" if against else "")
        self._log({"score": score.mean})
        if score.mean > self._best:
            self._best = score.mean
            self._run.save_best(Checkpoint(step=self._agent.steps, weights=self._weights()))
            self._disk = self._run.disk_used()

    def _moments(self) -> dict[str, Any]:
        return getattr(self._environments, "moments", dict)()

    def _reward_moments(self) -> dict[str, Any]:
        return getattr(self._environments, "reward_moments", dict)()

    def _weights(self) -> Arrays:
        """What plays: the agent's weights, and what its observations are normalised by."""
        return self._agent.weights() | {MOMENTS + name: np.array(value) for name, value in self._moments().items()}

    def _save(self, *, resumable: bool = True) -> None:
        """Writes a checkpoint. Without `resumable` the episodes under way are given up."""
        agent = self._agent
        if not agent.steps:
            return
        if self._metrics:
            self._log({})
        if agent.replay is not None:
            self._store.flush(agent.replay)
        if self._league:
            self._league.flush()
        state = agent.state()
        counters = {
            "episodes": self._episodes,
            "seconds": self._seconds(),
            "measured": self._measured,
            "best": self._best if np.isfinite(self._best) else None,
            "sentence": self._sentence,
            "recent": [list(episode) for episode in self._recent],
            "replay": 0 if agent.replay is None else agent.replay.total,
        }
        self._run.save(
            Checkpoint(
                step=agent.steps,
                weights=self._weights(),
                learner=state.arrays,
                state={
                    "agent": state.values,
                    "actor": self._actor.state() if resumable else None,
                    "rewards": self._reward_moments(),
                    "counters": counters,
                },
            )
        )
        self._disk = self._run.disk_used()
        self._saved = time.monotonic()

    def _start_from(self, owner: str, weights: Arrays) -> None:
        own, moments = split_moments(weights)
        self._agent.load(own, owner=owner)
        set_moments(self._environments, moments)

    def _restore(self, checkpoint: Checkpoint) -> None:
        assert checkpoint.learner is not None
        assert checkpoint.state is not None
        try:
            counters, actor, values = (checkpoint.state[name] for name in ("counters", "actor", "agent"))
            self._episodes, self._before = counters["episodes"], counters["seconds"]
            self._measured, self._sentence = counters["measured"], counters["sentence"]
            self._best = float("-inf") if counters["best"] is None else counters["best"]
            self._recent += [Episode(*episode) for episode in counters["recent"]]
            own, moments = split_moments(checkpoint.weights)
            state = AgentState(arrays=checkpoint.learner, values=values)
            self._agent.load(own, state, owner=f"the weights of {self._run.path}")
            total = counters["replay"]
        except KeyError as error:
            raise UserError(
                f"checkpoint {checkpoint.step} of {self._run.path} lacks {error}; it is of another zerodojo: "
                "start a new run from its weights with --init"
            ) from error
        if another := changed_origins(self._run):
            self._notices.append(another)
        if newer := self._run.newer_settings():
            self._notices.append(newer)
        self._run.cut_metrics(checkpoint.step)
        self._run.cut_best(checkpoint.step)
        if self._agent.replay is not None:
            self._store.restore(self._agent.replay, total)
        if actor is None:
            set_moments(self._environments, moments)
            set_reward_moments(self._environments, checkpoint.state.get("rewards", {}))
            self._actor = Actor(
                self._environments,
                self._agent.policy,
                generator=np.random.default_rng((self._config.seed, 1, checkpoint.step)),
                seed=self._config.seed + checkpoint.step,
            )
            self._notices.append("the episodes under way were given up when the run was saved: new ones begin")
        else:
            self._actor.load(actor)
        self._disk = self._run.disk_used()

    def _not_finite(self, error: NonFiniteUpdate) -> UserError:
        path = self._run.path / f"nonfinite-{self._agent.steps}.safetensors"
        save_file({name: np.ascontiguousarray(array) for name, array in error.arrays.items()}, path)
        rate = "--step-size" if AGENTS[agent_of(self._config)].keeps_table else "--learning-rate"
        return UserError(
            f"the loss is not finite after {self._agent.steps:,} steps of {self._config.task}; the batch is saved in {path}, and "
            f"no checkpoint is touched: lower {rate} and go on with --resume"
        )

    def _bad_environment(self, error: BadEnvironment) -> UserError:
        """Saves what was learned, and what led to this, and says what there is."""
        steps = self._steps_before + self._actor.steps
        self._save(resumable=False)
        kept = "what was learned is saved" if self._agent.steps else "nothing was learned yet"
        if error.arrays:
            path = self._run.path / f"environment-{steps}.safetensors"
            save_file({name: np.ascontiguousarray(array) for name, array in error.arrays.items()}, path)
            kept += f", and what led there is in {path}"
        return UserError(f"after {steps:,} steps of the run {error} and go on with --resume: {kept}")

    # Telling -----------------------------------------------------------------------------------------------------------------

    def _log(self, extra: dict[str, float]) -> None:
        """A row of metrics: the mean of what learning measured since the last row, and the returns of the last episodes."""
        row: dict[str, float | int | str] = {
            "time": time.time(),
            "step": self._agent.steps,
            "env_steps": self._agent.steps,
            "updates": self._agent.updates,
            "episodes": self._episodes,
            "seconds": self._seconds(),
            "steps_per_second": self._rate(),
            "disk": self._disk,
        }
        if self._recent:
            row["return"], row["length"] = np.mean(self._recent, axis=0).tolist()
        if self._metrics:
            row |= {name: float(np.mean([one[name] for one in self._metrics if name in one])) for name in self._metrics[-1]}
        self._metrics = []
        self._logged = time.monotonic()
        self._run.metrics({**row, **extra})

    def _tell(self, phase: str) -> None:
        self._reported = time.monotonic()
        self._report(self._progress(phase))
        self._notices = []

    def _progress(self, phase: str) -> GymProgress:
        now = time.monotonic()
        recent = np.mean(self._recent, axis=0).tolist() if self._recent else None
        return GymProgress(
            phase=phase,
            seconds=now - self._begun,
            seconds_left=None if self._deadline is None else max(0.0, self._deadline - now),
            step=self._agent.steps,
            steps_left=self._config.steps - self._agent.steps,
            steps_per_second=self._rate(),
            episodes=self._episodes,
            recent=None if recent is None else (recent[0], recent[1]),
            updates=self._agent.updates,
            metrics=self._shown,
            strength=self._sentence,
            best=self._best if np.isfinite(self._best) else None,
            disk=self._disk,
            notices=tuple(self._notices),
        )

    def _rate(self) -> float:
        """Steps a second, lately."""
        now = time.monotonic()
        while self._speed and now - self._speed[0][0] > RECENT_SECONDS:
            self._speed.popleft()
        return sum(n for _, n in self._speed) / min(RECENT_SECONDS, max(now - self._begun, 1e-9))

    def _seconds(self) -> float:
        """Of training, this call and all before it."""
        return self._before + time.monotonic() - self._begun
