"""Memory for sweeps: to touch new pages for the first time costs more than to compute what goes there."""

import sys
import threading

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PIECE_VALUES = 4_000_000
KEPT_VALUES = 16_000_000
_UNUSED = 3  # references to a piece that nobody else holds: the list's, the loop's, the call's

_kept: list[Array] = []
_lock = threading.Lock()


class Memory:
    """Memory for the sweeps of one run, taken in large pieces; those of runs that are gone are used again."""

    def __init__(self, n_values: int) -> None:
        self._left = n_values
        self._piece = np.empty(0)

    def take(self, n_rows: int, n_samples: int) -> Array:
        """An array of this shape that nobody else uses."""
        size = n_rows * n_samples
        if size > self._piece.size:
            self._piece = _piece(max(size, min(self._left, PIECE_VALUES)))
        taken, self._piece = self._piece[:size], self._piece[size:]
        self._left -= size
        return taken.reshape(n_rows, n_samples)


def _piece(size: int) -> Array:
    """At least so many values, in a piece that is kept as long as there is room for it."""
    with _lock:
        for piece in _kept:
            if size <= piece.size <= 2 * size and sys.getrefcount(piece) == _UNUSED:
                return piece[:size]
        piece = np.empty(size)
        _kept.append(piece)
        while sum(kept.size for kept in _kept) > KEPT_VALUES:
            del _kept[0]
        return piece[:size]
