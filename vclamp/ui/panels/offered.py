"""The analyses that the window offers, and what is asked of them first."""

from collections.abc import Sequence
from dataclasses import dataclass

from vclamp.analysis.analyses import ANALYSES, suitable
from vclamp.analysis.results import Question
from vclamp.model.exam import hidden
from vclamp.model.record import Recording
from vclamp.publish.answers import SUIT_ALL, ask, telling_trace

OWN, CURSORS, EXPONENTIALS = "own", "cursors", "exponentials"


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
    for name, each in sorted(ANALYSES.items(), key=lambda item: item[0] in SUIT_ALL)
}


def first_choice(suits: Sequence[str]) -> str:
    """The analysis to begin with, of those that suit."""
    telling = [name for name in suits if name not in SUIT_ALL and not OFFERED[name].compares_runs]
    return (telling or list(suits) or list(OFFERED))[0]


def is_exam(recordings: Sequence[Recording]) -> bool:
    """Whether one of them was made in an exam, whose truth is never told."""
    return any(hidden(recording.header.rig) for recording in recordings)


def why_not(recording: Recording) -> dict[str, str]:
    """Of the analyses that a recording was not made for, those that can find nothing in it, and why."""
    suits = suitable(recording, recording)
    found = {
        name: ask(name, [recording], Question(telling_trace(name, recording)))
        for name, each in OFFERED.items()
        if name not in suits and not each.compares_runs
    }
    return {
        name: (result.notes or ("It finds nothing.",))[0]
        for name, result in found.items()
        if not result.curves and not result.estimates
    }
