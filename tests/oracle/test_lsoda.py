"""The engine agrees with scipy's LSODA on equations written out once more here.

Hodgkin & Huxley 1952, J Physiol 117:500, with rest at -65 mV, at 6.3 °C; the membrane is charged
through a series resistance: C dV/dt = (V_command - V)/Rs - I_ionic.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle.references import rates
from scipy.integrate import solve_ivp

from vclamp import paths
from vclamp.engine.simulation import Simulation
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Hold, Protocol, Ramp, Step
from vclamp.model.rig import Amplifier, Rig
from vclamp.run.runner import record

Array = NDArray[np.float64]
LSODA_mV = 1e-7  # how far LSODA itself may be off
SETTLED_MS = 0.3  # what follows a step sooner than this is the charging of the membrane
TOLERANCES = {"rtol": 1e-10, "atol": 1e-12, "method": "LSODA"}
SQUID_20PF = load_rig(paths.CELLS / "squid-axon-20pf.toml")
IV = load_protocol(paths.PROTOCOLS / "iv.toml")


@dataclass(frozen=True)
class Axon:
    """Conductances in nS and capacitance in pF of one patch of squid axon, resistance in MΩ."""

    size: float
    cm_pF: float
    rs_MOhm: float

    def currents(self, v: float | Array, m: float | Array, h: float | Array, n: float | Array) -> tuple:
        """Sodium, potassium and leak current in pA."""
        return (
            self.size * 120.0 * m**3 * h * (v - 50.0),
            self.size * 36.0 * n**4 * (v + 77.0),
            self.size * 0.3 * (v + 54.387),
        )

    def resistive(self, t: float, y: Array, start_mV: float, slope: float) -> list[float]:
        v, *gates = y
        charging_pA = (start_mV + slope * t - v) * 1000.0 / self.rs_MOhm - sum(self.currents(v, *gates))
        return [charging_pA / self.cm_pF, *moved(v, gates)]

    def solve(self, protocol: Protocol, sweep: int, start: tuple[float, ...]) -> Array:
        """V, m, h and n at every sample, integrated from one corner of the command to the next."""
        y, parts = np.array(start), []
        for s in protocol.stretches(sweep):
            t = np.arange(s.last - s.first + 1) / protocol.fs_kHz
            slope = (s.end_mV - s.start_mV) / t[-1]
            if self.rs_MOhm:
                found = solve_ivp(
                    self.resistive, (0, t[-1]), y, t_eval=t, args=(s.start_mV, slope), max_step=2.0, **TOLERANCES
                ).y
            else:
                gates = solve_ivp(clamped, (0, t[-1]), y[1:], t_eval=t, args=(s.start_mV, slope), **TOLERANCES).y
                found = np.vstack([s.start_mV + slope * t, gates])
            parts.append(found[:, :-1])
            y = found[:, -1]
        return np.concatenate(parts, axis=1)


def clamped(t: float, gates: Array, start_mV: float, slope: float) -> list[float]:
    return moved(start_mV + slope * t, gates)


def moved(v: float, gates: Array | list[float]) -> list[float]:
    """dm/dt, dh/dt and dn/dt."""
    r = rates(v)
    return [r[2 * k] * (1 - x) - r[2 * k + 1] * x for k, x in enumerate(gates)]


def settled(protocol: Protocol, sweep: int) -> NDArray[np.bool_]:
    """Samples that are later than 0.3 ms after each corner of the command."""
    kept = np.ones(protocol.n_samples(sweep), bool)
    for s in protocol.stretches(sweep):
        kept[s.first : s.first + round(SETTLED_MS * protocol.fs_kHz) + 1] = False
    return kept


def worst(mine: Array, exact: Array, kept: NDArray[np.bool_]) -> float:
    """Largest difference over the largest value, among the settled samples."""
    return float(np.abs(mine - exact)[kept].max() / np.abs(exact[kept]).max())


def compare(rig: Rig, axon: Axon, protocol: Protocol, sweep: int) -> tuple[dict[str, float], float, float]:
    """Differences by trace, the true largest error of V in mV, and the engine's own estimate of it."""
    simulation = Simulation(rig, protocol)
    values = np.empty((len(simulation.names), protocol.n_samples(sweep)))
    start = simulation.state
    simulation.begin(sweep)
    simulation.play(0, values.shape[1], values)
    mine = dict(zip(simulation.names, values, strict=True))
    v, m, h, n = axon.solve(protocol, sweep, start)
    na, k, leak = axon.currents(v, m, h, n)
    total = (mine["command_mV"] - v) * 1000.0 / axon.rs_MOhm
    kept = settled(protocol, sweep)
    exact = {"v_mV": v, "i_pA": total, "i_na_pA": na, "i_k_pA": k, "i_leak_pA": leak, "gate_na_h": h}
    found = {name: worst(mine[name], trace, kept) for name, trace in exact.items()}
    return found, float(np.abs(mine["v_mV"] - v).max()), simulation.error_mV


@pytest.mark.parametrize("sweep", [0, 4, 6, 8, 12])
def test_series_resistance_of_the_shipped_cell(sweep: int) -> None:
    found, error_mV, estimate_mV = compare(SQUID_20PF, Axon(20.0, 20.0, 10.0), IV, sweep)
    assert max(found.values()) < 1e-4, found
    assert error_mV < 0.001
    assert estimate_mV > error_mV / 3 - LSODA_mV


@pytest.mark.campaign  # daily there are the stiff corners of test_clamp_accuracy
@pytest.mark.parametrize("size", [20.0, None], ids=["same channels", "same density"])
@pytest.mark.parametrize("cm_pF", [1.0, 20.0, 100.0])
@pytest.mark.parametrize("rs_MOhm", [0.1, 1.0, 50.0])
def test_series_resistance_at_the_corners(rs_MOhm: float, cm_pF: float, size: float | None) -> None:
    size = size or cm_pF
    channels = tuple(replace(c, g_nS=c.g_nS * size / 20.0) for c in SQUID_20PF.cell.channels)
    cell = replace(SQUID_20PF.cell, cm_pF=cm_pF, channels=channels)
    rig = replace(SQUID_20PF, cell=cell, amplifier=Amplifier(rs_MOhm=rs_MOhm))
    protocol = Protocol("corner", (Hold(2.0), Step(-10.0, 10.0), Step(-90.0, 5.0)), n_sweeps=1, hold_mV=-80.0)
    found, error_mV, estimate_mV = compare(rig, Axon(size, cm_pF, rs_MOhm), protocol, 0)
    assert max(found.values()) < 1e-3, found
    assert estimate_mV > error_mV / 3 - LSODA_mV


@pytest.mark.parametrize("fs_kHz", [10.0, 25.0, 100.0])
def test_series_resistance_at_other_sampling_rates(fs_kHz: float) -> None:
    protocol = replace(IV, fs_kHz=fs_kHz)
    found, error_mV, estimate_mV = compare(SQUID_20PF, Axon(20.0, 20.0, 10.0), protocol, 8)
    assert max(found.values()) < 1e-3, found
    assert estimate_mV > error_mV / 3 - LSODA_mV


@pytest.mark.parametrize("duration_ms", [2.0, 20.0, 200.0])
def test_a_ramp_through_a_series_resistance(duration_ms: float) -> None:
    protocol = Protocol("ramp", (Hold(2.0), Ramp(60.0, duration_ms)), n_sweeps=1, hold_mV=-80.0)
    found, error_mV, estimate_mV = compare(SQUID_20PF, Axon(20.0, 20.0, 10.0), protocol, 0)
    assert max(found.values()) < 1e-3, found
    assert estimate_mV > error_mV / 3 - LSODA_mV


def ideal_differences(protocol: Protocol) -> dict[str, float]:
    """Differences by trace of one sweep in an ideal clamp, over each trace's largest value."""
    (sweep,) = record(replace(SQUID_20PF, amplifier=Amplifier()), protocol).sweeps
    axon = Axon(20.0, 20.0, 0.0)
    v, m, h, n = axon.solve(protocol, 0, sweep.start)
    na, k, leak = axon.currents(v, m, h, n)
    capacitive_pA = [
        np.full(s.last - s.first, 20.0 * (s.end_mV - s.start_mV) / (s.last - s.first) * protocol.fs_kHz)
        for s in protocol.stretches(0)
    ]
    exact = {
        "i_na_pA": na, "i_k_pA": k, "i_leak_pA": leak, "gate_na_m": m, "gate_na_h": h, "gate_k_n": n,
        "i_pA": na + k + leak + np.concatenate(capacitive_pA),
    }  # fmt: skip
    return {name: worst(sweep[name], trace, np.ones(v.size, bool)) for name, trace in exact.items()}


def test_the_shipped_ramp_in_an_ideal_clamp() -> None:
    found = ideal_differences(load_protocol(paths.PROTOCOLS / "ramp.toml"))
    assert max(found.values()) < 1e-4, found


# at 50 kHz a ramp of 36 mV/ms moves 0.7 mV a sample: the midpoint rule shows
@pytest.mark.parametrize(("duration_ms", "limit"), [(500.0, 1e-4), (50.0, 1e-4), (5.0, 3e-4)])
def test_faster_ramps_in_an_ideal_clamp(duration_ms: float, limit: float) -> None:
    segments = (Hold(2.0), Step(-120.0, 10.0), Ramp(60.0, duration_ms), Ramp(-100.0, 50.0))
    found = ideal_differences(Protocol("ramp", segments, n_sweeps=1, hold_mV=-80.0))
    assert max(found.values()) < limit, found


@pytest.mark.parametrize("fs_kHz", [1.0, 50.0, 333.0])
def test_a_step_in_an_ideal_clamp_is_exact_at_any_sampling_rate(fs_kHz: float) -> None:
    found = ideal_differences(Protocol("step", (Hold(2.0), Step(0.0, 20.0)), n_sweeps=1, hold_mV=-80.0, fs_kHz=fs_kHz))
    assert max(found.values()) < 1e-7, found
