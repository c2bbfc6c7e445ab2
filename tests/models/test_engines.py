"""The contract of every engine that runs here, and how `prepare` chooses one."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zerodojo.errors import UserError
from zerodojo.models import hardware
from zerodojo.models.config import NetworkConfig
from zerodojo.models.engines import prepare as preparing
from zerodojo.models.engines.engine import Engine, EngineUnavailable
from zerodojo.models.engines.folding import fold
from zerodojo.models.engines.openvino_graph import Seen
from zerodojo.models.engines.prepare import REFERENCE, compare, prepare
from zerodojo.models.engines.registry import ENGINES
from zerodojo.models.engines.torch_engine import TorchEngine
from zerodojo.models.network import PolicyValueNetwork, build

from .networks import SMALL, rows, trained


def available(name: str) -> bool:
    """Whether an engine can run on this host."""
    try:
        prepare(name, build(SMALL, planes=3, board=(6, 7), actions=7), rows(8), batch=4)
    except UserError:
        return False
    return True


AVAILABLE = [name for name in ENGINES if available(name)]
every_engine = pytest.mark.parametrize("name", AVAILABLE)


@cache
def network() -> PolicyValueNetwork:
    """One trained network for all tests."""
    return trained()


@cache
def engine(name: str) -> Engine:
    """One engine of each kind, of a shape that 40 rows do not fill evenly."""
    made = preparing._make(name, network(), rows(64, seed=1), batch=32, threads=1)
    made.evaluate(rows(1))
    return made


def same(a: tuple[NDArray[np.float32], ...], b: tuple[NDArray[np.float32], ...]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_what_has_to_run_here_does() -> None:
    assert REFERENCE in AVAILABLE
    assert ("torch-bf16" in AVAILABLE) == hardware.has_bf16()
    if sys.platform == "linux" and platform.machine() == "x86_64":  # where openvino is always installed
        assert ("openvino-int8" in AVAILABLE) == hardware.has_int8()
        assert ("openvino-bf16" in AVAILABLE) == hardware.has_bf16()


@every_engine
def test_agrees_with_the_network_itself(name: str) -> None:
    x = rows(300, seed=2)
    with torch.no_grad():
        logits, values = (out.numpy() for out in network()(torch.from_numpy(x)))
    got = engine(name).evaluate(x)
    assert [array.dtype for array in got] == [np.float32, np.float32]
    assert [array.shape for array in got] == [(300, 7), (300,)]
    agreement, difference = compare((logits, values), got)
    assert agreement >= preparing.TOP_MOVE_AGREEMENT
    assert difference < preparing.VALUE_DIFFERENCE
    if "fp32" in name:
        np.testing.assert_allclose(got[0], logits, atol=1e-4)
        np.testing.assert_allclose(got[1], values, atol=1e-4)


@every_engine
def test_a_row_depends_on_nothing_but_itself(name: str) -> None:
    x = rows(40, seed=3)
    expected = engine(name).evaluate(x)
    order = np.random.default_rng(4).permutation(40)
    assert same(engine(name).evaluate(x[order]), tuple(array[order] for array in expected))
    for start, n in [(0, 1), (17, 1), (39, 1), (3, 5), (0, 16), (5, 31), (5, 32), (5, 33)]:
        part = slice(start, start + n)
        assert same(engine(name).evaluate(x[part]), tuple(array[part] for array in expected)), (start, n)
    for i in (0, 33):
        alone = rows(40, seed=5)
        alone[39 - i] = x[i]
        assert same(tuple(array[39 - i] for array in engine(name).evaluate(alone)), tuple(array[i] for array in expected)), i


@every_engine
def test_no_rows_give_no_results_and_results_stay(name: str) -> None:
    assert [array.shape for array in engine(name).evaluate(rows(0))] == [(0, 7), (0,)]
    first = engine(name).evaluate(rows(4, seed=6))
    copies = tuple(array.copy() for array in first)
    engine(name).evaluate(rows(4, seed=7))
    assert same(first, copies)


@every_engine
def test_planes_of_another_game_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"takes \(N, 3, 6, 7\)"):
        engine(name).evaluate(rows(2, board=(3, 3)))


@every_engine
def test_weights_are_copied(name: str) -> None:
    changing = trained(steps=2)
    made = prepare(name, changing, rows(64), batch=16).engine
    before = made.evaluate(rows(5))
    with torch.no_grad():
        for tensor in changing.state_dict().values():
            tensor.mul_(0)
    assert same(made.evaluate(rows(5)), before)


@every_engine
def test_one_thread_is_one_thread(name: str) -> None:
    """The work of one evaluation takes no more processor time than wall-clock time, and leaves torch's own setting alone."""
    if "cuda" in name:
        pytest.skip("threads are of the processor")
    before = torch.get_num_threads()
    made = prepare(name, trained(NetworkConfig(channels=32, blocks=2), steps=1), rows(64), batch=256, threads=1).engine
    assert made.threads == 1
    made.evaluate(rows(256))
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(4):
        made.evaluate(rows(1024))
    assert time.process_time() - processor <= 1.1 * (time.perf_counter() - wall)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("board", "planes", "actions"), [((3, 3), 3, 9), ((9, 9), 17, 82), ((19, 19), 2, 362)])
@every_engine
def test_other_boards(name: str, board: tuple[int, int], planes: int, actions: int) -> None:
    judge = trained(NetworkConfig(channels=8, blocks=1), planes=planes, board=board, actions=actions, steps=3)
    x = rows(24, planes=planes, board=board, seed=8)
    got = preparing._make(name, judge, x, batch=16, threads=1).evaluate(x)
    with torch.no_grad():
        logits, values = judge(torch.from_numpy(x))
    np.testing.assert_allclose(got[0], logits.numpy(), atol=0.1)
    np.testing.assert_allclose(got[1], values.numpy(), atol=0.1)


def test_folding_changes_nothing() -> None:
    x = torch.from_numpy(rows(64))
    with torch.no_grad():
        for expected, got in zip(network()(x), fold(network())(x), strict=True):
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in AVAILABLE if name.startswith("openvino")])
def test_a_layer_that_openvino_engines_do_not_know(name: str) -> None:
    odd = build(SMALL, planes=3, board=(6, 7), actions=7)
    odd.policy.conv[1] = torch.nn.GroupNorm(1, 2)
    with pytest.raises(EngineUnavailable, match="does not know the layer GroupNorm"):
        preparing._make(name, odd, rows(8), batch=8, threads=1)
    prepared = prepare("auto", odd, rows(8), batch=8)
    assert prepared.engine.name.startswith("torch")
    assert any("GroupNorm" in reason for _, reason in prepared.report.tried)


# Choosing ------------------------------------------------------------------------------------------------------------------------


def test_auto_takes_the_first_that_runs_and_agrees() -> None:
    engine, report = prepare("auto", network(), rows(256), batch=32)
    assert engine.name == report.chosen == next(name for name in ENGINES if name in AVAILABLE)
    assert report.top_move_agreement >= preparing.TOP_MOVE_AGREEMENT
    assert report.value_difference < preparing.VALUE_DIFFERENCE
    assert [name for name, _ in report.tried] == [name for name in ENGINES if name not in AVAILABLE][: len(report.tried)]
    assert str(report).startswith(engine.name)


class Contrary(TorchEngine):
    """An engine whose moves or values are wrong."""

    wrong = "moves"

    def evaluate(self, planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        logits, values = super().evaluate(planes)
        if self.wrong == "nan":
            return logits * np.nan, values
        return (-logits, values) if self.wrong == "moves" else (logits, values + np.float32(0.1))


@pytest.mark.parametrize("wrong", ["moves", "values", "nan"])
@pytest.mark.parametrize("asked", ["auto", "torch-bf16"])
def test_an_engine_that_disagrees_is_passed_over(monkeypatch: pytest.MonkeyPatch, wrong: str, asked: str) -> None:
    monkeypatch.setattr(Contrary, "wrong", wrong)
    monkeypatch.setattr(preparing, "Contrary", Contrary, raising=False)
    contrary = ENGINES[REFERENCE]._replace(path=".prepare:Contrary")
    for name in ENGINES:
        if name != REFERENCE:
            monkeypatch.setitem(ENGINES, name, contrary)
    engine, report = prepare(asked, network(), rows(256), batch=32)
    assert engine.name == report.chosen == REFERENCE
    assert (report.top_move_agreement, report.value_difference) == (1.0, 0.0)
    assert len(report.tried) == len(ENGINES) - 1
    assert report.tried[0][0] == (asked if asked in ENGINES else next(iter(ENGINES)))
    assert all("disagrees with fp32" in reason for _, reason in report.tried)


def test_without_positions_there_is_only_the_reference() -> None:
    for name in ("auto", "torch-bf16"):
        engine, report = prepare(name, network(), rows(1), batch=32)
        assert engine.name == REFERENCE
        assert report.tried == ((name, "no positions to check it on"),)


def test_equal_moves_are_no_disagreement() -> None:
    logits, values = np.array([[1.0, 1.001, 0.0]], np.float32), np.zeros(1, np.float32)
    assert compare((logits, values), (logits[:, [1, 0, 2]], values)) == (1.0, 0.0)
    assert compare((logits, values), (np.array([[0.0, 0.0, 1.0]], np.float32), values)) == (0.0, 0.0)


def test_an_unknown_engine_names_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown engine 'openvino-int4'; did you mean openvino-int8"):
        prepare("openvino-int4", network(), rows(8), batch=8)


def test_an_engine_asked_for_that_cannot_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "instructions", frozenset)
    for name in ("openvino-int8", "openvino-bf16", "torch-bf16"):
        with pytest.raises(UserError, match=f"engine {name} needs a processor with .* instructions; choose another"):
            prepare(name, network(), rows(8), batch=8)
    if not torch.cuda.is_available():
        assert prepare("auto", network(), rows(8), batch=8).engine.name == REFERENCE
        with pytest.raises(UserError, match="engine torch-cuda-bf16 needs a CUDA device"):
            prepare("torch-cuda-bf16", network(), rows(8), batch=8)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "openvino", None)
    if hardware.has_int8():
        with pytest.raises(UserError, match="needs openvino, which cannot be imported"):
            prepare("openvino-int8", network(), rows(8), batch=8)


def test_sizes_that_make_no_sense() -> None:
    for sizes in ({"batch": 0}, {"batch": 8, "threads": 0}):
        with pytest.raises(UserError, match="both must be at least 1"):
            prepare(REFERENCE, network(), rows(8), **sizes)


def test_activation_ranges_are_those_of_the_rows() -> None:
    ranges = Seen(fold(network()), rows(64), 1).ranges
    assert ranges["planes"] == (0.0, 1.0)
    assert len(ranges) == 2 + 3 * SMALL.blocks  # planes, the stem's map; of each block what its convolutions and its sum give
    with torch.no_grad():
        stem = torch.relu(network().backbone.stem(torch.from_numpy(rows(64))))
    assert ranges["relu"] == pytest.approx((float(stem.min()), float(stem.max())), rel=1e-4)


def test_preparing_says_nothing_sends_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    """In a fresh process with an empty home, warnings as errors, and sockets that fail."""
    code = """
import socket
def refuse(*args, **kwargs): raise AssertionError("a socket was opened")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from tests.models.networks import rows, trained
from zerodojo.models.engines.prepare import prepare
prepare("auto", trained(steps=1), rows(64), batch=16).engine.evaluate(rows(3))
"""
    root = Path(__file__).parents[2]
    found = os.pathsep.join([str(root), *(path for path in sys.path if path)])
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("name", ["auto", *AVAILABLE])
def test_preparing_again_is_silent_too(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    prepare(name, network(), rows(64), batch=16).engine.evaluate(rows(3))
    assert capfd.readouterr() == ("", "")
