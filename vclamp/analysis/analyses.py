"""The analyses there are, which of them suit a recording, and how to ask one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from vclamp.analysis.amplitudes import all_points_answer, is_few
from vclamp.analysis.between import answer_exponentials
from vclamp.analysis.charge import gating_charge_answer
from vclamp.analysis.chord import answer_chord
from vclamp.analysis.conductance import (
    answer_availability,
    answer_gv,
    answer_iv,
    answer_ramp_iv,
    answer_tail_gv,
    answer_tail_iv,
)
from vclamp.analysis.dwell_times import dwell_times_answer
from vclamp.analysis.kinetics import (
    answer_activation,
    answer_deactivation,
    answer_envelope,
    answer_inactivation,
    answer_recovery,
    is_recovery,
)
from vclamp.analysis.measure import answer_measure
from vclamp.analysis.membrane_test import membrane_test_answer
from vclamp.analysis.noise import is_noisy, is_repeated, spectrum_answer, variance_mean_answer
from vclamp.analysis.results import Analysis, Question, Result, nothing
from vclamp.analysis.runs import answer_dose, answer_mole_fraction, answer_reversal, answer_woodhull
from vclamp.analysis.windows import mark_segments, varied
from vclamp.errors import VClampError
from vclamp.model.exam import hidden, is_told
from vclamp.model.record import Recording, has_gating_current
from vclamp.model.segments import MembraneTest
from vclamp.units import celsius


def _in_step(*marks: str) -> Callable[[Recording], bool]:
    """Whether one of these marks lies in the step whose level changes."""

    def suits(recording: Recording) -> bool:
        changes, where = varied(recording.header.protocol), mark_segments(recording.header.protocol)
        return changes is not None and changes.what == "level" and changes.segment in (where.get(m) for m in marks)

    return suits


def _after(mark: str, what: str) -> Callable[[Recording], bool]:
    """Whether this mark lies behind the segment whose level, or duration, changes."""

    def suits(recording: Recording) -> bool:
        changes, where = varied(recording.header.protocol), mark_segments(recording.header.protocol)
        return changes is not None and changes.what == what and where.get(mark, -1) > changes.segment

    return suits


def _marked(mark: str) -> Callable[[Recording], bool]:
    """Whether the protocol has this mark."""
    return lambda recording: mark in mark_segments(recording.header.protocol)


def _activates(recording: Recording) -> bool:
    """Whether the step that changes is the one to look at, not a prepulse."""
    return _in_step("peak", "steady")(recording) and not _after("peak", "level")(recording)


def _any_iv(recording: Recording) -> bool:
    """Whether an I–V can be drawn."""
    return _marked("ramp")(recording) or _in_step("peak", "steady", "tail")(recording)


def _blockable(recording: Recording) -> bool:
    """Whether something in the cell can be blocked."""
    return any(channel.blockers for channel in recording.header.rig.cell.channels)


def _moves_charge(recording: Recording) -> bool:
    """Whether the gating charge of some channel can be seen to move with the step that changes."""
    changes, channels = varied(recording.header.protocol), recording.header.rig.cell.channels
    return changes is not None and changes.what == "level" and any(map(has_gating_current, channels))


def _is_passive(recording: Recording) -> bool:
    """Whether there is a membrane test in the protocol, or nothing in the cell but resistors and capacitors."""
    tested = any(isinstance(segment, MembraneTest) for segment in recording.header.protocol.segments)
    return tested or not any(channel.is_gated for channel in recording.header.rig.cell.channels)


def _always(recording: Recording) -> bool:
    return True


ANALYSES: dict[str, Analysis] = {
    "measure": Analysis("Measurements of each sweep in a window", answer_measure, _always, any_mode=True),
    "peak-iv": Analysis("I-V of peak currents", partial(answer_iv, kind="peak-iv"), _in_step("peak")),
    "steady-iv": Analysis("I-V of steady currents", partial(answer_iv, kind="steady-iv"), _in_step("steady")),
    "tail-iv": Analysis("Instantaneous I-V of tails: reversal potential", answer_tail_iv, _in_step("tail")),
    "ramp-iv": Analysis("I-V of a ramp", answer_ramp_iv, _marked("ramp")),
    "gv": Analysis("G-V from current, with a Boltzmann curve", answer_gv, _activates),
    "tail-gv": Analysis("G-V from tails, with a Boltzmann curve", answer_tail_gv, _after("tail", "level")),
    "availability": Analysis("Steady-state inactivation", answer_availability, _after("peak", "level")),
    "recovery": Analysis("Recovery from inactivation", answer_recovery, is_recovery),
    "envelope": Analysis("Envelope of tails", answer_envelope, _after("tail", "duration")),
    "activation-tau": Analysis("Activation time constants", answer_activation, _activates),
    "inactivation-tau": Analysis("Inactivation time constants", answer_inactivation, _in_step("peak")),
    "deactivation-tau": Analysis("Deactivation time constants", answer_deactivation, _in_step("tail")),
    "chord": Analysis("Chord construction of the resting potential", answer_chord, _always, any_mode=True),
    "dose-response": Analysis("Dose-response over several runs", answer_dose, _blockable, compares_runs=True),
    "woodhull": Analysis("Voltage-dependent block over several runs", answer_woodhull, _blockable, compares_runs=True),
    "reversal": Analysis("Reversal potential against log concentration", answer_reversal, _any_iv, compares_runs=True),
    "mole-fraction": Analysis("Mole-fraction curve over several runs", answer_mole_fraction, _any_iv,
                              compares_runs=True),
    "gating-charge": Analysis("Q-V of gating current", gating_charge_answer, _moves_charge),
    "variance-mean": Analysis("Variance against mean of repeated sweeps", variance_mean_answer, is_repeated),
    "spectrum": Analysis("Power spectrum with a Lorentzian", spectrum_answer, is_noisy),
    "all-points": Analysis("All-points histogram", all_points_answer, is_few),
    "dwell-times": Analysis("Dwell times of single channels", dwell_times_answer, is_few),
    "membrane-test": Analysis("Membrane test: series resistance, membrane resistance, capacitance",
                              membrane_test_answer, _is_passive),
    "exponentials": Analysis("Exponentials in a window of the last sweep", answer_exponentials, any_mode=True),
}  # fmt: skip


def analyse(name: str, recordings: Sequence[Recording], question: Question | None = None) -> Result:
    """Ask one analysis of one recording, or of several runs.

    An analysis of a single run is asked of the last; one that compares runs, of all with that one's protocol. Where
    `question.truth` is false, or one of the cells is an exam's, the answer holds none; an exam's is asked against the
    command, of traces that an experimenter would have.

    Raises
    ------
    VClampError
        If there is no such analysis, or no trace or window of the name asked for.
    """
    if name not in ANALYSES:
        raise VClampError(f"there is no analysis '{name[:40]}'", remedy=f"There are: {', '.join(ANALYSES)}.")
    question = question or Question()
    analysis = ANALYSES[name]
    asked = [recording for recording in recordings if recording.sweeps]
    if any(hidden(recording.header.rig) for recording in recordings):
        question = replace(question, truth=False, against="command")
    if not asked:
        return nothing(name, "There are no sweeps to measure.")
    asked = _alike(asked) if analysis.compares_runs else asked[-1:]
    for recording in asked:
        _check(recording, question)
    if not analysis.any_mode and any(recording.header.rig.amplifier.clamps_current for recording in asked):
        return nothing(name, "This is a recording in current clamp: there is no current to measure against voltage.")
    with np.errstate(all="ignore"):  # numbers that overflow become notes, not warnings
        result = analysis.answer(asked, question)
    result = _told_of_warmth(asked, result)
    return result if question.truth else result.without_truth()


def _told_of_warmth(asked: Sequence[Recording], result: Result) -> Result:
    """The result with a note where it takes a temperature that the file of another program does not tell."""
    recording = asked[-1]
    if not recording.foreign or not any(estimate.name.startswith("z_e") for estimate in result.estimates):
        return result
    warmth = celsius(recording.header.rig.solutions.temperature_K)
    return replace(result, notes=(*result.notes, f"z_e is that at {warmth:g} °C: the file tells no temperature."))


def suitable(*recordings: Recording) -> tuple[str, ...]:
    """Names of the analyses that the last recording was made for; of several runs, those that compare them too."""
    recording, several = recordings[-1], len(_alike(recordings)) > 1
    clamped = not recording.header.rig.amplifier.clamps_current
    return tuple(
        name
        for name, each in ANALYSES.items()
        if (clamped or each.any_mode) and (several or not each.compares_runs) and each.suits(recording)
    )


def _is_range(ends: tuple[float, float]) -> bool:
    return bool(np.isfinite(ends).all() and ends[0] < ends[1])


def _alike(recordings: Sequence[Recording]) -> list[Recording]:
    """The runs of the protocol that the last one has."""
    return [recording for recording in recordings if recording.header.protocol == recordings[-1].header.protocol]


def _check(recording: Recording, question: Question) -> None:
    """Refuse a question that names what is not there, or numbers that are none."""
    names = [name for name in recording.sweeps[-1].names if is_told(name, recording.header.rig)]
    if question.trace not in names:
        raise VClampError(f"there is no trace '{question.trace[:40]}'", remedy=f"There are: {', '.join(names)}.")
    protocol = recording.header.protocol
    marks = [mark.name for mark in protocol.marks]
    if question.mark and question.mark not in marks:
        raise VClampError(
            f"protocol '{protocol.name}' has no mark '{question.mark[:40]}'",
            remedy=f"It has: {', '.join(marks) or 'none'}.",
        )
    for window in (question.window_ms, question.baseline_ms):
        if window is not None and not (_is_range(window) and window[0] >= 0.0):
            raise VClampError(
                f"{window[0]:g} to {window[1]:g} ms is no window", remedy="It begins at 0 or later and ends after that."
            )
    if question.leak_mV is not None and not _is_range(question.leak_mV):
        raise VClampError(f"{question.leak_mV[0]:g} to {question.leak_mV[1]:g} mV is no range of voltages")
    if question.e_rev_mV is not None and not np.isfinite(question.e_rev_mV):
        raise VClampError(f"{question.e_rev_mV:g} mV is no reversal potential")
