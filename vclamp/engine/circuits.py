"""The amplifier as the arrays that the membrane's kernel reads."""

from dataclasses import dataclass
from functools import lru_cache
from math import factorial

import numpy as np
from numpy.typing import NDArray

from vclamp.engine.kernels.step import LOG_Z_COUNT, LOG_Z_FIRST, LOG_Z_STEP, Z_COUNT, Z_FIRST, Z_STEP
from vclamp.model.amplifier import Amplifier, OUTPUT_mV
from vclamp.model.circuits import circuit_of
from vclamp.physics.circuit import inputs

Array = NDArray[np.float64]

RAIL_mV = 1000.0  # of what a headstage can put across its pipette
# where responses are tabled: by z = g h/C_m around 0, and by its logarithm where the membrane is faster than the step
_Z: Array = np.concatenate(
    [Z_FIRST + Z_STEP * np.arange(Z_COUNT), np.exp(LOG_Z_FIRST + LOG_Z_STEP * np.arange(LOG_Z_COUNT))]
)
_TAYLOR_TERMS, _SMALL = 13, 0.5
_HUGE = 1e100


@dataclass(frozen=True)
class Clamp:
    """dy/dt = a y + b command + constant − I_ion/C_m in the first row, which is the membrane's voltage.

    The command is a voltage (mV), or the current (pA) that a current clamp adds to its bias. The
    measured current is c y + d command + d_constant. `rails` end what each state can reach.
    """

    names: tuple[str, ...]
    cm_pF: float
    a: Array
    b: Array
    constant: Array
    c: Array
    d: float
    d_constant: float
    rails: Array

    def steady(self, command: float, i_ion_pA: float) -> Array:
        """State in which a voltage clamp stands still while a constant current flows through the membrane."""
        drive = self.b * command + self.constant
        drive[0] -= i_ion_pA / self.cm_pF
        return np.asarray(np.linalg.solve(self.a, -drive))


@lru_cache(maxsize=64)
def clamp_of(amplifier: Amplifier, cm_pF: float) -> Clamp:
    """The circuit of an amplifier on a membrane."""
    circuit = circuit_of(amplifier, cm_pF)
    to_command, to_constant = inputs(1.0), inputs(0.0, v_off_mV=amplifier.unseen_mV)
    if amplifier.clamps_current:
        to_command = inputs(0.0, i_zero_pA=-1.0)
        to_constant = amplifier.bias_pA * to_command
    rail_pA = OUTPUT_mV / amplifier.feedback_GOhm
    return Clamp(
        names=circuit.states,
        cm_pF=cm_pF,
        a=np.ascontiguousarray(circuit.a),
        b=circuit.b @ to_command,
        constant=circuit.b @ to_constant,
        c=np.ascontiguousarray(circuit.c),
        d=float(circuit.d @ to_command),
        d_constant=float(circuit.d @ to_constant),
        rails=np.array([rail_pA if name.endswith("_pA") else RAIL_mV for name in circuit.states]),
    )


@lru_cache(maxsize=16)
def responses(amplifier: Amplifier, cm_pF: float, longest_ms: float, levels: int) -> Array:
    """How a circuit answers to its slope over one step, for every level and conductance of the membrane.

    For h = longest_ms/2^level and the values of z = g h/C_m in _Z, y changes by h φ1(A h) y', and the
    integral of V − V(0) is row 0 of h² φ2(A h) y'; A = a − g/C_m in its first element.

    Returns
    -------
    ndarray, shape (levels, z, n_states² + n_states)
    """
    clamp = clamp_of(amplifier, cm_pF)
    n = len(clamp.names)
    h_ms = longest_ms / 2.0 ** np.arange(levels)[:, None, None, None]
    ah = np.array(np.broadcast_to(clamp.a * h_ms, (levels, _Z.size, n, n)))
    ah[:, :, 0, 0] -= _Z
    with np.errstate(over="ignore", invalid="ignore"):
        phi1, phi2 = _phi(ah)
    integral = (h_ms**2 * phi2)[:, :, 0, :]
    table = np.concatenate([(h_ms * phi1).reshape(levels, _Z.size, n * n), integral], axis=2)
    # an unstable circuit is at its rails long before the end of such a step, which is then seen to be too long
    return np.ascontiguousarray(np.clip(np.nan_to_num(table, nan=_HUGE), -_HUGE, _HUGE))


def _phi(ah: Array) -> tuple[Array, Array]:
    """φ1 = (e^A − 1)/A and φ2 = (φ1 − 1)/A of many matrices, by Taylor series and doubling.

    Source: N. J. Higham 2008, Functions of Matrices, SIAM, ch. 10.7.
    """
    norm = float(np.abs(ah).sum(axis=-1).max())
    doublings = max(0, int(np.ceil(np.log2(max(norm, 1e-300) / _SMALL))))
    small, one = ah / 2.0**doublings, np.eye(ah.shape[-1])
    phi2 = np.broadcast_to(one / factorial(_TAYLOR_TERMS + 2), ah.shape)
    for k in range(_TAYLOR_TERMS + 1, 1, -1):
        phi2 = one / factorial(k) + small @ phi2
    phi1 = one + small @ phi2
    grown = one + small @ phi1
    for _ in range(doublings):
        phi2 = (phi1 @ phi1 + 2.0 * phi2) / 4.0
        phi1 = (grown + one) @ phi1 / 2.0
        grown = grown @ grown
    return np.asarray(phi1), np.asarray(phi2)
