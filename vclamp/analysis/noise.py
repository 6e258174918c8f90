"""Noise of channels: variance against mean of repeated sweeps, and the power spectrum."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.analysis.fit_noise import fit_lorentzian
from vclamp.analysis.fits import Fit, failed
from vclamp.analysis.records import (
    Records,
    channel_seen,
    fit_of,
    jackknife,
    records_of,
    sentence,
    true_closed_pA,
    true_rates,
    true_unitary_pA,
)
from vclamp.analysis.results import Curve, Estimate, Fitted, Question, Result, estimates_of, nothing
from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.physics.filters import bessel_gain
from vclamp.physics.noise import autocovariance_pA2, spectrum_pA2_per_Hz

Array = NDArray[np.float64]

BINS = 20  # of the mean current
BLOCKS = 20  # of sweeps, left out one after the other for the errors
FEWEST_SWEEPS = 5
REWEIGHTED = 5  # times, until the weights are those of the curve
LEAST = 0.02  # of the largest variance, that a point is taken to have for its weight
TIED = 3  # frequencies that a Hann window makes alike
SEGMENTS = 32  # that a spectrum is averaged over at least, if the records are long enough
LONGEST_SEGMENT = 1 << 14
SHORTEST_SEGMENT = 64
USED_OF_SAMPLING = 0.2  # of its rate, up to which little is folded back from above
USED_OF_FILTER = 0.7  # of its corner, up to which a spectrum is corrected for the filter and used


# ---- variance against mean


@dataclass(frozen=True, eq=False)
class VarianceMean:
    """Mean and variance of repeated records, averaged over samples of like mean; and what each pair of sweeps says.

    `mean_pA` and `variance_pA2` have shape (n_bins,), `pair_*` (n_sweeps − 1, n_bins). The background's
    variance is already subtracted.
    """

    pair_mean_pA: Array
    pair_variance_pA2: Array
    background_pA2: float = 0.0

    @property
    def mean_pA(self) -> Array:
        """Mean current in every bin."""
        return np.asarray(self.pair_mean_pA.mean(axis=0))

    @property
    def variance_pA2(self) -> Array:
        """Variance in every bin, background subtracted."""
        return np.asarray(self.pair_variance_pA2.mean(axis=0))


def variance_mean(i_pA: ArrayLike, background_pA: ArrayLike | None = None, *, bins: int = BINS) -> VarianceMean:
    """Ensemble mean and variance of repeated sweeps, in bins of equal width in the mean.

    The variance at a sample is half the mean square of the differences of successive sweeps, so that a
    current that runs down does not add to it; that of the background is subtracted.

    Parameters
    ----------
    i_pA : array_like, shape (n_sweeps, n_samples)
    background_pA : array_like, shape (n_sweeps, n_background), optional
        Samples of the same sweeps where all channels are shut.

    Source: S. H. Heinemann & F. Conti 1992, Methods Enzymol 207:131.
    """
    y = np.asarray(i_pA, float)
    mean = y.mean(axis=0)
    edges = np.linspace(mean.min(), mean.max(), bins + 1)[1:-1]
    member = np.searchsorted(edges, mean)[:, None] == np.arange(bins)
    member = member[:, member.any(axis=0)] / 1.0
    member /= member.sum(axis=0)
    means = y @ member
    variances = 0.5 * np.diff(y, axis=0) ** 2 @ member
    background_pA2 = 0.0
    if background_pA is not None and np.size(background_pA):
        background_pA2 = float(0.5 * np.mean(np.diff(np.asarray(background_pA, float), axis=0) ** 2))
    return VarianceMean(0.5 * (means[1:] + means[:-1]), variances - background_pA2, background_pA2)


def parabola(mean_pA: ArrayLike, i_pA: float, n_channels: float, closed_pA: float) -> Array:
    """Variance i (I − I₀) − (I − I₀)²/N of N channels whose mean current is I, with I₀ when all are shut."""
    above = np.asarray(mean_pA, float) - closed_pA
    return np.asarray(i_pA * above - above**2 / n_channels)


def fit_parabola(points: VarianceMean, closed_pA: float | None = None) -> Fit:
    """Fit the parabola to variance against mean: i_pA, n_channels, closed_pA.

    Points weigh by the size that the curve gives their error, which grows with the variance. Standard errors
    come from leaving out blocks of sweeps, for the samples of one sweep are not independent.

    Parameters
    ----------
    closed_pA : float, optional
        Current with all channels shut, such as 0 for a channel's own current. If it is not given, it is where
        the parabola meets zero nearest to no current: a leak then spoils neither i nor N.

    Source: F. J. Sigworth 1980, J Physiol 307:97.
    """
    names = ("i_pA", "n_channels", "closed_pA")
    mean, variance = points.mean_pA, points.variance_pA2
    n_pairs = len(points.pair_mean_pA)
    if n_pairs + 1 < FEWEST_SWEEPS:
        return failed(names, f"{n_pairs + 1} sweeps are too few for a variance: it needs {FEWEST_SWEEPS}")
    if mean.size < 4 or not np.ptp(mean) > 1e-9 * np.abs(mean).max():
        return failed(names, "the mean current does not change, so the parabola's bend cannot be told")
    if not variance.max() > 1e-12 * np.max(mean**2):
        return failed(names, "the sweeps do not differ by more than the background")
    weights = np.ones(mean.size)
    for _ in range(REWEIGHTED):
        coefficients = _coefficients(mean, variance, weights, closed_pA)
        expected = np.maximum(_polynomial(mean, coefficients), LEAST * variance.max())
        weights = 1.0 / (expected + points.background_pA2)
    found = _from_coefficients(coefficients)
    if not np.isfinite(found).all():
        return failed(names, "the variance does not bend down at large currents, so the number cannot be told")
    blocks = np.array_split(np.arange(n_pairs), min(BLOCKS, n_pairs))
    kept = [np.setdiff1d(np.arange(n_pairs), block) for block in blocks]
    left_out = np.array([
        _from_coefficients(
            _coefficients(
                points.pair_mean_pA[some].mean(axis=0), points.pair_variance_pA2[some].mean(axis=0), weights, closed_pA
            )
        )
        for some in kept
    ])  # fmt: skip
    if not np.isfinite(left_out).all():
        return failed(names, "the variance hardly bends down at large currents, so the number cannot be told")
    left_out[:, 1] = np.log(left_out[:, 1])
    return fit_of(
        names, found, jackknife(left_out), degrees_of_freedom=len(blocks) - 1, log=(False, True, False),
        points=(mean, variance), curve=parabola,
    )  # fmt: skip


def _coefficients(mean: Array, variance: Array, weights: Array, closed_pA: float | None) -> Array:
    """a, b, c of variance = a + b I − c I²."""
    if closed_pA is None:
        columns = np.stack([np.ones(mean.size), mean, -(mean**2)], axis=1)
        return np.asarray(np.linalg.lstsq(columns * weights[:, None], variance * weights, rcond=None)[0])
    above = mean - closed_pA
    columns = np.stack([above, -(above**2)], axis=1)
    i, c = np.linalg.lstsq(columns * weights[:, None], variance * weights, rcond=None)[0]
    return np.array([-i * closed_pA - c * closed_pA**2, i + 2.0 * c * closed_pA, c])


def _polynomial(mean: Array, coefficients: Array) -> Array:
    a, b, c = coefficients
    return np.asarray(a + b * mean - c * mean**2)


def _from_coefficients(coefficients: Array) -> Array:
    """i, N and the current of all channels shut, of a parabola; NaN if it does not bend down to zero."""
    a, b, c = map(float, coefficients)
    discriminant = b**2 + 4.0 * a * c
    if not c > 0.0 or not discriminant > 0.0:
        return np.full(3, nan)
    roots = (b + np.array([-1.0, 1.0]) * np.sqrt(discriminant)) / (2.0 * c)
    closed = float(roots[np.argmin(np.abs(roots))])
    return np.array([b - 2.0 * c * closed, 1.0 / c, closed])


def variance_mean_answer(recordings: Sequence[Recording], question: Question) -> Result:
    """Current, number and largest open probability of channels, from repeated sweeps.

    Estimates: i_pA, n_channels, closed_pA (the leak at this voltage), p_open_max.
    """
    name, recording = "variance-mean", recordings[-1]
    try:
        records = records_of(recording, question)
    except VClampError as error:
        return nothing(name, sentence(error))
    if len(records.i_pA) < FEWEST_SWEEPS:
        return nothing(name, f"{len(records.i_pA)} sweeps of one command are too few: it needs {FEWEST_SWEEPS}.")
    points = variance_mean(records.i_pA, records.background_pA)
    alone = question.trace != "i_pA"
    fit = fit_parabola(points, 0.0 if alone else None)
    curve = Curve("variance-mean", "mean_pA", "variance_pA2", points.mean_pA, points.variance_pA2)
    truth = _true_parabola(recording, records, question.trace)
    estimates = (*estimates_of(fit, truth), _p_open_max(fit, points, truth))
    notes = [f"Variance against mean: {fit.warning}."] if fit.warning else []
    if records.clipped:
        notes.append(
            "The converter cut the current off, so neither i nor N is right: lower its gain or widen its range."
        )
    if not records.background_pA.size and not alone:
        notes.append("No stretch at another voltage comes before, to take the variance of the background from.")
    line = parabola(curve.x, truth["i_pA"], truth["n_channels"], truth["closed_pA"])
    return Result(name, (Fitted(curve, fit, line if np.isfinite(line).all() else None),), estimates, tuple(notes))


def _true_parabola(recording: Recording, records: Records, trace: str) -> dict[str, float]:
    """What the fit is to find, and the largest of the mean open probabilities; NaN where it is not known."""
    channel = channel_seen(recording, trace)
    if channel is None:
        return dict.fromkeys(("i_pA", "n_channels", "closed_pA", "p_open_max"), nan)
    window = slice(*records.at)
    p_open = np.mean([sweep[f"p_open_{channel.name}"][window] for sweep in records.sweeps], axis=0)
    return {
        "i_pA": true_unitary_pA(recording, channel, records.mean_of("v_mV")),
        "n_channels": float(channel.n_channels or nan),
        "closed_pA": true_closed_pA(records, trace, channel),
        "p_open_max": float(p_open.max()),
    }


def _p_open_max(fit: Fit, points: VarianceMean, truth: dict[str, float]) -> Estimate:
    i_pA, n_channels, closed_pA = map(float, fit.values)
    above = points.mean_pA - closed_pA
    return Estimate("p_open_max", float(np.max(above / (i_pA * n_channels))), truth=truth["p_open_max"])


# ---- power spectrum


def power_spectrum(i_pA: ArrayLike, fs_kHz: float, *, segment: int | None = None) -> tuple[Array, Array]:
    """One-sided power spectrum of repeated records; its integral is the variance.

    Welch's average over half-overlapping Hann windows, of the differences of successive records, which
    hold nothing that comes back in every sweep; of a single record, a straight line is taken off.

    Parameters
    ----------
    i_pA : array_like, shape (n_records, n_samples)
    segment : int, optional
        Samples of a window; by default as many as leave 32 windows to average.

    Returns
    -------
    f_Hz, s_pA2_per_Hz : ndarray
        Means of three neighbours, which a Hann window ties together, without the slowest, which are not told
        from drift.

    Source: P. D. Welch 1967, IEEE Trans Audio Electroacoust 15:70.
    """
    from scipy.signal import detrend, welch

    y = np.atleast_2d(np.asarray(i_pA, float))
    y = np.diff(y, axis=0) / np.sqrt(2.0) if len(y) > 1 else detrend(y)
    segment = segment or _segment(*y.shape)
    f_Hz, power = welch(y, 1000.0 * fs_kHz, nperseg=segment)
    rows = np.stack([f_Hz[2:], power.mean(axis=0)[2:]])
    n = rows.shape[1] // TIED * TIED
    f_Hz, mean = rows[:, :n].reshape(2, -1, TIED).mean(axis=2)
    return f_Hz, mean


def _segment(n_records: int, n_samples: int) -> int:
    """Samples of a window: a power of two."""
    wanted = 2.0 * n_records * n_samples / SEGMENTS
    return 1 << int(np.log2(np.clip(min(wanted, n_samples), SHORTEST_SEGMENT, LONGEST_SEGMENT)))


def spectrum_answer(recordings: Sequence[Recording], question: Question) -> Result:
    """Corner frequency, time constant and variance of the noise in a window.

    The spectrum of what comes before the step is subtracted, and the recorder's filter taken out.
    Estimates: s0_pA2_per_Hz, fc_Hz, floor_pA2_per_Hz, tau_ms, variance_pA2. The true corner of a
    channel with more than two states is where its spectrum has fallen to half.
    """
    name, recording = "spectrum", recordings[-1]
    try:
        records = records_of(recording, question)
    except VClampError as error:
        return nothing(name, sentence(error))
    if records.i_pA.shape[1] < 2 * SHORTEST_SEGMENT:
        return nothing(name, f"The window is too short for a spectrum: it needs {2 * SHORTEST_SEGMENT} samples.")
    f_Hz, s = power_spectrum(records.i_pA, records.fs_kHz)
    if not s.max() > 1e-24 * max(1.0, float(np.max(records.i_pA**2))):
        return nothing(name, "The current does not fluctuate.")
    notes = []
    if records.background_pA.shape[1] >= 2 * SHORTEST_SEGMENT:
        f_background, background = power_spectrum(records.background_pA, records.fs_kHz)
        s = s - np.interp(f_Hz, f_background, background)
    elif question.trace == "i_pA":
        notes.append("No stretch at another voltage comes before, to take the spectrum of the background from.")
    used = f_Hz <= 1000.0 * min(USED_OF_FILTER * records.filter_kHz, USED_OF_SAMPLING * records.fs_kHz)
    f_Hz, s = f_Hz[used], s[used] / bessel_gain(f_Hz[used] / (1000.0 * records.filter_kHz)) ** 2
    fit = fit_lorentzian(f_Hz, s)
    if fit.has_numbers and fit["fc_Hz"] < 2.0 * f_Hz[0]:
        fit = fit.doubted("the records are too short for so low a corner")
    if fit.warning:
        notes.append(f"Spectrum: {fit.warning}.")
    true_s, truth = _true_spectrum(recording, records, question.trace, f_Hz)
    curve = Curve("spectrum", "f_Hz", "s_pA2_per_Hz", f_Hz, s, log_x=True, log_y=True)
    return Result(name, (Fitted(curve, fit, true_s),), estimates_of(fit, truth), tuple(notes))


def _true_spectrum(
    recording: Recording, records: Records, trace: str, f_Hz: Array
) -> tuple[Array | None, dict[str, float]]:
    """The spectrum of the channels in the steady state, with the numbers that say most about it."""
    from scipy.optimize import brentq

    channel, v_mV = channel_seen(recording, trace), records.mean_of("v_mV")
    rates, is_open = true_rates(recording, channel, v_mV)
    if channel is None or not recording.header.rig.cell.counts(channel):
        return None, {}
    currents = true_unitary_pA(recording, channel, v_mV) * is_open
    number = float(channel.n_channels or nan)

    def spectrum(f: ArrayLike) -> Array:
        return spectrum_pA2_per_Hz(f, rates, currents, number)

    s0 = float(spectrum(0.0)[0])
    variance = float(autocovariance_pA2(0.0, rates, currents, number)[0])
    truth = {"s0_pA2_per_Hz": s0, "variance_pA2": variance}
    if s0 > 0.0:
        fc_Hz = float(np.exp(brentq(lambda x: float(spectrum(np.exp(x))[0]) / s0 - 0.5, -20.0, 20.0)))
        truth |= {"fc_Hz": fc_Hz, "tau_ms": 500.0 / (pi * fc_Hz)}
    return spectrum(f_Hz), truth


# ---- for whom


def is_repeated(recording: Recording) -> bool:
    """Whether one command was repeated on channels that open at random."""
    steps = recording.header.protocol.varied_segment()
    return is_noisy(recording) and steps is None and len(recording.sweeps) >= FEWEST_SWEEPS


def is_noisy(recording: Recording) -> bool:
    """Whether channels open and close one by one in it."""
    cell = recording.header.rig.cell
    return any(cell.counts(channel) and channel.on for channel in cell.channels)
