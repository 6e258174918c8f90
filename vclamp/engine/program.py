"""A protocol as the arrays that the kernels read."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vclamp.model.protocol import Protocol, Stretch

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
# first and last sample, row of the exact tables (-1 on a line); start and slope of the command in mV, in pA
Stretches = tuple[Integers, Integers, Integers, Array]


class Program:
    """The protocol's stretches, and the voltages at which it stays, holding first."""

    def __init__(self, protocol: Protocol) -> None:
        self.dt_ms = 1.0 / protocol.fs_kHz
        self.hold_mV = protocol.hold_mV
        self._protocol = protocol
        self._sweeps: dict[int, Stretches] = {}
        self._families: dict[tuple[int, int], tuple[Integers, Stretches]] = {}
        sweeps = range(protocol.n_sweeps)
        flat = [s.start_mV for k in sweeps for s in protocol.stretches(k) if s.start_mV == s.end_mV]
        self._row = {level: row for row, level in enumerate(dict.fromkeys([protocol.hold_mV, *flat]))}
        self.has_lines = any(s.start_mV != s.end_mV for k in sweeps for s in protocol.stretches(k))

    @property
    def levels_mV(self) -> tuple[float, ...]:
        """Every voltage it stays at."""
        return tuple(self._row)

    def sweep(self, index: int) -> Stretches:
        """One sweep."""
        if index not in self._sweeps:
            self._sweeps[index] = self._lowered(self._protocol.stretches(index))
        return self._sweeps[index]

    def family(self, first: int, last: int) -> tuple[Integers, Stretches]:
        """Some sweeps: where the stretches of each begin and end among all, and these."""
        if (first, last) not in self._families:
            sweeps = [self.sweep(index) for index in range(first, last)]
            borders = np.cumsum([0, *(sweep[0].size for sweep in sweeps)])
            columns = zip(*sweeps, strict=True)
            self._families[first, last] = borders, tuple(map(np.concatenate, columns))  # type: ignore[assignment]
        return self._families[first, last]

    def still(self, n_samples: int) -> Stretches:
        """Some samples at holding."""
        return self._lowered((Stretch(0, 0, n_samples, self.hold_mV, self.hold_mV),))

    def _lowered(self, stretches: tuple[Stretch, ...]) -> Stretches:
        return (
            np.array([s.first for s in stretches]),
            np.array([s.last for s in stretches]),
            np.array([self._row[s.start_mV] if s.start_mV == s.end_mV else -1 for s in stretches]),
            np.array([(s.start_mV, s.slope_mV, s.start_pA, s.slope_pA) for s in stretches]),
        )


program_of = lru_cache(maxsize=4)(Program)  # a slider runs the same protocol again and again
