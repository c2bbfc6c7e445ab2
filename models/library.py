"""The whole networks of papers by name. Import strings, so that listing them imports no torch. `creation.create` makes them."""

from __future__ import annotations

from typing import Any, NamedTuple


class ModelEntry(NamedTuple):
    """Where the function that makes a network lives, whose it is, and the input that its multiply-adds are counted for."""

    path: str  # "module:function", the module relative to this package
    paper: str  # authors, year and title
    input_shape: tuple[int, ...]  # of one example
    options: dict[str, Any] = {}  # noqa: RUF012  # arguments that the name stands for; nobody writes to it
    tokens: bool = False  # whether it reads ids of tokens and not floating-point numbers
    more_inputs: tuple[tuple[int, ...], ...] = ()  # shapes of the arguments behind the first, of one example each


LIBRARY: dict[str, ModelEntry] = {
    # Sequences.
    "causal_transformer": ModelEntry(
        ".sequence.transformer:causal_transformer",
        "Radford et al. 2018, Improving Language Understanding by Generative Pre-Training",
        (32,),
        tokens=True,
    ),
    "hred": ModelEntry(
        ".sequence.hred:hred",
        "Sordoni et al. 2015, A Hierarchical Recurrent Encoder-Decoder For Generative Context-Aware Query Suggestion",
        (32,),
        tokens=True,
    ),
    "language_model": ModelEntry(
        ".sequence.language_model:language_model",
        "Zaremba et al. 2014, Recurrent Neural Network Regularization",
        (32,),
        tokens=True,
    ),
    "seq2seq": ModelEntry(
        ".sequence.seq2seq:seq2seq",
        "Bahdanau et al. 2015, Neural Machine Translation by Jointly Learning to Align and Translate",
        (32,),
        tokens=True,
        more_inputs=((32,),),
    ),
    "transformer": ModelEntry(
        ".sequence.transformer:transformer",
        "Vaswani et al. 2017, Attention Is All You Need",
        (32,),
        tokens=True,
        more_inputs=((32,),),
    ),
    "vhred": ModelEntry(
        ".sequence.vhred:vhred",
        "Serban et al. 2017, A Hierarchical Latent Variable Encoder-Decoder Model for Generating Dialogues",
        (32,),
        tokens=True,
    ),
    "wavenet": ModelEntry(
        ".sequence.wavenet:wavenet", "van den Oord et al. 2016, WaveNet: A Generative Model for Raw Audio", (1024,), tokens=True
    ),
    "word2vec": ModelEntry(
        ".sequence.word2vec:word2vec",
        "Mikolov et al. 2013, Distributed Representations of Words and Phrases and their Compositionality",
        (10,),
        tokens=True,
        more_inputs=((6,),),
    ),
}
