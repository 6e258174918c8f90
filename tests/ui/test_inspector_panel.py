"""The inspector in the real window: it follows cursor 1, tells what flows in numbers and words, and keeps secrets."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import thread_time

import pytest
from numpy import float32
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from rig_window import click, drag_mouse, family, press, quick, settle, wait_for

from vclamp import paths
from vclamp.analysis.inspector import inspect
from vclamp.model.files import load_rig
from vclamp.model.record import About, Recording
from vclamp.run.runner import record
from vclamp.ui.panels.inspector import BAR, SHARE, VALUE, WHAT, InspectorPanel
from vclamp.ui.panels.inspector_words import Row, headline, written
from vclamp.ui.theme import THEMES
from vclamp.ui.window import Window

Key = Qt.Key


def with_inspector(window: Window) -> InspectorPanel:
    """The inspector, brought to the front."""
    panel = window.display.inspector
    bar = window.tabs.tabBar()
    click(bar, bar.tabRect(window.tabs.indexOf(panel)).center())
    wait_for(panel.isVisible)
    return panel


@pytest.fixture
def inspected(rig_window: Window) -> tuple[Window, InspectorPanel]:
    panel = with_inspector(rig_window)
    family(rig_window)
    return rig_window, panel


def texts(panel: InspectorPanel) -> list[tuple[str, str]]:
    table = panel.table
    return [
        (table.item(row, WHAT).text(), value.text() if (value := table.item(row, VALUE)) is not None else "")
        for row in range(table.rowCount())
    ]


def of(panel: InspectorPanel, name: str) -> str:
    return dict(texts(panel))[name]


def recording_of(cell: str) -> Recording:
    return record(load_rig(paths.CELLS / f"{cell}.toml"), quick(), seed=3)


def alone(recording: Recording, at: int, theme: str = "dark", sweep: int = -1) -> InspectorPanel:
    panel = InspectorPanel(THEMES[theme])
    panel.resize(341, 470)
    panel.show()
    panel.show_sample(recording, recording.sweeps[sweep], at)
    return panel


@pytest.fixture
def kept() -> Iterator[Callable[[InspectorPanel], InspectorPanel]]:
    """Panels without a window, closed at the end."""
    panels: list[InspectorPanel] = []
    yield lambda panel: (panels.append(panel), panel)[1]
    for panel in panels:
        panel.close()
        panel.deleteLater()


def test_without_a_sweep_it_says_how_to_get_one(rig_window: Window) -> None:
    panel = with_inspector(rig_window)
    assert "Space" in panel.headline.text()
    assert panel.table.rowCount() == 0


def test_it_tells_the_currents_of_the_sample_at_cursor_1(inspected: tuple[Window, InspectorPanel]) -> None:
    window, panel = inspected
    stack = window.display.stack
    stack.move_cursor(0, 5.5)
    sweep = window.display.shown.sweeps[-1]
    at = round(5.5 * 50.0)
    assert of(panel, "Na⁺") == written(Row("part", "", float(sweep["i_na_pA"][at])))
    assert of(panel, "= recorded current") == written(Row("sum", "", float(sweep["i_pA"][at])))
    assert of(panel, "not explained") == "0 pA"
    assert f"sweep {len(window.display.shown.sweeps)}, t = 5.5 ms" in panel.when.text()


def test_dragging_the_cursor_changes_what_is_told(inspected: tuple[Window, InspectorPanel]) -> None:
    window, panel = inspected
    window.display.stack.move_cursor(0, 8.0)
    before = texts(panel)
    scope = window.display.stack.scopes["total"]
    box = scope.plot.getViewBox()

    def place(time_ms: float) -> object:
        middle = sum(box.viewRange()[1]) / 2.0
        view = window.display.stack
        return view.mapTo(window, view.mapFromScene(box.mapViewToScene(QPointF(time_ms, middle))))

    drag_mouse(window, place(8.0), place(12.0))
    assert window.display.cursors_ms[0] == pytest.approx(12.0, abs=0.6)
    assert texts(panel) != before


def test_a_slider_that_is_dragged_changes_the_parts(inspected: tuple[Window, InspectorPanel]) -> None:
    window, panel = inspected
    window.display.stack.move_cursor(0, 5.5)
    before = of(panel, "Na⁺")
    window.edit("cell.channels.na.on", False)
    settle(window)
    wait_for(lambda: of(panel, "Na⁺") != before)
    assert of(panel, "Na⁺") == "0 pA"
    assert "switched off" in [name for name, _ in texts(panel)]


def test_the_sentence_of_a_voltage_error_names_the_resistance_and_the_current(
    qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel]
) -> None:
    panel = kept(alone(recording_of("voltage-error"), 300, sweep=2))
    seen = panel.seen
    assert seen is not None
    assert seen.error is not None
    assert abs(seen.error.total_mV) > 1.0
    assert f"{abs(seen.error.total_mV):.1f} mV above its command, because 10 MΩ × −" in panel.headline.text()
    assert "Na⁺ current" in panel.headline.text()
    assert of(panel, "lost in Rs").endswith("mV")


def test_the_formula_has_its_numbers_filled_in(qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel]) -> None:
    panel = kept(alone(recording_of("squid-axon"), 300))
    formulas = [name for name, _ in texts(panel) if name.startswith("g·P")]
    assert formulas[0].startswith("g·P·(V − E) = 120 nS × ")
    assert formulas[0].endswith("(60.0 − 50.0) mV")
    tip = panel.table.item(3, WHAT).toolTip()
    assert "I = g·P·B·(V − E)" in tip
    assert "Hodgkin & Huxley 1952" in tip


def test_bars_point_outward_to_the_right_and_the_largest_part_is_full(
    qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel]
) -> None:
    panel = kept(alone(recording_of("squid-axon"), 300))
    shares = [
        panel.table.item(row, BAR).data(SHARE) for row in range(panel.table.rowCount()) if panel.table.item(row, BAR)
    ]
    shares = [share for share in shares if share is not None]
    assert max(map(abs, shares)) == 1.0
    for row, (name, value) in enumerate(texts(panel)):
        share = panel.table.item(row, BAR).data(SHARE) if panel.table.item(row, BAR) else None
        if share:
            assert (share < 0.0) == value.startswith("−"), name


@pytest.mark.parametrize("theme", list(THEMES))
def test_every_cell_has_a_sentence_and_numbers_in_every_theme(
    qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel], theme: str
) -> None:
    for cell in (
        "realistic-rig",
        "squid-axon-ions",
        "gating-current",
        "model-cell-mc9",
        "hek-multi-ion-k",
        "neuron-pump",
    ):
        panel = kept(alone(recording_of(cell), 275, theme))
        panel.set_theme(THEMES[theme])
        assert panel.headline.text()
        assert "nan" not in panel.headline.text() + str(texts(panel))
        assert any(value for _, value in texts(panel))


def test_of_an_exams_cell_the_panel_shows_only_what_was_recorded(
    qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel]
) -> None:
    panel = kept(alone(recording_of("unknown-cell"), 300))
    assert [name for name, _ in texts(panel)] == ["Command", "I"]
    assert "exam" in panel.headline.text()
    assert "V =" not in panel.when.text()
    assert not panel.ghost.isVisible()


def test_of_another_programs_recording_it_says_that_only_traces_are_known(
    qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel]
) -> None:
    recording = replace(recording_of("squid-axon"), about=About(source="day7.abf"))
    panel = kept(alone(recording, 300))
    assert "Another program" in panel.headline.text()
    assert not any("·" in name for name, _ in texts(panel))


def test_in_current_clamp_the_injected_current_is_taken_apart(
    qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel]
) -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    free = replace(rig, amplifier=replace(rig.amplifier, mode="current-clamp", bias_pA=20.0))
    panel = kept(alone(record(free, quick(), seed=3), 50))
    assert of(panel, "= injected current") == "20.0 pA"
    assert "In current clamp the voltage is free" in panel.headline.text()
    assert not any("Rs" in name for name, _ in texts(panel))
    assert not panel.ghost.isVisible()


def test_ctrl_c_copies_the_parts_for_a_spreadsheet(inspected: tuple[Window, InspectorPanel]) -> None:
    window, panel = inspected
    window.display.stack.move_cursor(0, 5.5)
    click(panel.table.viewport())
    press(window, Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    sodium = next(line for line in lines if line.startswith("Na⁺\t")).split("\t")
    sweep = window.display.shown.sweeps[-1]
    assert float(sodium[1]) == pytest.approx(float(sweep["i_na_pA"][275]), rel=1e-5)
    assert sodium[2] == "pA"


def test_hidden_it_computes_nothing_and_catches_up_when_it_is_seen(inspected: tuple[Window, InspectorPanel]) -> None:
    window, panel = inspected
    window.tabs.setCurrentIndex(0)
    before = panel.seen
    window.display.stack.move_cursor(0, 7.0)
    assert panel.seen is before
    window.tabs.setCurrentWidget(panel)
    assert panel.seen.time_ms == pytest.approx(7.0)


def test_the_switch_asks_for_the_ghost(inspected: tuple[Window, InspectorPanel]) -> None:
    _, panel = inspected
    asked: list[bool] = []
    panel.ghost_wanted.connect(asked.append)
    QTest.mouseClick(panel.ghost, Qt.MouseButton.LeftButton, pos=panel.ghost.rect().center() / 4)
    assert asked == [True]


def test_a_move_of_the_cursor_costs_a_fraction_of_a_frame(
    qtbot: object, kept: Callable[[InspectorPanel], InspectorPanel]
) -> None:
    recording = recording_of("realistic-rig")
    panel, taken = kept(alone(recording, 200)), []
    for at in range(200, 300):
        start = thread_time()
        panel.show_sample(recording, recording.sweeps[-1], at)
        taken.append(1000.0 * (thread_time() - start))
    assert sorted(taken)[50] <= 5.0  # 2.3 ms on an idle machine


def test_what_nearly_cancels_is_said_to(qtbot: object) -> None:
    recording = recording_of("squid-axon")
    said = [headline(inspect(recording, recording.sweeps[2], k)) for k in range(250, 700, 2)]
    assert any("nearly cancel" in text for text in said)
    assert any(text.startswith("Most of the ") for text in said)


def behind(window: Window, scope: str = "total") -> list[NDArray[float32]]:
    return [shown.trace.values for shown in window.display.stack.scopes[scope].item._ground.shown]


def tick(panel: InspectorPanel) -> None:
    """Click the switch of the true current."""
    click(panel.ghost, QPoint(8, panel.ghost.height() // 2))


def test_the_ticked_switch_lays_the_sum_of_the_ionic_currents_behind_the_recorded_one(rig_window: Window) -> None:
    panel = with_inspector(rig_window)
    rig_window.load_cell("realistic-rig")
    settle(rig_window)
    family(rig_window)
    assert not behind(rig_window)
    tick(panel)
    drawn, sweeps = behind(rig_window), rig_window.display.shown.sweeps
    assert len(drawn) == len(sweeps)
    for ghost, sweep in zip(drawn, sweeps, strict=True):
        ionic = sum(sweep[f"i_{channel.name}_pA"] for channel in sweep.rig.cell.channels)
        assert ghost == pytest.approx(ionic, rel=1e-5, abs=1e-2)
        assert abs(ghost - sweep["i_pA"]).max() > 10.0  # noise, and what charges the membrane, are no ionic current
    assert not behind(rig_window, "open")
    family(rig_window)
    assert len(behind(rig_window)) == len(sweeps)  # of the new run, in place of the one before
    newest = rig_window.display.shown.sweeps[-1]
    assert behind(rig_window)[-1] == pytest.approx(
        sum(newest[f"i_{channel.name}_pA"] for channel in newest.rig.cell.channels), rel=1e-5, abs=1e-2
    )
    tick(panel)
    assert not any(len(ghost) == 0 for ghost in behind(rig_window))
    assert rig_window.display._behind.truth_of(rig_window.display._header, rig_window.display._sweeps) is None


def test_of_an_exams_cell_no_true_current_is_laid_behind_even_if_it_was_ticked_before(rig_window: Window) -> None:
    panel = with_inspector(rig_window)
    family(rig_window)
    tick(panel)
    assert behind(rig_window)
    rig_window.load_cell("unknown-cell")
    settle(rig_window)
    family(rig_window)
    assert not behind(rig_window)
