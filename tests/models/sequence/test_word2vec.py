"""word2vec: its loss and gradient by hand, its tree, its draws, and a corpus of two topics that falls apart into them."""

import math

import numpy as np
import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import create
from zerodojo.models.sequence.word2vec import (
    HierarchicalSoftmax,
    examples,
    huffman,
    keep_probability,
    negative_sampling_loss,
    noise_distribution,
)

COUNTS = np.array([40, 5, 10, 1, 20])


def test_the_gradient_of_negative_sampling_is_that_by_hand():
    """What the program in C adds to its vectors: the error of each score times the other side's vector."""
    torch.manual_seed(0)
    hidden = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    outputs = torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    loss = negative_sampling_loss((outputs @ hidden.unsqueeze(2)).squeeze(2))
    by_hidden, by_outputs = torch.autograd.grad(loss, [hidden, outputs])
    labels = torch.tensor([1.0, 0, 0, 0, 0, 0], dtype=torch.float64)
    error = (torch.sigmoid(torch.einsum("nkd,nd->nk", outputs, hidden)) - labels) / 4
    torch.testing.assert_close(by_hidden, torch.einsum("nk,nkd->nd", error, outputs).detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(by_outputs, torch.einsum("nk,nd->nkd", error, hidden).detach(), rtol=0, atol=1e-12)


def test_a_loss_by_hand():
    scores = torch.tensor([[0.0, math.log(3)]])  # right: 1/2; drawn: 1/4
    assert float(negative_sampling_loss(scores)) == pytest.approx(-math.log(1 / 2) - math.log(1 / 4))


def test_scores_are_products_with_the_mean_of_the_given():
    network = create("word2vec", vocabulary=5, size=3)
    torch.nn.init.normal_(network.wanted.weight)
    given, mask = torch.tensor([[0, 1, 4]]), torch.tensor([[True, True, False]])
    mean = (network.given.weight[0] + network.given.weight[1]) / 2
    torch.testing.assert_close(network(given, torch.tensor([[2, 3]]), mask)[0], network.wanted.weight[2:4] @ mean)
    torch.testing.assert_close(network(given[:, :2], torch.tensor([[2, 3]]))[0], network.wanted.weight[2:4] @ mean)


def test_words_are_drawn_and_kept_by_their_counts():
    expected = COUNTS**0.75 / (COUNTS**0.75).sum()
    np.testing.assert_allclose(noise_distribution(COUNTS), expected)
    keep = keep_probability(np.array([990_000, 9_000, 1_000]), threshold=1e-3)
    np.testing.assert_allclose(keep, [(math.sqrt(990) + 1) / 990, (math.sqrt(9) + 1) / 9, 1.0])


def test_frequent_words_have_short_ways_and_no_way_begins_another():
    ways = huffman(COUNTS)
    codes = ["".join(str(turn) for _, turn in way) for way in ways]
    assert [len(code) for code in codes] == [1, 4, 3, 4, 2]
    assert not any(a != b and b.startswith(a) for a in codes for b in codes)
    assert {way[0][0] for way in ways} == {3}  # the root is the node made last
    with pytest.raises(UserError, match="two of them at least, not 1"):
        huffman(COUNTS[:1])


def test_hierarchical_probabilities_sum_to_one_and_are_the_turns():
    torch.manual_seed(0)
    softmax = HierarchicalSoftmax(COUNTS, 3).double()
    torch.nn.init.normal_(softmax.inner.weight)
    hidden = torch.randn(1, 3).double()
    log_probabilities = softmax(hidden.expand(5, 3), torch.arange(5))
    assert float(log_probabilities.detach().exp().sum()) == pytest.approx(1.0, abs=1e-12)
    for word, way in enumerate(huffman(COUNTS)):
        by_hand = 1.0
        for node, turn in way:
            right = float(torch.sigmoid(softmax.inner.weight[node].detach() @ hidden[0]))
            by_hand *= 1 - right if turn else right
        assert float(log_probabilities[word].detach().exp()) == pytest.approx(by_hand)


def test_examples_of_both_kinds():
    tokens = np.array([3, 4, 5])

    class Far:
        def integers(self, low, high, shape):
            return np.full(shape, high - 1)

    given, mask, wanted = examples(tokens, window=1, kind="cbow", generator=Far())
    assert given.tolist() == [[3, 4], [3, 5], [4, 5]] and wanted.tolist() == [3, 4, 5]
    assert mask.tolist() == [[False, True], [True, True], [True, False]]
    given, mask, wanted = examples(tokens, window=1, kind="skip_gram", generator=Far())
    assert sorted(zip(given[:, 0].tolist(), wanted.tolist(), strict=True)) == [(3, 4), (4, 3), (4, 5), (5, 4)] and mask.all()
    _, mask, _ = examples(np.arange(1000), window=4, kind="cbow", generator=np.random.default_rng(0))
    assert 4.5 < mask.sum(1).mean() < 5.5  # a reach of 1 to 4 on both sides


@pytest.mark.parametrize("kind", ["cbow", "skip_gram"])
@pytest.mark.parametrize("output", ["negative", "hierarchical"])
def test_two_topics_fall_apart(kind, output):
    """Sentences are of words 0 to 5 or of words 6 to 11: neighbours in meaning must come out of neighbours in the text."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    text = np.concatenate([generator.integers(0, 6, 20) + 6 * (i % 2) for i in range(100)])
    counts = np.bincount(text, minlength=12)
    given, mask, wanted = (torch.from_numpy(part) for part in examples(text, window=3, kind=kind, generator=generator))
    network, tree = create("word2vec", vocabulary=12, size=8), HierarchicalSoftmax(counts, 8)
    optimizer = torch.optim.Adam([*network.parameters(), *tree.parameters()], 0.02)
    noise = torch.from_numpy(noise_distribution(counts))
    draw = torch.Generator().manual_seed(0)
    for _ in range(100):
        rows = torch.randint(len(wanted), (256,), generator=draw)
        optimizer.zero_grad()
        if output == "hierarchical":
            loss = -tree(network.hidden(given[rows], mask[rows]), wanted[rows]).mean()
        else:
            drawn = torch.multinomial(noise, 256 * 4, replacement=True, generator=draw).view(256, 4)
            loss = negative_sampling_loss(network(given[rows], torch.cat([wanted[rows, None], drawn], dim=1), mask[rows]))
        loss.backward()
        optimizer.step()
    vectors = torch.nn.functional.normalize(network.given.weight.detach(), dim=1)
    alike = vectors @ vectors.T
    same = alike[:6, :6][~torch.eye(6, dtype=torch.bool)].mean() + alike[6:, 6:][~torch.eye(6, dtype=torch.bool)].mean()
    assert same / 2 > alike[:6, 6:].mean() + 0.4


def test_bad_input_is_refused_in_one_line():
    with pytest.raises(UserError, match="word2vec knows tokens 0 to 4, and got ids from 5 to 5"):
        create("word2vec", vocabulary=5, size=3)(torch.tensor([[5]]), torch.tensor([[0]]))
    with pytest.raises(UserError, match="size of word2vec is 0"):
        create("word2vec", size=0)
