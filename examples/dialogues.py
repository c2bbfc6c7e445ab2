"""Small dialogues: HRED always answers alike, VHRED draws what it means first, and answers the same question in several ways.

    python examples/dialogues.py

Serban et al. 2016, 2017. Lest the latent variable mean nothing, its KL term counts more and more, some words are not shown to the
decoder (Bowman et al. 2016), and a part of the KL is free (Kingma et al. 2016, appendix C8), without which the other two do not
help here. The dialogues are made by a grammar; of its 576, a fifth are held back.
"""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models import create
from zerodojo.models.sequence.decoding import greedy
from zerodojo.models.sequence.hred import HRED
from zerodojo.models.sequence.tokens import END, PAD, SPECIAL, padded, token_loss
from zerodojo.models.sequence.vhred import VHRED, kl_weight

BATCH, RATE, DROP, DRAWS, LONGEST = 32, 1e-2, 0.5, 30, 12
FREE = 3.0  # nats an utterance: a little more than its choices by the grammar have, 2 on average
NAMES = ["ana", "ben", "cleo", "dan", "eva", "finn", "gita", "hugo", "ines", "jan", "kira", "luis"]
GAMES = {"chess": "king", "go": "stone", "othello": "disc", "poker": "card", "bridge": "trick", "darts": "arrow"}
GAMES |= {"ludo": "die", "mancala": "seed", "dominoes": "tile", "tennis": "ball", "draughts": "piece", "mastermind": "peg"}
SHAPES = {"embedding": 24, "units": 48, "context": 48}

Utterances = list[str]


def answers(game: str) -> Utterances:
    """What may be said to the question what to play, if it is this game."""
    return [f"let us play {game} , i like every {GAMES[game]}", f"i would play {game} if you bring a {GAMES[game]}"]


def dialogue(name: str, game: str, which: int, glad: int) -> Utterances:
    """Three utterances; the last has the name of the first and the game of the second."""
    last = (f"good , {name} , i have the first {GAMES[game]}", f"no , {name} , i never won at {game}")[glad]
    return [f"i am {name} , what shall we play", answers(game)[which], last]


ALL = [dialogue(*chosen) for chosen in product(NAMES, GAMES, (0, 1), (0, 1))]
WORDS = sorted({word for utterances in ALL for part in utterances for word in part.split()})


def encoded(dialogues: list[Utterances]) -> Tensor:
    """Dialogues as tokens, END behind each utterance: [N, T]."""
    return padded([[t for part in one for t in (*(SPECIAL + WORDS.index(w) for w in part.split()), END)] for one in dialogues])


def learned(network: HRED, tokens: Tensor, steps: int, generator: torch.Generator) -> list[tuple[float, float]]:
    """Takes so many steps; tells after each the cross-entropy of a word, and the KL of an utterance, in nats."""
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=steps)
    told = []
    for step in range(steps):
        batch = tokens[torch.randint(len(tokens), (BATCH,), generator=generator)]
        if isinstance(network, VHRED):
            logits, divergence = network(batch, drop=DROP, generator=generator)
            error = token_loss(logits, batch)
            utterances = (batch == END).sum()
            kl = divergence.sum() / utterances
            loss = error + kl_weight(step, steps * 3 // 4) * kl.clamp(min=FREE) * utterances / (batch != PAD).sum()
        else:
            loss = error = token_loss(network(batch), batch)
            kl = torch.zeros(())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        told.append((float(error.detach()), float(kl.detach())))
    return told


@torch.no_grad()
def measured(network: HRED, tokens: Tensor, generator: torch.Generator) -> tuple[float, float]:
    """(perplexity of a word, KL of an utterance in nats). VHRED's perplexity is a bound: it is no more than that."""
    if not isinstance(network, VHRED):
        return float(token_loss(network(tokens), tokens).exp()), 0.0
    logits, divergence = network(tokens, generator=generator)
    total = F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), ignore_index=PAD, reduction="sum") + divergence.sum()
    return float((total / (tokens != PAD).sum()).exp()), float(divergence.sum() / (tokens == END).sum())


@torch.no_grad()
def answered(network: HRED, context: Utterances, generator: torch.Generator) -> list[str]:
    """The likeliest answer to each of many draws of the latent variable; of HRED, which has none, to the same context."""
    tokens = encoded([context]).expand(DRAWS, -1)
    state = network.start(tokens, generator=generator) if isinstance(network, VHRED) else network.start(tokens)
    said, _ = greedy(network.step, state, torch.full((DRAWS,), END), steps=LONGEST)
    return [" ".join(WORDS[token - SPECIAL] for token in row if token >= SPECIAL) for row in said.tolist()]


def run(example: Example) -> None:
    """Learns both, tells perplexity and KL on held-back dialogues, and asks both the same question many times."""
    torch.manual_seed(example.seed)
    generator = torch.Generator().manual_seed(example.seed)
    order = torch.randperm(len(ALL), generator=generator).tolist()
    held_back, known = (encoded([ALL[i] for i in part]) for part in (order[: len(ALL) // 5], order[len(ALL) // 5 :]))
    steps = example.choose(1600, 12)
    context = dialogue("ana", "chess", 0, 0)[:1]
    right = {answer for game in GAMES for answer in answers(game)}
    said, curve = {}, []
    for name in ("hred", "vhred"):
        options: dict[str, Any] = SHAPES | ({"latent": 8} if name == "vhred" else {})
        network = cast(HRED, create(name, vocabulary=SPECIAL + len(WORDS), **options))
        curve = learned(network, known, steps, generator)
        found, kl = measured(network, held_back, generator)
        said[name] = answered(network, context, generator)
        example.check(f"perplexity, {name}", found, at_most=2.0, learned=True)
        if name == "vhred":
            example.check("KL of an utterance, vhred", kl, at_least=0.5, unit=" nats", learned=True)
        several = 2 if name == "vhred" else None
        example.check(f"different answers to {DRAWS} draws, {name}", len(set(said[name])), at_least=several, learned=True)
        sound = float(np.mean([answer in right for answer in said[name]]))
        example.check(f"answers that the grammar has, {name}", sound, at_least=0.8, learned=True)
    example.say(f"  {' / '.join(context)} ?")
    for answer in sorted(set(said["vhred"]), key=said["vhred"].count, reverse=True)[:4]:
        example.say(f"    {said['vhred'].count(answer)} times: {answer}")
    example.picture(lambda figure: draw(figure, curve, said["vhred"]))


def draw(figure: Any, curve: list[tuple[float, float]], said: list[str]) -> None:
    """Error and KL as VHRED learned, and which games it answered with."""
    learning, games = figure.subplots(1, 2)
    error, kl = zip(*curve, strict=True)
    learning.semilogy(error, color=COLOURS[0], label="cross-entropy of a word", linewidth=1)
    learning.semilogy(kl, color=COLOURS[1], label="KL of an utterance", linewidth=1)
    learning.axhline(FREE, color="#555555", linewidth=0.8, linestyle=":", label="as much KL is free")
    learning.set(xlabel="steps", ylabel="nats", title="VHRED learns")
    learning.legend(fontsize=8)
    names = list(GAMES)
    games.barh(names, [sum(game in answer.split() for answer in said) for game in names], color=COLOURS[2])
    games.set(xlabel=f"of {len(said)} answers to the same question", title="What shall we play?")


if __name__ == "__main__":
    main(run, doc=__doc__, name="dialogues")
