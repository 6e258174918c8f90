"""One exponential through many samples, fast enough for every sweep of a family at every slider move."""

from dataclasses import dataclass
from math import exp, nan

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 100
FEWEST = 5
SIGNIFICANT = 5.0  # standard errors that an amplitude must be from zero
SLOWEST = 0.2  # rate in reciprocal windows; a slower decay is a straight line
NOTHING_BUT_NOISE, ROUGH = 0.9, 0.5  # roughness above which no exponential is looked for, and was none if not found
TOLERANCE, MOST_STEPS, CONVERGED = 1e-7, 40, (1, 2, 3, 4)  # of MINPACK


@dataclass(frozen=True)
class Exponential:
    """y = amplitude e^(−t/τ) + offset, with the standard error of τ and its 95 % interval; NaN where none was seen.

    `flat` says that the samples are a constant within their noise, so that there is nothing to see.
    """

    amplitude: float = nan
    tau_ms: float = nan
    offset: float = nan
    tau_se_ms: float = nan
    interval_ms: tuple[float, float] = (nan, nan)
    flat: bool = False

    @property
    def seen(self) -> bool:
        """Whether the numbers can be trusted."""
        return self.tau_ms == self.tau_ms


def first_exponential(t_ms: Array, y: Array) -> Exponential:
    """Fit one exponential and an offset by least squares, of means of at most a hundred bins.

    Parameters
    ----------
    t_ms, y : ndarray
        Finite samples in the order of time; the amplitude is that at t = 0.

    The start comes from y(t) = a + b t − (1/τ) ∫ y dt, which is linear in its unknowns.

    Source: J. Jacquelin 2009, Régressions et équations intégrales; fit by MINPACK (J. J. Moré 1978).
    """
    from scipy.optimize import leastsq
    from scipy.special import stdtrit

    t, values = _binned(t_ms, y)
    if t.size < FEWEST:
        return Exponential()
    span, scale = float(t[-1] - t[0]), float(np.ptp(values))
    if not (span > 0.0 and scale > 0.0):
        return Exponential(flat=scale == 0.0)
    x, level = (t - t[0]) / span, (values - values[-1]) / scale  # both of the order of 1
    roughness = _roughness(level)
    if roughness > NOTHING_BUT_NOISE:
        return Exponential(flat=True)
    slopes = np.ones((3, x.size))

    def residuals(p: Array) -> Array:
        return np.asarray(p[0] * np.exp(x * -np.exp(p[1])) + (p[2] - level))

    def jacobian(p: Array) -> Array:
        rate = np.exp(p[1])
        np.exp(x * -rate, out=slopes[0])
        np.multiply(x * (-p[0] * rate), slopes[0], out=slopes[1])
        return slopes

    with np.errstate(all="ignore"):
        p, covariance, info, _, status = leastsq(
            residuals, _start(x, level), Dfun=jacobian, full_output=True, col_deriv=True, ftol=TOLERANCE,
            xtol=TOLERANCE, maxfev=MOST_STEPS,
        )  # fmt: skip
        if status not in CONVERGED or covariance is None or not np.isfinite(p).all():
            return Exponential(flat=roughness > ROUGH)
        variance = float(info["fvec"] @ info["fvec"]) / (x.size - 3)
        amplitude_se, rate_se = (float(np.sqrt(covariance[k, k] * variance)) for k in (0, 1))
        rate = float(np.exp(p[1]))
        told = SLOWEST < rate < 3.0 * x.size and rate_se < 1.0
        if not (told and abs(p[0]) > SIGNIFICANT * amplitude_se):
            return Exponential(flat=roughness > ROUGH)
    tau_ms, wide = span / rate, exp(float(stdtrit(x.size - 3, 0.975)) * rate_se)
    amplitude = float(p[0]) * scale * exp(min(t[0] / tau_ms, 700.0))
    offset = float(p[2]) * scale + float(values[-1])
    return Exponential(amplitude, tau_ms, offset, tau_ms * rate_se, (tau_ms / wide, tau_ms * wide))


def _binned(t_ms: Array, y: Array) -> tuple[Array, Array]:
    """Means of as many samples each, so that about a hundred are left."""
    width = max(1, t_ms.size // BINS)
    n = t_ms.size // width
    if width == 1:
        return t_ms, y
    return t_ms[: n * width].reshape(n, width).mean(axis=1), y[: n * width].reshape(n, width).mean(axis=1)


def _start(x: Array, y: Array) -> Array:
    """Amplitude, ln rate and offset that come near."""
    integral = np.zeros(x.size)
    np.cumsum((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2.0, out=integral[1:])
    slope = _regression(y, x, integral)[1]
    rate = min(max(-slope, 0.5), float(x.size)) if slope < 0.0 else 1.0
    decay = np.exp(-rate * x)
    amplitude = _regression(y, decay)[0]
    return np.array([amplitude, np.log(rate), y.mean() - amplitude * decay.mean()])


def _regression(y: Array, *columns: Array) -> Array:
    """Coefficients of columns beside a constant; 0 of columns that cannot be told apart."""
    away = np.array([column - column.mean() for column in columns])
    try:
        return np.linalg.solve(away @ away.T, away @ y)
    except np.linalg.LinAlgError:
        return np.zeros(len(columns))


def _roughness(y: Array) -> float:
    """How much neighbours differ over how much all do: 1 of white noise, 0 of a smooth curve (von Neumann 1941)."""
    step = y[1:] - y[:-1]
    away = y - y.mean()
    return float(np.sqrt(0.5 * (step @ step) / max(float(away @ away), 1e-300)))
