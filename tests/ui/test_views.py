"""What a run shows beyond the four first scopes: ledger, further scopes, pump in the circuit, long times, cells."""

import time
from dataclasses import replace
from math import inf, nan

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from rig_window import (
    Key,
    drag,
    engine_held,
    family,
    live,
    picture,
    press,
    quick,
    recorded,
    session_file,
    settle,
    wait_for,
)

from vclamp import paths
from vclamp.analysis.ledger import Entry, Ledger
from vclamp.model.channel import Channel
from vclamp.model.edit import with_value
from vclamp.model.files import load_rig
from vclamp.model.ions import Ion, Solutions
from vclamp.model.pores import GhkPore
from vclamp.model.protocol import Hold, Protocol
from vclamp.model.record import Chunk
from vclamp.model.rig import Cell, Rig
from vclamp.publish.scopes import SCOPES, is_possible, time_unit
from vclamp.storage.compare import differences
from vclamp.ui.bar import SPEEDS
from vclamp.ui.catalogue import ORDER, cells_by_topic
from vclamp.ui.panels.books import power_text, short, spending, verdict
from vclamp.ui.panels.circuit_layout import describe
from vclamp.ui.panels.membrane import circuit_at, reversal_mV
from vclamp.ui.panels.readout import _number
from vclamp.ui.scopes.grid import _ticks
from vclamp.ui.theme import THEMES, line_colours
from vclamp.ui.window import Window
from vclamp.ui.worker import LONGEST_CHUNK_MS, MOST_CHUNK_MS, _longest_ms

ALT_SHIFT = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
CELLS = sorted(paths.shipped(paths.CELLS))


def shown(window: Window) -> list[str]:
    """The scopes on the screen, from the top, as far as they have a height."""
    stack = window.display.stack
    return [name for name, scope in stack.scopes.items() if scope.shown and scope.plot.isVisible()]


def open_ledger(window: Window) -> None:
    """Turn to the ledger, as a user does."""
    window.docks.show("ledger")
    wait_for(window.display.ledger.isVisible)


def minutes(n: float, fs_kHz: float = 0.1) -> Protocol:
    return Protocol("minutes", (Hold(60_000.0 * n),), n_sweeps=1, hold_mV=-70.0, fs_kHz=fs_kHz)


def gating_rig() -> Rig:
    """A cell whose channel is known by its number too."""
    rig = load_rig(paths.CELLS / "hek-two-state-k.toml")
    return with_value(rig, f"cell.channels.{rig.cell.channels[0].name}.n_channels", 1000, "")


# ---- ledger --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("power_fW", "text"),
    [(0.3, "0.3 fW"), (999.0, "999 fW"), (423_054.0, "423 pW"), (2.5e6, "2.5 nW"), (5e10, "50000 nW")],
)
def test_powers_read_in_the_unit_that_suits_them(power_fW: float, text: str) -> None:
    assert power_text(power_fW) == text


def test_a_channel_recorded_in_amperes_has_numbers_that_fit_their_column() -> None:
    assert [_number(value) for value in (-1.0387e12, 461_212.4, 1.2e6)] == ["−1.039e12", "461212", "1.200e6"]


def test_the_resting_neuron_is_in_a_steady_state_and_says_so(rig_window: Window) -> None:
    rig_window.load_cell("neuron-pump")
    settle(rig_window)
    open_ledger(rig_window)
    ledger = rig_window.display.ledger
    assert ledger.verdict.text().startswith("Steady state, no equilibrium")
    assert "cycles/s" in ledger.spent.text()
    cells = {
        ledger.table.verticalHeaderItem(row).text(): float(ledger.table.item(row, 0).text().replace("−", "-"))
        for row in range(ledger.table.rowCount())
    }
    assert ledger.table.horizontalHeaderItem(0).text() == "K⁺"
    assert cells["channels (pA)"] == pytest.approx(-cells["pump (pA)"], rel=0.01)
    assert cells["E (mV)"] == pytest.approx(rig_window.bench.rig.solutions.reversal_mV("K"), abs=0.1)


def test_with_the_pump_off_something_flows_and_a_membrane_of_one_ion_is_at_equilibrium(rig_window: Window) -> None:
    rig_window.load_cell("neuron-pump")
    press(rig_window, Key(Key.Key_1 + len(rig_window.bench.rig.cell.channels)))
    settle(rig_window)
    open_ledger(rig_window)
    assert rig_window.display.ledger.verdict.text().startswith("No steady state: Na⁺ flows into the cell")
    with engine_held(rig_window):
        rig_window.load_cell("squid-axon")
        assert rig_window.display.ledger.verdict.text() == "", "another cell's books are not its own"
    leak = Channel("k", p_cm3_per_s=1e-11, ion="K", pore=GhkPore())
    rig = Rig(Cell("one", 10.0, (leak,)), Solutions((Ion("K", 1, 4.0, 140.0),)))
    rig_window.bench.set_scene(rig, quick(), "one ion")
    press(rig_window, Key.Key_N)
    settle(rig_window)
    assert rig_window.display.ledger.verdict.text().startswith("Equilibrium")


def test_a_ledger_opened_in_a_pause_shows_the_newest_sample(rig_window: Window) -> None:
    rig_window.load_cell("neuron-pump")
    rig_window.load_protocol("run-down")
    settle(rig_window)
    rig_window.set_speed(60.0)
    press(rig_window, Key.Key_Space)
    live(0.5)
    rig_window.bench.set_value("solutions.drugs.ouabain.out_mM", 1.0)
    live(0.5)
    press(rig_window, Key.Key_Space)
    live(0.2)
    open_ledger(rig_window)
    ledger = rig_window.display.ledger
    assert ledger.when.text().startswith("now, t = ")
    assert ledger.verdict.text().startswith("No steady state")
    press(rig_window, Key.Key_Escape)
    settle(rig_window)


def test_the_ledger_follows_cursor_1(rig_window: Window) -> None:
    rig_window.load_cell("neuron-pump")
    rig_window.edit("solutions.drugs.ouabain.out_mM", 1.0)
    rig_window.bench.set_scene(rig_window.bench.rig, minutes(12), "long")
    family(rig_window)
    open_ledger(rig_window)
    ledger, texts = rig_window.display.ledger, []
    sodium = [ion.name for ion in rig_window.bench.rig.solutions.ions].index("Na")
    for at_min in (1.0, 9.0):
        rig_window.display.stack.move_cursor(0, 60_000.0 * at_min)
        assert f"t = {at_min:g} min" in ledger.when.text()
        texts.append(float(ledger.table.item(0, sodium).text()))
    sweep = rig_window.display.recording.sweeps[0]
    assert texts[1] > texts[0] + 20.0
    assert texts[1] == pytest.approx(sweep["in_Na_mM"][round(9 * 60_000.0 * 0.1)], rel=0.01)


def test_the_three_verdicts_differ_by_what_flows() -> None:
    def books(channels_pA: float, pump_pA: float) -> Ledger:
        entry = Entry("Na", 60.0, channels_pA, pump_pA, 1e3 * (channels_pA + pump_pA) / 96485.0)
        return Ledger(-70.0, (entry,), 1e7 * pump_pA, 100.0, nan)

    names = {"Na": "Na⁺"}
    assert verdict(books(0.0, 0.0), names).startswith("Equilibrium")
    assert verdict(books(-60.0, 60.0), names).startswith("Steady state")
    assert verdict(books(-60.0, 59.8), names).startswith("Steady state")
    assert verdict(books(-60.0, 58.0), names).startswith("No steady state")
    assert verdict(books(-60.0, 40.0), names).startswith("No steady state: Na⁺ flows into")
    assert verdict(books(60.0, 0.0), names).startswith("No steady state: Na⁺ flows out of")
    assert spending(books(-60.0, 60.0))[0] == "Pump: 6.00 × 10⁸ cycles/s, one ATP each"
    assert [short(v) for v in (0.0, 1e-7, -12.345, 1234.5, 0.00123, nan)] == ["0", "0", "−12.3", "1234", "0.00123", "–"]


# ---- scopes --------------------------------------------------------------------------------


def test_keys_show_and_hide_scopes_and_the_choice_is_remembered(rig_window: Window) -> None:
    assert shown(rig_window) == ["voltage", "total", "ionic", "open"]
    family(rig_window)
    before = picture(rig_window)
    press(rig_window, Key.Key_5, ALT_SHIFT)
    assert shown(rig_window) == ["voltage", "total", "ionic", "open", "gates"]
    assert picture(rig_window) != before
    scope = rig_window.display.stack.scopes["gates"]
    assert len(scope.item.traces()) == 3 * rig_window.bench.protocol.n_sweeps
    press(rig_window, Key.Key_2, ALT_SHIFT)
    press(rig_window, Key.Key_4, ALT_SHIFT)
    assert shown(rig_window) == ["voltage", "ionic", "gates"]
    assert scope.plot.getAxis("bottom").style["showValues"], "the last one has the time axis"
    assert set(rig_window.settings.text("scopes", "").split()) == {"voltage", "ionic", "gates", "inside"}
    rig_window.display.stack.family.autoscale()
    assert scope.plot.viewRange()[0] == pytest.approx([0.0, 20.0])
    assert rig_window.display.stack.scopes["voltage"].plot.viewRange()[0] == pytest.approx([0.0, 20.0])


def test_no_key_can_hide_the_last_scope(rig_window: Window) -> None:
    for number in range(1, 9):
        press(rig_window, Key(Key.Key_0 + number), ALT_SHIFT)
    family(rig_window)
    assert shown(rig_window)
    assert rig_window.banner.message == ""


def test_scopes_without_anything_to_show_are_greyed_and_hidden(rig_window: Window) -> None:
    actions = {a.text(): a for a in rig_window.findChildren(QAction)}
    for cell in ("squid-axon", "neuron-pump", "hek-kv-mwc"):
        rig_window.load_cell(cell)
        settle(rig_window)
        for name, kind in SCOPES.items():
            possible = is_possible(name, rig_window.bench.rig, rig_window.bench.protocol)
            assert actions[kind.menu].isEnabled() == possible, (cell, name)
    rig_window.load_cell("neuron-pump")
    assert shown(rig_window) == ["voltage", "total", "ionic", "inside"]


def test_the_scope_of_states_has_them_recorded_without_losing_the_run(rig_window: Window) -> None:
    rig_window.bench.set_scene(load_rig(paths.CELLS / "hek-kv-mwc.toml"), quick(), "mwc")
    family(rig_window)
    kept = rig_window.display.recording
    press(rig_window, Key.Key_7, ALT_SHIFT)
    settle(rig_window)
    assert rig_window.bench.rig.cell.record_states
    assert "states" in shown(rig_window)
    assert rig_window.display.recording is kept
    states = rig_window.bench.rig.cell.channels[0].scheme.states
    item = rig_window.display.stack.scopes["states"].item
    assert len(item.traces()) == len(states) * 4
    sums = sum(trace.values.astype(float) for trace in item.traces()[-len(states) :])
    assert np.allclose(sums, 1.0, atol=1e-5)
    family(rig_window)
    assert f"state_kv_mwc_{states[0]}" in rig_window.display.recording.sweeps[0].names
    press(rig_window, Key.Key_7, ALT_SHIFT)
    assert not rig_window.bench.rig.cell.record_states
    assert "states" not in shown(rig_window)


def test_another_scope_in_the_middle_of_a_run_shows_all_of_it(rig_window: Window) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=3, ms=1500.0), "slow")
    grown: list[Chunk] = []
    rig_window.bridge.grew.connect(grown.append)
    rig_window.set_speed(2.0)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: len(grown) > 20 and grown[-1].sweep >= 1)
    press(rig_window, Key.Key_5, ALT_SHIFT)
    more = len(grown) + 5
    wait_for(lambda: len(grown) > more)
    chunk, live = grown[-1], rig_window.display.stack.scopes["gates"].item._live
    row = chunk.values[chunk.names.index("gate_na_m"), : chunk.last]
    assert any(np.allclose(x.trace.values[: row.size], row, atol=1e-6) for x in live if x.trace.length >= row.size)
    press(rig_window, Key.Key_Escape)
    settle(rig_window)


def test_a_scope_of_gating_currents_is_there_where_charges_move(rig_window: Window) -> None:
    rig_window.bench.set_scene(gating_rig(), quick(), "gating")
    press(rig_window, Key.Key_6, ALT_SHIFT)
    family(rig_window)
    assert "gating" in shown(rig_window)
    low, high = rig_window.display.stack.scopes["gating"].plot.viewRange()[1]
    sweep = rig_window.display.recording.sweeps[-1]
    name = next(name for name in sweep.names if name.startswith("i_gating_"))
    assert low < sweep[name].min() < sweep[name].max() < high


def test_the_ionic_scope_shows_pump_and_branches() -> None:
    rig = load_rig(paths.CELLS / "neuron-pump.toml")
    assert "i_pump_pA" in [line.trace for line in SCOPES["ionic"].lines(rig)]
    for cell in CELLS:
        rig = load_rig(paths.CELLS / f"{cell}.toml")
        lines = [line.trace for line in SCOPES["ionic"].lines(rig)]
        assert {f"i_{branch.name}_pA" for branch in rig.cell.branches} <= set(lines)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_line_of_a_scope_has_a_colour_of_its_own(theme: object) -> None:
    rig = with_value(load_rig(paths.CELLS / "hek-kv-mwc.toml"), "cell.record_states", True, "")
    colours = line_colours(rig, theme)
    names = [colours[line.trace].name() for line in SCOPES["states"].lines(rig)]
    assert len(set(names)) == len(names)
    neuron = load_rig(paths.CELLS / "neuron-pump.toml")
    ions = [line_colours(neuron, theme)[line.trace].name() for line in SCOPES["inside"].lines(neuron)]
    assert len(set(ions)) == len(ions)


# ---- circuit -------------------------------------------------------------------------------


def test_the_circuit_shows_the_pump_its_current_and_its_block(rig_window: Window) -> None:
    rig_window.load_cell("neuron-pump")
    settle(rig_window)
    (pump,) = (b for b in rig_window.display.circuit.circuit.branches if b.kind == "pump")
    assert pump.current_pA == pytest.approx(20.0, abs=10.0)
    assert "3 Na⁺ out, 2 K⁺ in" in describe(pump, -70.0)
    drag(rig_window.panel.cards["pump"].sliders["solutions.drugs.ouabain.out_mM"].slider, 1.0)
    settle(rig_window)
    (blocked,) = (b for b in rig_window.display.circuit.circuit.branches if b.kind == "pump")
    assert blocked.unblocked < 0.01
    assert blocked.current_pA < 0.01 * pump.current_pA


def test_a_channel_without_a_reversal_potential_is_drawn_without_a_battery() -> None:
    only_outside = Channel("x", p_cm3_per_s=1e-12, ion="K", pore=GhkPore())
    rig = Rig(Cell("c", 10.0, (only_outside,)), Solutions((Ion("K", 1, 5.0, 0.0),)))
    assert np.isnan(reversal_mV(only_outside, rig.solutions))
    names = ("command_mV", "v_mV", "i_pA", "i_x_pA")
    circuit = circuit_at(rig, names, np.array([-70.0, -70.0, -3.0, -3.0]), THEMES["dark"], 10.0)
    branch = circuit.branches[1]
    assert branch.e_mV is None
    assert branch.g_nS is None
    assert "never changes sign" in describe(branch, -70.0)


def test_a_resistor_and_capacitor_in_series_is_drawn(rig_window: Window) -> None:
    cell = next(c for c in CELLS if load_rig(paths.CELLS / f"{c}.toml").cell.branches)
    rig_window.load_cell(cell)
    settle(rig_window)
    kinds = [branch.kind for branch in rig_window.display.circuit.circuit.branches]
    assert "rc" in kinds
    branch = rig_window.display.circuit.circuit.branches[kinds.index("rc")]
    assert "in series" in describe(branch, -70.0)
    assert not rig_window.display.circuit.grab().toImage().isNull()


# ---- long times ----------------------------------------------------------------------------


@pytest.mark.parametrize(("duration_ms", "unit"), [(60.0, "ms"), (9_999.0, "ms"), (20_000.0, "s"), (3.6e6, "min")])
def test_the_time_axis_has_a_unit_that_suits_it(duration_ms: float, unit: str) -> None:
    found, per_ms = time_unit(duration_ms)
    assert found == unit
    assert duration_ms * per_ms < 10_000.0


def test_long_runs_are_drawn_in_minutes_and_a_step_again_in_milliseconds(rig_window: Window) -> None:
    rig = load_rig(paths.CELLS / "neuron-pump.toml")
    rig_window.bench.set_scene(rig, minutes(12, 0.01), "long")
    family(rig_window)
    stack = rig_window.display.stack
    axis = stack.family.shown[-1].plot.getAxis("bottom")
    assert axis.labelText == "time (min)"
    assert axis.scale == pytest.approx(1 / 60_000)
    assert rig_window.display.cursors.verticalHeaderItem(0).text() == "t (min)"
    rig_window.bench.set_scene(rig, quick(), "short")
    axis = stack.family.shown[-1].plot.getAxis("bottom")
    assert (axis.labelText, axis.scale) == ("time (ms)", 1.0)


def test_there_are_speeds_for_a_run_down_of_an_hour(rig_window: Window) -> None:
    assert {60.0, 600.0, inf} <= set(SPEEDS)
    rig_window.bench.set_scene(load_rig(paths.CELLS / "neuron-pump.toml"), minutes(1, 0.05), "minute")
    rig_window.set_speed(60.0)
    start = time.monotonic()
    press(rig_window, Key.Key_Space)
    wait_for(lambda: not rig_window.bridge.running, 20.0)
    assert time.monotonic() - start == pytest.approx(1.2, abs=0.8)
    assert len(rig_window.display.recording.sweeps) == 1


def test_chunks_grow_only_while_they_take_next_to_nothing() -> None:
    protocol = minutes(10, 0.1)
    whole = Chunk(0, 0, 10, (), np.empty((0, 10)))
    assert _longest_ms(LONGEST_CHUNK_MS, whole, protocol, 0.0005) == 2 * LONGEST_CHUNK_MS
    assert _longest_ms(LONGEST_CHUNK_MS, replace(whole, last=3), protocol, 0.0005) == LONGEST_CHUNK_MS
    assert _longest_ms(800.0, replace(whole, last=80), protocol, 0.05) == 400.0
    assert _longest_ms(LONGEST_CHUNK_MS, whole, protocol, 0.05) == LONGEST_CHUNK_MS
    assert _longest_ms(MOST_CHUNK_MS, replace(whole, last=6000), protocol, 0.0) == MOST_CHUNK_MS


def test_esc_stops_an_hour_at_full_speed_at_once(rig_window: Window) -> None:
    rig_window.bench.set_scene(load_rig(paths.CELLS / "neuron-pump.toml"), minutes(600, 0.05), "hours")
    rig_window.set_speed(inf)
    grown: list[Chunk] = []
    rig_window.bridge.grew.connect(grown.append)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: len(grown) > 10)
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running, 1.0)


def test_space_does_not_wait_for_a_slow_preview(rig_window: Window) -> None:
    rig_window.bench.set_scene(load_rig(paths.CELLS / "neuron-pump.toml"), minutes(60, 0.05), "hour")
    rig_window.bridge._worker.preview(rig_window.bench.rig, rig_window.bench.protocol)
    rig_window.bridge._listen(4)
    wait_for(lambda: rig_window.bridge._worker._previewing is not None)
    grown: list[Chunk] = []
    rig_window.bridge.grew.connect(grown.append)
    rig_window.set_speed(60.0)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: bool(grown), 1.5, "the run")
    press(rig_window, Key.Key_Escape)
    wait_for(lambda: not rig_window.bridge.running)


# ---- cells, files --------------------------------------------------------------------------


def test_every_shipped_cell_stands_once_under_a_heading() -> None:
    groups = cells_by_topic()
    assert sorted(name for titles in groups.values() for name in titles) == CELLS
    assert tuple(groups) == ORDER
    assert "neuron-pump" in groups["Pumps and steady states"]
    for titles in groups.values():
        assert list(titles.values()) == sorted(titles.values(), key=str.casefold)


def test_a_heading_in_the_list_of_cells_cannot_be_chosen(rig_window: Window) -> None:
    box = rig_window.bar.cell
    before = rig_window.bench.rig
    headings = [n for n in range(box.count()) if box.itemData(n) is None]
    assert len(headings) == len(cells_by_topic())
    for n in headings:
        assert not box.model().item(n).isEnabled()
        box.activated.emit(n)
        assert rig_window.bench.rig == before
        assert rig_window.banner.message == ""


def test_a_run_of_a_finite_cell_is_kept_and_opened_again(rig_window: Window) -> None:
    rig_window.load_cell("neuron-pump")
    rig_window.bench.set_scene(rig_window.bench.rig, minutes(2), "finite")
    family(rig_window)
    kept = rig_window.display.recording
    assert differences(recorded(rig_window), kept) == []
    rig_window.load_cell("squid-axon")
    rig_window.documents.open(session_file(rig_window))
    settle(rig_window)
    assert differences(rig_window.display.recording, kept) == []
    assert "inside" in shown(rig_window)
    with engine_held(rig_window):
        rig_window.edit("solutions.ions.K.out_mM", 8.0)
        press(rig_window, Key.Key_Z, CTRL)
    settle(rig_window)
    assert rig_window.bench.rig == kept.header.rig


@pytest.mark.parametrize("duration_ms", [60.0, 30_000.0, 3_600_000.0])
def test_lines_of_the_grid_stand_at_ticks_of_the_axis(rig_window: Window, duration_ms: float) -> None:
    rig_window.bench.set_scene(rig_window.bench.rig, replace(minutes(1), segments=(Hold(duration_ms),)), "long")
    scope = rig_window.display.stack.family.shown[-1]
    axis = scope.plot.getAxis("bottom")
    low, high = scope.plot.viewRange()[0]
    levels = axis.tickValues(low, high, axis.width())
    lines = _ticks(axis, low, high, axis.width())
    assert 2 <= len(lines) <= 12
    assert lines == pytest.approx(list(levels[0][1]))
    assert low <= min(lines) <= max(lines) <= high


def test_under_current_clamp_the_voltage_has_the_room(rig_window: Window) -> None:
    scopes = rig_window.display.stack.scopes
    assert scopes["total"].plot.height() > 1.5 * scopes["voltage"].plot.height()
    assert rig_window.display.iv.isVisible()
    press(rig_window, Key.Key_N)
    settle(rig_window)
    assert scopes["voltage"].plot.height() > 1.5 * scopes["total"].plot.height()
    assert not rig_window.display.iv.isVisible(), "there is no I-V without a clamped V"
    assert not rig_window.bar.hold.isEnabled()
    press(rig_window, Key.Key_V)
    settle(rig_window)
    assert rig_window.display.iv.isVisible()


# ---- amplifier, current commands -----------------------------------------------------------


def names_in(window: Window, scope: str) -> list[str]:
    return [text.toPlainText() for text in window.display.stack.scopes[scope].texts]


def axis(window: Window, scope: str) -> str:
    return window.display.stack.scopes[scope].plot.getAxis("left").labelText


def test_the_true_current_stands_beside_the_recorded_one_on_request(rig_window: Window) -> None:
    rig = load_rig(paths.CELLS / "realistic-rig.toml")
    rig_window.bench.set_scene(rig, quick(), "realistic")
    family(rig_window)
    assert "membrane" not in shown(rig_window)
    press(rig_window, Key.Key_9, ALT_SHIFT)
    assert shown(rig_window)[-1] == "membrane"
    assert names_in(rig_window, "membrane") == ["recorded", "true"]
    sweep = rig_window.display.recording.sweeps[-1]
    values = [x.trace.values for x in rig_window.display.stack.scopes["membrane"].item._live]
    for name in ("i_pA", "i_membrane_pA"):
        assert any(np.allclose(sweep[name], each, rtol=1e-5, atol=0.1) for each in values), name
    assert not SCOPES["membrane"].lines(with_value(rig, "amplifier.mode", "current-clamp", ""))
    rig_window.load_cell("squid-axon")
    assert "membrane" not in shown(rig_window), "an ideal clamp records the true current"


def test_another_circuit_keeps_the_recorded_family_to_compare_with(rig_window: Window) -> None:
    rig_window.edit("amplifier.rs_MOhm", 6.0)
    family(rig_window)
    kept = rig_window.display.recording
    for path, value in (
        ("amplifier.circuit", "simplified"),
        ("amplifier.recorder.on", True),
        ("cell.stochastic", True),
    ):
        rig_window.edit(path, value)
        settle(rig_window)
        assert rig_window.display.recording is kept, path
        assert len(rig_window.display.stack.family._ghost) == 4, path
        assert "not recorded" in rig_window.status.frames.text(), path
    assert "0 % corrected, 10 kHz" in rig_window.status.rig.text()


def test_the_capacitor_carries_what_the_channels_leave_of_the_true_current() -> None:
    rig = load_rig(paths.CELLS / "realistic-rig.toml")
    names = ("command_mV", "v_mV", "i_pA", "i_membrane_pA", "i_na_pA", "i_k_pA", "i_k_leak_pA", "i_seal_pA")
    sample = np.array([0.0, -10.0, 55.0, 100.0, -300.0, 20.0, 5.0, -5.0])
    assert circuit_at(rig, names, sample, THEMES["dark"], 10.0).branches[0].current_pA == pytest.approx(380.0)


def test_an_unseen_offset_is_seen_between_command_and_membrane() -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    assert [line.trace for line in SCOPES["voltage"].lines(rig)] == ["v_mV"]
    off = with_value(rig, "amplifier.offset_mV", 5.0, "")
    assert [line.trace for line in SCOPES["voltage"].lines(off)] == ["command_mV", "v_mV"]


def test_current_steps_are_shown_before_and_in_a_run(rig_window: Window) -> None:
    rig_window.load_cell("neuron")
    rig_window.load_protocol("current-steps")
    settle(rig_window)
    scope = rig_window.display.stack.scopes["total"]
    assert axis(rig_window, "total") == "I injected (pA)"
    tops = sorted(float(x.trace.values.max(initial=0.0) + x.trace.values.min()) for x in scope.item._live)
    assert tops == [200.0], "the last sweep is in front"
    assert len(scope.item.traces()) == 6
    low, high = scope.plot.viewRange()[1]
    assert low < -50.0 < 200.0 < high
    family(rig_window)
    v_mV = rig_window.display.recording.sweeps[-1]["v_mV"]
    assert np.count_nonzero((v_mV[:-1] < 0.0) & (v_mV[1:] >= 0.0)) > 3, "it fires"
    assert rig_window.display.recording.sweeps[-1]["i_pA"].max() == 200.0


def test_current_steps_in_voltage_clamp_say_what_they_need(rig_window: Window) -> None:
    rig_window.load_protocol("current-steps")
    settle(rig_window)
    hint = rig_window.display.stack.hint
    assert "current clamp" in hint.text()
    assert axis(rig_window, "total") == "I total (pA)"
    press(rig_window, Key.Key_I)
    settle(rig_window)
    assert hint.text() == "Space runs the protocol"
    assert axis(rig_window, "total") == "I injected (pA)"
    assert len(rig_window.display.stack.scopes["total"].item.traces()) == 6
    rig_window.edit("amplifier.bias_pA", 20.0)
    (front,) = rig_window.display.stack.scopes["total"].item._live
    assert front.trace.values.max() == 220.0
    press(rig_window, Key.Key_V)
    settle(rig_window)
    assert axis(rig_window, "total") == "I total (pA)"
    assert [x.trace.values.max() for x in rig_window.display.stack.scopes["voltage"].item._live] == [-70.0]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_states_of_counted_gates_have_colours_too(theme: object) -> None:
    rig = load_rig(paths.CELLS / "realistic-rig.toml")
    counted = with_value(with_value(rig, "cell.stochastic", True, ""), "cell.record_states", True, "")
    lines = SCOPES["states"].lines(counted)
    assert len(lines) == 8 + 5, "m³h makes 4 × 2 states, n⁴ makes 5"
    assert {line.trace for line in lines} <= set(line_colours(counted, theme))
    assert SCOPES["gates"].lines(counted) == ()
    assert is_possible("states", counted, Protocol("p", (Hold(1.0),), 1, -80.0))


@pytest.mark.usefixtures("qapp")
def test_an_axis_without_room_has_no_grid_lines() -> None:
    """pyqtgraph divides by its length; what C code raises while Qt paints ends the program on Python 3.11."""
    axis = pg.AxisItem("left")
    assert _ticks(axis, -1.0, 1.0, 0.0) == []
    assert 0.0 in _ticks(axis, -1.0, 1.0, 200.0)
