"""A student's first minute at the window, with keys and mouse only, and the file that comes of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QToolTip
from recordings import iv
from rig_window import (
    Key,
    drag,
    drag_mouse,
    live,
    nothing_goes_wrong,
    open_window,
    points,
    press,
    quick,
    session_file,
    settle,
    ttx_slider,
    wait_for,
)

from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording
from vclamp.ui.window import Window

N_SWEEPS = 6


def short_iv() -> Protocol:
    """The protocol of the first start, with fewer sweeps and shorter waits."""
    before, step, after = iv().segments
    return replace(
        iv(), segments=(before, replace(step, level_mV=quick(sweeps=N_SWEEPS).segments[1].level_mV), after),
        n_sweeps=N_SWEEPS, interval_ms=100.0,
    )  # fmt: skip


def run_family(window: Window) -> None:
    """Space, in real time, until the run is over."""
    ended: list[object] = []
    window.bridge.ended.connect(ended.append)
    press(window, Key.Key_Space)
    wait_for(lambda: bool(ended), 10.0, "the family")
    settle(window)
    window.bridge.ended.disconnect(ended.append)


def most_inward_pA(recording: Recording) -> float:
    """The largest inward current of a family after its first 0.3 ms."""
    return min(float(sweep["i_pA"][15:].min()) for sweep in recording.sweeps)


def cursor_at(window: Window, number: int) -> QPoint:
    """Where a cursor is in the window, in the largest scope."""
    stack = window.display.stack
    plot = stack.scopes["total"].plot
    height = sum(plot.viewRange()[1]) / 2
    in_scene = plot.getViewBox().mapViewToScene(QPointF(stack.cursor_ms(number), height))
    return stack.viewport().mapTo(window, stack.mapFromScene(in_scene))


def mark_at(window: Window, name: str) -> QPoint:
    """Where the mark of a reversal potential is in the I–V."""
    iv = window.display.iv
    (item,) = (each for each in iv.reversals.items if each.toPlainText().startswith(name))
    return iv.mapFromScene(item.sceneBoundingRect().center())


def hover(window: Window, at: QPoint) -> None:
    """Bring the mouse to rest somewhere in the I–V."""
    port = window.display.iv.viewport()
    for away in (QPoint(9, 5), QPoint(3, 1), QPoint(0, 0)):
        QTest.mouseMove(port, at + away)
        live(0.05)


def screen(window: Window) -> dict[str, object]:
    """Everything that a student would say is on the screen."""
    stack, display = window.display.stack, window.display
    shown = {name: scope for name, scope in stack.scopes.items() if scope.shown}
    return {
        "cell": window.bench.rig,
        "protocol": window.bench.protocol,
        "scopes": list(shown),
        "time axis": np.round(next(iter(shown.values())).plot.viewRange()[0], 6).tolist(),
        "heights": {name: np.round(scope.plot.viewRange()[1], 6).tolist() for name, scope in shown.items()},
        "cursors": display.cursors_ms,
        "read-outs": [
            [display.cursors.item(row, column).text() for column in range(display.cursors.columnCount())]
            for row in range(display.cursors.rowCount())
        ],
        "panels": {
            name: dock.geometry().getRect()
            for name, dock in window.docks.docks.items()
            if not dock.visibleRegion().isEmpty()
        },
        "tab": window.tabs.tabText(window.tabs.currentIndex()),
        "traces": [sweep.values.tobytes() for sweep in display.shown.sweeps],
        "traces behind": [sweep.values.tobytes() for sweep in display.behind.sweeps],
        "curves": [(each.label, each.ghost, each.curve.y.tobytes()) for each in display.iv._shown],
        "marks": [item.toPlainText() for item in display.iv.reversals.items],
    }


def no_dialog() -> bool:
    return not any(isinstance(widget, QDialog) and widget.isVisible() for widget in QApplication.topLevelWidgets())


def test_a_students_first_minute_ends_with_a_file_that_opens_to_the_same_screen(qtbot: object, tmp_path: Path) -> None:
    with nothing_goes_wrong(), open_window(tmp_path, protocol=short_iv()) as window:
        assert window.display.stack.hint.isVisible()

        press(window, Key.Key_Space)  # the live sweep is bright, the I–V grows with every sweep
        wait_for(lambda: 1 < points(window) < N_SWEEPS, 5.0, "the I–V to grow")
        wait_for(lambda: not window.bridge.running, 10.0)
        settle(window)
        untouched = window.display.recording
        assert points(window) == N_SWEEPS
        assert most_inward_pA(untouched) < -500.0
        assert no_dialog()

        drag(ttx_slider(window), 0.9)  # what would be, over what was
        settle(window)
        assert window.display.behind is untouched
        assert most_inward_pA(window.display.shown) > 0.1 * most_inward_pA(untouched)
        run_family(window)
        blocked = window.display.recording
        assert blocked is not untouched
        assert window.display.behind is untouched, "the untouched family stays as a ghost"
        assert most_inward_pA(blocked) > 0.1 * most_inward_pA(untouched)
        assert any(each.ghost for each in window.display.iv._shown)
        assert no_dialog()

        before_ms, said = window.display.cursors_ms[0], window.display.cursors.item(0, 0).text()
        start = cursor_at(window, 0)
        drag_mouse(window, start, start + QPoint(60, 0))
        settle(window)
        assert window.display.cursors_ms[0] > before_ms + 1.0
        assert window.display.cursors.item(0, 0).text() != said

        hover(window, mark_at(window, "EK"))  # K⁺ of the squid axon: 20 mM outside, 400 mM inside, 6.3 °C
        wait_for(QToolTip.isVisible, 3.0, "the tool tip")
        tip = QToolTip.text()
        assert "ln(20/400)" in tip
        assert "−72.1 mV" in tip  # 24.08 mV ln 0.05
        assert "−77.0 mV" in tip, "where Hodgkin and Huxley have it"
        QToolTip.hideText()

        press(window, Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        wait_for(lambda: window.status.news.message.startswith("saved: "))
        wait_for(lambda: isinstance(QApplication.focusWidget(), QLineEdit), 3.0, "the name to be asked for")
        press(window, Key.Key_Return)
        settle(window)
        assert no_dialog()
        assert set(screen(window)["panels"]) == {"membrane", "rig", "runs", "numbers"}
        file, left = session_file(window), screen(window)
    with nothing_goes_wrong(), open_window(tmp_path / "another", protocol=quick(sweeps=2)) as window:
        window.documents.open(file)
        wait_for(lambda: window.display.recording is not None, 10.0)
        settle(window)
        found = screen(window)
        assert [name for name in left if found[name] != left[name]] == []
