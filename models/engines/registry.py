"""The engines by name, and the order in which "auto" tries them. Import strings, so that listing them imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class EngineEntry(NamedTuple):
    """Where an engine is made, with what, and one line of what it is."""

    path: str  # "module:class", the module relative to this package; called with (name, network, rows, batch=, threads=, **options)
    options: Mapping[str, str]
    summary: str


_TORCH, _OPENVINO = ".torch_engine:TorchEngine", ".openvino_engine:OpenVINOEngine"

# Fastest first, as measured (docs/results.md): "auto" takes the first that can run here and agrees with fp32.
ENGINES: dict[str, EngineEntry] = {
    "torch-cuda-bf16": EngineEntry(_TORCH, {"dtype": "bfloat16", "device": "cuda"}, "PyTorch on a GPU, bfloat16."),
    "torch-cuda-fp32": EngineEntry(_TORCH, {"dtype": "float32", "device": "cuda"}, "PyTorch on a GPU, float32."),
    "openvino-int8": EngineEntry(_OPENVINO, {"precision": "int8"}, "OpenVINO on the processor, quantised to 8 bits on positions."),
    "openvino-bf16": EngineEntry(_OPENVINO, {"precision": "bf16"}, "OpenVINO on the processor, bfloat16."),
    "torch-bf16": EngineEntry(_TORCH, {"dtype": "bfloat16", "device": "cpu"}, "PyTorch on the processor, bfloat16."),
    "torch-fp32": EngineEntry(_TORCH, {"dtype": "float32", "device": "cpu"}, "PyTorch on the processor, float32: the reference."),
}
