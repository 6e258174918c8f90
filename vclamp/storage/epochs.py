"""A protocol as Clampex' waveform table: at most ten epochs, steps and ramps that change evenly from sweep to sweep.

A sweep begins with holding for a 64th of its samples, then come the epochs, then holding again or the last level
(`vclamp/storage/stimulus.py` reads the same). A ramp starts at the level of the epoch before and is at its own in its
last sample. Levels are numbers of 32 bits, as in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.course import Course
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording
from vclamp.storage.abf import Epoch

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST = 10  # epochs of one output
PRE_RUN = 64  # one part in so many of a sweep is holding, before the first epoch
INSTEAD = "Export it as NWB, CSV or ATF instead."
INSTEAD_OF_UNEQUAL = "Export it as NWB or CSV instead."
_EVEN = 1e-9  # of a level, by which it may miss an even ladder


@dataclass(frozen=True)
class EpochTable:
    """What one output plays in sweeps of `n_samples`; levels in `unit`, "mV" or "pA".

    With `stays` it keeps the last epoch's level until the first epoch of the next sweep, else it goes back to `hold`.
    """

    unit: str
    hold: float
    stays: bool
    n_samples: int
    epochs: tuple[Epoch, ...]

    def command(self, place: int) -> Array:
        """The command at every sample of the sweep at a place in the file, as Clampex draws it."""
        last = self.epochs[-1] if self.stays and self.epochs else None
        rest = self.hold if last is None else last.level + place * last.level_step
        level = rest - last.level_step if last is not None and place else self.hold
        parts = [np.full(self.n_samples // PRE_RUN, level)]
        for epoch in self.epochs:
            target, n = epoch.level + place * epoch.level_step, epoch.samples + place * epoch.samples_step
            parts.append(np.full(n, target) if epoch.type == "Step" else np.linspace(level, target, n))
            level = target
        parts.append(np.full(self.n_samples - sum(part.size for part in parts), rest))
        return np.concatenate(parts)


def epochs_of(recording: Recording) -> EpochTable:
    """The epochs that play what was commanded in the sweeps of a recording, in their order.

    Raises
    ------
    VClampError
        If no ten epochs do, or the amplifier was switched between two sweeps.
    """
    amplifiers = [rig.amplifier for s in recording.sweeps for rig in (s.rig, *(change.rig for change in s.changes))]
    protocol = recording.header.protocol
    if len({amplifier.mode for amplifier in amplifiers}) > 1:
        what = "was recorded partly in voltage clamp and partly in current clamp, which one ABF file cannot hold"
        raise VClampError(what, where=protocol.name, remedy=INSTEAD)
    biases = {amplifier.bias_pA for amplifier in amplifiers} if amplifiers[0].clamps_current else {None}
    if len(biases) > 1:
        what = "its bias current was changed meanwhile, but an ABF file has one holding level"
        raise VClampError(what, where=protocol.name, remedy=INSTEAD)
    return epochs(protocol, [sweep.index for sweep in recording.sweeps], bias_pA=biases.pop())


def epochs(protocol: Protocol, sweeps: Sequence[int] | None = None, *, bias_pA: float | None = None) -> EpochTable:
    """The epochs that play what a protocol commands.

    Parameters
    ----------
    protocol : Protocol
        The protocol.
    sweeps : sequence of int, optional
        Which of its sweeps, in this order; all unless told.
    bias_pA : float, optional
        What a current clamp adds to the protocol's currents; None for its voltages.

    Raises
    ------
    VClampError
        If no ten epochs do; with the segment, the reason, and what to use instead.
    """
    indices = range(protocol.total_sweeps) if sweeps is None else sweeps
    hold = protocol.hold_mV if bias_pA is None else bias_pA
    drawn = _Drawn(protocol, [protocol.course(index) for index in indices], bias_pA)
    ends = drawn.last_levels
    before = np.append(hold, ends[:-1] if protocol.series.level_between == "last" else np.full(ends.size - 1, hold))
    stays = bool((before != hold).any())
    found = tuple(drawn.epochs(before, stays))
    drawn.check_count([number for number, _ in found])
    named = tuple(Epoch(ascii_uppercase[place], *facts, 0, 0) for place, (_, facts) in enumerate(found))
    unit = "mV" if bias_pA is None else "pA"
    return EpochTable(unit, _single(hold), stays, drawn.n_samples, named)


Facts = tuple[str, float, float, int, int]  # an Epoch's type, level, level_step, samples, samples_step


class _Drawn:
    """The lines of all sweeps side by side: arrays by sweep and line, levels that go on as one line."""

    def __init__(self, protocol: Protocol, courses: list[Course], bias_pA: float | None) -> None:
        self.protocol = protocol
        self._check_lines(courses)
        if bias_pA is None:
            start, end = (np.array([getattr(c, key) for c in courses]) for key in ("start_mV", "end_mV"))
        else:
            start, end = (bias_pA + np.array([getattr(c, key) for c in courses]) for key in ("start_pA", "end_pA"))
        length = np.array([course.last - course.first for course in courses])
        flat = start == end
        new = ~(flat[:, 1:] & flat[:, :-1] & (start[:, 1:] == start[:, :-1])).all(axis=0)
        first = np.flatnonzero(np.append(True, new))
        self.segment = courses[0].segment[first]
        self.start, self.end = start[:, first], end[:, np.append(first[1:], start.shape[1]) - 1]
        self.length = np.add.reduceat(length, first, axis=1)
        self.n_samples = int(courses[0].last[-1])

    @property
    def last_levels(self) -> Array:
        """The command at the last sample of each sweep."""
        start, end = self.start[:, -1], self.end[:, -1]
        return np.asarray(end - (end - start) / self.length[:, -1])

    def epochs(self, before: Array, stays: bool) -> Iterator[tuple[int, Facts]]:
        """The segment that each epoch begins with, and its facts; `before` is held before the first, by sweep.

        The first is always holding: pyabf takes its level for the holding level of ABF 1.
        """
        start, end, pre_run = self.start, self.end, self.n_samples // PRE_RUN
        self._check_first(before, pre_run)
        n_lines = start.shape[1]
        if n_lines > 1 and not stays and (start[:, -1] == before).all() and (end[:, -1] == before).all():
            n_lines -= 1  # back at holding
        self.check_count(self.segment[:n_lines].tolist())
        rest = self.length[:, 0] - pre_run
        if rest.any():
            yield self._epoch(0, "Step", before, rest)
        else:
            yield int(self.segment[0]), ("Step", _single(float(before[0])), 0.0, 0, 0)
        level, taken = before, 0
        for line in range(1, n_lines):
            samples = self.length[:, line] - taken
            taken = 0
            if (start[:, line] == end[:, line]).all():
                level = start[:, line]
                yield self._epoch(line, "Step", level, samples)
                continue
            if (start[:, line] != level).any():  # it begins with a jump: a step of no samples
                yield self._epoch(line, "Step", start[:, line], np.zeros_like(samples))
            if self._goes_on_level(line):
                level, taken = end[:, line], 1  # there in the first sample of what follows
                yield self._epoch(line, "Ramp", level, samples + 1)
            else:
                level = end[:, line] - (end[:, line] - start[:, line]) / samples
                yield self._epoch(line, "Ramp", level, samples)

    def _goes_on_level(self, line: int) -> bool:
        """Whether what follows a line begins where that ends, and stays there."""
        if line + 1 == self.start.shape[1]:
            return False
        following = self.start[:, line + 1], self.end[:, line + 1]
        return all(bool((level == self.end[:, line]).all()) for level in following)

    def _epoch(self, line: int, kind: str, levels: Array, samples: Integers) -> tuple[int, Facts]:
        """An epoch of these levels and samples by sweep."""
        number = int(self.segment[line])
        level_step, samples_step = _even(levels), _even(samples)
        if level_step is None or samples_step is None:
            what = "level" if level_step is None else "duration"
            raise self._refused(f"{self._named(number)} does not change its {what} by equal steps from sweep to sweep")
        facts = kind, _single(float(levels[0])), _single(level_step), int(samples[0]), round(samples_step)
        return number, facts

    def check_count(self, segments: list[int]) -> None:
        """Refuse more epochs than there may be; their segments by number."""
        if len(segments) > MOST:
            number = max(segments, key=segments.count)
            named = f"{self._named(number)} ({self.protocol.segments[number].type})"
            most = f"{segments.count(number):,} of them for {named}, but an ABF file has {MOST}"
            raise self._refused(f"needs {len(segments):,} epochs, {most}")

    def _check_lines(self, courses: list[Course]) -> None:
        """Refuse sweeps that are not made alike."""
        lengths = [int(course.last[-1]) for course in courses]
        if len({*lengths}) > 1:
            number = self._differing([np.bincount(c.segment, c.last - c.first) for c in courses])
            fs_kHz = self.protocol.fs_kHz
            what = f"lasts {min(lengths) / fs_kHz:g} to {max(lengths) / fs_kHz:g} ms with {self._named(number)}"
            raise self._refused(f"{what}, but sweeps of an ABF file are equally long", INSTEAD_OF_UNEQUAL)
        if len({course.first.size for course in courses}) > 1:
            number = self._differing([np.bincount(course.segment) for course in courses])
            raise self._refused(f"{self._named(number)} has more pulses in some sweeps than in others")

    def _check_first(self, before: Array, pre_run: int) -> None:
        """Refuse what Clampex could not play: every sweep begins as it was held before."""
        fs_kHz = self.protocol.fs_kHz
        needs = f"but Clampex holds for the first 64th of a sweep, {pre_run / fs_kHz:g} ms"
        if (self.start[:, 0] != before).any() or (self.end[:, 0] != before).any():
            raise self._refused(
                f"begins with {self._named(int(self.segment[0]))} away from where it is held before, {needs}"
            )
        if self.length[:, 0].min() < pre_run:
            held_ms = self.length[:, 0].min() / fs_kHz
            segment = self._named(int(self.segment[1]))
            remedy = f"Hold longer before it, or export as {INSTEAD.removeprefix('Export it as ')}"
            raise self._refused(f"{segment} begins {held_ms:g} ms into the sweep, {needs}", remedy)

    @staticmethod
    def _differing(counts: list[NDArray[np.generic]]) -> int:
        """The first segment of which sweeps have different counts."""
        return int(np.flatnonzero(np.ptp(np.array(counts), axis=0))[0])

    def _named(self, number: int) -> str:
        """How a sentence calls a segment."""
        name = self.protocol.segments[number].name
        return f"segment '{name}'" if name else f"segments[{number}]"

    def _refused(self, what: str, remedy: str = INSTEAD) -> VClampError:
        return VClampError(what, where=self.protocol.name, remedy=remedy)


def _even(values: Array | Integers) -> float | None:
    """By how much values change from one to the next; None if not always by as much."""
    n = values.size
    step = float(values[-1] - values[0]) / (n - 1) if n > 1 else 0.0
    even = values[0] + step * np.arange(n)
    return step if bool((np.abs(even - values) <= _EVEN * np.maximum(1.0, np.abs(values))).all()) else None


def _single(value: float) -> float:
    """The nearest number of 32 bits."""
    return float(np.float32(value))
