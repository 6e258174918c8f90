"""Electrochemical equilibrium and temperature."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.units import FARADAY_C_PER_MOL, GAS_J_PER_MOL_K


def thermal_voltage_mV(temperature_K: float) -> float:
    """RT/F in mV; 26.714 mV at 310 K."""
    return 1000.0 * GAS_J_PER_MOL_K * temperature_K / FARADAY_C_PER_MOL


def thermal_energy_kJ_per_mol(temperature_K: float) -> float:
    """RT in kJ/mol; 2.577 kJ/mol at 310 K."""
    return 1e-3 * GAS_J_PER_MOL_K * temperature_K


def nernst_mV(z: int, out_mM: ArrayLike, in_mM: ArrayLike, temperature_K: float) -> NDArray[np.float64]:
    """Equilibrium potential of an ion, E = (RT/zF) ln(out/in), in mV, inside minus outside.

    Parameters
    ----------
    z : int
        Valence with sign.
    out_mM, in_mM : array_like
        Concentrations (or activities) outside and inside; only their ratio matters.
    temperature_K : float
        Absolute temperature.

    Source: W. Nernst 1889, Z Phys Chem 4:129.
    """
    ratio = np.asarray(out_mM, float) / np.asarray(in_mM, float)
    return np.asarray(thermal_voltage_mV(temperature_K) / z * np.log(ratio))


def driving_force_mV(v_mV: ArrayLike, e_mV: ArrayLike) -> NDArray[np.float64]:
    """V − E in mV; positive where a passive current flows outward."""
    return np.asarray(np.asarray(v_mV, float) - np.asarray(e_mV, float))


def electrochemical_difference_kJ_per_mol(
    z: int, out_mM: ArrayLike, in_mM: ArrayLike, v_mV: ArrayLike, temperature_K: float
) -> NDArray[np.float64]:
    """Electrochemical potential of an ion inside minus outside, zF(V − E), in kJ/mol.

    It is the least work that carries a mole in; where it is negative the ion enters by itself.

    Parameters
    ----------
    z : int
        Valence with sign.
    out_mM, in_mM : array_like
        Concentrations (or activities) outside and inside.
    v_mV : array_like
        Membrane potential.
    temperature_K : float
        Absolute temperature.

    Source: E. A. Guggenheim 1929, J Phys Chem 33:842.
    """
    force_mV = driving_force_mV(v_mV, nernst_mV(z, out_mM, in_mM, temperature_K))
    return np.asarray(1e-6 * z * FARADAY_C_PER_MOL * force_mV)


def q10_factor(q10: float, temperature_K: float, reference_K: float) -> float:
    """Factor by which rates grow from `reference_K` to `temperature_K`."""
    return float(q10 ** ((temperature_K - reference_K) / 10.0))
