"""GHK currents and voltages, pumps, and the cell that they keep in a steady state."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from targets.reference_cell import Cell, finite_cell, rested

from vclamp.physics.flux import (
    bi_ionic_mV,
    chord_voltage_mV,
    concentration_rate_mM_per_ms,
    ghk_current_pA,
    ghk_voltage_mV,
    mullins_noda_mV,
    slope_conductance_nS,
)
from vclamp.physics.pump import (
    cycles_per_s,
    hill_pump_pA,
    luo_rudy_sigma,
    luo_rudy_voltage_factor,
    orudy_pump,
    pump_reversal_mV,
    sphere_radius_um,
    sphere_volume_pL,
)
from vclamp.physics.steady_state import electrogenic_bound_mV, ohmic_steady_pump_pA, ohmic_steady_state_mV
from vclamp.units import kelvin

BODY_K = 310.0
LEAKS = ((5.0, 0.7, 1.5), (-95.0, 65.0, -60.0))  # nS and mV of K, Na, Cl
SODIUM_POTASSIUM = (0.7, 65.0, 5.0, -95.0)
MAMMALIAN = (145.0, 12.0, 4.0, 140.0)  # Na out, in, K out, in


def squid_mV(p: tuple[float, float, float]) -> float:
    return float(ghk_voltage_mV(p, (20.0, 440.0, 560.0), (400.0, 50.0, 52.0), (1, 1, -1), kelvin(18.5)))


def potassium_pA(v_mV: float) -> float:
    return float(ghk_current_pA(v_mV, 1e-10, 1, 4.0, 140.0, BODY_K))


def pump_loss_mV() -> float:
    return float(chord_voltage_mV(*LEAKS, 20.0) - chord_voltage_mV(*LEAKS))


def electrogenic_ohmic_mV() -> float:
    return float(ohmic_steady_state_mV(*SODIUM_POTASSIUM) - ohmic_steady_state_mV(*SODIUM_POTASSIUM, coupling=1.0))


def mullins_noda(coupling: float) -> float:
    return float(mullins_noda_mV(0.05, *MAMMALIAN, BODY_K, coupling))


def rectification() -> float:
    far_mV = 1000.0
    return (potassium_pA(far_mV + 1.0) - potassium_pA(far_mV)) / (potassium_pA(-far_mV) - potassium_pA(-far_mV - 1.0))


def excess_over_mullins_noda_mV() -> float:
    rest = rested(Cell())
    (p_na, p_k), (na_out, k_out), (na_in, k_in) = rest.p_cm3_per_s, rest.out_mM, rest.in_mM
    return float(mullins_noda_mV(p_na / p_k, na_out, na_in, k_out, k_in, rest.temperature_K)) - rest.v_mV


@cache
def after_pump_block(t_ms: float) -> Cell:
    """The resting cell some time after its pump has stopped."""
    return finite_cell(replace(rested(Cell()), i_max_pA=0.0), t_ms)[0]


def orudy_imbalance() -> float:
    pump = orudy_pump(-87.0, 140.0, 7.0, 5.4, 145.0, BODY_K)
    return pump.j_na + 1.5 * pump.j_k


COMPUTE: dict[str, Callable[[], float]] = {
    "G1": lambda: squid_mV((1.0, 0.04, 0.45)),
    "G2": lambda: squid_mV((1.0, 20.0, 0.45)),
    "G3": lambda: float(ghk_voltage_mV((1.0, 0.05, 0.1), (4.0, 145.0, 110.0), (140.0, 12.0, 10.0), (1, 1, -1), BODY_K)),
    "G4": lambda: potassium_pA(0.0),
    "G5": lambda: potassium_pA(50.0),
    "G6": lambda: potassium_pA(-120.0),
    "G7": rectification,
    "G8": lambda: float(slope_conductance_nS(1e-10, 1, 4.0, 140.0, BODY_K)),
    "G9": lambda: float(ghk_current_pA(30.0, 1e-10, 1, 140.0, 140.0, BODY_K)),
    "G10": lambda: float(ghk_current_pA(0.0, 1e-9, 2, 2.0, 1e-4, BODY_K)),
    "G12": lambda: float(bi_ionic_mV(0.01, 150.0, 150.0, kelvin(22.0))),
    "G15": lambda: float(chord_voltage_mV(*LEAKS)),
    "G16": lambda: float(chord_voltage_mV(*LEAKS, 20.0)),
    "G17": pump_loss_mV,
    "G19": lambda: float(ohmic_steady_state_mV(*SODIUM_POTASSIUM)),
    "G20": lambda: float(ohmic_steady_pump_pA(*SODIUM_POTASSIUM)),
    "G21": electrogenic_ohmic_mV,
    "G22": lambda: mullins_noda(1.5),
    "G23": lambda: mullins_noda(1.5) - mullins_noda(1.0),
    "G24": lambda: electrogenic_bound_mV(BODY_K),
    "G25": lambda: float(luo_rudy_sigma(140.0)),
    "G26": lambda: float(luo_rudy_voltage_factor(-80.0, 140.0, BODY_K)),
    "G27": lambda: float(luo_rudy_voltage_factor(0.0, 140.0, BODY_K)),
    "G29": lambda: float(hill_pump_pA(100.0, 12.0, 4.0)),
    "G30": lambda: float(hill_pump_pA(1.0, 1e6, 1e6)),
    "G31": lambda: float(pump_reversal_mV(-55.0, *MAMMALIAN, BODY_K)),
    "G34": lambda: sphere_radius_um(20.0),
    "G35": lambda: sphere_volume_pL(20.0),
    "G36": lambda: 1e3 * abs(float(concentration_rate_mM_per_ms(100.0, 1, sphere_volume_pL(20.0)))),
    "G37": lambda: float(cycles_per_s(31.5)),
    "G39": lambda: rested(Cell()).v_mV,
    "G40": lambda: rested(Cell()).in_mM[0],
    "G41": lambda: rested(Cell()).in_mM[1],
    "G42": lambda: rested(Cell()).pump_pA(),
    "G43": excess_over_mullins_noda_mV,
    "G44": lambda: after_pump_block(250.0).v_mV - rested(Cell()).v_mV,
    "G45": lambda: after_pump_block(600e3).in_mM[0],
    "G46": lambda: after_pump_block(600e3).v_mV,
    "G51": lambda: orudy_pump(-87.0, 140.0, 7.0, 5.4, 145.0, BODY_K).i_pA_per_pF,
    "G52": orudy_imbalance,
}
