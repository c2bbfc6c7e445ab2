"""What this host's processor can do, as far as engines and learners choose by it, and whether there is a GPU. `zerodojo doctor`
shows it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..errors import UserError

CPUINFO = Path("/proc/cpuinfo")


@cache
def instructions() -> frozenset[str]:
    """The processor's instruction sets by Linux's names (avx512_vnni, avx512_bf16, ...); empty on other systems."""
    if not CPUINFO.exists():
        return frozenset()
    for line in CPUINFO.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 by itself; without it bf16 is slower than fp32."""
    return not instructions().isdisjoint({"avx512_bf16", "amx_bf16"})


def has_int8() -> bool:
    """Whether the processor has dot products of 8-bit integers (VNNI); without them int8 is slow, and may saturate."""
    return not instructions().isdisjoint({"avx512_vnni", "avx_vnni", "amx_int8"})


def require_gpu(name: str) -> None:
    """Raises UserError where torch finds no GPU; `name` is that of the setting which asks for one."""
    import torch  # whoever asks for none does not wait for it

    if not torch.cuda.is_available():
        raise UserError(f"{name} is cuda, and torch finds no GPU here; set it to cpu, or install a torch with CUDA")
