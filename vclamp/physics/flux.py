"""Currents through a membrane by electrodiffusion, and the voltages at which they cancel."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.errors import VClampError
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import FARADAY_C_PER_MOL

PA_PER_FLUX = 1e6 * FARADAY_C_PER_MOL  # pA of 1 cm³/s · 1 mM of a monovalent ion
SEARCH_mV = 4000.0  # no two concentrations are so unequal that they balance beyond


def linoid(x: ArrayLike) -> NDArray[np.float64]:
    """x/(1 − e^(−x)), 1 at x = 0, exact to rounding for every x."""
    x = np.asarray(x, float)
    size = np.abs(x)
    safe = np.where(size > 0.0, size, 1.0)
    return np.asarray(np.where(size > 0.0, safe / -np.expm1(-safe), 1.0) * np.exp(np.minimum(x, 0.0)))


def ghk_current_pA(
    v_mV: ArrayLike,
    p_cm3_per_s: ArrayLike,
    z: ArrayLike,
    out_mM: ArrayLike,
    in_mM: ArrayLike,
    temperature_K: float,
) -> NDArray[np.float64]:
    """Current of one ion in a constant field, in pA, outward positive.

    I = P z F (c_in φ(x) − c_out φ(−x)) with x = z F V/(RT) and φ(x) = x/(1 − e^(−x)).

    Parameters
    ----------
    v_mV : array_like
        Membrane potential; the others are numbers or broadcast with it.
    p_cm3_per_s : array_like
        Permeability times membrane area.
    z : array_like
        Valence with sign.
    out_mM, in_mM : array_like
        Concentrations outside and inside; 0 is allowed.
    temperature_K : float
        Absolute temperature.

    Source: Goldman 1943, J Gen Physiol 27:37; Hodgkin & Katz 1949, J Physiol 108:37.
    """
    z = np.asarray(z, float)
    x = z * np.asarray(v_mV, float) / thermal_voltage_mV(temperature_K)
    # φ(x) and φ(−x) differ by e^x; taking out the larger keeps every factor between 0 and |x| + 1
    leaving = np.asarray(in_mM, float) * np.exp(np.minimum(x, 0.0))
    entering = np.asarray(out_mM, float) * np.exp(-np.maximum(x, 0.0))
    return np.asarray(PA_PER_FLUX * np.asarray(p_cm3_per_s, float) * z * linoid(np.abs(x)) * (leaving - entering))


def ghk_voltage_mV(
    p: ArrayLike, out_mM: ArrayLike, in_mM: ArrayLike, z: ArrayLike, temperature_K: float
) -> NDArray[np.float64]:
    """Voltage at which the GHK currents of monovalent ions cancel, in mV.

    V = (RT/F) ln[(Σ P_cation c_out + Σ P_anion c_in)/(Σ P_cation c_in + Σ P_anion c_out)].

    Parameters
    ----------
    p : array_like, shape (..., n)
        Permeabilities of the n ions; only their ratios matter.
    out_mM, in_mM : array_like, shape (..., n)
        Concentrations outside and inside.
    z : array_like, shape (n,)
        Valences, each 1 or −1.
    temperature_K : float
        Absolute temperature.

    Raises
    ------
    VClampError
        If an ion is not monovalent.

    Source: Goldman 1943, J Gen Physiol 27:37; Hodgkin & Katz 1949, J Physiol 108:37.
    """
    z = np.asarray(z, float)
    if np.any(np.abs(z) != 1.0):
        raise VClampError(
            f"the GHK voltage holds for monovalent ions, and z is {z.tolist()}",
            remedy="Look for the reversal of the summed currents.",
        )
    out, inside = np.asarray(out_mM, float), np.asarray(in_mM, float)
    pushes_up = np.sum(p * np.where(z > 0, out, inside), axis=-1)
    pushes_down = np.sum(p * np.where(z > 0, inside, out), axis=-1)
    return np.asarray(thermal_voltage_mV(temperature_K) * np.log(pushes_up / pushes_down))


def reversal_mV(p: ArrayLike, out_mM: ArrayLike, in_mM: ArrayLike, z: ArrayLike, temperature_K: float) -> float:
    """Voltage at which the GHK currents of ions of any valence cancel, in mV.

    The sum grows steadily with the voltage, so there is at most one; it is infinite where all ions push
    the same way, and NaN where nothing flows at all.

    Parameters
    ----------
    p : array_like, shape (n,)
        Permeabilities of the n ions; only their ratios matter.
    out_mM, in_mM : array_like, shape (n,)
        Concentrations outside and inside; 0 is allowed.
    z : array_like, shape (n,)
        Valences with sign.
    temperature_K : float
        Absolute temperature.
    """
    from scipy.optimize import brentq

    relative = np.asarray(p, float) / max(float(np.max(p)), np.finfo(float).tiny)

    def total(v_mV: float) -> float:
        return float(np.sum(ghk_current_pA(v_mV, relative, z, out_mM, in_mM, temperature_K)))

    low, high = total(-SEARCH_mV), total(SEARCH_mV)
    if low == high == 0.0:
        return float("nan")
    if low >= 0.0 or high <= 0.0:
        return float("-inf") if low >= 0.0 else float("inf")
    return float(brentq(total, -SEARCH_mV, SEARCH_mV, xtol=1e-9))


def mullins_noda_mV(
    p_na_over_p_k: ArrayLike,
    na_out_mM: ArrayLike,
    na_in_mM: ArrayLike,
    k_out_mM: ArrayLike,
    k_in_mM: ArrayLike,
    temperature_K: float,
    coupling: float = 1.5,
) -> NDArray[np.float64]:
    """Steady-state voltage of a cell whose Na and K leaks (GHK) a pump exactly makes good, in mV.

    V = (RT/F) ln[(r P_K K_o + P_Na Na_o)/(r P_K K_i + P_Na Na_i)]; chloride is at equilibrium and drops out.

    Parameters
    ----------
    p_na_over_p_k : array_like
        Permeability ratio of the leaks.
    na_out_mM, na_in_mM, k_out_mM, k_in_mM : array_like
        Concentrations.
    temperature_K : float
        Absolute temperature.
    coupling : float
        r, Na ions pumped out for each K ion pumped in: 3/2; 1 for a neutral pump.

    Source: Mullins & Noda 1963, J Gen Physiol 47:117.
    """
    p = np.stack(np.broadcast_arrays(np.asarray(p_na_over_p_k, float), coupling), axis=-1)
    outside = np.stack(np.broadcast_arrays(np.asarray(na_out_mM, float), k_out_mM), axis=-1)
    inside = np.stack(np.broadcast_arrays(np.asarray(na_in_mM, float), k_in_mM), axis=-1)
    return ghk_voltage_mV(p, outside, inside, (1, 1), temperature_K)


def bi_ionic_mV(
    p_out_over_p_in: ArrayLike, out_mM: ArrayLike, in_mM: ArrayLike, temperature_K: float
) -> NDArray[np.float64]:
    """Reversal potential with one monovalent cation outside and another inside, in mV.

    Parameters
    ----------
    p_out_over_p_in : array_like
        Permeability of the outer cation over that of the inner one.
    out_mM, in_mM : array_like
        Concentration of the outer cation outside and of the inner one inside.
    temperature_K : float
        Absolute temperature.

    Source: Hille 1971, J Gen Physiol 58:599.
    """
    ratio = np.asarray(p_out_over_p_in, float) * np.asarray(out_mM, float) / np.asarray(in_mM, float)
    return np.asarray(thermal_voltage_mV(temperature_K) * np.log(ratio))


def bi_ionic_permeability_ratio(
    v_mV: ArrayLike, out_mM: ArrayLike, in_mM: ArrayLike, temperature_K: float
) -> NDArray[np.float64]:
    """Permeability ratio P_out/P_in that a bi-ionic reversal potential tells; inverse of `bi_ionic_mV`."""
    boltzmann = np.exp(np.asarray(v_mV, float) / thermal_voltage_mV(temperature_K))
    return np.asarray(boltzmann * np.asarray(in_mM, float) / np.asarray(out_mM, float))


def chord_voltage_mV(g_nS: ArrayLike, e_mV: ArrayLike, pump_pA: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Voltage at which parallel conductances and a pump carry no net current, (Σ g E − I_p)/Σ g, in mV.

    Parameters
    ----------
    g_nS, e_mV : array_like, shape (..., n)
        Conductance and reversal potential of each of the n pathways, the seal leak among them.
    pump_pA : array_like
        Net pump current, outward positive.

    Source: Hodgkin & Huxley 1952, J Physiol 116:473.
    """
    g = np.asarray(g_nS, float)
    return np.asarray((np.sum(g * np.asarray(e_mV, float), axis=-1) - pump_pA) / np.sum(g, axis=-1))


def slope_conductance_nS(
    p_cm3_per_s: ArrayLike, z: ArrayLike, out_mM: ArrayLike, in_mM: ArrayLike, temperature_K: float
) -> NDArray[np.float64]:
    """Slope of the GHK current at its reversal, (P z²F²/RT) c_i c_o ln(c_i/c_o)/(c_i − c_o), in nS.

    With equal concentrations it is the conductance P z²F² c/(RT) at every voltage.

    Parameters
    ----------
    p_cm3_per_s : array_like
        Permeability times membrane area.
    z : array_like
        Valence with sign.
    out_mM, in_mM : array_like
        Concentrations outside and inside, above 0.
    temperature_K : float
        Absolute temperature.
    """
    out = np.asarray(out_mM, float)
    shared_mM = out * linoid(np.log(np.asarray(in_mM, float) / out))
    per_mM = PA_PER_FLUX * np.square(np.asarray(z, float)) / thermal_voltage_mV(temperature_K)
    return np.asarray(per_mM * np.asarray(p_cm3_per_s, float) * shared_mM)


def permeability_cm3_per_s(
    g_nS: ArrayLike, z: ArrayLike, out_mM: ArrayLike, in_mM: ArrayLike, temperature_K: float
) -> NDArray[np.float64]:
    """Permeability whose GHK current has the slope g at its reversal; inverse of `slope_conductance_nS`."""
    return np.asarray(np.asarray(g_nS, float) / slope_conductance_nS(1.0, z, out_mM, in_mM, temperature_K))


def concentration_rate_mM_per_ms(i_pA: ArrayLike, z: ArrayLike, volume_pL: float) -> NDArray[np.float64]:
    """How fast a current of one ion, outward positive, changes its concentration inside, −I/(zF Vol)."""
    return np.asarray(-np.asarray(i_pA, float) / (np.asarray(z, float) * FARADAY_C_PER_MOL * volume_pL))
