"""Fits of where a current reverses: straight lines, and what reversal potentials tell of permeabilities."""

from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from vclamp.analysis.fits import Array, Fit, doubted_if_straight, failed, finite_points
from vclamp.analysis.least_squares import Parameter, Start, best_start, fit_curve, grid
from vclamp.physics.flux import ghk_voltage_mV

RATIOS = np.geomspace(1e-4, 1e3, 29)  # permeability ratios to try


def fit_line(x: ArrayLike, y: ArrayLike, *, start: Start | None = None) -> Fit:
    """Fit a straight line: slope, intercept."""
    x, y = finite_points(x, y)

    def line(x: Array, slope: float, intercept: float) -> Array:
        return slope * x + intercept

    found = (lambda: best_start([x, np.ones(x.size)], y)[1]) if start is None else start
    return fit_curve(line, x, y, (Parameter("slope"), Parameter("intercept")), found)


def fit_tail_reversal(v_mV: ArrayLike, i_pA: ArrayLike, *, start: Start | None = None) -> Fit:
    """Fit instantaneous tail currents with a straight line: e_rev_mV, g_nS."""
    v, i = finite_points(v_mV, i_pA)

    def line(v: Array, e_rev: float, g: float) -> Array:
        return g * (v - e_rev)

    def found() -> ArrayLike:
        _, (g, i_zero) = best_start([v, np.ones(v.size)], i)
        return -i_zero / g, g

    low, high = (float(v.min()), float(v.max())) if v.size else (-inf, inf)
    e_rev = Parameter("e_rev_mV", False, low, high, "the current does not reverse within the data")
    return doubted_if_straight(fit_curve(line, v, i, (e_rev, Parameter("g_nS")), found if start is None else start), i)


def fit_permeability_ratios(
    ions: Sequence[str],
    out_mM: ArrayLike,
    in_mM: ArrayLike,
    e_rev_mV: ArrayLike,
    temperature_K: float,
    *,
    z: ArrayLike = 1,
    start: Start | None = None,
) -> Fit:
    """Fit reversal potentials by the GHK voltage equation: p_na_over_p_k, … of each ion over the first.

    Parameters
    ----------
    ions : sequence of str, n_ions
        At least two, such as "K", "Na"; the first is the one that the others are compared with.
    out_mM, in_mM : array_like, shape (n_ions, n_points) or (n_ions, 1)
        Concentrations at each point; 0 is allowed, so that bi-ionic points and a series of one
        ion's concentrations can stand together. Repeated points in one pair of solutions will do.
    e_rev_mV : array_like, shape (n_points,)
    temperature_K : float
    z : array_like, shape (n_ions,) or int
        Valences, each 1 or −1.

    Source: Goldman 1943, J Gen Physiol 27:37; Hodgkin & Katz 1949, J Physiol 108:37.
    """
    n = len(ions)
    names = [f"p_{ion.lower()}_over_p_{ions[0].lower()}" for ion in ions[1:]]
    valences = np.broadcast_to(np.asarray(z, float), (n,))
    if np.any(np.abs(valences) != 1.0):
        return failed(names, "the GHK voltage equation holds for monovalent ions only")
    e_mV = np.atleast_1d(np.asarray(e_rev_mV, float))
    shape = (n, e_mV.size)
    x, y = finite_points(np.vstack([np.broadcast_to(out_mM, shape), np.broadcast_to(in_mM, shape)]), e_mV)

    def curve(x: Array, *ratios: ArrayLike) -> Array:
        p = np.stack(np.broadcast_arrays(1.0, *(np.asarray(ratio)[..., None] for ratio in ratios)), axis=-1)[..., 0, :]
        return ghk_voltage_mV(p, x[:n].T, x[n:].T, valences, temperature_K)

    def found() -> ArrayLike:
        ratios = grid(*[RATIOS] * (n - 1))
        misfits = np.nansum((curve(x, *ratios) - y) ** 2, axis=-1)
        return [ratio[int(np.argmin(misfits)), 0] for ratio in ratios]

    parameters = [Parameter(name, log=True) for name in names]
    return fit_curve(curve, x, y, parameters, found if start is None else start)
