"""The fits that are offered, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from vclamp.analysis.fit_block import fit_best_hill, fit_hill, fit_woodhull
from vclamp.analysis.fit_gating import boltzmann, fit_boltzmann, fit_gv, fit_h_inf, fit_iv
from vclamp.analysis.fit_noise import fit_lorentzian, fit_variance_mean
from vclamp.analysis.fit_reversal import fit_line, fit_permeability_ratios, fit_tail_reversal
from vclamp.analysis.fit_time_courses import (
    exponentials,
    fit_best_exponentials,
    fit_exponentials,
    fit_membrane_test,
    fit_recovery,
)
from vclamp.analysis.fits import Array, Fit

__all__ = [
    "FITS",
    "Offer",
    "boltzmann",
    "exponentials",
    "fit_best_exponentials",
    "fit_best_hill",
    "fit_boltzmann",
    "fit_exponentials",
    "fit_gv",
    "fit_h_inf",
    "fit_hill",
    "fit_iv",
    "fit_line",
    "fit_lorentzian",
    "fit_membrane_test",
    "fit_permeability_ratios",
    "fit_recovery",
    "fit_tail_reversal",
    "fit_variance_mean",
    "fit_woodhull",
]


@dataclass(frozen=True)
class Offer:
    """A fit that any curve of points can be given to.

    Attributes
    ----------
    title, formula : str
        What to call it, and what it fits.
    fit : callable
        fit(x, y, temperature_K), where the temperature may not matter.
    """

    title: str
    formula: str
    fit: Callable[[Array, Array, float], Fit]


FITS: dict[str, Offer] = {
    "boltzmann": Offer("Boltzmann", "A/(1 + exp(−(V − V½)/k))", fit_boltzmann),
    "boltzmann-pedestal": Offer(
        "Boltzmann with pedestal",
        "A/(1 + exp(−(V − V½)/k)) + C",
        lambda v, y, kelvin: fit_boltzmann(v, y, kelvin, pedestal=True),
    ),
    "boltzmann-ohmic": Offer("Boltzmann-ohmic I–V", "g (V − E)/(1 + exp(−zF(V − V½)/RT))", fit_iv),
    "availability": Offer("Availability", "(1 − p)/(1 + exp((V − V½)/k)) + p", fit_h_inf),
    "exponentials": Offer(
        "Exponentials, as many as are called for", "Σ A e^(−t/τ) + C", lambda t, y, _: fit_best_exponentials(t, y)
    ),
    "exponential-1": Offer("One exponential", "A e^(−t/τ) + C", lambda t, y, _: fit_exponentials(t, y, 1)),
    "exponential-2": Offer("Two exponentials", "Σ A e^(−t/τ) + C", lambda t, y, _: fit_exponentials(t, y, 2)),
    "exponential-3": Offer("Three exponentials", "Σ A e^(−t/τ) + C", lambda t, y, _: fit_exponentials(t, y, 3)),
    "recovery": Offer("Recovery", "a − A e^(−t/τ)", lambda t, y, _: fit_recovery(t, y)),
    "hill": Offer("Hill", "1/(1 + (c/IC50)ⁿ)", lambda c, y, _: fit_hill(c, y)),
    "dose-response": Offer(
        "Dose-response, ends free if called for",
        "full + (zero − full)/(1 + (c/IC50)ⁿ)",
        lambda c, y, _: fit_best_hill(c, y),
    ),
    "parabola": Offer("Variance–mean", "i I − I²/N + σ₀²", lambda mean, y, _: fit_variance_mean(mean, y)),
    "lorentzian": Offer("Lorentzian", "S₀/(1 + (f/f_c)²) + floor", lambda f, y, _: fit_lorentzian(f, y)),
    "reversal": Offer("Reversal of a straight line", "g (V − E)", lambda v, y, _: fit_tail_reversal(v, y)),
    "line": Offer("Straight line", "slope x + intercept", lambda x, y, _: fit_line(x, y)),
}
