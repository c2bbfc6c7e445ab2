"""Networks on two processes are equal to one: outputs, gradients, steps; and no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zerodojo.errors import UserError
from zerodojo.models.parallel import Pipeline, check_no_batch_statistics, data_parallel, in_processes, share, split

pytestmark = pytest.mark.timeout(300)  # processes of Python take their time to start on a busy machine
Gradients = dict[str, Tensor]


def layers() -> list[nn.Module]:
    torch.manual_seed(0)
    convolution = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.ReLU())
    return [module.double() for module in (convolution, nn.Flatten(), nn.Linear(8 * 9, 16), nn.Tanh(), nn.Linear(16, 3))]


def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(12, 2, 3, 3, generator=generator, dtype=torch.float64)
    return images, torch.randint(3, (12,), generator=generator)


def gradients(network: nn.Module) -> Gradients:
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters() if parameter.grad is not None}


def alone() -> tuple[Tensor, float, nn.Sequential]:
    network, (x, y) = nn.Sequential(*layers()), batch()
    outputs = network(x)
    loss = F.cross_entropy(outputs, y)
    loss.backward()
    return outputs.detach(), loss.item(), network


def pipelined(rank: int, processes: int, micro_batches: int) -> tuple[Gradients, tuple[Tensor, float] | None]:
    part = split(layers(), processes)[rank]
    got = Pipeline(part, rank, processes, micro_batches=micro_batches, loss=F.cross_entropy).step(*batch())
    return gradients(part), got


def shared(rank: int, processes: int) -> Gradients:
    network, (x, y) = data_parallel(nn.Sequential(*layers())), batch()
    F.cross_entropy(network(share(x, rank, processes)), share(y, rank, processes)).backward()
    return {name.removeprefix("module."): gradient for name, gradient in gradients(network).items()}


def both(rank: int, processes: int) -> tuple[object, ...]:
    """All of it in one start of processes, which takes longer than the rest."""
    return (*(pipelined(rank, processes, count) for count in (1, 4)), shared(rank, processes))


def test_two_processes_are_equal_to_one() -> None:
    outputs, loss, network = alone()
    expected = gradients(network)
    first, last = in_processes(both, 2)
    for (upper, nothing), (lower, got) in zip(first[:2], last[:2], strict=True):
        assert nothing is None and got is not None
        torch.testing.assert_close(got[0], outputs, rtol=1e-12, atol=1e-12)
        assert got[1] == pytest.approx(loss, abs=1e-12)
        ours = [*upper.values(), *lower.values()]
        for gradient, wanted in zip(ours, expected.values(), strict=True):
            torch.testing.assert_close(gradient, wanted, rtol=1e-10, atol=1e-12)
    for shares in (first[2], last[2]):
        assert shares.keys() == expected.keys()
        for name, wanted in expected.items():
            torch.testing.assert_close(shares[name], wanted, rtol=1e-10, atol=1e-12)


def test_parts_are_about_as_large_and_together_the_whole() -> None:
    parts = split(layers(), 3)
    assert [len(part) for part in parts] == [1, 2, 2]
    outputs, _, _ = alone()
    x, _ = batch()
    for part in parts:
        x = part(x)
    assert torch.equal(x, outputs)
    equal = split([nn.Linear(4, 4) for _ in range(6)], 3)
    assert [len(part) for part in equal] == [2, 2, 2]


def fail(rank: int, processes: int) -> None:
    if rank == 1:
        raise RuntimeError("this one is broken")
    time.sleep(600)


def test_a_process_that_fails_is_told_and_the_others_end() -> None:
    with pytest.raises(Exception, match="this one is broken"):
        in_processes(fail, 2)
    assert not [child for child in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]


def sleep(rank: int, processes: int, folder: str) -> None:
    Path(folder, f"{rank}.pid").write_text(str(os.getpid()))
    time.sleep(600)


def test_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = f"""
from tests.models.test_parallel import sleep
from zerodojo.models.parallel import in_processes
if __name__ == "__main__":
    in_processes(sleep, 1, {str(tmp_path)!r})
"""
    (tmp_path / "parent.py").write_text(code)
    found = os.pathsep.join([str(Path(__file__).parents[2]), *(path for path in sys.path if path)])
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], env=os.environ | {"PYTHONPATH": found})
    file = tmp_path / "0.pid"
    deadline = time.monotonic() + 100
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    child = psutil.Process(int(file.read_text()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child.wait(timeout=30)


def test_what_cannot_be_equal_is_refused() -> None:
    network = nn.Sequential(nn.Conv2d(2, 4, 1), nn.BatchNorm2d(4))
    for refused in (lambda: check_no_batch_statistics(network), lambda: split(list(network), 2), lambda: data_parallel(network)):
        with pytest.raises(UserError, match=r"1 is a batch norm, .* norm='group'"):
            refused()
    with pytest.raises(UserError, match="a network of 5 layers cannot be split into 6 parts"):
        split(layers(), 6)
    with pytest.raises(UserError, match="a batch of 12 cannot be shared equally by 5 processes"):
        share(batch()[0], 0, 5)
    with pytest.raises(UserError, match="processes is 0"):
        in_processes(fail, 0)
