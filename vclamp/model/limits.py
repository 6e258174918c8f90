"""What every protocol keeps to. It is refused when it is made, before anything long is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.ladder import Ladder, value_in, varies
from vclamp.model.quantities import CURRENT_LIMIT_pA, VOLTAGE_LIMIT_mV
from vclamp.model.segments import Segment, Train, is_bent

if TYPE_CHECKING:
    from vclamp.model.course import Course
    from vclamp.model.protocol import Protocol

Array = NDArray[np.float64]

ROUNDING = 1e-9  # of a time that is summed up
MAX_SEGMENTS = 100
MAX_SWEEPS = 10_000
MAX_SAMPLES_PER_SWEEP = 100_000_000
MAX_LINES_PER_SWEEP, MAX_LINES = 2_000_000, 10_000_000  # in a sweep and in all; what is bent has one a sample


def count_sweeps(segments: tuple[Segment, ...], n_sweeps: int) -> int:
    """How many sweeps there are; with `n_sweeps` 0 as many as the ladders and lists say.

    Raises
    ------
    VClampError
        If nothing says it, or two of them differ.
    """
    if not 1 <= len(segments) <= MAX_SEGMENTS:
        raise VClampError(f"the protocol has {len(segments)} segments", remedy=f"It needs 1 to {MAX_SEGMENTS}.")
    counts = {
        f"segments[{number}].{key}": value.count if isinstance(value, Ladder) else len(value)
        for number, segment in enumerate(segments)
        for key, value in varied(segment).items()
    }
    known = [count for count in counts.values() if count]
    if not n_sweeps and counts and not known:
        raise VClampError("the number of sweeps is missing", remedy="Add n_sweeps, or give a ladder a stop.")
    n_sweeps = n_sweeps or (known[0] if known else 1)
    for key, count in counts.items():
        if count is not None and count != n_sweeps:
            raise VClampError(
                f"{key} lists {count} values for {n_sweeps} sweeps",
                remedy="Give one value a sweep, or {start, step}.",
            )
    if n_sweeps > MAX_SWEEPS:
        raise VClampError(f"the ladders make {n_sweeps} sweeps", remedy=f"At most {MAX_SWEEPS} are allowed.")
    return n_sweeps


def check(protocol: Protocol) -> None:
    """Refuse names that are not clear, and sweeps that are too long or that no amplifier could command."""
    _check_names(protocol)
    rungs = _extreme_rungs(protocol)
    _check_lengths(protocol, rungs)
    sweep_of = np.argsort([protocol.rung(sweep) for sweep in range(protocol.n_sweeps)])
    for rung in rungs:
        _check_sweep(protocol, rung, int(sweep_of[rung]))


def varied(segment: Segment) -> dict[str, Ladder | tuple[float, ...]]:
    """The keys of a segment whose value may change from sweep to sweep."""
    keys = (key for key in segment.__dataclass_fields__ if not key.startswith("values"))
    return {key: value for key in keys if varies(value := getattr(segment, key))}


def _check_names(protocol: Protocol) -> None:
    names = [segment.name for segment in protocol.segments if segment.name]
    for kind, used in (("segments", names), ("marks", [mark.name for mark in protocol.marks])):
        twice = next((name for name in used if used.count(name) > 1), None)
        if twice is not None:
            raise VClampError(f"two {kind} are named '{twice}'", remedy="Rename one of them.")
    for mark in protocol.marks:
        if mark.segment not in names:
            raise VClampError(
                f"mark '{mark.name}' is in segment '{mark.segment}', which does not exist",
                remedy=f"Named segments: {', '.join(names) or 'none'}.",
            )
        if mark.end_ms is not None and mark.end_ms <= mark.start_ms:
            raise VClampError(f"mark '{mark.name}' ends before it starts", remedy="Raise its end_ms.")


def _extreme_rungs(protocol: Protocol) -> list[int]:
    """Rungs on which a command may be extreme: the ends of straight ladders, anywhere in lists.

    Where a duration varies every rung counts, for each is rounded to samples.
    """
    values = [item for segment in protocol.segments for item in varied(segment).items()]
    straight = all(isinstance(value, Ladder) and value.factor == 1.0 for _, value in values)
    if straight and all(key.endswith(("_mV", "_pA")) for key, _ in values):
        return sorted({0, protocol.n_sweeps - 1})
    return list(range(protocol.n_sweeps))


def _check_lengths(protocol: Protocol, rungs: list[int]) -> None:
    n, fs_kHz = protocol.n_sweeps, protocol.fs_kHz
    durations_ms = np.array([[value_in(s.duration_ms or 0.0, k, n) for k in rungs] for s in protocol.segments])
    wrong = np.argwhere(~(durations_ms.T > 0.0))
    if wrong.size:
        rung, number = wrong[0]
        raise VClampError(
            f"segments[{number}] has no duration in sweep {rungs[rung] + 1}",
            remedy="Change the start or step of its duration_ms.",
        )
    samples = durations_ms.sum(axis=0) * fs_kHz
    long = np.flatnonzero(~(samples <= MAX_SAMPLES_PER_SWEEP))
    if long.size:
        raise VClampError(
            f"sweep {rungs[long[0]] + 1} has {round(min(samples[long[0]], 1e15)):,} samples",
            remedy=f"At most {MAX_SAMPLES_PER_SWEEP:,} are allowed: shorten it or lower fs_kHz.",
        )
    lines = np.sum(
        [_lines(s, d, rungs, protocol) for s, d in zip(protocol.segments, durations_ms, strict=True)], axis=0
    )
    if lines.max() > MAX_LINES_PER_SWEEP or lines.mean() * n > MAX_LINES:
        raise VClampError(
            f"{round(lines.max()):,} points must be drawn in a sweep",
            remedy=f"At most {MAX_LINES_PER_SWEEP:,} are allowed, {MAX_LINES:,} in all: use fewer sweeps, shorten "
            "what is not straight, or lower fs_kHz.",
        )


def _lines(segment: Segment, durations_ms: Array, rungs: list[int], protocol: Protocol) -> Array:
    """About how many lines a segment that has more than a few is drawn with, on each rung."""
    if is_bent(segment):
        return np.asarray(durations_ms * protocol.fs_kHz)
    if isinstance(segment, Train):
        periods = np.array([value_in(segment.period_ms, rung, protocol.n_sweeps) for rung in rungs])
        return np.asarray(3.0 * durations_ms / np.maximum(periods, 1.0 / protocol.fs_kHz))
    return np.zeros(durations_ms.size)


def _check_sweep(protocol: Protocol, rung: int, sweep: int) -> None:
    where = f"in sweep {rung + 1}"
    _check_course(protocol.course(sweep), where)
    if protocol.leak is not None:
        _check_course(protocol.leg(sweep), f"in the legs of sweep {rung + 1}")
    needed_ms = protocol.period_ms(sweep)
    if protocol.interval_ms and protocol.interval_ms < needed_ms * (1.0 - ROUNDING):
        raise VClampError(
            f"interval_ms = {protocol.interval_ms:g} is shorter than sweep {rung + 1} ({needed_ms:g} ms)",
            remedy="It counts from start to start.",
        )


def _check_course(course: Course, where: str) -> None:
    """Refuse commands that no amplifier gives."""
    for start, end, limit, unit in (
        (course.start_mV, course.end_mV, VOLTAGE_LIMIT_mV, "mV"),
        (course.start_pA, course.end_pA, CURRENT_LIMIT_pA, "pA"),
    ):
        beyond = np.flatnonzero(~(np.maximum(np.abs(start), np.abs(end)) <= limit))
        if beyond.size:
            raise VClampError(
                f"segments[{course.segment[beyond[0]]}] {where} goes beyond ±{limit:g} {unit}",
                remedy="Change the level, its step, or n_sweeps.",
            )
