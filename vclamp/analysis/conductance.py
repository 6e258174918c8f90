"""Currents and conductances against voltage: I–V, G–V from current and from tails, availability."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, nan

import numpy as np

from vclamp.analysis.curves import (
    CURVES,
    Array,
    Family,
    availability,
    gv,
    peak_iv,
    ramp_iv,
    steady_iv,
    tail_iv,
    tails_alike,
)
from vclamp.analysis.fits import Fit
from vclamp.analysis.models import fit_boltzmann, fit_gv, fit_h_inf, fit_iv, fit_tail_reversal
from vclamp.analysis.results import Curve, Estimate, Fitted, Question, Result, estimates_of, notes_of
from vclamp.analysis.truth import (
    activating_and_not,
    activation,
    availability_truth,
    boltzmann_truth,
    channel_of,
    inactivation,
    open_conductance_nS,
    reversal_mV,
    zero_crossing_mV,
)
from vclamp.analysis.windows import samples, what_varies
from vclamp.model.channel import Channel
from vclamp.model.record import Recording
from vclamp.model.rig import Rig

LASTING = 0.5  # of the peak that must remain in the steady state, for a G–V of steady currents
COARSE = 50  # points of a ramp in which its zero is looked for
TELLING_mV = 5.0  # half an interval that a reversal potential may have to be used for conductances


def answer_iv(recordings: Sequence[Recording], question: Question, kind: str) -> Result:
    """I–V of one kind with a Boltzmann-ohmic fit, I = g (V − E)/(1 + e^(−zF(V − V½)/RT))."""
    recording = recordings[-1]
    family, rig = CURVES[kind](recording, question), recording.sweeps[-1].rig
    curve, channel = family.curve, channel_of(rig, question.trace)
    fit = fit_iv(curve.x, curve.y, rig.solutions.temperature_K)
    truth = boltzmann_truth(channel, rig.solutions, _finite(curve.x))
    curves = (Fitted(curve, fit),)
    return Result(kind, curves, estimates_of(fit, truth), family.notes + notes_of([("I-V fit", fit)]))


def answer_tail_iv(recordings: Sequence[Recording], question: Question) -> Result:
    """Instantaneous I–V of tails with a straight line: the reversal potential, and the conductance that was open."""
    recording = recordings[-1]
    family, rig = tail_iv(recording, question), recording.sweeps[-1].rig
    fit = fit_tail_reversal(family.curve.x, family.curve.y)
    truth = {"e_rev_mV": reversal_mV(rig, question.trace, open_at_tail(recording, question))}
    return Result(
        "tail-iv",
        (Fitted(family.curve, fit),),
        estimates_of(fit, truth),
        family.notes + notes_of([("tail I-V", fit)]),
    )


def answer_ramp_iv(recordings: Sequence[Recording], question: Question) -> Result:
    """I–V of a ramp without the capacity's current, and where it crosses zero."""
    recording = recordings[-1]
    family, rig = ramp_iv(recording, question), recording.sweeps[-1].rig
    e_mV = zero_crossing_mV(*_coarse(family.curve))
    estimates = (Estimate("e_rev_mV", e_mV, truth=reversal_mV(rig, question.trace)),)
    notes = family.notes + (() if isfinite(e_mV) else ("The current does not cross zero, or more than once.",))
    return Result("ramp-iv", (Fitted(family.curve),), estimates, notes)


def answer_gv(recordings: Sequence[Recording], question: Question) -> Result:
    """G–V from the current, I/(V − E) more than 5 mV from E, with a Boltzmann fit."""
    recording = recordings[-1]
    rig = recording.sweeps[-1].rig
    family = _activating(recording, question)
    e_mV, said = reversal_for(recording, question, family.curve)
    notes = family.notes + said
    if not isfinite(e_mV):
        return Result("gv", notes=notes)
    curve, kelvin = gv(family.curve, e_mV), rig.solutions.temperature_K
    fit, channel = fit_gv(curve.x, curve.y, kelvin), channel_of(rig, question.trace)
    truth = boltzmann_truth(channel, rig.solutions, _finite(curve.x))
    used = Estimate("e_rev_mV", e_mV, truth=truth.get("e_rev_mV", nan))
    fitted = Fitted(curve, fit, _true_conductance(recording, question, curve))
    return Result("gv", (fitted,), (*estimates_of(fit, truth), used), notes + notes_of([("G-V fit", fit)]))


def answer_tail_gv(recordings: Sequence[Recording], question: Question) -> Result:
    """G–V from tails at one voltage, where the driving force cancels: their size against the step before."""
    recording = recordings[-1]
    rig, changes = recording.sweeps[-1].rig, what_varies(recording.header.protocol)
    levels = np.array([changes.value(recording.header.protocol, sweep.index) for sweep in recording.sweeps])
    curve = Curve("tail-gv", changes.name, question.trace, levels, tails_alike(recording, question))
    channel = channel_of(rig, question.trace)
    fit = _tail_fit(curve, rig.solutions.temperature_K)
    wanted = boltzmann_truth(channel, rig.solutions, _finite(curve.x))
    truth = {name: wanted[name] for name in ("v_half_mV", "z_e") if name in wanted}
    in_pA = {"amplitude": "amplitude_pA", "pedestal": "pedestal_pA"}
    fit = replace(fit, names=tuple(in_pA.get(name, name) for name in fit.names))
    return Result("tail-gv", (Fitted(curve, fit),), estimates_of(fit, truth), notes_of([("tail G-V fit", fit)]))


def _tail_fit(curve: Curve, temperature_K: float) -> Fit:
    """A Boltzmann curve and a pedestal through tails of either sign: the pedestal is what the closed channel leaves."""
    size = np.where(np.isfinite(curve.y), np.abs(curve.y), -1.0)
    sign = -1.0 if size.size and curve.y[np.argmax(size)] < 0.0 else 1.0
    fit = fit_boltzmann(curve.x, sign * curve.y, temperature_K, pedestal=True)
    turned = np.array([sign if name in ("amplitude", "pedestal") else 1.0 for name in fit.names])
    ends = np.sort([turned * fit.low, turned * fit.high], axis=0)
    correlation = fit.correlation * np.outer(turned, turned)[: len(fit.correlation), : len(fit.correlation)]
    return replace(
        fit, values=turned * fit.values, low=ends[0], high=ends[1], correlation=correlation,
        residuals=sign * fit.residuals,
    )  # fmt: skip


def answer_availability(recordings: Sequence[Recording], question: Question) -> Result:
    """Steady-state inactivation: the test's peak over the largest, against the prepulse."""
    recording = recordings[-1]
    family, rig = availability(recording, question), recording.sweeps[-1].rig
    curve, channel = family.curve, channel_of(rig, question.trace) or _inactivating(rig)
    fit = fit_h_inf(curve.x, curve.y, rig.solutions.temperature_K)
    truth = availability_truth(channel, rig.solutions, _finite(curve.x))
    h = None if channel is None else inactivation(channel, rig.solutions, curve.x)
    return Result(
        "availability",
        (Fitted(curve, fit, h if h is not None and np.isfinite(h).any() else None),),
        estimates_of(fit, truth),
        family.notes + notes_of([("availability fit", fit)]),
    )


def reversal_for(recording: Recording, question: Question, curve: Curve) -> tuple[float, tuple[str, ...]]:
    """Reversal potential for chord conductances, and a note where it came from.

    The one asked for; else that of the trace's channel in its solutions, as long as the truth may be told;
    else that of the I–V's own fit.
    """
    if question.e_rev_mV is not None:
        return question.e_rev_mV, ()
    rig = recording.sweeps[-1].rig
    channel = channel_of(rig, question.trace)
    known = nan if channel is None or not question.truth else channel.reversal_mV(rig.solutions)
    if isfinite(known):
        return known, (f"E_rev = {known:.4g} mV follows from the solutions.",)
    fit = fit_iv(curve.x, curve.y, rig.solutions.temperature_K)
    if fit.warning or not fit.half_width("e_rev_mV") < TELLING_mV:
        return nan, ("The reversal potential is not known, and this I-V does not tell it: give it.",)
    return fit["e_rev_mV"], (f"E_rev = {fit['e_rev_mV']:.4g} mV is that of the I-V's own fit.",)


def _activating(recording: Recording, question: Question) -> Family:
    """The I–V that G is computed from: of steady currents where they last, else of peaks."""
    if question.mark == "peak":
        return peak_iv(recording, question)
    if question.mark or question.window_ms is not None:
        return steady_iv(recording, question)
    marks = {mark.name for mark in recording.header.protocol.marks}
    offered = [kind(recording, question) for name, kind in (("peak", peak_iv), ("steady", steady_iv)) if name in marks]
    if not offered:
        return steady_iv(recording, question)  # which says what is missing
    peak, steady = offered[0], offered[-1]
    lasting = np.nanmax(np.abs(steady.curve.y), initial=0.0) > LASTING * np.nanmax(np.abs(peak.curve.y), initial=0.0)
    return steady if lasting else peak


def _true_conductance(recording: Recording, question: Question, curve: Curve) -> Array | None:
    """True steady conductance of the trace's channel at the points; None where it is not ohmic."""
    rig = recording.sweeps[-1].rig
    channel = channel_of(rig, question.trace)
    if channel is None:
        return None
    g_nS = open_conductance_nS(channel, rig.solutions, _finite(curve.x))
    found = g_nS * activation(channel, rig.solutions, curve.x)
    return found if np.isfinite(found).all() else None


def _inactivating(rig: Rig) -> Channel | None:
    """The only channel with gates that inactivate it, whose peak a total current shows."""
    found = [channel for channel in rig.cell.channels if channel.on and activating_and_not(channel)[1]]
    return found[0] if len(found) == 1 else None


def open_at_tail(recording: Recording, question: Question) -> dict[str, float]:
    """Open probability of every channel where the last sweep's tail begins."""
    sweep, protocol = recording.sweeps[-1], recording.header.protocol
    first, last = samples(protocol, sweep, question, "tail")
    found = {}
    for channel in sweep.rig.cell.channels:
        if f"p_open_{channel.name}" in sweep.names and first < last:
            p = float(sweep[f"p_open_{channel.name}"][first])
            found[channel.name] = p if 0.0 <= p <= 1.0 else nan
    return found


def _coarse(curve: Curve) -> tuple[Array, Array]:
    """The curve in means of some points each, so that noise does not cross zero again and again."""
    width = max(1, curve.x.size // COARSE)
    n = curve.x.size // width
    x, y = (values[: n * width].reshape(n, width).mean(axis=1) for values in (curve.x, curve.y))
    return x, y


def _finite(x: Array) -> Array:
    finite: Array = x[np.isfinite(x)]
    return finite
