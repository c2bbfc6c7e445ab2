"""Commentary: sentences about the moves of a game, from what a search thought of them.

    python examples/commentary.py [--quick]

An attention seq2seq (Bahdanau et al. 2015) turns the facts of one move into a sentence; `zerodojo play --comment` speaks by it.
HRED (Sordoni et al. 2015) and VHRED (Serban et al. 2017) read the game so far, facts and sentences in turn, and so can also say
that a player errs again or that the lead changes hands, of which the facts of one move tell nothing. They learn from sentences of
a grammar (agents/commentary/grammar.py) over searches of Connect Four, Breakthrough and Othello. What they say of games held back
is graded by BLEU against all that the grammar may say of a move, and by the share of sentences that are among it.

Reached with seed 0: PLACEHOLDER
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zerodojo.agents import player
from zerodojo.agents.commentary.commentator import FACTS, LONGEST, Commentator, fact_ids, fresh, word_ids, words
from zerodojo.agents.commentary.facts import LARGEST, OPEN, Facts, facts_of
from zerodojo.agents.commentary.grammar import WORDS, Sentence, sentences
from zerodojo.cli.example import Example, main
from zerodojo.envs import make
from zerodojo.evaluation.match import openings
from zerodojo.evaluation.metrics.text import bleu
from zerodojo.models.sequence.decoding import greedy
from zerodojo.models.sequence.hred import HRED, hred
from zerodojo.models.sequence.seq2seq import Seq2Seq
from zerodojo.models.sequence.tokens import END, PAD, SPECIAL, START, token_loss
from zerodojo.models.sequence.vhred import VHRED, kl_weight, vhred
from zerodojo.models.weights_file import save_weights

GAMES = ("connect_four", "breakthrough", "othello")
STRETCH = 8  # moves of a game that HRED reads at once
SHIFT = len(FACTS)  # in a dialogue the ids of words stand behind those of facts
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


def invented(generator: np.random.Generator) -> Facts:
    """Any facts that can be together: searches of other games, with networks, may find what these do not."""
    facts = Facts(*(int(generator.integers(largest + 1)) for largest in LARGEST))
    return facts._replace(proven=int(generator.integers(OPEN))) if facts.ended else facts


def drawn(choices: Sequence[Sentence], generator: np.random.Generator) -> Sentence:
    """One of the sentences."""
    return choices[int(generator.integers(len(choices)))]


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of ids, filled up -> [N, T]."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


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


def speaker(moves: Sequence[Facts], *, steps: int, generator: np.random.Generator) -> Seq2Seq:
    """Learns to say something of one move; half of what it sees is invented."""
    network = fresh()

    def loss(step: int) -> Tensor:
        chosen = [moves[i] for i in generator.integers(len(moves), size=32)] + [invented(generator) for _ in range(32)]
        target = padded([[START, *word_ids(drawn(sentences(facts), generator))] for facts in chosen])
        return token_loss(network(torch.tensor([fact_ids(facts) for facts in chosen]), target[:, :-1]), target[:, 1:])

    fit(network.parameters(), loss, steps=steps, rate=1e-2)
    return network


def dialogue(game: Game, said: Sequence[Sentence]) -> tuple[list[int], list[bool]]:
    """Facts and sentences in turn as one row of ids, and which of them are to be learned to say."""
    ids: list[int] = []
    speech: list[bool] = []
    for facts, sentence in zip(game, said, strict=False):
        heard = [*fact_ids(facts), END]
        spoken = [i if i == END else i + SHIFT for i in word_ids(sentence)]
        ids += heard + spoken
        speech += [False] * len(heard) + [True] * len(spoken)
    return ids, speech


def reader(network: HRED, games: Sequence[Game], *, steps: int, generator: np.random.Generator) -> None:
    """Learns to say something of every move of a stretch of a game, given what came before."""
    noise = torch.Generator().manual_seed(int(generator.integers(2**31)))

    def loss(step: int) -> Tensor:
        rows = []
        for i in generator.integers(len(games), size=16):
            first = int(generator.integers(max(1, len(games[i]) - STRETCH + 1)))
            game = games[i][first : first + STRETCH]
            rows.append(dialogue(game, [drawn(sentences(game[k], game[:k]), generator) for k in range(len(game))]))
        ids, speech = padded([row[0] for row in rows]), padded([row[1] for row in rows]).bool()
        if isinstance(network, VHRED):
            logits, divergence = network(ids, generator=noise)
            bound = kl_weight(step, steps // 2) * divergence.sum() / speech.sum()
        else:
            logits, bound = network(ids), torch.zeros(())
        return F.cross_entropy(logits[speech], ids[speech]) + bound

    fit(network.parameters(), loss, steps=steps, rate=5e-3)


@torch.no_grad()
def told(network: HRED, stretches: Sequence[Game]) -> list[list[Sentence]]:
    """What it says of every move of stretches of one length, each from what it said before."""
    said: list[list[Sentence]] = [[] for _ in stretches]
    for k in range(len(stretches[0])):
        rows = [dialogue(game, own)[0] + [*fact_ids(game[k]), END] for game, own in zip(stretches, said, strict=True)]
        for row, own in zip(rows, said, strict=True):
            ids, _ = greedy(network.step, network.start(torch.tensor([row])), torch.full((1,), END), steps=LONGEST)
            own.append(words([i - SHIFT if i >= SPECIAL + SHIFT else i for i in ids[0].tolist()]))
    return said


def graded(said: Sequence[Sentence], may: Sequence[list[Sentence]]) -> tuple[float, float]:
    """BLEU against all that may be said, and the share of sentences that are among it."""
    return bleu(said, may), sum(one in all_of_it for one, all_of_it in zip(said, may, strict=True)) / len(said)


@torch.no_grad()
def draw(figure: Any, network: Seq2Seq, facts: Facts) -> None:
    """Where the network looks as it says a sentence."""
    state, token = network.start(torch.tensor([fact_ids(facts)])), torch.tensor([START])
    said: list[str] = []
    looked: list[Any] = []
    while len(said) < LONGEST:
        logits, state = network.step(token, state)
        token = logits.argmax(dim=1)
        if int(token) == END:
            break
        said.append(WORDS[int(token) - SPECIAL])
        looked.append(state["map"][0].numpy())
    axis = figure.subplots()
    axis.imshow(np.array(looked).T, cmap="Blues", aspect="auto", vmin=0, vmax=1)
    axis.set_xticks(range(len(said)), said, rotation=60)
    axis.set_yticks(range(len(facts)), [f"{name} {number}" for name, number in facts._asdict().items()])
    axis.grid(False)
    axis.set_title("What the network looks at as it speaks", loc="left", fontsize=9)


def run(example: Example) -> None:
    """Plays, learns to comment, and is graded on games held back."""
    torch.manual_seed(example.seed)
    generator = np.random.default_rng(example.seed)
    games = [game for name in GAMES for game in collect(name, example.choose(150, 3), example.seed)]
    order = generator.permutation(len(games))
    held = [games[i] for i in order[: len(games) // 5]]
    known = [games[i] for i in order[len(games) // 5 :]]
    moves, unseen = [facts for game in known for facts in game], [facts for game in held for facts in game]
    example.say(f"{len(moves):,} moves of {len(known)} games to learn from, {len(unseen):,} of {len(held)} held back")

    network = speaker(moves, steps=example.choose(2500, 5), generator=generator)
    score, right = graded(Commentator(network).sentences(unseen), [sentences(facts) for facts in unseen])
    example.check("one move by attention: BLEU", score, at_least=example.choose(90, 0))
    example.check("one move by attention: sentences that fit", right, at_least=example.choose(0.9, 0))
    others = [invented(generator) for _ in range(2000)]
    _, right = graded(Commentator(network).sentences(others), [sentences(facts) for facts in others])
    example.check("any facts at all: sentences that fit", right, at_least=example.choose(0.9, 0))
    example.folder.mkdir(parents=True, exist_ok=True)
    save_weights(network, example.folder / "commentator.safetensors")

    stretches = [game[:STRETCH] for game in held if len(game) >= STRETCH][:40]
    may = [sentences(game[k], game[:k]) for game in stretches for k in range(STRETCH)]
    sizes = {"vocabulary": SPECIAL + len(FACTS) + len(WORDS), "embedding": 24, "units": 64, "context": 64}
    alone = Commentator(network)
    found = {"attention, knowing one move": graded([one for game in stretches for one in alone.sentences(game)], may)}
    heard = stretches[: example.choose(40, 1)]
    for name, made in (("HRED", hred(**sizes)), ("VHRED", vhred(**sizes, latent=8))):
        reader(made, known, steps=example.choose(600, 1), generator=generator)
        found[name] = graded([one for game in told(made, heard) for one in game], may[: len(heard) * STRETCH])
    for name, (score, right) in found.items():
        example.check(f"course of the game, {name}: BLEU", score)
        example.check(f"course of the game, {name}: fit", right)
    example.picture(lambda figure: draw(figure, network, unseen[3]), size=(9, 3.4))


if __name__ == "__main__":
    main(run, doc=__doc__, name="commentary")
