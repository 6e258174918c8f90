"""What a fit finds: numbers with honest errors, or why there are none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.errors import VClampError

Array = NDArray[np.float64]
CurveFunction = Callable[..., Array]  # curve(x, *values); values of shape (m, 1) give m curves at once

STEP = 6e-6  # ∛ of the rounding error: best for central differences
RICHER_P = 0.01  # of the F test that more parameters must pass
HUGE = 1e100  # no unit makes a measured number as large, and its square still is one


@dataclass(frozen=True, eq=False)
class Fit:
    """A curve through points by least squares.

    Attributes
    ----------
    names : tuple of str
        Names of the parameters with units; `fit["tau_ms"]` is a value, `fit(x)` the curve.
        Numbers derived from the parameters (see `with_derived`) stand behind them.
    values, se : ndarray
        Values and standard errors √diag(s² (JᵀJ)⁻¹), with s² = SSR/(n − p).
    low, high : ndarray
        Ends of the 95 % confidence intervals (Student t with n − p degrees of freedom).
    correlation : ndarray
        Correlations of the parameters as fitted.
    x, residuals : ndarray
        The finite points' places, and points less curve at them.
    warning : str
        Empty if the fit can be trusted; else a sentence that says why not. The numbers are those of the best
        curve where there is one, to be shown as doubtful, and NaN where there is none: never a start.
    degrees_of_freedom : int
        n − p.
    ssr : float
        The sum of squares that was made small.
    curve : callable
        curve(x, *values).
    """

    names: tuple[str, ...]
    values: Array
    se: Array
    low: Array
    high: Array
    correlation: Array = field(repr=False)
    x: Array = field(repr=False)
    residuals: Array = field(repr=False)
    warning: str = ""
    degrees_of_freedom: int = 0
    ssr: float = nan
    curve: CurveFunction = field(default=lambda x, *values: np.full(x.shape[-1:], nan), repr=False)

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])

    def __call__(self, x: ArrayLike) -> Array:
        """The fitted curve."""
        with np.errstate(all="ignore"):
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
    def trusted(self) -> bool:
        """Whether nothing speaks against the numbers."""
        return not self.warning

    @property
    def has_numbers(self) -> bool:
        """Whether there is a curve at all, trusted or doubtful."""
        return bool(np.isfinite(self.values).all())

    @property
    def t_quantile(self) -> float:
        """Half the width of a 95 % interval in standard errors."""
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees_of_freedom, 0.975)) if self.degrees_of_freedom else nan

    def doubted(self, why: str) -> "Fit":
        """The same fit with a warning, unless `why` is empty or it has one."""
        return replace(self, warning=why) if why and not self.warning else self

    def with_derived(self, name: str, formula: Callable[..., float], *, log: bool = False) -> "Fit":
        """The fit with one more number, formula(*values), whose error follows from theirs (delta method).

        A number that is there already stays as it is.

        Parameters
        ----------
        log : bool
            Whether the number is positive, with an interval that is symmetric on a logarithmic scale.
        """
        if name in self.names:
            return self
        names = (*self.names, name)
        if not self.has_numbers:
            return failed(names, self.warning)
        step = STEP * np.where(self.values != 0.0, np.abs(self.values), 1.0)
        with np.errstate(all="ignore"):
            value = formula(*self.values)
            up = np.array([formula(*row) for row in self.values + np.diag(step)])
            down = np.array([formula(*row) for row in self.values - np.diag(step)])
            slopes = (up - down) / (2.0 * step) * self.se  # per standard error of each parameter
            shared = self.correlation @ slopes
            se = float(np.sqrt(max(slopes @ shared, 0.0)))
            reach = self.t_quantile * se
            low, high = value - reach, value + reach
            if log:
                low, high = value * np.exp(-reach / value), value * np.exp(reach / value)
            aside = shared[:, None] / (se or 1.0)  # of exact points there is no error to share
        curve = self.curve
        return replace(
            self,
            names=names,
            values=np.append(self.values, value),
            se=np.append(self.se, se),
            low=np.append(self.low, low),
            high=np.append(self.high, high),
            correlation=np.block([[self.correlation, aside], [aside.T, np.ones((1, 1))]]),
            curve=lambda x, *values: curve(x, *values[:-1]),
        )


def failed(names: Sequence[str], why: str) -> Fit:
    """A fit that says why there is none."""
    n = len(names)
    none = np.full(n, nan)
    nowhere = np.full(0, nan)
    return Fit(tuple(names), none, none, none, none, np.full((n, n), nan), nowhere, nowhere, why)


def finite_points(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """The points that are finite in x (last axis along the points) and y.

    Raises
    ------
    VClampError
        If there are not as many x as y.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if y.ndim != 1 or x.shape[-1:] != y.shape:
        raise VClampError(f"there are points at {x.shape[-1] if x.ndim else 1} places, and {y.size} values")
    kept = (np.abs(y) < HUGE) & (np.abs(np.atleast_2d(x)) < HUGE).all(axis=0)
    return x[..., kept], y[kept]


# ---- comparing


def is_better(richer: Fit, than: Fit) -> bool:
    """Whether a fit with more parameters is to be preferred, by an F test at the 1 % level.

    A richer fit that cannot be trusted is not; any trusted fit is better than none.
    """
    if not richer.trusted or not than.has_numbers:
        return richer.trusted
    return _chance(than.ssr, than.degrees_of_freedom, richer) < RICHER_P


def doubted_if_straight(fit: Fit, y: Array) -> Fit:
    """The fit with a warning if a flat or straight line with fewer parameters describes the points about as well."""
    if not fit.has_numbers:
        return fit
    lines = [(y.size - 1, "flat", y - y.mean())]
    if fit.x.ndim == 1 and np.ptp(fit.x) > 0.0:
        x = fit.x - fit.x.mean()
        lines.append((y.size - 2, "straight", y - y.mean() - x * (x @ y) / (x @ x)))
    for freedom, kind, residuals in lines:
        if freedom > fit.degrees_of_freedom and _chance(float(residuals @ residuals), freedom, fit) > RICHER_P:
            return fit.doubted(f"a {kind} line describes these points as well as the curve")
    return fit


def _chance(ssr: float, degrees_of_freedom: int, richer: Fit) -> float:
    """Probability that a richer fit's sum of squares is so much smaller by chance alone."""
    from scipy.special import fdtrc

    more = degrees_of_freedom - richer.degrees_of_freedom
    if richer.ssr == 0.0 or more <= 0:
        return 0.0 if richer.ssr < ssr else 1.0
    f = (ssr - richer.ssr) / more / (richer.ssr / richer.degrees_of_freedom)
    return float(fdtrc(more, richer.degrees_of_freedom, max(f, 0.0)))
