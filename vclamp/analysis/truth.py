"""The true values beside what is measured: a simulator knows them, and shows what an instrument makes of them."""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite, nan, prod

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.models import fit_gv, fit_h_inf
from vclamp.model.blockers import AnyBlocker, Blocker, KineticBlocker, WoodhullBlocker
from vclamp.model.channel import Channel
from vclamp.model.gating import Gate, Markov, TwoState
from vclamp.model.ions import Solutions
from vclamp.model.rig import Rig
from vclamp.model.scheme import Scheme
from vclamp.physics.schemes import stationary

Array = NDArray[np.float64]

TOTALS = ("i_pA", "i_membrane_pA")  # traces of all channels at once
GRID_mV: Array = np.linspace(-250.0, 250.0, 501)
STILL_RISING = 0.01  # of the largest open probability, in the grid's last 10 mV: then it has no midpoint
FALLS = 1e-6  # by which an open probability may fall and still count as one that only rises
CONSTANT = 0.01  # relative spread up to which an open channel counts as ohmic
NEAR_ZERO = 0.02  # steady state below which n independent gates close n times faster than each


def channel_of(rig: Rig, trace: str) -> Channel | None:
    """The channel that a trace is about: the one it names; of the total current the only gated one that is on."""
    for channel in rig.cell.channels:
        if trace in (f"i_{channel.name}_pA", f"p_open_{channel.name}", f"i_gating_{channel.name}_pA"):
            return channel
    gated = [channel for channel in rig.cell.channels if channel.is_gated and channel.on]
    return gated[0] if len(gated) == 1 and trace in TOTALS else None


# ---- gating


def steady_p_open(channel: Channel, solutions: Solutions, v_mV: Array) -> Array:
    """Open probability in the steady state, with inactivation and slow blockers; 1 of a channel without gates."""
    if channel.scheme is None:
        return _gates(channel.gates, solutions, v_mV)
    return _scheme(channel.scheme, solutions, v_mV)


def activation(channel: Channel, solutions: Solutions, v_mV: Array) -> Array:
    """Open probability in the steady state without inactivation and blockers.

    Of independent gates the product of those that open the channel. Of a scheme its open probability, but
    NaN if that rises and falls with the voltage, for then activation is not a curve of its own.
    """
    if channel.gating is None:
        opening, _ = activating_and_not(channel)
        return _gates(opening, solutions, v_mV)
    grid = _activation_on_grid(channel, solutions)
    if not np.isfinite(grid).all():
        return np.full(v_mV.shape, nan)
    return _scheme(_unblocked_scheme(channel), solutions, v_mV)


def inactivation(channel: Channel, solutions: Solutions, v_mV: Array) -> Array:
    """Share of a channel's independent inactivation gates that is open in the steady state; NaN if it has none."""
    _, closing = activating_and_not(channel)
    return _gates(closing, solutions, v_mV) if closing else np.full(v_mV.shape, nan)


def activating_and_not(channel: Channel) -> tuple[tuple[Gate, ...], tuple[Gate, ...]]:
    """Independent gates that open the channel, and those that inactivate it.

    If some rise and some fall with the voltage, those that fall inactivate; if all go one way, none does.
    """
    ends = np.array([GRID_mV[0], GRID_mV[-1]])
    rising = tuple(g for g in channel.gates if np.diff(g.relaxation(ends)[0])[0] > 0.0)
    falling = tuple(g for g in channel.gates if g not in rising)
    return (rising, falling) if rising and falling else (channel.gates, ())


def midpoint_mV(p: Array, v_mV: Array = GRID_mV) -> float:
    """Voltage at which a curve that only rises, or only falls, is half its largest value; NaN if it has none."""
    largest = float(np.max(p)) if np.isfinite(p).all() else nan
    if not largest > 0.0:
        return nan
    top = p[-1] - p[-11], p[0] - p[10]
    steps = np.diff(p)
    monotone = (steps > -FALLS * largest).all() or (steps < FALLS * largest).all()
    if not monotone or max(top) > STILL_RISING * largest or float(np.min(p)) > 0.5 * largest:
        return nan
    order = np.argsort(p, kind="stable")
    return float(np.interp(0.5 * largest, p[order], v_mV[order]))


def boltzmann_truth(channel: Channel | None, solutions: Solutions, v_mV: Array) -> Mapping[str, float]:
    """What a fit of a Boltzmann curve to the conductance is to find: v_half_mV, z_e, g_max_nS, g_nS, e_rev_mV.

    Of one two-state particle V½ and z are its own. Of any other gating V½ is where the steady open probability
    (without inactivation) is half its largest value, and z the apparent charge of the best single Boltzmann
    curve through it, unweighted, at the voltages `v_mV`: for four independent sensors a third of their charge.
    g_max is the conductance of the ohmic pore times the largest open probability; NaN of other pores.
    """
    if channel is None:
        return {}
    truth = {"e_rev_mV": channel.reversal_mV(solutions)}
    if not channel.is_gated:
        return truth
    grid = _activation_on_grid(channel, solutions)
    gating = channel.gating
    if isinstance(gating, TwoState) and gating.subunits == 1:
        truth |= {"v_half_mV": gating.half_mV(solutions.temperature_K), "z_e": gating.z_e}
    else:
        fit = fit_gv(v_mV, activation(channel, solutions, v_mV), solutions.temperature_K)
        truth |= {"v_half_mV": midpoint_mV(grid), "z_e": nan if fit.warning else fit["z_e"]}
    g_nS = open_conductance_nS(channel, solutions, v_mV) * float(np.max(grid))
    return truth | {"g_max_nS": g_nS, "g_nS": g_nS}


def availability_truth(channel: Channel | None, solutions: Solutions, v_mV: Array) -> Mapping[str, float]:
    """What a fit of steady-state inactivation is to find: v_half_mV, k_mV, pedestal.

    V½ is where the product of the inactivation gates is half open; k and the pedestal are those of the best
    curve of that form through it at the voltages `v_mV`.
    """
    if channel is None or not activating_and_not(channel)[1]:
        return {}
    fit = fit_h_inf(v_mV, inactivation(channel, solutions, v_mV))
    truth = {} if fit.warning else {name: fit[name] for name in fit.names}
    return truth | {"v_half_mV": midpoint_mV(inactivation(channel, solutions, GRID_mV))}


def tau_ms(channel: Channel | None, solutions: Solutions, v_mV: Array, *, closing: bool) -> Array:
    """Time constant of a channel with one kind of activation gate and no inactivation; NaN of any other.

    It is that of the gate, at which n gates together approach their open state. Where fewer than one in
    fifty gates stays open, the current of n gates falls n times faster (`closing`), and elsewhere not in
    one exponential: NaN.
    """
    none = np.full(v_mV.shape, nan)
    if channel is None:
        return none
    kelvin, gating = solutions.temperature_K, channel.gating
    if isinstance(gating, TwoState):
        rates = gating.rates_per_ms(v_mV, kelvin) * channel.rate_factor(solutions)
        opening, power = rates[:, 0, 1] / gating.subunits, gating.subunits
        tau = 1.0 / (opening + rates[:, 1, 0])
        steady = opening * tau
    elif gating is None and len(channel.gates) == 1:
        (gate,) = channel.gates
        steady, tau = gate.relaxation(v_mV, kelvin)
        tau, power = tau / channel.rate_factor(solutions, gate), gate.power
    else:
        return none
    if not closing or power == 1:
        return np.asarray(tau)
    return np.where(steady < NEAR_ZERO, tau / power, nan)


@lru_cache(maxsize=64)
def _activation_on_grid(channel: Channel, solutions: Solutions) -> Array:
    """`activation` at GRID_mV, read-only."""
    if channel.gating is None:
        p = activation(channel, solutions, GRID_mV)
    else:
        p = _scheme(_unblocked_scheme(channel), solutions, GRID_mV)
        steps = np.diff(p)
        if isinstance(channel.gating, Markov) and min(-steps.min(), steps.max()) > FALLS * float(p.max()):
            p = np.full(p.shape, nan)
    p.setflags(write=False)
    return p


def _unblocked_scheme(channel: Channel) -> Scheme:
    return Scheme(channel.gating, channel.gates, (), channel.q10, channel.temperature_K)


def _scheme(scheme: Scheme, solutions: Solutions, v_mV: Array) -> Array:
    occupied = stationary(scheme.rates_per_ms(v_mV, solutions))
    return np.asarray(occupied[:, np.array(scheme.is_open)].sum(axis=1))


def _gates(gates: tuple[Gate, ...], solutions: Solutions, v_mV: Array) -> Array:
    kelvin = solutions.temperature_K
    return np.asarray(prod((g.relaxation(v_mV, kelvin)[0] ** g.power for g in gates), start=np.ones(v_mV.shape)))


# ---- pores and cells


def open_conductance_nS(channel: Channel, solutions: Solutions, v_mV: Array) -> float:
    """Conductance of all channels when open; NaN if it depends on these voltages."""
    e_mV = channel.reversal_mV(solutions)
    apart = np.abs(v_mV - e_mV) > 1.0
    if not apart.any():
        return nan
    g_nS = channel.open_current_pA(v_mV[apart], solutions) / (v_mV[apart] - e_mV)
    return float(g_nS.mean()) if np.ptp(g_nS) <= CONSTANT * abs(float(g_nS.mean())) else nan


def steady_current_pA(rig: Rig, v_mV: Array, p_open: Mapping[str, float] | None = None) -> Array:
    """Current of all channels and the pump at the voltages, in the steady state or with given open probabilities."""
    total = np.zeros(v_mV.shape)
    for channel in rig.cell.channels:
        p = steady_p_open(channel, rig.solutions, v_mV) if p_open is None else p_open.get(channel.name, 1.0)
        total += p * channel.open_current_pA(v_mV, rig.solutions)
    if rig.cell.pump is not None:
        total += rig.cell.pump.current_pA(v_mV, rig.solutions)
    return total


def reversal_mV(rig: Rig, trace: str, p_open: Mapping[str, float] | None = None) -> float:
    """Where a trace's current changes from inward to outward: of its channel, or of all at once.

    With `p_open` the channels stay as open as they are, as at the start of a tail; else each is in its
    steady state at every voltage. NaN if the current crosses zero nowhere or more than once.
    """
    for channel in rig.cell.channels:
        if trace == f"i_{channel.name}_pA":
            return channel.reversal_mV(rig.solutions)
    if trace not in TOTALS:
        return nan
    return zero_crossing_mV(GRID_mV, steady_current_pA(rig, GRID_mV, p_open))


def zero_crossing_mV(v_mV: Array, i_pA: Array) -> float:
    """The one voltage at which points, in any order, change from below to above zero, between two of them; else NaN."""
    order = np.argsort(v_mV, kind="stable")
    v_mV, i_pA = v_mV[order], i_pA[order]
    rises = np.flatnonzero((i_pA[:-1] < 0.0) & (i_pA[1:] >= 0.0))
    if rises.size != 1:
        return nan
    k = int(rises[0])
    return float(v_mV[k] - i_pA[k] * (v_mV[k + 1] - v_mV[k]) / (i_pA[k + 1] - i_pA[k]))


def woodhull_truth(channel: Channel | None, drug: str) -> Mapping[str, float]:
    """K_d at 0 mV and zδ of a charged blocker, positive from inside, as `fit_woodhull` finds them: kd_mM, z_delta."""
    blocker = _only_blocker(channel, drug)
    inward = 1.0 if blocker is not None and blocker.side == "in" else -1.0
    if isinstance(blocker, WoodhullBlocker) and blocker.follows == "v" and not blocker.minor_fraction:
        return {"kd_mM": blocker.kd_mM, "z_delta": inward * blocker.z_delta}
    if isinstance(blocker, KineticBlocker) and not blocker.escape_per_ms:
        return {"kd_mM": blocker.half_mM, "z_delta": inward * (blocker.z_on + blocker.z_off)}
    return {}


def dose_truth(channel: Channel | None, solutions: Solutions, drug: str, v_mV: float) -> Mapping[str, float]:
    """Concentration that halves the current at a voltage, and the Hill coefficient: ic50_mM, hill.

    For a drug on a site of its own; of a blocker with rates in the steady state of the open channel. A drug that
    binds in two ways has no Hill curve.
    """
    blocker = _only_blocker(channel, drug)
    if channel is None or blocker is None:
        return {}
    if isinstance(blocker, Blocker):
        return {"ic50_mM": blocker.ic50_mM, "hill": blocker.hill}
    c_mM = solutions.drug_mM(drug, blocker.side)
    if c_mM == 0.0 or (isinstance(blocker, WoodhullBlocker) and blocker.minor_fraction):
        return {}
    odds = float(blocker.odds(np.array([v_mV]), solutions, channel.ion)[0])
    return {"ic50_mM": c_mM / odds, "hill": 1.0} if odds > 0.0 and isfinite(odds) else {}


def _only_blocker(channel: Channel | None, drug: str) -> AnyBlocker | None:
    """The way in which a drug blocks a channel; None if there is none, or more than one."""
    found = [blocker for blocker in channel.blockers if blocker.drug == drug] if channel is not None else []
    return found[0] if len(found) == 1 else None
