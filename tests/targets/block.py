"""Targets of block: protons, Mg, charged blockers, inward rectification, drugs and use dependence."""

from collections.abc import Callable, Sequence

import numpy as np

from vclamp.physics import block
from vclamp.physics.thermo import nernst_mV
from vclamp.units import kelvin

ROOM_K = kelvin(22.0)
TWO_BLOCKERS = ([1.0, 2.0], [1.0, 4.0])  # concentrations and dissociation constants, mM


def root(function: Callable[[float], object], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(lambda x: float(np.asarray(function(x))), low, high, xtol=1e-14))


def argmin(function: Callable[[float], object], low: float, high: float) -> float:
    from scipy.optimize import minimize_scalar

    least = minimize_scalar(
        lambda x: float(np.asarray(function(x))), bounds=(low, high), method="bounded", options={"xatol": 1e-6}
    )
    return float(least.x)


def proton_block(v_mV: float) -> float:
    """Share of the Na current at pH 7 that is lost at pH 5, 8 °C."""
    kd_mM = block.woodhull_kd_mM(v_mV, 3.9e-3, 0.26, "out", kelvin(8.0))
    return float(1.0 - block.unblocked(1e-2, kd_mM) / block.unblocked(1e-4, kd_mM))


def internal_unblocked(v_mV: float) -> float:
    return float(block.unblocked(0.5, block.woodhull_kd_mM(v_mV, 1.0, 1.2, "in", ROOM_K)))


def internal_half_mV(concentration_mM: float) -> float:
    return float(block.half_block_mV(concentration_mM, 1.0, 1.2, "in", ROOM_K))


def rates_per_ms(v_mV: float, concentration_mM: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    return block.binding_rates_per_ms(v_mV, concentration_mM, 1.0, 0.5, 0.4, 0.8, "in", ROOM_K)


def kd_from_rates_mM() -> float:
    """Concentration per binding rate times the unbinding rate, at 0 mV."""
    on, off = rates_per_ms(0.0, 1.0)
    return float(off / on)


def punch_through_unblocked(v_mV: float) -> np.ndarray:
    escape_per_ms = block.escape_rate_per_ms(v_mV, 0.001, 1.2, "in", ROOM_K)
    return block.permeant_unblocked(*rates_per_ms(v_mV), escape_per_ms)


def kir_unblocked(drive_mV: float) -> float:
    return float(block.two_affinity_unblocked(drive_mV, 5e-3, 0.27e-3, 6.7, 43e-3, 3.0, 0.1, ROOM_K))


def half_block_shift() -> float:
    """How far the half-block voltage follows E_K when K_o rises from 5 to 50 mM."""

    def half_mV(k_out_mM: float) -> float:
        def excess(v_mV: float) -> float:
            kd_mM = block.displaced_k_kd_mM(v_mV, 0.01, 0.5, 5.0, k_out_mM, 5.0, ROOM_K)
            return float(block.unblocked(0.005, kd_mM) - 0.5)

        return root(excess, -200.0, 200.0)

    return (half_mV(50.0) - half_mV(5.0)) / float(nernst_mV(1, 50.0, 140.0, ROOM_K) - nernst_mV(1, 5.0, 140.0, ROOM_K))


def effective_mM(effect: float) -> float:
    """Concentration at which a drug of IC50 1 mM and Hill coefficient 1 has this effect."""
    return root(lambda c_mM: 1.0 - block.hill_unblocked(c_mM, 1.0) - effect, 1e-3, 1e3)


def train(pulse: float) -> float:
    return float(block.use_dependent_block(pulse, 0.1, 0.01, 2.0, 1e-3, 98.0))


COMPUTE: dict[str, Callable[[], float | Sequence[float]]] = {
    "K1": lambda: proton_block(20.0),
    "K2": lambda: proton_block(180.0),
    "K3": lambda: float(block.nmda_magnesium_unblocked(-60.0, 1.0)),
    "K4": lambda: float(block.nmda_magnesium_unblocked(0.0, 1.0)),
    "K5": lambda: root(lambda v_mV: block.nmda_magnesium_unblocked(v_mV, 1.0) - 0.5, -100.0, 100.0),
    "K7": lambda: argmin(lambda v_mV: v_mV * block.nmda_magnesium_unblocked(v_mV, 1.0), -100.0, 0.0),
    "K9": lambda: internal_unblocked(40.0),
    "K10": lambda: internal_half_mV(0.5),
    "K11": lambda: internal_half_mV(0.1) - internal_half_mV(1.0),
    "K13": lambda: float(block.block_time_constant_ms(*rates_per_ms(40.0))),
    "K14": kd_from_rates_mM,
    "K15": lambda: float(block.permeant_unblocked(*rates_per_ms(40.0))),
    "K16": lambda: argmin(punch_through_unblocked, 0.0, 200.0),
    "K18": lambda: kir_unblocked(-30.0),
    "K19": lambda: kir_unblocked(40.0),
    "K20": lambda: argmin(lambda drive_mV: -drive_mV * kir_unblocked(drive_mV), 0.0, 30.0),
    "K22": lambda: root(lambda drive_mV: kir_unblocked(drive_mV) - 0.5, -100.0, 100.0),
    "K23": half_block_shift,
    "K25": lambda: float(block.hill_unblocked(3.0, 1.0)),
    "K26": lambda: effective_mM(0.9) / effective_mM(0.1),
    "K28": lambda: float(block.competitive_unblocked(*TWO_BLOCKERS)),
    "K29": lambda: float(block.independent_unblocked(*TWO_BLOCKERS)),
    "K30": lambda: train(1),
    "K31": lambda: train(np.inf),
    "K34": lambda: float(block.mean_open_time_ms(0.2, 10.0 * 0.05)),
    "K35": lambda: float(block.mean_burst_ms(0.2, 10.0 * 0.05, 2.0)),
}
