"""Gating: independent gates, and schemes of states with rates between them.

A scheme (two-state subunits, MWC, any Markov scheme) has `states`, `is_open`, `charges_e`
and `rates_per_ms`; everything the engine and the scopes need follows from these.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval, Len
from pydantic import Field

from vclamp.errors import VClampError
from vclamp.model.formula import Formula
from vclamp.model.quantities import (
    Q10,
    Array,
    Charge_e,
    Energy_kJ_per_mol,
    Energy_RT,
    Entropy_J_per_mol_K,
    Fraction,
    GatePower,
    Name,
    PositiveRate_per_ms,
    Voltage_mV,
)
from vclamp.physics import gating as law
from vclamp.physics import schemes
from vclamp.units import kelvin

# The voltages over which every formula must be finite; tables are made on this grid.
GRID_mV: Array = np.linspace(-250.0, 250.0, 2501)
GRID_mV.setflags(write=False)
MAX_RATE_PER_MS = 1e12
FASTEST_PER_MS = 1e6  # of a scheme: what is faster is at equilibrium anyway
MAX_STATES = 32
_COARSE_mV = GRID_mV[::25]
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_USUAL_K = kelvin(22.0)


@dataclass(frozen=True)
class Gate:
    """An independent two-state gate, by its rates or by its steady state and time constant.

    `q10` overrides the channel's.
    """

    name: Name
    power: GatePower = 1
    alpha_per_ms: str | None = None
    beta_per_ms: str | None = None
    inf: str | None = None
    tau_ms: str | None = None
    q10: Q10 | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "gate")
        rates = (self.alpha_per_ms is not None, self.beta_per_ms is not None)
        relaxation = (self.inf is not None, self.tau_ms is not None)
        if (rates, relaxation) not in (((True, True), (False, False)), ((False, False), (True, True))):
            raise VClampError(
                f"gate '{self.name}' needs two formulas",
                remedy="Give alpha_per_ms and beta_per_ms, or inf and tau_ms.",
            )
        _check_on_grid(self)

    def relaxation(self, v_mV: Array, temperature_K: float = _USUAL_K) -> tuple[Array, Array]:
        """Steady state (0…1) and time constant (ms) at the voltages, before any Q10."""
        if self.inf is not None and self.tau_ms is not None:
            return Formula(self.inf)(v_mV, temperature_K), Formula(self.tau_ms)(v_mV, temperature_K)
        assert self.alpha_per_ms is not None
        assert self.beta_per_ms is not None
        alpha = Formula(self.alpha_per_ms)(v_mV, temperature_K)
        beta = Formula(self.beta_per_ms)(v_mV, temperature_K)
        with np.errstate(all="ignore"):
            return alpha / (alpha + beta), 1.0 / (alpha + beta)

    def rates_per_ms(self, v_mV: Array, temperature_K: float) -> tuple[Array, Array]:
        """Opening and closing rate at the voltages, before any Q10."""
        inf, tau_ms = self.relaxation(v_mV, temperature_K)
        return inf / tau_ms, (1.0 - inf) / tau_ms


@lru_cache(maxsize=512)
def _check_on_grid(gate: Gate) -> None:
    """Refuse a gate without a steady state; every edit of a cell checks all its gates again."""
    for key in ("alpha_per_ms", "beta_per_ms", "inf", "tau_ms"):
        text = getattr(gate, key)
        if text is not None:
            check_formula(text, f"{key} of gate '{gate.name}'", rate=key.endswith("per_ms"))
    inf, tau = gate.relaxation(GRID_mV)
    bad = ~(np.isfinite(inf) & np.isfinite(tau) & (tau > 0) & (inf <= 1))
    if bad.any():
        raise VClampError(
            f"gate '{gate.name}' has no steady state in 0…1 at {GRID_mV[bad][0]:g} mV",
            remedy="At every voltage one of its rates must be above 0.",
        )


@dataclass(frozen=True)
class TwoState:
    """Identical subunits, each moving the gating charge z_e when it activates; all must, to open.

    P = 1/(1 + exp(−zF(V − V½)/RT)) a subunit; z below 0 opens on hyperpolarisation. V½ is
    given, or follows from enthalpy and entropy: (ΔH − TΔS)/(zF).
    """

    z_e: Charge_e
    k0_per_ms: PositiveRate_per_ms
    v_half_mV: Voltage_mV | None = None
    dh_kJ_per_mol: Energy_kJ_per_mol | None = None
    ds_J_per_mol_K: Entropy_J_per_mol_K | None = None
    x: Fraction = 0.5
    subunits: GatePower = 1
    type: Literal["two-state"] = "two-state"

    def __post_init__(self) -> None:
        energies = (self.dh_kJ_per_mol is not None, self.ds_J_per_mol_K is not None)
        if (self.v_half_mV is not None, energies) not in ((True, (False, False)), (False, (True, True))):
            raise VClampError(
                "a two-state gating needs its half-activation voltage",
                remedy="Give v_half_mV, or dh_kJ_per_mol and ds_J_per_mol_K.",
            )
        if self.v_half_mV is None and self.z_e == 0.0:
            raise VClampError("z_e = 0 leaves no V½ to compute", remedy="Give it a charge.")

    @property
    def states(self) -> tuple[str, ...]:
        """C0 (none active) … O (all active)."""
        return (*(f"C{k}" for k in range(self.subunits)), "O")

    @property
    def is_open(self) -> tuple[bool, ...]:
        """Which states conduct."""
        return tuple(state == "O" for state in self.states)

    @property
    def charges_e(self) -> tuple[float, ...]:
        """Gating charge moved on the way to each state."""
        return tuple(k * self.z_e for k in range(self.subunits + 1))

    def half_mV(self, temperature_K: float) -> float:
        """V½ of one subunit."""
        if self.v_half_mV is not None:
            return self.v_half_mV
        assert self.dh_kJ_per_mol is not None
        assert self.ds_J_per_mol_K is not None
        return float(law.v_half_from_enthalpy_mV(self.dh_kJ_per_mol, self.ds_J_per_mol_K, self.z_e, temperature_K))

    def rates_per_ms(self, v_mV: Array, temperature_K: float) -> Array:
        """Rates i → j at the voltages, shape (n, states, states)."""
        half_mV = self.half_mV(temperature_K)
        alpha, beta = law.two_state_rates_per_ms(v_mV, self.z_e, half_mV, self.k0_per_ms, self.x, temperature_K)
        return _bounded(np.asarray(schemes.subunit_chain(alpha, beta, self.subunits)))


@dataclass(frozen=True)
class Mwc:
    """Allosteric gating: voltage sensors and a gate coupled by eps (Monod, Wyman & Changeux 1965)."""

    l0: Annotated[float, Interval(ge=1e-15, le=1e15)]
    z_j_e: Charge_e
    v_j_mV: Voltage_mV
    eps_RT: Energy_RT
    a0_per_ms: PositiveRate_per_ms
    d0_per_ms: PositiveRate_per_ms
    sensors: GatePower = 4
    z_l_e: Charge_e = 0.0
    x: Fraction = 0.5
    y: Fraction = 0.5
    f: Fraction = 0.5
    type: Literal["mwc"] = "mwc"

    @property
    def states(self) -> tuple[str, ...]:
        """C0…Cn, then O0…On, by the number of activated sensors."""
        return tuple(f"{row}{k}" for row in "CO" for k in range(self.sensors + 1))

    @property
    def is_open(self) -> tuple[bool, ...]:
        """Which states conduct."""
        return tuple(state.startswith("O") for state in self.states)

    @property
    def charges_e(self) -> tuple[float, ...]:
        """Gating charge moved on the way to each state."""
        return tuple(row * self.z_l_e + k * self.z_j_e for row in range(2) for k in range(self.sensors + 1))

    def rates_per_ms(self, v_mV: Array, temperature_K: float) -> Array:
        """Rates i → j at the voltages, shape (n, states, states)."""
        return _bounded(
            law.mwc_rates_per_ms(
                v_mV, self.sensors, self.l0, self.z_l_e, self.z_j_e, self.v_j_mV, self.eps_RT,
                self.a0_per_ms, self.d0_per_ms, self.x, self.y, self.f, temperature_K,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Transition:
    """The way from one state to another and back; going forward moves `charge_e` outward."""

    between: tuple[Name, Name]
    forward_per_ms: str
    backward_per_ms: str
    charge_e: Charge_e = 0.0


@dataclass(frozen=True)
class Markov:
    """Any scheme of states; microscopic reversibility is checked unless it is switched off."""

    states: Annotated[tuple[Name, ...], Len(1)]
    open: Annotated[tuple[Name, ...], Len(1)]
    transitions: tuple[Transition, ...] = ()
    detailed_balance: Literal["on", "off"] = "on"
    type: Literal["markov"] = "markov"

    def __post_init__(self) -> None:
        if len(self.states) > MAX_STATES:
            raise VClampError(f"the scheme has {len(self.states)} states", remedy=f"At most {MAX_STATES} are allowed.")
        for state in self.states:
            check_name(state, "state")
        if len(set(self.states)) < len(self.states):
            raise VClampError("two states have one name", remedy="Rename one of them.")
        used = [*self.open, *(state for transition in self.transitions for state in transition.between)]
        for state in used:
            if state not in self.states:
                raise VClampError(f"there is no state '{state}'", remedy=f"The states are {', '.join(self.states)}.")
        self._check_rates()
        self._check_thermodynamics()

    @property
    def is_open(self) -> tuple[bool, ...]:
        """Which states conduct."""
        return tuple(state in self.open for state in self.states)

    @property
    def charges_e(self) -> tuple[float, ...]:
        """Gating charge moved on the way to each state."""
        charges = schemes.state_charges(self._pairs, [t.charge_e for t in self.transitions], len(self.states))
        return tuple(map(float, charges))

    def rates_per_ms(self, v_mV: Array, temperature_K: float) -> Array:
        """Rates i → j at the voltages, shape (n, states, states)."""
        rates = np.zeros((v_mV.size, len(self.states), len(self.states)))
        for (i, j), transition in zip(self._pairs, self.transitions, strict=True):
            rates[:, i, j] += Formula(transition.forward_per_ms)(v_mV, temperature_K)
            rates[:, j, i] += Formula(transition.backward_per_ms)(v_mV, temperature_K)
        return _bounded(rates)

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        return [(self.states.index(a), self.states.index(b)) for a, b in (t.between for t in self.transitions)]

    def _check_rates(self) -> None:
        for transition in self.transitions:
            a, b = transition.between
            if a == b:
                raise VClampError(f"a transition leads from {a} to itself", remedy="Remove it.")
            check_formula(transition.forward_per_ms, f"forward_per_ms of {a}–{b}", rate=True)
            check_formula(transition.backward_per_ms, f"backward_per_ms of {a}–{b}", rate=True)
        if not _connected(self._pairs, len(self.states)):
            raise VClampError("some states cannot be reached from others", remedy="Connect all of them by transitions.")

    def _check_thermodynamics(self) -> None:
        try:
            _ = self.charges_e
        except ValueError:
            raise VClampError(
                "the gating charges around a cycle do not add up to zero",
                remedy="Correct charge_e: a state's charge must not depend on the way to it.",
            ) from None
        if self.detailed_balance == "off":
            return
        forward = np.array([Formula(t.forward_per_ms)(_COARSE_mV) for t in self.transitions])
        backward = np.array([Formula(t.backward_per_ms)(_COARSE_mV) for t in self.transitions])
        cycle = schemes.violated_cycle(forward.T, backward.T, self._pairs) if self.transitions else None
        if cycle is not None:
            way = " – ".join(self.states[k] for k in (*cycle, cycle[0]))
            raise VClampError(
                f"the cycle {way} violates detailed balance",
                remedy='Make the products of its rates both ways round equal, or say detailed_balance = "off".',
            )


Gating = Annotated[TwoState | Mwc | Markov, Field(discriminator="type")]
GATINGS = {"two-state": TwoState, "mwc": Mwc, "markov": Markov}


def check_name(name: str, kind: str) -> None:
    """Refuse a name that cannot stand in a trace's name."""
    if not _NAME.fullmatch(name):
        raise VClampError(f"{kind} name '{name}' cannot name a trace", remedy="Use letters, digits and _.")


def check_formula(text: str, what: str, *, rate: bool) -> None:
    """Refuse a formula that is not finite and not negative from -250 to 250 mV."""
    try:
        values = Formula(text)(GRID_mV)
    except VClampError as error:
        raise VClampError(f"{what}: {error.what}", remedy=error.remedy) from None
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        kind = "not finite" if not np.isfinite(values[bad][0]) else "negative"
        raise VClampError(
            f"{what} is {kind} at {GRID_mV[bad][0]:g} mV",
            remedy="It must be finite and not negative from -250 to 250 mV; write x/(1-exp(-x)) as linoid(x).",
        )
    if rate and values.max() > MAX_RATE_PER_MS:
        raise VClampError(
            f"{what} reaches {values.max():.3g}/ms", remedy=f"Rates above {MAX_RATE_PER_MS:g}/ms are not physical."
        )


def _bounded(rates_per_ms: Array) -> Array:
    """Rates that no voltage makes too fast to compute with; both ways are slowed alike, so equilibria stay."""
    faster = np.maximum(rates_per_ms, rates_per_ms.swapaxes(-1, -2))
    return np.asarray(rates_per_ms * np.minimum(1.0, FASTEST_PER_MS / np.maximum(faster, 1.0)))


def _connected(pairs: list[tuple[int, int]], n_states: int) -> bool:
    """Whether every state can be reached from state 0, along transitions either way."""
    reached = {0}
    while more := {b for pair in pairs for a, b in (pair, pair[::-1]) if a in reached} - reached:
        reached |= more
    return len(reached) == n_states
