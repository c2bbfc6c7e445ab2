"""How the kernels of the search are compiled. Every other module here that has kernels calls this one."""

from __future__ import annotations

from numba import njit

# Division by zero gives inf or nan, as in NumPy: a check at every division costs much. Sums may be reordered and fused, but inf and
# nan keep their meaning; the order depends on the length of a loop alone, so that neighbours change nothing.
kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
