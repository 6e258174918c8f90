"""Random keys, clicks, wheels, drags and resizes over the whole window."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from math import inf

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QSlider, QWidget
from rig_window import Key, click, double_click, family, live, press, settle

from vclamp.ui.actions import MENUS
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.theme import THEMES
from vclamp.ui.window import Window

STALL_S, WAIT_S = 1.0, 3.0  # of work, and with whatever else the machine has to do
TEXTS = ("-70", "0", "1e9", "−55.5 mV", "abc", "", "5 GΩ", "0.3", "nan", "7,5", " ", "1e-9")
KEYS = [Key(n) for n in (*range(Key.Key_0.value, Key.Key_9.value + 1), Key.Key_Minus.value, Key.Key_Equal.value)]
KEYS += [Key.Key_Space] * 6 + [Key.Key_Escape, Key.Key_W, Key.Key_A, Key.Key_Slash, Key.Key_Tab, Key.Key_Return]
KEYS += [Key.Key_Left, Key.Key_Right, Key.Key_Up, Key.Key_Down, Key.Key_PageUp, Key.Key_Home, Key.Key_Question]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
MENU = {entry[0] for entries in MENUS.values() for entry in entries if entry} - {"Quit"}


class Monkey:
    """Someone who does anything at all, the same for the same seed as far as time allows."""

    def __init__(self, window: Window, seed: int) -> None:
        self.window = window
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.slowest = (0.0, 0.0, "")
        self.tricks: list[tuple[int, Callable[[], None]]] = [
            (20, self.key), (4, self.undo), (14, self.slide), (8, self.write), (12, self.click_anywhere),
            (10, self.wheel), (8, self.drag), (3, self.choose), (2, self.resize), (2, self.menu), (6, self.toggle),
            (1, self.theme), (6, self.wait), (3, self.speed), (3, self.step_field),
        ]  # fmt: skip

    def act(self) -> None:
        """Do one thing."""
        weights, tricks = zip(*self.tricks, strict=True)
        (trick,) = self.chance.choices(tricks, weights)
        start, working = time.perf_counter(), time.thread_time()
        trick()
        QApplication.processEvents()
        took = time.thread_time() - working, time.perf_counter() - start, trick.__name__
        self.done[trick.__name__] += 1
        self.slowest = max(self.slowest, took)
        assert took[0] < STALL_S, took
        assert took[1] < WAIT_S, took
        self.close_the_rest()

    def close_the_rest(self) -> None:
        """Close lists and dialogs: they would keep everything else from being tried."""
        for box in self.window.findChildren(QComboBox):
            box.hidePopup()
        for dialog in QApplication.topLevelWidgets():
            if dialog.isVisible() and dialog is not self.window:
                dialog.close()
        if not self.window.isActiveWindow():
            self.window.activateWindow()

    def one(self, kind: type[QWidget]) -> QWidget | None:
        """Some visible widget of a kind."""
        found = [widget for widget in self.window.findChildren(kind) if widget.isVisible()]
        return self.chance.choice(found) if found else None

    def somewhere(self) -> QPoint:
        return QPoint(self.chance.randrange(self.window.width()), self.chance.randrange(self.window.height()))

    def key(self) -> None:
        press(self.window, self.chance.choice(KEYS), self.chance.choices([NONE, SHIFT], [6, 1])[0])

    def undo(self) -> None:
        press(self.window, Key.Key_Z, self.chance.choice([CTRL, CTRL | SHIFT]))

    def slide(self) -> None:
        slider = self.one(QSlider)
        if isinstance(slider, QSlider):
            slider.setValue(self.chance.randint(slider.minimum(), slider.maximum()))

    def write(self) -> None:
        field = self.one(QuantityField)
        if isinstance(field, QuantityField):
            field.lineEdit().setText(self.chance.choice(TEXTS) + field.suffix())
            QTest.keyClick(field, self.chance.choice([Key.Key_Return, Key.Key_Tab]))

    def step_field(self) -> None:
        field = self.one(QuantityField)
        if isinstance(field, QuantityField):
            field.stepBy(self.chance.randint(-20, 20))

    def click_anywhere(self) -> None:
        at = self.somewhere()
        target = self.window.childAt(at)
        if target is not None and at.y() > self.window.menuBar().height():
            button = self.chance.choice([Qt.MouseButton.LeftButton] * 4 + [Qt.MouseButton.RightButton])
            do = self.chance.choice([click] * 4 + [double_click])
            do(target, target.mapFrom(self.window, at), button)

    def wheel(self) -> None:
        at = self.somewhere()
        target = self.window.childAt(at)
        if target is not None:
            turn = QPoint(0, self.chance.choice([-240, -120, 120, 240]))
            place = QPointF(target.mapFrom(self.window, at))
            event = QWheelEvent(
                place, QPointF(self.window.mapToGlobal(at)), QPoint(), turn, Qt.MouseButton.NoButton,
                self.chance.choice([NONE, CTRL]), Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(target, event)

    def drag(self) -> None:
        start, stop = self.somewhere(), self.somewhere()
        if start.y() > self.window.menuBar().height():
            handle = self.window.windowHandle()
            QTest.mousePress(handle, Qt.MouseButton.LeftButton, NONE, start)
            for step in range(4):
                QTest.mouseMove(handle, start + (stop - start) * (step / 3))
                QApplication.processEvents()
            QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, NONE, stop)

    def choose(self) -> None:
        box = self.one(QComboBox)
        if isinstance(box, QComboBox):
            box.setCurrentIndex(self.chance.randrange(box.count()))
            box.activated.emit(box.currentIndex())

    def speed(self) -> None:
        self.window.set_speed(self.chance.choice([1.0, 10.0, inf, inf]))

    def resize(self) -> None:
        self.window.resize(self.chance.randint(300, 1900), self.chance.randint(200, 1100))

    def menu(self) -> None:
        entries = [e for e in self.window.findChildren(QAction) if e.text() in MENU]
        self.chance.choice(entries).trigger()

    def toggle(self) -> None:
        cards = [card for card in self.window.panel.cards.values() if hasattr(card, "switch")]
        if cards:
            click(self.chance.choice(cards).switch, QPoint(8, 8))

    def theme(self) -> None:
        self.window.looks.choose(self.chance.choice(list(THEMES)))

    def wait(self) -> None:
        live(self.chance.uniform(0.0, 0.05))


def play(window: Window, monkeypatch: pytest.MonkeyPatch, seconds: float, seed: int) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: ("", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: ("", ""))
    window.set_speed(inf)
    monkey = Monkey(window, seed)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        monkey.act()
    actions = sum(monkey.done.values())
    work_s, _, trick = monkey.slowest
    print(f"\nseed {seed}: {actions} actions, slowest {1000 * work_s:.0f} ms ({trick})")
    assert window.isVisible()
    assert "internal error" not in window.banner.message
    window.resize(1366, 740)
    window.stop()
    settle(window)
    window.load_cell("squid-axon")
    window.load_protocol("iv")
    window.bench.reset()
    window.setFocus()
    family(window)
    assert len(window.display.recording.sweeps) == 15
    assert window.banner.message == ""


def test_a_monkey_breaks_nothing(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    play(rig_window, monkeypatch, 10.0, int(os.environ.get("MONKEY_SEED", time.time() // 86400)))


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_a_monkey_breaks_nothing_in_a_long_time(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    play(rig_window, monkeypatch, 1200.0, 3)
