"""The contract of every backbone in the registry and of every memory, whatever it reads."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest
import torch
from torch import nn

from zerodojo.errors import UserError
from zerodojo.models import backbone, create
from zerodojo.models.body import Body
from zerodojo.models.config import BodyConfig, NetworkConfig
from zerodojo.models.engines import prepare as preparing
from zerodojo.models.engines.prepare import compare
from zerodojo.models.engines.registry import ENGINES
from zerodojo.models.footprint import COUNTED, footprint
from zerodojo.models.memory import make_memory
from zerodojo.models.network import PolicyValueNetwork, build
from zerodojo.models.registry import BACKBONES, MEMORIES
from zerodojo.models.vision import encoders
from zerodojo.models.weights_file import load_weights, save_weights

from .networks import rows, trained
from .small import WIDTHS
from .test_engines import AVAILABLE, same

BOARD = [name for name, entry in BACKBONES.items() if entry.kind == "board"]
SIZES = [(3, 3), (6, 7), (9, 4)]
DEEP = ("resnet18", "resnet34", "resnet50", "densenet121", "mobilenet_v1")  # whole networks of papers
GROWN = {  # parameters, added up by hand, of 256 channels and 19 blocks over 19x19 points of 17 planes, with heads for 362 moves
    "resnet": 22_827_877,
    "bottleneck": 1_732_709,
    "nested_bottleneck": 12_880_997,
    "densenet": 25_384_421,
    "mobilenet": 1_703_525,
    "transformer": 15_505_105,
    "dilated": 22_827_877,
    "global_pooling": 23_911_525,
    "squeeze_excite": 23_144_645,
}


def config(name: str) -> NetworkConfig:
    return NetworkConfig(backbone=name, channels=16, blocks=3, value_hidden=16)


def made(name: str, board: tuple[int, int] = (6, 7), *, seed: int = 0) -> PolicyValueNetwork:
    return build(config(name), planes=3, board=board, actions=7, seed=seed)


@cache
def learned(name: str) -> PolicyValueNetwork:
    return trained(config(name), steps=8)


def observation_of(name: str) -> tuple[int, ...]:
    """What a backbone of a vector or an image reads, as small as it may be."""
    return (5,) if BACKBONES[name].kind == "vector" else (2, 36, 40) if name in ("nature", *DEEP) else (2, 7, 6)


def every_gradient(network: nn.Module, *outputs: torch.Tensor) -> None:
    network.zero_grad()
    torch.stack([(output - 1).square().mean() for output in outputs]).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all() and parameter.grad.any(), name


# Boards --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", SIZES)
@pytest.mark.parametrize("name", BOARD)
def test_a_board_keeps_its_size_and_every_parameter_learns(name: str, board: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = made(name, board).train()
    outputs = network(torch.from_numpy(rows(6, board=board)))
    every_gradient(network, *outputs)
    for mode in (network.train(), network.eval()):
        for n in (1, 3):
            maps = mode.backbone(torch.from_numpy(rows(n, board=board)))
            assert tuple(maps.shape) == (n, *mode.backbone.output_shape) and mode.backbone.output_shape[1:] == board
            assert torch.isfinite(maps).all()


@pytest.mark.parametrize("name", BOARD)
def test_a_board_alone_is_judged_as_among_others_and_nothing_is_learned_in_passing(name: str) -> None:
    network = made(name).double().eval()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    x = torch.from_numpy(rows(5)).double()
    with torch.no_grad():
        alone, together = network(x[:1]), network(x)
    for one, all_of_them in zip(alone, together, strict=True):
        torch.testing.assert_close(one, all_of_them[:1], atol=1e-12, rtol=1e-12)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize("name", BOARD)
def test_a_learned_board_comes_back_from_a_file(name: str, tmp_path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(learned(name), path)
    again = made(name, seed=5).eval()
    load_weights(again, path)
    x = torch.from_numpy(rows(4))
    with torch.no_grad():
        assert all(torch.equal(a, b) for a, b in zip(again(x), learned(name)(x), strict=True))


@pytest.mark.parametrize("engine", AVAILABLE)
@pytest.mark.parametrize("name", BOARD)
def test_every_engine_runs_every_board_backbone_row_by_row(name: str, engine: str) -> None:
    """With agreement; and a row's result depends on nothing but the row, bit for bit."""
    x = rows(64, seed=2)
    with torch.no_grad():
        expected = tuple(out.numpy() for out in learned(name)(torch.from_numpy(x)))
    fast = preparing._make(engine, learned(name), rows(64, seed=1), batch=16, threads=1)
    got = fast.evaluate(x)
    agreement, difference = compare(expected, got)
    assert agreement >= preparing.TOP_MOVE_AGREEMENT and difference < preparing.VALUE_DIFFERENCE
    if "fp32" in engine:
        np.testing.assert_allclose(got[0], expected[0], atol=1e-4)
    order = np.random.default_rng(4).permutation(64)
    assert same(fast.evaluate(x[order]), tuple(array[order] for array in got))
    for start, n in ((0, 1), (17, 1), (5, 31), (3, 17)):
        assert same(fast.evaluate(x[start : start + n]), tuple(array[start : start + n] for array in got))


@pytest.mark.parametrize("name", BOARD)
def test_a_large_board_backbone_is_counted_and_not_made(name: str) -> None:
    size = NetworkConfig(backbone=name, channels=256, blocks=19)
    counted = footprint(size, planes=17, board=(19, 19), actions=362)
    assert counted.parameters == GROWN[name]


@pytest.mark.parametrize("name", ["densenet", "global_pooling"])
def test_more_blocks_are_reckoned_from_fewer(name: str) -> None:
    size = NetworkConfig(backbone=name, channels=4, blocks=COUNTED + 12)
    with torch.device("meta"):
        real = build(size, planes=3, board=(6, 7), actions=7)
    reckoned = footprint(size, planes=3, board=(6, 7), actions=7)
    assert reckoned.parameters == sum(parameter.numel() for parameter in real.parameters())


@pytest.mark.full
@pytest.mark.parametrize("name", BOARD)
def test_a_large_board_backbone_runs(name: str) -> None:
    network = build(NetworkConfig(backbone=name, channels=128, blocks=10), planes=17, board=(19, 19), actions=362)
    every_gradient(network, *network.train()(torch.from_numpy(rows(4, planes=17, board=(19, 19)))))
    engine = preparing.prepare("auto", network.eval(), rows(64, planes=17, board=(19, 19)), batch=16).engine
    assert engine.name in ENGINES and engine.evaluate(rows(3, planes=17, board=(19, 19)))[0].shape == (3, 362)


def test_a_place_is_told_by_the_offset_alone() -> None:
    """The Transformer's scores know how far two points are apart, and the bias of each offset is its own."""
    attention = backbone("transformer", (3, 3, 4), channels=8, blocks=1, heads=2).blocks[0].attention
    offsets = attention.offsets
    places = [(r, c) for r in range(3) for c in range(4)]
    seen: dict[tuple[int, int], int] = {}
    for i, (r, c) in enumerate(places):
        for j, (y, x) in enumerate(places):
            assert seen.setdefault((r - y, c - x), int(offsets[i, j])) == int(offsets[i, j])
    assert len(set(seen.values())) == len(seen) == attention.offset_bias.shape[1] == 5 * 7


def test_attention_over_a_board_is_the_attention_of_pytorch() -> None:
    torch.manual_seed(0)
    attention = backbone("transformer", (3, 3, 4), channels=8, blocks=1, heads=2).double().blocks[0].attention
    nn.init.normal_(attention.offset_bias)
    x = torch.randn(2, 8, 3, 4, dtype=torch.float64)
    q, k, v = (
        part(x).flatten(2).unflatten(1, (2, 4)).transpose(2, 3) for part in (attention.query, attention.key, attention.value)
    )
    y = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=attention.offset_bias[:, attention.offsets])
    expected = attention.out(y.transpose(2, 3).reshape(2, 8, 3, 4))
    torch.testing.assert_close(attention(x), expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("name", ["squeeze_excite", "global_pooling", "transformer"])
def test_what_sees_the_whole_board_does(name: str) -> None:
    """One point is changed; the far corner of a large board hears of it in a block, which no 3x3 convolutions reach so far."""
    torch.manual_seed(0)
    network = backbone(name, (3, 19, 19), channels=16, blocks=2).double().eval()
    x = torch.rand(1, 3, 19, 19, dtype=torch.float64)
    other = x.clone()
    other[0, :, 0, 0] += 1
    with torch.no_grad():
        assert not torch.equal(network(x)[0, :, -1, -1], network(other)[0, :, -1, -1])
        plain = backbone("resnet", (3, 19, 19), channels=16, blocks=2).double().eval()
        assert torch.equal(plain(x)[0, :, -1, -1], plain(other)[0, :, -1, -1])


def test_dilations_reach_as_far_as_the_board_allows() -> None:
    def dilations(board: tuple[int, int]) -> list[int]:
        return [block.conv1.dilation[0] for block in backbone("dilated", (3, *board), channels=4, blocks=4).blocks]

    assert dilations((19, 19)) == [1, 2, 4, 1]
    assert dilations((3, 9)) == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("name", "line"), [("bottleneck", "multiple of 4"), ("nested_bottleneck", "of 2"), ("transformer", "of 4")]
)
def test_channels_that_do_not_divide_are_refused(name: str, line: str) -> None:
    with pytest.raises(UserError, match=f"network.channels is 7, and backbone {name} needs a .*{line}") as refused:
        backbone(name, (3, 6, 7), channels=7)
    assert "\n" not in str(refused.value)


# Vectors and images --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in BACKBONES if name not in BOARD])
def test_what_agents_look_with(name: str, tmp_path, monkeypatch) -> None:
    """Networks of papers at a small width."""
    monkeypatch.setattr(encoders, "create", partial(create, width=WIDTHS.get(name, 8)))
    torch.manual_seed(0)
    shape = observation_of(name)
    encoder = Body(shape, BodyConfig(backbone=name, hidden=(8,)))
    x = torch.rand(2, 3, *shape)
    y, _ = encoder.train()(x, {}, torch.zeros(2, 3, dtype=torch.bool))
    assert tuple(y.shape) == (2, 3, encoder.output_size) and encoder.output_size == 8
    every_gradient(encoder, y)
    every_gradient(encoder, encoder(x[:1, :1], {}, torch.zeros(1, 1, dtype=torch.bool))[0])  # and of one that acts alone
    encoder.eval()
    with torch.no_grad():
        torch.testing.assert_close(encoder.encode(x[:1, 0]), encoder.encode(x[0])[:1], atol=1e-5, rtol=1e-5)
    path = tmp_path / "weights.safetensors"
    save_weights(encoder, path)
    again = Body(shape, BodyConfig(backbone=name, hidden=(8,))).eval()
    load_weights(again, path)
    with torch.no_grad():
        assert torch.equal(again.encode(x[0]), encoder.encode(x[0]))


@pytest.mark.parametrize("name", DEEP)
def test_a_network_of_a_paper_reads_large_images_and_small_ones(name: str) -> None:
    with torch.device("meta"):
        for shape in ((3, 84, 84), (4, 10, 10)):
            encoder = Body(shape, BodyConfig(backbone=name, hidden=(16,)))
            assert tuple(encoder.encode(torch.zeros(2, *shape)).shape) == (2, 16)
            assert not any(isinstance(module, nn.BatchNorm2d) for module in encoder.modules())


@pytest.mark.full
@pytest.mark.parametrize("name", DEEP)
def test_a_network_of_a_paper_looks_at_its_real_size(name: str) -> None:
    torch.manual_seed(0)
    encoder = Body((3, 84, 84), BodyConfig(backbone=name))
    y = encoder.train().encode(torch.rand(2, 3, 84, 84))
    assert tuple(y.shape) == (2, 64) and torch.isfinite(y).all()
    every_gradient(encoder, y)


# Memories ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MEMORIES)
def test_a_memory_is_no_backbone_and_it_is_said_where_it_stands(kind: str) -> None:
    with pytest.raises(UserError, match=f"{kind} is a memory behind a backbone; ask for it by --body.memory {kind}") as refused:
        backbone(kind, (3,))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", MEMORIES)
def test_a_memory_of_one_episode_is_that_of_many_and_comes_back(kind: str, tmp_path) -> None:
    torch.manual_seed(0)
    memory = make_memory(kind, 3, 8, span=4)
    x, starts = torch.randn(3, 6, 3), torch.zeros(3, 6, dtype=torch.bool)
    starts[1, 3] = True
    y, state = memory(x, memory.initial_state(3), starts)
    assert tuple(y.shape) == (3, 6, 8) and all(part.shape[0] == 3 for part in state.values())
    every_gradient(memory, y)
    path = tmp_path / "weights.safetensors"
    save_weights(memory, path)
    again = make_memory(kind, 3, 8, span=4)
    load_weights(again, path)
    with torch.no_grad():
        alone, _ = again(x[1:2], again.initial_state(1), starts[1:2])
    torch.testing.assert_close(alone, y[1:2], atol=1e-5, rtol=1e-5)
