"""Fits of what voltage does to gates: activation, Boltzmann-ohmic I–V, availability."""

from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vclamp.analysis.fits import Array, Fit, doubted_if_straight, finite_points
from vclamp.analysis.least_squares import SPARE_POINTS, Parameter, Start, best_start, fit_curve, grid
from vclamp.physics.gating import slope_factor_mV, two_state_p_open
from vclamp.physics.thermo import thermal_voltage_mV

STEEPEST = 0.1  # slope factor over the spacing of the points, below which they cannot tell it
SEEN = 0.75  # of the way to a fitted end, that the points must go
EDGE = 0.1  # of the points' range: a step has all its points so near to its ends
TOO_STEEP = "the curve is steeper than the points are apart, so they cannot tell its slope"


def boltzmann(v_mV: ArrayLike, amplitude: float, v_half_mV: float, slope_mV: float) -> Array:
    """amplitude/(1 + exp(−(V − v_half)/slope)), without overflow."""
    w = (np.asarray(v_mV, float) - v_half_mV) / slope_mV
    return np.asarray(amplitude * 0.5 * (1.0 + np.tanh(0.5 * w)))


def fit_boltzmann(
    v_mV: ArrayLike,
    y: ArrayLike,
    temperature_K: float | None = None,
    *,
    pedestal: bool = False,
    start: Start | None = None,
) -> Fit:
    """Fit amplitude/(1 + exp(−(V − V½)/k)): amplitude, v_half_mV, slope_mV, then z_e = RT/(kF).

    Parameters
    ----------
    v_mV, y : array_like
        The points, at least five; those that are not finite are left out.
    temperature_K : float, optional
        Adds z_e: the gating charge of a two-state channel, and a lower bound of it for any other.
    pedestal : bool
        Adds a constant, `pedestal`; the amplitude then is positive.
    start : array_like, optional
        Where to begin; found from the points if not given.

    The slope is negative for a curve that falls.
    """
    v, y = finite_points(v_mV, y)
    names = ["amplitude", "v_half_mV", "slope_mV"] + ["pedestal"] * pedestal

    def curve(v: Array, amplitude: float, v_half: float, slope: float, constant: float = 0.0) -> Array:
        return boltzmann(v, amplitude, v_half, slope) + constant

    def found() -> ArrayLike:
        halves, slopes = grid(_halves_mV(v), _slopes_mV(v))
        columns = [boltzmann(v, 1.0, halves, slopes), *[np.ones(v.size)] * pedestal]
        best, (amplitude, *constant) = best_start(columns, y)
        return [amplitude, *halves[best], *slopes[best], *constant]

    parameters = [Parameter(name) for name in names]
    fit = fit_curve(curve, v, y, parameters, found if start is None else start)
    if pedestal and fit["amplitude"] < 0.0:
        amplitude, v_half, slope, constant = fit.values
        fit = fit_curve(curve, v, y, parameters, (-amplitude, v_half, -slope, constant + amplitude))  # the same curve
    return _with_charge(_judged(fit, v, y, fit["slope_mV"], foot=pedestal), "slope_mV", temperature_K)


def fit_gv(v_mV: ArrayLike, g_nS: ArrayLike, temperature_K: float, *, start: Start | None = None) -> Fit:
    """Fit G = g_max/(1 + exp(−zF(V − V½)/RT)): g_max_nS, z_e, v_half_mV.

    z is negative for a curve that falls. It is the charge of a two-state channel, and a lower
    bound of it for any other.
    """
    v, g = finite_points(v_mV, g_nS)

    def curve(v: Array, g_max: float, z: float, v_half: float) -> Array:
        return g_max * two_state_p_open(v, z, v_half, temperature_K)

    def found() -> ArrayLike:
        halves, charges = _gating_grid(v, temperature_K)
        best, (g_max,) = best_start([two_state_p_open(v, charges, halves, temperature_K)], g)
        return [g_max, *charges[best], *halves[best]]

    parameters = [Parameter(name) for name in ("g_max_nS", "z_e", "v_half_mV")]
    fit = fit_curve(curve, v, g, parameters, found if start is None else start)
    return _judged(fit, v, g, slope_factor_mV(fit["z_e"] or nan, temperature_K))


def fit_iv(v_mV: ArrayLike, i_pA: ArrayLike, temperature_K: float, *, start: Start | None = None) -> Fit:
    """Fit I = g (V − E)/(1 + exp(−zF(V − V½)/RT)): g_nS, z_e, v_half_mV, e_rev_mV.

    The reversal potential may lie outside the points if the curve's bend tells it; its interval says how well.
    """
    v, i = finite_points(v_mV, i_pA)

    def curve(v: Array, g: float, z: float, v_half: float, e_rev: float) -> Array:
        return g * (v - e_rev) * two_state_p_open(v, z, v_half, temperature_K)

    def gradient(v: Array, g: float, z: float, v_half: float, e_rev: float) -> Array:
        p, force = two_state_p_open(v, z, v_half, temperature_K), v - e_rev
        steepness = g * force * p * (1.0 - p) / thermal_voltage_mV(temperature_K)
        return np.array([force * p, steepness * (v - v_half), -steepness * z, -g * p])

    def found() -> ArrayLike:
        halves, charges = _gating_grid(v, temperature_K)
        p = two_state_p_open(v, charges, halves, temperature_K)
        best, (g, ge) = best_start([p * v, -p], i)
        return [g, *charges[best], *halves[best], ge / g]

    parameters = [
        Parameter("g_nS", low=0.0, beyond="a conductance cannot be negative"),
        Parameter("z_e"),
        Parameter("v_half_mV"),
        Parameter("e_rev_mV"),
    ]
    fit = fit_curve(curve, v, i, parameters, found if start is None else start, gradient=gradient)
    return _judged(fit, v, i, slope_factor_mV(fit["z_e"] or nan, temperature_K))


def fit_h_inf(
    v_mV: ArrayLike, available: ArrayLike, temperature_K: float | None = None, *, start: Start | None = None
) -> Fit:
    """Fit availability (1 − p)/(1 + exp((V − V½)/k)) + p: v_half_mV, k_mV, pedestal, then z_e = RT/(kF).

    Parameters
    ----------
    v_mV, available : array_like
        Prepulse and peak current over that without inactivation. k is positive for a curve that falls.
    temperature_K : float, optional
        Adds z_e, the equivalent charge of inactivation.
    """
    v, y = finite_points(v_mV, available)

    def curve(v: Array, v_half: float, k: float, pedestal: float) -> Array:
        return pedestal + boltzmann(v, 1.0 - pedestal, v_half, -k)

    def found() -> ArrayLike:
        halves, slopes = grid(_halves_mV(v), _slopes_mV(v))
        open_ = boltzmann(v, 1.0, halves, slopes)
        best, (amplitude, pedestal) = best_start([open_, np.ones(v.size)], y)
        half, slope = float(halves[best, 0]), float(slopes[best, 0])
        if amplitude > 0.0:
            return half, -slope, pedestal
        return half, slope, pedestal + amplitude  # the same curve the right way round

    parameters = [
        Parameter("v_half_mV"),
        Parameter("k_mV"),
        Parameter("pedestal", low=-1.0, high=1.0, beyond="the pedestal is no fraction of an availability"),
    ]
    fit = fit_curve(curve, v, y, parameters, found if start is None else start)
    return _with_charge(_judged(fit, v, y, -fit["k_mV"], foot=True), "k_mV", temperature_K)


def _with_charge(fit: Fit, slope: str, temperature_K: float | None) -> Fit:
    """The fit with the charge that its slope factor stands for."""
    if temperature_K is None:
        return fit
    thermal_mV, k = thermal_voltage_mV(temperature_K), fit.names.index(slope)
    return fit.with_derived("z_e", lambda *values: float(thermal_mV / values[k]))


def _judged(fit: Fit, v: Array, y: Array, slope_mV: float, *, foot: bool = False) -> Fit:
    """The fit with what these points cannot see of a Boltzmann curve; with `foot` its lower end is sought too."""
    if fit.has_numbers:
        return doubted_if_straight(fit, y).doubted(_unseen(v, fit["v_half_mV"], slope_mV, foot=foot))
    enough = y.size >= len(fit.names) + SPARE_POINTS
    return replace(fit, warning=TOO_STEEP) if enough and _is_step(v, y) else fit


def _is_step(v: Array, y: Array) -> bool:
    """Whether the points lie at two levels, one after the other."""
    if np.ptp(y) == 0.0 or np.ptp(v) == 0.0:
        return False
    part = (y - y.min()) / np.ptp(y)
    beyond = part[np.argsort(v)] > 0.5
    return bool(((part < EDGE) | (part > 1.0 - EDGE)).all() and np.count_nonzero(np.diff(beyond)) == 1)


def _unseen(v: Array, v_half_mV: float, slope_mV: float, *, foot: bool) -> str:
    """What these voltages cannot see of the curve."""
    low, high, reach = float(v.min()), float(v.max()), float(np.ptp(v))
    if not low <= v_half_mV <= high:
        return f"V½ lies outside the data: {v_half_mV:.4g} mV, and the points reach from {low:.4g} to {high:.4g} mV"
    if abs(slope_mV) > reach:
        return "the points see too little of the curve's bend to tell its slope"
    if abs(slope_mV) < STEEPEST * reach / (v.size - 1):
        return TOO_STEEP
    ends = boltzmann([low, high], 1.0, v_half_mV, slope_mV)
    seen = min(float(ends.max()), 1.0 - float(ends.min()) if foot else 1.0)
    if seen < SEEN:
        return f"the points go only {100.0 * seen:.0f} % of the way to one end of the curve: it and V½ are extrapolated"
    return ""


def _halves_mV(v: Array) -> Array:
    """Half-activation voltages to try."""
    return np.linspace(v.min(), v.max(), 15)


def _slopes_mV(v: Array) -> Array:
    """Slope factors to try, falling and rising."""
    k = np.ptp(v) / np.array([80.0, 40.0, 20.0, 10.0, 5.0])
    return np.concatenate([k, -k])


def _gating_grid(v: Array, temperature_K: float) -> list[Any]:
    """Half-activation voltages and charges to try."""
    return grid(_halves_mV(v), thermal_voltage_mV(temperature_K) / _slopes_mV(v))
