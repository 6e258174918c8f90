"""What an analysis is asked and what it finds: curves, fits, numbers with errors and, in a simulator, the truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.fits import Fit
from vclamp.model.record import Recording

Array = NDArray[np.float64]
Against = Literal["command", "membrane"]
Polarity = Literal["either", "inward", "outward"]
UNKNOWN: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of a curve; the names of its axes end in their units, "level_mV" or "i_pA".

    Points are in the order of the sweeps (or of the runs, bins, samples); `y` may hold NaN where there
    was nothing to measure. `log_x` and `log_y` say which axes are best drawn logarithmic.
    """

    name: str
    x_name: str
    y_name: str
    x: Array
    y: Array
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, eq=False)
class Fitted:
    """A curve, the line fitted through it if any, and in a simulator the true y at every point.

    A fit that failed says why in its `warning`. `fit(x)` gives the line at any x.
    """

    curve: Curve
    fit: Fit | None = None
    truth: Array | None = None


@dataclass(frozen=True)
class Estimate:
    """One number of a result; its name ends in its unit, as the parameter of a fit does.

    `low` and `high` are the ends of its 95 % confidence interval. What is not known is NaN, and so
    is the truth where it is not defined (the V½ of a channel without a midpoint, of a foreign file).
    """

    name: str
    value: float
    se: float = nan
    low: float = nan
    high: float = nan
    truth: float = nan


@dataclass(frozen=True)
class Question:
    """What is to be measured.

    Attributes
    ----------
    trace : str
        The current to measure, such as "i_pA" or "i_na_pA".
    against : str
        "command": what was commanded; "membrane": the true membrane voltage in the same window.
    polarity : str
        Of a peak: "inward", "outward", or "either": whichever is larger in each sweep, but the inward
        one throughout where an early inward current precedes a late outward one.
    mark : str
        The protocol's window to measure in, instead of the one the analysis is made for.
    window_ms, baseline_ms : tuple, optional
        Measure between these times from the start of the sweep (before `mark`); subtract the mean between those.
    e_rev_mV : float, optional
        Reversal potential for chord conductances; by default what the solutions give, else the I–V itself.
    leak_mV : tuple, optional
        Range of voltages in which nothing but leak flows: the straight line there is taken from peak and steady I–V.
    truth : bool
        Whether the answer may tell the truth; an exam's does not.
    """

    trace: str = "i_pA"
    against: Against = "command"
    polarity: Polarity = "either"
    mark: str = ""
    window_ms: tuple[float, float] | None = None
    baseline_ms: tuple[float, float] | None = None
    e_rev_mV: float | None = None
    leak_mV: tuple[float, float] | None = None
    truth: bool = True


@dataclass(frozen=True)
class Result:
    """What an analysis found; `notes` are sentences about what could not be measured or trusted."""

    analysis: str
    curves: tuple[Fitted, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Estimate:
        """The estimate of that name; KeyError if there is none."""
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        raise KeyError(name)

    def without_truth(self) -> "Result":
        """The same for those who are to find out by themselves."""
        curves = tuple(replace(fitted, truth=None) for fitted in self.curves)
        return replace(self, curves=curves, estimates=tuple(replace(e, truth=nan) for e in self.estimates))


Answer = Callable[[Sequence[Recording], Question], Result]


@dataclass(frozen=True)
class Analysis:
    """An analysis as it is offered: in the window, by `vclamp analyse`, and to a notebook.

    `answer` is a pure function of recordings (one, or several runs that differ in drug, ion or
    concentration if `compares_runs`) and a question; it never raises for data that are merely bad
    (NaN, empty windows, one point, constant), but says so in the notes. `suits` tells whether a
    recording was made for it; one in current clamp suits only those of `any_mode`. Recordings may be
    unfinished: they hold the sweeps so far.
    """

    title: str
    answer: Answer
    suits: Callable[[Recording], bool] = field(default=lambda recording: True)
    compares_runs: bool = False
    any_mode: bool = False


def estimates_of(fit: Fit, truth: Mapping[str, float] = UNKNOWN, *, suffix: str = "") -> tuple[Estimate, ...]:
    """The parameters of a fit with their errors and, by name, their true values.

    Parameters
    ----------
    truth : mapping of str to float
        True values by the fit's own names; NaN where it has none.
    suffix : str
        Goes before the unit of each name, to tell fits of one kind apart: "tau_1" + "_on" + "_ms".
    """
    return tuple(
        Estimate(_with(name, suffix), fit[name], fit.standard_error(name), *fit.interval(name), truth.get(name, nan))
        for name in fit.names
    )


def notes_of(fits: Sequence[tuple[str, Fit | None]]) -> tuple[str, ...]:
    """A sentence for each fit that cannot be trusted, after what it was a fit of."""
    return tuple(f"{what}: {fit.warning}." for what, fit in fits if fit is not None and fit.warning)


def nothing(analysis: str, why: str) -> Result:
    """The answer where nothing can be measured."""
    return Result(analysis, notes=(why,))


def _with(name: str, suffix: str) -> str:
    stem, line, unit = name.rpartition("_")
    return f"{stem}{suffix}{line}{unit}" if suffix else name
