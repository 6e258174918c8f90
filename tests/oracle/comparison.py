"""The engine and the references on the same membrane, amplifier and protocol."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from oracle.references import Membrane, sweep_of

from vclamp import paths
from vclamp.engine.simulation import Simulation
from vclamp.model.amplifier import Amplifier
from vclamp.model.files import load_rig
from vclamp.model.protocol import Hold, Protocol, Step
from vclamp.model.rig import Rig
from vclamp.physics import circuit

Array = NDArray[np.float64]
Traces = dict[str, Array]

REFERENCE_mV = 1e-6  # how far the reference itself may be off
NOTICED_mV = 1e-4  # an error of V smaller than this need not be admitted
SETTLED_MS = 0.3  # what follows a step sooner than this is the charging of the membrane
SQUID = load_rig(paths.CELLS / "squid-axon-20pf.toml")
AXON, TOTAL_nS = Membrane(), 3126.0


def step(level_mV: float = 0.0, *, ms: float = 8.0, fs_kHz: float = 50.0, hold_mV: float = -80.0) -> Protocol:
    return Protocol(
        "step", (Hold(1.0), Step(level_mV, ms), Hold(3.0)), n_sweeps=1, hold_mV=hold_mV, fs_kHz=fs_kHz
    )  # fmt: skip


def rig_of(membrane: Membrane, amplifier: Amplifier) -> Rig:
    """The shipped axon with a membrane's conductances and capacitance, under an amplifier."""
    na, k, leak = SQUID.cell.channels
    channels = (
        replace(na, g_nS=membrane.na_nS),
        replace(k, g_nS=membrane.k_nS),
        replace(leak, g_nS=membrane.leak_nS, pore=replace(leak.pore, e_mV=membrane.leak_mV)),
    )
    cell = replace(SQUID.cell, cm_pF=membrane.cm_pF, channels=channels)
    return replace(SQUID, cell=cell, amplifier=amplifier)


def axon(total_nS: float, cm_pF: float = 20.0) -> Membrane:
    """The squid's mixture of channels, whatever its size."""
    factor = total_nS / TOTAL_nS
    return Membrane(cm_pF, AXON.na_nS * factor, AXON.k_nS * factor, AXON.leak_nS * factor)


def passive(g_nS: float, cm_pF: float = 20.0, e_mV: float = 0.0) -> Membrane:
    return Membrane(cm_pF, 0.0, 0.0, g_nS, e_mV)


@dataclass(frozen=True)
class Difference:
    """How far the engine is from the reference: V anywhere, then V and currents once the capacitance is charged."""

    v_mV: float
    settled_mV: float
    currents: dict[str, float]
    estimate_mV: float

    @property
    def current(self) -> float:
        """The largest error of a current over that current's peak."""
        return max(self.currents.values())

    @property
    def is_admitted(self) -> bool:
        """Whether the engine's own estimate is at least a third of the true error."""
        return self.v_mV < NOTICED_mV or self.estimate_mV >= self.v_mV / 3


def settled(protocol: Protocol, sweep: int) -> NDArray[np.bool_]:
    """Samples that are later than 0.3 ms after each corner of the command."""
    kept = np.ones(protocol.n_samples(sweep), bool)
    for s in protocol.stretches(sweep):
        if s.first:
            kept[s.first : s.first + round(SETTLED_MS * protocol.fs_kHz) + 1] = False
    return kept


def played(rig: Rig, protocol: Protocol, sweep: int) -> tuple[Traces, float]:
    """Traces of one sweep from rest, and the engine's estimate of the error of V in mV."""
    simulation = Simulation(rig, protocol)
    simulation.rest(sweep)
    simulation.begin(sweep)
    values = np.empty((len(simulation.names), protocol.n_samples(sweep)))
    simulation.play(0, protocol.n_samples(sweep), values)
    return dict(zip(simulation.names, values, strict=True)), simulation.error_mV


def compare(membrane: Membrane, amplifier: Amplifier, protocol: Protocol, sweep: int = 0) -> Difference:
    mine, estimate_mV = played(rig_of(membrane, amplifier), protocol, sweep)
    exact = sweep_of(membrane, amplifier, protocol, sweep)
    kept = settled(protocol, sweep)
    off_mV = np.abs(mine["v_mV"] - exact["v_mV"])
    currents: dict[str, float] = {
        str(name): float(np.abs(mine[name] - exact[name])[kept].max() / np.abs(exact[name][kept]).max())
        for name in ("i_pA", "i_membrane_pA", "i_na_pA", "i_k_pA", "i_leak_pA")
        if name in mine and exact[name][kept].any()
    }
    return Difference(float(off_mV.max()), float(off_mV[kept].max()), currents, estimate_mV)


def linear(amplifier: Amplifier, membrane: Membrane) -> circuit.LinearCircuit:
    """The same amplifier on a passive membrane as matrices."""
    patch = {"rs_MOhm": amplifier.rs_MOhm, "cm_pF": membrane.cm_pF, "g_nS": membrane.leak_nS}
    if not amplifier.has_electronics:
        return circuit.series_resistance(**patch)
    dials = {
        "rs_est_MOhm": amplifier.rs_est_MOhm, "cm_est_pF": amplifier.cm_est_pF, "tau_sum_ms": amplifier.tau_sum_ms,
        "correction": amplifier.correction_percent / 100.0, "prediction": amplifier.prediction_percent / 100.0,
    }  # fmt: skip
    if amplifier.circuit == "simplified":
        return circuit.simplified_amplifier(**patch, **dials)
    return circuit.full_amplifier(**patch, **dials, cp_pF=amplifier.cp_pF, cp_est_pF=amplifier.cp_est_pF)


def peak(v_mV: Array, fs_kHz: float) -> tuple[float, float]:
    """Time in ms and height in mV of the first action potential, by a parabola through its highest samples."""
    k = int(v_mV[: round(20 * fs_kHz)].argmax())
    a, b, c = v_mV[k - 1 : k + 2]
    shift = 0.5 * (a - c) / (a - 2 * b + c)
    return (k + shift) / fs_kHz, b - 0.25 * (a - c) * shift
