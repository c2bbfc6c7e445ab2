"""One network on several processes: split between them (a pipeline), or whole in each with a share of the batch.

Both are equal to one process with the whole batch, for networks whose normalisations look at one example at a time. The processes
are this machine's, joined by gloo, and end with the one that started them. Shown by `examples/model_parallel.py` and
`examples/data_parallel.py`.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import UserError

T = TypeVar("T")
_TENSOR = "$tensor"  # stands in JSON for a tensor of the file


def in_processes(work: Callable[..., T], processes: int, *arguments: Any) -> list[T]:
    """What work(rank, processes, *arguments) gives in each of so many processes that reach each other through torch.distributed.

    Work is a function of a module, its result tensors, numbers, texts, None, and lists and dictionaries of these; tuples come back
    as lists. Each process has one thread. Raises what a process raised, after all have ended; UserError for fewer than one.
    """
    if processes < 1:
        raise UserError(f"processes is {processes}; it must be at least 1")
    from torch.multiprocessing.spawn import spawn

    with tempfile.TemporaryDirectory() as folder:
        given = (processes, folder, work, arguments)
        spawn(_begin, args=given, nprocs=processes, daemon=True)  # type: ignore[no-untyped-call]
        return [_read(_result(folder, rank)) for rank in range(processes)]


def _begin(rank: int, processes: int, folder: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    from torch import distributed

    _end_with_parent()
    torch.set_num_threads(1)
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), None)
    if loopback:
        os.environ["GLOO_SOCKET_IFNAME"] = loopback  # else gloo asks what this machine's name stands for
    meeting = f"file://{folder}/meeting"
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    try:
        _write(work(rank, processes, *arguments), _result(folder, rank))
    finally:
        distributed.destroy_process_group()


def _end_with_parent() -> None:
    """Leaves at once when the process that started this one is gone, however it ended."""
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _result(folder: str, rank: int) -> Path:
    return Path(folder) / f"result-{rank}.safetensors"


def _write(result: Any, path: Path) -> None:
    """A result as JSON in a safetensors file, which has its tensors: a pickle would be run as it is read."""
    tensors: dict[str, Tensor] = {}

    def take(tensor: Tensor) -> dict[str, str]:
        name = str(len(tensors))
        tensors[name] = tensor.detach().clone(memory_format=torch.contiguous_format)
        return {_TENSOR: name}

    save_file(tensors, path, metadata={"result": json.dumps(result, default=take)})


def _read(path: Path) -> Any:
    with safe_open(path, framework="pt") as file:
        return json.loads(
            file.metadata()["result"], object_hook=lambda found: file.get_tensor(found[_TENSOR]) if _TENSOR in found else found
        )


def check_no_batch_statistics(network: nn.Module) -> None:
    """Raises UserError for a network with batch norm: its statistics would be those of a part of the batch."""
    for name, module in network.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            raise UserError(
                f"{name or 'the network'} is a batch norm, which would see only a part of the batch; take a norm without batch "
                "statistics, such as norm='group'"
            )


# Split: model parallelism --------------------------------------------------------------------------------------------------


def split(layers: Sequence[nn.Module], parts: int) -> list[nn.Sequential]:
    """The layers of a network in so many parts, in order, each with about as many parameters.

    Raises UserError for more parts than layers, or a batch norm among them.
    """
    if not 1 <= parts <= len(layers):
        raise UserError(f"a network of {len(layers)} layers cannot be split into {parts} parts")
    check_no_batch_statistics(nn.Sequential(*layers))
    sizes = [sum(parameter.numel() for parameter in layer.parameters()) for layer in layers]
    ends: list[int] = []
    for part in range(1, parts):
        first, last = (ends[-1] if ends else 0) + 1, len(layers) - (parts - part)
        ends.append(min(range(first, last + 1), key=lambda end: abs(sum(sizes[:end]) - sum(sizes) * part / parts)))
    return [nn.Sequential(*layers[begin:end]) for begin, end in zip([0, *ends], [*ends, len(layers)], strict=True)]


class Pipeline:
    """This process's part of a network whose parts are passed through one after the other (GPipe: Huang et al. 2019).

    A batch goes through in micro-batches, so that the next process works on one while this one works on the following; gradients
    are added up over all of them before anybody steps. Within `in_processes`, one part a rank.
    """

    def __init__(
        self, part: nn.Module, rank: int, processes: int, *, micro_batches: int, loss: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        """`loss` (outputs, targets) is a mean over its examples. Raises UserError for a part with batch norm."""
        check_no_batch_statistics(part)
        from torch.distributed.pipelining import PipelineStage, ScheduleGPipe

        stage = PipelineStage(part, rank, processes, torch.device("cpu"))
        self._schedule = ScheduleGPipe(stage, n_microbatches=micro_batches, loss_fn=loss)
        self._micro_batches, self._is_first, self._is_last = micro_batches, rank == 0, rank == processes - 1

    def step(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, float] | None:
        """Forwards and backwards with a whole batch, which every process is given; leaves this part's gradients on its parameters.

        On the last process it gives the outputs and the mean loss, on others None. Raises UserError for a batch that micro-batches
        do not divide.
        """
        if len(inputs) % self._micro_batches:
            raise UserError(f"a batch of {len(inputs)} cannot be cut into {self._micro_batches} equal micro-batches")
        losses: list[Tensor] = []
        given = (inputs,) if self._is_first else ()
        if not self._is_last:
            self._schedule.step(*given)
            return None
        outputs = self._schedule.step(*given, target=targets, losses=losses)
        return outputs.detach(), float(torch.stack(losses).detach().mean())


# Whole in each: data parallelism -------------------------------------------------------------------------------------------


def data_parallel(network: nn.Module) -> nn.Module:
    """The network such that gradients are averaged over all processes in the backward pass (Li et al. 2020, PyTorch Distributed).

    Within `in_processes`; it begins everywhere with the weights of rank 0. Raises UserError for one with batch norm.
    """
    check_no_batch_statistics(network)
    return nn.parallel.DistributedDataParallel(network)


def share(batch: Tensor, rank: int, processes: int) -> Tensor:
    """The examples of a batch that fall to one process. Raises UserError where shares would differ, and with them the means."""
    if len(batch) % processes:
        raise UserError(f"a batch of {len(batch)} cannot be shared equally by {processes} processes")
    return batch.chunk(processes)[rank]
