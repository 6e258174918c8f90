"""A protocol as the arrays that the kernels read."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vclamp.model.protocol import Course, Protocol

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST_KEPT = 1000  # lines of a sweep
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
        conditioning = protocol.conditioning.steps if protocol.conditioning is not None else ()
        beside = (protocol.hold_mV, protocol.leg_hold_mV, *(level for level, _ in conditioning))
        levels: dict[float, None] = dict.fromkeys(beside)
        self.has_lines = False
        for sweep in range(protocol.n_sweeps):  # a repeated series has the same
            for course in (protocol.course(sweep), protocol.leg(sweep)):
                levels |= dict.fromkeys(course.start_mV[course.stays].tolist())
                self.has_lines |= not course.stays.all()
            if protocol.series.level_between == "last":
                levels[protocol.last_mV(sweep)] = None
        self._row = {level: row for row, level in enumerate(levels)}

    @property
    def levels_mV(self) -> tuple[float, ...]:
        """Every voltage it stays at."""
        return tuple(self._row)

    def sweep(self, index: int) -> Stretches:
        """One sweep."""
        if index not in self._sweeps:
            found = self._lowered(self._protocol.course(index))
            if found[0].size > MOST_KEPT:
                return found
            self._sweeps[index] = found
        return self._sweeps[index]

    def family(self, first: int, last: int) -> tuple[Integers, Stretches]:
        """Some sweeps: where the stretches of each begin and end among all, and these."""
        if (first, last) not in self._families:
            sweeps = [self.sweep(index) for index in range(first, last)]
            borders = np.cumsum([0, *(sweep[0].size for sweep in sweeps)])
            columns = zip(*sweeps, strict=True)
            self._families[first, last] = borders, tuple(map(np.concatenate, columns))  # type: ignore[assignment]
        return self._families[first, last]

    def leg(self, index: int) -> Stretches:
        """A leg of one sweep's leak subtraction."""
        return self._lowered(self._protocol.leg(index))

    def still(self, n_samples: int, level_mV: float) -> Stretches:
        """Some samples at one of its levels."""
        line, row = np.array([(level_mV, 0.0, 0.0, 0.0)]), np.array([self._row[level_mV]])
        return np.zeros(1, np.int64), np.array([n_samples]), row, line

    def _lowered(self, course: Course) -> Stretches:
        lengths = course.last - course.first
        slopes = (course.end_mV - course.start_mV) / lengths, (course.end_pA - course.start_pA) / lengths
        levels = np.full(lengths.size, -1)
        levels[course.stays] = [self._row[level] for level in course.start_mV[course.stays].tolist()]
        lines = np.stack([course.start_mV, slopes[0], course.start_pA, slopes[1]], axis=1)
        return course.first, course.last, levels, lines


program_of = lru_cache(maxsize=4)(Program)  # a slider runs the same protocol again and again
