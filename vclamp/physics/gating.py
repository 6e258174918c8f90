"""Gating by voltage: closed forms and rates of two-state and allosteric channels.

What holds for schemes of any shape stands in `vclamp.physics.schemes`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.physics.schemes import subunit_chain
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import ELEMENTARY_C, FARADAY_C_PER_MOL, GAS_J_PER_MOL_K

Array = NDArray[np.float64]


# ---- two states


def two_state_p_open(v_mV: ArrayLike, z_e: float, v_half_mV: float, temperature_K: float) -> Array:
    """Open probability 1/(1 + exp(−z F (V − V½)/RT)); a negative z opens on hyperpolarisation.

    Parameters
    ----------
    z_e : float
        Gating charge with sign, in elementary charges.
    """
    w = (np.asarray(v_mV, float) - v_half_mV) / thermal_voltage_mV(temperature_K)
    return np.asarray(np.exp(-np.logaddexp(0.0, -z_e * w)))


def two_state_rates_per_ms(
    v_mV: ArrayLike, z_e: float, v_half_mV: float, k0_per_ms: float, x: float, temperature_K: float
) -> tuple[Array, Array]:
    """Opening rate k0 exp(x z w) and closing rate k0 exp(−(1 − x) z w), w = F (V − V½)/RT.

    Parameters
    ----------
    x : float
        Fraction of the charge that moves before the barrier's top; it changes the rates, not their ratio.
    """
    w = (np.asarray(v_mV, float) - v_half_mV) / thermal_voltage_mV(temperature_K)
    return np.asarray(k0_per_ms * np.exp(x * z_e * w)), np.asarray(k0_per_ms * np.exp((x - 1.0) * z_e * w))


def slope_factor_mV(z_e: float, temperature_K: float) -> float:
    """k = RT/(zF): the voltage over which P/(1 − P) grows e-fold."""
    return thermal_voltage_mV(temperature_K) / z_e


def opening_energy_kJ_per_mol(v_mV: ArrayLike, z_e: float, v_half_mV: float) -> Array:
    """Free energy of opening, −z F (V − V½)."""
    return np.asarray(-1e-6 * z_e * FARADAY_C_PER_MOL * (np.asarray(v_mV, float) - v_half_mV))


def v_half_from_enthalpy_mV(dh_kJ_per_mol: float, ds_J_per_mol_K: float, z_e: float, temperature_K: float) -> float:
    """Half-activation voltage (ΔH − TΔS)/(zF), at which opening costs nothing."""
    return 1000.0 * (1000.0 * dh_kJ_per_mol - temperature_K * ds_J_per_mol_K) / (z_e * FARADAY_C_PER_MOL)


def activation_energy_kJ_per_mol(q10: float, low_K: float, high_K: float) -> float:
    """Arrhenius energy of a rate that grows by Q10 per 10 K between two temperatures."""
    growth = np.log(q10) * (high_K - low_K) / 10.0
    return float(1e-3 * GAS_J_PER_MOL_K * growth / (1.0 / low_K - 1.0 / high_K))


def gating_charge_fC(p_open: ArrayLike, z_e: float, n_channels: float) -> Array:
    """Charge z e N P that N two-state channels have moved outward when a fraction P is open."""
    return np.asarray(1e15 * ELEMENTARY_C * z_e * n_channels * np.asarray(p_open, float))


def limiting_slope_e(v_mV: Array, p_open: Array, temperature_K: float) -> Array:
    """(RT/F) d ln P/dV between neighbouring voltages, which at low P tends to the charge of opening.

    All of the charge for schemes in a row, only that of the pore for allosteric ones.

    Source: W. Almers 1978, Rev Physiol Biochem Pharmacol 82:96.
    """
    return np.asarray(thermal_voltage_mV(temperature_K) * np.diff(np.log(p_open)) / np.diff(v_mV))


# ---- allosteric


def mwc_p_open(
    v_mV: ArrayLike,
    sensors: int,
    l0: float,
    z_l_e: float,
    z_j_e: float,
    v_j_mV: float,
    eps_RT: float,
    temperature_K: float,
) -> Array:
    """Open probability of a pore that n voltage sensors help to open, L(1 + JD)ⁿ/(L(1 + JD)ⁿ + (1 + J)ⁿ).

    Parameters
    ----------
    sensors : int
        Number n of identical sensors.
    l0, z_l_e : float
        L = l0 exp(z_l F V/RT), equilibrium constant of opening with all sensors at rest.
    z_j_e, v_j_mV : float
        J = exp(z_j F (V − V_j)/RT), equilibrium constant of a sensor of the closed channel.
    eps_RT : float
        Coupling: D = exp(eps), factor of L for each active sensor.

    Source: F. T. Horrigan & R. W. Aldrich 1999, J Gen Physiol 114:305.
    """
    thermal_mV = thermal_voltage_mV(temperature_K)
    v = np.asarray(v_mV, float)
    ln_j = z_j_e * (v - v_j_mV) / thermal_mV
    ln_open = np.log(l0) + z_l_e * v / thermal_mV + sensors * np.logaddexp(0.0, ln_j + eps_RT)
    ln_closed = sensors * np.logaddexp(0.0, ln_j)
    return np.asarray(np.exp(-np.logaddexp(0.0, ln_closed - ln_open)))


def mwc_sensor_activation(
    v_mV: ArrayLike,
    sensors: int,
    l0: float,
    z_l_e: float,
    z_j_e: float,
    v_j_mV: float,
    eps_RT: float,
    temperature_K: float,
) -> Array:
    """Fraction of the sensors of `mwc_p_open` that are active: the Q-V curve of their charge."""
    p_open = mwc_p_open(v_mV, sensors, l0, z_l_e, z_j_e, v_j_mV, eps_RT, temperature_K)
    in_closed = two_state_p_open(v_mV, z_j_e, v_j_mV, temperature_K)
    shift_mV = eps_RT * slope_factor_mV(z_j_e, temperature_K)
    in_open = two_state_p_open(v_mV, z_j_e, v_j_mV - shift_mV, temperature_K)
    return np.asarray(p_open * in_open + (1.0 - p_open) * in_closed)


def mwc_median_voltage_mV(
    sensors: int, l0: float, z_j_e: float, v_j_mV: float, eps_RT: float, temperature_K: float
) -> float:
    """Median voltage ∫ V dQ of the Q-V curve for a pore without charge: the free energy per charge moved.

    Source: S. Chowdhury & B. Chanda 2012, J Gen Physiol 139:3.
    """
    ln_l0 = np.log(l0)
    ln_ratio = np.logaddexp(0.0, ln_l0 + sensors * eps_RT) - np.logaddexp(0.0, ln_l0)
    return float(v_j_mV - slope_factor_mV(z_j_e, temperature_K) / sensors * ln_ratio)


def mwc_rates_per_ms(
    v_mV: ArrayLike,
    sensors: int,
    l0: float,
    z_l_e: float,
    z_j_e: float,
    v_j_mV: float,
    eps_RT: float,
    a0_per_ms: float,
    d0_per_ms: float,
    x: float,
    y: float,
    f: float,
    temperature_K: float,
) -> Array:
    """Rates of the scheme behind `mwc_p_open`; detailed balance holds for all x, y, f.

    Parameters
    ----------
    a0_per_ms, d0_per_ms : float
        Rate of a sensor at V_j in the closed channel, and of opening at 0 mV with all sensors at rest.
    x, y, f : float
        Part of the sensor's charge, of the coupling in a sensor's step, and of the coupling in the
        pore's step that the forward rate has; the charge of the pore is shared evenly.

    Returns
    -------
    array (n_v, 2(n + 1), 2(n + 1))
        Rate from state i to state j at [v, i, j]; states C_0 … C_n, then O_0 … O_n.
    """
    v = np.atleast_1d(np.asarray(v_mV, float))
    on, off = two_state_rates_per_ms(v, z_j_e, v_j_mV, a0_per_ms, x, temperature_K)
    closed = subunit_chain(on, off, sensors)
    opened = subunit_chain(on * np.exp(y * eps_RT), off * np.exp((y - 1.0) * eps_RT), sensors)
    half = np.exp(0.5 * z_l_e * v / thermal_voltage_mV(temperature_K))[:, None]
    k = np.arange(sensors + 1)
    rates = np.zeros((v.size, 2 * k.size, 2 * k.size))
    rates[:, : k.size, : k.size] = closed
    rates[:, k.size :, k.size :] = opened
    rates[:, k, k.size + k] = d0_per_ms * np.exp(k * f * eps_RT) * half
    rates[:, k.size + k, k] = d0_per_ms / l0 * np.exp(k * (f - 1.0) * eps_RT) / half
    return rates


def bk_calcium_p_open(
    v_mV: ArrayLike,
    calcium_mM: ArrayLike,
    l0: float,
    z_l_e: float,
    z_j_e: float,
    v_j_mV: float,
    d: float,
    kd_mM: float,
    c: float,
    e: float,
    temperature_K: float,
) -> Array:
    """Open probability of a BK channel: four subunits, each with a voltage sensor and a calcium site.

    Parameters
    ----------
    calcium_mM, kd_mM : array_like, float
        Calcium inside and its dissociation constant K_D; K = calcium/K_D.
    d, c, e : float
        Factors of sensor on pore, calcium on pore, calcium on sensor.

    P = L(1 + KC + JD + JKCDE)⁴/(L(1 + KC + JD + JKCDE)⁴ + (1 + J + K + JKE)⁴), L and J as in `mwc_p_open`.

    Source: F. T. Horrigan & R. W. Aldrich 2002, J Gen Physiol 120:267.
    """
    thermal_mV = thermal_voltage_mV(temperature_K)
    v, k = np.asarray(v_mV, float), np.asarray(calcium_mM, float) / kd_mM
    ln_j = z_j_e * (v - v_j_mV) / thermal_mV
    ln_open = np.logaddexp(np.log1p(k * c), ln_j + np.log(d) + np.log1p(k * c * e))
    ln_closed = np.logaddexp(np.log1p(k), ln_j + np.log1p(k * e))
    ln_l = np.log(l0) + z_l_e * v / thermal_mV
    return np.asarray(np.exp(-np.logaddexp(0.0, 4.0 * (ln_closed - ln_open) - ln_l)))
