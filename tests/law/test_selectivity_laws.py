"""Laws of selectivity: barriers, permeability ratios, Eisenman's sequences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vclamp.physics.flux import bi_ionic_mV, ghk_voltage_mV
from vclamp.physics.selectivity import (
    KCAL,
    PAULING_RADIUS_A,
    SHANNON_RADIUS_A,
    HYDRATION_kJ_per_mol,
    barrier_difference_kJ_per_mol,
    born_energy_kcal_per_mol,
    eisenman_sequence,
    energy_mV,
    field_strength_energy_kJ_per_mol,
    permeability_ratio,
    transfer_energy_kJ_per_mol,
)
from vclamp.units import kelvin

few = settings(deadline=None, max_examples=60, derandomize=True)
energy_kJ = st.floats(-40.0, 40.0)
warmth_K = st.floats(273.15, 318.15)
# G. Eisenman 1962, Biophys J 2:259, from the weakest field to the strongest
EISENMAN = [
    "Cs Rb K Na Li",
    "Rb Cs K Na Li",
    "Rb K Cs Na Li",
    "K Rb Cs Na Li",
    "K Rb Na Cs Li",
    "K Na Rb Cs Li",
    "Na K Rb Cs Li",
    "Na K Rb Li Cs",
    "Na K Li Rb Cs",
    "Na Li K Rb Cs",
    "Li Na K Rb Cs",
]
SITE_A = np.arange(0.5, 4.0, 0.002)


def sequences(hydration: str) -> tuple[list[str], list[float]]:
    """The orders met as the site grows, and the radii at which they change."""
    met = [" ".join(eisenman_sequence(float(r), hydration)) for r in SITE_A]
    turns = [n for n in range(1, len(met)) if met[n] != met[n - 1]]
    return [met[0], *(met[n] for n in turns)], SITE_A[turns].tolist()


@few
@given(energy_kJ, warmth_K)
def test_a_permeability_ratio_gives_its_energy_back(ddg: float, t_K: float) -> None:
    assert barrier_difference_kJ_per_mol(permeability_ratio(ddg, t_K), t_K) == pytest.approx(ddg, abs=1e-9)


@few
@given(energy_kJ, energy_kJ, warmth_K)
def test_energies_add_where_ratios_multiply(a: float, b: float, t_K: float) -> None:
    product = permeability_ratio(a, t_K) * permeability_ratio(b, t_K)
    assert permeability_ratio(a + b, t_K) == pytest.approx(product)


@few
@given(st.floats(0.01, 40.0))
def test_warming_takes_selectivity_away(ddg: float) -> None:
    preference = permeability_ratio(-ddg, 1e6)
    ratios = [float(permeability_ratio(-ddg, t_K)) for t_K in (280.0, 300.0, 320.0, 1e4)]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] > preference > 1.0
    assert preference == pytest.approx(1.0, abs=0.01)


@few
@given(energy_kJ, st.floats(1.0, 500.0), warmth_K)
def test_the_bi_ionic_reversal_is_the_barrier_difference_in_mV(ddg: float, c_mM: float, t_K: float) -> None:
    v_mV = bi_ionic_mV(permeability_ratio(ddg, t_K), c_mM, c_mM, t_K)
    assert v_mV == pytest.approx(-energy_mV(ddg), abs=1e-9)


def test_changing_the_bath_cation_moves_the_reversal_as_in_the_node_of_ranvier() -> None:
    """Permeability ratios of Hille 1973, J Gen Physiol 61:669."""
    t_K = kelvin(20.0)
    rest_mV = ghk_voltage_mV([1.0], [120.0], [120.0], [1], t_K)
    for ratio, low_mV, high_mV in ((2.3, 20.0, 22.0), (0.92, -3.0, -1.0), (0.13, -53.0, -50.0), (0.01, -120.0, -100.0)):
        assert low_mV < bi_ionic_mV(ratio, 120.0, 120.0, t_K) - rest_mV < high_mV


def test_a_growing_site_runs_through_eisenmans_eleven_sequences() -> None:
    met, radii_A = sequences("marcus")
    assert met == EISENMAN[::-1]
    expected_A = [1.34, 1.44, 1.48, 1.51, 1.62, 1.66, 1.70, 1.83, 1.83, 1.84]
    assert radii_A == pytest.approx(expected_A, abs=0.011)


def test_computed_hydration_energies_blur_the_middle_sequences() -> None:
    met, _ = sequences("drude")
    assert met[:5] == EISENMAN[:5:-1]
    assert met[-1] == EISENMAN[0]
    assert not set(met) <= set(EISENMAN)


@pytest.mark.parametrize("hydration", ["marcus", "drude"])
def test_a_pointlike_site_prefers_small_ions_and_a_huge_one_those_that_leave_water_cheaply(hydration: str) -> None:
    by_size = sorted(PAULING_RADIUS_A, key=PAULING_RADIUS_A.__getitem__)
    cheapest_first = sorted(PAULING_RADIUS_A, key=HYDRATION_kJ_per_mol[hydration].__getitem__)
    assert eisenman_sequence(0.01, hydration) == tuple(by_size)
    assert eisenman_sequence(1e6, hydration) == tuple(cheapest_first)


@few
@given(st.sampled_from(list(PAULING_RADIUS_A)), st.sampled_from(["marcus", "drude"]))
def test_an_infinitely_large_site_binds_nothing(ion: str, hydration: str) -> None:
    dehydration = HYDRATION_kJ_per_mol[hydration][ion]
    assert field_strength_energy_kJ_per_mol(ion, 1e12, hydration) == pytest.approx(dehydration)
    assert transfer_energy_kJ_per_mol(dehydration, dehydration) == 0.0


def test_the_hydration_columns_differ_by_a_proton_convention_and_agree_in_differences() -> None:
    marcus, drude = (HYDRATION_kJ_per_mol[column] for column in ("marcus", "drude"))
    assert [(drude[ion] - marcus[ion]) / KCAL for ion in marcus] == pytest.approx([8.0] * 5, abs=1.5)
    assert (marcus["Na"] - marcus["K"]) / KCAL == pytest.approx(16.7, abs=0.05)
    assert (drude["Na"] - drude["K"]) / KCAL == pytest.approx(17.7, abs=0.05)


@pytest.mark.parametrize("radius_A", [PAULING_RADIUS_A, SHANNON_RADIUS_A], ids=["Pauling", "Shannon"])
def test_the_born_model_makes_too_much_of_small_ions(radius_A: dict[str, float]) -> None:
    energy = {ion: float(born_energy_kcal_per_mol(radius)) for ion, radius in radius_A.items()}
    assert list(energy.values()) == sorted(energy.values())
    measured = (HYDRATION_kJ_per_mol["marcus"]["Na"] - HYDRATION_kJ_per_mol["marcus"]["K"]) / KCAL
    assert energy["K"] - energy["Na"] > 2 * measured


@few
@given(st.floats(0.3, 5.0), st.floats(1.0, 100.0))
def test_the_born_energy_grows_with_the_square_of_the_charge_and_is_nothing_in_vacuum(r_A: float, eps: float) -> None:
    once, twice = (born_energy_kcal_per_mol(r_A, z, eps) for z in (1, 2))
    assert twice == pytest.approx(4 * once)
    assert once <= 0.0
    assert born_energy_kcal_per_mol(r_A, 2, 1.0) == 0.0
    assert born_energy_kcal_per_mol(r_A, 1, np.inf) * r_A == pytest.approx(-166.03, abs=0.01)
