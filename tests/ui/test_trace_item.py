"""The scopes' trace drawing: pixels, the store behind them, and the pyqtgraph item."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pyqtgraph as pg
import pytest
from numpy.typing import ArrayLike, NDArray
from pyqtgraph.exporters import SVGExporter
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from vclamp.ui.scopes import layer, raster, store
from vclamp.ui.scopes.layer import Shown
from vclamp.ui.scopes.store import Trace
from vclamp.ui.scopes.trace_item import TraceItem

WHITE = 0xFFFFFFFF
HEIGHT, WIDTH = 300, 400
STYLES = [(1.0, False), (1.0, True), (2.0, False), (2.0, True), (2.6, True), (4.0, True), (6.0, False)]
Image = NDArray[np.uint32]


def draw(
    values: ArrayLike,
    *,
    width: float = 1.0,
    antialias: bool = False,
    span: tuple[float, float] | None = None,
    parts: tuple[int, ...] = (0, WIDTH),
    argb: int = WHITE,
    pyramid: bool = True,
) -> Image:
    """Picture of a trace; a value is a row, `span` is the range of samples from edge to edge."""
    trace = Trace.of(values, dt_ms=1.0)
    start, stop = span or (0.0, trace.length)
    low, high = (trace.low, trace.high) if pyramid else (trace.low[:0], trace.high[:0])
    image = np.zeros((HEIGHT, WIDTH), dtype=np.uint32)
    for x0, x1 in pairwise(parts):
        place = start, (stop - start) / WIDTH, 0.0, 1.0
        raster.draw_trace(image, trace.values, low, high, *place, x0, x1, argb, width, antialias)
    return image


def coverage(image: Image) -> NDArray[np.float64]:
    return (image >> 24) / 255.0


def noise(n: int, seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return 150.0 + 60.0 * np.sin(np.arange(n) * 9.0 / n) + rng.normal(0.0, 8.0, n)


def brute_envelope(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Extremes per column of the interpolant through samples spread from edge to edge, the slow way."""
    index = np.arange(values.size)
    edges = np.linspace(0.0, values.size - 1.0, WIDTH + 1)
    at_edges = np.interp(edges, index, values)
    inside = [values[(index >= left) & (index <= right)] for left, right in pairwise(edges)]
    points = [np.append(part, ends) for part, ends in zip(inside, pairwise(at_edges), strict=True)]
    return np.array([part.min() for part in points]), np.array([part.max() for part in points])


@pytest.mark.parametrize("n", [2, 50, 399, 3_000, 50_000, 200_000])
def test_a_columns_rows_are_the_extremes_of_the_interpolant(n: int) -> None:
    rows = draw(noise(n), span=(0.0, n - 1.0)) != 0
    low, high = brute_envelope(noise(n))
    top, bottom = rows.argmax(axis=0), HEIGHT - 1 - rows[::-1].argmax(axis=0)
    assert (rows.sum(axis=0) == bottom - top + 1).all(), "a column has a hole"
    assert np.abs(top + 0.5 - low).max() <= 1.0
    assert np.abs(bottom + 0.5 - high).max() <= 1.0


@pytest.mark.parametrize("n", [50, 399, 3_000, 50_000])
def test_a_smooth_line_is_not_narrower_than_the_interpolant(n: int) -> None:
    covered = coverage(draw(noise(n), span=(0.0, n - 1.0), width=2.0, antialias=True))
    low, high = brute_envelope(noise(n))
    row = np.arange(HEIGHT)[:, None]
    inside = (row >= low - 0.4) & (row + 1 <= high + 0.4)
    assert covered[inside].min() > 0.5


@pytest.mark.parametrize(("width", "antialias"), STYLES)
@pytest.mark.parametrize("row", [100.0, 100.5, 100.3])
def test_a_flat_line_is_as_thick_as_asked(width: float, antialias: bool, row: float) -> None:
    thickness = coverage(draw(np.full(1000, row), width=width, antialias=antialias, span=(0, 999))).sum(axis=0)
    assert thickness == pytest.approx(width if antialias else round(width), abs=0.02)


@pytest.mark.parametrize("width", [1.0, 2.0, 2.6, 4.0, 6.0])
@pytest.mark.parametrize("slope", [0.1, 0.3, 1.0, 3.0, 10.0, 100.0])
def test_a_steep_line_is_as_thick_as_a_flat_one(width: float, slope: float) -> None:
    columns = np.arange(WIDTH + 1.0)
    values = 150.0 + slope * (columns - 200.3)
    image = coverage(draw(values, width=width, antialias=True, span=(0, WIDTH)))
    length_per_row = np.hypot(1.0, slope) / slope
    assert image[100:200].sum() == pytest.approx(width * length_per_row * 100, rel=0.06) or slope < 0.5
    assert image[:, 180:220].sum() == pytest.approx(width * np.hypot(1.0, slope) * 40, rel=0.06) or slope > 2.0


@pytest.mark.parametrize(("width", "antialias"), STYLES)
@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_leave_a_gap(width: float, antialias: bool, hole: float) -> None:
    values = np.full(2000, 100.0)
    values[500:1000] = hole
    drawn = coverage(draw(values, width=width, antialias=antialias)).any(axis=0)
    assert drawn[:99].all()
    assert drawn[201:398].all()
    assert not drawn[101:199].any()


@pytest.mark.parametrize(("width", "antialias"), STYLES)
@pytest.mark.parametrize("n", [30, 700, 100_000])
def test_drawing_in_pieces_gives_the_same_pixels(width: float, antialias: bool, n: int) -> None:
    whole = draw(noise(n), width=width, antialias=antialias, argb=0x80FF8020)
    parts = draw(noise(n), width=width, antialias=antialias, argb=0x80FF8020, parts=(0, 1, 3, 77, 78, 200, 399, WIDTH))
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize(("width", "antialias"), STYLES)
@pytest.mark.parametrize("span", [None, (1234.5, 180_000.0)])
def test_the_pyramid_changes_nothing(width: float, antialias: bool, span: tuple[float, float] | None) -> None:
    values = noise(200_000)
    values[70_000:80_000] = np.nan
    style = {"width": width, "antialias": antialias, "span": span}
    np.testing.assert_array_equal(draw(values, **style), draw(values, **style, pyramid=False))


def test_a_spike_of_a_million_pixels_is_cut_off_quickly() -> None:
    values = np.full(4000, 150.0)
    values[::40] = 1e6
    values[20::40] = -1e6
    values[2000] = 3e38
    started = time.perf_counter()
    image = draw(values, width=3.0, antialias=True)
    assert time.perf_counter() - started < 0.5
    assert (image[0] != 0).any()
    assert (image[-1] != 0).any()


@pytest.mark.parametrize("span", [(99.999, 100.001), (100.2, 100.21), (-1e12, 1e12), (1e9, 2e9), (-50.0, -1.0)])
@pytest.mark.parametrize(("width", "antialias"), [(1.0, False), (2.6, True)])
def test_any_zoom_is_drawn(span: tuple[float, float], width: float, antialias: bool) -> None:
    image = draw(np.full(200, 150.0), span=span, width=width, antialias=antialias)
    inside = span[0] < 199.0 and span[1] > 0.0
    assert image.any() == inside


def test_a_translucent_trace_covers_each_pixel_once() -> None:
    image = draw(noise(50_000), argb=0x40FFFFFF)
    assert set(np.unique(image >> 24)) == {0, 0x40}


# ---- the store ---------------------------------------------------------------------------------------------


def test_a_trace_grown_in_pieces_equals_one_made_at_once() -> None:
    values = noise(5_000).astype(np.float32)
    values[640:720] = np.nan
    whole = Trace.of(values, dt_ms=0.02)
    grown = Trace(100, dt_ms=0.02)
    for part in np.split(values, [1, 63, 64, 65, 1000, 1001, 4000]):
        grown.append(part)
    for name in ("values", "low", "high"):
        np.testing.assert_array_equal(getattr(grown, name), getattr(whole, name))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [[np.inf, -np.inf], [3e38, 3e38]], ids=["infinite", "as large as can be"])
def test_whatever_is_in_a_trace_nothing_is_said_on_the_side(values: list[float]) -> None:
    trace = Trace.of(np.repeat(values, 128), dt_ms=1.0)
    assert (trace.low.size, bool(np.isfinite(trace.values).all())) == (4, np.isfinite(values).all())


def test_a_finished_trace_is_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Trace.of(noise(10), dt_ms=1.0).values[0] = 0.0


def test_store_and_raster_agree_on_the_block_size() -> None:
    assert store.BLOCK == raster.BLOCK


# ---- the item ----------------------------------------------------------------------------------------------


@pytest.fixture
def plot(qtbot) -> pg.PlotWidget:
    layer.load_raster()
    widget = pg.PlotWidget()
    widget.disableAutoRange()
    widget.hideAxis("left")
    widget.hideAxis("bottom")
    widget.setBackground("k")
    widget.resize(500, 300)
    qtbot.addWidget(widget)
    widget.setXRange(0.0, 1000.0, padding=0.0)
    widget.setYRange(0.0, 300.0, padding=0.0)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def item(plot: pg.PlotWidget) -> TraceItem:
    traces = TraceItem()
    plot.addItem(traces)
    return traces


def settle(plot: pg.PlotWidget) -> Image:
    """The window's pixels as painted so far, piece by piece, not repainted for the question."""
    pg.QtWidgets.QApplication.processEvents()
    image = plot.screen().grabWindow(plot.winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width()).copy()


@pytest.mark.parametrize(("width", "antialias"), STYLES)
def test_a_sweep_that_grew_looks_as_if_drawn_at_once(
    plot: pg.PlotWidget, item: TraceItem, width: float, antialias: bool
) -> None:
    trace = Trace(20_000, dt_ms=0.05)
    live = Shown(trace, QColor(255, 160, 32, 128))
    item.set_style(width, antialias)
    item.set_live([live])
    settle(plot)
    for part in np.array_split(noise(20_000), 23):
        trace.append(part)
        item.live_grew()
        grown = settle(plot)
    item.clear()
    assert (settle(plot) == 0xFF000000).all()
    item.add_finished(live)
    np.testing.assert_array_equal(grown, settle(plot))


def test_a_sweep_added_to_finished_ones_looks_as_if_drawn_with_them(plot: pg.PlotWidget, item: TraceItem) -> None:
    old, new = (Shown(Trace.of(noise(20_000, seed), dt_ms=0.05), 0xA0FFA020) for seed in (1, 2))
    item.set_style(2.0, True)
    item.set_finished([old])
    settle(plot)
    item.add_finished(new)
    added = settle(plot)
    item.set_finished([old, new])
    np.testing.assert_array_equal(added, settle(plot))


def test_where_one_line_changes_the_others_stay_drawn(
    plot: pg.PlotWidget, item: TraceItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, old, new = (Trace.of(noise(20_000, seed), dt_ms=0.05) for seed in (1, 2, 3))
    item.set_finished([Shown(old, 0xA0FFA020), Shown(kept, 0xA020A0FF, z=1.0)])
    settle(plot)
    drawn: list[Trace] = []
    draw = layer.Layer.draw

    def seen(self: layer.Layer, shown: Shown, *args: int, **how: object) -> None:
        drawn.append(shown.trace)
        draw(self, shown, *args, **how)

    monkeypatch.setattr(layer.Layer, "draw", seen)
    item.set_finished([Shown(new, 0xA0FFA020), Shown(kept, 0xA020A0FF, z=1.0)])
    changed = settle(plot)
    assert drawn == [new]
    item.clear()
    item.set_finished([Shown(new, 0xA0FFA020), Shown(kept, 0xA020A0FF, z=1.0)])
    np.testing.assert_array_equal(changed, settle(plot))


def test_several_live_traces_grow_together(plot: pg.PlotWidget, item: TraceItem) -> None:
    traces = [Trace(1000, dt_ms=dt_ms) for dt_ms in (0.05, 0.1)]
    item.set_live([Shown(traces[0], 0xFFFF0000, z=1.0), Shown(traces[1], 0xFF00FF00)])
    for seed in range(30):
        for trace in traces:
            trace.append(noise(300, seed))
        item.live_grew()
        grown = settle(plot)
    item.set_style(1.0, False)
    np.testing.assert_array_equal(grown, settle(plot))


def test_only_the_new_columns_of_a_live_trace_are_painted(
    plot: pg.PlotWidget, item: TraceItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = Trace(20_000, dt_ms=0.05)
    trace.append(noise(10_000))
    item.set_finished([Shown(Trace.of(noise(20_000), dt_ms=0.05), WHITE)])
    item.set_live([Shown(trace, WHITE)])
    settle(plot)
    drawn: list[int] = []
    original = layer.Layer.draw
    monkeypatch.setattr(
        layer.Layer, "draw", lambda *args, **style: (drawn.append(len(args[3])), original(*args, **style))
    )
    trace.append(noise(200))
    item.live_grew()
    settle(plot)
    assert len(drawn) == 1
    assert drawn[0] < 15


def test_panning_back_gives_the_first_picture_again(plot: pg.PlotWidget, item: TraceItem) -> None:
    item.set_finished([Shown(Trace.of(noise(20_000), dt_ms=0.05), WHITE)])
    before = settle(plot)
    plot.setXRange(300.0, 500.0, padding=0.0)
    assert not np.array_equal(settle(plot), before)
    plot.setXRange(0.0, 1000.0, padding=0.0)
    np.testing.assert_array_equal(settle(plot), before)


def test_the_line_lies_where_pyqtgraph_would_draw_it(plot: pg.PlotWidget, item: TraceItem) -> None:
    values = np.repeat([50.0, 250.0, 120.0, 200.0], 5000)
    item.set_finished([Shown(Trace.of(values, dt_ms=0.05), WHITE)])
    ours = settle(plot) & 0xFF
    item.clear()
    plot.plot(np.arange(values.size) * 0.05, values, pen="w")
    theirs = settle(plot) & 0xFF
    reached = [np.roll(theirs, shift, axis) for axis in (0, 1) for shift in (-1, 0, 1)]
    assert not (ours & ~np.bitwise_or.reduce(reached)).any()
    assert ours.any()


def test_at_scale_factor_two_lines_are_twice_as_many_pixels_thick(plot: pg.PlotWidget, item: TraceItem) -> None:
    item.set_finished([Shown(Trace.of(np.full(20_000, 150.0), dt_ms=0.05), WHITE)])
    item.set_style(2.0, True)
    image = QImage(1000, 600, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(2.0)
    image.fill(0)
    with QPainter(image) as painter:
        plot.render(painter, QRectF(0, 0, 500, 300))
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(600, 1000)[:, 500] & 0xFF
    assert rows.sum() / 255.0 == pytest.approx(4.0, abs=0.05)


def test_an_exported_svg_has_paths_and_no_picture(plot: pg.PlotWidget, item: TraceItem) -> None:
    gap = noise(20_000)
    gap[8_000:9_000] = np.nan
    item.set_finished([Shown(Trace.of(gap, dt_ms=0.05), 0xFF102030), Shown(Trace.of(noise(100), dt_ms=10), 0xFF405060)])
    svg = SVGExporter(plot.plotItem).export(toBytes=True).decode()
    assert "<image" not in svg
    assert "#102030" in svg
    assert "#405060" in svg
    assert max(len(part) for part in svg.split("<path")) > 5_000


def test_before_the_raster_is_loaded_nothing_is_drawn_and_later_it_appears(
    plot: pg.PlotWidget, item: TraceItem, qtbot
) -> None:
    empty = settle(plot)
    layer.load_raster.cache_clear()
    assert not layer.raster_ready()
    item.set_finished([Shown(Trace.of(noise(20_000), dt_ms=0.05), WHITE)])
    np.testing.assert_array_equal(settle(plot), empty)
    layer.load_raster()
    qtbot.waitUntil(lambda: bool((settle(plot) != empty).any()), timeout=2000)


def test_the_trace_under_the_pointer_is_found(plot: pg.PlotWidget, item: TraceItem) -> None:
    low, high = Trace.of(np.full(20_000, 50.0), dt_ms=0.05), Trace.of(np.linspace(100.0, 200.0, 11), dt_ms=100.0)
    item.set_finished([Shown(low, WHITE), Shown(high, WHITE)])
    settle(plot)
    assert item.trace_at(QPointF(500.0, 52.0)) is low
    assert item.trace_at(QPointF(555.0, 156.0)) is high
    assert item.trace_at(QPointF(500.0, 80.0)) is None
    assert item.trace_at(QPointF(1500.0, 50.0)) is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (lambda item: item.y_range(0.0, 1000.0), (-5.0, 900.0)),
        (lambda item: item.y_range(0.0, 1000.0, blanked=[(299.9, 300.1)]), (-5.0, 10.0)),
        (lambda item: item.y_range(0.0, 299.0), (10.0, 10.0)),
        (lambda item: item.y_range(0.0, 1000.0, low_pct=1.0, high_pct=99.0), (-5.0, 10.0)),
        (lambda item: item.y_range(2000.0, 3000.0), None),
        (lambda item: item.dataBounds(0), (0.0, 999.0)),
        (lambda item: item.dataBounds(1), (-5.0, 900.0)),
        (lambda item: item.dataBounds(1, 1.0, (400.0, 500.0)), (-5.0, -5.0)),
    ],
)
def test_the_range_of_the_data(
    item: TraceItem, question: Callable[[TraceItem], object], answer: tuple[float, float] | None
) -> None:
    values = np.repeat([10.0, -5.0], [300, 700])
    values[300], values[600] = 900.0, np.nan
    item.set_finished([Shown(Trace.of(values, dt_ms=1.0), WHITE)])
    assert question(item) == answer


def test_an_empty_item_has_no_range(item: TraceItem) -> None:
    assert item.dataBounds(0) == (None, None)
    assert item.y_range(0.0, 1.0) is None
