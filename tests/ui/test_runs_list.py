"""The list of runs: named, noted, tagged, hidden, filtered, chosen; also a long one, and while a run goes on."""

import sqlite3
import time
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from recordings import header, made_up_sweep
from rig_window import (
    TTX,
    Key,
    click,
    click_run,
    double_click,
    family,
    live,
    press,
    session_file,
    settle,
    show_runs,
    type_into,
    type_text,
    wait_for,
)

from vclamp.model.record import Finished, Recording
from vclamp.storage.compare import sweep_differences
from vclamp.storage.layout import RunInfo
from vclamp.storage.session import Session
from vclamp.ui.window import Window

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def runs_of(window: Window) -> tuple[RunInfo, ...]:
    """What is in the file."""
    settle(window)
    with Session.open(window.documents.path) as session:
        return session.runs()


def in_view(window: Window) -> list[int]:
    return [run for run, item in window.documents.runs._items.items() if not item.isHidden()]


def place_of(window: Window, run: int) -> QPoint:
    tree = window.documents.runs.tree
    return tree.visualItemRect(window.documents.runs._items[run]).center()


def test_ctrl_s_says_where_the_run_is_and_lets_it_be_named_there(rig_window: Window) -> None:
    press(rig_window, Key.Key_S, CTRL)
    assert "no finished run to save yet" in rig_window.banner.message
    family(rig_window)
    press(rig_window, Key.Key_S, CTRL)
    settle(rig_window)
    assert rig_window.status.news.message == f"saved: {session_file(rig_window).name}, run 1"
    assert rig_window.banner.message == ""
    press(rig_window, Key.Key_Return)
    assert [run.name for run in runs_of(rig_window)] == ["quick 1"]
    assert QApplication.activeModalWidget() is None


def test_shift_m_notes_the_time_on_the_run_that_goes_on_before_it_ends(rig_window: Window) -> None:
    rig_window.set_speed(0.01)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: rig_window.documents.logbook.on_show is not None)
    press(rig_window, Key.Key_M, SHIFT)
    wait_for(rig_window.documents.runs.note.hasFocus)
    type_text(rig_window, "drug on")
    press(rig_window, Key.Key_Return, CTRL)
    file = session_file(rig_window)

    def note() -> str:
        with Session.open(file) as session:
            return session.runs()[0].note

    wait_for(lambda: note().endswith("drug on"), 5.0)
    assert rig_window.bridge.running
    time.strptime(note().split()[0], "%H:%M:%S")
    press(rig_window, Key.Key_Space)
    assert rig_window.bridge.paused, "after Ctrl+Enter keys are commands again"
    press(rig_window, Key.Key_M, SHIFT)
    type_text(rig_window, "drug off")
    press(rig_window, Key.Key_Return, CTRL)
    wait_for(lambda: note().endswith("drug off"), 5.0)
    press(rig_window, Key.Key_Escape)


def test_f2_names_a_run_where_it_stands(window: Window) -> None:
    click_run(window, 2)
    press(window, Key.Key_F2)
    type_text(window, "in TTX")
    press(window, Key.Key_Return)
    assert [run.name for run in runs_of(window)] == ["", "in TTX", ""]
    press(window, Key.Key_F2)
    type_text(window, "never mind")
    press(window, Key.Key_Escape)
    assert [run.name for run in runs_of(window)] == ["", "in TTX", ""]


def test_a_double_click_names_a_run_too(window: Window) -> None:
    tree = window.documents.runs.tree
    click_run(window, 1)
    double_click(tree.viewport(), place_of(window, 1))
    wait_for(lambda: tree.findChild(QLineEdit) is not None)
    type_text(window, "control")
    press(window, Key.Key_Return)
    assert [run.name for run in runs_of(window)] == ["control", "", ""]


def test_notes_and_tags_are_in_the_file_when_their_field_is_left(window: Window) -> None:
    click_run(window, 1)
    panel = window.documents.runs
    type_into(window, panel.tags, "#control, TTX control")
    click(panel.note)
    type_text(window, "Rs jumped")
    press(window, Key.Key_Return)
    type_text(window, "then stable")
    click_run(window, 3)
    first, second, third = runs_of(window)
    assert first.tags == ("control", "TTX")
    assert first.note == "Rs jumped\nthen stable"
    assert (second.note, third.note, third.tags) == ("", "", ())
    assert (panel.note.toPlainText(), panel.tags.text()) == ("", "")
    click_run(window, 1)
    assert panel.note.toPlainText() == "Rs jumped\nthen stable"


def test_a_note_can_be_written_on_one_sweep(window: Window) -> None:
    panel = window.documents.runs
    panel._items[2].setExpanded(True)
    settle(window)
    assert [panel._items[2].child(n).text(0) for n in range(4)] == [f"sweep {n}" for n in range(1, 5)]
    at = panel.tree.visualItemRect(panel._items[2].child(2)).center()
    QTest.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    click(panel.note)
    type_text(window, "artefact")
    press(window, Key.Key_Return, CTRL)
    settle(window)
    with Session.open(window.documents.path) as session:
        assert session.recording(2, ()).about.sweep_notes == ((2, "artefact"),)
    assert panel._items[2].child(2).text(0) == "sweep 3  ✎ artefact"


def test_delete_hides_runs_undo_brings_them_back_and_no_sample_is_lost(window: Window) -> None:
    before = [on_disk(window, run) for run in (1, 2, 3)]
    click_run(window, 1)
    click_run(window, 2, CTRL)
    press(window, Key.Key_Delete)
    assert [run.hidden for run in runs_of(window)] == [True, True, False]
    assert in_view(window) == [3]
    click(window.documents.runs.with_hidden, QPoint(8, 8))
    assert in_view(window) == [1, 2, 3]
    click(window.documents.runs.with_hidden, QPoint(8, 8))
    press(window, Key.Key_Z, CTRL)
    assert [run.hidden for run in runs_of(window)] == [False, False, False]
    assert in_view(window) == [1, 2, 3]
    for run, recording in enumerate(before, 1):
        assert sweep_differences(recording.sweeps, on_disk(window, run).sweeps) == []


def on_disk(window: Window, run: int) -> Recording:
    with Session.open(window.documents.path) as session:
        return session.recording(run)


def test_undo_takes_back_what_was_done_last_a_hiding_or_an_edit(window: Window) -> None:
    click_run(window, 1)
    press(window, Key.Key_Delete)
    settle(window)
    window.edit(TTX, 1e-6)
    press(window, Key.Key_Z, CTRL)
    assert window.bench.rig.solutions.drug_mM("TTX", "out") == 0.0
    assert [run.hidden for run in runs_of(window)] == [True, False, False]


def test_changes_of_an_opened_file_are_written_one_after_the_other(window: Window) -> None:
    file, answers = window.documents.path, []
    for number in range(20):
        window.bridge.amend(file, lambda session, n=number: session.rename_run(1, f"name {n}"), answers.append)
    settle(window)
    assert answers == [None] * 20
    with Session.open(file) as session:
        assert session.runs()[0].name == "name 19"


def test_the_filter_finds_names_tags_notes_and_protocols(window: Window) -> None:
    file = window.documents.path
    window.bridge.amend(file, lambda session: session.rename_run(1, "Control"), lambda _: None)
    window.bridge.amend(file, lambda session: session.tag_run(2, ("ttx",)), lambda _: None)
    window.bridge.amend(file, lambda session: session.note_run(3, "seal lost"), lambda _: None)
    settle(window)
    window.documents.list_runs()
    settle(window)
    found = {}
    for words in ("control", "#ttx", "lost", "quick", "quick control", "nothing of this", ""):
        window.documents.runs.filter.setText(words)
        found[words] = in_view(window)
    assert found == {
        "control": [1], "#ttx": [2], "lost": [3], "quick": [1, 2, 3], "quick control": [1], "nothing of this": [],
        "": [1, 2, 3],
    }  # fmt: skip


def test_runs_of_this_sitting_can_be_named_too_and_the_file_that_was_opened_stays_alone(
    window: Window, tmp_path: Path
) -> None:
    click_run(window, 1)
    press(window, Key.Key_F2)
    type_text(window, "old one")
    press(window, Key.Key_Return)
    settle(window)
    family(window)
    assert window.documents.path == session_file(window)
    newest = runs_of(window)[-1].id
    click_run(window, newest)
    press(window, Key.Key_F2)
    type_text(window, "new one")
    press(window, Key.Key_Return)
    assert runs_of(window)[-1].name == "new one"
    with Session.open(tmp_path / "three.vclamp") as session:
        assert [run.name for run in session.runs()] == ["old one", "", ""]
    assert [path.name for path in tmp_path.glob("three*")] == ["three.vclamp"]


def long_session(file: Path, n_runs: int) -> None:
    with Session.create(file) as session:
        session._database.execute("PRAGMA synchronous = OFF")
        for _ in range(n_runs):
            run = session.add_run(header())
            session.add_sweep(run, made_up_sweep(0, n_samples=10))
            session.finish_run(run, Finished("completed"))


def test_a_session_of_many_runs_opens_with_its_newest_run_and_leaves_the_window_alive(
    only_window: Window, tmp_path: Path
) -> None:
    file = tmp_path / "long.vclamp"
    long_session(file, 1000)
    show_runs(only_window)
    ticks: list[float] = []
    timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    start = time.perf_counter()
    only_window.documents.open(file)
    wait_for(lambda: only_window.documents.runs.count() == 1000)
    took = time.perf_counter() - start
    live(0.2)
    timer.stop()
    gap = max(b - a for a, b in pairwise(ticks))
    print(f"\n1000 runs: on show after {took:.2f} s, largest gap {1000 * gap:.0f} ms")
    assert only_window.documents.logbook.on_show == (file, 1000)
    assert only_window.documents.runs.chosen == (1000,)
    assert took < 3.0
    assert gap < 1.0
    for words in ("nothing of this", ""):
        start = time.perf_counter()
        only_window.documents.runs.filter.setText(words)
        QApplication.processEvents()
        assert time.perf_counter() - start < 0.5


def test_a_file_that_cannot_be_written_to_says_so_and_keeps_its_names(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*anything: object) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    click_run(window, 1)
    with monkeypatch.context() as broken:
        broken.setattr("vclamp.storage.database.transaction", refuse)
        press(window, Key.Key_F2)
        type_text(window, "lost")
        press(window, Key.Key_Return)
        settle(window)
    assert "not changed" in window.banner.message
    assert [run.name for run in runs_of(window)] == ["", "", ""]
    assert window.documents.runs._items[1].text(0) == "", "the list shows what is in the file"
