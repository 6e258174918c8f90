"""Least squares: from points and a curve to a fit that can be trusted, or says why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vclamp.analysis.fits import STEP, Array, CurveFunction, Fit, failed
from vclamp.errors import VClampError

Start = ArrayLike | Callable[[], ArrayLike]

SPARE_POINTS = 2  # that every fit must have beyond one a parameter
MIN_RECIPROCAL_CONDITION = 1e-6  # of the Jacobian with columns of length 1; below, parameters are not told apart
MAX_STEPS, TOLERANCE, ARRIVED = 100, 1e-10, (1, 2, 3, 4, 6, 7, 8)  # of MINPACK
MAX_OFFSET = 0.01  # of the end from the true minimum, in units of the noise
EXACT = 1e-9  # residuals below this part of the points are rounding


@dataclass(frozen=True)
class Parameter:
    """What a fit looks for.

    A `log` parameter is positive: its logarithm is fitted, and its confidence interval is
    symmetric on a logarithmic scale. A value outside `low`…`high` is not to be trusted, for the data
    cannot tell it; `beyond` says so in words.
    """

    name: str
    log: bool = False
    low: float = -inf
    high: float = inf
    beyond: str = ""


# ---- what is to be small


def difference(predicted: Array, y: Array) -> Array:
    """Points less curve: for errors of one size."""
    return y - predicted


def gamma_deviance(predicted: Array, y: Array) -> Array:
    """Deviance residuals ±√(2(r − 1 − ln r)), r = point/curve: for variances and spectra.

    An estimate of a variance or of a power is the true one times χ²/ν, so that its error is a fixed part
    of it. Making these residuals small is maximum likelihood, whatever ν is.

    Source: P. McCullagh & J. A. Nelder 1989, Generalized Linear Models, 2nd ed., ch. 8.
    """
    ratio = y / np.maximum(predicted, 1e-9 * y)
    return np.asarray(np.sign(ratio - 1.0) * np.sqrt(2.0 * np.maximum(ratio - 1.0 - np.log(ratio), 0.0)))


# ---- the fit


def fit_curve(
    curve: CurveFunction,
    x: Array,
    y: Array,
    parameters: Sequence[Parameter],
    start: Start,
    *,
    misfit: Callable[[Array, Array], Array] = difference,
    gradient: CurveFunction | None = None,
) -> Fit:
    """Fit a curve by least squares.

    Parameters
    ----------
    curve : callable
        curve(x, *values) at the points.
    x, y : ndarray
        Finite points; x may have more than one row.
    parameters : sequence of Parameter
    start : array_like or callable
        Where to begin, in the parameters' own units, or what gives it; asked only if there are enough points.
        A VClampError that it raises becomes the warning.
    misfit : callable
        misfit(predicted, y) is what is squared and summed.
    gradient : callable, optional
        gradient(x, *values), shape (n_parameters, n_points), is the curve's slope along each value; found
        by differences if not given.

    Source: D. M. Bates & D. G. Watts 1988, Nonlinear Regression Analysis, ch. 2.
    """
    from scipy.special import stdtrit

    names = tuple(parameter.name for parameter in parameters)
    problem = _unfit(x, y, len(names))
    if problem:
        return failed(names, problem)
    log, scale = [parameter.log for parameter in parameters], float(np.abs(y).max())

    def values_of(theta: Array) -> list[Array]:
        return [np.exp(t) if is_log else t for t, is_log in zip(theta, log, strict=True)]

    def residuals(theta: Array) -> Array:
        return misfit(curve(x, *values_of(theta)), y)

    def slopes(theta: Array) -> Array:
        assert gradient is not None
        values = values_of(theta)
        predicted, step = curve(x, *values), STEP * scale
        by_curve = (misfit(predicted + step, y) - misfit(predicted - step, y)) / (2.0 * step)
        return np.asarray(gradient(x, *values) * np.where(log, values, 1.0)[:, None] * by_curve)

    with np.errstate(all="ignore"):
        try:
            first = _checked(start() if callable(start) else start, parameters)
        except VClampError as error:
            return failed(names, error.what)
        theta = np.where(log, np.log(first), first)
        along = _by_differences(residuals, theta, np.array(log)) if gradient is None else slopes
        theta, covariance, problem = _minimum(residuals, along, theta, scale, names)
        if problem:
            return failed(names, problem)
        values, theta_se = np.array(values_of(theta)), np.sqrt(np.diag(covariance))
        reach = float(stdtrit(y.size - len(names), 0.975)) * theta_se
        low, high = np.array(values_of(theta - reach)), np.array(values_of(theta + reach))
        correlation = covariance / np.outer(theta_se, theta_se) if theta_se.all() else np.eye(len(names))
        se = np.where(log, values * theta_se, theta_se)
        rest, left = residuals(theta), y - curve(x, *values)
        why, free, ssr = _implausible(parameters, values, theta_se), y.size - len(names), float(rest @ rest)
        return Fit(names, values, se, low, high, correlation, x, left, why, free, ssr, curve)


def _unfit(x: Array, y: Array, n_parameters: int) -> str:
    """Why these points cannot be fitted."""
    needed = n_parameters + SPARE_POINTS
    if y.size < needed:
        points = "1 point is" if y.size == 1 else f"{y.size} points are"
        return f"{points} too few for this fit: it needs {needed}"
    if np.ptp(y) == 0.0:
        return "all points are equal"
    places = np.unique(x).size if x.ndim == 1 else np.unique(x, axis=1).shape[1]
    if places == 1 < n_parameters:
        return "all points are at the same place"
    if places < n_parameters:
        return f"the points are at {places} places only, and this fit needs {n_parameters}"
    return ""


def _checked(start: ArrayLike, parameters: Sequence[Parameter]) -> Array:
    """The start as numbers, if it is one."""
    first = np.asarray(start, float)
    if first.shape != (len(parameters),):
        names = ", ".join(parameter.name for parameter in parameters)
        raise VClampError(f"the start has {first.size} numbers, and the fit looks for {len(parameters)}: {names}")
    for parameter, value in zip(parameters, first, strict=True):
        if not isfinite(value) or (parameter.log and value <= 0.0):
            raise VClampError(f"the fit cannot start at {parameter.name} = {value:.4g}")
    return first


def _by_differences(residuals: Callable[[Array], Array], start: Array, log: Array) -> Callable[[Array], Array]:
    """The residuals' slopes along each parameter, by central differences in all directions at once."""
    typical = np.where(log | (start == 0.0), 1.0, np.abs(start))

    def slopes(theta: Array) -> Array:
        step = STEP * np.where(log, 1.0, np.maximum(np.abs(theta), 1e-3 * typical))
        nudged = theta[:, None] + np.hstack([np.diag(step), -np.diag(step)])
        up, down = np.split(residuals(nudged[..., None]), 2)
        return np.asarray((up - down) / (2.0 * step[:, None]))

    return slopes


def _minimum(
    residuals: Callable[[Array], Array],
    slopes: Callable[[Array], Array],
    start: Array,
    scale: float,
    names: Sequence[str],
) -> tuple[Array, Array, str]:
    """Parameters at the nearest minimum, their covariance s² (JᵀJ)⁻¹, and what is wrong."""
    from scipy.optimize import leastsq

    none = np.full((start.size, start.size), nan)
    if not np.isfinite(residuals(start)).all():
        return start, none, "the fit found no curve to begin with"
    theta, _, found, _, status = leastsq(
        lambda p: residuals(p) / scale, start, Dfun=lambda p: slopes(p) / scale, col_deriv=True, full_output=True,
        maxfev=MAX_STEPS, ftol=TOLERANCE, xtol=TOLERANCE, gtol=0.0,
    )  # fmt: skip
    rest, along = found["fvec"], slopes(theta) / scale
    if status not in ARRIVED or not np.isfinite(rest).all():
        return start, none, "the fit did not converge"
    lengths = np.linalg.norm(along, axis=1)
    if not lengths.all() or not np.isfinite(lengths).all():
        return start, none, f"the points cannot tell {names[int(np.argmin(np.nan_to_num(lengths)))]}"
    along /= lengths[:, None]
    products = along @ along.T
    widths = np.linalg.eigvalsh(products)
    if widths[0] < MIN_RECIPROCAL_CONDITION**2 * widths[-1]:
        return start, none, "the points cannot tell the parameters apart"
    inverse = np.linalg.inv(products)
    s2 = float(rest @ rest) / (rest.size - start.size)
    # Bates & Watts 1981, Technometrics 23:179: what is left of the residuals along the curve's tangents
    downhill = along @ rest
    left = float(downhill @ inverse @ downhill) / start.size
    if left > MAX_OFFSET**2 * s2 and np.abs(rest).max() > EXACT:
        return start, none, "the fit did not converge"
    return theta, inverse / np.outer(lengths, lengths) * s2, ""


def _implausible(parameters: Sequence[Parameter], values: Array, theta_se: Array) -> str:
    """The sentence about the first parameter that the data cannot tell."""
    for parameter, value, error in zip(parameters, values, theta_se, strict=True):
        if not parameter.low <= value <= parameter.high:
            reason = parameter.beyond or f"{parameter.name} lies outside what the points can tell"
            return f"{reason}: {value:.4g}, and the limits are {parameter.low:.4g} and {parameter.high:.4g}"
        if parameter.log and error > 1.0:
            return f"the points leave {parameter.name} uncertain by more than itself"
    return ""


# ---- where to begin


def grid(*axes: ArrayLike) -> list[Any]:
    """All combinations of values: a column (n_combinations, 1) a parameter, for formulas of single numbers."""
    return [np.ravel(axis)[:, None] for axis in np.meshgrid(*axes, indexing="ij")]


def best_start(columns: Sequence[ArrayLike], y: Array) -> tuple[int, Array]:
    """Which combination of nonlinear parameters explains most of the points, and the linear ones with it.

    Parameters
    ----------
    columns : sequence of array_like, each (n_combinations, n_points) or (n_points,)
        What each linear parameter multiplies.
    y : ndarray (n_points,)

    Source: G. H. Golub & V. Pereyra 1973, SIAM J Numer Anal 10:413.
    """
    matrices = np.stack(np.broadcast_arrays(*(np.atleast_2d(c) for c in columns)), axis=-1)
    usable = np.isfinite(matrices).all(axis=(1, 2))
    if not usable.any():
        return 0, np.full(matrices.shape[-1], nan)
    explained = np.full(len(matrices), -inf)  # of the points' sum of squares, for the best linear parameters
    explained[usable] = np.sum((y @ np.linalg.qr(matrices[usable])[0]) ** 2, axis=1)
    best = int(np.argmax(explained))
    size = np.linalg.norm(matrices[best], axis=0)
    size[size == 0.0] = 1.0
    return best, np.linalg.lstsq(matrices[best] / size, y, rcond=None)[0] / size
