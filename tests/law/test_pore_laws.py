"""Laws of single-file pores, whatever their energies: thermodynamics, symmetries, limits and predicted curves."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vclamp.errors import VClampError
from vclamp.physics.pore import (
    Permeant,
    knock_on_current_pA,
    knock_on_flux_ratio_exponent,
    number_of_states,
    single_file_current_pA,
    single_file_flux_ratio_exponent,
    single_file_occupancy,
)
from vclamp.physics.schemes import stationary
from vclamp.physics.thermo import nernst_mV, thermal_voltage_mV
from vclamp.units import ELEMENTARY_C, kelvin

ROOM_K, WARM_ROOM_K = kelvin(20.0), kelvin(22.0)
V_mV = np.linspace(-250.0, 250.0, 41)
REPULSION = st.floats(0.0, 8.0)
THETA = st.floats(0.0, 1.0)
CONCENTRATION_mM = st.floats(-2.0, 4.0).map(lambda exponent: 10.0**exponent)
SHIFT, KNOCK = 4e7, 4e8
laws = settings(deadline=None, max_examples=60)


@st.composite
def landscapes(draw: st.DrawFn, n_sites: int | None = None, spread_RT: float = 10.0) -> Permeant:
    """An ion at no concentration in a pore of 1 to 3 sites."""
    n = n_sites or draw(st.integers(1, 3))
    energy = st.floats(-spread_RT, spread_RT)
    barriers_RT = tuple(draw(energy) + 5.0 for _ in range(n + 1))
    return Permeant(
        draw(st.sampled_from([-1, 1, 2])), 0.0, 0.0, barriers_RT, tuple(draw(energy) - 3.0 for _ in range(n))
    )


@st.composite
def pores(draw: st.DrawFn, n_ions: int | None = None) -> tuple[Permeant, ...]:
    """One or two ions at any concentrations."""
    n_sites, n_ions = draw(st.integers(1, 3)), n_ions or draw(st.integers(1, 2))
    ions = [draw(landscapes(n_sites)) for _ in range(n_ions)]
    return tuple(replace(ion, out_mM=draw(CONCENTRATION_mM), in_mM=draw(CONCENTRATION_mM)) for ion in ions)


def mirrored(ion: Permeant) -> Permeant:
    """The ion with inside and outside exchanged."""
    return Permeant(ion.z, ion.in_mM, ion.out_mM, ion.barriers_RT[::-1], ion.wells_RT[::-1])


def tagged(ion: Permeant) -> tuple[Permeant, Permeant]:
    """The ion's outside and inside share as two kinds: what each carries is the flux in one direction."""
    return replace(ion, in_mM=0.0), replace(ion, out_mM=0.0)


def one_way_pA(v_mV: np.ndarray, ions: tuple[Permeant, ...], *pore: float) -> np.ndarray:
    """Current in either direction taken alone, of each ion: the scale of what a net current loses to rounding."""
    split = tuple(kind for ion in ions for kind in tagged(ion))
    return np.abs(single_file_current_pA(v_mV, split, ROOM_K, *pore)).reshape(len(ions), 2, -1).sum(axis=1)


# --- thermodynamics


@laws
@given(pores(), REPULSION, THETA, st.floats(-120.0, 120.0))
def test_in_equilibrium_states_have_boltzmann_weights_and_nothing_flows(
    ions: tuple[Permeant, ...], repulsion_RT: float, theta: float, e_mV: float
) -> None:
    u = e_mV / thermal_voltage_mV(ROOM_K)
    ions = tuple(replace(ion, in_mM=float(ion.out_mM * np.exp(-ion.z * u))) for ion in ions)
    states, p = single_file_occupancy(np.array(e_mV), ions, ROOM_K, repulsion_RT, theta)
    n_sites = len(ions[0].wells_RT)
    energies_RT = np.zeros(len(states))
    for number, state in enumerate(states):
        held = [(site, ions[content - 1]) for site, content in enumerate(state) if content]
        for site, ion in held:
            energies_RT[number] += ion.wells_RT[site] + ion.z * u * (site + 1) / (n_sites + 1)
            energies_RT[number] -= np.log(ion.out_mM / 1000.0)
            energies_RT[number] += sum(repulsion_RT * ion.z * b.z / (k - site) for k, b in held if k > site)
    weights = np.exp(energies_RT.min() - energies_RT)
    np.testing.assert_allclose(p, weights / weights.sum(), rtol=1e-11)
    current = single_file_current_pA(np.array(e_mV), ions, ROOM_K, repulsion_RT, theta)
    assert np.all(np.abs(current) <= 1e-11 * one_way_pA(np.array(e_mV), ions, repulsion_RT, theta)[:, 0])


@laws
@given(pores(n_ions=1), REPULSION, THETA)
def test_one_ion_flows_outward_exactly_where_v_is_above_its_nernst_potential(
    ions: tuple[Permeant, ...], repulsion_RT: float, theta: float
) -> None:
    ion = ions[0]
    e_mV = float(nernst_mV(ion.z, ion.out_mM, ion.in_mM, ROOM_K))
    v_mV = e_mV + np.array([-100.0, -1.0, -1e-6, 1e-6, 1.0, 100.0])
    current = single_file_current_pA(v_mV, ions, ROOM_K, repulsion_RT, theta)[0]
    assert np.all(np.sign(current) == np.sign(v_mV - e_mV))


@laws
@given(pores(n_ions=2), REPULSION, THETA)
def test_a_pore_never_gains_free_energy(ions: tuple[Permeant, ...], repulsion_RT: float, theta: float) -> None:
    current = single_file_current_pA(V_mV, ions, ROOM_K, repulsion_RT, theta)
    drive = V_mV - np.array([[nernst_mV(ion.z, ion.out_mM, ion.in_mM, ROOM_K)] for ion in ions])
    rounding = 1e-11 * (one_way_pA(V_mV, ions, repulsion_RT, theta) * np.abs(drive)).sum(axis=0)
    assert np.all((current * drive).sum(axis=0) >= -rounding)


# --- symmetries


@laws
@given(pores(), REPULSION, THETA)
def test_exchanging_the_sides_and_the_sign_of_v_turns_the_current_round(
    ions: tuple[Permeant, ...], repulsion_RT: float, theta: float
) -> None:
    there = single_file_current_pA(V_mV, ions, ROOM_K, repulsion_RT, theta)
    back = single_file_current_pA(-V_mV, tuple(map(mirrored, ions)), ROOM_K, repulsion_RT, theta)
    assert np.all(np.abs(there + back) <= 1e-11 * one_way_pA(V_mV, ions, repulsion_RT, theta))


@laws
@given(pores(), REPULSION, THETA)
def test_anions_do_at_minus_v_what_cations_do_at_v(
    ions: tuple[Permeant, ...], repulsion_RT: float, theta: float
) -> None:
    opposite = tuple(replace(ion, z=-ion.z) for ion in ions)
    there = single_file_current_pA(V_mV, ions, ROOM_K, repulsion_RT, theta)
    back = single_file_current_pA(-V_mV, opposite, ROOM_K, repulsion_RT, theta)
    assert np.all(np.abs(there + back) <= 1e-11 * one_way_pA(V_mV, ions, repulsion_RT, theta))


@laws
@given(pores(n_ions=1), landscapes(n_sites=3), REPULSION, THETA)
def test_an_ion_that_is_absent_changes_nothing_and_carries_nothing(
    ions: tuple[Permeant, ...], other: Permeant, repulsion_RT: float, theta: float
) -> None:
    n_sites = len(ions[0].wells_RT)
    absent = replace(other, barriers_RT=other.barriers_RT[: n_sites + 1], wells_RT=other.wells_RT[:n_sites])
    alone = single_file_current_pA(V_mV, ions, ROOM_K, repulsion_RT, theta)
    first, second = single_file_current_pA(V_mV, (absent, *ions), ROOM_K, repulsion_RT, theta)
    assert np.all(first == 0.0)
    assert np.all(np.abs(second - alone[0]) <= 1e-11 * one_way_pA(V_mV, ions, repulsion_RT, theta)[0])


@laws
@given(pores(), REPULSION)
def test_two_tags_of_one_ion_carry_together_what_the_ion_carries(
    ions: tuple[Permeant, ...], repulsion_RT: float
) -> None:
    whole = single_file_current_pA(V_mV, ions[:1], ROOM_K, repulsion_RT)[0]
    tags = single_file_current_pA(V_mV, tagged(ions[0]), ROOM_K, repulsion_RT)
    assert np.all(np.abs(tags.sum(axis=0) - whole) <= 1e-11 * np.abs(tags).sum(axis=0))


@pytest.mark.parametrize("n_ions", [1, 2, 3])
def test_an_empty_pore_carries_nothing(n_ions: int) -> None:
    nothing = (Permeant(1, 0.0, 0.0, (8.0, 6.0, 8.0), (-3.0, -3.0)),) * n_ions
    assert np.all(single_file_current_pA(V_mV, nothing, ROOM_K, 2.0) == 0.0)
    assert np.all(single_file_occupancy(V_mV, nothing, ROOM_K, 2.0)[1][:, 0] == 1.0)


# --- bookkeeping and numerics


@pytest.mark.parametrize(
    ("n_ions", "n_sites", "max_ions", "n_states"),
    [(1, 2, None, 4), (2, 2, None, 9), (1, 3, None, 8), (2, 3, None, 27), (2, 2, 1, 5), (2, 3, 2, 19), (1, 1, 5, 2)],
)
def test_there_are_as_many_states_as_ways_to_fill_the_sites(
    n_ions: int, n_sites: int, max_ions: int | None, n_states: int
) -> None:
    ion = Permeant(1, 100.0, 100.0, (8.0,) * (n_sites + 1), (-3.0,) * n_sites)
    states, p = single_file_occupancy(V_mV, (ion,) * n_ions, ROOM_K, max_ions=max_ions)
    assert len(states) == len(set(states)) == number_of_states(n_ions, n_sites, max_ions) == n_states
    assert p.shape == (V_mV.size, n_states)


@laws
@given(st.integers(1, 3), st.data())
def test_nothing_overflows_for_any_barrier_of_30_rt(n_sites: int, data: st.DataObject) -> None:
    extreme, held_mM = st.sampled_from([-30.0, 0.0, 30.0]), st.sampled_from([0.0, 1e-6, 1e4])
    ions = tuple(
        Permeant(
            z,
            data.draw(held_mM),
            data.draw(held_mM),
            tuple(data.draw(extreme) for _ in range(n_sites + 1)),
            tuple(data.draw(extreme) for _ in range(n_sites)),
        )
        for z in (2, -2)
    )
    p = single_file_occupancy(V_mV, ions, ROOM_K, 10.0)[1]
    assert np.all(p >= 0.0)
    np.testing.assert_allclose(p.sum(axis=-1), 1.0, rtol=1e-12)
    assert np.all(np.isfinite(single_file_current_pA(V_mV, ions, ROOM_K, 10.0)))


# --- limits


def alone(
    c_mM: float, *, barriers_RT: tuple[float, ...] = (8.5, 6.5, 8.5), wells_RT: tuple[float, ...] = (-3.0, -3.0)
) -> Permeant:
    """The K preset, or another, between equal solutions."""
    return Permeant(1, c_mM, c_mM, barriers_RT, wells_RT)


def chord_pS(ions: tuple[Permeant, ...], repulsion_RT: float = 0.0, max_ions: int | None = None) -> float:
    """Conductance at +20 mV."""
    return float(single_file_current_pA(np.array(20.0), ions, ROOM_K, repulsion_RT, max_ions=max_ions).sum() * 50.0)


@laws
@given(landscapes(), st.floats(-100.0, 100.0), st.floats(1.0, 1000.0))
def test_a_pore_for_one_ion_saturates_exactly_as_michaelis_and_menten(ion: Permeant, v_mV: float, c_mM: float) -> None:
    assume(abs(v_mV) > 1.0)
    c = c_mM * np.array([0.1, 1.0, 10.0])
    current = [
        float(single_file_current_pA(np.array(v_mV), (replace(ion, out_mM=x, in_mM=x),), ROOM_K, max_ions=1)[0])
        for x in c
    ]
    resistance = c / np.array(current)  # a straight line in c
    slopes = np.diff(resistance) / np.diff(c)
    assert abs(slopes[1] - slopes[0]) <= 1e-9 * np.abs(resistance / c).max()


@laws
@given(landscapes(2), landscapes(2), st.floats(1.0, 1000.0))
def test_a_pore_for_one_ion_has_no_anomalous_mole_fraction_effect(a: Permeant, b: Permeant, total_mM: float) -> None:
    def share(ion: Permeant, c_mM: float) -> Permeant:
        return replace(ion, z=1, out_mM=c_mM, in_mM=c_mM)

    x = np.linspace(0.0, 1.0, 15)
    conductance = [chord_pS((share(a, total_mM * (1 - y)), share(b, total_mM * y)), max_ions=1) for y in x]
    steps = np.diff(conductance)
    rounding = 1e-11 * max(conductance)
    assert np.all(steps >= -rounding) or np.all(steps <= rounding)


@laws
@given(landscapes(), REPULSION, THETA)
def test_a_dilute_pore_conducts_in_proportion_and_passes_ions_independently(
    ion: Permeant, repulsion_RT: float, theta: float
) -> None:
    least_mM = 1e-7 * np.exp(min(0.0, *ion.wells_RT))
    dilute, denser = (replace(ion, out_mM=least_mM * n, in_mM=least_mM * n) for n in (1.0, 2.0))
    one, two = (single_file_current_pA(np.array(20.0), (c,), ROOM_K, repulsion_RT, theta)[0] for c in (dilute, denser))
    assert two / one == pytest.approx(2.0, rel=1e-6)
    exponent = single_file_flux_ratio_exponent(np.array(20.0), dilute, ROOM_K, repulsion_RT, theta)
    assert exponent == pytest.approx(1.0, abs=1e-6)


@laws
@given(pores(n_ions=1), REPULSION)
def test_a_pore_that_holds_one_ion_obeys_ussing_and_a_queue_exceeds_him_by_its_sites_at_most(
    ions: tuple[Permeant, ...], repulsion_RT: float
) -> None:
    e_mV = float(nernst_mV(ions[0].z, ions[0].out_mM, ions[0].in_mM, ROOM_K))
    v_mV = e_mV + np.array([-60.0, -1.0, 0.0, 1.0, 60.0])
    single = single_file_flux_ratio_exponent(v_mV, ions[0], ROOM_K, max_ions=1)
    np.testing.assert_allclose(single, 1.0, atol=1e-8)
    queue = single_file_flux_ratio_exponent(v_mV, ions[0], ROOM_K, repulsion_RT)
    assert np.all(queue >= 1.0 - 1e-8)
    assert np.all(queue <= len(ions[0].wells_RT) + 1e-8)


def test_the_bi_ionic_reversal_depends_on_concentration_only_where_ions_meet() -> None:
    from scipy.optimize import brentq

    def reversal_mV(c_mM: float, max_ions: int | None) -> float:
        ions = (weak(0.0, c_mM), tight(c_mM, 0.0))
        return float(
            brentq(
                lambda v: float(single_file_current_pA(np.array(v), ions, ROOM_K, 5.0, max_ions=max_ions).sum()),
                -200.0,
                200.0,
                xtol=1e-10,
            )
        )

    assert abs(reversal_mV(1000.0, None) - reversal_mV(10.0, None)) > 5.0
    assert reversal_mV(1000.0, 1) == pytest.approx(reversal_mV(10.0, 1), abs=1e-8)


# --- predicted curves

TENFOLD_mM = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)


@pytest.mark.parametrize(
    ("repulsion_RT", "max_ions", "conductance_pS"),
    [
        (0.0, 1, (3.528, 9.836, 26.27, 50.28, 73.93, 85.40, 90.31, 91.82, 92.35)),
        (0.0, None, (3.594, 10.36, 30.29, 66.60, 108.95, 114.37, 77.83, 38.21, 13.63)),
        (2.0, None, (3.553, 10.04, 27.98, 59.25, 110.62, 174.37, 220.94, 175.74, 84.52)),
        (4.0, None, (3.537, 9.910, 26.93, 53.94, 91.07, 140.12, 242.08, 356.55, 337.42)),
    ],
)
def test_more_ions_fill_a_queue_until_no_vacancy_is_left_to_move_into(
    repulsion_RT: float, max_ions: int | None, conductance_pS: tuple[float, ...]
) -> None:
    computed = [chord_pS((alone(c),), repulsion_RT, max_ions) for c in TENFOLD_mM]
    np.testing.assert_allclose(computed, conductance_pS, rtol=6e-4)
    assert (max(computed) == computed[-1]) == (max_ions == 1)


@pytest.mark.parametrize(
    ("n_sites", "exponents"),
    [
        (2, (1.009, 1.027, 1.083, 1.206, 1.413, 1.507, 1.377, 1.192, 1.070)),
        (3, (1.018, 1.054, 1.167, 1.420, 1.840, 2.070, 2.042, 1.955, 1.903)),
    ],
)
def test_the_flux_ratio_exponent_is_largest_between_an_empty_and_a_full_pore(
    n_sites: int, exponents: tuple[float, ...]
) -> None:
    barriers_RT = (8.5, *(6.5,) * (n_sites - 1), 8.5)
    ions = [alone(c, barriers_RT=barriers_RT, wells_RT=(-3.0,) * n_sites) for c in TENFOLD_mM]
    computed = [single_file_flux_ratio_exponent(np.array(20.0), ion, ROOM_K) for ion in ions]
    np.testing.assert_allclose(computed, exponents, atol=6e-4)


def weak(out_mM: float, in_mM: float) -> Permeant:
    return Permeant(1, out_mM, in_mM, (10.0, 9.0, 10.0), (0.0, 0.0))


def tight(out_mM: float, in_mM: float) -> Permeant:
    return Permeant(1, out_mM, in_mM, (7.5, 5.2, 7.5), (-5.2, -5.2))


MIXTURES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def mixed_pS(repulsion_RT: float, max_ions: int | None, total_mM: float) -> list[float]:
    """Conductances of the mixtures of a weakly and a tightly bound ion."""
    shares = [(total_mM * (1.0 - x), total_mM * x) for x in MIXTURES]
    return [chord_pS((weak(a, a), tight(b, b)), repulsion_RT, max_ions) for a, b in shares]


def test_two_ions_that_repel_each_other_conduct_less_mixed_than_either_alone() -> None:
    computed = mixed_pS(5.0, None, 100.0)
    printed = (62.22, 54.28, 49.44, 42.38, 38.75, 38.09, 38.48, 40.46, 43.08, 45.92, 48.84, 51.78, 54.69, 57.57, 60.39)
    np.testing.assert_allclose(computed, printed, atol=6e-3)
    assert min(computed) < 0.65 * min(computed[0], computed[-1])


@pytest.mark.parametrize(
    ("repulsion_RT", "max_ions", "total_mM", "printed"),
    [
        (0.0, None, 100.0, "66.40 57.86 52.76 46.05 43.06 41.97 41.15 39.49 37.75 36.03 34.39 32.84 31.39 30.05 28.81"),
        (5.0, 1, 100.0, "61.80 53.71 48.63 40.68 35.35 32.93 31.54 30.01 29.18 28.67 28.32 28.06 27.86 27.71 27.59"),
        (5.0, None, 10.0, "7.27 7.91 8.52 10.15 12.34 14.07 15.48 17.69 19.36 20.70 21.83 22.80 23.66 24.44 25.15"),
    ],
    ids=["no repulsion", "one ion at a time", "diluted ten-fold"],
)
def test_without_two_repelling_ions_in_the_pore_the_mole_fraction_effect_is_not_anomalous(
    repulsion_RT: float, max_ions: int | None, total_mM: float, printed: str
) -> None:
    computed = mixed_pS(repulsion_RT, max_ions, total_mM)
    np.testing.assert_allclose(computed, [float(number) for number in printed.split()], atol=6e-3)
    steps = np.diff(computed)
    assert np.all(steps > 0) or np.all(steps < 0)


def test_a_calcium_channel_is_blocked_by_micromolar_and_conducts_millimolar_calcium() -> None:
    sodium = Permeant(1, 150.0, 150.0, (8.5, 6.0, 8.5), (-2.0, -2.0))
    calcium = [Permeant(2, c, 0.0, (8.0, 0.0, 8.0), (-14.5, -14.5)) for c in (0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 100.0)]
    current = [single_file_current_pA(np.array(-20.0), (sodium, ion), WARM_ROOM_K, 2.0, theta=0.1) for ion in calcium]
    np.testing.assert_allclose(
        np.sum(current, axis=1), [-6.199, -5.799, -3.665, -0.783, -0.101, -0.116, -0.388], atol=6e-4
    )
    assert current[-1][1] < -0.3  # it is Ca that flows in then
    assert abs(current[-1][0]) < 0.01


# --- the knock-on cycle


def cycle_exponent_by_tags(v_mV: float, out_mM: float, in_mM: float, d_shift: float, resident_ions: int) -> float:
    """Flux ratio exponent from a chain that counts how many of the resident ions came from outside."""
    u = v_mV / thermal_voltage_mV(ROOM_K)
    shift_out, shift_in = SHIFT * np.exp(d_shift * u / 2), SHIFT * np.exp(-d_shift * u / 2)
    knock_out = KNOCK * in_mM / 1000.0 * np.exp((1 - d_shift) * u / 2)
    knock_in = KNOCK * out_mM / 1000.0 * np.exp(-(1 - d_shift) * u / 2)
    n = resident_ions + 1
    rates = np.zeros((2 * n, 2 * n))  # state 2m: m came from outside, ready for a knock from inside; 2m + 1: shifted
    for m in range(n):
        rates[2 * m, 2 * m + 1] = shift_in
        rates[2 * m + 1, 2 * m] = shift_out
        rates[2 * m, 2 * max(m - 1, 0) + 1] += knock_out
        rates[2 * m + 1, 2 * min(m + 1, resident_ions)] += knock_in
    p = stationary(rates)
    efflux, influx = p[0] * knock_out, p[-1] * knock_in
    return float(np.log(efflux / influx) / (u - np.log(out_mM / in_mM)))


@laws
@given(st.floats(-200.0, 200.0), CONCENTRATION_mM, CONCENTRATION_mM, st.floats(0.0, 1.0), st.integers(1, 5))
def test_the_knock_on_exponent_is_that_of_tagged_ions(
    v_mV: float, out_mM: float, in_mM: float, d_shift: float, resident_ions: int
) -> None:
    assume(abs(v_mV - float(nernst_mV(1, out_mM, in_mM, ROOM_K))) > 0.1)
    exponent = knock_on_flux_ratio_exponent(np.array(v_mV), out_mM, in_mM, ROOM_K, SHIFT, KNOCK, d_shift, resident_ions)
    assert exponent == pytest.approx(cycle_exponent_by_tags(v_mV, out_mM, in_mM, d_shift, resident_ions), abs=1e-9)
    assert resident_ions <= exponent <= resident_ions + 1


@laws
@given(CONCENTRATION_mM, st.integers(1, 5))
def test_the_knock_on_exponent_is_smooth_through_equilibrium(c_mM: float, resident_ions: int) -> None:
    v_mV = np.array([-1e-6, 0.0, 1e-6])
    exponent = knock_on_flux_ratio_exponent(v_mV, c_mM, c_mM, ROOM_K, SHIFT, KNOCK, 0.5, resident_ions)
    np.testing.assert_allclose(exponent, resident_ions + SHIFT / (SHIFT + KNOCK * c_mM / 1000.0), atol=1e-7)


@laws
@given(CONCENTRATION_mM, CONCENTRATION_mM, st.floats(0.0, 1.0))
def test_the_knock_on_cycle_turns_with_its_driving_force(out_mM: float, in_mM: float, d_shift: float) -> None:
    e_mV = float(nernst_mV(1, out_mM, in_mM, ROOM_K))
    v_mV = e_mV + np.array([-200.0, -1.0, -1e-9, 1e-9, 1.0, 200.0])
    current = knock_on_current_pA(v_mV, out_mM, in_mM, ROOM_K, SHIFT, KNOCK, d_shift)
    assert np.all(np.sign(current) == np.sign(v_mV - e_mV))
    mirror = knock_on_current_pA(-v_mV, in_mM, out_mM, ROOM_K, SHIFT, KNOCK, d_shift)
    np.testing.assert_allclose(mirror, -current, rtol=1e-9, atol=1e-14 * np.abs(current).max())


def test_the_knock_on_cycle_without_ions_stands_still_and_is_never_faster_than_its_shift() -> None:
    assert np.all(knock_on_current_pA(V_mV, 0.0, 0.0, ROOM_K, SHIFT, KNOCK) == 0.0)
    u = V_mV / thermal_voltage_mV(ROOM_K)
    fastest = 1e12 * ELEMENTARY_C * SHIFT * np.exp(np.abs(u) / 4)
    assert np.all(np.abs(knock_on_current_pA(V_mV, 1e9, 1e9, ROOM_K, SHIFT, KNOCK)) <= fastest)


def test_energies_whose_rates_are_no_numbers_are_told_in_a_sentence() -> None:
    """Four tetravalent ions that repel each other as much as a file may say: one leaves 1e500 times as fast."""
    crowd = Permeant(4, 100.0, 100.0, (0.0,) * 5, (40.0,) * 4)
    with pytest.raises(VClampError, match="rates that are no numbers"):
        single_file_current_pA(V_mV, (crowd,), ROOM_K, repulsion_RT=40.0, theta=0.0)
