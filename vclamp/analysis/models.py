"""The curves that electrophysiologists fit; each fit finds its own start."""

from itertools import combinations
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from vclamp.analysis.fits import Array, Fit, Parameter, best_start, finite_points, fit_curve
from vclamp.errors import VClampError
from vclamp.physics.block import hill_unblocked, unblocked, woodhull_kd_mM
from vclamp.physics.clamp import membrane_test, passive_cell
from vclamp.physics.gating import two_state_p_open
from vclamp.physics.thermo import thermal_voltage_mV

# A curve may be this much steeper than the points are apart, or shallower than they reach.
BEYOND = 10.0
START_POINTS = 200  # that are enough to find a start
EXTRA_EXPONENTIAL_P = 0.01  # of the F test that another exponential must pass


# ---- activation and inactivation


def fit_gv(v_mV: ArrayLike, g_nS: ArrayLike, temperature_K: float) -> Fit:
    """Fit G = g_max/(1 + exp(−zF(V − V½)/RT)): g_max_nS, z_e, v_half_mV.

    z is negative for a curve that falls. It is the charge of a two-state channel, and a lower
    bound of it for any other.
    """
    v, g = finite_points(v_mV, g_nS)

    def curve(v: Array, g_max: float, z: float, v_half: float) -> Array:
        return g_max * two_state_p_open(v, z, v_half, temperature_K)

    def start() -> ArrayLike:
        (z, half), (g_max,) = best_start(lambda z, h: curve(v, 1.0, z, h)[:, None], g, *_gating_grids(v, temperature_K))
        return g_max, z, half

    return fit_curve(curve, v, g, (Parameter("g_max_nS"), *_gating(v, temperature_K)), start)


def fit_iv(v_mV: ArrayLike, i_pA: ArrayLike, temperature_K: float) -> Fit:
    """Fit I = g (V − E)/(1 + exp(−zF(V − V½)/RT)): g_nS, z_e, v_half_mV, e_rev_mV."""
    v, i = finite_points(v_mV, i_pA)

    def curve(v: Array, g: float, z: float, v_half: float, e_rev: float) -> Array:
        return g * (v - e_rev) * two_state_p_open(v, z, v_half, temperature_K)

    def columns(z: float, v_half: float) -> Array:
        p = two_state_p_open(v, z, v_half, temperature_K)
        return np.stack([p * v, -p], axis=1)

    def start() -> ArrayLike:
        (z, half), (g, ge) = best_start(columns, i, *_gating_grids(v, temperature_K))
        return g, z, half, ge / g

    parameters = (Parameter("g_nS", low=0.0), *_gating(v, temperature_K), Parameter("e_rev_mV"))
    return fit_curve(curve, v, i, parameters, start)


def fit_h_inf(v_mV: ArrayLike, available: ArrayLike) -> Fit:
    """Fit availability (1 − p)/(1 + exp((V − V½)/k)) + p: v_half_mV, k_mV, pedestal.

    Parameters
    ----------
    v_mV, available : array_like
        Prepulse and peak current over that without inactivation. k is positive for a curve that falls.
    """
    v, y = finite_points(v_mV, available)

    def curve(v: Array, v_half: float, k: float, pedestal: float) -> Array:
        return pedestal + (1.0 - pedestal) * 0.5 * (1.0 - np.tanh(0.5 * (v - v_half) / k))

    def columns(v_half: float, k: float) -> Array:
        return np.stack([curve(v, v_half, k, 0.0), np.ones(v.size)], axis=1)

    def start() -> ArrayLike:
        (half, k), (amplitude, pedestal) = best_start(columns, y, _halves_mV(v), _slopes_mV(v))
        if amplitude > 0.0:
            return half, k, pedestal
        return half, -k, pedestal + amplitude  # the same curve the right way round

    parameters = (_within("v_half_mV", v), Parameter("k_mV"), Parameter("pedestal", low=-1.0, high=1.0))
    return fit_curve(curve, v, y, parameters, start)


def _within(name: str, x: Array, *, log: bool = False) -> Parameter:
    """A parameter that is to lie within the data."""
    return Parameter(name, log, float(x.min()), float(x.max())) if x.size else Parameter(name, log)


def _gating(v: Array, temperature_K: float) -> tuple[Parameter, Parameter]:
    """Charge and V½ with the limits that these voltages put on them."""
    spacing = np.ptp(v) / (v.size - 1) if v.size > 1 else 0.0
    steepest = BEYOND * thermal_voltage_mV(temperature_K) / spacing if spacing else inf
    return Parameter("z_e", low=-steepest, high=steepest), _within("v_half_mV", v)


def _halves_mV(v: Array) -> Array:
    return np.linspace(v.min(), v.max(), 15)


def _gating_grids(v: Array, temperature_K: float) -> tuple[Array, Array]:
    """Charges and half-activation voltages to try."""
    return thermal_voltage_mV(temperature_K) / _slopes_mV(v), _halves_mV(v)


def _slopes_mV(v: Array) -> Array:
    """Slope factors to try, falling and rising."""
    k = np.ptp(v) / np.array([80.0, 40.0, 20.0, 10.0, 5.0])
    return np.concatenate([k, -k])


# ---- time courses


def exponentials(t_ms: ArrayLike, *values: float) -> Array:
    """Σ A e^(−t/τ) + C, of A₁, τ₁, A₂, τ₂, …, C."""
    t = np.asarray(t_ms, float)
    *pairs, offset = values
    parts = (a * np.exp(-t / tau) for a, tau in zip(pairs[::2], pairs[1::2], strict=True))
    return np.asarray(sum(parts, np.full(t.shape, offset)))


def fit_exponentials(t_ms: ArrayLike, y: ArrayLike, n: int = 1, *, at_ms: float | None = None) -> Fit:
    """Fit n exponentials and an offset: amplitude_1, tau_1_ms, …, offset; the fastest first.

    Parameters
    ----------
    t_ms, y : array_like
    n : int
        1, 2 or 3.
    at_ms : float, optional
        When the amplitudes are what they are; at the first point if not given.

    Source: D. Colquhoun & F. J. Sigworth 1995, in Single-Channel Recording, 2nd ed., ch. 19.
    """
    t, y = _by_time(t_ms, y)
    origin = at_ms if at_ms is not None else t.min(initial=inf)

    def curve(t: Array, *values: float) -> Array:
        return exponentials(t - origin, *values)

    parameters = [p for k in range(1, n + 1) for p in (Parameter(f"amplitude_{k}"), _tau(f"tau_{k}_ms", t))]
    parameters.append(Parameter("offset"))
    fit = fit_curve(curve, t, y, parameters, lambda: _exponential_start(t - origin, y, n))
    order = np.argsort(fit.values[1:-1:2])
    if fit.warning or (np.diff(order) > 0).all():
        return fit
    start = np.append(fit.values[:-1].reshape(n, 2)[order].ravel(), fit.values[-1])
    return fit_curve(curve, t, y, parameters, lambda: start)


def fit_best_exponentials(t_ms: ArrayLike, y: ArrayLike, most: int = 3) -> Fit:
    """The fit with as many exponentials as the points call for, by F tests at the 1 % level.

    Another pair of amplitude and time constant is taken only where it can be told and makes
    the sum of squared residuals fall by more than chance.
    """
    from scipy.special import fdtrc

    best = fit_exponentials(t_ms, y, 1)
    for n in range(2, most + 1):
        richer = fit_exponentials(t_ms, y, n)
        if best.warning or richer.warning or not richer.ssr:
            break
        free = richer.residuals.size - len(richer.names)
        f = (best.ssr - richer.ssr) / 2.0 / (richer.ssr / free)
        if fdtrc(2, free, max(f, 0.0)) > EXTRA_EXPONENTIAL_P:
            break
        best = richer
    return best


def fit_recovery(interval_ms: ArrayLike, y: ArrayLike) -> Fit:
    """Fit a − A e^(−t/τ) to recovery after an interval: plateau, amplitude, tau_ms."""
    t, y = _by_time(interval_ms, y)

    def curve(t: Array, plateau: float, amplitude: float, tau: float) -> Array:
        return exponentials(t, -amplitude, tau, plateau)

    parameters = (Parameter("plateau"), Parameter("amplitude"), _tau("tau_ms", t))

    def start() -> ArrayLike:
        amplitude, tau, offset = _exponential_start(t, y, 1)
        return offset, -amplitude, tau

    return fit_curve(curve, t, y, parameters, start)


def fit_membrane_test(
    t_ms: ArrayLike, i_pA: ArrayLike, dv_mV: float, *, step_ms: float = 0.0, delay_ms: float = 0.0
) -> Fit:
    """Fit the transient of a passive cell, extrapolated to the step: rs_MOhm, rm_MOhm, cm_pF.

    Parameters
    ----------
    t_ms, i_pA : array_like
        The current above the baseline before the step, from when the filter has settled.
    dv_mV : float
        Height of the step.
    step_ms, delay_ms : float
        When the step was commanded, and how much later the filter shows whatever is slow.
    """
    t, i = _by_time(t_ms, i_pA)
    t -= step_ms + delay_ms

    def curve(t: Array, rs: float, rm: float, cm: float) -> Array:
        test = membrane_test(dv_mV, rs_MOhm=rs, rm_MOhm=rm, cm_pF=cm)
        return exponentials(t, test.peak_pA - test.steady_pA, test.tau_ms, test.steady_pA)

    parameters = [Parameter(name, log=True) for name in ("rs_MOhm", "rm_MOhm", "cm_pF")]

    def start() -> ArrayLike:
        decay = fit_exponentials(t, i, at_ms=0.0)
        if decay.warning:
            raise VClampError(decay.warning)
        amplitude, tau, steady = decay.values
        if not (amplitude * dv_mV > 0.0 and steady * dv_mV > 0.0):
            raise VClampError("the current does not fall to a steady one, as that of a cell does")
        cell = passive_cell(dv_mV, peak_pA=amplitude + steady, steady_pA=steady, tau_ms=tau)
        return cell.rs_MOhm, cell.rm_MOhm, cell.cm_pF

    return fit_curve(curve, t, i, parameters, start)


def _by_time(t_ms: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    t, values = finite_points(t_ms, y)
    order = np.argsort(t, kind="stable")
    return t[order], values[order]


def _tau(name: str, t: Array) -> Parameter:
    """A time constant that points at these times can tell."""
    if t.size < 2:
        return Parameter(name, log=True)
    shortest = float(np.diff(t).min())
    return Parameter(name, log=True, low=shortest / BEYOND, high=BEYOND * float(np.ptp(t)))


def _exponential_start(t: Array, y: Array, n: int) -> Array:
    """Amplitudes at t = 0, time constants and offset that come near."""
    kept = np.unique(np.linspace(0, t.size - 1, START_POINTS).round().astype(int))
    early = np.unique(np.geomspace(1, t.size, START_POINTS // 2).round().astype(int)) - 1
    kept = np.union1d(kept, early)
    first, t, y = t[0], t[kept] - t[0], y[kept]
    span = float(np.ptp(t))
    taus = np.geomspace(max(float(np.diff(t).min()), span * 1e-4), 2.0 * span, 14)

    def columns(pick: float) -> Array:
        decays = np.exp(-t[:, None] / choices[int(pick)])
        return np.column_stack([decays, np.ones(t.size)])

    choices = np.array(list(combinations(taus, n)))
    (pick,), linear = best_start(columns, y, range(len(choices)))
    chosen = choices[int(pick)]
    start = np.empty(2 * n + 1)
    start[0:-1:2], start[1::2], start[-1] = linear[:-1] * np.exp(first / chosen), chosen, linear[-1]
    return start


# ---- block


def fit_woodhull(v_mV: ArrayLike, blocker_mM: ArrayLike, left: ArrayLike, temperature_K: float) -> Fit:
    """Fit an internal blocker at all voltages and concentrations at once: kd_mM (at 0 mV), z_delta.

    The fraction left is 1/(1 + [B]/K_d(V)) with K_d(V) = K_d(0) e^(−zδFV/RT); an external
    blocker comes out with a negative zδ.

    Source: A. M. Woodhull 1973, J Gen Physiol 61:687.
    """
    x, y = finite_points(np.stack(np.broadcast_arrays(v_mV, blocker_mM)), left)

    def curve(x: Array, kd: float, z_delta: float) -> Array:
        return unblocked(x[1], woodhull_kd_mM(x[0], kd, z_delta, "in", temperature_K))

    def start() -> ArrayLike:
        v, b = x[:, x[1] > 0.0]
        block = _log_odds_of_block(y[x[1] > 0.0]) - np.log(b)
        slope, level = _polynomial(v / thermal_voltage_mV(temperature_K), block, 1)
        return np.exp(-level), slope

    return fit_curve(curve, x, y, (Parameter("kd_mM", log=True), Parameter("z_delta")), start)


def fit_hill(concentration: ArrayLike, left: ArrayLike) -> Fit:
    """Fit the fraction that a drug leaves, 1/(1 + (c/IC50)^n): ic50 in the unit of the concentrations, hill.

    Source: A. V. Hill 1910, J Physiol 40:iv.
    """
    c, y = finite_points(concentration, left)
    drugged = c > 0.0

    def start() -> ArrayLike:
        slope, level = _polynomial(np.log(c[drugged]), _log_odds_of_block(y[drugged]), 1)
        if not slope > 0.0:
            raise VClampError("the fraction does not fall with the concentration")
        return np.exp(-level / slope), slope

    parameters = (_within("ic50", c[drugged], log=True), Parameter("hill", low=0.0, high=BEYOND))
    return fit_curve(hill_unblocked, c, y, parameters, start)


def _log_odds_of_block(left: Array) -> Array:
    """ln(blocked/left), which is a straight line in the logarithm of the concentration."""
    kept = np.clip(left, 0.01, 0.99)
    return np.asarray(np.log((1.0 - kept) / kept))


# ---- noise, tails


def fit_variance_mean(mean_pA: ArrayLike, variance_pA2: ArrayLike) -> Fit:
    """Fit σ² = iI − I²/N + σ₀²: i_pA, n_channels, variance_0_pA2.

    Source: F. J. Sigworth 1980, J Physiol 307:97.
    """
    x, y = finite_points(mean_pA, variance_pA2)

    def curve(x: Array, i: float, n: float, offset: float) -> Array:
        return i * x - x**2 / n + offset

    def start() -> ArrayLike:
        bend, i, offset = _polynomial(x, y, 2)
        if not bend < 0.0:
            raise VClampError("the variance does not bend down at large currents, so the number cannot be told")
        return i, -1.0 / bend, offset

    parameters = (Parameter("i_pA"), Parameter("n_channels", log=True), Parameter("variance_0_pA2"))
    return fit_curve(curve, x, y, parameters, start)


def fit_tail_reversal(v_mV: ArrayLike, i_pA: ArrayLike) -> Fit:
    """Fit instantaneous tail currents with a straight line: e_rev_mV, g_nS."""
    v, i = finite_points(v_mV, i_pA)

    def line(v: Array, e_rev: float, g: float) -> Array:
        return g * (v - e_rev)

    def start() -> ArrayLike:
        g, i_zero = _polynomial(v, i, 1)
        return -i_zero / g, g

    return fit_curve(line, v, i, (_within("e_rev_mV", v), Parameter("g_nS")), start)


def _polynomial(x: Array, y: Array, degree: int) -> Array:
    """Coefficients of the polynomial through points, the highest power first."""
    return best_start(lambda: np.vander(x, degree + 1), y)[1]
