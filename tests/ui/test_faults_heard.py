"""Whatever goes wrong inside the program is told in the window, with a report to copy, and the window goes on."""

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF, QTimer, qInstallMessageHandler, qWarning
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from rig_window import click, live, open_window, wait_for

from vclamp import paths
from vclamp.ui.faults import Faults
from vclamp.ui.window import Window


@pytest.fixture
def heard(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """The window as the program starts it, hooks and all."""
    monkeypatch.setattr(paths, "user_folder", lambda: tmp_path / "user")
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    handler = qInstallMessageHandler(None)
    with open_window(tmp_path, ready=False) as window:
        faults = Faults(window)
        yield window
        faults.rest()
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    qInstallMessageHandler(handler)


class _Painter(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        raise ValueError("in a paint")


class _Dying:
    def __del__(self) -> None:
        raise ValueError("while dying")


def boom(text: str) -> None:
    raise ValueError(text)


def in_a_slot(window: Window) -> None:
    window.bar.run_clicked.connect(lambda: boom("in a slot"))
    window.bar.run_clicked.emit()


def in_a_timer(window: Window) -> None:
    timer = QTimer(window, singleShot=True, interval=0)
    timer.timeout.connect(lambda: boom("in a timer"))
    timer.start()


def in_a_paint(window: Window) -> None:
    painter = _Painter(window)
    painter.resize(50, 50)
    painter.show()


def in_a_paint_of_a_plot(window: Window) -> None:
    grid = window.display.iv._grid
    grid._find_lines, grid._lines = lambda rect: 1.0 / 0.0, (QRectF(), [])
    window.display.iv.viewport().update()


def in_a_thread(window: Window) -> None:
    threading.Thread(target=boom, args=("in a thread",)).start()


def while_dying(window: Window) -> None:
    _Dying()
    gc.collect()


def by_qt(window: Window) -> None:
    qWarning("something is odd")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("go_wrong", "said"),
    [
        (in_a_slot, "ValueError: in a slot"),
        (in_a_timer, "ValueError: in a timer"),
        (in_a_paint, "ValueError: in a paint"),
        (in_a_paint_of_a_plot, "ZeroDivisionError: float division by zero"),
        (in_a_thread, "ValueError: in a thread"),
        (while_dying, "ValueError: while dying"),
        (by_qt, "Qt: something is odd"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
@pytest.mark.no_qt_log
def test_what_goes_wrong_is_told_and_can_be_copied(
    heard: Window, go_wrong: Callable[[Window], None], said: str, tmp_path: Path
) -> None:
    go_wrong(heard)
    live(0.2)  # a loop of Qt's own, as the program has one
    wait_for(lambda: said in heard.banner.message, 5.0, said)
    button = next(b for b in heard.banner.findChildren(QToolButton) if b.text() == "Copy report")
    click(button)
    report = QApplication.clipboard().text()
    assert said.split(": ")[1] in report
    assert "VClamp" in report
    assert "Python" in report
    assert said.split(": ")[1] in (tmp_path / "user" / "errors.log").read_text()
    for child in heard.findChildren(_Painter):
        child.setParent(None)


@pytest.mark.no_qt_log
def test_the_same_fault_is_told_once(heard: Window, tmp_path: Path) -> None:
    for _ in range(50):
        in_a_timer(heard)
    QTest.qWait(50)
    assert (tmp_path / "user" / "errors.log").read_text().count("in a timer") == 2  # the line and its source
