"""Maximum-likelihood fits of dwell times: how long a channel stays open, or shut."""

from collections.abc import Sequence
from math import log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.analysis.fits import Fit, failed
from vclamp.analysis.records import fit_of

Array = NDArray[np.float64]

PER_DECADE = 10  # bins of a dwell-time histogram
FINE_PER_DECADE = 200  # bins that a likelihood is summed over
FEWEST_DWELLS = 20  # a component
RICHER_P = 0.01  # of the likelihood-ratio test that another component must pass
SMALLEST_AREA = 0.01
NEAREST = 1.5  # ratio of time constants, below which they are one
ITERATIONS, DONE = 2000, 1e-8
NONE: Array = np.zeros(0)


def fit_dwells(duration_ms: ArrayLike, resolution_ms: float, n: int | None = None, *, cut_ms: ArrayLike = NONE) -> Fit:
    """Fit 1 to 3 exponentials to lengths of dwells by maximum likelihood: tau_1_ms, …, area_2, …; then mean_ms.

    Areas are those that a record without a resolution would show, and add to 1; the mean is Σ area τ. As
    the lengths beyond the resolution follow the same exponentials, nothing needs to be known of shorter ones.

    Parameters
    ----------
    duration_ms : array_like
        Those shorter than the resolution are left out.
    n : int, optional
        Number of components; by default as many as likelihood-ratio tests at the 1 % level call for.
    cut_ms : array_like
        Lengths of dwells that began in the record and that its end cut off: they lasted longer than that.

    The curve is what a histogram of 10 logarithmic bins a decade has on a square-root ordinate.

    Source: F. J. Sigworth & S. M. Sine 1987, Biophys J 52:1047.
    """
    if n is None:
        return _best_fit(duration_ms, resolution_ms, cut_ms)
    names = (*(f"tau_{k}_ms" for k in range(1, n + 1)), *(f"area_{k}" for k in range(2, n + 1)))
    t, cut = _beyond(duration_ms, resolution_ms), _beyond(cut_ms, resolution_ms)
    if t.size < FEWEST_DWELLS * n:
        return failed((*names, "mean_ms"), f"{t.size} dwells are too few: it needs {FEWEST_DWELLS * n}")
    if not np.ptp(t) > 0.0:
        return failed((*names, "mean_ms"), "all dwells are equally long")
    beyond, counts = _finely_binned(t)
    tau, seen_area = _most_likely(beyond, counts, cut, n)
    if n > 1 and (seen_area.min() < SMALLEST_AREA or np.min(tau[1:] / tau[:-1]) < NEAREST):
        return failed((*names, "mean_ms"), "one of the exponentials is hardly there")
    values = _values(np.concatenate([np.log(tau), np.log(seen_area[1:] / seen_area[0])]), resolution_ms)
    covariance = _covariance(beyond, counts, tau, seen_area, resolution_ms)

    def curve(x: Array, *values: ArrayLike) -> Array:
        return _expected_heights(np.asarray(x, float), t.size, resolution_ms, n, *values)

    positive = [name.startswith("tau") for name in names]
    covariance = covariance / np.outer(*[np.where(positive, values, 1.0)] * 2)
    fit = fit_of(
        names, values, covariance, degrees_of_freedom=t.size - values.size, log=positive,
        points=dwell_histogram(t + resolution_ms, resolution_ms), curve=curve,
    )  # fmt: skip
    return fit.with_derived("mean_ms", lambda *values: _mean_ms(n, values), log=True)


def _best_fit(duration_ms: ArrayLike, resolution_ms: float, cut_ms: ArrayLike) -> Fit:
    from scipy.special import chdtrc

    best = fit_dwells(duration_ms, resolution_ms, 1, cut_ms=cut_ms)
    t, cut = _beyond(duration_ms, resolution_ms), _beyond(cut_ms, resolution_ms)
    for more in (2, 3):
        richer = fit_dwells(duration_ms, resolution_ms, more, cut_ms=cut_ms)
        if not richer.trusted or not best.trusted:
            break
        gain = _log_likelihood(richer, t, cut, resolution_ms) - _log_likelihood(best, t, cut, resolution_ms)
        if chdtrc(2, max(2.0 * gain, 0.0)) > RICHER_P:
            break
        best = richer
    return best


def _beyond(duration_ms: ArrayLike, resolution_ms: float) -> Array:
    t = np.asarray(duration_ms, float)
    return t[t >= resolution_ms] - resolution_ms


def dwell_histogram(duration_ms: Array, resolution_ms: float) -> tuple[Array, Array]:
    """Centres (ms) of logarithmic bins from the resolution on, and square roots of the counts."""
    decades = log10(max(float(duration_ms.max()) / resolution_ms, 1.0))
    edges = resolution_ms * 10.0 ** (np.arange(int(decades * PER_DECADE) + 2) / PER_DECADE)
    counts, _ = np.histogram(duration_ms, edges)
    return np.sqrt(edges[1:] * edges[:-1]), np.sqrt(counts)


def _expected_heights(x: Array, n_seen: int, resolution_ms: float, n: int, *values: ArrayLike) -> Array:
    tau = [np.asarray(value) for value in values[:n]]
    rest = [np.asarray(value) for value in values[n : 2 * n - 1]]
    area = [1.0 - sum(rest), *rest]
    half = 10.0 ** (0.5 / PER_DECADE)
    inside = sum(a * (np.exp(-x / half / s) - np.exp(-x * half / s)) for a, s in zip(area, tau, strict=True))
    visible = sum(a * np.exp(-resolution_ms / s) for a, s in zip(area, tau, strict=True))
    return np.asarray(np.sqrt(np.maximum(n_seen * inside / visible, 0.0)))


def _finely_binned(beyond_ms: Array) -> tuple[Array, Array]:
    """Mean lengths in logarithmic bins so fine that sums over them are as good as over all, and their counts."""
    floor = max(float(beyond_ms.mean()) * 1e-4, 1e-12)
    which = (np.log10(np.maximum(beyond_ms, floor) / floor) * FINE_PER_DECADE).astype(np.intp)
    counts = np.bincount(which)
    filled = counts > 0
    return np.bincount(which, beyond_ms)[filled] / counts[filled], counts[filled].astype(float)


def _most_likely(t: Array, counts: Array, cut: Array, n: int) -> tuple[Array, Array]:
    """Time constants, shortest first, and areas, by expectation and maximisation."""
    total = counts.sum() + cut.size
    mean = float(counts @ t + cut.sum()) / float(counts.sum())
    tau = mean * np.array({1: [1.0], 2: [0.2, 1.5], 3: [0.05, 0.5, 2.5]}[n])
    area = np.full(n, 1.0 / n)
    for _ in range(ITERATIONS):
        member = counts * _shares(t, tau, area)
        lasting = _shares(cut, tau, area * tau)  # whoever is cut off would last for another τ
        size = np.maximum(member.sum(axis=1) + lasting.sum(axis=1), 1e-300)
        time = member @ t + lasting @ cut + lasting.sum(axis=1) * tau
        before, tau, area = tau, np.maximum(time / size, 1e-12 * mean), size / total
        if np.abs(np.log(tau / before)).max() < DONE:
            break
    order = np.argsort(tau)
    return tau[order], area[order]


def _shares(t: Array, tau: Array, area: Array) -> Array:
    """Probability that a dwell belongs to each component, (n, n_dwells)."""
    density = (area / tau)[:, None] * np.exp(-t / tau[:, None]) + 1e-300
    return np.asarray(density / density.sum(axis=0))


def _values(theta: Array, resolution_ms: float) -> Array:
    """Time constants and areas but the first, of log τ and of log (seen area/first seen area)."""
    n = (theta.size + 1) // 2
    tau = np.exp(theta[:n])
    unseen = np.concatenate([[0.0], theta[n:]]) + resolution_ms / tau
    area = np.exp(unseen - unseen.max())
    return np.concatenate([tau, area[1:] / area.sum()])


def _covariance(t: Array, counts: Array, tau: Array, area: Array, resolution_ms: float) -> Array:
    """Of the values, from the scores of the dwells."""
    member = _shares(t, tau, area)
    scores = np.concatenate([member * (t / tau[:, None] - 1.0), (member - area[:, None])[1:]])
    inverse = np.linalg.pinv((scores * counts) @ scores.T)
    theta = np.concatenate([np.log(tau), np.log(area[1:] / area[0])])
    nudges = 1e-6 * np.eye(theta.size)
    slopes = np.array([
        (_values(theta + nudge, resolution_ms) - _values(theta - nudge, resolution_ms)) / 2e-6 for nudge in nudges
    ]).T  # fmt: skip
    return np.asarray(slopes @ inverse @ slopes.T)


def _mean_ms(n: int, values: Sequence[float]) -> float:
    tau, area = np.asarray(values[:n]), np.asarray(values[n : 2 * n - 1])
    return float(tau[0] * (1.0 - area.sum()) + tau[1:] @ area)


def _log_likelihood(fit: Fit, beyond: Array, cut: Array, resolution_ms: float) -> float:
    """Of lengths beyond the resolution, and of those that are cut off."""
    n = sum(name.startswith("tau") for name in fit.names)
    tau, rest = fit.values[:n], fit.values[n : 2 * n - 1]
    seen = np.concatenate([[1.0 - rest.sum()], rest]) * np.exp(-resolution_ms / tau)
    seen = (seen / seen.sum())[:, None]
    density = np.sum(seen / tau[:, None] * np.exp(-beyond / tau[:, None]), axis=0)
    lasting = np.sum(seen * np.exp(-cut / tau[:, None]), axis=0)
    return float(np.sum(np.log(np.maximum(density, 1e-300))) + np.sum(np.log(np.maximum(lasting, 1e-300))))
