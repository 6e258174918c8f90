"""The membrane test: series resistance, membrane resistance and capacitance from a small voltage step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import inf, nan, pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.analysis.fits import STEP, Fit
from vclamp.analysis.least_squares import Parameter, best_start, fit_curve, grid
from vclamp.analysis.records import filter_kHz, sentence
from vclamp.analysis.results import Curve, Estimate, Fitted, Question, Result, estimates_of, nothing
from vclamp.analysis.windows import is_known, row_of, samples
from vclamp.errors import VClampError
from vclamp.model.record import Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.physics.circuit import TAU_CLAMP_ms, TAU_F_ms, TAU_Z_ms
from vclamp.physics.clamp import membrane_test, passive_cell

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

SMALLEST_STEP_mV = 0.1
SHORTEST_STEP = 20  # samples
LAGS_ms = {"series-resistance": (), "simplified": (TAU_F_ms,), "full": (TAU_CLAMP_ms, TAU_Z_ms)}
RISING = 0.5  # over the filter's corner: how long the first rise is, which no real filter makes as it should
UNKNOWN_RISE_ms = 0.2  # where the filter is not known
START_POINTS = 200  # that are enough to find a start
TAUS = 40  # time constants to try for a start


# ---- what the instrument makes of a current


@dataclass(frozen=True, eq=False)
class Instrument:
    """A linear instrument of first-order lags and a filter: Σ r/(s − p) over its poles p (per ms), 1 at s = 0.

    Without poles it shows everything as it is. Poles must differ.
    """

    poles: Complex

    @cached_property
    def residues(self) -> Complex:
        """Residues r of the transfer function."""
        between = self.poles[:, None] - self.poles + np.eye(self.poles.size)
        return np.asarray(np.prod(-self.poles) / np.prod(between, axis=1), complex)

    def own_motion(self, t_ms: Array) -> Complex:
        """What is left of each of its own motions at times after a jolt, shape (n_poles, n)."""
        return np.asarray(np.exp(self.poles[:, None] * t_ms), complex)

    def answer(
        self, t_ms: Array, own: Complex, peak_pA: Array, steady_pA: Array, tau_ms: Array, *early: Array
    ) -> Array:
        """What it shows, from t = 0 on, of a transient (peak − steady) e^(−t/τ) + steady.

        `own` is `own_motion(t_ms)`. `early` adds what else happens at t = 0: a charge (fC), and its
        displacement in time (fC ms). The values have shape (1,) or (m, 1).
        """
        p, r = self.poles, self.residues
        high, rate = peak_pA - steady_pA, 1.0 / tau_ms
        shown = high * np.exp(-rate * t_ms)
        if not p.size:
            return np.asarray(shown + steady_pA)
        moved = high * r / (p + rate) + steady_pA * r / p
        for power, moment in enumerate(early):
            moved = moved + moment * r * p**power
        gain = np.sum(r / (-rate - p), axis=-1, keepdims=True).real
        return np.asarray(gain * shown + steady_pA + np.einsum("...k,kn->...n", moved, own).real)


def instrument(corner_kHz: float = inf, lags_ms: Sequence[float] = ()) -> Instrument:
    """The recorder's 4-pole Bessel filter and parts that lag behind, each with a time constant of its own."""
    from scipy.signal import bessel

    poles = [-1.0 / (lag * (1.0 + 1e-4 * k)) for k, lag in enumerate(lags_ms)]  # never two of one size
    if np.isfinite(corner_kHz):
        poles += list(bessel(4, 2.0 * pi * corner_kHz, analog=True, norm="mag", output="zpk")[1])
    return Instrument(np.array(poles, complex))


def instrument_of(rig: Rig, trace: str = "i_pA") -> Instrument:
    """What stands between the current through the pipette and a trace."""
    amplifier = rig.amplifier
    own = LAGS_ms[amplifier.circuit]
    return instrument(filter_kHz(rig, trace), (amplifier.tau_sum_ms, *own) if own else ())


# ---- the fit


def fit_filtered_test(t_ms: ArrayLike, i_pA: ArrayLike, dv_mV: float, seen_through: Instrument) -> Fit:
    """Fit the answer of a passive cell to a step at t = 0 as an instrument shows it.

    Parameters: rs_MOhm, rm_MOhm, cm_pF, then early_fC and early_fC_ms if there is a filter, and baseline_pA;
    behind them total_MOhm and tau_ms. The transient (ΔV/R_s − ΔV/R_total) e^(−t/τ) and the steady current
    are put through the poles of filter and amplifier in closed form, so that neither a delay nor a loss of
    height is left to correct. The early charge and its displacement take up whatever happens much faster than
    the filter: the charging of the pipette, and that the step falls between two samples.

    Parameters
    ----------
    t_ms, i_pA : array_like
        Times from the step, also before it, where the current is the baseline.
    dv_mV : float
        Height of the step.

    The standard errors allow for noise that lasts for several samples.

    Source: the cell, B. Sakmann & E. Neher (eds.) 1995, Single-Channel Recording, 2nd ed., ch. 2; the errors,
    W. K. Newey & K. D. West 1987, Econometrica 55:703.
    """
    t, i = np.asarray(t_ms, float), np.asarray(i_pA, float)
    filtered = bool(seen_through.poles.size)

    own = seen_through.own_motion(t[t >= 0.0])

    def curve(x: Array, *values: ArrayLike) -> Array:
        rs, rm, cm, *early, baseline = (np.atleast_1d(value) for value in values)
        total, after = rs + rm, x >= 0.0
        motion = own if x is t else seen_through.own_motion(x[after])
        shown = np.zeros((*np.shape(rs)[:-1], x.size))
        peak, steady, tau = 1e3 * dv_mV / rs, 1e3 * dv_mV / total, 1e-3 * cm * rs * rm / total
        shown[..., after] = seen_through.answer(x[after], motion, peak, steady, tau, *early)
        return np.asarray(shown + baseline)

    parameters = [Parameter(name, log=True) for name in ("rs_MOhm", "rm_MOhm", "cm_pF")]
    parameters += [Parameter("early_fC"), Parameter("early_fC_ms")] * filtered + [Parameter("baseline_pA")]
    fit = fit_curve(curve, t, i, parameters, lambda: _start(t, i, dv_mV, seen_through))
    fit = with_coloured_errors(fit)
    fit = fit.with_derived("total_MOhm", lambda rs, rm, *_: rs + rm, log=True)
    return fit.with_derived("tau_ms", lambda rs, rm, cm, *_: cm * rs * rm / (rs + rm) / 1000.0, log=True)


def _start(t: Array, i: Array, dv_mV: float, seen_through: Instrument) -> Array:
    """The best of many time constants, and the currents that go with it."""
    after = t >= 0.0
    baseline = float(i[~after].mean()) if not after.all() else 0.0
    x, y = t[after], i[after] - baseline
    if x.size < SHORTEST_STEP:
        raise VClampError(f"the step has fewer than {SHORTEST_STEP} samples")
    if x.size > START_POINTS:
        kept = np.unique(np.geomspace(1, x.size, START_POINTS).round().astype(int)) - 1
        x, y = x[kept], y[kept]
    one, no, own = np.ones(1), np.zeros(1), seen_through.own_motion(x)
    (taus,) = grid(np.geomspace(0.3 * x[1], 0.5 * x[-1], TAUS))
    columns = [seen_through.answer(x, own, np.ones((TAUS, 1)), np.zeros((TAUS, 1)), taus)]
    columns += [seen_through.answer(x, own, one, one, one)]
    if seen_through.poles.size:
        columns += [seen_through.answer(x, own, no, no, one, *moments) for moments in ((one,), (no, one))]
    best, (high, steady, *early) = best_start(columns, y)
    if not (high * dv_mV > 0.0 and steady * dv_mV > 0.0):
        raise VClampError("the current does not fall to a steady one, as that of a cell does")
    cell = passive_cell(dv_mV, peak_pA=high + steady, steady_pA=steady, tau_ms=float(taus[best, 0]))
    return np.array([cell.rs_MOhm, cell.rm_MOhm, cell.cm_pF, *early, baseline])


def with_coloured_errors(fit: Fit) -> Fit:
    """The fit with the standard errors that it has if noise at one sample goes on in the next ones.

    Residuals say by themselves how long: until their autocovariance first is not positive.
    """
    if not fit.has_numbers or not fit.residuals.any():
        return fit
    step = STEP * np.maximum(np.abs(fit.values), 1e-3)[:, None]
    up, down = (fit.curve(fit.x, *(fit.values[:, None] + s * np.diag(step[:, 0]))[..., None]) for s in (1.0, -1.0))
    jacobian = ((up - down) / (2.0 * step)).T
    jacobian = jacobian / np.linalg.norm(jacobian, axis=0)
    n, residuals = fit.residuals.size, fit.residuals
    spread = jacobian.T @ jacobian * (residuals @ residuals)
    for lag in range(1, n // 4):
        together = float(residuals[lag:] @ residuals[:-lag])
        if together <= 0.0:
            break
        both = jacobian[lag:].T @ jacobian[:-lag] * together
        spread = spread + both + both.T
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    white = np.diag(inverse) * (residuals @ residuals)
    growth = np.sqrt(np.maximum(np.diag(inverse @ spread @ inverse) / white, 1.0))
    return replace(
        fit,
        se=fit.se * growth,
        low=fit.values - (fit.values - fit.low) * growth,
        high=fit.values + (fit.high - fit.values) * growth,
    )


# ---- the step in a recording


@dataclass(frozen=True, eq=False)
class AveragedStep:
    """The mean answer to a step of 1 mV, over both edges and all sweeps: `i_pA` at `t_ms` from the edge.

    `dv_mV` is how high the step was, `true_mV` and `true_pA` how far it moved the membrane itself
    and changed its current in the end; NaN where another program recorded no voltage.
    """

    t_ms: Array
    i_pA: Array
    dv_mV: float
    true_mV: float
    true_pA: float


def averaged_step(recording: Recording, question: Question) -> AveragedStep:
    """The smallest step of the protocol, averaged over every edge, up or down, between its two voltages.

    Raises
    ------
    VClampError
        If there is no step, or the current is not finite.
    """
    protocol = recording.header.protocol
    found = [(sweep, *edge) for sweep in recording.sweeps for edge in _edges(recording, sweep, question)]
    if not found:
        raise VClampError("the protocol has no step between two voltages that is long enough for a membrane test")
    smallest = min(abs(b - a) for _, _, _, _, a, b in found)
    first = next({a, b} for _, _, _, _, a, b in found if abs(b - a) == smallest)
    used = [edge for edge in found if {edge[4], edge[5]} == first]
    before, after = min(at - start for _, start, at, *_ in used), min(end - at for _, _, at, end, *_ in used)
    before = max(1, before // 4)

    def mean(trace: str) -> Array:
        rows = [row_of(s, trace)[at - before : at + after] / (b - a) for s, _, at, _, a, b in used]
        return np.asarray(np.mean(rows, axis=0))

    i_pA = mean(question.trace)
    if not np.isfinite(i_pA).all():
        raise VClampError("the current has values that are not finite")
    membrane = "i_membrane_pA" if "i_membrane_pA" in recording.sweeps[0].names else question.trace
    moved = [
        float(row[-max(1, after // 10) :].mean() - row[:before].mean()) if row.size else nan
        for row in (mean(name) if name in recording.sweeps[0].names else np.empty(0) for name in ("v_mV", membrane))
    ]
    t_ms = np.arange(-before, after) / protocol.fs_kHz
    return AveragedStep(t_ms, i_pA, smallest, moved[0] * smallest, moved[1] * smallest)


def _edges(recording: Recording, sweep: Sweep, question: Question) -> Iterator[tuple[int, int, int, float, float]]:
    """Of every step of a sweep: samples at which the voltage before begins, of the edge, of the end; both voltages."""
    protocol = recording.header.protocol
    first, last = samples(protocol, sweep, question, "")
    for old, new in pairwise(protocol.stretches(sweep.index)):
        still = old.start_mV == old.end_mV and new.start_mV == new.end_mV
        long = min(old.last - old.first, new.last - new.first) >= SHORTEST_STEP
        if still and long and first <= new.first < last and abs(new.start_mV - old.start_mV) >= SMALLEST_STEP_mV:
            yield old.first, new.first, new.last, old.start_mV, new.start_mV


# ---- the answer


def membrane_test_answer(recordings: Sequence[Recording], question: Question) -> Result:
    """R_s, R_m and C_m of the cell from the smallest step in the protocol, with its τ and total resistance."""
    name, recording = "membrane-test", recordings[-1]
    try:
        step = averaged_step(recording, question)
    except VClampError as error:
        return nothing(name, sentence(error))
    rig = recording.sweeps[0].rig
    rising_ms = RISING / filter_kHz(rig, question.trace) if is_known(rig) else UNKNOWN_RISE_ms
    seen = (step.t_ms < 0.0) | (step.t_ms >= rising_ms)
    fit = fit_filtered_test(
        step.t_ms[seen], step.i_pA[seen] * step.dv_mV, step.dv_mV, instrument_of(rig, question.trace)
    )
    truth = _truth(rig, step)
    estimates = estimates_of(fit, truth)
    if not fit.has_numbers:
        settled = step.i_pA[-max(1, step.t_ms.size // 10) :].mean() - step.i_pA[step.t_ms < 0.0].mean()
        total = 1e3 / settled if settled > 0.0 else nan
        estimates = (Estimate("total_MOhm", float(total), truth=truth["total_MOhm"]),)
    curve = Curve("membrane-test", "t_ms", "i_pA", step.t_ms, step.i_pA * step.dv_mV)
    kept = tuple(estimate for estimate in estimates if not estimate.name.startswith(("baseline", "early")))
    return Result(name, (Fitted(curve, fit if fit.has_numbers else None),), kept, tuple(_notes(rig, fit)))


def _truth(rig: Rig, step: AveragedStep) -> dict[str, float]:
    """R_m is the true change of the membrane's voltage over that of its current."""
    if not is_known(rig):
        return {"total_MOhm": nan}
    amplifier = rig.amplifier
    rs, cm = amplifier.rs_MOhm, rig.cell.cm_pF
    rm = 1e3 * step.true_mV / step.true_pA if step.true_pA * step.true_mV > 0.0 else nan
    tau = membrane_test(1.0, rs_MOhm=rs, rm_MOhm=rm, cm_pF=cm).tau_ms if rs > 0.0 else nan
    return {
        "rs_MOhm": rs, "rm_MOhm": rm, "cm_pF": cm, "total_MOhm": rs + rm, "tau_ms": tau,
    }  # fmt: skip


def _notes(rig: Rig, fit: Fit) -> Iterator[str]:
    amplifier = rig.amplifier
    if fit.warning:
        yield f"Membrane test: {fit.warning}."
    if amplifier.ideal and is_known(rig):
        yield "The clamp is ideal: without a series resistance the capacitance charges in no time, unseen."
    if not is_known(rig):
        yield "The amplifier's filter is not known: trust R_m, but R_s and C_m only roughly."
    if amplifier.has_electronics and (amplifier.correction_percent or amplifier.prediction_percent):
        yield "Compensation is on: what is measured is what it leaves of the series resistance."
    if amplifier.has_electronics and amplifier.cm_est_pF:
        yield f"C-slow takes {amplifier.cm_est_pF:g} pF out of the transient: turn it to 0 to see the whole."
    if rig.cell.branches:
        yield "The cell has a branch of its own beside the membrane: its transient is not one exponential."
