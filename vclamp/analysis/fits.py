"""Curves through points, with honest errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BoltzmannFit:
    """y = amplitude/(1 + exp(−(V − v_half)/slope)) through points, least squares.

    `slope_mV` is negative for a curve that falls. Each `*_se` is a standard error and
    `v_half_ci_mV` the half width of the 95 % confidence interval (Student t). `warning` is
    empty if the fit can be trusted, else says why not; then the numbers may be NaN.
    """

    amplitude: float
    v_half_mV: float
    slope_mV: float
    amplitude_se: float
    v_half_se_mV: float
    slope_se_mV: float
    v_half_ci_mV: float
    warning: str = ""

    def __call__(self, v_mV: ArrayLike) -> Array:
        """The fitted curve at some voltages."""
        return boltzmann(v_mV, self.amplitude, self.v_half_mV, self.slope_mV)


def boltzmann(v_mV: ArrayLike, amplitude: float, v_half_mV: float, slope_mV: float) -> Array:
    """amplitude/(1 + exp(−(V − v_half)/slope)), without overflow."""
    z = (np.asarray(v_mV, float) - v_half_mV) / slope_mV
    return np.asarray(amplitude * 0.5 * (1.0 + np.tanh(0.5 * z)))


def fit_boltzmann(v_mV: ArrayLike, y: ArrayLike) -> BoltzmannFit:
    """Fit a Boltzmann curve, rising or falling.

    Parameters
    ----------
    v_mV, y : array_like
        The points, at least five; not finite ones are left out.

    Standard errors are the square roots of s² (JᵀJ)⁻¹ with s² = SSR/(n − 3).
    """
    v, values = np.asarray(v_mV, float), np.asarray(y, float)
    finite = np.isfinite(v) & np.isfinite(values)
    v, values = v[finite], values[finite]
    if v.size < 5:
        return _failed(f"{v.size} points are too few for a Boltzmann fit")
    if np.ptp(values) == 0.0:
        return _failed("all points are equal")
    return _fit(v, values)


def _fit(v: Array, y: Array) -> BoltzmannFit:
    from scipy.optimize import OptimizeWarning, curve_fit
    from scipy.special import stdtrit

    order = np.argsort(v)
    v, y = v[order], y[order]
    largest = y[np.argmax(np.abs(y))]
    half = v[np.argmin(np.abs(y - largest / 2))]
    rising = abs(y[-1]) > abs(y[0])
    start = (largest, half, (1.0 if rising else -1.0) * np.ptp(v) / 15)
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", OptimizeWarning)
            found, covariance = curve_fit(boltzmann, v, y, start, maxfev=2000)
    except (RuntimeError, OptimizeWarning):
        return _failed("the fit did not converge")
    amplitude, v_half, slope = map(float, found)
    se = np.sqrt(np.diag(covariance))
    warning = ""
    if not v[0] <= v_half <= v[-1]:
        warning = "V½ lies outside the data"
    elif abs(slope) > np.ptp(v):
        warning = "the data see too little of the curve's bend"
    t = float(stdtrit(v.size - 3, 0.975))
    return BoltzmannFit(
        amplitude, v_half, slope, float(se[0]), float(se[1]), float(se[2]), t * float(se[1]), warning
    )  # fmt: skip


def _failed(why: str) -> BoltzmannFit:
    nan = float("nan")
    return BoltzmannFit(nan, nan, nan, nan, nan, nan, nan, warning=why)
