"""Targets V: clamp circuit, filter, noise, converter, junction."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vclamp.physics import circuit, clamp, filters
from vclamp.physics.circuit import LinearCircuit, inputs, propagated
from vclamp.physics.gating import two_state_p_open
from vclamp.physics.junction import MOBILITY, junction_potential_mV
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import kelvin

Array = NDArray[np.float64]

ROOM_K = kelvin(22.0)
CELL = {"rs_MOhm": 10.0, "rm_MOhm": 500.0, "cm_pF": 20.0}
TEST = clamp.membrane_test(10.0, **CELL)
INVERSE = clamp.passive_cell(10.0, peak_pA=TEST.peak_pA, steady_pA=TEST.steady_pA, tau_ms=TEST.tau_ms)
TYPE_1 = clamp.membrane_test(10.0, rs_MOhm=30.0, rm_MOhm=500.0, cm_pF=22.0)
TYPE_2 = circuit.two_branch_cell(rs_MOhm=30.0, cm_pF=22.0, g_nS=2.0, rk_MOhm=100.0, ck_pF=1000.0)

LEI = circuit.full_amplifier(rs_MOhm=10.0, cm_pF=20.0, g_nS=2.0, cp_pF=4.0)
LEI_COMPENSATED = circuit.full_amplifier(
    rs_MOhm=10.0, cm_pF=20.0, g_nS=2.0, cp_pF=4.0, rs_est_MOhm=10.0, cm_est_pF=20.0, cp_est_pF=4.0, correction=0.8
)
PATCH = {"rs_MOhm": 6.0, "cm_pF": 25.0, "g_nS": 10.0, "rs_est_MOhm": 6.0, "cm_est_pF": 25.0}
SIMPLE = circuit.simplified_amplifier(**PATCH, correction=0.7, prediction=0.7)
UNCOMPENSATED = circuit.simplified_amplifier(**PATCH)

IONS = {"Na": 1, "K": 1, "Cl": -1, "gluconate": -1}


def after(amplifier: LinearCircuit, t_ms: float, *, from_mV: float, to_mV: float) -> tuple[Array, Array]:
    """State and input some time after a step from the steady state."""
    u = inputs([to_mV])
    return propagated(amplifier, amplifier.steady(inputs(from_mV)), u, t_ms)[-1], u[-1]


def v_mV(amplifier: LinearCircuit, t_ms: float, *, from_mV: float, to_mV: float) -> float:
    return float(after(amplifier, t_ms, from_mV=from_mV, to_mV=to_mV)[0][0])


def i_pA(amplifier: LinearCircuit, t_ms: float, *, from_mV: float, to_mV: float) -> float:
    return float(amplifier.measured_pA(*after(amplifier, t_ms, from_mV=from_mV, to_mV=to_mV)))


def potassium_pA(v: Array) -> Array:
    """100 nS, z = 4, V½ = -30 mV, E = -90 mV."""
    return 100.0 * two_state_p_open(v, 4.0, -30.0, ROOM_K) * (v + 90.0)


def inward_pA(v: Array) -> Array:
    """50 nS, k = 5 mV, V½ = -35 mV, E = 60 mV."""
    return 50.0 * two_state_p_open(v, thermal_voltage_mV(ROOM_K) / 5.0, -35.0, ROOM_K) * (v - 60.0)


def held_mV() -> float:
    """Where the potassium channel leaves the membrane behind 10 MΩ at +40 mV."""
    (found,) = clamp.steady_voltages_mV(40.0, potassium_pA, residual_MOhm=10.0)
    return float(found)


def junction_mV(bath: dict[str, float], pipette: dict[str, float], celsius: float = 25.0) -> float:
    rows = [(z, MOBILITY[ion], bath.get(ion, 0.0), pipette.get(ion, 0.0)) for ion, z in IONS.items()]
    return junction_potential_mV(*zip(*rows, strict=True), temperature_K=kelvin(celsius))


LSB = filters.lsb_pA(range_V=10.0, bits=16, gain_mV_per_pA=1.0)

COMPUTE: dict[str, Callable[[], float | Sequence[float]]] = {
    "V1": lambda: TEST.peak_pA,
    "V2": lambda: TEST.steady_pA,
    "V3": lambda: 1000.0 * TEST.tau_ms,
    "V4": lambda: TEST.charge_fC,
    "V5": lambda: TEST.v_step_mV,
    "V6": lambda: INVERSE.cm_pF,
    "V7": lambda: clamp.bandwidth_kHz(10.0, 20.0),
    "V10": lambda: -clamp.steady_error_mV(2000.0, residual_MOhm=clamp.residual_rs_MOhm(10.0)),
    "V11": lambda: -clamp.steady_error_mV(2000.0, residual_MOhm=clamp.residual_rs_MOhm(10.0, correction=0.8)),
    "V13": lambda: v_mV(LEI, 0.2, from_mV=-80.0, to_mV=-70.0),
    "V14": lambda: i_pA(LEI, 0.05, from_mV=-80.0, to_mV=-70.0),
    "V15": lambda: float(LEI.measured_pA(LEI.steady(inputs(-70.0)), inputs(-70.0))),
    "V16": lambda: v_mV(LEI_COMPENSATED, 0.1, from_mV=-80.0, to_mV=-70.0),
    "V17": lambda: float(LEI_COMPENSATED.steady(inputs(-70.0))[0]),
    "V20": lambda: clamp.correction_damping(0.8, rs_MOhm=10.0, cm_pF=20.0, tau_sum_ms=0.04),
    "V23": lambda: 1000.0 * TYPE_1.tau_ms,
    "V24": lambda: TYPE_1.steady_pA,
    "V25": lambda: float(TYPE_2.time_constants_ms()[0]),
    "V26": lambda: i_pA(TYPE_2, 10.0, from_mV=0.0, to_mV=10.0),
    "V28": held_mV,
    "V29": lambda: float(potassium_pA(np.array(held_mV()))) / 1000.0,
    "V32": lambda: clamp.largest_controlled_rs_MOhm(inward_pA),
    "V33": lambda: clamp.ramp_current_pA(1.0, 20.0),
    "V34": lambda: LSB,
    "V35": lambda: filters.quantisation_noise(LSB),
    "V36": lambda: filters.thermal_noise_pA(1000.0, 1.0, ROOM_K),
    "V38": lambda: filters.rs_cm_noise_pA(10.0, 20.0, 5.0, ROOM_K),
    "V40": lambda: 20.0 * float(np.log10(filters.bessel_gain(2.0))),
    "V41": lambda: filters.bessel_step_time(0.9) - filters.bessel_step_time(0.1),
    "V42": lambda: filters.bessel_step_time(0.5),
    "V43": filters.bessel_overshoot,
    "V44": filters.bessel_noise_bandwidth,
    "V46": lambda: junction_mV({"Na": 150.0, "Cl": 150.0}, {"K": 150.0, "Cl": 150.0}),
    "V47": lambda: junction_mV(
        {"Na": 140.0, "K": 4.0, "Cl": 144.0}, {"K": 140.0, "gluconate": 140.0, "Na": 10.0, "Cl": 10.0}
    ),
    "V49": lambda: float(SIMPLE.steady(inputs(20.0))[0]),
    "V50": lambda: v_mV(SIMPLE, 0.1, from_mV=-80.0, to_mV=20.0),
    "V51": lambda: i_pA(SIMPLE, 0.2, from_mV=-80.0, to_mV=20.0),
    "V54": lambda: v_mV(UNCOMPENSATED, 0.1, from_mV=-80.0, to_mV=20.0),
}
