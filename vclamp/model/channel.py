"""A channel: gating × pore × blockers."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.formula import Formula
from vclamp.model.ions import Solutions
from vclamp.model.quantities import (
    Q10,
    Conductance_nS,
    GatePower,
    HillCoefficient,
    Name,
    Note,
    PositiveConcentration_mM,
    Temperature_K,
    Voltage_mV,
)
from vclamp.physics.block import hill_unblocked
from vclamp.physics.thermo import q10_factor

Array = NDArray[np.float64]

# The voltages over which every formula must be finite; tables are made on this grid.
GRID_mV: Array = np.linspace(-250.0, 250.0, 2501)
GRID_mV.setflags(write=False)
MAX_RATE_PER_MS = 1e6


@dataclass(frozen=True)
class Gate:
    """An independent two-state gate, by its rates or by its steady state and time constant."""

    name: Name
    power: GatePower = 1
    alpha_per_ms: str | None = None
    beta_per_ms: str | None = None
    inf: str | None = None
    tau_ms: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.name):
            raise VClampError(
                f"gate name '{self.name}' cannot name a trace",
                remedy="Use letters, digits and _.",
            )
        rates = (self.alpha_per_ms is not None, self.beta_per_ms is not None)
        relaxation = (self.inf is not None, self.tau_ms is not None)
        if (rates, relaxation) not in (((True, True), (False, False)), ((False, False), (True, True))):
            raise VClampError(
                f"gate '{self.name}' needs two formulas",
                remedy="Give alpha_per_ms and beta_per_ms, or inf and tau_ms.",
            )
        self._check_on_grid()

    def relaxation(self, v_mV: Array) -> tuple[Array, Array]:
        """Steady state (0…1) and time constant (ms) at the voltages, without temperature."""
        if self.inf is not None and self.tau_ms is not None:
            return Formula(self.inf)(v_mV), Formula(self.tau_ms)(v_mV)
        assert self.alpha_per_ms is not None
        assert self.beta_per_ms is not None
        alpha, beta = Formula(self.alpha_per_ms)(v_mV), Formula(self.beta_per_ms)(v_mV)
        with np.errstate(all="ignore"):
            return alpha / (alpha + beta), 1.0 / (alpha + beta)

    def _check_on_grid(self) -> None:
        for key in ("alpha_per_ms", "beta_per_ms", "inf", "tau_ms"):
            text = getattr(self, key)
            if text is not None:
                self._check_formula(key, text)
        inf, tau = self.relaxation(GRID_mV)
        bad = ~(np.isfinite(inf) & np.isfinite(tau) & (tau > 0) & (inf <= 1))
        if bad.any():
            raise VClampError(
                f"gate '{self.name}' has no steady state in 0…1 at {GRID_mV[bad][0]:g} mV",
                remedy="At every voltage one of its rates must be above 0.",
            )

    def _check_formula(self, key: str, text: str) -> None:
        try:
            values = Formula(text)(GRID_mV)
        except VClampError as error:
            raise VClampError(f"{key} of gate '{self.name}': {error.what}", remedy=error.remedy) from None
        bad = ~np.isfinite(values) | (values < 0)
        if bad.any():
            kind = "not finite" if not np.isfinite(values[bad][0]) else "negative"
            raise VClampError(
                f"{key} of gate '{self.name}' is {kind} at {GRID_mV[bad][0]:g} mV",
                remedy="It must be finite and not negative from -250 to 250 mV; write x/(1-exp(-x)) as linoid(x).",
            )
        if key.endswith("per_ms") and values.max() > MAX_RATE_PER_MS:
            raise VClampError(
                f"{key} of gate '{self.name}' reaches {values.max():.3g}/ms",
                remedy=f"Rates above {MAX_RATE_PER_MS:g}/ms are not physical.",
            )


@dataclass(frozen=True)
class OhmicPore:
    """I = g (V − E); E follows the solutions unless it is fixed here."""

    type: Literal["ohmic"] = "ohmic"
    e_mV: Voltage_mV | None = None


@dataclass(frozen=True)
class Blocker:
    """A drug that leaves 1/(1 + (c/IC50)^n) of the conductance."""

    drug: Name
    ic50_mM: PositiveConcentration_mM
    side: Literal["out", "in"] = "out"
    hill: HillCoefficient = 1.0

    def unblocked(self, solutions: Solutions) -> float:
        """Fraction of the conductance left at the drug's present concentration."""
        concentration = solutions.drug_mM(self.drug, self.side)
        return float(hill_unblocked(concentration, self.ic50_mM, self.hill))


@dataclass(frozen=True)
class Channel:
    """All channels of one kind in the cell's membrane.

    `g_nS` is their conductance when every one is open; `temperature_K` is the temperature
    the rates were measured at.
    """

    name: Name
    g_nS: Conductance_nS
    ion: Name | None = None
    pore: OhmicPore = OhmicPore()
    gates: tuple[Gate, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    on: bool = True
    q10: Q10 = 1.0
    temperature_K: Temperature_K = 295.15
    label: Name | None = None
    source: Note = ""
    note: Note = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise VClampError(
                f"channel name '{self.name}' cannot name a trace",
                remedy="Use lower-case letters, digits and _; put the long name in label.",
            )
        if self.ion is None and self.pore.e_mV is None:
            raise VClampError(
                f"channel '{self.name}' has no reversal potential",
                remedy="Give it an ion, or pore.e_mV.",
            )
        gate_names = [gate.name for gate in self.gates]
        if len(set(gate_names)) < len(gate_names):
            raise VClampError(f"channel '{self.name}' has two gates of one name", remedy="Rename one.")

    @property
    def title(self) -> str:
        """The name to show to people."""
        return self.label or self.name

    def reversal_mV(self, solutions: Solutions) -> float:
        """The potential at which its current is zero, in these solutions."""
        if self.pore.e_mV is not None:
            return self.pore.e_mV
        assert self.ion is not None
        return solutions.reversal_mV(self.ion)

    def unblocked(self, solutions: Solutions) -> float:
        """Fraction of the conductance that its blockers, at independent sites, leave."""
        return float(np.prod([block.unblocked(solutions) for block in self.blockers]))

    def open_current_pA(self, v_mV: Array, solutions: Solutions) -> Array:
        """Current at the voltages if every channel were open, blockers included."""
        g_nS = self.g_nS * self.unblocked(solutions) * self.on
        return np.asarray(g_nS * (v_mV - self.reversal_mV(solutions)))

    def rate_factor(self, solutions: Solutions) -> float:
        """By how much temperature speeds its gates."""
        return q10_factor(self.q10, solutions.temperature_K, self.temperature_K)
