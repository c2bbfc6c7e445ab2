"""Text told against text that was meant: BLEU, and perplexity of a model's probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from math import exp, log

import numpy as np
from numpy.typing import ArrayLike

from ...errors import UserError

Tokens = Sequence[Hashable]
ORDER = 4  # tokens of the longest n-gram


def bleu(hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> float:
    """BLEU of a whole corpus from 0 to 100 (Papineni et al. 2002), without smoothing: one hypothesis and its references a sentence.

    The geometric mean of the precisions of 1- to 4-grams, each n-gram counted as often as in one reference at most, less where the
    hypotheses are shorter than the references of closest length (of two as close, the shorter). 0 where one of the four has no
    match, as with hypotheses that are all shorter than four tokens. Raises UserError: a sentence without reference, or a string
    for tokens.
    """
    if len(hypotheses) != len(references):
        raise UserError(f"there are {len(hypotheses)} hypotheses, and references for {len(references)}")
    matches, totals, length, reference_length = [0] * ORDER, [0] * ORDER, 0, 0
    for hypothesis, meant in zip(hypotheses, references, strict=True):
        if not meant:
            raise UserError("every hypothesis needs a reference, and one has none")
        if any(isinstance(tokens, str) for tokens in (hypothesis, *meant)):
            raise UserError("BLEU counts tokens, and here came a string; split it first")
        length += len(hypothesis)
        reference_length += min((abs(len(tokens) - len(hypothesis)), len(tokens)) for tokens in meant)[1]
        for n in range(1, ORDER + 1):
            told = ngrams(hypothesis, n)
            most: Counter[tuple[Hashable, ...]] = Counter()
            for tokens in meant:
                most |= ngrams(tokens, n)
            matches[n - 1] += (told & most).total()
            totals[n - 1] += told.total()
    if not all(matches):
        return 0.0
    brevity = min(0.0, 1 - reference_length / length)
    return 100 * exp(brevity + sum(log(hit / total) for hit, total in zip(matches, totals, strict=True)) / ORDER)


def ngrams(tokens: Tokens, n: int) -> Counter[tuple[Hashable, ...]]:
    """How often each n tokens in a row occur."""
    return Counter(tuple(tokens[k : k + n]) for k in range(len(tokens) - n + 1))


def perplexity(log_probabilities: ArrayLike) -> float:
    """exp of the mean negative natural logarithm that a model gives to the tokens that came, padding left out: [T] -> 1 or more.

    A uniform guess over V tokens has V. Raises UserError for no token.
    """
    given = np.asarray(log_probabilities, np.float64)
    if not given.size:
        raise UserError("perplexity is a mean over tokens, and there is none")
    return float(np.exp(-given.mean()))
