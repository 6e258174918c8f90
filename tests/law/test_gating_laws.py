"""What gating by voltage must do, whatever its constants are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad, simpson

from vclamp.physics import gating, schemes
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import ELEMENTARY_C, kelvin

Array = NDArray[np.float64]

ROOM_K = kelvin(22.0)
V_mV = np.arange(-250.0, 251.0)
quickly = settings(deadline=None, max_examples=50, derandomize=True)
charges = st.floats(-15.0, 15.0)
moving_charges = charges.filter(lambda z: abs(z) > 0.1)
halves_mV = st.floats(-150.0, 150.0)
temperatures_K = st.floats(273.0, 320.0)
fractions = st.floats(0.0, 1.0)
rates_per_ms = st.floats(1e-3, 1e3)

KV = {"sensors": 4, "l0": 1e-5, "z_l_e": 0.0, "z_j_e": 3.0, "v_j_mV": -45.0, "temperature_K": ROOM_K}
BK_SENSORS = {"l0": 9.8e-7, "z_l_e": 0.3, "z_j_e": 0.58, "v_j_mV": 150.0, "temperature_K": ROOM_K}
BK_CALCIUM = {"d": 25.0, "kd_mM": 0.011, "c": 8.0, "e": 2.4}
allosteric = st.fixed_dictionaries(
    {
        "sensors": st.integers(1, 6),
        "l0": st.floats(1e-9, 10.0),
        "z_l_e": st.floats(0.0, 1.0),
        "z_j_e": st.floats(0.3, 4.0),
        "v_j_mV": halves_mV,
        "eps_RT": st.floats(0.0, 6.0),
        "temperature_K": temperatures_K,
    }
)

# ---- two states


@quickly
@given(charges, halves_mV, temperatures_K)
def test_open_probability_is_a_probability_and_moves_with_the_sign_of_the_charge(
    z: float, half: float, t: float
) -> None:
    p = gating.two_state_p_open(V_mV, z, half, t)
    assert np.all((p >= 0.0) & (p <= 1.0))
    assert np.all(np.diff(p) * np.sign(z) >= 0.0)


@quickly
@given(charges, halves_mV, temperatures_K, st.floats(0.0, 100.0))
def test_open_probability_is_point_symmetric_about_its_half(z: float, half: float, t: float, away: float) -> None:
    p = gating.two_state_p_open(np.array([half - away, half, half + away]), z, half, t)
    assert p[1] == pytest.approx(0.5, abs=1e-15)
    assert p[0] + p[2] == pytest.approx(1.0, abs=1e-12)


def test_a_channel_without_charge_does_not_feel_the_voltage() -> None:
    assert np.array_equal(gating.two_state_p_open(V_mV, 0.0, -30.0, ROOM_K), np.full(V_mV.size, 0.5))


@quickly
@given(moving_charges, halves_mV, temperatures_K)
def test_the_odds_of_being_open_are_a_boltzmann_factor_of_the_opening_energy(z: float, half: float, t: float) -> None:
    v = half + np.linspace(-20.0, 20.0, 9)
    p = gating.two_state_p_open(v, z, half, t)
    energy_kJ = gating.opening_energy_kJ_per_mol(v, z, half)
    assert np.log(p / gating.two_state_p_open(v, -z, half, t)) == pytest.approx(
        -energy_kJ / (8.314462618e-3 * t), abs=1e-9
    )


@quickly
@given(moving_charges, halves_mV, temperatures_K, fractions, rates_per_ms)
def test_neither_the_barriers_place_nor_its_height_changes_the_steady_state(
    z: float, half: float, t: float, x: float, k0: float
) -> None:
    alpha, beta = gating.two_state_rates_per_ms(V_mV, z, half, k0, x, t)
    assert np.all(np.isfinite(alpha) & np.isfinite(beta))
    assert alpha / (alpha + beta) == pytest.approx(gating.two_state_p_open(V_mV, z, half, t), rel=1e-9)


@quickly
@given(st.floats(1.0, 8.0), halves_mV, st.floats(0.1, 0.9))
def test_relaxation_is_slowest_where_the_barriers_place_says(z: float, half: float, x: float) -> None:
    k_mV = gating.slope_factor_mV(z, ROOM_K)
    v = half + k_mV * np.linspace(-4.0, 4.0, 8001)
    slowest_mV = v[np.argmin(sum(gating.two_state_rates_per_ms(v, z, half, 1.0, x, ROOM_K)))]
    assert slowest_mV == pytest.approx(half + k_mV * np.log((1.0 - x) / x), abs=1e-3 * k_mV)


@quickly
@given(st.floats(-60.0, 60.0), st.floats(-200.0, 200.0), moving_charges, temperatures_K)
def test_warming_moves_the_half_only_by_the_entropy_of_opening(dh: float, ds: float, z: float, t: float) -> None:
    shift_mV = gating.v_half_from_enthalpy_mV(dh, ds, z, t + 1.0) - gating.v_half_from_enthalpy_mV(dh, ds, z, t)
    assert shift_mV == pytest.approx(-1000.0 * ds / (z * 96485.33212), abs=1e-8)
    assert gating.v_half_from_enthalpy_mV(dh, 0.0, z, t) == gating.v_half_from_enthalpy_mV(dh, 0.0, z, 280.0)


def test_warming_makes_the_curve_shallower() -> None:
    v = np.array([-31.0, -29.0])
    slopes = [float(np.diff(gating.two_state_p_open(v, 4.0, -30.0, t))[0]) for t in (280.0, 310.0)]
    assert slopes[0] / slopes[1] == pytest.approx(310.0 / 280.0, rel=1e-3)


def test_q10_of_3_is_the_same_growth_as_its_arrhenius_energy() -> None:
    energy_kJ = gating.activation_energy_kJ_per_mol(3.0, kelvin(6.3), kelvin(22.0))
    growth = np.exp(energy_kJ / 8.314462618e-3 * (1.0 / kelvin(6.3) - 1.0 / kelvin(22.0)))
    assert growth == pytest.approx(5.6115181, rel=1e-7)


# ---- gating charge


def two_state_scheme(v_mV: float, z: float) -> Array:
    return schemes.subunit_chain(*gating.two_state_rates_per_ms(v_mV, z, -30.0, 0.5, 0.4, ROOM_K), 1)


@quickly
@given(st.floats(-6.0, 6.0), st.floats(-100.0, 0.0), st.floats(0.0, 60.0))
def test_as_much_gating_charge_comes_back_as_went_and_it_is_zeNdP(z: float, low: float, high: float) -> None:
    def moved_fC(start_mV: float, end_mV: float) -> float:
        p, rates = schemes.stationary(two_state_scheme(start_mV, z)), two_state_scheme(end_mV, z)
        time_ms = np.linspace(0.0, 20.0 / float(rates.sum()), 4001)
        flowing = [p]
        step = schemes.propagator(rates, time_ms[1])
        for _ in time_ms[1:]:
            flowing.append(flowing[-1] @ step)
        return float(simpson(schemes.gating_current_pA(np.array(flowing), rates, [0.0, z], 1e5), x=time_ms))

    p = gating.two_state_p_open(np.array([low, high]), z, -30.0, ROOM_K)
    expected_fC = 1e15 * ELEMENTARY_C * z * 1e5 * (p[1] - p[0])
    assert moved_fC(low, high) == pytest.approx(expected_fC, rel=1e-6, abs=1e-9)
    assert moved_fC(high, low) == pytest.approx(-expected_fC, rel=1e-6, abs=1e-9)
    assert float(gating.gating_charge_fC(p[1] - p[0], z, 1e5)) == pytest.approx(expected_fC, abs=1e-12)


@quickly
@given(st.floats(-100.0, 100.0), charges)
def test_at_a_steady_voltage_no_gating_current_flows(v: float, z: float) -> None:
    rates = two_state_scheme(v, z)
    current_pA = float(schemes.gating_current_pA(schemes.stationary(rates), rates, [0.0, z], 1e5))
    fastest_pA = 1e15 * ELEMENTARY_C * abs(z) * 1e5 * float(rates.max())
    assert abs(current_pA) <= 1e-13 * fastest_pA


def test_nonlinear_capacitance_peaks_at_the_half_with_z2_e2_N_over_4kT() -> None:
    v = np.linspace(-60.0, 0.0, 6001)
    charge_fC = gating.gating_charge_fC(gating.two_state_p_open(v, 4.0, -30.0, ROOM_K), 4.0, 1e5)
    capacitance_pF = np.diff(charge_fC) / np.diff(v)
    assert capacitance_pF.max() == pytest.approx(
        16.0 * 1e5 * 1e15 * ELEMENTARY_C / (4.0 * thermal_voltage_mV(ROOM_K)), rel=1e-6
    )
    assert v[np.argmax(capacitance_pF)] == pytest.approx(-30.0, abs=0.02)


def test_the_limiting_slope_sees_all_the_charge_of_sensors_in_a_row_but_only_the_pores_of_allosteric_ones() -> None:
    v = np.array([-401.0, -400.0])
    in_a_row = gating.two_state_p_open(v, 3.0, -45.0, ROOM_K) ** 4
    assert gating.limiting_slope_e(v, in_a_row, ROOM_K)[0] == pytest.approx(12.0, abs=1e-9)
    helped = gating.mwc_p_open(v, **{**KV, "z_l_e": 0.7}, eps_RT=5.0)
    assert gating.limiting_slope_e(v, helped, ROOM_K)[0] == pytest.approx(0.7, abs=1e-6)


# ---- allosteric


@quickly
@given(allosteric)
def test_an_allosteric_channel_opens_with_voltage_and_stays_between_0_and_1(kv: dict[str, float]) -> None:
    p, q = gating.mwc_p_open(V_mV, **kv), gating.mwc_sensor_activation(V_mV, **kv)
    for curve in (p, q):
        assert np.all((curve >= 0.0) & (curve <= 1.0))
        assert np.all(np.diff(curve) >= -1e-12)


@quickly
@given(allosteric)
def test_coupling_makes_opening_likelier_at_every_voltage(kv: dict[str, float]) -> None:
    weaker = gating.mwc_p_open(V_mV, **{**kv, "eps_RT": 0.5 * kv["eps_RT"]})
    assert np.all(gating.mwc_p_open(V_mV, **kv) >= weaker * (1.0 - 1e-12))


@quickly
@given(allosteric)
def test_without_coupling_pore_and_sensors_ignore_each_other(kv: dict[str, float]) -> None:
    alone = {**kv, "eps_RT": 0.0}
    odds = kv["l0"] * np.exp(kv["z_l_e"] * V_mV / thermal_voltage_mV(kv["temperature_K"]))
    assert gating.mwc_p_open(V_mV, **alone) == pytest.approx(odds / (1.0 + odds), rel=1e-9)
    sensor = gating.two_state_p_open(V_mV, kv["z_j_e"], kv["v_j_mV"], kv["temperature_K"])
    assert gating.mwc_sensor_activation(V_mV, **alone) == pytest.approx(sensor, rel=1e-9)


@quickly
@given(allosteric)
def test_mean_activation_of_the_sensors_is_the_slope_of_the_partition_function(kv: dict[str, float]) -> None:
    thermal_mV, n, shift = thermal_voltage_mV(kv["temperature_K"]), kv["sensors"], 1e-4

    def ln_z(ln_j: Array) -> Array:
        ln_l = np.log(kv["l0"]) + kv["z_l_e"] * V_mV / thermal_mV
        return np.logaddexp(ln_l + n * np.logaddexp(0.0, ln_j + kv["eps_RT"]), n * np.logaddexp(0.0, ln_j))

    ln_j = kv["z_j_e"] * (V_mV - kv["v_j_mV"]) / thermal_mV
    slope = (ln_z(ln_j + shift) - ln_z(ln_j - shift)) / (2.0 * shift * n)
    assert gating.mwc_sensor_activation(V_mV, **kv) == pytest.approx(slope, abs=1e-6)


@quickly
@given(st.floats(1e-8, 1e-2), st.floats(1.5, 4.0), st.floats(-80.0, 20.0), st.floats(0.0, 6.0))
def test_the_median_voltage_is_the_integral_of_voltage_over_charge(
    l0: float, z_j: float, v_j: float, eps: float
) -> None:
    def q(v: float) -> float:
        return float(gating.mwc_sensor_activation(v, 4, l0, 0.0, z_j, v_j, eps, ROOM_K))

    below, _ = quad(q, -1000.0, v_j, limit=400, points=[v_j - 100.0, v_j - 50.0])
    above, _ = quad(lambda v: 1.0 - q(v), v_j, 1000.0, limit=400, points=[v_j + 50.0, v_j + 100.0])
    assert gating.mwc_median_voltage_mV(4, l0, z_j, v_j, eps, ROOM_K) == pytest.approx(v_j + above - below, abs=1e-5)


@quickly
@given(allosteric, rates_per_ms, rates_per_ms, fractions, fractions, fractions, st.integers(0, V_mV.size - 1))
def test_the_kinetic_scheme_rests_at_the_closed_form_and_keeps_detailed_balance(
    kv: dict[str, float], a0: float, d0: float, x: float, y: float, f: float, at: int
) -> None:
    temperature_K, n = kv["temperature_K"], int(kv["sensors"])
    order = [kv[key] for key in ("sensors", "l0", "z_l_e", "z_j_e", "v_j_mV", "eps_RT")]
    rates = gating.mwc_rates_per_ms(V_mV[at], *order, a0, d0, x, y, f, temperature_K)
    p = schemes.stationary(rates)[0]
    assert p[n + 1 :].sum() == pytest.approx(float(gating.mwc_p_open(V_mV[at], **kv)), rel=1e-9)
    pairs = [(i, j) for i in range(2 * n + 2) for j in range(i) if rates[0, i, j] > 0.0]
    forward, backward = np.array([(rates[0, i, j], rates[0, j, i]) for i, j in pairs]).T
    assert schemes.violated_cycle(forward, backward, pairs) is None


@pytest.mark.parametrize(
    ("eps_RT", "greatest", "half_mV", "apparent_e"),
    [(6.0, 1.0, -71.57, 10.85), (4.5, 0.9985, -57.38, 9.21), (1.0, 5.5e-4, -35.49, 3.45)],
)
def test_the_half_moves_right_and_then_back_as_coupling_is_lost(
    eps_RT: float, greatest: float, half_mV: float, apparent_e: float
) -> None:
    v = np.arange(-250.0, 250.0, 0.005)
    p = gating.mwc_p_open(v, **KV, eps_RT=eps_RT)
    normal = (p - p[0]) / (p[-1] - p[0])
    at = int(np.argmin(np.abs(normal - 0.5)))
    assert p[-1] == pytest.approx(greatest, rel=1e-2)
    assert v[at] == pytest.approx(half_mV, abs=0.01)
    slope_per_mV = (normal[at + 1] - normal[at - 1]) / (v[at + 1] - v[at - 1])
    assert 4.0 * thermal_voltage_mV(ROOM_K) * slope_per_mV == pytest.approx(apparent_e, abs=0.01)


# ---- BK with calcium


def test_calcium_shifts_the_half_of_a_BK_channel_as_published() -> None:
    v = np.arange(-100.0, 250.0, 0.05)
    curves = [gating.bk_calcium_p_open(v, calcium, **BK_SENSORS, **BK_CALCIUM) for calcium in (0.0, 1e-3, 70e-3)]
    assert [float(np.interp(0.5, p, v)) for p in curves] == pytest.approx([190.2, 122.8, 28.5], abs=0.06)


def test_without_calcium_a_BK_channel_is_one_with_four_voltage_sensors() -> None:
    bare = gating.mwc_p_open(V_mV, sensors=4, eps_RT=np.log(25.0), **BK_SENSORS)
    assert gating.bk_calcium_p_open(V_mV, 0.0, **BK_SENSORS, **BK_CALCIUM) == pytest.approx(bare, rel=1e-12)


@quickly
@given(st.floats(0.0, 10.0), st.floats(1.001, 10.0))
def test_calcium_opens_BK_channels_at_every_voltage(calcium: float, more: float) -> None:
    p = [gating.bk_calcium_p_open(V_mV, c, **BK_SENSORS, **BK_CALCIUM) for c in (calcium, calcium * more)]
    assert np.all(p[1] >= p[0])
    assert np.all((p[1] >= 0.0) & (p[1] <= 1.0))
