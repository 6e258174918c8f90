"""The capacitive transient: what a jump of the command does in the circuit of amplifier and membrane."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vclamp.model.amplifier import Amplifier
from vclamp.model.circuits import circuit_of
from vclamp.physics.circuit import step_response

PASSED = 0.05  # of 1 mV/R_s, below which it has passed
_RISE = 0.34  # rise time of the recorder's filter times its corner
_POINTS, _SPAN = 1001, 8.0  # of the slowest time constant


@dataclass(frozen=True)
class Transient:
    """What a jump of 1 mV does, with the channels closed.

    Attributes
    ----------
    peak_pA : float
        The largest current that is recorded.
    lasts_ms : float
        When 5 % of 1 mV/R_s are left of it.
    tau_ms : float
        When the membrane has gone 63 % of the way.
    rings : bool
        Whether the compensation makes the clamp unstable; then the other numbers are 0.
    """

    peak_pA: float = 0.0
    lasts_ms: float = 0.0
    tau_ms: float = 0.0
    rings: bool = False


@lru_cache(maxsize=16)
def transient(amplifier: Amplifier, cm_pF: float) -> Transient:
    """From the circuit's answer to a step; all 0 in an ideal clamp and in a current clamp.

    The recorder's filter is taken as a mean over its rise time.
    """
    if amplifier.ideal or amplifier.clamps_current:
        return Transient()
    circuit = circuit_of(amplifier, cm_pF)
    slowest = float(np.linalg.eigvals(circuit.a).real.max())
    if slowest >= 0.0:
        return Transient(rings=True)
    t_ms = np.linspace(0.0, -_SPAN / slowest, _POINTS)
    x = step_response(circuit, t_ms[1], _POINTS)
    i_pA = x @ circuit.c + circuit.d[0]
    corner_kHz = amplifier.recorder.filter_kHz * amplifier.recorder.on
    width = round(_RISE / corner_kHz / t_ms[1]) if corner_kHz else 0
    if width > 1:
        i_pA = np.convolve(i_pA, np.full(width, 1.0 / width))[: t_ms.size]
    above = np.flatnonzero(np.abs(i_pA) > PASSED * 1000.0 / amplifier.rs_MOhm)
    return Transient(
        peak_pA=float(np.abs(i_pA).max()),
        lasts_ms=float(t_ms[above[-1]]) if above.size else 0.0,
        tau_ms=float(t_ms[np.argmax(x[:, 0] >= 1.0 - np.exp(-1.0))]),
    )
