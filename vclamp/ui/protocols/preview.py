"""What the protocol commands, all sweeps at once, redrawn while it is typed."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen, QResizeEvent
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QVBoxLayout, QWidget

from vclamp.model.protocol import Protocol
from vclamp.model.protocol_table import letter, level_at, outline
from vclamp.ui.protocols.header import Elided
from vclamp.ui.protocols.words import number_text
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.kinds import style_plot
from vclamp.ui.theme import Theme, mixed, sweep_colours

MOST_SWEEPS = 60  # drawn, evenly chosen
CONDITIONING = 0.5  # of a sweep, seen of what comes before it
DIM, FAINT, SHADE = 150, 90, 40  # alpha
LEAST_SPAN = 10.0  # mV or pA
ROOM = 0.08
WIDE = 1.4  # times as wide as other traces is the chosen sweep
LABELLED_EM = 14  # of height, below which the unit of time stands with what is pointed at


class Lines(pg.GraphicsObject):
    """Paths, each with its pen; the last one in front."""

    def __init__(self) -> None:
        super().__init__()
        self._paths: list[tuple[QPainterPath, QPen]] = []
        self._box = QRectF()

    def show_paths(self, paths: list[tuple[QPainterPath, QPen]]) -> None:
        """Draw these instead of those before."""
        self.prepareGeometryChange()
        self._paths = paths
        self._box = QRectF()
        for path, _ in paths:
            self._box = self._box.united(path.controlPointRect().adjusted(0.0, -1e-9, 0.0, 1e-9))
        self.update()

    def boundingRect(self) -> QRectF:
        """Around all of them."""
        return self._box

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw them."""
        for path, pen in self._paths:
            painter.setPen(pen)
            painter.drawPath(path)


class Preview(QWidget):
    """The plot and a line above it that tells what is pointed at."""

    segment_chosen = Signal(int)
    sweep_chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._protocol: Protocol | None = None
        self._place = (0, 0)  # segment, sweep
        self.readout = Elided()
        self.readout.setProperty("role", "dim")
        self.plot = pg.PlotWidget(enableMenu=False)
        self._lines, self._shade = Lines(), pg.LinearRegionItem(movable=False)
        item = self.plot.getPlotItem()
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.setContentsMargins(0, 4, 8, 0)
        item.getViewBox().disableAutoRange()
        self._grid = Grid(item)
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
        item.addItem(self._shade, ignoreBounds=True)
        item.addItem(self._lines, ignoreBounds=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.readout)
        column.addWidget(self.plot, 1)
        self.plot.setAccessibleName("preview of the command")
        for part in (self.plot, self.plot.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # no key does anything in it
        self.plot.setToolTip("Click: choose the segment and the sweep")
        self.plot.scene().sigMouseMoved.connect(self._point)
        self.plot.scene().sigMouseClicked.connect(self._click)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self.plot.setBackground(theme.plot_background)
        style_plot(self.plot.getPlotItem(), self._grid, theme)
        shade = QColor(theme.accent)
        shade.setAlpha(SHADE)
        self._shade.setBrush(shade)
        for line in self._shade.lines:
            line.setPen(pg.mkPen(None))
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height the time axis goes without a label."""
        super().resizeEvent(event)
        self.plot.getPlotItem().getAxis("bottom").showLabel(self.height() > LABELLED_EM * self._theme.font_px)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        super().leaveEvent(event)
        self._tell_all(self._protocol)

    def show_protocol(self, protocol: Protocol, segment: int, sweep: int) -> None:
        """Draw a protocol, one of its segments shaded and one of its sweeps bright."""
        self._protocol = protocol
        self._place = (min(segment, len(protocol.segments) - 1), min(sweep, protocol.n_sweeps - 1))
        self._draw()

    @property
    def _currents(self) -> bool:
        return self._protocol is not None and self._protocol.commands_current

    def _draw(self) -> None:
        protocol = self._protocol
        if protocol is None:
            return
        segment, sweep = self._place
        paths, spans = self._paths(protocol, sweep)
        self._lines.show_paths(paths)
        first, last = (sample / protocol.fs_kHz for sample in protocol.span(segment, sweep))
        self._shade.setRegion((first, last))
        box, end_ms = self._lines.boundingRect(), max(spans)
        begin_ms = max(box.left(), -CONDITIONING * end_ms)
        spare = max(LEAST_SPAN - box.height(), 0.0) / 2.0 + ROOM * max(box.height(), LEAST_SPAN)
        view = self.plot.getPlotItem().getViewBox()
        view.setRange(
            xRange=(begin_ms, end_ms),
            yRange=(box.top() - spare, box.bottom() + spare),
            padding=0,
            disableAutoRange=True,
        )
        unit = "pA" if self._currents else "mV"
        seconds = end_ms >= 10_000.0
        self.plot.getPlotItem().setLabels(left=f"command ({unit})", bottom="time (s)" if seconds else "time (ms)")
        self.plot.getPlotItem().getAxis("bottom").showLabel(self.height() > LABELLED_EM * self._theme.font_px)
        self.plot.getPlotItem().getAxis("bottom").setScale(1e-3 if seconds else 1.0)
        self._tell_all(protocol)

    def _paths(self, protocol: Protocol, sweep: int) -> tuple[list[tuple[QPainterPath, QPen]], list[float]]:
        """What is drawn, from the back; and how long each of the sweeps is."""
        n, theme, currents = protocol.n_sweeps, self._theme, self._currents
        numbers = np.unique(np.append(np.linspace(0, n - 1, min(n, MOST_SWEEPS)).round().astype(int), sweep)).tolist()
        colours = dict(zip(numbers, sweep_colours(len(numbers), theme), strict=True))
        paths = []
        if not currents:
            faint = QColor(theme.dim_text)
            faint.setAlpha(FAINT)
            paths += [(path, pg.mkPen(faint, style=Qt.PenStyle.DashLine)) for path in _beside(protocol, sweep)]
        for number in sorted(numbers, key=lambda number: number == sweep):
            colour = QColor(colours[number])
            chosen = number == sweep
            if not chosen:
                colour.setAlpha(DIM)
            elif n > 1:
                colour = mixed(colour, QColor(theme.text), 0.35)
            points = outline(protocol.course(number), protocol.fs_kHz, currents=currents)
            paths.append(
                (_path(*points), pg.mkPen(colour, width=max(2, round(WIDE * theme.trace_px)) if chosen else 1))
            )
        return paths, [protocol.duration_ms(number) for number in numbers]

    # ---- the mouse

    def _at(self, place: QPointF) -> tuple[float, int, int, float] | None:
        """Time, segment, sweep and level nearest to a place in the scene."""
        protocol, view = self._protocol, self.plot.getPlotItem().getViewBox()
        if protocol is None or not view.sceneBoundingRect().contains(place):
            return None
        at = view.mapSceneToView(place)
        n = protocol.n_sweeps
        near = []
        for sweep in np.unique(np.linspace(0, n - 1, min(n, MOST_SWEEPS)).round().astype(int)).tolist():
            found = level_at(protocol.course(sweep), at.x() * protocol.fs_kHz, currents=self._currents)
            if found is not None:
                near.append((abs(found[1] - at.y()), sweep != self._place[1], sweep, *found))
        if not near:
            return None
        _, _, sweep, segment, level = min(near)
        return at.x(), segment, sweep, level

    def _point(self, place: QPointF) -> None:
        found = self._at(place)
        if found is None or self._protocol is None:
            self._tell_all(self._protocol)
            return
        t_ms, segment, sweep, level = found
        name = self._protocol.segments[segment].name
        unit = "pA" if self._currents else "mV"
        self.readout.set_whole(
            f"{letter(segment)}{f' {name}' if name else ''} · {number_text(float(f'{t_ms:.4g}'))} ms · "
            f"{number_text(float(f'{level:.4g}'))} {unit} · sweep {sweep + 1}"
        )

    def _click(self, event: QMouseEvent) -> None:
        found = self._at(event.scenePos())
        if found is not None:
            self.sweep_chosen.emit(found[2])
            self.segment_chosen.emit(found[1])

    def _tell_all(self, protocol: Protocol | None) -> None:
        """What is drawn, while nothing is pointed at."""
        if protocol is None:
            return
        n = protocol.n_sweeps
        parts = [f"sweep {self._place[1] + 1} of {n}" if n > 1 else "one sweep"]
        if protocol.leak is not None:
            parts.append(f"dashed: {protocol.leak.n} legs {protocol.leak.when} it")
        if protocol.conditioning is not None:
            parts.append("conditioning before 0")
        self.readout.set_whole(" · ".join(parts))


def _path(t_ms: NDArray[np.float64], level: NDArray[np.float64]) -> QPainterPath:
    return pg.functions.arrayToQPath(t_ms, level, connect="all", finiteCheck=False)


def _beside(protocol: Protocol, sweep: int) -> list[QPainterPath]:
    """The leg of leak subtraction, over the sweep that it is a copy of; what comes before the sweep."""
    paths = []
    if protocol.leak is not None:
        paths.append(_path(*outline(protocol.leg(sweep), protocol.fs_kHz)))
    if protocol.conditioning is not None:
        steps = protocol.conditioning.steps
        ends = np.cumsum([duration for _, duration in steps])
        ends -= ends[-1]
        starts = ends - [duration for _, duration in steps]
        paths.append(_path(np.stack([starts, ends], axis=1).ravel(), np.repeat([level for level, _ in steps], 2)))
    return paths
