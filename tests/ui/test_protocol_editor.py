"""The protocol editor in the window, by keys and clicks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QToolButton, QWidget
from rig_window import (
    Key,
    click,
    double_click,
    drag_mouse,
    live,
    nothing_goes_wrong,
    open_window,
    press,
    settle,
    type_into,
    type_text,
    wait_for,
)

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.files import load_protocol
from vclamp.model.ladder import Ladder
from vclamp.model.lint import lint
from vclamp.model.protocol import Protocol, Ramp, Sine, Step
from vclamp.model.protocol_text import protocol_of_text, protocol_text
from vclamp.ui.protocols.editor import ProtocolEditor
from vclamp.ui.protocols.rows import Column
from vclamp.ui.protocols.varied import change_text, with_change, with_start
from vclamp.ui.window import Window

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIPPED = paths.shipped(paths.PROTOCOLS)


def shipped(name: str) -> Protocol:
    return load_protocol(SHIPPED[name])


@pytest.fixture(scope="module")
def one_window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One window for all of these tests: none of them changes more of it than the editor and the bench."""
    with nothing_goes_wrong(), open_window(tmp_path_factory.mktemp("window")) as window:
        window.display.stack.wanted = {"voltage"}  # the other scopes are not what is tested here
        window.editor_of_tests = put_editor(window)
        yield window


@pytest.fixture
def rig_window(one_window: Window) -> Iterator[Window]:
    """The window with the shipped I–V on the squid axon; the test fails if anything is said on the side."""
    with nothing_goes_wrong():
        one_window.resize(1366, 768)
        one_window.load_cell("squid-axon")
        one_window.bench.load_protocol("iv")
        yield one_window
        settle(one_window)


@pytest.fixture
def editor(rig_window: Window) -> ProtocolEditor:
    """The editor, open below the scopes."""
    found = rig_window.editor_of_tests
    found.pages.tabs.setCurrentIndex(0)
    found.sides.setCurrentIndex(1)
    found.show_protocol(rig_window.bench.protocol, rig_window.bench.rig)
    found.choose_sweep(0)
    found.pages.say("")
    return found


def put_editor(window: Window) -> ProtocolEditor:
    """The window's editor, brought to the front."""
    window.docks.show("protocol")
    return window.tools.protocol


def settle_all(window: Window, editor: ProtocolEditor) -> None:
    live(0.01)
    wait_for(lambda: not editor._soon.isActive() and not editor._judging.busy)
    settle(window)


def cell(editor: ProtocolEditor, row: int, column: Column) -> QRect:
    table = editor.pages.table
    index = table.rows.index(row, column)
    table.scrollTo(index)
    return table.visualRect(index)


def shown(editor: ProtocolEditor, row: int, column: Column) -> str:
    return str(editor.pages.table.rows.index(row, column).data())


def choose(editor: ProtocolEditor, row: int, column: Column) -> None:
    click(editor.pages.table.viewport(), cell(editor, row, column).center())


def type_cell(window: Window, editor: ProtocolEditor, row: int, column: Column, text: str) -> None:
    """Click a cell and type over it; Enter ends it."""
    choose(editor, row, column)
    press(window, Key.Key_F2)
    press(window, Key.Key_A, CTRL)
    press(window, Key.Key_Delete)
    type_text(window, text)
    press(window, Key.Key_Return)


def button(editor: ProtocolEditor, sign: str) -> QToolButton:
    return editor.pages.segments.buttons[sign]


def levels(window: Window, row: int = 1) -> list[float]:
    """What the amplifier commands at the end of a segment in each sweep."""
    protocol = window.bench.protocol
    return [float(protocol.command_mV(k)[protocol.span(row, k)[1] - 1]) for k in range(protocol.n_sweeps)]


# ---- the table


def test_every_shipped_protocol_opens_shows_its_rows_and_its_text_reads_back_equal(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    open_form(editor, "Segment")
    for name in SHIPPED:
        protocol = shipped(name)
        editor.show_protocol(protocol, rig_window.bench.rig)
        assert editor.pages.table.rows.rowCount() == len(protocol.segments), name
        assert editor.pages.actual.model().rowCount() == protocol.n_sweeps, name
        assert editor.header.title.toolTip() == protocol.note, name
        assert protocol_of_text(editor.pages.text.text, name) == protocol
        for row in range(len(protocol.segments)):
            editor.pages.table.choose(row)
            assert editor.sides.segment.fields, name
        assert editor.preview._lines._paths, name
        assert editor.pages.message.text() == "", name


@pytest.mark.parametrize(("typed", "mV"), [("-0.07 V", -70.0), ("−70,5", -70.5)])
def test_a_level_is_typed_with_its_unit_and_undone(
    rig_window: Window, editor: ProtocolEditor, typed: str, mV: float
) -> None:
    before = rig_window.bench.protocol
    type_cell(rig_window, editor, 1, Column.LEVEL, typed)
    assert levels(rig_window) == pytest.approx([mV + 10.0 * k for k in range(15)])
    assert rig_window.bench.undo_step.startswith("B level −80 → ")
    press(rig_window, Key.Key_Z, CTRL)
    assert rig_window.bench.protocol == before
    assert shown(editor, 1, Column.LEVEL) == "−80"


@pytest.mark.parametrize(
    ("row", "column", "typed", "said", "kept"),
    [
        (1, Column.LEVEL, "-300", "Segment B in sweep 1 goes beyond ±250 mV", "−80"),
        (1, Column.LEVEL, "abc", "“abc” is no number of mV. −80 stays.", "−80"),
        (1, Column.LEVEL_CHANGE, "+50", "beyond ±250 mV", "+10"),
        (1, Column.LEVEL_CHANGE, "+9 to 60", "does not reach 60 in whole steps", "+10"),
        (0, Column.DURATION, "0", "0.0 is too small. It must be above 0. 5 stays.", "5"),
        (0, Column.NAME, "test", "Two segments are named 'test'", ""),
    ],
)
def test_a_wrong_value_is_refused_with_its_reason_and_the_last_good_one_stays(
    rig_window: Window, editor: ProtocolEditor, row: int, column: Column, typed: str, said: str, kept: str
) -> None:
    before = rig_window.bench.protocol
    type_cell(rig_window, editor, row, column, typed)
    assert rig_window.bench.protocol == before
    assert said in editor.pages.message.text()
    assert editor.pages.message.isVisible()
    assert shown(editor, row, column) == kept
    assert editor.pages.table.row == row
    type_cell(rig_window, editor, 1, Column.LEVEL, "-75")
    assert not editor.pages.message.isVisible()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("-70", -70.0),
        ("-70mV", -70.0),
        ("0.07 V", 70.0),
        ("−70,5", -70.5),
        ("-80; -60; 20 mV", [-80.0, -60.0, 20.0]),
        ("-80, 0.02 V", [-80.0, 20.0]),
        ("-80 -60", [-80.0, -60.0]),
    ],
)
def test_a_start_is_read_with_its_unit_and_several_are_a_list(typed: str, expected: object) -> None:
    assert with_start(typed, 5.0, "mV", 3) == expected


@pytest.mark.parametrize(
    ("typed", "step", "factor", "stop"),
    [
        ("+10", 10.0, 1.0, None),
        ("-10 mV", -10.0, 1.0, None),
        ("×2", 0.0, 2.0, None),
        ("x0.5", 0.0, 0.5, None),
        ("to 60", 0.0, 1.0, 60.0),
        ("+20 to 60", 20.0, 1.0, 60.0),
        ("0.01 V … 60", 10.0, 1.0, 60.0),
    ],
)
def test_a_change_is_read_as_people_write_it(typed: str, step: float, factor: float, stop: float | None) -> None:
    found = with_change(typed, Ladder(-40.0, step=1.0), "mV", 5)
    assert found == {"start": -40.0, "step": step, "factor": factor} | ({} if stop is None else {"stop": stop})
    assert with_change(change_text(Ladder(**found)), Ladder(-40.0), "mV", 5) == found


@pytest.mark.parametrize("typed", ["abc", "5 ms", "++1", "", "1e999", "-80; x", "nan"])
def test_what_is_no_number_of_the_unit_is_refused(typed: str) -> None:
    with pytest.raises(VClampError, match="is no number of mV"):
        with_start(typed, 5.0, "mV", 3)


def test_a_ladder_with_a_stop_keeps_its_number_of_sweeps_when_its_start_or_step_is_typed() -> None:
    old = Ladder(-60.0, step=20.0, stop=60.0)
    assert Ladder(**with_start("-100", old, "mV", 7)) == Ladder(-100.0, step=20.0, stop=20.0)
    assert Ladder(**with_change("+10", old, "mV", 7)) == Ladder(-60.0, step=10.0, stop=0.0)
    assert with_change("", old, "mV", 7) == -60.0


def test_a_change_that_reaches_its_stop_says_how_many_sweeps_there_are(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    type_cell(rig_window, editor, 1, Column.LEVEL_CHANGE, "+20 to 60")
    assert levels(rig_window) == [-80.0 + 20.0 * k for k in range(8)]
    type_cell(rig_window, editor, 1, Column.LEVEL_CHANGE, "")
    assert levels(rig_window) == [-80.0] * 8


def test_several_numbers_are_one_for_each_sweep(rig_window: Window, editor: ProtocolEditor) -> None:
    type_cell(rig_window, editor, 1, Column.LEVEL, "-60; 0 mV; 0.04 V")
    assert levels(rig_window) == [-60.0, 0.0, 40.0]
    assert shown(editor, 1, Column.LEVEL_CHANGE) == "list"


def test_digits_typed_on_a_chosen_cell_begin_to_edit_it_and_switch_no_channel(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    rig = rig_window.bench.rig
    choose(editor, 1, Column.DURATION)
    type_text(rig_window, "12")
    press(rig_window, Key.Key_Tab)
    press(rig_window, Key.Key_Escape)
    assert rig_window.bench.rig == rig
    assert rig_window.bench.protocol.segments[1].duration_ms == 12.0
    assert editor.pages.table.currentIndex().column() == Column.DURATION_CHANGE


def test_enter_goes_down_and_tab_goes_right(rig_window: Window, editor: ProtocolEditor) -> None:
    choose(editor, 0, Column.DURATION)
    for text in ("7", "8", "9"):
        type_text(rig_window, text)
        press(rig_window, Key.Key_Return)
    assert [segment.duration_ms for segment in rig_window.bench.protocol.segments] == [7.0, 8.0, 9.0]
    choose(editor, 1, Column.NAME)
    type_text(rig_window, "pulse")
    press(rig_window, Key.Key_Tab)
    type_text(rig_window, "-50")
    press(rig_window, Key.Key_Return)
    assert rig_window.bench.protocol.segments[1].name == "pulse"
    assert {mark.segment for mark in rig_window.bench.protocol.marks} == {"pulse"}
    assert levels(rig_window)[0] == -50.0


def test_tab_leaves_the_table_after_its_last_cell_and_undo_keeps_the_place(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    table = editor.pages.table
    choose(editor, 2, Column.DURATION_CHANGE)
    press(rig_window, Key.Key_Tab)
    assert table.currentIndex().column() == Column.MARKER
    assert table.hasFocus()
    press(rig_window, Key.Key_Tab)
    assert not table.hasFocus()
    choose(editor, 1, Column.LEVEL)
    press(rig_window, Key.Key_Insert)
    assert table.row == 2
    press(rig_window, Key.Key_Z, CTRL)
    assert (table.row, table.currentIndex().column()) == (2, Column.LEVEL)


def test_another_type_is_chosen_by_keys_alone(rig_window: Window, editor: ProtocolEditor) -> None:
    choose(editor, 1, Column.TYPE)
    press(rig_window, Key.Key_Return)
    popup = QApplication.activePopupWidget() or QApplication.focusWidget()
    assert popup is not None
    for key in (Key.Key_Down, Key.Key_Return):
        QTest.keyClick(QApplication.focusWidget() or popup, key)
        live(0.02)
    segment = rig_window.bench.protocol.segments[1]
    assert isinstance(segment, Ramp)
    assert segment.to_mV == Ladder(-80.0, step=10.0)
    assert shown(editor, 1, Column.LEVEL) == "→ −80"
    assert rig_window.bench.undo_step == "B step → ramp"


def test_rows_are_added_duplicated_moved_and_deleted_and_all_is_undone(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    bench, before = rig_window.bench, rig_window.bench.protocol
    choose(editor, 1, Column.LEVEL)
    menu = button(editor, "+").menu()
    next(action for action in menu.actions() if action.text() == "ramp").trigger()
    assert isinstance(bench.protocol.segments[2], Ramp)
    assert bench.undo_step == "add ramp C"
    assert editor.pages.table.row == 2
    click(button(editor, "▲"))
    assert isinstance(bench.protocol.segments[1], Ramp)
    press(rig_window, Key.Key_D, CTRL)
    assert [segment.type for segment in bench.protocol.segments] == ["hold", "ramp", "ramp", "step", "hold"]
    choose(editor, 3, Column.LEVEL)
    press(rig_window, Key.Key_Delete)
    assert [segment.type for segment in bench.protocol.segments] == ["hold", "ramp", "ramp", "hold"]
    assert bench.protocol.marks == ()
    for _ in range(4):
        press(rig_window, Key.Key_Z, CTRL)
    assert bench.protocol == before


def test_alt_and_an_arrow_move_a_row(rig_window: Window, editor: ProtocolEditor) -> None:
    choose(editor, 1, Column.LEVEL)
    press(rig_window, Key.Key_Down, ALT)
    assert [segment.type for segment in rig_window.bench.protocol.segments] == ["hold", "hold", "step"]
    assert editor.pages.table.row == 2


def test_a_row_is_dragged_by_its_letter(rig_window: Window, editor: ProtocolEditor) -> None:
    head = editor.pages.table.verticalHeader()
    places = [
        head.viewport().mapTo(rig_window, QPoint(8, head.sectionViewportPosition(row) + head.sectionSize(row) // 2))
        for row in range(3)
    ]
    drag_mouse(rig_window, places[1], places[2] + QPoint(0, 6))
    live(0.05)
    assert [segment.type for segment in rig_window.bench.protocol.segments] == ["hold", "hold", "step"]
    assert [head.visualIndex(row) for row in range(3)] == [0, 1, 2]


def test_rows_are_copied_as_text_and_pasted_with_names_of_their_own(rig_window: Window, editor: ProtocolEditor) -> None:
    choose(editor, 1, Column.LEVEL)
    press(rig_window, Key.Key_C, CTRL)
    assert QApplication.clipboard().text().startswith('[[segments]]\ntype = "step"\nname = "test"')
    press(rig_window, Key.Key_V, CTRL)
    assert [segment.name for segment in rig_window.bench.protocol.segments] == ["", "test", "test 2", ""]
    QApplication.clipboard().setText("nothing of the kind")
    press(rig_window, Key.Key_V, CTRL)
    assert "not valid TOML" in editor.pages.message.text()
    assert len(rig_window.bench.protocol.segments) == 4


def test_a_protocol_keeps_its_last_segment(rig_window: Window, editor: ProtocolEditor) -> None:
    for _ in range(2):
        choose(editor, 0, Column.LEVEL)
        press(rig_window, Key.Key_Delete)
    press(rig_window, Key.Key_Delete)
    assert len(rig_window.bench.protocol.segments) == 1
    assert "A protocol needs at least one segment" in editor.pages.message.text()
    assert not button(editor, "✕").isEnabled()


# ---- forms


def open_form(editor: ProtocolEditor, title: str) -> None:
    for tabs in (editor.sides, editor.pages.tabs):
        titles = [tabs.tabText(number) for number in range(tabs.count())]
        if title in titles:
            tabs.setCurrentIndex(titles.index(title))
    live(0.01)


def test_settings_of_the_series_are_typed_with_units(rig_window: Window, editor: ProtocolEditor) -> None:
    form = editor.sides.forms["Sweeps"]
    type_into(rig_window, form.fields["interval_ms"], "2 s")
    type_into(rig_window, form.fields["hold_mV"], "-0.09 V")
    type_into(rig_window, form.fields["n_sweeps"], "5")
    protocol = rig_window.bench.protocol
    assert (protocol.interval_ms, protocol.hold_mV, protocol.n_sweeps) == (2000.0, -90.0, 5)
    assert rig_window.bench.undo_step == "sweeps 15 → 5"
    type_into(rig_window, form.fields["interval_ms"], "3 ms")
    assert "interval_ms = 3 is shorter" in editor.pages.message.text()
    assert form.fields["interval_ms"].text() == "2000 ms"
    type_into(rig_window, form.fields["hold_mV"], "-900")
    assert "−900 mV is not within −250…250 mV: −90 mV stays." in editor.pages.message.text()


def test_leak_subtraction_is_switched_on_drawn_and_given_its_own_holding(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    open_form(editor, "P/N")
    form = editor.sides.forms["P/N"]
    assert not form.fields["n"].isVisible()
    n_drawn = len(editor.preview._lines._paths)
    press_switch(form.switch)
    assert rig_window.bench.protocol.leak is not None
    assert rig_window.bench.undo_step == "subtract leak and capacity (P/N) on, interval 500 ms"
    assert form.fields["n"].isVisible()
    assert len(editor.preview._lines._paths) == n_drawn + 1
    type_into(rig_window, form.fields["n"], "5")
    own = form.fields["hold_mV"]
    own.mode.setCurrentIndex(own.mode.findData("same"))
    own.mode.activated.emit(own.mode.currentIndex())
    type_into(rig_window, own.start, "-100")
    leak = rig_window.bench.protocol.leak
    assert (leak.n, leak.hold_mV) == (5, -100.0)
    press_switch(form.switch)
    assert rig_window.bench.protocol.leak is None


def press_switch(box: QWidget) -> None:
    click(box, QPoint(8, box.height() // 2))


def test_conditioning_is_drawn_before_the_sweep(rig_window: Window, editor: ProtocolEditor) -> None:
    open_form(editor, "Conditioning")
    form = editor.sides.forms["Conditioning"]
    press_switch(form.switch)
    assert rig_window.bench.protocol.conditioning is not None
    assert editor.preview._lines.boundingRect().left() == -50.0
    type_into(rig_window, form.fields["n"], "3")
    assert rig_window.bench.protocol.conditioning.n == 3


def test_everything_of_a_segment_is_in_its_form(rig_window: Window, editor: ProtocolEditor) -> None:
    open_form(editor, "Segment")
    choose(editor, 1, Column.LEVEL)
    form, bench = editor.sides.segment, rig_window.bench
    assert set(form.fields) == {"level_mV", "duration_ms", "relative"}
    type_into(rig_window, form.fields["level_mV"].by, "5")
    assert bench.protocol.segments[1].level_mV == Ladder(-80.0, step=5.0)
    assert bench.undo_step == "B level −80 +10 mV → −80 +5 mV"
    press_switch(form.fields["relative"])
    assert levels(rig_window)[0] == -160.0
    editor.pages.table.add("sine")
    live(0.02)
    fields = editor.sides.segment.fields
    assert {"frequency_Hz", "amplitude_mV", "to_Hz", "glide", "phase_deg", "unit"} <= set(fields)
    type_into(rig_window, fields["frequency_Hz"], "80")
    box = fields["unit"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    found = bench.protocol.segments[2]
    assert isinstance(found, Sine)
    assert (found.frequency_Hz, found.amplitude_mV, found.amplitude_pA) == (80.0, None, 100.0)


def test_each_way_of_changing_a_value_can_be_chosen(rig_window: Window, editor: ProtocolEditor) -> None:
    open_form(editor, "Segment")
    choose(editor, 1, Column.LEVEL)
    for mode, expected in (
        ("same", -80.0),
        ("step", Ladder(-80.0, step=10.0)),
        ("even", Ladder(-80.0, stop=60.0)),
        ("list", tuple(-80.0 + 10.0 * k for k in range(15))),
        ("factor", Ladder(-80.0, factor=2.0)),
    ):
        field = editor.sides.segment.fields["level_mV"]
        before = rig_window.bench.protocol
        field.mode.setCurrentIndex(field.mode.findData(mode))
        field.mode.activated.emit(field.mode.currentIndex())
        if mode == "factor":  # −80 doubled fourteen times is beyond every amplifier
            assert rig_window.bench.protocol == before
            assert "beyond ±250 mV" in editor.pages.message.text()
        else:
            assert rig_window.bench.protocol.segments[1].level_mV == expected


# ---- preview, values, remarks


def test_the_preview_follows_while_it_is_typed_and_goes_back_on_escape(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    def lowest() -> float:
        return editor.preview._lines.boundingRect().top()

    before = rig_window.bench.protocol
    assert lowest() == pytest.approx(-80.0)
    choose(editor, 1, Column.LEVEL)
    type_text(rig_window, "-10")
    assert lowest() == pytest.approx(-80.0)
    press(rig_window, Key.Key_Backspace)
    type_text(rig_window, "40")
    assert lowest() == pytest.approx(-140.0)
    assert rig_window.bench.protocol == before
    line = QApplication.focusWidget()
    assert isinstance(line, QLineEdit)
    type_text(rig_window, "0")
    assert "border" in line.styleSheet()
    press(rig_window, Key.Key_Escape)
    assert lowest() == pytest.approx(-80.0)
    assert rig_window.bench.protocol == before


def place_in_scene(editor: ProtocolEditor, t_ms: float, level: float) -> QPoint:
    view = editor.preview.plot.getPlotItem().getViewBox()
    return editor.preview.plot.mapFromScene(view.mapViewToScene(QPoint(round(t_ms), round(level))))


def test_pointing_at_the_preview_tells_time_level_and_sweep_and_a_click_chooses(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    at = place_in_scene(editor, 20.0, 40.0)
    QTest.mouseMove(editor.preview.plot.viewport(), at)
    live(0.05)
    assert editor.preview.readout.whole.startswith("B test · ")
    assert editor.preview.readout.whole.endswith("40 mV · sweep 13")
    click(editor.preview.plot.viewport(), at)
    assert editor.pages.table.row == 1
    assert editor.pages.actual.currentIndex().row() == 12


def test_the_values_of_every_sweep_are_those_of_theory(rig_window: Window, editor: ProtocolEditor) -> None:
    open_form(editor, "Values")
    model = editor.pages.actual.model()
    heads = [model.headerData(k, Qt.Orientation.Horizontal) for k in range(model.columnCount())]
    assert heads == ["A mV", "A ms", "B mV", "B ms", "C mV", "C ms"]
    for sweep in range(15):
        row = [model.index(sweep, column).data().replace("−", "-") for column in range(6)]
        assert [float(text) for text in row] == [-80.0, 5.0, -80.0 + 10.0 * sweep, 30.0, -80.0, 25.0]
    editor.mark_sweep(3)
    assert model.headerData(3, Qt.Orientation.Vertical) == "▶ 4"
    editor.mark_sweep(None)
    assert model.headerData(3, Qt.Orientation.Vertical) == "4"


def test_a_remark_marks_its_row_and_choosing_it_chooses_the_row(rig_window: Window, editor: ProtocolEditor) -> None:
    rig_window.load_cell("whole-cell")
    type_cell(rig_window, editor, 1, Column.DURATION, "0.02")
    settle_all(rig_window, editor)
    advice = lint(rig_window.bench.protocol, rig_window.bench.rig)
    number = next(n for n, each in enumerate(advice) if each.segment == 1)
    assert editor.pages.table.rows.headerData(1, Qt.Orientation.Vertical).startswith("▲")
    choose(editor, 2, Column.LEVEL)
    open_form(editor, editor.pages.tabs.tabText(3))
    remarks = editor.pages.remarks
    assert remarks.count() == len(advice)
    click(remarks.viewport(), remarks.visualItemRect(remarks.item(number)).center())
    assert editor.pages.table.row == 1


def test_the_header_says_how_long_it_takes_and_how_much_memory(rig_window: Window, editor: ProtocolEditor) -> None:
    settle_all(rig_window, editor)
    assert editor.header.numbers.text() == "15 sweeps, 3.7 s, 3.78 MB"  # 14 × 260 + 60 ms; 15 × 3000 × 11 × 8 bytes


# ---- text and files


def test_a_mistake_in_the_text_is_told_with_its_line_and_the_corrected_text_counts(
    rig_window: Window, editor: ProtocolEditor
) -> None:
    open_form(editor, "Text")
    page, before = editor.pages.text, rig_window.bench.protocol
    text = page.edit.toPlainText()
    assert protocol_of_text(text, "text") == before
    click(page.edit.viewport())
    press(rig_window, Key.Key_End, CTRL)
    press(rig_window, Key.Key_Home, CTRL)
    press(rig_window, Key.Key_Down)
    type_text(rig_window, "nn ")
    wait_for(lambda: bool(page.message.text()))
    assert "line 2" in page.message.text()
    assert rig_window.bench.protocol == before
    for _ in range(3):
        press(rig_window, Key.Key_Backspace)
    type_text(rig_window, "# mine")
    press(rig_window, Key.Key_Return)
    wait_for(lambda: not page.pending)
    assert rig_window.bench.protocol == before
    page.edit.setPlainText(page.edit.toPlainText().replace("step = 10.0", "step = 5.0"))
    wait_for(lambda: not page.pending)
    assert rig_window.bench.protocol.segments[1] == Step(Ladder(-80.0, step=5.0), 30.0, name="test")
    assert "# mine" in page.edit.toPlainText()
    assert rig_window.bench.undo_step == "edit as text"
    press(rig_window, Key.Key_Escape)


def test_saving_takes_the_name_of_the_file_and_keeps_comments(
    rig_window: Window, editor: ProtocolEditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_form(editor, "Text")
    page = editor.pages.text
    page.edit.setPlainText("# mine\n" + page.edit.toPlainText())
    wait_for(lambda: not page.pending)
    target = tmp_path / "my iv.toml"
    ask(monkeypatch, target)
    saved: list[object] = []
    editor.saved.connect(saved.append)
    click(find_button(editor, "Save as…"))
    wait_for(lambda: bool(saved))
    assert saved == [target]
    assert target.read_text(encoding="utf-8").startswith("# mine\n")
    assert load_protocol(target) == replace(shipped("iv"), name="my iv") == rig_window.bench.protocol
    assert not editor.header.dot.isVisible()
    type_cell_after_saving(rig_window, editor)
    assert editor.header.dot.isVisible()


def type_cell_after_saving(window: Window, editor: ProtocolEditor) -> None:
    open_form(editor, "Segments")
    type_cell(window, editor, 1, Column.DURATION, "31")


def ask(monkeypatch: pytest.MonkeyPatch, target: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), ""))


def find_button(editor: ProtocolEditor, text: str) -> QToolButton:
    return next(each for each in editor.header.findChildren(QToolButton) if each.text() == text)


@pytest.mark.parametrize(("name", "said"), [("iv", "name of a shipped"), ("a:b", "no name"), ("x" * 90, "no name")])
def test_a_name_that_is_none_is_refused_and_nothing_is_written(
    editor: ProtocolEditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    ask(monkeypatch, tmp_path / name)
    before = sorted(tmp_path.glob("*.toml"))
    click(find_button(editor, "Save as…"))
    assert said in editor.pages.message.text()
    assert sorted(tmp_path.glob("*.toml")) == before


def test_a_protocol_that_the_dialog_did_not_ask_about_is_not_replaced(
    editor: ProtocolEditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text("precious")
    ask(monkeypatch, tmp_path / "mine")
    click(find_button(editor, "Save as…"))
    wait_for(lambda: "mine.toml: exists already" in editor.pages.message.text())
    assert (tmp_path / "mine.toml").read_text() == "precious"


def test_a_folder_that_is_gone_is_told(
    rig_window: Window, editor: ProtocolEditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(monkeypatch, tmp_path / "nowhere" / "mine.toml")
    click(find_button(editor, "Save as…"))
    wait_for(lambda: "no such folder" in editor.pages.message.text())
    assert rig_window.bench.protocol.name == "iv"


def test_a_dot_tells_a_changed_protocol_and_revert_takes_it_back(rig_window: Window, editor: ProtocolEditor) -> None:
    assert not editor.header.dot.isVisible()
    assert not editor.header.revert.isEnabled()
    type_cell(rig_window, editor, 1, Column.DURATION, "31")
    assert editor.header.dot.isVisible()
    click(editor.header.revert)
    assert rig_window.bench.protocol == shipped("iv")
    assert not editor.header.dot.isVisible()
    type_cell(rig_window, editor, 1, Column.DURATION, "32")
    double_click(editor.header.dot)
    assert rig_window.bench.protocol == shipped("iv")


# ---- the rest


def test_nothing_can_be_edited_while_a_run_goes_on(rig_window: Window, editor: ProtocolEditor) -> None:
    editor.show_running(True)
    before = rig_window.bench.protocol
    type_cell(rig_window, editor, 1, Column.LEVEL, "-50")
    press(rig_window, Key.Key_Delete)
    for sign in "+✕":
        click(button(editor, sign))
    assert rig_window.bench.protocol == before
    editor.show_running(False)
    type_cell(rig_window, editor, 1, Column.LEVEL, "-50")
    assert rig_window.bench.protocol != before


def test_every_widget_that_can_be_reached_has_a_name_and_a_tip(editor: ProtocolEditor) -> None:
    nameless: list[str] = []
    for widget in editor.findChildren(QWidget):
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and type(widget).__module__.startswith("vclamp")
        if takes and not (widget.accessibleName() or widget.toolTip()):
            nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert nameless == []


@pytest.mark.parametrize("width", [1366, 1920])
def test_no_column_of_the_table_and_no_field_of_the_series_is_cut_off(
    rig_window: Window, editor: ProtocolEditor, width: int
) -> None:
    rig_window.resize(width, 768)
    rig_window.docks.fit(rig_window.display.theme.font_px)
    live(0.1)
    assert editor.pages.table.horizontalScrollBar().maximum() == 0
    area = editor.sides.widget(1)
    assert area.horizontalScrollBar().maximum() == 0
    assert area.verticalScrollBar().maximum() == 0
    assert 200 <= editor.height() <= 300


def test_in_the_letters_of_a_projector_nothing_scrolls_sideways(rig_window: Window, editor: ProtocolEditor) -> None:
    before = rig_window.looks.theme.name
    rig_window.status.file.setText("a long name of a file, and when the last sweep was saved " * 3)
    rig_window.looks.choose("projector")
    try:
        live(0.1)
        rig_window.resize(1366, 768)
        live(0.1)
        assert rig_window.width() == 1366  # no wider than the screen of a lecture hall
        assert editor.pages.table.horizontalScrollBar().maximum() == 0
        for tabs in (editor.sides, editor.pages.tabs, rig_window.tabs):
            bar = tabs.tabBar()
            assert bar.font().pixelSize() == rig_window.looks.theme.font_px
            assert bar.tabRect(bar.count() - 1).right() <= bar.width()
    finally:
        rig_window.looks.choose(before)
        live(0.1)


def test_a_hidden_editor_draws_only_when_it_is_seen_again(rig_window: Window, editor: ProtocolEditor) -> None:
    editor.parentWidget().hide()
    rig_window.load_protocol("ramp")
    assert editor.pages.table.rows.protocol == shipped("iv")
    editor.parentWidget().show()
    assert editor.pages.table.rows.protocol == shipped("ramp")


def test_huge_and_odd_protocols_are_shown_without_a_word(rig_window: Window, editor: ProtocolEditor) -> None:
    odd: list[Callable[[], Protocol]] = [
        lambda: replace(shipped("iv"), segments=(Step(Ladder(-80.0, step=0.01), 1.0),), marks=(), n_sweeps=2_000),
        lambda: replace(shipped("iv"), segments=(Step(0.0, 60_000.0),), marks=(), interval_ms=0.0),
        lambda: replace(shipped("iv"), segments=tuple(Step(float(k), 1.0) for k in range(100)), marks=()),
        lambda: replace(shipped("current-steps"), hold_mV=0.0),
    ]
    for make in odd:
        protocol = make()
        editor.show_protocol(protocol, rig_window.bench.rig)
        settle_all(rig_window, editor)
        assert editor.pages.table.rows.rowCount() == len(protocol.segments)
        assert protocol_of_text(protocol_text(protocol), "text") == protocol
