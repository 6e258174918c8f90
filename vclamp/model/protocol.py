"""A protocol: segments × sweeps, and how it renders to a command voltage."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag

from vclamp.errors import VClampError
from vclamp.model.quantities import (
    CURRENT_LIMIT_pA,
    Current_pA,
    Duration_ms,
    Interval_ms,
    Name,
    Note,
    SamplingRate_kHz,
    SweepCount,
    VOLTAGE_LIMIT_mV,
    Voltage_mV,
)

MAX_SEGMENTS = 100
MAX_SAMPLES_PER_SWEEP = 100_000_000


@dataclass(frozen=True)
class Ladder:
    """A value that changes by the same step from sweep to sweep."""

    start: Annotated[float, Interval(ge=-1e7, le=1e7)]
    step: Annotated[float, Interval(ge=-1e7, le=1e7)]


def _form(value: Any) -> str:
    """Which form of `Varied` a value has."""
    if isinstance(value, dict | Ladder):
        return "ladder"
    return "list" if isinstance(value, list | tuple) else "number"


Varied = float | Ladder | tuple[float, ...]
Levels_mV = Annotated[
    Annotated[Voltage_mV, Tag("number")]
    | Annotated[Ladder, Tag("ladder")]
    | Annotated[tuple[Voltage_mV, ...], Tag("list")],
    Discriminator(_form),
]
Levels_pA = Annotated[
    Annotated[Current_pA, Tag("number")]
    | Annotated[Ladder, Tag("ladder")]
    | Annotated[tuple[Current_pA, ...], Tag("list")],
    Discriminator(_form),
]
Durations_ms = Annotated[
    Annotated[Duration_ms, Tag("number")]
    | Annotated[Ladder, Tag("ladder")]
    | Annotated[tuple[Duration_ms, ...], Tag("list")],
    Discriminator(_form),
]


def value_in(varied: Varied, sweep: int) -> float:
    """The value that a number, a ladder or a list has in a sweep."""
    if isinstance(varied, Ladder):
        return varied.start + sweep * varied.step
    if isinstance(varied, tuple):
        return varied[sweep]
    return varied


@dataclass(frozen=True)
class Hold:
    """Stay at the holding potential."""

    duration_ms: Durations_ms
    name: str = ""
    type: Literal["hold"] = "hold"

    def ends_mV(self, sweep: int, hold_mV: float, last_mV: float) -> tuple[float, float]:
        """Command at the segment's start and just before its end."""
        return hold_mV, hold_mV


@dataclass(frozen=True)
class Step:
    """Jump to a level and stay there."""

    level_mV: Levels_mV
    duration_ms: Durations_ms
    name: str = ""
    type: Literal["step"] = "step"

    def ends_mV(self, sweep: int, hold_mV: float, last_mV: float) -> tuple[float, float]:
        """Command at the segment's start and just before its end."""
        level = value_in(self.level_mV, sweep)
        return level, level


@dataclass(frozen=True)
class Ramp:
    """Go in a straight line to a level, from `from_mV` or from where the command is."""

    to_mV: Levels_mV
    duration_ms: Durations_ms
    from_mV: Levels_mV | None = None
    name: str = ""
    type: Literal["ramp"] = "ramp"

    def ends_mV(self, sweep: int, hold_mV: float, last_mV: float) -> tuple[float, float]:
        """Command at the segment's start and just before its end."""
        start = last_mV if self.from_mV is None else value_in(self.from_mV, sweep)
        return start, value_in(self.to_mV, sweep)


@dataclass(frozen=True)
class CurrentStep:
    """In current clamp: inject a current on top of the amplifier's bias; a voltage clamp holds meanwhile."""

    level_pA: Levels_pA
    duration_ms: Durations_ms
    name: str = ""
    type: Literal["current-step"] = "current-step"

    def ends_pA(self, sweep: int, last_pA: float) -> tuple[float, float]:
        """Injected current at the segment's start and just before its end."""
        level = value_in(self.level_pA, sweep)
        return level, level


@dataclass(frozen=True)
class CurrentRamp:
    """In current clamp: go in a straight line to a current, from `from_pA` or from where it is."""

    to_pA: Levels_pA
    duration_ms: Durations_ms
    from_pA: Levels_pA | None = None
    name: str = ""
    type: Literal["current-ramp"] = "current-ramp"

    def ends_pA(self, sweep: int, last_pA: float) -> tuple[float, float]:
        """Injected current at the segment's start and just before its end."""
        start = last_pA if self.from_pA is None else value_in(self.from_pA, sweep)
        return start, value_in(self.to_pA, sweep)


Segment = Hold | Step | Ramp | CurrentStep | CurrentRamp
SEGMENTS: dict[str, type[Segment]] = {
    "hold": Hold, "step": Step, "ramp": Ramp, "current-step": CurrentStep, "current-ramp": CurrentRamp,
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """A named window for analyses, in ms from the start of a named segment."""

    name: Name
    segment: Name
    start_ms: Interval_ms = 0.0
    end_ms: Interval_ms | None = None


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


@dataclass(frozen=True)
class Protocol:
    """What the amplifier commands, sweep after sweep.

    `between` says what the cell does between sweeps: "rested" starts every sweep from the
    steady state at holding, "interval" lets the cell live through the rest of `interval_ms`
    (start to start) at holding.
    """

    name: Name
    segments: tuple[Annotated[Segment, Field(discriminator="type")], ...]
    n_sweeps: SweepCount
    hold_mV: Voltage_mV
    fs_kHz: SamplingRate_kHz = 50.0
    interval_ms: Interval_ms = 0.0
    between: Literal["rested", "interval"] = "rested"
    marks: tuple[Mark, ...] = ()
    label: Name | None = None
    note: Note = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.segments) <= MAX_SEGMENTS:
            raise VClampError(
                f"the protocol has {len(self.segments)} segments",
                remedy=f"It needs 1 to {MAX_SEGMENTS}.",
            )
        self._check_lists()
        self._check_marks()
        # levels are extreme in the first or last sweep, durations are rounded to samples in each
        varied = any(not isinstance(segment.duration_ms, float | int) for segment in self.segments)
        for sweep in range(self.n_sweeps) if varied else {0, self.n_sweeps - 1}:
            self._check_sweep(sweep)

    @property
    def title(self) -> str:
        """The name to show to people."""
        return self.label or self.name

    def stretches(self, sweep: int) -> tuple[Stretch, ...]:
        """The command of one sweep, as straight lines between samples."""
        if sweep not in self._rendered:
            self._rendered[sweep] = self._render(sweep)
        return self._rendered[sweep]

    @cached_property
    def _rendered(self) -> dict[int, tuple[Stretch, ...]]:
        return {}

    def _render(self, sweep: int) -> tuple[Stretch, ...]:
        found: list[Stretch] = []
        time_ms, first, last_mV, last_pA = 0.0, 0, self.hold_mV, 0.0
        for number, segment in enumerate(self.segments):
            time_ms += value_in(segment.duration_ms, sweep)
            last = round(time_ms * self.fs_kHz)
            mV, pA = (self.hold_mV, self.hold_mV), (0.0, 0.0)
            if isinstance(segment, CurrentStep | CurrentRamp):
                pA = segment.ends_pA(sweep, last_pA)
            else:
                mV = segment.ends_mV(sweep, self.hold_mV, last_mV)
            found.append(Stretch(number, first, last, *mV, *pA))
            first, last_mV, last_pA = last, mV[1], pA[1]
        return tuple(found)

    def n_samples(self, sweep: int) -> int:
        """Samples in one sweep."""
        return self.stretches(sweep)[-1].last

    def command_mV(self, sweep: int) -> NDArray[np.float64]:
        """Command voltage at every sample of one sweep."""
        stretches = self.stretches(sweep)
        out = np.empty(stretches[-1].last)
        for s in stretches:
            out[s.first : s.last] = stretch_command_mV(s, s.first, s.last)
        return out

    def duration_ms(self, sweep: int) -> float:
        """Length of one sweep."""
        return self.n_samples(sweep) / self.fs_kHz

    def window(self, mark: str, sweep: int) -> tuple[int, int]:
        """Samples [first, last) of a mark in one sweep, at least one.

        Raises
        ------
        VClampError
            If the protocol has no mark of that name.
        """
        for item in self.marks:
            if item.name == mark:
                stretch = self.stretches(sweep)[self._segment_number(item.segment)]
                first = stretch.first + round(item.start_ms * self.fs_kHz)
                end = item.end_ms
                last = stretch.last if end is None else stretch.first + round(end * self.fs_kHz)
                first = min(first, stretch.last - 1)
                return first, min(max(last, first + 1), stretch.last)
        raise VClampError(f"protocol '{self.name}' has no mark '{mark}'")

    @property
    def commands_current(self) -> bool:
        """Whether it is meant for a current clamp."""
        return any(isinstance(segment, CurrentStep | CurrentRamp) for segment in self.segments)

    def varied_segment(self) -> int | None:
        """Number of the first segment whose level changes from sweep to sweep."""
        for number, segment in enumerate(self.segments):
            if isinstance(segment, Step) and not isinstance(segment.level_mV, float | int):
                return number
        return None

    def _segment_number(self, name: str) -> int:
        return [segment.name for segment in self.segments].index(name)

    def _check_lists(self) -> None:
        for number, segment in enumerate(self.segments):
            for key in ("level_mV", "to_mV", "from_mV", "level_pA", "to_pA", "from_pA", "duration_ms"):
                values = getattr(segment, key, None)
                if isinstance(values, tuple) and len(values) != self.n_sweeps:
                    raise VClampError(
                        f"segments[{number}].{key} lists {len(values)} values for {self.n_sweeps} sweeps",
                        remedy="Give one value a sweep, or {start, step}.",
                    )

    def _check_marks(self) -> None:
        names = [segment.name for segment in self.segments]
        for mark in self.marks:
            if mark.segment not in names:
                raise VClampError(
                    f"mark '{mark.name}' is in segment '{mark.segment}', which does not exist",
                    remedy=f"Named segments: {', '.join(filter(None, names)) or 'none'}.",
                )
            if mark.end_ms is not None and mark.end_ms <= mark.start_ms:
                raise VClampError(f"mark '{mark.name}' ends before it starts", remedy="Raise its end_ms.")

    def _check_sweep(self, sweep: int) -> None:
        for number, segment in enumerate(self.segments):
            if value_in(segment.duration_ms, sweep) <= 0:
                raise VClampError(
                    f"segments[{number}] has no duration in sweep {sweep + 1}",
                    remedy="Change the start or step of its duration_ms.",
                )
        for stretch in self.stretches(sweep):
            where = f"segments[{stretch.segment}] in sweep {sweep + 1}"
            if max(abs(stretch.start_mV), abs(stretch.end_mV)) > VOLTAGE_LIMIT_mV:
                raise VClampError(
                    f"{where} goes beyond ±{VOLTAGE_LIMIT_mV:g} mV",
                    remedy="Change the level, its step, or n_sweeps.",
                )
            if max(abs(stretch.start_pA), abs(stretch.end_pA)) > CURRENT_LIMIT_pA:
                raise VClampError(
                    f"{where} goes beyond ±{CURRENT_LIMIT_pA:g} pA",
                    remedy="Change the level, its step, or n_sweeps.",
                )
            if stretch.last <= stretch.first:
                raise VClampError(
                    f"{where} is shorter than one sample",
                    remedy="Lengthen duration_ms or raise fs_kHz.",
                )
        if self.n_samples(sweep) > MAX_SAMPLES_PER_SWEEP:
            raise VClampError(
                f"sweep {sweep + 1} has {self.n_samples(sweep):,} samples",
                remedy=f"At most {MAX_SAMPLES_PER_SWEEP:,} are allowed: shorten it or lower fs_kHz.",
            )
        if self.interval_ms and self.interval_ms < self.duration_ms(sweep):
            raise VClampError(
                f"interval_ms = {self.interval_ms:g} is shorter than sweep {sweep + 1} "
                f"({self.duration_ms(sweep):g} ms)",
                remedy="It counts from start to start.",
            )


def stretch_command_mV(stretch: Stretch, first: int, last: int) -> NDArray[np.float64]:
    """Command at samples [first, last) of a stretch."""
    if stretch.start_mV == stretch.end_mV:
        return np.full(last - first, stretch.start_mV)
    steps = np.arange(first - stretch.first, last - stretch.first, dtype=np.float64)
    return stretch.start_mV + stretch.slope_mV * steps
