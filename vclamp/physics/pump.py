"""The Na,K pump: three Na out, two K in, one ATP and one net charge out a cycle."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.physics.thermo import nernst_mV, thermal_voltage_mV
from vclamp.units import ELEMENTARY_C, FARADAY_C_PER_MOL

UM2_PER_PF = 100.0  # at 1 µF/cm²


def _bound(c_mM: ArrayLike, k_mM: float, n: float) -> NDArray[np.float64]:
    """Hill occupancy c^n/(c^n + K^n)."""
    powered = np.asarray(c_mM, float) ** n
    return np.asarray(powered / (powered + k_mM**n))


def hill_pump_pA(
    i_max_pA: ArrayLike,
    na_in_mM: ArrayLike,
    k_out_mM: ArrayLike,
    k_na_mM: float = 10.0,
    k_k_mM: float = 1.5,
    n_na: float = 3.0,
    n_k: float = 2.0,
) -> NDArray[np.float64]:
    """Net pump current in pA that grows with Na inside and K outside, each by a Hill curve.

    Parameters
    ----------
    i_max_pA : array_like
        Current with both kinds of site full.
    na_in_mM, k_out_mM : array_like
        Concentrations the pump takes its ions from; 0 is allowed.
    k_na_mM, k_k_mM : float
        Concentrations at half occupancy.
    n_na, n_k : float
        Hill coefficients.

    Source: Garay & Garrahan 1973, J Physiol 231:297 (three Na and two K sites).
    """
    return np.asarray(np.asarray(i_max_pA, float) * _bound(na_in_mM, k_na_mM, n_na) * _bound(k_out_mM, k_k_mM, n_k))


def luo_rudy_sigma(na_out_mM: ArrayLike) -> NDArray[np.float64]:
    """How much outer Na makes the pump depend on voltage, (e^(Na_o/67.3) − 1)/7; 1 at 140 mM.

    Source: Luo & Rudy 1994, Circ Res 74:1071.
    """
    return np.asarray(np.expm1(np.asarray(na_out_mM, float) / 67.3) / 7.0)


def luo_rudy_voltage_factor(v_mV: ArrayLike, na_out_mM: ArrayLike, temperature_K: float) -> NDArray[np.float64]:
    """Voltage dependence of the pump, 1/(1 + 0.1245 e^(−0.1 u) + 0.0365 σ e^(−u)) with u = FV/(RT).

    Source: Luo & Rudy 1994, Circ Res 74:1071.
    """
    u = np.asarray(v_mV, float) / thermal_voltage_mV(temperature_K)
    return np.asarray(1.0 / (1.0 + 0.1245 * np.exp(-0.1 * u) + 0.0365 * luo_rudy_sigma(na_out_mM) * np.exp(-u)))


def luo_rudy_pump_pA(
    v_mV: ArrayLike,
    i_max_pA: ArrayLike,
    na_in_mM: ArrayLike,
    na_out_mM: ArrayLike,
    k_out_mM: ArrayLike,
    temperature_K: float,
) -> NDArray[np.float64]:
    """Net pump current in pA of a ventricular cell, which grows with the voltage too.

    Parameters
    ----------
    v_mV : array_like
        Membrane potential.
    i_max_pA : array_like
        Largest current; the source has 1.5 pA/pF.
    na_in_mM, na_out_mM, k_out_mM : array_like
        Concentrations.
    temperature_K : float
        Absolute temperature.

    Source: Luo & Rudy 1994, Circ Res 74:1071.
    """
    saturation = _bound(na_in_mM, 10.0, 1.5) * _bound(k_out_mM, 1.5, 1.0)
    voltage = luo_rudy_voltage_factor(v_mV, na_out_mM, temperature_K)
    return np.asarray(np.asarray(i_max_pA, float) * voltage * saturation)


def pump_reversal_mV(
    dg_atp_kJ_per_mol: float,
    na_out_mM: ArrayLike,
    na_in_mM: ArrayLike,
    k_out_mM: ArrayLike,
    k_in_mM: ArrayLike,
    temperature_K: float,
) -> NDArray[np.float64]:
    """Voltage at which one ATP just pays for a cycle, dG/F + 3 E_Na − 2 E_K, in mV; −180 mV in a resting cell.

    Parameters
    ----------
    dg_atp_kJ_per_mol : float
        Free energy of ATP hydrolysis in the cell, negative; about −55.
    na_out_mM, na_in_mM, k_out_mM, k_in_mM : array_like
        Concentrations.
    temperature_K : float
        Absolute temperature.

    Source: De Weer, Gadsby & Rakowski 1988, Annu Rev Physiol 50:225.
    """
    e_na_mV = nernst_mV(1, na_out_mM, na_in_mM, temperature_K)
    e_k_mV = nernst_mV(1, k_out_mM, k_in_mM, temperature_K)
    return np.asarray(1e6 * dg_atp_kJ_per_mol / FARADAY_C_PER_MOL + 3.0 * e_na_mV - 2.0 * e_k_mV)


def thermodynamic_factor(v_mV: ArrayLike, v_rev_mV: ArrayLike, temperature_K: float) -> NDArray[np.float64]:
    """1 − e^(−(V − V_rev)F/RT), which makes a pump stop at its reversal and run backwards beyond it.

    Source: T. L. Hill 1989, Free Energy Transduction and Biochemical Cycle Kinetics, Springer.
    """
    force_mV = np.asarray(v_mV, float) - np.asarray(v_rev_mV, float)
    return np.asarray(-np.expm1(-force_mV / thermal_voltage_mV(temperature_K)))


def ouabain_factor(ouabain_mM: ArrayLike, ic50_mM: float) -> NDArray[np.float64]:
    """Fraction of pumps that ouabain leaves, 1/(1 + c/IC50)."""
    return np.asarray(1.0 / (1.0 + np.asarray(ouabain_mM, float) / ic50_mM))


def atp_factor(atp_mM: ArrayLike, k_atp_mM: float) -> NDArray[np.float64]:
    """Fraction of pumps that have ATP to run on, c/(c + K)."""
    return _bound(atp_mM, k_atp_mM, 1.0)


def cycles_per_s(pump_pA: ArrayLike) -> NDArray[np.float64]:
    """Pump cycles, and ATP molecules split, a second in the whole cell: one net charge each."""
    return np.asarray(1e-12 * np.asarray(pump_pA, float) / ELEMENTARY_C)


def sphere_radius_um(cm_pF: float, specific_uF_per_cm2: float = 1.0) -> float:
    """Radius in µm of a round cell with that capacitance."""
    return float(np.sqrt(UM2_PER_PF * cm_pF / specific_uF_per_cm2 / (4.0 * np.pi)))


def sphere_volume_pL(cm_pF: float, specific_uF_per_cm2: float = 1.0) -> float:
    """Volume in pL of a round cell with that capacitance."""
    return float(1e-3 * 4.0 / 3.0 * np.pi * sphere_radius_um(cm_pF, specific_uF_per_cm2) ** 3)


class OrudyPump(NamedTuple):
    """What the O'Hara-Rudy pump does: its current in pA/pF, and the fluxes it is made of."""

    i_pA_per_pF: float
    j_na: float
    j_k: float


def orudy_pump(
    v_mV: float, na_out_mM: float, na_in_mM: float, k_out_mM: float, k_in_mM: float, temperature_K: float
) -> OrudyPump:
    """Four-state pump of the human ventricular model, to check other pumps against.

    Its rates do not keep detailed balance (the affinity of a cycle changes by 1.31 FV instead of FV), so it
    has no true reversal potential: for `pump_reversal_mV` and ATP it must not be used.

    Parameters
    ----------
    v_mV : float
        Membrane potential.
    na_out_mM, na_in_mM, k_out_mM, k_in_mM : float
        Concentrations.
    temperature_K : float
        Absolute temperature.

    Source: O'Hara, Virág, Varró & Rudy 2011, PLoS Comput Biol 7:e1002061; Smith & Crampin 2004, Prog Biophys Mol
    Biol 85:387.
    """
    u, delta = v_mV / thermal_voltage_mV(temperature_K), -0.155
    mg_adp, h, atp = 0.05, 1e-7, 9.8 / 1.698e-7  # ATP relative to its binding constant
    na_i, na_o = na_in_mM / (9.073 * np.exp(delta * u / 3)), na_out_mM / (27.78 * np.exp((1 - delta) * u / 3))
    k_i, k_o = k_in_mM / 0.5, k_out_mM / 0.3582
    phosphate = 4.2 / (1 + h / 1.698e-7 + na_in_mM / 224 + k_in_mM / 292)
    d_i, d_o = (1 + na_i) ** 3 + (1 + k_i) ** 2 - 1, (1 + na_o) ** 3 + (1 + k_o) ** 2 - 1
    forward = (949.5 * na_i**3 / d_i, 687.2, 1899 * k_o**2 / d_o, 639 * atp / (1 + atp))
    backward = (182.4 * mg_adp, 39.4 * na_o**3 / d_o, 79300 * phosphate * h / (1 + atp), 40 * k_i**2 / d_i)
    (a1, a2, a3, a4), (b1, b2, b3, b4) = forward, backward
    x = np.array(
        [
            a4 * a1 * a2 + b2 * b4 * b3 + a2 * b4 * b3 + b3 * a1 * a2,
            b2 * b1 * b4 + a1 * a2 * a3 + a3 * b1 * b4 + a2 * a3 * b4,
            a2 * a3 * a4 + b3 * b2 * b1 + b2 * b1 * a4 + a3 * a4 * b1,
            b4 * b3 * b2 + a3 * a4 * a1 + b2 * a4 * a1 + b3 * b2 * a1,
        ]
    )
    e1, e2, e3, e4 = (x / x.sum()).tolist()
    j_na, j_k = 3 * (e1 * a3 - e2 * b3), 2 * (e4 * b1 - e3 * a1)
    return OrudyPump(float(30 * (j_na + j_k)), float(j_na), float(j_k))
