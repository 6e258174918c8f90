"""Exponentials through one trace between two times, as many as the samples call for."""

from collections.abc import Sequence
from dataclasses import replace

from vclamp.analysis.fit_time_courses import fit_best_exponentials
from vclamp.analysis.measure import unit_of
from vclamp.analysis.results import Curve, Fitted, Question, Result, estimates_of, notes_of
from vclamp.analysis.windows import cut, samples
from vclamp.model.record import Recording


def answer_exponentials(recordings: Sequence[Recording], question: Question) -> Result:
    """One to three exponentials and an offset through the last sweep, in the question's window or mark.

    As many as F tests at the 1 % level call for. Amplitudes are those where the window begins; samples that
    a capacitive transient hides are left out.
    """
    recording = recordings[-1]
    sweep, protocol = recording.sweeps[-1], recording.header.protocol
    window = samples(protocol, sweep, question, "")
    each = cut(sweep, protocol, question, window)
    begin_ms, unit = window[0] / protocol.fs_kHz, unit_of(question.trace)
    fit = fit_best_exponentials(each.t_ms, each.values, at_ms=begin_ms)
    if unit:
        fit = replace(fit, names=tuple(n if n.endswith("_ms") else f"{n}_{unit}" for n in fit.names))
    curve = Curve(f"sweep {sweep.index + 1}", "t_ms", question.trace, each.t_ms, each.values)
    notes: tuple[str, ...] = (f"Sweep {sweep.index + 1}; amplitudes are those at {begin_ms:.5g} ms.",)
    if each.hidden:
        notes += (f"A capacitive transient hides the first {each.hidden / protocol.fs_kHz:.3g} ms.",)
    return Result("exponentials", (Fitted(curve, fit),), estimates_of(fit), notes + notes_of([("fit", fit)]))
