"""A protocol of the course opens with what it is best seen with, and a supervisor looks over its user's shoulder."""

from dataclasses import replace
from math import inf

from rig_window import Key, click, press, recorded, settle, wait_for

from vclamp.model.protocol import Hold, Protocol, Step
from vclamp.ui.window import Window


def settled(window: Window) -> None:
    settle(window)
    wait_for(lambda: not window.course.advising, what="the advice")


def test_a_protocol_opens_its_scopes_and_its_analysis(rig_window: Window) -> None:
    rig_window.set_speed(inf)
    rig_window.load_protocol("leak-subtraction")
    settled(rig_window)
    opens = rig_window.bench.protocol.opens
    assert rig_window.display.stack.wanted == set(opens.scopes) >= {"subtracted"}
    assert [scope.kind.title for scope in rig_window.display.stack.family.shown] == ["V", "I total", "I − leak"]
    press(rig_window, Key.Key_Space)
    settled(rig_window)
    rig_window.tabs.setCurrentWidget(rig_window.analyst.panel)
    wait_for(lambda: rig_window.analyst.panel.result is not None, what="the analysis")
    assert rig_window.analyst.panel.choices.name == opens.analyses[0]


def test_the_subtracted_current_is_drawn_beside_the_recorded_one(rig_window: Window) -> None:
    rig_window.set_speed(inf)
    rig_window.load_protocol("leak-subtraction")
    press(rig_window, Key.Key_Space)
    settled(rig_window)
    names = recorded(rig_window).sweeps[0].names
    assert names[-5:] == ("i_subtracted_pA", "i_leg_1_pA", "i_leg_2_pA", "i_leg_3_pA", "i_leg_4_pA")
    scope = rig_window.display.stack.scopes["subtracted"]
    assert len(scope.item._live) + len(scope.item.finished) == recorded(rig_window).header.protocol.total_sweeps
    rig_window.load_protocol("tail")
    settled(rig_window)
    assert "subtracted" not in [scope.kind.title for scope in rig_window.display.stack.family.shown]


def test_another_cell_than_the_one_it_is_made_for_is_remarked_and_exchanged_by_the_menu(rig_window: Window) -> None:
    rig_window.load_protocol("leak-subtraction")
    settled(rig_window)
    advice = rig_window.status.advice
    assert advice.isVisible()
    assert "made for the cell “realistic-rig”" in advice.toolTip()
    menus = {action.text(): action for action in rig_window.menuBar().actions()}
    actions = {action.text(): action for action in menus["&Protocol"].menu().actions()}
    actions["Use the cell it is made for"].trigger()
    settled(rig_window)
    assert rig_window.bench.rig.cell.name == "realistic-rig"
    assert "made for" not in advice.toolTip()


def test_remarks_follow_every_edit_and_a_click_tells_them(rig_window: Window) -> None:
    settled(rig_window)
    advice = rig_window.status.advice
    assert not advice.isVisible()
    rig_window.edit("protocol.fs_kHz", 10.0)
    rig_window.edit("amplifier.recorder.on", True)
    rig_window.edit("amplifier.recorder.filter_kHz", 5.0)
    settled(rig_window)
    assert "5 kHz" in advice.toolTip()
    assert "filter" in advice.toolTip()
    click(advice)
    assert rig_window.banner.message == advice.text_of_all
    rig_window.edit("protocol.fs_kHz", 100.0)
    settled(rig_window)
    assert "filter" not in advice.toolTip() or not advice.isVisible()


def test_a_marked_segment_is_named_where_it_begins(rig_window: Window) -> None:
    marked = Protocol("light", (Hold(4.0), Step(0.0, 5.0, marker="light on")), n_sweeps=1, hold_mV=-80.0)
    rig_window.bench.set_scene(rig_window.bench.rig, marked, "marked")
    settled(rig_window)
    (marker,) = rig_window.display.stack.markers
    assert (marker.value(), marker.label.textItem.toPlainText()) == (4.0, "light on")
    rig_window.bench.set_scene(rig_window.bench.rig, replace(marked, segments=(Hold(4.0),)), "plain")
    assert rig_window.display.stack.markers == []
