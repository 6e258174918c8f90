"""Time courses of a family: activation, inactivation and deactivation against voltage, recovery, envelope of tails."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import nan

import numpy as np

from vclamp.analysis.curves import Array, peak_at, settled, tails, tails_alike, turns
from vclamp.analysis.exponential import Exponential, first_exponential
from vclamp.analysis.models import fit_recovery
from vclamp.analysis.results import Curve, Estimate, Fitted, Question, Result, estimates_of, notes_of, nothing
from vclamp.analysis.truth import activating_and_not, channel_of, tau_ms
from vclamp.analysis.windows import (
    FOR_EXPONENTIALS,
    Piece,
    Varied,
    cut,
    level_mV,
    mark_segments,
    samples,
    span_at,
    varied,
)
from vclamp.model.channel import Channel
from vclamp.model.protocol import Step
from vclamp.model.record import Recording

HALF_WAY = 0.5  # of its rise, from which a current is fitted: a delay before it is none of the exponential


def answer_activation(recordings: Sequence[Recording], question: Question) -> Result:
    """τ of activation against voltage: one exponential a sweep, from half of the rise to its end.

    The rise ends at the peak of a current that then inactivates, else with the step.
    """

    def rising(step: Piece) -> Piece:
        at = _turn(step, question)
        return _later_half(step if at is None else _part(step, 0, at + 1))

    return _taus("activation-tau", recordings[-1], question, rising)


def answer_inactivation(recordings: Sequence[Recording], question: Question) -> Result:
    """τ of inactivation against voltage: one exponential a sweep, from the peak to the end of the step."""

    def falling(step: Piece) -> Piece:
        at = _turn(step, question)
        return _part(step, step.values.size if at is None else at, step.values.size)

    return _taus("inactivation-tau", recordings[-1], question, falling)


def answer_deactivation(recordings: Sequence[Recording], question: Question) -> Result:
    """τ of deactivation against voltage: one exponential through each tail, past the transient."""
    return _taus("deactivation-tau", recordings[-1], question, lambda tail: settled(recordings[-1], question, tail))


def answer_recovery(recordings: Sequence[Recording], question: Question) -> Result:
    """Recovery from inactivation: peak of the test over that of the pulse before the interval, with a − A e^(−t/τ)."""
    recording = recordings[-1]
    protocol, changes = recording.header.protocol, varied(recording.header.protocol)
    first = _conditioning(recording)
    if changes is None or changes.what != "duration" or first is None:
        return nothing("recovery", "Recovery needs an interval that changes, and equal pulses before and after it.")
    x, y, own = [], [], replace(question, window_ms=None)  # no one window is right for intervals that change
    for sweep in recording.sweeps:
        window = samples(protocol, sweep, own, "peak")
        shift = span_at(protocol, sweep.index, window[0])[0] - protocol.span(first, sweep.index)[0]
        pulses = [cut(sweep, protocol, own, window), cut(sweep, protocol, own, (window[0] - shift, window[1] - shift))]
        after, before = (abs(p.values[peak_at(p.values, question.polarity)]) if p.values.size else nan for p in pulses)
        x.append(changes.value(protocol, sweep.index))
        y.append(after / before if before > 0.0 else nan)
    curve = Curve("recovery", "interval_ms", "recovered", np.array(x), np.array(y), log_x=True)
    fit, rig = fit_recovery(curve.x, curve.y), recording.sweeps[-1].rig
    channel = channel_of(rig, question.trace) or _only_inactivating(recording)
    truth = {"tau_ms": _inactivation_tau_ms(channel, recording, changes)}
    return Result("recovery", (Fitted(curve, fit),), estimates_of(fit, truth), notes_of([("recovery fit", fit)]))


def answer_envelope(recordings: Sequence[Recording], question: Question) -> Result:
    """Envelope of tails: the tail after steps of many durations, beside the current during the longest of them.

    Both are over their last value. If they run together, one conductance carries both.
    """
    recording = recordings[-1]
    protocol, changes = recording.header.protocol, varied(recording.header.protocol)
    if changes is None or changes.what != "duration":
        return nothing("envelope", "An envelope needs a step whose duration changes, and tails after it.")
    y = tails_alike(recording, question)
    x = np.array([changes.value(protocol, sweep.index) for sweep in recording.sweeps])
    longest = recording.sweeps[int(np.argmax(x))]
    step = protocol.span(changes.segment, longest.index)
    course = cut(longest, protocol, replace(question, window_ms=None), step)
    last = y[int(np.argmax(x))]
    curve = Curve("envelope", "duration_ms", "tail", x, y / last if last else np.full(y.size, nan))
    fit = fit_recovery(curve.x, curve.y)
    channel = channel_of(longest.rig, question.trace)
    at = np.array([level_mV(protocol, changes.segment, longest.index)])
    truth = {"tau_ms": float(tau_ms(channel, longest.rig.solutions, at, closing=False)[0])}
    beside = _over_last(course, step[0] / protocol.fs_kHz)
    return Result(
        "envelope", (Fitted(curve, fit), *beside), estimates_of(fit, truth), notes_of([("envelope fit", fit)])
    )


def _taus(name: str, recording: Recording, question: Question, part: Callable[[Piece], Piece]) -> Result:
    """One time constant a sweep, against the voltage of the step."""
    protocol, changes = recording.header.protocol, varied(recording.header.protocol)
    closing = name == "deactivation-tau"
    if changes is None or changes.what != "level":
        return nothing(name, "Time constants against voltage need a step whose level changes.")
    steps = tails(recording, question) if closing else _steps(recording, question, changes)
    found, x = [], []
    for step, sweep in zip(steps, recording.sweeps, strict=True):
        used = part(step)
        start_ms = used.t_ms[0] if used.t_ms.size else 0.0
        found.append(first_exponential(used.t_ms - start_ms, used.values) if used.values.size else Exponential())
        command = changes.value(protocol, sweep.index)
        x.append(float(step.v_mV.mean()) if question.against == "membrane" and step.v_mV.size else command)
    curve = Curve(name, "v_mV" if question.against == "membrane" else "level_mV", "tau_ms", np.array(x), _values(found))
    rig = recording.sweeps[-1].rig
    channel = channel_of(rig, question.trace)
    true = np.full(curve.x.size, nan)
    if name != "inactivation-tau":
        true = tau_ms(channel, rig.solutions, curve.x, closing=closing)
    estimates = tuple(
        Estimate(f"tau_at_{level:.4g}mV_ms", fit.tau_ms, fit.tau_se_ms, *fit.interval_ms, truth)
        for level, fit, truth in zip(curve.x, found, true, strict=True)
        if fit.seen
    )
    unseen = sum(not fit.seen for fit in found)
    notes = (f"{unseen} of {len(found)} sweeps show no single exponential.",) if unseen else ()
    fitted = Fitted(curve, truth=true if np.isfinite(true).any() else None)
    return Result(name, (fitted,), estimates, notes)


def _values(found: Sequence[Exponential]) -> Array:
    return np.array([fit.tau_ms for fit in found])


def _steps(recording: Recording, question: Question, changes: Varied) -> list[Piece]:
    """The whole step that changes, of each sweep, or the question's window."""
    protocol, found = recording.header.protocol, []
    for sweep in recording.sweeps:
        asked = question.window_ms is not None or question.mark
        window = samples(protocol, sweep, question, "") if asked else protocol.span(changes.segment, sweep.index)
        found.append(cut(sweep, protocol, question, window, FOR_EXPONENTIALS))
    return found


def _turn(step: Piece, question: Question) -> int | None:
    """Index of the peak at which a current turns round; None if it does not."""
    if not step.values.size:
        return None
    at = peak_at(step.values, question.polarity)
    return at if turns(step.values, at, float(np.sign(step.values[at]))) else None


def _part(step: Piece, first: int, last: int) -> Piece:
    kept = slice(first, last)
    return replace(step, t_ms=step.t_ms[kept], values=step.values[kept], v_mV=step.v_mV[kept])


def _later_half(step: Piece) -> Piece:
    """A rise from where it was last less than half done."""
    values = step.values
    if values.size < 2:
        return step
    done = (values - values[0]) / (values[-1] - values[0]) if values[-1] != values[0] else np.ones(values.size)
    early = np.flatnonzero(done < HALF_WAY)
    return _part(step, int(early[-1]) + 1 if early.size else 0, values.size)


def _over_last(course: Piece, start_ms: float) -> tuple[Fitted, ...]:
    """A current over its last value, against the time from the beginning of its step, in a hundred points."""
    if not course.values.size or course.values[-1] == 0.0:
        return ()
    step = max(1, course.values.size // 100)
    kept = slice(step // 2, None, step)
    y = course.values[kept] / course.values[-max(1, step) :].mean()
    return (Fitted(Curve("current", "duration_ms", "current", course.t_ms[kept] - start_ms, y)),)


def _conditioning(recording: Recording) -> int | None:
    """The segment of the pulse before the interval: the last one that is equal to the test in the mark "peak"."""
    protocol, changes = recording.header.protocol, varied(recording.header.protocol)
    test = mark_segments(protocol).get("peak")
    if test is None or changes is None or not isinstance(protocol.segments[test], Step):
        return None
    level = level_mV(protocol, test, 0)
    steps = [k for k, segment in enumerate(protocol.segments[: changes.segment]) if isinstance(segment, Step)]
    before = [k for k in steps if level_mV(protocol, k, 0) == level]
    return before[-1] if before and test > changes.segment else None


def is_recovery(recording: Recording) -> bool:
    """Whether two equal pulses stand around an interval that changes."""
    changes = varied(recording.header.protocol)
    return changes is not None and changes.what == "duration" and _conditioning(recording) is not None


def _only_inactivating(recording: Recording) -> Channel | None:
    channels = [c for c in recording.header.rig.cell.channels if c.on and activating_and_not(c)[1]]
    return channels[0] if len(channels) == 1 else None


def _inactivation_tau_ms(channel: Channel | None, recording: Recording, changes: Varied) -> float:
    """Time constant of a channel's one inactivation gate at the voltage of the interval."""
    gates = activating_and_not(channel)[1] if channel is not None else ()
    if channel is None or len(gates) != 1 or gates[0].power != 1:
        return nan
    solutions = recording.sweeps[-1].rig.solutions
    at = np.array([level_mV(recording.header.protocol, changes.segment, 0)])
    return float(gates[0].relaxation(at, solutions.temperature_K)[1][0] / channel.rate_factor(solutions, gates[0]))
