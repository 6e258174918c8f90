"""The traces of one plot as a pyqtgraph item that draws them itself (see `raster`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor
from time import monotonic

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from vclamp.ui.scopes.in_view import InView
from vclamp.ui.scopes.layer import Frame, Layer, Picture, Shown, raster_ready
from vclamp.ui.scopes.store import Samples, Trace

RETRY_MS = 50
DRAW_S = 0.012  # of one paint: a usual family is whole
PERCENTILE_SAMPLES = 20_000
"""A percentile is taken from about this many samples of each trace."""


class TraceItem(InView):
    """All traces of a plot: finished ones in cached pictures, one for each z, and live ones on top.

    Those that others are compared with lie behind, in a picture of their own.

    The time axis is in ms. Call `live_grew` after appending to a live trace: only its new columns are drawn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(self.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._frame: Frame | None = None  # of the last paint
        self._ground = Picture()
        self._finished: dict[float, Picture] = {}
        self._live: list[Shown] = []
        self._lengths: list[int] = []
        self._drawn_lengths: list[int] = []
        self._waits = False
        self._width_px = 1.0
        self._antialias = False
        self._front = Layer()

    # ---- what is shown -------------------------------------------------------------------------------------

    def set_behind(self, behind: Iterable[Shown]) -> None:
        """Show these traces, which never change, behind all others."""
        if self._ground.become(list(behind)):
            self.update()

    def set_finished(self, finished: Iterable[Shown]) -> None:
        """Show these traces, which never change; a higher z, then a later place, is nearer.

        Those of one z share a picture: it stays drawn while others change.
        """
        by_z: dict[float, list[Shown]] = {}
        for shown in finished:
            by_z.setdefault(shown.z, []).append(shown)
        before, self._finished = self._finished, {z: self._finished.get(z) or Picture() for z in sorted(by_z)}
        changed = [self._finished[z].become(same) for z, same in by_z.items()]
        if any(changed) or before.keys() != by_z.keys():
            self.update()

    def add_finished(self, shown: Shown) -> None:
        """Show one more finished trace."""
        if shown.z in self._finished:
            self._finished[shown.z].shown.append(shown)
            self.update()
        else:
            self.set_finished([*self.finished, shown])

    @property
    def finished(self) -> list[Shown]:
        """The finished traces, the nearest last."""
        return [shown for picture in self._finished.values() for shown in picture.shown]

    def set_live(self, live: Iterable[Shown]) -> None:
        """Show these growing traces above the finished ones."""
        live = sorted(live, key=lambda shown: shown.z)
        lengths = [shown.trace.length for shown in live]
        if (live, lengths) != (self._live, self._lengths):
            self._live, self._lengths = live, lengths
            self._redraw_live()

    def live_grew(self) -> None:
        """Draw the samples that live traces have got since the last call."""
        self._lengths = [shown.trace.length for shown in self._live]
        frame = self._front.frame
        if frame is None:
            self.update()
        elif columns := self._new_columns(frame):
            start, stop = frame.times(range(columns.start - 1, columns.stop + 1))
            rect = self.boundingRect()
            self.update(QRectF(start, rect.top(), stop - start, rect.height()))

    def clear(self) -> None:
        """Show nothing."""
        self.set_behind([])
        self.set_finished([])
        self.set_live([])

    def set_style(self, width_px: float, antialias: bool) -> None:
        """Set the line width (logical pixels) and whether edges are smooth."""
        self._width_px, self._antialias = width_px, antialias
        for picture in (self._ground, *self._finished.values()):
            picture.frame = None
        self._redraw_live()

    def _redraw_live(self) -> None:
        self._front.frame = None
        self.update()

    # ---- drawing -------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Bring the pictures up to date and copy the exposed columns of them."""
        rect = self.boundingRect()
        exporting = self._exportOpts is not False
        frame = Frame.of(rect, painter.worldTransform(), 1.0 if exporting else painter.device().devicePixelRatioF())
        if frame is None or rect.isEmpty():
            return
        painter.save()
        painter.resetTransform()
        if exporting:
            self._paint_paths(painter, frame)
        elif raster_ready():
            columns = frame.columns(option.exposedRect)
            painter.scale(1.0 / frame.ratio, 1.0 / frame.ratio)
            self._frame = frame
            self._show_finished(painter, frame, columns)
            if self._live:
                self._update_front(frame)
                self._front.show(painter, columns)
        elif not self._waits:
            self._waits = True
            self._look_again()
        painter.restore()

    def _look_again(self) -> None:
        """Draw when the compiled code is there, which takes a second."""
        self._waits = not raster_ready()
        if self._waits:
            QTimer.singleShot(RETRY_MS, self, self._look_again)
        else:
            self.update()

    def _show_finished(self, painter: QPainter, frame: Frame, columns: range) -> None:
        """Bring the pictures of finished traces up to date; the rest of a large family comes with the next paints."""
        until = monotonic() + DRAW_S

        def draw(layer: Layer, shown: Shown) -> bool:
            self._draw(layer, shown, shown.trace.length, range(frame.width))
            return monotonic() < until

        whole = True
        for picture in (self._ground, *self._finished.values()):
            if picture.shown:
                whole = picture.draw_rest(frame, draw) and whole
                picture.show(painter, columns)
        if not whole:
            QTimer.singleShot(0, self, self.update)

    def _update_front(self, frame: Frame) -> None:
        if self._front.frame != frame:
            self._front.reset(frame)
            columns = range(frame.width)
        else:
            columns = self._new_columns(frame)
            self._front.erase(columns)
        if columns:
            for shown, length in zip(self._live, self._lengths, strict=True):
                self._draw(self._front, shown, length, columns)
        self._drawn_lengths = list(self._lengths)

    def _draw(self, layer: Layer, shown: Shown, length: int, columns: range) -> None:
        layer.draw(shown, length, columns, width_px=shown.width_px or self._width_px, antialias=self._antialias)

    def _new_columns(self, frame: Frame) -> range:
        """The columns that change when the live traces are drawn to their present lengths."""
        start, stop = frame.width, 0
        for shown, drawn, length in zip(self._live, self._drawn_lengths, self._lengths, strict=True):
            if length > drawn:
                reach = ceil(0.5 * (shown.width_px or self._width_px) * frame.ratio) + 1
                start = min(start, frame.column(shown.trace, max(drawn - 1, 0)) - reach)
                stop = max(stop, frame.column(shown.trace, length - 1) + 1 + reach)
        return range(max(start, 0), min(stop, frame.width))

    def _paint_paths(self, painter: QPainter, frame: Frame) -> None:
        """Draw lines instead of pictures, for exporters."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.translate(frame.left, frame.top)
        for shown in self._all():
            pen = QPen(QColor.fromRgba(shown.argb()))
            pen.setWidthF((shown.width_px or self._width_px) * self._exportOpts.get("resolutionScale", 1.0))
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            painter.drawPath(pg.arrayToQPath(*frame.polyline(shown.trace), connect="finite"))

    def _all(self) -> list[Shown]:
        return [*self._ground.shown, *self.finished, *self._live]

    # ---- questions about the data --------------------------------------------------------------------------

    def traces(self) -> list[Trace]:
        """All traces, the nearest last."""
        return [shown.trace for shown in self._all()]

    def trace_at(self, position: QPointF, tolerance_px: float = 4.0) -> Trace | None:
        """The trace nearest to a position (ms, value), if it is within some logical pixels of it."""
        frame = self._frame
        if frame is None:
            return None
        x, y = frame.x0 + frame.x_scale * position.x(), frame.y0 + frame.y_scale * position.y()
        reach = ceil(tolerance_px * frame.ratio)
        columns = range(floor(x) - reach, floor(x) + reach + 1)
        nearest, distance = None, tolerance_px * frame.ratio
        for trace in self.traces():
            low, high = frame.envelope(trace, columns)
            rows = np.sort([frame.y0 + frame.y_scale * low, frame.y0 + frame.y_scale * high], axis=0)
            away = np.maximum(np.maximum(rows[0] - y, y - rows[1]), 0.0)
            away = np.hypot(away, np.abs(np.arange(-reach, reach + 1)))[low <= high]
            if away.size and away.min() <= max(distance, frame.ratio):
                nearest, distance = trace, away.min()
        return nearest

    def y_range(
        self,
        t_from_ms: float,
        t_to_ms: float,
        *,
        low_pct: float = 0.0,
        high_pct: float = 100.0,
        blanked: Sequence[tuple[float, float]] = (),
    ) -> tuple[float, float] | None:
        """Least and greatest percentile of all traces between two times, without the blanked intervals (ms)."""
        parts = [_finite_samples(trace, t_from_ms, t_to_ms, blanked) for trace in self.traces()]
        parts = [part for part in parts if part.size]
        if not parts:
            return None
        if low_pct <= 0.0 and high_pct >= 100.0:
            return float(min(part.min() for part in parts)), float(max(part.max() for part in parts))
        thinned = np.concatenate([part[:: max(part.size // PERCENTILE_SAMPLES, 1)] for part in parts])
        low, high = np.percentile(thinned, [low_pct, high_pct])
        return float(low), float(high)

    def dataBounds(
        self, ax: int, frac: float = 1.0, orthoRange: tuple[float, float] | None = None
    ) -> tuple[float, float] | tuple[None, None]:
        """The range of times (ax 0) or values (ax 1), for pyqtgraph's automatic range."""
        traces = [trace for trace in self.traces() if trace.length]
        if not traces:
            return None, None
        if ax == 0:
            ends = [trace.t0_ms + (trace.length - 1) * trace.dt_ms for trace in traces]
            return min(trace.t0_ms for trace in traces), max(ends)
        rest = 50.0 * (1.0 - frac)
        t_from, t_to = orthoRange or (-np.inf, np.inf)
        return self.y_range(t_from, t_to, low_pct=rest, high_pct=100.0 - rest) or (None, None)


def _finite_samples(trace: Trace, t_from_ms: float, t_to_ms: float, blanked: Sequence[tuple[float, float]]) -> Samples:
    """The finite samples between two times that are in none of the blanked intervals."""

    def index(t_ms: float) -> int:
        return ceil(min(max((t_ms - trace.t0_ms) / trace.dt_ms - 1e-6, 0.0), trace.length))

    first, stop = index(t_from_ms), index(t_to_ms + 3e-6 * trace.dt_ms)
    values = trace.values[first:stop]
    kept = np.isfinite(values)
    for start_ms, stop_ms in blanked:
        kept[max(index(start_ms) - first, 0) : max(index(stop_ms) - first, 0)] = False
    return values if kept.all() else values[kept]
