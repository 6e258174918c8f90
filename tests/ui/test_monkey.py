"""Random keys, clicks, wheels, drags and resizes over everything that the window shows."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from math import inf

import psutil
import pytest
from monkey import (
    ALT,
    BURST,
    CTRL,
    ENDS,
    MIDDLE,
    NONE,
    OTHERS,
    PER_FRAME,
    PLAIN,
    RARELY,
    RIGHT,
    SHIFT,
    STALL_S,
    TEXTS,
    Hands,
)
from PySide6.QtCore import QAbstractListModel, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QGraphicsView,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QMenuBar,
    QPlainTextEdit,
    QSlider,
    QTabBar,
    QWidget,
)
from rig_window import Key, family, handle_at, live, recordings, settle
from shiboken6 import isValid

from vclamp import paths
from vclamp.ui.theme import THEMES
from vclamp.ui.window import Window

GROWTH_MB = 50.0
CELLS = sorted(paths.shipped(paths.CELLS))
PROTOCOLS = sorted(paths.shipped(paths.PROTOCOLS))
LATER = (
    "scipy.optimize",
    "pynwb",
    "h5py",
    "pyabf",
    "pyarrow.parquet",
    "matplotlib.figure",
)  # loaded once, when asked for
EDITORS = (QLineEdit, QAbstractSpinBox, QPlainTextEdit)


class Monkey(Hands):
    """Someone who does anything at all, the same for the same seed as far as time allows."""

    def __init__(self, window: Window, seed: int) -> None:
        super().__init__(window, random.Random(seed))
        self.done: Counter[str] = Counter()
        self.asked = 0  # values of parameters, by sliders alone
        self.tricks: list[tuple[int, Callable[[], None]]] = [
            (30, self.touch), (24, self.slide), (8, self.keys), (6, self.command), (4, self.undo), (4, self.menu),
            (6, self.scope), (3, self.tab), (2, self.drop), (2, self.load), (1, self.resize), (1, self.theme),
            (4, self.wait), (2, self.speed), (4, self.run),
        ]  # fmt: skip

    def act(self) -> None:
        """Do one thing."""
        if self.done.total() % RARELY == 0:
            self.map.look()
        weights, tricks = zip(*self.tricks, strict=True)
        (trick,) = self.chance.choices(tricks, weights)
        trick()
        QApplication.processEvents()
        self.done[trick.__name__] += 1
        self.put_away()

    def put_away(self) -> None:
        """Lists and menus are closed soon, other windows later: they keep everything else from being tried."""
        popup, sheet = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if popup is not None and self.chance.random() < 0.5:
            self.key(Key.Key_Escape)
            if isValid(popup) and popup.isVisible():
                popup.close()
        if sheet is not None and self.chance.random() < 0.1:
            sheet.close()
        others = [top for top in QApplication.topLevelWidgets() if top.isVisible() and top is not self.window]
        if others and self.chance.random() < 0.02:
            self.chance.choice(others).close()
        if sheet is None and popup is None and self.chance.random() < 0.3 and not self.window.isActiveWindow():
            self.window.activateWindow()

    # ---- what it does

    def touch(self) -> None:
        """Use some widget as it is meant to be used, and as it is not."""
        widget = self.map.pick(self.chance)
        if widget is None:
            return
        self.show(widget)
        kinds = {
            EDITORS: self._write_into, (QSlider,): self._slide, (QComboBox,): self._choose, (QTabBar,): self._turn_to,
            (QAbstractItemView,): self._use_list, (QGraphicsView,): self._use_scope, (QMenuBar,): self._open_menu,
        }  # fmt: skip
        use = next((use for kind, use in kinds.items() if isinstance(widget, kind)), self._use_any)
        (use if self.chance.random() < 0.8 else self._use_any)(widget)

    def slide(self) -> None:
        """Drag the handle of a slider to and fro."""
        slider = self.map.pick(self.chance, QSlider)
        if slider is None:
            self.window.docks.show("rig")
        self._slide(slider)

    def scope(self) -> None:
        self._use_scope(self.window.display.stack)

    def tab(self) -> None:
        self._turn_to(self.map.pick(self.chance, QTabBar))

    def keys(self) -> None:
        for _ in range(self.chance.randint(1, 6)):
            self.key(self.chance.choice(PLAIN + OTHERS), self.chance.choices([NONE, SHIFT], [6, 1])[0])

    def command(self) -> None:
        self.key(self.chance.choice(PLAIN + OTHERS), self.chance.choice([CTRL, CTRL | SHIFT, ALT, ALT | SHIFT]))

    def undo(self) -> None:
        for _ in range(self.chance.randint(1, 5)):
            self.key(Key.Key_Z, self.chance.choice([CTRL, CTRL, CTRL | SHIFT]))

    def run(self) -> None:
        self.window.activateWindow()
        self.window.setFocus()
        self.key(Key.Key_Space)

    def menu(self) -> None:
        self._open_menu(self.window.menuBar())

    def drop(self) -> None:
        """Drop a file onto the window."""
        path = some_file(self.window, self.chance)
        data, at = QMimeData(), QPoint(self.window.width() // 2, self.window.height() // 2)
        data.setUrls([QUrl.fromLocalFile(path)] if path else [])
        action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        if QApplication.activeModalWidget() is None:
            for event in (
                QDragEnterEvent(at, action, data, button, NONE),
                QDropEvent(QPointF(at), action, data, button, NONE),
            ):
                self.timed(f"drop {path}", lambda event=event: QApplication.sendEvent(self.window, event))

    def load(self) -> None:
        load, names = self.chance.choice([(self.window.load_cell, CELLS), (self.window.load_protocol, PROTOCOLS)])
        name = self.chance.choice(names)
        self.timed(f"load {name}", lambda: load(name))

    def speed(self) -> None:
        self.window.set_speed(self.chance.choice([1.0, 10.0, inf, inf]))

    def resize(self) -> None:
        size = self.chance.randint(300, 1900), self.chance.randint(200, 1100)
        self.timed("resize", lambda: self.window.resize(*size))

    def theme(self) -> None:
        name = self.chance.choice(list(THEMES))
        self.timed("theme", lambda: self.window.looks.choose(name))

    def wait(self) -> None:
        live(self.chance.uniform(0.0, 0.05))

    # ---- how each kind of widget is used

    def _use_any(self, widget: QWidget) -> None:
        way = self.chance.random()
        if way < 0.5:
            self.click(widget)
        elif way < 0.6:
            self.click(widget, None, self.chance.choice([RIGHT, MIDDLE]))
        elif way < 0.7:
            self.double_click(widget)
        elif way < 0.85:
            self.wheel(widget)
        else:
            self.drag(widget, self.inside(widget), [self.inside(widget) for _ in range(4)])

    def _write_into(self, widget: QWidget) -> None:
        self.click(widget)
        if self.chance.random() < 0.7:
            self.key(Key.Key_A, CTRL)
        self.write(self.chance.choice(TEXTS))
        self.key(self.chance.choice([Key.Key_Return, Key.Key_Return, Key.Key_Tab, Key.Key_Escape, Key.Key_Up]))

    def _slide(self, widget: QWidget | None) -> None:
        if not isinstance(widget, QSlider) or not isValid(widget):
            return

        def turn() -> None:
            for _ in range(PER_FRAME):
                if isValid(widget) and widget.isSliderDown():
                    before = widget.sliderPosition()
                    widget.setSliderPosition(self.chance.randint(widget.minimum(), widget.maximum()))
                    self.asked += isValid(widget) and widget.sliderPosition() != before

        self.show(widget)
        QApplication.processEvents()
        if not isValid(widget) or not widget.visibleRegion().contains(handle_at(widget)):
            return
        places = [QPoint(self.chance.randint(-9, widget.width() + 9), widget.height() // 2) for _ in range(BURST)]
        self.drag(widget, handle_at(widget), places, turn)

    def _choose(self, widget: QWidget) -> None:
        self.click(widget)
        for _ in range(self.chance.randint(0, 12)):
            self.key(self.chance.choice([Key.Key_Down, Key.Key_Down, Key.Key_Up, Key.Key_End]))
        self.key(self.chance.choice([Key.Key_Return, Key.Key_Return, Key.Key_Escape]))

    def _turn_to(self, widget: QWidget | None) -> None:
        if isinstance(widget, QTabBar) and isValid(widget) and widget.count():
            self.click(widget, widget.tabRect(self.chance.randrange(widget.count())).center())

    def _use_list(self, widget: QWidget) -> None:
        """Choose, name, hide, edit what is in it."""
        model = widget.model() if isinstance(widget, QAbstractItemView) else None
        if isinstance(widget, QHeaderView) or model is None or not model.index(0, 0).isValid():
            self._use_any(widget)
            return
        n_columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()  # a list's cannot be asked
        index = model.index(self.chance.randrange(model.rowCount()), self.chance.randrange(n_columns))
        widget.scrollTo(index)
        at = widget.visualRect(index).center()
        if not widget.viewport().rect().contains(at):
            return
        self.map.touch(widget)
        way = self.chance.random()
        if way < 0.4:
            self.click(widget.viewport(), at)
        elif way < 0.5:
            self.click(widget.viewport(), at, RIGHT)
        elif way < 0.8:
            self.double_click(widget.viewport(), at)
            self.write(self.chance.choice(TEXTS))
        for _ in range(self.chance.randint(1, 4)):
            self.key(self.chance.choice(OTHERS))

    def _use_scope(self, widget: QWidget) -> None:
        """Zoom, pan, move cursors, zoom into a box, read and ask."""
        way = self.chance.random()
        for _ in range(self.chance.randint(1, 8)):
            if not isValid(widget):
                return
            if way < 0.4:
                self.wheel(widget)
            elif way < 0.7:
                self.drag(widget, self.inside(widget), [self.inside(widget) for _ in range(8)])
            else:
                self._use_any(widget)

    def _open_menu(self, widget: QWidget) -> None:
        """Open a menu and take an entry, of the menu or of those that open from it."""
        if not isinstance(widget, QMenuBar):
            return
        entries = [action for action in widget.actions() if action.isVisible()]
        self.click(widget, widget.actionGeometry(self.chance.choice(entries)).center())
        for _ in range(self.chance.randint(0, 14)):
            self.key(self.chance.choice([Key.Key_Down, Key.Key_Down, Key.Key_Down, Key.Key_Up, Key.Key_Right]))
        popup = QApplication.activePopupWidget()
        chosen = getattr(popup, "activeAction", lambda: None)()
        if chosen is not None and chosen.text().partition("\t")[0] not in ENDS:
            self.key(Key.Key_Return)


def some_file(window: Window, chance: random.Random) -> str:
    """A recording, a description, something else, or none."""
    folder = recordings(window).parent
    kinds = [
        [""],
        [str(path) for path in folder.rglob("*") if path.is_file()],
        [str(chance.choice(list(where.glob("*.toml")))) for where in (paths.CELLS, paths.PROTOCOLS, paths.CHANNELS)],
        [__file__, "/no/such/file", str(folder)],
    ]
    return chance.choice(chance.choices(kinds, [4, 3, 2, 1])[0] or [""])


@dataclass
class Figures:
    """What the monkey did, and what it cost; of values asked for while one is worked out, the newest is a change."""

    asked: int
    changes: int
    seconds: float
    work_s: float
    growth_MB: float


def answer_questions(window: Window, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system or Qt would ask in a loop of its own is answered at once, this way or that."""
    folder = recordings(window).parent

    def where_to(*asked: object, **more: object) -> tuple[str, str]:
        proposed = next((text for text in asked if isinstance(text, str) and "/" in text), "x.toml")
        name = f"out-{chance.randrange(30)}{os.path.splitext(proposed)[1]}"
        return chance.choice([("", ""), (str(folder / name), "")])

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (some_file(window, chance), ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", where_to)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: chance.choice(["", str(folder)]))
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: (chance.choice(TEXTS), chance.random() < 0.7))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: True)


def play(window: Window, monkeypatch: pytest.MonkeyPatch, seconds: float, seed: int) -> tuple[Monkey, Figures]:
    """Let a monkey at the window, and look whether it is still what it was."""
    for module in LATER:
        import_module(module)
    window.set_speed(inf)
    monkey, changed = Monkey(window, seed), Counter[str]()
    answer_questions(window, monkey.chance, monkeypatch)
    for signal in (window.bench.rig_changed, window.bench.protocol_changed):
        signal.connect(lambda *_: changed.update(["value"]))
    begun, work, memory_MB = time.monotonic(), time.thread_time(), [resident_MB()]
    while (passed_s := time.monotonic() - begun) < seconds:
        monkey.act()
        if passed_s > 0.1 * seconds * len(memory_MB):
            memory_MB.append(resident_MB())
    figures = Figures(monkey.asked, changed["value"], passed_s, time.thread_time() - work, resident_MB() - memory_MB[1])
    print(f"\nseed {seed}: {monkey.done.total()} tricks, {dict(monkey.done)}\n{figures}")
    print("MB:", *(f"{each:.0f}" for each in memory_MB), *monkey.longest, sep="\n")
    print(f"{len(monkey.map.touched)} kinds touched, never: {monkey.map.missed()}")
    assert window.isVisible()
    assert "internal error" not in window.banner.message
    come_to_rest(window)
    return monkey, figures


def resident_MB() -> float:
    return psutil.Process().memory_info().rss / 2**20


def come_to_rest(window: Window) -> None:
    """Whatever was done to it, it still records a family."""
    for top in QApplication.topLevelWidgets():
        if top.isVisible() and top is not window:
            top.close()
    if window.course.projector.on:
        window.course.projector.toggle()
    window.tools.seal.run(False)
    window.resize(1366, 740)
    window.stop()
    settle(window, 60.0)
    window.load_cell("squid-axon")
    window.load_protocol("iv")
    window.bench.reset()
    window.activateWindow()
    window.setFocus()
    family(window)
    assert len(window.display.recording.sweeps) == 15
    assert window.banner.message == ""


def test_a_monkey_breaks_nothing(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    play(rig_window, monkeypatch, 20.0, int(os.environ.get("MONKEY_SEED", time.time() // 86400)))


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_a_monkey_breaks_nothing_in_a_long_time(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = float(os.environ.get("MONKEY_S", "1200"))
    monkey, figures = play(rig_window, monkeypatch, seconds, int(os.environ.get("MONKEY_SEED", "3")))
    assert monkey.longest[0].wall_s < STALL_S, monkey.longest[0]
    assert figures.asked >= 1e4 * seconds / 60.0
    assert figures.growth_MB < GROWTH_MB
