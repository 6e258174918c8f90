"""A protocol as a table: its segments added, taken away, moved, retyped and changed, and what each comes to.

Every function gives another protocol, checked whole. Marks follow the segments they stand in, ladders with a stop
follow the number of sweeps, and an interval that has become too short is raised, so that one edit never needs a
second one to be valid.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import ceil, floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.course import Course
from vclamp.model.edit import with_value
from vclamp.model.files import from_data, to_full_data
from vclamp.model.ladder import Ladder, value_in
from vclamp.model.limits import varied
from vclamp.model.protocol import Mark, Protocol
from vclamp.model.segments import SEGMENTS, Hold, Segment, commands_current

Array = NDArray[np.float64]

# the key that a table shows as the level of a type; of two the one that is given
LEVELS = {
    "step": ("level_mV",), "ramp": ("to_mV",), "current-step": ("level_pA",), "current-ramp": ("to_pA",),
    "train": ("level_mV", "level_pA"), "sine": ("amplitude_mV", "amplitude_pA"), "noise": ("sd_mV", "sd_pA"),
    "membrane-test": ("step_mV",),
}  # fmt: skip
_LASTING = ("level", "to")  # levels that mean the same in segments of another type
_STARTS: dict[str, dict[str, Any]] = {
    "hold": {"duration_ms": 10.0},
    "step": {"level_mV": 0.0, "duration_ms": 20.0},
    "ramp": {"to_mV": 0.0, "duration_ms": 100.0},
    "current-step": {"level_pA": 100.0, "duration_ms": 100.0},
    "current-ramp": {"to_pA": 100.0, "duration_ms": 100.0},
    "train": {"level_mV": 0.0, "duration_ms": 100.0, "period_ms": 20.0, "width_ms": 5.0},
    "sine": {"amplitude_mV": 10.0, "duration_ms": 100.0, "frequency_Hz": 50.0},
    "noise": {"sd_mV": 5.0, "duration_ms": 100.0},
    "waveform": {"values_mV": (-80.0, 0.0, -80.0), "every_ms": 5.0},
    "membrane-test": {"step_mV": 10.0, "duration_ms": 40.0},
}
_PICOAMPERES = 10.0  # for 1 mV of a fresh segment


def letter(number: int) -> str:
    """A segment's name in a table: A to Z, then AA, AB and so on."""
    head, last = divmod(number, 26)
    return (letter(head - 1) if head else "") + chr(ord("A") + last)


def level_key(segment: Segment) -> str:
    """The key of what a table shows as a segment's level; empty if it has none of its own."""
    keys = LEVELS.get(segment.type, ())
    return next((key for key in keys if getattr(segment, key) is not None), "")


def has_both_units(kind: str) -> bool:
    """Whether segments of a type command a voltage or a current."""
    return len(LEVELS.get(kind, ())) > 1 or kind == "waveform"


def fresh(kind: str, *, currents: bool = False) -> Segment:
    """A new segment of a type, in mV or, where the type knows both, in pA."""
    data = dict(_STARTS[kind])
    if currents and has_both_units(kind):
        for key in [key for key in data if key.endswith("_mV")]:
            value = data.pop(key)
            times = tuple(_PICOAMPERES * v for v in value) if isinstance(value, tuple) else _PICOAMPERES * value
            data[key.removesuffix("_mV") + "_pA"] = times
    return SEGMENTS[kind](**data)


def retyped(segment: Segment, kind: str, *, currents: bool | None = None) -> Segment:
    """A segment of another type that keeps what both know: name, marker, duration, and a level of the same kind.

    With `currents` the other unit may be asked for.
    """
    amperes = commands_current(segment) if currents is None else currents
    new = fresh(kind, currents=amperes)
    kept = {
        key: getattr(segment, key) for key in ("name", "marker", "duration_ms", "relative") if _both(segment, new, key)
    }
    own, other = level_key(segment), level_key(new)
    if own and other and own[-3:] == other[-3:] and {own[:-3], other[:-3]} <= set(_LASTING):
        kept[other] = getattr(segment, own)
    if segment.type == kind:
        same = (key for key in new.__dataclass_fields__ if not key.endswith(("_mV", "_pA")))
        kept |= {key: getattr(segment, key) for key in same}
    return replace(new, **kept)


def _both(segment: Segment, new: Segment, key: str) -> bool:
    return key in segment.__dataclass_fields__ and key in new.__dataclass_fields__


# ---- other protocols


def with_segments(protocol: Protocol, segments: Iterable[Segment], *, n_sweeps: int | None = None) -> Protocol:
    """A protocol of other segments; ladders with a stop fit the number of sweeps, marks of lost segments are lost.

    Raises
    ------
    VClampError
        If the protocol is refused.
    """
    n = protocol.n_sweeps if n_sweeps is None else n_sweeps
    fitted = tuple(_fitted(segment, n) for segment in segments)
    names = {segment.name for segment in fitted}
    marks = tuple(mark for mark in protocol.marks if mark.segment in names)
    return _in_time(protocol, lambda p: replace(p, segments=fitted, marks=marks, n_sweeps=n))


def with_sweeps(protocol: Protocol, n_sweeps: int) -> Protocol:
    """A protocol of another number of sweeps; a ladder with a stop then stops elsewhere."""
    return with_segments(protocol, protocol.segments, n_sweeps=n_sweeps)


def with_setting(protocol: Protocol, path: str, value: object) -> Protocol:
    """A protocol with a value that is no segment's changed, by its dotted path.

    Raises
    ------
    VClampError
        If the value or the whole protocol is refused.
    """
    if path == "n_sweeps" and isinstance(value, int):
        return with_sweeps(protocol, value)
    if path == "interval_ms":
        return with_value(protocol, path, value, "")
    return _in_time(protocol, lambda p: with_value(p, path, value, ""))


def _in_time(protocol: Protocol, change: Callable[[Protocol], Protocol]) -> Protocol:
    """A changed protocol; where its sweeps would no longer fit into their interval, that is raised."""
    try:
        return change(protocol)
    except VClampError:
        if not protocol.interval_ms:
            raise
        loose = change(replace(protocol, interval_ms=0.0))
        needed_ms = max(map(loose.period_ms, range(loose.n_sweeps)))
        return replace(loose, interval_ms=max(protocol.interval_ms, _rounded_up(needed_ms)))


def _rounded_up(value: float) -> float:
    """A positive number to two digits, rounded up."""
    unit = 10.0 ** (floor(log10(value)) - 1)
    return float(f"{ceil(value / unit - 1e-9) * unit:.12g}")


def with_changes(protocol: Protocol, number: int, changes: Mapping[str, object]) -> Protocol:
    """A protocol with some values of one segment changed.

    A ladder that says how many rungs it has, or a list, then says how many sweeps there are.

    Parameters
    ----------
    protocol : Protocol
    number : int
        Of the segment.
    changes : mapping
        Plain data by their keys, as in a text file; None takes an optional value away.

    Raises
    ------
    VClampError
        If a value or the whole protocol is refused.
    """
    old = protocol.segments[number]
    new = from_data(type(old), {**to_full_data(old), **changes}, f"{letter(number)}")
    marks = protocol.marks
    if old.name and new.name != old.name:  # they follow a new name, and are lost with the last one
        follow = (
            replace(mark, segment=new.name or mark.segment) if mark.segment == old.name else mark for mark in marks
        )
        marks = tuple(mark for mark in follow if new.name or mark.segment != old.name)
    counts = (_count(getattr(new, key)) for key in changes if getattr(new, key) != getattr(old, key))
    n_sweeps = next((count for count in counts if count), protocol.n_sweeps)
    segments = [*protocol.segments]
    segments[number] = new
    fitted = tuple(_fitted(segment, n_sweeps) for segment in segments)
    return _in_time(protocol, lambda p: replace(p, segments=fitted, marks=marks, n_sweeps=n_sweeps))


def with_inserted(protocol: Protocol, at: int, segments: Iterable[Segment]) -> Protocol:
    """A protocol with segments put in before number `at`, renamed where their names are taken."""
    taken = {segment.name for segment in protocol.segments}
    new = []
    for segment in segments:
        name, number = segment.name, 2
        while name and name in taken:
            name, number = f"{segment.name} {number}", number + 1
        taken.add(name)
        new.append(replace(segment, name=name))
    return with_segments(protocol, (*protocol.segments[:at], *new, *protocol.segments[at:]))


def without(protocol: Protocol, numbers: Iterable[int]) -> Protocol:
    """A protocol without some segments; one must stay."""
    lost = set(numbers)
    kept = [segment for number, segment in enumerate(protocol.segments) if number not in lost]
    if not kept:
        raise VClampError("a protocol needs at least one segment", remedy="Add another one first.")
    return with_segments(protocol, kept)


def moved(protocol: Protocol, number: int, to: int) -> Protocol:
    """A protocol with one segment elsewhere in the row."""
    segments = [*protocol.segments]
    segments.insert(to, segments.pop(number))
    return replace(protocol, segments=tuple(segments))


def retyped_in(protocol: Protocol, number: int, kind: str, *, currents: bool | None = None) -> Protocol:
    """A protocol with one segment of another type."""
    segments = [*protocol.segments]
    segments[number] = retyped(segments[number], kind, currents=currents)
    return with_segments(protocol, segments)


def with_mark(protocol: Protocol, number: int, changes: Mapping[str, object]) -> Protocol:
    """A protocol with some values of one mark changed: plain data by their keys, as in a text file.

    Raises
    ------
    VClampError
        If a value or the whole protocol is refused.
    """
    marks = [*protocol.marks]
    marks[number] = from_data(Mark, {**to_full_data(marks[number]), **changes}, f"mark '{marks[number].name}'")
    return replace(protocol, marks=tuple(marks))


def with_new_mark(protocol: Protocol) -> Protocol:
    """A protocol with one more mark, over the whole of the segment that varies, or of the first that has a name."""
    named = [number for number, segment in enumerate(protocol.segments) if segment.name]
    if not named:
        raise VClampError("marks stand in named segments, and none has a name", remedy="Name one in the table.")
    varied_one = protocol.varied_segment()
    segment = protocol.segments[varied_one if varied_one in named else named[0]]
    taken, name, number = {mark.name for mark in protocol.marks}, "mark", 2
    while name in taken:
        name, number = f"mark {number}", number + 1
    return replace(protocol, marks=(*protocol.marks, Mark(name, segment.name)))


def without_mark(protocol: Protocol, number: int) -> Protocol:
    """A protocol without one of its marks."""
    return replace(protocol, marks=(*protocol.marks[:number], *protocol.marks[number + 1 :]))


def _count(value: object) -> int | None:
    """How many sweeps a value asks for."""
    return value.count if isinstance(value, Ladder) else len(value) if isinstance(value, tuple) else None


def _fitted(segment: Segment, n_sweeps: int) -> Segment:
    """A segment whose ladders with a stop have n rungs."""
    changed: dict[str, Any] = {}
    for key, value in varied(segment).items():
        if isinstance(value, Ladder) and value.count not in (None, n_sweeps):
            changed[key] = replace(value, stop=stop_of(value.start, value.step, value.factor, n_sweeps))
    return replace(segment, **changed) if changed else segment


def stop_of(start: float, step: float, factor: float, n_sweeps: int) -> float:
    """Where a ladder of n rungs ends, to the digits that are meant."""
    end = start + step * (n_sweeps - 1) if step else Ladder(start, factor=factor).value(n_sweeps - 1, n_sweeps)
    return float(f"{end:.12g}")


# ---- what it comes to


def actual(protocol: Protocol, number: int, sweep: int) -> tuple[float | None, float]:
    """Level (mV or pA; None where there is not one) and duration (ms) of a segment in a sweep."""
    segment, rung, n = protocol.segments[number], protocol.rung(sweep), protocol.n_sweeps
    duration_ms = value_in(segment.duration_ms or 0.0, rung, n)
    if isinstance(segment, Hold):
        return protocol.hold_mV, duration_ms
    key = level_key(segment)
    if not key:
        return None, duration_ms
    relative = key in ("level_mV", "to_mV") and getattr(segment, "relative", False)
    return value_in(getattr(segment, key), rung, n) + relative * protocol.hold_mV, duration_ms


def outline(course: Course, fs_kHz: float, *, currents: bool = False, most: int = 4000) -> tuple[Array, Array]:
    """A sweep's command as few points, to draw it.

    Parameters
    ----------
    course : Course
    fs_kHz : float
    currents : bool
        Whether the current is wanted, not the voltage.
    most : int
        If there are more points, extremes of so many are given.

    Returns
    -------
    t_ms, level : arrays, shape (n,)
        In mV or pA; joined by straight lines.
    """
    start, end = (course.start_pA, course.end_pA) if currents else (course.start_mV, course.end_mV)
    t_ms = np.stack([course.first, course.last], axis=1).ravel() / fs_kHz
    level = np.stack([start, end], axis=1).ravel()
    if level.size <= most:
        return t_ms, level
    edges = np.linspace(0, level.size, most // 2 + 1).astype(np.int64)[:-1]
    extremes = np.stack([np.minimum.reduceat(level, edges), np.maximum.reduceat(level, edges)], axis=1)
    return np.repeat(t_ms[edges], 2), extremes.ravel()


def level_at(course: Course, sample: float, *, currents: bool = False) -> tuple[int, float] | None:
    """Segment and command (mV or pA) of a sweep at a sample; None outside it."""
    if not 0.0 <= sample < course.last[-1]:
        return None
    at = int(np.searchsorted(course.first, sample, side="right")) - 1
    start, end = (course.start_pA, course.end_pA) if currents else (course.start_mV, course.end_mV)
    share = (sample - course.first[at]) / (course.last[at] - course.first[at])
    return int(course.segment[at]), float(start[at] + share * (end[at] - start[at]))
