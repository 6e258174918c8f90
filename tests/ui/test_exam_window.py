"""The window of an exam's cell shows what an experimenter would see at a real amplifier, and nothing else."""

import re
from dataclasses import replace
from math import isnan

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel, QTableWidget, QWidget
from rig_window import Key, family, live, press, settle, wait_for

from vclamp import paths
from vclamp.analysis.analyses import analyse
from vclamp.analysis.results import Question
from vclamp.errors import VClampError
from vclamp.model.edit import with_value
from vclamp.model.exam import is_told
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.record import trace_names
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES, is_possible
from vclamp.publish.symbols import trace_labels
from vclamp.ui.panels.membrane import TO_BE_FOUND_OUT
from vclamp.ui.window import Window

ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


def exam(*, current_clamp: bool = False) -> Rig:
    """The shipped exam, which has everything that can be told of a cell."""
    rig = load_rig(paths.CELLS / "unknown-cell.toml")
    rig = with_value(rig, "cell.record_states", True, "")
    return with_value(rig, "amplifier.mode", "current-clamp", "") if current_clamp else rig


@pytest.fixture
def exam_window(rig_window: Window) -> Window:
    """An exam's cell with a family recorded, every scope wanted."""
    rig_window.load_cell("unknown-cell")
    for name in SCOPES:
        rig_window.display.stack.want(name, True)
    settle(rig_window)
    family(rig_window)
    return rig_window


def texts_of(widget: QWidget) -> str:
    """All that a widget and those within it write, in labels, cells, heads and tool tips."""
    found = [label.text() for label in widget.findChildren(QLabel)]
    for table in widget.findChildren(QTableWidget):
        items = [table.item(row, column) for row in range(table.rowCount()) for column in range(table.columnCount())]
        items += [table.verticalHeaderItem(row) for row in range(table.rowCount())]
        items += [table.horizontalHeaderItem(column) for column in range(table.columnCount())]
        found += [item.text() for item in items if item is not None]
    found += [each.toolTip() for each in (widget, *widget.findChildren(QWidget))]
    return "\n".join(found)


@pytest.mark.parametrize("current_clamp", [False, True], ids=["voltage clamp", "current clamp"])
def test_of_an_exams_traces_only_what_an_instrument_gives_is_told(current_clamp: bool) -> None:
    rig, protocol = exam(current_clamp=current_clamp), load_protocol(paths.PROTOCOLS / "leak-subtraction.toml")
    told = {name for name in trace_names(rig, protocol) if is_told(name, rig)}
    legs = {f"i_leg_{number}_pA" for number in range(1, protocol.leak.n + 1)} if protocol.leak else set()
    assert told - legs == {"command_mV", "i_pA", "i_subtracted_pA"} | ({"v_mV"} if current_clamp else set())
    assert legs <= told
    open_cell = replace(rig, cell=replace(rig.cell, exam=False))
    assert all(is_told(name, open_cell) for name in trace_names(open_cell, protocol))


@pytest.mark.parametrize("current_clamp", [False, True], ids=["voltage clamp", "current clamp"])
def test_no_scope_has_a_line_that_is_not_told(current_clamp: bool) -> None:
    rig, protocol = exam(current_clamp=current_clamp), load_protocol(paths.PROTOCOLS / "iv.toml")
    possible = [name for name in SCOPES if is_possible(name, rig, protocol)]
    assert possible == ["voltage", "total"]
    lines = [line for kind in SCOPES.values() for line in kind.lines(rig)]
    assert lines
    assert all(is_told(line.trace, rig) for line in lines)
    assert all(is_told(name, rig) for name in trace_labels(rig, protocol))


def test_the_scopes_show_the_command_and_the_recorded_current_alone(exam_window: Window) -> None:
    stack = exam_window.display.stack
    assert [name for name, scope in stack.scopes.items() if scope.shown] == ["voltage", "total"]
    drawn = {trace for sweep in stack.family._sweeps.values() for trace in sweep}
    assert drawn == {"command_mV", "i_pA"}
    assert not [text.toPlainText() for scope in stack.scopes.values() for text in scope.texts if text.isVisible()]
    low, high = stack.scopes["voltage"].plot.viewRange()[1]
    assert low <= -80.0 < 60.0 <= high


def test_before_a_run_the_command_is_shown(rig_window: Window) -> None:
    rig_window.load_cell("unknown-cell")
    settle(rig_window)
    family_shown = rig_window.display.stack.family
    assert {trace for sweep in family_shown._sweeps.values() for trace in sweep} == {"command_mV"}


def test_no_key_brings_a_hidden_scope(exam_window: Window) -> None:
    for digit in (Key.Key_3, Key.Key_4, Key.Key_5, Key.Key_6, Key.Key_7, Key.Key_8, Key.Key_9):
        for held in (ALT, ALT | SHIFT):
            press(exam_window, digit, held)
            live(0.05)
            settle(exam_window)
        shown = [name for name, scope in exam_window.display.stack.scopes.items() if scope.shown]
        assert shown == ["voltage", "total"]


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.NoModifier, SHIFT, ALT])
def test_no_key_tells_channels_apart(exam_window: Window, held: Qt.KeyboardModifier) -> None:
    before = exam_window.bench.rig
    for digit in (Key.Key_1, Key.Key_2, Key.Key_9):
        press(exam_window, digit, held)
        assert exam_window.bench.rig == before
        assert "exam" in exam_window.banner.message


def test_the_circuit_is_a_box_that_nobody_has_opened(exam_window: Window) -> None:
    widget = exam_window.display.circuit
    (branch,) = widget.circuit.branches
    assert (branch.kind, branch.e_mV, branch.g_nS, branch.p_open) == ("unknown", None, None, None)
    assert isnan(widget.circuit.v_mV)
    placement = widget.placement()
    assert placement.texts["rs"].string == "Rs ?"
    every = {
        widget.tip_at(QPointF(x, y)) for x in range(0, widget.width(), 4) for y in range(0, widget.height(), 4)
    }  # fmt: skip
    assert any(TO_BE_FOUND_OUT in tip for tip in every)
    said = "\n".join(every)
    assert not re.search(r"g =|E =|P_open|driving|blocked", said)
    titles = [channel.title for channel in exam_window.bench.rig.cell.channels]
    assert not [title for title in titles if title in said]


def test_the_resistance_of_the_dial_stands_on_the_pipette(exam_window: Window) -> None:
    exam_window.edit("amplifier.circuit", "simplified")
    exam_window.edit("amplifier.rs_est_MOhm", 4.0)
    settle(exam_window)
    family(exam_window)
    assert exam_window.display.circuit.placement().texts["rs"].string == "Rs 4 MΩ"


def test_cursors_status_and_ledger_tell_no_truth(exam_window: Window) -> None:
    exam_window.docks.show("ledger")
    wait_for(exam_window.display.ledger.isVisible)
    settle(exam_window)
    heads = [exam_window.display.cursors.verticalHeaderItem(row).text() for row in range(3)]
    assert heads == ["t (ms)", "Command (mV)", "I (pA)"]
    assert exam_window.display.cursors.rowCount() == 3
    assert exam_window.display.ledger.table.columnCount() == 0
    assert "exam" in texts_of(exam_window.display.ledger)
    rig = exam_window.bench.rig
    said = f"{exam_window.status.now.text()} {exam_window.status.rig.text()}"
    assert f"{rig.cell.cm_pF:g} pF" not in said
    assert f"{rig.amplifier.rs_MOhm:g} MΩ" not in said
    assert "Vm –" in said


def test_curves_are_drawn_against_the_command_only(exam_window: Window) -> None:
    exam_window.display.iv.ask("membrane", "either")
    settle(exam_window)
    wait_for(lambda: not exam_window.display.iv.busy)
    iv = exam_window.display.iv
    assert iv._labels[0] == "V (mV)"
    assert iv._shown
    assert all(shown.curve.x_name == "level_mV" for shown in iv._shown)
    shown = exam_window.display.shown
    assert shown is not None
    against_true = analyse("peak-iv", [shown], Question(against="membrane"))
    assert {fitted.curve.x_name for fitted in against_true.curves} == {"level_mV"}
    with pytest.raises(VClampError, match="no trace 'i_na_pA'") as refused:
        analyse("peak-iv", [shown], Question("i_na_pA"))
    assert "i_k_pA" not in str(refused.value)


def test_an_analysis_measures_the_recorded_current(exam_window: Window) -> None:
    panel = exam_window.analyst.panel
    press(exam_window, Key.Key_G)
    wait_for(panel.isVisible)
    settle(exam_window)
    wait_for(lambda: panel.choices.trace.count() > 0)
    assert panel.choices.trace.currentData() == "i_pA"
    assert panel.choices.trace.names() == ["i_pA"]
    assert not panel.choices.against.isEnabled()


def test_another_cell_shows_everything_as_before(exam_window: Window) -> None:
    exam_window.load_cell("squid-axon")
    settle(exam_window)
    family(exam_window)
    shown = [name for name, scope in exam_window.display.stack.scopes.items() if scope.shown]
    assert {"voltage", "total", "ionic", "open", "gates"} <= set(shown)
    assert len(exam_window.display.circuit.circuit.branches) == 4
    rows = exam_window.display.cursors.rowCount()
    heads = [exam_window.display.cursors.verticalHeaderItem(row).text() for row in range(rows)]
    assert {"V (mV)", "I Na⁺ (pA)", "P open Na⁺"} <= set(heads)
    assert "ideal clamp" in exam_window.status.rig.text()
