"""The engines on OpenVINO: bf16, and int8 by post-training quantisation. `prepare` makes them; openvino is imported with the first.

The graph is built straight from the weights, and its ranges are plain minima and maxima: a new version comes every few seconds, and
tracing it and quantising with NNCF takes five times as long, for less agreement with fp32 (docs/results.md).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .. import hardware
from ..network import PolicyValueNetwork
from .engine import EngineUnavailable, FixedShapeEngine, Floats
from .folding import fold
from .openvino_graph import GraphBuilder, Seen

WORK = 2e8  # multiplications a submission and thread: with 64x5, 16 rows are as fast as 512 (measured)


class OpenVINOEngine(FixedShapeEngine):
    """One compiled graph of a fixed shape, one request, its input and outputs shared with numpy."""

    def __init__(self, name: str, network: PolicyValueNetwork, rows: Floats, *, batch: int, threads: int, precision: str) -> None:
        """`rows` [R, C, H, W] are real positions: int8 takes the ranges of activations from them.

        Raises EngineUnavailable without openvino, for a layer not known here, or where the processor lacks the instructions.
        """
        if not (hardware.has_int8() if precision == "int8" else hardware.has_bf16()):
            raise EngineUnavailable(f"needs a processor with {precision} instructions")
        import_openvino()
        super().__init__(name, network, batch=batch, threads=threads, work=WORK)
        traced, quantise = fold(network), precision == "int8"
        seen = Seen(traced, rows if quantise else rows[:1], threads)
        model = GraphBuilder(traced, seen, rows=self.rows, quantise=quantise).model()
        self._request = request_for(model, self._input, threads=threads, bf16=precision == "bf16")
        self._outputs = [self._request.get_output_tensor(i) for i in range(2)]

    def _run(self) -> tuple[Floats, Floats]:
        self._request.infer()
        return self._outputs[0].data, self._outputs[1].data


def request_for(model: Any, rows: Floats, *, threads: int, bf16: bool) -> Any:
    """What computes an openvino.Model on the rows that stand in `rows`, as engines do: `bf16` is for what is not quantised."""
    openvino = import_openvino()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # workers beside each other would be pinned to the same cores
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
    }
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(rows, shared_memory=True))
    return request


def import_openvino() -> ModuleType:
    """The openvino module, imported so that it reports to nobody. Raises EngineUnavailable without it.

    Its import alone would send a message from a forked process and write into the home directory; where its telemetry package is
    not installed it does neither, so that package is hidden meanwhile.
    """
    hidden = "openvino_telemetry" not in sys.modules
    if hidden:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import openvino
    except ImportError as error:
        raise EngineUnavailable(f"needs openvino, which cannot be imported ({error})") from None
    finally:
        if hidden:
            del sys.modules["openvino_telemetry"]
    return openvino
