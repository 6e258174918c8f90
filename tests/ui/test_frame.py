"""The window is seen before there is anything in it, and nothing moves when it is filled."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolBar
from recordings import iv, squid_axon
from rig_window import Key, _delete_menus, open_window, press

from vclamp.ui.bench import Bench
from vclamp.ui.bridge import Bridge
from vclamp.ui.settings import Settings
from vclamp.ui.window import Window

pytestmark = pytest.mark.usefixtures("qapp")
ROOT = Path(__file__).parents[2]
SEEN = """
import sys
from PySide6.QtCore import QTimer
from vclamp.cli import main
from vclamp.ui import window

class Seen(window.Window):
    def fill(self, *parts):
        super().fill(*parts)
        QTimer.singleShot(0, self.close)

    def event(self, event):
        done = super().event(event)
        if event.type() == event.Type.UpdateRequest and not hasattr(self, "bench"):
            print(*sorted({"numpy", "pydantic", "pyqtgraph", "numba", "scipy"} & set(sys.modules)), "seen")
        return done

window.Window = Seen
sys.exit(main([]))
"""
TYPED = """
import subprocess, sys, time
from vclamp.cli import main
from vclamp.ui import window

class Typed(window.Window):
    def fill(self, bench, bridge, seen):
        def type_a_key():
            seen()
            subprocess.run(["xdotool", "windowfocus", "--sync", str(int(self.winId())), "key", "space"], check=True)
            time.sleep(0.3)
            seen()
            print("typed")
        super().fill(bench, bridge, type_a_key)
        print("filled")
        bridge.started.connect(lambda header: print("started"))
        bridge.started.connect(self.close)

window.Window = Typed
sys.exit(main([]))
"""
MIRRORED = """
from vclamp.ui import mirrors
mirrors.put_up()
import pyqtgraph
from PySide6 import QtCore, QtGui, QtWidgets
for mine, name in ((pyqtgraph.QtCore, "QObject"), (pyqtgraph.QtGui, "QPen"), (pyqtgraph.QtWidgets, "QWidget")):
    theirs = vars()[mine.__name__.rpartition(".")[2]]
    print(mine.__name__, getattr(mine, name) is getattr(theirs, name), len(vars(mine)) < 99)
print(hasattr(pyqtgraph.QtCore, "QNoSuchThing"))
"""


def places(window: Window) -> dict[str, QRect]:
    """Where everything is that has a frame."""
    found = {name: dock.geometry() for name, dock in window.docks.docks.items() if dock.isVisible()}
    bar = next(bar for bar in window.findChildren(QToolBar) if bar.isVisible())
    return {**found, "bar": bar.geometry(), "scopes": window.centralWidget().geometry()}


def filled(window: Window, folder: Path) -> Window:
    """The window with everything in it, as the program fills it: on show already."""
    window.fill(Bench(squid_axon(), iv()), Bridge(folder / "recordings"), QApplication.processEvents)
    QTest.qWait(50)
    return window


@contextmanager
def frame(folder: Path) -> Iterator[Window]:
    """The window as it is first seen."""
    window = Window(Settings(folder / "set.ini"))
    window.show()
    QTest.qWaitForWindowActive(window)
    try:
        yield window
    finally:
        if not hasattr(window, "bench"):
            filled(window, folder)  # only then can it be closed in order
        window.close()
        window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        _delete_menus()


def child(program: str, home: Path, **more: str) -> list[str]:
    """What a program says."""
    settings = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "VCLAMP_HOME": str(home), **more}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_nothing_moves_when_the_frame_is_filled(tmp_path: Path) -> None:
    with frame(tmp_path) as window:
        before = places(window)
        menus = [action.text() for action in window.menuBar().actions()]
        assert window.findChildren(QMenu)[0].isEmpty()
        after = places(filled(window, tmp_path))
        assert [action.text() for action in window.menuBar().actions()] == menus
        assert set(after) == set(before) == {"membrane", "rig", "curves", "ledger", "runs", "numbers", "bar", "scopes"}
        for name in set(before) - {"ledger", "runs"}:  # which are behind the curves
            moved = [abs(a - b) for a, b in zip(before[name].getCoords(), after[name].getCoords(), strict=True)]
            assert max(moved) <= 15, name  # px; a status line that has more to say is higher


def test_a_kept_layout_is_there_before_its_contents_and_after(tmp_path: Path) -> None:
    with open_window(tmp_path, ready=False) as window:
        window.docks.docks["rig"].close()
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, window.docks.docks["curves"])
        window.resizeDocks([window.docks.docks["membrane"]], [333], Qt.Orientation.Horizontal)
        QTest.qWait(50)
    with frame(tmp_path) as window:
        for _ in ("empty", "filled"):
            docks = window.docks.docks
            assert docks["membrane"].width() == 333
            assert docks["rig"].isHidden()
            assert window.dockWidgetArea(docks["curves"]) == Qt.DockWidgetArea.BottomDockWidgetArea
            if not hasattr(window, "bench"):
                filled(window, tmp_path)


def test_the_window_is_seen_before_anything_large_is_imported(tmp_path: Path) -> None:
    lines = child(SEEN, tmp_path, QT_QPA_PLATFORM="offscreen")
    assert lines[:1] == ["seen"]


def test_pyqtgraph_has_the_classes_of_qt_that_it_uses_and_no_others(tmp_path: Path) -> None:
    said = [f"pyqtgraph.Qt.{name} True True" for name in ("QtCore", "QtGui", "QtWidgets")]
    assert child(MIRRORED, tmp_path) == [*said, "False"]


@pytest.mark.skipif(not shutil.which("xdotool"), reason="keys of an X server")
def test_a_key_that_is_pressed_while_the_window_fills_is_heard_when_it_is_filled(tmp_path: Path, screen: str) -> None:
    assert child(TYPED, tmp_path, QT_QPA_PLATFORM="xcb", DISPLAY=screen) == ["typed", "filled", "started"]


def test_the_protocol_editor_is_made_when_it_is_first_seen(rig_window: Window) -> None:
    assert rig_window.tools.page.made is None
    press(rig_window, Key.Key_P)
    QTest.qWait(50)
    editor = rig_window.tools.page.made
    assert editor is rig_window.tools.protocol
    assert editor.isVisible()
    assert editor.size() == rig_window.tools.page.size()
    assert editor.header.title.whole == rig_window.bench.protocol.title
    press(rig_window, Key.Key_P)
    assert not editor.isVisible()
