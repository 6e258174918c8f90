"""What a channel does at every voltage: steady states, time constants, rates, gating charge, current of the pore."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.truth import steady_p_open
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.gating import MAX_STATES
from vclamp.model.ions import Solutions
from vclamp.model.scheme import Scheme
from vclamp.physics.schemes import stationary

Array = NDArray[np.float64]

V_mV: Array = np.linspace(-150.0, 100.0, 126)
V_mV.setflags(write=False)
MOST_TIMES = 3  # time constants of a scheme that are told, the slowest
NEVER_ms = 1e9


@dataclass(frozen=True, eq=False)
class GateCurve:
    """One independent gate at some voltages: open share (0…1), time constant and rates at the temperature of now."""

    name: str
    power: int
    inf: Array
    tau_ms: Array
    alpha_per_ms: Array
    beta_per_ms: Array


@dataclass(frozen=True)
class Edge:
    """The way between two states, by their numbers, and its rates (1/ms) at a voltage."""

    a: int
    b: int
    forward_per_ms: float
    backward_per_ms: float


@dataclass(frozen=True, eq=False)
class SchemeAt:
    """A scheme at one voltage: its states, the ways between them, and the share of channels in each state at rest."""

    states: tuple[str, ...]
    is_open: tuple[bool, ...]
    charges_e: tuple[float, ...]
    edges: tuple[Edge, ...]
    occupied: Array


@dataclass(frozen=True, eq=False)
class PoreCurve:
    """Current of the open pore at some voltages, with its fast blockers and without; of one channel or of all."""

    blocked_pA: Array
    free_pA: Array
    of_one: bool


def gate_curves(channel: Channel, solutions: Solutions, v_mV: Array = V_mV) -> tuple[GateCurve, ...]:
    """Independent gates, with Q10."""
    found = []
    for gate in channel.gates:
        inf, tau_ms = gate.relaxation(v_mV, solutions.temperature_K)
        tau_ms = tau_ms / channel.rate_factor(solutions, gate)
        found.append(GateCurve(gate.name, gate.power, inf, tau_ms, inf / tau_ms, (1.0 - inf) / tau_ms))
    return tuple(found)


def open_curve(channel: Channel, solutions: Solutions, v_mV: Array = V_mV) -> Array:
    """Open probability in the steady state."""
    return steady_p_open(channel, solutions, v_mV)


def scheme_of(channel: Channel) -> Scheme | None:
    """The states of a channel, those of independent gates included; None if it has one state, or too many to draw."""
    scheme = channel.all_states
    return scheme if 1 < len(scheme.states) <= MAX_STATES else None


def time_constants_ms(scheme: Scheme, solutions: Solutions, v_mV: Array = V_mV) -> Array:
    """The slowest time constants −1/λ of a scheme, shape (n, at most 3), slowest first; NaN where one never ends.

    Source: D. Colquhoun & A. G. Hawkes 1977, Proc R Soc Lond B 199:231.
    """
    rates = scheme.rates_per_ms(v_mV, solutions)
    generator = rates - np.eye(rates.shape[1]) * rates.sum(axis=2)[:, :, None]
    slowest = np.sort(-np.linalg.eigvals(generator).real, axis=1)[:, 1 : 1 + MOST_TIMES]  # the first one is 0
    return np.where(slowest * NEVER_ms > 1.0, 1.0 / np.maximum(slowest, 1.0 / NEVER_ms), np.nan)


def charge_e(scheme: Scheme, solutions: Solutions, v_mV: Array = V_mV) -> Array:
    """Gating charge of a channel in the steady state, above that of its first state."""
    occupied = stationary(scheme.rates_per_ms(v_mV, solutions))
    return np.asarray(occupied @ np.array(scheme.charges_e))


def scheme_at(scheme: Scheme, solutions: Solutions, v_mV: float) -> SchemeAt:
    """States, rates and occupancies at one voltage."""
    some = np.array([v_mV, V_mV[0], 0.0, V_mV[-1]])
    rates = scheme.rates_per_ms(some, solutions)
    joined = (rates + rates.swapaxes(1, 2)).max(axis=0) > 0.0
    pairs = [(int(a), int(b)) for a, b in zip(*np.nonzero(np.triu(joined, 1)), strict=True)]
    edges = tuple(Edge(a, b, float(rates[0, a, b]), float(rates[0, b, a])) for a, b in pairs)
    return SchemeAt(scheme.states, scheme.is_open, scheme.charges_e, edges, stationary(rates[:1])[0])


def pore_curve(channel: Channel, solutions: Solutions, v_mV: Array = V_mV) -> PoreCurve:
    """Current of the open pore, of one channel where their number is known; NaN where there is none."""
    number = channel.n_channels or 0
    try:
        blocked = channel.open_current_pA(v_mV, solutions) / max(number, 1)
        left = channel.unblocked(v_mV, solutions)
    except VClampError:  # of its ion there is none on one side
        nothing = np.full(v_mV.shape, np.nan)
        return PoreCurve(nothing, nothing, bool(number))
    return PoreCurve(blocked, blocked / np.maximum(left, 1e-300), bool(number))
