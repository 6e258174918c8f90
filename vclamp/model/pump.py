"""The sodium pump: 3 Na⁺ out and 2 K⁺ in for one ATP, a net outward current."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval

from vclamp.errors import VClampError
from vclamp.model.ions import Solutions
from vclamp.model.pores import Currents
from vclamp.model.quantities import (
    Q10,
    Array,
    HillCoefficient,
    Name,
    Note,
    PositiveConcentration_mM,
    Temperature_K,
)
from vclamp.physics import pump
from vclamp.physics.thermo import q10_factor

SODIUM, POTASSIUM = "Na", "K"


@dataclass(frozen=True)
class Pump:
    """A pump by one of three models; `i_max_pA` is its largest net current.

    "constant" runs at i_max whatever happens; "hill" saturates with Na inside and K outside;
    "luo-rudy" also depends on voltage (Luo & Rudy 1994). With `dg_atp_kJ_per_mol`, the
    free energy of ATP's hydrolysis, it slows down towards its own reversal potential and
    runs backwards beyond; with `k_atp_mM` it needs ATP inside.
    """

    i_max_pA: Annotated[float, Interval(ge=0.0, le=1e6)]
    type: Literal["constant", "hill", "luo-rudy"] = "hill"
    on: bool = True
    k_na_mM: PositiveConcentration_mM = 10.0
    k_k_mM: PositiveConcentration_mM = 1.5
    n_na: HillCoefficient = 3.0
    n_k: HillCoefficient = 2.0
    dg_atp_kJ_per_mol: Annotated[float, Interval(ge=-200.0, le=0.0)] | None = None
    blocker: Name = "ouabain"
    ic50_mM: PositiveConcentration_mM = 1e-4
    k_atp_mM: PositiveConcentration_mM | None = None
    q10: Q10 = 1.0
    temperature_K: Temperature_K = 310.0
    source: Note = ""
    note: Note = ""

    def check(self, solutions: Solutions) -> None:
        """Raise a VClampError if the solutions lack what it carries."""
        for name in (SODIUM, POTASSIUM):
            try:
                solutions.ion(name)
            except VClampError:
                raise VClampError(
                    f"the pump carries {SODIUM} and {POTASSIUM}, and the solutions hold no {name}",
                    remedy="Add it under [[solutions.ions]].",
                ) from None

    def current_pA(self, v_mV: Array, solutions: Solutions) -> Array:
        """Net outward current at the voltages."""
        na, k, kelvin = solutions.ion(SODIUM), solutions.ion(POTASSIUM), solutions.temperature_K
        i_pA = np.full(v_mV.shape, self.i_max_pA * self.on)
        if self.type == "hill":
            i_pA *= pump.hill_pump_pA(1.0, na.in_mM, k.out_mM, self.k_na_mM, self.k_k_mM, self.n_na, self.n_k)
        elif self.type == "luo-rudy":
            i_pA *= pump.luo_rudy_pump_pA(v_mV, 1.0, na.in_mM, na.out_mM, k.out_mM, kelvin)
        if self.dg_atp_kJ_per_mol is not None:
            i_pA *= pump.thermodynamic_factor(v_mV, self.reversal_mV(solutions), kelvin)
        if self.k_atp_mM is not None:
            i_pA *= pump.atp_factor(solutions.drug_mM("ATP", "in"), self.k_atp_mM)
        i_pA *= self.unblocked(solutions)
        return i_pA * q10_factor(self.q10, kelvin, self.temperature_K)

    def unblocked(self, solutions: Solutions) -> float:
        """What its blocker leaves of it, 0 to 1."""
        return float(pump.ouabain_factor(solutions.drug_mM(self.blocker, "out"), self.ic50_mM))

    def ion_currents_pA(self, v_mV: Array, solutions: Solutions) -> Currents:
        """What each ion carries of it."""
        i_pA = self.current_pA(v_mV, solutions)
        return {SODIUM: 3.0 * i_pA, POTASSIUM: -2.0 * i_pA}

    def reversal_mV(self, solutions: Solutions) -> float:
        """Where ATP's energy just balances the gradients; NaN without dg_atp_kJ_per_mol."""
        if self.dg_atp_kJ_per_mol is None:
            return float("nan")
        na, k = solutions.active(SODIUM), solutions.active(POTASSIUM)
        if min(na.in_mM, na.out_mM, k.in_mM, k.out_mM) <= 0.0:
            raise VClampError(
                "a pump with dg_atp_kJ_per_mol needs Na and K on both sides", remedy="Raise the one that is 0."
            )
        return float(
            pump.pump_reversal_mV(
                self.dg_atp_kJ_per_mol, na.out_mM, na.in_mM, k.out_mM, k.in_mM, solutions.temperature_K
            )
        )
