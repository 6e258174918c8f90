"""F11 turns the window into a lecture's: large, quiet, every key to be seen; and F11 puts everything back."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from rig_window import press, settle, type_into

from vclamp import paths
from vclamp.model.files import titles
from vclamp.ui.docks import LAYOUTS
from vclamp.ui.window import Window

Key = Qt.Key


def shown(window: Window) -> set[str]:
    return {name for name, dock in window.docks.docks.items() if dock.isVisible()}


def test_f11_makes_it_large_and_f11_puts_everything_back(rig_window: Window) -> None:
    rig_window.looks.choose("light")
    rig_window.docks.docks["curves"].close()
    before, size = shown(rig_window), rig_window.size()
    press(rig_window, Key.Key_F11)
    QTest.qWait(50)
    assert rig_window.isFullScreen()
    assert rig_window.looks.theme.name == "projector"
    assert rig_window.font().pixelSize() >= 18
    assert shown(rig_window) == set(LAYOUTS["Demo"])
    press(rig_window, Key.Key_F11)
    QTest.qWait(50)
    assert not rig_window.isFullScreen()
    assert (rig_window.looks.theme.name, shown(rig_window), rig_window.size()) == ("light", before, size)
    assert rig_window.settings.text("theme", "") == "light"


def test_keys_and_clicks_are_written_for_all_to_see(rig_window: Window) -> None:
    projector = rig_window.course.projector
    press(rig_window, Key.Key_W)
    assert not projector.caption.isVisible()
    press(rig_window, Key.Key_F11)
    for key, text in ((Key.Key_W, "W   Wash all blockers off"), (Key.Key_Space, "Space   Run or pause")):
        press(rig_window, key)
        assert projector.caption.isVisible()
        assert projector.caption.text() == text
    settle(rig_window)
    scopes = rig_window.display.stack.viewport()
    at = scopes.mapTo(rig_window, scopes.rect().center())
    QTest.mouseClick(rig_window.windowHandle(), Qt.MouseButton.LeftButton, pos=at)  # as the window system tells it
    assert projector.caption.text() == "click"
    assert rig_window.rect().contains(projector.caption.geometry())
    QTest.qWait(2000)
    assert not projector.caption.isVisible()


def test_the_sweeps_are_counted_in_large_figures(rig_window: Window) -> None:
    press(rig_window, Key.Key_F11)
    press(rig_window, Key.Key_Space)
    settle(rig_window)
    n = rig_window.bench.protocol.total_sweeps
    assert rig_window.course.projector.counter.text() == f"{n} / {n}"
    assert rig_window.course.projector.counter.isVisible()


def test_b_blanks_and_z_undoes_only_on_a_projector(rig_window: Window) -> None:
    rig_window.edit("cell.channels.na.g_nS", 50.0)
    for key in (Key.Key_B, Key.Key_Z):
        press(rig_window, key)
    assert rig_window.bench.rig.cell.channels[0].g_nS == 50.0
    assert not rig_window.course.projector.dark.isVisible()
    press(rig_window, Key.Key_F11)
    press(rig_window, Key.Key_B)
    assert rig_window.course.projector.dark.isVisible()
    assert rig_window.grab().toImage().pixelColor(300, 300).lightness() == 0
    press(rig_window, Key.Key_B)
    assert not rig_window.course.projector.dark.isVisible()
    press(rig_window, Key.Key_Z)
    assert rig_window.bench.rig.cell.channels[0].g_nS == 120.0


def test_a_clicker_goes_through_the_lessons(rig_window: Window) -> None:
    names = list(titles(paths.PROTOCOLS))
    rig_window.load_protocol(names[0])
    press(rig_window, Key.Key_F11)
    for key, number in ((Key.Key_PageDown, 1), (Key.Key_PageDown, 2), (Key.Key_PageUp, 1), (Key.Key_PageUp, 0)):
        press(rig_window, key)
        assert rig_window.bench.protocol.name == names[number]
    press(rig_window, Key.Key_PageUp)
    assert rig_window.bench.protocol.name == names[0]


def test_l_held_is_a_pointer(rig_window: Window) -> None:
    press(rig_window, Key.Key_F11)
    handle = rig_window.windowHandle()
    QTest.keyPress(handle, Key.Key_L)
    assert QApplication.overrideCursor() is not None
    QTest.keyRelease(handle, Key.Key_L)
    assert QApplication.overrideCursor() is None


def test_letters_typed_into_a_field_are_no_commands(rig_window: Window) -> None:
    press(rig_window, Key.Key_F11)
    rig_window.docks.show("rig")
    QTest.qWait(30)
    type_into(rig_window, rig_window.panel.cards["na"].conductance, "70b", end=Key.Key_Tab)
    assert not rig_window.course.projector.dark.isVisible()


def test_a_list_in_a_window_of_its_own_comes_back_without_a_complaint_of_qt(rig_window: Window) -> None:
    """It is back before the others have their places, and none of them can be given a height then."""
    docks = rig_window.docks
    docks.tabs.setCurrentWidget(rig_window.analyst.panel)
    docks.show("ledger")
    docks.docks["ledger"].setFloating(True)
    QTest.qWait(50)
    for _ in range(2):
        press(rig_window, Key.Key_F11)
        QTest.qWait(50)
    assert docks.docks["ledger"].isFloating()
