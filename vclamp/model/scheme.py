"""All states of a channel: its gating's, and those in which a slow blocker sits in the pore."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vclamp.model.blockers import KineticBlocker
from vclamp.model.gating import Gate, Gating
from vclamp.model.ions import Solutions
from vclamp.model.quantities import Array
from vclamp.physics.schemes import product_scheme, subunit_chain
from vclamp.physics.thermo import q10_factor


@dataclass(frozen=True)
class Scheme:
    """A gating (or independent gates, or none) with slow blockers on its open states.

    A blocker adds one blocked state for each open one; a trapped blocker one for every state,
    for the channel then gates around it. Blocked states come last.
    """

    gating: Gating | None
    gates: tuple[Gate, ...]
    blockers: tuple[KineticBlocker, ...]
    q10: float
    temperature_K: float

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Names of all states, in the order of the rates."""
        free, is_open = self._free_states, self._free_open
        blocked = [
            f"{state}_{blocker.drug}"
            for blocker in self.blockers
            for state, conducts in zip(free, is_open, strict=True)
            if conducts or blocker.trapped
        ]
        return (*free, *blocked)

    @cached_property
    def is_open(self) -> tuple[bool, ...]:
        """Which states conduct."""
        return (*self._free_open, *(False for _ in self.states[len(self._free_open) :]))

    @cached_property
    def charges_e(self) -> tuple[float, ...]:
        """Gating charge of each state; none is known of independent gates."""
        free = self.gating.charges_e if self.gating is not None else tuple(0.0 for _ in self._free_states)
        blocked = [
            charge
            for blocker in self.blockers
            for charge, conducts in zip(free, self._free_open, strict=True)
            if conducts or blocker.trapped
        ]
        return (*free, *blocked)

    def rates_per_ms(self, v_mV: Array, solutions: Solutions) -> Array:
        """Rates i → j at the voltages, (n, states, states), at the solutions' temperature and drugs."""
        free = self._free_rates_per_ms(v_mV, solutions)
        n = free.shape[1]
        rates = np.zeros((v_mV.size, len(self.states), len(self.states)))
        rates[:, :n, :n] = free
        last = n
        for blocker in self.blockers:
            where = [k for k in range(n) if self._free_open[k] or blocker.trapped]
            block = slice(last, last + len(where))
            if blocker.trapped:
                rates[:, block, block] = free
            on, off = blocker.rates_per_ms(v_mV, solutions)
            for blocked, k in enumerate(where, last):
                if self._free_open[k]:
                    rates[:, k, blocked], rates[:, blocked, k] = on, off
            last += len(where)
        return rates

    @cached_property
    def _free_states(self) -> tuple[str, ...]:
        if self.gating is not None:
            return self.gating.states
        names = [""]
        for gate in self.gates:
            names = [f"{name}{gate.name}{k}" for name in names for k in range(gate.power + 1)]
        return tuple(names) if self.gates else ("O",)

    @cached_property
    def _free_open(self) -> tuple[bool, ...]:
        if self.gating is not None:
            return self.gating.is_open
        return tuple(state == self._free_states[-1] for state in self._free_states)

    def _free_rates_per_ms(self, v_mV: Array, solutions: Solutions) -> Array:
        kelvin = solutions.temperature_K
        if self.gating is not None:
            return self.gating.rates_per_ms(v_mV, kelvin) * q10_factor(self.q10, kelvin, self.temperature_K)
        chains = []
        for gate in self.gates:
            alpha, beta = gate.rates_per_ms(v_mV, kelvin)
            q10 = self.q10 if gate.q10 is None else gate.q10
            chains.append(subunit_chain(alpha, beta, gate.power) * q10_factor(q10, kelvin, self.temperature_K))
        return product_scheme(chains) if chains else np.zeros((v_mV.size, 1, 1))
