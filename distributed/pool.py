"""Self-play on Ray: the pool of `agents.alphazero.pool` with one actor a worker, on this machine or on a cluster.

The driver owns the learner, the replay and the checkpoints; actors hold nothing that cannot be lost. Weights are pulled: an actor
asks the weight store, between moves, for a version newer than its own, and fetches that one object. Work in flight is bounded to
two calls an actor: one that plays and one that waits, so that it never idles while the driver learns.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Any

from ..agents.alphazero.config import AlphaZeroConfig
from ..agents.alphazero.pool import CALL_SECONDS, chunk
from ..agents.alphazero.worker import Played, SelfPlayWorker, Version
from ..errors import UserError
from .ray_runtime import ray_runtime
from .weight_store import WeightStore

IN_FLIGHT = 2  # calls an actor
WAIT_SECONDS = 1.0
STOP_SECONDS = 0.5  # between two looks, while actors start, at whether the user wants to leave
START_SECONDS = 180.0  # that an actor may take to answer: it imports torch, and on a cluster waits for a free core
MOST_DEATHS = 5  # of a worker in a row without a single game: then something is wrong with the games or the machine


class SelfPlayActor:
    """A SelfPlayWorker in a process of its own."""

    def __init__(self, config: AlphaZeroConfig, weights: Any) -> None:
        import torch

        torch.set_num_threads(config.self_play.threads)
        self._worker = SelfPlayWorker(config)
        self._weights = weights

    def hello(self) -> tuple[int, str]:
        """(process id, version of zerodojo)."""
        return os.getpid(), installed("zerodojo")

    def play(self, numbers: Sequence[int], finish: int, seconds: float, newest: list[Any]) -> Played:
        """As SelfPlayWorker.play, after taking the version whose reference is in `newest`, if there is one."""
        import ray

        if newest:
            version: Version = ray.get(newest[0])
            self._worker.refresh(lambda step: version if version.step > step else None)
            del version  # it would keep the object in the store
        return self._worker.play(numbers, finish=finish, newer=self._newer, seconds=seconds)

    def _newer(self, step: int) -> Version | None:
        import ray

        try:
            holder = ray.get(self._weights.newer.remote(step))
            version: Version | None = ray.get(holder[0]) if holder else None
        except ray.exceptions.RayActorError:  # the store died: its successor knows the next version
            return None
        return version


@dataclass
class _Worker:
    """An actor and what it has been asked to do."""

    index: int
    actor: Any
    pid: int
    missing: int  # games to begin with its next call: as many as ended
    under_way: int = 0  # positions in its other games, when it told last
    deaths: int = 0  # of its predecessors, since one of them brought games
    begun: bool = False  # whether it has been called


class RayPool:
    """A Pool of actors. A dead one is replaced and named; the games it had under way are lost, or in step played again.

    Once `stopped` says True it starts no further ones: a pool that nobody will ask for games may be short of workers.
    """

    def __init__(
        self,
        config: AlphaZeroConfig,
        numbers: Iterator[int],
        *,
        workers: int,
        cores: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._config, self._numbers = config, numbers
        self._notices: list[str] = []
        self._calls: dict[Any, _Worker] = {}  # what is in flight, by its reference
        self._newest: list[Any] = []  # the newest version's reference: held, so that it stays
        self._stack = ExitStack()
        self._ray = self._stack.enter_context(ray_runtime(config.run.address, cores=cores))
        try:
            self._weights = self._ray.remote(WeightStore).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
            actors = [self._actor() for _ in range(workers)]
            hellos = [actor.hello.remote() for actor in actors]
            end = time.monotonic() + START_SECONDS
            while not stopped() and time.monotonic() < end and self._waiting(hellos):
                pass
            asked = [] if stopped() else list(zip(actors, hellos, strict=True))
            self._workers = [self._greeted(i, actor, hello, seconds=0) for i, (actor, hello) in enumerate(asked)]
        except BaseException:
            self.close()
            raise

    def poll(self, *, wait: bool) -> list[Played]:
        for worker in self._workers:
            while sum(other is worker for other in self._calls.values()) < IN_FLIGHT:
                fresh, worker.missing = worker.missing, 0
                newest = [] if worker.begun else self._newest
                worker.begun = True
                self._call(worker, [next(self._numbers) for _ in range(fresh)], chunk(self._config), CALL_SECONDS, newest)
        ready, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=WAIT_SECONDS if wait else 0)
        if ready:
            ready, _ = self._ray.wait(list(self._calls), num_returns=len(self._calls), timeout=0)
        return [played for reference in ready if (played := self._result(reference)) is not None]

    def play(self, numbers: Sequence[int]) -> list[Played]:
        shares = {worker.index: list(numbers[worker.index :: len(self._workers)]) for worker in self._workers}
        played: list[Played] = []
        for worker in self._workers:
            self._call_share(worker, shares)
        while self._calls:
            ready, _ = self._ray.wait(list(self._calls), num_returns=1)
            worker = self._calls[ready[0]]
            if (result := self._result(ready[0])) is not None:
                played.append(result)
                del shares[worker.index]
            else:
                self._call_share(self._workers[worker.index], shares)
        return played

    def under_way(self) -> int:
        return sum(worker.under_way for worker in self._workers)

    def publish(self, version: Version) -> None:
        self._newest = [self._ray.put(version)]
        self._ray.get(self._weights.publish.remote(version.step, self._newest))

    def notices(self) -> list[str]:
        notices, self._notices = self._notices, []
        return notices

    def close(self) -> None:
        """Ends the actors, and Ray if it was started here."""
        for worker in getattr(self, "_workers", []):
            self._ray.kill(worker.actor)
        self._stack.close()

    def _call_share(self, worker: _Worker, shares: dict[int, list[int]]) -> None:
        if share := shares.get(worker.index):
            self._call(worker, share, len(share), math.inf, self._newest)

    def _call(self, worker: _Worker, numbers: list[int], finish: int, seconds: float, newest: list[Any]) -> None:
        self._calls[worker.actor.play.remote(numbers, finish, seconds, newest)] = worker

    def _result(self, reference: Any) -> Played | None:
        """What a call brought; None if its worker died, which is then replaced. Raises UserError where the worker did."""
        worker = self._calls.pop(reference, None)
        if worker is None:  # in flight with a call whose worker died
            return None
        try:
            played: Played = self._ray.get(reference)
            worker.under_way = played.under_way
            worker.missing += len(played.records)
            if len(played.records):
                worker.deaths = 0
            return played
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise error.cause from None
            raise
        except self._ray.exceptions.RayError as error:  # the process died, its node, or what it had made
            self._replace(worker, error)
            return None

    def _replace(self, worker: _Worker, error: Exception) -> None:
        self._calls = {reference: other for reference, other in self._calls.items() if other is not worker}
        self._ray.kill(worker.actor)  # whatever is left of it
        if worker.deaths + 1 == MOST_DEATHS:
            raise UserError(
                f"self-play worker {worker.index} died {MOST_DEATHS} times in a row ({_first_line(error)}); see --workers 0"
            )
        actor = self._actor()
        self._workers[worker.index] = fresh = self._greeted(worker.index, actor, actor.hello.remote())
        fresh.deaths = worker.deaths + 1
        self._notices.append(f"self-play worker {worker.index} (process {worker.pid}) died; process {fresh.pid} takes its place")

    def _actor(self) -> Any:
        options = {"num_cpus": self._config.self_play.threads, "max_restarts": 0, "max_task_retries": 0}
        return self._ray.remote(SelfPlayActor).options(**options).remote(self._config, self._weights)

    def _waiting(self, hellos: list[Any]) -> bool:
        """Whether some actor has not answered yet; waits a moment for all."""
        return bool(self._ray.wait(hellos, num_returns=len(hellos), timeout=STOP_SECONDS)[1])

    def _greeted(self, index: int, actor: Any, hello: Any, *, seconds: float = START_SECONDS) -> _Worker:
        """An actor that answers `hello` and runs the same zerodojo. Raises UserError if it does not."""
        try:
            pid, version = self._ray.get(hello, timeout=seconds)
        except self._ray.exceptions.GetTimeoutError as error:
            raise UserError(
                f"self-play worker {index} has not started for {START_SECONDS:.0f} seconds: the cluster may have no free core; "
                "ask for fewer --workers"
            ) from error
        except self._ray.exceptions.RayError as error:
            raise UserError(f"self-play worker {index} does not start: {_first_line(error)}") from error
        if version != installed("zerodojo"):
            raise UserError(
                f"a node of the cluster has zerodojo {version}, this one {installed('zerodojo')}; install the same on all"
            )
        waiting = (IN_FLIGHT - 1) * chunk(self._config)  # beside a full worker, for the calls that follow at once
        return _Worker(index, actor, pid, missing=self._config.self_play.games + waiting)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
