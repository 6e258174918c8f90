"""A sweep's command as straight lines."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Stretch:
    """Samples [first, last) of a sweep over which the command is one straight line.

    At sample `first` it is `start_mV`; it would reach `end_mV` at sample `last`. So would the
    current that a current clamp adds to its bias.
    """

    segment: int
    first: int
    last: int
    start_mV: float
    end_mV: float
    start_pA: float = 0.0
    end_pA: float = 0.0

    @property
    def slope_mV(self) -> float:
        """Change of the command voltage from sample to sample."""
        return (self.end_mV - self.start_mV) / (self.last - self.first)

    @property
    def slope_pA(self) -> float:
        """Change of the injected current from sample to sample."""
        return (self.end_pA - self.start_pA) / (self.last - self.first)


@dataclass(frozen=True, eq=False)
class Course:
    """The command of a sweep as straight lines, arrays of one value a line, as in `Stretch`.

    `stays` tells which lines are levels that last, not samples of something bent.
    """

    segment: Integers
    first: Integers
    last: Integers
    start_mV: Array
    end_mV: Array
    start_pA: Array
    end_pA: Array
    stays: NDArray[np.bool_]

    @cached_property
    def spans(self) -> dict[int, tuple[int, int]]:
        """Samples [first, last) of every segment, by its number."""
        numbers, begins = np.unique(self.segment, return_index=True)
        ends = self.last[np.append(begins[1:], self.segment.size) - 1]
        return dict(zip(numbers.tolist(), zip(self.first[begins].tolist(), ends.tolist(), strict=True), strict=True))

    @property
    def command_mV(self) -> Array:
        """Command voltage at every sample."""
        return self._sampled(self.start_mV, self.end_mV)

    @property
    def command_pA(self) -> Array:
        """Injected current at every sample."""
        return self._sampled(self.start_pA, self.end_pA)

    def _sampled(self, start: Array, end: Array) -> Array:
        lengths = self.last - self.first
        slope = np.repeat((end - start) / lengths, lengths)
        steps = np.arange(int(lengths.sum())) - np.repeat(self.first - self.first[0], lengths)
        return np.asarray(np.repeat(start, lengths) + slope * steps)
