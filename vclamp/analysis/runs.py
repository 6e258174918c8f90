"""Several runs that differ in a drug or an ion: dose-response, block in the field, reversal, mole fractions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan

import numpy as np

from vclamp.analysis.conductance import open_at_tail
from vclamp.analysis.curves import Array, Family, peak_iv, polarity_of, ramp_iv, steady_iv, tail_iv
from vclamp.analysis.fits import Fit
from vclamp.analysis.measure import measure
from vclamp.analysis.models import fit_hill, fit_line, fit_woodhull
from vclamp.analysis.results import Curve, Fitted, Question, Result, estimates_of, notes_of, nothing
from vclamp.analysis.truth import (
    TOTALS,
    channel_of,
    dose_truth,
    reversal_mV,
    steady_current_pA,
    steady_p_open,
    woodhull_truth,
)
from vclamp.analysis.windows import mark_segments, piece, varied
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.ions import Solutions
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.physics.block import woodhull_kd_mM

TELLING = 0.05  # of the largest current, that a control must have to tell a fraction
AROUND_mV = 25.0  # of the reversal potential, within which an I–V gives its conductance
FEWEST = 3  # points of a straight line
SIDES = ("out", "in")


@dataclass(frozen=True)
class Difference:
    """What one substance's concentration is in each run, on the side where it differs."""

    name: str
    side: str
    mM: tuple[float, ...]

    @property
    def axis(self) -> str:
        """Name of the axis."""
        return f"{self.name}_{self.side}_mM"


def differences(recordings: Sequence[Recording]) -> tuple[list[Difference], list[Difference]]:
    """The ions, and the drugs, whose concentrations are not the same in all runs."""
    mixtures = [recording.sweeps[0].rig.solutions for recording in recordings]
    ions = list(dict.fromkeys(ion.name for mixture in mixtures for ion in mixture.ions))
    drugs = list(dict.fromkeys(drug.name for mixture in mixtures for drug in mixture.drugs))
    return _differing(ions, mixtures), _differing(drugs, mixtures)


def iv_of(recording: Recording, question: Question) -> Family:
    """The I–V that a recording was made for: of its ramp, tails, steady currents or peaks, in this order.

    Raises
    ------
    VClampError
        If it was made for none.
    """
    return _kind_of(recording, question)(recording, question)


def _kind_of(recording: Recording, question: Question) -> Callable[[Recording, Question], Family]:
    """What gives the I–V that a recording was made for."""
    marks, changes = mark_segments(recording.header.protocol), varied(recording.header.protocol)
    if question.mark or question.window_ms is not None:
        return peak_iv if question.mark == "peak" else steady_iv
    if "ramp" in marks:
        return ramp_iv
    step = changes.segment if changes is not None and changes.what == "level" else -1
    for mark, kind in (("tail", tail_iv), ("steady", steady_iv), ("peak", peak_iv)):
        if marks.get(mark) == step:
            return kind
    raise VClampError(
        f"protocol '{recording.header.protocol.name}' gives no I-V", remedy="It needs steps or a ramp, and marks."
    )


def answer_dose(recordings: Sequence[Recording], question: Question) -> Result:
    """Dose-response: the current that each run's drug leaves, over that without it, with a Hill curve.

    It is that of the sweep in which the largest current flows in the run with the least drug.
    """
    found = _drug(recordings)
    if found is None:
        return nothing("dose-response", "Dose-response needs runs that differ in the concentration of one drug.")
    dose = np.array(found.mM)
    families = _most_blocked(recordings, question, dose)
    control = families[int(np.argmin(dose))].curve
    if not np.isfinite(control.y).any():
        return nothing("dose-response", "There is no current without the drug.")
    at = int(np.nanargmax(np.abs(control.y)))
    y = np.array([f.curve.y[at] / control.y[at] if f.curve.y.size > at else nan for f in families])
    curve = Curve("dose-response", found.axis, "fraction_left", dose, y, log_x=True)
    notes = [note for family in families for note in family.notes]
    if dose.min() > 0.0:
        notes.append(f"No run is without {found.name}: fractions are those of the least of it.")
    fit = fit_hill(dose, y, name="ic50_mM", zero_dose=1.0 if dose.min() == 0.0 else None)
    rig = recordings[int(np.argmax(dose))].sweeps[-1].rig
    truth = dose_truth(channel_of(rig, question.trace) or _blocked(rig, found.name), rig.solutions, found.name,
                       float(control.x[at]))  # fmt: skip
    notes += [f"Measured at {control.x[at]:g} mV.", *notes_of([("Hill fit", fit)])]
    return Result("dose-response", (Fitted(curve, fit),), estimates_of(fit, truth), tuple(dict.fromkeys(notes)))


def answer_woodhull(recordings: Sequence[Recording], question: Question) -> Result:
    """Block in the field: K_d against voltage, from the fraction of the current that runs with a blocker have left.

    One fit of K_d(0) and zδ to all voltages and concentrations; δ is zδ over the blocker's charge.
    """
    found = _drug(recordings)
    if found is None or min(found.mM) > 0.0:
        return nothing("woodhull", "This needs a run without the blocker and others that differ in its concentration.")
    currents = [iv_of(recording, question).curve for recording in recordings]
    control = currents[found.mM.index(0.0)]
    told = np.abs(control.y) > TELLING * np.nanmax(np.abs(control.y), initial=0.0)
    v, c, left, curves = [], [], [], []
    for curve, mM in zip(currents, found.mM, strict=True):
        if mM == 0.0 or curve.y.size != control.y.size:
            continue
        fraction = curve.y[told] / control.y[told]
        v.append(control.x[told])
        c.append(np.full(fraction.size, mM))
        left.append(fraction)
        with np.errstate(all="ignore"):
            kd = np.where((fraction > 0.0) & (fraction < 1.0), mM * fraction / (1.0 - fraction), nan)
        curves.append(Curve(f"{mM:g} mM", control.x_name, "kd_mM", control.x[told], kd, log_y=True))
    if not curves:
        return nothing("woodhull", "No run with the blocker has the same steps as the one without it.")
    rig = recordings[found.mM.index(max(found.mM))].sweeps[-1].rig
    kelvin = rig.solutions.temperature_K
    fit = fit_woodhull(np.concatenate(v), np.concatenate(c), np.concatenate(left), kelvin)
    line = replace(fit, curve=lambda v, kd, zd: woodhull_kd_mM(v, kd, zd, "in", kelvin))
    truth = woodhull_truth(channel_of(rig, question.trace) or _blocked(rig, found.name), found.name)
    true = [None if not truth else woodhull_kd_mM(k.x, truth["kd_mM"], truth["z_delta"], "in", kelvin) for k in curves]
    fitted = tuple(Fitted(curve, line, kd) for curve, kd in zip(curves, true, strict=True))
    return Result("woodhull", fitted, estimates_of(fit, truth), notes_of([("Woodhull fit", fit)]))


def answer_reversal(recordings: Sequence[Recording], question: Question) -> Result:
    """Reversal potential against the logarithm of an ion's concentration, with a straight line.

    The slope of an electrode for one ion is RT/(zF) ln 10 a decade. The true potentials are those of the rigs: of
    tails as open as the channels are there, else in the steady state; of the peaks of several channels there are none.
    """
    ions, _ = differences(recordings)
    if not ions:
        return nothing("reversal", "This needs runs that differ in the concentration of an ion.")
    found = ions[0]
    e_mV = np.array([_reversal_mV(iv_of(recording, question).curve) for recording in recordings])
    true = np.array([_true_reversal_mV(recording, question) for recording in recordings])
    mM = np.array(found.mM)
    curve = Curve("reversal", found.axis, "e_rev_mV", mM, e_mV, log_x=True)
    with np.errstate(all="ignore"):
        decades = np.where(mM > 0.0, np.log10(mM), nan)
    fit, ideal = fit_line(decades, e_mV), fit_line(decades, true)
    fit, ideal = (_over_decades(f, found) for f in (fit, ideal))
    truth = {} if ideal.warning and not isfinite(ideal.values[0]) else {n: ideal[n] for n in ideal.names}
    notes = notes_of([("straight line", fit)])
    if len(ions) > 1:
        notes += (f"Also different: {', '.join(ion.axis for ion in ions[1:])}.",)
    lost = int(np.sum(~np.isfinite(e_mV)))
    if lost:
        notes += (f"In {lost} of {e_mV.size} runs the current does not reverse.",)
    return Result("reversal", (Fitted(curve, fit, true),), estimates_of(fit, truth), notes)


def answer_mole_fraction(recordings: Sequence[Recording], question: Question) -> Result:
    """Conductance, and reversal potential, against the mole fraction of one ion in a mixture of two.

    The conductance is the slope of the I–V within 25 mV of its reversal. Ions that pass independently give
    curves that run steadily from one end to the other; a minimum tells that they meet in the pore.
    """
    ions, _ = differences(recordings)
    names = list(dict.fromkeys(ion.name for ion in ions))
    if len(names) < 2:
        return nothing("mole-fraction", "This needs runs that differ in the share of two ions.")
    first, second = names[0], names[1]
    fraction = np.array([_fraction(recording.sweeps[0].rig.solutions, first, second) for recording in recordings])
    found = [_slope_and_reversal(iv_of(recording, question).curve) for recording in recordings]
    true = [_true_slope_and_reversal(recording, question) for recording in recordings]
    order = np.argsort(fraction, kind="stable")
    (g_nS, e_mV), (true_nS, true_mV) = (np.array(rows, float)[order].T for rows in (found, true))
    axis, x = f"{second}_mole_fraction", fraction[order]
    curves = (
        Fitted(Curve("conductance", axis, "g_nS", x, g_nS), truth=true_nS),
        Fitted(Curve("reversal", axis, "e_rev_mV", x, e_mV), truth=true_mV),
    )
    notes: tuple[str, ...] = ()
    if np.isfinite(g_nS).sum() > 2:
        least = int(np.nanargmin(g_nS))
        inside = 0 < least < g_nS.size - 1
        notes = (f"The least conductance is at {x[least]:.3g}{'' if inside else ', at an end of the series'}.",)
    return Result("mole-fraction", curves, notes=notes)


def _differing(names: Sequence[str], mixtures: Sequence[Solutions]) -> list[Difference]:
    found = []
    for name in names:
        for side in SIDES:
            mM = tuple(mixture.drug_mM(name, side) for mixture in mixtures)
            if len(set(mM)) > 1:
                found.append(Difference(name, side, mM))
    return found


def _drug(recordings: Sequence[Recording]) -> Difference | None:
    """The drug that differs, else the ion that blocks."""
    ions, drugs = differences(recordings)
    blockers = {b.drug for r in recordings for c in r.sweeps[0].rig.cell.channels for b in c.blockers}
    named = drugs or [ion for ion in ions if ion.name in blockers]
    return named[0] if named else None


def _blocked(rig: Rig, drug: str) -> Channel | None:
    """The only channel that a drug blocks."""
    found = [c for c in rig.cell.channels if c.on and any(b.drug == drug for b in c.blockers)]
    return found[0] if len(found) == 1 else None


def _most_blocked(recordings: Sequence[Recording], question: Question, dose: Array) -> list[Family]:
    """One current a sweep of each run: those of its peaks or of its steady state, whichever the drug changes more.

    Of a train of equal sweeps it is the last one's. Peaks go the way they go without the drug.
    """
    least, most = recordings[int(np.argmin(dose))], recordings[int(np.argmax(dose))]
    marks, changes = mark_segments(least.header.protocol), varied(least.header.protocol)
    if changes is None and "ramp" not in marks:
        return [_last_peak(recording, question) for recording in recordings]
    if question.mark or question.window_ms is not None or not {"peak", "steady"} <= marks.keys():
        return [iv_of(recording, question) for recording in recordings]
    pieces = [piece(least, sweep, question, "peak") for sweep in least.sweeps]
    question = replace(question, polarity=polarity_of(pieces, question.polarity)[0])
    kind = max(
        (steady_iv, peak_iv), key=lambda kind: _change(kind(least, question).curve.y, kind(most, question).curve.y)
    )
    return [kind(recording, question) for recording in recordings]


def _change(control: Array, blocked: Array) -> float:
    """Largest difference over the largest current; 0 if there is none."""
    n = min(control.size, blocked.size)
    largest = np.nanmax(np.abs(control), initial=0.0)
    return float(np.nanmax(np.abs(control[:n] - blocked[:n]), initial=0.0) / largest) if largest > 0.0 else 0.0


def _last_peak(recording: Recording, question: Question) -> Family:
    """The peak of the last of many equal sweeps."""
    last = measure(recording.sweeps[-1], recording.header.protocol, question)
    values = np.array([last.estimates[0].value])
    command = np.array([float(recording.sweeps[-1]["command_mV"].max())])
    return Family(Curve("train", "level_mV", question.trace, command, values), last.notes)


def _over_decades(fit: Fit, ion: Difference) -> Fit:
    """A straight line against the logarithm, as a curve against the concentration."""
    names = ("slope_per_decade_mV", f"e_at_1_mM_{ion.name}_mV")

    def curve(mM: Array, slope: float, level: float) -> Array:
        return np.asarray(slope * np.log10(mM) + level)

    return replace(fit, names=names, curve=curve)


def _reversal_mV(curve: Curve) -> float:
    """Where an I–V crosses zero: that of a straight line through its points near there."""
    return _slope_and_reversal(curve)[1]


def _slope_and_reversal(curve: Curve) -> tuple[float, float]:
    """Slope in nS and zero in mV of an I–V within 25 mV of where it crosses zero upward; NaN if it does not."""
    kept = np.isfinite(curve.x) & np.isfinite(curve.y)
    order = np.argsort(curve.x[kept], kind="stable")
    x, y = curve.x[kept][order], curve.y[kept][order]
    rises = np.flatnonzero((y[:-1] < 0.0) & (y[1:] >= 0.0))
    if not rises.size:
        return nan, nan
    k = int(rises[rises.size // 2])  # of a noisy ramp the middle one
    crossing = x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k])
    near = np.abs(x - crossing) <= AROUND_mV
    places = np.unique(x[near]).size
    if places < FEWEST:
        return nan, float(crossing)
    degree = 2 if places > FEWEST else 1
    coefficients = np.polynomial.polynomial.polyfit(x[near] - crossing, y[near], degree)
    slope = float(coefficients[1])
    return (slope, float(crossing - coefficients[0] / slope)) if slope > 0.0 else (nan, float(crossing))


def _true_reversal_mV(recording: Recording, question: Question) -> float:
    """Where the true current reverses under the circumstances in which it is measured; NaN if that is not known."""
    rig = recording.sweeps[-1].rig
    together = question.trace in TOTALS and sum(channel.on for channel in rig.cell.channels) > 1
    if together and _kind_of(recording, question) is peak_iv:
        return nan
    return reversal_mV(rig, question.trace, _open_then(recording, question))


def _true_slope_and_reversal(recording: Recording, question: Question) -> tuple[float, float]:
    """Slope in nS of the true current at its reversal, and the reversal in mV, under the same circumstances."""
    rig, e_mV = recording.sweeps[-1].rig, _true_reversal_mV(recording, question)
    if not isfinite(e_mV):
        return nan, nan
    near, p_open = np.array([e_mV - 0.5, e_mV + 0.5]), _open_then(recording, question)
    channel = None if question.trace in TOTALS else channel_of(rig, question.trace)
    if channel is None:
        i_pA = steady_current_pA(rig, near, p_open)
    else:
        p = steady_p_open(channel, rig.solutions, near) if p_open is None else p_open.get(channel.name, 1.0)
        i_pA = p * channel.open_current_pA(near, rig.solutions)
    return float(np.diff(i_pA)[0]), e_mV


def _open_then(recording: Recording, question: Question) -> dict[str, float] | None:
    """How open the channels are where tails begin; None where the I–V is not of tails, for then they have settled."""
    return open_at_tail(recording, question) if _kind_of(recording, question) is tail_iv else None


def _fraction(solutions: Solutions, first: str, second: str) -> float:
    """Share of the second ion in the mixture of two outside; inside if they are not outside."""
    for side in SIDES:
        a, b = solutions.drug_mM(first, side), solutions.drug_mM(second, side)
        if a + b > 0.0:
            return b / (a + b)
    return nan
