"""The window under real keys and clicks: running, editing, opening, saving, looks."""

import gc
import weakref
from dataclasses import replace
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget
from rig_window import (
    TTX,
    Key,
    click,
    double_click,
    drag,
    engine_held,
    family,
    milliseconds_until,
    picture,
    points,
    press,
    quick,
    recorded,
    recordings,
    settle,
    ttx_slider,
    type_into,
    type_text,
    wait_for,
)

from vclamp.model.protocol import Hold, Protocol
from vclamp.model.record import Sweep
from vclamp.run.runner import replay
from vclamp.storage.compare import differences, sweep_differences
from vclamp.storage.session import Session
from vclamp.ui.bar import SPEEDS
from vclamp.ui.window import Window
from vclamp.ui.worker import Saved

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
INF = float("inf")


# ---- running -------------------------------------------------------------------------------


def test_space_runs_the_family_and_the_iv_grows_sweep_by_sweep(rig_window: Window) -> None:
    seen: set[int] = set()
    rig_window.bridge.grew.connect(lambda chunk: seen.add(points(rig_window)))
    rig_window.set_speed(10.0)
    rig_window.bench.set_scene(rig_window.bench.rig, quick(interval_ms=3000.0), "slow")
    press(rig_window, Key.Key_Space)
    wait_for(lambda: points(rig_window) >= 2)
    assert rig_window.bridge.running
    assert "Pause" in rig_window.bar.run.text()
    wait_for(lambda: not rig_window.bridge.running)
    settle(rig_window)
    assert seen >= {0, 1, 2, 3}
    assert points(rig_window) == 4
    assert "Run" in rig_window.bar.run.text()
    assert rig_window.bar.progress.text() == "sweep 4 / 4"
    assert differences(recorded(rig_window), rig_window.display.recording) == []


def test_the_run_and_stop_buttons_do_what_the_keys_do(rig_window: Window) -> None:
    click(rig_window.bar.run)
    assert rig_window.bridge.running
    click(rig_window.bar.halt)
    wait_for(lambda: not rig_window.bridge.running)
    assert not rig_window.bar.halt.isEnabled()


def test_space_holds_the_run_still_and_lets_it_go_on(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(ms=400.0), "slow")
    grown: list[int] = []
    rig_window.bridge.grew.connect(lambda chunk: grown.append(chunk.last))
    press(rig_window, Key.Key_Space)
    wait_for(lambda: bool(grown))
    press(rig_window, Key.Key_Space)
    assert "Go on" in rig_window.bar.run.text()
    QTest.qWait(60)
    count = len(grown)
    QTest.qWait(200)
    assert len(grown) == count
    rig_window.set_speed(INF)
    QTest.qWait(50)
    assert len(grown) == count, "another speed does not end a pause"
    press(rig_window, Key.Key_Space)
    wait_for(lambda: not rig_window.bridge.running)
    assert len(rig_window.display.recording.sweeps) == 4


def test_esc_stops_and_what_was_finished_is_kept(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=50), "long")
    press(rig_window, Key.Key_Space)
    wait_for(lambda: points(rig_window) >= 3)
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running, 0.5)
    kept = rig_window.display.recording
    assert 3 <= len(kept.sweeps) < 50
    assert kept.finished.reason == "stopped"
    assert differences(recorded(rig_window), kept) == []


def test_esc_right_after_space_stops_the_run_that_has_not_begun(rig_window: Window) -> None:
    with engine_held(rig_window):
        press(rig_window, Key.Key_Space)
        press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running, 1.0)
    assert rig_window.display.recording is None
    assert not list(recordings(rig_window).glob("*")), "a run that never began is not in the file"


def test_space_twice_at_once_pauses_the_run_that_has_not_begun(rig_window: Window) -> None:
    with engine_held(rig_window):
        press(rig_window, Key.Key_Space)
        press(rig_window, Key.Key_Space)
    QTest.qWait(150)
    assert rig_window.bridge.running
    assert rig_window.bridge.paused
    assert rig_window.display._sweeps == []
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running, 0.5)


def test_with_another_protocol_the_sweeps_of_the_last_one_are_forgotten(rig_window: Window) -> None:
    rig_window.tabs.setCurrentWidget(rig_window.analyst.panel)
    family(rig_window)
    rig_window.edit("solutions.drugs.TTX.out_mM", 1e-5)  # compared with what was recorded, in curves and analyses
    settle(rig_window)
    first = weakref.ref(rig_window.display.recording.sweeps[0])
    rig_window.load_protocol(replace(quick(sweeps=3), name="another"))
    settle(rig_window)
    wait_for(lambda: gc.collect() >= 0 and first() is None, 5.0, "the sweeps to be forgotten")


def test_a_run_stopped_in_its_first_sweep_brings_the_last_one_back(rig_window: Window) -> None:
    family(rig_window)
    kept, before = rig_window.display.recording, points(rig_window)
    rig_window.set_speed(0.01)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: points(rig_window) == 0)
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running, 0.5)
    assert rig_window.display.recording is kept
    wait_for(lambda: points(rig_window) == before, 5.0, "the curves of the last run")


def test_every_sweep_is_in_the_file_before_the_status_line_says_so(rig_window: Window) -> None:
    found: list[Sweep] = []

    def look(saved: Saved) -> None:
        assert f"{saved.path.name}   sweep {saved.sweep + 1} saved" in rig_window.status.file.text()
        with Session.open(saved.path) as session:
            found.append(session.sweep(session.runs()[-1].id, saved.sweep))

    rig_window.bridge.saved.connect(look)
    family(rig_window, 10.0)
    assert sweep_differences(tuple(found), rig_window.display.recording.sweeps) == []


def test_speed_keys_go_through_all_speeds(rig_window: Window) -> None:
    press(rig_window, Key.Key_Slash)
    for key, expected in ((Key.Key_Equal, 2.0), (Key.Key_Equal, 5.0), (Key.Key_Minus, 2.0), (Key.Key_Slash, 1.0)):
        press(rig_window, key)
        assert rig_window.bridge.speed == expected
        assert SPEEDS[rig_window.bar.speed.currentIndex()] == expected
    for _ in range(20):
        press(rig_window, Key.Key_Minus)
    assert rig_window.bridge.speed == SPEEDS[0]


# ---- editing -------------------------------------------------------------------------------


def test_a_drag_during_a_run_is_recorded_to_the_sample_and_replays_bit_for_bit(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=100, ms=80.0), "slow")
    press(rig_window, Key.Key_Space)
    wait_for(lambda: points(rig_window) >= 1)
    drag(ttx_slider(rig_window), 0.8, steps=12, between=lambda: QTest.qWait(8))
    sweeps, last = rig_window.display._sweeps, rig_window.bench.rig
    wait_for(lambda: any(change.rig == last for sweep in sweeps for change in sweep.changes))
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running)
    settle(rig_window)
    kept = recorded(rig_window)
    changes = [change for sweep in kept.sweeps for change in sweep.changes]
    assert len(changes) >= 3
    assert changes[-1].rig == rig_window.bench.rig
    assert differences(kept, rig_window.display.recording) == []
    assert differences(kept, replay(kept)) == []


def test_an_edit_between_space_and_the_first_sweep_is_not_lost(rig_window: Window) -> None:
    rig_window.set_speed(INF)
    with engine_held(rig_window):
        press(rig_window, Key.Key_Space)
        rig_window.edit(TTX, 1e-3)
    wait_for(lambda: not rig_window.bridge.running)
    kept = rig_window.display.recording
    assert kept.header.rig == rig_window.bench.rig
    assert differences(kept, replay(kept)) == []


def test_a_drag_when_idle_shows_what_would_be_over_what_was(rig_window: Window) -> None:
    family(rig_window)
    kept = rig_window.display.recording
    drag(ttx_slider(rig_window), 1.0)
    settle(rig_window)
    assert rig_window.bench.rig.solutions.drug_mM("TTX", "out") > 1e-3
    curves = rig_window.display.iv._shown
    assert [p.ghost for p in curves] == [True, True, False, False]
    assert curves[0].curve.y.min() < -100.0 < curves[2].curve.y.min(), "the inward current is gone, but for its ghost"
    assert "not recorded" in rig_window.status.frames.text()
    assert rig_window.display.recording is kept
    assert len(rig_window.display.stack.family._ghost) == 4
    drag(ttx_slider(rig_window), 0.0)
    settle(rig_window)
    assert rig_window.bench.rig == kept.header.rig
    assert rig_window.status.frames.text() == ""
    assert [p.ghost for p in rig_window.display.iv._shown] == [False, False]


def test_going_back_to_the_recorded_rig_shows_what_was_recorded(rig_window: Window) -> None:
    """Not what would have been: the rig may have changed while it ran."""
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=10, ms=60.0), "slow")
    press(rig_window, Key.Key_Space)
    wait_for(lambda: points(rig_window) >= 1)
    rig_window.edit(TTX, 1e-2)
    wait_for(lambda: not rig_window.bridge.running)
    settle(rig_window)
    shown = [p.curve.y for p in rig_window.display.iv._shown]
    press(rig_window, Key.Key_W)
    settle(rig_window)
    assert all(np.array_equal(p.curve.y, y) for p, y in zip(rig_window.display.iv._shown, shown, strict=True))


def test_a_drag_when_idle_is_on_the_screen_at_once(rig_window: Window) -> None:
    rig_window.bench.load_protocol("iv")
    family(rig_window)
    stack, slider = rig_window.display.stack, ttx_slider(rig_window)
    times, painted = [], []
    rig_window.bridge.previewed.connect(lambda _: painted.append(stack.paints))
    for position in np.linspace(20, 280, 9).astype(int).tolist():
        before = picture(rig_window)
        painted.clear()
        slider.setValue(position)
        times.append(milliseconds_until(lambda: bool(painted) and stack.paints > painted[-1]))
        assert stack.family.header.rig == rig_window.bench.rig
        assert picture(rig_window) != before
        settle(rig_window)
    print(f"\nidle edit to changed pixels: median {median(times):.0f} ms, largest {max(times):.0f} ms")
    assert median(times) < 150.0


def test_a_drag_during_a_run_is_on_the_screen_at_once(rig_window: Window) -> None:
    """At rest the current is the leak's, so an edit of it is a step in the trace."""
    still = Protocol("still", (Hold(60_000.0),), n_sweeps=1, hold_mV=-80.0)
    rig_window.bench.set_scene(rig_window.bench.rig, still, "test")
    newest: list[float] = []
    rig_window.bridge.grew.connect(lambda chunk: newest.append(float(chunk.values[2, chunk.last - 1])))
    rig_window.set_speed(1.0)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: len(newest) > 10)
    stack, times = rig_window.display.stack, []
    for g_nS in range(1, 16):
        before = newest[-1]
        rig_window.panel.cards["leak"].conductance.setValue(10.0 * g_nS)
        wait = milliseconds_until(lambda before=before: abs(newest[-1] - before) > 50.0)
        painted = stack.paints
        times.append(wait + milliseconds_until(lambda painted=painted: stack.paints > painted))
        QTest.qWait(20)
    press(rig_window, Key.Key_Escape)
    print(f"\nedit during a run to pixels: median {median(times):.0f} ms, largest {max(times):.0f} ms")
    assert median(times) < 150.0


def test_wash_reset_undo_and_redo(rig_window: Window) -> None:
    control = rig_window.bench.rig
    drag(ttx_slider(rig_window), 0.7)
    blocked = rig_window.bench.rig
    assert blocked != control
    press(rig_window, Key.Key_W)
    assert rig_window.bench.rig == control
    assert ttx_slider(rig_window).value() == 0
    press(rig_window, Key.Key_Z, CTRL)
    assert rig_window.bench.rig == blocked
    press(rig_window, Key.Key_Z, CTRL)
    assert rig_window.bench.rig == control, "a drag is one step"
    press(rig_window, Key.Key_Z, CTRL | SHIFT)
    assert rig_window.bench.rig == blocked
    assert ttx_slider(rig_window).value() > 100
    press(rig_window, Key.Key_2)
    press(rig_window, Key.Key_0)
    assert rig_window.bench.rig == control


def test_reset_after_undoing_another_cell_is_the_control_of_this_one(rig_window: Window) -> None:
    rig_window.load_cell("squid-axon")
    control = rig_window.bench.rig
    rig_window.load_cell("k-membrane")
    press(rig_window, Key.Key_Z, CTRL)
    press(rig_window, Key.Key_1)
    press(rig_window, Key.Key_0)
    assert rig_window.bench.rig == control


def test_digits_switch_channels(rig_window: Window) -> None:
    names = list(rig_window.panel.cards)
    for number, name in enumerate(names):
        press(rig_window, Key(Key.Key_1 + number))
        assert [c.on for c in rig_window.bench.rig.cell.channels] == [n != name for n in names]
        assert not rig_window.panel.cards[name].switch.isChecked()
        press(rig_window, Key(Key.Key_1 + number))
    for number in range(len(names), 9):
        press(rig_window, Key(Key.Key_1 + number))
    assert all(channel.on for channel in rig_window.bench.rig.cell.channels)


def test_a_double_click_washes_a_drug_off(rig_window: Window) -> None:
    slider = ttx_slider(rig_window)
    slider.setValue(200)
    double_click(slider)
    assert rig_window.bench.rig.solutions.drug_mM("TTX", "out") == 0.0


@pytest.mark.parametrize("button", [Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton])
def test_a_slider_can_be_dragged_after_a_double_click_elsewhere(rig_window: Window, button: Qt.MouseButton) -> None:
    double_click(rig_window.status, button=button)
    drag(ttx_slider(rig_window), 1.0)
    assert rig_window.bench.rig.solutions.drug_mM("TTX", "out") > 0.0


TYPED = [
    ("−70", -70.0, ""),
    ("-70 mV", -70.0, ""),
    ("-70mV", -70.0, ""),
    ("-0.065 V", -65.0, ""),
    ("-55,5", -55.5, ""),
    ("+20", 20.0, ""),
    ("-700", -80.0, "−250"),
    ("1e9", -80.0, "250"),
    ("-70 pA", -80.0, "mV"),
    ("abc", -80.0, "mV"),
    ("", -80.0, "mV"),
    ("--5", -80.0, "mV"),
    ("nan", -80.0, "mV"),
    ("٣", -80.0, "mV"),
]


@pytest.mark.parametrize("end", [Key.Key_Return, Key.Key_Tab], ids=["enter", "tab"])
def test_a_typed_value_is_taken_or_refused_with_a_reason(rig_window: Window, end: Qt.Key) -> None:
    """In the latter case the last good one stays, in the field as well."""
    field = rig_window.bar.hold
    for text, expected, reason in TYPED:
        rig_window.edit("protocol.hold_mV", -80.0)
        rig_window.banner.hide()
        type_into(rig_window, field, text, end)
        assert rig_window.bench.protocol.hold_mV == expected, text
        assert field.value() == expected, text
        assert field.text() == f"{expected:g} mV".replace("-", "−"), text
        assert reason in rig_window.banner.message, text
        assert bool(reason) == bool(rig_window.banner.message), text


def test_a_value_the_rig_refuses_leaves_the_last_good_one(rig_window: Window) -> None:
    field = rig_window.panel.rs
    type_into(rig_window, field, "5")
    assert rig_window.bench.rig.amplifier.rs_MOhm == 5.0
    type_into(rig_window, field, "2000")
    assert rig_window.bench.rig.amplifier.rs_MOhm == 5.0
    assert "1000 MΩ" in rig_window.banner.message
    type_into(rig_window, field, "0.02 GΩ")
    assert rig_window.bench.rig.amplifier.rs_MOhm == 20.0
    assert rig_window.banner.message == ""
    assert "Rs 20 MΩ" in rig_window.status.rig.text()


# ---- keys against focus --------------------------------------------------------------------


def test_space_runs_wherever_the_focus_is(rig_window: Window) -> None:
    rig_window.set_speed(INF)
    card = rig_window.panel.cards["na"]
    places = [ttx_slider(rig_window), card.switch, rig_window.bar.cell, rig_window.bar.speed, rig_window.bar.run]
    places += [rig_window.display.cursors, rig_window.documents.runs, rig_window.display.stack, rig_window.display.iv]
    started: list[object] = []
    rig_window.bridge.started.connect(started.append)
    for number, place in enumerate(places, 1):
        place.setFocus()
        rig = rig_window.bench.rig
        press(rig_window, Key.Key_Space)
        wait_for(lambda number=number: len(started) == number, 2.0, f"Space on {place}")
        wait_for(lambda: not rig_window.bridge.running)
        assert rig_window.bench.rig == rig
        assert QApplication.activePopupWidget() is None


def test_space_runs_at_once_after_the_start(rig_window: Window) -> None:
    """No field has the focus then, to take the key for itself."""
    assert (
        not isinstance(QApplication.focusWidget(), QWidget) or "Field" not in type(QApplication.focusWidget()).__name__
    )
    press(rig_window, Key.Key_Space)
    assert rig_window.bridge.running


def test_space_runs_after_a_value_was_typed(rig_window: Window) -> None:
    type_into(rig_window, rig_window.bar.hold, "-70")
    press(rig_window, Key.Key_Space)
    assert rig_window.bridge.running


def test_keys_typed_into_a_field_do_nothing_else(rig_window: Window) -> None:
    field = rig_window.panel.cards["na"].conductance
    before = rig_window.bench.rig
    click(field)
    press(rig_window, Key.Key_A, CTRL)
    type_text(rig_window, "123-= /w0")
    assert rig_window.bench.rig == before
    assert rig_window.bridge.speed == 1.0
    assert not rig_window.bridge.running
    press(rig_window, Key.Key_A, CTRL)
    type_text(rig_window, "120.5")
    press(rig_window, Key.Key_Return)
    channel = rig_window.bench.rig.cell.channels[0]
    assert (channel.g_nS, channel.on) == (120.5, True)


# ---- another cell or protocol --------------------------------------------------------------


def pick(box: QComboBox, name: str) -> None:
    """Choose an entry as a user does."""
    box.setCurrentIndex(box.findData(name))
    box.activated.emit(box.currentIndex())


@pytest.mark.parametrize("speed", [1.0, INF], ids=["real time", "full speed"])
def test_another_cell_or_protocol_while_running_starts_afresh(rig_window: Window, speed: float) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=300), "long")
    rig_window.set_speed(speed)
    for turn in range(4):
        press(rig_window, Key.Key_Space)
        QTest.qWait(7 * turn)
        pick(rig_window.bar.cell, ("k-membrane", "squid-axon-20pf", "squid-axon", "k-membrane")[turn])
        assert not rig_window.bridge.running
        assert "Run" in rig_window.bar.run.text()
        QTest.qWait(40)
        assert rig_window.display._sweeps == []
        assert rig_window.banner.message == ""
    press(rig_window, Key.Key_Space)
    pick(rig_window.bar.protocol, "tail")
    assert rig_window.bench.protocol.name == "tail"
    pick(rig_window.bar.cell, "squid-axon")
    family(rig_window)
    assert len(rig_window.display.recording.sweeps) == rig_window.bench.protocol.n_sweeps
    assert rig_window.display.recording.header.rig.cell.name == "squid-axon"


def entries(box: QComboBox) -> list[str]:
    return [box.itemData(n) for n in range(box.count()) if box.itemData(n) is not None]


def runs_whole(window: Window) -> None:
    family(window)
    assert window.banner.message == ""
    kept = window.display.recording
    assert len(kept.sweeps) == kept.header.protocol.n_sweeps


def test_every_shipped_protocol_runs(rig_window: Window) -> None:
    for name in entries(rig_window.bar.protocol):
        pick(rig_window.bar.protocol, name)
        runs_whole(rig_window)


def test_in_every_shipped_cell_the_currents_at_rest_add_up_to_the_amplifiers_and_it_runs(rig_window: Window) -> None:
    """So that none charges the membrane. A family of two sweeps: longer ones are run without a window."""
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=2), "short")
    for name in entries(rig_window.bar.cell):
        pick(rig_window.bar.cell, name)
        settle(rig_window)
        if not rig_window.bench.rig.cell.exam:  # or its branches are not told
            capacitor, *others = (abs(b.current_pA) for b in rig_window.display.circuit.circuit.branches)
            assert capacitor <= 0.02 * max(capacitor, *others) + 0.05, name
        runs_whole(rig_window)


def test_a_cell_that_cannot_be_loaded_changes_nothing(rig_window: Window) -> None:
    before = rig_window.bench.rig
    rig_window.load_cell("no such cell")
    assert "no such cell" in rig_window.banner.message
    assert rig_window.bench.rig == before
    assert rig_window.bar.cell.currentData() == "squid-axon"


def test_pairs_of_edits_are_one_step_only_if_they_are_one_drag(rig_window: Window) -> None:
    """Undo goes back edit by edit, but not through every place a slider passed."""
    states = [rig_window.bench.rig]
    for path, value in ((TTX, 1e-6), ("cell.cm_pF", 2.0), (TTX, 2e-6)):
        rig_window.edit(path, value)
        states.append(rig_window.bench.rig)
    assert all(a != b for a, b in pairwise(states))
    for state in reversed(states[:-1]):
        press(rig_window, Key.Key_Z, CTRL)
        assert rig_window.bench.rig == state
    assert replace(rig_window.bench.rig) == states[0]
