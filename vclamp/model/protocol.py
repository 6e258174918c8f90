"""A protocol: segments × sweeps, and how it renders to a command."""

from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray
from pydantic import Field

from vclamp.errors import VClampError
from vclamp.model.course import Course, Stretch
from vclamp.model.ladder import Ladder, value_in, varies
from vclamp.model.limits import MAX_SAMPLES_PER_SWEEP, MAX_SWEEPS, check, count_sweeps
from vclamp.model.quantities import Interval_ms, Name, Note, SamplingRate_kHz, Voltage_mV
from vclamp.model.segments import (
    CurrentRamp,
    CurrentStep,
    Hold,
    MembraneTest,
    Noise,
    Place,
    Ramp,
    Segment,
    Sine,
    Step,
    Train,
    Waveform,
    commands_current,
    is_bent,
)
from vclamp.model.series import Conditioning, Leak, Opens, Series

# all that a protocol is made of can be had from here
__all__ = [
    "MAX_SAMPLES_PER_SWEEP", "Conditioning", "Course", "CurrentRamp", "CurrentStep", "Hold", "Ladder", "Leak", "Mark",
    "MembraneTest", "Noise", "Opens", "Protocol", "Ramp", "Segment", "Series", "Sine", "Step", "Stretch", "Train",
    "Waveform",
]  # fmt: skip

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_KEPT_LINES = 100_000  # of rendered sweeps


@dataclass(frozen=True)
class Mark:
    """A named window for analyses, in ms from the start of a named segment."""

    name: Name
    segment: Name
    start_ms: Interval_ms = 0.0
    end_ms: Interval_ms | None = None


@dataclass(frozen=True)
class Protocol:
    """What the amplifier commands, sweep after sweep.

    `between` says what the cell does between sweeps: "rested" starts every sweep from the
    steady state at holding, "interval" lets the cell live through the rest of `interval_ms`
    (start to start) at holding. With `n_sweeps` 0, in a text file without it, there are as many
    as the ladders and lists say.
    """

    name: Name
    segments: tuple[Annotated[Segment, Field(discriminator="type")], ...]
    n_sweeps: Annotated[int, Interval(ge=0, le=MAX_SWEEPS)]
    hold_mV: Voltage_mV
    fs_kHz: SamplingRate_kHz = 50.0
    interval_ms: Interval_ms = 0.0
    between: Literal["rested", "interval"] = "rested"
    marks: tuple[Mark, ...] = ()
    label: Name | None = None
    note: Note = ""
    series: Series = field(default_factory=Series)
    leak: Leak | None = None
    conditioning: Conditioning | None = None
    opens: Opens = field(default_factory=Opens)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_sweeps", count_sweeps(self.segments, self.n_sweeps))
        check(self)

    @property
    def title(self) -> str:
        """The name to show to people."""
        return self.label or self.name

    @property
    def total_sweeps(self) -> int:
        """Sweeps in all: the series as often as it is repeated."""
        return self.n_sweeps * self.series.repeats

    def plays_like(self, other: "Protocol") -> bool:
        """Whether it commands and records the same, whatever it is called and wherever it is measured."""
        words = ("name", "label", "note", "marks", "opens")
        return all(getattr(self, f.name) == getattr(other, f.name) for f in fields(self) if f.name not in words)

    def rung(self, sweep: int) -> int:
        """The rung of the ladders on which a sweep stands."""
        return int(self._order[sweep % self.n_sweeps])

    @cached_property
    def _order(self) -> Integers:
        return self.series.rungs(self.n_sweeps)

    # ---- rendering ---------------------------------------------------------------------------

    def course(self, sweep: int) -> Course:
        """The command of one sweep."""
        rung = self.rung(sweep)
        found = self._rendered.get(rung)
        if found is None:
            found = self._render(rung)
            if found.first.size * self.n_sweeps <= _KEPT_LINES:
                self._rendered[rung] = found
        return found

    @cached_property
    def _rendered(self) -> dict[int, Course]:
        return {}

    def _render(self, rung: int) -> Course:
        parts: list[tuple[Integers, ...] | tuple[Array, ...]] = []
        time_ms, first, last_mV, last_pA = 0.0, 0, self.hold_mV, 0.0
        for number, segment in enumerate(self.segments):
            time_ms += self._duration_ms(segment, rung)
            n_samples = round(time_ms * self.fs_kHz) - first
            if n_samples < 1:
                raise VClampError(
                    f"segments[{number}] in sweep {rung + 1} is shorter than one sample",
                    remedy="Lengthen duration_ms or raise fs_kHz.",
                )
            injects = commands_current(segment)
            hold, last = (0.0, last_pA) if injects else (self.hold_mV, last_mV)
            try:
                offset, start, end = segment.lines(Place(rung, self.n_sweeps, hold, last, self.fs_kHz, n_samples))
            except VClampError as problem:
                raise VClampError(f"segments[{number}] {problem.what}", remedy=problem.remedy) from None
            still = np.full(start.size, self.hold_mV if injects else 0.0)
            mV, pA = ((still, still), (start, end)) if injects else ((start, end), (still, still))
            stays = np.full(start.size, not is_bent(segment)) & (start == end)
            parts.append((np.full(start.size, number), first + offset, *mV, *pA, stays))
            first += n_samples
            last_mV, last_pA = float(mV[1][-1]), float(pA[1][-1])
        segments, firsts, *others = map(np.concatenate, zip(*parts, strict=True))
        return Course(segments, firsts, np.append(firsts[1:], first), *others)

    def _duration_ms(self, segment: Segment, rung: int) -> float:
        assert segment.duration_ms is not None  # a waveform knows its own
        return value_in(segment.duration_ms, rung, self.n_sweeps)

    def stretches(self, sweep: int) -> tuple[Stretch, ...]:
        """The command of one sweep, as straight lines between samples."""
        course = self.course(sweep)
        columns = (
            course.segment,
            course.first,
            course.last,
            course.start_mV,
            course.end_mV,
            course.start_pA,
            course.end_pA,
        )
        return tuple(Stretch(*values) for values in zip(*(column.tolist() for column in columns), strict=True))

    def span(self, segment: int, sweep: int) -> tuple[int, int]:
        """Samples [first, last) of a segment in one sweep."""
        return self.course(sweep).spans[segment]

    def n_samples(self, sweep: int) -> int:
        """Samples in one sweep."""
        return int(self.course(sweep).last[-1])

    def command_mV(self, sweep: int) -> Array:
        """Command voltage at every sample of one sweep."""
        return self.course(sweep).command_mV

    def duration_ms(self, sweep: int) -> float:
        """Length of one sweep."""
        return self.n_samples(sweep) / self.fs_kHz

    def period_ms(self, sweep: int) -> float:
        """How long a sweep takes with all that is played beside it, but for the wait until the next."""
        played = self.duration_ms(sweep)
        if self.conditioning is not None:
            played += sum(duration for _, duration in self.conditioning.steps)
        played *= self.series.averages
        if self.leak is not None:
            played += 2.0 * self.leak.settle_ms + self.leak.n * self.duration_ms(sweep)
            played += (self.leak.n - 1) * self.leak.gap_ms
        return played

    @property
    def plays_more(self) -> bool:
        """Whether more is played than each sweep once."""
        return self.leak is not None or self.conditioning is not None or self.series.averages > 1

    def last_mV(self, sweep: int) -> float:
        """Where the command ends."""
        return float(self.course(sweep).end_mV[-1])

    def baseline(self, sweep: int) -> int:
        """Samples of a sweep before its command first changes."""
        course = self.course(sweep)
        changes = np.flatnonzero((course.start_mV != course.start_mV[0]) | (course.end_mV != course.start_mV[0]))
        return int(course.first[changes[0]]) if changes.size else 0

    def leg(self, sweep: int) -> Course:
        """The command of each leg of a sweep's leak subtraction; of the sweep itself where there is none."""
        course, leak = self.course(sweep), self.leak
        if leak is None:
            return course
        hold_mV, fraction = self.leg_hold_mV, leak.fraction
        start, end = (hold_mV + fraction * (v - self.hold_mV) for v in (course.start_mV, course.end_mV))
        return replace(course, start_mV=start, end_mV=end)

    @property
    def leg_hold_mV(self) -> float:
        """Where the membrane is held for the legs."""
        return self.hold_mV if self.leak is None or self.leak.hold_mV is None else self.leak.hold_mV

    # ---- what analyses ask ---------------------------------------------------------------------

    def window(self, mark: str, sweep: int) -> tuple[int, int]:
        """Samples [first, last) of a mark in one sweep, at least one.

        Raises
        ------
        VClampError
            If the protocol has no mark of that name.
        """
        for item in self.marks:
            if item.name == mark:
                begin, stop = self.span(self._segment_number(item.segment), sweep)
                first = begin + round(item.start_ms * self.fs_kHz)
                last = stop if item.end_ms is None else begin + round(item.end_ms * self.fs_kHz)
                first = min(first, stop - 1)
                return first, min(max(last, first + 1), stop)
        raise VClampError(f"protocol '{self.name}' has no mark '{mark}'")

    @property
    def commands_current(self) -> bool:
        """Whether it is meant for a current clamp."""
        return any(map(commands_current, self.segments))

    def varied_segment(self) -> int | None:
        """Number of the first segment whose level changes from sweep to sweep."""
        for number, segment in enumerate(self.segments):
            if isinstance(segment, Step) and varies(segment.level_mV):
                return number
        return None

    def _segment_number(self, name: str) -> int:
        return [segment.name for segment in self.segments].index(name)
