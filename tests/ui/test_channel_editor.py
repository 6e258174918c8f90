"""The channel editor: every shipped channel opens, draws, reads back from its text; edits reach the bench and undo."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QPushButton
from recordings import iv
from rig_window import click, family, press, quick, settle, wait_for
from shiboken6 import isValid

from vclamp import paths
from vclamp.analysis.channel_curves import (
    V_mV,
    charge_e,
    gate_curves,
    open_curve,
    pore_curve,
    scheme_at,
    scheme_of,
    time_constants_ms,
)
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.channel_text import channel_of_text, channel_text, with_channel
from vclamp.model.files import load_channel, load_rig
from vclamp.model.ions import Ion, Solutions
from vclamp.model.rig import Cell, Rig
from vclamp.run.runner import record
from vclamp.storage.channels import save_channel
from vclamp.ui.bench import Bench
from vclamp.ui.panels.channel_editor import ChannelEditor
from vclamp.ui.panels.channel_editor_curves import CHARGE, RATES
from vclamp.ui.panels.channel_editor_layout import placed, runs_through
from vclamp.ui.theme import THEMES
from vclamp.ui.window import Window

Key = Qt.Key
CHANNELS = paths.shipped(paths.CHANNELS)
GATING, SCHEME, PORE, TEXT = range(4)
SALTS = Solutions(
    (
        *(Ion(name, 1, 10.0, 100.0) for name in ("Na", "K", "Li", "Rb", "Cs", "NH4", "Tl")),
        *(Ion(name, 2, 2.0, 1e-4) for name in ("Ca", "Ba", "Mg", "Sr")),
        Ion("Cl", -1, 110.0, 10.0),
    )
)


def shipped(name: str) -> Channel:
    return load_channel(CHANNELS[name])


def rig_with(name: str) -> Rig:
    return Rig(Cell("test", 10.0, (shipped(name),)), SALTS)


def at_once(task: object, then: object) -> None:
    """Do what the window does beside itself, in its thread."""
    try:
        found = task()  # type: ignore[operator]
    except VClampError as error:
        found = error
    then(found)  # type: ignore[operator]


@pytest.fixture
def editor(qtbot: object) -> Iterator[ChannelEditor]:
    made = ChannelEditor(THEMES["dark"], at_once)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def turn_to(editor: ChannelEditor, page: int) -> None:
    bar = editor.pages.tabBar()
    click(bar, bar.tabRect(page).center())


def wire(bench: Bench, edit: Callable[[str, object], None], editor: ChannelEditor) -> None:
    """What the window does with an editor."""

    def take(name: str, channel: Channel) -> None:
        bench.set_scene(with_channel(bench.rig, name, channel), bench.protocol, f"channel {name}")

    editor.edited.connect(edit)
    editor.replaced.connect(take)
    bench.rig_changed.connect(lambda: editor.show_channel(bench.rig, editor.name))


@pytest.fixture
def benched(editor: ChannelEditor) -> tuple[Bench, ChannelEditor]:
    """The editor on the squid's sodium channel, with a bench but without the window."""
    bench = Bench(load_rig(paths.CELLS / "squid-axon.toml"), iv())
    wire(bench, bench.set_value, editor)
    editor.show_channel(bench.rig, "na")
    return bench, editor


@pytest.fixture
def opened(rig_window: Window) -> Iterator[tuple[Window, ChannelEditor]]:
    """The editor on the squid's sodium channel, beside the real window."""
    made = ChannelEditor(rig_window.display.theme, rig_window.bridge.beside, rig_window)
    wire(rig_window.bench, rig_window.edit, made)
    made.show_channel(rig_window.bench.rig, "na")
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    yield rig_window, made
    made.close()


def write(editor: ChannelEditor, old: str, new: str) -> None:
    """Select some text of the text page with the keyboard's own words, and type over it."""
    edit = editor.pages.text.edit
    edit.moveCursor(edit.textCursor().MoveOperation.Start)
    assert edit.find(old), old
    edit.setFocus()
    for character in new:
        QTest.keyClick(edit, character)


# ---- every shipped channel


@pytest.mark.parametrize("name", CHANNELS)
def test_every_shipped_channels_text_reads_back_equal(name: str) -> None:
    channel = shipped(name)
    assert channel_of_text(channel_text(channel), name) == channel


@pytest.mark.parametrize(
    ("theme", "names"), [("dark", tuple(CHANNELS)), ("light", ("nav-markov", "leak")), ("projector", ("squid-na",))]
)
def test_every_shipped_channel_opens_and_draws_on_every_page(
    editor: ChannelEditor, theme: str, names: tuple[str, ...]
) -> None:
    editor.set_theme(THEMES[theme])
    for name in names:
        channel = shipped(name)
        editor.show_channel(rig_with(name), channel.name)
        for page in range(4):
            editor.pages.setCurrentIndex(page)
            image = editor.pages.grab().toImage()
            assert not image.isNull()
        assert editor.form.card.form is not None
        assert channel_of_text(editor.pages.text.text, name) == channel
        if scheme_of(channel) is not None:
            assert len(editor.pages.scheme._cells) == len(scheme_of(channel).states)


@pytest.mark.parametrize("name", CHANNELS)
def test_no_two_states_share_a_place_and_edges_run_through_none(name: str) -> None:
    scheme = scheme_of(shipped(name))
    if scheme is None:
        return
    seen = scheme_at(scheme, SALTS, 0.0)
    cells = placed(len(seen.states), [(edge.a, edge.b) for edge in seen.edges])
    assert len(set(cells)) == len(cells)
    for edge in seen.edges:
        a, b = cells[edge.a], cells[edge.b]
        assert not runs_through(a, b, [cell for cell in cells if cell not in (a, b)]), (name, seen.states[edge.a])


# ---- curves against what is known


def test_gates_have_the_rates_of_hodgkin_and_huxley_at_rest() -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")  # at their 6.3 °C
    (m, h) = gate_curves(rig.cell.channels[0], rig.solutions, np.array([-65.0]))
    assert m.alpha_per_ms[0] == pytest.approx(0.1 * 25.0 / (np.exp(2.5) - 1.0))  # their α_m at V = 0
    assert m.beta_per_ms[0] == pytest.approx(4.0)
    assert h.inf[0] == pytest.approx(0.07 / (0.07 + 1.0 / (np.exp(3.0) + 1.0)))
    assert h.tau_ms[0] == pytest.approx(1.0 / (0.07 + 1.0 / (np.exp(3.0) + 1.0)))


def test_ten_degrees_make_gates_faster_by_q10() -> None:
    channel = shipped("squid-na")
    cold = Solutions(temperature_K=channel.temperature_K)
    warm = Solutions(temperature_K=channel.temperature_K + 10.0)
    slow, fast = gate_curves(channel, cold)[0], gate_curves(channel, warm)[0]
    assert fast.tau_ms == pytest.approx(slow.tau_ms / channel.q10)


def test_a_two_state_scheme_has_one_time_constant_and_a_boltzmann_curve() -> None:
    channel = shipped("two-state-k")
    scheme, gating = scheme_of(channel), channel.gating
    assert scheme is not None
    solutions = Solutions(temperature_K=channel.temperature_K)
    rates = scheme.rates_per_ms(V_mV, solutions)
    assert time_constants_ms(scheme, solutions)[:, 0] == pytest.approx(1.0 / (rates[:, 0, 1] + rates[:, 1, 0]))
    u = gating.z_e * (V_mV - gating.v_half_mV) / 25.4341  # RT/F at 22 °C
    assert open_curve(channel, solutions) == pytest.approx(1.0 / (1.0 + np.exp(-u)), abs=1e-4)
    assert charge_e(scheme, solutions) == pytest.approx(gating.z_e * open_curve(channel, solutions))


def test_all_ways_are_drawn_with_their_rates_and_occupancies_add_up() -> None:
    channel = shipped("nav-markov")
    scheme = scheme_of(channel)
    assert scheme is not None
    seen = scheme_at(scheme, Solutions(temperature_K=channel.temperature_K), 0.0)
    assert len(seen.edges) == len(channel.gating.transitions) == 17
    first = next(edge for edge in seen.edges if (seen.states[edge.a], seen.states[edge.b]) == ("C1", "C2"))
    assert (first.forward_per_ms, first.backward_per_ms) == pytest.approx((600.0, 3.0))
    assert seen.occupied.sum() == pytest.approx(1.0)


def test_the_pores_curve_is_of_one_channel_where_their_number_is_known() -> None:
    channel = replace(shipped("squid-na"), g_nS=20.0, n_channels=1000)
    curve = pore_curve(channel, SALTS)
    e_mV = channel.reversal_mV(SALTS)
    assert curve.of_one
    assert curve.free_pA == pytest.approx(0.02 * (V_mV - e_mV))
    assert np.array_equal(curve.free_pA, curve.blocked_pA)


def test_a_blocker_that_follows_the_voltage_bends_the_pores_curve() -> None:
    channel = shipped("woodhull-k")
    rig = Rig(Cell("test", 10.0, (channel,)), SALTS)
    blocker = channel.blockers[0]
    drugs = [
        replace(drug, in_mM=blocker.half_mM) if drug.name == blocker.drug else drug for drug in rig.solutions.drugs
    ]
    curve = pore_curve(channel, replace(rig.solutions, drugs=tuple(drugs)))
    left = curve.blocked_pA / curve.free_pA
    finite = np.isfinite(left)
    assert np.ptp(left[finite]) > 0.2


# ---- layout


def test_a_ring_of_states_and_a_row_are_told_apart() -> None:
    row = placed(4, [(0, 1), (1, 2), (2, 3)])
    assert row == ((0, 0), (1, 0), (2, 0), (3, 0))
    two_rows = placed(6, [(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)])
    assert two_rows == ((0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1))


def test_a_blocked_state_stands_beside_the_open_one() -> None:
    assert placed(4, [(0, 1), (1, 2), (2, 3)])[3] == (3, 0)
    assert placed(5, [(0, 1), (1, 2), (2, 4), (0, 3)]) == ((1, 0), (2, 0), (3, 0), (0, 0), (4, 0))


# ---- in the window


def test_a_formula_typed_into_the_form_moves_the_curves_and_undo_brings_it_back(
    opened: tuple[Window, ChannelEditor],
) -> None:
    window, editor = opened
    before = window.bench.rig.cell.channels[0].gates[0].beta_per_ms
    drawn = editor.pages.grab().toImage()
    field = editor.form.card.form.fields["gates.m.beta_per_ms"]
    editor.form.ensureWidgetVisible(field)
    click(field)
    field.selectAll()
    for character in "40*exp(-(v+65)/18)":
        QTest.keyClick(field, character)
    QTest.keyClick(field, Key.Key_Return)
    settle(window)
    assert window.bench.rig.cell.channels[0].gates[0].beta_per_ms == "40*exp(-(v+65)/18)"
    QApplication.processEvents()
    assert editor.pages.grab().toImage() != drawn
    window.bench.undo()
    settle(window)
    assert window.bench.rig.cell.channels[0].gates[0].beta_per_ms == before
    assert field.text() == before


def test_the_list_that_was_chosen_from_outlives_its_choice(opened: tuple[Window, ChannelEditor]) -> None:
    """It is still working on the key when the form is made anew: deleted at once, it ended the program."""
    _, editor = opened
    anew = 0
    for number in range(len(editor.form.findChildren(QComboBox))):
        body, box = editor.form.widget(), editor.form.findChildren(QComboBox)[number]
        box.setCurrentIndex((box.currentIndex() + 1) % box.count())
        box.activated.emit(box.currentIndex())
        assert isValid(body)
        anew += editor.form.widget() is not body
    assert anew


def test_text_that_is_right_reaches_the_bench_a_moment_later(opened: tuple[Window, ChannelEditor]) -> None:
    window, editor = opened
    turn_to(editor, TEXT)
    write(editor, "g_nS = 120.0", "g_nS = 60.0")
    wait_for(lambda: window.bench.rig.cell.channels[0].g_nS == 60.0, 5.0)
    settle(window)
    assert editor.pages.text.message.text() == ""
    assert "g_nS = 60.0" in editor.pages.text.edit.toPlainText()
    window.bench.undo()
    settle(window)
    assert window.bench.rig.cell.channels[0].g_nS == 120.0
    assert "g_nS = 120.0" in editor.pages.text.edit.toPlainText()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("g_nS = 120.0", "g_nS = -1.0", ("text:2", "g_nS")),
        ("g_nS = 120.0", 'g_nS = "much"', ("text:2", "g_nS")),
        ("power = 3", "powr = 3", ("powr", "power")),
        ('"4*exp(-(v+65)/18)"', '"4*exp(-(v+65)/18"', ("beta_per_ms", "')' is missing")),
        ('name = "na"', 'name = "k"', ("two channels", "named 'k'")),
        ("q10 = 3.0", "q10 = = 3.0", ("line",)),
    ],
)
def test_text_that_is_wrong_is_explained_and_changes_nothing(
    editor: ChannelEditor, old: str, new: str, said: tuple[str, ...]
) -> None:
    editor.show_channel(load_rig(paths.CELLS / "squid-axon.toml"), "na")
    taken: list[str] = []
    editor.replaced.connect(lambda name, channel: taken.append(name))
    turn_to(editor, TEXT)
    write(editor, old, new)
    message = editor.pages.text.message
    wait_for(message.isVisible, 5.0)
    for word in said:
        assert word in message.text(), message.text()
    assert not taken
    assert new in editor.pages.text.edit.toPlainText()


def test_comments_that_were_typed_stay_while_they_mean_the_same(benched: tuple[Bench, ChannelEditor]) -> None:
    bench, editor = benched
    turn_to(editor, TEXT)
    write(editor, "g_nS = 120.0", "g_nS = 90.0  # less")
    wait_for(lambda: bench.rig.cell.channels[0].g_nS == 90.0, 5.0)
    assert "# less" in editor.pages.text.edit.toPlainText()


def test_revert_brings_back_the_channel_that_was_opened(benched: tuple[Bench, ChannelEditor]) -> None:
    bench, editor = benched
    before = bench.rig.cell.channels[0]
    assert not editor.foot.revert.isEnabled()
    bench.set_value("cell.channels.na.g_nS", 55.0)
    assert editor.foot.revert.isEnabled()
    click(editor.foot.revert)
    assert bench.rig.cell.channels[0] == before


def test_another_name_in_the_text_renames_the_channel(benched: tuple[Bench, ChannelEditor]) -> None:
    bench, editor = benched
    turn_to(editor, TEXT)
    write(editor, 'name = "na"', 'name = "nav"')
    wait_for(lambda: bench.rig.cell.channels[0].name == "nav", 5.0)
    assert editor.name == "nav"


def test_saved_as_a_file_the_channel_is_one_that_cells_can_use(
    opened: tuple[Window, ChannelEditor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, editor = opened
    target = tmp_path / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "mine"), ""))
    click(editor.foot.save)
    wait_for(target.exists, 10.0)
    settle(window)
    assert load_channel(target) == window.bench.rig.cell.channels[0]
    assert "mine.toml" in editor.foot.said.text()
    target.write_text("precious")  # about which the dialog, told of "mine", did not ask
    click(editor.foot.save)
    settle(window)
    assert "mine.toml: exists already" in editor.foot.said.text()
    assert target.read_text() == "precious"


def test_a_file_that_cannot_be_written_is_explained(
    editor: ChannelEditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor.show_channel(rig_with("squid-na"), "na")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "gone" / "x.toml"), ""))
    click(editor.foot.save)
    assert "no such folder" in editor.foot.said.text()


def test_the_line_in_a_plot_is_dragged_to_another_voltage(editor: ChannelEditor) -> None:
    editor.show_channel(rig_with("squid-na"), "na")
    plot = editor.pages.gating.above
    box = plot.getPlotItem().getViewBox()
    QApplication.processEvents()

    def place(v_mV: float) -> QPoint:
        return plot.mapFromScene(box.mapViewToScene(QPointF(v_mV, 0.5)))

    view, start, stop = plot.viewport(), place(editor.head.voltage.value()), place(40.0)
    QTest.mouseMove(view, start)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 11):
        QTest.mouseMove(view, start + (stop - start) * (step / 10))
        QTest.qWait(12)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=stop)
    assert editor.head.voltage.value() == pytest.approx(40.0, abs=3.0)
    assert not editor.head.follow.isChecked()


def test_it_follows_the_cursors_voltage_until_the_user_picks_one(benched: tuple[Bench, ChannelEditor]) -> None:
    bench, editor = benched
    sweep = record(bench.rig, quick(), seed=1).sweeps[-1]
    editor.show_sample(sweep.names, sweep.values[:, 400])
    assert editor.head.voltage.value() == pytest.approx(60.0)
    click(editor.head.follow, editor.head.follow.rect().center() / 4)
    editor.show_sample(sweep.names, sweep.values[:, 0])
    assert editor.head.voltage.value() == pytest.approx(60.0)


def test_in_the_window_it_follows_cursor_1(rig_window: Window) -> None:
    family(rig_window)
    press(rig_window, Key.Key_E)
    editor = rig_window.tools.channel
    sweep = rig_window.display.shown.sweeps[-1]
    for time_ms in (2.0, 8.0):
        rig_window.display.stack.move_cursor(0, time_ms)
        told = float(sweep["v_mV"][round(time_ms * rig_window.bench.protocol.fs_kHz)])
        assert editor.head.voltage.value() == pytest.approx(told, abs=0.1)
    editor.close()
    rig_window.display.stack.move_cursor(0, 2.0)
    rig_window.tools.edit_channel()
    assert editor.head.voltage.value() == pytest.approx(float(sweep["v_mV"][0]), abs=0.1)
    editor.close()


def test_states_at_the_cursor_fill_the_scheme(editor: ChannelEditor) -> None:
    channel = shipped("two-state-k")
    editor.show_channel(rig_with("two-state-k"), channel.name)
    turn_to(editor, SCHEME)
    editor.show_sample(("v_mV", f"state_{channel.name}_C0", f"state_{channel.name}_O"), np.array([-50.0, 0.25, 0.75]))
    assert editor.pages.scheme._scheme.occupied.tolist() == [0.25, 0.75]
    places, _ = editor.pages.scheme._geometry()
    assert "O conducts: 75 % of channels" in editor.pages.scheme.told_at(places[1])
    between = (places[0] + places[1]) / 2.0
    assert "C0 → O" in editor.pages.scheme.told_at(between)


def test_below_the_steady_state_are_time_constants_rates_or_charge(editor: ChannelEditor) -> None:
    channel = shipped("squid-na")
    editor.show_channel(rig_with("squid-na"), channel.name)
    which = editor.pages.gating.which
    assert RATES in which.names()
    assert CHARGE not in which.names()
    editor.show_channel(rig_with("kv-mwc"), "kv_mwc")
    assert CHARGE in which.names()
    which.setCurrentIndex(which.findData(CHARGE))
    which.activated.emit(which.currentIndex())
    (curve,) = editor.pages.gating.below._shown
    assert curve.curve.y[-1] == pytest.approx(12.0, abs=0.1)  # four sensors of 3 e


def test_of_an_exams_cell_no_page_is_shown(editor: ChannelEditor) -> None:
    rig = load_rig(paths.CELLS / "unknown-cell.toml")
    editor.show_channel(rig, rig.cell.channels[0].name)
    assert not editor.pages.isVisible()
    assert not editor.form.isVisible()
    assert "exam" in editor.foot.said.text()
    visible = [button.text() for button in editor.findChildren(QPushButton) if button.isVisible()]
    assert visible == ["Close"]


# ---- below the window


def test_a_channel_takes_the_place_of_another_only_where_the_rig_allows_it() -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    stronger = replace(rig.cell.channels[0], g_nS=240.0)
    assert with_channel(rig, "na", stronger).cell.channels[0] == stronger
    with pytest.raises(VClampError, match="no channel 'xyz'"):
        with_channel(rig, "xyz", stronger)
    with pytest.raises(VClampError, match="named 'k'"):
        with_channel(rig, "na", replace(stronger, name="k"))
    with pytest.raises(VClampError, match="no ion"):
        with_channel(rig, "na", replace(stronger, ion="Rb", pore=type(stronger.pore)()))


def test_a_text_that_is_no_channel_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "x.toml"
    with pytest.raises(VClampError):
        save_channel(target, "name = 3")
    assert not target.exists()
    save_channel(target, channel_text(shipped("squid-na")))
    assert load_channel(target) == shipped("squid-na")
    with pytest.raises(VClampError, match="exists already"):
        save_channel(target, channel_text(shipped("squid-na")))
