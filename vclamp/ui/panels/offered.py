"""The analyses that the window offers, and what is asked of them first."""

from collections.abc import Sequence
from dataclasses import dataclass

from vclamp.analysis.analyses import ANALYSES, analyse, suitable
from vclamp.analysis.results import Question, Result, nothing
from vclamp.analysis.truth import activating_and_not
from vclamp.errors import VClampError
from vclamp.model.record import Header, Recording

OWN, CURSORS = "own", "cursors"
EXPONENTIALS = "exponentials"
_LAST = (EXPONENTIALS, "measure", "chord")  # suit everything, and so say little of any recording
_OF_INACTIVATION = ("availability", "recovery", "inactivation-tau")
_OF_GATING = ("gv", "tail-gv", "envelope", "activation-tau", "deactivation-tau", *_OF_INACTIVATION)


@dataclass(frozen=True)
class Offer:
    """An analysis as it is offered: its title, and where in a sweep it measures unless told otherwise."""

    title: str
    window: str = OWN
    compares_runs: bool = False


_BETWEEN_CURSORS = {
    EXPONENTIALS: "Exponentials between the cursors",
    "measure": "Measurements between the cursors, sweep by sweep",
}
OFFERED = {
    name: Offer(
        _BETWEEN_CURSORS.get(name, each.title), CURSORS if name in _BETWEEN_CURSORS else OWN, each.compares_runs
    )
    for name, each in sorted(ANALYSES.items(), key=lambda item: item[0] in _LAST)
}


def first_choice(suits: Sequence[str]) -> str:
    """The analysis to begin with, of those that suit."""
    telling = [name for name in suits if name not in _LAST and not OFFERED[name].compares_runs]
    return (telling or list(suits) or list(OFFERED))[0]


def telling_trace(name: str, header: Header) -> str:
    """The trace to begin with: the current, less its leak if that is known; for gating, of several channels one's."""
    rig = header.rig
    gated = [channel for channel in rig.cell.channels if channel.is_gated and channel.on]
    if rig.amplifier.clamps_current:
        return "v_mV"
    if name not in _OF_GATING or len(gated) < 2:
        return "i_pA" if header.protocol.leak is None else "i_subtracted_pA"
    inactivating = [channel for channel in gated if activating_and_not(channel)[1]]
    first = (inactivating if name in _OF_INACTIVATION and inactivating else gated)[0]
    return f"i_{first.name}_pA"


def is_exam(recordings: Sequence[Recording]) -> bool:
    """Whether one of them was made in an exam, whose truth is never told."""
    return any(recording.header.rig.cell.exam for recording in recordings)


def ask(name: str, recordings: Sequence[Recording], question: Question) -> Result:
    """Ask an analysis; what it cannot answer it says."""
    try:
        return analyse(name, recordings, question)
    except VClampError as error:
        return nothing(name, str(error))


def why_not(recording: Recording) -> dict[str, str]:
    """Of the analyses that a recording was not made for, those that can find nothing in it, and why."""
    suits = suitable(recording, recording)
    found = {
        name: ask(name, [recording], Question(telling_trace(name, recording.header)))
        for name, each in OFFERED.items()
        if name not in suits and not each.compares_runs
    }
    return {
        name: (result.notes or ("It finds nothing.",))[0]
        for name, result in found.items()
        if not result.curves and not result.estimates
    }
