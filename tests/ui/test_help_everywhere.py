"""No place of the window is without help: everything that can have the focus has a page, every number its range."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QScrollBar,
    QWidget,
)
from rig_window import family, live, settle

from vclamp.model.files import load_rig
from vclamp.paths import CELLS
from vclamp.ui.help.pages import INDEX, chapter
from vclamp.ui.help.places import about
from vclamp.ui.window import Window

# with a pump, blockers of every kind, schemes, many ions in a pore, branches, an exam
MANY_KNOBS = (
    "neuron-pump", "hek-kv-trapped-block", "hek-nmda", "hek-nav-markov", "hek-multi-ion-k", "model-cell-lei-2",
    "realistic-rig", "unknown-cell",
)  # fmt: skip
MANY_SEGMENTS = ("leak-subtraction", "use-dependence", "ap-clamp", "compensation", "dose-response")


def focusable(root: QWidget) -> Iterator[QWidget]:
    """Whatever a click or a key gives the focus, but for parts of a field and what only scrolls."""
    for widget in (root, *root.findChildren(QWidget)):
        part = isinstance(widget, QLineEdit) and isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
        in_list = widget.window().windowType() == Qt.WindowType.Popup
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not (part or in_list or isinstance(widget, QScrollBar)):
            yield widget


def said(widget: QWidget) -> str:
    """What it is, for whoever reads that a test failed."""
    return f"{type(widget.parent()).__name__} > {type(widget).__name__} {widget.accessibleName()!r}"


def without_page(window: Window, root: QWidget) -> set[str]:
    """What has no page of its own or of its part of the window."""
    index = chapter(INDEX).title
    return {said(widget) for widget in focusable(root) if about(window, widget).title == index}


def without_range(root: QWidget) -> set[str]:
    """The numbers that do not say between which ends they may be, and in which unit."""
    found = set()
    for widget in focusable(root):
        if isinstance(widget, QAbstractSpinBox):
            unit = widget.suffix().strip()
            if not any("…" in line and line.endswith(unit) for line in widget.toolTip().splitlines()):
                found.add(f"{said(widget)}: {widget.toolTip()!r}")
        elif isinstance(widget, QAbstractSlider) and len(widget.toolTip()) < 20:
            found.add(f"{said(widget)}: {widget.toolTip()!r}")
    return found


@pytest.fixture
def large(only_window: Window) -> Window:
    """The window with room for every panel, all of which are shown."""
    only_window.activateWindow()
    only_window.resize(1800, 1000)
    for dock in only_window.docks.docks.values():
        dock.show()
    live(0.1)
    return only_window


@contextmanager
def opened(window: Window) -> Iterator[QWidget]:
    """The dialog or window that has come beside the rig, closed afterwards."""
    (beside,) = (top for top in QApplication.topLevelWidgets() if top.isVisible() and top is not window)
    yield beside
    beside.close()
    QApplication.processEvents()


def unfold(window: Window) -> None:
    for card in window.panel.cards.values():
        if hasattr(card, "arrow"):
            card.arrow.setChecked(True)
    window.panel.amplifier.arrow.setChecked(True)


def test_every_panel_and_tab_has_help(large: Window) -> None:
    family(large)
    for number in range(large.tabs.count()):
        large.tabs.setCurrentIndex(number)
        settle(large)
    assert len(list(focusable(large))) > 100
    assert without_page(large, large) == set()
    assert without_range(large) == set()


@pytest.mark.parametrize("cell", MANY_KNOBS)
def test_every_value_of_a_cell_has_help(large: Window, cell: str) -> None:
    large.load_cell(load_rig(CELLS / f"{cell}.toml"))
    unfold(large)
    settle(large)
    assert without_page(large, large.panel) == set()
    assert without_range(large.panel) == set()
    if large.bench.rig.cell.exam:
        return
    large.tools.edit_channel()
    settle(large)
    editor = large.tools.channel
    assert editor is not None
    assert without_page(large, editor) == set()
    assert without_range(editor) == set()
    editor.close()


@pytest.mark.parametrize("protocol", MANY_SEGMENTS)
def test_every_value_of_a_protocol_has_help(large: Window, protocol: str) -> None:
    large.load_protocol(protocol)
    settle(large)
    editor = large.tools.protocol
    for row in range(len(large.bench.protocol.segments)):
        editor.pages.table.choose(row)
        QApplication.processEvents()
        assert without_page(large, editor) == set()
        assert without_range(editor) == set()


def test_sheets_and_messages_have_help(large: Window) -> None:
    large.banner.offer("something", {"Do it": lambda: None})
    assert without_page(large, large.banner) == set()
    large.banner.withdraw()
    family(large)
    sheet = large.documents.export_sheet()
    assert isinstance(sheet, QDialog)
    with opened(large):
        assert without_page(large, sheet) == set()
    large.help.open_index()
    with opened(large) as helper:
        assert without_range(helper) == set()
