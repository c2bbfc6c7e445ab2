"""Greedy and beam search against every sentence there is, over a step whose probabilities depend on all that was said."""

import itertools

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models.sequence.decoding import beam_search, greedy, length_penalty

V, STEPS, END = 3, 4, 2


class Toy:
    """Fixed log-probabilities for every beginning: the state is a number that tells it."""

    def __init__(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.table = (2 * torch.randn(2 * (V + 1) ** (STEPS + 2), V, generator=generator).double()).log_softmax(1)

    def step(self, tokens, state):
        said = state["said"] * (V + 1) + tokens + 1
        return self.table[said[:, 0] if said.dim() == 2 else said], {"said": said}


def state_of(n):
    return {"said": torch.arange(n)}


def all_sentences(toy, which, alpha):
    """Every sentence by its score, best first: those that end, and those that run into the limit of steps."""
    found = {}
    for tokens in itertools.product(range(V), repeat=STEPS):
        sentence = tokens[: tokens.index(END) + 1] if END in tokens else tokens
        said, score, last = {"said": torch.tensor([which])}, 0.0, 1
        for token in sentence:
            log_probabilities, said = toy.step(torch.tensor([last]), said)
            score, last = score + float(log_probabilities[0, token]), token
        found[sentence] = score / ((5 + len(sentence)) / 6) ** alpha
    return sorted(found.items(), key=lambda item: -item[1])


def spoken(row):
    """A row of tokens without what stands behind its end."""
    row = row.tolist()
    return tuple(row[: row.index(END) + 1] if END in row else row)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_that_nothing_is_pushed_out_of_is_exhaustive(seed, alpha):
    toy = Toy(seed)
    tokens, scores = beam_search(toy.step, state_of(2), torch.ones(2).long(), steps=STEPS, width=V**STEPS, alpha=alpha, end=END)
    for which in range(2):
        expected = all_sentences(toy, which, alpha)
        assert [spoken(row) for row in tokens[which, : len(expected)]] == [sentence for sentence, _ in expected]
        torch.testing.assert_close(
            scores[which, : len(expected)], torch.tensor([s for _, s in expected]).double(), rtol=0, atol=1e-5
        )
        assert scores[which, len(expected) :].isneginf().all()


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(seed, alpha):
    toy, first = Toy(seed), torch.ones(3).long()
    tokens, scores = greedy(toy.step, state_of(3), first, steps=STEPS, end=END)
    beam, beam_scores = beam_search(toy.step, state_of(3), first, steps=STEPS, width=1, alpha=alpha, end=END)
    assert torch.equal(beam[:, 0], tokens)
    lengths = torch.tensor([len(spoken(row)) for row in tokens])
    torch.testing.assert_close(beam_scores[:, 0], scores / length_penalty(lengths, alpha))


def test_greedy_takes_the_likeliest_and_stops():
    toy = Toy(3)
    tokens, scores = greedy(toy.step, state_of(1), torch.ones(1).long(), steps=STEPS, end=END)
    said, score, last = state_of(1), 0.0, 1
    for token in spoken(tokens[0]):
        log_probabilities, said = toy.step(torch.tensor([last]), said)
        assert token == int(log_probabilities.argmax())
        score, last = score + float(log_probabilities.max()), token
    assert float(scores) == pytest.approx(score)


def test_a_wider_beam_finds_what_greed_misses():
    found = 0
    for seed in range(20):
        toy, first = Toy(seed), torch.ones(1).long()
        narrow, wide = (beam_search(toy.step, state_of(1), first, steps=STEPS, width=w, end=END)[1][0, 0] for w in (1, V**STEPS))
        assert wide >= narrow - 1e-12
        found += bool(wide > narrow + 1e-9)
    assert found


def test_the_penalty_is_that_of_wu_and_favours_longer_sentences():
    assert float(length_penalty(torch.tensor(7), 0.6)) == pytest.approx(2**0.6)
    toys = [Toy(seed) for seed in range(10)]
    lengths = [sum(len(all_sentences(toy, 0, alpha)[0][0]) for toy in toys) for alpha in (0.0, 3.0)]
    assert lengths[1] > lengths[0]


def test_searches_that_find_nothing_are_refused():
    for options in ({"steps": 0, "width": 1}, {"steps": 1, "width": 0}):
        with pytest.raises(UserError, match="both must be at least 1"):
            beam_search(Toy(0).step, state_of(1), torch.ones(1).long(), **options)
