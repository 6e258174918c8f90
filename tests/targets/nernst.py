"""Nernst potentials, activities, electrochemical potentials."""

from collections.abc import Callable

from vclamp.physics.activity import davies_gamma, debye_huckel_a
from vclamp.physics.thermo import (
    electrochemical_difference_kJ_per_mol,
    nernst_mV,
    thermal_energy_kJ_per_mol,
    thermal_voltage_mV,
)
from vclamp.units import kelvin

BODY_K = 310.0
ROOM_K = kelvin(25.0)


def with_activities_mV() -> float:
    return float(nernst_mV(1, 0.80 * 150.0, 0.73 * 15.0, BODY_K))


COMPUTE: dict[str, Callable[[], float]] = {
    "N1": lambda: thermal_voltage_mV(BODY_K),
    "N2": lambda: thermal_voltage_mV(kelvin(6.3)),
    "N3": lambda: float(nernst_mV(1, 4.0, 140.0, BODY_K)),
    "N4": lambda: float(nernst_mV(1, 150.0, 15.0, BODY_K)),
    "N5": with_activities_mV,
    "N6": lambda: with_activities_mV() - float(nernst_mV(1, 150.0, 15.0, BODY_K)),
    "N7": lambda: float(nernst_mV(2, 2.0, 1e-4, BODY_K)),
    "N8": lambda: float(nernst_mV(-1, 110.0, 10.0, BODY_K)),
    "N9": lambda: float(nernst_mV(1, 145.0, 12.0, BODY_K)),
    "N10": lambda: float(nernst_mV(1, 20.0, 400.0, kelvin(6.3))),
    "N11": lambda: debye_huckel_a(ROOM_K),
    "N13": lambda: float(davies_gamma(1, 0.15, ROOM_K)),
    "N18": lambda: float(electrochemical_difference_kJ_per_mol(1, 145.0, 12.0, -70.0, BODY_K)),
    "N19": lambda: thermal_energy_kJ_per_mol(BODY_K),
}
