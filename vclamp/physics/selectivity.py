"""Why a pore prefers one ion: hydration, site and barrier energies."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.physics.activity import VACUUM_F_PER_M
from vclamp.physics.thermo import thermal_energy_kJ_per_mol
from vclamp.units import AVOGADRO_PER_MOL, ELEMENTARY_C, FARADAY_C_PER_MOL

KCAL = 4.184  # kJ
# energy of two elementary charges 1 Å apart in vacuum: 1389.35 kJ/mol, 332.06 kcal/mol
COULOMB_kJ_A_per_mol = 1e7 * AVOGADRO_PER_MOL * ELEMENTARY_C**2 / (4.0 * np.pi * VACUUM_F_PER_M)

# L. Pauling 1927, J Am Chem Soc 49:765
PAULING_RADIUS_A = {"Li": 0.60, "Na": 0.95, "K": 1.33, "Rb": 1.48, "Cs": 1.69}
# R. D. Shannon 1976, Acta Crystallogr A 32:751, six neighbours
SHANNON_RADIUS_A = {"Li": 0.76, "Na": 1.02, "K": 1.38, "Rb": 1.52, "Cs": 1.67}
# What it costs to take an ion out of water. Absolute values hang on what is taken for the proton's; differences do not.
# marcus: Y. Marcus 1991, J Chem Soc Faraday Trans 87:2995; drude: Yu et al. 2010, J Chem Theory Comput 6:774
HYDRATION_kJ_per_mol = {
    "marcus": {"Li": 475.0, "Na": 365.0, "K": 295.0, "Rb": 275.0, "Cs": 250.0},
    "drude": {"Li": 120.5 * KCAL, "Na": 96.3 * KCAL, "K": 78.6 * KCAL, "Rb": 73.7 * KCAL, "Cs": 66.5 * KCAL},
}


def transfer_energy_kJ_per_mol(dehydration_kJ_per_mol: ArrayLike, binding_kJ_per_mol: ArrayLike) -> NDArray[np.float64]:
    """Free energy of an ion in a site less that in water: what dehydration costs minus what binding gives.

    Both are positive magnitudes; a negative result means that the ion prefers the site.
    """
    return np.asarray(np.asarray(dehydration_kJ_per_mol, float) - np.asarray(binding_kJ_per_mol, float))


def permeability_ratio(ddg_kJ_per_mol: ArrayLike, temperature_K: float) -> NDArray[np.float64]:
    """P_X/P_K of two ions whose rate-limiting barriers differ by ddG = dG_X − dG_K, exp(−ddG/RT).

    Source: B. Hille 1975, J Gen Physiol 66:535.
    """
    return np.asarray(np.exp(-np.asarray(ddg_kJ_per_mol, float) / thermal_energy_kJ_per_mol(temperature_K)))


def barrier_difference_kJ_per_mol(ratio: ArrayLike, temperature_K: float) -> NDArray[np.float64]:
    """ddG that a permeability ratio P_X/P_K tells, −RT ln(P_X/P_K); inverse of `permeability_ratio`."""
    return np.asarray(-thermal_energy_kJ_per_mol(temperature_K) * np.log(np.asarray(ratio, float)))


def energy_mV(energy_kJ_per_mol: ArrayLike) -> NDArray[np.float64]:
    """Voltage in mV that gives a mole of charges that energy; 1 kJ/mol is 10.36 mV, 1 kcal/mol 43.36 mV."""
    return np.asarray(1e6 * np.asarray(energy_kJ_per_mol, float) / FARADAY_C_PER_MOL)


def born_energy_kcal_per_mol(radius_A: ArrayLike, z: int = 1, permittivity: float = 78.3) -> NDArray[np.float64]:
    """Hydration free energy of a charged sphere in a continuum, −166 z² (1 − 1/ε)/r, in kcal/mol.

    It makes too much of small ions: with crystal radii Na and K differ by 49 kcal/mol, and measured by 17.

    Source: M. Born 1920, Z Phys 1:45.
    """
    at_1_A = 0.5 * COULOMB_kJ_A_per_mol / KCAL * z**2 * (1.0 - 1.0 / permittivity)
    return np.asarray(-at_1_A / np.asarray(radius_A, float))


def field_strength_energy_kJ_per_mol(
    ion: str, site_radius_A: ArrayLike, hydration: str = "marcus"
) -> NDArray[np.float64]:
    """Free energy of an alkali ion touching a monovalent anion of that radius less that in water.

    A small site has a strong field and likes small ions; a large one spares the large ions' cheap dehydration.

    Parameters
    ----------
    ion : str
        Li, Na, K, Rb or Cs.
    site_radius_A : array_like
        Radius of the site's anion; the ions have their Pauling radii.
    hydration : str
        Column of `HYDRATION_kJ_per_mol`: "marcus" (measured) or "drude" (computed).

    Source: G. Eisenman 1962, Biophys J 2:259.
    """
    binding = COULOMB_kJ_A_per_mol / (PAULING_RADIUS_A[ion] + np.asarray(site_radius_A, float))
    return transfer_energy_kJ_per_mol(HYDRATION_kJ_per_mol[hydration][ion], binding)


def eisenman_sequence(site_radius_A: float, hydration: str = "marcus") -> tuple[str, ...]:
    """The alkali ions in the order in which a site of that radius prefers them, strongest first.

    Source: G. Eisenman 1962, Biophys J 2:259, who found 11 of the 120 orders.
    """

    def energy(ion: str) -> float:
        return float(field_strength_energy_kJ_per_mol(ion, site_radius_A, hydration))

    return tuple(sorted(PAULING_RADIUS_A, key=energy))
