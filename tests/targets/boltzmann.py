"""Targets B: two-state gating, its kinetics, gating charge and temperature."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import curve_fit

from vclamp.physics import gating, schemes
from vclamp.physics.thermo import q10_factor
from vclamp.units import kelvin

ROOM_K = kelvin(22.0)
GATE = (4.0, -30.0)  # charge, e, and half-activation voltage, mV
SENSOR = (3.0, -45.0)  # one of four
N_CHANNELS = 1e5


def p_open(v_mV: float, z_e: float = 4.0) -> float:
    return float(gating.two_state_p_open(v_mV, z_e, -30.0, ROOM_K))


def width_mV(low: float, high: float) -> float:
    """Voltage between two open probabilities, from the curve read backwards."""
    v = np.linspace(-60.0, 0.0, 60001)
    at = np.interp([low, high], gating.two_state_p_open(v, *GATE, ROOM_K), v)
    return float(at[1] - at[0])


def greatest_slope_per_V() -> float:
    v = np.linspace(-40.0, -20.0, 20001)
    return float(1000.0 * np.diff(gating.two_state_p_open(v, *GATE, ROOM_K)).max() / (v[1] - v[0]))


def tau_ms(v_mV: float) -> float:
    return float(1.0 / np.sum(gating.two_state_rates_per_ms(v_mV, *GATE, 0.5, 0.5, ROOM_K)))


def first_gating_current_pA() -> float:
    """Just after a step from -80 to +20 mV."""
    rates = [
        schemes.subunit_chain(*gating.two_state_rates_per_ms(v, *GATE, 0.5, 0.5, ROOM_K), 1) for v in (-80.0, 20.0)
    ]
    charges = schemes.state_charges([(0, 1)], [4.0], 2)
    return float(schemes.gating_current_pA(schemes.stationary(rates[0]), rates[1], charges, N_CHANNELS))


def four_sensors(v_mV: np.ndarray) -> np.ndarray:
    """Open probability of four independent sensors, as the last state of their chain."""
    rates = schemes.subunit_chain(*gating.two_state_rates_per_ms(v_mV, *SENSOR, 1.0, 0.5, ROOM_K), 4)
    return schemes.stationary(rates)[:, -1]


def limiting_slope_e() -> float:
    v = np.array([-140.005, -139.995])
    return float(gating.limiting_slope_e(v, four_sensors(v), ROOM_K)[0])


def single_fit() -> np.ndarray:
    """Charge, e, and half-activation voltage, mV, of one curve from 0 to 1 through the four sensors' curve."""
    v = np.arange(-100.0, 61.0, 2.0)
    curve, start = four_sensors(v), (4.0, -30.0)
    return np.asarray(curve_fit(lambda v, z, half: gating.two_state_p_open(v, z, half, ROOM_K), v, curve, start)[0])


COMPUTE: dict[str, Callable[[], float]] = {
    "B1": lambda: p_open(-10.0),
    "B2": lambda: p_open(-10.0, z_e=-4.0),
    "B3": lambda: gating.slope_factor_mV(4.0, ROOM_K),
    "B5": lambda: width_mV(0.1, 0.9),
    "B6": lambda: float(gating.opening_energy_kJ_per_mol(0.0, *GATE)),
    "B7": greatest_slope_per_V,
    "B8": lambda: gating.slope_factor_mV(4.0, 310.0) / gating.slope_factor_mV(4.0, 280.0),
    "B9": lambda: gating.v_half_from_enthalpy_mV(-10.0, 5.0, 4.0, ROOM_K),
    "B11": lambda: tau_ms(-30.0),
    "B12": lambda: tau_ms(0.0),
    "B15": lambda: float(gating.gating_charge_fC(1.0, 4.0, N_CHANNELS)),
    "B16": first_gating_current_pA,
    "B19": lambda: gating.activation_energy_kJ_per_mol(3.0, kelvin(20.0), kelvin(30.0)),
    "B20": lambda: q10_factor(3.0, kelvin(22.0), kelvin(6.3)),
    "B22": limiting_slope_e,
    "B23": lambda: float(single_fit()[0]),
    "B24": lambda: float(single_fit()[1]),
    "B26": lambda: float(np.log(10.0)) * gating.slope_factor_mV(4.0, ROOM_K),
}
