"""The export sheet: what, format, name, nothing replaced unasked; progress, queue, cancel and failure."""

import csv
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from rig_window import (
    Key,
    click,
    click_run,
    family,
    live,
    press,
    settle,
    type_into,
    wait_for,
)

from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.publish.exporters import EXPORTERS
from vclamp.storage.compare import sweep_differences
from vclamp.storage.safely import Progress
from vclamp.storage.session import Session
from vclamp.ui.exporting import KEEPS, ExportSheet
from vclamp.ui.window import Window

CTRL = Qt.KeyboardModifier.ControlModifier


def sheet_of(window: Window, folder: Path, format_name: str = "") -> ExportSheet:
    """Ctrl+E, and another folder."""
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    press(window, Key.Key_E, CTRL)
    (sheet,) = [sheet for sheet in window.findChildren(ExportSheet) if sheet.isVisible()]
    sheet.folder.setText(str(folder))
    if format_name:
        sheet.format.setCurrentIndex(sheet.format.findData(format_name))
    return sheet


def samples_of(file: Path) -> list[list[str]]:
    """The rows of a table, without its header."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    return list(csv.reader(lines))[1:]


def slow(exporter: object, seconds: float) -> object:
    """The same exporter, which takes its time and says how far it is."""

    def write(recordings: Sequence[Recording], path: Path, progress: Progress) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            progress(1.0 - left / seconds)
            sum(range(10_000))  # as busy as a real one
        exporter.write(recordings, path, progress)

    return replace(exporter, write=write)


def test_without_a_run_there_is_no_sheet(rig_window: Window) -> None:
    press(rig_window, Key.Key_E, CTRL)
    assert "no finished run" in rig_window.banner.message
    assert rig_window.findChildren(ExportSheet) == []


def test_closing_the_window_leaves_nothing_of_a_long_export(
    rig_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(rig_window)
    monkeypatch.setitem(EXPORTERS, "csv", slow(EXPORTERS["csv"], 60.0))
    out = tmp_path / "out"
    out.mkdir()
    click(sheet_of(rig_window, out, "csv").export)
    live(0.2)
    rig_window.close()
    assert rig_window.closed_whole
    assert [*out.iterdir()] == []


def test_every_format_is_on_the_sheet_says_what_it_keeps_and_is_written(window: Window, tmp_path: Path) -> None:
    for name, exporter in EXPORTERS.items():
        sheet = sheet_of(window, tmp_path, name)
        assert sheet.keeps.text() == KEEPS[exporter.suffix]
        type_into(sheet, sheet.name, "a run", end=Key.Key_Tab)
        click(sheet.export)
        settle(window)
        assert window.banner.message == ""
        assert window.status.news.message == f"saved and checked: a run{exporter.suffix}"
    assert sorted(path.name for path in tmp_path.glob("a run*")) == sorted(
        f"a run{e.suffix}" for e in EXPORTERS.values()
    )


def test_the_run_on_show_is_proposed_and_enter_writes_it(window: Window, three_runs: list, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    window.settings.remember("export_folder", str(out))
    window.settings.remember("export_format", "vclamp")
    click_run(window, 2)
    press(window, Key.Key_E, CTRL)
    (sheet,) = [sheet for sheet in window.findChildren(ExportSheet) if sheet.isVisible()]
    QTest.keyClick(sheet.windowHandle(), Key.Key_Return)
    settle(window)
    with Session.open(out / "quick.vclamp") as session, Session.open(tmp_path / "three.vclamp") as source:
        assert sweep_differences(session.recording(1).sweeps, three_runs[1].sweeps) == []
        assert session.runs()[0].started_utc == source.runs()[1].started_utc


def test_format_and_folder_are_there_again_the_next_time(window: Window, tmp_path: Path) -> None:
    click(sheet_of(window, tmp_path, "csv").export)
    settle(window)
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    press(window, Key.Key_E, CTRL)
    (sheet,) = [sheet for sheet in window.findChildren(ExportSheet) if sheet.isVisible()]
    assert (sheet.format.currentData(), sheet.folder.text()) == ("csv", str(tmp_path))
    sheet.reject()


def test_what_is_there_is_replaced_only_when_that_is_asked_for(window: Window, tmp_path: Path) -> None:
    (tmp_path / "quick.csv").write_text("mine")
    sheet = sheet_of(window, tmp_path, "csv")
    assert "exists already" in sheet.files.text()
    assert not sheet.export.isEnabled()
    type_into(sheet, sheet.name, "other", end=Key.Key_Tab)
    assert sheet.export.isEnabled()
    type_into(sheet, sheet.name, "quick", end=Key.Key_Tab)
    assert not sheet.export.isEnabled()
    click(sheet.replace, QPoint(8, 8))
    click(sheet.export)
    settle(window)
    assert len(samples_of(tmp_path / "quick.csv")) == 4 * 1000


def test_a_file_that_comes_after_the_order_is_not_replaced(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = EXPORTERS["csv"]

    def late(recordings: Sequence[Recording], path: Path, progress: Progress) -> None:
        exporter.write(recordings, path, progress)
        (tmp_path / "quick.csv").write_text("mine")

    monkeypatch.setitem(EXPORTERS, "csv", replace(exporter, write=late))
    click(sheet_of(window, tmp_path, "csv").export)
    settle(window)
    assert "exists already" in window.banner.message
    assert (tmp_path / "quick.csv").read_text() == "mine"


def test_a_name_that_no_system_takes_becomes_one_that_all_do(window: Window, tmp_path: Path) -> None:
    sheet = sheet_of(window, tmp_path, "csv")
    for typed in ("../up", "a/b:c?", "CON", "   "):
        sheet.name.setText(typed)
        assert sheet.path.parent == tmp_path
        assert not set(sheet.path.stem) & set('/\\:*?"<>|')
        assert sheet.path.stem.upper() not in ("CON", "")
    sheet.reject()


def test_selected_runs_selected_sweeps_and_the_whole_session_are_what_is_written(
    window: Window, tmp_path: Path
) -> None:
    click_run(window, 1)
    click_run(window, 2, CTRL)
    sheet = sheet_of(window, tmp_path, "vclamp")
    assert sheet.what.currentText() == "Selected: 2 runs"
    assert sheet.what.itemText(sheet.what.count() - 1) == "The whole session: 3 runs"
    type_into(sheet, sheet.name, "both", end=Key.Key_Tab)
    click(sheet.export)
    settle(window)
    with Session.open(tmp_path / "both.vclamp") as session:
        assert [run.n_sweeps for run in session.runs()] == [4, 4]
    panel = window.documents.runs
    click_run(window, 1)
    panel._items[1].setExpanded(True)
    settle(window)
    panel.tree.clearSelection()
    for sweep in (1, 3):
        panel._items[1].child(sweep).setSelected(True)
    sheet = sheet_of(window, tmp_path, "vclamp")
    assert sheet.what.currentText() == "Selected: 2 sweeps of a run"
    type_into(sheet, sheet.name, "some", end=Key.Key_Tab)
    click(sheet.export)
    settle(window)
    with Session.open(tmp_path / "some.vclamp") as session:
        kept = session.recording(1)
    assert [sweep.index for sweep in kept.sweeps] == [1, 3]


def test_a_long_export_shows_how_far_it_is_and_can_be_cancelled_while_others_wait(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(EXPORTERS, "csv", slow(EXPORTERS["csv"], 20.0))
    click(sheet_of(window, tmp_path, "csv").export)
    click(sheet_of(window, tmp_path, "vclamp").export)
    news = window.status.news
    wait_for(lambda: news.message == "exporting quick.csv (1 more)")
    wait_for(lambda: news.bar.value() > 20)
    assert not window.status.now.isVisible()
    click(news.buttons[0])
    wait_for(lambda: news.message == "saved and checked: quick.vclamp")
    settle(window)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quick.vclamp", "three.vclamp"]
    assert window.banner.message == ""


def test_the_window_lives_while_it_exports(window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPORTERS, "csv", slow(EXPORTERS["csv"], 1.5))
    ticks: list[float] = []
    timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    click(sheet_of(window, tmp_path, "csv").export)
    timer.start()
    live(1.2)
    timer.stop()
    gap = max(b - a for a, b in pairwise(ticks))
    print(f"\nwhile exporting: {len(ticks)} ticks in 1.2 s, largest gap {1000 * gap:.0f} ms")
    assert gap < 0.3
    settle(window)
    assert "saved and checked" in window.status.news.message


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (VClampError("has too many epochs", where="quick.csv"), "quick.csv: has too many epochs."),
        (OSError(28, "No space left on device"), "No space left on device"),
        (sqlite3.OperationalError("boom"), "boom"),
    ],
)
def test_an_export_that_fails_is_told_in_a_sentence_and_leaves_nothing(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(recordings: Sequence[Recording], path: Path, progress: Progress) -> None:
        path.write_text("half")
        raise error

    monkeypatch.setitem(EXPORTERS, "csv", replace(EXPORTERS["csv"], write=fail))
    out = tmp_path / "out"
    out.mkdir()
    click(sheet_of(window, out, "csv").export)
    settle(window)
    assert sentence in window.banner.message
    assert window.status.news.message == ""
    assert [*out.iterdir()] == []


def test_the_path_of_an_export_can_be_copied(window: Window, tmp_path: Path) -> None:
    click(sheet_of(window, tmp_path, "csv").export)
    settle(window)
    click(next(button for button in window.status.news.buttons if button.text() == "Copy path"))
    assert QApplication.clipboard().text() == str(tmp_path / "quick.csv")
