"""Ways through the sweeps on show: control and difference, one sweep, zoom, menu, solo, recording, countdown."""

from time import monotonic

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from rig_window import (
    TTX,
    Key,
    click,
    double_click,
    drag_mouse,
    family,
    live,
    press,
    quick,
    recordings,
    settle,
    show_runs,
    type_text,
    wait_for,
)

from vclamp.analysis.difference import DIFFERENCE
from vclamp.ui.countdown import Countdown
from vclamp.ui.scopes.handling import limits_of
from vclamp.ui.window import Window

SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NOTHING = Qt.KeyboardModifier.NoModifier
MUCH_mM = 1.0  # of a toxin that binds at nanomolar


def place(window: Window, scope: str, time_ms: float, value: float) -> QPoint:
    """Where a time and value of a scope are on the viewport of the scopes."""
    stack = window.display.stack
    return stack.mapFromScene(stack.scopes[scope].plot.getViewBox().mapViewToScene(QPointF(time_ms, value)))


def point(window: Window, at: QPoint) -> None:
    """Move the mouse over a place of the scopes."""
    view = window.display.stack.viewport()
    for x in (3, 0):
        QTest.mouseMove(view, at + QPoint(x, 0))
        live(0.03)  # pyqtgraph hears of no more than 100 places a second


def names_in(window: Window, scope: str) -> list[str]:
    return [text.toPlainText() for text in window.display.stack.scopes[scope].texts]


def heights(window: Window, scope: str = "total") -> tuple[float, float]:
    low, high = window.display.stack.scopes[scope].plot.viewRange()[1]
    return low, high


def times(window: Window) -> tuple[float, float]:
    low, high = window.display.stack.scopes["total"].plot.viewRange()[0]
    return low, high


# ---- control and difference ----------------------------------------------------------------


def test_c_keeps_the_run_as_a_named_control_behind_what_comes(rig_window: Window) -> None:
    family(rig_window)
    kept = rig_window.display.recording
    press(rig_window, Key.Key_C)
    rig_window.edit(TTX, MUCH_mM)
    settle(rig_window)
    assert "control" in names_in(rig_window, "total")
    family(rig_window)
    rig_window.edit(TTX, 1e-6)
    settle(rig_window)
    behind = rig_window.display.stack.family._ghost.recording
    assert behind.sweeps is kept.sweeps
    press(rig_window, Key.Key_C, SHIFT)
    assert "control" not in names_in(rig_window, "total")
    assert rig_window.display.stack.family._ghost.recording is rig_window.display.recording


def test_c_without_a_run_says_what_to_do(rig_window: Window) -> None:
    press(rig_window, Key.Key_C)
    assert "Space" in rig_window.banner.message
    assert rig_window.display.control is None


def test_the_difference_is_the_current_that_a_toxin_has_taken_away(rig_window: Window) -> None:
    """Channels are independent under an ideal clamp: all that TTX takes is the sodium current, inward as it was."""
    family(rig_window)
    control = rig_window.display.recording
    press(rig_window, Key.Key_D)
    rig_window.edit(TTX, MUCH_mM)
    settle(rig_window)
    shown = rig_window.display.shown
    assert len(shown.sweeps) == len(control.sweeps)
    for now, before in zip(shown.sweeps, control.sweeps, strict=True):
        np.testing.assert_allclose(now[DIFFERENCE], before["i_na_pA"] - now["i_na_pA"], atol=1e-9)
    assert min(sweep[DIFFERENCE].min() for sweep in shown.sweeps) < -100.0
    scope = rig_window.display.stack.scopes[DIFFERENCE]
    assert scope.shown
    assert min(trace.values.min() for trace in scope.item.traces()) > heights(rig_window, DIFFERENCE)[0]
    table = rig_window.display.cursors
    rows = [table.verticalHeaderItem(row).text() for row in range(table.rowCount())]
    assert "I difference (pA)" in rows
    rig_window.tabs.setCurrentWidget(rig_window.analyst.measure)
    assert "I difference (pA)" in rig_window.analyst.measure.trace.texts()


def test_the_difference_grows_with_the_sweep(rig_window: Window) -> None:
    family(rig_window)
    press(rig_window, Key.Key_D)
    rig_window.edit(TTX, MUCH_mM)
    lengths: list[tuple[int, int]] = []

    def note(chunk: object) -> None:
        live_one = rig_window.display.stack.family._live
        lengths.append((live_one[2][DIFFERENCE].length, chunk.last))

    rig_window.bridge.grew.connect(note)
    family(rig_window, speed=0.1)  # a sweep takes many frames: of each only the newest chunk is heard
    whole = rig_window.display.recording.sweeps[0].values.shape[1]
    assert all(drawn == there for drawn, there in lengths)
    assert sum(there < whole for _, there in lengths) > 4


def test_another_protocol_of_the_same_length_has_no_difference(rig_window: Window) -> None:
    family(rig_window)
    press(rig_window, Key.Key_D)
    assert rig_window.display.stack.scopes[DIFFERENCE].shown
    rig_window.edit("protocol.hold_mV", -60.0)
    family(rig_window)
    assert not rig_window.display.stack.scopes[DIFFERENCE].shown
    assert DIFFERENCE not in rig_window.display.shown.sweeps[0].names


def test_d_again_takes_the_difference_away(rig_window: Window) -> None:
    family(rig_window)
    press(rig_window, Key.Key_D)
    press(rig_window, Key.Key_D)
    assert not rig_window.display.stack.scopes[DIFFERENCE].shown
    assert DIFFERENCE not in rig_window.display.shown.sweeps[0].names


# ---- one sweep -----------------------------------------------------------------------------


def test_left_and_right_bring_one_sweep_to_the_front_and_the_cursors_read_it(rig_window: Window) -> None:
    family(rig_window)
    display = rig_window.display
    press(rig_window, Key.Key_Left)
    press(rig_window, Key.Key_Left)
    press(rig_window, Key.Key_Right)
    assert display.stack.number.text() == "sweep 3 of 4"
    item = display.stack.scopes["total"].item
    (front,) = item._live
    np.testing.assert_array_equal(front.trace.values, display.shown.sweeps[2]["i_pA"].astype(np.float32))
    assert {shown.opacity < 1.0 for shown in item.finished} == {True}
    display.stack.move_cursor(0, 8.0)
    at = round(8.0 * display.shown.header.protocol.fs_kHz)
    assert display.circuit.circuit.v_mV == display.shown.sweeps[2]["v_mV"][at]
    command = display.cursors.item(1, 0).text().replace("−", "-")
    assert float(command) == pytest.approx(display.shown.sweeps[2]["command_mV"][at], abs=0.1)
    for key, text in ((Key.Key_Left, "sweep 1 of 4"), (Key.Key_Right, "sweep 4 of 4")):
        for _ in range(9):
            press(rig_window, key)
        assert display.stack.number.text() == text


def test_home_end_and_esc_show_the_family_again(rig_window: Window) -> None:
    family(rig_window)
    for key in (Key.Key_Home, Key.Key_End, Key.Key_Escape):
        press(rig_window, Key.Key_Left)
        assert rig_window.display.stack.number.isVisible()
        press(rig_window, key)
        assert not rig_window.display.stack.number.isVisible()
        assert {shown.opacity for shown in rig_window.display.stack.scopes["total"].item.finished} == {1.0}


def test_no_sweep_is_chosen_while_one_runs_and_a_new_run_shows_all(rig_window: Window) -> None:
    family(rig_window)
    press(rig_window, Key.Key_Left)
    rig_window.set_speed(0.1)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: rig_window.display.running)
    press(rig_window, Key.Key_Left)
    assert rig_window.display.stack.family.front is None
    assert not rig_window.display.stack.number.isVisible()
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running)


def test_while_a_run_stands_still_its_finished_sweeps_can_be_looked_at(rig_window: Window) -> None:
    rig_window.set_speed(0.1)
    display = rig_window.display
    press(rig_window, Key.Key_Space)
    wait_for(lambda: display.shown is not None and len(display.shown.sweeps) == 2)
    wait_for(lambda: display.stack.family._live is not None)
    press(rig_window, Key.Key_Space)
    live(0.1)
    item, growing = display.stack.scopes["total"].item, display.stack.family._live[2]["i_pA"]
    press(rig_window, Key.Key_Left)
    assert display.stack.number.text() == "sweep 1 of 4"
    (front,) = item._live
    np.testing.assert_array_equal(front.trace.values, display.shown.sweeps[0]["i_pA"].astype(np.float32))
    press(rig_window, Key.Key_Right)
    assert display.stack.number.text() == "sweep 2 of 4"
    press(rig_window, Key.Key_Space)
    wait_for(lambda: not display.stack.number.isVisible())
    assert [shown.trace for shown in item._live] == [growing]
    rig_window.set_speed(float("inf"))
    wait_for(lambda: not rig_window.bridge.running)
    settle(rig_window)
    assert len(display.recording.sweeps) == 4


def test_esc_leaves_a_field_as_it_was(rig_window: Window) -> None:
    family(rig_window)
    press(rig_window, Key.Key_H)
    type_text(rig_window, "-4")
    press(rig_window, Key.Key_Escape)
    assert not rig_window.bar.hold.hasFocus()
    assert rig_window.bar.hold.text() == "−80 mV"
    assert rig_window.bench.protocol.hold_mV == -80.0


def test_dragging_an_axis_moves_its_zero(rig_window: Window) -> None:
    family(rig_window)
    (low, high), before, view = heights(rig_window), times(rig_window), rig_window.display.stack
    at = axis_place(rig_window, "total", "left")
    box = view.scopes["total"].plot.getViewBox()
    drag_mouse(rig_window, view.mapTo(rig_window, at), view.mapTo(rig_window, at + QPoint(0, 40)))
    moved = 40 * (high - low) / box.height()
    assert heights(rig_window) == pytest.approx((low + moved, high + moved), rel=0.05)
    assert times(rig_window) == before


def test_a_dragged_cursor_scrubs_the_circuit_of_a_finished_run(rig_window: Window) -> None:
    family(rig_window)
    display, view = rig_window.display, rig_window.display.stack
    display.stack.move_cursor(0, 8.0)
    top = sum(heights(rig_window)) / 2
    start = view.mapTo(rig_window, place(rig_window, "total", display.cursors_ms[0], top))
    drag_mouse(rig_window, start, view.mapTo(rig_window, place(rig_window, "total", 12.0, top)))
    assert display.cursors_ms[0] == pytest.approx(12.0, abs=0.5)
    sweep = display.shown.sweeps[-1]
    at = round(display.cursors_ms[0] * display.shown.header.protocol.fs_kHz)
    branches = {branch.key: branch.current_pA for branch in display.circuit.circuit.branches}
    assert branches["k"] == sweep["i_k_pA"][at]


def test_a_run_that_is_held_still_lets_cursor_1_drive_the_circuit(rig_window: Window) -> None:
    rig_window.set_speed(0.01)
    chunks: list[object] = []
    rig_window.bridge.grew.connect(chunks.append)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: bool(chunks) and chunks[-1].last > 60, 20.0)
    press(rig_window, Key.Key_Space)
    live(0.3)
    chunk = chunks[-1]
    for at in (5, 30):
        rig_window.display.stack.move_cursor(0, at / rig_window.bench.protocol.fs_kHz)
        branches = {branch.key: branch.current_pA for branch in rig_window.display.circuit.circuit.branches}
        assert branches["k"] == chunk.values[chunk.names.index("i_k_pA"), at]
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running)


# ---- zoom ----------------------------------------------------------------------------------


def test_arrows_zoom_the_largest_scope_and_a_fits_all(rig_window: Window) -> None:
    family(rig_window)
    (low, high), (start, stop) = heights(rig_window), times(rig_window)
    press(rig_window, Key.Key_Up)
    assert np.diff(heights(rig_window))[0] == pytest.approx((high - low) / 1.25)
    press(rig_window, Key.Key_Up, SHIFT)
    assert np.diff(times(rig_window))[0] == pytest.approx((stop - start) / 1.25)
    press(rig_window, Key.Key_Down)
    press(rig_window, Key.Key_Down, SHIFT)
    assert heights(rig_window) == pytest.approx((low, high))
    press(rig_window, Key.Key_Down)
    press(rig_window, Key.Key_A, SHIFT)
    assert (*heights(rig_window), *times(rig_window)) == pytest.approx((low, high, start, stop))


def test_keys_are_for_the_scope_under_the_mouse(rig_window: Window) -> None:
    family(rig_window)
    before, total = heights(rig_window, "open"), heights(rig_window)
    point(rig_window, place(rig_window, "open", 10.0, 0.5))
    press(rig_window, Key.Key_Up)
    assert np.diff(heights(rig_window, "open"))[0] == pytest.approx(np.diff(before)[0] / 1.25)
    assert heights(rig_window) == total
    press(rig_window, Key.Key_A)
    assert heights(rig_window, "open") == pytest.approx(before)


def test_a_list_keeps_its_arrows_and_a_field_its_letters(rig_window: Window) -> None:
    family(rig_window)
    family(rig_window)
    before = heights(rig_window)
    tree = show_runs(rig_window)
    tree.setFocus()
    first = tree.currentItem()
    for key in (Key.Key_Up, Key.Key_Down, Key.Key_Home):
        press(rig_window, key)
    settle(rig_window)
    assert heights(rig_window) == before
    assert tree.currentItem() is not first or tree.topLevelItemCount() == 1
    click(rig_window.bar.hold)
    press(rig_window, Key.Key_A, CTRL)
    type_text(rig_window, "-70 mVcdrh")
    assert rig_window.rec.isChecked()
    assert rig_window.display.control is None


def test_arrows_in_the_bar_take_no_other_cell(rig_window: Window) -> None:
    family(rig_window)
    for box in (rig_window.bar.cell, rig_window.bar.protocol, rig_window.bar.speed):
        before, chosen = heights(rig_window), box.currentIndex()
        box.setFocus()
        press(rig_window, Key.Key_Left)
        for key in (Key.Key_Home, Key.Key_Up):
            press(rig_window, key)
        assert box.currentIndex() == chosen
        assert np.diff(heights(rig_window))[0] < np.diff(before)[0]
        assert not rig_window.display.stack.number.isVisible()


def test_shift_and_a_drag_zoom_into_a_box(rig_window: Window) -> None:
    family(rig_window)
    view = rig_window.display.stack.viewport()
    low, high = heights(rig_window)
    corners = place(rig_window, "total", 2.0, high - 0.1 * (high - low)), place(rig_window, "total", 9.0, 0.0)

    def send(kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, buttons: Qt.MouseButton) -> None:
        where = QPointF(at)
        QApplication.sendEvent(view, QMouseEvent(kind, where, view.mapToGlobal(where), button, buttons, SHIFT))

    send(QEvent.Type.MouseButtonPress, corners[0], LEFT, LEFT)
    for share in (0.3, 0.6, 1.0):
        live(0.03)
        at = corners[0] + (corners[1] - corners[0]) * share
        send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, LEFT)
    live(0.03)
    send(QEvent.Type.MouseButtonRelease, corners[1], LEFT, Qt.MouseButton.NoButton)
    assert times(rig_window) == pytest.approx((2.0, 9.0), abs=0.2)
    assert heights(rig_window) == pytest.approx((0.0, high - 0.1 * (high - low)), abs=0.02 * (high - low))


def axis_place(window: Window, scope: str, side: str) -> QPoint:
    stack = window.display.stack
    return stack.mapFromScene(stack.scopes[scope].plot.getAxis(side).sceneBoundingRect().center())


def test_limits_are_typed_after_a_double_click_on_an_axis(rig_window: Window) -> None:
    family(rig_window)
    stack = rig_window.display.stack
    double_click(stack.viewport(), axis_place(rig_window, "total", "left"))
    assert stack.limits.isVisible()
    assert stack.rect().contains(stack.limits.geometry())
    type_text(rig_window, "-500 … 250")
    press(rig_window, Key.Key_Return)
    assert not stack.limits.isVisible()
    assert heights(rig_window) == pytest.approx((-500.0, 250.0))


def test_limits_that_make_no_sense_are_not_taken_and_esc_leaves_them(rig_window: Window) -> None:
    family(rig_window)
    before, stack = heights(rig_window), rig_window.display.stack
    double_click(stack.viewport(), axis_place(rig_window, "total", "left"))
    type_text(rig_window, "5 … 5")
    press(rig_window, Key.Key_Return)
    assert stack.limits.isVisible()
    press(rig_window, Key.Key_Escape)
    assert not stack.limits.isVisible()
    assert heights(rig_window) == before


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("−100 … 50", (-100.0, 50.0)),
        ("50 to -1e2", (-100.0, 50.0)),
        ("0..5", (0.0, 5.0)),
        (".5 1.5", (0.5, 1.5)),
        ("1", None),
        ("1 … 1", None),
        ("nan … 2", None),
        ("0 … 1e99", None),
        ("a … b", None),
    ],
)
def test_limits_are_two_numbers(text: str, limits: tuple[float, float] | None) -> None:
    assert limits_of(text) == limits


# ---- what is at a place --------------------------------------------------------------------


def front_at(window: Window, time_ms: float) -> tuple[QPoint, float]:
    """Where the newest sweep's current is at a time, and its value there."""
    (shown,) = window.display.stack.scopes["total"].item._live
    value = float(shown.trace.values[round(time_ms / shown.trace.dt_ms)])
    return place(window, "total", time_ms, value), value


def test_a_trace_under_the_mouse_says_its_name_value_and_what_it_is(rig_window: Window) -> None:
    family(rig_window)
    at, _ = front_at(rig_window, 12.0)
    point(rig_window, at)
    reading = rig_window.display.stack.reading
    assert reading.isVisible()
    first, second = reading.text().split("\n")
    words = first.replace("−", "-").split()
    assert words[:2] == ["I", "total"]
    (shown,) = rig_window.display.stack.scopes["total"].item._live
    time_ms = float(words[words.index("=") + 1])
    assert float(words[2]) == pytest.approx(shown.trace.values[round(time_ms / shown.trace.dt_ms)], rel=0.02)
    assert "sweep 4" in first
    assert "dV/dt" in second
    point(rig_window, place(rig_window, "total", 3.0, heights(rig_window)[0]))
    assert not reading.isVisible()


def test_a_gated_channel_says_its_equation(rig_window: Window) -> None:
    """Hodgkin & Huxley 1952: m³h, and I = g·P·(V − E)."""
    family(rig_window)
    stack = rig_window.display.stack
    for scope, trace, text in (("open", "p_open_na", "m³·h"), ("ionic", "i_k_pA", "(V − E)")):
        drawn = stack.family._sweeps[3][trace]
        k = int(np.argmax(drawn.values))
        point(rig_window, place(rig_window, scope, k * drawn.dt_ms, float(drawn.values[k])))
        assert text in stack.reading.text()


def open_menu(window: Window, at: QPoint) -> QMenu:
    QTest.mouseClick(window.display.stack.viewport(), RIGHT, NOTHING, at)
    wait_for(lambda: isinstance(QApplication.activePopupWidget(), QMenu), 2.0, "the menu")
    return QApplication.activePopupWidget()


def choose(menu: QMenu, text: str) -> None:
    action = next(action for action in menu.actions() if action.text() == text)
    QTest.mouseClick(menu, LEFT, NOTHING, menu.actionGeometry(action).center())
    live(0.05)


def test_the_menu_of_a_scope_copies_the_value_and_measures_there(rig_window: Window) -> None:
    family(rig_window)
    at, value = front_at(rig_window, 12.0)
    choose(open_menu(rig_window, at), "Copy value")
    number, unit = QApplication.clipboard().text().split()
    assert float(number) == pytest.approx(value, rel=0.05)
    assert unit == "pA"
    choose(open_menu(rig_window, at), "Measure here")
    assert rig_window.display.cursors_ms[0] == pytest.approx(12.0, abs=0.1)


def test_ctrl_shift_c_copies_the_scopes_as_a_picture(rig_window: Window) -> None:
    family(rig_window)
    QApplication.clipboard().clear()
    press(rig_window, Key.Key_C, CTRL | SHIFT)
    assert QApplication.clipboard().image().size() == rig_window.display.stack.size()


# ---- channels, recording, holding ----------------------------------------------------------


def channels_on(window: Window) -> list[bool]:
    return [channel.on for channel in window.bench.rig.cell.channels]


def test_shift_and_a_number_have_a_channel_alone_and_the_others_back(rig_window: Window) -> None:
    press(rig_window, Key.Key_3)
    assert channels_on(rig_window) == [True, True, False]
    press(rig_window, Key.Key_2, SHIFT)
    assert channels_on(rig_window) == [False, True, False]
    press(rig_window, Key.Key_2, SHIFT)
    assert channels_on(rig_window) == [True, True, False]
    press(rig_window, Key.Key_9, SHIFT)
    assert channels_on(rig_window) == [True, True, False]


def test_alt_and_a_number_plot_the_gates_of_a_channel_alone(rig_window: Window) -> None:
    """Hodgkin & Huxley 1952: m and h of sodium, n of potassium; the leak has none."""
    family(rig_window)
    scope = rig_window.display.stack.scopes["gates"]
    for digit, gates, title in ((Key.Key_1, {"m", "h"}, "Na"), (Key.Key_2, {"n"}, "K")):
        press(rig_window, digit, ALT)
        settle(rig_window)
        assert scope.shown
        sweeps = rig_window.display.stack.family._sweeps.values()
        drawn = {name.rpartition("_")[2] for traces in sweeps for name in traces if name.startswith("gate_")}
        assert drawn == gates
        assert len(scope.item.traces()) == 4 * len(gates)
        assert title in scope.plot.getAxis("left").labelText
    press(rig_window, Key.Key_2, ALT)
    assert not scope.shown
    press(rig_window, Key.Key_3, ALT)
    assert "always open" in rig_window.status.news.message
    assert not scope.shown
    press(rig_window, Key.Key_1, ALT)
    press(rig_window, Key.Key_5, ALT | SHIFT)
    press(rig_window, Key.Key_5, ALT | SHIFT)
    assert len(scope.item.traces()) == 4 * 3, "the menu's scope is that of all gates"


def test_the_edit_menu_names_what_undo_and_redo_would_do(rig_window: Window) -> None:
    rig_window.edit(TTX, 30e-6)
    bar = rig_window.menuBar()
    menu = next(menu for menu in rig_window.findChildren(QMenu) if menu.title() == "&Edit")
    QTest.mouseClick(bar, LEFT, NOTHING, bar.actionGeometry(menu.menuAction()).center())
    assert menu.actions()[0].text() == "Undo TTX 0 → 30 nM"
    assert menu.actions()[1].text() == "Redo"
    menu.close()
    rig_window.bench.undo()
    menu.popup(bar.mapToGlobal(QPoint(0, 0)))
    assert menu.actions()[1].text() == "Redo TTX 0 → 30 nM"
    menu.close()
    assert menu.actions()[1].text() == "Redo"


def test_r_lets_runs_be_looked_at_without_a_file(rig_window: Window) -> None:
    press(rig_window, Key.Key_R)
    assert "off" in rig_window.rec.text()
    assert "not recorded" in rig_window.status.file.text()
    family(rig_window)
    assert "not recorded" in rig_window.status.file.text()
    assert list(recordings(rig_window).glob("*.vclamp")) == []
    assert len(rig_window.display.recording.sweeps) == 4
    press(rig_window, Key.Key_R)
    family(rig_window)
    assert len(list(recordings(rig_window).glob("*.vclamp"))) == 1


def test_h_lets_the_holding_potential_be_typed(rig_window: Window) -> None:
    press(rig_window, Key.Key_H)
    type_text(rig_window, "-65")
    press(rig_window, Key.Key_Return)
    assert rig_window.bench.protocol.hold_mV == -65.0


# ---- waiting -------------------------------------------------------------------------------


def test_the_wait_for_the_next_sweep_is_counted_down(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=2, interval_ms=900.0), "slow")
    settle(rig_window)
    countdown = rig_window.findChild(Countdown)
    told: list[tuple[float, float]] = []
    texts: list[str] = []
    countdown.waiting.connect(lambda left: told.append((monotonic(), left)))
    countdown.waiting.connect(lambda _: texts.append(rig_window.bar.progress.format()))
    family(rig_window, speed=1.0)
    began_s, at_first = told[0]
    assert at_first == pytest.approx(0.88, abs=0.05)
    for now_s, left in told[1:-1]:
        assert left == pytest.approx(at_first - (now_s - began_s), abs=0.05)
    assert told[-1][1] == 0.0
    assert any("next in 0.5 s" in text for text in texts)
    assert "next" not in rig_window.bar.progress.format()
    assert not countdown.active


def test_nothing_is_counted_where_nothing_waits(rig_window: Window) -> None:
    told: list[float] = []
    rig_window.findChild(Countdown).waiting.connect(told.append)
    family(rig_window)
    assert told == []


def test_the_difference_can_be_asked_for_while_a_run_goes_on(rig_window: Window) -> None:
    family(rig_window)
    rig_window.set_speed(0.01)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: rig_window.display.stack.family._live is not None)
    press(rig_window, Key.Key_D)
    drawn = rig_window.display.stack.family
    wait_for(lambda: drawn._live is not None and DIFFERENCE in drawn._live[2], what="the difference of the live sweep")
    wait_for(lambda: drawn._live is not None and drawn._live[2][DIFFERENCE].length > 5)
    assert np.abs(drawn._live[2][DIFFERENCE].values).max() == 0.0  # the same cell does the same again
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running)
