"""Games to comment on, how a speaker learns, and how it is graded. Shared by commentary.py and remarks.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zerodojo.agents import player
from zerodojo.agents.commentary.facts import Facts, facts_of
from zerodojo.agents.commentary.grammar import Sentence
from zerodojo.cli.example import Example
from zerodojo.envs import make
from zerodojo.evaluation.match import openings
from zerodojo.evaluation.metrics.text import bleu

GAMES = ("connect_four", "breakthrough", "othello")
Game = list[Facts]


def collect(name: str, count: int, seed: int) -> list[Game]:
    """The facts of every move of games in which a search plays, but one move in four is any legal one."""
    game, generator = make(name), np.random.default_rng(seed)
    judge = player("mcts:200", game, seed=seed)
    positions = list(islice(cycle(openings(game, count, seed=seed)), count))
    newest: list[Any] = [None] * count  # what was thought before the last move, the move, and how many there were
    facts: list[Game] = [[] for _ in positions]
    going = list(range(count))
    while going:
        decisions = judge.decide_many([positions[i] for i in going])
        for i, decision in zip(going, decisions, strict=True):
            if newest[i]:
                thought, action, choices = newest[i]
                facts[i].append(facts_of(thought, action, choices=choices, after=-decision.value, ended=False))
            legal, mover, action = positions[i].legal_actions(), positions[i].to_play, decision.action
            if generator.random() < 0.25:
                action = int(generator.choice(legal))
            newest[i] = decision, action, len(legal)
            positions[i] = positions[i].after(action)
            if positions[i].terminal:
                returned = positions[i].returns[mover]
                facts[i].append(facts_of(decision, action, choices=len(legal), after=returned, ended=True))
        going = [i for i in going if not positions[i].terminal]
    return facts


def known_and_held(example: Example, generator: np.random.Generator) -> tuple[list[Game], list[Game]]:
    """Games to learn from, and a fifth that is held back."""
    games = [game for name in GAMES for game in collect(name, example.choose(150, 3), example.seed)]
    order = generator.permutation(len(games))
    held, known = ([games[i] for i in part] for part in np.split(order, [len(games) // 5]))
    moves, unseen = (sum(map(len, part)) for part in (known, held))
    example.say(f"{moves:,} moves of {len(known)} games to learn from, {unseen:,} of {len(held)} held back")
    return known, held


def drawn(choices: Sequence[Sentence], generator: np.random.Generator) -> Sentence:
    """One of the sentences."""
    return choices[int(generator.integers(len(choices)))]


def fit(parameters: Any, loss: Callable[[int], Tensor], *, steps: int, rate: float) -> None:
    """Steps down a loss, the rate falling to nothing."""
    optimizer = torch.optim.Adam(parameters, lr=rate)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        loss(step).backward()  # type: ignore[no-untyped-call]  # untyped in PyTorch
        torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
        optimizer.step()


def graded(said: Sequence[Sentence], may: Sequence[list[Sentence]]) -> tuple[float, float]:
    """BLEU against all that may be said, and the share of sentences that are among it."""
    return bleu(said, may), sum(one in all_of_it for one, all_of_it in zip(said, may, strict=True)) / len(said)
