"""All compiled code of the engine: look up, interpolate, step.

The kernels see only tables, so they never change when a user adds a channel. Arrays are
C-contiguous; the caller allocates the outputs, and the scratch arrays (`work`) too: without
reference counting, which costs more than the arithmetic, a kernel cannot allocate.
"""

from vclamp.engine import cache

KEEP = cache.prepare()  # numba's cache folder has to be set before numba is imported

import numba.np.linalg  # noqa: E402


def _no_blas() -> None:
    """Spare numba its look for BLAS, which imports scipy.linalg (half a second): no kernel uses it."""
    raise ImportError


numba.np.linalg.ensure_blas = _no_blas

EXACT = {"cache": KEEP, "nogil": True, "error_model": "numpy", "_nrt": False}
FUSED = {**EXACT, "fastmath": {"contract", "nsz"}}
INNER = {**FUSED, "forceinline": True}
