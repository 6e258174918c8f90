"""Marks are edited, and neither they nor another name throw away what was recorded; a changed holding is marked."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from rig_window import (
    click,
    double_click,
    family,
    live,
    nothing_goes_wrong,
    open_window,
    points,
    press,
    session_file,
    settle,
    type_into,
    wait_for,
)

from vclamp.model.files import load_protocol
from vclamp.model.protocol import Mark
from vclamp.storage.session import Session
from vclamp.ui.protocols.marks import MARKS, TO_THE_END, MarksForm
from vclamp.ui.window import Window

Key = Qt.Key
pytestmark = pytest.mark.usefixtures("qapp")


def marks_page(window: Window) -> MarksForm:
    """The page of marks, in front."""
    window.docks.show("protocol")
    editor = window.tools.protocol
    tabs = editor.pages.tabs
    tabs.setCurrentIndex([tabs.tabText(k) for k in range(tabs.count())].index(MARKS))
    live(0.05)
    return editor.sides.forms[MARKS]


def marks(window: Window) -> tuple[Mark, ...]:
    return window.bench.protocol.marks


def test_each_mark_of_the_protocol_has_a_row(rig_window: Window) -> None:
    page = marks_page(rig_window)
    assert [row.name.text() for row in page.rows] == [mark.name for mark in marks(rig_window)]
    assert page.rows[0].segment.currentText() == "test"
    assert page.rows[0].end.text() == TO_THE_END


def test_a_typed_mark_measures_what_was_recorded_anew(rig_window: Window) -> None:
    family(rig_window)
    recorded, page = rig_window.display.recording, marks_page(rig_window)
    steady = next(k for k, mark in enumerate(marks(rig_window)) if mark.name == "steady")
    before = {p.curve.name: p.curve.y.copy() for p in rig_window.display.iv._shown}
    type_into(rig_window, page.rows[steady].end, "0.3 ms")
    settle(rig_window)
    assert marks(rig_window)[steady].end_ms == 0.3
    assert rig_window.display.recording.sweeps is recorded.sweeps
    assert points(rig_window) == len(recorded.sweeps)
    after = {p.curve.name: p.curve.y for p in rig_window.display.iv._shown}
    assert any(not np.array_equal(before[name], after[name]) for name in before)
    assert "mark steady to" in rig_window.bench.undo_step
    press(rig_window, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(rig_window)
    assert marks(rig_window)[steady].end_ms is None
    assert rig_window.display.recording.sweeps is recorded.sweeps


def test_a_mark_is_added_renamed_and_taken_away(rig_window: Window) -> None:
    page, before = marks_page(rig_window), marks(rig_window)
    click(page.add)
    assert marks(rig_window) == (*before, Mark("mark", "test"))
    type_into(rig_window, page.rows[-1].name, "tail")
    assert marks(rig_window)[-1].name == "tail"
    click(page.rows[0].away)
    assert [mark.name for mark in marks(rig_window)] == [*(mark.name for mark in before[1:]), "tail"]
    assert len(page.rows) == len(before)


@pytest.mark.parametrize(("field", "typed", "said"), [("end", "0.05", "ends before"), ("name", "steady", "two marks")])
def test_a_mark_that_cannot_be_is_refused_and_the_last_good_one_stays(
    rig_window: Window, field: str, typed: str, said: str
) -> None:
    page, before = marks_page(rig_window), marks(rig_window)
    at = next(k for k, mark in enumerate(before) if mark.name != "steady")
    type_into(rig_window, getattr(page.rows[at], field), typed)
    assert marks(rig_window) == before
    assert said in rig_window.tools.protocol.pages.message.text().lower()
    assert page.rows[at].name.text() == before[at].name
    assert page.rows[at].end.text() == TO_THE_END


def test_saving_the_protocol_by_another_name_keeps_what_was_recorded(
    rig_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(rig_window)
    sweeps = rig_window.display.recording.sweeps
    target = tmp_path / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    marks_page(rig_window)
    rig_window.tools.protocol.save_as()
    wait_for(lambda: rig_window.bench.protocol.name == "mine")
    settle(rig_window)
    assert load_protocol(target).name == "mine"
    assert rig_window.display.recording.sweeps is sweeps
    assert points(rig_window) == len(sweeps)
    with Session.open(session_file(rig_window)) as session:
        assert session.recording(session.runs()[-1].id).header.protocol.name == "quick"  # what was recorded says so
    rig_window.edit("cell.channels.na.g_nS", 60.0)  # and what would be is still laid over it
    settle(rig_window)
    assert rig_window.display.compared is not None
    assert rig_window.display.compared.sweeps is sweeps


def test_a_protocol_that_plays_otherwise_begins_afresh(rig_window: Window) -> None:
    family(rig_window)
    rig_window.edit("protocol.hold_mV", -70.0)
    settle(rig_window)
    assert rig_window.display.recording is None


def test_a_dot_marks_a_holding_potential_that_is_not_the_protocols_and_its_name_resets_it(
    tmp_path: Path,
) -> None:
    with nothing_goes_wrong(), open_window(tmp_path) as window:  # a shipped protocol
        bar, preset_mV = window.bar, window.bench.protocol.hold_mV
        wait_for(lambda: window.tools.protocol.files.preset("iv") is not None)
        assert not bar._hold_dot.isVisible()
        type_into(window, bar.hold, "-75")
        assert window.bench.protocol.hold_mV == -75.0
        assert bar._hold_dot.isVisible()
        assert f"Changed from {preset_mV:g} mV".replace("-", "−") in bar.hold.toolTip()
        double_click(bar.hold_name)
        assert window.bench.protocol.hold_mV == preset_mV
        assert not bar._hold_dot.isVisible()
        assert "Changed" not in bar.hold.toolTip()
