"""Panels can be moved, put away and brought back; what is remembered of them never keeps the window from opening."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from rig_window import drag_mouse, nothing_goes_wrong, open_window, press

from vclamp.ui.docks import LAYOUTS, Docks
from vclamp.ui.settings import Settings
from vclamp.ui.window import Window

pytestmark = pytest.mark.usefixtures("qapp")
Key, Control = Qt.Key, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    with nothing_goes_wrong(), open_window(tmp_path, ready=False) as window:
        window.resize(1366, 768)
        QTest.qWait(50)
        yield window


def shown(window: Window) -> set[str]:
    return {name for name, dock in window.docks.docks.items() if dock.isVisible()}


@pytest.mark.parametrize(("key", "name"), [(Key.Key_1, "Student"), (Key.Key_2, "Demo"), (Key.Key_3, "Analyse")])
def test_a_key_chooses_a_layout(window: Window, key: Qt.Key, name: str) -> None:
    before = "Analyse" if name == "Student" else "Student"
    window.docks.choose(before)
    press(window, key, Control)
    QTest.qWait(20)
    assert shown(window) == set(LAYOUTS[name])


def test_a_panel_is_put_away_floated_and_brought_back_by_its_buttons_and_the_menu(window: Window) -> None:
    dock = window.docks.docks["curves"]
    away, float_it = (
        next(b for b in dock.titleBarWidget().findChildren(QToolButton) if b.text() == sign) for sign in "×▫"
    )
    QTest.mouseClick(float_it, Qt.MouseButton.LeftButton)
    assert dock.isFloating()
    QTest.mouseClick(float_it, Qt.MouseButton.LeftButton)
    assert not dock.isFloating()
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    assert "curves" not in shown(window)
    dock.toggleViewAction().trigger()
    assert "curves" in shown(window)


def test_a_narrow_window_has_the_curves_as_a_tab_and_a_wide_one_beside_the_numbers(window: Window) -> None:
    curves, numbers = window.docks.docks["curves"], window.docks.docks["numbers"]
    for width, tabbed in ((1024, True), (1366, False), (1050, True), (1920, False)):
        window.resize(width, 740)
        QTest.qWait(50)
        assert (curves in window.tabifiedDockWidgets(numbers)) == tabbed, width
        assert tabbed or curves.geometry().bottom() < numbers.geometry().top()


def test_a_window_that_grows_while_its_column_is_folded_is_not_folded_within_that(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt's tables of the tabs do not bear it, and the process ends."""
    fold, under_way, within = Docks._fold, [], []

    def watched(docks: Docks, narrow: bool, *, again: bool = False) -> None:
        within.extend(under_way)
        under_way.append(window.width())
        fold(docks, narrow, again=again)
        under_way.pop()

    monkeypatch.setattr(Docks, "_fold", watched)
    for act in (
        lambda: window.resize(700, 276),
        lambda: window.looks.choose("projector"),
        lambda: window.docks.choose("Analyse"),
        lambda: window.resize(1595, 331),  # panels below one another need more height than tabs
    ):
        act()
        QTest.qWait(10)
    assert window.height() > 331
    assert within == []


@pytest.mark.parametrize("name", ["curves", "numbers", "ledger"])
def test_a_panel_put_elsewhere_stays_there_however_narrow_the_window(window: Window, name: str) -> None:
    dock = window.docks.docks[name]
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    for width in (1024, 1366):
        window.resize(width, 740)
        QTest.qWait(50)
        assert window.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea, width
    window.docks.choose("Student")
    assert window.dockWidgetArea(dock) == Qt.DockWidgetArea.RightDockWidgetArea


def test_the_sides_follow_the_window_until_they_are_divided_by_hand(window: Window) -> None:
    curves = window.docks.docks["curves"]
    window.resize(1900, 900)
    QTest.qWait(50)
    assert curves.width() == round(0.25 * 1900)
    edge = QPoint(curves.x() - 3, 300)
    drag_mouse(window, edge, edge - QPoint(100, 0))
    QTest.qWait(20)
    assert curves.width() == pytest.approx(575, abs=3)
    window.resize(1800, 900)
    QTest.qWait(50)
    assert curves.width() == pytest.approx(575, abs=3)


def test_a_layout_is_found_again_as_it_was_left(tmp_path: Path) -> None:
    with open_window(tmp_path, ready=False) as window:
        window.resize(1300, 750)
        window.docks.docks["rig"].close()
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, window.docks.docks["curves"])
        QTest.qWait(50)
        window.resizeDocks([window.docks.docks["membrane"]], [333], Qt.Orientation.Horizontal)
        QTest.qWait(20)
    with nothing_goes_wrong(), open_window(tmp_path, ready=False) as window:
        QTest.qWait(50)
        assert window.height() == 750
        assert window.width() == min(1300, window.screen().availableGeometry().width() - 2)  # no wider than its screen
        assert shown(window) == {"membrane", "curves", "ledger", "runs", "numbers"}
        assert window.dockWidgetArea(window.docks.docks["curves"]) == Qt.DockWidgetArea.BottomDockWidgetArea
        assert window.docks.docks["membrane"].width() == 333
        assert Settings(tmp_path / "set.ini").text("layout/trying", "?") == ""


def damaged(good: str, how: str) -> str:
    kept = json.loads(good)
    if how == "checksum":
        kept["state"][1] = kept["state"][1].swapcase()
    elif how == "half":
        return good[: len(good) // 2]
    elif how == "noise":
        return random.Random(1).randbytes(200).hex()
    elif how == "nested":
        return "[" * 100_000
    else:
        kept = {"state": [1, 2, 3], "crc32": None}
    return json.dumps(kept)


@pytest.mark.parametrize("how", ["checksum", "half", "noise", "nested", "shape"])
def test_a_damaged_layout_is_left_out(tmp_path: Path, how: str) -> None:
    with open_window(tmp_path, ready=False) as window:
        window.docks.choose("Demo")
        key = window.docks._key
    settings = Settings(tmp_path / "set.ini")
    settings.remember(key, damaged(settings.text(key, ""), how))
    with nothing_goes_wrong(), open_window(tmp_path, ready=False) as window:
        assert shown(window) == set(LAYOUTS["Student"])


def test_a_layout_that_a_start_died_of_is_tried_once(tmp_path: Path) -> None:
    with open_window(tmp_path, ready=False) as window:
        window.docks.choose("Demo")
        key = window.docks._key
    Settings(tmp_path / "set.ini").remember("layout/trying", key)  # as if the program had gone while it restored
    with open_window(tmp_path, ready=False) as window:
        assert shown(window) == set(LAYOUTS["Student"])


def test_a_window_left_on_a_screen_that_is_gone_comes_back(tmp_path: Path) -> None:
    with open_window(tmp_path, ready=False) as window:
        window.move(9999, 9999)
        QTest.qWait(20)
    with open_window(tmp_path, ready=False) as window:
        QTest.qWait(20)
        assert window.screen().availableGeometry().intersects(window.frameGeometry())


def test_safe_mode_forgets_what_was_remembered(tmp_path: Path) -> None:
    Settings(tmp_path / "s.ini").remember("theme", "light")
    assert Settings(tmp_path / "s.ini").text("theme", "dark") == "light"
    assert Settings(tmp_path / "s.ini", safe=True).text("theme", "dark") == "dark"
