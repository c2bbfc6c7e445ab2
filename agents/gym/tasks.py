"""What can be a task of an agent: an environment's id, or the name of a game, which is an environment against an opponent."""

from __future__ import annotations

from ...envs.registry import GAMES

OURS = "zerodojo/"


def environment_of(task: str) -> str:
    """The id that a task stands for; of a game, its environment. Makes sure that Gymnasium knows those that are ours."""
    if task not in GAMES and not task.startswith(OURS):
        return task
    from ..gymnasium_ids import env_id

    return env_id(task) if task in GAMES else task
