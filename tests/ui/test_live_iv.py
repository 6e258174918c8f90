"""The I–V beside the scopes: its fit, its names, the reversal potentials in it; and what the cursors' table says."""

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from recordings import iv
from rig_window import family, handle_at, live, settle, ttx_slider, wait_for

from vclamp import paths
from vclamp.model.files import load_protocol, load_rig
from vclamp.publish.colours import channel_colours
from vclamp.publish.symbols import trace_label
from vclamp.ui.panels.reversals import marks_of
from vclamp.ui.scopes.curves import REST_MS, CurvePlot
from vclamp.ui.theme import THEMES
from vclamp.ui.window import Window


@pytest.fixture
def squid_window(rig_window: Window) -> Window:
    """The whole I–V of the squid axon is on show."""
    rig_window.bench.load_protocol(iv())
    settle(rig_window)
    family(rig_window)
    return rig_window


def test_the_peaks_wear_their_boltzmann_ohmic_fit(squid_window: Window) -> None:
    """Hodgkin and Huxley's axon: E_Na is 50 mV, and no current is inward beyond it."""
    (peak,) = (each for each in squid_window.display.iv._shown if each.curve.name == "peak-iv" and not each.ghost)
    assert peak.fit is not None
    assert peak.fit["e_rev_mV"] == pytest.approx(50.0, abs=4.0)
    slots = squid_window.display.iv._slots
    (slot,) = (slot for slot, each in zip(slots, squid_window.display.iv._shown, strict=True) if each is peak)
    x, y = slot.line
    assert x.size > 100
    assert y[x < 45.0].max() < 100.0


def test_names_in_the_iv_cover_no_point_axis_or_mark_and_stay_away_where_there_is_no_room(squid_window: Window) -> None:
    plot = squid_window.display.iv
    for theme, height, n_names in (("light", 180, 2), ("light", 500, 2), ("projector", 300, 2), ("projector", 180, 0)):
        squid_window.looks.choose(theme)
        plot.setFixedHeight(height)
        live(3e-3 * REST_MS)
        wait_for(lambda: not plot._resting.isActive())
        texts = [slot.text for slot in plot._slots if slot.text.isVisible()]
        names, marks = ([each.textItem.mapRectToScene(each.textItem.boundingRect()) for each in items]
                        for items in (texts, plot.reversals.items))  # fmt: skip
        assert len(names) == n_names, (theme, height)
        assert not any(one.intersects(other) for one, other in combinations([*names, *marks], 2) if one in names)
        box = plot.getPlotItem().getViewBox()
        curves = [each.curve for each in plot._shown]
        points = [box.mapViewToScene(QPointF(x, y)) for c in curves for x, y in zip(c.x, c.y, strict=True)]
        zero = box.mapViewToScene(QPointF(0.0, 0.0))
        for name in names:
            assert not any(name.contains(point) for point in points), (theme, height)
            assert not name.top() < zero.y() < name.bottom(), (theme, height)
            assert not name.left() < zero.x() < name.right(), (theme, height)


def test_a_reversal_potential_tells_nernsts_equation_with_its_numbers_and_where_it_is_explained() -> None:
    """Of the axon in sea water, K⁺: 10 mM outside, 155 mM inside, at 6.3 °C."""
    rig = load_rig(paths.CELLS / "squid-axon-ions.toml")
    (mark,) = (each for each in marks_of(rig) if each.ion == "K")
    ion = rig.solutions.ion("K")
    nernst_mV = 8.314462618 * 279.45 / 96485.33212 * 1e3 * np.log(ion.out_mM / ion.in_mM)
    assert mark.e_mV == pytest.approx(nernst_mV, abs=0.1)
    assert f"ln({ion.out_mM:g}/{ion.in_mM:g})" in mark.tip
    assert "The Nernst Equation and Equilibrium Potential" in mark.tip.splitlines()[-1]


def test_where_all_currents_are_inward_the_marks_hang_below_the_axis_and_are_whole(rig_window: Window) -> None:
    rig_window.bench.load_cell("hek-kir2-1")
    rig_window.bench.load_protocol(load_protocol(paths.PROTOCOLS / "kir.toml"))
    settle(rig_window)
    family(rig_window)
    live(5e-3 * REST_MS)
    plot = rig_window.display.iv
    box = plot.getPlotItem().getViewBox()
    (mark,) = plot.reversals.items
    rect: QRectF = mark.textItem.mapRectToScene(mark.textItem.boundingRect())
    assert box.sceneBoundingRect().adjusted(-1, -1, 1, 1).contains(rect)
    assert rect.center().y() > box.mapViewToScene(QPointF(0.0, 0.0)).y()


def test_inward_rectifiers_are_green_and_no_two_channels_look_alike() -> None:
    for cell in paths.CELLS.glob("*.toml"):
        rig = load_rig(cell)
        colours = channel_colours(rig, dark=True)
        channels = [colours[channel.name] for channel in rig.cell.channels]
        assert len(set(channels)) == len(channels), cell.name
    kir = load_rig(paths.CELLS / "hek-kir2-1.toml")
    assert channel_colours(kir, dark=False)["kir"] == "#009e73"


@pytest.mark.parametrize(
    ("trace", "name"),
    [
        ("i_na_leak_pA", "I Na⁺ leak (pA)"),
        ("p_open_na", "P open Na⁺"),
        ("gate_na_h", "Na⁺ h"),
        ("in_K_mM", "K⁺ inside (mM)"),
        ("i_pump_pA", "I pump (pA)"),
    ],
)
def test_a_trace_is_called_by_the_titles_of_its_channel_and_ion(trace: str, name: str) -> None:
    assert trace_label(trace, load_rig(paths.CELLS / "neuron.toml")) == name


def test_long_names_leave_the_numbers_of_the_cursors_their_room(rig_window: Window) -> None:
    rig_window.bench.load_cell("hek-kv-mwc")
    settle(rig_window)
    family(rig_window)
    table = rig_window.display.cursors
    widest = max(table.fontMetrics().horizontalAdvance(table.item(row, 0).text()) for row in range(table.rowCount()))
    assert table.columnWidth(0) > widest
    assert table.columnWidth(0) > table.horizontalHeader().fontMetrics().horizontalAdvance("cursor 1")
    assert "I Allosteric Kv (pA)" in [table.verticalHeaderItem(row).toolTip() for row in range(table.rowCount())]


def test_the_title_of_a_low_scope_is_as_long_as_the_scope_allows(rig_window: Window) -> None:
    rig_window.bench.load_cell("neuron")
    rig_window.looks.choose("projector")
    settle(rig_window)
    live(0.2)
    for scope in rig_window.display.stack.family.shown:
        label = scope.plot.getAxis("left").label
        assert label.boundingRect().width() <= scope.plot.getViewBox().height() + 12.0, label.toPlainText()


def test_a_plot_too_low_for_its_axes_is_drawn_without_ticks(qtbot: QtBot) -> None:
    """An exception in the paint of an item ends the program where Python leaves it unnormalised."""
    plot = CurvePlot(THEMES["dark"], "V (mV)", "I (pA)")
    qtbot.addWidget(plot)
    plot.setUpdatesEnabled(False)
    plot.resize(300, 40)
    plot.show()
    assert plot.getPlotItem().getAxis("left").height() == 0.0
    lines = plot._grid._find_lines(QRectF(-100.0, -100.0, 160.0, 200.0))
    assert len(lines) > 1
    assert all(line.x1() == line.x2() for line in lines)  # none across
    plot.setUpdatesEnabled(True)
    plot.grab()


def test_in_a_drag_names_stand_at_their_lines_from_the_first_preview_on(rig_window: Window) -> None:
    family(rig_window)
    drag = ttx_slider(rig_window)
    QTest.mousePress(drag, Qt.MouseButton.LeftButton, pos=handle_at(drag))
    for x in range(10, 60, 4):
        QTest.mouseMove(drag, handle_at(drag) + QPoint(x, 0))
        live(0.09)
        texts = [slot.text for slot in rig_window.display.iv._slots if slot.text.isVisible()]
        places = [(text.pos().x(), text.pos().y()) for text in texts]
        assert len(set(places)) == len(texts)
        assert (0.0, 0.0) not in places
    QTest.mouseRelease(drag, Qt.MouseButton.LeftButton, pos=handle_at(drag))
