"""Pores that ions pass in single file: rate theory with any number of sites and ions, and the knock-on cycle."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import comb, exp, inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.physics.schemes import stationary
from vclamp.physics.thermo import nernst_mV, thermal_voltage_mV
from vclamp.units import BOLTZMANN_J_PER_K, ELEMENTARY_C, PLANCK_J_S

Array = NDArray[np.float64]
State = tuple[int, ...]  # what each site holds, the outermost first: 0 nothing, k the k-th permeant

ELEMENTARY_pA_s = 1e12 * ELEMENTARY_C
MAX_RT = 600.0  # that an ion may fall, so that its rate is a number
MIN_DRIVE = 1e-4  # in RT/zF: nearer to its equilibrium an ion's flux ratio is as good as 1


@dataclass(frozen=True)
class Permeant:
    """An ion that enters a single-file pore, and the landscape it meets there.

    Energies are in RT against 1 M in water, the outermost first. Only differences between barriers mean
    something, for the prefactor kT/h is a convention.
    """

    z: int
    out_mM: float
    in_mM: float
    barriers_RT: tuple[float, ...]  # one more than wells
    wells_RT: tuple[float, ...]  # one a site


def eyring_per_s(temperature_K: float) -> float:
    """Prefactor kT/h of a rate over a barrier, in 1/s.

    Source: H. Eyring 1935, J Chem Phys 3:107.
    """
    return BOLTZMANN_J_PER_K * temperature_K / PLANCK_J_S


def number_of_states(n_permeants: int, n_sites: int, max_ions: int | None = None) -> int:
    """How many ways there are to fill a pore with at most `max_ions` ions."""
    most = n_sites if max_ions is None else min(max_ions, n_sites)
    return sum(comb(n_sites, ions) * n_permeants**ions for ions in range(most + 1))


def single_file_current_pA(
    v_mV: Array,
    permeants: tuple[Permeant, ...],
    temperature_K: float,
    repulsion_RT: float = 0.0,
    theta: float = 0.5,
    max_ions: int | None = None,
) -> Array:
    """Current that each ion carries through one single-file pore, in pA, outward positive.

    Equally spaced sites and barriers share the field; an ion moves only into an empty site. Ions in
    sites j < k repel each other with z_j z_k W/(k - j).

    Parameters
    ----------
    v_mV : array (...)
        Voltages.
    permeants : tuple of Permeant
        All with the same number of sites; a concentration may be 0.
    temperature_K : float
        Absolute temperature.
    repulsion_RT : float
        W, between univalent neighbours.
    theta : float
        Share of the repulsion that slows an entry; the rest speeds an exit (knock-on).
    max_ions : int, optional
        Most ions the pore holds at once; as many as sites if not given.

    Returns
    -------
    array (n_permeants, ...)

    Raises
    ------
    VClampError
        If the energies are so large that a rate is no number.

    Source: B. Hille & W. Schwarz 1978, J Gen Physiol 72:409.
    """
    _, traffic_per_s = _steady_state(v_mV, permeants, temperature_K, repulsion_RT, theta, max_ions)
    charge_pA_s = ELEMENTARY_pA_s * np.array([ion.z for ion in permeants], float)
    return np.asarray((charge_pA_s * _efflux_per_s(traffic_per_s).T).T)


def single_file_occupancy(
    v_mV: Array,
    permeants: tuple[Permeant, ...],
    temperature_K: float,
    repulsion_RT: float = 0.0,
    theta: float = 0.5,
    max_ions: int | None = None,
) -> tuple[tuple[State, ...], Array]:
    """States of a single-file pore and how likely each is, of shape (..., n_states).

    Parameters are those of `single_file_current_pA`.
    """
    occupancy, _ = _steady_state(v_mV, permeants, temperature_K, repulsion_RT, theta, max_ions)
    return _states(len(permeants), len(permeants[0].wells_RT), max_ions), occupancy


def single_file_flux_ratio_exponent(
    v_mV: Array,
    permeant: Permeant,
    temperature_K: float,
    repulsion_RT: float = 0.0,
    theta: float = 0.5,
    max_ions: int | None = None,
) -> Array:
    """Ussing's exponent n' = ln(efflux/influx)/((V - E)zF/RT) of a single-file pore, by tagging ions with their side.

    1 for a pore that holds one ion, more for a queue. Parameters are those of `single_file_current_pA`;
    both concentrations must be positive.

    Source: A. L. Hodgkin & R. D. Keynes 1955, J Physiol 128:61.
    """
    per_mV = permeant.z / thermal_voltage_mV(temperature_K)
    reversal_mV = nernst_mV(permeant.z, permeant.out_mM, permeant.in_mM, temperature_K)
    drive = (np.asarray(v_mV, float) - reversal_mV) * per_mV
    drive = np.where(np.abs(drive) < MIN_DRIVE, MIN_DRIVE, drive)
    tagged = (replace(permeant, in_mM=0.0), replace(permeant, out_mM=0.0))
    tagged_mV = np.asarray(reversal_mV + drive / per_mV)
    _, traffic_per_s = _steady_state(tagged_mV, tagged, temperature_K, repulsion_RT, theta, max_ions)
    from_outside, from_inside = _efflux_per_s(traffic_per_s)
    return np.asarray(np.log(from_inside / -from_outside) / drive)


class _Crossing(NamedTuple):
    """An ion passes a barrier inward and turns one state of the pore into another."""

    ion: int
    barrier: int
    before: int
    after: int


@cache
def _states(n_permeants: int, n_sites: int, max_ions: int | None) -> tuple[State, ...]:
    """All states, the empty one first; an ion that moves inward or leaves at the inner end lowers the index."""
    most = n_sites if max_ions is None else max_ions
    every = product(range(n_permeants + 1), repeat=n_sites)
    return tuple(state for state in every if n_sites - state.count(0) <= most)


@cache
def _crossings(n_permeants: int, n_sites: int, max_ions: int | None) -> tuple[_Crossing, ...]:
    """All ways to pass a barrier inward; each can be gone back."""
    states = _states(n_permeants, n_sites, max_ions)
    index = {state: i for i, state in enumerate(states)}
    return tuple(
        _Crossing(ion, barrier, index[state], index[after])
        for state, barrier, ion in product(states, range(n_sites + 1), range(n_permeants))
        if (after := _inward(state, barrier, ion + 1)) in index
    )


def _inward(state: State, barrier: int, content: int) -> State | None:
    """The state once an ion has passed a barrier inward; None if it is not there or its way is barred."""
    sites = list(state)
    if barrier > 0:
        if sites[barrier - 1] != content:
            return None
        sites[barrier - 1] = 0
    if barrier < len(sites):
        if sites[barrier] != 0:
            return None
        sites[barrier] = content
    return tuple(sites)


def _steady_state(
    v_mV: Array,
    permeants: tuple[Permeant, ...],
    temperature_K: float,
    repulsion_RT: float,
    theta: float,
    max_ions: int | None,
) -> tuple[Array, Array]:
    """Occupancy (..., n_states), and crossings per s (2, n_permeants, n_barriers, ...), inward and outward."""
    n_sites = len(permeants[0].wells_RT)
    states = _states(len(permeants), n_sites, max_ions)
    crossings = _crossings(len(permeants), n_sites, max_ions)
    u = np.asarray(v_mV, float) / thermal_voltage_mV(temperature_K)
    # sites and barriers are equally spaced: every climb from a site to a barrier crosses the same share of the field
    climb = [np.exp(ion.z * u / (2 * (n_sites + 1))) for ion in permeants]
    pair_RT = [repulsion_RT * _pair_energy(state, permeants) for state in states]
    rates = np.zeros((len(states), len(states), *u.shape))
    pace = []
    for ion, barrier, before, after in crossings:
        work_RT = pair_RT[after] - pair_RT[before]
        share = {0: theta, n_sites: 1.0 - theta}.get(barrier, 0.5)
        inward_per_s = _rate_per_s(permeants[ion], barrier, barrier, share * work_RT, temperature_K)
        outward_per_s = _rate_per_s(permeants[ion], barrier, barrier + 1, (share - 1.0) * work_RT, temperature_K)
        pace.append((inward_per_s / climb[ion], outward_per_s * climb[ion]))
        rates[before, after] += pace[-1][0]
        rates[after, before] += pace[-1][1]
    if not np.isfinite(rates).all():
        raise VClampError(
            "the energies of this pore make rates that are no numbers",
            remedy="Bring its barriers, wells and repulsion_RT nearer to 0.",
        )
    occupancy = stationary(np.moveaxis(rates, (0, 1), (-2, -1)))
    traffic = np.zeros((2, len(permeants), n_sites + 1, *u.shape))
    for (ion, barrier, before, after), (inward, outward) in zip(crossings, pace, strict=True):
        traffic[0, ion, barrier] += occupancy[..., before] * inward
        traffic[1, ion, barrier] += occupancy[..., after] * outward
    return occupancy, traffic


def _efflux_per_s(traffic_per_s: Array) -> Array:
    """Net outward flux of each ion (n_permeants, ...).

    It is the same at every barrier; where ions cross least, the difference of both directions loses fewest digits.
    """
    inward, outward = traffic_per_s
    least = np.argmin(inward + outward, axis=1, keepdims=True)
    return np.asarray(np.take_along_axis(outward - inward, least, axis=1)[:, 0])


def _pair_energy(state: State, permeants: tuple[Permeant, ...]) -> float:
    """Sum of z_j z_k/(k - j) over the pairs of ions in the pore."""
    ions = [(site, permeants[content - 1].z) for site, content in enumerate(state) if content]
    return sum(z * z_inner / (inner - site) for site, z in ions for inner, z_inner in ions if inner > site)


def _rate_per_s(ion: Permeant, barrier: int, position: int, work_RT: float, temperature_K: float) -> float:
    """Rate over a barrier at 0 mV from a position: 0 is the outside, then come the sites, the last is the inside."""
    activity_M = (ion.out_mM / 1000.0, *(1.0 for _ in ion.wells_RT), ion.in_mM / 1000.0)[position]
    energy_RT = (0.0, *ion.wells_RT, 0.0)[position]
    climb_RT = ion.barriers_RT[barrier] - energy_RT + work_RT
    return eyring_per_s(temperature_K) * activity_M * (exp(-climb_RT) if climb_RT > -MAX_RT else inf)


def knock_on_current_pA(
    v_mV: Array,
    out_mM: float,
    in_mM: float,
    temperature_K: float,
    k_shift_per_s: float,
    k_knock_per_M_s: float,
    d_shift: float = 0.5,
) -> Array:
    """Current in pA of a univalent cation through a filter that is always full and moves in two strokes.

    The queue shifts (rate k_s at 0 mV), then an ion from one side knocks it on and another leaves on the
    other side (k_b times the concentration).

    Parameters
    ----------
    v_mV : array (...)
        Voltages.
    out_mM, in_mM : float
        Concentrations, not negative.
    temperature_K : float
        Absolute temperature.
    k_shift_per_s, k_knock_per_M_s : float
        Rates at 0 mV.
    d_shift : float
        Share of the field that the shift crosses; the knock crosses the rest.

    Source: A. L. Hodgkin & R. D. Keynes 1955, J Physiol 128:61; S. Bernèche & B. Roux 2001, Nature 414:73.
    """
    shift_out, shift_in, knock_out, knock_in = _knock_on_rates_per_s(
        v_mV, out_mM, in_mM, temperature_K, k_shift_per_s, k_knock_per_M_s, d_shift
    )
    turns_per_s = (shift_out * knock_out - shift_in * knock_in) / (shift_out + shift_in + knock_out + knock_in)
    return np.asarray(ELEMENTARY_pA_s * turns_per_s)


def knock_on_flux_ratio_exponent(
    v_mV: Array,
    out_mM: float,
    in_mM: float,
    temperature_K: float,
    k_shift_per_s: float,
    k_knock_per_M_s: float,
    d_shift: float = 0.5,
    resident_ions: int = 2,
) -> Array:
    """Ussing's exponent n' of the knock-on cycle, between N and N + 1 for N resident ions.

    An ion that knocks on leaves the filter when N more have knocked on the same side (net), so that
    efflux/influx = e^{Nx} (1 + e^x a)/(1 + a) with x = (V - E)F/RT and a = s_in/b_out.

    Parameters are those of `knock_on_current_pA`; both concentrations must be positive.

    Source: A. L. Hodgkin & R. D. Keynes 1955, J Physiol 128:61.
    """
    _, shift_in, knock_out, _ = _knock_on_rates_per_s(
        v_mV, out_mM, in_mM, temperature_K, k_shift_per_s, k_knock_per_M_s, d_shift
    )
    shifted_back = shift_in / (shift_in + knock_out)
    x = (np.asarray(v_mV, float) - nernst_mV(1, out_mM, in_mM, temperature_K)) / thermal_voltage_mV(temperature_K)
    safe = np.where(x == 0.0, 1.0, x)
    return np.asarray(resident_ions + np.where(x == 0.0, shifted_back, np.log1p(shifted_back * np.expm1(x)) / safe))


def _knock_on_rates_per_s(
    v_mV: Array,
    out_mM: float,
    in_mM: float,
    temperature_K: float,
    k_shift_per_s: float,
    k_knock_per_M_s: float,
    d_shift: float,
) -> tuple[Array, Array, Array, Array]:
    """Rates of the shift outward and inward and of the knock outward (from inside) and inward."""
    half_u = 0.5 * np.asarray(v_mV, float) / thermal_voltage_mV(temperature_K)
    shift, knock = np.exp(d_shift * half_u), np.exp((1.0 - d_shift) * half_u)
    k_in_per_s, k_out_per_s = k_knock_per_M_s * in_mM / 1000.0, k_knock_per_M_s * out_mM / 1000.0
    return k_shift_per_s * shift, k_shift_per_s / shift, k_in_per_s * knock, k_out_per_s / knock
