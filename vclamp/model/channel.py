"""A channel: gating × pore × blockers."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from math import nan

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.blockers import AnyBlocker, KineticBlocker, WoodhullBlocker, unblocked
from vclamp.model.gating import Gate, Gating, GRID_mV
from vclamp.model.ions import Solutions
from vclamp.model.pores import Currents, OhmicPore, Pore
from vclamp.model.quantities import (
    Q10,
    Array,
    ChannelCount,
    Conductance_nS,
    Name,
    Note,
    Permeability_cm3_per_s,
    Temperature_K,
)
from vclamp.model.scheme import Scheme
from vclamp.physics.thermo import q10_factor


@dataclass(frozen=True)
class Channel:
    """All channels of one kind in the cell's membrane.

    How much there is of it is said in the unit of its pore: `g_nS`, the conductance when every
    one is open (ohmic); `p_cm3_per_s`, the permeability times the area (ghk, energies,
    field-strength); `n_channels`, their number (single-file, knock-on). A number of channels
    beside g_nS gives the size of the gating current. `temperature_K` is the temperature the
    rates, and the amount, were measured at.
    """

    name: Name
    g_nS: Conductance_nS | None = None
    p_cm3_per_s: Permeability_cm3_per_s | None = None
    n_channels: ChannelCount | None = None
    ion: Name | None = None
    pore: Pore = field(default_factory=OhmicPore)
    gates: tuple[Gate, ...] = ()
    gating: Gating | None = None
    blockers: tuple[AnyBlocker, ...] = ()
    on: bool = True
    q10: Q10 = 1.0
    amount_q10: Q10 = 1.0
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
        if isinstance(self.pore, OhmicPore) and self.ion is None and self.pore.e_mV is None:
            raise VClampError(
                f"channel '{self.name}' has no reversal potential", remedy="Give it an ion, or pore.e_mV."
            )
        if not isinstance(self.pore, OhmicPore) and not self.pore.ions(self.ion):
            raise VClampError(f"channel '{self.name}' names no ion", remedy="Say which one its pore lets through.")
        if isinstance(self.pore, OhmicPore) and self.ion is None and self.pore.out_exponent:
            raise VClampError(
                f"the conductance of channel '{self.name}' grows with an ion that it does not name",
                remedy="Name the channel's ion, or leave out pore.out_exponent.",
            )
        for blocker in self.blockers:
            if isinstance(blocker, WoodhullBlocker) and blocker.follows != "v" and self.ion is None:
                raise VClampError(f"blocker {blocker.drug} follows an ion", remedy="Name the channel's ion.")
        if getattr(self, self.pore.AMOUNT) is None:
            raise VClampError(
                f"channel '{self.name}' does not say how much there is of it",
                remedy=f"Give {self.pore.AMOUNT}, which belongs to the {self.pore.type} pore.",
            )
        if self.gates and self.gating is not None:
            raise VClampError(f"channel '{self.name}' has gates and a gating scheme", remedy="Keep one of them.")
        gate_names = [gate.name for gate in self.gates]
        if len(set(gate_names)) < len(gate_names):
            raise VClampError(f"channel '{self.name}' has two gates of one name", remedy="Rename one.")

    @property
    def title(self) -> str:
        """The name to show to people."""
        return self.label or self.name

    @property
    def amount(self) -> float:
        """How much there is of it, in the unit of its pore."""
        return float(getattr(self, self.pore.AMOUNT))

    @property
    def is_gated(self) -> bool:
        """Whether its open probability can change."""
        return bool(self.gates) or self.scheme is not None

    @cached_property
    def scheme(self) -> Scheme | None:
        """Its states, if it is not gated by independent gates alone."""
        slow = any(isinstance(blocker, KineticBlocker) and not blocker.fast for blocker in self.blockers)
        return self.all_states if self.gating is not None or slow else None

    @cached_property
    def all_states(self) -> Scheme:
        """Its states, also those that independent gates make together."""
        slow = tuple(blocker for blocker in self.blockers if isinstance(blocker, KineticBlocker) and not blocker.fast)
        return Scheme(self.gating, self.gates, slow, self.q10, self.temperature_K)

    @property
    def ions(self) -> tuple[str, ...]:
        """Names of the ions that its pore needs in the solutions."""
        return self.pore.ions(self.ion)

    def check(self, solutions: Solutions) -> None:
        """Raise a VClampError if the solutions lack what its current needs."""
        for name in self.ions:
            solutions.ion(name)
        if isinstance(self.pore, OhmicPore):
            self.reversal_mV(solutions)
        for blocker in self.blockers:
            if isinstance(blocker, WoodhullBlocker) and self.ion is not None:
                blocker.check(solutions, self.ion)

    def reversal_mV(self, solutions: Solutions) -> float:
        """The potential at which its current is zero, in these solutions; NaN if there is none.

        Raises
        ------
        VClampError
            If an ohmic pore needs one and its ion is missing on a side, as in no rig.
        """
        if isinstance(self.pore, OhmicPore) and self.pore.e_mV is not None:
            return self.pore.e_mV
        if self.ion is None or self.ions != (self.ion,):
            return _zero_mV(self, solutions)
        ion = solutions.ion(self.ion)
        there = isinstance(self.pore, OhmicPore) or min(ion.out_mM, ion.in_mM) > 0.0
        return solutions.reversal_mV(self.ion) if there else nan

    def unblocked(self, v_mV: Array, solutions: Solutions) -> Array:
        """Fraction of the current at the voltages that its fast blockers leave."""
        return unblocked(self.blockers, v_mV, solutions, self.ion)

    def ion_currents_pA(self, v_mV: Array, solutions: Solutions) -> Currents:
        """Current of each ion at the voltages if every channel were open, fast blockers included."""
        amount = self.amount * self.on * q10_factor(self.amount_q10, solutions.temperature_K, self.temperature_K)
        left = self.unblocked(v_mV, solutions)
        return {name: left * i for name, i in self.pore.currents_pA(v_mV, solutions, self.ion, amount).items()}

    def open_current_pA(self, v_mV: Array, solutions: Solutions) -> Array:
        """Current at the voltages if every channel were open, fast blockers included."""
        return np.asarray(sum(self.ion_currents_pA(v_mV, solutions).values()))

    def rate_factor(self, solutions: Solutions, gate: Gate | None = None) -> float:
        """By how much temperature speeds its gates, or one of them."""
        q10 = self.q10 if gate is None or gate.q10 is None else gate.q10
        return q10_factor(q10, solutions.temperature_K, self.temperature_K)


def _zero_mV(channel: Channel, solutions: Solutions) -> float:
    """Where the current of all its ions crosses zero, by narrowing a bracket; NaN if nowhere."""
    v_mV = GRID_mV[::50]
    for _ in range(4):
        current = np.sum(list(channel.pore.currents_pA(v_mV, solutions, channel.ion, 1.0).values()), axis=0)
        crossing = np.flatnonzero((current[:-1] < 0) & (current[1:] >= 0))
        if not crossing.size:
            return nan
        a, b = crossing[0], crossing[0] + 1
        root = v_mV[a] - current[a] * (v_mV[b] - v_mV[a]) / (current[b] - current[a])
        v_mV = np.linspace(v_mV[a], v_mV[b], 21)
    return float(root)
