"""Electrochemical equilibrium and temperature."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.units import FARADAY_C_PER_MOL, GAS_J_PER_MOL_K


def thermal_voltage_mV(temperature_K: float) -> float:
    """RT/F in mV; 26.714 mV at 310 K."""
    return 1000.0 * GAS_J_PER_MOL_K * temperature_K / FARADAY_C_PER_MOL


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


def q10_factor(q10: float, temperature_K: float, reference_K: float) -> float:
    """Factor by which rates grow from `reference_K` to `temperature_K`."""
    return float(q10 ** ((temperature_K - reference_K) / 10.0))
