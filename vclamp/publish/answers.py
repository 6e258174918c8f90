"""The analyses that a report holds: those its protocol was made for, each asked as the window asks it first."""

from collections.abc import Iterator, Sequence

from vclamp.analysis.analyses import ANALYSES, analyse, suitable
from vclamp.analysis.results import Question, Result, nothing
from vclamp.analysis.truth import activating_and_not
from vclamp.errors import VClampError
from vclamp.model.exam import hidden
from vclamp.model.record import Recording

MOST = 6  # of one run
SUIT_ALL = ("exponentials", "measure", "chord")  # and so tell little of any recording
_OF_INACTIVATION = ("availability", "recovery", "inactivation-tau")
_OF_GATING = ("gv", "tail-gv", "envelope", "activation-tau", "deactivation-tau", *_OF_INACTIVATION)


def questions(recording: Recording) -> list[tuple[str, Question]]:
    """What is asked of a run: the analyses its protocol opens, else those that suit it."""
    opened = [name for name in recording.header.protocol.opens.analyses if name in ANALYSES]
    names = opened or [name for name in suitable(recording) if name not in SUIT_ALL]
    truth = not (recording.foreign or hidden(recording.header.rig))
    found = []
    for name in names[:MOST]:
        trace = telling_trace(name, recording)
        if trace in recording.sweeps[-1].names:
            found.append((name, Question(trace, truth=truth)))
    return found


def answers(recordings: Sequence[Recording]) -> Iterator[tuple[str, Question, Result]]:
    """Each question put to the last of some runs, or to all of them where runs are compared; never fails."""
    for name, question in questions(recordings[-1]):
        yield name, question, ask(name, recordings, question)


def ask(name: str, recordings: Sequence[Recording], question: Question) -> Result:
    """Ask an analysis; what it cannot answer it says."""
    try:
        return analyse(name, recordings, question)
    except VClampError as error:
        return nothing(name, str(error))


def telling_trace(name: str, recording: Recording) -> str:
    """The trace to measure: the current, less its leak if that is known; for gating, of several channels one's.

    Of an exam, and of what another program recorded, there is only the current.
    """
    header = recording.header
    total = "i_pA" if header.protocol.leak is None or recording.foreign else "i_subtracted_pA"
    if header.rig.amplifier.clamps_current:
        return "v_mV"
    gated = [channel for channel in header.rig.cell.channels if channel.is_gated and channel.on]
    if name not in _OF_GATING or len(gated) < 2 or hidden(header.rig):
        return total
    inactivating = [channel for channel in gated if activating_and_not(channel)[1]]
    first = (inactivating if name in _OF_INACTIVATION and inactivating else gated)[0]
    return f"i_{first.name}_pA"
