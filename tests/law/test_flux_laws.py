"""Laws of electrodiffusion: equilibrium, rectification, reversal."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from vclamp.errors import VClampError
from vclamp.physics.flux import (
    bi_ionic_mV,
    bi_ionic_permeability_ratio,
    chord_voltage_mV,
    concentration_rate_mM_per_ms,
    ghk_current_pA,
    ghk_voltage_mV,
    linoid,
    mullins_noda_mV,
    permeability_cm3_per_s,
    reversal_mV,
    slope_conductance_nS,
)
from vclamp.physics.steady_state import electrogenic_bound_mV, ohmic_steady_pump_pA, ohmic_steady_state_mV
from vclamp.physics.thermo import nernst_mV, thermal_voltage_mV
from vclamp.units import FARADAY_C_PER_MOL, kelvin

few = settings(deadline=None, max_examples=60, derandomize=True)
mM = st.floats(1e-4, 1e3)
mM_or_none = st.one_of(st.just(0.0), mM)
valence = st.sampled_from([-2, -1, 1, 2, 3, 4])
warmth_K = st.floats(273.15, 318.15)
voltage_mV = st.floats(-250, 250)
permeability = st.floats(1e-3, 1e3)
BODY_K = 310.0
P = 1e-10
TABLE_mV = np.linspace(-250.0, 250.0, 2001)


@few
@given(st.floats(-1e4, 1e4))
@example(0.0)
@example(5e-324)
def test_linoid_of_x_exceeds_that_of_its_opposite_by_x(x: float) -> None:
    assert linoid(x) - linoid(-x) == pytest.approx(x, rel=1e-14, abs=1e-15)
    assert linoid(x) > 0.0 or x < -700.0


@few
@given(valence, mM, mM, warmth_K)
def test_no_current_flows_at_the_nernst_potential(z: int, out_mM: float, in_mM: float, t_K: float) -> None:
    e_mV = nernst_mV(z, out_mM, in_mM, t_K)
    scale_pA = abs(ghk_current_pA(0.0, P, z, 0.0, in_mM + out_mM, t_K))
    assert ghk_current_pA(e_mV, P, z, out_mM, in_mM, t_K) == pytest.approx(0.0, abs=1e-12 * scale_pA)


@few
@given(valence, mM_or_none, mM_or_none, voltage_mV, warmth_K)
def test_the_current_has_the_sign_of_the_driving_force(
    z: int, out_mM: float, in_mM: float, v_mV: float, t_K: float
) -> None:
    assume(out_mM > 0.0 or in_mM > 0.0)
    with np.errstate(divide="ignore"):
        e_mV = nernst_mV(z, out_mM, in_mM, t_K)
    assume(abs(v_mV - e_mV) > 1e-6)
    assert np.sign(ghk_current_pA(v_mV, P, z, out_mM, in_mM, t_K)) == np.sign(v_mV - e_mV)


@few
@given(valence, mM_or_none, mM_or_none, warmth_K)
def test_the_current_is_finite_and_never_falls_with_the_voltage(
    z: int, out_mM: float, in_mM: float, t_K: float
) -> None:
    current = ghk_current_pA(TABLE_mV, P, z, out_mM, in_mM, t_K)
    assert current.shape == TABLE_mV.shape
    assert np.all(np.isfinite(current))
    assert np.all(np.diff(current) >= -1e-12 * np.abs(current).max())


@few
@given(valence, mM_or_none, mM_or_none, warmth_K)
def test_at_0_mV_ions_diffuse_as_if_uncharged(z: int, out_mM: float, in_mM: float, t_K: float) -> None:
    diffusion_pA = P * z * FARADAY_C_PER_MOL * 1e6 * (in_mM - out_mM)
    slope_pA_per_mV = P * z**2 * FARADAY_C_PER_MOL * 1e6 * (in_mM + out_mM) / 2 / thermal_voltage_mV(t_K)
    for v_mV in (0.0, 1e-300, -1e-300, 1e-9, -1e-9, 1e-4, -1e-4):
        current = ghk_current_pA(v_mV, P, z, out_mM, in_mM, t_K)
        assert current == pytest.approx(diffusion_pA + slope_pA_per_mV * v_mV, rel=1e-8, abs=1e-9)


@few
@given(valence, mM, mM, voltage_mV, warmth_K)
def test_one_way_fluxes_keep_ussings_ratio(z: int, out_mM: float, in_mM: float, v_mV: float, t_K: float) -> None:
    leaving = ghk_current_pA(v_mV, P, z, 0.0, in_mM, t_K)
    entering = -ghk_current_pA(v_mV, P, z, out_mM, 0.0, t_K)
    assert leaving / entering == pytest.approx(in_mM / out_mM * np.exp(z * v_mV / thermal_voltage_mV(t_K)), rel=1e-9)
    assert leaving - entering == pytest.approx(
        ghk_current_pA(v_mV, P, z, out_mM, in_mM, t_K), rel=1e-9, abs=1e-12 * abs(leaving)
    )


@few
@given(valence, mM_or_none, mM_or_none, voltage_mV, warmth_K)
def test_turning_the_membrane_round_turns_the_current_round(
    z: int, out_mM: float, in_mM: float, v_mV: float, t_K: float
) -> None:
    turned = -ghk_current_pA(-v_mV, P, z, in_mM, out_mM, t_K)
    assert ghk_current_pA(v_mV, P, z, out_mM, in_mM, t_K) == pytest.approx(turned, rel=1e-12)


@few
@given(valence, mM, warmth_K)
def test_between_equal_solutions_a_pore_is_ohmic(z: int, c_mM: float, t_K: float) -> None:
    g_nS = slope_conductance_nS(P, z, c_mM, c_mM, t_K)
    current = ghk_current_pA(TABLE_mV, P, z, c_mM, c_mM, t_K)
    np.testing.assert_allclose(current, g_nS * TABLE_mV, rtol=1e-11, atol=1e-9)


@few
@given(mM, mM, warmth_K)
def test_far_from_reversal_the_side_that_gives_the_ions_sets_the_slope(out_mM: float, in_mM: float, t_K: float) -> None:
    for v_mV, c_mM in ((1500.0, in_mM), (-1500.0, out_mM)):
        near, far = ghk_current_pA([v_mV, v_mV + 1.0], P, 1, out_mM, in_mM, t_K)
        assert far - near == pytest.approx(slope_conductance_nS(P, 1, c_mM, c_mM, t_K), rel=1e-6)


@few
@given(valence, mM, mM, warmth_K)
@example(1, 140.0, 140.0, 295.15)
@example(2, 140.0, 140.0000001, 295.15)
def test_the_slope_conductance_is_the_derivative_at_the_reversal(
    z: int, out_mM: float, in_mM: float, t_K: float
) -> None:
    e_mV, h_mV = nernst_mV(z, out_mM, in_mM, t_K), 1e-3
    below, above = ghk_current_pA([e_mV - h_mV, e_mV + h_mV], P, z, out_mM, in_mM, t_K)
    g_nS = slope_conductance_nS(P, z, out_mM, in_mM, t_K)
    assert (above - below) / (2 * h_mV) == pytest.approx(g_nS, rel=1e-5)
    assert permeability_cm3_per_s(g_nS, z, out_mM, in_mM, t_K) == pytest.approx(P)


def test_1_nS_in_140_mM_is_a_permeability_of_1_9e_12_cm3_per_s() -> None:
    assert permeability_cm3_per_s(1.0, 1, 140.0, 140.0, kelvin(22.0)) == pytest.approx(1.883e-12, rel=5e-4)


ions = st.lists(st.tuples(permeability, mM, mM, st.sampled_from([-1, 1])), min_size=1, max_size=4)


@few
@given(ions, st.floats(1e-9, 1e9), warmth_K)
def test_the_ghk_voltage_lies_among_the_nernst_potentials_and_takes_only_ratios_of_permeabilities(
    several: list[tuple[float, float, float, int]], factor: float, t_K: float
) -> None:
    p, out_mM, in_mM, z = np.array(several).T
    v_mV = ghk_voltage_mV(p, out_mM, in_mM, z, t_K)
    e_mV = [nernst_mV(int(zi), o, i, t_K) for _, o, i, zi in several]
    assert min(e_mV) - 1e-9 <= v_mV <= max(e_mV) + 1e-9
    assert ghk_voltage_mV(factor * p, out_mM, in_mM, z, t_K) == pytest.approx(v_mV, abs=1e-9)
    assert ghk_voltage_mV([*p, 0.0], [*out_mM, 9.0], [*in_mM, 1.0], [*z, 1], t_K) == pytest.approx(v_mV, abs=1e-9)


@few
@given(ions, warmth_K)
def test_where_the_ghk_currents_cancel_is_the_ghk_voltage(
    several: list[tuple[float, float, float, int]], t_K: float
) -> None:
    p, out_mM, in_mM, z = np.array(several).T
    assert reversal_mV(1e-12 * p, out_mM, in_mM, z, t_K) == pytest.approx(
        float(ghk_voltage_mV(p, out_mM, in_mM, z, t_K)), abs=1e-6
    )


@few
@given(permeability, mM, mM, warmth_K)
def test_calcium_against_a_monovalent_reverses_where_their_bi_ionic_equation_says(
    p_ca: float, ca_mM: float, in_mM: float, t_K: float
) -> None:
    """Lewis 1979, J Physiol 286:417: 4 P_Ca Ca_o/(1 + e^u) = P_M M_i e^u."""
    v_mV = reversal_mV([p_ca, 1.0], [ca_mM, 0.0], [0.0, in_mM], [2, 1], t_K)
    grown = np.exp(v_mV / thermal_voltage_mV(t_K))
    assert 4 * p_ca * ca_mM / (1 + grown) == pytest.approx(in_mM * grown, rel=1e-7)


def test_ions_that_all_push_one_way_have_no_finite_reversal() -> None:
    assert reversal_mV([1.0], [0.0], [140.0], [1], BODY_K) == -np.inf
    assert reversal_mV([1.0], [2.0], [0.0], [2], BODY_K) == np.inf
    assert np.isnan(reversal_mV([0.0], [2.0], [3.0], [2], BODY_K))


def test_the_ghk_voltage_refuses_calcium() -> None:
    with pytest.raises(VClampError, match="monovalent"):
        ghk_voltage_mV([1.0, 1.0], [2.0, 4.0], [1e-4, 140.0], [2, 1], BODY_K)


@few
@given(permeability, mM, mM, warmth_K)
def test_a_bi_ionic_reversal_gives_the_permeability_ratio_back(
    ratio: float, out_mM: float, in_mM: float, t_K: float
) -> None:
    v_mV = bi_ionic_mV(ratio, out_mM, in_mM, t_K)
    assert bi_ionic_permeability_ratio(v_mV, out_mM, in_mM, t_K) == pytest.approx(ratio)
    assert v_mV == pytest.approx(ghk_voltage_mV([ratio, 1.0], [out_mM, 0.0], [0.0, in_mM], [1, 1], t_K), abs=1e-9)


conductances = st.lists(st.tuples(st.floats(0.01, 1e3), st.floats(-150, 150)), min_size=1, max_size=5)


@few
@given(conductances, st.floats(-1e3, 1e3))
def test_the_chord_voltage_lies_among_the_reversals_and_a_pump_shifts_it_by_its_current_over_all_conductances(
    several: list[tuple[float, float]], pump_pA: float
) -> None:
    g_nS, e_mV = np.array(several).T
    v_mV = chord_voltage_mV(g_nS, e_mV)
    assert e_mV.min() - 1e-9 <= v_mV <= e_mV.max() + 1e-9
    pumped_mV = chord_voltage_mV(g_nS, e_mV, pump_pA)
    assert pumped_mV - v_mV == pytest.approx(-pump_pA / g_nS.sum())
    assert np.sum(g_nS * (pumped_mV - e_mV)) + pump_pA == pytest.approx(0.0, abs=1e-6)


@few
@given(st.floats(1e-4, 1e4), mM, mM, mM, mM, warmth_K)
def test_a_pumps_own_charge_hyperpolarises_a_steady_cell_by_at_most_11_mV(
    ratio: float, na_out: float, na_in: float, k_out: float, k_in: float, t_K: float
) -> None:
    assume(na_out * k_in > na_in * k_out)  # as the pump keeps them
    steady, neutral = (mullins_noda_mV(ratio, na_out, na_in, k_out, k_in, t_K, r) for r in (1.5, 1.0))
    assert electrogenic_bound_mV(t_K) - 1e-9 <= steady - neutral <= 1e-9
    assert neutral == pytest.approx(ghk_voltage_mV([ratio, 1.0], [na_out, k_out], [na_in, k_in], [1, 1], t_K), abs=1e-9)


@few
@given(st.floats(1e-4, 1e4), mM, mM, mM, mM, warmth_K)
def test_in_the_mullins_noda_state_the_leaks_stand_as_3_to_2(
    ratio: float, na_out: float, na_in: float, k_out: float, k_in: float, t_K: float
) -> None:
    v_mV = mullins_noda_mV(ratio, na_out, na_in, k_out, k_in, t_K)
    na_pA, k_pA = ghk_current_pA(v_mV, np.array([ratio, 1.0]) * P, 1, [na_out, k_out], [na_in, k_in], t_K)
    one_way_pA = ghk_current_pA(v_mV, ratio * P, 1, 0.0, na_in, t_K)
    assert 2 * na_pA == pytest.approx(-3 * k_pA, rel=1e-8, abs=1e-9 * one_way_pA)


@few
@given(st.floats(0.01, 1e3), st.floats(0.01, 1e3), st.floats(1.0, 100.0), st.floats(-150.0, 0.0), st.floats(0.01, 100))
def test_in_the_ohmic_steady_state_leaks_and_pump_carry_no_ion_and_no_charge(
    g_na: float, g_k: float, e_na: float, e_k: float, factor: float
) -> None:
    v_mV = ohmic_steady_state_mV(g_na, e_na, g_k, e_k)
    pump_pA = ohmic_steady_pump_pA(g_na, e_na, g_k, e_k)
    assert g_na * (v_mV - e_na) + 3 * pump_pA == pytest.approx(0.0, abs=1e-8)
    assert g_k * (v_mV - e_k) - 2 * pump_pA == pytest.approx(0.0, abs=1e-8)
    assert chord_voltage_mV([g_na, g_k], [e_na, e_k], pump_pA) == pytest.approx(float(v_mV), abs=1e-8)
    assert ohmic_steady_state_mV(factor * g_na, e_na, factor * g_k, e_k) == pytest.approx(float(v_mV), abs=1e-9)


@few
@given(valence, st.floats(-1e4, 1e4), st.floats(0.1, 1e3))
def test_the_charge_that_leaves_is_the_charge_that_the_cell_loses(z: int, i_pA: float, volume_pL: float) -> None:
    lost_mol_per_s = -concentration_rate_mM_per_ms(i_pA, z, volume_pL) * volume_pL * 1e-12  # mM/ms = mol/L/s
    assert lost_mol_per_s * z * FARADAY_C_PER_MOL == pytest.approx(i_pA * 1e-12)
