"""How the kernels of the search are compiled. Every module here that has kernels takes its decorator from this one."""

from __future__ import annotations

from ..jit import compiled

# - Division by zero gives inf or nan, as in NumPy; a check at every division costs much.
# - Sums may be reordered and fused, but inf and nan keep their meaning. The order depends on the length of a loop alone, so that
#   what one game finds does not depend on its neighbours.
# - Kernels are inlined into their callers: handing over arrays (seven words each) costs more than most of them do. A third faster.
kernel = compiled(
    error_model="numpy",
    fastmath={"contract", "reassoc", "nsz", "arcp"},
    forceinline=True,
)
