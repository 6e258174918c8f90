"""The whole window for tests, driven by real keys, clicks and paints."""

import gc
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter

from PySide6.QtCore import QEvent, QEventLoop, QPoint, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QMenu,
    QScrollArea,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QTreeWidget,
    QWidget,
)
from recordings import iv, squid_axon
from shiboken6 import isValid

from vclamp.model.protocol import Hold, Protocol, Step
from vclamp.model.record import Recording
from vclamp.storage.session import Session
from vclamp.ui.bench import Bench
from vclamp.ui.bridge import Bridge
from vclamp.ui.settings import Settings
from vclamp.ui.window import Window

Key = Qt.Key
BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
HARMLESS = "This plugin does not support"  # all that the offscreen platform has to say
TTX = "solutions.drugs.TTX.out_mM"


@contextmanager
def nothing_goes_wrong() -> Iterator[list[str]]:
    """Every exception that no one caught and every Qt message, said at the end as a failure."""
    heard: list[str] = []

    def qt_said(kind: QtMsgType, context: object, text: str) -> None:
        if HARMLESS not in text:
            heard.append(f"Qt: {text}")

    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = lambda *error: heard.append("".join(traceback.format_exception(*error)))
    threading.excepthook = lambda a: heard.append(f"in a thread: {a.exc_value!r}")
    sys.unraisablehook = lambda a: heard.append(f"unraisable: {a.exc_value!r}")
    handler = qInstallMessageHandler(qt_said)
    try:
        yield heard
    finally:
        qInstallMessageHandler(handler)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    assert not heard, "\n".join(heard)


@contextmanager
def open_window(folder: Path, *, protocol: Protocol | None = None, ready: bool = True) -> Iterator[Window]:
    """The window on the shipped squid axon, its files in a folder; closed and deleted afterwards."""
    window = Window(Settings(folder / "set.ini"))
    window.fill(Bench(squid_axon(), protocol or iv()), Bridge(folder / "recordings"))
    window.bridge.begin()
    came: list[bool] = []
    window.bridge.ready.connect(lambda: came.append(True))
    window.show()
    QTest.qWaitForWindowActive(window)
    try:
        if ready:
            wait_for(lambda: bool(came), 60.0, "the engine")
            settle(window)
        yield window
        assert not held(), f"{held()} still down: a slider of the next window would not move"
    finally:
        let_go(window)
        window.close()
        window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        _delete_menus()
        QApplication.processEvents()
        gc.unfreeze()  # this window's start froze what there was: earlier windows too


def _delete_menus() -> None:
    """Delete the unused menus that pyqtgraph leaves behind: every new window would style them all anew."""
    for widget in QApplication.topLevelWidgets():
        if widget.parent() is None and (isinstance(widget, QMenu) or type(widget) is QWidget):
            widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait_for(fact: Callable[[], bool], seconds: float = 10.0, what: str = "") -> None:
    """Let the window live until something is so."""
    until = monotonic() + seconds
    while not fact():
        assert monotonic() < until, f"waited {seconds:g} s for {what or fact}"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)


def settle(window: Window, seconds: float = 20.0) -> None:
    """Wait until nothing is under way."""
    wait_for(lambda: not window.bridge.busy, seconds, "everything to be answered")
    wait_for(lambda: not window.display.following.active)
    QApplication.processEvents()


def live(seconds: float) -> None:
    """Let the window live for a while, as the program does."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def press(window: Window, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key as the window system sends it: to the window, shortcuts first, then whatever has the focus."""
    QTest.keyClick(window.windowHandle(), key, modifiers)


def type_text(window: Window, text: str) -> None:
    """Type characters into whatever has the focus."""
    for character in text:
        if character.isascii():
            QTest.keyClick(window.windowHandle(), character)
        else:
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                nothing = Qt.KeyboardModifier.NoModifier
                QApplication.sendEvent(QApplication.focusWidget(), QKeyEvent(kind, 0, nothing, character))


def type_into(window: Window, field: QWidget, text: str, end: Qt.Key = Key.Key_Return) -> None:
    """Click into a field, replace what is there, and end with a key."""
    click(field)
    press(window, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    press(window, Key.Key_Delete)
    type_text(window, text)
    press(window, end)


def click(widget: QWidget, at: QPoint | None = None, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    """A click, of the left button unless it is of another."""
    QTest.mouseClick(widget, button, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())


def double_click(widget: QWidget, at: QPoint | None = None, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    """A double-click, and what QTest leaves out of one: that the button comes up again."""
    window = widget.window()
    QTest.mouseDClick(widget, button, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())
    let_go(widget if isValid(widget) else window)


def held() -> list[Qt.MouseButton]:
    """The buttons of the mouse that are down, as Qt remembers for all windows."""
    return [button for button in BUTTONS if QApplication.mouseButtons() & button]


def let_go(over: QWidget) -> None:
    """Let every button of the mouse come up over a widget."""
    for button in held():
        QTest.mouseRelease(over, button)


def ttx_slider(window: Window) -> QSlider:
    """The slider of the sodium channel's blocker."""
    return window.panel.cards["na"].sliders[TTX].slider


def handle_at(slider: QSlider) -> QPoint:
    """Middle of a slider's handle."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider).center()


def drag(slider: QSlider, to_share: float, steps: int = 8, between: Callable[[], None] = lambda: None) -> None:
    """Drag a slider's handle to a place, 0 (left) to 1, as a mouse does once it is drawn and in view."""
    area = slider.parentWidget()
    while area is not None and not isinstance(area, QScrollArea):
        area = area.parentWidget()

    def in_view() -> bool:
        if area is not None:
            area.ensureWidgetVisible(slider)
        return slider.isVisible() and slider.visibleRegion().boundingRect().width() > slider.height()

    live(0.05)  # a window under load may not have laid out what was just made
    wait_for(in_view, 5.0, "the slider to be in view")
    live(0.02)
    at = handle_at(slider)
    target = QPoint(round(to_share * (slider.width() - 1)), at.y())
    button, nothing = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(slider, button, nothing, at)
    assert slider.isSliderDown(), f"no handle at {at} in {slider.size()}, enabled: {slider.isEnabled()}"
    for step in range(1, steps + 1):
        QTest.mouseMove(slider, at + (target - at) * (step / steps))
        between()
    QTest.mouseRelease(slider, button, nothing, target)


def drag_mouse(window: Window, start: QPoint, stop: QPoint, steps: int = 10) -> None:
    """Drag with the left button from one place of the window to another, as the window system tells it."""
    handle, button, nothing = window.windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseMove(handle, start)
    QTest.mousePress(handle, button, nothing, start)
    for step in range(1, steps + 1):
        QTest.mouseMove(handle, start + (stop - start) * (step / steps))
        live(0.012)  # pyqtgraph hears of no more than 100 places a second
    QTest.mouseRelease(handle, button, nothing, stop)


def quick(*, sweeps: int = 4, ms: float = 20.0, interval_ms: float = 0.0) -> Protocol:
    """A short family of steps with the marks of an I–V."""
    segments = (Hold(ms / 4), Step(_ladder(sweeps), ms / 2, name="test"), Hold(ms / 4))
    return replace(
        iv(), name="quick", label=None, segments=segments, n_sweeps=sweeps, interval_ms=interval_ms,
        marks=tuple(replace(mark, start_ms=0.1, end_ms=None) for mark in iv().marks),
    )  # fmt: skip


def _ladder(sweeps: int) -> tuple[float, ...]:
    return tuple(-80.0 + 140.0 * n / max(sweeps - 1, 1) for n in range(sweeps))


def family(window: Window, speed: float = float("inf")) -> None:
    """Record a family and wait for its end."""
    ended: list[object] = []
    window.bridge.ended.connect(ended.append)
    window.set_speed(speed)
    press(window, Key.Key_Space)
    wait_for(lambda: bool(ended), 30.0, "the run")
    window.bridge.ended.disconnect(ended.append)
    settle(window)


def show_runs(window: Window) -> QTreeWidget:
    """Bring the list of runs to the front."""
    window.documents.logbook.turn_to()
    wait_for(window.documents.runs.tree.isVisible)
    return window.documents.runs.tree


def click_run(window: Window, run: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Click a run in the list, by its number in the file."""
    tree, item = show_runs(window), window.documents.runs._items[run]
    tree.scrollToItem(item)
    at = tree.visualItemRect(item).center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, modifiers, at)
    settle(window)


def milliseconds_until(fact: Callable[[], bool], seconds: float = 2.0) -> float:
    """How long until something is so, while the window lives."""
    start = perf_counter()
    wait_for(fact, seconds)
    return 1000.0 * (perf_counter() - start)


def session_file(window: Window) -> Path:
    (file,) = recordings(window).glob("*.vclamp")
    return file


def recordings(window: Window) -> Path:
    return Path(window.settings._settings.fileName()).parent / "recordings"


@contextmanager
def engine_held(window: Window) -> Iterator[None]:
    """The engine is at something else and begins nothing meanwhile."""
    gate = threading.Event()
    window.bridge._worker._order(gate.wait)
    yield
    gate.set()


def recorded(window: Window) -> Recording:
    """The last run as it is on the disk."""
    with Session.open(session_file(window)) as session:
        return session.recording(session.runs()[-1].id)


def points(window: Window) -> int:
    """Points of the I–V on the screen, without the ghost's."""
    return max((p.curve.x.size for p in window.display.iv._shown if not p.ghost), default=0)


def picture(window: Window) -> QImage:
    return window.display.stack.grab().toImage()
