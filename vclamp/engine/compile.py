"""From a rig to the arrays the kernels see."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vclamp.model.channel import Gate, GRID_mV
from vclamp.model.record import trace_names
from vclamp.model.rig import Rig
from vclamp.units import nS_from_MOhm

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Curves:
    """Steady state, relaxation rate (1/ms) and open current (pA) at some voltages.

    Arrays have one row a voltage: (n, gates), (n, gates) and (n, channels).
    """

    inf: Array
    rate_per_ms: Array
    i_open_pA: Array


@dataclass(frozen=True)
class Lowered:
    """A rig lowered to arrays; gates stand in the order of their channels.

    `gs_nS` is the conductance of the series resistance, 0 in an ideal clamp.
    """

    rig: Rig
    names: tuple[str, ...]
    gates: tuple[tuple[str, str], ...]
    gate_channel: Integers
    gate_power: Integers
    p_row: Integers
    gs_nS: float
    cm_pF: float

    def curves(self, voltages_mV: tuple[float, ...] | None = None) -> Curves:
        """The formulas at these voltages, or on the grid of the tables."""
        channels, solutions = self.rig.cell.channels, self.rig.solutions
        v_mV = GRID_mV if voltages_mV is None else np.array(voltages_mV)
        pairs = [
            (inf, factor * rate)
            for channel in channels
            for factor in (channel.rate_factor(solutions),)
            for inf, rate in (_relaxation(gate, voltages_mV) for gate in channel.gates)
        ]
        return Curves(
            inf=_columns([inf for inf, _ in pairs], v_mV.size),
            rate_per_ms=_columns([rate for _, rate in pairs], v_mV.size),
            i_open_pA=_columns([channel.open_current_pA(v_mV, solutions) for channel in channels], v_mV.size),
        )

    def decay(self, rate_per_ms: Array, step_ms: float) -> Array:
        """exp(-step/tau): what is left of a gate's distance to its steady state."""
        return np.asarray(np.exp(-step_ms * rate_per_ms))


def lower(rig: Rig) -> Lowered:
    """Lower a rig for the kernels."""
    channels = rig.cell.channels
    names = trace_names(rig)
    gates = [(number, c, gate) for number, c in enumerate(channels) for gate in c.gates]
    p_row = [names.index(f"p_open_{c.name}") if c.gates else -1 for c in channels]
    return Lowered(
        rig=rig,
        names=names,
        gates=tuple((channel.name, gate.name) for _, channel, gate in gates),
        gate_channel=np.array([number for number, _, _ in gates], np.int64),
        gate_power=np.array([gate.power for _, _, gate in gates], np.int64),
        p_row=np.array(p_row, np.int64),
        gs_nS=0.0 if rig.amplifier.ideal else nS_from_MOhm(rig.amplifier.rs_MOhm),
        cm_pF=rig.cell.cm_pF,
    )


@lru_cache(maxsize=256)
def _relaxation(gate: Gate, voltages_mV: tuple[float, ...] | None) -> tuple[Array, Array]:
    """Steady state and rate of one gate; kept, for a slider changes everything but these."""
    inf, tau_ms = gate.relaxation(GRID_mV if voltages_mV is None else np.array(voltages_mV))
    return inf, 1.0 / tau_ms


def _columns(columns: list[Array], n: int) -> Array:
    """Columns side by side as one C-contiguous array, also where there are none."""
    return np.ascontiguousarray(np.array(columns).reshape(len(columns), n).T)
