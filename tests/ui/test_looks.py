"""The window's looks: nothing clipped, one look everywhere, cursors that read."""

from itertools import product
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QDockWidget, QLabel, QToolButton, QWidget
from rig_window import Key, drag_mouse, family, picture, points, press, quick, wait_for

from vclamp.ui.settings import Settings
from vclamp.ui.theme import THEMES, channel_colours
from vclamp.ui.window import Window


def test_the_look_can_change_while_it_runs(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=200, ms=40.0), "slow")
    press(rig_window, Key.Key_Space)
    for theme in THEMES.values():
        done = points(rig_window)
        rig_window.looks.choose(theme.name)
        wait_for(lambda done=done: points(rig_window) > done)
        shot = picture(rig_window)
        assert shot.pixelColor(shot.width() - 4, 1).name() == theme.plot_background
        assert rig_window.settings.text("theme", "") == theme.name
    assert rig_window.bridge.running
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running)


def test_every_look_draws_the_circuit_in_its_own_colours(rig_window: Window) -> None:
    for theme in THEMES.values():
        rig_window.looks.choose(theme.name)
        colours = channel_colours(rig_window.bench.rig, theme)
        drawn = {branch.key: branch.colour for branch in rig_window.display.circuit.circuit.branches}
        assert {name: drawn[name] for name in colours} == colours


def test_the_first_look_has_the_same_sizes_as_a_later_one(rig_window: Window) -> None:
    first = rig_window.bar.run.sizeHint(), rig_window.bar.cell.font().pixelSize()
    rig_window.looks.choose("projector")
    rig_window.looks.choose("dark")
    assert (rig_window.bar.run.sizeHint(), rig_window.bar.cell.font().pixelSize()) == first
    assert first[1] == THEMES["dark"].font_px


def test_a_dragged_cursor_moves_in_all_scopes_and_is_read(rig_window: Window) -> None:
    family(rig_window)
    stack, table, sweep = rig_window.display.stack, rig_window.display.cursors, rig_window.display.recording.sweeps[-1]
    stack.move_cursor(1, 17.0)
    shown = [name for name, scope in stack.scopes.items() if scope.shown]
    assert shown == ["voltage", "total", "ionic", "open"]
    for number, name in enumerate(shown):
        scope = stack.scopes[name]
        which = number % 2
        before = stack.cursor_ms(which)
        box = scope.plot.getViewBox()
        y = sum(scope.plot.viewRange()[1]) / 2
        start, stop = (
            stack.viewport().mapTo(rig_window, stack.mapFromScene(box.mapViewToScene(QPointF(t, y))))
            for t in (before, 3.0 + 2.5 * number)
        )
        drag_mouse(rig_window, start, stop)
        moved = stack.cursor_ms(which)
        assert moved == pytest.approx(3.0 + 2.5 * number, abs=0.1), name
        assert {s.cursors[which].value() for s in stack.scopes.values()} == {moved}
        index = round(moved * rig_window.bench.protocol.fs_kHz)
        for row, trace in enumerate(sweep.names, 1):
            value = float(table.item(row, which).text().replace("−", "-"))
            assert value == pytest.approx(sweep[trace][index], rel=0.01, abs=5.1e-4), trace


def test_nothing_is_clipped(rig_window: Window) -> None:
    rig_window.bench.load_protocol("iv")
    rig_window.load_cell("squid-axon-20pf")
    family(rig_window)
    for theme, sizes in (
        ("dark", [(1024, 700), (1366, 768), (1920, 1080)]),
        ("projector", [(1366, 768), (1920, 1080)]),
    ):
        rig_window.looks.choose(theme)
        for width, height in sizes:
            assert_whole(rig_window, width, height, theme)


def assert_whole(rig_window: Window, width: int, height: int, theme: str) -> None:
    """Everything there is to see of the window at a size is within it and has its size."""
    rig_window.resize(width, height)
    QTest.qWait(30)
    assert (rig_window.width(), rig_window.height()) == (width, height), "its smallest size is larger"
    for widget in rig_window.findChildren(QWidget):
        apart = _scrolled(widget) or _behind_a_tab(widget, rig_window)
        if widget.isVisible() and not apart and widget.window() is rig_window:
            place = widget.mapTo(rig_window, QPoint(0, 0))
            inside = rig_window.rect().contains(widget.rect().translated(place))
            assert inside or widget.parent().objectName() == "qt_scrollarea_viewport", widget
    bar = rig_window.bar
    for widget in (bar.cell, bar.protocol, bar.run, bar.halt, bar.hold, bar.progress, bar.speed):
        assert widget.isVisible(), widget
        assert widget.width() >= widget.minimumSizeHint().width(), (widget, theme, width)
    assert not [b for b in bar.findChildren(QToolButton, "qt_toolbar_ext_button") if b.isVisible()]
    for button in (bar.run, bar.halt):
        assert button.width() >= button.sizeHint().width()
    for label in rig_window.findChildren(QLabel):
        if label.isVisible() and label.text() and not label.wordWrap():
            assert label.width() >= label.sizeHint().width() - 1, label.text()
    stack = rig_window.display.stack
    assert stack.width() >= (0.55 if (width, theme) == (1366, "dark") else 0.38) * width


def _behind_a_tab(widget: QWidget, window: Window) -> bool:
    """Whether it is in a dock that another one covers: Qt keeps such docks outside the window."""
    dock: QWidget | None = widget
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    return dock is not None and bool(window.tabifiedDockWidgets(dock)) and dock.visibleRegion().isEmpty()


def _scrolled(widget: QWidget) -> bool:
    """Whether it is inside something that scrolls."""
    parent = widget.parent()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parent()
    return False


def test_the_panel_on_the_left_needs_no_sideways_scrolling(rig_window: Window) -> None:
    for theme, cell in product(
        THEMES, ("squid-axon", "neuron-pump", "hek-kv-mwc", "hek-nav-markov", "hek-multi-ion-k")
    ):
        if rig_window.looks.chosen != theme:
            rig_window.looks.choose(theme)
        rig_window.load_cell(cell)
        for card in rig_window.panel.cards.values():
            card.arrow.setChecked(True)
        rig_window.edit("solutions.activity", "given")
        for page in range(2):
            rig_window.panel.setCurrentIndex(page)
            QTest.qWait(20)
            scroll = rig_window.panel.widget(page)
            assert scroll.verticalScrollBar().isVisible() or page == 1
            assert scroll.widget().minimumSizeHint().width() <= scroll.viewport().width(), (cell, theme, page)


def test_the_window_remembers_its_look_and_refuses_a_damaged_memory(tmp_path: Path) -> None:
    file = tmp_path / "settings.ini"
    Settings(file).remember("theme", "light")
    assert Settings(file).text("theme", "dark") == "light"
    file.write_bytes(b"\xff\xfe\x00\x01")
    assert Settings(file).text("theme", "dark") == "dark"
    assert file.with_suffix(".bad").exists()
