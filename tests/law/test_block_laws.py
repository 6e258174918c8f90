"""Laws of block: where a blocker comes from and how much of the field it crosses decide what voltage does to it."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vclamp.physics import block
from vclamp.physics.schemes import propagator
from vclamp.physics.thermo import nernst_mV, thermal_voltage_mV
from vclamp.units import kelvin

ROOM_K = kelvin(22.0)
V_mV = np.linspace(-250.0, 250.0, 101)
SIDES = st.sampled_from(["in", "out"])
Side = Literal["in", "out"]
POSITIVE = st.floats(-3.0, 3.0).map(lambda exponent: 10.0**exponent)
CHARGE = st.floats(0.05, 3.0)
laws = settings(deadline=None, max_examples=60)


# --- equilibrium


@laws
@given(POSITIVE, POSITIVE, st.floats(0.0, 7.0), SIDES)
def test_block_is_a_fraction_that_grows_with_the_blocker(
    kd_mM: float, concentration_mM: float, z_delta: float, side: Side
) -> None:
    kd = block.woodhull_kd_mM(V_mV, kd_mM, z_delta, side, ROOM_K)
    less, more = (block.unblocked(c, kd) for c in (concentration_mM, 2 * concentration_mM))
    assert np.all((more > 0.0) & (more <= less) & (less <= 1.0))
    assert np.all(block.unblocked(0.0, kd) == 1.0)


@laws
@given(POSITIVE, CHARGE)
def test_depolarisation_drives_cations_in_from_inside_and_out_from_outside(kd_mM: float, z_delta: float) -> None:
    inside = block.woodhull_kd_mM(V_mV, kd_mM, z_delta, "in", ROOM_K)
    outside = block.woodhull_kd_mM(V_mV, kd_mM, z_delta, "out", ROOM_K)
    assert np.all(np.diff(inside) < 0)
    assert np.all(np.diff(outside) > 0)
    np.testing.assert_allclose(inside, outside[::-1], rtol=1e-12)


@laws
@given(POSITIVE, SIDES)
def test_a_blocker_outside_the_field_does_not_feel_the_voltage(kd_mM: float, side: Side) -> None:
    assert np.all(block.woodhull_kd_mM(V_mV, kd_mM, 0.0, side, ROOM_K) == kd_mM)


@laws
@given(POSITIVE, POSITIVE, CHARGE, SIDES)
def test_half_of_the_pores_are_blocked_at_the_half_block_voltage_and_it_shifts_by_decades(
    kd_mM: float, concentration_mM: float, z_delta: float, side: Side
) -> None:
    half_mV = block.half_block_mV(concentration_mM, kd_mM, z_delta, side, ROOM_K)
    at_half = block.unblocked(concentration_mM, block.woodhull_kd_mM(half_mV, kd_mM, z_delta, side, ROOM_K))
    assert at_half == pytest.approx(0.5, abs=1e-9)
    shift = block.half_block_mV(10 * concentration_mM, kd_mM, z_delta, side, ROOM_K) - half_mV
    decade = thermal_voltage_mV(ROOM_K) / z_delta * np.log(10.0)
    assert shift == pytest.approx(-decade if side == "in" else decade, rel=1e-9)


@laws
@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=4))
def test_blockers_that_compete_hinder_each_other(blockers: list[tuple[float, float]]) -> None:
    concentrations, kds = np.array(blockers).T
    rivals = block.competitive_unblocked(concentrations, kds)
    strangers = block.independent_unblocked(concentrations, kds)
    assert strangers <= rivals * (1 + 1e-12)
    assert rivals <= block.unblocked(concentrations, kds).min() * (1 + 1e-12)
    if len(blockers) == 1:
        assert rivals == strangers == block.hill_unblocked(concentrations[0], kds[0])


@laws
@given(POSITIVE, POSITIVE, POSITIVE, POSITIVE)
def test_a_rival_raises_a_blockers_dissociation_constant_as_gaddum_found(
    c_mM: float, kd_mM: float, rival_mM: float, rival_kd_mM: float
) -> None:
    kds = [kd_mM, rival_kd_mM]
    left_by_it = block.competitive_unblocked([c_mM, rival_mM], kds) / block.competitive_unblocked([0.0, rival_mM], kds)
    assert left_by_it == pytest.approx(block.unblocked(c_mM, kd_mM * (1.0 + rival_mM / rival_kd_mM)), rel=1e-9)


@laws
@given(POSITIVE, st.floats(0.5, 4.0))
def test_a_drugs_effect_rises_from_a_tenth_to_nine_tenths_over_81_to_the_1_over_n(ic50_mM: float, hill: float) -> None:
    tenth = ic50_mM / 9.0 ** (1.0 / hill)
    lost = 1.0 - block.hill_unblocked([tenth, ic50_mM, tenth * 81.0 ** (1.0 / hill)], ic50_mM, hill)
    np.testing.assert_allclose(lost, [0.1, 0.5, 0.9], rtol=1e-9)


def test_protons_block_sodium_channels_as_woodhull_saw_within_seven_points() -> None:
    kd_mM = block.woodhull_kd_mM([20.0, 180.0], 3.9e-3, 0.26, "out", kelvin(8.0))
    lost = 1.0 - block.unblocked(1e-2, kd_mM) / block.unblocked(1e-4, kd_mM)
    np.testing.assert_allclose(lost, [0.60, 0.20], atol=0.075)


def test_magnesium_gives_nmda_receptors_a_negative_slope_that_is_gone_without_it() -> None:
    v_mV = np.linspace(-100.0, 50.0, 301)
    slope = np.diff(v_mV * block.nmda_magnesium_unblocked(v_mV, 1.0))
    assert np.all(slope[v_mV[1:] < -28.0] < 0)
    assert np.all(slope[v_mV[:-1] > -26.0] > 0)
    assert np.all(block.nmda_magnesium_unblocked(v_mV, 0.0) == 1.0)


# --- rates


@laws
@given(POSITIVE, POSITIVE, POSITIVE, CHARGE, CHARGE, SIDES)
def test_the_ratio_of_its_rates_is_the_dissociation_constant(
    c_mM: float, k_on: float, k_off: float, z_on: float, z_off: float, side: Side
) -> None:
    on, off = block.binding_rates_per_ms(V_mV, c_mM, k_on, k_off, z_on, z_off, side, ROOM_K)
    kd_mM = block.woodhull_kd_mM(V_mV, k_off / k_on, z_on + z_off, side, ROOM_K)
    np.testing.assert_allclose(c_mM * off / on, kd_mM, rtol=1e-9)
    np.testing.assert_allclose(block.permeant_unblocked(on, off), block.unblocked(c_mM, kd_mM), rtol=1e-9)


@laws
@given(st.floats(0.01, 10.0), st.floats(0.01, 10.0), st.floats(0.1, 3.0))
def test_block_relaxes_with_its_time_constant(on: float, off: float, taus: float) -> None:
    rates = np.array([[0.0, on], [off, 0.0]])
    tau_ms = float(block.block_time_constant_ms(on, off))
    free = propagator(rates, taus * tau_ms)[0, 0]
    steady = float(block.permeant_unblocked(on, off))
    assert free == pytest.approx(steady + (1.0 - steady) * np.exp(-taus), abs=1e-9)


@laws
@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.floats(0.2, 1.5), SIDES)
def test_a_blocker_that_can_pass_is_swept_through_by_strong_voltages(
    c_mM: float, k_off: float, z_escape: float, side: Side
) -> None:
    on, off = block.binding_rates_per_ms(V_mV, c_mM, 1.0, k_off, 0.1, 0.8, side, ROOM_K)
    escape = block.escape_rate_per_ms(V_mV, 1e-3, z_escape + 0.1, side, ROOM_K)
    trapped, passing = block.permeant_unblocked(on, off), block.permeant_unblocked(on, off, escape)
    into = slice(None) if side == "in" else slice(None, None, -1)
    assert np.all(np.diff(trapped[into]) < 0)
    assert np.all(passing >= trapped)
    assert passing.argmin() not in (0, V_mV.size - 1)


@laws
@given(st.floats(0.01, 1.0), st.floats(0.0, 10.0), st.floats(0.01, 10.0))
def test_bursts_and_openings_last_as_long_as_first_passage_says(closing: float, on: float, off: float) -> None:
    from_open_and_blocked = np.linalg.solve([[closing + on, -on], [-off, off]], [1.0, 1.0])
    burst_ms = float(block.mean_burst_ms(closing, on, off))
    assert burst_ms == pytest.approx(from_open_and_blocked[0], rel=1e-9)
    assert 1.0 / block.mean_open_time_ms(closing, on) == pytest.approx(closing + on)
    # the time spent open in a burst is that without a blocker
    assert burst_ms * block.permeant_unblocked(on, off) == pytest.approx(1.0 / closing)


# --- inward rectifiers


@laws
@given(st.floats(0.0, 6.0), CHARGE, st.floats(1.0, 100.0), POSITIVE)
def test_the_block_follows_e_k_by_the_share_of_its_valence_that_displaced_ions_carry(
    n_displaced: float, z_delta: float, k_out_mM: float, kd_mM: float
) -> None:
    def half_mV(out_mM: float) -> float:
        kd_at_0 = block.displaced_k_kd_mM(0.0, kd_mM, z_delta, n_displaced, out_mM, 5.0, ROOM_K)
        return float(block.half_block_mV(0.005, float(kd_at_0), n_displaced + z_delta, "in", ROOM_K))

    at_half = block.displaced_k_kd_mM(half_mV(k_out_mM), kd_mM, z_delta, n_displaced, k_out_mM, 5.0, ROOM_K)
    assert at_half == pytest.approx(0.005, rel=1e-9)
    e_k_mV = nernst_mV(1, [k_out_mM, 2 * k_out_mM], 140.0, ROOM_K)
    shift = (half_mV(2 * k_out_mM) - half_mV(k_out_mM)) / (e_k_mV[1] - e_k_mV[0])
    assert shift == pytest.approx(n_displaced / (n_displaced + z_delta), abs=1e-9)


@laws
@given(POSITIVE, CHARGE, st.floats(1.0, 100.0))
def test_a_blocker_that_displaces_nothing_is_woodhulls_and_ignores_external_potassium(
    kd_mM: float, z_delta: float, k_out_mM: float
) -> None:
    displaced = block.displaced_k_kd_mM(V_mV, kd_mM, z_delta, 0.0, k_out_mM, 5.0, ROOM_K)
    np.testing.assert_allclose(displaced, block.woodhull_kd_mM(V_mV, kd_mM, z_delta, "in", ROOM_K), rtol=1e-12)


def kir_unblocked(v_mV: np.ndarray, k_out_mM: float, spermine_mM: float = 5e-3) -> np.ndarray:
    drive_mV = v_mV - nernst_mV(1, k_out_mM, 140.0, ROOM_K)
    return block.two_affinity_unblocked(drive_mV, spermine_mM, 0.27e-3, 6.7, 43e-3, 3.0, 0.1, ROOM_K)


def test_inward_rectifiers_pass_inward_current_a_small_outward_hump_and_almost_nothing_at_0_mv() -> None:
    v_mV = np.linspace(-140.0, 0.0, 561)
    drive_mV = v_mV - nernst_mV(1, 4.0, 140.0, ROOM_K)
    fraction = kir_unblocked(v_mV, 4.0)
    current = drive_mV * fraction
    assert np.all(fraction[drive_mV < -40.0] > 0.99)
    assert np.all(fraction[drive_mV > 35.0] < 0.02)  # positive to E_K is enough: -55 mV
    assert 10.0 < drive_mV[current.argmax()] < 25.0
    assert current[-1] < 0.1 * current.max() < -0.01 * current.min()
    assert np.all(kir_unblocked(v_mV, 4.0, spermine_mM=0.0) == 1.0)  # washed out: a straight line


def test_the_curves_of_an_inward_rectifier_for_two_external_potassiums_cross() -> None:
    v_mV = np.linspace(-140.0, -20.0, 481)
    low, high = (
        np.sqrt(k_out) * (v_mV - nernst_mV(1, k_out, 140.0, ROOM_K)) * kir_unblocked(v_mV, k_out)
        for k_out in (4.0, 10.0)
    )
    assert low[0] > high[0]  # more inward current in more potassium
    assert np.any(low[v_mV > -60.0] < high[v_mV > -60.0])  # and more outward current


@laws
@given(POSITIVE, POSITIVE, CHARGE, st.floats(0.0, 1.0))
def test_two_affinities_lie_between_the_one_and_the_other(
    kd_mM: float, minor_kd_mM: float, z_delta: float, minor_fraction: float
) -> None:
    both = block.two_affinity_unblocked(V_mV, 1.0, kd_mM, z_delta, minor_kd_mM, 1.0, minor_fraction, ROOM_K)
    most = block.unblocked(1.0, block.woodhull_kd_mM(V_mV, kd_mM, z_delta, "in", ROOM_K))
    others = block.unblocked(1.0, block.woodhull_kd_mM(V_mV, minor_kd_mM, 1.0, "in", ROOM_K))
    np.testing.assert_allclose(both, (1 - minor_fraction) * most + minor_fraction * others, rtol=1e-12)
    assert np.all(both <= np.maximum(most, others) * (1 + 1e-12))
    assert np.all(both >= np.minimum(most, others) * (1 - 1e-12))


# --- use dependence


@laws
@given(st.floats(0.0, 1.0), st.floats(0.001, 1.0), st.floats(0.1, 20.0), st.floats(0.0, 0.01), st.floats(0.0, 500.0))
def test_use_dependent_block_is_what_pulse_after_pulse_gives(
    on: float, off: float, open_ms: float, recovery: float, rest_ms: float
) -> None:
    blocked = 0.0
    pulses = np.arange(1, 31)
    train = []
    for _ in pulses:
        blocked = float(1.0 - propagator(np.array([[0.0, on], [off, 0.0]]), open_ms)[:, 0] @ [1.0 - blocked, blocked])
        train.append(blocked)
        blocked *= np.exp(-recovery * rest_ms)
    computed = block.use_dependent_block(pulses, on, off, open_ms, recovery, rest_ms)
    np.testing.assert_allclose(computed, train, atol=1e-12)
    assert np.all(np.diff(computed) >= -1e-15)
    steady = block.use_dependent_block(np.inf, on, off, open_ms, recovery, rest_ms)
    assert 0.0 <= computed[-1] <= steady + 1e-15
    assert steady <= on / (on + off) + 1e-15


@laws
@given(st.floats(0.001, 1.0), st.floats(0.001, 1.0), st.floats(0.1, 20.0), st.floats(1.0, 500.0))
def test_a_trapped_drug_builds_up_to_the_block_of_the_open_channel(
    on: float, off: float, open_ms: float, rest_ms: float
) -> None:
    steady = block.use_dependent_block(np.inf, on, off, open_ms, 0.0, rest_ms)
    assert steady == pytest.approx(on / (on + off))
