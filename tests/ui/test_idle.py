"""A window in which nothing goes on costs nothing, whatever went on before."""

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtTest import QTest
from rig_window import Key, drag, family, live, press, settle, ttx_slider, wait_for

from vclamp.ui.status import ANNOUNCED_MS
from vclamp.ui.window import Window

IDLE_S = 1.0


def timers(window: Window) -> list[QTimer]:
    """Those that run, but for one that takes an announcement away once."""
    found = window.findChildren(QTimer) + window.bridge.findChildren(QTimer)
    return [each for each in found if each.isActive() and each.interval() < ANNOUNCED_MS]


def drag_a_blocker(window: Window) -> None:
    drag(ttx_slider(window), 0.5)


def clamp_a_test_pulse(window: Window) -> None:
    press(window, Key.Key_T)
    live(0.4)
    press(window, Key.Key_T)


def project(window: Window) -> None:
    press(window, Key.Key_F11)
    press(window, Key.Key_PageDown)
    settle(window)
    press(window, Key.Key_F11)


def look_around(window: Window) -> None:
    """The mouse moves over the scopes, a run is paused and stopped, every page is turned to."""
    port = window.display.stack.viewport()
    for step in range(10):
        QTest.mouseMove(port, QPoint(100 + 20 * step, 200))
    press(window, Key.Key_Space)
    live(0.05)
    press(window, Key.Key_Space)
    press(window, Key.Key_Escape)
    wait_for(lambda: not window.bridge.running)
    for tab in range(window.tabs.count()):
        window.tabs.setCurrentIndex(tab)
        settle(window)


def open_the_editors(window: Window) -> None:
    press(window, Key.Key_P)
    press(window, Key.Key_E)
    live(0.1)
    window.tools.channel.close()
    press(window, Key.Key_P)


ACTIVITIES = (drag_a_blocker, clamp_a_test_pulse, project, look_around, open_the_editors)


@pytest.mark.parametrize("activity", ACTIVITIES, ids=lambda each: each.__name__)
def test_an_idle_window_rests(rig_window: Window, activity: Callable[[Window], None]) -> None:
    family(rig_window)
    activity(rig_window)
    settle(rig_window)
    wait_for(lambda: not timers(rig_window), 3.0, "timers to end")
    paints, begun = rig_window.display.stack.paints, time.process_time()
    live(IDLE_S)
    assert timers(rig_window) == []
    assert rig_window.display.stack.paints - paints <= 1  # a cursor that blinks is no scope
    assert time.process_time() - begun < 0.05 * IDLE_S
