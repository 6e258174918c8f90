"""The cell's books at one sample: who flows, what the pump spends, what is lost as heat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.ions import Solutions
from vclamp.model.record import solutions_now
from vclamp.model.rig import Rig
from vclamp.physics.pump import cycles_per_s
from vclamp.physics.steady_state import dissipation_fW
from vclamp.units import FARADAY_C_PER_MOL

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Entry:
    """One ion: its potential, and its current through channels and pump, outward positive."""

    ion: str
    e_mV: float
    channels_pA: float
    pump_pA: float
    flux_fmol_per_s: float

    @property
    def net_pA(self) -> float:
        """0 in a steady state; 0 with both parts 0 at equilibrium."""
        return self.channels_pA + self.pump_pA


@dataclass(frozen=True)
class Ledger:
    """Every ion's entry, the pump's cycles (one ATP each) and the power that is dissipated.

    `dissipated_fW` is Σ I (V − E) over the ions' passive currents; `atp_fW` what ATP delivers
    where its free energy is given, else NaN. At equilibrium all of it is zero.
    """

    v_mV: float
    entries: tuple[Entry, ...]
    cycles_per_s: float
    dissipated_fW: float
    atp_fW: float


def ledger(rig: Rig, names: Sequence[str], sample: Array) -> Ledger:
    """The books at one sample, a column of a sweep's values with rows named by `names`."""
    value = dict(zip(names, map(float, sample), strict=True))
    v_mV, cell, solutions = np.array([value["v_mV"]]), rig.cell, solutions_now(rig, value)
    passive = {ion.name: 0.0 for ion in solutions.ions}
    for channel in cell.channels:
        p_open = value.get(f"p_open_{channel.name}", 1.0)
        for name, current in channel.ion_currents_pA(v_mV, solutions).items():
            if name in passive:
                passive[name] += p_open * float(current[0])
    pumped = {} if cell.pump is None else cell.pump.ion_currents_pA(v_mV, solutions)
    entries = tuple(
        _entry(solutions, ion.name, ion.z, passive[ion.name], float(pumped.get(ion.name, [0.0])[0]))
        for ion in solutions.ions
    )
    pump_pA = value.get("i_pump_pA", 0.0)
    dg_kJ_per_mol = cell.pump.dg_atp_kJ_per_mol if cell.pump is not None else None
    return Ledger(
        v_mV=value["v_mV"],
        entries=entries,
        cycles_per_s=float(cycles_per_s(pump_pA)),
        dissipated_fW=sum(
            float(dissipation_fW(e.channels_pA, value["v_mV"], e.e_mV)) for e in entries if np.isfinite(e.e_mV)
        ),
        atp_fW=float("nan") if dg_kJ_per_mol is None else -1e6 * dg_kJ_per_mol * pump_pA / FARADAY_C_PER_MOL,
    )


def _entry(solutions: Solutions, name: str, z: int, channels_pA: float, pump_pA: float) -> Entry:
    try:
        e_mV = solutions.reversal_mV(name)
    except VClampError:  # there is none of it on one side
        e_mV = float("nan")
    flux = (channels_pA + pump_pA) * 1e3 / (z * FARADAY_C_PER_MOL)
    return Entry(name, e_mV, channels_pA, pump_pA, flux)
