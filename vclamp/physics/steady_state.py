"""The resting cell as a steady state that is no equilibrium: leaks run down what a pump builds up."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.physics.flux import chord_voltage_mV
from vclamp.physics.thermo import thermal_voltage_mV

COUPLING = 1.5  # Na ions out for each K ion in


def ohmic_steady_state_mV(
    g_na_nS: ArrayLike, e_na_mV: ArrayLike, g_k_nS: ArrayLike, e_k_mV: ArrayLike, coupling: float = COUPLING
) -> NDArray[np.float64]:
    """Voltage at which ohmic Na and K leaks stand in the pump's ratio, so that no concentration changes, in mV.

    V = (g_Na E_Na + r g_K E_K)/(g_Na + r g_K); a passive chloride settles at it and drops out.

    Parameters
    ----------
    g_na_nS, g_k_nS : array_like
        Leak conductances.
    e_na_mV, e_k_mV : array_like
        Equilibrium potentials.
    coupling : float
        r, Na ions pumped out for each K ion pumped in: 3/2; 1 for a neutral pump.

    Source: Jacquez & Schultz 1974, Math Biosci 20:19.
    """
    g = np.stack(np.broadcast_arrays(np.asarray(g_na_nS, float), coupling * np.asarray(g_k_nS, float)), axis=-1)
    e = np.stack(np.broadcast_arrays(np.asarray(e_na_mV, float), e_k_mV), axis=-1)
    return chord_voltage_mV(g, e)


def ohmic_steady_pump_pA(
    g_na_nS: ArrayLike, e_na_mV: ArrayLike, g_k_nS: ArrayLike, e_k_mV: ArrayLike
) -> NDArray[np.float64]:
    """Net current in pA of the 3:2 pump that makes the ohmic leaks good, g_Na (E_Na − V)/3."""
    v_mV = ohmic_steady_state_mV(g_na_nS, e_na_mV, g_k_nS, e_k_mV)
    return np.asarray(np.asarray(g_na_nS, float) * (np.asarray(e_na_mV, float) - v_mV) / 3.0)


def electrogenic_bound_mV(temperature_K: float, coupling: float = COUPLING) -> float:
    """The most that a pump's own charge can add to the steady-state voltage, −(RT/F) ln r; −10.8 mV at 310 K.

    Source: R. C. Thomas 1972, Physiol Rev 52:563.
    """
    return float(-thermal_voltage_mV(temperature_K) * np.log(coupling))


def dissipation_fW(i_pA: ArrayLike, v_mV: ArrayLike, e_mV: ArrayLike) -> NDArray[np.float64]:
    """Power I (V − E) in fW that a pathway turns into heat; divided by the temperature, its entropy production.

    Parameters
    ----------
    i_pA : array_like
        Current, outward positive.
    v_mV : array_like
        Membrane potential.
    e_mV : array_like
        Where the current stops: an ion's equilibrium potential, a pump's reversal.

    Source: Katchalsky & Curran 1965, Nonequilibrium Thermodynamics in Biophysics, Harvard.
    """
    return np.asarray(np.asarray(i_pA, float) * (np.asarray(v_mV, float) - np.asarray(e_mV, float)))
