"""All-points histograms: the levels of current at which a patch of few channels stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, nan, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.analysis.fits import Fit, failed
from vclamp.analysis.records import (
    Records,
    channel_seen,
    fit_of,
    jackknife,
    records_of,
    sentence,
    true_closed_pA,
    true_unitary_pA,
)
from vclamp.analysis.results import Curve, Fitted, Polarity, Question, Result, estimates_of, nothing
from vclamp.errors import VClampError
from vclamp.model.record import Recording

Array = NDArray[np.float64]

NAMES = ("closed_pA", "i_pA", "sd_shut_pA", "sd_open_pA")  # and the share of every open level
FEWEST_BINS, MOST_BINS = 100, 1000
BINS_PER_SD = 4.0
BLOCKS = 20  # of the record, left out one after the other for the errors
MOVED = 5.0  # times the noise, by which the current differs from before, or from later, where it moves
SMALLEST_PEAK = 0.03  # of the largest, in the square root of the counts
MOST_LEVELS = 12
ROUNDING = 1e-9  # of a current
COARSE = 10.0  # steps of the converter, that a channel's current should at least be
ITERATIONS, ITERATIONS_LEFT_OUT, DONE = 300, 6, 1e-9


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of samples, one row a block of the record.

    `steady` are the counts of samples around which nothing moved, `means_pA` the mean currents in the bins.
    """

    edges_pA: Array
    counts: Array
    steady: Array
    means_pA: Array
    noise_pA: float

    @property
    def width_pA(self) -> float:
        """Width of a bin."""
        return float(self.edges_pA[1] - self.edges_pA[0])


def all_points(i_pA: ArrayLike, *, apart: int = 1, lsb_pA: float = 0.0) -> Histogram:
    """Histogram of all samples, in bins that are narrow beside the noise but not beside the converter's steps.

    Parameters
    ----------
    i_pA : array_like, shape (n_sweeps, n_samples) or (n_samples,)
        Finite, and not all equal.
    apart : int
        Samples after which noise has forgotten itself, for an estimate of its size.
    lsb_pA : float
        Step of the converter, whose codes are multiples of it.
    """
    y = np.atleast_2d(np.asarray(i_pA, float))
    low, high = float(y.min()), float(y.max())
    apart = min(apart, max(1, (y.shape[1] - 1) // 2))
    noise = float(np.median(np.abs(y[:, apart:] - y[:, :-apart]))) / (0.6745 * sqrt(2.0))
    noise = max(noise, lsb_pA / sqrt(12.0))
    wanted = BINS_PER_SD * (high - low) / noise if noise > 0.0 else MOST_BINS
    width = (high - low) / float(np.clip(wanted, FEWEST_BINS, MOST_BINS))
    if lsb_pA > 0.0:
        width = lsb_pA * max(1, round(width / lsb_pA))
        low -= 0.5 * lsb_pA
    n = ceil((high - low) / width * (1.0 + 1e-12))
    edges = low + width * np.arange(n + 1)
    which = np.minimum(((y.ravel() - low) / width).astype(np.intp), n - 1)
    sums, all_counts = np.bincount(which, y.ravel(), n), np.bincount(which, minlength=n)
    centres = 0.5 * (edges[1:] + edges[:-1])
    means = np.where(all_counts > 0, sums / np.maximum(all_counts, 1), centres)
    counts = np.array([np.bincount(block, minlength=n) for block in np.array_split(which, BLOCKS)], float)
    alike = np.abs(y[:, apart:] - y[:, :-apart]) <= MOVED * noise + 1e-9 * (high - low)
    still = np.zeros(y.shape, bool)
    still[:, apart:-apart] = alike[:, apart:] & alike[:, :-apart]
    steady = np.bincount(which[still.ravel()], minlength=n).astype(float)
    return Histogram(np.asarray(edges, float), counts, steady, means, noise)


def level_peaks(histogram: Histogram) -> Array:
    """Currents at which the record stays, from low to high."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    smooth = gaussian_filter1d(histogram.steady, max(1.0, histogram.noise_pA / histogram.width_pA / 2.0))
    heights = np.concatenate([[0.0], np.sqrt(smooth), [0.0]])
    peaks, _ = find_peaks(heights, prominence=SMALLEST_PEAK * heights.max())
    return np.asarray(histogram.means_pA[peaks - 1])


def fit_levels(histogram: Histogram, polarity: Polarity = "either") -> Fit:
    """Fit equally spaced levels with Gaussian noise: closed_pA, i_pA, sd_shut_pA, sd_open_pA, share_1…; then n_open.

    `share_k` is the part of the time in which k channels are open, `between` that on the way from level to level,
    which the filter makes visible; n_open = N·P is the mean number of them, from the mean current. Maximum
    likelihood by expectation and maximisation; the errors come from leaving out blocks of the record.

    Parameters
    ----------
    polarity : str
        Which way an opening goes; "either": away from the level that is nearest to no current.

    Source: A. P. Dempster, N. M. Laird & D. B. Rubin 1977, J R Stat Soc B 39:1.
    """
    peaks = level_peaks(histogram)
    if peaks.size < 2:
        return failed((*NAMES, "share_1", "between", "n_open"), "the current stays at one level")
    shut = {"either": peaks[np.argmin(np.abs(peaks))], "inward": peaks[-1], "outward": peaks[0]}[polarity]
    away = peaks - shut
    unitary = float(np.diff(peaks).min()) * (1.0 if abs(away.max()) > abs(away.min()) else -1.0)
    n_levels = round(float(np.max(away / unitary)))
    if n_levels > MOST_LEVELS:
        return failed((*NAMES, "share_1", "between", "n_open"), f"there are more than {MOST_LEVELS} levels")
    sd = np.full((1, 2), max(histogram.noise_pA, histogram.width_pA / 2.0))
    start = _Mixture(
        np.array([[shut, unitary]]),
        sd,
        np.full((1, n_levels + 2), 1.0 / (n_levels + 2)),
        histogram.width_pA / sqrt(12.0),
    )
    total = histogram.counts.sum(axis=0)
    best = start.fitted(histogram.means_pA, total[None], ITERATIONS)
    n_blocks = len(histogram.counts)
    left_out = best.repeated(n_blocks).fitted(
        histogram.means_pA, total - histogram.counts, ITERATIONS_LEFT_OUT
    )  # fmt: skip
    names = (*NAMES, *(f"share_{k}" for k in range(1, n_levels + 1)), "between")
    scale = float(total.sum()) * histogram.width_pA

    def curve(x: Array, *values: ArrayLike) -> Array:
        shut, unitary, sd_shut, sd_open, *shares = (np.asarray(value) for value in values)
        *shares, between = shares
        seen = (1.0 - sum(shares) - between) * _normal(x, shut, sd_shut)
        seen = seen + between * _between(x, shut, shut + len(shares) * unitary)
        for k, share in enumerate(shares, 1):
            seen = seen + share * _normal(x, shut + k * unitary, sd_open)
        return np.asarray(scale * seen)

    values, spread = best.values()[0], left_out.values()
    centres = 0.5 * (histogram.edges_pA[1:] + histogram.edges_pA[:-1])
    fit = fit_of(
        names, values, jackknife(spread), degrees_of_freedom=n_blocks - 1, log=[False] * len(names),
        points=(centres, total), curve=curve,
    )  # fmt: skip
    mean = float(total @ histogram.means_pA / total.sum())
    return fit.with_derived("n_open", lambda shut, unitary, *_: (mean - shut) / unitary)


@dataclass(frozen=True, eq=False)
class _Mixture:
    """Gaussians at shut + k·unitary, and what lies anywhere between them; one row for each of several data sets.

    `line` and `sd` have shape (m, 2), `shares` (m, levels + 1), the last that of what lies between.
    """

    line: Array
    sd: Array
    shares: Array
    least_sd: float

    def values(self) -> Array:
        return np.concatenate([self.line, self.sd, self.shares[:, 1:]], axis=1)

    def repeated(self, n: int) -> "_Mixture":
        line, sd, shares = (np.repeat(each, n, axis=0) for each in (self.line, self.sd, self.shares))
        return _Mixture(line, sd, shares, self.least_sd)

    def fitted(self, x: Array, counts: Array, iterations: int) -> "_Mixture":
        """The mixture of greatest likelihood near this one; counts (m, bins)."""
        now = self
        for _ in range(iterations):
            before, now = now, now._better(x, counts)
            if np.abs(now.values() - before.values()).max() <= DONE * np.abs(before.line).max():
                break
        return now

    def _better(self, x: Array, counts: Array) -> "_Mixture":
        k = np.arange(self.shares.shape[1] - 1)
        sd = np.where(k[None] == 0, self.sd[:, :1], self.sd[:, 1:])
        centre = self.line[:, :1] + k * self.line[:, 1:]
        between = _between(x, self.line[:, :1], centre[:, -1:])
        density = np.concatenate([_normal(x, centre[..., None], sd[..., None]), between[:, None]], axis=1)
        chance = self.shares[..., None] * density
        member = counts[:, None] * chance / (chance.sum(axis=1, keepdims=True) + 1e-300)
        n_all = member.sum(axis=2)
        shares = n_all / n_all.sum(axis=1, keepdims=True)
        member, n = member[:, :-1], np.maximum(n_all[:, :-1], 1e-300)
        mean, weight = member @ x / n, n / sd**2
        k_mean = np.sum(weight * k, axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        slope = np.sum(weight * (k - k_mean) * mean, axis=1) / np.sum(weight * (k - k_mean) * k, axis=1)
        shut = np.sum(weight * mean, axis=1) / weight.sum(axis=1) - slope * k_mean[:, 0]
        square = np.sum(member * (x - (shut[:, None] + k * slope[:, None])[..., None]) ** 2, axis=2)
        variances = np.stack([square[:, 0] / n[:, 0], square[:, 1:].sum(axis=1) / n[:, 1:].sum(axis=1)], axis=1)
        return _Mixture(
            np.stack([shut, slope], axis=1), np.maximum(np.sqrt(variances), self.least_sd), shares, self.least_sd
        )


def _between(x: Array, one_end: Array, other_end: Array) -> Array:
    """Density of a current that is as likely anywhere between two."""
    inside = (x - one_end) * (x - other_end) < 0.0
    return np.asarray(inside / np.abs(other_end - one_end))


def _normal(x: Array, mean: Array, sd: Array) -> Array:
    return np.asarray(np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * sqrt(2.0 * pi)))


def levels_of(records: Records, polarity: Polarity) -> tuple[Histogram, Fit]:
    """The histogram of records, and its levels.

    Raises
    ------
    VClampError
        If all samples are equal but for rounding.
    """
    if not np.ptp(records.i_pA) > ROUNDING * np.abs(records.i_pA).max():
        raise VClampError("the current is constant")
    apart = ceil(records.fs_kHz / records.filter_kHz) if isfinite(records.filter_kHz) else 1
    histogram = all_points(records.i_pA, apart=apart, lsb_pA=records.lsb_pA)
    return histogram, fit_levels(histogram, polarity)


def all_points_answer(recordings: Sequence[Recording], question: Question) -> Result:
    """Current of one channel, and how many are open on average, from the histogram of all samples.

    Estimates: closed_pA, i_pA, sd_shut_pA, sd_open_pA, the share of every level, and n_open = N·P. The true n_open
    is that of these very sweeps.
    """
    name, recording = "all-points", recordings[-1]
    try:
        records = records_of(recording, question)
        histogram, fit = levels_of(records, question.polarity)
    except VClampError as error:
        return nothing(name, sentence(error))
    centres = 0.5 * (histogram.edges_pA[1:] + histogram.edges_pA[:-1])
    curve = Curve("all-points", "i_pA", "count", centres, histogram.counts.sum(axis=0))
    notes = [f"All-points histogram: {fit.warning}."] if fit.warning else []
    if fit.has_numbers and abs(fit["i_pA"]) < 3.0 * fit["sd_shut_pA"]:
        notes.append("The levels lie less than three standard deviations of the noise apart: use a lower filter.")
    if fit.has_numbers and abs(fit["i_pA"]) < COARSE * records.lsb_pA:
        notes.append(f"The converter's steps of {records.lsb_pA:.3g} pA are coarse for such currents: raise the gain.")
    estimates = estimates_of(fit, true_levels(recording, records, question.trace)) if fit.has_numbers else ()
    return Result(name, (Fitted(curve, fit if fit.has_numbers else None),), estimates, tuple(notes))


def true_levels(recording: Recording, records: Records, trace: str) -> dict[str, float]:
    """The true current of one channel, of none, and the mean number open in these sweeps."""
    channel = channel_seen(recording, trace)
    if channel is None:
        return {}
    return {
        "i_pA": true_unitary_pA(recording, channel, records.mean_of("v_mV")),
        "closed_pA": true_closed_pA(records, trace, channel),
        "n_open": records.mean_of(f"p_open_{channel.name}") * (channel.n_channels or nan),
    }


def is_few(recording: Recording) -> bool:
    """Whether so few channels open and close in it that each can be seen."""
    cell = recording.header.rig.cell
    counted = [channel for channel in cell.channels if cell.counts(channel) and channel.on]
    return 0 < sum(channel.n_channels or 0 for channel in counted) <= MOST_LEVELS
