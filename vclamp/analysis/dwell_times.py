"""Single channels: idealisation at half amplitude, and how long they stay open and shut."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import exp, isfinite, log, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.analysis.amplitudes import levels_of
from vclamp.analysis.fit_dwells import PER_DECADE, dwell_histogram, fit_dwells
from vclamp.analysis.fits import Fit
from vclamp.analysis.records import Records, channel_seen, records_of, sentence, true_rates
from vclamp.analysis.results import Curve, Estimate, Fitted, Question, Result, nothing
from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.physics.filters import bessel_step
from vclamp.physics.noise import apparent_open_time_ms, dwell_survival, mean_dwell_ms

Array = NDArray[np.float64]

FALSE_SHARE = 0.01  # of the openings, above which those that are only noise are worth a word


# ---- idealisation


@dataclass(frozen=True, eq=False)
class Dwells:
    """An idealised record: how many channels are open, one entry a dwell, in the order of time.

    `begins` and `ends` tell which dwells do so in their sweep. A dwell shorter than `resolution_ms` belongs
    to the one before it.
    """

    n_open: NDArray[np.intp]
    duration_ms: Array
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]
    resolution_ms: float

    def at(self, n_open: int) -> Array:
        """Lengths of the whole dwells with so many channels open."""
        return np.asarray(self.duration_ms[self.begins & self.ends & (self.n_open == n_open)])

    def cut(self, n_open: int) -> Array:
        """Lengths of those that the end of a sweep cut off."""
        return np.asarray(self.duration_ms[self.begins & ~self.ends & (self.n_open == n_open)])


def idealised(
    i_pA: ArrayLike, fs_kHz: float, *, closed_pA: float, unitary_pA: float, n_channels: int, resolution_ms: float
) -> Dwells:
    """Half-amplitude threshold crossings, interpolated between samples.

    Parameters
    ----------
    i_pA : array_like, shape (n_sweeps, n_samples)
    closed_pA, unitary_pA : float
        Current with all channels shut, and of one channel.
    n_channels : int
        The largest number of channels that are open at once.
    resolution_ms : float
        Shorter dwells are taken to be part of the one before: no less than the filter's dead time.

    Source: D. Colquhoun & F. J. Sigworth 1995, in Single-Channel Recording, 2nd ed., ch. 19.
    """
    rows = (np.atleast_2d(np.asarray(i_pA, float)) - closed_pA) / unitary_pA
    parts = [_row_idealised(row, fs_kHz, n_channels, resolution_ms) for row in rows]
    level, duration = (np.concatenate(part) for part in zip(*parts, strict=True))
    last = np.cumsum([row_level.size for row_level, _ in parts])
    begins, ends = np.ones(level.size, bool), np.ones(level.size, bool)
    begins[np.concatenate([[0], last[:-1]])] = ends[last - 1] = False
    return Dwells(level, duration, begins, ends, resolution_ms)


def _row_idealised(y: Array, fs_kHz: float, n_channels: int, resolution_ms: float) -> tuple[NDArray[np.intp], Array]:
    """Levels and lengths of one sweep in units of one channel."""
    level = np.clip(np.rint(y), 0, n_channels).astype(np.intp)
    at = np.flatnonzero(np.diff(level))
    threshold = 0.5 * (level[at] + level[at + 1])
    crossing = (at + np.clip((threshold - y[at]) / (y[at + 1] - y[at]), 0.0, 1.0)) / fs_kHz
    begin = np.concatenate([[0.0], crossing])
    end_ms = (y.size - 1) / fs_kHz
    level = level[np.concatenate([[0], at + 1])]
    seen = np.diff(begin, append=end_ms) >= resolution_ms * (1.0 - 1e-9)
    seen[0] = True  # whatever it is a part of
    begin, level = begin[seen], level[seen]
    new = np.concatenate([[True], level[1:] != level[:-1]])
    begin, level = begin[new], level[new]
    return level, np.diff(begin, append=end_ms)


@cache
def dead_time_fc() -> float:
    """Dead time times corner frequency: the longest pulse that the 4-pole Bessel filter keeps below half its height."""
    from scipy.optimize import brentq

    t = np.linspace(0.0, 2.0, 4001)
    return float(brentq(lambda width: float(np.max(bessel_step(t) - bessel_step(t - width))) - 0.5, 0.05, 0.5))


def corrected_for_missed(open_ms: float, shut_ms: float, resolution_ms: float) -> tuple[float, float]:
    """Mean open and shut times of a two-state channel whose dwells below the resolution are missed; NaN if none fit.

    Both apparent means are `apparent_open_time_ms` of the true rates, with the roles exchanged for shut times.

    Source: D. Colquhoun & F. J. Sigworth 1995, in Single-Channel Recording, 2nd ed., ch. 19.
    """
    from scipy.optimize import root

    def misfit(logs: Array) -> Array:
        opening, closing = np.exp(np.clip(logs, -30.0, 5.0 - log(resolution_ms)))
        seen = (
            apparent_open_time_ms(opening, closing, resolution_ms),
            apparent_open_time_ms(closing, opening, resolution_ms),
        )
        return np.log(np.array(seen) / (open_ms, shut_ms))

    found = root(misfit, [-log(shut_ms), -log(open_ms)])
    if not found.success or np.abs(misfit(found.x)).max() > 1e-6:
        return nan, nan
    return exp(-found.x[1]), exp(-found.x[0])


# ---- the answer


def dwell_times_answer(recordings: Sequence[Recording], question: Question) -> Result:
    """How long channels stay open and shut, from a record of one or few of them.

    Of one channel: mean_open_ms and mean_shut_ms as seen, the same corrected for dwells that are missed (as of a
    two-state channel), and the exponentials of both histograms. Of several, the mean times of one channel from
    the whole time spent at each level and the number of transitions; their histograms are of levels 0 and 1.
    """
    name, recording = "dwell-times", recordings[-1]
    try:
        records = records_of(recording, question)
        _, levels = levels_of(records, question.polarity)
    except VClampError as error:
        return nothing(name, sentence(error))
    if not levels.has_numbers:
        return nothing(name, f"There are no openings and closings to measure: {levels.warning}.")
    resolution_ms = max(dead_time_fc() / records.filter_kHz, 1.0 / records.fs_kHz)
    n_channels = sum(name.startswith("share") for name in levels.names)
    dwells = idealised(
        records.i_pA, records.fs_kHz, closed_pA=levels["closed_pA"], unitary_pA=levels["i_pA"],
        n_channels=n_channels, resolution_ms=resolution_ms,
    )  # fmt: skip
    means = _true_means(recording, records, question.trace)
    notes = list(_notes(levels, records, dwells))
    curves, estimates = [], [Estimate("resolution_ms", resolution_ms)]
    fits = []
    for what, n_open in (("open", 1), ("shut", 0)):
        lengths = dwells.at(n_open)
        fit = fit_dwells(lengths, resolution_ms, cut_ms=dwells.cut(n_open))
        fits.append(fit)
        notes += [f"Lengths of {what} dwells: {fit.warning}."] if fit.warning else []
        if lengths.size:
            curve = Curve(
                f"{what}-times", "duration_ms", "sqrt_count", *dwell_histogram(lengths, resolution_ms), log_x=True
            )
            truth = _true_heights(recording, records, question.trace, what, curve.x, resolution_ms, lengths.size)
            curves.append(Fitted(curve, fit if fit.has_numbers else None, truth))
    if n_channels == 1:
        estimates += _of_one(fits, resolution_ms, means)
    else:
        estimates += _of_several(dwells, n_channels, means)
        notes.append(f"{n_channels} channels are open at once: a dwell ends when any of them moves.")
    return Result(name, tuple(curves), tuple(estimates), tuple(notes))


def _of_one(fits: Sequence[Fit], resolution_ms: float, truth: dict[str, float]) -> list[Estimate]:
    found = []
    for what, fit in zip(("open", "shut"), fits, strict=True):
        if not fit.has_numbers:
            continue
        mean = Estimate(f"mean_{what}_ms", fit["mean_ms"], fit.standard_error("mean_ms"), *fit.interval("mean_ms"))
        found.append(replace(mean, truth=truth[what]))
        for name in fit.names[:-1]:
            stem = name.replace("tau", f"tau_{what}").replace("area", f"area_{what}")
            found.append(Estimate(stem, fit[name], fit.standard_error(name), *fit.interval(name)))
    if all(fit.has_numbers for fit in fits):
        corrected = corrected_for_missed(fits[0]["mean_ms"], fits[1]["mean_ms"], resolution_ms)
        for what, fit, value in zip(("open", "shut"), fits, corrected, strict=True):
            ratio = value / fit["mean_ms"]
            low, high = (ratio * end for end in fit.interval("mean_ms"))
            se = ratio * fit.standard_error("mean_ms")
            found.append(Estimate(f"mean_{what}_corrected_ms", value, se, low, high, truth[what]))
    return found


def _of_several(dwells: Dwells, n_channels: int, truth: dict[str, float]) -> list[Estimate]:
    """Mean times of one channel: time that channels were open over the number of closings, and the other way round."""
    change = np.diff(dwells.n_open)[dwells.ends[:-1]]
    open_ms = float(dwells.n_open @ dwells.duration_ms)
    shut_ms = n_channels * float(dwells.duration_ms.sum()) - open_ms
    found = []
    for what, time_ms, moves in (
        ("open", open_ms, -change[change < 0].sum()),
        ("shut", shut_ms, change[change > 0].sum()),
    ):
        if moves > 0:
            mean, reach = time_ms / moves, 1.96 / sqrt(moves)
            interval = mean * exp(-reach), mean * exp(reach)
            found.append(Estimate(f"mean_{what}_ms", mean, mean / sqrt(moves), *interval, truth[what]))
    return found


def _notes(levels: Fit, records: Records, dwells: Dwells) -> list[str]:
    noise = levels["sd_shut_pA"]
    if not isfinite(records.filter_kHz) or not noise > 0.0:
        return []
    height = 0.5 * abs(levels["i_pA"]) / noise
    shut_ms = float(dwells.duration_ms[dwells.n_open == 0].sum())
    openings = max(int(np.sum(dwells.n_open > 0)), 1)
    false = 0.849 * records.filter_kHz * exp(-0.5 * height**2) * shut_ms  # Colquhoun & Sigworth 1995
    if false > FALSE_SHARE * openings:
        return [
            f"Noise alone crosses the threshold about {false:.0f} times in {openings} openings: use a lower filter."
        ]
    return []


def _true_means(recording: Recording, records: Records, trace: str) -> dict[str, float]:
    """Mean open and shut times of the channel in the steady state."""
    rates, is_open = true_rates(recording, channel_seen(recording, trace), records.mean_of("v_mV"))
    found = {}
    for what, inside in (("open", is_open), ("shut", ~is_open)):
        leaving = rates[np.ix_(inside, ~inside)] if rates.size else rates
        found[what] = mean_dwell_ms(rates, [int(state) for state in np.flatnonzero(inside)]) if leaving.any() else nan
    return found


def _true_heights(
    recording: Recording, records: Records, trace: str, what: str, x: Array, resolution_ms: float, n_seen: int
) -> Array | None:
    """What the histogram of one channel would be if no dwell were missed, but for those below the resolution."""
    channel = channel_seen(recording, trace)
    rates, is_open = true_rates(recording, channel, records.mean_of("v_mV"))
    inside = is_open if what == "open" else ~is_open
    if channel is None or channel.n_channels != 1 or not rates[np.ix_(inside, ~inside)].any():
        return None
    half = 10.0 ** (0.5 / PER_DECADE)
    states = [int(state) for state in np.flatnonzero(inside)]
    lasting = dwell_survival(np.concatenate([x / half, x * half, [resolution_ms]]), rates, states)
    inside_bin = lasting[: x.size] - lasting[x.size : -1]
    return np.asarray(np.sqrt(n_seen * np.maximum(inside_bin, 0.0) / max(lasting[-1], 1e-300)))
