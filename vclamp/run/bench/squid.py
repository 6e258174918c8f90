"""What the other programs are told, and the answers that all are held against; none of it from the engine.

Source: A. L. Hodgkin & A. F. Huxley 1952, J Physiol 117:500, in the modern sign with rest at −65 mV.
"""

from collections.abc import Callable
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.run.bench.workloads import Workload

Array = NDArray[np.float64]
Traces = dict[str, Array]  # by name, each (sweeps, samples)

CM_pF, AREA_um2 = 20.0, 2000.0
G_NA_nS, G_K_nS, G_LEAK_nS = 2400.0, 720.0, 6.0
E_NA_mV, E_K_mV, E_LEAK_mV = 50.0, -77.0, -54.387


def rates_per_ms(v_mV: Any, exponential: Callable[[Any], Any] = exp) -> tuple[Any, ...]:
    """α and β of m, h and n at 6.3 °C, for any kind of number that `exponential` takes.

    The removable singularities at −40 and −55 mV are left in: no workload meets them.
    """
    m, n = (v_mV + 40.0) / 10.0, (v_mV + 55.0) / 10.0
    return (
        m / (1.0 - exponential(-m)),
        4.0 * exponential(-(v_mV + 65.0) / 18.0),
        0.07 * exponential(-(v_mV + 65.0) / 20.0),
        1.0 / (1.0 + exponential(-(v_mV + 35.0) / 10.0)),
        0.1 * n / (1.0 - exponential(-n)),
        0.125 * exponential(-(v_mV + 65.0) / 80.0),
    )


def steady(v_mV: float) -> list[float]:
    """m, h and n after a long time at a voltage."""
    r = rates_per_ms(v_mV)
    return [a / (a + b) for a, b in zip(r[::2], r[1::2], strict=True)]


def ionic_pA(v_mV: Any, m: Any, h: Any, n: Any) -> Any:
    """What the three channels carry."""
    sodium = G_NA_nS * m * m * m * h * (v_mV - E_NA_mV)
    return sodium + G_K_nS * n * n * n * n * (v_mV - E_K_mV) + G_LEAK_nS * (v_mV - E_LEAK_mV)


def resting_mV(workload: Workload) -> float:
    """Where the membrane settles behind the series resistance while the clamp holds."""
    from scipy.optimize import brentq

    hold_mV, rs_MOhm = workload.protocol.hold_mV, workload.rig.amplifier.rs_MOhm
    if rs_MOhm == 0.0:
        return hold_mV
    net = lambda v: (hold_mV - v) * 1e3 / rs_MOhm - ionic_pA(v, *steady(v))  # noqa: E731
    return float(brentq(net, hold_mV - 5.0, hold_mV + 5.0, xtol=1e-13))


def openings(v_mV: Array, m: Array, h: Array, n: Array) -> Traces:
    """The traces that are compared, of (sweeps, samples) each."""
    return {"v_mV": v_mV, "p_open_na": m * m * m * h, "p_open_k": n * n * n * n}


def edges(workload: Workload) -> list[tuple[int, int, float, float]]:
    """The allosteric scheme as (from, to, A in 1/ms, b in 1/mV), its rates being A exp(bV)."""
    scheme = workload.rig.cell.channels[0].scheme
    if scheme is None:
        raise ValueError("a channel without states")
    at_0, at_50 = scheme.rates_per_ms(np.array([0.0, 50.0]), workload.rig.solutions)
    pairs = np.argwhere(at_0 > 0.0)
    return [(int(i), int(j), float(at_0[i, j]), float(np.log(at_50[i, j] / at_0[i, j]) / 50.0)) for i, j in pairs]


def generator(table: list[tuple[int, int, float, float]], v_mV: float) -> Array:
    """The rate matrix of the edges at a voltage; its rows add up to 0."""
    q = np.zeros((10, 10))
    for i, j, a, b in table:
        q[i, j] = a * np.exp(b * v_mV)
        q[i, i] -= q[i, j]
    return q


def stationary(q: Array) -> Array:
    """Occupancies that a rate matrix leaves as they are."""
    found, *_ = np.linalg.lstsq(np.vstack([q.T, np.ones(q.shape[0])]), np.eye(q.shape[0] + 1)[-1], rcond=None)
    return np.asarray(found)


def answer(workload: Workload) -> Traces:
    """The right answer: closed form, matrix exponentials, or LSODA at 1e-10; {} where there is none."""
    from vclamp.run.bench.peers.scipy import solve

    match workload.name:
        case "W1":
            return _closed_form(workload)
        case "W2" | "W4":
            return solve(workload, rtol=1e-10, atol=1e-12)
        case "W3":
            return _by_propagators(workload)
    return {}


def _closed_form(workload: Workload) -> Traces:
    protocol, parts = workload.protocol, []
    for sweep in range(protocol.n_sweeps):
        x, pieces = np.array(steady(protocol.hold_mV)), []
        for s in protocol.stretches(sweep):
            r = np.array(rates_per_ms(s.start_mV)).reshape(3, 2)
            inf, rate = r[:, 0] / r.sum(axis=1), r.sum(axis=1)
            t = np.arange(s.last - s.first + 1) / protocol.fs_kHz
            found = inf[:, None] + (x - inf)[:, None] * np.exp(-rate[:, None] * t)
            pieces.append(found[:, :-1])
            x = found[:, -1]
        parts.append(np.hstack(pieces))
    m, h, n = np.stack(parts, axis=1)
    return openings(np.stack([protocol.command_mV(k) for k in range(protocol.n_sweeps)]), m, h, n)


def _by_propagators(workload: Workload) -> Traces:
    from scipy.linalg import expm

    protocol, table = workload.protocol, edges(workload)
    rest, rows = stationary(generator(table, protocol.hold_mV)), []
    for sweep in range(protocol.n_sweeps):
        state, p_open = rest, np.empty(protocol.n_samples(sweep))
        for s in protocol.stretches(sweep):
            move = expm(generator(table, s.start_mV) / protocol.fs_kHz)
            for sample in range(s.first, s.last):
                p_open[sample] = state[5:].sum()
                state = state @ move
        rows.append(p_open)
    return {"p_open_kv_mwc": np.stack(rows)}
