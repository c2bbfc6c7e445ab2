"""Remarks on the course of a game: that a player errs again, or that the lead changes hands, of which one move alone tells nothing.

    python examples/remarks.py [--quick] [--network vhred]

HRED (Sordoni et al. 2015) or VHRED (Serban et al. 2017) reads ten moves of a game as a dialogue: who moved, chances, what was given
away, and its own remarks in turn. `zerodojo play --comment` remarks by HRED; VHRED misses what is asked for (docs/results.md).

It learns from remarks of a grammar (agents/commentary/grammar.py) over searches of Connect Four, Breakthrough and Othello. Graded
on games held back by BLEU against all that may be remarked, by the share that is among it, and by that share where there is
something to tell: most moves call for no more than that the game goes on. Under 5 minutes of one core; in its first thousand steps
nothing is seen to be learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from _commentary import Game, drawn, fit, graded, known_and_held
from torch import Tensor
from torch.nn import functional as F

from zerodojo.agents.commentary.facts import OPEN, TENTHS, Facts
from zerodojo.agents.commentary.grammar import Sentence, is_eventful, remarks
from zerodojo.agents.commentary.remarker import SIZES, STRETCH, Remarker, dialogue, fresh
from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.errors import UserError
from zerodojo.models.sequence.hred import HRED
from zerodojo.models.sequence.tokens import padded
from zerodojo.models.sequence.vhred import VHRED, kl_weight, vhred
from zerodojo.models.weights_file import save_weights

BATCH, RATE, LATENT = 33, 1e-2, 8
WARM_UP = 1 / 8  # of the steps, in which VHRED's KL comes to count in full


def stretches_of(games: Sequence[Game]) -> tuple[list[Game], list[Game]]:
    """Stretches of games in which there is something to tell, and those in which there is nothing."""
    found: tuple[list[Game], list[Game]] = ([], [])
    for game in games:
        for first in range(0, len(game) - STRETCH + 1, STRETCH // 2):
            stretch = game[first : first + STRETCH]
            found[not any(is_eventful(stretch[k], stretch[:k]) for k in range(STRETCH))].append(stretch)
    return found


def invented(generator: np.random.Generator) -> Game:
    """A stretch of no game, in which much is given away: courses that the games at hand do not take may come in others."""
    stretch: Game = []
    chances = int(generator.integers(2, 9))  # of who does not move next
    for _ in range(STRETCH):
        given = int(generator.integers(1, 7)) if generator.random() < 0.3 else 0
        chances = int(np.clip(TENTHS - chances - given + generator.integers(-2, 3), 0, TENTHS))
        stretch.append(Facts(chances=chances, given=given, likely=0, ahead=0, choices=3, proven=OPEN, ended=0))
    return stretch


def learn(network: HRED, games: Sequence[Game], *, steps: int, generator: np.random.Generator) -> None:
    """Learns to remark on every move of a stretch, given what came before; a third of the stretches each are invented, have
    something to tell, and have nothing."""
    eventful, quiet = stretches_of(games)
    noise = torch.Generator().manual_seed(int(generator.integers(2**31)))

    def loss(step: int) -> Tensor:
        rows = []
        for i in range(BATCH):
            among = (None, eventful, quiet)[i % 3]
            game = among[int(generator.integers(len(among)))] if among else invented(generator)
            rows.append(dialogue(game, [drawn(remarks(game[k], game[:k]), generator) for k in range(len(game))]))
        ids, speech = padded([row[0] for row in rows]), padded([row[1] for row in rows]).bool()
        if not isinstance(network, VHRED):
            return F.cross_entropy(network(ids)[speech], ids[speech])
        logits, divergence = network(ids, generator=noise)
        bound = divergence.sum() / speech.sum()
        return F.cross_entropy(logits[speech], ids[speech]) + kl_weight(step, round(steps * WARM_UP)) * bound

    fit(network.parameters(), loss, steps=steps, rate=RATE)


def draw(figure: Any, stretch: Game, said: Sequence[Sentence]) -> None:
    """The chances of who moved first over a stretch, what was given away, and what was remarked."""
    axis = figure.subplots()
    moves = np.arange(1, len(stretch) + 1)
    first = [facts.chances if k % 2 == 0 else 10 - facts.chances for k, facts in enumerate(stretch)]
    axis.plot(moves, np.multiply(first, 10), color=COLOURS[0], marker="o", label="chances of who moved first, percent")
    axis.bar(moves, [10 * facts.given for facts in stretch], color=COLOURS[1], width=0.3, label="given away by the move, percent")
    for move, sentence in zip(moves, said, strict=True):
        names = {"PLAYER": "the first" if move % 2 else "the second"}
        words = " ".join(names.get(word, word) for word in sentence)
        axis.text(move, 104, words.replace(" .", "."), rotation=40, fontsize=7)
    axis.set(xlabel="moves of the stretch", ylim=(0, 102), xticks=moves)
    axis.legend(fontsize=7, loc="lower left")


def run(example: Example) -> None:
    """Plays, learns to remark, and is graded on games held back."""
    name = example.given["network"] or "hred"
    if name not in ("hred", "vhred"):
        raise UserError(f"--network is {name}; choose hred or vhred")
    torch.manual_seed(example.seed)
    network = fresh() if name == "hred" else vhred(**SIZES, latent=LATENT)
    generator = np.random.default_rng(example.seed)
    known, held = known_and_held(example, generator)
    stretches = stretches_of(held)[0][: example.choose(60, 1)]
    places: list[tuple[Facts, Game]] = [(game[k], game[:k]) for game in stretches for k in range(STRETCH)]
    may, eventful = [remarks(*place) for place in places], np.array([is_eventful(*place) for place in places])
    example.say(f"Remarks on {len(places)} moves in their course, {eventful.sum()} of them with something to tell")
    learn(network, known, steps=example.choose(4500, 1), generator=generator)
    said = [one for stretch in stretches for one in Remarker(network).remarks(stretch)]
    score, right = graded(said, may)
    fit_there = np.array([one in may_be for one, may_be in zip(said, may, strict=True)])[eventful]
    example.check("BLEU", score, at_least=90, learned=True)
    example.check("remarks that fit", right, at_least=0.9, learned=True)
    example.check("and where there is something to tell", fit_there.mean(), at_least=0.8, learned=True)
    example.folder.mkdir(parents=True, exist_ok=True)
    save_weights(network, example.folder / f"{name}.safetensors")
    richest = STRETCH * max(range(len(stretches)), key=lambda i: eventful[i * STRETCH : (i + 1) * STRETCH].sum())
    example.picture(
        lambda figure: draw(figure, stretches[richest // STRETCH], said[richest : richest + STRETCH]), name=name, size=(9, 4.6)
    )


if __name__ == "__main__":
    main(run, doc=__doc__, name="remarks", more={"network": "who remarks: hred (without the flag) or vhred"})
