"""Laws of the Na,K pump and of the cell it keeps in a steady state."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets.reference_cell import PUMPED, Cell, HOUR_ms, finite_cell, rested

from vclamp.physics.flux import mullins_noda_mV
from vclamp.physics.pump import (
    atp_factor,
    cycles_per_s,
    hill_pump_pA,
    luo_rudy_pump_pA,
    luo_rudy_voltage_factor,
    orudy_pump,
    ouabain_factor,
    pump_reversal_mV,
    sphere_radius_um,
    sphere_volume_pL,
    thermodynamic_factor,
)
from vclamp.physics.steady_state import dissipation_fW
from vclamp.physics.thermo import electrochemical_difference_kJ_per_mol, nernst_mV
from vclamp.units import AVOGADRO_PER_MOL, FARADAY_C_PER_MOL

few = settings(deadline=None, max_examples=60, derandomize=True)
mM = st.floats(0.1, 500.0)
voltage_mV = st.floats(-250, 250)
BODY_K = 310.0
RISING_mM = np.linspace(0.0, 200.0, 401)
RISING_mV = np.linspace(-250.0, 250.0, 501)
DG_ATP = -55.0
CHLORIDE: dict[str, Any] = {
    "in_mM": (12.0, 140.0, 10.0),
    "out_mM": (145.0, 4.0, 110.0),
    "z": (1, 1, -1),
    "p_cm3_per_s": (2e-12, 4e-11, 1e-11),
}


@few
@given(mM, voltage_mV)
def test_every_pump_runs_faster_the_more_of_its_ions_it_finds(other_mM: float, v_mV: float) -> None:
    curves = [
        hill_pump_pA(100.0, RISING_mM, other_mM),
        hill_pump_pA(100.0, other_mM, RISING_mM),
        luo_rudy_pump_pA(v_mV, 100.0, RISING_mM, 140.0, other_mM, BODY_K),
        luo_rudy_pump_pA(v_mV, 100.0, other_mM, 140.0, RISING_mM, BODY_K),
    ]
    for curve in curves:
        assert curve[0] == 0.0
        assert np.all(np.diff(curve) > 0.0)
        assert curve[-1] < 100.0


@few
@given(mM, mM, mM)
def test_the_luo_rudy_pump_runs_faster_the_more_positive_the_cell(na_in: float, na_out: float, k_out: float) -> None:
    current = luo_rudy_pump_pA(RISING_mV, 100.0, na_in, na_out, k_out, BODY_K)
    assert np.all(np.diff(current) > 0.0)
    assert current[-1] < 100.0


def test_pumps_saturate_at_their_largest_current() -> None:
    assert hill_pump_pA(7.0, 1e6, 1e6) == pytest.approx(7.0)
    voltage = luo_rudy_voltage_factor(40.0, 140.0, BODY_K)
    assert luo_rudy_pump_pA(40.0, 7.0, 1e9, 140.0, 1e9, BODY_K) == pytest.approx(7.0 * voltage)
    assert hill_pump_pA(8.0, 10.0, 1e6) == pytest.approx(4.0)
    assert hill_pump_pA(8.0, 1e6, 1.5) == pytest.approx(4.0)


@few
@given(st.floats(-80.0, -30.0), mM, mM, mM, mM, st.floats(273.15, 318.15))
def test_at_its_reversal_a_pump_spends_all_of_an_atp_on_moving_ions(
    dg: float, na_out: float, na_in: float, k_out: float, k_in: float, t_K: float
) -> None:
    v_mV = pump_reversal_mV(dg, na_out, na_in, k_out, k_in, t_K)
    three_na_out = -3 * electrochemical_difference_kJ_per_mol(1, na_out, na_in, v_mV, t_K)
    two_k_in = 2 * electrochemical_difference_kJ_per_mol(1, k_out, k_in, v_mV, t_K)
    assert three_na_out + two_k_in == pytest.approx(-dg)


@few
@given(voltage_mV, voltage_mV)
def test_a_pump_runs_backwards_below_its_reversal(v_mV: float, v_rev_mV: float) -> None:
    factor = thermodynamic_factor(v_mV, v_rev_mV, BODY_K)
    assert np.isfinite(factor)
    assert np.sign(factor) == np.sign(v_mV - v_rev_mV)
    assert factor <= 1.0
    assert thermodynamic_factor(v_rev_mV + 1000.0, v_rev_mV, BODY_K) == pytest.approx(1.0)


def test_ouabain_halves_the_pump_at_its_ic50_and_stops_it_in_the_end() -> None:
    assert ouabain_factor([0.0, 1e-4, 1e9], 1e-4) == pytest.approx([1.0, 0.5, 0.0], abs=1e-12)
    assert atp_factor([0.0, 0.5, 1e9], 0.5) == pytest.approx([0.0, 0.5, 1.0], abs=1e-9)


@few
@given(voltage_mV, mM, mM, mM, mM)
def test_the_orudy_pump_moves_three_sodium_for_two_potassium(
    v_mV: float, na_out: float, na_in: float, k_out: float, k_in: float
) -> None:
    pump = orudy_pump(v_mV, na_out, na_in, k_out, k_in, BODY_K)
    assert 2 * pump.j_na == pytest.approx(-3 * pump.j_k, rel=1e-6, abs=1e-9)
    assert pump.i_pA_per_pF == pytest.approx(10 * pump.j_na, rel=1e-6, abs=1e-9)


def test_the_orudy_pump_gives_the_current_of_its_published_equations_to_all_digits() -> None:
    pump = orudy_pump(-87.0, 140.0, 7.0, 5.4, 145.0, BODY_K)
    assert pump.i_pA_per_pF == pytest.approx(0.08606597440674633, rel=1e-9)


@few
@given(st.floats(1.0, 1e4), st.floats(0.5, 2.0))
def test_a_round_cell_has_the_area_that_its_capacitance_tells(cm_pF: float, specific: float) -> None:
    radius_um = sphere_radius_um(cm_pF, specific)
    area_cm2 = 4 * np.pi * (1e-4 * radius_um) ** 2
    assert area_cm2 * specific * 1e6 == pytest.approx(cm_pF)
    assert sphere_volume_pL(cm_pF, specific) == pytest.approx(area_cm2 * 1e-4 * radius_um / 3 * 1e9)


slow = settings(deadline=None, max_examples=6, derandomize=True)


@slow
@given(st.floats(0.2, 5.0), st.floats(0.2, 5.0))
def test_the_charge_inside_less_that_on_the_membrane_never_changes(leak: float, pump: float) -> None:
    cell = Cell(**CHLORIDE, i_max_pA=40.0 * pump)
    cell = replace(cell, p_cm3_per_s=(2e-12 * leak, *cell.p_cm3_per_s[1:]))
    course = finite_cell(cell, [1.0, 1e3, 1e6, HOUR_ms])
    assert [later.conserved_mM() for later in course] == pytest.approx([cell.conserved_mM()] * 4, abs=1e-9)


@pytest.mark.parametrize("cell", [Cell(), Cell(**CHLORIDE)], ids=["no chloride", "chloride"])
def test_in_the_steady_state_the_pump_returns_what_leaks(cell: Cell) -> None:
    rest = rested(cell)
    na_pA, k_pA, *others_pA = rest.leaks_pA()
    assert [na_pA, k_pA] == pytest.approx(-PUMPED * rest.pump_pA(), rel=1e-6)
    assert others_pA == pytest.approx([0.0] * len(others_pA), abs=1e-5)
    ratio = rest.p_cm3_per_s[0] / rest.p_cm3_per_s[1]
    v_mV = mullins_noda_mV(ratio, rest.out_mM[0], rest.in_mM[0], rest.out_mM[1], rest.in_mM[1], rest.temperature_K)
    assert rest.v_mV == pytest.approx(float(v_mV), abs=1e-6)


def test_passive_chloride_settles_at_the_resting_voltage() -> None:
    rest = rested(Cell(**CHLORIDE))
    assert nernst_mV(-1, rest.out_mM[2], rest.in_mM[2], rest.temperature_K) == pytest.approx(rest.v_mV, abs=1e-5)


@slow
@given(st.floats(0.5, 4.0))
def test_multiplying_leaks_and_pump_alike_changes_nothing_at_rest(factor: float) -> None:
    rest, cell = rested(Cell()), Cell()
    faster = rested(replace(cell, p_cm3_per_s=(2e-12 * factor, 4e-11 * factor), i_max_pA=40.0 * factor))
    assert [faster.v_mV, *faster.in_mM] == pytest.approx([rest.v_mV, *rest.in_mM], abs=1e-4)
    assert faster.pump_pA() == pytest.approx(factor * rest.pump_pA(), rel=1e-5)


def test_the_atp_that_a_resting_cell_burns_is_all_turned_to_heat_by_its_leaks_and_its_pump() -> None:
    rest = rested(Cell())
    (na_out, k_out), (na_in, k_in) = rest.out_mM, rest.in_mM
    e_mV = [nernst_mV(1, o, i, rest.temperature_K) for o, i in ((na_out, na_in), (k_out, k_in))]
    v_rev_mV = pump_reversal_mV(DG_ATP, na_out, na_in, k_out, k_in, rest.temperature_K)
    leaks_fW = dissipation_fW(rest.leaks_pA(), rest.v_mV, e_mV)
    pump_fW = dissipation_fW(rest.pump_pA(), rest.v_mV, v_rev_mV)
    atp_fW = -DG_ATP * 1e3 / AVOGADRO_PER_MOL * cycles_per_s(rest.pump_pA()) * 1e15
    assert np.all(leaks_fW > 0.0)
    assert pump_fW > 0.0
    assert leaks_fW.sum() + pump_fW == pytest.approx(atp_fW, rel=1e-5)


@pytest.mark.parametrize("cell", [Cell(), Cell(**CHLORIDE)], ids=["no chloride", "chloride"])
def test_without_a_pump_every_ion_ends_at_equilibrium(cell: Cell) -> None:
    end = finite_cell(replace(cell, i_max_pA=0.0), 1e4 * HOUR_ms)[0]
    e_mV = [nernst_mV(z, o, i, end.temperature_K) for z, o, i in zip(end.z, end.out_mM, end.in_mM, strict=True)]
    assert e_mV == pytest.approx([end.v_mV] * len(e_mV), abs=1e-5)
    assert end.leaks_pA() == pytest.approx([0.0] * len(e_mV), abs=1e-5)
    assert dissipation_fW(end.leaks_pA(), end.v_mV, e_mV).sum() == pytest.approx(0.0, abs=1e-8)


def test_stopping_the_pump_depolarises_at_once_and_runs_the_gradients_down_for_minutes() -> None:
    rest = rested(Cell())
    soon, later = finite_cell(replace(rest, i_max_pA=0.0), [250.0, 600e3])
    assert 5.0 < soon.v_mV - rest.v_mV < 10.84
    assert soon.in_mM == pytest.approx(rest.in_mM, abs=0.1)
    assert later.in_mM[0] - rest.in_mM[0] == pytest.approx(rest.in_mM[1] - later.in_mM[1], abs=0.01)
    assert later.in_mM[0] > 50.0


def test_a_cell_with_more_sodium_leak_burns_more_atp() -> None:
    leaky = rested(replace(Cell(), p_cm3_per_s=(3e-12, 4e-11)))
    assert leaky.pump_pA() > 1.2 * rested(Cell()).pump_pA()


def test_a_faraday_of_pump_current_is_a_mole_of_atp() -> None:
    assert cycles_per_s(1e12 * FARADAY_C_PER_MOL) == pytest.approx(AVOGADRO_PER_MOL)
