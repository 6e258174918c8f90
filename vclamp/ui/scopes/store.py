"""Sampled traces and their min/max pyramids; no Qt and no numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Samples = NDArray[np.float32]
BLOCK = 64
"""Samples per pyramid block, as in `raster`."""


def extremes(samples: Samples) -> tuple[Samples, Samples]:
    """The least and greatest finite value of every whole block along the last axis."""
    n_blocks = samples.shape[-1] // BLOCK
    blocks = samples[..., : n_blocks * BLOCK].reshape(*samples.shape[:-1], n_blocks, BLOCK)
    low, high = blocks.min(axis=-1), blocks.max(axis=-1)
    if np.isfinite(low).all() and np.isfinite(high).all():  # then all of them are
        return low, high
    finite = np.isfinite(blocks)
    return blocks.min(axis=-1, where=finite, initial=np.inf), blocks.max(axis=-1, where=finite, initial=-np.inf)


class Trace:
    """Uniform samples that may still grow, with the extremes of every whole block of them.

    Values that are not finite are gaps: the pyramid leaves them out, and a block without finite values
    has a low of +inf and a high of -inf.
    """

    __slots__ = ("_high", "_low", "_values", "colour", "dt_ms", "length", "t0_ms")

    def __init__(self, n_samples: int = 0, *, dt_ms: float, t0_ms: float = 0.0, colour: str = "") -> None:
        self.t0_ms, self.dt_ms, self.colour = t0_ms, dt_ms, colour
        self.length = 0
        self._values = np.empty(n_samples, dtype=np.float32)
        self._low = np.empty(n_samples // BLOCK, dtype=np.float32)
        self._high = np.empty_like(self._low)

    @classmethod
    def of(cls, values: ArrayLike, *, dt_ms: float, t0_ms: float = 0.0, colour: str = "") -> Trace:
        """A finished trace of known values."""
        (trace,) = cls.rows(np.asarray(values, dtype=np.float32)[np.newaxis], dt_ms=dt_ms, t0_ms=t0_ms)
        trace.colour = colour
        return trace

    @classmethod
    def rows(cls, values: ArrayLike, *, dt_ms: float, t0_ms: float = 0.0) -> list[Trace]:
        """Finished traces of known values, shape (traces, samples), made together: what a drag redraws."""
        samples = np.array(values, dtype=np.float32)
        low, high = extremes(samples)
        for array in (samples, low, high):
            array.flags.writeable = False
        made = []
        for row, lowest, highest in zip(samples, low, high, strict=True):
            trace = cls.__new__(cls)
            trace.t0_ms, trace.dt_ms, trace.colour, trace.length = t0_ms, dt_ms, "", row.size
            trace._values, trace._low, trace._high = row, lowest, highest
            made.append(trace)
        return made

    @property
    def values(self) -> Samples:
        """The samples so far."""
        return self._values[: self.length]

    @property
    def low(self) -> Samples:
        """The least value of every whole block."""
        return self._low[: self.length // BLOCK]

    @property
    def high(self) -> Samples:
        """The greatest value of every whole block."""
        return self._high[: self.length // BLOCK]

    def append(self, values: ArrayLike) -> None:
        """Add samples at the end."""
        samples = np.asarray(values, dtype=np.float32)
        start, stop = self.length, self.length + samples.size
        if stop > self._values.size:
            self._reserve(max(stop, 2 * self._values.size))
        self._values[start:stop] = samples
        self.length = stop
        first, last = start // BLOCK, stop // BLOCK
        if first < last:
            whole = self._values[first * BLOCK : last * BLOCK]
            self._low[first:last], self._high[first:last] = extremes(whole)

    def _reserve(self, n_samples: int) -> None:
        if n_samples == self._values.size:
            return
        blocks, whole = n_samples // BLOCK, self.length // BLOCK
        self._values = np.concatenate([self.values, np.empty(n_samples - self.length, dtype=np.float32)])
        spare = np.empty(blocks - whole, dtype=np.float32)
        self._low, self._high = np.concatenate([self._low[:whole], spare]), np.concatenate([self._high[:whole], spare])
