"""One curve in a plot: lines and symbols, told of new points in a tenth of the time of pyqtgraph's own items."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from vclamp.ui.scopes.in_view import InView

Array = NDArray[np.float64]

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
        self._drawn: list[tuple[Drawn, QPainterPath]] = []

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
                painter.drawPath(path)
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(part.colour or Qt.BrushStyle.NoBrush)
            painter.resetTransform()
            for x, y in zip(part.x.tolist(), part.y.tolist(), strict=True):
                at = to_pixels.map(QPointF(x, y))
                painter.drawPath(path.translated(at.x(), at.y()))
            painter.setWorldTransform(to_pixels)


def _path(part: Drawn) -> QPainterPath:
    if part.pen is not None:
        return pg.arrayToQPath(part.x, part.y, connect="finite")
    shape = pg.graphicsItems.ScatterPlotItem.Symbols[_SHAPES[part.symbol]]
    return QTransform.fromScale(part.size_px, part.size_px).map(shape)
