"""One number a sweep, against what changed: I–V, availability, tails; and chord conductances."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.exponential import Exponential, first_exponential
from vclamp.analysis.results import Curve, Polarity, Question
from vclamp.analysis.windows import (
    FOR_EXPONENTIALS,
    Piece,
    cut,
    has_transient,
    is_known,
    piece,
    row_of,
    samples,
    settling,
    span_at,
    visible_capacity_pF,
    what_varies,
)
from vclamp.model.record import Recording

Array = NDArray[np.float64]
Measured = tuple[float, float]  # what was measured, and the voltage at which

# Not farther from the reversal potential than this, I/(V - E) says nothing about G.
MIN_DRIVING_FORCE_mV = 5.0
RAMP_POINTS = 500
TURN = 0.05  # of a window's range, by which a turning point must stand out from both its ends
JUMP_ms = 1.0  # over which the current before and after a ramp's beginning is taken, where C is not known
WORTH = 0.05  # of a family's largest current, that its inward peaks must have to set the polarity
APART, ENOUGH = 8, 300  # samples between two whose noise differs; pairs of them that tell it
FEW = 5  # samples whose mean a tail without an exponential has
NONE: Measured = (nan, nan)


@dataclass(frozen=True, eq=False)
class Family:
    """A curve of a family of sweeps, and sentences about what could not be measured well."""

    curve: Curve
    notes: tuple[str, ...] = ()


def peak_iv(recording: Recording, question: Question) -> Family:
    """Peak current in the mark "peak" against the step that changes, past the capacitive transient."""
    pieces = _pieces(recording, question, "peak")
    polarity, notes = polarity_of(pieces, question.polarity)
    at = [peak_at(each.values, polarity) for each in pieces]
    points = [(each.values[k], each.v_mV[k]) if each.values.size else NONE for each, k in zip(pieces, at, strict=True)]
    hidden = [each.sweep + 1 for each, k in zip(pieces, at, strict=True) if each.hidden and k == 0]
    if hidden:
        notes += (f"{_sweeps(hidden)}: the largest current is where the transient ends; the peak may lie within it.",)
    return _without_leak(_family("peak-iv", recording, question, points, notes), question)


def steady_iv(recording: Recording, question: Question) -> Family:
    """Mean current in the mark "steady" against the step that changes."""
    pieces = _pieces(recording, question, "steady")
    points = [(float(p.values.mean()), float(p.v_mV.mean())) if p.values.size else NONE for p in pieces]
    return _without_leak(_family("steady-iv", recording, question, points), question)


def tail_iv(recording: Recording, question: Question) -> Family:
    """Instantaneous current of the mark "tail": an exponential past the transient, back at the step."""
    found = [instantaneous(recording, question, tail) for tail in tails(recording, question)]
    unseen = [sweep.index + 1 for sweep, point in zip(recording.sweeps, found, strict=True) if not point.seen]
    notes = (f"{_sweeps(unseen)}: no exponential was seen; the tail is taken where it can first be.",) if unseen else ()
    return _family("tail-iv", recording, question, [(point.value, point.v_mV) for point in found], notes)


def tails(recording: Recording, question: Question) -> list[Piece]:
    """The tail of each sweep, from the start of the mark "tail" to the end of its segment."""
    protocol, found = recording.header.protocol, []
    for sweep in recording.sweeps:
        first, last = samples(protocol, sweep, question, "tail")
        begins, ends = span_at(protocol, sweep.index, first)
        if question.window_ms is None and not question.mark:
            last = ends
        tail = cut(sweep, protocol, question, (first, last), FOR_EXPONENTIALS)
        found.append(replace(tail, step_ms=begins / protocol.fs_kHz))  # also where the command did not jump
    return found


class Instant(NamedTuple):
    """A current at the step before it, the voltage there, and whether it was seen: else it is the first sample."""

    value: float = nan
    v_mV: float = nan
    seen: bool = True


def instantaneous(recording: Recording, question: Question, tail: Piece) -> Instant:
    """A tail's current at its step: its first sample where the clamp is ideal, else that of an exponential.

    The exponential is fitted from where the membrane has settled and no transient hides the current.
    """
    if not tail.values.size:
        return Instant()
    used = settled(recording, question, tail)
    if used is tail:
        return Instant(float(tail.values[0]), float(tail.v_mV[0]))
    if not used.values.size:
        return Instant(seen=False)
    fit = first_exponential(used.t_ms, used.values)
    if fit.seen:
        return Instant(fit.amplitude + fit.offset, float(used.v_mV[0]))
    value = used.values.mean() if fit.flat else used.values[:FEW].mean()
    return Instant(float(value), float(used.v_mV[0]), fit.flat)


def tails_alike(recording: Recording, question: Question) -> Array:
    """Current at the step of tails that all run at one voltage, and so with one time course.

    The time constant is that of the largest tail; the others are that exponential and a constant, by linear
    least squares, so that noise does not make small tails smaller or larger. NaN where there is no tail.
    """
    pieces = tails(recording, question)
    used = [settled(recording, question, tail) for tail in pieces]
    largest = _largest(used)
    fit = first_exponential(largest.t_ms, largest.values) if largest is not None else Exponential()
    found = []
    for tail, each in zip(pieces, used, strict=True):
        if each is tail or not fit.seen or each.values.size < FEW:
            found.append(instantaneous(recording, question, tail).value)
        else:
            found.append(_at_step(np.exp(-each.t_ms / fit.tau_ms), each.values))
    return np.array(found)


def _at_step(decay: Array, values: Array) -> float:
    """Amplitude and offset together of values that follow a given decay, by linear regression."""
    away = decay - decay.mean()
    spread = float(away @ away)
    amplitude = float(away @ values) / spread if spread > 0.0 else 0.0
    return amplitude * (1.0 - float(decay.mean())) + float(values.mean())


def _largest(pieces: Sequence[Piece]) -> Piece | None:
    """The piece that changes most."""
    some = [each for each in pieces if each.values.size]
    return max(some, key=lambda each: float(np.ptp(each.values)), default=None)


def settled(recording: Recording, question: Question, tail: Piece) -> Piece:
    """A tail from where the membrane has settled; the tail itself if it did at once.

    Its times count from when the recorder would show the step; a channel's own trace is not delayed.
    """
    fs_kHz = recording.header.protocol.fs_kHz
    rig = settling(recording.sweeps[0].rig, fs_kHz)
    if not (tail.hidden or rig.samples):
        return tail
    after_ms = tail.t_ms - tail.step_ms
    kept = after_ms >= (rig.samples - 0.5) / fs_kHz
    late_ms = rig.delay_ms if has_transient(question.trace) else 0.0
    return replace(tail, t_ms=after_ms[kept] - late_ms, values=tail.values[kept], v_mV=tail.v_mV[kept])


def availability(recording: Recording, question: Question) -> Family:
    """Peak current of the test over the largest of all, against the prepulse."""
    family = peak_iv(recording, question)
    y = family.curve.y
    largest = float(y[np.nanargmax(np.abs(y))]) if np.isfinite(y).any() else 0.0
    y = y / largest if largest else np.full(y.size, nan)
    return Family(replace(family.curve, name="availability", y_name="availability", y=y), family.notes)


def ramp_iv(recording: Recording, question: Question) -> Family:
    """Current along the mark "ramp" of the last sweep without that of the capacity, against the voltage.

    The capacity's part is C dV/dt with what the amplifier leaves of C_m; of an unknown cell it is the
    current's jump where the ramp begins. It is in the membrane's total current alone, not in a channel's.
    """
    sweep, protocol = recording.sweeps[-1], recording.header.protocol
    each = piece(recording, sweep, question, "ramp")
    width = max(1, each.values.size // RAMP_POINTS)
    n = each.values.size // width
    v_mV, values = (row[: n * width].reshape(n, width).mean(axis=1) for row in (each.v_mV, each.values))
    capacitive_pA = _capacitive_pA(recording, question, each) if question.trace == "i_pA" else 0.0
    curve = Curve("ramp-iv", _v_name(question), question.trace, v_mV, values - capacitive_pA)
    notes: tuple[str, ...] = ()
    if capacitive_pA:
        notes = (f"C dV/dt = {capacitive_pA:.4g} pA was subtracted.",)
    if sweep.index and protocol.n_sweeps > 1:
        notes += (f"Sweep {sweep.index + 1} is shown.",)
    return Family(curve, notes)


def gv(curve: Curve, e_rev_mV: float) -> Curve:
    """Chord conductance G = I/(V − E) of an I–V curve, without the points near E.

    Parameters
    ----------
    curve : Curve
        Currents in pA against voltages in mV.
    e_rev_mV : float
        Reversal potential; points up to 5 mV from it are left out.
    """
    force_mV = curve.x - e_rev_mV
    kept = np.abs(force_mV) > MIN_DRIVING_FORCE_mV
    return Curve("gv", curve.x_name, "g_nS", curve.x[kept], curve.y[kept] / force_mV[kept])


# ---- peaks


def peak_at(values: Array, polarity: Polarity) -> int:
    """Index of the most inward or most outward value, or of that farthest from zero; 0 of none."""
    if not values.size:
        return 0
    if polarity == "inward":
        return int(values.argmin())
    return int((values if polarity == "outward" else np.abs(values)).argmax())


def polarity_of(pieces: Sequence[Piece], asked: Polarity) -> tuple[Polarity, tuple[str, ...]]:
    """The polarity in which a family's peaks are looked for, and a note if it had to be chosen.

    Where some sweeps turn inward and others end with an outward current that is still larger, as in
    a cell with Na and K channels, the early current is the inward one throughout.
    """
    if asked != "either":
        return asked, ()
    inward = [each.values[k] for each, k in _at(pieces, "inward") if turns(each.values, k, -1.0)]
    largest = max((abs(each.values[k]) for each, k in _at(pieces, "either")), default=0.0)
    if min(inward, default=0.0) < -WORTH * largest and any(_ends_outward(each.values) for each in pieces):
        return "inward", ("Inward and outward currents follow one another: the inward peak was taken.",)
    return "either", ()


def _at(pieces: Sequence[Piece], polarity: Polarity) -> list[tuple[Piece, int]]:
    """The pieces that hold anything, each with the index of its peak."""
    return [(each, peak_at(each.values, polarity)) for each in pieces if each.values.size]


def turns(values: Array, at: int, sign: float) -> bool:
    """Whether a point of that sign stands out from both ends of its window."""
    if not values.size or not values[at] * sign > 0.0:
        return False
    out = float(min(abs(values[at] - values[0]), abs(values[at] - values[-1])))
    least = TURN * float(np.ptp(values))
    return out > least and out > least + 6.0 * _noise(values)


def _ends_outward(values: Array) -> bool:
    """Whether the current farthest from zero is outward and still there at the window's end."""
    if not values.size:
        return False
    at = peak_at(values, "either")
    return bool(values[at] > 0.0 and not turns(values, at, 1.0))


def _noise(values: Array) -> float:
    """Rms of the noise, from the median difference of some samples that a filter does not tie together."""
    apart = min(APART, values.size // 4)
    if not apart:
        return 0.0
    picked = slice(0, values.size - apart, max(1, values.size // ENOUGH))
    differences = np.sort(np.abs(values[apart:][picked] - values[picked]))
    middle = differences.size // 2  # np.median takes ten times as long, and a drag asks for every sweep
    return float(differences[middle] + differences[~middle]) / 2.0 / 0.954


# ---- points


def _pieces(recording: Recording, question: Question, mark: str) -> list[Piece]:
    return [piece(recording, sweep, question, mark) for sweep in recording.sweeps]


def _family(
    name: str, recording: Recording, question: Question, points: Sequence[Measured], notes: tuple[str, ...] = ()
) -> Family:
    protocol = recording.header.protocol
    changes = what_varies(protocol)
    y, v = np.array(points, float).T
    if question.against == "membrane":
        x, x_name = v, "v_mV"
    else:
        x, x_name = np.array([changes.value(protocol, s.index) for s in recording.sweeps]), changes.name
    empty = [s.index + 1 for s, value in zip(recording.sweeps, y, strict=True) if not np.isfinite(value)]
    if empty:
        notes += (f"{_sweeps(empty)}: nothing to measure in the window.",)
    return Family(Curve(name, x_name, question.trace, x, y), notes)


def _without_leak(family: Family, question: Question) -> Family:
    """The curve without a leak, the straight line through its points where nothing but leak flows."""
    if question.leak_mV is None:
        return family
    curve, (low, high) = family.curve, question.leak_mV
    kept = (curve.x >= low) & (curve.x <= high) & np.isfinite(curve.y)
    if np.unique(curve.x[kept]).size < 2:
        return replace(family, notes=(*family.notes, f"From {low:g} to {high:g} mV there are not two points of leak."))
    level, slope = np.polynomial.polynomial.polyfit(curve.x[kept], curve.y[kept], 1)
    note = f"A leak of {slope:.4g} nS was subtracted."
    return Family(replace(curve, y=curve.y - level - slope * curve.x), (*family.notes, note))


def _sweeps(numbers: Sequence[int]) -> str:
    return f"Sweep {numbers[0]}" if len(numbers) == 1 else f"Sweeps {', '.join(map(str, numbers))}"


def _v_name(question: Question) -> str:
    return "v_mV" if question.against == "membrane" else "level_mV"


def _capacitive_pA(recording: Recording, question: Question, ramp: Piece) -> float:
    """Current that a ramp drives into the capacity, C dV/dt."""
    sweep, protocol = recording.sweeps[-1], recording.header.protocol
    first, last = samples(protocol, sweep, question, "ramp")
    begins, _ = span_at(protocol, sweep.index, first)
    if not ramp.t_ms.size:
        return 0.0
    if is_known(sweep.rig):
        command = sweep["command_mV"][first:last]
        slope_mV_per_ms = (command[-1] - command[0]) / max(last - first - 1, 1) * protocol.fs_kHz
        return float(visible_capacity_pF(sweep.rig) * slope_mV_per_ms)
    near = round(JUMP_ms * protocol.fs_kHz)
    row = row_of(sweep, question.trace)
    before, after = row[max(begins - near, 0) : begins], row[begins + near : begins + 2 * near]
    return float(np.mean(after) - np.mean(before)) if before.size and after.size else 0.0


CURVES: dict[str, Callable[[Recording, Question], Family]] = {
    "peak-iv": peak_iv,
    "steady-iv": steady_iv,
    "tail-iv": tail_iv,
    "availability": availability,
    "ramp-iv": ramp_iv,
}
