"""scipy's LSODA on rate equations written in Python.

Timed: one call of solve_ivp a stretch and sweep, and the open probabilities of what it returns.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from vclamp.run.bench.peers import Way, Ways
from vclamp.run.bench.squid import (
    Array,
    CM_pF,
    Traces,
    edges,
    generator,
    ionic_pA,
    openings,
    rates_per_ms,
    resting_mV,
    stationary,
    steady,
)
from vclamp.run.bench.workloads import Workload

Slope = Callable[..., Any]


def ways(workload: Workload) -> Ways:
    """LSODA at two tolerances."""
    if workload.name == "W3":
        return {"scipy LSODA 1e-6": Way(lambda: _solve_scheme(workload))}
    if workload.name not in ("W1", "W2", "W4"):
        return {}
    return {
        "scipy LSODA 1e-3": Way(lambda: solve(workload, rtol=1e-3, atol=1e-6)),
        "scipy LSODA 1e-6": Way(lambda: solve(workload, rtol=1e-6, atol=1e-9)),
    }


def solve(workload: Workload, *, rtol: float, atol: float) -> Traces:
    """The squid axon under the workload's clamp."""
    protocol, rs_MOhm = workload.protocol, workload.rig.amplifier.rs_MOhm
    rest_mV = resting_mV(workload)
    start = np.array([rest_mV, *steady(rest_mV)])
    slope = _clamped if rs_MOhm == 0.0 else _behind(1e3 / rs_MOhm)
    found = np.stack([_sweep(workload, k, slope, start, rtol=rtol, atol=atol) for k in range(protocol.n_sweeps)])
    v, m, h, n = found.transpose(1, 0, 2)
    if rs_MOhm == 0.0:
        v = np.stack([protocol.command_mV(k) for k in range(protocol.n_sweeps)])
    return openings(v, m, h, n)


def _sweep(workload: Workload, sweep: int, slope: Slope, start: Array, *, rtol: float, atol: float) -> Array:
    """(variables, samples) of one sweep, stretch by stretch."""
    from scipy.integrate import solve_ivp

    pieces, y, fs_kHz = [], start, workload.protocol.fs_kHz
    for s in workload.protocol.stretches(sweep):
        t = np.arange(s.last - s.first + 1) / fs_kHz
        command = (s.start_mV, s.slope_mV * fs_kHz)
        found = solve_ivp(slope, (0.0, t[-1]), y, "LSODA", t, args=command, rtol=rtol, atol=atol)
        pieces.append(found.y[:, :-1])
        y = found.y[:, -1]
    return np.hstack(pieces)


def _gates(v_mV: float, m: float, h: float, n: float) -> tuple[float, ...]:
    am, bm, ah, bh, an, bn = rates_per_ms(v_mV)
    return am - (am + bm) * m, ah - (ah + bh) * h, an - (an + bn) * n


def _clamped(t: float, y: Array, start_mV: float, slope: float) -> tuple[float, ...]:
    _, m, h, n = y.tolist()
    return (0.0, *_gates(start_mV + slope * t, m, h, n))


def _behind(gs_nS: float) -> Slope:
    def slope(t: float, y: Array, start_mV: float, slope: float) -> tuple[float, ...]:
        v, m, h, n = y.tolist()
        current = gs_nS * (start_mV + slope * t - v) - ionic_pA(v, m, h, n)
        return (current / CM_pF, *_gates(v, m, h, n))

    return slope


def _solve_scheme(workload: Workload) -> Traces:
    """The allosteric channel, with the rate matrix of a stretch's voltage made once."""
    table, protocol = edges(workload), workload.protocol
    matrices = {v: generator(table, v) for v in {*workload.levels_mV, protocol.hold_mV}}
    start = stationary(matrices[protocol.hold_mV])

    def slope(_: float, y: Array, v_mV: float, __: float) -> Array:
        return y @ matrices[v_mV]

    sweeps = [_sweep(workload, k, slope, start, rtol=1e-6, atol=1e-9) for k in range(protocol.n_sweeps)]
    return {"p_open_kv_mwc": np.stack([states[5:].sum(axis=0) for states in sweeps])}
