"""Commentary: sentences about the moves of a game, from what a search thought of them.

    python examples/commentary.py [--quick]

An attention seq2seq (Bahdanau et al. 2015) turns the facts of one move into a sentence; `zerodojo play --comment` speaks by it.
HRED (Sordoni et al. 2015) and VHRED (Serban et al. 2017) read the game so far, chances, mistakes and their own remarks in turn, and
remark on its course: that a player errs again or that the lead changes hands, of which one move alone tells nothing.

All learn from sentences of a grammar (agents/commentary/grammar.py) over searches of Connect Four, Breakthrough and Othello. What
they say of games held back is graded by BLEU against all that the grammar may say of a move, and by the share that is among it.

Reached with seed 0: BLEU 100 and every sentence fits, on 3,511 moves held back and on any facts at all. HRED says fitting remarks
on 86% of the moves, but misses the 14% where there is something to tell: after 800 steps it still says the commonest thing.
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
from zerodojo.agents.commentary.commentator import FACTS, LONGEST, Commentator, fact_ids, fresh, word_ids
from zerodojo.agents.commentary.facts import LARGEST, OPEN, Facts, facts_of
from zerodojo.agents.commentary.grammar import REMARKS, WORDS, Sentence, is_eventful, remarks, sentences
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
STRETCH = 10  # moves of a game that HRED reads at once
SHIFT = len(FACTS)  # in a dialogue the ids of words stand behind those of facts
REMARK_IDS = {word: i for i, word in enumerate(REMARKS, SPECIAL + SHIFT)}
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
    """Chances and mistakes, and remarks, in turn as one row of ids, and which of them are to be learned to say."""
    ids: list[int] = []
    speech: list[bool] = []
    for facts, sentence in zip(game, [*said, None], strict=False):
        heard = [*fact_ids(facts)[:2], END]
        spoken = [] if sentence is None else [*(REMARK_IDS[word] for word in sentence), END]
        ids += heard + spoken
        speech += [False] * len(heard) + [True] * len(spoken)
    return ids, speech


def stretches_of(games: Sequence[Game]) -> tuple[list[Game], list[Game]]:
    """Stretches of games in which there is something to tell, and those in which there is nothing."""
    found: tuple[list[Game], list[Game]] = ([], [])
    for game in games:
        for first in range(0, len(game) - STRETCH + 1, STRETCH // 2):
            stretch = game[first : first + STRETCH]
            found[not any(is_eventful(stretch[k], stretch[:k]) for k in range(STRETCH))].append(stretch)
    return found


def reader(network: HRED, games: Sequence[Game], *, steps: int, generator: np.random.Generator) -> None:
    """Learns to remark on every move of a stretch, given what came before; of three stretches two have something to tell."""
    eventful, quiet = stretches_of(games)
    noise = torch.Generator().manual_seed(int(generator.integers(2**31)))

    def loss(step: int) -> Tensor:
        rows = []
        for i in range(33):
            among = quiet if i % 3 == 0 else eventful
            game = among[int(generator.integers(len(among)))]
            rows.append(dialogue(game, [drawn(remarks(game[k], game[:k]), generator) for k in range(len(game))]))
        ids, speech = padded([row[0] for row in rows]), padded([row[1] for row in rows]).bool()
        if isinstance(network, VHRED):
            logits, divergence = network(ids, generator=noise)
            bound = kl_weight(step, steps // 2) * divergence.sum() / speech.sum()
        else:
            logits, bound = network(ids), torch.zeros(())
        return F.cross_entropy(logits[speech], ids[speech]) + bound

    fit(network.parameters(), loss, steps=steps, rate=5e-3)


@torch.no_grad()
def told(network: HRED, stretches: Sequence[Game]) -> list[Sentence]:
    """What it remarks on every move of stretches of one length, each with its own earlier remarks in mind."""
    said: list[list[Sentence]] = [[] for _ in stretches]
    for k in range(len(stretches[0])):
        for game, own in zip(stretches, said, strict=True):
            heard = torch.tensor([dialogue(game[: k + 1], own)[0]])
            ids, _ = greedy(network.step, network.start(heard), torch.full((1,), END), steps=LONGEST)
            own.append(tuple(REMARKS[i - SPECIAL - SHIFT] for i in ids[0].tolist() if i >= SPECIAL + SHIFT))
    return [one for own in said for one in own]


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

    speaking = speaker(moves, steps=example.choose(2500, 5), generator=generator)
    score, right = graded(Commentator(speaking).sentences(unseen), [sentences(facts) for facts in unseen])
    example.check("one move by attention: BLEU", score, at_least=example.choose(90, 0))
    example.check("one move by attention: sentences that fit", right, at_least=example.choose(0.9, 0))
    others = [invented(generator) for _ in range(2000)]
    _, right = graded(Commentator(speaking).sentences(others), [sentences(facts) for facts in others])
    example.check("any facts at all: sentences that fit", right, at_least=example.choose(0.9, 0))
    example.folder.mkdir(parents=True, exist_ok=True)
    save_weights(speaking, example.folder / "commentator.safetensors")

    stretches = stretches_of(held)[0][: example.choose(60, 1)]
    places = [(game[k], game[:k]) for game in stretches for k in range(STRETCH)]
    may, eventful = [remarks(*place) for place in places], [is_eventful(*place) for place in places]
    example.say(f"Remarks on {len(places)} moves in their course, {sum(eventful)} of them with something to tell:")
    sizes = {"vocabulary": SPECIAL + SHIFT + len(REMARKS), "embedding": 16, "units": 48, "context": 64}
    for name, network in (("HRED", hred(**sizes)), ("VHRED", vhred(**sizes, latent=8))):
        reader(network, known, steps=example.choose(700, 1), generator=generator)
        said = told(network, stretches)
        score, right = graded(said, may)
        fit_there = [one in may_be for one, may_be, event in zip(said, may, eventful, strict=True) if event]
        example.check(f"{name}: BLEU", score, at_least=example.choose(80, 0))
        example.check(f"{name}: remarks that fit", right, at_least=example.choose(0.8, 0))
        example.check(f"{name}: and where there is something to tell", float(np.mean(fit_there or [False])))
    example.picture(lambda figure: draw(figure, speaking, unseen[3]), size=(9, 3.4))


if __name__ == "__main__":
    main(run, doc=__doc__, name="commentary")
