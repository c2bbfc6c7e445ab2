"""English number words to Japanese numerals by a Transformer, whose heads look at the words each in a way of its own.

    python examples/numbers_transformer.py

Vaswani et al. 2017, with label smoothing and its schedule: the rate of learning rises in a line for 600 steps, then falls with
their root. Normalisation stands first (Xiong et al. 2020). Decoding keeps keys and values of earlier signs. The picture is where
the heads of the decoder's last layer look.
Reached, seed 0: all but one of 2,000 held-back numbers exact, greedy and by a beam, BLEU 99.99 (144 s).
"""

from __future__ import annotations

from typing import Any, cast

import torch
from _numbers import SIGNS, WORDS, Numbers, draw_map, learn, report
from torch import Tensor

from zerodojo.cli.example import Example, main
from zerodojo.models import create
from zerodojo.models.sequence.tokens import PAD, SPECIAL
from zerodojo.models.sequence.transformer import Transformer, warm_up
from zerodojo.models.sequence.transformer_blocks import DecoderLayer

WARM = 600  # steps in which the rate of learning rises
SHOWN = 86_409  # the number in the picture


@torch.no_grad()
def maps(network: Transformer, source: Tensor, target: Tensor) -> Tensor:
    """Where the heads of the last layer look as they write: source [1, S], target [1, T] -> [heads, T, S]."""
    found: list[Tensor] = []
    looking = cast(DecoderLayer, network.decoder[-1]).multihead_attn
    hook = looking.register_forward_pre_hook(lambda _, given: found.append(looking.maps(*given)))
    network(source, target, source != PAD)
    hook.remove()
    return found[0][0]


def run(example: Example) -> None:
    """Learns to translate, counts exact numbers, and draws where each head looked."""
    torch.manual_seed(example.seed)
    numbers, size = Numbers(example.choose(100_000, 1000), example.seed), example.choose(64, 32)
    network = cast(
        Transformer,
        create(
            "transformer",
            vocabulary=SPECIAL + len(WORDS),
            target_vocabulary=SPECIAL + len(SIGNS),
            size=size,
            heads=4,
            hidden=128,
            layers=2,
            dropout=0.0,
            norm_first=True,
        ),
    )

    def logits(source: Tensor, target: Tensor, _step: int) -> Tensor:
        return network(source, target, source != PAD)

    optimizer = torch.optim.Adam(network.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)  # section 5.3
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warm_up(step + 1, size=size, steps=WARM))
    learn(network, numbers, logits, (optimizer, schedule), steps=example.choose(3000, 20), smoothing=0.1)
    report(example, numbers, lambda source: network.start(source, source != PAD), network.step)
    example.picture(lambda figure: draw(figure, network, numbers), size=(12, 3.6))


def draw(figure: Any, network: Transformer, numbers: Numbers) -> None:
    """A map for each head."""
    number = min(SHOWN, len(numbers.sources) - 1)
    looked = maps(network, numbers.sources[[number]], numbers.targets[[number], :-1])
    for head, axis in enumerate(figure.subplots(1, len(looked), sharey=True)):
        draw_map(axis, looked[head], number)
        axis.set_title(f"head {head + 1}")


if __name__ == "__main__":
    main(run, doc=__doc__, name="numbers_transformer")
