"""Repeated records of one current at one voltage, as analyses of noise and of single channels need them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf, nan

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.fits import Fit
from vclamp.analysis.results import Question
from vclamp.analysis.windows import UNKNOWN_ms, transient
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.protocol import Protocol, Stretch
from vclamp.model.record import Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.physics.filters import lsb_pA

Array = NDArray[np.float64]

NOISE_MARK = "noise"  # of protocols that are made for these analyses
SHORTEST_BACKGROUND = 20  # samples
FILTER_SETTLED = 1.5  # over its corner frequency, after which a step has passed it but for 1e-4


@dataclass(frozen=True, eq=False)
class Records:
    """Samples of one current at one voltage from every sweep that was there.

    Attributes
    ----------
    i_pA : ndarray, shape (n_sweeps, n_samples)
    background_pA : ndarray, shape (n_sweeps, n_background)
        Samples from before the step that opens the channels; none if the protocol has no such step.
    fs_kHz, filter_kHz : float
        Sampling rate; −3 dB corner of the recorder's filter, infinite if there is none.
    lsb_pA : float
        Step of the converter; 0 if there is none.
    v_mV : float
        Mean voltage of the membrane in the window, as the command has it.
    at : tuple of int
        The window's samples [first, last) of a sweep.
    sweeps : tuple of Sweep
        Those that the records are cut from.
    """

    i_pA: Array
    background_pA: Array
    fs_kHz: float
    filter_kHz: float
    lsb_pA: float
    v_mV: float
    at: tuple[int, int]
    sweeps: tuple[Sweep, ...]

    @property
    def clipped(self) -> bool:
        """Whether the converter cut some samples off."""
        recorder = self.sweeps[0].rig.amplifier.recorder
        full_pA = 1000.0 * recorder.range_V / recorder.gain_mV_per_pA
        return bool(self.lsb_pA and (np.abs(self.i_pA) >= full_pA - 2.0 * self.lsb_pA).any())

    def mean_of(self, trace: str) -> float:
        """Mean of another trace in the same window; NaN if there is none."""
        if trace not in self.sweeps[0].names:
            return nan
        return float(np.mean([sweep[trace][slice(*self.at)] for sweep in self.sweeps]))


def records_of(recording: Recording, question: Question) -> Records:
    """Cut the trace that is asked about out of all sweeps that have the same command there.

    The window is the question's, or the protocol's mark "noise", or the longest stretch at one
    voltage, from when the clamp has settled on it.

    Raises
    ------
    VClampError
        If there is no such window, or values in it are not finite.
    """
    protocol = recording.header.protocol
    kept, (first, last) = _alike(recording, question)
    if question.window_ms is None and not question.mark:
        first = min(first + settling_samples(kept[0].rig, protocol.fs_kHz), last)
    if last - first < 2:
        raise VClampError("the window holds no more than one sample")
    before = _before(protocol, kept[0].index, first, question)
    i_pA = np.array([sweep[question.trace][first:last] for sweep in kept])
    background_pA = np.array([sweep[question.trace][slice(*before)] for sweep in kept])
    if not np.isfinite(i_pA).all() or not np.isfinite(background_pA).all():
        raise VClampError(f"the trace '{question.trace}' holds values that are not finite")
    return Records(
        i_pA=i_pA,
        background_pA=background_pA,
        fs_kHz=protocol.fs_kHz,
        filter_kHz=filter_kHz(kept[0].rig, question.trace),
        lsb_pA=_lsb_pA(kept[0].rig, question.trace),
        v_mV=float(np.mean(kept[0]["command_mV"][first:last])),
        at=(first, last),
        sweeps=kept,
    )


def filter_kHz(rig: Rig, trace: str) -> float:
    """Corner of the filter that a trace has been through; infinite if it has been through none."""
    recorder = rig.amplifier.recorder
    filtered = trace == "i_pA" and recorder.on and recorder.filter_kHz > 0.0 and not rig.amplifier.clamps_current
    return recorder.filter_kHz if filtered else inf


def _lsb_pA(rig: Rig, trace: str) -> float:
    recorder = rig.amplifier.recorder
    if trace != "i_pA" or not (recorder.on and recorder.bits) or rig.amplifier.clamps_current:
        return 0.0
    return lsb_pA(range_V=recorder.range_V, bits=recorder.bits, gain_mV_per_pA=recorder.gain_mV_per_pA)


def settling_samples(rig: Rig, fs_kHz: float) -> int:
    """How long after a step what is seen is still that of the step: of the capacitance, and of the filter."""
    left = transient(rig, fs_kHz)
    capacitive = round(UNKNOWN_ms * fs_kHz) if left is None else left.size
    return max(capacitive, ceil(FILTER_SETTLED * fs_kHz / filter_kHz(rig, "i_pA")))


def _alike(recording: Recording, question: Question) -> tuple[tuple[Sweep, ...], tuple[int, int]]:
    """The largest group of sweeps with the same command in the window, and that window."""
    protocol = recording.header.protocol
    sweeps = [sweep for sweep in recording.sweeps if question.trace in sweep.names]
    if not sweeps:
        raise VClampError(f"no sweep has a trace '{question.trace}'")
    windows = [_window(protocol, sweep.index, question) for sweep in sweeps]
    commands = [
        (window, *_range(sweep["command_mV"][slice(*window)])) for sweep, window in zip(sweeps, windows, strict=True)
    ]
    most, _ = Counter(commands).most_common(1)[0]
    return tuple(s for s, command in zip(sweeps, commands, strict=True) if command == most), most[0]


def _range(values: Array) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if values.size else (nan, nan)


def _window(protocol: Protocol, sweep: int, question: Question) -> tuple[int, int]:
    n = protocol.n_samples(sweep)
    if question.window_ms is not None:
        first, last = (round(ms * protocol.fs_kHz) for ms in question.window_ms)
        return min(first, n), min(last, n)
    marks = [mark.name for mark in protocol.marks]
    mark = question.mark or (NOISE_MARK if NOISE_MARK in marks else "")
    if mark:
        return protocol.window(mark, sweep)
    longest = max(_still(protocol.stretches(sweep)), key=lambda s: s.last - s.first, default=None)
    return (0, 0) if longest is None else (longest.first, longest.last)


def _before(protocol: Protocol, sweep: int, first: int, question: Question) -> tuple[int, int]:
    """Samples [first, last) of the background: the question's, or all that the sweep begins with at another voltage."""
    if question.baseline_ms is not None:
        start, end = (round(ms * protocol.fs_kHz) for ms in question.baseline_ms)
        return start, end
    stretches = _still(protocol.stretches(sweep))
    at = next((s for s in stretches if s.first <= first < s.last), None)
    begin = stretches[0] if stretches and stretches[0].first == 0 else None
    if at is None or begin is None or begin.start_mV == at.start_mV or begin.last < SHORTEST_BACKGROUND:
        return 0, 0
    return 0, begin.last


def _still(stretches: Sequence[Stretch]) -> list[Stretch]:
    return [s for s in stretches if s.start_mV == s.end_mV]


def sentence(error: VClampError) -> str:
    """What is wrong, as a note of a result."""
    return f"{error.what[:1].upper()}{error.what[1:]}."


# ---- the truth


def channel_seen(recording: Recording, trace: str) -> Channel | None:
    """The channel whose openings a trace shows: its own, or the only one that is counted; None if that is not clear."""
    cell = recording.header.rig.cell
    own = [channel for channel in cell.channels if trace == f"i_{channel.name}_pA"]
    counted = own or [channel for channel in cell.channels if cell.counts(channel) and channel.on]
    return counted[0] if len(counted) == 1 and counted[0].is_gated and counted[0].n_channels else None


def true_unitary_pA(recording: Recording, channel: Channel | None, v_mV: float) -> float:
    """Current of one open channel, γ (V − E) of an ohmic one; NaN if the channel or its number is not known."""
    if channel is None or not channel.n_channels:
        return nan
    solutions = recording.header.rig.solutions
    return float(channel.open_current_pA(np.array([v_mV]), solutions)[0]) / channel.n_channels


def true_closed_pA(records: Records, trace: str, channel: Channel) -> float:
    """Mean current through everything but a channel."""
    if trace != "i_pA":
        return 0.0
    whole = "i_membrane_pA" if "i_membrane_pA" in records.sweeps[0].names else trace
    return records.mean_of(whole) - records.mean_of(f"i_{channel.name}_pA")


def true_rates(recording: Recording, channel: Channel | None, v_mV: float) -> tuple[Array, NDArray[np.bool_]]:
    """Rates i → j of a channel's states at a voltage, and which states conduct; both empty if it is not known."""
    if channel is None or not channel.is_gated:
        return np.zeros((0, 0)), np.zeros(0, bool)
    scheme = channel.all_states
    rates = scheme.rates_per_ms(np.array([v_mV]), recording.header.rig.solutions)[0]
    return rates, np.array(scheme.is_open)


# ---- errors of what is found from many records


def jackknife(left_out: Array) -> Array:
    """Covariance of estimates, from what they become when each block of the data is left out in turn.

    Parameters
    ----------
    left_out : ndarray, shape (n_blocks, n_parameters)

    Source: R. G. Miller 1974, Biometrika 61:1.
    """
    n = len(left_out)
    deviation = left_out - left_out.mean(axis=0)
    return np.asarray((n - 1) / n * deviation.T @ deviation)


def fit_of(
    names: tuple[str, ...],
    values: Array,
    covariance: Array,
    *,
    degrees_of_freedom: int,
    log: Sequence[bool],
    points: tuple[Array, Array],
    curve: Callable[..., Array],
) -> Fit:
    """A fit found by other means than least squares, with intervals as those of `least_squares.fit_curve`.

    Parameters
    ----------
    covariance : ndarray
        Of the values, or of their logarithms where `log` says so.
    degrees_of_freedom : int
        Of Student's t.
    points : tuple of ndarray
        x and y of the points that the curve is seen with.
    """
    from scipy.special import stdtrit

    x, y = points
    se = np.sqrt(np.diag(covariance))
    reach = float(stdtrit(degrees_of_freedom, 0.975)) * se
    factor = np.exp(np.where(log, reach, 0.0))
    return Fit(
        names=names,
        values=values,
        se=np.where(log, np.abs(values) * se, se),
        low=np.where(log, values / factor, values - reach),
        high=np.where(log, values * factor, values + reach),
        correlation=covariance / np.maximum(np.outer(se, se), np.finfo(float).tiny),
        x=x,
        residuals=y - curve(x, *values),
        degrees_of_freedom=degrees_of_freedom,
        curve=curve,
    )
