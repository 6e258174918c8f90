"""One curve in a plot: lines and symbols, told of new points in a tenth of the time of pyqtgraph's own items."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from vclamp.ui.scopes.in_view import InView

Array = NDArray[np.float64]

PATH_POINTS = 500  # at most; Qt takes seconds for a path through twenty thousand noisy ones
FAR_PX = 1e6  # nothing is drawn beyond

_SHAPES = {"circle": "o", "square": "s", "triangle": "t", "diamond": "d", "star": "star"}


@dataclass(frozen=True, eq=False)
class Drawn:
    """A line through points, from left to right, or symbols at them."""

    x: Array
    y: Array
    pen: QPen | None = None  # of the line; symbols have none
    symbol: str = ""
    colour: QColor | None = None
    size_px: float = 0.0

    def bounds(self, axis: int) -> tuple[float, float]:
        """The least and greatest x (0) or y (1)."""
        values = (self.x, self.y)[axis]
        return float(values.min()), float(values.max())


class CurveItem(InView):
    """Draws some lines and symbols, the last in front."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn: list[tuple[Drawn, QPainterPath | None]] = []

    def show_parts(self, parts: Sequence[Drawn]) -> None:
        """Draw these instead of those before."""
        self._drawn = [(part, _path(part)) for part in parts if part.x.size]
        self.informViewBoundsChanged()
        self.update()

    def dataBounds(
        self, ax: int, frac: float = 1.0, orthoRange: tuple[float, float] | None = None
    ) -> tuple[float, float] | tuple[None, None]:
        """The range of x (ax 0) or y (ax 1), for pyqtgraph's automatic range."""
        bounds = [part.bounds(ax) for part, _ in self._drawn]
        return (min(low for low, _ in bounds), max(high for _, high in bounds)) if bounds else (None, None)

    def pixelPadding(self) -> float:
        """How far a symbol at the edge reaches beyond it."""
        return max((0.71 * part.size_px for part, _ in self._drawn), default=0.0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw lines in the plot's units, symbols in pixels."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        to_pixels = painter.worldTransform()
        for part, path in self._drawn:
            if part.pen is not None:
                painter.setPen(part.pen)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                if path is None:
                    self._draw_dense(painter, part)
                else:
                    painter.drawPath(path)
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(part.colour or Qt.BrushStyle.NoBrush)
            painter.resetTransform()
            for x, y in zip(part.x.tolist(), part.y.tolist(), strict=True):
                at = to_pixels.map(QPointF(x, y))
                painter.drawPath(path.translated(at.x(), at.y()))
            painter.setWorldTransform(to_pixels)

    def _draw_dense(self, painter: QPainter, part: Drawn) -> None:
        """Draw each piece of a line for itself; with flat ends none reaches into the next."""
        pen, to_pixels = painter.pen(), painter.worldTransform()
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.resetTransform()
        painter.drawLines(dense_lines(part, to_pixels, self.boundingRect()))
        painter.setWorldTransform(to_pixels)


def dense_lines(part: Drawn, to_pixels: QTransform, seen: QRectF) -> list[QLineF]:
    """A dense line as it is seen: in each column of pixels its range, and from column to column a line."""
    begin, end = np.searchsorted(part.x, [seen.left(), seen.right()])
    near = slice(max(begin - 1, 0), end + 1)  # what leads out of view is seen as well
    x = to_pixels.m11() * part.x[near] + to_pixels.dx()
    y = np.clip(to_pixels.m22() * part.y[near] + to_pixels.dy(), -FAR_PX, FAR_PX)
    first = np.flatnonzero(np.diff(np.floor(x), prepend=-np.inf))
    last = np.append(first[1:], x.size) - 1
    least, most, falls = np.fmin.reduceat(y, first), np.fmax.reduceat(y, first), y[last] < y[first]
    ranges = np.stack([x[first], np.where(falls, most, least), x[last], np.where(falls, least, most)], axis=1)
    steps = np.stack([x[last[:-1]], y[last[:-1]], x[first[1:]], y[first[1:]]], axis=1)
    lines = np.concatenate([ranges[last > first], steps])
    return [QLineF(*line) for line in lines[np.isfinite(lines).all(axis=1)].tolist()]


def _path(part: Drawn) -> QPainterPath | None:
    """Of the line or of one symbol; none of a dense line, which is drawn as it is seen."""
    if part.pen is not None:
        return pg.arrayToQPath(part.x, part.y, connect="finite") if part.x.size <= PATH_POINTS else None
    shape = pg.graphicsItems.ScatterPlotItem.Symbols[_SHAPES[part.symbol]]
    return QTransform.fromScale(part.size_px, part.size_px).map(shape)
