"""The pieces that a sweep is made of, and the straight lines that each is drawn with.

Levels are commands of a voltage clamp in mV or, under keys in pA, of a current clamp on top of the amplifier's
bias; a segment of the one kind leaves the other at rest. Lines begin at whole samples: a line that starts at sample
k has its `start` there and would reach its `end` at the sample where the next one begins.
"""

from dataclasses import dataclass
from functools import cached_property
from math import pi
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Interval, Len
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.ladder import Durations_ms, InnerError, Levels_mV, Levels_pA, Varied, value_in
from vclamp.model.quantities import CURRENT_LIMIT_pA, Current_pA, VOLTAGE_LIMIT_mV, Voltage_mV

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Lines = tuple[Integers, Array, Array]  # first sample of each, counted from the segment's; command there and at its end

MAX_VALUES = 1_000_000
_ABSURD = 1e100
_WIDEST = 4.0  # standard deviations of noise
Frequency_Hz = Annotated[float, Interval(gt=0.0, le=500_000.0)]
Seed = Annotated[int, Interval(ge=0, le=2**53)]


@dataclass(frozen=True)
class Place:
    """Where in a protocol a segment stands: rung `rung` of `n_rungs`, after a command of `last`."""

    rung: int
    n_rungs: int
    hold: float  # the holding potential; 0 pA
    last: float
    fs_kHz: float
    n_samples: int

    def value(self, varied: Varied, relative: bool = False) -> float:
        """A varied value here, counted from holding if it is relative."""
        return value_in(varied, self.rung, self.n_rungs) + (self.hold if relative else 0.0)

    def samples(self, time_ms: Varied) -> int:
        """A time in samples."""
        return round(value_in(time_ms, self.rung, self.n_rungs) * self.fs_kHz)


@dataclass(frozen=True)
class Hold:
    """Stay at the holding potential."""

    duration_ms: Durations_ms
    name: str = ""
    marker: str = ""
    type: Literal["hold"] = "hold"

    def lines(self, at: Place) -> Lines:
        """One line."""
        return _line(at.hold, at.hold)


@dataclass(frozen=True)
class Step:
    """Jump to a level and stay there."""

    level_mV: Levels_mV
    duration_ms: Durations_ms
    name: str = ""
    relative: bool = False
    marker: str = ""
    type: Literal["step"] = "step"

    def lines(self, at: Place) -> Lines:
        """One line."""
        level = at.value(self.level_mV, self.relative)
        return _line(level, level)


@dataclass(frozen=True)
class Ramp:
    """Go in a straight line to a level, from `from_mV` or from where the command is."""

    to_mV: Levels_mV
    duration_ms: Durations_ms
    from_mV: Levels_mV | None = None
    name: str = ""
    relative: bool = False
    marker: str = ""
    type: Literal["ramp"] = "ramp"

    def lines(self, at: Place) -> Lines:
        """One line."""
        start = at.last if self.from_mV is None else at.value(self.from_mV, self.relative)
        return _line(start, at.value(self.to_mV, self.relative))


@dataclass(frozen=True)
class CurrentStep:
    """In current clamp: inject a current on top of the amplifier's bias; a voltage clamp holds meanwhile."""

    level_pA: Levels_pA
    duration_ms: Durations_ms
    name: str = ""
    marker: str = ""
    type: Literal["current-step"] = "current-step"

    def lines(self, at: Place) -> Lines:
        """One line."""
        level = at.value(self.level_pA)
        return _line(level, level)


@dataclass(frozen=True)
class CurrentRamp:
    """In current clamp: go in a straight line to a current, from `from_pA` or from where it is."""

    to_pA: Levels_pA
    duration_ms: Durations_ms
    from_pA: Levels_pA | None = None
    name: str = ""
    marker: str = ""
    type: Literal["current-ramp"] = "current-ramp"

    def lines(self, at: Place) -> Lines:
        """One line."""
        return _line(at.last if self.from_pA is None else at.value(self.from_pA), at.value(self.to_pA))


@dataclass(frozen=True)
class Train:
    """Pulses, one every `period_ms`, from a base to a level; as many whole ones as fit, then the base.

    Shapes, drawn as Clampex does: "rectangle"; "triangle", up within `width_ms` and down for the rest of the
    period; "biphasic", half the width at the level and half as far on the other side of the base; "cosine",
    one smooth hump a period. The base is where the command was before, if not given.
    """

    duration_ms: Durations_ms
    period_ms: Durations_ms
    width_ms: Durations_ms
    level_mV: Levels_mV | None = None
    base_mV: Levels_mV | None = None
    level_pA: Levels_pA | None = None
    base_pA: Levels_pA | None = None
    shape: Literal["rectangle", "triangle", "biphasic", "cosine"] = "rectangle"
    name: str = ""
    relative: bool = False
    marker: str = ""
    type: Literal["train"] = "train"

    def __post_init__(self) -> None:
        _one_of(self, "level_mV", "level_pA")

    def lines(self, at: Place) -> Lines:
        """Two lines a pulse, or one a sample where it is bent."""
        level_of, base_of = (
            (self.level_mV, self.base_mV) if self.level_mV is not None else (self.level_pA, self.base_pA)
        )
        assert level_of is not None  # what makes a train one
        level = at.value(level_of, self.relative)
        base = at.last if base_of is None else at.value(base_of, self.relative)
        period, width = at.samples(self.period_ms), at.samples(self.width_ms)
        if not 0 < width <= period:
            raise VClampError(
                f"has pulses of {width} samples every {period}",
                remedy="width_ms must be at least a sample, period_ms longer.",
            )
        count = at.n_samples // period
        begins = period * np.arange(count)
        if self.shape == "cosine":
            angle = np.linspace(0.0, 2.0 * pi * count, at.n_samples)
            return _sampled(base + (level - base) * 0.5 * (1.0 - np.cos(angle)))
        if self.shape == "triangle":
            pulse = np.concatenate([np.linspace(base, level, width), np.linspace(level, base, period - width)])
            return _sampled(np.concatenate([np.tile(pulse, count), np.full(at.n_samples - count * period, base)]))
        borders, levels = [0, width], [level, base]
        if self.shape == "biphasic":
            borders, levels = [0, width // 2, width], [level, 2.0 * base - level, base]
        first = (begins[:, None] + np.array(borders)).ravel()
        values = np.tile(levels, count)
        if not count:
            first, values = np.zeros(1, np.int64), np.array([base])
        lengths = np.diff(first, append=at.n_samples)
        return first[lengths > 0], values[lengths > 0], values[lengths > 0]


@dataclass(frozen=True)
class Sine:
    """A sine around a level, at one frequency or, as a chirp, gliding in a straight or "log" way to another."""

    duration_ms: Durations_ms
    frequency_Hz: Frequency_Hz
    amplitude_mV: Levels_mV | None = None
    level_mV: Levels_mV | None = None
    amplitude_pA: Levels_pA | None = None
    level_pA: Levels_pA | None = None
    to_Hz: Frequency_Hz | None = None
    glide: Literal["linear", "log"] = "linear"
    phase_deg: Annotated[float, Interval(ge=-360.0, le=360.0)] = 0.0
    name: str = ""
    relative: bool = False
    marker: str = ""
    type: Literal["sine"] = "sine"

    def __post_init__(self) -> None:
        _one_of(self, "amplitude_mV", "amplitude_pA")

    def lines(self, at: Place) -> Lines:
        """One line a sample."""
        volts = self.amplitude_mV is not None
        size_of, level_of = (self.amplitude_mV, self.level_mV) if volts else (self.amplitude_pA, self.level_pA)
        assert size_of is not None  # what makes a sine one
        level = at.last if level_of is None else at.value(level_of, self.relative)
        t_ms = np.arange(at.n_samples + 1) / at.fs_kHz
        return _between(level + at.value(size_of) * np.sin(self._angle(t_ms, at.n_samples / at.fs_kHz)))

    def _angle(self, t_ms: Array, span_ms: float) -> Array:
        f, g = self.frequency_Hz * 1e-3, (self.to_Hz or self.frequency_Hz) * 1e-3
        if f == g:
            turns = f * t_ms
        elif self.glide == "linear":
            turns = f * t_ms + 0.5 * (g - f) * t_ms**2 / span_ms
        else:
            rate = np.log(g / f) / span_ms
            turns = f * np.expm1(rate * t_ms) / rate
        return np.asarray(2.0 * pi * turns + np.deg2rad(self.phase_deg))


@dataclass(frozen=True)
class Noise:
    """Normal noise of a standard deviation around a level, drawn anew every `every_ms`; another in each sweep.

    It ends at four standard deviations from the level.
    """

    duration_ms: Durations_ms
    sd_mV: Levels_mV | None = None
    level_mV: Levels_mV | None = None
    sd_pA: Levels_pA | None = None
    level_pA: Levels_pA | None = None
    every_ms: Annotated[float, Interval(ge=1e-3, le=1e5)] = 0.1
    seed: Seed = 0
    frozen: bool = False
    name: str = ""
    relative: bool = False
    marker: str = ""
    type: Literal["noise"] = "noise"

    def __post_init__(self) -> None:
        _one_of(self, "sd_mV", "sd_pA")

    def lines(self, at: Place) -> Lines:
        """One line a draw."""
        volts = self.sd_mV is not None
        sd_of, level_of = (self.sd_mV, self.level_mV) if volts else (self.sd_pA, self.level_pA)
        assert sd_of is not None  # what makes noise noise
        level, sd = at.last if level_of is None else at.value(level_of, self.relative), at.value(sd_of)
        if abs(level) + _WIDEST * abs(sd) > (limit := VOLTAGE_LIMIT_mV if volts else CURRENT_LIMIT_pA):
            raise VClampError(
                f"may go beyond ±{limit:g} {'mV' if volts else 'pA'}", remedy="Lower its level or its sd."
            )
        first = np.arange(0, at.n_samples, max(1, at.samples(self.every_ms)))
        rng = np.random.default_rng([self.seed, 0 if self.frozen else at.rung])
        values = level + sd * np.clip(rng.standard_normal(first.size), -_WIDEST, _WIDEST)
        return first, values, values


@dataclass(frozen=True)
class Waveform:
    """Values one after another, `every_ms` apart and joined by straight lines, such as a recorded action potential.

    In a text file `file` may name the table they are read from instead; `scale` and `offset` change them. With
    `columns` there are that many waveforms of equal length, one after another: each sweep plays its own.
    """

    every_ms: Annotated[float, Interval(ge=1e-3, le=1e5)]
    values_mV: Annotated[tuple[float, ...], Len(1, MAX_VALUES)] | None = None
    values_pA: Annotated[tuple[float, ...], Len(1, MAX_VALUES)] | None = None
    scale: Annotated[float, Interval(ge=-1e6, le=1e6)] = 1.0
    offset_mV: Voltage_mV = 0.0
    offset_pA: Current_pA = 0.0
    columns: Annotated[int, Interval(ge=1, le=10_000)] = 1
    duration_ms: Durations_ms | None = None
    file: str = ""
    name: str = ""
    marker: str = ""
    type: Literal["waveform"] = "waveform"

    def __post_init__(self) -> None:
        _one_of(self, "values_mV", "values_pA")
        n_values = len(self.values_mV or self.values_pA or ())
        if n_values % self.columns:
            what = f"{n_values} values do not make {self.columns} columns of equal length"
            raise InnerError(what, remedy="Change columns or the values.")
        if self.duration_ms is None:
            object.__setattr__(self, "duration_ms", self._waves.shape[1] * self.every_ms)

    @cached_property
    def _waves(self) -> Array:
        """Each column's values in a row."""
        values = np.array(self.values_mV or self.values_pA or ()).reshape(self.columns, -1)
        values = np.clip(values, -_ABSURD, _ABSURD)  # the protocol refuses what is left of it
        return np.asarray(values * self.scale + (self.offset_pA if self.values_mV is None else self.offset_mV))

    def lines(self, at: Place) -> Lines:
        """One line a sample; the last value lasts."""
        if self.columns not in (1, at.n_rungs):
            raise VClampError(f"has {self.columns} columns for {at.n_rungs} sweeps", remedy="It needs one for each.")
        values = self._waves[at.rung if self.columns > 1 else 0]
        t_ms = np.arange(at.n_samples + 1) / at.fs_kHz
        return _between(np.interp(t_ms, self.every_ms * np.arange(values.size), values))


@dataclass(frozen=True)
class MembraneTest:
    """A small step up from where the command is and back, in the middle half of its time."""

    step_mV: Levels_mV
    duration_ms: Durations_ms
    name: str = ""
    marker: str = ""
    type: Literal["membrane-test"] = "membrane-test"

    def lines(self, at: Place) -> Lines:
        """Three lines."""
        quarter = max(1, at.n_samples // 4)
        values = at.last + np.array([0.0, at.value(self.step_mV), 0.0])
        first = np.array([0, quarter, max(at.n_samples - quarter, quarter + 1)])
        kept = first < at.n_samples
        return first[kept], values[kept], values[kept]


Segment = Hold | Step | Ramp | CurrentStep | CurrentRamp | Train | Sine | Noise | Waveform | MembraneTest
SEGMENTS: dict[str, type[Segment]] = {
    "hold": Hold, "step": Step, "ramp": Ramp, "current-step": CurrentStep, "current-ramp": CurrentRamp, "train": Train,
    "sine": Sine, "noise": Noise, "waveform": Waveform, "membrane-test": MembraneTest,
}  # fmt: skip


def commands_current(segment: Segment) -> bool:
    """Whether a segment's levels are currents."""
    return any(getattr(segment, key, None) is not None for key in _CURRENTS)


def is_bent(segment: Segment) -> bool:
    """Whether its lines are not levels that last, but samples of something else."""
    bent = isinstance(segment, Sine | Noise | Waveform)
    return bent or (isinstance(segment, Train) and segment.shape in ("triangle", "cosine"))


_CURRENTS = ("level_pA", "to_pA", "amplitude_pA", "sd_pA", "values_pA")


def _one_of(segment: Any, *keys: str) -> None:
    """Refuse a segment that has none or more than one of the keys."""
    if sum(getattr(segment, key) is not None for key in keys) != 1:
        raise InnerError(f"a {segment.type} needs either {' or '.join(keys)}", remedy="Give exactly one of them.")


def _line(start: float, end: float) -> Lines:
    return np.zeros(1, np.int64), np.array([start]), np.array([end])


def _sampled(values: Array) -> Lines:
    """Samples joined by lines; the last one stays."""
    return _between(np.append(values, values[-1:]))


def _between(values: Array) -> Lines:
    """Lines between values at all samples and at the one after the last."""
    return np.arange(values.size - 1), values[:-1], values[1:]
