"""The clamp as a linear circuit, dx/dt = A x + B u: amplifiers of three levels of detail, propagated exactly.

While the membrane's conductance g stands still the whole circuit is linear: its current is
I_ion = g V + I_zero, with I_zero = −Σ g E. All rows are written over (states…, inputs…).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Lags of an amplifier's parts besides its summing amplifier: of the simplified one's output; of the pipette's voltage
# and the output of the full one. Sources: those of the circuits.
TAU_F_ms, TAU_CLAMP_ms, TAU_Z_ms = 0.075, 0.0008, 0.0075
INPUTS = ("v_cmd_mV", "i_zero_pA", "v_off_mV")


@dataclass(frozen=True)
class LinearCircuit:
    """dx/dt = A x + B u, time in ms; the amplifier shows the current C x + D u in pA.

    Attributes
    ----------
    states : tuple of str
        Names of x with units, the membrane potential v_mV first.
    a, b : ndarray
        Shapes (n_states, n_states) and (n_states, 3).
    c, d : ndarray
        Shapes (n_states,) and (3,).

    The inputs u are always INPUTS: the command, the membrane's current at 0 mV, and the
    offset that adds to the command unseen.
    """

    states: tuple[str, ...]
    a: Array
    b: Array
    c: Array
    d: Array

    def measured_pA(self, x: ArrayLike, u: ArrayLike) -> Array:
        """Current that the amplifier shows; x and u may have a leading time axis."""
        return np.asarray(np.asarray(x, float) @ self.c + np.asarray(u, float) @ self.d)

    def steady(self, u: ArrayLike) -> Array:
        """State at which the circuit stands still under a constant input."""
        return np.linalg.solve(self.a, -self.b @ np.asarray(u, float))

    def time_constants_ms(self) -> Array:
        """Time constants −1/Re λ, slowest first; one that is negative grows."""
        return np.sort(-1.0 / np.linalg.eigvals(self.a).real)[::-1]


def inputs(v_cmd_mV: ArrayLike, *, i_zero_pA: float = 0.0, v_off_mV: float = 0.0) -> Array:
    """The input vector of a command, or of each command of an array."""
    v = np.asarray(v_cmd_mV, float)
    return np.stack([v, np.full_like(v, i_zero_pA), np.full_like(v, v_off_mV)], axis=-1)


def discretised(circuit: LinearCircuit, dt_ms: float) -> tuple[Array, Array, Array]:
    """Exact step of a circuit whose inputs go in a straight line from u0 to u1 during `dt_ms`.

    Returns
    -------
    phi, gamma, ramp : ndarray
        x(t + dt) = phi x + gamma u0 + ramp (u1 − u0).

    Source: C. F. Van Loan 1978, IEEE Trans Automat Contr 23:395.
    """
    from scipy.linalg import expm

    n, m = circuit.b.shape
    block = np.zeros((n + 2 * m, n + 2 * m))
    block[:n, :n] = circuit.a * dt_ms
    block[:n, n : n + m] = circuit.b * dt_ms
    block[n : n + m, n + m :] = np.eye(m)
    found = expm(block)
    return found[:n, :n], found[:n, n : n + m], found[:n, n + m :]


def propagated(circuit: LinearCircuit, x: ArrayLike, u: ArrayLike, dt_ms: float) -> Array:
    """States of a circuit at the beginning and after each of n inputs, each held for `dt_ms`.

    Parameters
    ----------
    x : array_like, shape (n_states,)
        State at the beginning.
    u : array_like, shape (n, 3)
        Inputs, exactly constant in between.

    Returns
    -------
    ndarray, shape (n + 1, n_states)
    """
    phi, gamma, _ = discretised(circuit, dt_ms)
    driven = np.asarray(u, float) @ gamma.T
    found = np.empty((len(driven) + 1, len(circuit.states)))
    found[0] = x
    for k, push in enumerate(driven):
        found[k + 1] = phi @ found[k] + push
    return found


def step_response(circuit: LinearCircuit, dt_ms: float, n: int) -> Array:
    """States at n samples after the command stepped from 0 to 1 mV, shape (n, n_states); at the first they are 0.

    By doubling, e^(2At) = (e^(At))²: unlike modes, that is exact also where two time constants are equal.
    """
    power, _, _ = discretised(circuit, dt_ms)
    end = circuit.steady(inputs(1.0))
    away = end[:, None]
    while away.shape[1] < n:
        away = np.hstack([away, power @ away])
        power = power @ power
    return np.asarray((end[:, None] - away[:, :n]).T)


def series_resistance(*, rs_MOhm: float, cm_pF: float, g_nS: float) -> LinearCircuit:
    """Level 1: nothing but a resistance between the command and the membrane.

    States: v_mV. C_m V' = (V_cmd + V_off − V)/R_s − I_ion; the measured current is that through R_s.
    """
    v, v_cmd, i_zero, v_off = np.eye(4)
    i = (v_cmd + v_off - v) / (rs_MOhm / 1000.0)
    dv = (i - g_nS * v - i_zero) / cm_pF
    return _circuit(("v_mV",), [dv], i)


def current_clamp(*, cm_pF: float, g_nS: float = 0.0) -> LinearCircuit:
    """A membrane into which a current flows: what i_zero_pA takes away, it adds.

    States: v_mV. C_m V' = −i_zero − g V; the measured current is −i_zero.
    """
    v, _, i_zero, _ = np.eye(4)
    return _circuit(("v_mV",), [-(g_nS * v + i_zero) / cm_pF], -i_zero)


def two_branch_cell(
    *, rs_MOhm: float, cm_pF: float, g_nS: float, rk_MOhm: float, ck_pF: float
) -> LinearCircuit:  # fmt: skip
    """Level 1 on a model cell with a slow branch, R_k and C_k in series, beside its membrane.

    States: v_mV, v_k_mV (voltage across C_k).

    Source: C. L. Lei et al. 2020, Phil Trans R Soc A 378:20190348.
    """
    v, v_k, v_cmd, i_zero, v_off = np.eye(5)
    i = (v_cmd + v_off - v) / (rs_MOhm / 1000.0)
    i_k = (v - v_k) / (rk_MOhm / 1000.0)
    dv = (i - g_nS * v - i_zero - i_k) / cm_pF
    return _circuit(("v_mV", "v_k_mV"), [dv, i_k / ck_pF], i)


def simplified_amplifier(
    *,
    rs_MOhm: float,
    cm_pF: float,
    g_nS: float,
    rs_est_MOhm: float = 0.0,
    cm_est_pF: float = 0.0,
    correction: float = 0.0,
    prediction: float = 0.0,
    tau_sum_ms: float = 0.010,
    tau_f_ms: float = TAU_F_ms,
) -> LinearCircuit:
    """Level 2: correction α, prediction (supercharging) β, cancelled C_m, and two lags.

    C_m V' = (V_ref + V_off − V)/R_s − I_ion;  V_est' = (V_cmd − V_est)/((1 − β) R_s* C_m*);
    τ_sum V_ref' = V_cmd + α R_s* I_obs + β R_s* C_m* V_est' − V_ref;
    τ_f I_obs' = I_ion + C_m V' − C_m* V_est' − I_obs.

    States: v_mV, v_est_mV, v_ref_mV, i_obs_pA; the last is the measured current.

    Parameters
    ----------
    rs_est_MOhm, cm_est_pF : float
        The user's estimates R_s* and C_m*; 0 switches off what needs them.
    correction, prediction : float
        α and β, from 0 to below 1.

    Source: M. Clerx, Voltage-clamp notebooks, github.com/CardiacModelling/voltage-clamp-notebooks, which
    simplify C. L. Lei et al. 2020, Phil Trans R Soc A 378:20190348.
    """
    v, v_est, v_ref, i_obs, v_cmd, i_zero, v_off = np.eye(7)
    rs, rs_est = rs_MOhm / 1000.0, rs_est_MOhm / 1000.0
    tau_est = (1.0 - prediction) * rs_est * cm_est_pF
    corrected = v_cmd + correction * rs_est * i_obs
    dv_est = _estimate(v_cmd, corrected, v_est, tau_est_ms=tau_est, tau_sum_ms=tau_sum_ms)
    i_ion = g_nS * v + i_zero
    dv = ((v_ref + v_off - v) / rs - i_ion) / cm_pF
    dv_ref = (corrected + prediction * rs_est * cm_est_pF * dv_est - v_ref) / tau_sum_ms
    di_obs = (i_ion + cm_pF * dv - cm_est_pF * dv_est - i_obs) / tau_f_ms
    return _circuit(("v_mV", "v_est_mV", "v_ref_mV", "i_obs_pA"), [dv, dv_est, dv_ref, di_obs], i_obs)


def full_amplifier(
    *,
    rs_MOhm: float,
    cm_pF: float,
    g_nS: float,
    cp_pF: float = 4.0,
    rs_est_MOhm: float = 0.0,
    cm_est_pF: float = 0.0,
    cp_est_pF: float = 0.0,
    correction: float = 0.0,
    prediction: float | None = None,
    tau_sum_ms: float = 0.040,
    tau_clamp_ms: float = TAU_CLAMP_ms,
    tau_z_ms: float = TAU_Z_ms,
) -> LinearCircuit:
    """Level 3: also the pipette's capacitance C_p and the lags of pipette and feedback.

    C_m V' = (V_p + V_off − V)/R_s − I_ion;  τ_clamp V_p' = V_clamp − V_p;
    V_est' = (V_cmd − V_est)/((1 − β) R_s* C_m*);
    τ_sum V_clamp' = V_cmd + α R_s* I_out + β R_s* C_m* V_est' − V_clamp;
    τ_z I_out' = (V_p + V_off − V)/R_s + C_p V_p' − C_p* V_clamp' − C_m* V_est' − I_out.

    States: v_mV, v_p_mV, v_clamp_mV, v_est_mV, i_out_pA; the last is the measured current.

    Parameters
    ----------
    rs_est_MOhm, cm_est_pF, cp_est_pF : float
        The user's estimates; 0 switches off what needs them.
    correction, prediction : float
        α and β; without β, α does both, as in the source.

    Source: C. L. Lei et al. 2020, Phil Trans R Soc A 378:20190348.
    """
    v, v_p, v_clamp, v_est, i_out, v_cmd, i_zero, v_off = np.eye(8)
    rs, rs_est = rs_MOhm / 1000.0, rs_est_MOhm / 1000.0
    prediction = correction if prediction is None else prediction
    tau_est = (1.0 - prediction) * rs_est * cm_est_pF
    corrected = v_cmd + correction * rs_est * i_out
    dv_est = _estimate(v_cmd, corrected, v_est, tau_est_ms=tau_est, tau_sum_ms=tau_sum_ms)
    i_s = (v_p + v_off - v) / rs
    dv = (i_s - g_nS * v - i_zero) / cm_pF
    dv_p = (v_clamp - v_p) / tau_clamp_ms
    dv_clamp = (corrected + prediction * rs_est * cm_est_pF * dv_est - v_clamp) / tau_sum_ms
    i_in = i_s + cp_pF * dv_p - cp_est_pF * dv_clamp - cm_est_pF * dv_est
    di_out = (i_in - i_out) / tau_z_ms
    states = ("v_mV", "v_p_mV", "v_clamp_mV", "v_est_mV", "i_out_pA")
    return _circuit(states, [dv, dv_p, dv_clamp, dv_est, di_out], i_out)


def _estimate(v_cmd: Array, corrected: Array, v_est: Array, *, tau_est_ms: float, tau_sum_ms: float) -> Array:
    """dV_est/dt; without an estimate of R_s C_m the estimated voltage is that of the summing amplifier."""
    if tau_est_ms > 0.0:
        return np.asarray((v_cmd - v_est) / tau_est_ms)
    return np.asarray((corrected - v_est) / tau_sum_ms)


def _circuit(states: tuple[str, ...], rows: list[Array], measured: Array) -> LinearCircuit:
    """Cut rows over (states, inputs) into the four matrices."""
    n, both = len(states), np.array(rows)
    return LinearCircuit(states, both[:, :n], both[:, n:], measured[:n], measured[n:])
