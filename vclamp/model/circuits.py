"""The clamp's linear circuit that an amplifier makes with a membrane."""

from vclamp.model.amplifier import Amplifier
from vclamp.physics.circuit import (
    LinearCircuit,
    current_clamp,
    full_amplifier,
    series_resistance,
    simplified_amplifier,
)


def circuit_of(amplifier: Amplifier, cm_pF: float) -> LinearCircuit:
    """The circuit without the membrane's current; an ideal clamp (R_s = 0) has none."""
    if amplifier.clamps_current:
        return current_clamp(cm_pF=cm_pF)
    if not amplifier.has_electronics:
        return series_resistance(rs_MOhm=amplifier.rs_MOhm, cm_pF=cm_pF, g_nS=0.0)
    dials = {
        "rs_est_MOhm": amplifier.rs_est_MOhm,
        "cm_est_pF": amplifier.cm_est_pF,
        "correction": amplifier.correction_percent / 100.0,
        "prediction": amplifier.prediction_percent / 100.0,
        "tau_sum_ms": amplifier.tau_sum_ms,
    }
    if amplifier.circuit == "simplified":
        return simplified_amplifier(rs_MOhm=amplifier.rs_MOhm, cm_pF=cm_pF, g_nS=0.0, **dials)
    return full_amplifier(
        rs_MOhm=amplifier.rs_MOhm, cm_pF=cm_pF, g_nS=0.0, cp_pF=amplifier.cp_pF, cp_est_pF=amplifier.cp_est_pF, **dials
    )
