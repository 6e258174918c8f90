"""Fits of what a drug leaves or brings about: dose-response curves, block in the field."""

from math import inf

import numpy as np
from numpy.typing import ArrayLike

from vclamp.analysis.fits import Array, Fit, doubted_if_straight, failed, finite_points, is_better
from vclamp.analysis.least_squares import Parameter, Start, best_start, fit_curve, grid
from vclamp.errors import VClampError
from vclamp.physics.block import hill_unblocked, unblocked, woodhull_kd_mM
from vclamp.physics.thermo import thermal_voltage_mV

STEEPEST = 10.0  # Hill coefficient


def fit_hill(
    concentration: ArrayLike,
    response: ArrayLike,
    *,
    zero_dose: float | None = 1.0,
    full_dose: float | None = 0.0,
    name: str = "ic50",
    start: Start | None = None,
) -> Fit:
    """Fit full + (zero − full)/(1 + (c/IC50)^n): ic50 in the unit of the concentrations, hill, and what is free.

    Parameters
    ----------
    concentration, response : array_like
    zero_dose, full_dose : float or None
        Response without drug and with as much of it as can be; None adds `zero_dose` or `full_dose` to what is
        fitted. As they stand the response is the fraction that a blocker leaves; 0 and 1 suit an agonist.
    name : str
        Of the dose of half the effect: "ic50", "ec50".
    start : array_like, optional
        Where to begin; found from the points if not given.

    The logarithm of the dose is fitted, so that its interval is symmetric on a logarithmic scale.
    Source: A. V. Hill 1910, J Physiol 40:iv.
    """
    c, y = finite_points(concentration, response)
    c, y = c[c >= 0.0], y[c >= 0.0]
    fixed = {"zero_dose": zero_dose, "full_dose": full_dose}
    free = [end for end, value in fixed.items() if value is None]
    kept = {end: value for end, value in fixed.items() if value is not None}

    def curve(c: Array, dose: float, hill: float, *free_ends: float) -> Array:
        ends = kept | dict(zip(free, free_ends, strict=True))
        return ends["full_dose"] + (ends["zero_dose"] - ends["full_dose"]) * hill_unblocked(c, dose, hill)

    def found() -> ArrayLike:
        dose, hill, zero, full = _hill_start(c, y)
        if zero_dose is not None and full_dose is not None and (zero_dose > full_dose) != (zero > full):
            toward = "fall" if zero_dose > full_dose else "rise"
            raise VClampError(f"the response does not {toward} with the concentration")
        ends = {"zero_dose": zero, "full_dose": full}
        return [dose, hill, *(ends[end] for end in free)]

    dosed = c[c > 0.0]
    low, high = (float(dosed.min()), float(dosed.max())) if dosed.size else (0.0, inf)
    parameters = [
        Parameter(name, True, low, high, f"{name} lies outside the concentrations"),
        Parameter("hill", False, 0.0, STEEPEST, "the points cannot tell such a Hill coefficient"),
        *(Parameter(end) for end in free),
    ]
    return doubted_if_straight(fit_curve(curve, c, y, parameters, found if start is None else start), y)


def fit_best_hill(concentration: ArrayLike, response: ArrayLike, *, name: str = "ic50") -> Fit:
    """The Hill curve, falling or rising, with as many free ends as the points call for, by F tests at the 1 % level.

    From a fraction between 0 and 1, over one end that is free while the smaller is 0 or the larger 1, to both:
    behind ic50 and hill then stand `zero_dose`, `full_dose`, or both.
    """
    c, y = finite_points(concentration, response)
    try:
        with np.errstate(all="ignore"):
            _, _, zero, full = _hill_start(c[c >= 0.0], y[c >= 0.0])
    except VClampError as error:
        return failed((name, "hill"), error.what)
    falls = abs(zero) > abs(full)
    larger_and_smaller = [(1.0, 0.0), (None, 0.0), (1.0, None), (None, None)]
    tried = [fit_hill(c, y, zero_dose=ends[not falls], full_dose=ends[falls], name=name) for ends in larger_and_smaller]
    best = tried[0]
    for richer in tried[1:]:
        as_rich = best.has_numbers and richer.degrees_of_freedom == best.degrees_of_freedom
        if richer.trusted and richer.ssr < best.ssr if as_rich else is_better(richer, best):
            best = richer
    return best


def _hill_start(c: Array, y: Array) -> tuple[float, float, float, float]:
    """Dose of half the effect, Hill coefficient and both ends that come near."""
    dosed = c[c > 0.0]
    if not dosed.size:
        raise VClampError("there is no concentration above zero" if c.size else "0 points are too few for this fit")
    doses, hills = grid(np.geomspace(dosed.min(), dosed.max(), 24), [0.3, 0.5, 0.8, 1.2, 2.0, 4.0])
    left = np.asarray(1.0 / (1.0 + (c / doses) ** hills))
    best, (zero, full) = best_start([left, 1.0 - left], y)
    return float(doses[best, 0]), float(hills[best, 0]), float(zero), float(full)


def fit_woodhull(
    v_mV: ArrayLike, blocker_mM: ArrayLike, left: ArrayLike, temperature_K: float, *, start: Start | None = None
) -> Fit:
    """Fit an internal blocker at all voltages and concentrations at once: kd_mM (at 0 mV), z_delta.

    The fraction left is 1/(1 + [B]/K_d(V)) with K_d(V) = K_d(0) e^(−zδFV/RT); an external
    blocker comes out with a negative zδ.

    Source: A. M. Woodhull 1973, J Gen Physiol 61:687.
    """
    x, y = finite_points(np.stack(np.broadcast_arrays(v_mV, blocker_mM)), left)

    def curve(x: Array, kd: float, z_delta: float) -> Array:
        return unblocked(x[1], woodhull_kd_mM(x[0], kd, z_delta, "in", temperature_K))

    def found() -> ArrayLike:
        blocked = x[1] > 0.0
        if not blocked.any():
            raise VClampError("there is no concentration above zero")
        v, b = x[:, blocked]
        kept = np.clip(y[blocked], 0.01, 0.99)
        log_affinity = np.log((1.0 - kept) / kept) - np.log(b)  # a straight line in the voltage
        _, (slope, level) = best_start([v / thermal_voltage_mV(temperature_K), np.ones(v.size)], log_affinity)
        return np.exp(-level), slope

    fit = fit_curve(
        curve, x, y, (Parameter("kd_mM", log=True), Parameter("z_delta")), found if start is None else start
    )
    return doubted_if_straight(fit, y)
