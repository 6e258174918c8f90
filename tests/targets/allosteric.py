"""Targets W: allosteric gating (Kv, BK), and the gates of HCN and hERG channels."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from vclamp.model.formula import Formula
from vclamp.physics import gating, schemes
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import kelvin

Array = NDArray[np.float64]

ROOM_K = kelvin(22.0)
FAR_mV = 250.0
L0 = 1e-5
SENSORS = (4, L0, 0.0, 3.0, -45.0)  # number, L0, z_L, z_J, V_J of Kv-MWC
KINETICS = (2.0, 5.0 * np.exp(-10.0), 0.5, 0.5, 0.5)  # a0, d0, x, y, f
BK = (4, 2e-6, 0.4, 0.55, 155.0, np.log(17.0), kelvin(20.0))
BK_CALCIUM = {"l0": 9.8e-7, "z_l_e": 0.3, "z_j_e": 0.58, "v_j_mV": 150.0, "d": 25.0, "kd_mM": 0.011, "c": 8.0, "e": 2.4}

HCN_ALPHA = Formula("0.00643*11.9*linoid(-(v+154.9)/11.9)")
HCN_BETA = Formula("0.193*exp(v/33.1)")
HERG = tuple(
    Formula(text)
    for text in ("2.26e-4*exp(0.0699*v)", "3.45e-5*exp(-0.05462*v)", "0.0873*exp(0.00891*v)", "5.15e-3*exp(-0.03158*v)")
)


def p_open(v_mV: float, eps_RT: float = 5.0) -> float:
    return float(gating.mwc_p_open(v_mV, *SENSORS, eps_RT, ROOM_K))


def q(v_mV: float) -> float:
    return float(gating.mwc_sensor_activation(v_mV, *SENSORS, 5.0, ROOM_K))


def slope(function: Callable[[float], float], v_mV: float) -> float:
    return (function(v_mV + 1e-3) - function(v_mV - 1e-3)) / 2e-3


def conductance_curve(eps_RT: float) -> tuple[float, float, float]:
    """Greatest open probability, voltage half way to it, and apparent charge there."""
    least, greatest = p_open(-FAR_mV, eps_RT), p_open(FAR_mV, eps_RT)
    half_mV = brentq(lambda v: p_open(v, eps_RT) - 0.5 * (least + greatest), -FAR_mV, FAR_mV, xtol=1e-10)
    steepness = slope(lambda v: p_open(v, eps_RT), half_mV) / (greatest - least)
    return greatest, float(half_mV), 4.0 * thermal_voltage_mV(ROOM_K) * steepness


def half_mV(function: Callable[[float], float], level: float = 0.5) -> float:
    return float(brentq(lambda v: function(v) - level, -FAR_mV, FAR_mV, xtol=1e-10))


def bk_p_open(v_mV: float) -> float:
    return float(gating.mwc_p_open(v_mV, *BK))


def bk_limiting_slope_e() -> float:
    v = np.array([-600.5, -599.5])
    return float(gating.limiting_slope_e(v, gating.mwc_p_open(v, *BK), kelvin(20.0))[0])


def scheme(v_mV: Array | float) -> Array:
    return gating.mwc_rates_per_ms(v_mV, *SENSORS, 5.0, *KINETICS, ROOM_K)


def largest_difference_from_closed_form() -> float:
    v = np.arange(-150.0, 101.0, 5.0)
    kinetic = schemes.stationary(scheme(v))[:, 5:].sum(axis=1)
    return float(np.abs(kinetic - gating.mwc_p_open(v, *SENSORS, 5.0, ROOM_K)).max())


def half_activation_ms() -> float:
    """After a step from -100 to 0 mV, to half of the open probability at 0 mV."""
    start, rates = schemes.stationary(scheme(-100.0))[0], scheme(0.0)[0]
    return float(
        brentq(lambda t: (start @ schemes.propagator(rates, t))[5:].sum() - 0.5 * p_open(0.0), 0.01, 5.0, xtol=1e-12)
    )


def hcn_inf(v_mV: float) -> float:
    return float(HCN_ALPHA(v_mV) / (HCN_ALPHA(v_mV) + HCN_BETA(v_mV)))


def herg(v_mV: float) -> tuple[Array, Array]:
    """Rates of the independent activation and recovery gates as one scheme, last state open; and its rest."""
    k1, k2, k3, k4 = (k(v_mV) for k in HERG)
    rates = schemes.product_scheme([schemes.subunit_chain(k1, k2, 1), schemes.subunit_chain(k4, k3, 1)])
    return rates, schemes.stationary(rates)


def herg_after_step() -> Array:
    """Occupancies after 1 s at +20 mV from -80 mV."""
    return herg(-80.0)[1] @ schemes.propagator(herg(20.0)[0], 1000.0)


def herg_tail_peak() -> float:
    p, step = herg_after_step(), schemes.propagator(herg(-40.0)[0], 0.05)
    trace = [float(p[-1])]
    while len(trace) < 2 or trace[-1] > trace[-2]:
        p = p @ step
        trace.append(float(p[-1]))
    return max(trace)


def herg_half_mV(opening: int, closing: int) -> float:
    return half_mV(lambda v: float(np.log(HERG[opening](v) / HERG[closing](v))), 0.0)


COMPUTE: dict[str, Callable[[], float | Sequence[float]]] = {
    "W1_5": lambda: conductance_curve(5.0),
    "W1_4": lambda: conductance_curve(4.0),
    "W1_3": lambda: conductance_curve(3.0),
    "W1_2": lambda: conductance_curve(2.0),
    "W2": lambda: p_open(-40.0),
    "W3": lambda: p_open(-FAR_mV) / L0,
    "W4": bk_limiting_slope_e,
    "W5": lambda: bk_p_open(200.0),
    "W6": lambda: float(brentq(lambda v: bk_p_open(v) - 0.5, 0.0, 400.0, xtol=1e-10)),
    "W7": lambda: float(gating.bk_calcium_p_open(0.0, 0.01, **BK_CALCIUM, temperature_K=ROOM_K)),
    "W10": largest_difference_from_closed_form,
    "W11": half_activation_ms,
    "W14": lambda: p_open(FAR_mV, 3.0),
    "W15": lambda: half_mV(q),
    "W16": lambda: half_mV(p_open),
    "W18": lambda: gating.mwc_median_voltage_mV(4, L0, 3.0, -45.0, 5.0, ROOM_K),
    "W19": lambda: half_mV(hcn_inf),
    "W20": lambda: float(1.0 / (HCN_ALPHA(-90.0) + HCN_BETA(-90.0))),
    "W22": lambda: float(HCN_ALPHA(-154.9)),
    "W23": lambda: herg_half_mV(0, 1),
    "W24": lambda: herg_half_mV(3, 2),
    "W25": lambda: float(herg_after_step()[-1]),
    "W26": herg_tail_peak,
}
