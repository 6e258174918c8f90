"""Fits of what time does to currents: exponentials, recovery, the membrane test."""

from itertools import combinations
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from vclamp.analysis.fits import Array, Fit, doubted_if_straight, finite_points, is_better
from vclamp.analysis.least_squares import Parameter, Start, fit_curve
from vclamp.errors import VClampError
from vclamp.physics.clamp import membrane_test, passive_cell

BEYOND = 10.0  # a curve may be this much faster than the points are apart, or slower than they reach
TAUS = 16  # time constants to try
FEW = 400  # points, that need no summary
BINS = 200  # of such a summary
HINT = 6.0  # gain over the noise, below which another exponential (F of 4.6 for each of two parameters) is not sought


def exponentials(t_ms: ArrayLike, *values: ArrayLike) -> Array:
    """Σ A e^(−t/τ) + C, of A₁, τ₁, A₂, τ₂, …, C."""
    t = np.asarray(t_ms, float)
    *pairs, offset = (np.asarray(value, float) for value in values)
    total = np.zeros(t.shape) + offset
    for a, tau in zip(pairs[::2], pairs[1::2], strict=True):
        total = total + a * np.exp(-t / tau)
    return np.asarray(total)


def fit_exponentials(
    t_ms: ArrayLike, y: ArrayLike, n: int = 1, *, at_ms: float | None = None, start: Start | None = None
) -> Fit:
    """Fit n exponentials and an offset: amplitude_1, tau_1_ms, …, offset; the fastest first.

    Parameters
    ----------
    t_ms, y : array_like
    n : int
        1, 2 or 3.
    at_ms : float, optional
        When the amplitudes are what they are; at the first point if not given.
    start : array_like, optional
        Where to begin, in the order of the parameters; found from the points if not given.

    Source: D. Colquhoun & F. J. Sigworth 1995, in Single-Channel Recording, 2nd ed., ch. 19.
    """
    t, y = _by_time(t_ms, y)
    origin = at_ms if at_ms is not None else float(t.min(initial=inf))

    def curve(t: Array, *values: ArrayLike) -> Array:
        return exponentials(t - origin, *values)

    parameters = [p for k in range(1, n + 1) for p in (Parameter(f"amplitude_{k}"), _tau(f"tau_{k}_ms", t))]
    parameters.append(Parameter("offset"))

    def gradient(t: Array, *values: float) -> Array:
        return _slopes(t - origin, *values)

    def found() -> ArrayLike:
        if t.size <= FEW:
            return _start(t - origin, y, n)
        t_mean, y_mean, weight = _summary(t, y)
        coarse = fit_curve(
            curve,
            t_mean,
            y_mean,
            parameters,
            lambda: _start(t_mean - origin, y_mean, n),
            misfit=lambda predicted, y: (y - predicted) * weight,
            gradient=gradient,
        )
        if not coarse.has_numbers:
            raise VClampError(coarse.warning)
        return coarse.values

    fit = fit_curve(curve, t, y, parameters, found if start is None else start, gradient=gradient)
    order = np.argsort(fit.values[1:-1:2])
    if fit.has_numbers and (np.diff(order) < 0).any():
        ordered = np.append(fit.values[:-1].reshape(n, 2)[order].ravel(), fit.values[-1])
        fit = fit_curve(curve, t, y, parameters, ordered, gradient=gradient)
    return doubted_if_straight(fit, y)


def fit_best_exponentials(t_ms: ArrayLike, y: ArrayLike, most: int = 3, *, at_ms: float | None = None) -> Fit:
    """The fit with as many exponentials as the points call for, by F tests at the 1 % level.

    Another pair of amplitude and time constant is taken only where it can be told and makes
    the sum of squared residuals fall by more than chance.
    """
    best = fit_exponentials(t_ms, y, 1, at_ms=at_ms)
    for n in range(2, most + 1):
        if best.has_numbers and not _leaves_a_decay(best):
            break
        richer = fit_exponentials(t_ms, y, n, at_ms=at_ms)
        if not is_better(richer, best):
            break
        best = richer
    return best


def fit_recovery(interval_ms: ArrayLike, y: ArrayLike, *, start: Start | None = None) -> Fit:
    """Fit a − A e^(−t/τ) to recovery after an interval: plateau, amplitude, tau_ms."""
    t, y = _by_time(interval_ms, y)

    def curve(t: Array, plateau: ArrayLike, amplitude: Array, tau: ArrayLike) -> Array:
        return exponentials(t, -amplitude, tau, plateau)

    def found() -> ArrayLike:
        amplitude, tau, offset = _start(t, y, 1)
        return offset, -amplitude, tau

    parameters = (Parameter("plateau"), Parameter("amplitude"), _tau("tau_ms", t))
    return doubted_if_straight(fit_curve(curve, t, y, parameters, found if start is None else start), y)


def fit_membrane_test(
    t_ms: ArrayLike,
    i_pA: ArrayLike,
    dv_mV: float,
    *,
    step_ms: float = 0.0,
    delay_ms: float = 0.0,
    start: Start | None = None,
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
    start : array_like, optional
        Where to begin; found from the points if not given.
    """
    t, i = _by_time(t_ms, i_pA)
    t = t - step_ms - delay_ms

    def curve(t: Array, rs: float, rm: float, cm: float) -> Array:
        test = membrane_test(dv_mV, rs_MOhm=rs, rm_MOhm=rm, cm_pF=cm)
        return exponentials(t, test.peak_pA - test.steady_pA, test.tau_ms, test.steady_pA)

    def found() -> ArrayLike:
        decay = fit_exponentials(t, i, at_ms=0.0)
        if not decay.trusted:
            raise VClampError(decay.warning)
        amplitude, tau, steady = decay.values
        if not (amplitude * dv_mV > 0.0 and steady * dv_mV > 0.0):
            raise VClampError("the current does not fall to a steady one, as that of a cell does")
        cell = passive_cell(dv_mV, peak_pA=amplitude + steady, steady_pA=steady, tau_ms=tau)
        return cell.rs_MOhm, cell.rm_MOhm, cell.cm_pF

    parameters = [Parameter(name, log=True) for name in ("rs_MOhm", "rm_MOhm", "cm_pF")]
    return fit_curve(curve, t, i, parameters, found if start is None else start)


def _by_time(t_ms: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    t, values = finite_points(t_ms, y)
    order = np.argsort(t, kind="stable")
    return t[order], values[order]


def _tau(name: str, t: Array) -> Parameter:
    """A time constant that points at these times can tell."""
    apart = np.diff(t)
    apart = apart[apart > 0.0]
    if not apart.size:
        return Parameter(name, log=True)
    low, high = float(apart.min()) / BEYOND, BEYOND * float(np.ptp(t))
    return Parameter(name, True, low, high, f"{name} is faster or slower than the points can tell")


def _slopes(t: Array, *values: float) -> Array:
    """Slopes of `exponentials` along each value."""
    *pairs, _ = values
    slopes = np.ones((len(values), t.size))
    for k, (a, tau) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        slopes[2 * k] = np.exp(-t / tau)
        slopes[2 * k + 1] = (a / tau**2) * t * slopes[2 * k]
    return slopes


def _summary(t: Array, y: Array) -> tuple[Array, Array, Array]:
    """Means over stretches that grow with time, which keep what a decay tells, and the weight of each."""
    first = np.unique(np.geomspace(1.0, t.size + 1.0, BINS).round().astype(int))[:-1] - 1
    counts = np.diff(np.append(first, t.size))
    return np.add.reduceat(t, first) / counts, np.add.reduceat(y, first) / counts, np.sqrt(counts)


def _leaves_a_decay(fit: Fit) -> bool:
    """Whether residuals hold a decay that chance and the fitted parameters do not make: saves vain searches.

    A score test: each decay tried is first freed of what the curve's own slopes can imitate.
    """
    t = fit.x - fit.x[0]
    slopes = _slopes(t, *fit.values)
    slopes /= np.linalg.norm(slopes, axis=1)[:, None]
    decays = np.exp(-t / _taus(t)[:, None])
    own = decays - np.linalg.solve(slopes @ slopes.T, slopes @ decays.T).T @ slopes
    size = np.sum(own**2, axis=1)
    new = size > 1e-9 * t.size
    gain = (own[new] @ fit.residuals) ** 2 / size[new]
    return bool(gain.max(initial=0.0) > HINT * fit.ssr / fit.degrees_of_freedom)


def _taus(t: Array) -> Array:
    """Time constants to try."""
    span, apart = float(np.ptp(t)), np.diff(t)
    return np.geomspace(max(float(apart[apart > 0.0].min()), span * 1e-4), 2.0 * span, TAUS)


def _start(t: Array, y: Array, n: int) -> Array:
    """Amplitudes at t = 0, time constants and offset that come near: the best n of a range of time constants."""
    taus = _taus(t)
    basis = np.vstack([np.exp((t[0] - t) / taus[:, None]), np.ones(t.size)])
    products, projected = basis @ basis.T / t.size, basis @ y / t.size
    picks = np.array([(*pick, TAUS) for pick in combinations(range(TAUS), n)])
    normal = products[picks[:, :, None], picks[:, None, :]] + 1e-12 * np.eye(n + 1)
    linear = np.linalg.solve(normal, projected[picks][..., None])[..., 0]
    best = int(np.argmax(np.sum(linear * projected[picks], axis=1)))
    chosen = taus[picks[best, :-1]]
    amplitudes = linear[best, :-1] * np.exp(t[0] / chosen)
    return np.append(np.stack([amplitudes, chosen], axis=1).ravel(), linear[best, -1])
