"""Laws of electrochemical equilibrium and of activity coefficients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vclamp.physics.activity import (
    davies_gamma,
    debye_huckel_a,
    ionic_strength_M,
    limiting_gamma,
    water_density_kg_per_m3,
    water_permittivity,
)
from vclamp.physics.thermo import driving_force_mV, electrochemical_difference_kJ_per_mol, nernst_mV, q10_factor
from vclamp.units import kelvin

few = settings(deadline=None, max_examples=60, derandomize=True)
mM = st.floats(1e-6, 1e3)
valence = st.sampled_from([-2, -1, 1, 2, 3, 4])
warmth_K = st.floats(273.15, 318.15)
strength_M = st.floats(1e-9, 0.5)
BODY_K = 310.0
ROOM_K = kelvin(25.0)


@few
@given(valence, mM, mM, warmth_K)
def test_exchanging_the_sides_turns_the_nernst_potential_round(z: int, a_mM: float, b_mM: float, t_K: float) -> None:
    assert nernst_mV(z, a_mM, b_mM, t_K) == pytest.approx(-nernst_mV(z, b_mM, a_mM, t_K), abs=1e-9)


@few
@given(valence, mM, mM, warmth_K)
def test_the_nernst_potential_falls_with_the_valence(z: int, out_mM: float, in_mM: float, t_K: float) -> None:
    assert z * nernst_mV(z, out_mM, in_mM, t_K) == pytest.approx(nernst_mV(1, out_mM, in_mM, t_K))


@few
@given(valence, mM, mM, st.floats(0.1, 1.0), warmth_K)
def test_equal_activity_coefficients_cancel(z: int, out_mM: float, in_mM: float, gamma: float, t_K: float) -> None:
    plain_mV = nernst_mV(z, out_mM, in_mM, t_K)
    assert nernst_mV(z, gamma * out_mM, gamma * in_mM, t_K) == pytest.approx(plain_mV, abs=1e-9)


@few
@given(mM, mM, warmth_K)
def test_the_nernst_potential_is_proportional_to_the_temperature(out_mM: float, in_mM: float, t_K: float) -> None:
    assert nernst_mV(1, out_mM, in_mM, t_K) / t_K == pytest.approx(nernst_mV(1, out_mM, in_mM, BODY_K) / BODY_K)


@pytest.mark.parametrize(("celsius", "decade_mV"), [(20.0, 58.2), (37.0, 61.5)])
def test_a_tenfold_concentration_is_worth_58_mV_in_the_cold_and_61_5_in_the_warm(
    celsius: float, decade_mV: float
) -> None:
    assert nernst_mV(1, 10.0, 1.0, kelvin(celsius)) == pytest.approx(decade_mV, abs=0.05)


@few
@given(valence, mM, mM, warmth_K)
def test_an_ion_at_its_nernst_potential_has_the_same_potential_on_both_sides(
    z: int, out_mM: float, in_mM: float, t_K: float
) -> None:
    e_mV = nernst_mV(z, out_mM, in_mM, t_K)
    assert electrochemical_difference_kJ_per_mol(z, out_mM, in_mM, e_mV, t_K) == pytest.approx(0.0, abs=1e-12)


@few
@given(valence, mM, mM, st.floats(-250, 250), warmth_K)
def test_a_cation_goes_out_above_its_nernst_potential_and_an_anion_below(
    z: int, out_mM: float, in_mM: float, v_mV: float, t_K: float
) -> None:
    inside = electrochemical_difference_kJ_per_mol(z, out_mM, in_mM, v_mV, t_K)
    assert np.sign(inside) == np.sign(z) * np.sign(driving_force_mV(v_mV, nernst_mV(z, out_mM, in_mM, t_K)))


def test_sodium_is_drawn_into_a_resting_cell_and_potassium_out_of_it() -> None:
    assert driving_force_mV(-70.0, [66.6, -95.0]) == pytest.approx([-136.6, 25.0])
    assert electrochemical_difference_kJ_per_mol(1, 145.0, 12.0, -70.0, BODY_K) < 0.0
    assert electrochemical_difference_kJ_per_mol(1, 4.0, 140.0, -70.0, BODY_K) > 0.0


def test_a_temperature_factor_over_20_degrees_is_the_square_of_that_over_10() -> None:
    assert q10_factor(3.0, 300.0, 280.0) == pytest.approx(9.0)
    assert q10_factor(3.0, 280.0, 290.0) == pytest.approx(1 / 3)


@few
@given(st.integers(-4, 4), strength_M, warmth_K)
def test_coefficients_grow_with_the_square_of_the_valence(z: int, i_M: float, t_K: float) -> None:
    for gamma in (davies_gamma, limiting_gamma):
        assert gamma(z, i_M, t_K) == pytest.approx(gamma(1, i_M, t_K) ** (z * z))


@few
@given(valence, st.floats(1e-12, 1e-7), warmth_K)
def test_in_very_thin_solutions_ions_are_ideal_and_the_limiting_law_holds(z: int, i_M: float, t_K: float) -> None:
    assert davies_gamma(z, i_M, t_K) == pytest.approx(1.0, abs=8e-3)
    assert davies_gamma(z, i_M, t_K) == pytest.approx(limiting_gamma(z, i_M, t_K), abs=1e-5)


def test_pure_water_leaves_coefficients_at_exactly_1() -> None:
    assert davies_gamma(2, 0.0, BODY_K) == limiting_gamma(2, 0.0, BODY_K) == 1.0


def test_the_davies_coefficient_has_its_minimum_of_0_725_near_0_4_M() -> None:
    i_M = np.linspace(0.01, 1.0, 991)
    gamma = davies_gamma(1, i_M, BODY_K)
    assert i_M[gamma.argmin()] == pytest.approx(0.394, abs=2e-3)
    assert gamma.min() == pytest.approx(0.725, abs=1e-3)
    assert davies_gamma(1, [0.067, 0.28], BODY_K) == pytest.approx([0.80, 0.73], abs=3e-3)


@pytest.mark.parametrize(("i_M", "measured"), [(0.01, 0.902), (0.05, 0.821), (0.1, 0.778)])
def test_the_davies_coefficient_is_that_measured_for_sodium_chloride(i_M: float, measured: float) -> None:
    """Robinson & Stokes 1959, Electrolyte Solutions, appendix 8.10."""
    assert davies_gamma(1, i_M, ROOM_K) == pytest.approx(measured, abs=5e-3)


def test_the_ionic_strength_of_a_calcium_salt_is_three_times_its_concentration() -> None:
    assert ionic_strength_M([1, -1], [150.0, 150.0]) == pytest.approx(0.150)
    assert ionic_strength_M([2, -1], [100.0, 200.0]) == pytest.approx(0.300)
    assert ionic_strength_M([2, -1], [[100.0, 200.0], [0.0, 0.0]]) == pytest.approx([0.3, 0.0])


def test_water_is_densest_at_4_degrees_and_insulates_less_when_warm() -> None:
    celsius = np.linspace(0.0, 100.0, 1001)
    density = [water_density_kg_per_m3(kelvin(t)) for t in celsius]
    assert celsius[np.argmax(density)] == pytest.approx(4.0, abs=0.1)
    assert max(density) == pytest.approx(999.97, abs=0.01)
    assert density[370] == pytest.approx(993.33, abs=0.01)
    assert np.all(np.diff([water_permittivity(kelvin(t)) for t in celsius]) < 0)
    assert water_permittivity(kelvin(20.0)) == pytest.approx(80.10, abs=0.01)
    assert np.all(np.diff([debye_huckel_a(kelvin(t)) for t in celsius]) > 0)
