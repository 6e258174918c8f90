"""Permeability ratios, barrier energies, hydration."""

from collections.abc import Callable

from vclamp.physics.flux import bi_ionic_mV, ghk_voltage_mV
from vclamp.physics.selectivity import (
    KCAL,
    PAULING_RADIUS_A,
    barrier_difference_kJ_per_mol,
    born_energy_kcal_per_mol,
    energy_mV,
    permeability_ratio,
)
from vclamp.units import kelvin

BODY_K = 310.0


def born(ion: str) -> float:
    return float(born_energy_kcal_per_mol(PAULING_RADIUS_A[ion]))


COMPUTE: dict[str, Callable[[], float]] = {
    "S1": lambda: float(barrier_difference_kJ_per_mol(1e-3, BODY_K)) / KCAL,
    "S2": lambda: float(barrier_difference_kJ_per_mol(1e-2, BODY_K)),
    "S3": lambda: float(permeability_ratio(5.0 * KCAL, BODY_K)),
    "S5": lambda: born("K"),
    "S6": lambda: born("Na") - born("K"),
    "S8": lambda: float(energy_mV(KCAL)),
    "S9": lambda: float(bi_ionic_mV(0.92, 100.0, 100.0, kelvin(20.0))),
    "S10": lambda: float(bi_ionic_mV(2.3, 100.0, 100.0, kelvin(20.0))),
    "S12": lambda: float(ghk_voltage_mV((12.8, 1.0), (440.0, 10.0), (50.0, 400.0), (1, 1), kelvin(10.0))),
}
