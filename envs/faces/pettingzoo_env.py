"""A game as a PettingZoo AEC environment, as PettingZoo's own classic games are. `zerodojo.envs.pettingzoo_env` makes one."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import logger, spaces
from numpy.typing import NDArray
from pettingzoo import AECEnv
from pettingzoo.utils import wrappers

from ...errors import unknown
from ..game import Game, Option
from ..registry import make
from .classics import view_of
from .rendering import FPS, RENDER_MODES, Image, render

Observation = dict[str, NDArray[Any]]


def pettingzoo_env(game: str | Game, *, render_mode: str | None = None, **options: Option) -> AECEnv:
    """A game by name with its options, or one already made, as an AEC environment in the wrappers of PettingZoo's classics.

    An illegal action ends the game and loses it (TerminateIllegalWrapper); a number that is no action is an AssertionError.
    Raises UserError for a game, an option or a render mode ("human", "ansi", "rgb_array") that is not there.
    """
    env = GameAECEnv(make(game, **options) if isinstance(game, str) else game, render_mode=render_mode)
    env = wrappers.TerminateIllegalWrapper(env, illegal_reward=-1)
    env = wrappers.AssertOutOfBoundsWrapper(env)
    return wrappers.OrderEnforcingWrapper(env)


class GameAECEnv(AECEnv):  # type: ignore[misc]  # PettingZoo has no types
    """A game with the agents player_0, player_1 and so on, without the wrappers.

    An observation is {"observation": planes [H, W, C], "action_mask": [A] int8}; planes and actions are those of PettingZoo's
    classics (`classics.View`). The planes are the position as the agent sees it when it is to move, also where it is not; its mask
    is zeros then. Only a game that can show nothing to others than the player to move (`Game.seen_by`) shows them zeros. Nothing is
    random, and a seed changes nothing.
    """

    def __init__(self, game: Game, *, render_mode: str | None = None) -> None:
        super().__init__()
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise unknown("render mode", render_mode, RENDER_MODES)
        spec = game.spec
        self.metadata = {
            "name": f"zerodojo_{spec.name}_v0",
            "is_parallelizable": False,
            "render_modes": list(RENDER_MODES),
            "render_fps": FPS,
        }
        self.game = game
        self.view = view_of(game)
        self.render_mode = render_mode
        self.possible_agents = [f"player_{player}" for player in range(spec.num_players)]
        self.agents: list[str] = []
        self.action_spaces = {agent: spaces.Discrete(spec.num_actions) for agent in self.possible_agents}
        low, high = game.observation_bounds
        self.observation_spaces = {
            agent: spaces.Dict({
                "observation": spaces.Box(low, high, (*spec.board, self.view.num_planes), self.view.dtype),
                "action_mask": spaces.Box(0, 1, (spec.num_actions,), np.int8),
            })
            for agent in self.possible_agents
        }  # fmt: skip

    def observation_space(self, agent: str) -> spaces.Dict:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """A new game."""
        self.position = self.game.start()
        self.agents = self.possible_agents[:]
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self._turn()

    def observe(self, agent: str) -> Observation:
        """What an agent sees, and what it may do."""
        mask = np.zeros(self.game.spec.num_actions, np.int8)
        if agent == self.agent_selection:
            mask[self.view.ids(self.position)] = 1
        planes = self.view.observe(self.position, self.possible_agents.index(agent))
        return {"observation": planes, "action_mask": mask}

    def step(self, action: int | None) -> None:
        """The selected agent plays. Raises IllegalAction."""
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        before = self.position
        self.position = before.after(self.view.action(before, action))
        self._cumulative_rewards[agent] = 0.0
        gained = np.subtract(self.position.returns, before.returns)
        self.rewards = dict(zip(self.agents, gained.tolist(), strict=True))
        self.terminations = dict.fromkeys(self.agents, self.position.terminal)
        self._accumulate_rewards()
        self._turn()

    def _turn(self) -> None:
        """Selects who is to move, and at the end who would be: games need not say."""
        player = self.position.to_play
        if self.position.terminal and self.position.previous is not None:
            player = (self.position.previous.to_play + 1) % len(self.possible_agents)
        self.agent_selection = self.possible_agents[player]
        if self.render_mode == "human":
            render(self.position, "human")

    def render(self) -> str | Image | None:
        """The board as text ("ansi") or as an image [height, width, 3] ("rgb_array"); "human" prints it by itself."""
        if self.render_mode is None:
            logger.warn('there is nothing to render without a render_mode; make the environment with render_mode="ansi"')
            return None
        return None if self.render_mode == "human" else render(self.position, self.render_mode)

    def close(self) -> None:
        """There is nothing to give back."""
