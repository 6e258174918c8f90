"""The shipped protocols as a course: each of the 22 experiments once, with a cell and analyses that show its point."""

import re
from functools import cache

import numpy as np
import pytest
from lessons import cell_of, lesson, protocol

from vclamp import paths
from vclamp.analysis.analyses import ANALYSES, analyse, suitable
from vclamp.model.record import Recording

NAMES = tuple(paths.shipped(paths.PROTOCOLS))
LESSON = re.compile(r"([0-9]+) · \S")
every_protocol = pytest.mark.parametrize("name", NAMES)

PAIRS = [(name, analysis) for name in NAMES for analysis in protocol(name).opens.analyses]


@cache
def recording_of(name: str) -> Recording:
    """What a student sees who opens a protocol and runs it."""
    return lesson(name)


def test_there_is_one_protocol_for_each_of_the_22_experiments() -> None:
    numbers = [int(found[1]) for name in NAMES if (found := LESSON.match(protocol(name).title))]
    assert sorted(numbers) == list(range(1, 23))


@every_protocol
def test_every_protocol_opens_a_cell_with_scopes_that_show_something(name: str) -> None:
    from vclamp.publish.scopes import SCOPES, is_possible

    opens = protocol(name).opens
    assert opens.cell in paths.shipped(paths.CELLS)
    assert opens.analyses
    assert opens.scopes
    rig = cell_of(name)
    for scope in opens.scopes:
        assert scope in SCOPES
        assert is_possible(scope, rig, protocol(name)), scope


@pytest.mark.parametrize(("name", "analysis"), PAIRS)
def test_every_analysis_that_opens_suits_its_recording_and_finds_its_numbers(name: str, analysis: str) -> None:
    recording = recording_of(name)
    if ANALYSES[analysis].compares_runs:
        assert ANALYSES[analysis].suits(recording)
        return
    assert analysis in suitable(recording)
    found = analyse(analysis, [recording])
    assert found.curves
    for fitted in found.curves:
        assert fitted.fit is None or not fitted.fit.warning, fitted.fit.warning
    assert np.isfinite([estimate.value for estimate in found.estimates]).all()


@every_protocol
def test_every_note_says_what_to_do_in_a_few_sentences(name: str) -> None:
    note = protocol(name).note
    assert len(note) < 400
    assert note.endswith(".")
