"""What is opened and closed a hundred times leaves no object behind, and no memory."""

import ctypes
import gc
from collections.abc import Callable, Iterator
from itertools import cycle

import psutil
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QPixmapCache
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDoubleSpinBox, QMessageBox, QWidget
from rig_window import Key, family, nothing_goes_wrong, open_window, press, quick, settle

from vclamp import paths
from vclamp.ui.actions import show_about, show_keys
from vclamp.ui.key_map import KeyMap
from vclamp.ui.window import Window

Act = Callable[[Window], None]
pytestmark = pytest.mark.usefixtures("qapp")
FORMULAS = [f"{0.1 + 1e-4 * n:.4f}*linoid((v+40)/{10 + n % 7})" for n in range(997)]


@pytest.fixture(scope="module")
def one_window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    with nothing_goes_wrong(), open_window(tmp_path_factory.mktemp("leaks"), protocol=quick()) as window:
        family(window)
        yield window


# ---- each opens something and closes it again, or loads something else


def channel_editor(window: Window) -> None:
    window.tools.edit_channel()
    assert window.tools.channel is not None
    window.tools.channel.close()


def export_sheet(window: Window) -> None:
    sheet = window.documents.export_sheet()
    assert sheet is not None
    sheet.reject()


def help_pages(window: Window) -> None:
    press(window, Key.Key_F1)
    for other in QApplication.topLevelWidgets():
        if type(other).__name__ == "HelpWindow" and other.isVisible():
            other.close()
    window.activateWindow()


def key_map(window: Window) -> None:
    show_keys(window)
    (sheet,) = window.findChildren(KeyMap)
    QTest.keyClick(sheet, Key.Key_Escape)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def about(window: Window) -> None:
    show_about(window)
    for box in window.findChildren(QMessageBox):
        box.close()


def docks(window: Window) -> None:
    for name in ("protocol", "numbers"):
        window.docks.show(name)
    window.docks.choose("Student")


def membrane_test(window: Window) -> None:
    window.tools.test_membrane()
    window.tools.test_membrane()


_formulas = cycle(FORMULAS)
_protocols = cycle(sorted(paths.shipped(paths.PROTOCOLS)))
_cells = cycle(["squid-axon", "hek-nav-markov", "neuron-pump", "squid-axon-20pf"])


def formula(window: Window) -> None:
    window.edit("cell.channels.na.gates.m.alpha_per_ms", next(_formulas))


def a_protocol(window: Window) -> None:
    window.load_protocol(next(_protocols))


def a_cell(window: Window) -> None:
    window.load_cell(next(_cells))


# how often it is done before, until what is kept for later and the steps back are as many as there may be; and then
CASES: dict[str, tuple[Act, int, int]] = {
    "channel editor": (channel_editor, 80, 200),
    "export sheet": (export_sheet, 6, 200),
    "help": (help_pages, 6, 200),
    "key map": (key_map, 6, 200),
    "about": (about, 6, 200),
    "docks": (docks, 6, 200),
    "membrane test": (membrane_test, 6, 200),
    "formula edits": (formula, 600, 500),
    "protocol loads": (a_protocol, 56, 980),
    "cell loads": (a_cell, 60, 200),
}
SOUND = [what for what in CASES if what != "cell loads"]
DAILY = ("export sheet", "key map", "about")


def counted(window: Window) -> tuple[int, int, float]:
    """Qt's objects, Python's objects, and kB of memory."""
    settle(window)
    for _ in range(2):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
    gc.unfreeze()
    gc.collect()
    tops = [widget for widget in QApplication.topLevelWidgets() if widget is not window]
    found = len(window.findChildren(QObject)) + sum(1 + len(top.findChildren(QObject)) for top in tops)
    return found, len(gc.get_objects()), psutil.Process().memory_info().rss / 1024.0


def repeat(window: Window, act: Act, n: int) -> None:
    """Do it, and let go of what was closed, as the program does between two clicks."""
    for _ in range(n):
        act(window)
        window.bench._past = []  # the steps back, of which there are 500 at most
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()


def growth(window: Window, act: Act, before: int, n: int) -> tuple[float, float, float]:
    """What is there more after n times than was after the first ones, each."""
    repeat(window, act, before)
    first = counted(window)
    repeat(window, act, n)
    last = counted(window)
    return tuple((b - a) / n for a, b in zip(first, last, strict=True))  # type: ignore[return-value]


@pytest.mark.parametrize("what", DAILY)
def test_what_is_closed_is_gone(one_window: Window, what: str) -> None:
    qt, python, _ = growth(one_window, CASES[what][0], 2, 5)
    assert qt == 0.0
    assert python < 5.0


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("what", SOUND)
def test_two_hundred_times_leave_nothing(one_window: Window, what: str) -> None:
    act, before, n = CASES[what]
    qt, python, kB = growth(one_window, act, before, n)
    print(f"{what}: {n} times, each {qt:+.3f} Qt objects, {python:+.2f} Python objects, {kB:+.2f} kB")
    assert abs(qt) < 0.05
    assert python < 2.0
    assert kB < (2.0 if n > 400 else 10.0)  # of few, what the allocator keeps is not yet divided


class HeapInUse(ctypes.Structure):
    """What glibc tells of its heap, in bytes."""

    NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES.split()]

    @classmethod
    def kB(cls) -> float:
        tell = ctypes.CDLL(None).mallinfo2
        tell.restype = cls
        now = tell()
        return (now.uordblks + now.hblkhd) / 1024.0


def heap_growth(window: Window, act: Act, n: int) -> float:
    """What C and C++ keep in the heap each time, in kB."""
    repeat(window, act, 12)
    counted(window)
    before_kB = HeapInUse.kB()
    repeat(window, act, n)
    counted(window)
    return (HeapInUse.kB() - before_kB) / n


@pytest.fixture
def _no_pixmaps() -> Iterator[None]:
    """Qt keeps 10 MB of them on purpose, which takes hundreds of loads to fill."""
    limit_kB = QPixmapCache.cacheLimit()
    QPixmapCache.setCacheLimit(0)
    yield
    QPixmapCache.setCacheLimit(limit_kB)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="of glibc")
@pytest.mark.usefixtures("_no_pixmaps")
def test_a_cell_leaves_no_more_than_qt_keeps_of_its_number_fields(one_window: Window) -> None:
    """Qt keeps something of each spin box that is made while there is a style sheet, also of its own alone."""
    made = []

    def load(window: Window) -> None:
        a_cell(window)
        made.append(len(window.panel.findChildren(QDoubleSpinBox)))

    def fields_alone(window: Window) -> None:
        page = QWidget(window)
        for _ in range(round(sum(made) / len(made))):
            QDoubleSpinBox(page)
        page.show()
        QApplication.processEvents()
        page.deleteLater()

    of_cells, of_fields = heap_growth(one_window, load, 40), heap_growth(one_window, fields_alone, 40)
    print(
        f"a cell with {sum(made) / len(made):.0f} number fields: {of_cells:.0f} kB, as many alone: {of_fields:.0f} kB"
    )
    assert of_cells < of_fields + 10.0


def test_a_dialog_that_is_only_hidden_is_seen(one_window: Window) -> None:
    def leak(window: Window) -> None:
        dialog = QDialog(window)
        dialog.show()
        dialog.close()

    qt, _, _ = growth(one_window, leak, 2, 5)
    assert qt >= 1.0
