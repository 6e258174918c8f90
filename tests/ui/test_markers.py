"""M marks a moment of a sweep: drawn on its trace, listed with it, in the file."""

import pytest
from rig_window import Key, click_run, family, live, press, recorded, settle, type_text, wait_for

from vclamp.ui.markers import Mark, marks_in, with_mark
from vclamp.ui.window import Window


def drawn(window: Window) -> list[tuple[float, str]]:
    """Times and words of the markers in the scopes."""
    return [(line.value(), line.label.toPlainText()) for _, line in window.navigation.markers._lines]


def mark(window: Window, words: str) -> None:
    press(window, Key.Key_M)
    assert window.navigation.markers.editor.hasFocus()
    type_text(window, words)
    press(window, Key.Key_Return)
    settle(window)


def test_a_marker_of_a_finished_run_is_at_cursor_1_of_the_sweep_in_front(rig_window: Window) -> None:
    family(rig_window)
    for _ in range(2):
        press(rig_window, Key.Key_Left)
    rig_window.display.stack.move_cursor(0, 12.5)
    mark(rig_window, "TTX on")
    assert drawn(rig_window) == [(12.5, "TTX on")]
    assert recorded(rig_window).about.sweep_notes == ((1, "12.5 ms TTX on"),)
    rig_window.display.stack.move_cursor(0, 3.0)
    mark(rig_window, "")
    assert recorded(rig_window).about.sweep_notes == ((1, "12.5 ms TTX on\n3 ms"),)
    press(rig_window, Key.Key_Right)
    assert drawn(rig_window) == [], "they are of the sweep that is behind now"
    press(rig_window, Key.Key_Home)
    assert drawn(rig_window) == [(12.5, "TTX on"), (3.0, "3 ms")]
    family(rig_window)
    assert drawn(rig_window) == [], "another run"


def test_a_marker_of_a_run_that_goes_on_is_where_it_was_when_m_was_pressed(rig_window: Window) -> None:
    rig_window.set_speed(0.01)
    chunks: list[object] = []
    rig_window.bridge.grew.connect(chunks.append)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: bool(chunks) and chunks[-1].last > 100, 20.0)
    press(rig_window, Key.Key_M)
    pressed_ms = chunks[-1].last / rig_window.bench.protocol.fs_kHz
    live(0.3)
    type_text(rig_window, "rt")  # letters that are commands elsewhere
    press(rig_window, Key.Key_Return)
    assert rig_window.bridge.running
    assert rig_window.rec.isChecked()
    (one,) = drawn(rig_window)
    assert one == (pytest.approx(pressed_ms, abs=0.1), "rt")
    rig_window.set_speed(float("inf"))
    wait_for(lambda: not rig_window.bridge.running)
    settle(rig_window)
    ((sweep, note),) = recorded(rig_window).about.sweep_notes
    assert sweep == 0
    assert note.endswith(" ms rt")
    assert float(note.split()[0]) == pytest.approx(pressed_ms, abs=0.1)
    assert drawn(rig_window) == [one]


def test_markers_are_there_again_when_their_run_is_read(rig_window: Window) -> None:
    family(rig_window)
    rig_window.display.stack.move_cursor(0, 7.0)
    mark(rig_window, "step")
    family(rig_window)
    assert drawn(rig_window) == []
    rig_window.navigation.markers._notes.clear()  # what it remembers of this sitting
    click_run(rig_window, 1)
    assert drawn(rig_window) == [(7.0, "step")]


def test_esc_marks_nothing_and_without_a_recorded_run_it_is_said_why(rig_window: Window) -> None:
    press(rig_window, Key.Key_M)
    assert "recorded run" in rig_window.banner.message
    family(rig_window)
    press(rig_window, Key.Key_M)
    type_text(rig_window, "never mind")
    press(rig_window, Key.Key_Escape)
    settle(rig_window)
    assert not rig_window.navigation.markers.editor.isVisible()
    assert drawn(rig_window) == []
    assert recorded(rig_window).about.sweep_notes == ()


def test_what_is_edited_in_the_list_moves_the_marker(rig_window: Window) -> None:
    family(rig_window)
    mark(rig_window, "here")
    rig_window.documents.runs.sweep_noted.emit(1, 3, "a note\n4.25 ms there\n9 msec no time")
    assert drawn(rig_window) == [(4.25, "there")]


def test_a_note_with_one_more_moment_reads_back() -> None:
    note = with_mark(with_mark("seen twice", Mark(2, 12.34567, "")), Mark(2, 0.0, "5 nM"))
    assert note == "seen twice\n12.346 ms\n0 ms 5 nM"
    assert marks_in(2, note) == (Mark(2, 12.346, ""), Mark(2, 0.0, "5 nM"))
