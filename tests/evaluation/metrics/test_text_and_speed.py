"""BLEU by hand and beside sacrebleu, perplexity, and frames a second on a clock that can be read."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from zerodojo.errors import UserError
from zerodojo.evaluation.metrics.speed import frames_per_second
from zerodojo.evaluation.metrics.text import bleu, perplexity


def words(*lines):
    return [line.split() for line in lines]


def test_bleu_by_hand():
    hypothesis, reference = words("the cat sat on the mat today"), [words("the cat sat on a mat")]
    # of 7, 6, 5, 4 n-grams 5 (the second "the" has none left), 3, 2 and 1 match; longer than the reference
    assert bleu(hypothesis, reference) == pytest.approx(100 * (5 / 7 * 3 / 6 * 2 / 5 * 1 / 4) ** 0.25)
    shorter = words("the cat sat on")
    assert bleu(shorter, reference) == pytest.approx(100 * exp(1 - 6 / 4))
    assert bleu(hypothesis, [hypothesis]) == pytest.approx(100)


def test_counts_are_cut_at_one_reference():
    """The paper's example: of seven times "the" two match; with an n-gram of each length beside it, so that it is not 0."""
    hypotheses, references = words("the the the the the the the", "a b c d"), [words("the cat is on the mat"), words("a b c d")]
    assert bleu(hypotheses, references) == pytest.approx(100 * (6 / 11 * 3 / 9 * 2 / 7 * 1 / 5) ** 0.25)


def test_the_closest_reference_gives_the_length_and_the_shorter_of_two():
    same = words("a b c d e")
    assert bleu(same, [words("a b c d e x", "a b c d")]) == pytest.approx(100)  # 4 and 6 are as close: 4
    assert bleu(same, [words("a b c d e x", "a b")]) == pytest.approx(100 * exp(1 - 6 / 5))


def test_without_a_match_of_four_it_is_0():
    assert bleu(words("a b c"), [words("a b c")]) == 0  # a corpus shorter than four tokens: there is no 4-gram
    assert bleu(words("a b c d"), [words("a b c e")]) == 0
    assert bleu([], []) == 0
    assert bleu(words("a b c", "a b c d"), [words("a b c"), words("a b c d")]) == pytest.approx(100)


def test_tokens_may_be_numbers():
    assert bleu([[1, 2, 3, 4, 5]], [[[1, 2, 3, 4, 5]]]) == pytest.approx(100)


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        (words("a"), [], "there are 1 hypotheses, and references for 0"),
        (words("a"), [[]], "every hypothesis needs a reference"),
        (["a b"], [words("a b")], "BLEU counts tokens, and here came a string"),
        (words("a b"), [["a b"]], "BLEU counts tokens, and here came a string"),
    ],
)
def test_what_bleu_does_not_count(hypotheses, references, message):
    with pytest.raises(UserError, match=message):
        bleu(hypotheses, references)


def test_bleu_is_sacrebleus():
    sacrebleu = pytest.importorskip("sacrebleu", reason="sacrebleu is the oracle (extra `test`)")
    generator = np.random.default_rng(0)
    for size in (1, 3, 20):
        hypotheses, references = [], []
        for _ in range(size):
            meant = [generator.integers(0, 6, generator.integers(1, 14)).astype(str).tolist() for _ in range(3)]
            told = [token if generator.random() < 0.9 else "9" for token in meant[0]][: int(generator.integers(2, 14))]
            hypotheses.append(told)
            references.append(meant)
        lines = [[" ".join(meant[k]) for meant in references] for k in range(3)]
        joined = [" ".join(told) for told in hypotheses]
        theirs = sacrebleu.corpus_bleu(joined, lines, tokenize="none", smooth_method="none", force=True)
        assert bleu(hypotheses, references) == pytest.approx(theirs.score, abs=1e-10)
    assert theirs.score > 1  # and it is not all zeros
    assert sacrebleu.corpus_bleu(["a b c"], [["a b c"]], tokenize="none", smooth_method="none").score == 0


def test_perplexity():
    assert perplexity([log(1 / 7)] * 5) == pytest.approx(7)
    assert perplexity([0.0, 0.0]) == 1
    assert perplexity(np.log([[0.5, 0.25], [0.125, 1.0]])) == pytest.approx(2 ** (6 / 4))
    theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle (extra `test`)")
    generator = np.random.default_rng(0)
    words, told = generator.integers(0, 5, 50), generator.dirichlet(np.ones(5), 50)
    assert perplexity(np.log(told[np.arange(50), words])) == pytest.approx(exp(theirs.log_loss(words, told, labels=range(5))))
    with pytest.raises(UserError, match="perplexity is a mean over tokens, and there is none"):
        perplexity([])


def test_frames_per_second_are_the_median_after_warm_up():
    durations = iter([9.0, 9.0, 1.0, 100.0, 2.0, 4.0, 3.0])
    now = [0.0]
    speed = frames_per_second(
        lambda: now.__setitem__(0, now[0] + next(durations)), frames=30, runs=5, warm_up=2, clock=lambda: now[0]
    )
    assert speed == pytest.approx(30 / 3)
    assert next(durations, None) is None
    assert frames_per_second(lambda: None, frames=1, runs=1) > 0
    with pytest.raises(UserError, match="runs is 0"):
        frames_per_second(lambda: None, frames=1, runs=0)
