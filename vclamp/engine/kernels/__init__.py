"""All compiled code of the engine: look up, interpolate, step.

The kernels see only tables, so they never change when a user adds a channel. Arrays are
C-contiguous; the caller allocates the outputs, and the scratch arrays (`work`) too: without
reference counting, which costs more than the arithmetic, a kernel cannot allocate.
"""

from collections.abc import Callable
from typing import Any

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


def njit(signature: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Numba's own, for one signature; but what is kept is loaded when it is first called.

    Most of it never is: a kernel contains those that it calls.
    """
    if not KEEP or cache.is_filling():
        return numba.njit(signature, **options)

    def decorate(function: Callable[..., Any]) -> Any:
        kernel = numba.njit(**options)(function)

        def load(*arguments: Any) -> Any:
            kernel.compile(signature)
            kernel.disable_compile()
            vars(kernel).pop("_compile_for_args", None)
            return kernel

        kernel._compile_for_args = load  # numba's own would compile for whatever comes
        return kernel

    return decorate
