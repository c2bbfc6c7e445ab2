"""OpenVINO's own converter takes what its engines do not build: networks for vectors and images, memories, those of papers."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from zerodojo.models import create
from zerodojo.models.body import Body
from zerodojo.models.config import BodyConfig
from zerodojo.models.engines.engine import EngineUnavailable
from zerodojo.models.engines.openvino_engine import import_openvino
from zerodojo.models.library import LIBRARY
from zerodojo.models.memory import make_memory
from zerodojo.models.registry import BACKBONES, MEMORIES
from zerodojo.models.vision import encoders

from .small import WIDTHS, answers, inputs, small
from .test_backbones import BOARD, observation_of

pytestmark = [  # OpenVINO's converter traces with what PyTorch gives up
    pytest.mark.filterwarnings("ignore:.*torch.jit.* is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
try:
    openvino = import_openvino()
except EngineUnavailable as error:
    pytest.skip(f"OpenVINO comes with zerodojo on Linux, x86-64, alone: {error}", allow_module_level=True)


class Flat(nn.Module):
    """A memory with its state as arguments."""

    def __init__(self, memory: nn.Module) -> None:
        super().__init__()
        self.memory, self.names = memory, list(memory.initial_state(1))

    def forward(self, x: Tensor, starts: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        y, after = self.memory(x, dict(zip(self.names, state, strict=True)), starts)
        return (y, *(after[name] for name in self.names))


class Sight(nn.Module):
    """What a body sees of single steps."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return self.body.encode(x)


def same_on_openvino(network: nn.Module, given: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> None:
    """Converted by what it does with `given`, it does with `other` what PyTorch does."""
    with torch.no_grad():
        converted = openvino.convert_model(network.eval(), example_input=given if len(given) > 1 else given[0])
        expected = answers(network, other)
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    results = openvino.Core().compile_model(converted, "CPU", settings)([tensor.numpy() for tensor in other])
    assert len(results) == len(expected)
    for i, wanted in enumerate(expected):
        largest = float(np.abs(wanted.numpy()).max(initial=1.0))
        np.testing.assert_allclose(results[i], wanted.numpy(), atol=1e-4 * largest, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in BACKBONES if name not in BOARD])
def test_what_agents_look_with_can_be_converted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "create", partial(create, width=WIDTHS.get(name, 8)))
    torch.manual_seed(0)
    body = Body(observation_of(name), BodyConfig(backbone=name, hidden=(8,)))
    same_on_openvino(Sight(body), (torch.rand(2, *observation_of(name)),), (torch.rand(2, *observation_of(name)),))


@pytest.mark.parametrize("kind", MEMORIES)
def test_a_memory_within_an_episode_can_be_converted(kind: str) -> None:
    torch.manual_seed(0)
    memory = make_memory(kind, 3, 8, span=4)
    starts = torch.zeros(2, 5, dtype=torch.bool)
    _, before = memory(torch.randn(2, 5, 3), memory.initial_state(2), starts)
    states = tuple(tensor.detach() for tensor in before.values())
    same_on_openvino(Flat(memory), (torch.randn(2, 5, 3), starts, *states), (torch.randn(2, 5, 3), starts, *states))


UNCONVERTED = {
    "hred": "OpenVINO has no cummax; and how many utterances there are is read from the words, which a trace does once for all",
    "segnet": "PyTorch 2.13 cannot trace the check of sizes within max_unpool2d",
    "vhred": "as hred",
}


@pytest.mark.full
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.xfail(reason=UNCONVERTED[name])) if name in UNCONVERTED else name for name in LIBRARY],
)
def test_a_network_of_a_paper_can_be_converted(name: str) -> None:
    torch.manual_seed(0)
    same_on_openvino(small(name), inputs(name), inputs(name, seed=1))
