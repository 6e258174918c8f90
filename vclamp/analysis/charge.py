"""Gating charge against voltage, from the currents that the sensors' charges make when they move."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.fit_gating import fit_boltzmann
from vclamp.analysis.records import filter_kHz, sentence
from vclamp.analysis.results import Curve, Estimate, Fitted, Question, Result, estimates_of, notes_of, nothing
from vclamp.analysis.truth import GRID_mV, channel_of, midpoint_mV
from vclamp.analysis.windows import is_known, level_mV, row_of, what_varies
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.gating import TwoState
from vclamp.model.ions import Solutions
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording, Sweep
from vclamp.physics.filters import bessel_delay_ms
from vclamp.physics.schemes import stationary
from vclamp.units import ELEMENTARY_C

Array = NDArray[np.float64]

FC_PER_E = 1e15 * ELEMENTARY_C
BASELINE_SHARE = 0.25  # at the end of a step, where no charge moves any more
TOO_FAST = 0.3  # of the first sample of a transient, below which the second may not be
UNEQUAL = 0.05  # of the largest charge, by which on and off may differ before it is said


def transient_charge_fC(i_pA: Array, fs_kHz: float, *, before_pA: float = nan, delay_ms: float = 0.0) -> float:
    """Area of a transient above the current at its end, the mean of the last quarter, by Simpson's rule.

    Parameters
    ----------
    i_pA : ndarray, shape (n_samples,)
        The answer to a step, from the step on. If not finite, the charge is NaN.
    before_pA, delay_ms : float
        The current before, and the filter's delay: a steady current that comes later by it is not missing charge.
    """
    from scipy.integrate import simpson

    if i_pA.size < 2 or not np.isfinite(i_pA).all():
        return nan
    steady = float(i_pA[-max(1, round(BASELINE_SHARE * i_pA.size)) :].mean())
    late = (steady - before_pA) * delay_ms if delay_ms else 0.0
    return float(simpson(i_pA - steady, dx=1.0 / fs_kHz)) + late


def on_and_off(recording: Recording, question: Question) -> tuple[Array, Array, Array]:
    """Voltages of the step that varies, the charge that moves when it begins, and when it ends.

    Returns
    -------
    v_mV, on_fC, off_fC : ndarray, shape (n_sweeps,)

    Raises
    ------
    VClampError
        If no step varies or none follows it.
    """
    found = []
    for sweep, command_mV, on, off in _pieces(recording, question):
        v_mV = command_mV
        if question.against == "membrane":
            v_mV = float(row_of(sweep, "v_mV")[: on.stop][-max(1, (on.stop - on.start) // 4) :].mean())
        row, fs_kHz = row_of(sweep, question.trace), recording.header.protocol.fs_kHz
        corner_kHz = filter_kHz(sweep.rig, question.trace)
        # the filter takes a jump to be halfway between samples
        late_ms = bessel_delay_ms(corner_kHz) - 0.5 / fs_kHz if np.isfinite(corner_kHz) else 0.0
        charges = (
            transient_charge_fC(row[where], fs_kHz, before_pA=_before_pA(row, where), delay_ms=late_ms)
            for where in (on, off)
        )
        found.append((v_mV, *charges))
    v, on_fC, off_fC = np.array(found).T
    return v, on_fC, off_fC


def _before_pA(row: Array, where: slice) -> float:
    """The current just before some samples; that at their end if there are none."""
    few = max(1, (where.stop - where.start) // 4)
    before = row[max(0, where.start - few) : where.start]
    return float(before.mean() if before.size and np.isfinite(before).all() else row[where.stop - 1])


def _pieces(recording: Recording, question: Question) -> Iterator[tuple[Sweep, float, slice, slice]]:
    """Of every sweep the level of the step that varies, its samples, and those of what follows."""
    protocol = recording.header.protocol
    varied = what_varies(protocol)
    if varied.what != "level":
        raise VClampError("no step changes its level from sweep to sweep")
    if varied.segment + 1 >= len(protocol.segments):
        raise VClampError("nothing follows the step that varies, so no charge can return")
    for sweep in recording.sweeps:
        on, off = (slice(*protocol.span(varied.segment + k, sweep.index)) for k in range(2))
        yield sweep, varied.value(protocol, sweep.index), on, off


# ---- the answer


def gating_charge_answer(recordings: Sequence[Recording], question: Question) -> Result:
    """Q–V of the charge that moves at the beginning and at the end of a step, with a Boltzmann curve through each.

    Estimates: q_max_fC = z e N, v_half_mV, slope_mV, z_e, the charge at the holding potential, and how much returns.
    `trace` is a gating current, or the whole current if the pore is blocked and nothing linear is left in it.
    """
    name, recording = "gating-charge", recordings[-1]
    try:
        v, on_fC, off_fC = on_and_off(recording, question)
    except VClampError as error:
        return nothing(name, sentence(error))
    if not np.isfinite(on_fC).any():
        return nothing(name, "The current is not finite.")
    rig = recording.header.rig
    temperature_K = rig.solutions.temperature_K
    channel = _charged(recording, question.trace)
    before_mV, after_mV = _around(recording.header.protocol)
    truth, true_on_fC = _truth(channel, rig.solutions, v, before_mV)
    _, true_off_fC = _truth(channel, rig.solutions, v, after_mV)
    fits = [fit_boltzmann(v, y, temperature_K, pedestal=True) for y in (on_fC, -off_fC)]
    names = {"amplitude": "q_max_fC", "pedestal": "q_hold_fC"}
    on, off = (replace(fit, names=tuple(names.get(n, n) for n in fit.names)) for fit in fits)
    x_name = "v_mV" if question.against == "membrane" else "level_mV"
    curves = tuple(
        Fitted(Curve(f"charge-{what}", x_name, "q_fC", v, y), fit if fit.has_numbers else None, true_fC)
        for what, y, fit, true_fC in (("on", on_fC, on, true_on_fC), ("off", -off_fC, off, true_off_fC))
    )
    notes = list(notes_of((("Charge at the beginning of the step", on), ("Charge at its end", off))))
    estimates = estimates_of(on, truth) if on.has_numbers else ()
    returned = _returned(on_fC, off_fC, through_zero=before_mV == after_mV)
    if np.isfinite(returned):
        estimates = (*estimates, Estimate("returned", returned, truth=1.0 if is_known(rig) else nan))
        if abs(returned - 1.0) > UNEQUAL:
            notes.append(f"{returned:.0%} of the charge returns: a step is too short, or not only sensors move.")
    if _too_fast(recording, question):
        notes.append("Charge moves within a sample or two, where its area cannot be told: sample faster or step less.")
    if question.trace == "i_pA" and not (rig.amplifier.ideal and is_known(rig)):
        notes.append(
            "The whole current charges the membrane as well: use leak subtraction, and the trace that it leaves."
        )
    return Result(name, curves, estimates, tuple(notes))


def _too_fast(recording: Recording, question: Question) -> bool:
    """Whether some transient is over, but for its first sample, before it is seen."""
    ratios, heights = [], []
    for sweep, _, *pieces in _pieces(recording, question):
        for piece in (row_of(sweep, question.trace)[where] for where in pieces):
            first, second = (float(x) for x in np.abs(piece[:2] - piece[-1])) if piece.size > 2 else (0.0, 0.0)
            heights.append(first)
            ratios.append(second / first if first > 0.0 else 1.0)
    seen = np.array(heights) > 0.1 * max(heights)
    return bool(np.any(np.array(ratios)[seen] < TOO_FAST))


def _around(protocol: Protocol) -> tuple[float, float]:
    """Voltages before and after the step that varies, as the first sweep has them."""
    course, segment = protocol.course(0), what_varies(protocol).segment
    first = int(np.searchsorted(course.segment, segment))
    before_mV = float(course.end_mV[first - 1]) if first else protocol.hold_mV
    return before_mV, level_mV(protocol, segment + 1, 0)


def _returned(on_fC: Array, off_fC: Array, *, through_zero: bool) -> float:
    """Slope of the charge at the end against that at the beginning, over all sweeps."""
    seen = np.isfinite(on_fC) & np.isfinite(off_fC)
    on, off = on_fC[seen], off_fC[seen]
    if not through_zero:
        on, off = on - on.mean(), off - off.mean()
    moved = float(on @ on)
    return float(-(off @ on) / moved) if moved > 0.0 else nan


def _charged(recording: Recording, trace: str) -> Channel | None:
    channel = channel_of(recording.header.rig, trace)
    known = channel is not None and channel.n_channels and channel.scheme is not None and any(channel.scheme.charges_e)
    return channel if known else None


def _truth(
    channel: Channel | None, solutions: Solutions, v_mV: Array, from_mV: float
) -> tuple[dict[str, float], Array | None]:
    """What the fit is to find, and the charge that moves from one voltage to others if the step is long enough."""
    if channel is None or channel.scheme is None:
        return {}, None
    per_e = FC_PER_E * (channel.n_channels or 0)
    charges = np.array(channel.scheme.charges_e)

    def charge_fC(v: Array) -> Array:
        assert channel is not None
        assert channel.scheme is not None
        return np.asarray(per_e * stationary(channel.scheme.rates_per_ms(v, solutions)) @ charges)

    at_first = float(charge_fC(np.array([from_mV]))[0])
    lowest = per_e * float(charges.min())
    truth = {
        "q_max_fC": per_e * float(np.ptp(charges)),
        "q_hold_fC": lowest - at_first,
        "v_half_mV": midpoint_mV(charge_fC(GRID_mV) - lowest),
    }
    if isinstance(channel.gating, TwoState):
        truth |= {"z_e": channel.gating.z_e, "v_half_mV": channel.gating.half_mV(solutions.temperature_K)}
    return truth, charge_fC(v_mV) - at_first
