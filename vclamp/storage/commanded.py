"""Protocols made of what was commanded, sample for sample: steps where it is made of levels, else a waveform."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.files import from_data
from vclamp.model.ladder import value_in, varies
from vclamp.model.protocol import Hold, Mark, Protocol, Step
from vclamp.model.segments import MAX_VALUES, Segment
from vclamp.storage.stimulus import REST_mV, as_varied

Array = NDArray[np.float64]

MOST_PIECES = 40  # of levels; what has more is a waveform
_SAME = 1e-3  # mV or pA, within which two samples are of one level
_STEADY = 0.2  # last part of a step that is its steady state


def commanded(data: dict[str, Any], commands: Sequence[Array], unit: str) -> Protocol:
    """A protocol that plays these commands, one a sweep.

    Parameters
    ----------
    data : dict
        Its name, fs_kHz and the like.
    commands : sequence of ndarray, shape (n_samples,)
        In mV or pA.
    unit : str
        Which of them.

    Raises
    ------
    VClampError
        If no protocol can play them.
    """
    if not all(np.isfinite(command).all() for command in commands):
        raise VClampError("has gaps")
    edges, fs_kHz = _edges(commands), data["fs_kHz"]
    segments = _steps(commands, edges, unit, fs_kHz) if edges is not None else [_waveform(commands, unit, fs_kHz)]
    hold_mV = float(f"{commands[0][0]:.9g}") if unit == "mV" else REST_mV
    return from_data(Protocol, {**data, "n_sweeps": len(commands), "hold_mV": hold_mV, "segments": segments}, "")


def _steps(commands: Sequence[Array], edges: list[int], unit: str, fs_kHz: float) -> list[dict[str, Any]]:
    """A segment from each edge to the next, the last to the end of every sweep."""
    segments = []
    for first, last in zip(edges, [*edges[1:], None], strict=True):
        pieces = [command[first:last] for command in commands]
        segments.append(
            {
                "type": "step" if unit == "mV" else "current-step",
                f"level_{unit}": as_varied([round(float(np.median(piece)), 6) for piece in pieces]),
                "duration_ms": as_varied([piece.size / fs_kHz for piece in pieces]),
            }
        )
    return segments


def _waveform(commands: Sequence[Array], unit: str, fs_kHz: float) -> dict[str, Any]:
    """Every sample of every sweep, of short ones the last until all are equally long."""
    longest = max(command.size for command in commands)
    if longest * len(commands) > MAX_VALUES:
        raise VClampError(f"is neither made of steps nor of at most {MAX_VALUES:,} samples")
    columns = [np.pad(command, (0, longest - command.size), "edge") for command in commands]
    return {
        "type": "waveform",
        "every_ms": 1.0 / fs_kHz,
        f"values_{unit}": np.concatenate(columns).tolist(),
        "columns": len(commands),
        "duration_ms": as_varied([command.size / fs_kHz for command in commands]),
    }


def held(data: dict[str, Any], lengths: Sequence[int]) -> Protocol:
    """A protocol that holds at 0 mV for sweeps of these lengths, in samples.

    Raises
    ------
    VClampError
        If no protocol has such sweeps.
    """
    durations = as_varied([n / data["fs_kHz"] for n in lengths])
    segments = [{"type": "hold", "duration_ms": durations}]
    return from_data(Protocol, {**data, "n_sweeps": len(lengths), "hold_mV": 0.0, "segments": segments}, "")


def is_stepped(signals: Sequence[Array]) -> bool:
    """Whether signals are made of few levels, and not of one."""
    return (_edges(signals) or [0]) != [0]


def with_marks(protocol: Protocol) -> Protocol:
    """The same with windows for analyses where a step changes its level: peak and steady in it, tail after it."""
    number, segments = protocol.varied_segment(), list(protocol.segments)
    if number is None or protocol.marks or number != _longest_varied(segments):
        return protocol
    marks = []
    for place, name in ((number, "test"), (number + 1, "tail")):
        segment = segments[place] if place < len(segments) else None
        if not isinstance(segment, Step | Hold) or not isinstance(segment.duration_ms, float | int):
            break
        taken = {other.name for other in segments}
        segments[place] = replace(
            segment, name=segment.name or next(n for n in (name, f"{name} step") if n not in taken)
        )
        named = segments[place].name
        if name == "test":
            marks = [Mark("peak", named), Mark("steady", named, (1.0 - _STEADY) * segment.duration_ms)]
        else:
            marks.append(Mark("tail", named))
    return replace(protocol, segments=tuple(segments), marks=tuple(marks))


def _longest_varied(segments: Sequence[Segment]) -> int:
    """The number of the longest step whose level changes: a short one may only lead there."""
    lasting = [value_in(s.duration_ms, 0, 1) if isinstance(s, Step) and varies(s.level_mV) else 0.0 for s in segments]
    return int(np.argmax(lasting))


def _edges(commands: Sequence[Array]) -> list[int] | None:
    """The samples at which one of the commands goes to another level; None if they are not made of few levels."""
    found = {0}
    for command in commands:
        with np.errstate(invalid="ignore"):
            jumps = np.flatnonzero(~(np.abs(np.diff(command)) <= _SAME)) + 1
        if jumps.size >= MOST_PIECES:
            return None
        found.update(jumps.tolist())
    edges, shortest = sorted(found), min(command.size for command in commands)
    if len(edges) > min(MOST_PIECES, (shortest + 1) // 2) or edges[-1] >= shortest:
        return None  # a level lasts
    level = all(np.ptp(piece) <= _SAME for command in commands for piece in np.split(command, edges[1:]))
    return edges if level else None
