"""The squid membrane behind every amplifier, written out once more as ordinary differential equations for scipy.

Membrane: Hodgkin & Huxley 1952, J Physiol 117:500, with rest at -65 mV, at 6.3 °C. Amplifiers: M. Clerx,
Voltage-clamp notebooks (simplified), and C. L. Lei et al. 2020, Phil Trans R Soc A 378:20190348 (full).
Of the program only what describes an experiment is used: the values of the amplifier and of the protocol.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, expm1, inf
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import odeint, solve_ivp
from scipy.optimize import brentq

from vclamp.model.amplifier import Amplifier
from vclamp.model.protocol import Protocol, Stretch

Array = NDArray[np.float64]
Numbers = TypeVar("Numbers", float, Array)
Leg = tuple[Amplifier, Stretch]
# (V, rest of the circuit, command mV, ionic pA) -> change per ms of V and of the rest
Circuit = Callable[[Sequence[float], float, float], tuple[float, ...]]

RTOL = 1e-11  # leaves errors of 1e-8 mV and 1e-6 pA in a sweep of 30 nA
TAU_F_MS, TAU_Z_MS, TAU_CLAMP_MS = 0.075, 0.0075, 0.0008
E_NA_MV, E_K_MV = 50.0, -77.0


def linear_over_exp(x: float) -> float:
    """x/(1 - exp(-x)), by its series near 0."""
    return 1.0 + x / 2 + x * x / 12 if abs(x) < 1e-4 else -x / expm1(-x)


def rates(v: float) -> tuple[float, float, float, float, float, float]:
    """alpha and beta in 1/ms of m, h and n."""
    return (
        linear_over_exp((v + 40) / 10),
        4 * exp(-(v + 65) / 18),
        0.07 * exp(-(v + 65) / 20),
        1 / (1 + exp(-(v + 35) / 10)),
        0.1 * linear_over_exp((v + 55) / 10),
        0.125 * exp(-(v + 65) / 80),
    )


@dataclass(frozen=True)
class Membrane:
    """Conductances in nS and a capacitance in pF; by default the shipped 20 pF of squid axon."""

    cm_pF: float = 20.0
    na_nS: float = 2400.0
    k_nS: float = 720.0
    leak_nS: float = 6.0
    leak_mV: float = -54.387

    def currents(self, v: Numbers, m: Numbers, h: Numbers, n: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Sodium, potassium and leak current in pA."""
        return (
            self.na_nS * m**3 * h * (v - E_NA_MV),
            self.k_nS * n**4 * (v - E_K_MV),
            self.leak_nS * (v - self.leak_mV),
        )

    def moved(self, v: float, m: float, h: float, n: float) -> tuple[float, float, float]:
        """dm/dt, dh/dt and dn/dt."""
        am, bm, ah, bh, an, bn = rates(v)
        return am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n

    def settled(self, v: float) -> tuple[float, float, float]:
        """m, h and n after a long time at a voltage."""
        am, bm, ah, bh, an, bn = rates(v)
        return am / (am + bm), ah / (ah + bh), an / (an + bn)

    def steady_pA(self, v: float) -> float:
        """Ionic current after a long time at a voltage."""
        return sum(self.currents(v, *self.settled(v)))

    def rest_mV(self, command_mV: float, residual_MOhm: float) -> float:
        """The stable root of V = command - residual · I(V) nearest to the command; at infinite resistance of I = 0."""
        if residual_MOhm == 0.0:
            return command_mV

        def net(v: float) -> float:
            push_pA = 0.0 if residual_MOhm == inf else (command_mV - v) * 1000.0 / residual_MOhm
            return push_pA - self.steady_pA(v)

        grid = np.linspace(-250.0, 250.0, 4001)
        signs = np.sign([net(v) for v in grid])
        crossed = np.flatnonzero((signs[:-1] > 0.0) & (signs[1:] <= 0.0))
        roots = [brentq(net, grid[k], grid[k + 1], xtol=1e-13, rtol=1e-15) for k in crossed]
        return float(min(roots, key=lambda v: abs(v - command_mV)))


@dataclass(frozen=True)
class Dials:
    """An amplifier's settings in GΩ, pF and fractions; charges in mV · pF are fC."""

    rs: float
    rs_est: float
    cm_est: float
    alpha: float
    beta: float
    offset_mV: float

    @classmethod
    def of(cls, a: Amplifier) -> "Dials":
        """The settings of an amplifier; the junction potential is taken from its offset."""
        return cls(
            rs=a.rs_MOhm / 1000.0,
            rs_est=a.rs_est_MOhm / 1000.0,
            cm_est=a.cm_est_pF,
            alpha=a.correction_percent / 100.0,
            beta=a.prediction_percent / 100.0,
            offset_mV=a.offset_mV - a.junction_mV,
        )

    @property
    def predicts(self) -> bool:
        """Whether there is an estimate of the time constant; without one V_est is the summing amplifier's."""
        return self.rs_est * self.cm_est > 0.0

    def estimated(self, v_cmd: float, v_est: float, corrected: float, tau_sum_ms: float) -> float:
        """dV_est/dt."""
        if self.predicts:
            return (v_cmd - v_est) / ((1.0 - self.beta) * self.rs_est * self.cm_est)
        return (corrected - v_est) / tau_sum_ms


def current_clamp(cm_pF: float) -> Circuit:
    """C V' = I_injected - I_ion; what is commanded is a current."""
    return lambda x, i_injected, i_ion: ((i_injected - i_ion) / cm_pF,)


def series_resistance(a: Amplifier, cm_pF: float) -> Circuit:
    """C V' = (V_cmd + V_off - V)/R_s - I_ion."""
    d = Dials.of(a)
    return lambda x, v_cmd, i_ion: (((v_cmd + d.offset_mV - x[0]) / d.rs - i_ion) / cm_pF,)


def simplified(a: Amplifier, cm_pF: float) -> Circuit:
    """V, V_est, V_ref and I_obs of the simplified amplifier."""
    d, tau_sum = Dials.of(a), a.tau_sum_ms
    predicted_ms = d.beta * d.rs_est * d.cm_est

    def change(x: Sequence[float], v_cmd: float, i_ion: float) -> tuple[float, ...]:
        v, v_est, v_ref, i_obs = x
        corrected = v_cmd + d.alpha * d.rs_est * i_obs
        dv_est = d.estimated(v_cmd, v_est, corrected, tau_sum)
        i_rs = (v_ref + d.offset_mV - v) / d.rs
        return (
            (i_rs - i_ion) / cm_pF,
            dv_est,
            (corrected + predicted_ms * dv_est - v_ref) / tau_sum,
            (i_rs - d.cm_est * dv_est - i_obs) / TAU_F_MS,  # I_ion + C V' is what R_s carries
        )

    return change


def full(a: Amplifier, cm_pF: float) -> Circuit:
    """V, V_est, V_clamp, I_out and V_p of the full amplifier."""
    d, tau_sum = Dials.of(a), a.tau_sum_ms
    predicted_ms = d.beta * d.rs_est * d.cm_est

    def change(x: Sequence[float], v_cmd: float, i_ion: float) -> tuple[float, ...]:
        v, v_est, v_clamp, i_out, v_p = x
        corrected = v_cmd + d.alpha * d.rs_est * i_out
        dv_est = d.estimated(v_cmd, v_est, corrected, tau_sum)
        dv_clamp = (corrected + predicted_ms * dv_est - v_clamp) / tau_sum
        dv_p = (v_clamp - v_p) / TAU_CLAMP_MS
        i_rs = (v_p + d.offset_mV - v) / d.rs
        i_in = i_rs + a.cp_pF * dv_p - a.cp_est_pF * dv_clamp - d.cm_est * dv_est
        return (i_rs - i_ion) / cm_pF, dv_est, dv_clamp, (i_in - i_out) / TAU_Z_MS, dv_p

    return change


CIRCUITS = {"series-resistance": series_resistance, "simplified": simplified, "full": full}


def rested(membrane: Membrane, a: Amplifier, hold_mV: float) -> Array:
    """State (circuit…, m, h, n) after a long time at holding; in current clamp without current."""
    d = Dials.of(a)
    if a.clamps_current:
        v_mV = membrane.rest_mV(hold_mV, inf)
        return np.array([v_mV, *membrane.settled(v_mV)])
    residual_MOhm = a.rs_MOhm - d.alpha * a.rs_est_MOhm * a.has_electronics
    v_mV = membrane.rest_mV(hold_mV + d.offset_mV, residual_MOhm)
    i_pA = membrane.steady_pA(v_mV)
    corrected = hold_mV + d.alpha * d.rs_est * i_pA
    v_est = hold_mV if d.predicts else corrected
    more = {
        "series-resistance": (),
        "simplified": (v_est, corrected, i_pA),
        "full": (v_est, corrected, i_pA, corrected),
    }[a.circuit]
    return np.array([v_mV, *more, *membrane.settled(v_mV)])


def integrated(membrane: Membrane, leg: Leg, fs_kHz: float, y: Array, *, rtol: float, method: str) -> Array:
    """States at the samples of a stretch and at its end, shape (n_samples + 1, n_states)."""
    a, s = leg
    t_ms = np.arange(s.last - s.first + 1) / fs_kHz
    start, end = (a.bias_pA + s.start_pA, a.bias_pA + s.end_pA) if a.clamps_current else (s.start_mV, s.end_mV)
    slope = (end - start) / t_ms[-1]
    if a.ideal:
        return held(membrane, start + a.unseen_mV, slope, t_ms, y, rtol=rtol)
    circuit = current_clamp(membrane.cm_pF) if a.clamps_current else CIRCUITS[a.circuit](a, membrane.cm_pF)
    n = y.size - 3

    def change(t: float, state: Array) -> tuple[float, ...]:
        *x, mm, hh, nn = state.tolist()
        i_ion = sum(membrane.currents(x[0], mm, hh, nn))
        return *circuit(x, start + slope * t, i_ion), *membrane.moved(x[0], mm, hh, nn)

    tolerances = {"rtol": rtol, "atol": [0.01 * rtol * size for size in (100.0,) * n + (1.0,) * 3]}
    if method == "lsoda":
        return np.asarray(odeint(change, y, t_ms, tfirst=True, mxstep=1_000_000, **tolerances))
    return np.asarray(solve_ivp(change, (0.0, t_ms[-1]), y, t_eval=t_ms, method=method, **tolerances).y.T)


def held(membrane: Membrane, v_mV: float, slope: float, t_ms: Array, y: Array, *, rtol: float) -> Array:
    """V, m, h and n where V is prescribed: in closed form where it stands still."""
    gates = y[-3:]
    if slope == 0.0:
        ends, speeds = np.array(membrane.settled(v_mV)), np.array(rates(v_mV)).reshape(3, 2).sum(axis=1)
        moved = ends + (gates - ends) * np.exp(-np.outer(t_ms, speeds))
    else:
        moved = odeint(
            lambda t, x: membrane.moved(v_mV + slope * t, *x), gates, t_ms,
            tfirst=True, rtol=rtol, atol=rtol / 100, mxstep=1_000_000,
        )  # fmt: skip
    return np.column_stack([v_mV + slope * t_ms, moved])


def solved(
    membrane: Membrane,
    protocol: Protocol,
    legs: Sequence[Leg],
    *,
    start: Array | None = None,
    rtol: float = RTOL,
    method: str = "lsoda",
) -> dict[str, Array]:
    """Traces at every sample, integrated leg by leg; by default from rest.

    From one leg to the next, V and the gates go on; so does the circuit, if it stays the same.
    """
    y = rested(membrane, legs[0][0], protocol.hold_mV) if start is None else start
    found: list[dict[str, Array]] = []
    for a, s in legs:
        n_states = rested(membrane, a, s.start_mV).size
        if y.size != n_states:
            assert n_states == 4, "a circuit with electronics would have to be told its state"
            y = y[[0, -3, -2, -1]]
        states = integrated(membrane, (a, s), protocol.fs_kHz, y, rtol=rtol, method=method)
        found.append(traces(membrane, (a, s), protocol.fs_kHz, states[:-1]))
        y = states[-1].copy()
        if a.ideal:
            y[0] = s.end_mV + a.unseen_mV
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def sweep_of(
    membrane: Membrane, a: Amplifier, protocol: Protocol, sweep: int = 0, *, rtol: float = RTOL, method: str = "lsoda"
) -> dict[str, Array]:
    """Traces of one sweep from rest under one amplifier."""
    legs = [(a, s) for s in protocol.stretches(sweep)]
    return solved(membrane, protocol, legs, rtol=rtol, method=method)


def traces(membrane: Membrane, leg: Leg, fs_kHz: float, states: Array) -> dict[str, Array]:
    """What a recording shows of one stretch; i_membrane_pA is what flows, i_pA what the amplifier tells."""
    a, s = leg
    v, m, h, n = states[:, [0, -3, -2, -1]].T
    k = np.arange(v.size)
    command_mV = s.start_mV + s.slope_mV * k
    na, potassium, leak = membrane.currents(v, m, h, n)
    electronics = a.has_electronics and not a.clamps_current
    flowing: Array
    if a.clamps_current:
        flowing = a.bias_pA + s.start_pA + s.slope_pA * k
    elif a.ideal:
        flowing = na + potassium + leak + membrane.cm_pF * s.slope_mV * fs_kHz
    else:
        before_rs = states[:, {"simplified": 2, "full": 4}[a.circuit]] if electronics else command_mV
        flowing = (before_rs + a.unseen_mV - v) * 1000.0 / a.rs_MOhm
    return {
        "command_mV": command_mV, "v_mV": v, "i_pA": states[:, 3] if electronics else flowing,
        "i_membrane_pA": flowing, "i_na_pA": na, "i_k_pA": potassium, "i_leak_pA": leak,
        "gate_na_m": m, "gate_na_h": h, "gate_k_n": n,
    }  # fmt: skip
