"""Someone who does anything at all to the window: every widget, key, menu, sheet and editor that can be had."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

from PySide6.QtCore import QPoint, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QScrollArea,
    QWidget,
)
from rig_window import Key, double_click, held, let_go
from shiboken6 import isValid

from vclamp.ui.window import Window

TEXTS = ("-70", "0", "1e9", "−55.5 mV", "abc", "", "5 GΩ", "0.3", "nan", "7,5", " ", "1e-9", "0.1*linoid((v+40)/10)",
         "{ start = -60, step = 10, stop = 40 }", "-80, -40, 0", "a\nb", "ü😀", "inf", "(" * 40)  # fmt: skip
PLAIN = [Key(n) for n in (*range(0x20, 0x60), *range(0x7B, 0x7F))]  # all of ASCII
OTHERS = [Key.Key_Left, Key.Key_Right, Key.Key_Up, Key.Key_Down, Key.Key_PageUp, Key.Key_PageDown, Key.Key_Home]
OTHERS += [Key.Key_End, Key.Key_Escape, Key.Key_Tab, Key.Key_Backtab, Key.Key_Return, Key.Key_Backspace]
OTHERS += [Key.Key_Delete, Key.Key_F1, Key.Key_F2, Key.Key_F10, Key.Key_F11, Key.Key_Menu, Key.Key_Space, Key.Key_Space]
CTRL, SHIFT, ALT = (getattr(Qt.KeyboardModifier, f"{name}Modifier") for name in ("Control", "Shift", "Alt"))
NONE = Qt.KeyboardModifier.NoModifier
ENDS = ("Quit",)  # the one entry that is not tried
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
BURST, PER_FRAME = 20, 16  # frames of a drag over a slider, and values in each: a mouse tells 1000 places a second
STALL_S, WAIT_S = 1.0, 3.0  # of work, and with whatever else the machine has to do
RARELY = 12  # acts between two looks at what there is


@dataclass
class Pause:
    """How long the window did not answer."""

    work_s: float  # of the thread's processor
    wall_s: float  # with whatever else the machine has to do
    what: str


def name_of(widget: QWidget) -> str:
    """What a widget is and where, the same for all that are alike: "Window/RigPanel/ChannelCard: Arrow"."""
    above, parent = [], widget
    while parent is not None:
        if type(parent).__module__.startswith("vclamp") and (not above or above[0] != type(parent).__name__):
            above.insert(0, type(parent).__name__)
        parent = parent.parentWidget()
    return f"{'/'.join(above)}: {type(widget).__name__}"


def family_of(widget: QWidget) -> Iterator[QWidget]:
    """A widget and all in it; what a window is asked for at once, PySide keeps as long as that window."""
    yield widget
    for child in widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        yield from family_of(child)


class Map:
    """Which widgets were ever to be seen, and how often each was touched."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.touched: Counter[str] = Counter()
        self.there: dict[str, list[QWidget]] = {}
        self.seen: set[str] = set()

    def look(self) -> None:
        """What can be touched now."""
        self.there = {}
        only = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        for top in [only] if only else QApplication.topLevelWidgets():
            if top.isVisible() and (top is self.window or top.parent() is not None or top is only):
                for widget in family_of(top):
                    if widget.isVisible() and widget.isEnabled() and min(widget.width(), widget.height()) > 2:
                        self.there.setdefault(name_of(widget), []).append(widget)
        self.seen.update(self.there)

    def pick(self, chance: random.Random, kind: type = QWidget) -> QWidget | None:
        """A widget of a kind, most likely one of those that were touched least."""
        alive = [(name, w) for name, all_ in self.there.items() for w in all_ if isValid(w) and isinstance(w, kind)]
        alive = [(name, w) for name, w in alive if w.isVisible()]
        if not alive:
            return None
        if chance.random() < 0.6:
            least = min(self.touched[name] for name, _ in alive)
            alive = [(name, w) for name, w in alive if self.touched[name] <= least + 1]
        return chance.choice(alive)[1]

    def touch(self, widget: QWidget | None) -> None:
        """It has been clicked, written to, or turned."""
        if widget is not None and isValid(widget):
            self.touched[name_of(widget)] += 1

    def missed(self) -> list[str]:
        """What was to be seen and never touched."""
        return sorted(self.seen - set(self.touched))


class Hands:
    """What a mouse and a keyboard do, as the window system tells it; how long each took is noted."""

    def __init__(self, window: Window, chance: random.Random) -> None:
        self.window, self.chance, self.map = window, chance, Map(window)
        self.longest: list[Pause] = []
        self._began_s = inf
        self._patience = QTimer(window, interval=100)
        self._patience.timeout.connect(self._close_what_holds)
        self._patience.start()

    def _close_what_holds(self) -> None:
        """The menu of a number field waits in a loop of its own, and what opened it waits with it."""
        popup = QApplication.activePopupWidget()
        if popup is not None and time.perf_counter() - self._began_s > 0.1:
            popup.close()

    def timed(self, what: str, act: Callable[[], object]) -> None:
        """Do one thing that the window should answer at once."""
        wall, work = time.perf_counter(), time.thread_time()
        self._began_s = wall
        act()
        QApplication.processEvents()
        self._began_s = inf
        pause = Pause(time.thread_time() - work, time.perf_counter() - wall, what)
        assert pause.work_s < STALL_S, pause
        assert pause.wall_s < WAIT_S, pause
        self.longest = sorted([*self.longest, pause], key=lambda pause: -pause.wall_s)[:5]

    def show(self, widget: QWidget) -> None:
        """Scroll to a widget."""
        area = widget.parentWidget()
        while area is not None:
            if isinstance(area, QScrollArea):
                area.ensureWidgetVisible(widget)
            area = area.parentWidget()

    def inside(self, widget: QWidget) -> QPoint:
        """A place in what is to be seen of a widget."""
        area: QRect = widget.visibleRegion().boundingRect()
        area = area if not area.isEmpty() else widget.rect()
        return QPoint(
            self.chance.randint(area.left(), max(area.right(), area.left())),
            self.chance.randint(area.top(), max(area.bottom(), area.top())),
        )

    def click(self, widget: QWidget, at: QPoint | None = None, button: Qt.MouseButton = LEFT) -> None:
        """A click at a place of the window that a widget is in, whatever it hits."""
        top = widget.window()
        handle, place = top.windowHandle(), widget.mapTo(top, at if at is not None else self.inside(widget))
        if handle is None or not QRect(QPoint(), handle.size()).contains(place):
            return
        self.map.touch(top.childAt(place) or top)
        modifiers = self.chance.choices([NONE, SHIFT, CTRL], [12, 1, 1])[0]

        def strike() -> None:
            QTest.mousePress(handle, button, modifiers, place)
            if handle in QApplication.allWindows():
                QTest.mouseRelease(handle, button, modifiers, place)

        self.timed(f"click {name_of(widget)}", strike)

    def double_click(self, widget: QWidget, at: QPoint | None = None) -> None:
        self.map.touch(widget)
        name = name_of(widget)
        self.timed(f"double-click {name}", lambda: double_click(widget, at or self.inside(widget)))

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """A key to whatever has the focus."""
        popup = QApplication.activePopupWidget()
        if popup is not None and modifiers & ALT:
            modifiers = NONE  # Alt by itself closes a menu, and QTest would send the key to what is gone
        top = popup or QApplication.activeWindow() or self.window
        handle, focus = top.windowHandle(), QApplication.focusWidget() or top
        if handle is None or (key == Key.Key_Q and modifiers & CTRL):
            return
        self.map.touch(focus)

        def strike() -> None:
            QTest.keyPress(handle, key, modifiers)
            if handle in QApplication.allWindows():  # else it went with the list that the key has closed
                QTest.keyRelease(handle, key, modifiers)

        self.timed(f"{key.name} to {name_of(focus)}", strike)

    def write(self, text: str) -> None:
        """Characters, one after the other."""
        focus = QApplication.focusWidget()
        if focus is not None:
            for character in text:
                if isValid(focus) and character.isascii() and character.isprintable():
                    self.timed(f"write to {name_of(focus)}", lambda c=character: QTest.keyClick(focus, c))

    def wheel(self, widget: QWidget) -> None:
        at, degrees = self.inside(widget), self.chance.choice([-240, -120, 120, 240])
        modifiers = self.chance.choice([NONE, CTRL, SHIFT])
        event = QWheelEvent(
            QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, degrees), Qt.MouseButton.NoButton,
            modifiers, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        self.map.touch(widget)
        self.timed(f"wheel on {name_of(widget)}", lambda: QApplication.sendEvent(widget, event))

    def drag(
        self, widget: QWidget, start: QPoint, stops: list[QPoint], after: Callable[[], object] = lambda: None
    ) -> None:
        """Press in a widget, move over places of it, and let go; after each move comes what the mouse tells next."""
        top = widget.window()
        handle, name = top.windowHandle(), name_of(widget)
        if handle is None:
            return
        places = [widget.mapTo(top, at) for at in (start, *stops)]

        def within(at: QPoint) -> QPoint:
            """A window may become smaller while something in it is dragged."""
            return QPoint(min(max(at.x(), 0), handle.width() - 1), min(max(at.y(), 0), handle.height() - 1))

        self.map.touch(top.childAt(places[0]) or top)
        modifiers = self.chance.choices([NONE, SHIFT], [4, 1])[0]
        self.timed(f"press {name}", lambda: QTest.mousePress(handle, LEFT, modifiers, within(places[0])))
        for at in places[1:]:
            if isValid(top) and isValid(handle):
                self.timed(f"drag {name}", lambda at=at: (QTest.mouseMove(handle, within(at)), after()))
        over = top if isValid(top) else self.window
        if isValid(handle):
            self.timed(f"let go {name}", lambda: QTest.mouseRelease(handle, LEFT, modifiers, within(places[-1])))
        if held():
            let_go(over)
