"""Analyses in the window: what is asked, what is shown beside the truth, what follows cursors, sliders and sweeps."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from math import exp, nan
from pathlib import Path
from time import thread_time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu
from rig_window import (
    Key,
    click,
    drag,
    drag_mouse,
    family,
    nothing_goes_wrong,
    open_window,
    press,
    quick,
    settle,
    ttx_slider,
    wait_for,
)

from vclamp import paths
from vclamp.analysis.fits import failed
from vclamp.analysis.results import Curve, Estimate, Fitted, Result
from vclamp.cli import main
from vclamp.model.files import load_rig
from vclamp.model.protocol import Hold, Protocol, Step
from vclamp.publish.exporters import export
from vclamp.publish.groups import groups
from vclamp.publish.symbols import axis, interval, symbol, with_error
from vclamp.ui.analyst import Analyst
from vclamp.ui.panels.analysis import AnalysisPanel
from vclamp.ui.panels.boxes import ChoiceBox
from vclamp.ui.panels.estimates import HEADERS, INTERVAL, TRUE, doubtful, misses
from vclamp.ui.panels.live_iv import LiveIv
from vclamp.ui.window import Window

CTRL = Qt.KeyboardModifier.ControlModifier
FRAME_MS = 16.0
RT_F_mV = 25.4341  # at 22 °C
TWO_STATE = {"v_half_mV": -30.0, "z_e": 4.0, "g_max_nS": 20.0}  # as its file says
BLOCKER = "solutions.drugs.blocker.in_mM"


def answered(window: Window) -> Result:
    """What is on show once all questions are answered."""
    analyst = window.analyst
    wait_for(lambda: not (analyst._newest.busy or analyst._probe.busy or window.bridge.busy), 20.0, "the answer")
    settle(window)
    wait_for(lambda: not (analyst._newest.busy or analyst._probe.busy or window.bridge.busy), 20.0, "the answer")
    assert analyst.panel.result is not None
    return analyst.panel.result


def open_tab(window: Window, title: str) -> None:
    """Turn to a tab, as a user does."""
    bar = window.tabs.tabBar()
    click(bar, bar.tabRect([bar.tabText(n) for n in range(bar.count())].index(title)).center())


def pick(box: ChoiceBox, name: object) -> None:
    """Open the list, go to an entry, and take it with Return."""
    click(box)
    view = box.view()
    wait_for(view.isVisible)
    view.setCurrentIndex(box.model().index(box.findData(name), 0))
    QTest.keyClick(view, Key.Key_Return)
    box.hidePopup()
    box.window().activateWindow()
    assert QTest.qWaitForWindowActive(box.window())


def menu_action(window: Window, title: str) -> QAction:
    return next(action for action in window.findChildren(QAction) if action.text() == title)


def table(window: Window) -> dict[str, list[str]]:
    """The rows on the screen, by their first cell; hidden columns are left out."""
    shown = window.analyst.panel.table
    columns = [column for column in range(1, len(HEADERS)) if not shown.isColumnHidden(column)]
    return {
        shown.item(row, 0).text(): [shown.item(row, column).text() for column in columns]
        for row in range(shown.rowCount())
    }


def two_state(window: Window) -> None:
    """The family of a channel whose gating is known in closed form."""
    window.load_cell("hek-two-state-k")
    window.load_protocol("activation")
    family(window)


# ---- estimates and the truth -----------------------------------------------------------------


def test_g_shows_the_g_v_with_the_truth_beside_every_estimate(rig_window: Window) -> None:
    two_state(rig_window)
    press(rig_window, Key.Key_G)
    result = answered(rig_window)
    assert rig_window.tabs.currentWidget() is rig_window.analyst.panel
    assert result.analysis == "gv"
    for name, true in TWO_STATE.items():
        assert result[name].truth == pytest.approx(true, rel=1e-3)
        assert result[name].low <= true <= result[name].high
    assert [HEADERS[n] for n in (TRUE, INTERVAL)] == ["true", "95 % interval"]
    value, true, ends = table(rig_window)["V½ (mV)"]
    assert true.startswith("−30")
    assert "±" in value
    assert "…" in ends
    (drawn,) = [each for each in rig_window.analyst.panel.plot._shown if not each.ghost]
    assert drawn.fit is not None
    np.testing.assert_allclose(drawn.truth, 20.0 / (1.0 + np.exp(-4.0 * (drawn.curve.x + 30.0) / RT_F_mV)), rtol=2e-3)


def test_ctrl_t_hides_the_truth_and_shows_it_again(rig_window: Window) -> None:
    two_state(rig_window)
    press(rig_window, Key.Key_G)
    answered(rig_window)
    shown = rig_window.analyst.panel
    pick(shown.choices.trace, "i_two_state_k_pA")
    assert np.isfinite(answered(rig_window)["v_half_mV"].truth)
    assert shown.plot._shown[-1].truth is not None
    assert not shown.table.isColumnHidden(TRUE)
    press(rig_window, Key.Key_T, CTRL)
    result = answered(rig_window)
    assert shown.table.isColumnHidden(TRUE)
    assert result.estimates
    assert all(np.isnan(each.truth) for each in result.estimates)
    assert [each.truth for each in shown.plot._shown] == [None]
    press(rig_window, Key.Key_T, CTRL)
    answered(rig_window)
    assert not shown.table.isColumnHidden(TRUE)


@pytest.mark.usefixtures("qtbot")
def test_the_next_window_remembers_that_the_truth_is_hidden(tmp_path: Path) -> None:
    with nothing_goes_wrong(), open_window(tmp_path, ready=False) as first:
        assert first.analyst.truth
        press(first, Key.Key_T, CTRL)
    with nothing_goes_wrong(), open_window(tmp_path, ready=False) as second:
        assert not second.analyst.truth
        assert not menu_action(second, "Show true values").isChecked()


def test_a_true_value_outside_its_interval_is_amber(rig_window: Window) -> None:
    """The peak of a current that inactivates never reaches the conductance of all channels open."""
    rig_window.load_protocol("iv")
    family(rig_window)
    press(rig_window, Key.Key_G)
    result = answered(rig_window)
    shown = rig_window.analyst.panel.table
    amber = QColor(rig_window.display.theme.warning)
    inks = {
        each.name: shown.item(row, TRUE).data(Qt.ItemDataRole.ForegroundRole)
        for row, each in enumerate(result.estimates)
    }
    assert result["g_max_nS"].truth == pytest.approx(120.0, rel=1e-6)
    assert result["g_max_nS"].high < 120.0
    assert inks["g_max_nS"] == amber
    assert inks["e_rev_mV"] is None, "it is not estimated, and right"


def test_rounding_is_no_miss() -> None:
    assert not misses(Estimate("rs_MOhm", 5.1 + 3e-12, 1e-13, 5.1 + 2e-12, 5.1 + 4e-12, truth=5.1))
    assert misses(Estimate("rs_MOhm", 5.2, 0.01, 5.18, 5.22, truth=5.1))
    assert not misses(Estimate("rs_MOhm", 5.2, truth=5.1)), "without an interval nothing is missed"


def test_numbers_of_a_fit_that_cannot_be_trusted_are_in_doubt_and_others_not() -> None:
    x = np.arange(3.0)
    fit = failed(("tau_ms",), "too few points")
    doubted = replace(fit, values=np.array([2.5]))
    result = Result(
        "x",
        (Fitted(Curve("x", "x", "y", x, x), doubted),),
        (Estimate("tau_ms", 2.5), Estimate("e_rev_mV", -60.0), Estimate("k_mV", nan)),
    )
    assert doubtful(result) == {"tau_ms", "k_mV"}


# ---- exams -----------------------------------------------------------------------------------


@pytest.fixture
def exam(tmp_path: Path) -> Path:
    """The two-state cell as a file of an exam."""
    text = (paths.CELLS / "hek-two-state-k.toml").read_text(encoding="utf-8")
    file = tmp_path / "exam.toml"
    file.write_text(text.replace("[cell]\n", "[cell]\nexam = true\n", 1), encoding="utf-8")
    return file


def test_an_exam_hides_the_truth_for_good(
    rig_window: Window, exam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig_window.load_cell(str(exam))
    rig_window.load_protocol("activation")
    family(rig_window)
    press(rig_window, Key.Key_G)
    result = answered(rig_window)
    switch = menu_action(rig_window, "Show true values")
    assert all(np.isnan(each.truth) for each in result.estimates)
    assert rig_window.analyst.panel.table.isColumnHidden(TRUE)
    assert not switch.isEnabled()
    assert "exam" in switch.toolTip()
    press(rig_window, Key.Key_T, CTRL)
    assert all(np.isnan(each.truth) for each in answered(rig_window).estimates)
    file = tmp_path / "exam.nwb"
    export([rig_window.display.recording], file)
    rig_window.load_cell("squid-axon")
    settle(rig_window)
    assert switch.isEnabled()
    rig_window.documents.open(file)
    settle(rig_window)
    assert rig_window.bench.rig.cell.exam
    assert not switch.isEnabled(), "what was recorded in it tells nothing either"
    assert all(np.isnan(each.truth) for each in answered(rig_window).estimates)
    assert main(["analyse", str(file), "tail-gv"]) == 0
    assert "truth" not in capsys.readouterr().out


# ---- choosing --------------------------------------------------------------------------------


def test_analyses_that_suit_come_first_and_those_that_cannot_work_are_grey_and_say_why(rig_window: Window) -> None:
    family(rig_window)
    open_tab(rig_window, "Analysis")
    answered(rig_window)
    box = rig_window.analyst.panel.choices.kind
    names = box.names()
    assert names.index("peak-iv") < names.index("gv") < names.index("tail-iv")
    assert box.currentData() == "peak-iv"
    grey = {name: box.itemData(box.findData(name), Qt.ItemDataRole.ToolTipRole) for name in names}
    enabled = {name: box.model().item(box.findData(name)).isEnabled() for name in names}
    assert not enabled["tail-iv"]
    assert "no mark 'tail'" in grey["tail-iv"]
    assert enabled["gv"]
    assert grey["gv"] is None
    pick(box, "steady-iv")
    assert answered(rig_window).analysis == "steady-iv"
    pick(box, "tail-iv")
    assert answered(rig_window).analysis == "steady-iv", "what is grey cannot be chosen"
    press(rig_window, Key.Key_Escape)


def test_the_menu_offers_what_suits(rig_window: Window) -> None:
    two_state(rig_window)
    menu = next(each for each in rig_window.findChildren(QMenu) if each.title() == "&Analysis")
    menu.aboutToShow.emit()
    titles = [action.text() for action in menu.actions()]
    assert "G-V from tails, with a Boltzmann curve" in titles
    assert "Recovery from inactivation" not in titles
    next(action for action in menu.actions() if action.text().startswith("G-V from tails")).trigger()
    assert answered(rig_window).analysis == "tail-gv"


def test_the_channel_alone_is_measured_first_where_the_total_current_is_of_several(rig_window: Window) -> None:
    rig_window.load_protocol("iv")
    family(rig_window)
    press(rig_window, Key.Key_G)
    answered(rig_window)
    choices = rig_window.analyst.panel.choices
    assert choices.trace.currentData() == "i_na_pA"
    pick(choices.trace, "i_k_pA")
    assert answered(rig_window)["v_half_mV"].truth > -40.0, "that of n⁴"
    pick(choices.trace, "i_pA")
    assert all(np.isnan(each.truth) for each in answered(rig_window).estimates), "they have no V½ in common"


def test_a_reversal_potential_can_be_given_and_taken_back(rig_window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    rig_window.load_protocol("iv")
    family(rig_window)
    press(rig_window, Key.Key_G)
    used = answered(rig_window)["e_rev_mV"].value
    assert used == pytest.approx(50.0)
    choices = rig_window.analyst.panel.choices
    give = next(action for action in choices.menu.actions() if "eversal" in action.text())
    for text, expected in (("40", 40.0), ("nonsense", 40.0), ("", 50.0)):
        monkeypatch.setattr(QInputDialog, "getText", lambda *a, typed=text, **k: (typed, True))
        give.trigger()
        assert answered(rig_window)["e_rev_mV"].value == pytest.approx(expected), text


def test_against_the_true_voltage_an_uncompensated_series_resistance_shows_in_both_plots(rig_window: Window) -> None:
    rig_window.load_cell("squid-axon-20pf")
    family(rig_window)
    press(rig_window, Key.Key_G)
    answered(rig_window)
    panel, iv = rig_window.analyst.panel, rig_window.display.iv
    commanded = panel.plot._shown[-1].curve.x
    pick(panel.choices.against, "membrane")
    answered(rig_window)
    assert panel.plot._shown[-1].curve.x_name == "v_mV"
    assert np.abs(panel.plot._shown[-1].curve.x - commanded).max() > 1.0
    assert iv._shown[-1].curve.x_name == "v_mV"
    assert panel.plot._labels[0] == iv._labels[0] == "V membrane (mV)"


def test_without_a_sweep_and_under_current_clamp_the_panel_says_what_is_missing(rig_window: Window) -> None:
    open_tab(rig_window, "Analysis")
    assert "no sweep yet" in rig_window.analyst.panel.notes.toPlainText()
    press(rig_window, Key.Key_I)
    rig_window.load_protocol("current-steps")
    family(rig_window)
    answered(rig_window)
    choices = rig_window.analyst.panel.choices
    row = choices.kind.findData("peak-iv")
    assert "current clamp" in choices.kind.itemData(row, Qt.ItemDataRole.ToolTipRole)
    assert choices.trace.currentData() == "v_mV"


# ---- cursors ---------------------------------------------------------------------------------


def cursor_place(window: Window, number: int, shift_ms: float = 0.0) -> QPoint:
    """Where a cursor is in the window, or would be after a shift."""
    scope = window.display.stack.scopes["total"]
    box = scope.plot.getViewBox()
    middle = sum(box.viewRange()[1]) / 2
    at = box.mapViewToScene(QPointF(window.display.stack.cursor_ms(number) + shift_ms, middle))
    stack = window.display.stack
    return stack.viewport().mapTo(window, stack.mapFromScene(at))


def test_measurements_follow_the_cursors(rig_window: Window) -> None:
    rig_window.load_protocol("iv")
    family(rig_window)
    open_tab(rig_window, "Measure")
    view = rig_window.analyst.measure
    stack = rig_window.display.stack
    stack.move_cursor(0, 5.5)
    stack.move_cursor(1, 30.0)

    def check() -> dict[str, float]:
        sweep = view.chosen(rig_window.display.shown).sweeps[0]
        first, last = (round(time * 50.0) for time in sorted(rig_window.display.cursors_ms))
        part = sweep["i_pA"][first:last]
        found = {each.name: each.value for each in view.table._result.estimates}
        assert found["mean_pA"] == pytest.approx(part.mean())
        assert found["minimum_pA"] == part.min()
        assert found["area_fC"] == pytest.approx(np.trapezoid(part, dx=0.02))
        return found

    before = check()
    drag_mouse(rig_window, cursor_place(rig_window, 1), cursor_place(rig_window, 1, -10.0))
    assert rig_window.display.stack.cursor_ms(1) == pytest.approx(20.0, abs=0.5)
    assert check()["area_fC"] < 0.8 * before["area_fC"]
    pick(view.sweep, 5)
    assert check()["peak_pA"] < 0.0, "inward at −40 mV"
    texts = {view.table.verticalHeaderItem(row).text() for row in range(view.table.rowCount())}
    assert {"peak (pA)", "time to peak (ms)", "half-width (ms)", "noise, rms (pA)", "slope (pA/ms)"} <= texts


def test_f_fits_an_exponential_between_the_cursors_and_draws_it_in_the_scope(rig_window: Window) -> None:
    """The tail of a two-state channel: τ = 1/(α + β), with α = k₀ e^(zF(V − V½)/2RT)."""
    two_state(rig_window)
    rig_window.display.stack.move_cursor(0, 58.0)
    rig_window.display.stack.move_cursor(1, 45.2)
    press(rig_window, Key.Key_F)
    result = answered(rig_window)
    u = 4.0 * (-50.0 + 30.0) / RT_F_mV
    tau_ms = 1.0 / (0.5 * (exp(u / 2.0) + exp(-u / 2.0)))
    assert result["tau_1_ms"].value == pytest.approx(tau_ms, rel=2e-3)
    line, plot = rig_window.analyst._line, rig_window.display.stack.scopes["total"].plot
    assert line._line in plot.items
    t, y = line._line.getData()
    assert (t[0], t[-1]) == pytest.approx((45.2, 58.0), abs=0.05)
    sweep = rig_window.display.recording.sweeps[-1]
    assert y[0] == pytest.approx(sweep["i_pA"][2260], rel=0.02)
    rig_window.display.stack.move_cursor(1, 46.0)
    answered(rig_window)
    assert line._line.getData()[0][0] == pytest.approx(46.0, abs=0.05)
    open_tab(rig_window, "Cursors")
    rig_window.analyst.refresh()
    assert line._line not in plot.items, "it goes with the panel"


# ---- live ------------------------------------------------------------------------------------


def test_the_analysis_grows_sweep_by_sweep_and_the_recorded_one_stays_behind_a_preview(rig_window: Window) -> None:
    seen: set[int] = set()
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=6, interval_ms=3000.0), "slow")
    press(rig_window, Key.Key_G)
    plot = rig_window.analyst.panel.plot

    def points() -> int:
        return max((each.curve.x.size for each in plot._shown if not each.ghost), default=0)

    rig_window.bridge.grew.connect(lambda chunk: seen.add(points()))
    rig_window.set_speed(5.0)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: points() >= 3, 20.0)
    assert rig_window.bridge.running
    wait_for(lambda: not rig_window.bridge.running, 20.0)
    answered(rig_window)
    assert len(seen) >= 3
    assert points() == 6
    assert [each.ghost for each in plot._shown] == [False]
    drag(ttx_slider(rig_window), 0.6)
    answered(rig_window)
    assert [each.ghost for each in plot._shown] == [True, False]
    faint, bright = plot._shown
    assert np.abs(bright.curve.y).max() < 0.7 * np.abs(faint.curve.y).max()


@pytest.mark.usefixtures("qtbot")
def test_while_a_slider_is_dragged_no_update_takes_a_frame_of_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 sweeps of 60 ms at 50 kHz; in the time of the window's own thread, whatever else the machine does."""
    spent: dict[str, list[float]] = {}

    def time(owner: type, name: str) -> None:
        work: Callable[..., object] = getattr(owner, name)

        def timed(*args: object, **named: object) -> object:
            start = thread_time()
            try:
                return work(*args, **named)
            finally:
                spent.setdefault(name, []).append(1000.0 * (thread_time() - start))

        monkeypatch.setattr(owner, name, timed)

    time(LiveIv, "show_runs")
    time(LiveIv, "show_curves")
    time(Analyst, "refresh")
    time(AnalysisPanel, "show_result")
    with nothing_goes_wrong(), open_window(tmp_path, protocol=quick(sweeps=20, ms=60.0)) as window:
        family(window)
        press(window, Key.Key_G)
        answered(window)
        spent.clear()
        for share in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
            drag(ttx_slider(window), share)
            answered(window)
    assert set(spent) == {"show_runs", "show_curves", "refresh", "show_result"}
    assert sum(map(min, spent.values())) < FRAME_MS, "the least: what other processes add is not ours"


# ---- several runs ----------------------------------------------------------------------------


def test_runs_of_this_sitting_are_compared(rig_window: Window) -> None:
    """Woodhull's block at 0 mV: half of the current is left at 1 mM, with a Hill coefficient of 1."""
    rig_window.load_cell("hek-woodhull-k")
    steps = Protocol(
        "steps", (Hold(2.0), Step((-40.0, 0.0), 10.0, name="test")), 2, -80.0, fs_kHz=10.0, marks=quick().marks[1:]
    )
    rig_window.bench.set_scene(rig_window.bench.rig, steps, "steps")
    for mM in (0.0, 0.3, 1.0, 3.0):
        rig_window.edit(BLOCKER, mM)
        settle(rig_window)
        family(rig_window)
    rig_window.analyst.choose("dose-response")
    pick(rig_window.analyst.panel.choices.trace, "i_woodhull_k_pA")
    result = answered(rig_window)
    assert "4 runs" in rig_window.analyst.panel.said.text()
    assert "blocker inside (mM): 0, 0.3, 1, 3" in rig_window.analyst.panel.said.text()
    assert result["ic50_mM"].value == pytest.approx(1.0, rel=1e-3)
    assert sorted(result.curves[0].curve.x) == [0.0, 0.3, 1.0, 3.0]
    assert rig_window.analyst.panel.plot._log == (True, False)
    rig_window.edit(BLOCKER, 10.0)
    result = answered(rig_window)
    assert "5 runs" in rig_window.analyst.panel.said.text(), "a preview is one more, while it is on show"
    assert result.curves[0].curve.y[-1] == pytest.approx(1.0 / 11.0, rel=1e-3)


# ---- taking results away ---------------------------------------------------------------------


def test_ctrl_c_copies_the_table(rig_window: Window) -> None:
    two_state(rig_window)
    press(rig_window, Key.Key_G)
    result = answered(rig_window)
    click(rig_window.analyst.panel.table.viewport(), QPoint(20, 10))
    press(rig_window, Key.Key_C, CTRL)
    rows = [row.split("\t") for row in QGuiApplication.clipboard().text().splitlines()]
    assert rows[0] == ["name", "value", "se", "low", "high", "truth"]
    assert [row[0] for row in rows[1:]] == [each.name for each in result.estimates]
    assert float(rows[1][1]) == pytest.approx(result.estimates[0].value, rel=1e-9)


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_results_are_exported_with_units_in_their_names(
    rig_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    menu_action(rig_window, f"Export results as {kind.upper()}…").trigger()
    assert "no results yet" in rig_window.banner.message
    two_state(rig_window)
    press(rig_window, Key.Key_G)
    result = answered(rig_window)
    proposed: list[str] = []

    def ask(parent: object, title: str, name: str, kinds: str) -> tuple[str, str]:
        proposed.append(name)
        return str(tmp_path / "found"), kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    menu_action(rig_window, f"Export results as {kind.upper()}…").trigger()
    settle(rig_window)
    assert proposed[0].endswith(f"activation-gv.{kind}")
    file = tmp_path / f"found.{kind}"
    assert rig_window.status.news.toolTip() == str(file)
    menu_action(
        rig_window, f"Export results as {kind.upper()}…"
    ).trigger()  # of "found" the dialog asks, not of the file
    settle(rig_window)
    assert f"found.{kind}: exists already" in rig_window.banner.message
    if kind == "json":
        whole = json.loads(file.read_text(encoding="utf-8"))
        assert whole["question"]["trace"] == "i_pA"
        assert {each["name"] for each in whole["estimates"]} >= set(TWO_STATE)
        return
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["level_mV", "g_nS", "fit_g_nS", "true_g_nS"]
    assert len(rows) == 1 + result.curves[0].curve.x.size
    numbers = list(csv.reader((tmp_path / "found-results.csv").read_text(encoding="utf-8").splitlines()))
    assert numbers[0][-1] == "truth"


# ---- words and numbers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v_half_mV", "V½ (mV)"),
        ("tau_2_ms", "τ₂ (ms)"),
        ("tau_at_-30mV_ms", "τ(−30 mV) (ms)"),
        ("variance_0_pA2", "variance 0 (pA²)"),
        ("slope_pA_per_ms", "slope (pA/ms)"),
        ("rs_MOhm", "Rs (MΩ)"),
        ("z_e", "z (e)"),
        ("n_channels", "N"),
        ("e_na_mV", "E na (mV)"),
        ("pedestal", "pedestal"),
    ],
)
def test_numbers_are_called_what_people_call_them(name: str, text: str) -> None:
    assert symbol(name) == text


def test_axes_are_called_what_people_call_them() -> None:
    rig = load_rig(paths.CELLS / "hek-two-state-k.toml")
    assert axis("level_mV") == "V (mV)"
    assert axis("TTX_out_mM") == "TTX outside (mM)"
    assert axis("i_two_state_k_pA", rig) == "I Two-state K⁺ (pA)"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (-45.1234, 0.321, "−45.1 ± 0.3"),
        (-45.1234, 0.123, "−45.12 ± 0.12"),
        (12345.678, 234.0, "12350 ± 230"),
        (40.0, 1e-9, "40.00 ± 1e−9"),
        (3.14159e-6, 2e-7, "3.14e−6 ± 2.0e−7"),
        (5.0, nan, "5.000"),
        (nan, 1.0, "–"),
        (-0.0, 0.1, "0.00 ± 0.10"),
    ],
)
def test_a_number_has_the_digits_that_its_error_tells(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text


def test_an_interval_is_written_with_its_ends() -> None:
    assert interval(-45.77, -44.48, 0.32).replace("\u200a", "") == "−45.8…−44.5"
    assert interval(nan, 1.0, 0.1) == ""


def test_curves_of_one_unit_are_drawn_together_and_measurements_alone() -> None:
    x = np.arange(3.0)
    names = (("na", "v_mV", "i_na_pA"), ("k", "v_mV", "i_k_pA"), ("peak_pA", "sweep", "peak_pA"),
             ("mean_pA", "sweep", "mean_pA"))  # fmt: skip
    found = groups(Result("x", tuple(Fitted(Curve(*each, x, x)) for each in names)))
    assert [(name, len(curves)) for name, curves in found] == [("na", 2), ("peak (pA)", 1), ("mean (pA)", 1)]
