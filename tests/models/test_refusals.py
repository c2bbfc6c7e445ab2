"""Options, shapes and inputs that no network takes: each is refused in one line that names what was expected and what came."""

from __future__ import annotations

import math

import pytest
import torch

from zerodojo.errors import UserError
from zerodojo.models import backbone, create
from zerodojo.models.body import Body
from zerodojo.models.config import BodyConfig, NetworkConfig
from zerodojo.models.library import LIBRARY
from zerodojo.models.memory import make_memory
from zerodojo.models.network import build
from zerodojo.models.registry import BACKBONES, MEMORIES
from zerodojo.models.vision.bilinear import Upsampling

from .small import answers, inputs, small

BOARD, IMAGE = (3, 6, 7), (2, 36, 40)


def refused(call, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


# Backbones -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("resnet", BOARD, {"channels": 0}, "channels of the network is 0; it must be a whole number above 0"),
        ("resnet", BOARD, {"channels": -4}, "channels of the network is -4"),
        ("resnet", BOARD, {"channels": 2.5}, "channels of the network is 2.5"),
        ("resnet", BOARD, {"channels": True}, "channels of the network is True"),
        ("resnet", BOARD, {"blocks": -1}, "blocks of the network is -1; it must be a whole number of 0 at least"),
        ("transformer", BOARD, {"heads": 0}, "heads of the network is 0"),
        (
            "resnet",
            (3, 0, 7),
            {},
            r"input_shape of backbone resnet is \(3, 0, 7\); it must be a tuple of some whole numbers above 0",
        ),
        ("resnet", (0, 6, 7), {}, r"input_shape of backbone resnet is \(0, 6, 7\)"),
        ("resnet", 3, {}, "input_shape of backbone resnet is 3"),
        ("convnet", (3, 0, 5), {}, r"input_shape of backbone convnet is \(3, 0, 5\)"),
        ("mlp", (0,), {}, r"input_shape of backbone mlp is \(0,\)"),
        ("mlp", (3.0,), {}, r"input_shape of backbone mlp is \(3.0,\)"),
        ("mlp", BOARD, {}, r"backbone mlp reads a shape \[F\], not \[3, "),
        ("mlp", (5,), {"hidden": (0,)}, r"hidden of the body is \(0,\)"),
        ("mlp", (5,), {"hidden": 64}, "hidden of the body is 64; it must be a tuple"),
        ("mlp", (5,), {"activation": "gelu"}, "unknown activation 'gelu'; did you mean relu"),
        ("mlp", (5,), {"activation": 3}, "unknown activation 3"),
        ("mlp", (5,), {"layer_norm": "x"}, "layer_norm of the body is 'x'; it must be True or False"),
        ("resnet", BOARD, {"heads": 2}, "unknown option of resnet 'heads'"),
        ("nature", IMAGE, {"activation": "tanh"}, "unknown option of nature 'activation'"),
        ("resnet", BOARD, {"backbone": "mobilenet"}, "unknown option of resnet 'backbone'"),
        ("resnet", BOARD, {"value_hidden": 4}, "unknown option of resnet 'value_hidden'"),
        ("convnet", IMAGE, {"memory": "lstm"}, "unknown option of convnet 'memory'"),
    ],
)
def test_a_backbone_that_cannot_be(name, shape, options, message) -> None:
    refused(lambda: backbone(name, shape, **options), message)


@pytest.mark.parametrize("name", [name for name in BACKBONES if name not in ("resnet34", "resnet50", "densenet121")])  # as resnet18
def test_a_backbone_reads_what_it_was_made_for(name) -> None:
    kind = BACKBONES[name].kind
    shape = {"board": BOARD, "vector": (5,), "image": IMAGE}[kind]
    with torch.device("meta"):
        network = backbone(name, shape)
        assert len(network(torch.zeros(2, *shape))) == 2
        others = [(2, shape[0] + 1, *shape[1:]), shape, (2, 1, *shape)]
        for other in others if kind == "vector" else [*others, (2, *shape[:-1], shape[-1] + 1)]:
            named = ", ".join(map(str, shape))
            refused(
                lambda other=other: network(torch.zeros(other)), rf"made for \[N, {named}\] of floating.*, and got \[{other[0]}"
            )
    for other, came in ((torch.zeros(2, *shape, dtype=torch.uint8), "torch.uint8"), ([[0.0]], "a list in place of a tensor")):
        refused(lambda other=other: network(other), f"and got .*{came}")


def test_a_network_and_a_body_that_cannot_be() -> None:
    refused(lambda: build(NetworkConfig(value_hidden=2.5), planes=3, board=(6, 7), actions=7), "value_hidden of the network is 2.5")
    refused(lambda: Body((5,), BodyConfig(memory="ltsm")), "unknown memory 'ltsm'; did you mean lstm")
    refused(lambda: Body((5,), BodyConfig(memory="lstm", memory_size=0)), "memory_size of the body is 0")
    refused(lambda: Body((5,), BodyConfig(memory="gtrxl", memory_span=-1)), "memory_span of the body is -1")


# Whole networks ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (3, {}, "unknown model 3"),
        ([], {}, r"unknown model \[\]"),
        ("language_model", {"tied": "no"}, "tied of language_model is 'no'; it must be True or False"),
        ("transformer", {"norm_first": 1}, "norm_first of transformer is 1; it must be True or False"),
        ("language_model", {"vocabulary": 10**12}, "language_model of this size needs more memory than there is"),
        ("ssd", {"size": "300"}, "size of ssd is '300'; it must be a whole number of 32 at least"),
        ("ssd", {"size": 300.0}, "size of ssd is 300.0"),
        ("ssd", {"num_classes": 2.5}, "num_classes of ssd is 2.5; it must be a whole number of 2 at least"),
        ("ssd", {"num_classes": "x"}, "num_classes of ssd is 'x'"),
        ("ssd", {"scales": 0.1}, "scales of ssd is 0.1; it must be a pair"),
        ("ssd", {"scales": (0.1,)}, r"scales of ssd is \(0.1,\); it must be a pair"),
        ("ssd", {"scales": (0.1, "x")}, "the second scale of ssd is 'x'; it must be a number above 0"),
        ("ssd", {"scales": (0.1, math.nan)}, "the second scale of ssd is nan"),
        ("ssd", {"backbone": 3}, "unknown backbone of ssd 3"),
        ("resnet18", {"dilations": 3}, "dilations of resnet18 is 3; it must be a tuple of 4 whole numbers above 0"),
        ("resnet18", {"dilations": (1, 1, 2)}, r"dilations of resnet18 is \(1, 1, 2\)"),
        ("resnet18", {"dilations": (1, 1, 2, 0)}, r"dilations of resnet18 is \(1, 1, 2, 0\)"),
        ("resnet18", {"norm": 3}, "unknown norm '3'"),
        ("mobilenet_v1", {"width": math.inf}, "width of mobilenet_v1 is inf; it multiplies the paper's channels"),
        (
            "mobilenet_v1",
            {"width": 8},
            "width of mobilenet_v1 is 8; it multiplies the paper's channels: a number above 0, 4 at most",
        ),
        ("mobilenet_v1", {"width": True}, "width of mobilenet_v1 is True"),
        ("vae", {"latent": True}, "latent of vae is True; it must be a whole number above 0"),
        ("wavenet", {"kernel": 2.5}, "kernel of wavenet is 2.5; it must be a whole number of 2 at least"),
        ("mdn_rnn", {"outcomes": True}, "outcomes of mdn_rnn is True; it must be a whole number of 0 at least"),
        ("transformer", {"target_vocabulary": 0}, "target_vocabulary of transformer is 0; it must be a whole number above 0"),
        ("transformer", {"target_vocabulary": -3}, "target_vocabulary of transformer is -3"),
        ("transformer", {"target_vocabulary": 2.5}, "target_vocabulary of transformer is 2.5"),
    ],
)
def test_a_network_of_the_library_that_cannot_be(name, options, message) -> None:
    refused(lambda: create(name, **options), message)


@pytest.mark.parametrize("dropout", [-0.1, 1, 1.5, math.nan, "x", False])
@pytest.mark.parametrize("name", ["causal_transformer", "decision_transformer", "language_model", "transformer", "unet"])
def test_a_dropout_is_a_share(name, dropout) -> None:
    refused(lambda: create(name, dropout=dropout), f"dropout of {name} is {dropout!r}; it must be a number at least 0 and below 1")


@pytest.mark.parametrize("factor", [0, 3, 2.0])
def test_images_are_enlarged_by_even_factors(factor) -> None:
    refused(lambda: Upsampling(2, factor), f"factor of an upsampling is {factor}; it must be")


@pytest.mark.parametrize("name", ["resnet18", "ssd", "vae"])
def test_images_are_of_the_type_of_the_weights(name) -> None:
    network, (x,) = small(name).eval(), inputs(name, 1)
    for wrong in (x.half(), x.double(), (255 * x).byte()):
        refused(
            lambda wrong=wrong: network(wrong), f"floating-point images, torch.float32 as its weights are, and got {wrong.dtype}"
        )
    with torch.no_grad():
        network.double()(x.double())
        with torch.autocast("cpu", torch.bfloat16):
            network.float()(x.bfloat16())


@pytest.mark.parametrize("name", [name for name, entry in LIBRARY.items() if entry.tokens])
def test_tokens_are_ids_and_there_is_one_at_least(name) -> None:
    arguments = 1 + len(LIBRARY[name].more_inputs)
    network, right = small(name).eval(), torch.tensor([[3, 4, 2], [5, 2, 0]])
    network(*[right.int()] * arguments)
    for at in range(arguments):
        others = [right] * arguments
        for wrong, message in [
            (right.bool(), r"reads token ids \[N, T\] of int64 or int32, and got \[2, 3\] of torch.bool"),
            (right.to(torch.int8), "of torch.int8"),
            (right.unsqueeze(2), r"and got \[2, 3, 1\] of torch.int64"),
            (right[:, :0], r"reads one token at least, and got \[2, 0\]"),
            (right + 4, "knows tokens 0 to 8, and got ids from 4 to 9"),
        ]:
            others[at] = wrong
            refused(lambda others=others: network(*others), message)
    if arguments > 1:
        refused(lambda: network(right, right[:1]), f"{name} reads as many rows of .*, and got 2 of .* and 1 of ")


def test_a_mask_is_as_large_as_its_tokens() -> None:
    tokens = torch.tensor([[3, 4, 2], [5, 2, 0]])
    for name in ("transformer", "word2vec"):
        network = small(name).eval()
        network(tokens, tokens, tokens != 0)
        for wrong in (torch.ones(2, 4, dtype=torch.bool), torch.ones(3, dtype=torch.bool), torch.ones(2, 3), [[True] * 3] * 2):
            refused(lambda wrong=wrong, n=network: n(tokens, tokens, wrong), rf"{name} reads a mask \[2, 3\]")


@pytest.mark.parametrize("latent", [(3, 4), (4,), (2, 0, 4), (2, 3, 5), (2, 3, 1, 4)])
def test_latent_numbers_have_three_dimensions(latent) -> None:
    network = create("mdn_rnn", latent=4, actions=2, units=2, mixtures=1)
    refused(lambda: network(torch.zeros(latent), torch.zeros(*latent[:-1], 2)), r"mdn_rnn reads latent numbers \[N, T, 4\]")
    refused(lambda: network(torch.zeros(latent).long(), torch.zeros(2, 3, 2)), "mdn_rnn reads latent of floating-point numbers")


@pytest.mark.parametrize("steps", [(3,), (2, 0), (2, 3, 1)])
def test_decisions_have_two_dimensions(steps) -> None:
    network = create("decision_transformer", observation=4, actions=2, size=4, hidden=4, layers=1, span=2)
    asked, seen, before = torch.zeros(steps), torch.zeros(*steps, 4), torch.zeros(*steps, 2)
    refused(lambda: network(asked, seen, before, torch.zeros(steps)), r"decision_transformer reads observations \[N, T, 4\]")
    refused(lambda: network(torch.zeros(2, 3), torch.zeros(2, 3, 4), torch.zeros(2, 3, 2), torch.zeros(2, 4)), "times")
    whole = torch.zeros(2, 3, dtype=torch.int64)
    refused(
        lambda: network(whole, torch.zeros(2, 3, 4), torch.zeros(2, 3, 2), torch.zeros(2, 3)),
        r"decision_transformer reads returns of floating-point numbers, and got \[2, 3\] of torch.int64",
    )


STEPS = ["causal_transformer", "hred", "language_model", "seq2seq", "transformer", "wavenet"]


def begun(name: str, rows: int):
    """A network that writes, and what it begins from."""
    network, source = small(name).eval(), torch.tensor([[3, 4, 2]] * rows)
    return network, network.start(source) if hasattr(network, "start") else network(source)[1]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_goes_on_with_ids_and_a_state_of_as_many_rows(name) -> None:
    network, state = begun(name, 2)
    network.step(torch.tensor([3, 4]), state)
    for wrong, message in [
        (torch.tensor([3, 9]), f"{name} knows tokens 0 to 8, and got ids from 3 to 9"),
        (torch.tensor([[3], [4]]), rf"a step of {name} reads token ids \[N\] of int64 or int32, and got \[2, 1\]"),
        (torch.tensor([3.0, 4.0]), "and got .* of torch.float32"),
        (torch.tensor([3, 4, 5]), f"{name} goes on from a state of 3 rows, and got one of 2"),
    ]:
        refused(lambda wrong=wrong: network.step(wrong, state), message)


@pytest.mark.parametrize("kind", MEMORIES)
def test_a_memory_goes_on_with_truths_and_a_state_of_as_many_rows(kind) -> None:
    memory = make_memory(kind, 3, 8, span=4)
    x, starts = torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=torch.bool)
    memory(x, memory.initial_state(2), starts)
    for wrong in (starts.float(), starts[:, :4], starts[:1]):
        refused(lambda wrong=wrong: memory(x, memory.initial_state(2), wrong), r"reads starts \[2, 5\] of torch.bool, and got ")
    refused(lambda: memory(x, memory.initial_state(3), starts), "goes on from a state of 2 rows, and got one of 3")


def test_shares_variables_and_lengths_are_what_they_are() -> None:
    dialogue = torch.tensor([[3, 4, 2], [5, 2, 0]])
    vhred, seq2seq = small("vhred").eval(), small("seq2seq").eval()
    for drop in (-1, 2, math.nan, "x"):
        refused(lambda drop=drop: vhred(dialogue, drop=drop), "drop of vhred is .*; it must be a number from 0 to 1")
        refused(
            lambda share=drop: seq2seq(dialogue, dialogue, teacher=share), "teacher of seq2seq is .*; it must be a number from 0"
        )
    refused(lambda: vhred(dialogue, latent="x"), "unknown latent of vhred 'x'; known: posterior, prior")
    for lengths, message in [
        (torch.tensor([3.0, 2.0]), r"reads lengths \[2\] of int64 or int32, and got \[2\] of torch.float32"),
        ([3, 2], "and got a list in place of a tensor"),
        (torch.tensor([3]), r"and got \[1\] of torch.int64"),
        (torch.tensor([3, 0]), r"reads lengths \[2\] from 1 to 3, and got \[3, 0\]"),
        (torch.tensor([4, 2]), r"and got \[4, 2\]"),
    ]:
        refused(lambda lengths=lengths: seq2seq(dialogue, dialogue, lengths), message)


@pytest.mark.parametrize("name", LIBRARY)
def test_of_no_examples_there_is_nothing_to_say(name) -> None:
    with torch.no_grad():
        found = answers(small(name).eval(), tuple(part[:0] for part in inputs(name)))
    assert all(len(part) == 0 for part in found)
