"""Activity coefficients of ions in water.

A single ion's coefficient is a convention: only a neutral salt's can be measured.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.units import AVOGADRO_PER_MOL, BOLTZMANN_J_PER_K, ELEMENTARY_C, celsius

VACUUM_F_PER_M = 8.8541878128e-12  # CODATA 2018


def water_permittivity(temperature_K: float) -> float:
    """Relative permittivity of water at 1 atm, 0 to 100 °C; 78.30 at 25 °C.

    Source: Malmberg & Maryott 1956, J Res Natl Bur Stand 56:1.
    """
    t = celsius(temperature_K)
    return 87.740 - 0.40008 * t + 9.398e-4 * t**2 - 1.410e-6 * t**3


def water_density_kg_per_m3(temperature_K: float) -> float:
    """Density of air-free water at 1 atm, 0 to 100 °C; 997.05 kg/m³ at 25 °C.

    Source: Kell 1975, J Chem Eng Data 20:97.
    """
    t = celsius(temperature_K)
    powers = (999.83952, 16.945176, -7.9870401e-3, -46.170461e-6, 105.56302e-9, -280.54253e-12)
    return sum(c * t**n for n, c in enumerate(powers)) / (1.0 + 16.879850e-3 * t)


def debye_huckel_a(temperature_K: float) -> float:
    """Debye-Hückel constant A of log10 γ = −A z² √I, in (kg/mol)^½; 0.511 at 25 °C.

    A = √(2π N_A ρ) (e²/(4π ε0 ε kT))^1.5 / ln 10.

    Source: Debye & Hückel 1923, Phys Z 24:185.
    """
    thermal_J = BOLTZMANN_J_PER_K * temperature_K
    bjerrum_m = ELEMENTARY_C**2 / (4 * np.pi * VACUUM_F_PER_M * water_permittivity(temperature_K) * thermal_J)
    ions_per_m3 = AVOGADRO_PER_MOL * water_density_kg_per_m3(temperature_K)
    return float(np.sqrt(2 * np.pi * ions_per_m3) * bjerrum_m**1.5 / np.log(10.0))


def ionic_strength_M(z: ArrayLike, c_mM: ArrayLike) -> NDArray[np.float64]:
    """Ionic strength ½ Σ z² c in mol/L; molality and molarity are taken as one.

    Parameters
    ----------
    z, c_mM : array_like, shape (..., n)
        Valence and concentration of each of the n ions of one solution.

    Source: Lewis & Randall 1921, J Am Chem Soc 43:1112.
    """
    return np.asarray(0.5e-3 * np.sum(np.square(np.asarray(z, float)) * np.asarray(c_mM, float), axis=-1))


def limiting_gamma(z: ArrayLike, ionic_strength_M: ArrayLike, temperature_K: float) -> NDArray[np.float64]:
    """Activity coefficient of an ion by the limiting law, log10 γ = −A z² √I; good below 0.01 M.

    Source: Debye & Hückel 1923, Phys Z 24:185.
    """
    root = np.sqrt(np.asarray(ionic_strength_M, float))
    return np.asarray(10.0 ** (-debye_huckel_a(temperature_K) * np.square(z) * root))


def davies_gamma(z: ArrayLike, ionic_strength_M: ArrayLike, temperature_K: float) -> NDArray[np.float64]:
    """Activity coefficient of an ion, log10 γ = −A z² (√I/(1 + √I) − 0.3 I); good up to 0.5 M.

    Parameters
    ----------
    z : array_like
        Valence.
    ionic_strength_M : array_like
        Ionic strength of the solution.
    temperature_K : float
        Absolute temperature.

    Source: C. W. Davies 1962, Ion Association, Butterworths.
    """
    strength = np.asarray(ionic_strength_M, float)
    root = np.sqrt(strength)
    return np.asarray(10.0 ** (-debye_huckel_a(temperature_K) * np.square(z) * (root / (1 + root) - 0.3 * strength)))
