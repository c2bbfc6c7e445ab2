"""word2vec: vectors of words from their neighbours (Mikolov et al. 2013a, b): CBOW and skip-gram, with negative sampling or
hierarchical softmax. The constants are those of the authors' C program, where it differs from the papers.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import UserError
from ..checks import check_counts, check_mask, check_one_batch, check_tokens


class Word2Vec(nn.Module):
    """What is given, one word (skip-gram) or several (CBOW), is averaged; a wanted word's score is the product with its own vector.

    `given` are the vectors that are kept; `wanted` start at zero, as in the C program.
    """

    def __init__(self, vocabulary: int, size: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.given = nn.Embedding(vocabulary, size)
        self.wanted = nn.Embedding(vocabulary, size)
        nn.init.uniform_(self.given.weight, -0.5 / size, 0.5 / size)
        nn.init.zeros_(self.wanted.weight)

    def hidden(self, given: Tensor, mask: Tensor | None = None) -> Tensor:
        """given [N, C], mask [N, C] (True: a real word; None: all) -> their mean [N, D].

        Raises UserError for anything but token ids, or a mask of another size.
        """
        check_tokens("word2vec", given, vocabulary=self.vocabulary)
        check_mask("word2vec", mask, given)
        vectors = self.given(given)
        if mask is None:
            return vectors.mean(1)
        return (vectors * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)

    def forward(self, given: Tensor, wanted: Tensor, mask: Tensor | None = None) -> Tensor:
        """given [N, C], wanted [N, K] -> scores [N, K]: logits of "these stand together"."""
        check_tokens("word2vec", wanted, vocabulary=self.vocabulary)
        check_one_batch("word2vec", given=given, wanted=wanted)
        return (self.wanted(wanted) @ self.hidden(given, mask).unsqueeze(2)).squeeze(2)


def negative_sampling_loss(scores: Tensor) -> Tensor:
    """scores [N, 1 + K], the true word's first, then those of K drawn ones -> the mean loss (2013b, equation 4)."""
    return -(F.logsigmoid(scores[:, 0]) + F.logsigmoid(-scores[:, 1:]).sum(1)).mean()


def noise_distribution(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """How likely each word [V] is drawn as a negative: as its count to the power of 3/4."""
    powered = counts.astype(np.float64) ** 0.75
    return powered / powered.sum()


def keep_probability(counts: NDArray[np.int64], *, threshold: float = 1e-3) -> NDArray[np.float64]:
    """How likely each occurrence of a word [V] stays in the text: (sqrt(f / t) + 1) t / f of its frequency f, at most 1.

    That is the C program's; 2013b, equation 5, drops with 1 - sqrt(t / f).
    """
    share = np.maximum(counts, 1) / (counts.sum() * threshold)
    return np.minimum(1.0, (np.sqrt(share) + 1) / share)


def examples(
    tokens: NDArray[np.int64], *, window: int, kind: Literal["cbow", "skip_gram"], generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """A text [T] as (given [N, C], mask [N, C], wanted [N]): each word with neighbours within a reach drawn from 1 to `window`.

    CBOW gives the neighbours (C is twice the window) and wants the word; skip-gram gives it (C is 1) and wants each neighbour.
    """
    offsets = np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)])
    places = np.arange(len(tokens))[:, None] + offsets
    reach = generator.integers(1, window + 1, (len(tokens), 1))
    mask = (places >= 0) & (places < len(tokens)) & (np.abs(offsets) <= reach)
    neighbours = tokens[np.clip(places, 0, len(tokens) - 1)]
    if kind == "cbow":
        return neighbours, mask, tokens
    centers = np.broadcast_to(tokens[:, None], mask.shape)[mask]
    return centers[:, None], np.ones((len(centers), 1), np.bool_), neighbours[mask]


def huffman(counts: NDArray[np.int64]) -> list[list[tuple[int, int]]]:
    """The way to each word [V] from the root of its Huffman tree: (inner node, turn 0 or 1), frequent words having short ways.

    Inner nodes are 0 to V - 2. Raises UserError for fewer than two words.
    """
    if len(counts) < 2:
        raise UserError(f"a tree of words needs two of them at least, not {len(counts)}")
    order = count()
    heap: list[tuple[int, int, list[int]]] = [(int(c), next(order), [word]) for word, c in enumerate(counts)]
    heapq.heapify(heap)
    ways: list[list[tuple[int, int]]] = [[] for _ in counts]
    for node in range(len(counts) - 1):
        few, many = heapq.heappop(heap), heapq.heappop(heap)
        for turn, (_, _, words) in enumerate((few, many)):
            for word in words:
                ways[word].append((node, turn))
        heapq.heappush(heap, (few[0] + many[0], next(order), few[2] + many[2]))
    return [way[::-1] for way in ways]


class HierarchicalSoftmax(nn.Module):
    """A word's probability as the product of the turns on its way through a Huffman tree (2013b, section 2.1).

    One vector an inner node; the probabilities of all words sum to 1.
    """

    nodes: Tensor  # [V, longest way]
    signs: Tensor  # [V, longest way]: 1, -1, and 0 behind the way's end

    def __init__(self, counts: NDArray[np.int64], size: int) -> None:
        super().__init__()
        ways = huffman(counts)
        nodes = torch.zeros(len(ways), max(map(len, ways)), dtype=torch.long)
        signs = torch.zeros(nodes.shape)
        for word, way in enumerate(ways):
            for depth, (node, turn) in enumerate(way):
                nodes[word, depth], signs[word, depth] = node, 1 - 2 * turn
        self.register_buffer("nodes", nodes, persistent=False)
        self.register_buffer("signs", signs, persistent=False)
        self.inner = nn.Embedding(len(ways) - 1, size)
        nn.init.zeros_(self.inner.weight)

    def forward(self, hidden: Tensor, wanted: Tensor) -> Tensor:
        """hidden [N, D], wanted [N] -> log-probabilities [N]; their negated mean is the loss."""
        signs = self.signs[wanted]
        turns = F.logsigmoid(signs * (self.inner(self.nodes[wanted]) @ hidden.unsqueeze(2)).squeeze(2))
        return (turns * signs.abs()).sum(1)


def word2vec(*, vocabulary: int = 10_000, size: int = 300) -> Word2Vec:
    """Vectors of the size that the authors published. Raises UserError for a size below 1."""
    check_counts("word2vec", vocabulary=vocabulary, size=size)
    return Word2Vec(vocabulary, size)
