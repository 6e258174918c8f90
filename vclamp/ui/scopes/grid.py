"""The grid of a plot: pyqtgraph draws its own within the axes, forty times slower."""

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from vclamp.ui.scopes.in_view import InView


class Grid(InView):
    """Lines at the ticks of a plot's left and bottom axis."""

    def __init__(self, plot: pg.PlotItem) -> None:
        super().__init__()
        self._axes = plot.getAxis("bottom"), plot.getAxis("left")
        self._pen = pg.mkPen("grey", width=1)
        self._lines: tuple[QRectF, list[QLineF]] = (QRectF(), [])
        self.setZValue(-1000)
        plot.addItem(self, ignoreBounds=True)

    def set_colour(self, colour: QColor) -> None:
        """Draw in another colour."""
        self._pen = pg.mkPen(colour, width=1)
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the lines, found anew if the view is another."""
        rect = self.boundingRect()
        if rect != self._lines[0]:
            self._lines = (rect, self._find_lines(rect))
        painter.setPen(self._pen)
        painter.drawLines(self._lines[1])

    def _find_lines(self, rect: QRectF) -> list[QLineF]:
        x_axis, y_axis = self._axes
        left, right, top, bottom = rect.left(), rect.right(), rect.top(), rect.bottom()
        lines = [QLineF(x, top, x, bottom) for x in _ticks(x_axis, left, right, x_axis.width())]
        return lines + [QLineF(left, y, right, y) for y in _ticks(y_axis, top, bottom, y_axis.height())]


def _ticks(axis: pg.AxisItem, low: float, high: float, size_px: float) -> list[float]:
    """Where an axis has labelled ticks, in data coordinates; nowhere on one that a small panel leaves no room for."""
    if size_px <= 0.0:  # pyqtgraph divides by it, and what C code raises in a paint ends the program on Python 3.11
        return []
    return [float(value) for _, values in axis.tickValues(low, high, size_px)[:1] for value in values]
