"""All keys at a glance: complete, legible in every look, gone with any key."""

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication
from rig_window import Key, click, live, press, settle

from vclamp.ui.actions import all_keys
from vclamp.ui.key_map import KeyMap
from vclamp.ui.theme import THEMES
from vclamp.ui.window import Window


def open_map(window: Window) -> KeyMap:
    press(window, Key.Key_Question)
    (sheet,) = window.findChildren(KeyMap)
    assert sheet.isVisible()
    return sheet


@pytest.mark.parametrize("look", list(THEMES))
def test_it_fits_a_small_screen_in_every_look(rig_window: Window, look: str) -> None:
    rig_window.looks.choose(look)
    rig_window.resize(1366, 768)
    live(0.05)
    sheet = open_map(rig_window)
    assert sheet.geometry() == rig_window.rect()
    inside = QRect(0, 0, 1366, 768)
    for one, other in zip(sheet.columns, sheet.columns[1:], strict=False):
        assert one.geometry().right() < other.geometry().left()
    for column in sheet.columns:
        assert inside.contains(column.geometry())
        assert column.fontInfo().pixelSize() >= 12


def test_every_shortcut_of_the_window_is_on_it(rig_window: Window) -> None:
    listed = {QKeySequence(key).toString() for rows in all_keys().values() for key, _ in rows}
    ranges = [f"{held}{n}" for held in ("", "Alt+", "Shift+", "Alt+Shift+") for n in range(10)] + [
        f"Ctrl+{n}" for n in (1, 2, 3)
    ]
    has = {a.shortcut().toString(): a.text() for a in rig_window.findChildren(QAction) if not a.shortcut().isEmpty()}
    assert len(has) > 40
    assert {key: text for key, text in has.items() if key not in listed | set(ranges)} == {}


def test_its_text_can_be_read_aloud(rig_window: Window) -> None:
    sheet = open_map(rig_window)
    assert sheet.accessibleName()
    assert "Space: Run or pause" in sheet.accessibleDescription()


@pytest.mark.parametrize("key", [Key.Key_Space, Key.Key_Escape, Key.Key_V, Key.Key_Left])
def test_any_key_takes_it_away_and_does_nothing_else(rig_window: Window, key: Key) -> None:
    before = rig_window.bench.rig
    open_map(rig_window)
    press(rig_window, key)
    live(0.02)
    assert rig_window.findChildren(KeyMap) == []
    assert not rig_window.bridge.running
    assert rig_window.bench.rig == before
    press(rig_window, Key.Key_Space)
    assert rig_window.bridge.running


def test_a_click_takes_it_away_and_the_focus_is_where_it_was(rig_window: Window) -> None:
    rig_window.bar.speed.setFocus()
    click(open_map(rig_window))
    live(0.02)
    assert rig_window.findChildren(KeyMap) == []
    assert QApplication.focusWidget() is rig_window.bar.speed
    settle(rig_window)


def test_it_grows_with_the_window(rig_window: Window) -> None:
    sheet = open_map(rig_window)
    rig_window.resize(1500, 900)
    live(0.05)
    assert sheet.size() == rig_window.size()
