"""Currents of channels that open and shut at random: mean, variance, spectrum, dwell times."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.physics.schemes import propagator, stationary

Array = NDArray[np.float64]


# ---- N independent channels, each open with probability P


def unitary_current_pA(conductance_pS: float, v_mV: ArrayLike, reversal_mV: ArrayLike) -> Array:
    """Current γ (V − E) of one open channel."""
    return np.asarray(1e-3 * conductance_pS * (np.asarray(v_mV, float) - np.asarray(reversal_mV, float)))


def mean_current_pA(n_channels: float, unitary_pA: float, p_open: ArrayLike) -> Array:
    """Mean current N i P."""
    return np.asarray(n_channels * unitary_pA * np.asarray(p_open, float))


def current_variance_pA2(n_channels: float, unitary_pA: float, p_open: ArrayLike) -> Array:
    """Variance N i² P (1 − P) of the binomial distribution of open channels."""
    p = np.asarray(p_open, float)
    return np.asarray(n_channels * unitary_pA**2 * p * (1.0 - p))


def variance_from_mean_pA2(mean_pA: ArrayLike, unitary_pA: float, n_channels: float) -> Array:
    """The same variance as a parabola of the mean current, i I − I²/N: its initial slope is i.

    Source: F. J. Sigworth 1980, J Physiol 307:97.
    """
    mean = np.asarray(mean_pA, float)
    return np.asarray(unitary_pA * mean - mean**2 / n_channels)


def standard_error_pA(variance_pA2: ArrayLike, n_sweeps: int) -> Array:
    """Standard error √(variance/n) of the mean of n sweeps."""
    return np.sqrt(np.asarray(variance_pA2, float) / n_sweeps)


def p_any_open(n_channels: int, p_open: ArrayLike) -> Array:
    """Probability 1 − (1 − P)ᴺ that at least one of N channels is open."""
    p = np.asarray(p_open, float)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(n_channels * np.log1p(-p)))


# ---- in time and in frequency


def corner_frequency_Hz(tau_ms: ArrayLike) -> Array:
    """Frequency 1/(2πτ) at which a Lorentzian has fallen to half."""
    return np.asarray(1000.0 / (2.0 * np.pi * np.asarray(tau_ms, float)))


def lorentzian_pA2_per_Hz(f_Hz: ArrayLike, variance_pA2: float, tau_ms: float) -> Array:
    """One-sided spectrum 4 σ² τ/(1 + (f/f_c)²), whose integral is the variance σ².

    Source: C. F. Stevens 1972, Biophys J 12:1028.
    """
    ratio = np.asarray(f_Hz, float) / corner_frequency_Hz(tau_ms)
    return np.asarray(4e-3 * variance_pA2 * tau_ms / (1.0 + ratio**2))


def autocovariance_pA2(lag_ms: ArrayLike, rates_per_ms: Array, current_pA: ArrayLike, n_channels: float) -> Array:
    """Autocovariance of the current of N channels in equilibrium; at lag 0 the variance.

    Parameters
    ----------
    lag_ms : array_like (n_lags,)
        Time between the two samples, not negative.
    rates_per_ms : array (n, n)
        Rate from state i to state j at [i, j].
    current_pA : array_like (n,)
        Current of one channel in each state.
    """
    p, deviation = _deviation(rates_per_ms, current_pA)
    later = _propagators(rates_per_ms, lag_ms) @ deviation
    return np.asarray(n_channels * later @ (p * deviation))


def spectrum_pA2_per_Hz(f_Hz: ArrayLike, rates_per_ms: Array, current_pA: ArrayLike, n_channels: float) -> Array:
    """One-sided spectrum of the current of N channels in equilibrium: n − 1 Lorentzians for n states.

    Parameters as in `autocovariance_pA2`, whose Fourier transform this is.

    Source: D. Colquhoun & A. G. Hawkes 1977, Proc R Soc Lond B 199:231.
    """
    p, deviation = _deviation(rates_per_ms, current_pA)
    n = p.size
    omega_per_ms = 2e-3 * np.pi * np.atleast_1d(np.asarray(f_Hz, float))
    settling = np.outer(np.ones(n), p) - _generator(rates_per_ms)  # adding the constant mode makes it invertible
    response = np.linalg.solve(1j * omega_per_ms[:, None, None] * np.eye(n) + settling, deviation[:, None])[..., 0]
    return np.asarray(4e-3 * n_channels * (response @ (p * deviation)).real)


def _deviation(rates_per_ms: Array, current_pA: ArrayLike) -> tuple[Array, Array]:
    """Occupancies at rest, and the current of each state above the mean."""
    p = stationary(rates_per_ms)
    current = np.asarray(current_pA, float)
    return p, current - p @ current


def _propagators(rates_per_ms: Array, time_ms: ArrayLike) -> Array:
    """The propagator over each of several times."""
    return propagator(rates_per_ms * np.atleast_1d(np.asarray(time_ms, float))[:, None, None], 1.0)


def _generator(rates_per_ms: Array) -> Array:
    """Q: the rates with minus the sum of each row on the diagonal."""
    q = np.array(rates_per_ms, float)
    np.fill_diagonal(q, 0.0)
    return np.asarray(q - np.diag(q.sum(axis=1)))


# ---- dwell times


def transitions_per_ms(rates_per_ms: Array, n_channels: float) -> float:
    """Jumps between states, of N channels in equilibrium, per ms."""
    return float(-n_channels * stationary(rates_per_ms) @ np.diag(_generator(rates_per_ms)))


def mean_dwell_ms(rates_per_ms: Array, states: Sequence[int]) -> float:
    """Mean length of a visit to a set of states in equilibrium: its occupancy over the flux out of it.

    Parameters
    ----------
    rates_per_ms : array (n, n)
        Rate from state i to state j at [i, j].
    states : sequence of int
        For example all open states, or all shut ones.
    """
    p = stationary(rates_per_ms)
    inside = np.isin(np.arange(p.size), states)
    leaving_per_ms = rates_per_ms[np.ix_(inside, ~inside)].sum(axis=1)
    return float(p[inside].sum() / (p[inside] @ leaving_per_ms))


def dwell_time_constants_ms(rates_per_ms: Array, states: Sequence[int]) -> Array:
    """Time constants of the exponentials that lengths of visits to a set of states follow, shortest first.

    They are −1/eigenvalues of the part of Q within the set. Parameters as in `mean_dwell_ms`.

    Source: D. Colquhoun & A. G. Hawkes 1982, Phil Trans R Soc Lond B 300:1.
    """
    inside = np.isin(np.arange(len(rates_per_ms)), states)
    within = _generator(rates_per_ms)[np.ix_(inside, inside)]
    return np.sort(-1.0 / np.linalg.eigvals(within).real)


def dwell_survival(time_ms: ArrayLike, rates_per_ms: Array, states: Sequence[int]) -> Array:
    """Probability that a visit to a set of states lasts longer than each time.

    Visits begin as they do in equilibrium. Parameters as in `mean_dwell_ms`, source as in
    `dwell_time_constants_ms`.
    """
    p = stationary(rates_per_ms)
    inside = np.isin(np.arange(p.size), states)
    entering = p[~inside] @ rates_per_ms[np.ix_(~inside, inside)]
    n = entering.size
    visit = np.zeros((n + 1, n + 1))  # the last state is the end of the visit
    visit[:n, :n] = rates_per_ms[np.ix_(inside, inside)]
    visit[:n, n] = rates_per_ms[np.ix_(inside, ~inside)].sum(axis=1)
    lasting = _propagators(visit, time_ms)[:, :n, :n].sum(axis=2)
    return np.asarray(lasting @ (entering / entering.sum()))


def apparent_open_time_ms(opening_per_ms: float, closing_per_ms: float, dead_ms: float) -> float:
    """Mean open time of a two-state channel as seen when shuttings shorter than a dead time are missed.

    e^(a t)/b + (e^(a t) − 1) E[s | s < t] with opening rate a, closing rate b, dead time t;
    all openings are taken to be seen.

    Source: D. Colquhoun & F. J. Sigworth 1983, in Single-Channel Recording, Plenum, p. 191.
    """
    grown = np.expm1(opening_per_ms * dead_ms)
    return float((1.0 + grown) / closing_per_ms + grown / opening_per_ms - dead_ms)
