"""Where in a sweep to measure: windows, the step that varies, and how long a capacitive transient hides the rest."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.results import Question
from vclamp.errors import VClampError
from vclamp.model.amplifier import Amplifier
from vclamp.model.circuits import circuit_of
from vclamp.model.course import Course
from vclamp.model.ladder import varies
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.model.segments import is_bent
from vclamp.physics.circuit import LinearCircuit, inputs, step_response
from vclamp.physics.filters import bessel_delay_ms, bessel_filtered

Array = NDArray[np.float64]

OVER = 1e-5  # of its height, below which nothing is left of a transient
LONGEST_ms = 20.0
UNSETTLED = 1e-3  # of a step, that the membrane may still be away
UNKNOWN_ms = 0.5  # after a jump of the command, where the rig is not known


@dataclass(frozen=True)
class Allowance:
    """What may be left of a transient where measuring begins: `share` of what is seen, or `rest` of its height."""

    share: float
    rest: float


FOR_PEAKS = Allowance(0.05, 1e-3)
FOR_EXPONENTIALS = Allowance(0.005, OVER)


@dataclass(frozen=True, eq=False)
class Piece:
    """One window of one trace, without the samples that a capacitive transient hides.

    Attributes
    ----------
    t_ms, values, v_mV : ndarray
        Times from the start of the sweep, the trace above its baseline, and the voltage it is to be seen against.
    step_ms : float
        When the command last jumped before the window's end; the window's start if it did not.
    sweep : int
        Number of the sweep, from 0.
    hidden : int
        How many samples at the window's beginning a transient hides.
    """

    t_ms: Array
    values: Array
    v_mV: Array
    step_ms: float
    sweep: int
    hidden: int = 0


@dataclass(frozen=True)
class Varied:
    """What changes from sweep to sweep: the level of a segment, or its duration."""

    segment: int
    what: Literal["level", "duration"]

    def value(self, protocol: Protocol, sweep: int) -> float:
        """The level in mV or the duration in ms in one sweep."""
        if self.what == "level":
            return level_mV(protocol, self.segment, sweep)
        first, last = protocol.span(self.segment, sweep)
        return (last - first) / protocol.fs_kHz

    @property
    def name(self) -> str:
        """Name of the axis."""
        return "level_mV" if self.what == "level" else "duration_ms"


def varied(protocol: Protocol) -> Varied | None:
    """The first segment whose level changes from sweep to sweep, else the first whose duration does."""
    level = protocol.varied_segment()
    if level is not None:
        return Varied(level, "level")
    for number, segment in enumerate(protocol.segments):
        if varies(segment.duration_ms):
            return Varied(number, "duration")
    return None


def what_varies(protocol: Protocol) -> Varied:
    """The same, where there must be one.

    Raises
    ------
    VClampError
        If all sweeps are alike.
    """
    found = varied(protocol)
    if found is None:
        raise VClampError(
            f"protocol '{protocol.name}' has no step that changes from sweep to sweep",
            remedy="A curve needs one: give level_mV or duration_ms a start and a step.",
        )
    return found


def level_mV(protocol: Protocol, segment: int, sweep: int) -> float:
    """The command at the start of a segment."""
    course = protocol.course(sweep)
    return float(course.start_mV[np.searchsorted(course.segment, segment)])


def span_at(protocol: Protocol, sweep: int, sample: int) -> tuple[int, int]:
    """Samples [first, last) of the segment that a sample lies in; of the last one beyond the end."""
    course = protocol.course(sweep)
    line = int(np.searchsorted(course.first, max(sample, 0), side="right")) - 1
    return protocol.span(int(course.segment[line]), sweep)


def mark_segments(protocol: Protocol) -> dict[str, int]:
    """The number of the segment that each mark is in."""
    names = [segment.name for segment in protocol.segments]
    return {mark.name: names.index(mark.segment) for mark in protocol.marks}


def samples(protocol: Protocol, sweep: Sweep, question: Question, mark: str) -> tuple[int, int]:
    """Samples [first, last) to measure in: the question's window, its mark, else the given mark; may be empty.

    Without any mark it is the whole sweep.
    """
    n = sweep.values.shape[1]
    if question.window_ms is not None:
        first, last = (round(time * protocol.fs_kHz) for time in question.window_ms)
    elif question.mark or mark:
        first, last = protocol.window(question.mark or mark, sweep.index)
    else:
        first, last = 0, n
    return min(max(first, 0), n), min(last, n)


def piece(recording: Recording, sweep: Sweep, question: Question, mark: str) -> Piece:
    """What there is to measure of one sweep."""
    protocol = recording.header.protocol
    return cut(sweep, protocol, question, samples(protocol, sweep, question, mark))


def cut(
    sweep: Sweep, protocol: Protocol, question: Question, window: tuple[int, int], allowed: Allowance = FOR_PEAKS
) -> Piece:
    """Samples [first, last) of a sweep without hidden ones, above the baseline, and without NaN."""
    first, last = window
    row = row_of(sweep, question.trace)
    jumps = [(at, height) for at, height in _jumps(protocol, sweep.index) if at < last]
    step_ms = max([at for at, _ in jumps] or [first]) / protocol.fs_kHz
    seen = np.isfinite(row[first:last])
    if has_transient(question.trace) and jumps:
        left, unknown = transient(sweep.rig, protocol.fs_kHz), round(UNKNOWN_ms * protocol.fs_kHz)
        for at, height in jumps:
            end = at + (unknown if left is None else _hidden(row[at:last], abs(height) * left, allowed))
            seen[max(at - first, 0) : max(end - first, 0)] = False
    v_mV = row_of(sweep, "v_mV" if question.against == "membrane" else "command_mV")[first:last]
    t_ms = np.arange(first, last) / protocol.fs_kHz
    values, hidden = row[first:last] - baseline(row, protocol.fs_kHz, question.baseline_ms), 0
    if not seen.all():
        hidden = int(seen.argmax()) if seen.any() else seen.size
        t_ms, values, v_mV = t_ms[seen], values[seen], v_mV[seen]
    return Piece(t_ms, values, v_mV, step_ms, sweep.index, hidden)


def baseline(row: Array, fs_kHz: float, window_ms: tuple[float, float] | None) -> float:
    """Mean of a trace between two times; 0 without a window, or with an empty one."""
    if window_ms is None:
        return 0.0
    values = row[round(window_ms[0] * fs_kHz) : round(window_ms[1] * fs_kHz)]
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else 0.0


def row_of(sweep: Sweep, trace: str) -> Array:
    """A trace by its name.

    Raises
    ------
    VClampError
        If there is none.
    """
    if trace not in sweep.names:
        raise VClampError(f"there is no trace '{trace[:40]}'", remedy=f"There are: {', '.join(sweep.names)}.")
    return sweep[trace]


def has_transient(trace: str) -> bool:
    """Whether the charging of capacities is in a trace: in the measured current, not in a channel's own."""
    return trace == "i_pA"


@dataclass(frozen=True)
class Settling:
    """How a rig follows a step of the command.

    `samples` after it the membrane has come within a thousandth of the new voltage and the recorder shows it.
    `delay_ms` is how much later the recorded current shows what slow channels do in answer to the command:
    the membrane is late, what flows through it is late at the amplifier, and the filter delays that.
    """

    samples: int = 0
    delay_ms: float = 0.0


def settling(rig: Rig, fs_kHz: float) -> Settling:
    """How the rig follows a step; of an unknown one, as long as a transient is taken to last."""
    if not is_known(rig):
        return Settling(round(UNKNOWN_ms * fs_kHz))
    return _settling(rig.amplifier, rig.cell.cm_pF, fs_kHz)


@lru_cache(maxsize=32)
def _settling(amplifier: Amplifier, cm_pF: float, fs_kHz: float) -> Settling:
    if amplifier.clamps_current:
        return Settling()
    n, delay_ms = round(LONGEST_ms * fs_kHz), 0.0
    v = np.ones(n + 1)
    v[0] = 0.0
    if not amplifier.ideal:
        circuit = circuit_of(amplifier, cm_pF)
        v = np.append(0.0, step_response(circuit, 1.0 / fs_kHz, n)[:, 0])
        delay_ms = _delay_ms(circuit)
    recorder = amplifier.recorder
    if recorder.on and recorder.filter_kHz:
        v = bessel_filtered(v, fc_kHz=recorder.filter_kHz, fs_kHz=fs_kHz)
        delay_ms += bessel_delay_ms(recorder.filter_kHz)
    away = np.flatnonzero(np.abs(v[1:] - 1.0) > UNSETTLED)
    return Settling(int(away[-1]) + 1 if away.size else 0, delay_ms)


def _delay_ms(circuit: LinearCircuit) -> float:
    """Delay of slow signals from the command to the membrane, and from its current to the measured one.

    That of a transfer function H(s) is −H'(0)/H(0), with H(0) = d − c A⁻¹ b and H'(0) = −c A⁻² b.
    """
    once = np.linalg.solve(circuit.a, circuit.b[:, :2])
    twice = np.linalg.solve(circuit.a, once)
    to_voltage = -twice[0, 0] / once[0, 0]
    to_current = circuit.c @ twice[:, 1] / (circuit.d[1] - circuit.c @ once[:, 1])
    return float(to_voltage + to_current)


def visible_capacity_pF(rig: Rig) -> float:
    """Capacity whose charging the recorded current shows: what the amplifier has not cancelled of the membrane's.

    The current of a slow ramp through a circuit without conductance is C dV/dt with C = −c A⁻² b.
    """
    amplifier, cm_pF = rig.amplifier, rig.cell.cm_pF
    if amplifier.ideal or amplifier.clamps_current:
        return cm_pF
    circuit = circuit_of(amplifier, cm_pF)
    return float(-circuit.c @ np.linalg.solve(circuit.a, np.linalg.solve(circuit.a, circuit.b[:, 0])))


def is_known(rig: Rig) -> bool:
    """Whether a rig describes the cell that was recorded; that of a foreign file has nothing in it."""
    return bool(rig.cell.channels or rig.cell.branches or rig.cell.pump)


def transient(rig: Rig, fs_kHz: float) -> Array | None:
    """What a step of 1 mV leaves to come of the capacitive transient, in pA, at the samples from the step on.

    It is the largest that the current of the rig's circuit on a membrane without channels, through the
    recorder's filter, still reaches; it ends where that is next to nothing. None for a cell without
    anything in it, whose rig is not known.
    """
    if not is_known(rig):
        return None
    return _transient(rig.amplifier, rig.cell.cm_pF + sum(b.c_pF for b in rig.cell.branches), fs_kHz)


@lru_cache(maxsize=32)
def _transient(amplifier: Amplifier, cm_pF: float, fs_kHz: float) -> Array:
    n = max(2, round(LONGEST_ms * fs_kHz))
    if amplifier.clamps_current:
        return np.zeros(0)
    current = np.zeros(n + 1)
    if not amplifier.ideal:
        circuit = circuit_of(amplifier, cm_pF)
        x = step_response(circuit, 1.0 / fs_kHz, n)
        current = np.append(0.0, circuit.measured_pA(x, np.broadcast_to(inputs(1.0), (n, 3))))
    recorder = amplifier.recorder
    if recorder.on and recorder.filter_kHz:
        current = bessel_filtered(current, fc_kHz=recorder.filter_kHz, fs_kHz=fs_kHz)
    left = np.maximum.accumulate(np.abs(current[:0:-1]))[::-1]
    kept: Array = left[left > OVER * left[0]] if left[0] > 0.0 else left[:0]
    kept.setflags(write=False)
    return kept


def _hidden(after: Array, left_pA: Array, allowed: Allowance) -> int:
    """How many samples after a jump of the command show more of its transient than is allowed."""
    if not left_pA.size:
        return 0
    n = min(left_pA.size, after.size)
    most = np.maximum(allowed.share * np.abs(after[:n]), allowed.rest * left_pA[0])
    clear = np.flatnonzero(left_pA[:n] <= most)
    return int(clear[0]) if clear.size else left_pA.size


def _jumps(protocol: Protocol, sweep: int) -> tuple[tuple[int, float], ...]:
    """Samples at which the command jumps, and by how much, in mV; of sines and noise only those at their ends."""
    bent = tuple(number for number, segment in enumerate(protocol.segments) if is_bent(segment))
    return _jumps_of(protocol.course(sweep), protocol.hold_mV, bent)


@lru_cache(maxsize=256)
def _jumps_of(course: Course, hold_mV: float, bent: tuple[int, ...]) -> tuple[tuple[int, float], ...]:
    """The same of a course; the protocol keeps it, and a drag asks of every frame."""
    heights = course.start_mV - np.append(hold_mV, course.end_mV[:-1])
    begins = np.append(True, np.diff(course.segment) > 0)
    found = np.flatnonzero((heights != 0.0) & (begins | ~np.isin(course.segment, bent)))
    return tuple(zip(course.first[found].tolist(), heights[found].tolist(), strict=True))
