"""Numbers of one trace in one window: peak, mean, area, times, slope, noise."""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vclamp import units
from vclamp.analysis.curves import peak_at
from vclamp.analysis.results import Curve, Estimate, Fitted, Polarity, Question, Result
from vclamp.analysis.windows import cut, samples
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording, Sweep

Array = NDArray[np.float64]

STEADY = 0.2  # last part of a window that counts as its steady state


class Measurements(NamedTuple):
    """Numbers of one window in the trace's own unit and ms, in the order of their table; NaN where there is none."""

    peak: float
    mean: float
    steady: float
    minimum: float
    maximum: float
    area: float
    time_to_peak_ms: float
    rise_10_90_ms: float
    rise_20_80_ms: float
    decay_90_10_ms: float
    decay_37_ms: float
    half_width_ms: float
    slope_per_ms: float
    noise_rms: float


def measured(t_ms: Array, values: Array, *, start_ms: float, polarity: Polarity = "either") -> Measurements:
    """Everything that is usually measured of a trace in a window.

    Parameters
    ----------
    t_ms, values : ndarray, shape (n,)
        Finite samples, above their baseline.
    start_ms : float
        What the time to peak counts from, as when the command stepped.
    polarity : str
        Whether the peak is the most inward or outward value, or that farthest from zero.

    Returns
    -------
    Measurements
        peak and time to it; mean; mean of the window's last fifth (steady); minimum and maximum; area ∫ dt (pA·ms,
        which is fC); times of rise from 10 to 90 and 20 to 80 % of the peak, of decay from 90 to 10 % and to 1/e,
        and between its halves, from zero and where the trace crosses them on both sides; slope of a straight line;
        noise, the rms about that line.
    """
    if not values.size:
        return Measurements(*[nan] * len(Measurements._fields))
    at = peak_at(values, polarity)
    peak = float(values[at])
    rise = {share: _crossing(t_ms[at::-1], values[at::-1], share * peak) for share in (0.1, 0.2, 0.5, 0.8, 0.9)}
    fall = {share: _crossing(t_ms[at:], values[at:], share * peak) for share in (0.9, 0.5, 1.0 / np.e, 0.1)}
    slope, noise = _line(t_ms, values)
    return Measurements(
        peak=peak,
        mean=float(values.mean()),
        steady=float(values[-max(1, round(STEADY * values.size)) :].mean()),
        minimum=float(values.min()),
        maximum=float(values.max()),
        area=float(np.trapezoid(values, t_ms)),
        time_to_peak_ms=float(t_ms[at]) - start_ms,
        rise_10_90_ms=rise[0.9] - rise[0.1],
        rise_20_80_ms=rise[0.8] - rise[0.2],
        decay_90_10_ms=fall[0.1] - fall[0.9],
        decay_37_ms=fall[1.0 / np.e] - float(t_ms[at]),
        half_width_ms=fall[0.5] - rise[0.5],
        slope_per_ms=slope,
        noise_rms=noise,
    )


def measure(sweep: Sweep, protocol: Protocol, question: Question) -> Result:
    """The table of measurements of one sweep, in the question's window or mark, or in the whole sweep.

    Times count from the last jump of the command before the window's end. Samples that a capacitive
    transient hides are left out, and a note says if the peak may be among them.
    """
    window = samples(protocol, sweep, question, "")
    each = cut(sweep, protocol, question, window)
    numbers = measured(each.t_ms, each.values, start_ms=each.step_ms, polarity=question.polarity)
    names = (_named(field, question.trace) for field in Measurements._fields)
    estimates = tuple(Estimate(name, value) for name, value in zip(names, numbers, strict=True))
    notes: tuple[str, ...] = ()
    if window[0] >= window[1]:
        notes = (f"Sweep {sweep.index + 1} has nothing in this window.",)
    elif not each.values.size:
        notes = (f"Sweep {sweep.index + 1}: a capacitive transient, or nothing that is a number, fills the window.",)
    elif each.hidden and numbers.peak == each.values[0]:
        notes = (f"Sweep {sweep.index + 1}: the peak is where the transient ends, and may lie within it.",)
    return Result("measure", estimates=estimates, notes=notes)


def answer_measure(recordings: Sequence[Recording], question: Question) -> Result:
    """Every measurement of every sweep, each against the number of the sweep."""
    recording = recordings[-1]
    tables = [measure(sweep, recording.header.protocol, question) for sweep in recording.sweeps]
    number = np.array([sweep.index + 1.0 for sweep in recording.sweeps])
    curves = []
    for k, first in enumerate(tables[0].estimates):
        values = np.array([table.estimates[k].value for table in tables])
        curves.append(Fitted(Curve(first.name, "sweep", first.name, number, values)))
    notes = tuple(note for table in tables for note in table.notes)
    return Result("measure", tuple(curves), notes=notes)


def unit_of(trace: str) -> str:
    """The unit that a trace's name ends in; empty of a plain number."""
    unit = units.unit_of(trace)
    return "" if unit == units.PLAIN else unit


def _named(field: str, trace: str) -> str:
    """A measurement's name with the unit it has of this trace."""
    unit = unit_of(trace)
    if field.endswith("_ms") and field != "slope_per_ms":
        return field
    if field == "area":
        return "area_fC" if unit == "pA" else f"area_{unit}_ms" if unit else "area_ms"
    if field == "slope_per_ms":
        return f"slope_{unit}_per_ms" if unit else field
    return f"{field}_{unit}" if unit else field


def _crossing(t_ms: Array, values: Array, level: float) -> float:
    """When a trace that begins at its peak first gets past a level, between two samples; NaN if it never does."""
    past = np.flatnonzero(values <= level if values[0] > level else values >= level)
    if not past.size or past[0] == 0:
        return nan
    k = int(past[0])
    part = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(t_ms[k - 1] + part * (t_ms[k] - t_ms[k - 1]))


def _line(t_ms: Array, values: Array) -> tuple[float, float]:
    """Slope of the best straight line, and the rms about it."""
    t = t_ms - t_ms.mean()
    spread = float(t @ t)
    if spread == 0.0:
        return nan, nan
    slope = float(t @ values) / spread
    left = values - values.mean() - slope * t
    return slope, float(np.sqrt(left @ left / max(values.size - 2, 1)))
