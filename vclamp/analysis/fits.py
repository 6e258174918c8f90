"""Curves through points, with honest errors."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import inf, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.errors import VClampError

Array = NDArray[np.float64]
CurveFunction = Callable[..., Array]  # curve(x, *values)

SPARE_POINTS = 2  # that every fit must have beyond one a parameter
MIN_RECIPROCAL_CONDITION = 1e-6  # of the Jacobian with columns of length 1; below, parameters are not told apart


@dataclass(frozen=True)
class Parameter:
    """What a fit looks for.

    A `log` parameter is positive: its logarithm is fitted, and its confidence interval is
    symmetric on a logarithmic scale. A result outside `low`…`high` is refused, for the data
    cannot tell it.
    """

    name: str
    log: bool = False
    low: float = -inf
    high: float = inf


@dataclass(frozen=True, eq=False)
class Fit:
    """A curve through points by least squares.

    Attributes
    ----------
    names : tuple of str
        Names of the parameters with units; `fit["tau_ms"]` is a value, `fit(x)` the curve.
    values, se : ndarray
        Values and standard errors √diag(s² (JᵀJ)⁻¹), with s² = SSR/(n − p).
    low, high : ndarray
        Ends of the 95 % confidence intervals (Student t with n − p degrees of freedom).
    correlation : ndarray
        Correlations of the parameters as fitted.
    residuals : ndarray
        Points less curve, of the finite points.
    warning : str
        Empty if the fit can be trusted; else a sentence that says why not, and all numbers are NaN.
    """

    names: tuple[str, ...]
    values: Array
    se: Array
    low: Array
    high: Array
    correlation: Array = field(repr=False)
    residuals: Array = field(repr=False)
    warning: str = ""
    curve: CurveFunction = field(default=lambda x, *values: np.full(x.shape[-1:], nan), repr=False)

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])

    def __call__(self, x: ArrayLike) -> Array:
        """The fitted curve."""
        return self.curve(np.asarray(x, float), *self.values)

    def standard_error(self, name: str) -> float:
        """Standard error of one parameter."""
        return float(self.se[self.names.index(name)])

    def interval(self, name: str) -> tuple[float, float]:
        """The 95 % confidence interval of one parameter."""
        k = self.names.index(name)
        return float(self.low[k]), float(self.high[k])

    def half_width(self, name: str) -> float:
        """Half the width of that interval."""
        low, high = self.interval(name)
        return (high - low) / 2.0

    @property
    def ssr(self) -> float:
        """Sum of the squared residuals."""
        return float(self.residuals @ self.residuals)


def failed(names: Sequence[str], why: str) -> Fit:
    """A fit that says why there is none."""
    n = len(names)
    none = np.full(n, nan)
    return Fit(tuple(names), none, none, none, none, np.full((n, n), nan), np.full(0, nan), why)


def finite_points(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """The points that are finite in x (last axis along the points) and y."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    kept = np.isfinite(y) & np.isfinite(np.atleast_2d(x)).all(axis=0)
    return x[..., kept], y[kept]


def fit_curve(
    curve: CurveFunction, x: Array, y: Array, parameters: Sequence[Parameter], start: Callable[[], ArrayLike]
) -> Fit:
    """Fit a curve by unweighted least squares.

    Parameters
    ----------
    curve : callable
        curve(x, *values) at the points.
    x, y : ndarray
        Finite points; x may have more than one row.
    parameters : sequence of Parameter
    start : callable
        Gives where to begin, in the parameters' own units; asked only if there are enough points.
        A VClampError that it raises becomes the warning.

    Source: D. M. Bates & D. G. Watts 1988, Nonlinear Regression Analysis, ch. 2.
    """
    from scipy.special import stdtrit

    names = tuple(parameter.name for parameter in parameters)
    needed = len(names) + SPARE_POINTS
    if y.size < needed:
        return failed(names, f"{y.size} points are too few for this fit: it needs {needed}")
    if np.ptp(y) == 0.0:
        return failed(names, "all points are equal")
    if not np.ptp(np.atleast_2d(x), axis=1).any():
        return failed(names, "all points are at the same place")
    log = np.array([parameter.log for parameter in parameters])

    def values_of(theta: Array) -> Array:
        return np.where(log, np.exp(np.where(log, theta, 0.0)), theta)

    with np.errstate(all="ignore"):
        try:
            first = np.asarray(start(), float)
        except VClampError as error:
            return failed(names, error.what)
        theta = np.where(log, np.log(first), first)
        theta, covariance, problem = _minimum(lambda p: curve(x, *values_of(p)), y, theta)
        values, se = values_of(theta), np.sqrt(np.diag(covariance))
        problem = problem or _implausible(parameters, values, se)
        if problem:
            return failed(names, problem)
        t = float(stdtrit(y.size - len(names), 0.975))
        low, high = values_of(theta - t * se), values_of(theta + t * se)
        correlation = covariance / np.outer(se, se)
        shown_se = np.where(log, values * se, se)
        return Fit(names, values, shown_se, low, high, correlation, y - curve(x, *values), curve=curve)


def best_start(columns: Callable[..., Array], y: Array, *grids: Iterable[float]) -> tuple[Array, Array]:
    """The best of a grid of nonlinear parameters, and the linear ones that go with it.

    Parameters
    ----------
    columns : callable
        columns(*nonlinear) gives the matrix, shape (n_points, n_linear), that the linear parameters multiply.
    grids : iterables of float
        Values to try, one grid a nonlinear parameter.

    Source: G. H. Golub & V. Pereyra 1973, SIAM J Numer Anal 10:413.
    """
    tried = list(product(*grids))
    matrices = np.array([columns(*nonlinear) for nonlinear in tried])
    usable = np.isfinite(matrices).all(axis=(1, 2))
    if not usable.any():
        return np.full(len(grids), nan), np.full(1, nan)
    explained = np.full(len(tried), -inf)  # of the points' sum of squares, for the best linear parameters
    explained[usable] = np.sum((y @ np.linalg.qr(matrices[usable])[0]) ** 2, axis=1)
    best = int(np.argmax(explained))
    return np.array(tried[best]), np.linalg.lstsq(matrices[best], y, rcond=None)[0]


def _minimum(curve: Callable[[Array], Array], y: Array, start: Array) -> tuple[Array, Array, str]:
    """Parameters at the nearest minimum, their covariance s² (JᵀJ)⁻¹, and what is wrong."""
    from scipy.optimize import least_squares

    none = np.full((start.size, start.size), nan)
    scale = np.abs(y).max()
    if not np.isfinite(curve(start)).all():
        return start, none, "the fit found no curve to begin with"
    limits = {"max_nfev": 150 * start.size, "ftol": 1e-10, "xtol": 1e-10, "gtol": 1e-12}
    found = least_squares(lambda p: (curve(p) - y) / scale, start, method="lm", x_scale="jac", **limits)
    if found.status <= 0 or not np.isfinite(found.cost):
        return start, none, "the fit did not converge"
    lengths = np.linalg.norm(found.jac, axis=0)
    if not lengths.all() or not np.isfinite(lengths).all():
        return start, none, "the points leave a parameter free"
    _, singular, vt = np.linalg.svd(found.jac / lengths, full_matrices=False)
    if singular[-1] < MIN_RECIPROCAL_CONDITION * singular[0]:
        return start, none, "the points cannot tell the parameters apart"
    unscaled = (vt.T / singular**2) @ vt / np.outer(lengths, lengths)
    return found.x, unscaled * 2.0 * found.cost / (y.size - start.size), ""


def _implausible(parameters: Sequence[Parameter], values: Array, se: Array) -> str:
    """The sentence about the first parameter that the data cannot tell."""
    for parameter, value, error in zip(parameters, values, se, strict=True):
        if not parameter.low <= value <= parameter.high:
            limits = f"{parameter.low:.4g} to {parameter.high:.4g}"
            return f"{parameter.name} = {value:.4g} lies outside {limits}, which the data can tell"
        if parameter.log and error > 1.0:
            return f"the points leave {parameter.name} uncertain by more than itself"
    return ""


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
    v, values = finite_points(v_mV, y)
    if v.size < 5:
        return _no_boltzmann(f"{v.size} points are too few for a Boltzmann fit")
    if np.ptp(values) == 0.0:
        return _no_boltzmann("all points are equal")
    order = np.argsort(v)
    v, values = v[order], values[order]
    largest = values[np.argmax(np.abs(values))]
    half = v[np.argmin(np.abs(values - largest / 2))]
    rising = abs(values[-1]) > abs(values[0])
    start = (largest, half, (1.0 if rising else -1.0) * np.ptp(v) / 15)
    names = [Parameter(name) for name in ("amplitude", "v_half_mV", "slope_mV")]
    fit = fit_curve(boltzmann, v, values, names, lambda: start)
    if fit.warning:
        return _no_boltzmann("the fit did not converge")
    amplitude, v_half, slope = map(float, fit.values)
    amplitude_se, v_half_se, slope_se = map(float, fit.se)
    warning = ""
    if not v[0] <= v_half <= v[-1]:
        warning = "V½ lies outside the data"
    elif abs(slope) > np.ptp(v):
        warning = "the data see too little of the curve's bend"
    half_width = fit.half_width("v_half_mV")
    return BoltzmannFit(amplitude, v_half, slope, amplitude_se, v_half_se, slope_se, half_width, warning)


def _no_boltzmann(why: str) -> BoltzmannFit:
    return BoltzmannFit(nan, nan, nan, nan, nan, nan, nan, warning=why)
