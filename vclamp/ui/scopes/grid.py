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
        self._ticks: tuple[QRectF, list[float], list[float]] = (QRectF(), [], [])
        self.setZValue(-1000)
        self.setFlag(self.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        plot.addItem(self, ignoreBounds=True)

    def set_colour(self, colour: QColor) -> None:
        """Draw in another colour."""
        self._pen = pg.mkPen(colour, width=1)
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the lines that cross the exposed part."""
        rect, exposed = self.boundingRect(), option.exposedRect
        if rect != self._ticks[0]:
            self._ticks = (rect, *self._find_ticks(rect))
        _, x_ticks, y_ticks = self._ticks
        lines = [QLineF(x, rect.top(), x, rect.bottom()) for x in x_ticks if exposed.left() <= x <= exposed.right()]
        lines += [QLineF(exposed.left(), y, exposed.right(), y) for y in y_ticks]
        painter.setPen(self._pen)
        painter.drawLines(lines)

    def _find_ticks(self, rect: QRectF) -> tuple[list[float], list[float]]:
        x_axis, y_axis = self._axes
        return (
            _ticks(x_axis, rect.left(), rect.right(), x_axis.width()),
            _ticks(y_axis, rect.top(), rect.bottom(), y_axis.height()),
        )


def _ticks(axis: pg.AxisItem, low: float, high: float, size_px: float) -> list[float]:
    """Where an axis has labelled ticks, in data coordinates; nowhere on one that a small panel leaves no room for."""
    if size_px <= 0.0:  # pyqtgraph divides by it, and what C code raises in a paint ends the program on Python 3.11
        return []
    return [float(value) for _, values in axis.tickValues(low, high, size_px)[:1] for value in values]
