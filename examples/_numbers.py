"""English number words and Japanese numerals, and what the three commands that translate them share.

Used by `numbers_seq2seq.py`, `numbers_attention.py` and `numbers_transformer.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zerodojo.cli.example import Example
from zerodojo.evaluation.metrics.text import bleu
from zerodojo.models.sequence.decoding import State, Step, beam_search, greedy
from zerodojo.models.sequence.tokens import END, PAD, SPECIAL, START, token_loss

UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
UNITS += ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = [*UNITS, *TENS, "hundred", "thousand", "and"]
SIGNS = "零一二三四五六七八九十百千万"
MEANINGS = [*map(str, range(11)), "100", "1,000", "10,000"]  # of the signs, for pictures: matplotlib's font has no kanji
PLACES = ((10_000, "万"), (1000, "千"), (100, "百"), (10, "十"))
LONGEST = 10  # signs and END: 九万九千九百九十九

ALPHA = 0.6  # of the length penalty by which a beam's sentences are compared (Wu et al. 2016: .6 to .7)

Words = list[str]
Learning = tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]


def english(number: int) -> Words:
    """312 -> three hundred and twelve."""
    if number < 20:
        return [UNITS[number]]
    if number < 100:
        return [TENS[number // 10 - 2], *(english(number % 10) if number % 10 else [])]
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    head, rest = [*english(number // size), name], number % size
    return [*head, *(["and"] if 0 < rest < 100 else []), *(english(rest) if rest else [])]


def kanji(number: int) -> Words:
    """312 -> 三百十二. Only 万 has a one before it."""
    if number < 10:
        return [SIGNS[number]]
    size, sign = next(place for place in PLACES if number >= place[0])
    count, rest = divmod(number, size)
    head = [] if count == 1 and sign != "万" else kanji(count)
    return [*head, sign, *(kanji(rest) if rest else [])]


class Numbers:
    """All numbers below a limit as tokens: 5% of those from 100 on are held back, the others drawn so that short ones are seen."""

    def __init__(self, limit: int, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.sources = padded([[SPECIAL + WORDS.index(word) for word in english(n)] for n in range(limit)])  # [limit, S]
        self.targets = padded([[START, *(SPECIAL + SIGNS.index(sign) for sign in kanji(n)), END] for n in range(limit)])
        held = 100 + self.generator.permutation(limit - 100)[: limit // 20]
        self.held_back = torch.from_numpy(held)
        weights = 10.0 ** -np.floor(np.log10(np.maximum(np.arange(limit), 1)))  # numbers of one length together count the same
        weights[held] = 0.0
        self._weights = torch.from_numpy(weights)

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """(sources [n, S], targets [n, T]) to learn from."""
        rows = torch.multinomial(self._weights, n, replacement=True)
        return self.sources[rows], self.targets[rows]


def padded(rows: list[list[int]]) -> Tensor:
    """Rows of tokens, each as long as the longest: [N, T]."""
    filled: NDArray[np.int64] = np.full((len(rows), max(map(len, rows))), PAD)
    for row, tokens in zip(filled, rows, strict=True):
        row[: len(tokens)] = tokens
    return torch.from_numpy(filled)


def one_cycle(network: nn.Module, *, rate: float, steps: int) -> Learning:
    """Adam at a rate that rises for a tenth of the steps, and falls to nothing (Smith 2018)."""
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)


def learn(
    network: nn.Module,
    numbers: Numbers,
    logits: Callable[[Tensor, Tensor, int], Tensor],
    learning: Learning,
    *,
    steps: int,
    smoothing: float = 0.0,
) -> None:
    """Takes steps at batches of 128; `logits` answers sources [N, S] and targets without their last, at a step from 0."""
    optimizer, schedule = learning
    network.train()
    for step in range(steps):
        source, target = numbers.draw(128)
        loss = token_loss(logits(source, target[:, :-1], step), target[:, 1:], smoothing=smoothing)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    network.eval()


def signs(row: Tensor) -> Words:
    """Tokens up to their end as signs."""
    return [SIGNS[token - SPECIAL] if token >= SPECIAL else "?" for token in row.tolist()[: int((row == END).nonzero()[0])]]


@torch.no_grad()
def report(example: Example, numbers: Numbers, start: Callable[[Tensor], State], step: Step) -> None:
    """Exact numbers among those held back and BLEU, greedy and by a beam of 4, and a few of them."""
    rows = numbers.held_back[:2000]
    source, state = numbers.sources[rows], start(numbers.sources[rows])
    first, meant = torch.full_like(rows, START), [kanji(n) for n in rows.tolist()]
    close = torch.full_like(rows, END).unsqueeze(1)  # for what has not ended
    one = torch.cat([greedy(step, state, first, steps=LONGEST)[0], close], dim=1)
    best = torch.cat([beam_search(step, state, first, steps=LONGEST, width=4, alpha=ALPHA)[0][:, 0], close], dim=1)
    for name, told in (("greedy", one), ("beam of 4", best)):
        said = [signs(row) for row in told]
        exact = np.mean([a == b for a, b in zip(said, meant, strict=True)])
        example.check(f"exact held-back numbers, {name}", float(exact), at_least=0.99, learned=True)
        example.check(f"BLEU, {name}", bleu(said, [[words] for words in meant]), at_least=99.0, learned=True)
    for row, told in zip(source[:3], one, strict=False):
        words = " ".join(WORDS[token - SPECIAL] for token in row.tolist() if token != PAD)
        example.say(f"  {words} -> {''.join(signs(told))}")


def draw_map(axis: Any, looked: Tensor, number: int) -> None:
    """Where each sign of a number's translation, and its end, looked [T, S]."""
    words, names = english(number), [MEANINGS[SIGNS.index(sign)] for sign in kanji(number)]
    axis.imshow(looked[: len(names) + 1, : len(words)].numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(len(words)), words, rotation=40, ha="right")
    axis.set_yticks(range(len(names) + 1), [*names, "end"])
    axis.grid(visible=False)
    axis.set_title(f"{number:,}")
