"""Fits of fluctuations: the parabola of variance against mean, the Lorentzian of a power spectrum."""

from math import pi

import numpy as np
from numpy.typing import ArrayLike

from vclamp.analysis.fits import Array, Fit, doubted_if_straight, finite_points, is_better
from vclamp.analysis.least_squares import (
    Parameter,
    Start,
    best_start,
    difference,
    fit_curve,
    gamma_deviance,
    grid,
)
from vclamp.errors import VClampError
from vclamp.physics.noise import variance_from_mean_pA2

BINS = 24  # of a spectrum, evenly in log f, to find a start


def fit_variance_mean(
    mean_pA: ArrayLike, variance_pA2: ArrayLike, *, weighted: bool = False, start: Start | None = None
) -> Fit:
    """Fit σ² = iI − I²/N + σ₀²: i_pA, n_channels, variance_0_pA2.

    Parameters
    ----------
    mean_pA, variance_pA2 : array_like
    weighted : bool
        Take the error of a variance to be a fixed part of it, as it is for variances over one number of
        sweeps, instead of one size; variances that are not positive are left out.
    start : array_like, optional
        Where to begin; found from the points if not given.

    Source: F. J. Sigworth 1980, J Physiol 307:97.
    """
    x, y = finite_points(mean_pA, variance_pA2)
    if weighted:
        x, y = x[y > 0.0], y[y > 0.0]

    def curve(x: Array, i: float, n: float, offset: float) -> Array:
        return variance_from_mean_pA2(x, i, n) + offset

    def found() -> ArrayLike:
        _, (bend, i, offset) = best_start([x**2, x, np.ones(x.size)], y)
        if not bend < 0.0:
            raise VClampError("the variance does not bend down at large currents, so the number cannot be told")
        return i, -1.0 / bend, offset

    parameters = (Parameter("i_pA"), Parameter("n_channels", log=True), Parameter("variance_0_pA2"))
    misfit = gamma_deviance if weighted else difference
    fit = fit_curve(curve, x, y, parameters, found if start is None else start, misfit=misfit)
    return fit if weighted else doubted_if_straight(fit, y)


def fit_lorentzian(
    f_Hz: ArrayLike, power_pA2_per_Hz: ArrayLike, *, floor: bool | None = None, start: Start | None = None
) -> Fit:
    """Fit a one-sided spectrum with S₀/(1 + (f/f_c)²) + floor: s0_pA2_per_Hz, fc_Hz, floor_pA2_per_Hz.

    Behind them stand tau_ms = 1/(2π f_c) and variance_pA2 = S₀ f_c π/2, the integral of the Lorentzian.

    Parameters
    ----------
    f_Hz, power_pA2_per_Hz : array_like
        Estimates of the power, each the true one times χ²/ν with one ν, as of Welch's method; f = 0 and
        what is not positive are left out. The standard errors take them to be independent: a Hann window
        ties neighbours together, which makes the true errors 1.4 times as large.
    floor : bool, optional
        Whether there is white noise too; if not given, the points decide by an F test at the 1 % level.
    start : array_like, optional
        Where to begin; found from the points if not given.

    Source: C. F. Stevens 1972, Biophys J 12:1028; the likelihood of a spectrum: P. Whittle 1953, Ark Mat 2:423.
    """
    if floor is None:
        plain = fit_lorentzian(f_Hz, power_pA2_per_Hz, floor=False)
        richer = fit_lorentzian(f_Hz, power_pA2_per_Hz, floor=True)
        return richer if is_better(richer, plain) else plain
    f, s = finite_points(f_Hz, power_pA2_per_Hz)
    usable = (f > 0.0) & (s > 0.0)
    f, s = f[usable], s[usable]

    def curve(f: Array, s0: float, fc: float, white: float = 0.0) -> Array:
        return np.asarray(s0 / (1.0 + (f / fc) ** 2) + white)

    low, high = (float(f.min()), float(f.max())) if f.size else (0.0, 0.0)
    parameters = [
        Parameter("s0_pA2_per_Hz", log=True),
        Parameter("fc_Hz", True, low, high, "the corner lies outside the frequencies"),
        *[Parameter("floor_pA2_per_Hz", log=True)] * floor,
    ]
    found = (lambda: _lorentzian_start(f, s, floor)) if start is None else start
    fit = fit_curve(curve, f, s, parameters, found, misfit=gamma_deviance)
    fit = fit.with_derived("tau_ms", lambda s0, fc, *_: 1000.0 / (2.0 * pi * fc), log=True)
    return fit.with_derived("variance_pA2", lambda s0, fc, *_: s0 * fc * pi / 2.0, log=True)


def _lorentzian_start(f: Array, s: Array, floor: bool) -> Array:
    """Power at low frequency, corner and floor that come near, from means over bins."""
    edges = np.geomspace(f.min(), f.max() * (1.0 + 1e-9), BINS + 1)
    which = np.digitize(f, edges) - 1
    counts = np.bincount(which, minlength=BINS)
    filled = counts > 0
    power = np.bincount(which, s, BINS)[filled] / counts[filled]
    at = np.bincount(which, f, BINS)[filled] / counts[filled]
    (corners,) = grid(np.geomspace(f.min(), f.max(), 40))
    columns = [1.0 / (1.0 + (at / corners) ** 2) / power, *[1.0 / power] * floor]  # to be 1: for relative errors
    best, linear = best_start(columns, np.ones(at.size))
    linear = np.maximum(linear, 1e-3 * power.min())
    return np.array([linear[0], corners[best, 0], *linear[1:]])
