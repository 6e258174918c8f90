"""What is played beside the sweeps themselves: subsweeps for leak subtraction, conditioning pulses, the series."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray

from vclamp.model.quantities import Duration_ms, Interval_ms, Name, Voltage_mV

Count = Annotated[int, Interval(ge=1, le=1000)]


@dataclass(frozen=True)
class Leak:
    """P/N leak subtraction: before or after each sweep, `n` legs are played, small copies of its command.

    A leg is the command's distance from holding over `divisor` (n if not given), on the same or on the opposite
    side, from `hold_mV` (the protocol's own if not given), where the cell waits `settle_ms` before the first leg
    and `gap_ms` between legs. The legs' currents are kept, and what is left of the sweep after subtraction.

    Source: C. M. Armstrong & F. Bezanilla 1974, J Gen Physiol 63:533.
    """

    n: Annotated[int, Interval(ge=1, le=16)] = 4
    divisor: Annotated[float, Interval(ge=1.0, le=100.0)] | None = None
    polarity: Literal["opposite", "same"] = "opposite"
    hold_mV: Voltage_mV | None = None
    when: Literal["before", "after"] = "before"
    settle_ms: Interval_ms = 100.0
    gap_ms: Interval_ms = 0.0

    @property
    def fraction(self) -> float:
        """Height of a leg over that of the sweep; negative on the opposite side."""
        return (-1.0 if self.polarity == "opposite" else 1.0) / (self.divisor or float(self.n))


@dataclass(frozen=True)
class Conditioning:
    """Pulses before every sweep that are not recorded: from a baseline to a level `n` times, then a wait."""

    n: Count
    level_mV: Voltage_mV
    level_ms: Duration_ms
    baseline_mV: Voltage_mV
    baseline_ms: Interval_ms = 0.0
    post_mV: Voltage_mV | None = None
    post_ms: Interval_ms = 0.0

    @property
    def steps(self) -> tuple[tuple[float, float], ...]:
        """(level in mV, duration in ms), one after another."""
        pulse = ((self.baseline_mV, self.baseline_ms), (self.level_mV, self.level_ms))
        end = (self.baseline_mV if self.post_mV is None else self.post_mV, self.post_ms)
        return tuple(step for step in (*pulse * self.n, end) if step[1] > 0.0)


@dataclass(frozen=True)
class Series:
    """In which order the rungs of the ladders come, and how often.

    "forward", "reverse"; "interleaved", every other rung, then those between; "alternate", from both ends inwards;
    "random", as `seed` has it. The whole series is recorded `repeats` times in that order; of each sweep
    `averages` recordings in a row are kept as their mean; a rig that is changed after the first of them waits for the
    next sweep. Before the first sweep the cell waits `first_delay_ms`, between sweeps it is held at the holding
    potential or where the last one ended.
    """

    order: Literal["forward", "reverse", "interleaved", "alternate", "random"] = "forward"
    seed: Annotated[int, Interval(ge=0, le=2**53)] = 0
    repeats: Count = 1
    averages: Count = 1
    first_delay_ms: Interval_ms = 0.0
    level_between: Literal["holding", "last"] = "holding"

    def rungs(self, n: int) -> NDArray[np.int64]:
        """The rung of each of n sweeps."""
        rungs = np.arange(n)
        if self.order == "reverse":
            return rungs[::-1]
        if self.order == "interleaved":
            return np.concatenate([rungs[::2], rungs[1::2]])
        if self.order == "alternate":
            return np.stack([rungs, rungs[::-1]], axis=1).ravel()[:n]
        return np.random.default_rng(self.seed).permutation(n) if self.order == "random" else rungs


@dataclass(frozen=True)
class Opens:
    """What a protocol is best seen with: the cell it is made for, and the analyses and scopes to open."""

    cell: Name | None = None
    analyses: tuple[Name, ...] = ()
    scopes: tuple[Name, ...] = ()
