"""Vectors of words from their neighbours: who stands near whom, and analogies such as king - man + woman.

    python examples/word_neighbours.py

Mikolov et al. 2013a, b. The text is made by a grammar in which kings and queens rule, he has a beard and she a gown, and every land
shares its food and its river with its capital. Skip-gram and CBOW, each with negative sampling and with hierarchical softmax.

Reached with seed 0 in 22 seconds: analogies 1, 1, .97 and 1.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from zerodojo.cli.example import Example, main
from zerodojo.cli.study_picture import COLOURS
from zerodojo.models import create
from zerodojo.models.sequence.word2vec import (
    HierarchicalSoftmax,
    Word2Vec,
    examples,
    keep_probability,
    negative_sampling_loss,
    noise_distribution,
)

SIZE, WINDOW, NEGATIVES, BATCH, RATE = 24, 4, 5, 512, 0.01

Kind = Literal["skip_gram", "cbow"]
PEOPLE = {  # him, her: what they do, where, with what
    ("king", "queen"): ("rules", "palace", "crown"),
    ("actor", "actress"): ("performs", "theatre", "mask"),
    ("waiter", "waitress"): ("serves", "restaurant", "tray"),
    ("father", "mother"): ("cooks", "kitchen", "pan"),
    ("boy", "girl"): ("plays", "garden", "ball"),
    ("monk", "nun"): ("prays", "abbey", "candle"),
}
LANDS = {  # capital, land: food, river
    ("lisbon", "portugal"): ("sardines", "tagus"),
    ("rome", "italy"): ("pasta", "tiber"),
    ("vienna", "austria"): ("strudel", "danube"),
    ("paris", "france"): ("cheese", "seine"),
    ("tokyo", "japan"): ("noodles", "sumida"),
    ("cairo", "egypt"): ("beans", "nile"),
}
KINDS = [
    [person for pair in PEOPLE for person in pair],
    [place for pair in LANDS for place in pair],
    [food for food, _ in LANDS.values()],
    [river for _, river in LANDS.values()],
]


def sentence(generator: np.random.Generator) -> str:
    """One sentence about a person or a land."""
    which = int(generator.integers(6))
    side, form = int(generator.integers(2)), int(generator.integers(3))
    if generator.random() < 0.5:
        (pair, (verb, place, thing)) = list(PEOPLE.items())[which]
        who, he, his = pair[side], ("he", "she")[side], ("his", "her")[side]
        wears = (("beard", "tie"), ("gown", "veil"))[side][int(generator.integers(2))]
        return (
            f"the {who} {verb} in the {place} with {his} {thing}",
            f"{he} is the {who} and {he} {verb} in the {place}",
            f"the {who} has a {wears} and {he} likes {his} {wears}",
        )[form]
    (pair, (food, river)) = list(LANDS.items())[which]
    where = pair[side]
    what = (("mayor", "streets"), ("border", "army"))[side]
    return (
        f"the {what[0]} of {where} lies by the {river}",
        f"the {what[1]} of {where} smell of {food}",
        f"{what[0]} and {what[1]} of {where} are old",
    )[form]


class Text:
    """Sentences as tokens [T], their words, and how often each occurs."""

    def __init__(self, sentences: int, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        text = " ".join(sentence(self.generator) for _ in range(sentences)).split()
        self.words = sorted(set(text))
        self.places = {word: i for i, word in enumerate(self.words)}
        self.tokens = np.array([self.places[word] for word in text])
        self.counts = np.bincount(self.tokens)


def learned(text: Text, kind: Kind, *, tree: bool, epochs: int) -> Tensor:
    """The words' vectors, each of length 1: [V, D]."""
    network = cast(Word2Vec, create("word2vec", vocabulary=len(text.words), size=SIZE))
    softmax = HierarchicalSoftmax(text.counts, SIZE) if tree else None
    noise, keep = noise_distribution(text.counts), keep_probability(text.counts, threshold=1e-2)
    optimizer = torch.optim.Adam([*network.parameters(), *(softmax.parameters() if softmax else [])], lr=RATE)
    for _ in range(epochs):
        kept = text.tokens[text.generator.random(len(text.tokens)) < keep[text.tokens]]
        given, mask, wanted = examples(kept, window=WINDOW, kind=kind, generator=text.generator)
        for rows in np.array_split(text.generator.permutation(len(wanted)), max(1, len(wanted) // BATCH)):
            seen, real, right = (torch.from_numpy(part[rows]) for part in (given, mask, wanted))
            if softmax:
                loss = -softmax(network.hidden(seen, real), right).mean()
            else:
                wrong = torch.from_numpy(text.generator.choice(len(noise), (len(rows), NEGATIVES), p=noise))
                loss = negative_sampling_loss(network(seen, torch.cat([right.unsqueeze(1), wrong], dim=1), real))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return F.normalize(network.given.weight.detach(), dim=1)


def nearest(text: Text, vectors: Tensor, wanted: Tensor, without: list[str], n: int = 1) -> list[str]:
    """The words whose vectors point most where `wanted` does."""
    likeness = vectors @ wanted
    likeness[[text.places[word] for word in without]] = -1.0
    return [text.words[i] for i in likeness.topk(n).indices.tolist()]


def analogies(text: Text, vectors: Tensor) -> float:
    """The share of a : b = c : ? that are answered, of all within people and within lands."""
    right = []
    for pairs in (PEOPLE, LANDS):
        for (a, b), (c, d) in permutations(pairs, 2):
            wanted = vectors[text.places[b]] - vectors[text.places[a]] + vectors[text.places[c]]
            right.append(nearest(text, vectors, wanted, [a, b, c]) == [d])
    return float(np.mean(right))


def neighbours(text: Text, vectors: Tensor) -> float:
    """The share of words whose nearest of all words with a kind is one of their own."""
    words = [word for kind in KINDS for word in kind]
    others = [word for word in text.words if word not in words]
    return float(
        np.mean([nearest(text, vectors, vectors[text.places[w]], [w, *others])[0] in kind for kind in KINDS for w in kind])
    )


def run(example: Example) -> None:
    """Four ways to learn vectors, each asked for neighbours and analogies."""
    torch.manual_seed(example.seed)
    text = Text(example.choose(6000, 800), example.seed)
    found = {}
    kinds: tuple[Kind, Kind] = ("skip_gram", "cbow")
    for kind in kinds:
        for tree in (False, True):
            name = f"{kind}, {'hierarchical softmax' if tree else 'negative sampling'}"
            epochs = example.choose(6, 1) * (1 if kind == "skip_gram" else 4)  # CBOW sees a word once in each
            found[name] = learned(text, kind, tree=tree, epochs=epochs)
            example.check(f"analogies, {name}", analogies(text, found[name]), at_least=0.9, learned=True)
            example.check(f"neighbours, {name}", neighbours(text, found[name]))
    vectors = next(iter(found.values()))
    for word in ("king", "girl", "rome", "noodles"):
        example.say(f"  near {word}: {', '.join(nearest(text, vectors, vectors[text.places[word]], [word], 4))}")
    example.picture(lambda figure: draw(figure, text, vectors), size=(9, 4))


def draw(figure: Any, text: Text, vectors: Tensor) -> None:
    """Pairs on their principal axes: people beside lands, each joined to the other of its pair."""
    for axis, words, title in zip(figure.subplots(1, 2), KINDS, ("he and she", "capital and land"), strict=False):
        held = vectors[[text.places[word] for word in words]]
        centred = held - held.mean(0)
        places: NDArray[np.float32] = (centred @ torch.linalg.svd(centred, full_matrices=False).Vh[:2].T).numpy()
        for i, at in enumerate(places.reshape(-1, 2, 2)):
            axis.plot(*at.T, "o-", color=COLOURS[i], markersize=4, linewidth=0.8)
        for word, at in zip(words, places, strict=True):
            axis.annotate(word, at, xytext=(3, 3), textcoords="offset points", fontsize=8)
        axis.set(xlabel="first principal axis", ylabel="second", title=title)
        axis.margins(x=0.18)


if __name__ == "__main__":
    main(run, doc=__doc__, name="word_neighbours")
