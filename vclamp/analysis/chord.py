"""The chord construction: every pathway as a conductance and a battery, and the voltage at which they agree."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, nan

import numpy as np

from vclamp.analysis.results import Array, Curve, Estimate, Fitted, Question, Result, nothing
from vclamp.analysis.truth import GRID_mV, steady_current_pA, zero_crossing_mV
from vclamp.model.channel import Channel
from vclamp.model.ions import Solutions
from vclamp.model.record import Recording, solutions_now
from vclamp.model.rig import Rig
from vclamp.physics.flux import chord_voltage_mV

NEAR_mV = 0.5  # closer to its reversal potential a chord is the slope there


def answer_chord(recordings: Sequence[Recording], question: Question) -> Result:
    """Conductance and reversal potential of every pathway at one time, and V = (Σ g E − I_p)/Σ g.

    The time is the beginning of the question's window, else the end of the sweep; the sweep is the last.
    g is the chord conductance I/(V − E) at the membrane's voltage of that time. The pump's share is −I_p/Σ g.
    Each curve is a pathway's chord, from (E, 0) to (V, I). The truth beside the voltage is where the
    steady-state currents really cancel in the solutions of that time; the chord construction takes the
    conductances as they are now.
    """
    recording = recordings[-1]
    sweep, protocol = recording.sweeps[-1], recording.header.protocol
    n = sweep.values.shape[1]
    at = n - 1 if question.window_ms is None else round(question.window_ms[0] * protocol.fs_kHz)
    if not 0 <= at < n:
        return nothing("chord", f"The sweep ends at {n / protocol.fs_kHz:g} ms.")
    rig = sweep.rig_at(at)
    value = dict(zip(sweep.names, sweep.values[:, at].tolist(), strict=True))
    if not isfinite(value.get("v_mV", nan)):
        return nothing("chord", "The membrane's voltage is not known at this time.")
    return _construct(replace(rig, solutions=solutions_now(rig, value)), value)


def chord_nS(channel: Channel, solutions: Solutions, v_mV: float, p_open: float) -> tuple[float, float]:
    """Chord conductance I/(V − E) of a channel at a voltage, and E; both NaN of one that never reverses."""
    e_mV = channel.reversal_mV(solutions)
    if not isfinite(e_mV):
        return nan, nan
    if abs(v_mV - e_mV) < NEAR_mV:
        ends = channel.open_current_pA(np.array([e_mV - NEAR_mV, e_mV + NEAR_mV]), solutions)
        return p_open * float(ends[1] - ends[0]) / (2.0 * NEAR_mV), e_mV
    current = float(channel.open_current_pA(np.array([v_mV]), solutions)[0])
    return p_open * current / (v_mV - e_mV), e_mV


def _construct(rig: Rig, value: dict[str, float]) -> Result:
    v_mV, pump_pA = value["v_mV"], value.get("i_pump_pA", 0.0)
    curves, estimates, notes = [], [], []
    g_nS, e_mV = [], []
    for channel in rig.cell.channels:
        g, e = chord_nS(channel, rig.solutions, v_mV, value.get(f"p_open_{channel.name}", 1.0))
        if not isfinite(g):
            notes.append(f"{channel.title} has no reversal potential and is left out.")
            continue
        g_nS.append(g)
        e_mV.append(e)
        estimates += [Estimate(f"g_{channel.name}_nS", g), Estimate(f"e_{channel.name}_mV", e)]
        x: Array = np.array([e, v_mV])
        curves.append(Fitted(Curve(channel.name, "v_mV", f"i_{channel.name}_pA", x, np.array([0.0, g * (v_mV - e)]))))
    total_nS = sum(g_nS)
    if not total_nS > 0.0:
        return Result("chord", tuple(curves), tuple(estimates), (*notes, "No conductance is open at this time."))
    rest_mV = float(chord_voltage_mV(np.array(g_nS), np.array(e_mV), pump_pA))
    true_mV = zero_crossing_mV(GRID_mV, steady_current_pA(rig, GRID_mV))
    estimates += [
        Estimate("v_rest_mV", rest_mV, truth=true_mV),
        Estimate("pump_share_mV", -pump_pA / total_nS),
        Estimate("g_total_nS", total_nS),
        Estimate("i_pump_pA", pump_pA),
        Estimate("v_mV", v_mV),
    ]
    return Result("chord", tuple(curves), tuple(estimates), tuple(notes))
