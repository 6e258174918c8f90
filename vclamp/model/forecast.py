"""What a cell will roughly do under a protocol, without running it: openings and currents at a few moments.

Commands become pieces of constant voltage, some sweeps stand for all, and every piece is seen at the moments
0, T/2¹², …, T/2, T of its duration T. Gates and schemes are solved exactly in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vclamp.model.channel import Channel
from vclamp.model.ions import Solutions
from vclamp.model.ladder import value_in
from vclamp.model.limits import varied
from vclamp.model.segments import MembraneTest, Ramp, Segment, Train, is_bent
from vclamp.physics.schemes import propagator, stationary

if TYPE_CHECKING:
    from vclamp.model.course import Course
    from vclamp.model.protocol import Protocol
    from vclamp.model.rig import Rig

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_SWEEPS = 8  # beside those with the smallest and largest values of each ladder and list
MOMENTS: Array = np.concatenate([[0.0], 0.5 ** np.arange(12.0, -1.0, -1.0)])
BENT_PIECES, PULSE_PIECES = 10, 6  # for what is not straight; of a train
RESTING = -1  # number of the segment before the first, in which the cell rests, and after the last


@dataclass(frozen=True, eq=False)
class Pieces:
    """Constant voltages one after another, of some sweeps; the first is rest at holding.

    Attributes
    ----------
    segment : ndarray of int, shape (n_pieces,)
        Whose it is.
    level_mV, duration_ms : ndarray, shape (n_pieces, n_sweeps)
    """

    segment: Integers
    level_mV: Array
    duration_ms: Array


@dataclass(frozen=True, eq=False)
class Openings:
    """How open a channel is, and how far each of its gates is from where it settles.

    Attributes
    ----------
    p_open : ndarray, shape (n_moments, n_pieces, n_sweeps)
    apart : mapping of str to ndarray of that shape
        Distance of each gate from its steady state there; of a scheme, under "", half the sum of the
        differences of its occupancies.
    reach : mapping of str to ndarray, shape (n_pieces,)
        How far the steady states of the sweeps lie apart.
    """

    p_open: Array
    apart: Mapping[str, Array]
    reach: Mapping[str, Array]


def looked_at(protocol: Protocol) -> tuple[int, ...]:
    """Sweeps that stand for all: evenly spread, and the extreme ones of every ladder and list."""
    n = protocol.n_sweeps
    sweeps = set(np.linspace(0, n - 1, min(n, MOST_SWEEPS)).round().astype(int).tolist())
    if n > MOST_SWEEPS:
        rungs = [protocol.rung(sweep) for sweep in range(n)]
        for segment in protocol.segments:
            for value in varied(segment).values():
                values = [value_in(value, rung, n) for rung in rungs]
                sweeps |= {int(np.argmin(values)), int(np.argmax(values))}
    return tuple(sorted(sweeps))


def pieces_of(
    protocol: Protocol, courses: tuple[Course, ...], *, hold_mV: float, gaps_ms: Array | None = None
) -> Pieces:
    """The commands of some sweeps in pieces, after rest at holding and, with `gaps_ms`, before it."""
    n = len(courses)
    numbers, levels, durations = [RESTING], [np.full(n, hold_mV)], [np.zeros(n)]
    for number, segment in enumerate(protocol.segments):
        cuts = [_cut(segment, number, course, protocol.fs_kHz) for course in courses]
        level, duration = (np.stack(column, axis=1) for column in zip(*cuts, strict=True))
        numbers += [number] * len(level)
        levels += list(level)
        durations += list(duration)
    if gaps_ms is not None:
        numbers, levels, durations = [*numbers, RESTING], [*levels, np.full(n, hold_mV)], [*durations, gaps_ms]
    return Pieces(np.array(numbers), np.stack(levels), np.stack(durations))


def _cut(segment: Segment, number: int, course: Course, fs_kHz: float) -> tuple[Array, Array]:
    """Levels and durations of one segment's pieces, as many in every sweep."""
    a, b = np.searchsorted(course.segment, [number, number + 1])
    begins, lengths_ms = course.start_mV[a:b], (course.last - course.first)[a:b] / fs_kHz
    if isinstance(segment, Train | MembraneTest) and not is_bent(segment):
        lines = np.arange(PULSE_PIECES)
        durations = np.where(lines < b - a, lengths_ms[np.minimum(lines, b - a - 1)], 0.0)
        durations[-1] += lengths_ms[PULSE_PIECES:].sum()  # the rest of a train stays at its base
        return begins[np.minimum(lines, b - a - 1)], durations
    if not (is_bent(segment) or isinstance(segment, Ramp)):
        return begins[:1], lengths_ms.sum(keepdims=True)
    at = np.linspace(0.0, 1.0, BENT_PIECES)
    if b - a == 1:
        levels = begins[0] + (course.end_mV[a] - begins[0]) * at
    else:
        chosen = (at[:-2] * (b - a - 1)).round().astype(int)
        levels = begins[np.sort([*chosen, np.argmin(begins), np.argmax(begins)])]
    return levels, np.full(BENT_PIECES, lengths_ms.sum() / BENT_PIECES)


def openings(channel: Channel, rig: Rig, pieces: Pieces) -> Openings:
    """How a channel that starts in its steady state opens in the pieces."""
    solutions = rig.solutions
    v_mV, back = np.unique(pieces.level_mV + rig.amplifier.unseen_mV, return_inverse=True)
    back = back.reshape(pieces.level_mV.shape)
    if channel.scheme is not None:
        return _of_scheme(channel, solutions, v_mV, back, pieces.duration_ms)
    p_open = np.ones((MOMENTS.size, *back.shape))
    apart, reach = {}, {}
    for gate in channel.gates:
        inf, tau_ms = (values[back] for values in gate.relaxation(v_mV, solutions.temperature_K))
        with np.errstate(under="ignore"):
            left = np.exp(-MOMENTS[:, None, None] * pieces.duration_ms * channel.rate_factor(solutions, gate) / tau_ms)
        begin = inf.copy()
        for n in range(1, len(inf)):
            begin[n] = inf[n - 1] + (begin[n - 1] - inf[n - 1]) * left[-1, n - 1]
        away = (begin - inf) * left
        p_open *= (inf + away) ** gate.power
        apart[gate.name], reach[gate.name] = np.abs(away), np.ptp(inf, axis=1)
    return Openings(p_open, apart, reach)


def _of_scheme(channel: Channel, solutions: Solutions, v_mV: Array, back: Integers, duration_ms: Array) -> Openings:
    scheme = channel.scheme
    assert scheme is not None
    rates = scheme.rates_per_ms(v_mV, solutions) * (duration_ms.max() or 1.0)
    steady = stationary(rates)
    shares = duration_ms / (duration_ms.max() or 1.0)
    occupied = np.empty((MOMENTS.size, *back.shape, len(scheme.states)))
    now = steady[back[0]]
    for n, (rows, share) in enumerate(zip(back, shares, strict=True)):
        keys = list(zip(rows.tolist(), share.tolist(), strict=True))
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}  # what is alike is solved once
        which = [places[key] for key in keys]
        scaled = np.stack([rates[row] * part for row, part in places])
        moves = propagator(scaled, float(MOMENTS[1]))
        occupied[0, n] = now
        for moment in range(1, MOMENTS.size):
            occupied[moment, n] = (now[:, None, :] @ moves[which])[:, 0]
            moves = moves @ moves if moment < MOMENTS.size - 1 else moves
        now = occupied[-1, n]
    settled = steady[back]
    apart = 0.5 * np.abs(occupied - settled).sum(axis=-1)
    reach = 0.5 * np.abs(settled[:, :, None] - settled[:, None, :]).sum(axis=-1).max(axis=(1, 2))
    p_open = occupied[..., np.array(scheme.is_open)].sum(axis=-1)
    return Openings(np.asarray(p_open), {"": apart}, {"": reach})


def current_pA(rig: Rig, pieces: Pieces, opened: Mapping[str, Openings]) -> Array:
    """What flows through the membrane, less what R_s takes from its drive; shape (n_moments, n_pieces, n_sweeps)."""
    v_mV, back = np.unique(pieces.level_mV + rig.amplifier.unseen_mV, return_inverse=True)
    total = np.zeros((MOMENTS.size, *pieces.level_mV.shape))
    slope_nS = np.zeros(total.shape)
    for channel in rig.cell.channels:
        both = channel.open_current_pA(np.concatenate([v_mV, v_mV + 1.0]), rig.solutions).reshape(2, -1)
        here, above = both[:, back.reshape(pieces.level_mV.shape)]
        p_open: Array | float = opened[channel.name].p_open if channel.name in opened else 1.0
        total += p_open * here
        slope_nS += p_open * np.maximum(above - here, 0.0)
    if rig.cell.pump is not None:
        total += rig.cell.pump.current_pA(v_mV, rig.solutions)[back.reshape(pieces.level_mV.shape)]
    amplifier = rig.amplifier
    left = 1.0 - amplifier.correction_percent / 100.0 if amplifier.has_electronics else 1.0
    return np.asarray(total / (1.0 + slope_nS * amplifier.rs_MOhm * left / 1000.0))
